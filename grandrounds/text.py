"""Plain text: sentences with spans, words, and phrase search that forgives spelling, not meaning.

Nothing here changes a stored text; all answers are spans into it or normalised copies for comparing.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from grandrounds.records.parts import Span

_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212-"
_QUOTES = "'\u2018\u2019\u02bc\u00b4`"
_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"[^\W_]+(?:[.,]\d+)*", re.UNICODE)

# Full stops after these do not end a sentence.
_ABBREVIATIONS = frozenset(
    "al approx ca cf cm dr e.g eq et fig figs g h i.e inc kg l m mg min ml mm mr mrs ms no nos pt ref "
    "refs resp s sec st suppl tab v vol vs wk yr".split()
)
_STOP = re.compile(r"[.!?]+[\"'\u2019\u201d)\]]*(?=\s|$)|\n{2,}")


def normalise(text: str) -> str:
    """``text`` for comparing: compatibility forms, no case, accents, punctuation or double space.

    British and American spellings become one (``tumour``/``tumor``, ``oedema``/``edema``,
    ``haemo``/``hemo``). Digits and their decimal points stay.
    """
    folded = unicodedata.normalize("NFKD", text).casefold()
    bare = "".join(char for char in folded if not unicodedata.combining(char))
    joined = re.sub(f"[{_QUOTES}]", "", bare)
    return " ".join(_american(word) for word in _WORD.findall(joined))


def words(text: str) -> list[str]:
    """The normalised words of ``text`` in order."""
    return normalise(text).split()


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
        Span(start=offsets[match.start()], end=offsets[match.end() - 1] + 1)
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
    before = re.search(r"([\w.]+)$", text[max(0, stop.start() - 12) : stop.start()])
    word = before.group(1).casefold() if before else ""
    if len(word) == 1 and word.isalpha():
        # An initial ("H. pylori" has a lower-case next word and fell out above); "vitamin C." ends.
        return not after[:1].isupper() or text[stop.start() - 2 : stop.start() - 1] == "-"
    if word in {"no", "min", "h", "s", "m", "g", "l", "v"} and not after[:1].isdigit():
        return True
    return word not in _ABBREVIATIONS


def _american(word: str) -> str:
    word = word.replace("ae", "e").replace("oe", "e")
    return re.sub(r"our(s|al|ed|ing|less)?$", r"or\1", word) if len(word) > 4 else word


@lru_cache(maxsize=4096)
def _phrase_pattern(phrase: str) -> re.Pattern[str] | None:
    parts = words(phrase)
    if not parts:
        return None
    spelled = []
    for part in parts:
        literal = re.escape(part)
        literal = re.sub(r"(?<!^)e", "(?:a?e|oe)", literal) if len(part) > 3 else literal
        literal = re.sub(r"^e", "(?:ae|oe|e)", literal) if len(part) > 3 else literal
        literal = re.sub(r"or(s|al|ed|ing|less)?$", r"ou?r\1", literal)
        spelled.append(_plural(literal, part))
    return re.compile(r"(?<![^\W_])" + r"[\W_]{1,3}".join(spelled) + r"(?![^\W_])")


def _plural(literal: str, part: str) -> str:
    if len(part) < 4 or any(char.isdigit() for char in part):
        return literal
    if part.endswith(("is", "us", "um", "a")):
        return f"(?:{literal}|{literal[:-2] if not part.endswith('a') else literal[:-1]}(?:es|i|a|ae|as))"
    if part.endswith("y"):
        return f"(?:{literal}|{literal[:-1]}ies)"
    if part.endswith("s"):
        return literal
    return f"{literal}(?:e?s)?"


@lru_cache(maxsize=64)
def _flat(text: str) -> tuple[str, tuple[int, ...]]:
    """``text`` without case, accents and apostrophes, and for each char where it came from."""
    flat: list[str] = []
    offsets: list[int] = []
    for position, char in enumerate(text):
        if char in _QUOTES:
            continue
        for piece in unicodedata.normalize("NFKD", char).casefold():
            if not unicodedata.combining(piece):
                flat.append("-" if piece in _DASHES else piece)
                offsets.append(position)
    return "".join(flat), tuple(offsets)
