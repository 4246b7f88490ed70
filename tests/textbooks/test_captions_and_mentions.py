"""Labels, parts and references are told apart by their words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grandrounds.textbooks.labels import head_of, key_of, number_of
from grandrounds.textbooks.mending import Words, clean, join, logical
from grandrounds.textbooks.mentions import references_in
from grandrounds.textbooks.parts import parts_of


@pytest.mark.parametrize(
    ("line", "label", "words"),
    [
        ("Figure 3. Axial slice.", "Figure 3", "Axial slice."),
        ("Fig. 7.2 The skull", "Fig. 7.2", "The skull"),
        ("FIGURE 1-4: Bones", "FIGURE 1-4", "Bones"),
        ("Figure S1 | Extra", "Figure S1", "Extra"),
        ("Supplementary Figure 2. More", "Supplementary Figure 2", "More"),
        ("Abb. 3: Der Schädel", "Abb. 3", "Der Schädel"),
        ("Figura 4 – Corte axial", "Figura 4", "Corte axial"),
        ("图 2 颅骨", "图 2", "颅骨"),
        ("Рис. 5. Череп", "Рис. 5", "Череп"),
        ("شكل 2.1 الجمجمة", "شكل 2.1", "الجمجمة"),
        ("Figure 2", "Figure 2", ""),
        ("Figure IV. Plate", "Figure IV", "Plate"),
    ],
)
def test_a_label_is_read_as_printed(line: str, label: str, words: str) -> None:
    head = head_of(line)
    assert head is not None and head.kind == "figure"
    assert (head.label, head.words) == (label, words)
    assert line[head.offset :].strip() == words


@pytest.mark.parametrize(
    "line",
    [
        "Figure 3 shows the skull",
        "Fig. 2, which was taken later",
        "Figure 4 and the text",
        "Figure 5 is normal",
    ],
)
def test_a_sentence_that_begins_with_a_reference_is_marked_as_one(line: str) -> None:
    head = head_of(line)
    assert head is None or (head.sentence and not head.separated)


@pytest.mark.parametrize(
    "line",
    [
        "Configure 3 devices",
        "figures in the text",
        "Figment 2",
        "The Figure 3",
        "Plate c is",
    ],
)
def test_other_lines_bear_no_label(line: str) -> None:
    assert head_of(line) is None


def test_tables_are_told_from_figures() -> None:
    assert head_of("Table 1. Findings").kind == "table"  # type: ignore[union-attr]
    assert head_of("表 1 所见").kind == "table"  # type: ignore[union-attr]
    assert head_of("Box 2. Advice").kind == "other"  # type: ignore[union-attr]


def test_keys_compare_numbers_however_they_are_printed() -> None:
    assert key_of("figure", "1-4") == key_of("figure", "1.4") == key_of("figure", "1–4")
    assert key_of("figure", "S1") == key_of("figure", "Supplementary 1")
    assert number_of("figure:7.2") == (7.0, 2.0)


@given(st.text(max_size=200))
def test_any_line_gives_a_label_within_it_or_none(line: str) -> None:
    head = head_of(line)
    assert head is None or (0 <= head.offset <= len(line) and head.key)


@pytest.mark.parametrize(
    ("caption", "parts"),
    [
        ("(A) Axial view. (B) Coronal view.", {"A": "Axial view.", "B": "Coronal view."}),
        (
            "Scan: (a) before, (b) after and (c) much later.",
            {"a": "before", "b": "after", "c": "much later."},
        ),
        ("Axial (a) and coronal (b) views.", {"a": "Axial", "b": "coronal"}),
        ("A, Axial view. B, Coronal view.", {"A": "Axial view.", "B": "Coronal view."}),
        ("(a, b) Early; (c) late.", {"a": "Early", "b": "Early", "c": "late."}),
        ("(A–C) Slices. (D) Sketch.", {"A": "Slices.", "B": "Slices.", "C": "Slices.", "D": "Sketch."}),
        ("Left: before. Right: after.", {"Left": "before.", "Right": "after."}),
        ("A man of 60 with a mass (arrow).", {}),
        ("The (b) comes before the (a).", {}),
    ],
)
def test_a_caption_is_parted_by_its_panels(caption: str, parts: dict[str, str]) -> None:
    assert {one.label: caption[one.start : one.end] for one in parts_of(caption)} == parts


@given(st.text(alphabet="ABab()., :;-and12", max_size=120))
def test_parts_lie_within_the_caption_and_are_named_once(caption: str) -> None:
    parts = parts_of(caption)
    assert len({one.label for one in parts}) == len(parts)
    assert all(0 <= one.start <= one.end <= len(caption) for one in parts)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("as Figure 3(a) shows", {"figure:3"}),
        ("see Figs. 2 and 3.", {"figure:2", "figure:3"}),
        ("in Figures 3 to 5", {"figure:3", "figure:4", "figure:5"}),
        ("(Fig. 1.2)", {"figure:1.2"}),
        ("Figure S2B", {"figure:s2"}),
        ("siehe Abb. 7", {"figure:7"}),
        ("Table 3 shows", set()),
    ],
)
def test_references_name_every_figure(text: str, keys: set[str]) -> None:
    assert {key for key, _, _ in references_in(text)} == keys


def test_a_dashed_number_may_be_one_figure_or_a_range() -> None:
    keys = {key for key, _, _ in references_in("Figures 3-5 show")}
    assert {"figure:3.5", "figure:3", "figure:4", "figure:5"} <= keys


def test_hyphens_at_line_ends_go_where_the_document_has_the_word_whole() -> None:
    words = Words(lambda: ["the follow-up visit", "many patients came"])
    assert join(["The pa-", "tients came for follow-", "up."], words) == "The patients came for follow-up."
    assert join(["颅骨的", "形状"], words) == "颅骨的形状"
    assert join(["1990-", "2000"], words) == "1990-2000"


def test_characters_that_mislead_are_mended() -> None:
    assert clean("\ufb01nd\u200b  the\x00 \u202eway") == "find the way"


def test_runs_of_a_right_to_left_line_change_places() -> None:
    assert logical("טיפול1.2 איור") == "איור 1.2 טיפול"
    assert logical("plain text") == "plain text"


@given(st.text(max_size=80))
def test_mending_never_fails_and_cleaning_twice_changes_nothing(text: str) -> None:
    logical(text)
    assert clean(clean(text)) == clean(text)


@given(st.text(alphabet="ab \u00a0\t\x00\u200b\ufb01\u2019\u3000", max_size=30))
def test_cleaned_text_has_single_spaces_and_nothing_that_misleads(text: str) -> None:
    assert set(clean(text)) <= set("ab fi\u2019")
    assert "  " not in clean(text) and clean(text) == clean(text).strip()


@given(
    st.lists(st.text(alphabet="abB-\u20101_ ", max_size=12), max_size=6),
    st.text(alphabet="abB-", min_size=1, max_size=5),
)
def test_a_word_is_known_alike_when_looked_for_and_when_all_words_are_gathered(
    lines: list[str], word: str
) -> None:
    looking, gathered = Words(lambda: lines), Words(lambda: lines)
    for number in range(200):
        gathered.known(f"other{chr(0x4E00 + number)}")
    assert looking.known(word) == gathered.known(word)


def test_a_word_within_a_hyphenated_one_is_not_the_word() -> None:
    words = Words(lambda: ["the follow-up of x-rays", "ups and downs"])
    assert words.known("follow-up") and words.known("x-rays") and words.known("UPS")
    assert not words.known("up") and not words.known("follow") and not words.known("rays")
