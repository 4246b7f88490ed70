"""Records to tables and back: nothing changes on the way, and nothing wrong gets in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grandrounds.contracts import contract
from grandrounds.errors import ContractError
from grandrounds.records.case import Case, CaseTable, Figure, Mark, Section
from grandrounds.records.envelope import Candidate, Draft, Item, Revision
from grandrounds.records.funnel import FunnelStep, ReasonCount
from grandrounds.records.parts import Locator, Media, Span
from grandrounds.records.rejection import Rejection
from grandrounds.records.review_event import ReviewEvent
from grandrounds.records.source import Source
from grandrounds.records.table import from_table, to_table

TABLES = {
    "cases": Case,
    "candidates": Candidate,
    "drafts": Draft,
    "funnel": FunnelStep,
    "items": Item,
    "rejections": Rejection,
    "review_events": ReviewEvent,
    "revisions": Revision,
    "sources": Source,
}

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
whole = st.integers(-(2**63), 2**63 - 1)
spans = st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)).map(
    lambda pair: Span(start=min(pair), end=max(pair))
)
moments = st.datetimes(
    min_value=datetime(1900, 1, 1),
    max_value=datetime(2200, 1, 1),
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))]),
)
for kind, strategy in (
    (str, text),
    (int, whole),
    (float, st.floats(allow_nan=False)),
    (Span, spans),
    (datetime, moments),
):
    st.register_type_strategy(kind, strategy)


@pytest.mark.parametrize("name", sorted(TABLES))
def test_any_record_comes_back_from_its_table_as_it_went_in(name: str) -> None:
    record_type = TABLES[name]

    @settings(max_examples=25, deadline=None)
    @given(st.lists(st.builds(record_type), max_size=4))
    def holds(records: list[object]) -> None:
        made = to_table(records, contract(name))
        assert made.schema == contract(name).arrow_schema()
        assert from_table(record_type, made) == records

    holds()


def _rejection(**more: object) -> Rejection:
    sound = Rejection(
        rejection_id="r",
        recipe="demo",
        stage="gates",
        gate="types",
        reason="why",
        subject_id="s",
        source_id="x",
    )
    return replace(sound, **more)  # type: ignore[arg-type]


def test_no_rows_make_an_empty_table_with_all_columns() -> None:
    made = to_table([], contract("items"))
    assert made.num_rows == 0
    assert made.schema == contract("items").arrow_schema()
    assert from_table(Item, made) == []


def test_a_missing_required_value_is_refused_by_row_and_column() -> None:
    with pytest.raises(ContractError, match=r"'rejections': row 'b' has no 'reason'"):
        to_table([_rejection(), _rejection(rejection_id="b", reason=None)], contract("rejections"))


@pytest.mark.parametrize("wrong", [7, 1.5, b"bytes", ["list"], {"a": 1}, "\ud800"])
def test_a_value_of_the_wrong_type_is_refused(wrong: object) -> None:
    with pytest.raises(ContractError, match="rejections"):
        to_table([_rejection(reason=wrong)], contract("rejections"))


@pytest.mark.parametrize("wrong", ["7", 1.5, 2**63, None])
def test_a_number_of_the_wrong_kind_is_refused(wrong: object) -> None:
    step = FunnelStep(recipe="demo", position=0, step="x", unit="file", entered=1, left=1)
    with pytest.raises(ContractError, match="funnel"):
        to_table([replace(step, entered=wrong)], contract("funnel"))  # type: ignore[arg-type]


def test_rows_of_two_kinds_are_refused() -> None:
    step = FunnelStep(recipe="demo", position=0, step="x", unit="file", entered=1, left=1)
    with pytest.raises(ContractError, match="several kinds: FunnelStep, Rejection"):
        to_table([_rejection(), step], contract("rejections"))


def test_a_record_of_another_table_is_refused() -> None:
    with pytest.raises(ContractError, match=r"has no column .*gate"):
        to_table([_rejection()], contract("funnel"))


def test_reading_forgives_newer_columns_and_fills_older_gaps() -> None:
    table = to_table([_rejection()], contract("rejections"))
    newer = table.append_column("colour", pa.array(["red"]))
    older = table.drop_columns(["row", "task"])
    assert from_table(Rejection, newer) == [_rejection()]
    assert from_table(Rejection, older) == [_rejection()]


def test_reading_a_table_without_a_needed_column_names_the_field() -> None:
    table = to_table([_rejection()], contract("rejections")).drop_columns(["gate"])
    with pytest.raises(ContractError, match=r"Rejection.*row 0, field gate.*build it again"):
        from_table(Rejection, table)


def test_reading_a_span_that_ends_before_it_starts_is_refused() -> None:
    schema = contract("cases").arrow_schema()
    assert "marks" in schema.names
    table = pa.table({"mark": pa.array([{"start": 9, "end": 2}])})
    with pytest.raises(ContractError):
        from_table(Mark, table)


def test_times_of_other_zones_are_the_same_moment_in_utc() -> None:
    there = datetime(2026, 1, 1, 5, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    event = ReviewEvent(
        event_id="e",
        recipe="demo",
        item_id="i",
        content_sha256="0" * 64,
        reviewer="reviewer-a",
        role="reviewer",
        decision="accept",
        created_at=there,
    )
    (read,) = from_table(ReviewEvent, to_table([event], contract("review_events")))
    assert read.created_at == datetime(2026, 1, 1, tzinfo=UTC)


def test_a_deep_case_comes_back_whole() -> None:
    case = Case(
        evidence_id="c",
        source_id="s",
        case_number=1,
        case_count=1,
        title="T",
        text="abc \U0001f600 def",
        text_sha256="0" * 64,
        sections=(Section(kind="history", title="H", path=("A", "H"), span=Span(start=0, end=3)),),
        figures=(
            Figure(
                figure_id="f",
                label="Figure 1",
                caption="",
                media_sha256=("ab",),
                mentions=(Span(start=1, end=2),),
            ),
        ),
        tables=(
            CaseTable(table_id="t", label="", caption="", span=Span(start=0, end=1), rows=(("a", ""), ())),
        ),
        language="en",
        licence="CC-BY-4.0",
        published=date(2016, 1, 2),
        group_id="g",
    )
    assert from_table(Case, to_table([case], contract("cases"))) == [case]


def test_funnel_reasons_and_media_locators_survive() -> None:
    step = FunnelStep(
        recipe="demo",
        position=0,
        step="x",
        unit="file",
        entered=2,
        left=1,
        refused=(ReasonCount(reason="failed", count=1),),
    )
    assert from_table(FunnelStep, to_table([step], contract("funnel"))) == [step]
    media = Media(
        sha256="a", kind="image", mime="image/png", name="x", locator=Locator.chars(Span(start=1, end=4))
    )
    assert media.locator is not None
    assert media.locator.span == Span(start=1, end=4)
