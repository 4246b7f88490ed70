"""Ages, words and charts of the weekly report."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from grandrounds.weekly_report import drawing, wording
from grandrounds.weekly_report.ages import BINS, ages_of
from grandrounds.weekly_report.release_facts import ItemFact, agreement_in
from grandrounds.weekly_report.rendering import _style
from grandrounds.weeks import Week

END = date(2026, 11, 23)


def item(days: int | None, *, new: bool = False, source: str = "s") -> ItemFact:
    born = None if days is None else END - timedelta(days=days)
    return ItemFact(item_id="i", source_id=source, task="t", split="test", labels=(), born=born, new=new)


class TestAges:
    def test_each_bin_holds_its_upper_end(self) -> None:
        for place, (most, _, _) in enumerate(BINS):
            assert ages_of([item(most)], end=END, first_public={}).bins[place] == (1, 0)
            assert ages_of([item(most + 1, new=True)], end=END, first_public={}).bins[place + 1] == (0, 1)

    def test_first_publication_wins_over_the_print_date(self) -> None:
        told = ages_of([item(3)], end=END, first_public={"s": END - timedelta(days=90)})
        assert (told.youngest, told.oldest) == (90, 90)

    def test_what_has_no_date_or_one_ahead_has_no_age(self) -> None:
        told = ages_of([item(None), item(-1), item(5)], end=END, first_public={})
        assert (told.dated, told.undated, told.ahead, told.median) == (1, 1, 1, 5.0)
        nothing = ages_of([item(None)], end=END, first_public={})
        assert (nothing.median, nothing.youngest, nothing.oldest) == (None, None, None)

    @given(st.lists(st.tuples(st.none() | st.integers(-400, 40_000), st.booleans()), max_size=40))
    def test_every_item_is_counted_once(self, rows: list[tuple[int | None, bool]]) -> None:
        told = ages_of([item(days, new=new) for days, new in rows], end=END, first_public={})
        assert sum(map(sum, told.bins)) == told.dated
        assert told.dated + told.undated + told.ahead == len(rows)


class TestAgreementOfAManifest:
    @pytest.mark.parametrize("told", [None, {}, {"items": 0}, {"items": "many"}, {"n": 4}])
    def test_that_is_not_understood_is_not_known(self, told: dict[str, object] | None) -> None:
        assert agreement_in(told) is None

    def test_leaves_out_numbers_that_are_none(self) -> None:
        told = agreement_in({"items": 4, "gwet_ac1": "high", "percent_agreement": 7})
        assert told is not None and (told.ac1, told.percent) == (None, None)


class TestWords:
    @given(st.text(max_size=400), st.integers(1, 80))
    def test_plain_is_one_printable_line_of_limited_length(self, text: str, most: int) -> None:
        told = wording.plain(text, most)
        assert told.isprintable() and len(told) <= most and told == wording.plain(told, most)
        told.encode("utf-8")

    @pytest.mark.parametrize(
        ("said", "told"),
        [
            ("GET https://a.example/x?api_key=k#f gave 500", "GET https://a.example/x gave 500"),
            ("http://me:pw@a.example/x failed", "http://a.example/x failed"),
            ("HTTPS://me@a.example", "HTTPS://a.example"),
            ("what? no address#1", "what? no address#1"),
        ],
    )
    def test_told_keeps_no_keys(self, said: str, told: str) -> None:
        assert wording.told(said) == told

    @pytest.mark.parametrize(
        ("week", "told"),
        [
            (Week(2026, 47), "16 to 22 November 2026"),
            (Week(2026, 49), "30 November to 6 December 2026"),
            (Week(2026, 53), "28 December 2026 to 3 January 2027"),
        ],
    )
    def test_days_of_a_week(self, week: Week, told: str) -> None:
        assert wording.span_of(week) == told

    @pytest.mark.parametrize(
        ("days", "told"),
        [
            (None, "not known"),
            (0, "0 days"),
            (1, "1 day"),
            (10.5, "10.5 days"),
            (90, "3 months"),
            (900, "2.5 years"),
        ],
    )
    def test_ages(self, days: float | None, told: str) -> None:
        assert wording.age(days) == told

    def test_shares_never_round_to_none_or_all(self) -> None:
        assert [wording.share(*pair) for pair in ((0, 0), (0, 9), (1, 999), (998, 999), (9, 9), (1, 3))] == [
            "none", "0%", "under 1%", "over 99%", "100%", "33%",
        ]  # fmt: skip

    def test_changes_have_a_sign(self) -> None:
        assert [wording.change(value) for value in (3, -3, 0, 1234)] == ["+3", "−3", "±0", "+1,234"]


SIZES = st.integers(0, 10**9)
NAMES = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=20)
PARTS = st.lists(st.tuples(st.sampled_from(["kept", "fell"]), SIZES), max_size=3).map(tuple)


def rectangles(svg: str) -> list[tuple[float, float]]:
    """Left edges and widths in per cent."""
    tree = etree.fromstring(svg)
    return [
        (float(node.get("x").rstrip("%")), float(node.get("width").rstrip("%")))
        for node in tree.iter("rect")
        if node.get("class") != "track"
    ]


class TestCharts:
    @given(st.lists(st.builds(drawing.Row, name=NAMES, words=NAMES, parts=PARTS), max_size=8), NAMES)
    def test_bars_stay_inside_and_are_xml(self, given_rows: list[drawing.Row], name: str) -> None:
        for left, width in rectangles(drawing.bars(given_rows, name=name, words=name)):
            assert left >= 0 and width >= 0 and left + width <= 100.02

    @given(st.lists(st.builds(drawing.Column, name=NAMES, parts=PARTS), max_size=8))
    def test_columns_stay_inside_and_are_xml(self, columns: list[drawing.Column]) -> None:
        for left, width in rectangles(drawing.columns(columns, name="n", words="w")):
            assert left >= 0 and left + width <= 100.02

    @given(st.lists(st.none() | SIZES.map(float), max_size=120))
    def test_a_line_is_xml(self, values: list[float | None]) -> None:
        tree = etree.fromstring(drawing.line(values, name="n", words="w"))
        assert len(tree.findall("circle")) == any(value is not None for value in values)

    @given(st.lists(st.tuples(SIZES, SIZES), max_size=120))
    def test_bars_up_and_down_are_xml(self, pairs: list[tuple[int, int]]) -> None:
        assert len(rectangles(drawing.up_and_down(pairs, name="n", words="w"))) == sum(
            bool(size) for pair in pairs for size in pair
        )

    def test_lengths_are_to_scale(self) -> None:
        rows = [
            drawing.Row(name="a", words="", parts=(("kept", 30), ("fell", 10))),
            drawing.Row(name="b", words="", parts=(("kept", 20),)),
        ]
        assert rectangles(drawing.bars(rows, name="n", words="w")) == [(0, 75), (75, 25), (0, 50)]

    def test_an_interval_below_chance_is_drawn_at_its_end(self) -> None:
        svg = drawing.interval([("Now", -0.2, -0.4, 0.1)], name="n", words="w")
        assert "−0.20 (−0.40 to 0.10)" in svg and 'cx="0%"' in svg


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_colours_have_the_contrast_of_wcag_aa(scheme: int) -> None:
    block = re.findall(r":root \{(.*?)\}", _style(), re.DOTALL)[scheme]
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block))
    for text in ("ink", "soft", "link", "well", "alert", "notice"):
        for ground in ("ground", "raised"):
            assert _contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
    for kind in ("alert", "notice"):
        assert _contrast(colours[kind], colours[f"{kind}-ground"]) >= 4.5
        assert _contrast(colours["ink"], colours[f"{kind}-ground"]) >= 4.5
    for mark in ("kept", "older", "new", "fell"):
        assert _contrast(colours[mark], colours["ground"]) >= 3, mark
