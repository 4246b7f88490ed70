"""Characters: superscripts that keep their meaning, white space, invisible and misencoded ones."""

from __future__ import annotations

import re

from grandrounds.sources.marked_text import MarkedText

_RAISED = dict(
    zip(
        "0123456789+-=()\u2212\u2013",
        "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"
        "\u207a\u207b\u207c\u207d\u207e\u207b\u207b",
        strict=True,
    )
)
_RAISED_LETTERS = dict(
    zip(
        "abcdefghijklmnoprstuvwxyz",
        "\u1d43\u1d47\u1d9c\u1d48\u1d49\u1da0\u1d4d\u02b0\u2071\u02b2\u1d4f\u02e1"
        "\u1d50\u207f\u1d52\u1d56\u02b3\u02e2\u1d57\u1d58\u1d5b\u02b7\u02e3\u02b8\u1dbb",
        strict=True,
    )
)
_ORDINALS = frozenset({"st", "nd", "rd", "th"})
_DEGREES = frozenset({"o", "\u00ba", "\u00b0", "\u2218", "\u02da", "\u25e6"})
# Invisible characters: they break words for search and mean nothing to a reader.
_INVISIBLE = re.compile(
    "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
)
# C1 controls are characters of Windows-1252 that were declared as ISO-8859-1.
_C1 = re.compile("[\x80-\x9f]")
_SPACE = re.compile(r"\s+")


def raised(text: str, *, before: str) -> str:
    """Superscript ``text`` that follows ``before``, as characters that keep its meaning.

    "10" + "9" must not become "109": digits and signs become raised digits; "37" + "o" becomes a
    degree sign; ordinals stay letters; one letter after a word (a footnote mark) is raised; a longer
    word with digits (BRAF V600E) gets a space before it.
    """
    bare = text.strip()
    last = before[-1:]
    if not bare:
        return text
    if all(char in _RAISED for char in bare):
        return "".join(_RAISED[char] for char in bare)
    if bare in _DEGREES and (last.isdigit() or not last.strip()):
        return "\u00b0"
    if bare.casefold() in _ORDINALS and last.isdigit():
        return bare
    if len(bare) == 1 and bare in _RAISED_LETTERS and last.isalnum():
        return _RAISED_LETTERS[bare]
    if len(bare) > 2 and last.isalpha() and any(char.isdigit() for char in bare):
        return f" {bare}"
    return text


def tidy(words: MarkedText) -> None:
    """White space single and plain, invisible characters gone, misencoded ones put right."""
    words.sub(_C1, _from_windows)
    words.sub(_INVISIBLE, "")
    words.sub(_SPACE, " ")


def tidy_text(text: str) -> str:
    """``tidy`` for a plain string, stripped."""
    words = MarkedText.of(text)
    tidy(words)
    return words.text.strip()


def _from_windows(match: re.Match[str]) -> str:
    try:
        return match.group().encode("latin-1").decode("cp1252")
    except UnicodeDecodeError:
        return " "
