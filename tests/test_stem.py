"""Stems: made from pieces of the stored text, the same way every time."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from grandrounds.records.parts import Span
from grandrounds.stem import locate, render, subtract, visible_quote

texts = st.text(alphabet="ab .,\n\t(5)\u00a0", max_size=60)


def _span(text: str, part: str) -> Span:
    start = text.index(part)
    return Span(start=start, end=start + len(part))


def _spans(limit: int) -> st.SearchStrategy[Span]:
    ends = st.tuples(st.integers(0, limit), st.integers(0, limit)).map(sorted)
    return ends.map(lambda pair: Span(start=pair[0], end=pair[1]))


@given(texts, st.lists(st.integers(0, 60), max_size=5))
def test_cutting_a_text_without_leaving_anything_out_changes_no_stem(text: str, cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [Span(start=a, end=b) for a, b in pairwise(edges)]
    whole = render(text, [Span(start=0, end=len(text))])
    assert render(text, pieces) == whole


@given(texts)
def test_a_stem_holds_no_double_space_and_every_visible_character(text: str) -> None:
    stem = render(text, [Span(start=0, end=len(text))])
    assert "  " not in stem
    assert stem == stem.strip()
    assert "".join(stem.split()) == "".join(text.split())


def test_pieces_join_by_space_or_blank_line_as_the_stored_text_says() -> None:
    text = "She had fever (Figure 1).\n\nHe was well. It was a myxoma. He left."
    pieces = [
        _span(text, "She had fever "),
        _span(text, ".\n"),
        _span(text, "He was well."),
        _span(text, "He left."),
    ]
    assert render(text, pieces) == "She had fever.\n\nHe was well. He left."


def test_a_bare_decimal_keeps_its_space() -> None:
    text = "dose .5 mg , daily"
    assert render(text, [Span(start=0, end=len(text))]) == "dose .5 mg, daily"


@given(_spans(40), st.lists(_spans(40), max_size=6))
def test_subtracting_leaves_exactly_what_no_hole_covers(area: Span, holes: list[Span]) -> None:
    left = subtract(area, holes)
    covered = {p for hole in holes for p in range(hole.start, hole.end)}
    kept = [p for span in left for p in range(span.start, span.end)]
    assert kept == [p for p in range(area.start, area.end) if p not in covered]
    assert all(span.start < span.end for span in left)
    assert all(a.end < b.start for a, b in pairwise(left))


def test_a_quote_is_visible_only_whole_inside_one_piece() -> None:
    pieces = [Span(start=0, end=10), Span(start=20, end=30)]
    assert visible_quote("x" * 40, pieces, Span(start=2, end=10))
    assert not visible_quote("x" * 40, pieces, Span(start=8, end=22))
    assert not visible_quote("x" * 40, pieces, Span(start=12, end=15))


def test_a_quote_is_located_whatever_its_white_space_but_word_for_word() -> None:
    text = "He had a\n  large mass. A large  mass was cut."
    found = locate(text, "large mass")
    assert found is not None
    assert found.of(text) == "large mass"
    assert locate(text, "a large mass") == Span(start=7, end=21)
    assert locate(text, "large masses") is None
    assert locate(text, "   ") is None
    assert locate(text, "large mass", [Span(start=22, end=len(text))]) == _span(text, "large  mass")
    assert locate(text, "(.*)") is None
