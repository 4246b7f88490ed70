"""The rows that plainly break a rule are those that Great Expectations finds."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grandrounds.contracts import Column, Contract, Rule, contract, contract_names
from grandrounds.expectations import validate
from grandrounds.expectations_plain import rows_breaking
from grandrounds.records.table import to_table
from tests.support.factories import world

CONTRACT = Contract(
    name="planted",
    version="1.0.0",
    description="Texts, numbers and a list.",
    columns=(
        Column(name="word", logical_type="string", description="A text."),
        Column(name="other", logical_type="string", description="Another."),
        Column(name="number", logical_type="number", description="A number."),
        Column(name="more", logical_type="number", description="Another."),
        Column(name="count", logical_type="integer", description="A whole number."),
        Column(name="flag", logical_type="boolean", description="Yes or no."),
    ),
)
KINDS = {column.name: column.arrow_type() for column in CONTRACT.columns}

words = st.sampled_from(["", "a", "ab", "ok", "refused", "é", "a\n", "42", "ab ab", "𝄞"])
numbers = st.sampled_from([0.0, -0.0, 1.0, 2.5, -3.0, float("nan"), float("inf"), 1e300])
counts = st.integers(-2, 3)
ends = st.one_of(st.none(), st.integers(-2, 4), st.sampled_from([0.5, 1.0, 2.5]))
conditions = st.one_of(
    st.builds(
        lambda column, operator, parameter: {
            "type": "comparison", "column": {"name": column}, "operator": operator, "parameter": parameter,
        },
        st.just("word"), st.sampled_from(["==", "!="]), words,
    ),
    st.builds(
        lambda parameter: {
            "type": "comparison", "column": {"name": "word"}, "operator": "IN", "parameter": parameter,
        },
        st.lists(words, min_size=1),
    ),
    st.builds(
        lambda operator, parameter: {
            "type": "comparison", "column": {"name": "flag"}, "operator": operator, "parameter": parameter,
        },
        st.sampled_from(["==", "!="]), st.booleans(),
    ),
)  # fmt: skip


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    rows = draw(st.integers(1, 5))
    empty = draw(st.booleans())

    def column(values: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(st.none() | values if empty else values, min_size=rows, max_size=rows))

    made = {
        "word": column(words), "other": column(words), "number": column(numbers), "more": column(numbers),
        "count": column(counts), "flag": column(st.booleans()),
    }  # fmt: skip
    return pa.table({name: pa.array(values, type=KINDS[name]) for name, values in made.items()})


def _between(columns: list[str], expectation: str) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    made = st.fixed_dictionaries(
        {"column": st.sampled_from(columns)}, optional={"min_value": ends, "max_value": ends}
    )
    return st.tuples(st.just(expectation), made)


def _about(expectation: str, **arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.tuples(st.just(expectation), st.fixed_dictionaries(arguments))


ANY = st.sampled_from(sorted(KINDS))
TEXT = st.sampled_from(["word", "other"])
asked = st.one_of(
    _about("expect_column_values_to_not_be_null", column=ANY),
    _about("expect_column_values_to_be_null", column=ANY),
    _about("expect_column_values_to_be_unique", column=ANY),
    _about("expect_compound_columns_to_be_unique", column_list=st.just(["word", "count"])),
    _about("expect_column_values_to_be_in_set", column=TEXT, value_set=st.lists(words, min_size=1)),
    _about("expect_column_values_to_not_be_in_set", column=TEXT, value_set=st.lists(words, min_size=1)),
    _about("expect_column_values_to_be_in_set", column=st.just("count"), value_set=st.lists(counts, min_size=1)),
    _about(
        "expect_column_values_to_match_regex",
        column=TEXT, regex=st.sampled_from(["^a", "^[a-z]+$", "b$", "^.{2}$", r"\d", "^(ok|refused)$", ""]),
    ),
    _between(["number", "count", "more"], "expect_column_values_to_be_between"),
    _between(["word", "other"], "expect_column_value_lengths_to_be_between"),
    _about("expect_column_value_lengths_to_equal", column=TEXT, value=st.integers(0, 3)),
    _about(
        "expect_column_pair_values_a_to_be_greater_than_b",
        column_A=st.just("number"), column_B=st.just("more"), or_equal=st.booleans(),
    ),
)  # fmt: skip
PAIRED = {"expect_compound_columns_to_be_unique", "expect_column_pair_values_a_to_be_greater_than_b"}


@given(table=tables(), about=asked, condition=st.none() | conditions)
@settings(max_examples=300)
def test_what_is_plain_is_what_the_judge_says(
    table: pa.Table, about: tuple[str, dict[str, Any]], condition: dict[str, Any] | None
) -> None:
    expectation, arguments = about
    if condition is not None and expectation not in PAIRED:
        arguments = {**arguments, "row_condition": condition}
    rule = Rule(name="asked", expectation=expectation, arguments=arguments, severity="critical")
    rows = rows_breaking(table, rule)
    if rows is None:
        return
    made = Contract(
        name=CONTRACT.name, version="1.0.0", description="", columns=CONTRACT.columns, rules=(rule,)
    )
    with patch("grandrounds.expectations.rows_breaking", return_value=None):
        judged = validate(table, made).failures
    assert [failure.row_ids for failure in judged] == (
        [tuple(f"row {row}" for row in rows)] if rows else []
    )


@pytest.mark.parametrize("name", ["cases", "candidates", "sources", "rejections"])
def test_a_sound_table_is_seen_to_be_sound(name: str) -> None:
    table = to_table(getattr(world(6), name), contract(name))
    assert [rule.name for rule in contract(name).rules if rows_breaking(table, rule) != []] == []


def test_every_kind_of_rule_in_the_contracts_is_known() -> None:
    """A kind that isn't costs every build the seconds of the import: write it down in both places."""
    from grandrounds.expectations_plain import _CHECKS

    used = {
        rule.expectation for name in contract_names() if "/" not in name for rule in contract(name).rules
    }
    assert used <= set(_CHECKS)


@pytest.mark.parametrize(
    ("expectation", "arguments"),
    [
        ("expect_column_values_to_be_unique", {"column": "word", "mostly": 0.5}),
        ("expect_column_values_to_be_unique", {"column": "nosuch"}),
        ("expect_column_values_to_be_between", {"column": "word", "min_value": 0}),
        ("expect_column_values_to_be_between", {"column": "count"}),
        ("expect_column_values_to_match_regex", {"column": "word", "regex": "(("}),
        ("expect_column_values_to_match_regex", {"column": "word", "regex": r"\z"}),
        ("expect_column_values_to_be_in_set", {"column": "word", "value_set": []}),
        ("expect_column_values_to_not_be_null", {"column": "word", "row_condition": 'count > "0"'}),
        ("expect_nosuch_thing", {"column": "word"}),
    ],
)
def test_what_is_not_plain_is_left_to_the_judge(expectation: str, arguments: dict[str, Any]) -> None:
    table = pa.table({"word": ["a", "b"], "count": pa.array([1, 2], pa.int64())})
    rule = Rule(name="asked", expectation=expectation, arguments=arguments, severity="critical")
    assert rows_breaking(table, rule) is None
