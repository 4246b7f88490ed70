"""Data contracts: one YAML a table, in the Open Data Contract Standard (ODCS v3), read once.

A contract gives three things: the Arrow schema a table is written with, the JSON schema a model's
structured answer must have, and the list of rules that Great Expectations runs on the table.

Two uses of the standard's ``customProperties``: ``columnsFrom`` (names of contracts whose columns
come first, so the item envelope is written once) and, on ``enum``-like columns, ``allowed``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from grandrounds.errors import ContractError
from grandrounds.fingerprint import sha256_value
from grandrounds.paths import bundled

TYPE_CHECKING = False
if TYPE_CHECKING:
    import pyarrow as pa

_SCALARS = {"string", "integer", "number", "boolean", "date", "timestamp"}
_SEVERITIES = {"critical", "warning", "info"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column, a member of an object, or the element of an array.

    ``logical_type`` is the standard's: string, integer, number, boolean, date, timestamp, object
    (``members``) or array (``element``). ``binary`` is a string column whose physical type is so.
    """

    name: str
    logical_type: str
    description: str = ""
    physical_type: str = ""
    required: bool = False
    unique: bool = False
    primary_key: bool = False
    allowed: tuple[str, ...] = ()
    members: tuple[Column, ...] = ()
    element: Column | None = None

    def arrow_type(self) -> pa.DataType:
        """The Arrow type. Integers are 64 bit, numbers doubles, timestamps microseconds in UTC."""
        import pyarrow as pa

        if self.logical_type == "object":
            return pa.struct([pa.field(m.name, m.arrow_type()) for m in self.members])
        if self.logical_type == "array" and self.element is not None:
            return pa.list_(self.element.arrow_type())
        if self.physical_type == "binary":
            return pa.binary()
        scalars = {
            "string": pa.string(),
            "integer": pa.int64(),
            "number": pa.float64(),
            "boolean": pa.bool_(),
            "date": pa.date32(),
            "timestamp": pa.timestamp("us", tz="UTC"),
        }
        return scalars[self.logical_type]

    def json_schema(self) -> dict[str, Any]:
        """The JSON schema, in the strict form structured outputs want (all keys required, no others)."""
        schema = self._bare_json_schema()
        if self.description:
            schema["description"] = self.description
        return schema

    def _bare_json_schema(self) -> dict[str, Any]:
        if self.logical_type == "object":
            return _object_schema(self.members)
        if self.logical_type == "array" and self.element is not None:
            return {"type": "array", "items": self.element.json_schema()}
        name = {"date": "string", "timestamp": "string"}.get(self.logical_type, self.logical_type)
        bare: dict[str, Any] = {"type": name if self.required else [name, "null"]}
        if self.allowed:
            bare["enum"] = list(self.allowed) + ([] if self.required else [None])
        return bare


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One expectation on a table: a Great Expectations type with its arguments and severity."""

    name: str
    expectation: str
    arguments: dict[str, Any] = field(hash=False)
    severity: str
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """A data contract, read and checked."""

    name: str
    version: str
    description: str
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...] = ()

    @property
    def primary_key(self) -> str | None:
        """The column that names a row, when there is one."""
        return next((column.name for column in self.columns if column.primary_key), None)

    def column(self, name: str) -> Column:
        """The column ``name``; raises ``ContractError`` when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise ContractError(f"Contract {self.name!r} has no column {name!r}.")

    def arrow_schema(self) -> pa.Schema:
        """The Arrow schema; its metadata names the contract and version."""
        import pyarrow as pa

        return pa.schema(
            [pa.field(c.name, c.arrow_type(), nullable=not c.required) for c in self.columns],
            metadata={"grandrounds.contract": f"{self.name} {self.version}"},
        )

    def json_schema(self) -> dict[str, Any]:
        """The JSON schema of one row, for a model's structured output."""
        return _object_schema(self.columns)

    def fingerprint(self) -> str:
        """Hash of all that this contract demands; it may change only together with the version."""
        return sha256_value(
            [
                [_shape(column) for column in self.columns],
                sorted([rule.name, rule.expectation, rule.arguments, rule.severity] for rule in self.rules),
            ]
        )


@cache
def contract(name: str, folder: Path | None = None) -> Contract:
    """The contract of table ``name`` (or of a model's answer, ``outputs/NAME``).

    Raises ``ContractError`` with the file and the faulty place.
    """
    base = folder or bundled("data_contracts")
    return _read(name, base=base, inside=())


def _read(name: str, *, base: Path, inside: tuple[str, ...]) -> Contract:
    """Read one contract; ``inside`` are those that are taking their columns from it."""
    path = base / f"{name}.yaml"
    if name in inside:
        raise ContractError(f"{path} takes its columns from itself: {' -> '.join((*inside, name))}.")
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as exc:
        known = ", ".join(contract_names(base))
        raise ContractError(f"There is no contract {name!r} in {base}.", remedy=f"Known: {known}.") from exc
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as exc:
        raise ContractError(f"{path} can't be read as YAML: {exc}") from exc
    try:
        return _parse(document, path=path, base=base, inside=(*inside, name))
    except (KeyError, TypeError, AttributeError) as exc:
        raise ContractError(
            f"{path} does not have the shape of a data contract: {type(exc).__name__}: {exc}.",
            remedy="Compare it with another file of that folder, or with the ODCS v3 schema.",
        ) from exc


