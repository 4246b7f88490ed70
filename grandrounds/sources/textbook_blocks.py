"""What is painted on a page, block by block, without PyMuPDF's leak.

PyMuPDF up to 1.28 takes one reference too many to each block it gives and to the block's words (its issue
5067), so that a book with many drawings leaves hundreds of megabytes behind. The references are counted
and given back here; where none is too many, as in later versions, nothing is done.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Sequence
from typing import Any

from pymupdf import extra as _extra

_extract: Any = _extra.extractBLOCKS
_give_back: Any = ctypes.PYFUNCTYPE(None, ctypes.py_object)(("Py_DecRef", ctypes.pythonapi))
_WORDS = 4


def painted(text: Any) -> list[tuple[Any, ...]]:
    """The blocks of a text page in the order of painting: x0, y0, x1, y1, words about it, place in the
    order, kind."""
    blocks: list[tuple[Any, ...]] = list(_extract(text))
    _free(blocks)
    # Python itself keeps words of one letter, and counts all that use them.
    _free([block[_WORDS] for block in blocks if len(block[_WORDS]) > 1], inside=True)
    return blocks


def _free(values: Sequence[Any], *, inside: bool = False) -> None:
    """Give back the reference too many to each value that a list alone holds (``inside``: and a tuple).

    What it should be is counted on a value made here in the same way; the values stand in no variable,
    so that a debugger that looks at variables changes no count.
    """
    if not values:
        return
    usual = _usual_inside() if inside else _usual()
    for value, count in zip(values, list(map(sys.getrefcount, values)), strict=True):
        if count == usual + 1:
            _give_back(value)


def _usual() -> int:
    made = [(float(len(sys.path)),)]
    return next(map(sys.getrefcount, made))


def _usual_inside() -> int:
    made = [(f"{len(sys.path)} words",)]
    return next(map(sys.getrefcount, [one[0] for one in made]))
