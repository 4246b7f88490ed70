"""Gates of clips: a sound theatre passes whole; each planted fault is refused by the gate that is for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from grandrounds.contracts import contract
from grandrounds.fingerprint import sha256_text
from grandrounds.gates.clips import GATES
from grandrounds.gates.clips.admission import admit, admitted
from grandrounds.gates.groups import merged_groups
from grandrounds.gates.run import NAMES, gates_of, weigh
from grandrounds.records.clip import ClipRow
from grandrounds.records.envelope import Revision
from grandrounds.records.parts import Label, Span
from grandrounds.records.table import to_table
from grandrounds.records.video import VideoCut, VideoRow
from grandrounds.videos.alike import alike_clips
from tests.support.clip_release import NOT_OPEN, Shot, Theatre, authored, make_recipe, make_theatre
from tests.support.votes import cast

ORDER, FRAME, NEXT = "clip_order_mcq", "clip_frame_mcq", "clip_next_mcq"


@pytest.fixture(scope="module")
def theatre() -> Theatre:
    return make_theatre(Shot(seed=1), Shot(seed=2))


def one(made: Theatre, task: str, number: int = 0) -> Revision:
    return [row for row in made.revisions if row.task == task][number]


def verdict(
    made: Theatre,
    row: Revision,
    *,
    clip: Mapping[str, Any] | None = None,
    video: Mapping[str, Any] | None = None,
    **more: Any,
) -> tuple[str, str]:
    """Gate and reason of the one row, its clip or video changed first; empty where it passes."""
    own = made.by_id[row.evidence_id]
    changed = replace(own, **(clip or {}))
    videos = [
        replace(each, **video) if video and each.video_id == own.video_id else each for each in made.videos
    ]
    found = made.judged([row], **({"evidence": {own.evidence_id: changed}, "videos": videos} | more))
    if found.candidates:
        return "", ""
    (rejection,) = found.rejections
    return rejection.gate, rejection.reason


def flags(made: Theatre, row: Revision, **more: Any) -> set[str]:
    (candidate,) = made.judged([row], **more).candidates
    return {flag.flag for flag in candidate.quality_flags}


# A sound theatre ------------------------------------------------------------------------------


def test_everything_of_a_sound_theatre_passes(theatre: Theatre) -> None:
    found = theatre.judged()
    assert found.rejections == []
    assert len(found.candidates) == len(theatre.revisions) > 6
    assert {row.task for row in found.candidates} == {ORDER, FRAME, NEXT}
    to_table(found.candidates, contract("candidates"))


def test_every_gate_of_clips_is_named(theatre: Theatre) -> None:
    assert gates_of(theatre.recipe) == GATES
    assert {gate.name for gate in GATES} | {"single_frame", "duplicates"} <= set(NAMES)


def test_without_pictures_or_videos_nothing_passes(theatre: Theatre) -> None:
    assert {r.gate for r in theatre.judged(get_picture=None).rejections} == {"frames"}
    without = theatre.judged(videos=())
    assert without.candidates == []
    assert "is not among the videos" in without.rejections[0].reason


# One row, one fault ---------------------------------------------------------------------------


def _media(row: Revision, number: int = 0, **more: Any) -> Revision:
    media = list(row.media)
    media[number] = replace(media[number], **more)
    return replace(row, media=tuple(media))


@pytest.mark.parametrize(
    ("gate", "task", "change"),
    [
        ("licence", ORDER, {"licence": "CC0-1.0"}),
        ("types", ORDER, {"rationale": ""}),
        ("types", ORDER, {"answer_index": 2}),
        ("types", FRAME, {"recipe": "another"}),
        ("labels", ORDER, {"labels": (Label(scheme="modality", path=("crystal", "ball")),)}),
        ("grounding", FRAME, {"stem": "Five pictures."}),
        ("grounding", FRAME, {"evidence": ()}),
        ("frames", FRAME, {"media": ()}),
        ("grounding", FRAME, {"source_published": date(1999, 1, 1)}),
        ("recompute", FRAME, {"question": "Which frame is it?"}),
        ("groups", FRAME, {"group_id": "group-elsewhere"}),
        ("deidentify", FRAME, {"rationale": "Mr. Walker was seen on day 2."}),
    ],
)
def test_a_planted_fault_is_refused(theatre: Theatre, gate: str, task: str, change: dict[str, Any]) -> None:
    assert verdict(theatre, replace(one(theatre, task), **change))[0] == gate


def test_frames_in_another_order_of_another_time_or_crop_are_refused(theatre: Theatre) -> None:
    row = one(theatre, FRAME)
    place = row.media[0].locator
    assert place is not None
    for wrong in (
        replace(row, media=row.media[::-1]),
        replace(row, media=row.media[:-1]),
        _media(row, locator=replace(place, frame=3)),
        _media(row, locator=replace(place, start_seconds=0.5)),
        _media(row, locator=replace(place, box=(0.0, 0.0, 9.0, 9.0))),
        _media(row, label="B"),
        _media(row, caption="The liver."),
    ):
        assert verdict(theatre, wrong)[0] == "grounding"


def test_the_true_order_is_never_the_order_shown(theatre: Theatre) -> None:
    for row in theatre.revisions:
        if row.task == ORDER:
            times = [media.locator.start_seconds for media in row.media if media.locator]
            assert times != sorted(times)


def test_an_answer_that_the_clip_does_not_give_is_refused(theatre: Theatre) -> None:
    row = one(theatre, ORDER)
    wrong = row.options[1]
    swapped = {row.answer: wrong, wrong: row.answer}
    origins = tuple(replace(o, option=swapped.get(o.option, o.option)) for o in row.option_origins)
    changed = replace(row, answer=wrong, answer_index=1, option_origins=origins)
    gate, reason = verdict(theatre, changed)
    assert gate == "recompute"
    assert "Asked again, its answer is" in reason


def test_a_question_that_one_frame_answers_is_refused(theatre: Theatre) -> None:
    """Nothing moves any more, so nothing fixes an order: the clip does not give the item."""
    row = one(theatre, ORDER)
    own = theatre.by_id[row.evidence_id]
    still = tuple(replace(frame, motion_x=0.0, motion_share=0.0) for frame in own.frames)
    gate, reason = verdict(theatre, row, clip={"frames": still})
    assert gate in {"grounding", "needs_two_frames", "recompute"}
    assert "[needs_two_frames] Its answer rests on 0 of its frames" in reason


def test_pictures_that_are_gone_exchanged_or_not_those_that_were_cut_are_refused(theatre: Theatre) -> None:
    row = one(theatre, FRAME)
    own = theatre.by_id[row.evidence_id]
    other = theatre.media[own.frames[1].sha256]
    for data in (b"", b"no picture", other):
        found = verdict(theatre, row, get_picture=lambda _, data=data: data)
        assert found[0] == "frames"
    first, *rest = own.frames
    for wrong in ({"pixels_sha256": "0" * 64}, {"perceptual_hash": "f" * 16}):
        gate, reason = verdict(theatre, row, clip={"frames": (replace(first, **wrong), *rest)})
        assert (gate, "The picture of frame 1 has" in reason) == ("frames", True)


def test_frames_that_a_cut_parts_are_refused_unless_a_sequence_is_named(theatre: Theatre) -> None:
    row = one(theatre, FRAME)
    own = theatre.by_id[row.evidence_id]
    middle = own.frames[2]
    cut = VideoCut(
        frame=middle.frame,
        seconds=middle.seconds,
        kind="hard",
        start_seconds=middle.seconds,
        score=0.9,
    )
    gate, reason = verdict(theatre, row, video={"cuts": (cut,)})
    assert gate == "coherence"
    assert "nothing joins them" in reason
    later = tuple(replace(frame, scene=int(place >= 2)) for place, frame in enumerate(own.frames))
    named = {"coherence": "sequence", "sequence": "scenes 1-2", "frames": later}
    assert "coherence" not in verdict(theatre, row, video={"cuts": (cut,)}, clip=named)[1]
    gate, reason = verdict(theatre, row, video={"cuts": (cut,)}, clip=named | {"sequence": ""})
    assert "has no name" in reason


@pytest.mark.parametrize(
    "change",
    [
        {"seconds": 9.0},
        {"frame": 900},
        {"crop": (0, 0, 999, 999)},
        {"end_seconds": 0.0},
        {"scene": 3},
    ],
)
def test_frames_outside_their_video_clip_or_order_are_refused(
    theatre: Theatre, change: dict[str, Any]
) -> None:
    row = one(theatre, FRAME)
    first, *rest = theatre.by_id[row.evidence_id].frames
    gate, reason = verdict(theatre, row, clip={"frames": (replace(first, **change), *rest)})
    assert gate == "coherence" or "[coherence]" in reason


def test_what_is_quoted_must_be_said_while_frames_are_shown(theatre: Theatre) -> None:
    row = one(theatre, FRAME)
    own = theatre.by_id[row.evidence_id]
    far = tuple(replace(cue, start_seconds=99.0, end_seconds=99.5) for cue in own.cues)
    assert (
        "[cue_window] Its cue 1 is more than 8 s from frame 1"
        in verdict(theatre, row, clip={"cues": far})[1]
    )
    unshown = tuple(replace(cue, frames=(), stressed=None) for cue in own.cues)
    assert "is said while none of the frames is shown" in verdict(theatre, row, clip={"cues": unshown})[1]
    odd = tuple(replace(cue, frames=(9,), stressed=9) for cue in own.cues)
    assert "names a frame that the clip does not have" in verdict(theatre, row, clip={"cues": odd})[1]
    strange = replace(own.cues[0], span=Span(start=5000, end=5010))
    cues = (strange, *own.cues[1:])
    assert "has no words in its text" in verdict(theatre, row, clip={"cues": cues})[1]


def test_a_quote_elsewhere_or_at_another_time_is_refused(theatre: Theatre) -> None:
    row = one(theatre, FRAME)
    place = next(at for at, part in enumerate(row.evidence) if part.quote)
    part = row.evidence[place]
    for wrong in (
        {"quote": "Something else."},
        {"role": "support"},
        {"evidence_id": "clip-elsewhere"},
        {"locator": replace(part.locator, start=(part.locator.start or 0) + 1)},
        {"locator": replace(part.locator, start_seconds=0.0)},
    ):
        changed = [replace(part, **wrong) if at == place else each for at, each in enumerate(row.evidence)]
        assert verdict(theatre, replace(row, evidence=tuple(changed)))[0] == "grounding"


# Who and what is seen on the frames -----------------------------------------------------------


def _seen(video: VideoRow, number: int, **more: Any) -> dict[str, Any]:
    return {
        "looked_at": tuple(
            replace(frame, **more) if frame.frame == number else frame for frame in video.looked_at
        )
    }


def _video_of(made: Theatre, row: Revision) -> VideoRow:
    video_id = made.by_id[row.evidence_id].video_id
    return next(video for video in made.videos if video.video_id == video_id)


def test_frames_with_a_face_or_a_name_are_refused_or_flagged(theatre: Theatre) -> None:
    row = one(theatre, FRAME)
    video, number = _video_of(theatre, row), theatre.by_id[row.evidence_id].frames[0].frame
    for seen in (
        _seen(video, number, faces=1),
        _seen(video, number, verdict="face"),
        _seen(video, number, verdict="name", words=("Jane Doe",)),
        {"looked_at": tuple(frame for frame in video.looked_at if frame.frame != number)},
    ):
        gate, reason = verdict(theatre, row, video=seen)
        assert gate == "people"
        assert "Frame 1" in reason.title()
        assert "Doe" not in reason
    loose = replace(theatre, recipe=make_recipe(evidence={"people": "flag"}))
    for seen in (_seen(video, number, faces=1), _seen(video, number, reason="it shows a date of birth")):
        assert "person_in_frame" in flags(loose, row, videos=[replace(video, **seen)])


def test_words_on_the_frames_that_name_the_answer_flag_or_refuse() -> None:
    """Of an item whose answer is words; frames are named by labels, which stand beside them anyway."""
    from grandrounds.videos.leaks import names_on_screen, naming_faults
    from tests.support.clip_rows import clip
    from tests.support.factories import make_candidate, make_case

    row = clip(says=("The needle goes in.", "The catheter follows."))
    item = replace(
        make_candidate(make_case(0)),
        evidence_id=row.evidence_id,
        question="What comes next?",
        stem="The 2 pictures are frames of one video, in order of time.",
        options=("A catheter", "A stent"),
        answer="A catheter",
        answer_aliases=(),
        media=(),
    )
    assert names_on_screen(item, ("catheter 8F",)) == (False, ())
    assert names_on_screen(item, ("a catheter",)) == (True, ())
    assert names_on_screen(item, ("a catheter", "a stent")) == (True, ("A stent",))
    assert list(naming_faults(item)) == []
    assert list(naming_faults(replace(item, question="Is a catheter next?")))
    numbered = replace(
        item, options=("Frame 1", "Frame 2"), answer="Frame 2", question="Frame 1 or Frame 2?"
    )
    assert list(naming_faults(numbered)) == []
    assert names_on_screen(numbered, ("Frame 2",)) == (False, ())


def test_a_name_that_is_said_is_refused(theatre: Theatre) -> None:
    row = one(theatre, ORDER)
    text = "Thank you, Mr. Walker."
    gate, reason = verdict(theatre, row, clip={"text": text, "text_sha256": sha256_text(text)})
    assert gate == "deidentify"
    assert "What is said in the clip holds a person's name" in reason
    assert "Walker" not in reason


# All rows together ----------------------------------------------------------------------------


def test_one_film_under_two_names_is_one_group_and_its_questions_duplicates() -> None:
    twice = make_theatre(Shot(seed=4, quality=20), Shot(seed=4, quality=34), Shot(seed=5))
    first, again, other = (video.group_id for video in twice.videos)
    assert len({first, again, other}) == 3
    pairs = alike_clips(twice.clips, bits=6)
    assert {(twice.clips[a].video_id, twice.clips[b].video_id) for a, b in pairs} == {
        (twice.videos[0].video_id, twice.videos[1].video_id)
    }
    groups = merged_groups(twice.by_id, near_picture=6)
    assert groups[first] == groups[again] != groups[other]
    found = twice.judged()
    refused = {rejection.gate for rejection in found.rejections}
    assert refused == {"duplicates"}
    same = [row for row in twice.revisions if row.group_id in (first, again)]
    left = [row for row in found.candidates if row.group_id == groups[first]]
    assert {(row.task, row.question) for row in left} == {(row.task, row.question) for row in same}
    assert len(found.candidates) + len(found.rejections) == len(twice.revisions)


def test_one_frame_in_common_makes_clips_not_alike(theatre: Theatre) -> None:
    one_clip, other = theatre.clips[0], theatre.clips[2]
    shared = replace(other, frames=(one_clip.frames[0], *other.frames[1:]))
    assert alike_clips([one_clip, shared], bits=6) == []
    most = replace(other, frames=(*one_clip.frames[:3], *other.frames[3:]))
    assert alike_clips([one_clip, most], bits=6) == [(0, 1)]
    backwards = replace(other, frames=one_clip.frames[::-1])
    assert alike_clips([one_clip, backwards], bits=6) == [], "a film that runs backwards is another"
    blank = tuple(replace(frame, perceptual_hash="0" * 16) for frame in one_clip.frames)
    pair = [replace(one_clip, frames=blank), replace(other, frames=blank)]
    assert alike_clips(pair, bits=6) == []


def test_the_same_bytes_under_two_names_are_one_group(theatre: Theatre) -> None:
    one_clip, other = theatre.clips[0], theatre.clips[2]
    joined = {
        "a": replace(one_clip, evidence_id="a"),
        "b": replace(other, evidence_id="b", source_sha256=one_clip.source_sha256),
    }
    assert len(set(merged_groups(joined).values())) == 1


# What may only be named -----------------------------------------------------------------------


def test_what_may_not_be_shown_is_taken_by_name_and_flagged() -> None:
    shots = (Shot(seed=1), Shot(seed=2, licence=NOT_OPEN))
    closed = make_theatre(*shots)
    assert {r.gate for r in closed.refused} == {"licence"}
    by_name = make_theatre(*shots, recipe=make_recipe(evidence={"index_only": True}))
    assert by_name.refused == ()
    found = by_name.judged()
    assert found.rejections == []
    for row in found.candidates:
        told = "index_only" in {flag.flag for flag in row.quality_flags}
        assert told == (row.licence == NOT_OPEN)


def test_unknown_rights_are_never_named_either() -> None:
    recipe = make_recipe(evidence={"index_only": True})
    made = make_theatre(Shot(seed=1, licence="unknown", clip={"index_only": True}), recipe=recipe)
    assert made.taken == ()
    assert "rights of its video are unknown" in made.refused[0].reason


# Votes with one frame -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("marks", "refused", "flag"),
    [
        ((True, True, True), True, ""),
        ((True, True, False), False, ""),
        ((True,), False, "single_frame_too_few"),
        ((None, None), False, "single_frame_untested"),
        ((), False, ""),
    ],
)
def test_what_a_panel_finds_with_one_frame_is_refused_unless_by_luck(
    theatre: Theatre, marks: tuple[bool | None, ...], refused: bool, flag: str
) -> None:
    recipe = make_recipe(panel={"models": ["m-a", "m-b"], "one_frame": True, "repeats": 3})
    (candidate,) = theatre.judged([one(theatre, FRAME)]).candidates
    votes = [
        cast("m-a", one_frame=True, n=n, correct=mark, status="ok" if mark is not None else "failed", row=candidate)
        for n, mark in enumerate(marks, start=1)
    ]  # fmt: skip
    shown = [cast("m-b", n=n, correct=True, row=candidate) for n in (1, 2, 3)]
    found = weigh([candidate], votes={candidate.item_id: [*votes, *shown]}, recipe=recipe)
    assert [rejection.gate for rejection in found.rejections] == (["single_frame"] if refused else [])
    if not refused:
        told = {each.flag for each in found.candidates[0].quality_flags}
        assert {each for each in told if each.startswith("single_frame")} == ({flag} if flag else set())
    unasked = make_recipe(panel={"models": ["m-a", "m-b"], "repeats": 3})
    assert weigh([candidate], votes={candidate.item_id: votes}, recipe=unasked).rejections == []


# Admission ------------------------------------------------------------------------------------


def test_every_clip_is_admitted_or_refused_with_a_reason(theatre: Theatre) -> None:
    taken, refused = admit(theatre.clips, theatre.recipe)
    assert (len(taken), refused) == (len(theatre.clips), [])
    bad = [replace(theatre.clips[0], medical=()), *theatre.clips[1:]]
    taken, refused = admit(bad, theatre.recipe, videos=theatre.videos)
    assert list(admitted(bad, theatre.recipe, videos=theatre.videos)) == taken
    assert [rejection.gate for rejection in refused] == ["topic"]
    to_table(refused, contract("rejections"))


def _frames(clip: ClipRow, **more: Any) -> dict[str, Any]:
    return {"frames": (replace(clip.frames[0], **more), *clip.frames[1:])}


@pytest.mark.parametrize(
    ("gate", "change"),
    [
        ("licence", {"licence": "unknown"}),
        ("licence", {"licence": "CC-BY-NC-4.0"}),
        ("licence", {"index_only": True}),
        ("protected", {"protected": True}),
        ("language", {"language": "de"}),
        ("language", {"language": ""}),
        ("frames", {"frames": ()}),
        ("topic", {"medical": ()}),
    ],
)
def test_admission_names_its_gate(theatre: Theatre, gate: str, change: dict[str, Any]) -> None:
    (rejection,) = admit([replace(theatre.clips[1], **change)], theatre.recipe)[1]
    assert rejection.gate == gate
    assert rejection.stage == "evidence"
    assert len(rejection.reason) > 10


def test_admission_looks_at_frames_words_and_people(theatre: Theatre) -> None:
    clip = theatre.clips[1]
    for wrong in (
        _frames(clip, width=20),
        _frames(clip, sha256=""),
        _frames(clip, seconds=99.0),
        {"frames": clip.frames[:1]},
    ):
        assert admit([replace(clip, **wrong)], theatre.recipe)[1][0].gate == "frames"
    wordless = replace(clip, text="", cues=(), language="und")
    assert admit([wordless], theatre.recipe)[1] == []
    video = next(video for video in theatre.videos if video.video_id == clip.video_id)
    seen = replace(video, **_seen(video, clip.frames[0].frame, faces=1))
    assert admit([clip], theatre.recipe, videos=[seen])[1][0].gate == "people"
    assert admit([clip], theatre.recipe, videos=[])[1][0].gate == "people"
    loose = make_recipe(evidence={"people": "flag", "need_topic": False})
    assert admit([replace(clip, medical=())], loose, videos=[seen])[1] == []


def test_a_private_release_takes_what_is_protected(theatre: Theatre) -> None:
    private = replace(
        theatre,
        recipe=make_recipe(release={"profile": "private"}),
        clips=tuple(replace(clip, protected=True) for clip in theatre.clips),
    )
    made = authored(private)
    assert made.judged().rejections == []
    assert all(row.protected for row in made.judged().candidates)
