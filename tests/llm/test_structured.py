"""An object is found in what a model wrote, or it isn't; nothing is ever made up."""

from __future__ import annotations

import json
import time
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grandrounds.llm.schema import fault
from grandrounds.llm.structured import MAXIMUM_CHARACTERS, parse

SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "parts": {"type": "array", "items": {"type": "string"}},
            "grade": {"type": ["integer", "null"]},
            "verdict": {"type": "string", "enum": ["keep", "drop"]},
        },
        "required": ["name", "parts", "verdict"],
        "additionalProperties": False,
    }
)
GOOD = '{"name": "measles", "parts": ["rash", "fever"], "verdict": "keep"}'
VALUE = {"name": "measles", "parts": ["rash", "fever"], "verdict": "keep"}

FORGIVEN = {
    "as it is": GOOD,
    "white space": f"\n\n  {GOOD}\n",
    "byte-order mark": f"\ufeff{GOOD}",
    "a fence": f"```json\n{GOOD}\n```",
    "a fence without a language": f"```\n{GOOD}\n```",
    "prose and a fence": f"Here you are:\n```json\n{GOOD}\n```\nShall I go on?",
    "prose": f"The answer is {GOOD} as you asked.",
    "prose with braces": f"For {{the case}} I say {GOOD}.",
    "the same object twice": f"{GOOD}\n{GOOD}",
    "thinking aloud": f'<think>{{"name": "mumps"}} perhaps</think>\n{GOOD}',
    "trailing commas": '{"name": "measles", "parts": ["rash", "fever",], "verdict": "keep",}',
    "trailing commas in a fence": f"```json\n{GOOD.replace(']', ',]')}\n```",
    "typographic quotes": "{“name”: “measles”, “parts”: [“rash”, “fever”], “verdict”: “keep”}",
    "a missing brace": '{"name": "measles", "parts": ["rash", "fever"], "verdict": "keep"',
}

NOT_FORGIVEN = {
    "nothing": "",
    "blanks, as a constrained model may emit to the end": " " * 5000,
    "prose": "I would say measles.",
    "a list": "[1, 2]",
    "a bare string": '"measles"',
    "a string that was cut": '{"name": "measles", "verdict": "keep", "parts": ["rash", "fev',
    "a list that was cut": '{"name": "measles", "verdict": "keep", "parts": ["rash", "fever"',
    "a number that may have been cut": '{"name": "m", "parts": [], "verdict": "keep", "grade": 1',
    "a missing member": '{"name": "measles", "verdict": "keep"}',
    "an unknown member": GOOD[:-1] + ', "extra": 1}',
    "a value that is not allowed": GOOD.replace("keep", "maybe"),
    "another type": GOOD.replace('"measles"', "7"),
    "true for an integer": GOOD[:-1] + ', "grade": true}',
    "a fraction for an integer": GOOD[:-1] + ', "grade": 1.0}',
    "a key twice": GOOD[:-1] + ', "name": "mumps"}',
    "two different answers": GOOD + "\n" + GOOD.replace("measles", "mumps"),
    "an answer inside another object": f'{{"answer": {GOOD}}}',
    "an answer inside a broken object": f'{{"answers": [{GOOD}, {{"name": "mum',
    "single quotes": "{'name': 'measles', 'parts': [], 'verdict': 'keep'}",
    "two commas": '{"name": "measles", "parts": ["rash",,], "verdict": "keep"}',
    "half a character": GOOD.replace("measles", "\\ud800"),
    "not a number": GOOD[:-1] + ', "grade": NaN}',
    "crossed brackets": '{"name": "measles", "parts": ["rash"}, "verdict": "keep"]',
}


@pytest.mark.parametrize("text", FORGIVEN.values(), ids=FORGIVEN.keys())
def test_wrapping_is_forgiven(text: str) -> None:
    parsed = parse(text, SCHEMA)

    assert parsed.error == ""
    assert json.loads(parsed.text) == VALUE


@pytest.mark.parametrize("text", NOT_FORGIVEN.values(), ids=NOT_FORGIVEN.keys())
def test_content_is_not_guessed(text: str) -> None:
    parsed = parse(text, SCHEMA)

    assert parsed.text == ""
    assert parsed.error


