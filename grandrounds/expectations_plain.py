"""The rows that break a rule, where that is plain, by Arrow's own functions.

Great Expectations is the judge of what a rule means. It takes seconds to import and some twenty
milliseconds a rule, so it is asked only where there is any doubt: a kind of rule or an argument not known
here, an empty value where its meaning isn't plain, NaN, types that don't fit. Tests hold that both find the
same rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from grandrounds.contracts import Rule

if TYPE_CHECKING:
    import pyarrow as pa

_CONDITION = "row_condition"
_COMPARISON_KEYS = {"type", "column", "operator", "parameter"}


def rows_breaking(table: pa.Table, rule: Rule) -> list[int] | None:
    """The places (from 0) of the rows of ``table`` that break ``rule``; ``None`` where that isn't plain."""
    import pyarrow as pa
    import pyarrow.compute as pc

    check = _CHECKS.get(rule.expectation)
    if check is None:
        return None
    arguments = {key: value for key, value in rule.arguments.items() if key != _CONDITION}
    try:
        tested = table.select([name for name in table.column_names if name in _named(arguments)])
        if _CONDITION not in rule.arguments:
            return list(pc.indices_nonzero(check(tested, **arguments)).to_pylist())
        asked = pc.indices_nonzero(_mask(table, rule.arguments[_CONDITION]))
        bad = check(tested.take(asked), **arguments)
        return list(asked.filter(bad).to_pylist())
    except (pa.ArrowException, KeyError, TypeError, ValueError, OverflowError):
        return None


def _named(arguments: dict[str, Any]) -> set[str]:
    """The columns that arguments name."""
    named = [arguments.get(key) for key in ("column", "column_A", "column_B")]
    return {name for name in (*named, *arguments.get("column_list", ())) if isinstance(name, str)}


def _mask(table: pa.Table, condition: Any) -> pa.Array:
    """Which rows meet a condition."""
    import pyarrow.compute as pc

    if not isinstance(condition, dict) or set(condition) != _COMPARISON_KEYS:
        raise TypeError("another kind of condition")
    column = _whole(table, condition["column"]["name"])
    if condition["type"] != "comparison" or column.null_count:
        raise TypeError("not plain")
    if condition["operator"] == "IN":
        return pc.is_in(column, value_set=_as_type(condition["parameter"], column.type))
    compare = {"==": pc.equal, "!=": pc.not_equal}[condition["operator"]]
    return compare(column, _as_type([condition["parameter"]], column.type)[0])


# Each gives a mask of the rows that are wrong. They take the arguments of their expectation by name; one
# that they don't know is a TypeError, as is all else that isn't plain.


def _not_null(table: pa.Table, *, column: str) -> pa.Array:
    import pyarrow.compute as pc

    return pc.is_null(_whole(table, column, nested=True))


def _null(table: pa.Table, *, column: str) -> pa.Array:
    import pyarrow.compute as pc

    return pc.is_valid(_whole(table, column, nested=True))


def _unique(table: pa.Table, *, column: str) -> pa.Array:
    import pyarrow.compute as pc

    values = _whole(table, column)
    _refuse_fractions(values)
    counted = pc.value_counts(values.drop_null())
    twice = counted.field("values").filter(pc.greater(counted.field("counts"), 1))
    return pc.and_(pc.is_valid(values), pc.is_in(values, value_set=twice))


def _unique_together(table: pa.Table, *, column_list: list[str]) -> pa.Array:
    import pyarrow as pa

    for name in column_list:
        values = _whole(table, name)
        _refuse_fractions(values)
        if values.null_count:
            raise TypeError("has empty values")
    if table.select(column_list).group_by(column_list).aggregate([]).num_rows != table.num_rows:
        raise TypeError("not plain which")
    return pa.repeat(pa.scalar(False), table.num_rows)


def _in_set(table: pa.Table, *, column: str, value_set: list[Any]) -> pa.Array:
    import pyarrow.compute as pc

    values = _whole(table, column)
    return pc.and_(pc.is_valid(values), pc.invert(_members(values, value_set)))


def _not_in_set(table: pa.Table, *, column: str, value_set: list[Any]) -> pa.Array:
    return _members(_whole(table, column), value_set)


def _members(values: pa.Array, value_set: list[Any]) -> pa.Array:
    import pyarrow.compute as pc

    _refuse_fractions(values)
    return pc.is_in(values, value_set=_as_type(value_set, values.type))


