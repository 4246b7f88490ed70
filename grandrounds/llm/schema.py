"""A small strict checker for the part of JSON Schema that structured outputs use.

It knows: ``type`` (one or a list), ``properties``, ``required``, ``additionalProperties`` (true or
false), ``items`` (one schema), ``enum``, ``const``, ``anyOf``, the lengths and the bounds, and the
words that only describe. A schema with any other word is refused when the request is made, so nothing
is ever half checked. Stricter than the standard in one place: an ``integer`` is written without a
fraction (``3``, not ``3.0``).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from grandrounds.errors import ModelError
from grandrounds.fingerprint import canonical

_DESCRIBING = frozenset({"title", "description", "default", "examples", "$schema", "$id", "$comment"})
_CHECKED = frozenset(
    {
        "type",
        "properties",
        "required",
        "additionalProperties",
        "items",
        "enum",
        "const",
        "anyOf",
        "minItems",
        "maxItems",
        "minLength",
        "maxLength",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
    }
)

_BOUNDS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})

_Checker = Callable[[Any], str]

_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: (
        isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    ),
}


def check_schema(schema: Any) -> None:
    """Refuse a schema that ``faults`` can't check whole, or that isn't one of an object.

    Raises ``ModelError`` naming the place and the word.
    """
    if not isinstance(schema, dict) or schema.get("type") != "object":
        raise ModelError("The schema of a model request must be that of an object (type: object).")
    _check(schema, where="schema")


def fault(value: Any, schema: str) -> str:
    """The first thing wrong with ``value`` under ``schema`` (its canonical JSON text), in words.

    Empty when it fits.
    """
    found = _checker(schema)(value)
    return f"answer{found}" if found else ""


def _check(schema: Any, *, where: str) -> None:
    if not isinstance(schema, dict):
        raise ModelError(f"{where} of a model request is not a JSON schema: {schema!r}.")
    for word in sorted(set(schema) - _CHECKED - _DESCRIBING):
        raise ModelError(
            f"{where} of a model request uses {word!r}, which answers can't be checked for.",
            remedy=f"Use only: {', '.join(sorted(_CHECKED))}.",
        )
    for name in _types_of(schema):
        if name not in _TYPES:
            raise ModelError(f"{where} of a model request has the unknown type {name!r}.")
    if not isinstance(schema.get("additionalProperties", True), bool):
        raise ModelError(f"{where} of a model request: additionalProperties must be true or false.")
    for name, inner in schema.get("properties", {}).items():
        _check(inner, where=f"{where}.{name}")
    if "items" in schema:
        _check(schema["items"], where=f"{where}[]")
    for position, inner in enumerate(schema.get("anyOf", [])):
        _check(inner, where=f"{where}.anyOf[{position}]")


def _types_of(schema: Mapping[str, Any]) -> list[Any]:
    wanted = schema.get("type", [])
    return list(wanted) if isinstance(wanted, list) else [wanted]


@lru_cache(maxsize=256)
def _checker(schema: str) -> _Checker:
    """The schema as one function. A million answers are checked against a handful of schemas."""
    return _compiled(json.loads(schema))


def _compiled(schema: Mapping[str, Any]) -> _Checker:
    """A checker gives what is wrong, beginning with the path to it; empty when nothing is."""
    parts = [
        make(schema)
        for word, make in (
            ("type", _type_checker),
            ("enum", _enum_checker),
            ("const", _const_checker),
            ("anyOf", _any_checker),
        )
        if word in schema
    ]
    parts += _bound_checkers(schema)
    if "items" in schema:
        parts.append(_items_checker(schema))
    if schema.keys() & {"properties", "required", "additionalProperties"}:
        parts.append(_members_checker(schema))
    return parts[0] if len(parts) == 1 else _all_of(tuple(parts))


def _all_of(parts: tuple[_Checker, ...]) -> _Checker:
    def check(value: Any) -> str:
        for part in parts:
            found = part(value)
            if found:
                return found
        return ""

    return check


def _type_checker(schema: Mapping[str, Any]) -> _Checker:
    names = _types_of(schema)
    tests = [_TYPES[name] for name in names]

    def check(value: Any) -> str:
        for test in tests:
            if test(value):
                return ""
        return f" is {_kind(value)}, not {' or '.join(names)}"

    return check


def _enum_checker(schema: Mapping[str, Any]) -> _Checker:
    allowed = {canonical(value) for value in schema["enum"]}
    return lambda value: "" if _spelling(value) in allowed else " is none of the allowed values"


def _const_checker(schema: Mapping[str, Any]) -> _Checker:
    wanted = canonical(schema["const"])
    return lambda value: "" if _spelling(value) == wanted else " is not the one allowed value"


def _any_checker(schema: Mapping[str, Any]) -> _Checker:
    forms = [_compiled(form) for form in schema["anyOf"]]
    words = f" fits none of its {len(forms)} forms"
    return lambda value: words if all(form(value) for form in forms) else ""


def _bound_checkers(schema: Mapping[str, Any]) -> list[_Checker]:
    """Lengths apply to strings or arrays, bounds to numbers; other values are none of their business."""
    made = []
    for kind, low, high, unit in (
        (str, "minLength", "maxLength", "characters"),
        (list, "minItems", "maxItems", "entries"),
    ):
        if low in schema or high in schema:
            made.append(_size_checker(kind, schema.get(low, 0), schema.get(high, math.inf), unit))
    if schema.keys() & _BOUNDS:
        made.append(_range_checker(schema))
    return made


def _size_checker(kind: type, low: int, high: float, unit: str) -> _Checker:
    def check(value: Any) -> str:
        if not isinstance(value, kind) or low <= len(value) <= high:  # type: ignore[arg-type]
            return ""
        return f" has {len(value)} {unit}, not {low} to {high}"  # type: ignore[arg-type]

    return check


def _range_checker(schema: Mapping[str, Any]) -> _Checker:
    least, most = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
    above, below = schema.get("exclusiveMinimum", -math.inf), schema.get("exclusiveMaximum", math.inf)

    def check(value: Any) -> str:
        if not _TYPES["number"](value) or (least <= value <= most and above < value < below):
            return ""
        return " is out of bounds"

    return check


def _items_checker(schema: Mapping[str, Any]) -> _Checker:
    entry_checker = _compiled(schema["items"])

    def check(value: Any) -> str:
        if isinstance(value, list):
            for position, entry in enumerate(value):
                found = entry_checker(entry)
                if found:
                    return f"[{position}]{found}"
        return ""

    return check


def _members_checker(schema: Mapping[str, Any]) -> _Checker:
    members = {name: _compiled(inner) for name, inner in schema.get("properties", {}).items()}
    required = tuple(schema.get("required", ()))
    closed = schema.get("additionalProperties") is False

    def check(value: Any) -> str:
        if not isinstance(value, dict):
            return ""
        for name in required:
            if name not in value:
                return f" lacks {name!r}"
        for name, entry in value.items():
            member = members.get(name)
            if member is not None:
                found = member(entry)
                if found:
                    return f".{name}{found}"
            elif closed:
                return f" has the unknown member {name[:60]!r}"
        return ""

    return check


def _spelling(value: Any) -> bytes:
    """For equality of JSON values (``true`` is not 1); empty for what no schema can name."""
    try:
        return canonical(value)
    except (ValueError, RecursionError):
        return b""


def _kind(value: Any) -> str:
    return next((name for name, fits in _TYPES.items() if fits(value)), "no JSON value")
