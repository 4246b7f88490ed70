"""What a case report says only after the diagnosis was known, and what the publisher left in the text.

Post-diagnosis residue is judged sentence by sentence. A sentence counts when it says that the
diagnosis was made (rule ``diagnosis``), gives the conclusive result of histology, culture or genes
(``result``), or tells of the treatment of the disease (``treatment``) or its outcome (``outcome``).

The same words do not count when their clause tells of the past ("had been treated for
hypertension"), of a relative, of something that did not happen ("cultures were negative"), or of a
treatment that did not help before anything was known. Nor do they when the story takes a later
turn: treatment told before "on admission", or before "three years later he was admitted with
fever", belongs to the way to the diagnosis. The turn must be followed by more story, so that a
complication after the cure is not taken for a new beginning.

The words of every rule are in ``residue.yaml``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

import yaml

from grandrounds.records.parts import Span
from grandrounds.text import sentences

DIAGNOSIS, RESULT, TREATMENT, OUTCOME = "diagnosis", "result", "treatment", "outcome"
# Which rules a turn of the story silences for the sentences told before it.
_SILENCED = {
    "lapse": frozenset({DIAGNOSIS, RESULT, TREATMENT, OUTCOME}),
    "arrival": frozenset({TREATMENT, OUTCOME}),
    "turn": frozenset({TREATMENT}),
}

_CLAUSE = re.compile(
    r"; |,? but |, (?:and|while|whereas|when) |"
    r" and (?:(?:he|she|they|it|the patient) )?(?=(?:was|were|underwent|subsequently|then)\b)"
)
_DASHES = re.compile("[\u2010-\u2015\u2212]")
# Reference numbers in square brackets.
_REFERENCE = re.compile(r"\[\s*\d{1,3}(?:\s*[-\u2010-\u2015,;]\s*\d{1,3}){0,12}\s*\]")
# After a number or unit a bracket holds a normal range, not references.
_MEASURE = re.compile(
    r"(?:\d|%|/\s?[\w\u00b5\u03bc.]{1,6}|\b(?:mm\s?Hg|IU|U|pg|ng|mg|mmol|mEq|g|fl|fL))\s*$"
)
_NO_HELP = re.compile(
    r"\b(?:no|without|little|minimal|not|failed|poor|partial|transient|temporar\w+|initial|only)\b[^.;]{0,40}"
    r"\b(?:improve\w*|respon\w+|relief|reliev\w*|effect|benefit|resol\w+|avail|help\w*)\b|"
    r"\b(?:despite|in spite of|worsen\w*|deteriorat\w*|persist\w*|re-?presented|continued to)\b"
)
_HELP_WITHIN = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    name: str
    when: re.Pattern[str]
    as_printed: re.Pattern[str] | None
    unless: re.Pattern[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Patterns:
    rules: tuple[_Rule, ...]
    past: re.Pattern[str]
    past_anywhere: re.Pattern[str]
    taken_back: re.Pattern[str]
    turns: dict[str, re.Pattern[str]]
    lapse_unless: re.Pattern[str]
    furniture: re.Pattern[str]


@lru_cache(maxsize=32)
def find_post_diagnosis(text: str) -> tuple[Span, ...]:
    """The sentences of ``text`` that could be written only after the diagnosis was known."""
    spans = sentences(text)
    told = [_flat(span.of(text)) for span in spans]
    named = [_rules_of(sentence, after) for sentence, after in pairwise([*told, ""])]
    silenced: frozenset[str] = frozenset()
    found: list[Span] = []
    for position in reversed(range(len(told))):
        if named[position] - silenced:
            found.append(spans[position])
        elif _goes_on(named, position):
            silenced |= _turn(told[position])
    return tuple(reversed(found))


def is_post_diagnosis(sentence: str) -> bool:
    """Whether ``sentence``, on its own, is residue."""
    return bool(_rules_of(_flat(sentence), ""))


def find_furniture(text: str) -> tuple[Span, ...]:
    """Publisher's furniture and reference numbers left in ``text``, sorted by place."""
    found = [Span(start=match.start(), end=match.end()) for match in _patterns().furniture.finditer(text)]
    for match in _REFERENCE.finditer(text):
        if not _MEASURE.search(text[max(0, match.start() - 16) : match.start()]):
            found.append(Span(start=match.start(), end=match.end()))
    return tuple(sorted(found, key=lambda span: (span.start, span.end)))


