"""A request as it goes over the wire: the body of an OpenAI chat-completions call.

Every way to get an answer sends these same bytes: the live backend, the shards for a batch queue and
the engine in a process of our own. Pictures stand in the body as data URIs, before the text they go
with; they are sent as they are, never made smaller, because a smaller picture is another question.
"""

from __future__ import annotations

import binascii
import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Protocol

import orjson

from grandrounds.errors import GrandRoundsError, LakeError, ModelError
from grandrounds.fingerprint import canonical
from grandrounds.llm.backends.dialect import Dialect, instruction
from grandrounds.llm.request import MediaPart, Message, ModelRequest, ordered_schema

#: Largest picture in a body, in bytes after base64 (OpenAI's limit of one request is 50 MB in all).
MAXIMUM_MEDIA_BYTES = 20 * 1000 * 1000

MEDIA_TOO_LARGE = "media_too_large"
MEDIA_UNUSABLE = "media_unusable"

_STANDARD = Dialect()


class MediaSource(Protocol):
    """Where pictures come from; the lake is one."""

    def get_media(self, sha256: str) -> bytes:
        """The bytes that hash to ``sha256``. Raises ``LakeError`` when there are none."""


class MediaError(GrandRoundsError):
    """A picture of one request can't be sent; other requests can.

    ``error_class`` is the short kind that the request's answer gets: ``media_too_large``,
    or ``media_unusable`` for one that is absent, damaged, or not what it is said to be.
    """

    def __init__(self, what: str, *, error_class: str, remedy: str = "") -> None:
        super().__init__(what, remedy=remedy)
        self.error_class = error_class


def body(
    request: ModelRequest, *, media: MediaSource | None = None, dialect: Dialect = _STANDARD
) -> dict[str, Any]:
    """The JSON body of ``request`` in the spelling of ``dialect``, with a strict ``json_schema`` format.

    Don't change what is nested in it: the schema is shared between bodies. Raises ``MediaError`` when
    a picture is over ``MAXIMUM_MEDIA_BYTES``, absent, or not what it is said to be.
    """
    messages = [_message(message, media) for message in request.messages]
    made: dict[str, Any] = {
        "model": request.model,
        "messages": messages,
        "max_completion_tokens" if dialect.completion_tokens else "max_tokens": request.max_tokens,
    }
    if dialect.schema_in_prompt:
        _append(messages[-1], instruction(request.schema))
    else:
        made["response_format"] = {
            "type": "json_schema",
            "json_schema": {
                "name": request.schema_name,
                "strict": True,
                "schema": ordered_schema(request.schema),
            },
        }
    if request.temperature is not None:
        made["temperature"] = request.temperature
    return made


def encode(
    request: ModelRequest, *, media: MediaSource | None = None, dialect: Dialect = _STANDARD
) -> bytes:
    """``body`` as UTF-8 JSON without spaces; the same request always gives the same bytes."""
    return encode_json(body(request, media=media, dialect=dialect))


def request_of(
    sent: Mapping[str, Any],
    *,
    schema_name: str,
    prompt_name: str,
    prompt_version: str,
    prompt_sha256: str,
    protected: bool = False,
    dialect: Dialect = _STANDARD,
) -> ModelRequest:
    """The request that ``body`` made ``sent`` from; what the body doesn't hold is given beside it.

    Compare its id with the one you expect: a body that was changed by anybody has another one. Raises
    ``ModelError`` for what no request was ever spelled like.
    """
    try:
        messages, schema = list(sent["messages"]), ""
        if dialect.schema_in_prompt:
            messages[-1], schema = _without_instruction(messages[-1])
        return ModelRequest(
            messages=tuple(_message_of(message) for message in messages),
            schema_name=schema_name,
            schema=schema or _schema_of(encode_json(sent["response_format"]["json_schema"]["schema"])),
            model=sent["model"],
            temperature=sent.get("temperature"),
            max_tokens=sent["max_completion_tokens" if dialect.completion_tokens else "max_tokens"],
            prompt_name=prompt_name,
            prompt_version=prompt_version,
            prompt_sha256=prompt_sha256,
            protected=protected,
        )
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as exc:
        raise ModelError(f"This is not the body of a model request ({type(exc).__name__}: {exc}).") from exc


