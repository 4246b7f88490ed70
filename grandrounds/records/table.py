"""Records to Arrow tables and back. Strict when writing, lenient when reading.

Writing refuses a row that misses a required value or holds a type the contract does not know.
Reading ignores columns that a newer version added and fills those that an older one lacked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any, TypeVar

import pyarrow as pa
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from grandrounds.contracts import Contract
from grandrounds.errors import ContractError

Record = TypeVar("Record")
_ADAPTERS: dict[type[Any], TypeAdapter[list[Any]]] = {}


def to_table(records: Iterable[Record], contract: Contract) -> pa.Table:
    """The Arrow table of ``records`` under ``contract``, columns in the contract's order.

    Raises ``ContractError`` naming the table, the column and the row.
    """
    rows = list(records)
    schema = contract.arrow_schema()
    if not rows:
        return schema.empty_table()
    _refuse_mixed(contract, rows)
    dumped = _dump(contract, rows)
    _refuse_unknown(contract, dumped[0])
    columns = []
    for column in schema:
        values = [row.get(column.name) for row in dumped]
        if not column.nullable and None in values:
            _refuse_null(contract, column.name, values.index(None), dumped)
        try:
            columns.append(pa.array(values, type=column.type))
        except (pa.ArrowException, OverflowError, TypeError, ValueError, AttributeError) as exc:
            raise ContractError(
                f"Table {contract.name!r}, column {column.name!r}: a value does not fit "
                f"{column.type}: {exc}",
                remedy=f"Correct the record, or the contract in data_contracts/{contract.name}.yaml.",
            ) from exc
    return pa.Table.from_arrays(columns, schema=schema)


def from_table(record_type: type[Record], table: pa.Table) -> list[Record]:
    """The records of ``table``; columns that ``record_type`` does not know are left out.

    Raises ``ContractError`` when a row can't be read as ``record_type``.
    """
    held = set(table.column_names)
    known = [field.name for field in fields(record_type) if field.name in held]  # type: ignore[arg-type]
    rows = table.select(known).to_pylist()
    for row in rows:
        for name in [name for name, value in row.items() if value is None]:
            del row[name]
    try:
        return _adapter(record_type).validate_python(rows)
    except ValidationError as exc:
        first = exc.errors()[0]
        raise ContractError(
            f"A row of {record_type.__name__} can't be read: row {first['loc'][0]}, "
            f"field {'.'.join(str(part) for part in first['loc'][1:])}: {first['msg']}.",
            remedy="The table was written by another version or by hand; build it again.",
        ) from exc


def _adapter(record_type: type[Any]) -> TypeAdapter[list[Any]]:
    """The validator of a list of records; making one costs milliseconds, so each is made once."""
    if record_type not in _ADAPTERS:
        _ADAPTERS[record_type] = TypeAdapter(list[record_type])  # type: ignore[valid-type]
    return _ADAPTERS[record_type]


def _dump(contract: Contract, rows: list[Any]) -> list[dict[str, Any]]:
    """The rows as plain values; a value of another type than its field says is refused."""
    try:
        dumped: list[dict[str, Any]] = _adapter(type(rows[0])).dump_python(rows, warnings="error")
    except (PydanticSerializationError, UnicodeEncodeError) as exc:
        raise ContractError(
            f"Table {contract.name!r}: a row holds a value of the wrong type: "
            f"{str(exc).splitlines()[-1].strip()}",
            remedy="Correct the step that made the row.",
        ) from exc
    return dumped


def _refuse_mixed(contract: Contract, rows: list[Any]) -> None:
    kinds = sorted({type(row).__name__ for row in rows})
    if len(kinds) > 1:
        raise ContractError(f"Table {contract.name!r} got rows of several kinds: {', '.join(kinds)}.")


def _refuse_unknown(contract: Contract, row: dict[str, Any]) -> None:
    unknown = sorted(set(row) - {column.name for column in contract.columns})
    if unknown:
        raise ContractError(
            f"Table {contract.name!r} has no column {', '.join(unknown)}.",
            remedy=f"Add it to data_contracts/{contract.name}.yaml and raise its version.",
        )


def _refuse_null(contract: Contract, column: str, position: int, rows: Sequence[dict[str, Any]]) -> None:
    key = contract.primary_key
    who = f"row {rows[position].get(key)!r}" if key else f"row {position}"
    raise ContractError(
        f"Table {contract.name!r}: {who} has no {column!r}, which the contract requires.",
        remedy="The step that made this row must fill it.",
    )
