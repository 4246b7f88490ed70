"""Words of a text with their places, brought to one form so that phrases can be found by look-up.

``text.find_phrase`` searches for one phrase; here a text is cut into words once, so that thousands
of phrases can be looked up in it. The forms forgive what ``find_phrase`` forgives: case, accents,
hyphens, plural, and the spelling side of the Atlantic.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from grandrounds.records.parts import Span
from grandrounds.text import normalise

# A word with the accents, apostrophes and decimals inside it.
_TOKEN = re.compile(
    "[^\\W_]+(?:[\u0300-\u036f]+[^\\W_]*|['\u2018\u2019\u02bc\u00b4`][^\\W_]+|[.,]\\d+)*", re.UNICODE
)
# Plural endings and what stays, longest first; both numbers of a word must come to the same form.
_ENDINGS = (
    ("omata", "om"),
    ("itides", "it"),
    ("ies", "y"),
    ("ae", ""),
    ("as", ""),
    ("es", ""),
    ("is", ""),
    ("us", ""),
    ("um", ""),
    ("a", ""),
    ("e", ""),
    ("i", ""),
)
_SHORTEST = 4  # shorter forms would make "ileus" and "ileum" one word
_SHORT = 300  # characters; longer texts are not remembered, they would fill the memory
_BREAKS = frozenset(".;:!?")


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one text: their ``forms`` and, in step, where each starts and ends in the text."""

    text: str
    forms: tuple[str, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def span(self, first: int, count: int) -> Span:
        """The part of the text from word ``first`` on that holds ``count`` words."""
        return Span(start=self.starts[first], end=self.ends[first + count - 1])

    def surface(self, index: int) -> str:
        """Word ``index`` as it is written."""
        return self.text[self.starts[index] : self.ends[index]]

    def gap(self, index: int) -> str:
        """What stands between word ``index`` and the word before it."""
        return self.text[self.ends[index - 1] : self.starts[index]]

    def joined(self, first: int, count: int) -> bool:
        """Whether ``count`` words from ``first`` on can be one phrase: no stop, no wide gap inside."""
        for index in range(first + 1, first + count):
            gap = self.gap(index)
            if len(gap) > 3 or not _BREAKS.isdisjoint(gap):
                return False
        return True


def cut(text: str) -> Words:
    """The words of ``text`` with their places."""
    return _cut_short(text) if len(text) <= _SHORT else _cut(text)


def phrase_key(phrase: str) -> tuple[str, ...]:
    """The forms of the words of ``phrase``; equal keys are the same phrase."""
    return _phrase_key(phrase) if len(phrase) <= _SHORT else _cut(phrase).forms


@lru_cache(maxsize=65536)
def form(word: str) -> str:
    """One form for the singular and plural of a normalised word. It is a key, not a word to show."""
    if len(word) < _SHORTEST or not word.isalpha():
        return word
    for ending, kept in _ENDINGS:
        if word.endswith(ending):
            stem = word[: len(word) - len(ending)] + kept
            return stem if len(stem) >= _SHORTEST else word
    if word.endswith("s") and not word.endswith("ss"):
        return word[:-1]
    return word


def contains(whole: Sequence[str], part: Sequence[str]) -> bool:
    """Whether ``part`` stands in ``whole`` as a run of words; an empty part stands nowhere."""
    size = len(part)
    return size > 0 and any(
        tuple(whole[start : start + size]) == tuple(part) for start in range(len(whole) - size + 1)
    )


@lru_cache(maxsize=65536)
def _token_forms(token: str) -> tuple[str, ...]:
    return tuple(form(word) for word in normalise(token).split())


@lru_cache(maxsize=16384)
def _phrase_key(phrase: str) -> tuple[str, ...]:
    return tuple(each for token in _TOKEN.findall(phrase) for each in _token_forms(token))


def _cut(text: str) -> Words:
    forms: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for match in _TOKEN.finditer(text):
        for form in _token_forms(match.group()):
            forms.append(form)
            starts.append(match.start())
            ends.append(match.end())
    return Words(text, tuple(forms), tuple(starts), tuple(ends))


@lru_cache(maxsize=4096)
def _cut_short(text: str) -> Words:
    return _cut(text)
