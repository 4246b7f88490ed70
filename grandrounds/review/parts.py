"""What an item rests on, piece by piece: what readers mark wrong, on the page or by file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grandrounds.records.envelope import Candidate
from grandrounds.records.parts import Media, StructureBox
from grandrounds.records.review_event import WrongMark

QUOTE, BOX, FRAME, PICTURE, SLICE = "quote", "box", "frame", "picture", "slice"
KINDS = (QUOTE, BOX, FRAME, PICTURE, SLICE)
"""Of pieces, as ``WrongMark`` has them."""
_FRAMES = "clip_"
_LINE = re.compile(r"\s*(\w+)[\s:]+([^\s:]+)\s*(?::\s*(.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A piece. ``kind`` and ``reference`` name it as ``WrongMark`` does; ``role`` is that of the evidence;
    ``words`` are the quote, or what the picture or box is called."""

    kind: str
    reference: str
    role: str
    words: str
    detail: str = ""

    @property
    def line(self) -> str:
        """The piece as a file tells it to people."""
        return f"{self.kind} {self.reference}: {' '.join(self.words.split())}".rstrip(": ")


def parts_of(item: Candidate) -> Iterator[Part]:
    """Quotes, then boxes, then pictures. The stem's own pieces are the case itself, not named here."""
    for number, evidence in enumerate(item.evidence):
        if evidence.quote and evidence.role != "stem":
            yield Part(kind=QUOTE, reference=str(number), role=evidence.role, words=evidence.quote)
    for number, box in enumerate(item.boxes):
        yield Part(kind=BOX, reference=str(number), role=box.role, words=box.name, detail=_range(box))
    several = len(item.media) > 1
    for place, media in enumerate(item.media, start=1):
        words = media.label or (str(place) if several else "")
        yield Part(
            kind=_kind(item, media), reference=media.sha256, role="shown", words=words, detail=media.caption
        )


def mark_of(line: str) -> WrongMark | None:
    """The mark in ``kind reference: what is wrong``; ``None`` when it is none."""
    found = _LINE.fullmatch(line)
    if found is None or found[1].lower() not in KINDS:
        return None
    return WrongMark(kind=found[1].lower(), reference=found[2], words=" ".join((found[3] or "").split()))


def line_of_mark(mark: WrongMark) -> str:
    """The line that ``mark_of`` reads."""
    return f"{mark.kind} {mark.reference}: {mark.words}" if mark.words else f"{mark.kind} {mark.reference}"


def _kind(item: Candidate, media: Media) -> str:
    if item.task.startswith(_FRAMES):
        return FRAME
    return SLICE if media.kind == "image" and _of_volume(item) else PICTURE


def _of_volume(item: Candidate) -> bool:
    return any(media.kind == "volume" for media in item.media)


def _range(box: StructureBox) -> str:
    names, half = "ijk", len(box.voxels) // 2
    pairs: Sequence[tuple[int, int]] = list(zip(box.voxels[:half], box.voxels[half:], strict=True))
    return ", ".join(f"{name} {low}-{high}" for name, (low, high) in zip(names, pairs, strict=False))
