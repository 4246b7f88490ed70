"""What is said in a clip, frame by frame: steps that words number, and words that fit one frame alone.

Errs on silence: a step needs its number or "then" at the beginning of what is said, and words that name
nothing which the other frames' words don't name are never asked about.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from grandrounds.records.clip import ClipCue, ClipRow
from grandrounds.text import words
from grandrounds.videos.asking_values import NotAsked

_FEWEST, _MOST = 2, 30  # words of what is said
_ALIKE = 0.6  # share of words that what is said of two frames may have in common
_NUMBERS = {
    word: number
    for number, group in enumerate(
        ("first firstly one", "second secondly two", "third thirdly three", "fourth fourthly four",
         "fifth fifthly five", "six", "seven", "eight", "nine"),
        start=1,
    )
    for word in group.split()
}  # fmt: skip
_NAMES = "first|second|third|fourth|fifth"
# "first rib" and "second toe" number nothing that is done, so what follows must be a pause or a subject.
_PAUSE = r"(?=\s*[,:;.\u2013\u2014-]|\s+(?:we|i|you|they|he|she|let|the|a|an|your|our|this|that)\b)"
_STEP = re.compile(
    rf"^\W*(?:(?:and|so|now|okay|ok|well)\W+)?(?:"
    rf"step\s+(?:number\s+)?(?P<step>\d{{1,2}}|one|two|three|four|five|six|seven|eight|nine)\b"
    rf"|(?P<plain>(?:{_NAMES}))(?:\s+of\s+all|\s+step)?{_PAUSE}"
    rf"|(?P<adverb>(?:{_NAMES})ly)\b"
    rf"|(?P<after>then|after\s+(?:that|this)|afterwards|next(?:\s+step)?{_PAUSE})"
    rf"|(?P<last>finally|lastly|last(?:\s+step)?{_PAUSE})"
    rf")\W*(?:and\s+then\W+|then\W+)?",
    re.IGNORECASE,
)
# Words that tell a place in a series, wherever they stand: with them the order could be read off.
_TELLS_PLACE = re.compile(
    r"\b(?:first(?:ly)?|second(?:ly)?|third(?:ly)?|fourth(?:ly)?|fifth(?:ly)?|lastly|finally|last|final|then|next|"
    r"afterwards|after|before|begin\w*|start\w*|end(?:s|ed|ing)?|finish\w*|complet\w+|initial\w*|previous\w*|"
    r"earlier|later|already|again|still|once|now|frame\w*|steps?)\b",
    re.IGNORECASE,
)  # fmt: skip
# What is said of another time or in doubt need not be seen.
_NOT_SEEN = re.compile(
    r"\b(?:will|shall|going\s+to|later|earlier|before|after|previous\w*|next|would|could|might|may|should|if|unless|"
    r"not|no|never|without|can(?:'|\u2019)?t|don(?:'|\u2019)?t|remember|recall|imagine|compared?|unlike|usually|often|"
    r"sometimes|normally|other\s+(?:patients?|cases?))\b",
    re.IGNORECASE,
)  # fmt: skip
_EMPTY = frozenset(
    words(
        "a an and are as at be been by can do does for from go goes going got has have here how i in into "
        "is it its let me my now of off on onto or our out over see seen so some that the their them then "
        "there these they this those to up us very we well what when where which while with you your"
    )
)
_SCHEMES = ("anatomy", "finding", "procedure", "modality")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step of what is done: its cue and frame (places in the clip, from 0), and its words without
    their number."""

    cue: int
    place: int
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """What is said of one frame and of no other: its cue and frame, its words, what they name."""

    cue: int
    place: int
    words: str
    names: tuple[str, ...]


def said(row: ClipRow, cue: ClipCue) -> str:
    """The words of a cue on one line."""
    return " ".join(cue.span.of(row.text).split())


