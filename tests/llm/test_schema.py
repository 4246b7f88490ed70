"""The checker of answers says what the standard says, and refuses schemas it can't check whole."""

from __future__ import annotations

import json
import math
from enum import IntEnum, StrEnum
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grandrounds.errors import ModelError
from grandrounds.llm.schema import check_schema, fault


def faults(value: Any, **schema: Any) -> str:
    return fault(value, json.dumps(schema))


@pytest.mark.parametrize(
    ("schema", "value", "words"),
    [
        ({"type": "string"}, 1, "answer is integer, not string"),
        ({"type": ["string", "null"]}, [], "answer is array, not string or null"),
        ({"type": "integer"}, True, "answer is boolean, not integer"),
        ({"type": "integer"}, 3.0, "answer is number, not integer"),
        ({"type": "number"}, math.inf, "answer is no JSON value, not number"),
        ({"enum": ["a", 1]}, True, "answer is none of the allowed values"),
        ({"enum": ["a", 1]}, "b", "answer is none of the allowed values"),
        ({"const": 1}, True, "answer is not the one allowed value"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, 1, "answer fits none of its 2 forms"),
        ({"maxLength": 2}, "abc", "answer has 3 characters, not 0 to 2"),
        ({"minItems": 2}, ["a"], "answer has 1 entries, not 2 to inf"),
        ({"minimum": 1}, 0, "answer is out of bounds"),
        ({"exclusiveMaximum": 1}, 1.0, "answer is out of bounds"),
        ({"items": {"type": "string"}}, ["a", 2], "answer[1] is integer, not string"),
        (
            {"items": {"items": {"maxLength": 1}}},
            [["a", "bc"]],
            "answer[0][1] has 2 characters, not 0 to 1",
        ),
        ({"properties": {"a": {"type": "string"}}}, {"a": 1}, "answer.a is integer, not string"),
        ({"required": ["a"]}, {}, "answer lacks 'a'"),
        ({"additionalProperties": False}, {"b": 1}, "answer has the unknown member 'b'"),
    ],
)
def test_the_first_fault_is_named_with_its_place(schema: dict[str, Any], value: Any, words: str) -> None:
    assert faults(value, **schema) == words


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "integer"}, 3),
        ({"type": "number"}, 3),
        ({"type": "number"}, 3.5),
        ({"type": ["string", "null"]}, None),
        ({"enum": ["a", 1, None]}, "a"),
        ({"enum": ["a", 1, None]}, 1),
        ({"enum": ["a", 1, None]}, None),
        ({"minimum": 1, "maxLength": 1, "maxItems": 1}, "a"),
        ({"minimum": 1}, True),
        ({"type": "string", "title": "A title", "description": "Only words."}, "a"),
        ({}, {"anything": [1, None]}),
    ],
)
def test_what_fits_has_no_fault(schema: dict[str, Any], value: Any) -> None:
    assert faults(value, **schema) == ""


class Word(StrEnum):
    KEEP = "keep"


class Number(IntEnum):
    ONE = 1


def test_relatives_of_json_types_are_values_too() -> None:
    assert (
        faults(
            {"word": Word.KEEP, "number": Number.ONE},
            properties={"word": {"type": "string"}, "number": {"type": "integer"}},
        )
        == ""
    )
    assert faults(Word.KEEP, enum=["keep"]) == ""


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "array"}, "must be that of an object"),
        ([], "must be that of an object"),
        ({"type": "object", "pattern": "a"}, "uses 'pattern'"),
        (
            {"type": "object", "properties": {"a": {"$ref": "#"}}},
            r"schema.a of a model request uses '\$ref'",
        ),
        (
            {"type": "object", "properties": {"a": {"items": {"oneOf": []}}}},
            r"schema.a\[\] of a model request uses 'oneOf'",
        ),
        ({"type": "object", "anyOf": [{"not": {}}]}, r"schema.anyOf\[0\] of a model request uses 'not'"),
        ({"type": "object", "properties": {"a": {"type": "date"}}}, "unknown type 'date'"),
        ({"type": "object", "properties": {"a": True}}, "is not a JSON schema"),
        (
            {"type": "object", "additionalProperties": {"type": "string"}},
            "additionalProperties must be true or false",
        ),
    ],
)
def test_a_schema_that_would_be_half_checked_is_refused(schema: Any, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        check_schema(schema)


scalars = (
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from([0.5, -1.5]) | st.sampled_from("abc")
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)


def _schemas(depth: int) -> st.SearchStrategy[dict[str, Any]]:
    types = st.sampled_from(["string", "integer", "number", "boolean", "null"])
    flat = st.one_of(
        st.fixed_dictionaries({"type": types}),
        st.fixed_dictionaries({"type": st.lists(types, min_size=1, max_size=2, unique=True)}),
        st.fixed_dictionaries({"enum": st.lists(scalars, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"const": scalars}),
        st.fixed_dictionaries({"minimum": st.integers(-3, 0), "exclusiveMaximum": st.integers(0, 3)}),
        st.fixed_dictionaries({"minLength": st.integers(0, 1), "maxItems": st.integers(0, 2)}),
    )
    if not depth:
        return flat
    inner = _schemas(depth - 1)
    return st.one_of(
        flat,
        st.fixed_dictionaries({"type": st.just("array"), "items": inner}),
        st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=1, max_size=2)}),
        st.fixed_dictionaries(
            {
                "type": st.just("object"),
                "properties": st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
                "required": st.lists(st.sampled_from("abc"), max_size=2, unique=True),
                "additionalProperties": st.booleans(),
            }
        ),
    )


@given(schema=_schemas(2), value=anything)
@settings(max_examples=500)
def test_the_checker_agrees_with_an_independent_one(schema: dict[str, Any], value: Any) -> None:
    fits = jsonschema.Draft202012Validator(schema).is_valid(value)

    assert (fault(value, json.dumps(schema)) == "") == fits
