"""A request is named by what can change its answer, and by nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grandrounds.contracts import contract
from grandrounds.errors import ModelError
from grandrounds.llm.request import Message, ModelRequest

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"verdict": {"type": "string", "enum": ["keep", "drop"]}, "because": {"type": "string"}},
    "required": ["verdict", "because"],
    "additionalProperties": False,
}


def request(**changes: Any) -> ModelRequest:
    values: dict[str, Any] = {
        "messages": (Message(role="system", content="Be exact."), Message(role="user", content="A case.")),
        "schema_name": "verdict",
        "schema": SCHEMA,
        "model": "model-a",
        "temperature": 0.0,
        "max_tokens": 100,
        "prompt_name": "diagnosis_open/draft",
        "prompt_version": "1",
        "prompt_sha256": "0" * 64,
    }
    return ModelRequest.of(**{**values, **changes})


INCLUDED: dict[str, Any] = {
    "messages": (Message(role="user", content="Another case."),),
    "schema_name": "other",
    "schema": {**SCHEMA, "required": ["because", "verdict"]},
    "model": "model-b",
    "temperature": 0.1,
    "max_tokens": 101,
    "prompt_version": "2",
}
EXCLUDED: dict[str, Any] = {"prompt_name": "other", "prompt_sha256": "1" * 64, "protected": True}


@pytest.mark.parametrize("name", sorted(INCLUDED))
def test_whatever_can_change_an_answer_changes_the_id(name: str) -> None:
    assert request(**{name: INCLUDED[name]}).request_id != request().request_id


@pytest.mark.parametrize("name", sorted(EXCLUDED))
def test_what_cannot_change_an_answer_leaves_the_id(name: str) -> None:
    assert request(**{name: EXCLUDED[name]}).request_id == request().request_id


def test_every_field_is_either_in_the_id_or_out_of_it() -> None:
    fields = set(ModelRequest.__dataclass_fields__) - {"request_id"}

    assert fields == set(INCLUDED) | set(EXCLUDED)


def test_the_id_is_the_same_on_every_machine() -> None:
    """A golden value: when it changes, everything in every ledger is asked, and paid, again."""
    assert request().request_id == "req-d9fe7cca82a1618bceda2dd5"


def test_the_id_follows_a_change_made_with_replace() -> None:
    assert replace(request(), model="model-b").request_id == request(model="model-b").request_id


@given(
    text=st.text(st.characters(exclude_categories=["Cs"])),
    other=st.text(st.characters(exclude_categories=["Cs"])),
)
def test_different_texts_have_different_ids(text: str, other: str) -> None:
    same = (
        request(messages=(Message(role="user", content=text),)).request_id
        == request(messages=(Message(role="user", content=other),)).request_id
    )

    assert same == (text == other)


@given(data=st.data())
def test_the_order_of_keys_in_the_schema_does_not_matter(data: st.DataObject) -> None:
    def shuffled(node: Any) -> Any:
        if isinstance(node, dict):
            keys = data.draw(st.permutations(list(node)))
            return {key: shuffled(node[key]) for key in keys}
        return node

    other = request(schema=shuffled(SCHEMA))

    assert other.request_id == request().request_id
    assert json.dumps(other.body()) == json.dumps(request().body())


def test_roles_and_texts_cannot_run_into_one_another() -> None:
    one = request(messages=(Message(role="user", content="a"), Message(role="user", content="b")))
    other = request(messages=(Message(role="user", content="ab"),))

    assert one.request_id != other.request_id


def test_equal_temperatures_are_one() -> None:
    assert request(temperature=0).request_id == request(temperature=-0.0).request_id


def test_the_body_is_a_strict_structured_output_call() -> None:
    body = request().body()

    assert body["model"] == "model-a"
    assert body["messages"][1] == {"role": "user", "content": "A case."}
    assert body["max_tokens"] == 100
    assert body["temperature"] == 0.0
    form = body["response_format"]
    assert form["type"] == "json_schema"
    assert form["json_schema"]["strict"] is True
    assert form["json_schema"]["name"] == "verdict"
    assert form["json_schema"]["schema"] == SCHEMA


def test_properties_are_asked_for_in_the_contracts_order() -> None:
    drafted = contract("outputs/diagnosis_draft")

    schema = request(schema=drafted.json_schema()).body()["response_format"]["json_schema"]["schema"]

    assert list(schema["properties"]) == [column.name for column in drafted.columns]


def test_a_temperature_left_to_the_server_is_not_sent() -> None:
    assert "temperature" not in request(temperature=None).body()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"messages": ()}, "at least one message"),
        ({"messages": (Message(role="user", content="half \ud800"),)}, "half a character"),
        ({"temperature": float("nan")}, "temperature"),
        ({"schema": {"type": "array"}}, "object"),
        ({"schema": {**SCHEMA, "properties": {"a": {"type": "string", "pattern": "x"}}}}, "'pattern'"),
        ({"schema": {**SCHEMA, "properties": {"a": {"$ref": "#"}}}}, r"\$ref"),
        ({"schema": {**SCHEMA, "properties": {"a": {"type": "date"}}}}, "unknown type 'date'"),
    ],
)
def test_a_request_that_cannot_work_is_refused_before_it_costs(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ModelError, match=words):
        request(**changes)


def test_an_unknown_role_is_refused() -> None:
    with pytest.raises(ModelError, match="'robot'"):
        Message(role="robot", content="")
