"""Cross-references are cut out of a stem, and only they."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grandrounds.authoring.references import cross_references, points_elsewhere
from grandrounds.records.case import Mark
from grandrounds.records.parts import Span
from grandrounds.stem import render, subtract
from tests.support.growth import grows_linearly


def without(text: str, *marks: Mark) -> str:
    area = Span(start=0, end=len(text))
    return render(text, subtract(area, cross_references(text, area, marks)))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("The ECG (Figure 1) was normal.", "The ECG was normal."),
        ("A mass was seen (Figure 2(a)).", "A mass was seen."),
        ("A mass was seen (Figures 1(a)-1(b) and 2(a)–2(c)).", "A mass was seen."),
        ("A mass was seen [Fig. 3].", "A mass was seen."),
        ("A mass was seen (Figs. 1 and 2, Table 1).", "A mass was seen."),
        ("A mass was seen (Fig. 1A, arrow).", "A mass was seen."),
        ("A mass was seen (see Fig. 2, white arrowheads).", "A mass was seen."),
        ("A mass (Supplementary Figure S1; Additional file 2) was seen.", "A mass was seen."),
        ("A mass was seen (see Video 1 available online at https://example.org/x).", "A mass was seen."),
        ("A mass (size: 1 × 1 cm; Figure 2(b)) was seen.", "A mass (size: 1 × 1 cm) was seen."),
        (
            "It was Euthasol (390 mg/mL and 50 mg/mL; see Figure 1) and water.",
            "It was Euthasol (390 mg/mL and 50 mg/mL) and water.",
        ),
        (
            "Further tests were done, as shown in Table 2, and were normal.",
            "Further tests were done and were normal.",
        ),
        ("She had further tests as shown in Tables 2 and 3.", "She had further tests."),
        ("There was nothing () to see.", "There was nothing to see."),
        ("There was nothing [,] to see.", "There was nothing to see."),
    ],
)
def test_a_pointer_goes_and_the_sentence_closes(text: str, left: str) -> None:
    assert without(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "The level was low (see above 2 g/L).",
        "Sodium (normal 135–145) was 130 mmol/L.",
        "He could not table the matter; the figure of a man (2 m) stood there.",
        "A bracket (that never closes was seen.",
        "A closing bracket) was seen.",
        "A (left) and a [right] leg.",
        "A panel of tests (A to D) was sent.",
        "Grade III (NYHA) dyspnoea.",
    ],
)
def test_what_tells_of_the_patient_stays(text: str) -> None:
    assert without(text) == text


def test_marked_references_go_with_their_brackets() -> None:
    text = "As others wrote [1, 2], it hurts.1 It was red (3)."
    marks = [Mark(kind="reference", span=Span(start=at, end=at + 1)) for at in (17, 20, 33, 47)]
    assert [mark.span.of(text) for mark in marks] == ["1", "2", "1", "3"]
    assert without(text, *marks) == "As others wrote, it hurts. It was red."


def test_a_marked_figure_in_brackets_goes_whatever_it_is_called() -> None:
    text = "A mass was seen (Abbildung 2)."
    assert without(text, Mark(kind="figure", span=Span(start=17, end=28))) == "A mass was seen."


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("Figure 2 shows a mass.", True),
        ("Results are in Table 1.", True),
        ("The figure was slim.", False),
        ("Two tables stood there.", False),
    ],
)
def test_a_sentence_that_still_points_at_a_figure_is_known(text: str, points: bool) -> None:
    assert points_elsewhere(text, [Span(start=0, end=len(text))]) is points


PARTS = [
    "A mass",
    "(Figure 1)",
    "(",
    ")",
    "[",
    "]",
    "[2]",
    ",",
    ";",
    ".",
    "see Fig. 3(b)",
    "(size: 2 cm; Table 1)",
    "\n\n",
    "was seen",
    "()",
]


@given(st.lists(st.sampled_from(PARTS), max_size=14), st.integers(0, 30))
def test_holes_are_sorted_apart_and_inside_the_area(parts: list[str], start: int) -> None:
    text = " ".join(parts)
    area = Span(start=min(start, len(text)), end=len(text))
    holes = cross_references(text, area)
    assert all(a.end < b.start for a, b in itertools.pairwise(holes))
    assert all(hole.end <= area.end and hole.end > area.start for hole in holes)


@pytest.mark.parametrize(
    "hostile",
    ["(" * 20000, "()" * 10000, "(a" * 10000, "(Figure 1, " * 3000, "Figure 1 and " * 3000, "(1)" * 8000],
)
def test_hostile_brackets_take_no_more_than_linear_time(hostile: str) -> None:
    assert grows_linearly(lambda text: cross_references(text, Span(start=0, end=len(text))), hostile)
