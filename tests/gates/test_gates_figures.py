"""Gates of figures: a sound library passes whole; each planted fault is refused by the gate that is for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from PIL import Image

from grandrounds.contracts import contract
from grandrounds.fingerprint import sha256_bytes
from grandrounds.gates.figures import GATES
from grandrounds.gates.figures.admission import admit, admitted
from grandrounds.gates.groups import merged_groups
from grandrounds.gates.run import NAMES, Judged, gates_of, judge
from grandrounds.records.envelope import Revision
from grandrounds.records.figure import FigureRow
from grandrounds.records.parts import Label
from grandrounds.records.table import to_table
from tests.support.figure_pictures import ct, drawing, histology, png
from tests.support.figures import Library, authored, make_figure, make_library, make_recipe, make_source

MODALITY, ANATOMY, FINDING, OPEN = (
    "figure_modality_mcq", "figure_anatomy_mcq", "figure_finding_mcq", "figure_description_open",
)  # fmt: skip


@pytest.fixture(scope="module")
def library() -> Library:
    return make_library(2, each=4)


def judged(library: Library, **more: Any) -> Judged:
    return judge(
        library.revisions,
        evidence=library.by_id,
        recipe=library.recipe,
        **({"get_picture": library.get_media} | more),
    )


def one(library: Library, task: str, number: int = 0) -> Revision:
    return [row for row in library.revisions if row.task == task][number]


def refused(
    library: Library, row: Revision, *, evidence: Mapping[str, FigureRow] | None = None
) -> tuple[str, str]:
    """Gate and reason of the one row."""
    found = judge(
        [row], evidence=evidence or library.by_id, recipe=library.recipe, get_picture=library.get_media
    )
    if found.candidates:
        return "", ""
    (rejection,) = found.rejections
    return rejection.gate, rejection.reason


# A sound library ------------------------------------------------------------------------------


def test_everything_of_a_sound_library_passes(library: Library) -> None:
    found = judged(library)
    assert found.rejections == []
    assert len(found.candidates) == len(library.revisions)
    to_table(found.candidates, contract("candidates"))


def test_every_gate_of_figures_is_named(library: Library) -> None:
    assert gates_of(library.recipe) == GATES
    assert {gate.name for gate in GATES} | {"text_only", "duplicates"} <= set(NAMES)


def test_without_pictures_nothing_passes(library: Library) -> None:
    found = judged(library, get_picture=None)
    assert found.candidates == []
    assert {rejection.gate for rejection in found.rejections} == {"picture"}


# One row, one fault ---------------------------------------------------------------------------


def _media(row: Revision, **more: Any) -> Revision:
    return replace(row, media=(replace(row.media[0], **more),))


def _quote(row: Revision, **more: Any) -> Revision:
    (part, *rest) = row.evidence
    return replace(row, evidence=(replace(part, **more), *rest))


@pytest.mark.parametrize(
    ("gate", "task", "change"),
    [
        ("licence", MODALITY, {"licence": "CC0-1.0"}),
        ("types", MODALITY, {"rationale": ""}),
        ("types", MODALITY, {"answer_index": 2}),
        ("types", OPEN, {"options": ("a", "b")}),
        ("labels", ANATOMY, {"labels": (Label(scheme="anatomy", path=("left", "toe")),)}),
        ("grounding", ANATOMY, {"stem": "A figure."}),
        ("grounding", ANATOMY, {"evidence": ()}),
        ("grounding", ANATOMY, {"media": ()}),
        ("grounding", ANATOMY, {"source_published": date(1999, 1, 1)}),
        ("groups", ANATOMY, {"group_id": "group-elsewhere"}),
    ],
)
def test_a_planted_fault_is_refused(library: Library, gate: str, task: str, change: dict[str, Any]) -> None:
    assert refused(library, replace(one(library, task), **change))[0] == gate


def test_another_picture_page_or_box_is_refused(library: Library) -> None:
    row = one(library, ANATOMY)
    other = library.taken[1]
    assert refused(library, _media(row, sha256=other.sha256))[0] == "grounding"
    place = row.media[0].locator
    assert place is not None
    for wrong in (None, replace(place, page=1), replace(place, box=(0.0, 0.0, 9.0, 9.0))):
        assert refused(library, _media(row, locator=wrong))[0] == "grounding"


def test_a_quote_elsewhere_is_refused(library: Library) -> None:
    row = one(library, ANATOMY)
    place = row.evidence[0].locator
    for wrong in (
        {"quote": "Something else."},
        {"role": "support"},
        {"evidence_id": library.taken[1].evidence_id},
        {"locator": replace(place, start=(place.start or 0) + 1)},
        {"locator": replace(place, page=7)},
        {"locator": replace(place, start=None)},
    ):
        assert refused(library, _quote(row, **wrong))[0] == "grounding"


def test_an_answer_that_the_caption_does_not_give_is_refused(library: Library) -> None:
    row = one(library, ANATOMY)
    wrong = row.options[1]
    swapped = {row.answer: wrong, wrong: row.answer}
    changed = replace(
        row,
        answer=wrong,
        answer_index=1,
        option_origins=tuple(
            replace(origin, option=swapped.get(origin.option, origin.option))
            for origin in row.option_origins
        ),
    )
    gate, reason = refused(library, changed)
    assert gate == "recompute"
    assert "Read again, its answer is" in reason


def test_an_option_that_is_not_the_node_it_refers_to_is_refused(library: Library) -> None:
    row = one(library, ANATOMY)
    for reference in ("hepatobiliary/gallbladder", "no/such place", ""):
        origins = tuple(
            replace(origin, reference=reference) if number == 1 else origin
            for number, origin in enumerate(row.option_origins)
        )
        assert refused(library, replace(row, option_origins=origins))[0] == "recompute"


def test_an_option_that_the_caption_names_is_refused(library: Library) -> None:
    """It may be true of the picture, too."""
    row = one(library, ANATOMY)
    figure = library.by_id[row.evidence_id]
    named = row.options[1]
    told = f"{figure.text}\n\nThe {named.lower()} is seen as well."
    changed = replace(figure, text=told)
    gate, reason = refused(library, row, evidence={figure.evidence_id: changed})
    assert gate == "recompute"
    assert "is named beside the figure" in reason


def test_the_answer_in_the_question_or_the_name_of_the_picture_leaks(library: Library) -> None:
    row = one(library, ANATOMY)
    for wrong in (
        replace(row, question=f"Is this the {row.answer.lower()}, or what?"),
        _media(row, name=f"{row.answer.lower()}_1"),
    ):
        assert refused(library, wrong)[0] == "leak"


def test_words_inside_the_picture_flag_or_refuse(library: Library) -> None:
    row = one(library, ANATOMY)
    figure = library.by_id[row.evidence_id]

    def with_words(*words: str) -> Judged:
        shown = replace(figure, words_inside=words)
        return judge(
            [row],
            evidence={figure.evidence_id: shown},
            recipe=library.recipe,
            get_picture=library.get_media,
        )

    (only,) = with_words(row.answer).rejections
    assert only.gate == "leak"
    (both,) = with_words(row.answer, row.options[1]).candidates
    assert "answer_in_picture" in {flag.flag for flag in both.quality_flags}
    (none,) = with_words("L", "R", "10 cm").candidates
    assert "answer_in_picture" not in {flag.flag for flag in none.quality_flags}


def test_a_damaged_or_exchanged_picture_is_refused(library: Library) -> None:
    row = one(library, ANATOMY)
    for data in (b"", b"no picture", png(Image.new("RGB", (9, 9)))):
        found = judge(
            [row], evidence=library.by_id, recipe=library.recipe, get_picture=lambda _, data=data: data
        )
        assert [rejection.gate for rejection in found.rejections] == ["picture"]


# Captions and pictures that don't fit ---------------------------------------------------------


def pair(kinds: tuple[bytes, bytes], captions: tuple[str, str], **more: Any) -> Library:
    source = make_source(5)
    figures = [
        make_figure(source, number, picture=picture, caption=caption, **each)
        for number, (picture, caption, each) in enumerate(
            zip(kinds, captions, more.pop("each", ({}, {})), strict=True), start=1
        )
    ]
    media = {sha256_bytes(picture): picture for picture in kinds}
    return authored(Library(recipe=make_recipe(), sources=(source,), figures=tuple(figures), media=media))


CT_CAPTION = "Axial CT scan of the abdomen showing a mass in the liver."
TISSUE_CAPTION = "Photomicrograph of the kidney with atrophic tubules (H&E stain)."


def test_two_swapped_captions_are_caught_by_what_the_pictures_look_like() -> None:
    sound = pair((png(ct(1)), png(histology(2))), (CT_CAPTION, TISSUE_CAPTION))
    assert judged(sound).rejections == []
    swapped = pair((png(ct(1)), png(histology(2))), (TISSUE_CAPTION, CT_CAPTION))
    found = judged(swapped)
    assert found.candidates == []
    assert {rejection.gate for rejection in found.rejections} == {"alignment"}
    assert {rejection.evidence_id for rejection in found.rejections} == set(swapped.by_id)


def test_two_swapped_captions_of_drawings_are_caught_by_the_words_inside() -> None:
    ribs = "Drawing of the rib cage. The thoracic cage is formed by the ribs and the sternum."
    femur = "Drawing of the thigh. The femur articulates with the patella."
    inside = ({"words_inside": ("Sternum", "Ribs")}, {"words_inside": ("Femur", "Patella")})
    pictures = (png(drawing(1)), png(drawing(2)))
    assert "alignment" not in {
        r.gate for r in judged(pair(pictures, (ribs, femur), each=inside)).rejections
    }
    found = judged(pair(pictures, (femur, ribs), each=inside))
    assert found.candidates == []
    assert {rejection.gate for rejection in found.rejections} == {"alignment"}
    assert all("the captions were swapped" in rejection.reason for rejection in found.rejections)


def test_colour_histology_called_ct_fails() -> None:
    """The caption says nothing of how the picture was made; the item does."""
    made = pair((png(ct(3)), png(histology(4))), (CT_CAPTION, TISSUE_CAPTION))
    row = one(made, MODALITY)
    tissue = next(figure for figure in made.taken if figure.caption == TISSUE_CAPTION)
    figure = replace(
        made.by_id[row.evidence_id], sha256=tissue.sha256, perceptual_hash=tissue.perceptual_hash
    )
    gate, reason = refused(made, _media(row, sha256=tissue.sha256), evidence={figure.evidence_id: figure})
    assert gate in {"alignment", "picture"}
    assert "[picture] It is called ct" in reason


def test_a_low_confidence_is_refused_and_a_middling_one_flagged(library: Library) -> None:
    row = one(library, ANATOMY)
    figure = library.by_id[row.evidence_id]
    low, middling = replace(figure, alignment=0.3), replace(figure, alignment=0.7)
    assert refused(library, row, evidence={figure.evidence_id: low})[0] == "alignment"
    (kept,) = judge(
        [row],
        evidence={figure.evidence_id: middling},
        recipe=library.recipe,
        get_picture=library.get_media,
    ).candidates
    assert "low_alignment" in {flag.flag for flag in kept.quality_flags}


# All rows together ----------------------------------------------------------------------------


def _smaller(row: FigureRow, picture: bytes) -> tuple[FigureRow, bytes]:
    from io import BytesIO

    image = Image.open(BytesIO(picture))
    data = png(image.resize((image.width * 3 // 4, image.height * 3 // 4)))
    source = make_source(8)
    return make_figure(source, 1, picture=data, caption=row.caption), data


def test_the_same_figure_in_another_size_is_a_duplicate_and_joins_the_books(library: Library) -> None:
    first = next(row for row in library.taken if row.status == "paired" and not row.panels)
    again, data = _smaller(first, library.media[first.sha256])
    more = authored(
        replace(library, figures=(*library.figures, again), media={**library.media, again.sha256: data})
    )
    found = judged(more)
    assert {rejection.gate for rejection in found.rejections} == {"duplicates"}
    assert len(found.candidates) == len(library.revisions)
    groups = merged_groups(more.by_id, near_picture=6)
    assert groups[again.group_id] == groups[first.group_id]
    assert len(set(groups.values())) == 2
    assert len(set(merged_groups(library.by_id, near_picture=6).values())) == 2


def test_the_same_figure_under_captions_that_contradict_each_other_goes_altogether() -> None:
    one_caption = "Axial CT scan of the abdomen showing a mass in the liver."
    other = "Axial CT scan of the abdomen showing a mass in the spleen."
    made = pair((png(ct(1)), png(ct(1).resize((300, 244)))), (one_caption, other))
    rows = [row for row in made.revisions if row.task == ANATOMY]
    exchanged = [
        replace(row, options=(row.answer, rows[1 - place].answer), answer_index=0)
        for place, row in enumerate(rows)
    ]
    from grandrounds.gates.duplicates import find_duplicates

    found = find_duplicates(exchanged, made.recipe, made.by_id)
    assert set(found.problems) == {0, 1}
    assert "answers otherwise" in found.problems[0]


def test_a_family_joins_books(library: Library) -> None:
    one_row, other = library.taken[0], library.taken[-1]
    assert one_row.group_id != other.group_id
    joined = {
        "a": replace(one_row, evidence_id="a", family="f"),
        "b": replace(other, evidence_id="b", family="f"),
    }
    assert len(set(merged_groups(joined).values())) == 1


def test_what_words_alone_give_away_is_refused() -> None:
    """Every book shows the same few things, so options tell the answer."""
    many = make_library(4, each=6, recipe=make_recipe(evidence={"text_sure": 0.9}))
    found = judged(many)
    assert "text_only" in {rejection.gate for rejection in found.rejections}
    assert all(candidate.task == OPEN or candidate.options for candidate in found.candidates)
    total = len(found.candidates) + len(found.rejections)
    assert total == len(many.revisions)


# Admission ------------------------------------------------------------------------------------


def test_every_figure_is_admitted_or_refused_with_a_reason(library: Library) -> None:
    taken, turned_down = admit(library.figures, library.recipe)
    assert len(taken) + len(turned_down) == len(library.figures)
    assert list(admitted(library.figures, library.recipe)) == taken
    assert {rejection.gate for rejection in turned_down} == {"no_caption", "no_picture"}
    to_table(turned_down, contract("rejections"))


@pytest.mark.parametrize(
    ("gate", "change"),
    [
        ("language", {"language": "de"}),
        ("language", {"language": ""}),
        ("picture", {"perceptual_hash": ""}),
        ("picture", {"perceptual_hash": "0" * 16}),
        ("picture", {"height": 20}),
        ("picture", {"width": None}),
        ("alignment", {"alignment": 0.59}),
        ("label_only", {"status": "label_only", "reason": "No words after it."}),
    ],
)
def test_admission_names_its_gate(library: Library, gate: str, change: dict[str, Any]) -> None:
    (rejection,) = admit([replace(library.taken[0], **change)], library.recipe)[1]
    assert rejection.gate == gate
    assert rejection.stage == "evidence"
    assert len(rejection.reason) > 10