def contract_names(folder: Path | None = None) -> list[str]:
    """The names of all contracts, tables first, then model outputs."""
    base = folder or bundled("data_contracts")
    tables = sorted(path.stem for path in base.glob("*.yaml"))
    return tables + sorted(f"outputs/{path.stem}" for path in base.glob("outputs/*.yaml"))


def _parse(document: Any, *, path: Path, base: Path, inside: tuple[str, ...]) -> Contract:
    if not isinstance(document, dict) or document.get("kind") != "DataContract":
        raise ContractError(f"{path} is not an ODCS data contract (kind: DataContract).")
    tables = document.get("schema") or []
    if len(tables) != 1:
        raise ContractError(f"{path} must describe exactly one table, not {len(tables)}.")
    table = tables[0]
    inherited = _custom(table, "columnsFrom") or []
    columns: list[Column] = []
    rules: list[Rule] = []
    for other in inherited:
        parent = _read(str(other), base=base, inside=inside)
        columns += parent.columns
        rules += parent.rules
    own = [_column(entry, path) for entry in table.get("properties") or []]
    columns += own
    _refuse_twice([column.name for column in columns], what="column", path=path)
    rules += [rule for column in own for rule in _implied(column)]
    rules += [_rule(entry, path) for entry in table.get("quality") or []]
    _refuse_twice([rule.name for rule in rules], what="quality rule", path=path)
    return Contract(
        name=table["name"],
        version=str(document["version"]),
        description=str((document.get("description") or {}).get("purpose", "")).strip(),
        columns=tuple(columns),
        rules=tuple(rules),
    )


def _column(entry: dict[str, Any], path: Path) -> Column:
    logical = entry.get("logicalType", "string")
    name = entry["name"]
    if logical not in _SCALARS | {"object", "array"}:
        raise ContractError(f"{path}: column {name!r} has the unknown logicalType {logical!r}.")
    if logical == "array" and "items" not in entry:
        raise ContractError(f"{path}: array column {name!r} does not say its items.")
    return Column(
        name=name,
        logical_type=logical,
        physical_type=entry.get("physicalType", ""),
        description=str(entry.get("description", "")).strip(),
        required=bool(entry.get("required", False)),
        unique=bool(entry.get("unique", False)),
        primary_key=bool(entry.get("primaryKey", False)),
        allowed=tuple(_custom(entry, "allowed") or ()),
        members=tuple(_column(member, path) for member in entry.get("properties") or []),
        element=_column({"name": "element", **entry["items"]}, path) if logical == "array" else None,
    )


def _rule(entry: dict[str, Any], path: Path) -> Rule:
    implementation = entry.get("implementation")
    severity = entry.get("severity", "critical")
    if entry.get("engine") != "greatExpectations" or not isinstance(implementation, dict):
        raise ContractError(f"{path}: quality rule {entry.get('name')!r} is not a Great Expectations rule.")
    if severity not in _SEVERITIES:
        raise ContractError(f"{path}: severity {severity!r} is none of {', '.join(sorted(_SEVERITIES))}.")
    return Rule(
        name=entry["name"],
        expectation=implementation["type"],
        arguments=dict(implementation.get("kwargs") or {}),
        severity=severity,
        description=str(entry.get("description", "")).strip(),
    )


def _implied(column: Column) -> list[Rule]:
    """The rules that a column's own declaration demands."""
    rules = []
    if column.required:
        rules.append(_implied_rule(column, "required", "expect_column_values_to_not_be_null"))
    if column.unique or column.primary_key:
        rules.append(_implied_rule(column, "unique", "expect_column_values_to_be_unique"))
    if column.allowed and column.logical_type == "string":
        rules.append(
            _implied_rule(
                column, "allowed", "expect_column_values_to_be_in_set", value_set=list(column.allowed)
            )
        )
    return rules


def _implied_rule(column: Column, what: str, expectation: str, **more: Any) -> Rule:
    return Rule(
        name=f"{column.name}_{what}",
        expectation=expectation,
        arguments={"column": column.name, **more},
        severity="critical",
        description=column.description,
    )


def _custom(entry: dict[str, Any], name: str) -> Any:
    for custom in entry.get("customProperties") or []:
        if custom.get("property") == name:
            return custom.get("value")
    return None


def _object_schema(columns: tuple[Column, ...]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {column.name: column.json_schema() for column in columns},
        "required": [column.name for column in columns],
        "additionalProperties": False,
    }


def _shape(column: Column) -> list[Any]:
    return [
        column.name,
        column.logical_type,
        column.physical_type,
        column.required,
        column.unique or column.primary_key,
        list(column.allowed),
        [_shape(member) for member in column.members],
        _shape(column.element) if column.element else None,
    ]


def _refuse_twice(names: list[str], *, what: str, path: Path) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ContractError(f"{path}: {what} {', '.join(twice)} stands there twice.")
