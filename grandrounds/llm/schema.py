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
from dataclasses import dataclass
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


#: Values of exactly these types fit for certain; the others (and ``float``, which may be infinite) are
#: tested. A dictionary's and a list's own type is looked at here, never what is in them.
_EXACT: Mapping[str, type] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "null": type(None),
    "integer": int,
    "number": int,
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
    return _compiled(json.loads(schema)).check


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A schema as a function. ``check`` gives what is wrong with a value, beginning with the path to it;
    empty when nothing is. A value of one of the types in ``surely`` needs no check: it fits."""

    check: _Checker
    surely: frozenset[type] = frozenset()


def _compiled(schema: Mapping[str, Any]) -> _Compiled:
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
    check = parts[0] if len(parts) == 1 else _all_of(tuple(parts))
    return _Compiled(
        check, _exact_types(schema) if schema.keys() - _DESCRIBING == {"type"} else frozenset()
    )


def _exact_types(schema: Mapping[str, Any]) -> frozenset[type]:
    return frozenset(_EXACT[name] for name in _types_of(schema) if name in _EXACT)


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
    surely = _exact_types(schema)
    tests = [_TYPES[name] for name in names]

    def check(value: Any) -> str:
        if type(value) in surely or any(test(value) for test in tests):
            return ""
        return f" is {_kind(value)}, not {' or '.join(names)}"

    return check


def _enum_checker(schema: Mapping[str, Any]) -> _Checker:
    allowed = {canonical(value) for value in schema["enum"]}
    words = {value for value in schema["enum"] if type(value) is str}

    def check(value: Any) -> str:
        if (type(value) is str and value in words) or _spelling(value) in allowed:
            return ""
        return " is none of the allowed values"

    return check


def _const_checker(schema: Mapping[str, Any]) -> _Checker:
    wanted = canonical(schema["const"])
    return lambda value: "" if _spelling(value) == wanted else " is not the one allowed value"


def _any_checker(schema: Mapping[str, Any]) -> _Checker:
    forms = [_compiled(form).check for form in schema["anyOf"]]
    words = f" fits none of its {len(forms)} forms"

    def check(value: Any) -> str:
        for form in forms:
            if not form(value):
                return ""
        return words

    return check


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
        if type(value) is not int and not _TYPES["number"](value):
            return ""
        if least <= value <= most and above < value < below:
            return ""
        return " is out of bounds"

    return check


def _items_checker(schema: Mapping[str, Any]) -> _Checker:
    entries = _compiled(schema["items"])
    check_entry, surely = entries.check, entries.surely

    def check(value: Any) -> str:
        if isinstance(value, list):
            for position, entry in enumerate(value):
                if type(entry) in surely:
                    continue
                found = check_entry(entry)
                if found:
                    return f"[{position}]{found}"
        return ""

    return check


def _members_checker(schema: Mapping[str, Any]) -> _Checker:
    members = {name: _compiled(inner) for name, inner in schema.get("properties", {}).items()}
    checks = {name: (member.surely, member.check) for name, member in members.items()}
    required = tuple(schema.get("required", ()))
    closed = schema.get("additionalProperties") is False

    def check(value: Any) -> str:
        if not isinstance(value, dict):
            return ""
        for name in required:
            if name not in value:
                return f" lacks {name!r}"
        for name, entry in value.items():
            if name in checks:
                surely, check_member = checks[name]
                found = "" if type(entry) in surely else check_member(entry)
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
