"""Licences by their texts: what a file ``LICENSE`` holds, word for word.

A text is a licence where all its words, in their order, are those of the licence; where the licence has a
name to fill in, up to a dozen words may stand. Besides them only a title, lines of copyright, and what
Creative Commons and Apache print around their own texts may stand. Anything else (an exception, a second
licence, "for research only") may change what is allowed, so nothing is said then.

``licence_texts.json`` holds no texts but their fingerprints: for each piece its first words, its number of
words and the SHA-256 (32 digits) of its words, joined by blanks. Source: the SPDX licence list.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from grandrounds.fingerprint import sha256_text
from grandrounds.sources.licence_names import limits, only_name
from grandrounds.sources.licences import Licence

MAXIMUM_BYTES = 256 * 1024
"""A licence's text is smaller; SPDX's longest has some 40,000 bytes."""

_DATA = Path(__file__).with_name("licence_texts.json")
_WORD = re.compile(r"[^\W_]+")
_LIST_MARK = re.compile(r"[ivx]+\Z|\d+\Z|.\Z")
_ADDRESS_WORDS = frozenset({"http", "https", "www"})
_LONGEST_NAME = 12
_COPYRIGHT = re.compile(r"\W*(?:copyright\b|\(c\)|\u00a9)", re.IGNORECASE)
_RIGHTS = re.compile(r"\W*all rights reserved\W*\Z", re.IGNORECASE)
_TITLE_WORDS = """
    the a of license licence legal code legalcode text txt public full version v spdx identifier mit isc bsd
    apache clause simplified new revised modified free zero january 2004 creative commons cc by nc nd sa cc0
    attribution non commercial noncommercial no derivatives noderivatives noderivs derivs share alike
    sharealike international unported generic universal united states igo deed dedication domain org com
    licenses licences publicdomain creativecommons choosealicense choose opensource spdx html en us
    unlicense terms and http https www wiki considerations for licensors licensees
    """
_TITLE = frozenset(_TITLE_WORDS.split())
_CONDITIONS = {
    "NC": frozenset({"nc", "noncommercial", "commercial"}),
    "ND": frozenset({"nd", "noderivatives", "noderivs", "derivatives", "derivs"}),
    "SA": frozenset({"sa", "sharealike", "alike"}),
}


@dataclass(frozen=True, slots=True)
class _Piece:
    """A run of words of a licence, known by its hash."""

    first: tuple[str, ...]
    words: int
    sha256: str


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    line: int


def of_text(text: str) -> Licence:
    """The licence whose text this is; ``unknown`` with a note where it is none, or more than one.

    Lines that hold nothing but a licence's name, its SPDX tag or its link count as that licence, too.
    """
    lines = text.lstrip("\ufeff").splitlines()
    stated = _names(lines)
    if stated is not None:
        return stated
    words = [_Word(word, number) for number, line in enumerate(lines) for word in _words(line)]
    if not words:
        return Licence(note="It is empty.")
    texts = [word.text for word in words]
    found = {spdx: taken for spdx, pieces in _licences().items() if (taken := _taken(texts, pieces))}
    if not found:
        return Licence(note="Its words are those of no licence that is known here.")
    if len(found) > 1:
        return Licence(note=f"It holds several licences ({', '.join(sorted(found))}).")
    spdx, taken = next(iter(found.items()))
    besides = _besides(lines, words, taken | _printed_around(texts, taken))
    odd = next((line for line in besides if not _harmless(line, spdx)), None)
    if odd is not None:
        return Licence(note=f"It holds the text of {spdx}, and more: {_short(odd)!r}.")
    return Licence(spdx=spdx, evidence=f"the text of {spdx}")


def _names(lines: Sequence[str]) -> Licence | None:
    """The licence of a file that only names it, on each of its few lines; none where it does more."""
    told = [line.strip() for line in lines if line.strip()]
    if not 1 <= len(told) <= 3:
        return None
    named = [only_name(re.sub(r"^SPDX-License-Identifier:\s*", "", line)) for line in told]
    if not all(named) or len(set(named)) > 1:
        return None
    return Licence(spdx=named[0] or "", evidence=told[0])


def _words(text: str) -> Iterator[str]:
    """The words that count: marks of lists and the start of addresses are printed in many ways."""
    for match in _WORD.finditer(text.casefold()):
        word = match.group()
        if word not in _ADDRESS_WORDS and not _LIST_MARK.match(word):
            yield word


def _taken(words: Sequence[str], pieces: Sequence[_Piece]) -> frozenset[int]:
    """The positions of a licence's words in ``words``, names filled in; empty where it is not there."""
    starts = list(_places(words, pieces[0]))
    if len(starts) != 1:
        return frozenset()  # twice the same text is no text that anybody meant
    begin = end = starts[0]
    for number, piece in enumerate(pieces):
        place = next((at for at in range(end, end + _LONGEST_NAME + 1) if _is_at(words, at, piece)), None)
        if place is None or (number and limits(" ".join(words[end:place]))):
            return frozenset()
        end = place + piece.words
    return frozenset(range(begin, end))