def steps_of(row: ClipRow) -> tuple[Step, ...] | NotAsked:
    """The steps that the words number, each with a frame of its own, in order of time; three at least."""
    found: list[Step] = []
    rank = 0
    for number, cue in sorted(enumerate(row.cues), key=lambda each: (each[1].start_seconds, each[0])):
        match = _STEP.match(said(row, cue))
        if match is None or cue.stressed is None:
            continue
        told = _rank(match, after=rank)
        if told <= rank:
            return NotAsked("the words number steps, but not in order of time")
        rank = told
        rest = said(row, cue)[match.end() :].strip(" .,;:!\u2013\u2014-")
        found.append(Step(cue=number, place=cue.stressed, words=rest[:1].upper() + rest[1:]))
        if match.group("last"):
            break
    if len(found) < 3:
        return NotAsked(f"the words number {len(found)} steps that a frame shows")
    if any(one.place >= other.place for one, other in pairwise(found)):
        return NotAsked("two of the steps that the words number are said of one frame")
    return _clear(tuple(found))


def tellings_of(row: ClipRow) -> tuple[tuple[Telling, ...], tuple[int, ...]] | NotAsked:
    """What is said of single frames, and the places of all frames of which something of their own is said.

    Only frames of the second can be told apart by words.
    """
    own: dict[int, list[tuple[int, str]]] = {}
    for number, cue in enumerate(row.cues):
        if cue.stressed is not None:
            own.setdefault(cue.stressed, []).append((number, said(row, cue)))
    places = tuple(sorted(own))
    if len(places) < 3:
        return NotAsked(f"only {len(places)} frames have words of their own")
    found = [
        telling
        for place in places
        for number, text in own[place]
        if (telling := _telling(row, number, place, text, own)) is not None
    ]
    if not found:
        return NotAsked("nothing that is said names what only one frame can show")
    return tuple(found), places


def content(text: str) -> frozenset[str]:
    """The words of a text that say something."""
    return frozenset(word for word in words(text) if word not in _EMPTY)


def apart(one: str, other: str) -> bool:
    """Whether two texts say different things."""
    a, b = content(one), content(other)
    return bool(a) and bool(b) and not a <= b and not b <= a and len(a & b) / len(a | b) <= _ALIKE


def _rank(match: re.Match[str], *, after: int) -> int:
    explicit = match.group("step") or match.group("plain") or match.group("adverb")
    if explicit is None:
        return after + 1
    word = explicit.lower()
    return int(word) if word.isdigit() else _NUMBERS[word]


def _clear(steps: tuple[Step, ...]) -> tuple[Step, ...] | NotAsked:
    for step in steps:
        if not _FEWEST <= len(words(step.words)) <= _MOST:
            return NotAsked(f"a step has {len(words(step.words))} words")
        if _TELLS_PLACE.search(step.words):
            return NotAsked("the words of a step tell its place in the series")
    for number, step in enumerate(steps):
        if not all(apart(step.words, other.words) for other in steps[:number]):
            return NotAsked("the words of two steps say nearly the same")
    return steps


def _telling(
    row: ClipRow, number: int, place: int, text: str, own: dict[int, list[tuple[int, str]]]
) -> Telling | None:
    if not _FEWEST <= len(words(text)) <= _MOST or _NOT_SEEN.search(text) or _TELLS_PLACE.search(text):
        return None
    others = [other for at, cues in own.items() if at != place for _, other in cues]
    elsewhere = _names(said(row, cue) for cue in row.cues if cue.stressed != place)
    names = tuple(name for path, name in _named(text) if not any(_kin(path, other) for other in elsewhere))
    if not names or not all(apart(text, other) for other in others):
        return None
    return Telling(cue=number, place=place, words=text, names=names)


def _names(texts: Iterable[str]) -> set[tuple[str, ...]]:
    return {path for text in texts for path, _ in _named(text, doubted=True)}


def _kin(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether one name stands above the other, or is it; the first part is the scheme."""
    size = min(len(one), len(other))
    return one[:size] == other[:size]


@lru_cache(maxsize=4096)
def _named(text: str, *, doubted: bool = False) -> tuple[tuple[tuple[str, ...], str], ...]:
    """What a text names, by scheme and path, and in its own words."""
    from grandrounds.figures.vocabulary import fired

    found: Sequence[tuple[tuple[str, ...], str]] = [
        ((scheme, *each.path), each.words)
        for scheme in _SCHEMES
        for each in fired(text, scheme)
        if doubted or each.asserted
    ]
    return tuple(dict.fromkeys(found))
