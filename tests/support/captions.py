"""Figures for tests that are about their words: rows whose text, spans and panels fit the caption given."""

from __future__ import annotations

from collections.abc import Sequence

from grandrounds.fingerprint import content_id, sha256_text
from grandrounds.records.figure import FigureMention, FigurePanel, FigureRow
from grandrounds.records.parts import Span


def captioned(
    caption: str,
    *,
    mentions: Sequence[tuple[str, str]] = (),
    panels: Sequence[tuple[str, str]] = (),
    **more: object,
) -> FigureRow:
    """A paired figure. ``mentions`` are a reference as printed and its paragraph; ``panels`` letters with
    their part of the caption, laid out from left to right."""
    text, places = caption, []
    for words, paragraph in mentions:
        start = len(text) + 2
        text = f"{text}\n\n{paragraph}"
        places.append(
            FigureMention(words=words, span=Span(start=start, end=len(text)), page=4, box=(1, 2, 3, 4))
        )
    found = []
    for number, (letter, part) in enumerate(panels):
        start = caption.index(part)
        found.append(
            FigurePanel(
                label=letter,
                pixels=(100 * number, 0, 100 * number + 100, 100),
                caption=part,
                span=Span(start=start, end=start + len(part)),
                confidence=0.9,
            )
        )
    fields: dict[str, object] = {
        "evidence_id": content_id("figure", [caption, text]),
        "source_id": content_id("source", "book"),
        "group_id": content_id("group", "book"),
        "family": content_id("family", caption),
        "status": "paired",
        "label": "Figure 1",
        "caption": caption,
        "caption_span": Span(start=0, end=len(caption)) if caption else None,
        "caption_page": 5,
        "caption_box": (72.0, 400.0, 300.0, 420.0),
        "text": text,
        "text_sha256": sha256_text(text),
        "page": 5,
        "box": (72.0, 100.0, 300.0, 390.0),
        "sha256": sha256_text(f"picture of {caption}"),
        "mime": "image/png",
        "width": 400,
        "height": 300,
        "origin": "raster",
        "panels": tuple(found),
        "mentions": tuple(places),
        "alignment": 0.95,
        "language": "en",
        "licence": "CC-BY-4.0",
    }
    return FigureRow(**{**fields, **more})  # type: ignore[arg-type]
