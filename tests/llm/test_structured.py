"""An object is found in what a model wrote, or it isn't; nothing is ever made up."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grandrounds.llm import structured
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
    began = time.process_time()
    parse(text, SCHEMA)

    assert time.process_time() - began < 20


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


_pieces = st.sampled_from(
    [
        *(
            '"name"',
            '"parts"',
            '"grade"',
            '"verdict"',
            '"na\\u006de"',
            '"keep"',
            '"a:b"',
            '"a\\u003Ab"',
            '"\\u003a"',
        ),
        *(
            '"\\ud800"',
            '"\\ud83d\\ude00"',
            '"\ud800"',
            '"\\/"',
            '"\\x"',
            '"\t"',
            '"\u2028"',
            '"\x7f"',
            '"\\u0000"',
        ),
        *(
            "0",
            "-0",
            "1",
            "1.0",
            "1e2",
            "-0.0",
            "01",
            "1e400",
            "18446744073709551615",
            "18446744073709551616",
        ),
        *(
            "-9223372036854775808",
            "-9223372036854775809",
            "9" * 400,
            "NaN",
            "Infinity",
            "true",
            "null",
            "[]",
            "{}",
        ),
        *(" ", "\n", "\xa0", "\ufeff", "\x0c", ",", ":", "<think>", "</think>", "```", "{", "}", "[", "]"),
    ]
)
_members = st.tuples(
    _pieces, _pieces | st.lists(_pieces, max_size=3).map(lambda inner: f"[{','.join(inner)}]")
)
_spelled_objects = st.lists(_members, max_size=5).map(
    lambda members: "{" + ",".join(f"{name}:{value}" for name, value in members) + "}"
)
_open_schema = json.dumps(
    {"type": "object", "properties": {"name": {}, "grade": {"type": ["number", "string"]}}}
)


@given(
    text=_spelled_objects | st.lists(_pieces, max_size=12).map("".join) | values.map(json.dumps),
    wrapped=st.tuples(
        st.sampled_from(["", " ", "\ufeff"]), st.sampled_from(["", "\n", "\xa0", " x", "{}"])
    ),
    schema=st.sampled_from([SCHEMA, _open_schema]),
)
@settings(max_examples=2000)
def test_the_short_way_finds_what_the_long_way_finds(
    text: str, wrapped: tuple[str, str], schema: str
) -> None:
    """Whatever orjson reads differently (a key twice, large numbers, ``-0``) must not come through."""
    text = text.join(wrapped)
    short = structured._whole(text, schema)

    assert short in {"", structured._found(text, schema).text}


@pytest.mark.parametrize(
    ("number", "spelled"),
    [
        ("18446744073709551615", "18446744073709551615"),
        ("18446744073709551616", "18446744073709551616"),
        ("-9223372036854775809", "-9223372036854775809"),
        ("-0", "0"),
        ("-0.0", "-0.0"),
        ("1.50", "1.5"),
        ("1e2", "100.0"),
        ("1e-7", "1e-07"),
        ("1e22", "1e+22"),
    ],
)
def test_numbers_keep_their_spelling(number: str, spelled: str) -> None:
    assert parse(f'{{"grade": {number}}}', _open_schema).text == f'{{"grade":{spelled}}}'


@given(value=values)
def test_plain_answers_take_the_short_way(value: dict[str, Any]) -> None:
    assert structured._whole(json.dumps(value, ensure_ascii=False), SCHEMA)


@pytest.mark.parametrize(
    "text",
    [
        '{"name": 1, "name": 1}',
        '{"name": "a:b", "name": "c"}',
        '{"name": "c", "name": "\\u003a:"}',
        '{"a": {"b": 1, "b": 1}}',
    ],
)
def test_a_key_that_stands_there_twice_is_seen_the_short_way_too(text: str) -> None:
    assert parse(text, _open_schema).text == ""


def _strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [string for entry in value.values() for string in _strings(entry)]
    if isinstance(value, list):
        return [string for entry in value for string in _strings(entry)]
    return [value] if isinstance(value, str) else []
