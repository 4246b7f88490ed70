"""Words for comparing texts of any origin: what they are, their bytes, and where in the text each stands.

A word is a run of letters, digits and the marks that belong to them after Unicode NFKC and case folding;
all else separates, and characters that only format (zero width, soft hyphen) vanish. Chinese and Japanese
are written without spaces, so there every character is a word.

Many texts are made ready at once: joined by NUL they become one run of bytes, in which words are what is
above the space and NUL ends a text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BOUNDARY = 0
SPACE = 32
_SEPARATES, _WORD, _ALONE, _VANISHES = range(4)

# Blocks whose characters are words by themselves: Han with its extensions, Hiragana, Katakana.
_ALONE_BLOCKS = (
    (0x3005, 0x3007),
    (0x3041, 0x3096),
    (0x309D, 0x309F),
    (0x30A1, 0x30FA),
    (0x30FC, 0x30FF),
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x323AF),
)
_SELECTORS = ((0xFE00, 0xFE0F), (0xE0100, 0xE01EF))

_ASCII = (
    bytes(
        code if code == BOUNDARY else ord(chr(code).lower()) if chr(code).isalnum() else SPACE
        for code in range(128)
    )
    + bytes([SPACE]) * 128
)

_ASCII_WORD = re.compile("[a-z0-9]+")
_HAN = "\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U000323af"
# Between ASCII marks and letters a text may be cut without changing what its parts become, but not before
# a character that may belong to the one before it: "=" and U+0338 are one sign.
_MARK = r"[!-/:-@\[-`{-~]"
_PIECE = re.compile(
    rf"[{_HAN}](?:{_MARK}(?=[^\x00-\x7f{_HAN}])|(?!{_MARK}|[\s{_HAN}]).)*"
    rf"|(?:{_MARK}(?=[^\x00-\x7f{_HAN}])|(?!{_MARK}|[\s{_HAN}]).)+",
    re.DOTALL,
)


def joined(texts: Sequence[str]) -> bytes:
    """The words of ``texts`` as bytes, a NUL after each text but the last."""
    whole = "\0".join(texts)
    if whole.count("\0") >= max(len(texts), 1):
        whole = "\0".join(text.replace("\0", " ") for text in texts)
    return whole.encode("ascii").translate(_ASCII) if whole.isascii() else _folded(whole)


def words(text: str) -> list[bytes]:
    """The words of one text in order, as UTF-8."""
    return joined([text]).split()


def places(text: str) -> list[tuple[int, int]]:
    """Where each of ``words(text)`` stands in ``text``: start and end in code points.

    Words that only folding tells apart (``m\u00b2\u2044kg``) have the place of their common piece.
    """
    if text.isascii():
        return [match.span() for match in _ASCII_WORD.finditer(text.lower())]
    found: list[tuple[int, int]] = []
    for piece in _PIECE.finditer(text):
        found += [piece.span()] * len(words(piece.group()))
    return found


def place_of(text: str, first: int, last: int) -> tuple[int, int]:
    """Where the word number ``first`` begins and number ``last`` ends, without the places of all."""
    if not text.isascii():
        found = places(text)
        return found[first][0], found[last][1]
    matches = _ASCII_WORD.finditer(text.lower())
    one = next(islice(matches, first, None))
    other = next(islice(matches, last - first - 1, None)) if last > first else one
    return one.start(), other.end()


def _folded(text: str) -> bytes:
    """``text`` after NFKC and case folding, what separates as spaces; NUL stays."""
    import numpy as np

    # Folding case can make letters that compose otherwise, so it is done on both sides.
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    codes = np.frombuffer(folded.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    kinds = _kinds()[codes]
    separates = (kinds == _SEPARATES) & (codes != BOUNDARY)
    codes = np.where(separates, np.uint32(SPACE), codes)
    stay = kinds != _VANISHES
    if not stay.all():
        codes, kinds = codes[stay], kinds[stay]
    if (kinds == _ALONE).any():
        codes = _spaced(codes, kinds == _ALONE)
    return codes.astype("<u4").tobytes().decode("utf-32-le").encode("utf-8")


def _spaced(codes: NDArray[np.uint32], alone: NDArray[np.bool_]) -> NDArray[np.uint32]:
    """``codes`` with a space before and after each that is a word by itself."""
    import numpy as np

    counts = np.where(alone, 3, 1)
    wide = np.repeat(codes, counts)
    middles = (np.cumsum(counts) - 2)[alone]
    wide[middles - 1] = SPACE
    wide[middles + 1] = SPACE
    return wide


@cache
def _kinds() -> NDArray[np.uint8]:
    """What each code point is, from the Unicode database that Python has."""
    import numpy as np

    kinds = {"L": _WORD, "N": _WORD, "M": _WORD}
    made = np.fromiter(
        (
            _VANISHES
            if (category := unicodedata.category(chr(code))) == "Cf"
            else kinds.get(category[0], 0)
            for code in range(0x110000)
        ),
        dtype=np.uint8,
        count=0x110000,
    )
    for low, high in _ALONE_BLOCKS:
        made[low : high + 1] = np.where(made[low : high + 1] == _WORD, _ALONE, made[low : high + 1])
    for low, high in _SELECTORS:
        made[low : high + 1] = _VANISHES
    return made
