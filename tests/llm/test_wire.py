"""What goes over the wire: one spelling of a request, with its pictures inside."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grandrounds.contracts import contract
from grandrounds.fingerprint import sha256_bytes
from grandrounds.lake import Lake
from grandrounds.llm import wire
from grandrounds.llm.answer import FAILED
from grandrounds.llm.backends.dialect import Dialect
from grandrounds.llm.request import MediaPart, Message, ModelRequest
from tests.llm.helpers import SCHEMA, ask, client
from tests.support.stub_openai import StubServer

PNG = b"\x89PNG\r\n\x1a\n" + b"pixels"
JPEG = b"\xff\xd8\xff\xe0" + b"pixels"


class Shelf:
    """A source of media that gives what it was told to, right or wrong."""

    def __init__(self, **held: bytes) -> None:
        self.held = held

    def get_media(self, sha256: str) -> bytes:
        return self.held[sha256]


def shown(lake: Lake, data: bytes = PNG, media_type: str = "image/png", **changes: Any) -> ModelRequest:
    part = MediaPart(sha256=lake.put_media(data), media_type=media_type)
    return ask("", messages=(Message(role="user", content="What is it?", media=(part,)),), **changes)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


def test_the_body_is_a_strict_structured_output_call() -> None:
    body = wire.body(ask("A case.", model="model-a", max_tokens=100))

    assert body["model"] == "model-a"
    assert body["messages"] == [
        {"role": "system", "content": "Be exact."},
        {"role": "user", "content": "A case."},
    ]
    assert body["max_tokens"] == 100
    assert body["temperature"] == 0.0
    form = body["response_format"]
    assert form["type"] == "json_schema"
    assert form["json_schema"]["strict"] is True
    assert form["json_schema"]["name"] == "draft"
    assert form["json_schema"]["schema"] == SCHEMA


def test_properties_are_asked_for_in_the_contracts_order() -> None:
    drafted = contract("outputs/diagnosis_draft")

    body = wire.body(ask("", schema=drafted.json_schema()))

    schema = body["response_format"]["json_schema"]["schema"]
    assert list(schema["properties"]) == [column.name for column in drafted.columns]


def test_a_temperature_left_to_the_server_is_not_sent() -> None:
    assert "temperature" not in wire.body(ask("", temperature=None))


def test_a_server_may_want_another_name_for_the_limit_of_tokens() -> None:
    body = wire.body(ask("", max_tokens=7), dialect=Dialect(completion_tokens=True))

    assert body["max_completion_tokens"] == 7
    assert "max_tokens" not in body


@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_the_bytes_are_the_body_and_always_the_same(text: str) -> None:
    data = wire.encode(ask(text))

    assert json.loads(data) == wire.body(ask(text))
    assert data == wire.encode(ask(text))
    assert b"\n" not in data, "a body must fit a line of a shard"


def test_a_number_too_long_for_a_machine_word_is_still_written() -> None:
    schema = {**SCHEMA, "properties": {**SCHEMA["properties"], "diagnosis": {"maximum": 2**70}}}

    assert str(2**70).encode() in wire.encode(ask("", schema=schema))


# Pictures -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (PNG, "image/png"),
        (JPEG, "image/jpeg"),
        (b"GIF89a....", "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
    ],
)
def test_a_picture_goes_as_a_data_uri_before_the_text(lake: Lake, data: bytes, media_type: str) -> None:
    (message,) = wire.body(shown(lake, data, media_type), media=lake)["messages"]

    picture, text = message["content"]
    assert text == {"type": "text", "text": "What is it?"}
    head, _, packed = picture["image_url"]["url"].partition(",")
    assert head == f"data:{media_type};base64"
    assert base64.b64decode(packed, validate=True) == data


def test_several_pictures_keep_their_order(lake: Lake) -> None:
    parts = tuple(
        MediaPart(sha256=lake.put_media(PNG + bytes([number])), media_type="image/png")
        for number in range(3)
    )
    asked = ask("", messages=(Message(role="user", content="Which?", media=parts),))

    (message,) = wire.body(asked, media=lake)["messages"]

    urls = [part["image_url"]["url"] for part in message["content"][:-1]]
    assert [base64.b64decode(url.partition(",")[2])[-1] for url in urls] == [0, 1, 2]


def test_a_schema_in_the_prompt_stands_after_the_pictures_and_the_text(lake: Lake) -> None:
    (message,) = wire.body(shown(lake), media=lake, dialect=Dialect(schema_in_prompt=True))["messages"]

    assert message["content"][0]["type"] == "image_url"
    assert message["content"][-1]["text"].startswith("What is it?\n\nAnswer with one JSON object")


def test_a_picture_over_the_cap_is_not_made_smaller_but_refused(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = len(base64.b64encode(PNG))
    monkeypatch.setattr(wire, "MAXIMUM_MEDIA_BYTES", size)
    wire.body(shown(lake), media=lake)
    monkeypatch.setattr(wire, "MAXIMUM_MEDIA_BYTES", size - 1)

    with pytest.raises(wire.MediaError, match=f"has {size} bytes in base64") as refused:
        wire.body(shown(lake), media=lake)

    assert refused.value.error_class == wire.MEDIA_TOO_LARGE


def test_the_cap_is_twenty_megabytes() -> None:
    assert wire.MAXIMUM_MEDIA_BYTES == 20_000_000


@pytest.mark.parametrize(
    ("held", "media_type", "words"),
    [
        (PNG + b"!", "image/png", "is damaged"),
        (PNG, "image/jpeg", "said to be image/jpeg, and its bytes are image/png"),
    ],
)
def test_bytes_that_are_not_what_the_request_names_are_not_sent(
    held: bytes, media_type: str, words: str
) -> None:
    part = MediaPart(sha256=sha256_bytes(PNG), media_type=media_type)
    asked = ask("", messages=(Message(role="user", content="", media=(part,)),))

    with pytest.raises(wire.MediaError, match=words) as refused:
        wire.body(asked, media=Shelf(**{part.sha256: held}))

    assert refused.value.error_class == wire.MEDIA_UNUSABLE


def test_bytes_that_are_no_picture_are_not_sent(lake: Lake) -> None:
    with pytest.raises(wire.MediaError, match="no picture that models take"):
        wire.body(shown(lake, b"#!/bin/sh"), media=lake)


def test_a_picture_that_is_not_there_concerns_its_request_alone(lake: Lake) -> None:
    part = MediaPart(sha256="0" * 64, media_type="image/png")
    asked = ask("", messages=(Message(role="user", content="", media=(part,)),))

    for media in (lake, None):
        with pytest.raises(wire.MediaError) as refused:
            wire.body(asked, media=media)
        assert refused.value.error_class == wire.MEDIA_UNUSABLE


# Over the live backend ----------------------------------------------------------------------------


def test_the_live_backend_sends_pictures_from_the_lake(lake: Lake, tmp_path: Path) -> None:
    asked = shown(lake)
    with StubServer() as stub, client(stub.base_url, tmp_path, media=lake) as models:
        assert models.answer_all([asked])[asked.request_id].ok

        assert stub.book.bodies == [wire.body(asked, media=lake)]


def test_a_picture_that_cannot_be_sent_fails_its_request_and_no_other(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "MAXIMUM_MEDIA_BYTES", 40)
    large, small = shown(lake, PNG + b"x" * 100), shown(lake)
    with StubServer() as stub, client(stub.base_url, tmp_path, media=lake) as models:
        answers = models.answer_all([large, small])

        assert stub.stats()["received"] == 1
    assert answers[small.request_id].ok
    assert answers[large.request_id].status == FAILED
    assert answers[large.request_id].error_class == wire.MEDIA_TOO_LARGE
