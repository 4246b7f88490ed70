"""The funnel: it adds up for a sound build, and any single row that gets lost is noticed."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grandrounds.funnel import CaseRows, build_funnel, funnel_lines, funnel_markdown
from grandrounds.gates.status import reject_case, reject_drafts, reject_revisions
from grandrounds.recipe import Recipe, parse_recipe
from grandrounds.records.case import Case
from grandrounds.records.envelope import Candidate, Draft, Item, Revision
from grandrounds.records.funnel import FunnelStep, ReasonCount, problems
from grandrounds.records.parts import Authorship, ReviewSummary
from grandrounds.records.rejection import Rejection
from grandrounds.records.source import Source

RECIPE: Recipe = parse_recipe(
    {"name": "demo", "title": "Demo", "tasks": [{"name": "diagnosis_mcq"}, {"name": "diagnosis_open"}]},
    where="test",
)


@dataclass(frozen=True, kw_only=True)
class Build:
    """What the stages of one build left behind."""

    sources: tuple[Source, ...]
    cases: tuple[Case, ...]
    drafts: tuple[Draft, ...]
    revisions: tuple[Revision, ...]
    candidates: tuple[Candidate, ...]
    rejections: tuple[Rejection, ...]
    accepted: tuple[Candidate, ...] | None = None
    items: tuple[Item, ...] | None = None

    def funnel(self) -> list[FunnelStep]:
        rows = {field.name: getattr(self, field.name) for field in fields(self)}
        return build_funnel(RECIPE, evidence=CaseRows(cases=rows.pop("cases")), **rows)


@st.composite
def builds(draw: st.DrawFn) -> Build:
    """Any sound build: every row of a stage goes on or is refused, as the draws say."""
    sources: list[Source] = []
    cases: list[Case] = []
    drafts: list[Draft] = []
    revisions: list[Revision] = []
    candidates: list[Candidate] = []
    rejections: list[Rejection] = []
    accepted: list[Candidate] = []
    for number in range(draw(st.integers(0, 4))):
        status = draw(st.sampled_from(["read", "read", "failed", "duplicate", "passed_by"]))
        kind = draw(st.sampled_from(["jats", "pdf"]))
        source = Source(source_id=f"s{number}", path=f"p{number}", kind=kind, status=status, bytes=1)
        sources.append(source)
        count = draw(st.integers(1, 2)) if status == "read" else 0
        for patient in range(count):
            case = _case(f"c{number}.{patient}", source.source_id, patient + 1, count)
            cases.append(case)
            if draw(st.booleans()) and draw(st.booleans()):
                rejections.append(
                    reject_case(case, recipe="demo", gate="clinical", reasons=["No patient."])
                )
                continue
            for task in RECIPE.tasks:
                draft = _draft(case, task.name, draw(st.sampled_from(["ok", "ok", "no_stem", "failed"])))
                drafts.append(draft)
                if draft.status != "ok":
                    continue
                revision = _as(Revision, draft, revision_id=f"r-{draft.draft_id}")
                revision = replace(
                    revision, status=draw(st.sampled_from(["ok", "ok", "truncated"])), reason="why"
                )
                revisions.append(revision)
                if revision.status != "ok":
                    continue
                if draw(st.booleans()):
                    candidate = _as(
                        Candidate, revision, item_id=f"i-{draft.draft_id}", content_sha256="0" * 64
                    )
                    candidates.append(candidate)
                    outcome = draw(st.sampled_from(["accepted", "rejected", "waiting"]))
                    if outcome == "accepted":
                        edited = draw(st.booleans())
                        item = f"e-{candidate.item_id}" if edited else candidate.item_id
                        accepted.append(replace(candidate, item_id=item))
                    elif outcome == "rejected":
                        rejections.append(_rejection("review", "reject", candidate.item_id))
                else:
                    rejections.append(_rejection("gates", "leakage", revision.revision_id))
    rejections += [*reject_drafts(drafts), *reject_revisions(revisions)]
    items = tuple(
        _as(
            Item,
            row,
            candidate_id=row.item_id,
            split="test",
            reviewed=True,
            review=ReviewSummary(status="reviewed"),
        )
        for row in accepted
    )
    published = draw(st.booleans())
    return Build(
        sources=tuple(sources),
        cases=tuple(cases),
        drafts=tuple(drafts),
        revisions=tuple(revisions),
        candidates=tuple(candidates),
        rejections=tuple(rejections),
        accepted=tuple(accepted) if published else None,
        items=items if published else None,
    )


@given(builds())
def test_a_sound_build_adds_up(build: Build) -> None:
    assert problems(build.funnel()) == []


@given(builds(), st.data())
def test_any_single_row_that_gets_lost_is_noticed(build: Build, data: st.DataObject) -> None:
    tables = [
        name
        for name in ("cases", "drafts", "revisions", "candidates", "rejections", "accepted", "items")
        if getattr(build, name)
    ]
    if not tables:
        return
    name = data.draw(st.sampled_from(tables))
    rows = getattr(build, name)
    lost = data.draw(st.integers(0, len(rows) - 1))
    if name == "rejections" and rows[lost].stage == "review":
        return  # its candidate is counted as waiting again: not lost, only undecided
    if name == "accepted":
        rest = replace(build, accepted=rows[:lost] + rows[lost + 1 :])
        steps = {step.step: step for step in rest.funnel()}
        assert problems(steps.values())  # the release holds one more than was accepted
        return
    rest = replace(build, **{name: rows[:lost] + rows[lost + 1 :]})
    assert problems(rest.funnel()), f"a lost row of {name} went unnoticed"


@given(builds(), st.data())
def test_any_single_row_that_stands_twice_is_noticed(build: Build, data: st.DataObject) -> None:
    tables = [
        name for name in ("cases", "drafts", "revisions", "candidates", "items") if getattr(build, name)
    ]
    if not tables:
        return
    name = data.draw(st.sampled_from(tables))
    rows = getattr(build, name)
    twice = replace(build, **{name: (*rows, data.draw(st.sampled_from(list(rows))))})
    assert problems(twice.funnel()), f"a doubled row of {name} went unnoticed"


@given(builds(), st.data())
def test_a_lost_source_that_was_read_is_noticed(build: Build, data: st.DataObject) -> None:
    read = [source for source in build.sources if source.status == "read"]
    if not read:
        return
    lost = data.draw(st.sampled_from(read))
    rest = replace(build, sources=tuple(source for source in build.sources if source is not lost))
    assert problems(rest.funnel())


def test_what_was_refused_is_counted_by_reason() -> None:
    sources = (
        Source(source_id="a", path="a", kind="pdf", status="passed_by", bytes=1),
        Source(source_id="b", path="b", kind="pdf", status="passed_by", bytes=1),
        Source(source_id="c", path="c", kind="jats", status="failed", reason="Broken.", bytes=1),
        Source(source_id="d", path="d", kind="jats", status="duplicate", bytes=1),
        Source(source_id="e", path="e", kind="jats", status="read", bytes=1),
    )
    case = _case("c1", "e", 1, 1)
    candidate = _as(
        Candidate,
        _as(Revision, _draft(case, "diagnosis_mcq", "ok"), revision_id="r"),
        item_id="i",
        content_sha256="0" * 64,
    )
    drafts = (_draft(case, "diagnosis_mcq", "ok"), _draft(case, "diagnosis_open", "no_stem"))
    build = Build(
        sources=sources,
        cases=(case,),
        drafts=drafts,
        revisions=(_as(Revision, drafts[0], revision_id="r"),),
        candidates=(candidate,),
        rejections=tuple(reject_drafts(drafts)),
        accepted=(),
        items=(),
    )
    steps = {step.step: step for step in build.funnel()}
    assert list(steps) == ["found", "cases", "admitted", "draft", "revise", "gates", "review", "release"]
    assert steps["found"].refused == (
        ReasonCount(reason="passed_by:pdf", count=2),
        ReasonCount(reason="duplicate", count=1),
        ReasonCount(reason="failed", count=1),
    )
    assert steps["draft"].refused == (ReasonCount(reason="no_stem", count=1),)
    assert steps["review"].refused == (ReasonCount(reason="waiting", count=1),)
    assert problems(steps.values()) == []


def test_without_review_and_release_the_funnel_ends_at_the_gates() -> None:
    steps = Build(sources=(), cases=(), drafts=(), revisions=(), candidates=(), rejections=()).funnel()
    assert [step.step for step in steps] == ["found", "cases", "admitted", "draft", "revise", "gates"]
    assert problems(steps) == []


def test_people_read_it_as_a_table() -> None:
    step = FunnelStep(
        recipe="demo",
        position=0,
        step="found",
        unit="file",
        entered=12345,
        left=12344,
        refused=(ReasonCount(reason="odd|reason\nhere", count=1),),
    )
    (line,) = funnel_lines([step])
    assert (line.entered, line.left, line.refused) == ("12,345", "12,344", "odd|reason\nhere 1")
    assert (
        funnel_markdown([step]).splitlines()[2]
        == "| found | file | 12,345 | 12,344 | odd\\|reason here 1 |"
    )


@pytest.mark.parametrize("order", [1, -1])
def test_the_table_keeps_the_order_of_the_steps(order: int) -> None:
    steps = Build(sources=(), cases=(), drafts=(), revisions=(), candidates=(), rejections=()).funnel()
    assert [line.step for line in funnel_lines(steps[::order])] == [step.step for step in steps]


def _case(evidence_id: str, source_id: str, number: int, count: int) -> Case:
    return Case(
        evidence_id=evidence_id,
        source_id=source_id,
        case_number=number,
        case_count=count,
        title="T",
        text="x",
        text_sha256="0" * 64,
        sections=(),
        language="en",
        licence="CC0-1.0",
        group_id=source_id,
    )


def _draft(case: Case, task: str, status: str) -> Draft:
    return Draft(
        draft_id=f"{case.evidence_id}-{task}",
        status=status,
        reason="" if status == "ok" else "It was so.",
        recipe="demo",
        task=task,
        evidence_id=case.evidence_id,
        source_id=case.source_id,
        group_id=case.group_id,
        stem="stem",
        question="question",
        answer="answer",
        language="en",
        licence=case.licence,
        authorship=Authorship(author="rule", author_version="1"),
    )


def _as(kind: type[Any], row: Any, **more: Any) -> Any:
    """``row`` as the record of a later stage."""
    shared = {field.name: getattr(row, field.name) for field in fields(kind) if hasattr(row, field.name)}
    return kind(**{**shared, **more})


def _rejection(stage: str, gate: str, subject_id: str) -> Rejection:
    return Rejection(
        rejection_id=f"x-{subject_id}",
        recipe="demo",
        stage=stage,
        gate=gate,
        reason="It was so.",
        subject_id=subject_id,
        source_id="s",
    )
