"""Plain text: sentences with spans, words, and phrase search that forgives spelling, not meaning.

Nothing here changes a stored text; all answers are spans into it or normalised copies for comparing.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from grandrounds.records.parts import Span


def _set(words_in_a_row: str) -> frozenset[str]:
    return frozenset(words_in_a_row.split())


_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212-"
_QUOTES = "'\u2018\u2019\u02bc\u00b4`"
_LIGATURE = re.compile("(?<![ao])[ao]+e")
_DROP_QUOTES = str.maketrans("", "", _QUOTES)
_WORD = re.compile(r"[^\W_]+(?:[.,]\d+)*", re.UNICODE)
_ASCII_WORD = re.compile(r"[a-z0-9]+(?:[.,][0-9]+)*")
# What may stand between two words of a phrase: hyphen, slash, brackets, a little white space.
_GAP = r"[\W_]{1,3}"
_NO_GAP = r"[\W_]{0,3}"  # "1.5mg" is two words without anything between
# Endings and what they become in the other number, longest first.
_ENDINGS = (
    ("ies", ("y",)),
    ("ses", ("sis", "se", "s")),
    ("sis", ("ses",)),
    ("xis", ("xes",)),
    ("us", ("i", "uses")),
    ("um", ("a", "ums")),
    ("oma", ("omas", "omata")),
    ("omas", ("oma",)),
    ("omata", ("oma",)),
    ("a", ("ae", "as")),
    ("y", ("ies", "ys")),
    ("ss", ("sses",)),
    ("is", ("es",)),
)
# Words that end in s but are no plural of the shorter word.
_NOT_PLURAL = _set("graves measles herpes diabetes rickets rabies lens")

# Full stops after these do not end a sentence.
_ABBREVIATIONS = _set(
    "al approx ca cf cm dr e.g eq et fig figs g h i.e inc kg l m mg min ml mm mr mrs ms no nos pt ref "
    "refs resp s sec st suppl tab v vol vs wk yr"
)
# The look-behind makes a run of stops one attempt, so that a line of dots costs linear time.
_STOP = re.compile(r"(?<![.!?])[.!?]+[\"'\u2019\u201d)\]]*(?=\s|$)|\n[^\S\n]*\n")
# Units that end a sentence after a number ("for 24 h. The next day"), although they are short.
_UNITS = _set("cm d dl g h kg l m mg min ml mm s v wk yr")
# What stands before these is the upper half of a unit, or a degree: "61 U/mL.", "37.3\u00b0C.".
_BEFORE_UNIT = frozenset("/\u00b0\u00ba\u2103")
# A single capital after these is part of a name ("vitamin C."), not an initial ("J. Smith").
_BEFORE_LETTER = _set("case class grade group hepatitis influenza patient stage type vitamin")


def normalise(text: str) -> str:
    """``text`` for comparing: compatibility forms, no case, accents, punctuation or double space.

    British and American spellings become one (``tumour``/``tumor``, ``oedema``/``edema``,
    ``haemo``/``hemo``). Digits and their decimal points stay.
    """
    return " ".join(words(text))


def words(text: str) -> list[str]:
    """The normalised words of ``text`` in order."""
    if text.isascii():  # most text is, and this way is ten times faster
        found = _ASCII_WORD.findall(text.lower().translate(_DROP_QUOTES))
    else:
        found = _WORD.findall("".join(map(_folded, text)))
    return list(map(_american, found))


def sentences(text: str, within: Span | None = None) -> tuple[Span, ...]:
    """The sentences of ``text`` (or of the part ``within``), as spans without outer white space.

    A blank line always ends a sentence; a full stop does not after an initial, a known
    abbreviation ("Fig.", "et al."), or before a lower-case letter.
    """
    low, high = (0, len(text)) if within is None else (within.start, within.end)
    found: list[Span] = []
    start = low
    for stop in _STOP.finditer(text, low, high):
        if stop.group().startswith("\n") or _ends_sentence(text, stop, high):
            _append(found, text, start, stop.end())
            start = stop.end()
    _append(found, text, start, high)
    return tuple(found)


def find_phrase(text: str, phrase: str) -> tuple[Span, ...]:
    """Where ``phrase`` stands in ``text`` as whole words, whatever case, hyphens, accents, plural
    or spelling side of the Atlantic. Empty for a phrase without a letter or digit."""
    pattern = _phrase_pattern(phrase)
    if pattern is None:
        return ()
    flat, offsets = _flat(text)
    return tuple(
        Span(start=offsets[match.start()], end=_whole(text, offsets[match.end() - 1] + 1))
        for match in pattern.finditer(flat)
    )


def contains_phrase(text: str, phrase: str) -> bool:
    """Whether ``find_phrase`` finds anything."""
    pattern = _phrase_pattern(phrase)
    return pattern is not None and pattern.search(_flat(text)[0]) is not None


def _append(found: list[Span], text: str, start: int, end: int) -> None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        found.append(Span(start=start, end=end))


def _ends_sentence(text: str, stop: re.Match[str], high: int) -> bool:
    if not stop.group().startswith("."):
        return True
    after = text[stop.end() : min(high, stop.end() + 3)].lstrip()
    if after and after[0].islower():
        return False
    before = re.search(r"(?:([^\W_]+)\s+|-)?([\w.]+)$", text[max(0, stop.start() - 24) : stop.start()])
    if before is None:
        return True
    previous, word = (before.group(1) or "").casefold(), before.group(2)
    if text[stop.start() - len(word) - 1 : stop.start() - len(word)] in _BEFORE_UNIT:
        return True
    if (word if len(word) == 1 else word.casefold()) in _UNITS and previous[-1:].isdigit():
        return True
    if len(word) == 1 and word.isalpha():
        joined = before.group().startswith("-")
        return not after[:1].isupper() or joined or previous in _BEFORE_LETTER
    if word.casefold() == "no" and not after[:1].isdigit():
        return True
    return word.casefold() not in _ABBREVIATIONS


@lru_cache(maxsize=65536)
def _american(word: str) -> str:
    word = _LIGATURE.sub("e", word)
    return re.sub(r"our(s|al|ed|ing|less)?$", r"or\1", word) if len(word) > 4 else word


@lru_cache(maxsize=4096)
def _phrase_pattern(phrase: str) -> re.Pattern[str] | None:
    parts = words(phrase)
    if not parts:
        return None
    spelled = []
    for part in parts:
        spelled.append("(?:" + "|".join(_spelled(form) for form in _forms(part)) + ")")
    before = r"(?<![^\W_])" + (r"(?<!\d[.,])" if parts[0][0].isdigit() else "")
    after = r"(?![^\W_])" + (r"(?![.,]\d)" if parts[-1][-1].isdigit() else "")
    gaps = [_NO_GAP if "." in part or "," in part else _GAP for part in parts[:-1]] + [""]
    return re.compile(before + "".join(map("".join, zip(spelled, gaps, strict=True))) + after)


def _spelled(word: str) -> str:
    """A pattern for a normalised word on either side of the Atlantic."""
    pattern = (
        re.sub(r"or(s|al|ed|ing|less)?$", r"ou?r\1", re.escape(word)) if len(word) > 3 else re.escape(word)
    )
    return pattern.replace("e", "[ao]*e")


def _forms(word: str) -> tuple[str, ...]:
    """The word, and its plural or singular where English or Latin makes one."""
    if len(word) < 4 or not word.isalpha():
        return (word,)
    for ending, others in _ENDINGS:
        if word.endswith(ending):
            return (word, *(word[: len(word) - len(ending)] + other for other in others))
    if word.endswith("s"):
        plural = len(word) > 4 and word not in _NOT_PLURAL
        return (word, word[:-1]) if plural else (word,)
    return (word, word + "s", word + "es")


@lru_cache(maxsize=64)
def _flat(text: str) -> tuple[str, tuple[int, ...]]:
    """``text`` without case, accents and apostrophes, and for each char where it came from."""
    flat: list[str] = []
    offsets: list[int] = []
    for position, char in enumerate(text):
        for piece in _folded(char):
            flat.append(piece)
            offsets.append(position)
    return "".join(flat), tuple(offsets)


@lru_cache(maxsize=8192)
def _folded(char: str) -> str:
    if char in _QUOTES:
        return ""
    # Folding case can make letters that decompose again, and the other way round: until it rests.
    before, after = "", char
    while before != after:
        before, after = after, unicodedata.normalize("NFKD", after).casefold()
    kept = (piece for piece in after if not unicodedata.combining(piece) and piece not in _QUOTES)
    return "".join("-" if piece in _DASHES else piece for piece in kept)


def _whole(text: str, end: int) -> int:
    """``end``, moved past the accents that belong to the letter before it."""
    while end < len(text) and unicodedata.combining(text[end]):
        end += 1
    return end
