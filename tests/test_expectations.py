"""A table against its contract: sound ones pass, planted faults are named by rule and row."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from grandrounds.contracts import Contract, Rule, contract, contract_names
from grandrounds.errors import ContractError
from grandrounds.expectations import RuleFailure, ValidationReport, validate
from grandrounds.records.funnel import FunnelStep
from grandrounds.records.rejection import Rejection
from grandrounds.records.source import Source
from grandrounds.records.table import to_table
from tests.support.factories import world

ROOT = Path(__file__).resolve().parent.parent
REJECTION = Rejection(
    rejection_id="r0",
    recipe="demo",
    stage="gates",
    gate="types",
    reason="The answer is not among the options.",
    subject_id="s",
    source_id="x",
)


@pytest.fixture(scope="module")
def candidates() -> pa.Table:
    return to_table(world(6).candidates, contract("candidates"))


def _failed(report: ValidationReport) -> dict[str, RuleFailure]:
    return {failure.rule: failure for failure in report.failures}


def _with(table: pa.Table, column: str, row: int, value: Any) -> pa.Table:
    position = table.column_names.index(column)
    values = table.column(column).to_pylist()
    values[row] = value
    field = table.schema.field(column)
    return table.set_column(position, field, pa.array(values, type=field.type))


def test_sound_tables_pass(candidates: pa.Table) -> None:
    made = world(6)
    tables = {
        "candidates": candidates,
        "cases": to_table(made.cases, contract("cases")),
        "sources": to_table(made.sources, contract("sources")),
        "rejections": to_table(made.rejections, contract("rejections")),
        "funnel": to_table(made.funnel, contract("funnel")),
    }
    for name, table in tables.items():
        assert validate(table, contract(name)).failures == (), name


@pytest.mark.parametrize("name", [n for n in contract_names() if "/" not in n])
def test_an_empty_table_passes(name: str) -> None:
    report = validate(contract(name).arrow_schema().empty_table(), contract(name))
    assert report.passed
    assert report.rows == 0


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("stem", "A sentence that tells of no patient.", "stem_not_empty"),
        ("question", "", "question_not_empty"),
        ("licence", "unknown", "licence_said"),
        ("item_id", "item-1", "item_id_is_a_content_id"),
        ("content_sha256", "0" * 63, "content_sha256_is_a_hash"),
        ("answer", "", "answer_not_empty"),
        ("evidence", [], "evidence_quoted"),
        ("visible_spans", [], "stem_has_a_place"),
        ("recipe", None, "recipe_required"),
        ("options", None, "options_required"),
    ],
)
def test_a_planted_bad_candidate_is_named_by_rule_and_row(
    candidates: pa.Table, column: str, value: Any, rule: str
) -> None:
    bad = _with(candidates, column, 3, value)
    report = validate(bad, contract("candidates"))
    failure = _failed(report)[rule]
    assert not report.passed
    assert set(_failed(report)) == {rule}
    assert (failure.count, failure.column.split(", ")[0]) == (1, column)  # a condition adds its own
    assert failure.row_ids == (bad.column("item_id")[3].as_py(),)


def test_two_rows_of_one_id_are_both_named() -> None:
    rows = [REJECTION, replace(REJECTION, rejection_id="r1"), REJECTION]
    failure = _failed(validate(to_table(rows, contract("rejections")), contract("rejections")))[
        "rejection_id_unique"
    ]
    assert (failure.count, failure.row_ids) == (2, ("r0", "r0"))


def test_a_value_outside_its_list_is_shown() -> None:
    table = to_table(
        [REJECTION, replace(REJECTION, rejection_id="r1", stage="somewhere")], contract("rejections")
    )
    failure = _failed(validate(table, contract("rejections")))["stage_allowed"]
    assert failure.row_ids == ("r1",)
    assert failure.examples == ("somewhere",)


def test_a_rule_with_a_condition_looks_only_at_its_rows() -> None:
    made = [
        Source(source_id="a", path="a", kind="pdf", status="passed_by", bytes=1),
        Source(
            source_id="b",
            path="b",
            kind="case_report",
            status="read",
            bytes=1,
            sha256="XYZ",
            licence="CC0-1.0",
        ),
        Source(source_id="c", path="c", kind="case_report", status="failed", bytes=1),
        Source(source_id="d", path="d", kind="case_report", status="read", bytes=1, sha256="0" * 64),
    ]
    failed = _failed(validate(to_table(made, contract("sources")), contract("sources")))
    assert {rule: failure.row_ids for rule, failure in failed.items()} == {
        "sha256_of_read_sources": ("b",),
        "reason_when_failed": ("c",),
        "licence_known": ("d",),
    }


def test_warnings_alone_do_not_fail_a_table() -> None:
    made = Source(source_id="d", path="d", kind="case_report", status="read", bytes=1, sha256="0" * 64)
    report = validate(to_table([made], contract("sources")), contract("sources"))
    assert report.passed
    assert [failure.severity for failure in report.failures] == ["warning"]


def test_a_table_without_a_key_names_its_rows_by_position() -> None:
    step = FunnelStep(recipe="demo", position=0, step="x", unit="file", entered=3, left=3)
    table = to_table([step, replace(step, step="y", left=-1)], contract("funnel"))
    assert _failed(validate(table, contract("funnel")))["left_not_negative"].row_ids == ("row 1",)


def test_many_failing_rows_are_counted_and_the_first_twenty_named() -> None:
    rows = [replace(REJECTION, rejection_id=f"r{n:03}", reason="") for n in range(50)]
    failure = _failed(validate(to_table(rows, contract("rejections")), contract("rejections")))[
        "reason_is_a_sentence"
    ]
    assert failure.count == 50
    assert failure.row_ids == tuple(f"r{n:03}" for n in range(20))


# The shape ------------------------------------------------------------------------------------


def test_columns_that_are_missing_unknown_or_of_another_type_are_named() -> None:
    table = to_table([REJECTION], contract("rejections"))
    wrong = table.drop_columns(["gate", "stage"]).append_column("colour", pa.array(["red"]))
    wrong = wrong.append_column("stage", pa.array([4]))
    failed = validate(wrong, contract("rejections")).failures
    assert {(failure.rule, failure.column, failure.severity) for failure in failed} == {
        ("column_missing", "gate", "critical"),
        ("column_type", "stage", "critical"),
        ("column_unknown", "colour", "critical"),
    }


def test_a_nested_column_of_another_shape_is_a_type_failure(candidates: pa.Table) -> None:
    position = candidates.column_names.index("visible_spans")
    wrong = pa.array([[{"start": 1.5}]] * candidates.num_rows)
    bad = candidates.set_column(position, "visible_spans", wrong)
    assert set(_failed(validate(bad, contract("candidates")))) == {"column_type"}


def test_large_strings_and_lists_are_as_good(candidates: pa.Table) -> None:
    stem, options = candidates.schema.names.index("stem"), candidates.schema.names.index("options")
    large = candidates.set_column(stem, "stem", candidates.column("stem").cast(pa.large_string()))
    large = large.set_column(
        options, "options", candidates.column("options").cast(pa.large_list(pa.string()))
    )
    assert validate(large, contract("candidates")).failures == ()


def test_a_column_that_stands_twice_is_named() -> None:
    table = to_table([REJECTION], contract("rejections"))
    twice = table.append_column("gate", table.column("gate"))
    assert "column_twice" in _failed(validate(twice, contract("rejections")))


# Rules that are wrong themselves --------------------------------------------------------------


def _contract_with(rule: Rule) -> Contract:
    made = contract("rejections")
    return replace(made, rules=(*made.rules, rule))


@pytest.mark.parametrize(
    ("expectation", "arguments", "words"),
    [
        ("expect_nosuch_thing", {"column": "gate"}, "not found"),
        ("expect_column_values_to_be_unique", {"colum": "gate"}, "extra fields not permitted"),
        ("expect_column_values_to_be_unique", {"column": "nosuch"}, "nosuch"),
        ("expect_column_values_to_be_between", {"column": "gate", "min_value": 5}, "planted"),
        ("expect_column_values_to_match_regex", {"column": "gate", "regex": "(("}, "planted"),
    ],
)
def test_a_rule_that_can_not_run_names_itself_and_its_file(
    expectation: str, arguments: dict[str, Any], words: str
) -> None:
    rule = Rule(name="planted", expectation=expectation, arguments=arguments, severity="critical")
    with pytest.raises(ContractError) as caught:
        validate(to_table([REJECTION], contract("rejections")), _contract_with(rule))
    assert "data_contracts/rejections.yaml: rule 'planted'" in str(caught.value)
    assert words in str(caught.value)


def test_a_nested_column_can_only_be_tested_for_its_length(candidates: pa.Table) -> None:
    rule = Rule(
        name="planted",
        expectation="expect_column_values_to_be_unique",
        arguments={"column": "options"},
        severity="critical",
    )
    made = replace(contract("candidates"), rules=(rule,))
    with pytest.raises(ContractError, match=r"'planted'.*nested"):
        validate(candidates, made)


@pytest.mark.parametrize(
    ("expectation", "arguments", "fails"),
    [
        ("expect_table_row_count_to_be_between", {"min_value": 1}, False),
        ("expect_table_row_count_to_be_between", {"min_value": 2}, True),
        ("expect_column_pair_values_to_be_equal", {"column_A": "gate", "column_B": "stage"}, True),
        ("expect_compound_columns_to_be_unique", {"column_list": ["gate", "stage"]}, False),
    ],
)
def test_rules_about_tables_and_pairs_work_too(
    expectation: str, arguments: dict[str, Any], fails: bool
) -> None:
    rule = Rule(name="planted", expectation=expectation, arguments=arguments, severity="info")
    report = validate(to_table([REJECTION], contract("rejections")), _contract_with(rule))
    assert ("planted" in _failed(report)) is fails
    assert report.passed


# Speed and manners ----------------------------------------------------------------------------


def test_a_hundred_thousand_rows_take_about_a_second(candidates: pa.Table) -> None:
    validate(candidates, contract("candidates"))
    big = pa.concat_tables([candidates] * (100_000 // candidates.num_rows + 1))
    ids = pa.array([f"item-{number:024x}" for number in range(big.num_rows)])
    big = big.set_column(big.column_names.index("item_id"), big.schema.field("item_id"), ids)
    began = time.process_time()
    report = validate(big, contract("candidates"))
    took = time.process_time() - began
    assert report.failures == ()
    assert took < 20, f"{took:.1f} s"


def test_great_expectations_is_not_imported_before_a_rule_needs_it() -> None:
    program = (
        "import sys, grandrounds.expectations as e\n"
        "from grandrounds.contracts import contract\n"
        "e.validate(contract('items').arrow_schema().empty_table(), contract('items'))\n"
        "assert 'great_expectations' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


def test_sound_tables_are_judged_without_it(candidates: pa.Table, tmp_path: Path) -> None:
    pq.write_table(candidates, tmp_path / "candidates.parquet")
    program = (
        "import sys, grandrounds.expectations as e, pyarrow.parquet as pq\n"
        "from grandrounds.contracts import contract\n"
        f"table = pq.ParquetFile({str(tmp_path / 'candidates.parquet')!r}).read()\n"
        "assert e.validate(table, contract('candidates')).failures == ()\n"
        "assert 'great_expectations' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


def test_every_rule_of_every_contract_can_be_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """One row of anything: the verdict doesn't matter, but no rule may be wrong itself."""
    # Left to Great Expectations, all but what is asked of nested columns, too, which it can't look at.
    monkeypatch.setattr(
        "grandrounds.expectations.rows_breaking",
        lambda _, rule: [] if rule.expectation == "expect_column_values_to_not_be_null" else None,
    )
    for name in contract_names():
        if "/" not in name:
            made = contract(name)
            row = {column.name: _anything(column.arrow_type()) for column in made.columns}
            validate(pa.Table.from_pylist([row], schema=made.arrow_schema()), made)


def test_the_rules_are_written_without_code_to_evaluate() -> None:
    for path in sorted((ROOT / "data_contracts").glob("*.yaml")):
        for rule in yaml.safe_load(path.read_text("utf-8"))["schema"][0].get("quality") or []:
            assert not isinstance(rule["implementation"]["kwargs"].get("row_condition"), str), rule["name"]


def _anything(kind: pa.DataType) -> Any:
    if pa.types.is_struct(kind):
        return {field.name: _anything(field.type) for field in kind}
    if pa.types.is_list(kind):
        return [_anything(kind.value_type)]
    if pa.types.is_string(kind):
        return "x"
    return False if pa.types.is_boolean(kind) else 0
