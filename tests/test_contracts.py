"""Contracts: in the standard's own shape, one with the records, and changed only with their version."""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from datetime import date, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema_rs
import pyarrow as pa
import pytest
import yaml

from grandrounds.contracts import Column, contract, contract_names
from grandrounds.errors import ContractError
from grandrounds.paths import bundled
from grandrounds.recipe import CASE_TASKS
from grandrounds.records.alignment_score import AlignmentScore
from grandrounds.records.case import Case
from grandrounds.records.clip import ClipRow
from grandrounds.records.control_mark import ControlMark
from grandrounds.records.envelope import Candidate, Draft, Envelope, Item, Revision
from grandrounds.records.figure import FigureRow
from grandrounds.records.funnel import FunnelStep
from grandrounds.records.rejection import Rejection
from grandrounds.records.review_event import ReviewEvent
from grandrounds.records.source import Source
from grandrounds.records.video import VideoRow
from grandrounds.records.vote import PanelVote

GOLDEN = "contract_versions.json"
RECORDS = {
    "alignment_scores": AlignmentScore,
    "cases": Case,
    "candidates": Candidate,
    "clips": ClipRow,
    "drafts": Draft,
    "envelope": Envelope,
    "figures": FigureRow,
    "funnel": FunnelStep,
    "items": Item,
    "marks": ControlMark,
    "rejections": Rejection,
    "review_events": ReviewEvent,
    "revisions": Revision,
    "sources": Source,
    "videos": VideoRow,
    "votes": PanelVote,
}
SCALARS = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    date: "date",
    datetime: "timestamp",
}


def _small() -> dict[str, Any]:
    return {
        "kind": "DataContract",
        "version": "1.0.0",
        "schema": [
            {
                "name": "small",
                "properties": [
                    {"name": "id", "logicalType": "string", "required": True, "primaryKey": True},
                    {
                        "name": "kind",
                        "logicalType": "string",
                        "customProperties": [{"property": "allowed", "value": ["alpha", "beta"]}],
                    },
                ],
                "quality": [
                    {
                        "name": "long_enough",
                        "engine": "greatExpectations",
                        "severity": "critical",
                        "implementation": {
                            "type": "expect_column_value_lengths_to_be_between",
                            "kwargs": {"column": "id", "min_value": 2},
                        },
                    }
                ],
            }
        ],
    }


# The standard ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", contract_names())
def test_every_contract_is_valid_in_the_open_data_contract_standard(name: str) -> None:
    schema = json.loads(files("open_data_contract_standard").joinpath("schema.json").read_text("utf-8"))
    document = yaml.safe_load((bundled("data_contracts") / f"{name}.yaml").read_text("utf-8"))
    errors = jsonschema_rs.validator_for(schema).iter_errors(document)
    problems = [f"{error.instance_path}: {error.message}" for error in errors]
    assert problems == []


@pytest.mark.parametrize("name", contract_names())
def test_every_column_says_what_it_means(name: str) -> None:
    assert [column.name for column in contract(name).columns if not column.description] == []


@pytest.mark.parametrize("name", sorted(set(RECORDS) - {"envelope"}))
def test_every_table_but_the_funnel_names_its_rows(name: str) -> None:
    assert contract(name).primary_key or name == "funnel"


# The records ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(RECORDS))
def test_a_record_has_exactly_the_columns_of_its_contract(name: str) -> None:
    """Nested ones too: a field that the contract doesn't know would be lost without a word."""
    assert _record_shape(RECORDS[name]) == {c.name: _column_shape(c) for c in contract(name).columns}


@pytest.mark.parametrize("name", sorted(RECORDS))
def test_a_column_may_be_empty_exactly_where_the_record_may_be(name: str) -> None:
    hints = typing.get_type_hints(RECORDS[name])
    for column in contract(name).columns:
        optional = type(None) in typing.get_args(hints[column.name])
        assert column.required != optional, column.name


def _record_shape(record_type: type[Any]) -> dict[str, Any]:
    hints = typing.get_type_hints(record_type)
    return {field.name: _hint_shape(hints[field.name]) for field in dataclasses.fields(record_type)}


def _hint_shape(hint: Any) -> Any:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        (hint,) = (part for part in typing.get_args(hint) if part is not type(None))
    if typing.get_origin(hint) is tuple:
        return [_hint_shape(typing.get_args(hint)[0])]
    return _record_shape(hint) if dataclasses.is_dataclass(hint) else SCALARS[hint]  # type: ignore[arg-type]


def _column_shape(column: Column) -> Any:
    if column.logical_type == "object":
        return {member.name: _column_shape(member) for member in column.members}
    return [_column_shape(column.element)] if column.element else column.logical_type


# Versions -------------------------------------------------------------------------------------


