"""The funnel of videos: it adds up for a sound build, and any single row that gets lost is noticed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grandrounds.funnel import ClipRows, build_funnel
from grandrounds.recipe import Recipe, parse_recipe
from grandrounds.records.clip import ClipRow
from grandrounds.records.envelope import Draft
from grandrounds.records.funnel import FunnelStep, problems
from grandrounds.records.parts import Authorship
from grandrounds.records.rejection import Rejection
from grandrounds.records.source import Source
from grandrounds.records.video import VideoRow

RECIPE: Recipe = parse_recipe(
    {
        "name": "demo",
        "title": "Demo",
        "tasks": [{"name": "clip_order_mcq"}, {"name": "clip_change_mcq"}],
        "evidence": {"kind": "clips"},
    },
    where="test",
)


def _source(number: int) -> Source:
    return Source(source_id=f"src_{number}", path=f"{number}.mp4", kind="video", status="read", bytes=1)


def _video(number: int) -> VideoRow:
    return VideoRow(
        video_id=f"vid_{number}", source_id=f"src_{number}", source_sha256="0" * 64, group_id="g",
        status="read", container="mp4", codec="h264", width=1, height=1, rotation=0, pixel_aspect=1.0,
        frames=1, rate=1.0, variable_rate=False, start_seconds=0.0, end_seconds=1.0, sound=False,
        cut_method="all", decoded=1, text_sha256="", language="und", licence="unknown",
    )  # fmt: skip


def _clip(video: int, number: int) -> ClipRow:
    return ClipRow(
        evidence_id=f"clip_{video}_{number}", source_id=f"src_{video}", source_sha256="0" * 64,
        video_id=f"vid_{video}", group_id="g", start_seconds=0.0, end_seconds=1.0, coherence="scene",
        frames=(), text="", text_sha256="", language="und", licence="unknown",
    )  # fmt: skip


def _draft(clip: ClipRow, task: str, number: int) -> Draft:
    return Draft(
        recipe="demo", task=task, evidence_id=clip.evidence_id, source_id=clip.source_id, group_id="g",
        stem="", question="", answer="", language="und", licence="unknown", status="nothing_to_ask",
        draft_id=f"{clip.evidence_id}-{task}-{number}",
        authorship=Authorship(author="rule", author_version="1"),
    )  # fmt: skip


def _refused(subject: str, stage: str, gate: str) -> Rejection:
    return Rejection(
        rejection_id=f"{stage}-{subject}", recipe="demo", stage=stage, subject_id=subject,
        source_id="src", gate=gate, reason="because",
    )  # fmt: skip


@st.composite
def builds(draw: st.DrawFn) -> dict[str, list]:  # type: ignore[type-arg]
    counts = draw(st.lists(st.integers(0, 3), min_size=1, max_size=4))
    clips = [_clip(video, n) for video, count in enumerate(counts) for n in range(count)]
    admitted = [clip for clip in clips if draw(st.booleans())]
    drafts = [
        _draft(clip, task.name, n)
        for clip in admitted
        for task in RECIPE.tasks
        for n in range(draw(st.integers(1, 3)))
    ]
    turned_down = [clip for clip in clips if clip not in admitted]
    return {
        "sources": [_source(n) for n in range(len(counts))],
        "videos": [_video(n) for n in range(len(counts))],
        "clips": clips,
        "admitted": admitted,
        "drafts": drafts,
        "rejections": [_refused(clip.evidence_id, "evidence", "topic") for clip in turned_down]
        + [_refused(draft.draft_id, "draft", "nothing_to_ask") for draft in drafts],
    }


def _funnel(build: dict[str, list]) -> list[FunnelStep]:  # type: ignore[type-arg]
    return build_funnel(
        RECIPE,
        sources=build["sources"],
        evidence=ClipRows(videos=build["videos"], clips=build["clips"], admitted=build["admitted"]),
        drafts=build["drafts"],
        revisions=(),
        candidates=(),
        rejections=build["rejections"],
    )


@given(build=builds())
def test_a_sound_build_adds_up(build: dict[str, list]) -> None:  # type: ignore[type-arg]
    steps = _funnel(build)
    assert problems(steps) == []
    assert [step.step for step in steps][:4] == ["found", "videos", "clips", "admitted"]


@pytest.mark.parametrize("table", ["videos", "admitted", "drafts", "rejections"])
@given(data=st.data())
def test_any_row_that_gets_lost_is_noticed(table: str, data: st.DataObject) -> None:
    build = data.draw(builds().filter(lambda made: bool(made[table])))
    lost = data.draw(st.sampled_from(build[table]))
    rest = [row for row in build[table] if row is not lost]
    if table == "drafts" and any(_pair(row) == _pair(lost) for row in rest):
        return  # how many drafts a clip gives a task is its author's to say: at least one
    changed = {**build, table: rest}
    assert problems(_funnel(changed)) != []


def test_a_clip_of_a_video_that_nobody_knows_is_noticed() -> None:
    stray = replace(_clip(0, 0), video_id="vid_of_nobody")
    build = {
        "sources": [_source(0)], "videos": [_video(0)], "clips": [stray], "admitted": [],
        "drafts": [], "rejections": [_refused(stray.evidence_id, "evidence", "topic")],
    }  # fmt: skip
    assert problems(_funnel(build)) != []


def _pair(draft: Draft) -> tuple[str, str]:
    return draft.evidence_id, draft.task
