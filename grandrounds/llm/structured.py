"""From what a model wrote to an object that fits a schema. Lenient about wrapping, strict about content.

What is forgiven: white space, a byte-order mark, ``<think>`` blocks, code fences, prose around the
object; and, in one repair pass, trailing commas, typographic quotes as delimiters, raw line breaks
inside strings, and closing braces of *objects* missing at the very end. What isn't: anything that
would need a guess. A string, a number or a list that was cut stays cut; two different answers in one
text, or a key written twice, are no answer.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, NoReturn

import orjson

from grandrounds.fingerprint import canonical, canonical_if_exact
from grandrounds.llm.schema import fault

#: Longest text that is looked at, in characters; a longer one is nonsense or an attack.
MAXIMUM_CHARACTERS = 2_000_000

#: So many starts of an object are tried in prose; a sane answer has one or two.
_MAXIMUM_STARTS = 64

_ESCAPED_COLON = "\\u003"  # and nine neighbours that nobody escapes
_THINKING = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)
_QUOTES = '"\u201c\u201d\u201e'
_BEGINS = re.compile(rf"\{{\s*[{_QUOTES}}}]")
_FENCE = re.compile(r"```[A-Za-z0-9_-]*[ \t]*\r?\n(.*?)```", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """``text`` is the canonical JSON of the object; empty when there is none, and ``error`` says why."""

    text: str = ""
    error: str = ""


def parse(text: str, schema: str) -> Parsed:
    """Find the one object in ``text`` that fits ``schema`` (canonical JSON text, as in a request).

    Never raises, whatever the text.
    """
    if len(text) > MAXIMUM_CHARACTERS:
        return Parsed(error=f"the answer has {len(text)} characters, more than is looked at")
    spelled = _whole(text, schema)
    return Parsed(text=spelled) if spelled else _found(text, schema)


def _whole(text: str, schema: str) -> str:
    """The canonical JSON of a text that is nothing but one fitting object, read by orjson; else empty.

    That is what nearly every answer is. Where orjson may read something else than ``_found`` does
    (fractions, large numbers, a key twice), it is left to that. A key that stood there twice shows in
    the number of colons: one for each member and those inside strings, if none of these was escaped.
    """
    if text[:1] != "{" or _ESCAPED_COLON in text:
        return ""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return ""
    spelled = canonical_if_exact(value)
    if spelled is None or spelled.count(b":") != text.count(":") or fault(value, schema):
        return ""
    return spelled.decode()


def _found(text: str, schema: str) -> Parsed:
    """The one object in the text, wherever it stands."""
    bare = _THINKING.sub("", text).strip().removeprefix("\ufeff").strip()
    if not bare:
        return Parsed(error="the answer is empty")
    fits: dict[str, None] = {}
    first_fault = ""
    for value in _objects(bare):
        found = fault(value, schema)
        spelled = "" if found else _spelled(value)
        if spelled:
            fits[spelled] = None
        first_fault = first_fault or found or "it holds text that isn't Unicode"
    if len(fits) == 1:
        return Parsed(text=next(iter(fits)))
    if fits:
        return Parsed(error=f"the answer holds {len(fits)} different objects that fit the schema")
    return Parsed(
        error=f"the answer does not fit the schema: {first_fault}" if first_fault else _no_object(bare)
    )


def _objects(bare: str) -> list[dict[str, Any]]:
    """The objects that stand in the text: it is one, or they are fenced, or they stand in prose."""
    whole = _only_objects([_loads(bare)])
    if whole:
        return whole
    fenced = [value for inside in _FENCE.findall(bare) for value in _in_prose(inside)]
    return fenced or _in_prose(bare)


def _in_prose(text: str) -> list[dict[str, Any]]:
    """The objects in ``text``, outermost only. A broken object that can't be mended ends the search:
    what stands inside it is not the answer."""
    found = []
    position = text.find("{")
    for _ in range(_MAXIMUM_STARTS):
        if position < 0:
            break
        begins = _BEGINS.match(text, position) is not None
        value, end = _value_at(text, position, mend=begins)
        if value is None and begins:
            break
        found.append(value)
        position = text.find("{", end)
    return _only_objects(found)


def _value_at(text: str, start: int, *, mend: bool) -> tuple[Any, int]:
    """The value that begins at ``start`` and where it ends, as it stands or mended."""
    try:
        return _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        if not mend:
            return None, start + 1
    mended, end = _mend(text, start)
    return (_loads(mended, strict=False) if mended else None), end


def _mend(text: str, start: int) -> tuple[str, int]:
    """The object at ``start`` with trailing commas and typographic delimiters put right and braces
    missing at the end added, and where it ends; empty when that end can't be known."""
    made: list[str] = []
    closers: list[str] = []
    position = start
    while position < len(text):
        char = text[position]
        if char in _QUOTES:
            string, position = _string(text, position)
            if not string:
                return "", position
            made.append(string)
            continue
        position += 1
        if char in "{[":
            closers.append("}" if char == "{" else "]")
        elif char in "}]":
            if closers.pop() != char:
                return "", position
            _drop_comma(made)
        made.append(" " if char.isspace() else char)
        if not closers:
            return "".join(made), position
    return _close(made, closers), position


def _string(text: str, start: int) -> tuple[str, int]:
    """The string that begins at ``start``, in plain quotes, and where it ends; empty when it is cut."""
    plain = text[start] == '"'
    ends = '"' if plain else "\u201c\u201d"
    position = start + 1
    while position < len(text):
        if text[position] == "\\":
            position += 2
            continue
        if text[position] in ends:
            inside = text[start + 1 : position]
            return f'"{inside if plain else _escaped(inside)}"', position + 1
        position += 1
    return "", position


def _escaped(inside: str) -> str:
    return re.sub(r'(?<!\\)((?:\\\\)*)"', r'\1\\"', inside)


def _drop_comma(made: list[str]) -> None:
    last = len(made) - 1
    while last >= 0 and made[last] == " ":
        last -= 1
    if last > 0 and made[last] == ",":
        before = next((piece for piece in reversed(made[:last]) if piece != " "), "")
        if before not in {",", "{", "[", ":"}:
            del made[last]


def _close(made: list[str], closers: list[str]) -> str:
    """Close what is open, if only objects are open and the last value is whole."""
    last = next((piece for piece in reversed(made) if piece != " "), "")
    if set(closers) != {"}"} or not last.endswith(('"', "}", "]")):
        return ""
    return "".join(made) + "}" * len(closers)


def _loads(text: str, *, strict: bool = True) -> Any:
    try:
        return (_DECODER if strict else _LENIENT).decode(text)
    except (ValueError, RecursionError):
        return None


def _only_objects(values: list[Any]) -> list[dict[str, Any]]:
    return [value for value in values if isinstance(value, dict)]


def _spelled(value: dict[str, Any]) -> str:
    """Canonical JSON, or empty for what has none (half characters, endless depth)."""
    try:
        return canonical(value).decode()
    except (ValueError, RecursionError):
        return ""


def _no_object(bare: str) -> str:
    return f"the answer holds no JSON object; it begins {bare[:60]!r}"


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key stands there twice")
    return made


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique_keys, parse_constant=_no_constant)
_LENIENT = json.JSONDecoder(object_pairs_hook=_unique_keys, parse_constant=_no_constant, strict=False)