def test_a_contract_changes_only_together_with_its_version(golden: Any) -> None:
    """The golden file remembers what each version demanded.

    Raise ``version`` in the contract (and in those that take their columns from it), then run
    ``pytest --remake-golden``. Versions that are out in the world stay in the file.
    """
    path: Path = golden.path(GOLDEN)
    known: dict[str, dict[str, str]] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    changed = []
    for name in contract_names():
        made = contract(name)
        before = known.get(name, {}).get(made.version)
        if before not in (None, made.fingerprint()):
            changed.append(f"{name} {made.version}")
        known.setdefault(name, {})[made.version] = made.fingerprint()
    if not golden.remake:
        assert changed == [], "changed under the same version"
    golden.check(GOLDEN, json.dumps(known, indent=2, sort_keys=True) + "\n")


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table["properties"].append({"name": "more", "logicalType": "string"}),
        lambda table: table["properties"][0].update(required=False),
        lambda table: table["properties"][0].update(logicalType="integer"),
        lambda table: table["properties"].reverse(),
        lambda table: table["quality"][0].update(severity="warning"),
        lambda table: table["quality"][0]["implementation"]["kwargs"].update(min_value=9),
        lambda table: table["quality"].pop(),
        lambda table: table["properties"][1]["customProperties"][0]["value"].append("gamma"),
    ],
)
def test_whatever_a_contract_demands_counts_in_its_fingerprint(tmp_path: Path, change: Any) -> None:
    document = _small()
    _write(tmp_path, "before", document)
    change(document["schema"][0])
    _write(tmp_path, "after", document)
    assert contract("before", tmp_path).fingerprint() != contract("after", tmp_path).fingerprint()


def test_words_of_explanation_do_not_count_in_the_fingerprint(tmp_path: Path) -> None:
    document = _small()
    _write(tmp_path, "before", document)
    document["schema"][0]["properties"][0]["description"] = "Said better."
    document["schema"][0]["quality"][0]["description"] = "Said better."
    _write(tmp_path, "after", document)
    assert contract("before", tmp_path).fingerprint() == contract("after", tmp_path).fingerprint()


# Reading --------------------------------------------------------------------------------------


def test_a_contract_gives_types_null_rules_and_order() -> None:
    schema = contract("funnel").arrow_schema()
    assert schema.field("step") == pa.field("step", pa.string(), nullable=False)
    assert schema.field("expected") == pa.field("expected", pa.int64())
    assert schema.field("refused").type == pa.list_(
        pa.struct([pa.field("reason", pa.string()), pa.field("count", pa.int64())])
    )
    assert schema.metadata == {b"grandrounds.contract": b"funnel " + contract("funnel").version.encode()}


@pytest.mark.parametrize("name", ["candidates", "items"])
def test_what_is_demanded_of_cases_names_every_task_of_cases(name: str) -> None:
    named = [
        rule.arguments["row_condition"]["parameter"]
        for rule in contract(name).rules
        if (rule.arguments.get("row_condition") or {}).get("column") == {"name": "task"}
    ]
    assert named
    assert all(sorted(tasks) == sorted(CASE_TASKS) for tasks in named)


def test_columns_and_rules_are_taken_from_the_envelope() -> None:
    made, envelope = contract("candidates"), contract("envelope")
    assert made.columns[: len(envelope.columns)] == envelope.columns
    assert made.rules[: len(envelope.rules)] == envelope.rules


@pytest.mark.parametrize("name", [n for n in contract_names() if n.startswith("outputs/")])
def test_an_answer_s_json_schema_is_strict_all_the_way_down(name: str) -> None:
    schema = contract(name).json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    objects = [schema]
    while objects:
        node = objects.pop()
        if node.get("type") == "object":
            assert node["additionalProperties"] is False
            assert node["required"] == list(node["properties"])
            objects += node["properties"].values()
        if "items" in node:
            objects.append(node["items"])


def test_an_unknown_contract_is_answered_with_the_known_ones() -> None:
    with pytest.raises(
        ContractError, match=r"no contract 'nosuch'.*Known: alignment_scores, candidates, cases"
    ):
        contract("nosuch")


def _bad(**changes: Any) -> dict[str, Any]:
    return {**_small(), **changes}


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("- a", "not an ODCS"),
        ("a: [", "can't be read as YAML"),
        ("", "not an ODCS"),
        (_bad(schema=[]), "exactly one table"),
        (_bad(schema=["x"]), "shape of a data contract"),
        ({key: value for key, value in _bad().items() if key != "version"}, "shape of a data contract"),
        (
            _bad(schema=[{"name": "t", "properties": [{"name": "a", "logicalType": "text"}]}]),
            "unknown logicalType",
        ),
        (
            _bad(schema=[{"name": "t", "properties": [{"logicalType": "string"}]}]),
            "shape of a data contract",
        ),
        (
            _bad(schema=[{"name": "t", "properties": [{"name": "a", "logicalType": "array"}]}]),
            "does not say its items",
        ),
        (
            _bad(schema=[{"name": "t", "properties": [{"name": "a"}, {"name": "a"}]}]),
            "column a stands there twice",
        ),
        (
            _bad(schema=[{"name": "t", "quality": [{"name": "q", "type": "sql"}]}]),
            "not a Great Expectations rule",
        ),
        (
            _bad(
                schema=[{"name": "t", "customProperties": [{"property": "columnsFrom", "value": ["bad"]}]}]
            ),
            "takes its columns from itself",
        ),
    ],
)
def test_a_faulty_contract_names_the_file_and_the_fault(tmp_path: Path, document: Any, words: str) -> None:
    _write(tmp_path, "bad", document)
    with pytest.raises(ContractError) as caught:
        contract("bad", tmp_path)
    assert words in str(caught.value)
    assert "bad.yaml" in str(caught.value)


def _write(folder: Path, name: str, document: Any) -> None:
    text = document if isinstance(document, str) else yaml.safe_dump(document, sort_keys=False)
    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