def test_the_error_says_what_is_wrong_and_where() -> None:
    assert "answer.parts[1] is integer, not string" in parse(GOOD.replace('"fever"', "2"), SCHEMA).error
    assert "lacks 'parts'" in parse(NOT_FORGIVEN["a missing member"], SCHEMA).error


def test_line_breaks_and_quotes_inside_strings_survive_the_repair() -> None:
    text = '{“name”: “he said "measles"\nand left”, “parts”: [], “verdict”: “keep”}'

    assert json.loads(parse(text, SCHEMA).text)["name"] == 'he said "measles"\nand left'


@pytest.mark.parametrize(
    "text",
    [
        "[" * 1_000_000,
        '{"a":' * 300_000,
        '{"' * 900_000,
        "{" * 1_900_000,
        "{}" * 900_000,
        "```\n" * 400_000,
        '{"name": "' + "\\" * 1_000_000,
        '{"name": ' + "1" * 1_000_000,
        "“" * 1_900_000,
        "<think>" * 250_000,
        "x" * (MAXIMUM_CHARACTERS + 1),
        GOOD.replace("null", "1" + "0" * 100_000),
    ],
    ids=lambda text: f"{text[:12]!r} times many",
)
def test_hostile_text_is_answered_soon_and_without_harm(text: str) -> None:
    began = time.perf_counter()
    parse(text, SCHEMA)

    assert time.perf_counter() - began < 10


def test_depth_that_the_schema_allows_is_no_way_in() -> None:
    open_schema = json.dumps({"type": "object", "properties": {"a": {}}})

    assert parse('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", open_schema).text == ""


words = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
prose = st.text(st.characters(exclude_categories=["Cs"], exclude_characters='{}[]`<>"“”„'), max_size=60)
values = st.fixed_dictionaries(
    {"name": words, "parts": st.lists(words, max_size=4), "verdict": st.sampled_from(["keep", "drop"])},
    optional={"grade": st.none() | st.integers(-(2**60), 2**60)},
)


@given(
    value=values,
    before=prose,
    after=prose,
    fenced=st.booleans(),
    plain=st.booleans(),
    indent=st.none() | st.just(2),
)
def test_any_fitting_object_is_found_in_any_prose(
    value: dict[str, Any], before: str, after: str, fenced: bool, plain: bool, indent: int | None
) -> None:
    spelled = json.dumps(value, ensure_ascii=plain, indent=indent)
    text = f"{before}\n```json\n{spelled}\n```\n{after}" if fenced else f"{before}{spelled}{after}"

    assert json.loads(parse(text, SCHEMA).text) == value


@given(
    text=st.text(alphabet=st.sampled_from(list('{}[]",: \n\\`abn1“”„-.')) | st.characters(), max_size=200)
)
@settings(max_examples=400)
def test_no_text_is_a_crash(text: str) -> None:
    parsed = parse(text, SCHEMA)

    assert bool(parsed.text) != bool(parsed.error)


@given(value=values, data=st.data())
@settings(max_examples=300)
def test_a_damaged_answer_never_gains_content(value: dict[str, Any], data: st.DataObject) -> None:
    """Cut, drop or double any stretch: what is still found has no string that isn't in the text."""
    spelled = json.dumps(value, ensure_ascii=False)
    start = data.draw(st.integers(0, len(spelled)))
    end = data.draw(st.integers(start, len(spelled)))
    times = data.draw(st.sampled_from([0, 2]))
    text = spelled[:start] + spelled[start:end] * times + spelled[end:]

    found = parse(text, SCHEMA).text
    for string in _strings(json.loads(found)) if found else []:
        assert json.dumps(string, ensure_ascii=False)[1:-1] in text


@given(value=values, data=st.data())
def test_a_cut_list_is_never_closed(value: dict[str, Any], data: st.DataObject) -> None:
    """Cut anywhere but in the closing brace: never a shorter list, never a shorter string."""
    spelled = json.dumps({"verdict": value["verdict"], "name": value["name"], "parts": value["parts"]})
    cut = data.draw(st.integers(0, len(spelled) - 1))

    found = parse(spelled[:cut], SCHEMA).text
    assert not found or json.loads(found) == json.loads(spelled)


def _strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [string for entry in value.values() for string in _strings(entry)]
    if isinstance(value, list):
        return [string for entry in value for string in _strings(entry)]
    return [value] if isinstance(value, str) else []


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
