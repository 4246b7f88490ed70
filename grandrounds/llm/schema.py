"""A small strict checker for the part of JSON Schema that structured outputs use.

It knows: ``type`` (one or a list), ``properties``, ``required``, ``additionalProperties`` (true or
false), ``items`` (one schema), ``enum``, ``const``, ``anyOf``, the lengths and the bounds, and the
words that only describe. A schema with any other word is refused when the request is made, so nothing
is ever half checked. Stricter than the standard in one place: an ``integer`` is written without a
fraction (``3``, not ``3.0``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
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


def fault(value: Any, schema: Mapping[str, Any], *, where: str = "answer") -> str:
    """The first thing wrong with ``value`` under ``schema``, in words; empty when it fits."""
    return (
        _type_fault(value, schema, where)
        or _choice_fault(value, schema, where)
        or _bound_fault(value, schema, where)
        or _inside_fault(value, schema, where)
    )


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


def _type_fault(value: Any, schema: Mapping[str, Any], where: str) -> str:
    wanted = _types_of(schema)
    if not wanted or any(_TYPES[name](value) for name in wanted):
        return ""
    return f"{where} is {_kind(value)}, not {' or '.join(wanted)}"


def _choice_fault(value: Any, schema: Mapping[str, Any], where: str) -> str:
    if "enum" in schema and not any(_same(value, allowed) for allowed in schema["enum"]):
        return f"{where} is none of the allowed values"
    if "const" in schema and not _same(value, schema["const"]):
        return f"{where} is not the one allowed value"
    choices = schema.get("anyOf")
    if choices and all(fault(value, choice, where=where) for choice in choices):
        return f"{where} fits none of its {len(choices)} forms"
    return ""


def _bound_fault(value: Any, schema: Mapping[str, Any], where: str) -> str:
    if isinstance(value, str):
        return _size_fault(len(value), schema, where, low="minLength", high="maxLength", unit="characters")
    if isinstance(value, list):
        return _size_fault(len(value), schema, where, low="minItems", high="maxItems", unit="entries")
    if _TYPES["number"](value):
        if value < schema.get("minimum", -math.inf) or value <= schema.get("exclusiveMinimum", -math.inf):
            return f"{where} is too small"
        if value > schema.get("maximum", math.inf) or value >= schema.get("exclusiveMaximum", math.inf):
            return f"{where} is too large"
    return ""


def _size_fault(size: int, schema: Mapping[str, Any], where: str, *, low: str, high: str, unit: str) -> str:
    if size < schema.get(low, 0) or size > schema.get(high, math.inf):
        return f"{where} has {size} {unit}, not {schema.get(low, 0)} to {schema.get(high, 'any number')}"
    return ""


def _inside_fault(value: Any, schema: Mapping[str, Any], where: str) -> str:
    if isinstance(value, dict):
        return _members_fault(value, schema, where)
    if isinstance(value, list) and "items" in schema:
        for position, entry in enumerate(value):
            found = fault(entry, schema["items"], where=f"{where}[{position}]")
            if found:
                return found
    return ""


def _members_fault(value: Mapping[str, Any], schema: Mapping[str, Any], where: str) -> str:
    properties = schema.get("properties", {})
    for name in schema.get("required", []):
        if name not in value:
            return f"{where} lacks {name!r}"
    for name, entry in value.items():
        if name in properties:
            found = fault(entry, properties[name], where=f"{where}.{name}")
            if found:
                return found
        elif schema.get("additionalProperties") is False:
            return f"{where} has the unknown member {name[:60]!r}"
    return ""


def _same(left: Any, right: Any) -> bool:
    """Equality of JSON values: ``true`` is not 1."""
    try:
        return canonical(left) == canonical(right)
    except (ValueError, RecursionError):
        return False


def _kind(value: Any) -> str:
    return next((name for name, fits in _TYPES.items() if fits(value)), "no JSON value")
