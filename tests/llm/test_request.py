"""A request is named by what can change its answer, and by nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grandrounds.errors import ModelError
from grandrounds.fingerprint import sha256_value
from grandrounds.llm.request import IN_KEY, KEY_VERSION, NOT_IN_KEY, MediaPart, Message, ModelRequest
from grandrounds.llm.wire import encode

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


def test_every_field_stands_in_one_of_the_written_lists() -> None:
    """The media type is a part of the messages; everything else of ``NOT_IN_KEY`` isn't a field at all."""
    assert set(IN_KEY) == set(INCLUDED) | {"key_version"} == set(request().key())
    assert set(EXCLUDED) <= set(NOT_IN_KEY)
    assert not set(IN_KEY) & set(NOT_IN_KEY)


#: The lists' names by their version. When one changes, KEY_VERSION is raised and a line is added here.
LISTS = {1: "f1652908f0034ebc"}


def test_the_lists_change_only_with_their_version() -> None:
    assert sha256_value([sorted(IN_KEY), sorted(NOT_IN_KEY)])[:16] == LISTS[KEY_VERSION]
    assert max(LISTS) == KEY_VERSION


def test_the_id_is_the_same_on_every_machine() -> None:
    """A golden value: when it changes, everything in every ledger is asked, and paid, again."""
    assert request().request_id == "req-d9fe7cca82a1618bceda2dd5"


def picture(digit: str = "a", media_type: str = "image/png") -> MediaPart:
    return MediaPart(sha256=digit * 64, media_type=media_type)


def shown(*media: MediaPart) -> ModelRequest:
    return request(messages=(Message(role="user", content="What is it?", media=media),))


def test_a_request_without_media_is_spelled_as_before_there_were_any() -> None:
    assert shown().key()["messages"] == [["user", "What is it?"]]
    assert shown().request_id == "req-6edf9a5ad3db03d659c8d765"


def test_the_id_of_a_request_with_media_is_the_same_on_every_machine() -> None:
    assert shown(picture("a"), picture("b")).request_id == "req-25ca2d096fd84c57cadffc37"


def test_media_count_by_their_bytes_and_their_order() -> None:
    asked = [shown(), shown(picture("a")), shown(picture("b")), shown(picture("a"), picture("b")),
             shown(picture("b"), picture("a")), shown(picture("a"), picture("a"))]  # fmt: skip

    assert len({one.request_id for one in asked}) == len(asked)
    assert shown(picture("a", "image/jpeg")).request_id == shown(picture("a")).request_id


def test_media_belong_to_their_message() -> None:
    def two(first: tuple[MediaPart, ...], second: tuple[MediaPart, ...]) -> str:
        return request(messages=(Message(role="user", content="One", media=first),
                                 Message(role="user", content="Two", media=second))).request_id  # fmt: skip

    assert two((picture(),), ()) != two((), (picture(),))


@pytest.mark.parametrize(
    ("sha256", "media_type", "words"),
    [
        ("../../etc/passwd", "image/png", "64 hex digits"),
        ("A" * 64, "image/png", "64 hex digits"),
        ("a" * 64, "application/dicom", "'application/dicom'"),
        ("a" * 64, "image/svg+xml", "svg"),
    ],
)
def test_media_that_no_model_can_be_shown_are_refused(sha256: str, media_type: str, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        MediaPart(sha256=sha256, media_type=media_type)


@pytest.mark.parametrize("role", ["system", "assistant"])
def test_only_the_user_shows_media(role: str) -> None:
    with pytest.raises(ModelError, match="Only a user's message"):
        Message(role=role, content="", media=(picture(),))


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
    assert encode(other) == encode(request())


def test_roles_and_texts_cannot_run_into_one_another() -> None:
    one = request(messages=(Message(role="user", content="a"), Message(role="user", content="b")))
    other = request(messages=(Message(role="user", content="ab"),))

    assert one.request_id != other.request_id


def test_equal_temperatures_are_one() -> None:
    assert request(temperature=0).request_id == request(temperature=-0.0).request_id


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
