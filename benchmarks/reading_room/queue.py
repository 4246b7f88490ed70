"""A queue of many items of realistic size, and people to read it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from grandrounds.contracts import contract
from grandrounds.fingerprint import sha256_text
from grandrounds.lake import Lake
from grandrounds.recipe import Recipe, parse_recipe
from grandrounds.records.case import Case
from grandrounds.records.envelope import Candidate, Draft, Envelope, Revision
from grandrounds.records.parts import Flag, Span
from grandrounds.records.table import to_table
from grandrounds.review.people.accounts import Accounts
from grandrounds.review.queue import fill
from grandrounds.review.store import ReviewStore
from tests.support.factories import make_candidate, make_case, make_source

NAME = "case_diagnosis"
PASSWORD = "seven quiet herons"
_TASKS = ("diagnosis_mcq", "diagnosis_open")
_SENTENCES = (
    "On day {n} the {organ} was examined again and {found}.",
    "The family told of {count} similar spells in the years before, each ending without treatment.",
    "A repeated measurement gave {value} units, where {limit} is the upper limit of normal.",
    "No drug that could explain the {organ} findings had been taken in the last {n} weeks.",
    "Walking {count} steps brought the complaint back, and rest for {n} minutes took it away.",
    "A picture of the {organ} taken elsewhere {n} months earlier had been read as {found}.",
)
_ORGANS = ("heart", "left lung", "liver", "spleen", "skin", "right eye", "thyroid", "left kidney")
_FOUND = ("nothing new was seen", "slightly larger than before", "tender on touch", "as expected for age")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What was put in: the recipe, how many items, the median size of one (bytes of JSON)."""

    recipe: Recipe
    items: int
    bytes: int


def open_house(
    store: ReviewStore, lake: Lake, *, items: int, readers: Sequence[str], **policy: Any
) -> Filled:
    """Fill the queue with ``items`` candidates, the lake with what the page shows beside them, and make an
    account for each of ``readers``."""
    cases = [_long(make_case(number)) for number in range((items + 1) // 2)]
    candidates = list(_candidates(cases))[:items]
    recipe = parse_recipe(
        {
            "name": NAME,
            "title": "Case diagnosis",
            "tasks": [{"name": task} for task in _TASKS],
            "review": {"policy": "readers", "readers": 2, **policy},
        },
        where="benchmark",
    )
    for table, rows in _beside(cases, candidates):
        lake.write_table(f"{NAME}/{table}", to_table(rows, contract(table)))
    fill(store, recipe, candidates, run_id="benchmark")
    people = Accounts(store.database)
    for reader in readers:
        people.add(reader, roles=["reviewer"], password=PASSWORD)
    from grandrounds.review.rows import candidate_to_json

    sizes = sorted(len(candidate_to_json(each).encode()) for each in candidates[:200])
    return Filled(recipe=recipe, items=len(candidates), bytes=sizes[len(sizes) // 2])


def names(count: int) -> list[str]:
    """So many pseudonyms."""
    return [f"reviewer-{number:02d}" for number in range(count)]


def lake_in(folder: Path) -> Lake:
    """The lake that a server with this home has."""
    return Lake(str(folder / "lake"))


def _candidates(cases: Sequence[Case]) -> Iterator[Candidate]:
    for number, case in enumerate(cases):
        for task in _TASKS:
            made = make_candidate(case, task=task, recipe=NAME)
            flags = tuple(
                Flag(flag="longest_option", detail="The answer is the longest option.")
                for _ in range(number % 3)
            )
            yield replace(made, quality_flags=flags)


def _long(case: Case) -> Case:
    """``case`` with as much text in its presentation as case reports have: some 4,000 characters more."""
    place = next(each.span.end for each in case.sections if each.kind == "presentation")
    number = int(case.title.split()[1].rstrip(":"))
    more = "".join(f" {sentence}" for sentence in _sentences(number))
    text = case.text[:place] + more + case.text[place:]

    def moved(span: Span) -> Span:
        later = span.start >= place
        return Span(start=span.start + later * len(more), end=span.end + (span.end >= place) * len(more))

    return replace(
        case,
        text=text,
        text_sha256=sha256_text(text),
        sections=tuple(replace(each, span=moved(each.span)) for each in case.sections),
        marks=tuple(replace(each, span=moved(each.span)) for each in case.marks),
    )


def _sentences(number: int, *, characters: int = 4000) -> Iterator[str]:
    made = 0
    turn = number
    while made < characters:
        turn = (turn * 1_103_515_245 + 12_345) % (1 << 31)
        sentence = _SENTENCES[turn % len(_SENTENCES)].format(
            n=2 + turn % 27, count=3 + turn % 11, value=turn % 900, limit=100 + turn % 50,
            organ=_ORGANS[turn // 7 % len(_ORGANS)], found=_FOUND[turn // 3 % len(_FOUND)],
        )  # fmt: skip
        made += len(sentence)
        yield sentence


def _beside(cases: Sequence[Case], candidates: Sequence[Candidate]) -> Iterator[tuple[str, list[Any]]]:
    yield "cases", list(cases)
    yield "sources", [make_source(case) for case in cases]
    yield (
        "drafts",
        [_of(Draft, each, draft_id=each.draft_id, question="What is wrong?") for each in candidates],
    )
    yield "revisions", [
        _of(
            Revision, each, draft_id=each.draft_id, revision_id=each.revision_id,
            changes=("question: names what is asked for",),
        )
        for each in candidates
    ]  # fmt: skip


def _of(kind: Any, candidate: Candidate, **more: Any) -> Any:
    shared = {each.name: getattr(candidate, each.name) for each in fields(Envelope)}
    return kind(**{**shared, **more})