def _between(
    table: pa.Table, *, column: str, min_value: float | None = None, max_value: float | None = None
) -> pa.Array:
    import pyarrow.types as is_

    values = _whole(table, column)
    if not (is_.is_integer(values.type) or is_.is_floating(values.type)):
        raise TypeError("no number")
    return _outside(values, min_value, max_value)


def _lengths_between(
    table: pa.Table, *, column: str, min_value: int | None = None, max_value: int | None = None
) -> pa.Array:
    if any(isinstance(end, float) for end in (min_value, max_value)):
        raise TypeError("no whole number")
    return _outside(_lengths(table, column), min_value, max_value)


def _lengths_equal(table: pa.Table, *, column: str, value: int) -> pa.Array:
    return _outside(_lengths(table, column), value, value)


def _lengths(table: pa.Table, column: str) -> pa.Array:
    """Of texts in characters, of lists in elements."""
    import pyarrow.compute as pc
    import pyarrow.types as is_

    values = _whole(table, column, nested=True)
    if is_.is_list(values.type) or is_.is_large_list(values.type):
        return pc.list_value_length(values)
    _refuse_but_text(values)
    return pc.utf8_length(values)


def _outside(values: pa.Array, low: Any, high: Any) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as is_

    ends = [end for end in (low, high) if end is not None]
    if not ends or any(isinstance(end, bool) or not isinstance(end, int | float) for end in ends):
        raise TypeError("no ends")
    if len(ends) == 2 and low > high:
        raise TypeError("the wrong way round")
    if is_.is_floating(values.type) and pc.any(pc.is_nan(values), min_count=0).as_py():
        raise TypeError("not a number")
    bad = pa.repeat(pa.scalar(False), len(values))
    if low is not None:
        bad = pc.or_(bad, pc.less(values, low))
    if high is not None:
        bad = pc.or_(bad, pc.greater(values, high))
    return pc.fill_null(bad, False)


def _matches(table: pa.Table, *, column: str, regex: str) -> pa.Array:
    import pyarrow.compute as pc

    values = _whole(table, column)
    _refuse_but_text(values)
    try:
        re.compile(regex)  # RE2 takes some that Python, and so the judge, doesn't
    except re.error as exc:
        raise TypeError("no expression") from exc
    bad = pc.invert(pc.match_substring_regex(values, regex))
    if pc.any(bad, min_count=0).as_py():
        raise TypeError("the two dialects may not agree")
    return pc.fill_null(bad, False)


def _a_above_b(table: pa.Table, *, column_A: str, column_B: str, or_equal: bool = False) -> pa.Array:  # noqa: N803
    import pyarrow.compute as pc
    import pyarrow.types as is_

    one, other = _whole(table, column_A), _whole(table, column_B)
    if one.null_count or other.null_count or one.type != other.type:
        raise TypeError("has empty values, or of two types")
    if is_.is_floating(one.type) and any(pc.any(pc.is_nan(n), min_count=0).as_py() for n in (one, other)):
        raise TypeError("not a number")
    return pc.invert((pc.greater_equal if or_equal else pc.greater)(one, other))


def _whole(table: pa.Table, name: str, *, nested: bool = False) -> pa.Array:
    import pyarrow.types as is_

    column = table.column(name)
    if is_.is_nested(column.type) and not nested:
        raise TypeError("is nested")
    return column.combine_chunks()


def _as_type(values: list[Any], kind: pa.DataType) -> pa.Array:
    import pyarrow as pa

    found = pa.array(values)
    if found.null_count or not len(found) or found.type != kind:
        raise TypeError("not of the column's type")
    return found


def _refuse_fractions(values: pa.Array) -> None:
    import pyarrow.types as is_

    if is_.is_floating(values.type):
        raise TypeError("equal or not is not plain")


def _refuse_but_text(values: pa.Array) -> None:
    import pyarrow.types as is_

    if not (is_.is_string(values.type) or is_.is_large_string(values.type)):
        raise TypeError("no text")


_CHECKS: dict[str, Callable[..., Any]] = {
    "expect_column_values_to_not_be_null": _not_null,
    "expect_column_values_to_be_null": _null,
    "expect_column_values_to_be_unique": _unique,
    "expect_compound_columns_to_be_unique": _unique_together,
    "expect_column_values_to_be_in_set": _in_set,
    "expect_column_values_to_not_be_in_set": _not_in_set,
    "expect_column_values_to_be_between": _between,
    "expect_column_value_lengths_to_be_between": _lengths_between,
    "expect_column_value_lengths_to_equal": _lengths_equal,
    "expect_column_values_to_match_regex": _matches,
    "expect_column_pair_values_a_to_be_greater_than_b": _a_above_b,
}
