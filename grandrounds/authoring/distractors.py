"""Wrong options that could be right: other diagnoses of the same body system, never a relative.

Other cases' diagnoses come first, then the terminology fills up (each option says where it came
from). The order is by rendezvous hashing: every diagnosis has a rank of its own for every case, so a
new article changes only the few items in which its diagnosis ranks among the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from grandrounds.clinical.terminology import Concept, Terminology
from grandrounds.fingerprint import unit_interval
from grandrounds.records.parts import OptionOrigin
from grandrounds.text import contains_phrase, normalise

UNKNOWN_SYSTEM = "other"
_BALANCED_FROM = 24  # the first so many that fit; comparing all with all costs seconds an item


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A diagnosis of a case of this build."""

    name: str
    evidence_id: str
    group_id: str
    body_system: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The item that needs distractors."""

    evidence_id: str
    group_id: str
    answer: str
    aliases: tuple[str, ...]
    body_system: str
    stem: str


def choose(asked: Asked, *, pool: Iterable[Known], count: int) -> tuple[OptionOrigin, ...]:
    """The first ``count`` distractors by rank; fewer when there are not enough."""
    chosen: list[OptionOrigin] = []
    for option in ranked(asked, pool=pool):
        if len(chosen) == count:
            break
        if _fits(option.option, asked, chosen):
            chosen.append(option)
    return tuple(chosen)


def balance(
    asked: Asked, chosen: Sequence[OptionOrigin], *, pool: Iterable[Known]
) -> tuple[OptionOrigin, ...]:
    """The same number of distractors, so chosen that length does not tell the answer.

    How many of them should be longer than the answer is drawn evenly by the case's id. Options
    of the answer's own class come before others.
    """
    count = len(chosen)
    wanted_longer = int(unit_interval(asked.evidence_id, "longer") * (count + 1))
    terminology = Terminology.load()
    own = terminology.concept_of(asked.answer)
    options: list[OptionOrigin] = []
    for option in ranked(asked, pool=pool):
        if len(options) == _BALANCED_FROM:
            break
        if _fits(option.option, asked, options):
            options.append(option)
    options.sort(key=lambda option: _other_kind(option.option, own, terminology))
    longer = [option for option in options if len(option.option) >= len(asked.answer)]
    shorter = [option for option in options if len(option.option) < len(asked.answer)]
    take = min(wanted_longer, len(longer))
    kept = longer[:take] + shorter[: count - take]
    kept += longer[take : take + count - len(kept)]
    return (
        tuple(sorted(kept, key=lambda option: _rank(asked, option.option)))
        if len(kept) == count
        else tuple(chosen)
    )


def ranked(asked: Asked, *, pool: Iterable[Known]) -> list[OptionOrigin]:
    """All diagnoses of the body system: other cases' by rank, then the terminology's by rank.

    None where the body system is not known: anything would be as wrong as anything else.
    """
    if asked.body_system == UNKNOWN_SYSTEM:
        return []
    terminology = Terminology.load()
    cases = {
        normalise(known.name): OptionOrigin(option=known.name, origin="case", reference=known.evidence_id)
        for known in sorted(pool, key=lambda each: each.evidence_id)
        if known.body_system == asked.body_system and known.group_id != asked.group_id
    }
    concepts = [
        OptionOrigin(option=_upper_first(concept.name), origin="terminology", reference=concept.name)
        for concept in terminology.siblings(asked.answer, body_system=asked.body_system)
        if normalise(concept.name) not in cases
    ]
    own = terminology.concept_of(asked.answer)
    concepts.sort(key=lambda o: (_other_kind(o.option, own, terminology), _rank(asked, o.option)))
    return sorted(cases.values(), key=lambda option: _rank(asked, option.option)) + concepts


def _fits(name: str, asked: Asked, chosen: Sequence[OptionOrigin]) -> bool:
    terminology = Terminology.load()
    answers = (asked.answer, *asked.aliases)
    if any(terminology.related(name, answer) for answer in answers):
        return False
    if any(terminology.related(name, other.option) for other in chosen):
        return False
    return not contains_phrase(asked.stem, name)


def _other_kind(name: str, own: Concept | None, terminology: Terminology) -> bool:
    concept = terminology.concept_of(name)
    return own is not None and (concept is None or concept.kind != own.kind)


def _rank(asked: Asked, name: str) -> float:
    return unit_interval(asked.evidence_id, normalise(name))


def _upper_first(name: str) -> str:
    return name[:1].upper() + name[1:]