@lru_cache(maxsize=65536)
def _rules_of(printed: str, after: str) -> frozenset[str]:
    """The names of the rules that a sentence meets; ``after``, the next one, may say it did not help.

    Remembered, because author, gates and verification read the same sentences again.
    """
    patterns = _patterns()
    if patterns.past_anywhere.search(printed.lower()):
        return frozenset()
    return frozenset(rule.name for rule in patterns.rules if _meets(printed, rule, after))


def _meets(printed: str, rule: _Rule, after: str) -> bool:
    told = printed.lower()
    found = list(rule.when.finditer(told))
    if rule.as_printed:
        found += rule.as_printed.finditer(printed)
    for match in found:
        clause = _clause(told, match)
        if rule.unless.search(clause) or _patterns().past.search(clause):
            continue
        if rule.name in (TREATMENT, OUTCOME) and _patterns().taken_back.search(told, match.start()):
            continue
        if rule.name == TREATMENT and _NO_HELP.search(after.lower(), 0, _HELP_WITHIN):
            continue
        return True
    return False


def _goes_on(named: Sequence[frozenset[str]], position: int) -> bool:
    """Whether the sentence after ``position`` still tells the story; a turn at the very end is none."""
    return position + 1 < len(named) and not named[position + 1]


def _turn(sentence: str) -> frozenset[str]:
    patterns = _patterns()
    silenced: frozenset[str] = frozenset()
    told = sentence.lower()
    for name, pattern in patterns.turns.items():
        if pattern.search(told) and not (name == "lapse" and patterns.lapse_unless.search(told)):
            silenced |= _SILENCED[name]
    return silenced


def _clause(sentence: str, match: re.Match[str]) -> str:
    """The clause that holds ``match``; an opening phrase ("Two years ago, ...") belongs to it."""
    start, end = 0, len(sentence)
    for joint in _CLAUSE.finditer(sentence):
        if joint.end() <= match.start():
            start = joint.end()
        elif joint.start() >= match.end():
            end = joint.start()
            break
    return sentence[start:end]


def _flat(sentence: str) -> str:
    return _DASHES.sub("-", " ".join(sentence.split()))


@lru_cache(maxsize=1)
def _patterns() -> _Patterns:
    read = yaml.safe_load(
        files("grandrounds.clinical").joinpath("residue.yaml").read_text(encoding="utf-8")
    )
    parts: dict[str, str] = {}
    for name, pattern in read["parts"].items():
        parts[name] = _filled(pattern, parts)

    def compiled(rows: list[str], flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
        return re.compile("|".join(f"(?:{_filled(row, parts)})" for row in rows), flags)

    return _Patterns(
        rules=tuple(_rule(row, compiled) for row in read["rules"]),
        past=compiled(read["past"]),
        past_anywhere=compiled(read["past_anywhere"]),
        taken_back=compiled(read["taken_back"]),
        turns={name: compiled(read[name]) for name in _SILENCED},
        lapse_unless=compiled(read["lapse_unless"]),
        furniture=compiled(read["furniture"], re.IGNORECASE),
    )


def _rule(row: dict[str, Any], compiled: Callable[[list[str]], re.Pattern[str]]) -> _Rule:
    return _Rule(
        name=row["name"],
        when=compiled(row["when"]),
        as_printed=compiled(row["as_printed"]) if "as_printed" in row else None,
        unless=compiled(row["unless"]),
    )


def _filled(pattern: str, parts: dict[str, str]) -> str:
    """``pattern`` with its ``<parts>`` put in; line breaks are only for reading."""
    pattern = re.sub(r"\n\s*", "", pattern)
    return re.sub(r"<([a-z_]+)>", lambda match: parts[match.group(1)], pattern)
