"""Putting lines together to text: hyphens at line ends, scripts without spaces, characters that mislead."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence

_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufffe\uffff"
    "\ud800-\udfff]"
)
_SPACE = re.compile(r"\s+")
_WORD_END = re.compile(r"([^\W\d_]+)[\u00ad\u2010-]$")
_WORD_START = re.compile(r"^([^\W\d_]+)")
_WORDS = re.compile(r"[^\W\d_]+(?:[-\u2010][^\W\d_]+)*")
_JOINED_BEFORE = re.compile(r"[^\W\d_][-\u2010]?\Z")
_JOINED_AFTER = re.compile(r"[-\u2010]?[^\W\d_]")
_MOST_LOOKED_FOR = 100
_SOFT = "\u00ad"
_HYPHENS = "\u00ad\u2010-"
_RTL = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefe]")
_RUNS = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefe](?:[^0-9A-Za-z\u00c0-\u024f]*[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefe])*"
    "|[^\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefe]+"
)
_LIGATURES = str.maketrans(
    {
        "\ufb00": "ff",
        "\ufb01": "fi",
        "\ufb02": "fl",
        "\ufb03": "ffi",
        "\ufb04": "ffl",
        "\ufb05": "st",
        "\ufb06": "st",
    }
)
_UNCLEAN = re.compile(rf"[^\S ]|  |[\ufb00-\ufb06]|{_CONTROL.pattern}")


def clean(text: str) -> str:
    """``text`` without control characters, with ligatures as letters and white space single."""
    if text.isascii() and text.isprintable():
        if "  " not in text:
            return text.strip()
    elif not _UNCLEAN.search(text):
        return text.strip()
    return _SPACE.sub(" ", _CONTROL.sub("", text.translate(_LIGATURES))).strip()


def logical(text: str) -> str:
    """A line that was taken from left to right, in the order in which it is read from right to left.

    Runs of right-to-left letters stand in their own order already; the runs themselves change places, and
    a space between a number and a word is kept. Lines that are mostly in another script stay as they are.
    """
    runs = _RUNS.findall(text)
    rtl = sum(len(run) for run in runs if _RTL.search(run))
    if not rtl or rtl < sum(sum(map(str.isalpha, run)) for run in runs if not _RTL.search(run)):
        return text
    turned: list[str] = []
    for run in reversed(runs):
        lead, trail = len(run) - len(run.lstrip()), len(run) - len(run.rstrip())
        piece = " " * min(1, trail) + run.strip() + " " * min(1, lead)
        if turned and turned[-1][-1:].isalnum() and piece[:1].isalnum():
            piece = f" {piece}"
        turned.append(piece)
    return clean("".join(turned))


def has_rtl(text: str) -> bool:
    """Whether ``text`` holds letters that are read from right to left."""
    return not text.isascii() and _RTL.search(text) is not None


class Words:
    """The words a document uses, gathered when first asked: they tell which hyphens belong to a word."""

    def __init__(self, lines: Callable[[], Iterable[str]]) -> None:
        self._lines = lines
        self._text: str | None = None
        self._answers: dict[str, bool] = {}
        self._all: set[str] | None = None

    def known(self, word: str) -> bool:
        """Whether the document has ``word`` somewhere within a line.

        Words are looked for one by one; after a great many, all of the document's are gathered.
        """
        folded = word.casefold()
        if self._text is None:
            self._text = "\n".join(self._lines()).casefold().replace("\u2010", "-")
        if self._all is None and len(self._answers) >= _MOST_LOOKED_FOR:
            self._all = set(_WORDS.findall(self._text))
        if self._all is not None:
            return folded in self._all
        if folded not in self._answers:
            self._answers[folded] = _stands_alone(folded, self._text)
        return self._answers[folded]


def _stands_alone(word: str, text: str) -> bool:
    """Whether ``word`` is in ``text`` as a whole word, hyphens within words being part of them."""
    if not _WORDS.fullmatch(word):
        return False
    place = text.find(word)
    while place >= 0:
        before, after = text[max(0, place - 2) : place], text[place + len(word) : place + len(word) + 2]
        if not _JOINED_BEFORE.search(before) and not _JOINED_AFTER.match(after):
            return True
        place = text.find(word, place + 1)
    return False


def join(lines: Sequence[str], words: Words) -> str:
    """One text from lines that follow one another.

    A hyphen at a line's end goes where the document has the word in one piece elsewhere, or has not the
    hyphenated form; no space is put between scripts that have none.
    """
    text = ""
    for line in lines:
        piece = clean(line)
        if not piece:
            continue
        if not text:
            text = piece
            continue
        text = _joined(text, piece, words)
    return text.replace(_SOFT, "")


def _joined(text: str, piece: str, words: Words) -> str:
    end = _WORD_END.search(text[-60:]) if text[-1] in _HYPHENS else None
    start = _WORD_START.match(piece)
    if end is not None and start is not None:
        first, second = end.group(1), start.group(1)
        if text.endswith(_SOFT):
            return text[:-1] + piece
        if second[0].islower() and not words.known(f"{first}-{second}"):
            return text[:-1] + piece
        if words.known(first + second) and not words.known(f"{first}-{second}"):
            return text[:-1] + piece
        return text + piece
    if text[-1] in "-\u2010" and len(text) > 1 and text[-2].isalnum():
        return text + piece
    if text[-1] in "\u2013/" and text[-2:-1].strip() and piece[0].isalnum():
        return text + piece
    if _without_spaces(text[-1]) and _without_spaces(piece[0]):
        return text + piece
    return f"{text} {piece}"


def _without_spaces(char: str) -> bool:
    """Chinese and Japanese characters and their punctuation; Korean has spaces."""
    if char < "\u2e80":
        return False
    name = unicodedata.name(char, "")
    return unicodedata.east_asian_width(char) in "WF" and not name.startswith("HANGUL")