def encode_json(value: Any) -> bytes:
    """Any JSON value as UTF-8 without spaces."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:  # a number of more than 64 bits in a schema
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _message(message: Message, media: MediaSource | None) -> dict[str, Any]:
    if not message.media:
        return {"role": message.role, "content": message.content}
    pictures = [
        {"type": "image_url", "image_url": {"url": _data_uri(part, media)}} for part in message.media
    ]
    return {"role": message.role, "content": [*pictures, {"type": "text", "text": message.content}]}


@lru_cache(maxsize=256)
def _schema_of(spelled: bytes) -> str:
    """A schema's canonical text. A million requests share a handful of schemas."""
    return canonical(json.loads(spelled)).decode()


def _message_of(message: Mapping[str, Any]) -> Message:
    content = message["content"]
    if isinstance(content, str):
        return Message(role=message["role"], content=content)
    media = tuple(_part_of(part["image_url"]["url"]) for part in content[:-1])
    return Message(role=message["role"], content=content[-1]["text"], media=media)


def _part_of(url: str) -> MediaPart:
    head, _, packed = url.partition(";base64,")
    data = binascii.a2b_base64(packed, strict_mode=True)
    return MediaPart(sha256=hashlib.sha256(data).hexdigest(), media_type=head.removeprefix("data:"))


def _without_instruction(message: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """The last message as it was before the schema was put into it, and the schema."""
    content = message["content"]
    words = content if isinstance(content, str) else content[-1]["text"]
    start = words.rindex("\n{") + 1  # the schema is the last line
    schema = canonical(json.loads(words[start:])).decode()
    asked = words.removesuffix(instruction(schema))
    if not isinstance(content, str):
        return {**message, "content": [*content[:-1], {**content[-1], "text": asked}]}, schema
    return {**message, "content": asked}, schema


def _append(message: dict[str, Any], words: str) -> None:
    if isinstance(message["content"], str):
        message["content"] += words
    else:
        message["content"][-1]["text"] += words


def _data_uri(part: MediaPart, media: MediaSource | None) -> str:
    data = _read(part, media)
    size = 4 * ((len(data) + 2) // 3)
    if size > MAXIMUM_MEDIA_BYTES:
        raise MediaError(
            f"The picture {part.sha256} has {size} bytes in base64, over the {MAXIMUM_MEDIA_BYTES} sent.",
            error_class=MEDIA_TOO_LARGE,
            remedy="Make a smaller one where evidence is read, so that reviewers see the same.",
        )
    if hashlib.sha256(data).hexdigest() != part.sha256:
        raise MediaError(f"The picture {part.sha256} is damaged.", error_class=MEDIA_UNUSABLE)
    if _type_of(data) != part.media_type:
        raise MediaError(
            f"The picture {part.sha256} is said to be {part.media_type}, and its bytes are "
            f"{_type_of(data) or 'no picture that models take'}.",
            error_class=MEDIA_UNUSABLE,
        )
    return f"data:{part.media_type};base64,{binascii.b2a_base64(data, newline=False).decode('ascii')}"


def _read(part: MediaPart, media: MediaSource | None) -> bytes:
    if media is None:
        raise MediaError(
            f"The request shows the picture {part.sha256}, and there is no lake to take it from.",
            error_class=MEDIA_UNUSABLE,
        )
    try:
        return media.get_media(part.sha256)
    except LakeError as exc:
        raise MediaError(exc.what, error_class=MEDIA_UNUSABLE, remedy=exc.remedy) from exc


def _type_of(data: bytes) -> str:
    """The type of a picture by its first bytes; empty for any other."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return ""
