"""The rule author of figures: one draft a task, from words that fired, with options that nothing beside
names."""

from __future__ import annotations

import re
from dataclasses import fields, replace

import pytest

from grandrounds.authoring.author import make_author
from grandrounds.authoring.figure_checks import problems
from grandrounds.authoring.figure_rule import FigureRuleAuthor
from grandrounds.clinical.terminology import Terminology
from grandrounds.figures.stem import figure_stem
from grandrounds.figures.taxonomy import ANATOMY, FINDING, MODALITY, load_taxonomy
from grandrounds.figures.vocabulary import fired
from grandrounds.recipe import FIGURE_TASKS, Recipe
from grandrounds.records.envelope import Draft, Envelope, Revision
from grandrounds.records.figure import FigureRow
from grandrounds.records.parts import Label
from grandrounds.text import contains_phrase, normalise
from tests.support.captions import captioned

RECIPE = Recipe.model_validate(
    {
        "name": "tried",
        "title": "Tried",
        "author": "rule",
        "tasks": [{"name": name, "options": 4} for name in FIGURE_TASKS],
        "evidence": {"kind": "figures"},
    }
)
KIDNEY = "Axial CT scan of the abdomen showing a mass in the left kidney (arrow)."
CT = "Computed tomogram (CT)"
LETTERS = "(A) Radiograph of the knee showing a fracture. (B) Bone scan of the whole skeleton. (C) MRI with a joint effusion."
PANELS = (
    ("A", "Radiograph of the knee showing a fracture."),
    ("B", "Bone scan of the whole skeleton."),
    ("C", "MRI with a joint effusion."),
)
CAPTIONS = (
    KIDNEY,
    "Photomicrograph of the thyroid gland showing a granuloma (H&E stain).",
    "Colonoscopy image of the ascending colon showing an ulcer.",
    "Clinical photograph of the left forearm with an erythematous rash.",
    "PET/CT of the chest showing enlarged lymph nodes in the mediastinum.",
    "Electrocardiogram showing ST segment elevation.",
    "Chest radiograph showing a pneumothorax on the left side.",
    "Lumbar vertebrae. The lumbar vertebrae have a large body.",
    "Intraoperative view of a laparoscopic cholecystectomy with the gallbladder in the grasper.",
    "T2-weighted MRI of the brain showing hydrocephalus.",
)


def drafts(row: FigureRow) -> dict[str, Draft]:
    return {draft.task.removeprefix("figure_"): draft for draft in FigureRuleAuthor(RECIPE).draft([row])}


def revised(draft: Draft, row: FigureRow) -> Revision:
    (revision,) = FigureRuleAuthor(RECIPE).revise([(draft, row)])
    return revision


def test_the_recipe_without_a_model_gets_this_author() -> None:
    assert isinstance(make_author(RECIPE, client=None), FigureRuleAuthor)


def test_one_draft_a_figure_and_task_in_the_recipes_order() -> None:
    rows = [captioned(caption) for caption in CAPTIONS]
    made = list(FigureRuleAuthor(RECIPE).draft(rows))
    assert [(draft.evidence_id, draft.task) for draft in made] == [
        (row.evidence_id, task) for row in rows for task in FIGURE_TASKS
    ]
    assert len({draft.draft_id for draft in made}) == len(made)
    assert all(draft.reason for draft in made if draft.status != "ok")
    assert made == list(FigureRuleAuthor(RECIPE).draft(rows))


def test_a_draft_asks_of_the_picture_and_quotes_the_words_that_answer() -> None:
    row = captioned(KIDNEY)
    draft = drafts(row)["modality_mcq"]
    assert draft.status == "ok"
    assert (draft.question, draft.answer, draft.answer_index) == (
        "What kind of picture is this?",
        CT,
        0,
    )
    assert draft.options[0] == CT
    assert draft.stem == figure_stem(row, "")
    assert "\u201cCT scan\u201d" in draft.rationale
    (evidence,) = draft.evidence
    assert evidence.role == "answer"
    assert evidence.quote == row.text[evidence.locator.start : evidence.locator.end] == KIDNEY
    assert (evidence.locator.page, evidence.locator.box) == (row.caption_page, row.caption_box)
    (picture,) = draft.media
    assert (picture.sha256, picture.caption, picture.label) == (row.sha256, "", "")
    assert picture.locator is not None
    assert (picture.locator.kind, picture.locator.page, picture.locator.box) == (
        "page_box",
        row.page,
        row.box,
    )
    assert Label(scheme="modality", path=("radiology", "ct")) in draft.labels
    assert draft.authorship.author == "rule"


def test_no_word_of_the_caption_reaches_the_solver() -> None:
    for caption in CAPTIONS:
        row = captioned(caption)
        for name, draft in drafts(row).items():
            if draft.status == "ok" and name != "panel_mcq":
                shown = f"{draft.stem} {draft.question} {[media.name for media in draft.media]}"
                told = re.findall(r"\w+", normalise(caption))
                for run in zip(told, told[1:], told[2:], strict=False):
                    assert f" {' '.join(run)} " not in f" {normalise(shown)} "


