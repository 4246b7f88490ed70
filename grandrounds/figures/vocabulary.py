"""Which words of a text name a node of a taxonomy, where they stand, and how they are meant.

A controlled vocabulary, looked up phrase by phrase: of phrases that overlap, the longest counts, and a
phrase that means something else ("ECG-gated", "cat scratch") takes its words away from the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from grandrounds.clinical.phrases import Words, cut, phrase_key
from grandrounds.figures.cues import ASSERTED, standing
from grandrounds.figures.taxonomy import Node, NodePath, Taxonomy, load_taxonomy
from grandrounds.records.parts import Span
from grandrounds.text import contains_phrase, words

_Key = tuple[str, ...]
_SHOUTED = 5  # letters from which a neighbour in capitals says that the text shouts
_NEAR = 3  # words on either side
_MARKS = re.compile(r"[^\w\s]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """A phrase of a text that names a node.

    ``span`` counts code points of that text, ``words`` are what stands there. ``standing`` tells how it is
    meant: ``asserted``, or one of the reasons not to take it at its word (``figures.cues``).
    """

    scheme: str
    path: NodePath
    span: Span
    words: str
    standing: str = ASSERTED

    @property
    def asserted(self) -> bool:
        """Whether the text says it of what is shown, without a doubt."""
        return self.standing == ASSERTED


@dataclass(frozen=True, slots=True)
class _Phrase:
    """A phrase of the vocabulary; ``node`` is none where it means something else."""

    node: Node | None
    phrase: str
    written: str = ""


def fired(text: str, scheme: str, *, within: Span | None = None) -> tuple[Fired, ...]:
    """Every naming of a node of ``scheme`` in ``text`` (or the part ``within``), in reading order."""
    area = within or Span(start=0, end=len(text))
    part = area.of(text)
    told = cut(part)
    found = []
    for start, count, node in _longest(told, _phrases(scheme)):
        here = told.span(start, count)
        span = Span(start=area.start + here.start, end=area.start + here.end)
        found.append(
            Fired(
                scheme=scheme,
                path=node.path,
                span=span,
                words=span.of(text),
                standing=standing(text, span, scheme=scheme),
            )
        )
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Phrases:
    by_key: dict[_Key, tuple[_Phrase, ...]]
    lengths: dict[str, tuple[int, ...]]


@cache
def _phrases(scheme: str) -> _Phrases:
    return phrases_of(load_taxonomy(scheme))


def phrases_of(taxonomy: Taxonomy) -> _Phrases:
    """The phrases of a taxonomy, for look-up."""
    by_key: dict[_Key, tuple[_Phrase, ...]] = {}

    def add(phrase: str, entry: _Phrase) -> None:
        key = phrase_key(phrase)
        by_key[key] = (*by_key.get(key, ()), entry)

    for phrase in taxonomy.nothing:
        add(phrase, _Phrase(None, phrase))
    for node in taxonomy.nodes:
        for phrase in node.words:
            add(phrase, _Phrase(node, phrase))
        for phrase in node.written:
            add(phrase, _Phrase(node, phrase, phrase))
    lengths: dict[str, set[int]] = {}
    for key in by_key:
        lengths.setdefault(key[0], set()).add(len(key))
    return _Phrases(by_key, {first: tuple(sorted(sizes, reverse=True)) for first, sizes in lengths.items()})


def _longest(told: Words, phrases: _Phrases) -> Iterator[tuple[int, int, Node]]:
    """The namings in ``told``, the longest first to take its words; in reading order."""
    taken: set[int] = set()
    kept: list[tuple[int, int, Node]] = []
    candidates = sorted(_candidates(told, phrases), key=lambda each: (-each[1], each[0]))
    for start, count, node in candidates:
        places = range(start, start + count)
        if not taken.isdisjoint(places):
            continue
        taken.update(places)
        if node is not None:
            kept.append((start, count, node))
    yield from sorted(kept, key=lambda each: each[0])


def _candidates(told: Words, phrases: _Phrases) -> Iterator[tuple[int, int, Node | None]]:
    forms = told.forms
    for start, first in enumerate(forms):
        for count in phrases.lengths.get(first, ()):
            if start + count > len(forms) or not told.joined(start, count):
                continue
            for phrase in phrases.by_key.get(forms[start : start + count], ()):
                written = bool(phrase.written)
                fits = (
                    _stands_as(told, start, count, phrase)
                    if written
                    else _reads_as(told, start, count, phrase)
                )
                if fits:
                    yield start, count, phrase.node
                    break


def _reads_as(told: Words, start: int, count: int, phrase: _Phrase) -> bool:
    """Whether the words are the phrase's, or its plural: forms alone take "rectus" for "rectum"."""
    surface = told.span(start, count).of(told.text)
    return contains_phrase(surface, phrase.phrase) or contains_phrase(surface.rstrip("s"), phrase.phrase)


def _stands_as(told: Words, start: int, count: int, phrase: _Phrase) -> bool:
    """Whether an abbreviation stands as it is written, in a text that doesn't shout or mean another."""
    wanted = re.findall(r"[^\W_]+", phrase.written)
    surfaces = [told.surface(index) for index in range(start, start + count)]
    if len(wanted) != count:
        return phrase.written == told.span(start, count).of(told.text)
    for want, surface in zip(wanted, surfaces, strict=True):
        capitals = any(letter.isupper() for letter in want)
        if capitals and surface not in (want, want + "s"):
            return False
    if _MARKS.search(phrase.written) and "&" in phrase.written:
        return "&" in told.span(start, count).of(told.text)
    if _shouts(told, start, count):
        return False
    return not _defined_as_other(told, start, count, phrase)


def _shouts(told: Words, start: int, count: int) -> bool:
    """Whether all words around are in capitals, so that capitals say nothing."""
    near = [
        *range(max(start - _NEAR, 0), start),
        *range(start + count, min(start + count + _NEAR, len(told.forms))),
    ]
    beside = [word for word in map(told.surface, near) if word.isalpha()]
    return any(len(word) > _SHOUTED for word in beside) and all(word.isupper() for word in beside)


def _defined_as_other(told: Words, start: int, count: int, phrase: _Phrase) -> bool:
    """Whether the text spells the abbreviation out as something else: "mitral regurgitation (MR)"."""
    if count != 1 or phrase.node is None:
        return False
    own = {word for known in phrase.node.words for word in words(known)}
    return any(own.isdisjoint(spelled) for spelled in _spelled_out(told.text, told.surface(start)))


@lru_cache(maxsize=256)
def _spelled_out(text: str, short: str) -> tuple[tuple[str, ...], ...]:
    """The words before each "(short)" of ``text`` whose initials it is."""
    letters = [letter.lower() for letter in short if letter.isalpha()]
    found = []
    for match in re.finditer(rf"[(\[]\s*{re.escape(short)}\s*[)\]]", text):
        spelled = words(text[max(0, match.start() - 120) : match.start()])[-len(letters) :]
        if [word[:1] for word in spelled] == letters:
            found.append(tuple(spelled))
    return tuple(found)
