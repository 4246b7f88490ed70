"""Spans, locators, ids and the funnel's rule."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grandrounds.records.case import Case, Section
from grandrounds.records.envelope import Draft, content_sha256, item_id
from grandrounds.records.funnel import FunnelStep, ReasonCount, problems
from grandrounds.records.parts import Authorship, Evidence, Locator, Media, Span

DRAFT = Draft(
    draft_id="d",
    recipe="demo",
    task="diagnosis_mcq",
    evidence_id="c",
    source_id="s",
    group_id="g",
    stem="A man.",
    question="What is it?",
    options=("myxoma", "fibroma", "lipoma"),
    answer="myxoma",
    answer_index=0,
    language="en",
    licence="CC-BY-4.0",
    authorship=Authorship(author="rule", author_version="1"),
    evidence=(
        Evidence(
            role="support",
            source_id="s",
            evidence_id="c",
            quote="A man",
            locator=Locator.chars(Span(start=0, end=5)),
        ),
    ),
)


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (3, 2), (-2, -1)])
def test_an_impossible_span_is_refused(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="0 <= start <= end"):
        Span(start=start, end=end)


@given(st.text(max_size=20), st.integers(0, 20), st.integers(0, 20))
def test_a_span_covers_as_many_characters_as_it_is_long(text: str, one: int, other: int) -> None:
    span = Span(start=min(one, other, len(text)), end=min(max(one, other), len(text)))
    assert len(span.of(text)) == span.end - span.start
    assert span.contains(span)


def test_only_a_character_locator_has_a_span() -> None:
    assert Locator.chars(Span(start=2, end=3)).span == Span(start=2, end=3)
    assert Locator(kind="page_box", page=1, start=1, end=2).span is None
    assert Locator(kind="char_span", start=1).span is None


def test_the_item_id_does_not_depend_on_the_order_of_options_nor_on_who_wrote_it() -> None:
    shuffled = replace(DRAFT, options=("lipoma", "myxoma", "fibroma"), answer_index=1)
    other_author = replace(DRAFT, authorship=Authorship(author="model", author_version="9", model="m"))
    assert item_id(DRAFT) == item_id(shuffled) == item_id(other_author)


@pytest.mark.parametrize(
    "change",
    [
        {"stem": "A woman."},
        {"question": "Why?"},
        {"answer": "fibroma"},
        {"options": ("myxoma", "fibroma", "glioma")},
        {"task": "diagnosis_open"},
        {"recipe": "other"},
        {"source_id": "t"},
        {"media": (Media(sha256="a", kind="image", mime="image/png", name="x"),)},
    ],
)
def test_whatever_the_solver_is_asked_changes_the_item_id(change: dict[str, object]) -> None:
    changed = replace(DRAFT, **change)  # type: ignore[arg-type]
    assert item_id(changed) != item_id(DRAFT)
    assert content_sha256(changed) != content_sha256(DRAFT)


@pytest.mark.parametrize(
    "change", [{"rationale": "Because."}, {"answer_aliases": ("MX",)}, {"evidence": ()}]
)
def test_what_only_a_reviewer_judges_changes_the_content_hash_alone(change: dict[str, object]) -> None:
    changed = replace(DRAFT, **change)  # type: ignore[arg-type]
    assert item_id(changed) == item_id(DRAFT)
    assert content_sha256(changed) != content_sha256(DRAFT)


def test_a_case_has_its_own_sections_and_the_shared_ones() -> None:
    def section(number: int | None) -> Section:
        return Section(kind="other", title="", path=(), span=Span(start=0, end=1), case_number=number)

    case = Case(
        evidence_id="c",
        source_id="s",
        case_number=2,
        case_count=2,
        title="T",
        text="x",
        text_sha256="0",
        sections=(section(None), section(1), section(2)),
        language="en",
        licence="unknown",
        group_id="g",
    )
    assert [s.case_number for s in case.own_sections()] == [None, 2]


STEP = FunnelStep(
    recipe="demo",
    position=1,
    step="draft",
    unit="draft",
    entered=5,
    left=3,
    refused=(ReasonCount(reason="no_stem", count=2),),
    expected=5,
)


def test_a_funnel_that_adds_up_has_no_problems() -> None:
    assert problems([STEP]) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"left": 2}, "neither left nor were refused"),
        ({"left": 4}, "neither left nor were refused"),
        ({"expected": 6}, "the step before sent 6"),
        ({"entered": 4, "expected": 4}, "neither left nor were refused"),
        ({"left": 7, "refused": (ReasonCount(reason="no_stem", count=-2),)}, "negative"),
    ],
)
def test_whatever_does_not_add_up_is_a_sentence(change: dict[str, object], words: str) -> None:
    (sentence,) = problems([replace(STEP, **change)])  # type: ignore[arg-type]
    assert words in sentence
    assert "draft" in sentence