@pytest.mark.parametrize("caption", CAPTIONS)
def test_no_wrong_option_is_named_beside_the_figure_or_a_relative_of_what_is(caption: str) -> None:
    row = captioned(caption, mentions=(("Figure 1", "An ultrasound, an ulcer of the stomach (Figure 1)."),))
    schemes = {"modality_mcq": MODALITY, "anatomy_mcq": ANATOMY, "finding_mcq": FINDING}
    made = drafts(row)
    asked = 0
    for name, scheme in schemes.items():
        draft, taxonomy = made[name], load_taxonomy(scheme)
        said = {each.path for each in fired(row.text, scheme)}
        for origin in draft.option_origins[1:]:
            path = tuple(origin.reference.split("/"))
            assert origin.origin == "taxonomy"
            assert not any(taxonomy.related(path, other) for other in said), (origin, said)
            assert not contains_phrase(row.text, origin.option)
            asked += 1
        assert problems(draft) == () or draft.status != "ok"
    assert asked


def test_conditions_get_others_of_their_body_system_and_no_relatives() -> None:
    draft = drafts(captioned(CAPTIONS[6]))["diagnosis_mcq"]
    terminology = Terminology.load()
    assert draft.answer == "Pneumothorax"
    assert [origin.origin for origin in draft.option_origins] == ["answer", *["terminology"] * 3]
    for option in draft.options[1:]:
        assert terminology.body_system(option) == "respiratory"
        assert not terminology.related(option, "pneumothorax")


def test_what_a_picture_shows_as_a_whole_is_not_asked_beside_its_neighbours() -> None:
    draft = drafts(captioned("CT scan of the liver."))["anatomy_mcq"]
    assert draft.answer == "Liver"
    assert not {"Spleen", "Kidney", "Pancreas", "Gallbladder", "Abdomen"} & set(draft.options)
    site = drafts(captioned("CT scan with a mass in the liver."))["anatomy_mcq"]
    assert "lie" in site.question


def test_signals_and_tissue_are_labelled_by_place_and_not_asked_for_it() -> None:
    draft = drafts(captioned(CAPTIONS[5]))["anatomy_mcq"]
    assert (draft.status, "shows no part of the body" in draft.reason) == ("nothing_to_ask", True)
    assert Label(scheme="anatomy", path=("cardiovascular", "heart")) in draft.labels
    bone = drafts(captioned("Photomicrograph of the femur showing a metastasis."))["anatomy_mcq"]
    assert "tissue does not tell" in bone.reason


def test_panels_are_asked_for_by_their_words() -> None:
    row = captioned(LETTERS, panels=PANELS)
    draft = drafts(row)["panel_mcq"]
    assert draft.status == "ok"
    assert sorted(draft.options) == ["A", "B", "C"]
    part = dict(PANELS)[draft.answer].rstrip(".")
    assert f"\u201c{part}\u201d" in draft.question
    assert {origin.origin for origin in draft.option_origins[1:]} == {"figure"}
    assert draft.evidence[0].quote == dict(PANELS)[draft.answer]
    assert revised(draft, row).status == "ok"


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"panels": ()}, "no panels"),
        ({"confidence": 0.2}, "only 0 of 3"),
        ({"pixels": ()}, "only 0 of 3"),
        ({"label": "A"}, "the same letter"),
        ({"backwards": True}, "which panel has which letter"),
    ],
)
def test_panels_that_are_not_sure_are_not_asked_for(change: dict[str, object], cause: str) -> None:
    row = captioned(LETTERS, panels=PANELS)
    if "panels" in change:
        row = replace(row, panels=())
    elif "backwards" in change:
        boxes = [panel.pixels for panel in row.panels]
        row = replace(
            row,
            panels=tuple(replace(p, pixels=b) for p, b in zip(row.panels, reversed(boxes), strict=True)),
        )
    else:
        row = replace(row, panels=tuple(replace(panel, **change) for panel in row.panels))  # type: ignore[arg-type]
    draft = drafts(row)["panel_mcq"]
    assert (draft.status, cause in draft.reason) == ("nothing_to_ask", True), draft.reason


def test_letters_that_stand_in_the_picture_settle_the_order() -> None:
    row = captioned(LETTERS, panels=PANELS)
    boxes = [panel.pixels for panel in row.panels]
    turned = tuple(replace(p, pixels=b) for p, b in zip(row.panels, reversed(boxes), strict=True))
    assert drafts(replace(row, panels=turned, words_inside=("(A)", "B.", "c")))["panel_mcq"].status == "ok"


def test_panels_that_differ_in_a_word_of_little_meaning_are_not_told_apart() -> None:
    caption = "(A) Section of the liver. (B) A section of the liver."
    row = captioned(caption, panels=(("A", "Section of the liver."), ("B", "A section of the liver.")))
    assert "tells its panel" in drafts(row)["panel_mcq"].reason


