"""Words that people type: how long they may be, and characters that no database or page should get."""

from __future__ import annotations

import re

# Control characters (tab and line breaks aside) and halves of surrogate pairs: the first are refused
# by PostgreSQL (NUL) or turn a terminal upside down (escape), the second can't be written as UTF-8.
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f\ud800-\udfff]")


def fault_in_text(text: str, *, name: str, limit: int) -> str | None:
    """Why ``text`` can't be stored, as a sentence that begins with ``name``; ``None`` when it can.

    ``limit`` counts code points.
    """
    if len(text) > limit:
        return f"{name} is {len(text):,} characters long; the limit is {limit:,}."
    found = _UNFIT.search(text)
    if found:
        return f"{name} holds the character U+{ord(found.group()):04X}, which is not text."
    return None
