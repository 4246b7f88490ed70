"""Runs a contract's rules on a table: the shape and what is plain by ourselves, the rest by Great
Expectations 1.x.

Importing Great Expectations takes seconds, so nothing here does it before a rule needs it. It is
given a pandas frame whose columns lie in Arrow memory. It measures lists by the length of their
printed text, so a list column reaches it as a text with one character an element: rules about
lengths then mean what they say, and other rules about nested columns are refused.
"""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from grandrounds.contracts import Contract, Rule
from grandrounds.errors import ContractError
from grandrounds.expectations_plain import rows_breaking

if TYPE_CHECKING:
    import pyarrow as pa

SHOWN = 20
_EXAMPLES = 5
_EXAMPLE_CHARACTERS = 80
_NULLS = "_be_null"  # of what is or isn't empty there is nothing to show
_LENGTHS = "expect_column_value_lengths_"
_COLUMN_KEYS = ("column", "column_A", "column_B", "column_list", "column_set")
_lock = threading.Lock()
_batches: list[Any] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFailure:
    """One rule that a table breaks.

    ``severity`` is ``critical``, ``warning`` or ``info``; ``count`` says how many rows break it (0
    for a rule about the table as a whole); ``row_ids`` are the primary keys of the first 20 of
    them (``row 7``, 0-based, where the contract has no key); ``examples`` a few of their values.
    """

    rule: str
    severity: str
    description: str
    column: str = ""
    count: int = 0
    row_ids: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationReport:
    """What a table breaks of its contract; ``passed`` when nothing critical."""

    contract: str
    version: str
    rows: int
    failures: tuple[RuleFailure, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the table may be used: warnings alone don't stop it."""
        return all(failure.severity != "critical" for failure in self.failures)


def validate(table: pa.Table, contract: Contract) -> ValidationReport:
    """Check ``table`` against ``contract``: columns and types, then every rule.

    Rules about a column that is missing or of another type are not run: that failure says it all.
    Raises ``ContractError`` when a rule itself can't be run (it names a column that isn't there,
    or arguments that Great Expectations doesn't know).
    """
    failures, broken = _shape_failures(table, contract)
    runnable = [rule for rule in contract.rules if not broken & set(_columns(rule))]
    if table.num_rows:
        failures += _rule_failures(table, contract, runnable, broken)
    return ValidationReport(
        contract=contract.name, version=contract.version, rows=table.num_rows, failures=tuple(failures)
    )


# The shape, without Great Expectations --------------------------------------------------------------


def _shape_failures(table: pa.Table, contract: Contract) -> tuple[list[RuleFailure], set[str]]:
    wanted = {column.name: column.arrow_type() for column in contract.columns}
    failures, broken = [], set()
    for name, kind in wanted.items():
        if table.column_names.count(name) > 1:
            broken.add(name)
            failures.append(_shape("column_twice", name, f"Column {name!r} stands there twice."))
        elif name not in table.column_names:
            broken.add(name)
            failures.append(_shape("column_missing", name, f"There is no column {name!r}."))
        elif not _same_type(table.schema.field(name).type, kind):
            broken.add(name)
            found = table.schema.field(name).type
            failures.append(_shape("column_type", name, f"Column {name!r} is {found}, not {kind}."))
    for name in table.column_names:
        if name not in wanted:
            failures.append(_shape("column_unknown", name, f"The contract has no column {name!r}."))
    return failures, broken


def _shape(rule: str, column: str, description: str) -> RuleFailure:
    return RuleFailure(rule=rule, severity="critical", description=description, column=column)


def _same_type(found: pa.DataType, wanted: pa.DataType) -> bool:
    """Whether two types hold the same values: 64-bit offsets of large strings and lists don't matter."""
    import pyarrow.types as is_

    if is_.is_struct(wanted):
        return (
            is_.is_struct(found)
            and [f.name for f in found] == [f.name for f in wanted]
            and all(_same_type(a.type, b.type) for a, b in zip(found, wanted, strict=True))
        )
    if is_.is_list(wanted):
        return (is_.is_list(found) or is_.is_large_list(found)) and _same_type(
            found.value_type, wanted.value_type
        )
    if is_.is_string(wanted):
        return bool(is_.is_string(found) or is_.is_large_string(found))
    if is_.is_binary(wanted):
        return bool(is_.is_binary(found) or is_.is_large_binary(found))
    return bool(found == wanted)


# The rules ------------------------------------------------------------------------------------------


def _rule_failures(
    table: pa.Table, contract: Contract, rules: Sequence[Rule], broken: set[str]
) -> list[RuleFailure]:
    """In the order of the rules."""
    found = {}
    doubtful = []
    for rule in rules:
        rows = rows_breaking(table, rule)
        if rows is None:
            doubtful.append(rule)
        elif rows:
            seen = [] if _NULLS in rule.expectation else _values(table, rule, rows)
            found[rule.name] = _failure(rule, table, contract, broken, rows=rows, examples=seen)
    if doubtful:
        found |= _judged(table, contract, doubtful, broken)
    return [found[rule.name] for rule in rules if rule.name in found]


def _values(table: pa.Table, rule: Rule, rows: Sequence[int]) -> list[Any]:
    """Some of what stands in rows that are wrong."""
    columns = [
        name
        for name in _columns(rule)
        if name not in _condition_columns(rule.arguments.get("row_condition"))
    ]
    shown = [table.column(name).take(list(rows[:_EXAMPLES])).to_pylist() for name in columns]
    return shown[0] if len(shown) == 1 else list(zip(*shown, strict=True))


def _judged(
    table: pa.Table, contract: Contract, rules: Sequence[Rule], broken: set[str]
) -> dict[str, RuleFailure]:
    """By Great Expectations: the rules that are broken, by name."""
    frame = _frame(table, contract, rules, broken)
    with _lock:
        gx, batches = _great_expectations()
        batch = batches.get_batch({"dataframe": frame})
        expectations = [_expectation(rule, contract) for rule in rules]
        suite = gx.ExpectationSuite(name=contract.name, expectations=expectations)
        with warnings.catch_warnings():
            # What the library warns of concerns itself, not the data that is judged here.
            warnings.simplefilter("ignore")
            result = batch.validate(suite, result_format={"result_format": "COMPLETE"})
    by_name = {outcome.expectation_config.meta["rule"]: outcome for outcome in result.results}
    failures = {}
    for rule in rules:
        outcome = by_name[rule.name]
        _refuse_raised(rule, contract, outcome)
        if not outcome.success:
            rows = [int(index) for index in outcome.result.get("unexpected_index_list") or ()]
            seen = outcome.result.get("partial_unexpected_list") or _observed(outcome.result)
            failures[rule.name] = _failure(rule, table, contract, broken, rows=rows, examples=seen)
    return failures


def _frame(table: pa.Table, contract: Contract, rules: Sequence[Rule], broken: set[str]) -> Any:
    """The columns that rules look at, as pandas over Arrow memory; nested ones as stand-ins.

    No others, for the library hashes and filters whole frames. A rule about the table as a whole,
    or with a condition in words, gets every plain column.
    """
    import pandas as pd
    import pyarrow as pa
    import pyarrow.types as is_

    tested: dict[str, list[Rule]] = {}
    for rule in rules:
        for name in _columns(rule):
            tested.setdefault(name, []).append(rule)
    everything = any(
        not _columns(rule) or isinstance(rule.arguments.get("row_condition"), str) for rule in rules
    )
    columns = {}
    for column in contract.columns:
        if column.name in broken or not (everything or column.name in tested):
            continue
        values = table.column(column.name)
        if not is_.is_nested(values.type):
            columns[column.name] = values
            continue
        for rule in tested.get(column.name, ()):
            if not rule.expectation.startswith(_LENGTHS) or column.logical_type != "array":
                raise _unusable(
                    rule, contract, f"{column.name!r} is nested; only an array's length can be tested"
                )
        if column.name in tested:
            columns[column.name] = _lengths(values)
    return pa.table(columns).to_pandas(types_mapper=pd.ArrowDtype)


def _lengths(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """A text of as many characters as each list has elements."""
    import pyarrow as pa
    import pyarrow.compute as pc

    dots = pa.scalar(".")
    return pc.binary_repeat(dots, pc.list_value_length(values))


def _great_expectations() -> tuple[Any, Any]:
    """The library and one batch definition, made once a process: quiet, in memory, offline."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx

    if not _batches:
        context: Any = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False}
        source = context.data_sources.add_pandas("grandrounds")
        _batches.append(source.add_dataframe_asset("table").add_batch_definition_whole_dataframe("whole"))
    return gx, _batches[0]


def _expectation(rule: Rule, contract: Contract) -> Any:
    from great_expectations.exceptions.exceptions import GreatExpectationsError
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
    from great_expectations.expectations.metadata_types import FailureSeverity

    try:
        return ExpectationConfiguration(
            type=rule.expectation,
            kwargs=dict(rule.arguments),
            meta={"rule": rule.name},
            severity=FailureSeverity(rule.severity),
        ).to_domain_obj()
    except (GreatExpectationsError, ValueError, TypeError) as exc:
        raise _unusable(rule, contract, " ".join(str(exc).split())) from exc


def _refuse_raised(rule: Rule, contract: Contract, outcome: Any) -> None:
    """An expectation that raised says nothing about the data: the rule itself is wrong."""
    information = outcome.exception_info or {}
    parts = [information, *(part for part in information.values() if isinstance(part, dict))]
    for part in parts:
        if part.get("raised_exception"):
            raise _unusable(rule, contract, str(part.get("exception_message")))


def _unusable(rule: Rule, contract: Contract, why: str) -> ContractError:
    return ContractError(
        f"data_contracts/{contract.name}.yaml: "
        f"rule {rule.name!r} ({rule.expectation}) can't be run: {why}.",
        remedy="Correct the rule's `implementation` in that file.",
    )


# Failures -------------------------------------------------------------------------------------------


def _failure(
    rule: Rule,
    table: pa.Table,
    contract: Contract,
    broken: set[str],
    *,
    rows: Sequence[int],
    examples: Iterable[Any],
) -> RuleFailure:
    key = contract.primary_key if contract.primary_key not in broken else None
    shown = sorted(set(rows))[:SHOWN]
    if key:
        values = table.column(key).take(shown).to_pylist() if shown else []
        ids = [
            f"row {row}" if value is None else str(value) for row, value in zip(shown, values, strict=True)
        ]
    else:
        ids = [f"row {row}" for row in shown]
    return RuleFailure(
        rule=rule.name,
        severity=rule.severity,
        description=rule.description,
        column=", ".join(_columns(rule)),
        count=len(set(rows)),
        row_ids=tuple(ids),
        examples=tuple(str(example)[:_EXAMPLE_CHARACTERS] for example in list(examples)[:_EXAMPLES]),
    )


def _columns(rule: Rule) -> tuple[str, ...]:
    """The columns a rule tests or looks at to choose its rows."""
    names: list[str] = []
    for key in _COLUMN_KEYS:
        value = rule.arguments.get(key)
        names += [value] if isinstance(value, str) else list(value or ())
    names += _condition_columns(rule.arguments.get("row_condition"))
    return tuple(dict.fromkeys(names))


def _condition_columns(condition: Any) -> list[str]:
    if isinstance(condition, dict):
        column = condition.get("column")
        inner = [name for part in condition.get("conditions") or () for name in _condition_columns(part)]
        return ([column["name"]] if isinstance(column, dict) and "name" in column else []) + inner
    return []


def _observed(result: dict[str, Any]) -> list[Any]:
    return [result["observed_value"]] if "observed_value" in result else []