def test_the_description_is_the_caption_cleaned() -> None:
    row = captioned("CT scan (a) of the abdomen showing a mass in the left kidney. (credit: somebody)")
    draft = drafts(row)["description_open"]
    assert draft.answer == "CT scan of the abdomen showing a mass in the left kidney."
    assert (draft.options, draft.answer_index, draft.answer_aliases) == ((), None, ())
    assert draft.evidence[0].quote == row.caption


@pytest.mark.parametrize(
    ("change", "cause"),
    [({"status": "no_picture", "reason": "not in the source", "sha256": ""}, "not in the source"), ({"sha256": ""}, "no picture"),
     ({"status": "no_caption", "reason": "nothing near it"}, "nothing near it")],
)  # fmt: skip
def test_a_figure_that_is_not_whole_is_asked_nothing(change: dict[str, str], cause: str) -> None:
    made = drafts(captioned(KIDNEY, **change))
    assert {draft.status for draft in made.values()} == {"nothing_to_ask"}
    assert all(cause in draft.reason for draft in made.values())


def test_words_in_the_picture_and_doubtful_pairs_are_flagged() -> None:
    made = drafts(captioned(KIDNEY, words_inside=("Left KIDNEY",), alignment=0.65))
    assert {flag.flag for flag in made["anatomy_mcq"].quality_flags} == {
        "answer_in_picture",
        "low_alignment",
    }
    assert {flag.flag for flag in made["modality_mcq"].quality_flags} == {"low_alignment"}


def test_what_only_the_running_text_says_is_flagged_and_quoted_from_there() -> None:
    row = captioned("Tear of the meniscus.", mentions=(("Figure 1", "On MRI a tear was seen (Figure 1)."),))
    draft = drafts(row)["modality_mcq"]
    assert "from_mention" in {flag.flag for flag in draft.quality_flags}
    assert draft.evidence[0].quote == "On MRI a tear was seen (Figure 1)."
    assert draft.evidence[0].locator.page == 4


def test_a_revision_keeps_what_the_text_gives_again() -> None:
    for caption in CAPTIONS:
        row = captioned(caption)
        for draft in drafts(row).values():
            if draft.status == "ok":
                revision = revised(draft, row)
                assert (revision.status, revision.reason) == ("ok", "")
                for field in fields(Envelope):
                    if field.name != "quality_flags":
                        assert getattr(revision, field.name) == getattr(draft, field.name)


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"answer": "MRI scan"}, "true_to_text"),
        ({"options": (CT, "Radiograph")}, "true_to_text"),
        ({"labels": ()}, "true_to_text"),
        ({"question": "Is this a CT scan?"}, "true_to_text"),
    ],
)
def test_a_revision_drops_what_the_text_does_not_give(change: dict[str, object], cause: str) -> None:
    row = captioned(KIDNEY)
    draft = replace(drafts(row)["modality_mcq"], **change)  # type: ignore[arg-type]
    revision = revised(draft, row)
    assert (revision.status, cause in revision.reason) == ("dropped", True)


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"question": "What does the caption call this?"}, "caption_not_needed"),
        ({"question": "Is this a CT scan of the abdomen?"}, "answer_unsaid"),
        ({"options": (CT, CT.lower(), "MRI scan", "Radiograph")}, "one_best"),
        ({"options": (CT, "Cone beam tomogram", "MRI scan", "Radiograph")}, "one_best"),
        ({"options": ("MRI scan", "Radiograph")}, "one_best"),
        ({"media": ()}, "picture_needed"),
    ],
)
def test_the_criteria_find_what_is_planted(change: dict[str, object], cause: str) -> None:
    draft = drafts(captioned(KIDNEY))["modality_mcq"]
    assert problems(draft) == ()
    (found,) = problems(replace(draft, **change))  # type: ignore[arg-type]
    assert found.startswith(cause)


def test_length_does_not_tell_the_answer() -> None:
    """Neither the longest nor the shortest option is right much more often than chance has it."""
    organs = (
        "liver",
        "kidney",
        "brain",
        "knee",
        "heart",
        "stomach",
        "prostate",
        "thyroid gland",
        "lungs",
        "uterus",
    )
    ways = (
        "CT scan",
        "MRI",
        "Radiograph",
        "Ultrasound image",
        "Photomicrograph",
        "PET scan",
        "Endoscopic view",
    )
    signs = ("a mass", "a cyst", "a fracture", "calcifications", "necrosis")
    rows = [
        captioned(f"{way} of the {organ} with {sign}.")
        for way in ways
        for organ in organs
        for sign in signs
    ]
    made = [
        draft for draft in FigureRuleAuthor(RECIPE).draft(rows) if draft.status == "ok" and draft.options
    ]
    ranks = [sum(len(option) < len(draft.answer) for option in draft.options[1:]) for draft in made]
    assert len(made) > 700
    assert all(0.1 < ranks.count(rank) / len(made) < 0.4 for rank in range(4)), [
        ranks.count(r) for r in range(4)
    ]
