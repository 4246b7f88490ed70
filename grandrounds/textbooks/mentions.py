"""Where the running text speaks of figures: single ones, lists and ranges, with or without panels."""

from __future__ import annotations

import re
from collections.abc import Iterator

from grandrounds.textbooks.labels import FIGURE, key_of

_WORD = (
    r"(?:supplement(?:ary|al)\s+|extended\s+data\s+|e)?(?:fig(?:ures?|s)?|abb(?:ildung(?:en)?)?|figur(?:a|as|e|en)?|figuur|"
    r"afb(?:eelding)?|imagen|ryc(?:ina)?|rys(?:unek)?|obr(?:[aá]zek)?|[sş]ekil|рис(?:унок|унке|унка)?|εικ(?:όνα)?|scheme|plate|exhibit)"
)
_NUMBER = r"(?:[A-Z]{1,2}[.\-]?)?\d{1,3}(?:[.\-\u2010\u2011]\d{1,3}){0,2}"
_PANEL = (
    r"(?:\s?[(\[]\s?[A-Za-z](?:\s?(?:,|and|&|[\u2010-\u2015-])\s?[A-Za-z])*\s?[)\]]|"
    r"\s?[A-Ha-h](?:[,\u2010-\u2015-]\s?[A-Ha-h])*(?![\w]))?"
)
_JOIN = r"(?:\s?,\s?(?:and|&|or)?\s?|\s?(?:and|&|or|und|et|y|e|to|through|bis)\s|\s?[\u2010-\u2015-]\s?)"
_WESTERN = re.compile(
    rf"\b(?P<word>{_WORD})\b\.?\s{{0,2}}(?P<list>{_NUMBER}{_PANEL}(?:{_JOIN}(?:{_WORD}\.?\s?)?{_NUMBER}{_PANEL}(?!\s?(?:%|mm|cm|mg|ml|years?|days?|patients?|cases?)\b|%))*)",
    re.IGNORECASE,
)
_OTHER = re.compile(
    r"(?P<word>图|圖|図|그림|الشكل|شكل|איור)\s?(?P<list>\d{1,3}(?:[.\-\u2010]\d{1,3}){0,2})"
)
_ENTRY = re.compile(
    rf"(?P<join>{_JOIN})?(?:{_WORD}\.?\s?)?(?P<number>{_NUMBER})(?P<panel>{_PANEL})", re.IGNORECASE
)
_RANGE = re.compile(r"^\s?(?:[\u2010-\u2015-]|to\s|through\s|bis\s)")
_SIGNS = (
    "fig", "abb", "afb", "imagen", "ryc", "rys", "obr", "ekil", "рис", "εικ", "scheme", "plate", "exhibit",
    "图", "圖", "図", "그림", "شكل", "איור",
)  # fmt: skip
_MOST_IN_RANGE = 30


def may_refer(text: str) -> bool:
    """Whether ``text`` holds what every text that mentions a figure holds; cheap to ask first."""
    folded = text.lower()
    return any(sign in folded for sign in _SIGNS)


def references_in(text: str) -> Iterator[tuple[str, int, int]]:
    """Every reference in ``text``: the figure's key, and where the words stand (of a list, the whole list).

    A range names all figures between its ends. The number's style is kept: "Figure 3-5" is one figure where
    a document numbers them so, and a range elsewhere; both are told, the caller knows which there are.
    """
    for pattern in (_WESTERN, _OTHER):
        for match in pattern.finditer(text):
            yield from _in_list(match)


def _in_list(match: re.Match[str]) -> Iterator[tuple[str, int, int]]:
    last = ""
    start, end = match.span()
    for entry in _ENTRY.finditer(match.group("list")):
        number = entry.group("number")
        yield key_of(FIGURE, number), start, end
        dashed = re.fullmatch(r"(\d{1,3})[\-\u2010\u2011](\d{1,3})", number)
        if dashed:  # "Figures 3-5", where figures are numbered plainly
            for between in _between(dashed.group(1), dashed.group(2), ends=True):
                yield key_of(FIGURE, between), start, end
        if entry.group("join") and _RANGE.match(entry.group("join")):
            for between in _between(last, number, ends=False):
                yield key_of(FIGURE, between), start, end
        last = number


def _between(low: str, high: str, *, ends: bool) -> Iterator[str]:
    first, second = re.search(r"(\d+)$", low), re.search(r"(\d+)$", high)
    if not first or not second or low[: first.start()] != high[: second.start()]:
        return
    start, stop = int(first.group()), int(second.group())
    if 0 < stop - start <= _MOST_IN_RANGE:
        for number in range(start if ends else start + 1, stop + 1 if ends else stop):
            yield f"{low[: first.start()]}{number}"
