"""The pictures that stand in an item itself: what its solver sees."""

from __future__ import annotations

from dataclasses import dataclass

from grandrounds.records.envelope import Candidate

_IMAGE = "image"


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureShown:
    """A picture of the item."""

    media: str
    width: int
    height: int
    label: str
    caption: str


def pictures_of(candidate: Candidate, *, captions: bool = True) -> tuple[PictureShown, ...]:
    """The pictures that the item shows, in its order; without their captions where those are to be kept."""
    return tuple(
        PictureShown(
            media=media.sha256,
            width=media.width or 0,
            height=media.height or 0,
            label=media.label,
            caption=media.caption if captions else "",
        )
        for media in candidate.media
        if media.kind == _IMAGE
    )