def _printed_around(words: Sequence[str], taken: frozenset[int]) -> frozenset[int]:
    """What Creative Commons and Apache print before and after their licences' texts."""
    around: set[int] = set()
    for piece in _read()[1]:
        for at in _places(words, piece):
            span = range(at, at + piece.words)
            if taken.isdisjoint(span):
                around.update(span)
    return frozenset(around)


def _places(words: Sequence[str], piece: _Piece) -> Iterator[int]:
    first, length = piece.first, len(piece.first)
    for at in range(len(words) - piece.words + 1):
        if words[at] == first[0] and tuple(words[at : at + length]) == first and _is_at(words, at, piece):
            yield at


def _is_at(words: Sequence[str], at: int, piece: _Piece) -> bool:
    run = words[at : at + piece.words]
    return (
        tuple(run[: len(piece.first)]) == piece.first
        and len(run) == piece.words
        and sha256_text(" ".join(run))[:32] == piece.sha256
    )


def _besides(lines: Sequence[str], words: Sequence[_Word], known: frozenset[int]) -> list[str]:
    """The lines, or what is left of them, that are not of the licence's text."""
    left: dict[int, list[str]] = {}
    whole: dict[int, bool] = {}
    for position, word in enumerate(words):
        whole[word.line] = whole.get(word.line, True) and position not in known
        if position not in known:
            left.setdefault(word.line, []).append(word.text)
    return [lines[number] if whole[number] else " ".join(left[number]) for number in sorted(left)]


def _harmless(line: str, spdx: str) -> bool:
    """Whether a line beside a licence's text changes nothing: a title of its own, or a copyright."""
    if _RIGHTS.match(line):
        return True
    if _COPYRIGHT.match(line):
        return limits(line) == "" and len(line) <= 300
    words = [word for word in re.split(r"[\W_]+", line.casefold()) if word]
    return all(word in _TITLE or word.isdigit() for word in words) and _agrees(line, words, spdx)


def _agrees(line: str, words: Iterable[str], spdx: str) -> bool:
    """Whether a title names no condition and no version that the licence has not."""
    named = set(words)
    parts = spdx.split("-")
    versions = re.findall(r"(?<![\d.])\d\.\d(?![\d.])", line)
    return all(part in parts or not (marks & named) for part, marks in _CONDITIONS.items()) and all(
        version in spdx for version in versions
    )


def _short(line: str) -> str:
    words = " ".join(line.split())
    return words if len(words) <= 60 else f"{words[:60]}\u2026"


@lru_cache(maxsize=1)
def _read() -> tuple[Mapping[str, tuple[_Piece, ...]], tuple[_Piece, ...]]:
    data = json.loads(_DATA.read_text(encoding="utf-8"))
    licences = {spdx: tuple(map(_piece, pieces)) for spdx, pieces in data["licences"].items()}
    return licences, tuple(map(_piece, data["beside"]))


def _licences() -> Mapping[str, tuple[_Piece, ...]]:
    return _read()[0]


def _piece(row: Sequence[str | int]) -> _Piece:
    first, words, sha256 = row
    return _Piece(tuple(str(first).split()), int(words), str(sha256))
