"""The funnel of volumes: it adds up for a sound build, and any single row that gets lost is noticed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grandrounds.funnel import VolumeRows, build_funnel
from grandrounds.gates.status import reject_drafts, reject_volume
from grandrounds.recipe import Recipe, parse_recipe
from grandrounds.records.envelope import Draft
from grandrounds.records.funnel import FunnelStep, ReasonCount, problems
from grandrounds.records.parts import Authorship
from grandrounds.records.rejection import Rejection
from grandrounds.records.scan import Scan
from grandrounds.records.source import Source
from grandrounds.records.volume import VolumeRecord

RECIPE: Recipe = parse_recipe(
    {
        "name": "demo",
        "title": "Demo",
        "tasks": [{"name": "level_mcq"}, {"name": "count_mcq"}],
        "evidence": {"kind": "volumes"},
    },
    where="test",
)


@dataclass(frozen=True, kw_only=True)
class Build:
    """What the stages of one build left behind, up to the drafts; all of these are refused there."""

    sources: tuple[Source, ...]
    volumes: tuple[VolumeRecord, ...]
    scans: tuple[Scan, ...]
    drafts: tuple[Draft, ...]
    rejections: tuple[Rejection, ...]

    def funnel(self) -> list[FunnelStep]:
        return build_funnel(
            RECIPE,
            sources=self.sources,
            evidence=VolumeRows(volumes=self.volumes, scans=self.scans),
            drafts=self.drafts,
            revisions=(),
            candidates=(),
            rejections=self.rejections,
        )

    def trouble(self) -> list[str]:
        return problems(self.funnel())


@st.composite
def builds(draw: st.DrawFn) -> Build:
    """Any sound build: series of several files, masks, sidecars, damaged files, other kinds."""
    sources: list[Source] = [source(f"x{n}", kind="pdf", status="passed_by") for n in range(draw(few))]
    sources += [source(f"y{n}", status="failed") for n in range(draw(few))]
    sources += [source(f"z{n}", kind="sidecar") for n in range(draw(few))]
    volumes: list[VolumeRecord] = []
    scans: list[Scan] = []
    drafts: list[Draft] = []
    rejections: list[Rejection] = []
    for number in range(draw(st.integers(0, 3))):
        files = [source(f"s{number}.{n}", kind="dicom") for n in range(draw(st.integers(1, 3)))]
        image = volume(f"v{number}", files)
        masks = [mask_of(image, n) for n in range(draw(few))]
        sources += [*files, *(source(mask.source_ids[0]) for mask in masks)]
        volumes += [image, *masks]
        if not masks or not draw(st.booleans()):
            for one in (image, *masks):
                rejections.append(reject_volume(one, recipe="demo", gate="no_mask", reasons=["No mask."]))
            continue
        scans.append(Scan(volume=image, masks=tuple(masks), structures=(), measurements=()))
        for task in RECIPE.tasks:
            drafts += [draft(image, task.name, n) for n in range(draw(st.integers(1, 3)))]
    return Build(
        sources=tuple(sources),
        volumes=tuple(volumes),
        scans=tuple(scans),
        drafts=tuple(drafts),
        rejections=(*rejections, *reject_drafts(drafts)),
    )


few = st.integers(0, 2)


@given(builds())
def test_a_sound_build_adds_up(build: Build) -> None:
    assert build.trouble() == []


@given(builds(), st.data())
def test_any_single_row_that_gets_lost_is_noticed(build: Build, data: st.DataObject) -> None:
    for table in ("volumes", "scans", "drafts", "rejections"):
        rows: Sequence[object] = getattr(build, table)
        if rows:
            lost = data.draw(st.integers(0, len(rows) - 1))
            rest = replace(build, **{table: (*rows[:lost], *rows[lost + 1 :])})
            assert rest.trouble(), f"a lost row of {table} went unnoticed"


@given(builds(), st.data())
def test_any_single_row_that_stands_twice_is_noticed(build: Build, data: st.DataObject) -> None:
    for table in ("volumes", "scans", "drafts"):
        rows: Sequence[object] = getattr(build, table)
        if rows:
            twice = data.draw(st.sampled_from(list(rows)))
            assert replace(build, **{table: (*rows, twice)}).trouble(), f"a doubled row of {table}"


def test_a_scan_may_give_a_task_many_drafts_but_must_give_it_one() -> None:
    image = volume("v", [source("s")])
    mask = mask_of(image, 0)
    scan = Scan(volume=image, masks=(mask,), structures=(), measurements=())
    drafts = tuple(draft(image, "level_mcq", n) for n in range(3))
    build = Build(
        sources=(source("s"), source(mask.source_ids[0])),
        volumes=(image, mask),
        scans=(scan,),
        drafts=drafts,
        rejections=tuple(reject_drafts(drafts)),
    )
    assert build.trouble() == ["step 'draft': 3 draft entered, but the step before sent 4"]
    more = (*drafts, draft(image, "count_mcq", 0))
    assert replace(build, drafts=more, rejections=tuple(reject_drafts(more))).trouble() == []
    stray = (*more, draft(volume("w", [source("t")]), "level_mcq", 0))
    assert replace(build, drafts=stray, rejections=tuple(reject_drafts(stray))).trouble()


def test_an_imaging_file_that_stands_in_no_volume_is_noticed() -> None:
    build = Build(sources=(source("s"),), volumes=(), scans=(), drafts=(), rejections=())
    assert build.trouble() == ["step 'volumes': of 1 file that entered, 1 neither left nor were refused"]


def test_people_see_files_then_volumes_then_drafts() -> None:
    image = volume("v", [source("a", kind="dicom"), source("b", kind="dicom")])
    refused = reject_volume(image, recipe="demo", gate="no_mask", reasons=["No mask lies on its grid."])
    build = Build(
        sources=(source("a", kind="dicom"), source("b", kind="dicom"), source("c", kind="sidecar")),
        volumes=(image,),
        scans=(),
        drafts=(),
        rejections=(refused,),
    )
    steps = {step.step: step for step in build.funnel()}
    assert list(steps) == ["found", "volumes", "admitted", "draft", "revise", "gates"]
    assert [(step.unit, step.entered, step.left) for step in list(steps.values())[:3]] == [
        ("file", 3, 3),
        ("file", 2, 2),
        ("volume", 1, 0),
    ]
    assert steps["admitted"].refused == (ReasonCount(reason="no_mask", count=1),)
    assert build.trouble() == []


@pytest.mark.parametrize("stage", ["evidence"])
def test_a_refused_volume_keeps_its_name_and_reason(stage: str) -> None:
    row = reject_volume(volume("v", [source("s")]), recipe="demo", gate="spacing", reasons=["Too coarse."])
    assert (row.stage, row.gate, row.reason, row.subject_id) == (stage, "spacing", "Too coarse.", "v")
    assert row.source_id == "s"


def source(name: str, *, kind: str = "nifti", status: str = "read") -> Source:
    return Source(source_id=name, path=name, kind=kind, status=status, bytes=1)


def volume(name: str, files: Sequence[Source]) -> VolumeRecord:
    ids = tuple(one.source_id for one in files)
    return VolumeRecord(volume_id=name, source_ids=ids, format="dicom", status="ok", sha256="0" * 64)


def mask_of(image: VolumeRecord, number: int) -> VolumeRecord:
    name = f"{image.volume_id}-m{number}"
    return replace(
        image, volume_id=name, source_ids=(f"{name}-file",), is_mask=True, mask_of=image.volume_id
    )


def draft(image: VolumeRecord, task: str, number: int) -> Draft:
    """A draft that goes no further, so that later steps are empty."""
    return Draft(
        draft_id=f"{image.volume_id}-{task}-{number}",
        status="nothing_to_ask",
        reason="Nothing can be asked of it.",
        recipe="demo",
        task=task,
        evidence_id=image.volume_id,
        source_id=image.source_ids[0],
        group_id="g",
        stem="stem",
        question="question",
        answer="answer",
        language="en",
        licence="CC0-1.0",
        authorship=Authorship(author="rule", author_version="1"),
    )
