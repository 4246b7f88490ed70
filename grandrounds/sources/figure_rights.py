"""Whether a figure was taken from elsewhere, as its caption says: then the book's licence is not its own.

A patient's permission to print a picture is none of that, and a figure that was only adapted is the
author's own work; both are kept apart from what somebody else owns.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from grandrounds.sources.licences import UNKNOWN, read_licence

_PATIENT = r"(?:the\s+)?(?:patient|parent|guardian|famil|subject|participant|mother|father)"
_TAKEN = re.compile(
    rf"\b(?:re-?produced|re-?printed|re-?published|reused|used|printed|taken|obtained|included|published)\b"
    rf"[^.;]{{0,80}}\bpermission(?!s?\s+(?:of|from|by)\s+{_PATIENT})"
    rf"|\b(?:with|by)\s+(?:\w+\s+)?permission\s+(?:of|from)\s+(?!{_PATIENT})"
    r"|\b(?:re-?produced|re-?printed|re-?published)\s+from\b"
    r"|\bcourtesy\b(?:\s+of|\s*:)?|\bimage\s+credits?\b|\bphoto(?:graph)?\s+credits?\b|\bcredits?\s*:"
    r"|\u00a9|\(c\)\s*(?:19|20)\d\d|\bcopyright(?:ed)?\b(?!\s+(?:permission|clearance))"
    r"|\ball rights reserved\b"
    r"|\b(?:wikimedia|wikipedia|flickr|getty\s?images|shutterstock|istock|dreamstime|alamy|pixabay|unsplash"
    r"|science photo library)\b"
    r"|\b(?:figure|image|picture|photo(?:graph)?|illustration|micrograph)s?\s+(?:was|were|is|are)?\s*"
    r"(?:kindly\s+)?(?:(?:provided|supplied)\s+by\b|(?:taken|obtained|downloaded)\s+from\s+"
    r"(?:(?-i:[A-Z])|\[|refs?\b|references?\b|(?:the\s+)?(?:internet|web|literature)))",
    re.IGNORECASE,
)
_ADAPTED = re.compile(
    r"\b(?:adapted|modified|redrawn|re-drawn)\s+(?:with permission\s+)?(?:from|after)\b", re.IGNORECASE
)
_AROUND = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureRights:
    """The licence of one figure, and what is to be told of it."""

    licence: str
    notes: tuple[str, ...] = ()


def figure_rights(caption: str, *, licence: str) -> FigureRights:
    """The licence of a figure with this ``caption`` in a source under ``licence``.

    A licence that the caption itself names is the figure's own. One that was taken from elsewhere without
    saying under which licence is ``unknown``, whatever holds for the book.
    """
    taken = _TAKEN.search(caption)
    adapted = _ADAPTED.search(caption)
    named = read_licence(words=caption)
    if named.spdx not in (UNKNOWN, licence):
        return FigureRights(
            licence=named.spdx, notes=(f"The caption names the figure's own licence: {named.spdx}.",)
        )
    if taken is not None:
        words = _quoted(caption, taken)
        if named.spdx != UNKNOWN:
            return FigureRights(licence=licence, notes=(f"The caption says where it is from: {words}.",))
        return FigureRights(
            licence=UNKNOWN, notes=(f"The caption says that it was taken from elsewhere: {words}.",)
        )
    if adapted is not None:
        return FigureRights(
            licence=licence, notes=(f"The caption says that it was adapted: {_quoted(caption, adapted)}.",)
        )
    return FigureRights(licence=licence)


def _quoted(caption: str, match: re.Match[str]) -> str:
    start, end = max(0, match.start() - 20), min(len(caption), match.end() + _AROUND)
    return repr(" ".join(caption[start:end].split()))
