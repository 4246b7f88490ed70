"""Records from JSON, each value checked: what pydantic's ``TypeAdapter`` does, made in a few milliseconds.

A ``TypeAdapter`` of a record with fifty fields takes longer to make than the readings of many files take
to check, and every process makes its own. This goes straight to pydantic's core, for the types that
records have: text, numbers, dates, optional values, tuples, named tuples and other records.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date
from functools import cache
from typing import Any

from pydantic_core import SchemaValidator, core_schema
from pydantic_core.core_schema import CoreSchema

_PLAIN: dict[Any, Callable[[], CoreSchema]] = {
    str: core_schema.str_schema,
    int: core_schema.int_schema,
    float: core_schema.float_schema,
    bool: core_schema.bool_schema,
    date: core_schema.date_schema,
}


@cache
def checker(kind: type[Any]) -> SchemaValidator:
    """What makes records of ``kind`` of JSON (``validate_json``) or of plain values (``validate_python``).

    It raises pydantic's ``ValidationError`` for what is none. Raises ``TypeError`` for a kind with fields
    of other types than records have.
    """
    known: dict[type[Any], CoreSchema] = {}
    return SchemaValidator(core_schema.definitions_schema(_schema(kind, known), list(known.values())))


def _schema(hint: Any, known: dict[type[Any], CoreSchema]) -> CoreSchema:
    if hint in _PLAIN:
        return _PLAIN[hint]()
    if isinstance(hint, type) and is_dataclass(hint):
        if hint not in known:
            known[hint] = core_schema.any_schema()  # holds the place while its fields name it
            known[hint] = _record(hint, known)
        return core_schema.definition_reference_schema(_name(hint))
    if isinstance(hint, type) and issubclass(hint, tuple) and hasattr(hint, "_fields"):
        return _named(hint, known)
    inner = typing.get_args(hint)
    if typing.get_origin(hint) is tuple and len(inner) == 2 and inner[1] is ...:
        return core_schema.tuple_variable_schema(_schema(inner[0], known))
    if typing.get_origin(hint) in (types.UnionType, typing.Union) and types.NoneType in inner:
        (value,) = (one for one in inner if one is not types.NoneType)
        return core_schema.nullable_schema(_schema(value, known))
    raise TypeError(f"records have no values of {hint!r}")


def _record(kind: type[Any], known: dict[type[Any], CoreSchema]) -> CoreSchema:
    hints = typing.get_type_hints(kind)
    given = [
        core_schema.dataclass_field(
            field.name,
            _with_default(field, _schema(hints[field.name], known)),
            kw_only=bool(field.kw_only),
        )
        for field in fields(kind)
    ]
    return core_schema.dataclass_schema(
        kind,
        core_schema.dataclass_args_schema(kind.__name__, given),
        [field.name for field in fields(kind)],
        post_init=hasattr(kind, "__post_init__"),
        slots=hasattr(kind, "__slots__"),
        frozen=True,
        ref=_name(kind),
    )


def _named(kind: Any, known: dict[type[Any], CoreSchema]) -> CoreSchema:
    hints = typing.get_type_hints(kind)
    given = []
    for name in kind._fields:
        schema = _schema(hints[name], known)
        if name in kind._field_defaults:
            schema = core_schema.with_default_schema(schema, default=kind._field_defaults[name])
        given.append(core_schema.arguments_parameter(name, schema))
    return core_schema.call_schema(core_schema.arguments_schema(given), kind)


def _with_default(field: Field[Any], schema: CoreSchema) -> CoreSchema:
    if field.default is not MISSING:
        return core_schema.with_default_schema(schema, default=field.default)
    if field.default_factory is not MISSING:
        return core_schema.with_default_schema(schema, default_factory=field.default_factory)
    return schema


def _name(kind: type[Any]) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"
