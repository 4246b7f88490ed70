"""The scorer of the figures' benchmark tells right from wrong: it must be able to fail a reader."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.figures import as_json, keeps_promises, markdown, misses
from benchmarks.printed.layouts import by_name
from benchmarks.printed.score import (
    FoundFigure,
    FoundPanel,
    Score,
    alike,
    at_best,
    distance,
    iou,
    score,
)
from benchmarks.printed.typeset import TrueDocument, TrueFigure, TruePanel, TrueTable

WORDS = (
    "Frontal radiograph of a diver at rest.",
    "Section of the outer coat, stained twice.",
    "Course of the cohort; one was counted twice.",
)


def true_figure(number: int, *, panels: tuple[TruePanel, ...] = ()) -> TrueFigure:
    top = 100.0 + 200 * number
    return TrueFigure(
        id=f"1-{number}",
        label=f"Figure 1.{number}",
        caption=WORDS[number],
        page=1,
        box=(100, top, 300, top + 150),
        pictures=((100, top, 300, top + 150),),
        caption_page=1,
        caption_box=(100, top + 155, 300, top + 170),
        panels=panels,
    )


PANELS = (
    TruePanel(label="A", box=(100, 100, 198, 250), caption="before the fall"),
    TruePanel(label="B", box=(202, 100, 300, 250), caption="after the operation"),
)
TRUTH = TrueDocument(
    pdf="book.pdf",
    pages=2,
    figures=(true_figure(0, panels=PANELS), true_figure(1), true_figure(2)),
    tables=(TrueTable(label="Table 1.1", page=2, box=(100, 100, 300, 200)),),
)


def perfect() -> list[FoundFigure]:
    return [
        FoundFigure(
            page=one.page,
            box=one.box,
            label=one.label,
            caption=one.caption,
            panels=tuple(FoundPanel(label=p.label, box=p.box, caption=p.caption) for p in one.panels),
        )
        for one in TRUTH.figures
    ]


def shares(found: list[FoundFigure]) -> tuple[float | int | None, ...]:
    made = score(TRUTH, found).shares()
    return tuple(made[name] for name in ("box", "caption", "panels_matched", "extra"))


def test_a_reader_that_finds_all_has_all() -> None:
    made = score(TRUTH, perfect())

    assert made.shares() == {
        "figures": 3,
        "box": 1.0,
        "caption": 1.0,
        "panels": 2,
        "panels_matched": 1.0,
        "extra": 0,
    }
    assert made.misses == []
    assert keeps_promises(made)


def test_a_reader_that_finds_nothing_has_nothing_and_every_miss_is_told() -> None:
    made = score(TRUTH, [])

    assert (made.boxes, made.captions, made.panels_right, made.extra) == (0, 0, 0, 0)
    assert [(miss.id, miss.what) for miss in made.misses] == [
        ("1-0", "box"),
        ("1-0", "caption"),
        ("1-0", "panels"),
        ("1-1", "box"),
        ("1-1", "caption"),
        ("1-2", "box"),
        ("1-2", "caption"),
    ]
    assert not keeps_promises(made)


@pytest.mark.parametrize(("by", "right"), [(0, 1.0), (10, 1.0), (40, 0.667)])
def test_a_shifted_box_is_wrong_once_it_is_shifted_far(by: float, right: float) -> None:
    found = perfect()
    x0, y0, x1, y1 = found[1].box
    found[1] = replace(found[1], box=(x0 + by, y0, x1 + by, y1))

    assert shares(found) == (right, 1.0, 1.0, 0)


def test_swapped_captions_are_two_wrong_captions() -> None:
    found = perfect()
    one, two = found[1], found[2]
    found[1] = replace(one, label=two.label, caption=two.caption)
    found[2] = replace(two, label=one.label, caption=one.caption)

    made = score(TRUTH, found)
    assert made.shares()["caption"] == 0.333
    assert [miss.what for miss in made.misses] == ["caption", "caption"]
    assert "labelled 'Figure 1.2'" in made.misses[0].said


def test_swapped_words_under_the_right_labels_are_wrong_too() -> None:
    found = perfect()
    one, two = found[1].caption, found[2].caption
    found[1], found[2] = replace(found[1], caption=two), replace(found[2], caption=one)

    assert shares(found)[1] == 0.333


def test_words_that_are_closer_to_another_caption_are_wrong() -> None:
    near = "Section of the left coat of a diver, stained twice in red, seen on the second day"
    other = f"{near}!"
    figures = (
        replace(TRUTH.figures[1], label="", caption=f"{near} x"),
        replace(TRUTH.figures[2], label="", caption=f"{other} y"),
    )
    truth = replace(TRUTH, figures=figures)
    swapped = [
        FoundFigure(page=1, box=figures[0].box, caption=figures[1].caption),
        FoundFigure(page=1, box=figures[1].box, caption=figures[0].caption),
    ]

    assert alike(figures[0].caption, figures[1].caption) > 0.9
    assert score(truth, swapped).captions == 0


def test_the_wrong_number_with_the_right_words_is_a_wrong_caption() -> None:
    found = perfect()
    found[2] = replace(found[2], label="Figure 1.12")

    assert shares(found)[1] == 0.667


def test_a_label_in_another_form_is_the_same_label() -> None:
    found = perfect()
    found[2] = replace(found[2], label="FIG. 1-2")

    assert shares(found)[1] == 1.0


def test_a_figure_without_a_printed_label_is_judged_by_its_words() -> None:
    truth = replace(TRUTH, figures=(replace(TRUTH.figures[0], label="", panels=()),))

    assert score(truth, [replace(perfect()[0], label="")]).captions == 1
    assert score(truth, [replace(perfect()[0], label="", caption="Another.")]).captions == 0


def test_boxes_on_nothing_on_a_table_or_twice_on_a_figure_are_extra() -> None:
    logo = FoundFigure(page=1, box=(500, 20, 540, 40), caption="")
    table = FoundFigure(page=2, box=TRUTH.tables[0].box, caption="Width")
    half = FoundFigure(page=1, box=(100, 100, 180, 250), caption="")

    made = score(TRUTH, [*perfect(), logo, table, half])
    assert (made.boxes, made.captions, made.extra) == (3, 3, 3)
    assert {miss.what for miss in made.misses} == {"extra"}
    assert any("another box on 1-0" in miss.said for miss in made.misses)


def test_a_box_on_another_page_belongs_to_no_figure_of_this() -> None:
    found = [replace(one, page=2) for one in perfect()]

    assert shares(found) == (0.0, 0.0, 0.0, 3)


def test_swapped_panels_are_wrong_panels() -> None:
    found = perfect()
    one, two = found[0].panels
    found[0] = replace(found[0], panels=(replace(one, box=two.box), replace(two, box=one.box)))
    assert shares(found) == (1.0, 1.0, 0.0, 0)

    found[0] = replace(found[0], panels=(replace(one, caption=two.caption), two))
    assert shares(found) == (1.0, 1.0, 0.5, 0)

    found[0] = replace(found[0], panels=(one,))
    assert shares(found) == (1.0, 1.0, 0.5, 0)

    found[0] = replace(found[0], panels=(replace(one, box=None), two))
    assert shares(found) == (1.0, 1.0, 0.5, 0)


def test_ligatures_case_and_punctuation_make_no_difference() -> None:
    assert alike("Oﬃce, Ｆｌａｐ: 4 µm!", "office flap 4 μm") == 1.0
    assert alike("", "") == 1.0
    assert alike("", "words") == 0.0


@given(st.text("abc", max_size=7), st.text("abc", max_size=7))
def test_the_distance_is_what_its_definition_says(one: str, other: str) -> None:
    def defined(a: str, b: str) -> int:
        if not a or not b:
            return len(a) + len(b)
        changed = defined(a[1:], b[1:]) + (a[0] != b[0])
        return min(changed, defined(a[1:], b) + 1, defined(a, b[1:]) + 1)

    assert distance(one, other) == defined(one, other)


@given(st.text(max_size=30), st.text(max_size=30))
def test_the_cheap_bound_is_never_passed(one: str, other: str) -> None:
    assert alike(one, other) <= at_best(one, other) + 1e-9


@given(st.tuples(*[st.floats(0, 100)] * 4), st.tuples(*[st.floats(0, 100)] * 4))
def test_the_overlap_is_a_share_and_the_same_both_ways(a: tuple[float, ...], b: tuple[float, ...]) -> None:
    one = (min(a[0], a[2]), min(a[1], a[3]), max(a[0], a[2]), max(a[1], a[3]))
    other = (min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]), max(b[1], b[3]))

    assert 0 <= iou(one, other) <= 1 + 1e-9
    assert iou(one, other) == pytest.approx(iou(other, one))


def test_a_table_has_a_row_a_layout_and_a_sum() -> None:
    one = score(TRUTH, perfect()[:2])
    total = Score()
    total.add(one)
    scores = {"ours": {"one_column": one, "all": total}}

    printed = markdown(scores, [by_name("one_column")])
    assert "| one_column | 3 | 0.667 / 0.667 / 1.000 / 0 |" in printed
    assert "| all | 3 | 0.667 / 0.667 / 1.000 / 0 |" in printed
    told = as_json(scores)["readers"]["ours"]
    assert told["all"]["box"] == 0.667
    assert [miss["what"] for miss in told["one_column"]["misses"]] == ["box", "caption"]
    assert misses(scores["ours"]).count("\n") == 1
    assert not keeps_promises(total)


def test_a_layout_that_is_not_there_is_refused_with_the_names_that_are() -> None:
    with pytest.raises(SystemExit, match="one_column"):
        by_name("no_such")
