"""The rule author of clips: one draft a clip and task, from what the frames determine, and a second look."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings

from grandrounds.authoring.author import make_author
from grandrounds.authoring.clip_checks import problems
from grandrounds.authoring.clip_rule import ClipRuleAuthor
from grandrounds.contracts import contract
from grandrounds.recipe import CLIP_TASKS, Recipe
from grandrounds.records.clip import ClipRow
from grandrounds.records.envelope import Candidate, Draft, Envelope, Revision, content_sha256, item_id
from grandrounds.records.parts import Label, OptionOrigin
from grandrounds.records.table import from_table, to_table
from grandrounds.videos.again import (
    answer_faults,
    label_faults,
    origin_faults,
    picture_faults,
    quote_faults,
)
from grandrounds.videos.asking import frames_needed
from tests.support.clip_rows import LEFT, SIGHTS, STEPS, bending, clip, panning
from tests.support.clip_strategies import clips

RECIPE = Recipe.model_validate(
    {
        "name": "tried",
        "title": "Tried",
        "author": "rule",
        "tasks": [{"name": name, "options": 4} for name in CLIP_TASKS],
        "evidence": {"kind": "clips"},
    }
)
REPEATED = bending(170, 90, 168, 95, 171, repetitions=2, confidence=0.9)


def drafts(row: ClipRow) -> dict[str, Draft]:
    return {
        draft.task.removeprefix("clip_").removesuffix("_mcq"): draft
        for draft in ClipRuleAuthor(RECIPE).draft([row])
    }


def revised(draft: Draft, row: ClipRow) -> Revision:
    (revision,) = ClipRuleAuthor(RECIPE).revise([(draft, row)])
    return revision


def faults(row: ClipRow, item: Envelope, *, edited: bool = False) -> list[str]:
    return [
        *origin_faults(row, item),
        *picture_faults(row, item),
        *quote_faults(row, item),
        *label_faults(item),
        *answer_faults(row, item, edited=edited),
    ]


def test_the_recipe_without_a_model_gets_this_author() -> None:
    assert isinstance(make_author(RECIPE, client=None), ClipRuleAuthor)


def test_one_draft_a_clip_and_task_in_the_recipes_order() -> None:
    rows = [panning(), clip(says=STEPS), clip(says=SIGHTS), clip(count=2)]
    seen: list[tuple[int, int | None]] = []
    made = list(ClipRuleAuthor(RECIPE, on_progress=lambda *told: seen.append(told)).draft(rows))
    assert [(draft.evidence_id, draft.task) for draft in made] == [
        (row.evidence_id, task) for row in rows for task in CLIP_TASKS
    ]
    assert len({draft.draft_id for draft in made}) == len(made)
    assert all(draft.reason for draft in made if draft.status != "ok")
    assert {draft.status for draft in made} == {"ok", "nothing_to_ask"}
    assert made == list(ClipRuleAuthor(RECIPE).draft(rows))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_draft_shows_the_frames_and_says_where_they_are_from() -> None:
    row = clip(changes=(3, 4, 12, 5))
    draft = drafts(row)["change"]
    assert draft.stem == "The 5 pictures are frames of one video, in order of time."
    assert (draft.answer, draft.answer_index) == ("Between frames 3 and 4", 0)
    assert [media.label for media in draft.media] == [f"Frame {n}" for n in range(1, 6)]
    for media, frame in zip(draft.media, row.frames, strict=True):
        place = media.locator
        assert place is not None
        assert (media.sha256, media.mime, media.caption) == (frame.sha256, "image/png", "")
        assert (place.kind, place.start_seconds, place.end_seconds, place.frame, place.box) == (
            "time_range", frame.seconds, frame.end_seconds, frame.frame, (0, 0, 320, 240),
        )  # fmt: skip
    shown = [part.locator.frame for part in draft.evidence if part.role == "answer"]
    assert shown == [row.frames[2].frame, row.frames[3].frame]
    assert all(part.quote == "" for part in draft.evidence)
    assert "Frame 3 (0:03.0) to Frame 4 (0:04.0)" in draft.rationale
    assert draft.measurements[2].number == 12
    assert Label(scheme="modality", path=("radiology", "ultrasound")) in draft.labels
    assert draft.authorship.author == "rule"
    assert Counter(origin.origin for origin in draft.option_origins) == {"answer": 1, "clip": 3}


def test_words_that_confirm_an_answer_are_quoted_with_their_time() -> None:
    row = clip(says=SIGHTS)
    draft = drafts(row)["frame"]
    quote = draft.evidence[0]
    place = int(draft.answer[-1]) - 1
    assert quote.quote == SIGHTS[place] == row.text[quote.locator.start : quote.locator.end]
    assert quote.locator.start_seconds == row.cues[place].start_seconds
    assert quote.quote in draft.question
    assert "said" not in draft.stem and not any(words in draft.stem for words in SIGHTS)


def test_pictures_out_of_order_are_told_apart_by_letters_and_by_nothing_else() -> None:
    draft = drafts(panning())["order"]
    assert [media.label for media in draft.media] == list("ABCDE")
    assert [media.name for media in draft.media] == [f"frame-{n}.png" for n in range(1, 6)]
    times = [media.locator.start_seconds for media in draft.media if media.locator]
    assert times != sorted(times)


def test_fewer_options_than_asked_for_are_told_of() -> None:
    wide = RECIPE.model_copy(
        update={"tasks": tuple(task.model_copy(update={"options": 6}) for task in RECIPE.tasks)}
    )
    made = {draft.task: draft for draft in ClipRuleAuthor(wide).draft([panning(count=3)])}
    order = made["clip_order_mcq"]
    assert order.status == "ok" and len(order.options) == 5
    assert [flag.flag for flag in order.quality_flags] == ["fewer_options"]


def test_reasoning_is_left_to_models() -> None:
    draft = drafts(clip(says=SIGHTS))["reasoning"]
    assert draft.status == "nothing_to_ask" and "only a model" in draft.reason


@pytest.mark.parametrize("row", [panning(), clip(says=STEPS), clip(says=SIGHTS), clip(poses=[REPEATED])])
def test_a_sound_draft_is_kept_as_it_is(row: ClipRow) -> None:
    for draft in drafts(row).values():
        if draft.status != "ok":
            continue
        revision = revised(draft, row)
        assert (revision.status, revision.reason) == ("ok", "")
        assert (revision.question, revision.options) == (draft.question, draft.options)
        assert faults(row, revision) == []


def test_a_draft_that_left_its_clip_is_dropped() -> None:
    row = panning()
    draft = drafts(row)["order"]
    assert "other question" in revised(replace(draft, question="In which order?"), row).reason
    assert "other answer" in revised(replace(draft, answer=draft.options[1]), row).reason
    assert "other media" in revised(replace(draft, media=draft.media[::-1]), row).reason
    still = replace(row, frames=clip(seed="a").frames)
    assert revised(draft, still).status == "dropped"


# Held against the clip again --------------------------------------------------------------------

ROWS = {
    "order": panning(),
    "next": clip(says=STEPS),
    "frame": clip(says=SIGHTS),
    "change": clip(changes=(3, 4, 12, 5)),
    "count": clip(poses=[REPEATED]),
}


@pytest.mark.parametrize("task", ROWS)
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda row: replace(row, answer=row.options[1]), "asked again, its answer"),
        (lambda row: replace(row, options=(*row.options[:-1], "no answer of its own")), "wrong options"),
        (lambda row: replace(row, options=row.options[:-1]), ""),
        (lambda row: replace(row, question="What do you see?"), "asked again, its clip gives another que"),
        (lambda row: replace(row, stem="Some pictures."), "its stem"),
        (lambda row: replace(row, media=row.media[:-1]), "pictures instead of"),
        (lambda row: replace(row, media=row.media[::-1]), "not the frame that belongs there"),
        (lambda row: replace(row, media=tuple(replace(m, label="X") for m in row.media)), "is called"),
        (lambda row: replace(row, media=tuple(replace(m, caption="liver") for m in row.media)), "caption"),
        (lambda row: replace(row, media=tuple(replace(m, name="first.png") for m in row.media)), "name"),
        (lambda row: replace(row, media=tuple(replace(m, locator=None) for m in row.media)), "time, frame"),
        (lambda row: replace(row, media=tuple(replace(m, width=3) for m in row.media)), "type or size"),
        (lambda row: replace(row, evidence=()), "nothing shows"),
        (lambda row: replace(row, evidence=row.evidence[1:]), "rests on other"),
        (lambda row: replace(row, labels=()), "other labels"),
        (lambda row: replace(row, labels=row.labels * 2), "two labels"),
        (lambda row: replace(row, licence="CC0-1.0"), "its licence"),
        (lambda row: replace(row, source_id="source-other"), "its source_id"),
    ],
)
def test_whatever_is_forged_is_found(task: str, change: object, words: str) -> None:
    row, honest = ROWS[task], drafts(ROWS[task])[task]
    assert faults(row, honest) == []
    found = faults(row, change(honest))  # type: ignore[operator]
    assert words in "; ".join(found)
    assert found or not words


@pytest.mark.parametrize("task", ["change", "count"])
def test_forged_measurements_are_found(task: str) -> None:
    honest = drafts(ROWS[task])[task]
    first = replace(honest.measurements[0], number=99.0)
    forged = replace(honest, measurements=(first, *honest.measurements[1:]))
    assert "its clip gives other measurements" in "; ".join(faults(ROWS[task], forged))


def test_forged_quotes_and_frames_are_found() -> None:
    row, honest = ROWS["frame"], drafts(ROWS["frame"])["frame"]
    quote, *frames = honest.evidence
    place = quote.locator

    def told(*parts: object) -> str:
        return "; ".join(quote_faults(row, replace(honest, evidence=parts)))  # type: ignore[arg-type]

    assert "does not stand at" in told(replace(quote, quote="Here the lung."))
    assert "at another time" in told(replace(quote, locator=replace(place, start_seconds=0.0)))
    assert "no place" in told(replace(quote, locator=replace(place, kind="page_box")))
    assert "the role 'support'" in told(quote, replace(quote, role="support"))
    assert "the role 'stem'" in told(quote, replace(frames[0], role="stem"))
    assert "of another clip" in told(quote, replace(frames[0], evidence_id="clip-x"))
    moved = replace(frames[0].locator, start_seconds=7.0)
    assert "a frame that its clip does not have" in told(quote, replace(frames[0], locator=moved))
    over = replace(place, end=len(row.text) + 5)
    assert "does not stand at" in told(replace(quote, locator=over))
    both = replace(place, end=row.cues[1].span.end, start=row.cues[0].span.start)
    whole = row.text[row.cues[0].span.start : row.cues[1].span.end]
    assert "lies within no cue" in told(replace(quote, quote=whole, locator=both))


def test_a_reader_may_word_a_question_anew_but_not_make_a_wrong_option_right() -> None:
    row, honest = ROWS["change"], drafts(ROWS["change"])["change"]
    worded = replace(honest, question="Between which neighbours is the change greatest?")
    assert faults(row, worded) != [] and faults(row, worded, edited=True) == []
    fewer = replace(honest, options=honest.options[:3], option_origins=honest.option_origins[:3])
    assert faults(row, fewer, edited=True) == []
    strange = OptionOrigin(option="Between frames 1 and 5", origin="reviewer")
    other = replace(
        honest,
        options=(*honest.options[:3], strange.option),
        option_origins=(*honest.option_origins[:3], strange),
    )
    assert "not known to be wrong" in "; ".join(faults(row, other, edited=True))


@settings(max_examples=150, deadline=None)
@given(clips())
def test_whatever_a_clip_is_like_each_item_holds(row: ClipRow) -> None:
    author = ClipRuleAuthor(RECIPE)
    made = list(author.draft([row]))
    assert [draft.task for draft in made] == list(CLIP_TASKS)
    to_table(made, contract("drafts"))
    for draft in made:
        if draft.status != "ok":
            assert draft.reason and draft.status == "nothing_to_ask"
            continue
        assert problems(draft, row) == () and faults(row, draft) == []
        (revision,) = author.revise([(draft, row)])
        assert revision.status == "ok", revision.reason
        assert draft.answer in draft.options and len(set(draft.options)) == len(draft.options)
        assert len(set(frames_needed(draft, row))) >= 2
        stored = {name: getattr(revision, name) for name in Envelope.__dataclass_fields__}
        candidate = Candidate(
            **{**stored, "options": draft.options[::-1], "answer_index": len(draft.options) - 1},
            item_id=item_id(revision),
            revision_id=revision.revision_id,
            draft_id=draft.draft_id,
            content_sha256=content_sha256(revision),
        )
        (back,) = from_table(Candidate, to_table([candidate], contract("candidates")))
        assert back == candidate and faults(row, back) == []
        again = from_table(ClipRow, to_table([row], contract("clips")))[0]
        assert faults(again, back) == []


def test_few_frames_that_move_are_still_asked_about() -> None:
    made = drafts(clip(count=3, moves=[LEFT] * 2))
    assert made["order"].status == "ok" and len(made["order"].options) == 4
    assert made["next"].status == "nothing_to_ask"
