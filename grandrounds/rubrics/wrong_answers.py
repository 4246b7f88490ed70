"""Answers that were written for other diseases: a fixed pool, so that what an item is held against never
changes with what else is there.

They are said in the sentences of the rule author's references. Which of them an item meets depends on the
item alone: those of its body system, and a few drawn from the others by the name of its evidence. An answer
of the item's own disease, or of a relative, is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import yaml

from grandrounds.clinical.distinctive import base, is_distinctive
from grandrounds.clinical.terminology import Terminology
from grandrounds.fingerprint import unit_interval
from grandrounds.text import words

VERSION = "1"
MOST_STRANGE = 2
"""How many answers of other body systems are tried besides those of an item's own."""

_FIELDS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongAnswer:
    """An answer to another patient: the disease that it names, its body system, its words."""

    diagnosis: str
    system: str
    text: str


@lru_cache(maxsize=1)
def pool() -> tuple[WrongAnswer, ...]:
    """All of them, in the order of the file."""
    text = files("grandrounds.rubrics").joinpath("wrong_answers.yaml").read_text(encoding="utf-8")
    read: dict[str, list[str]] = yaml.safe_load(text)
    return tuple(_answer(system, line) for system, lines in read.items() for line in lines)


def wrong_answers(*, system: str, names: Sequence[str], key: str) -> tuple[WrongAnswer, ...]:
    """What is wrong for an item of ``system`` whose diagnosis has ``names``; ``key`` draws the strange."""
    fit = [each for each in pool() if not any(_same(each.diagnosis, name) for name in names)]
    own = [each for each in fit if each.system == system]
    strange = [each for each in fit if each.system != system]
    strange.sort(key=lambda each: unit_interval(key, each.diagnosis))
    return (*own, *strange[:MOST_STRANGE])


def _same(one: str, other: str) -> bool:
    """Whether two names are of one disease, of relatives, or share a word that tells it."""
    if Terminology.load().related(one, other):
        return True
    told = [{base(word) for word in words(name) if is_distinctive(word)} for name in (one, other)]
    return bool(told[0] & told[1])


def _answer(system: str, line: str) -> WrongAnswer:
    fields = [field.strip() for field in line.split("|")]
    if len(fields) != _FIELDS or not fields[0]:
        raise ValueError(f"wrong_answers.yaml: {line!r} has {len(fields)} fields, not {_FIELDS}.")
    return WrongAnswer(diagnosis=fields[0], system=system, text=" ".join(_sentences(fields)))


def _sentences(fields: Sequence[str]) -> Iterator[str]:
    diagnosis, finding, tests, treatments, follow_up, warning, against = fields
    yield f"The most likely diagnosis is {diagnosis}."
    if finding:
        yield f"What speaks for it is this finding: {finding}."
    for advised in (*tests.split(";"), *treatments.split(";")):
        if advised.strip():
            yield f"I advise {advised.strip()}."
    if follow_up:
        yield f"I plan follow-up with {follow_up}."
    if warning:
        yield f"Be warned of {warning}."
    if against:
        yield f"The findings speak against {against}."
