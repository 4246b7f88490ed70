"""Figures for tests: books made by code whose captions, pages, boxes and pictures agree. All is fiction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from grandrounds.authoring.figure_rule import FigureRuleAuthor
from grandrounds.figures.hashes import perceptual_hash
from grandrounds.fingerprint import content_id, sha256_bytes, sha256_text
from grandrounds.gates.figures.admission import admit
from grandrounds.recipe import FIGURE_TASKS, Recipe, parse_recipe
from grandrounds.records.envelope import OK, Draft, Revision
from grandrounds.records.figure import AlignmentPart, FigureMention, FigurePanel, FigureRow
from grandrounds.records.parts import Identifier, Span
from grandrounds.records.rejection import Rejection
from grandrounds.records.source import READ, Source
from tests.support.figure_pictures import MAKERS, png

# what the picture looks like, the caption, a sentence of the running text
SCENES: tuple[tuple[str, str, str], ...] = (
    ("ct", "Axial CT scan of the abdomen showing a hypodense mass in the liver.", "The mass was seen on day two"),
    ("histology", "Photomicrograph of the kidney with atrophic tubules (H&E, original magnification x200).",
     "The section was cut the same week"),
    ("drawing", "Drawing of the rib cage. The thoracic cage is formed by the ribs and the sternum.",
     "The ribs are counted from above"),
    ("ct", "Coronal CT scan of the chest with a pleural effusion on the left side.", "Fluid was drained"),
    ("photograph", "Clinical photograph of the forearm with an erythematous rash.", "The rash faded in a week"),
    ("histology", "Photomicrograph of the thyroid gland showing granulomas (H&E stain).", "Cells were counted"),
    ("ct", "CT scan of the brain showing a subdural haematoma.", "The patient was taken to theatre"),
    ("drawing", "Schematic drawing of the lumbar vertebrae seen from the side.", "Five of them carry the trunk"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """Books with their figures, and what was made of them."""

    recipe: Recipe
    sources: tuple[Source, ...]
    figures: tuple[FigureRow, ...]
    media: Mapping[str, bytes]
    taken: tuple[FigureRow, ...] = ()
    refused: tuple[Rejection, ...] = ()
    drafts: tuple[Draft, ...] = ()
    revisions: tuple[Revision, ...] = ()
    by_id: Mapping[str, FigureRow] = field(default_factory=dict)

    def get_media(self, sha256: str) -> bytes:
        """A picture by its hash, as the lake gives it."""
        return self.media[sha256]


def make_recipe(**more: Any) -> Recipe:
    """A recipe of all tasks on figures. The text-only filter is off: little libraries are all habits."""
    attributes = {
        "name": "figure_vqa",
        "title": "Questions on figures",
        "evidence": {"kind": "figures", "text_sure": 1.0} | more.pop("evidence", {}),
        "tasks": [
            {"name": task} if task.endswith("_open") else {"name": task, "options": 4}
            for task in FIGURE_TASKS
        ],
        "author": "rule",
        "splits": {"stratify_by": ["modality"]},
        **more,
    }
    return parse_recipe(attributes, where="test")


def make_source(book: int, *, licence: str = "CC-BY-4.0") -> Source:
    """A book as the reader of sources leaves it."""
    title = f"Invented Atlas {book}"
    return Source(
        source_id=content_id("source", ["atlas", book]),
        path=f"books/atlas-{book}.pdf",
        kind="textbook",
        status=READ,
        bytes=1000 + book,
        sha256=sha256_text(title),
        reader="textbook",
        reader_version="1",
        title=title,
        licence=licence,
        licence_evidence="printed in the book",
        licence_origin="document",
        citation=f"Anonymous. {title}. 2024.",
        identifiers=(Identifier(scheme="isbn", value=f"000000000{book}"),),
        journal="",
        article_type="",
        language="en",
        published=date(2024, 1 + book % 12, 1),
        published_origin="printed",
        group_id=content_id("group", ["atlas", book]),
    )


def make_figure(
    source: Source,
    number: int,
    *,
    picture: bytes,
    caption: str,
    mention: str = "",
    panels: Sequence[tuple[str, str]] = (),
    **more: Any,
) -> FigureRow:
    """A row whose text, spans, page and box fit one another. ``panels`` are letters with their part of the
    caption; the picture is parted from left to right."""
    from io import BytesIO

    from PIL import Image

    width, height = Image.open(BytesIO(picture)).size
    label = f"Figure {number}"
    told = f"{mention} ({label})." if mention else ""
    text = "\n\n".join(filter(None, (caption, told)))
    page = 10 + number
    box = (72.0, 100.0, 72.0 + width / 2, 100.0 + height / 2)
    parted = []
    for place, (letter, part) in enumerate(panels):
        start = caption.index(part)
        side = width // len(panels)
        parted.append(
            FigurePanel(
                label=letter,
                pixels=(place * side, 0, (place + 1) * side, height),
                box=(72.0 + place * side / 2, 100.0, 72.0 + (place + 1) * side / 2, 100.0 + height / 2),
                caption=part,
                span=Span(start=start, end=start + len(part)),
                confidence=0.9,
            )
        )
    row = FigureRow(
        evidence_id="",
        source_id=source.source_id,
        group_id=source.group_id,
        family=content_id("family", sha256_bytes(picture)),
        status="paired",
        label=label,
        caption=caption,
        caption_span=Span(start=0, end=len(caption)),
        caption_page=page,
        caption_box=(72.0, box[3] + 6, 400.0, box[3] + 30),
        text=text,
        text_sha256=sha256_text(text),
        page=page,
        box=box,
        sha256=sha256_bytes(picture),
        mime="image/png",
        width=width,
        height=height,
        dpi=144.0,
        origin="raster",
        perceptual_hash=perceptual_hash(picture),
        panels=tuple(parted),
        mentions=(
            (
                FigureMention(
                    words=label,
                    span=Span(start=len(caption) + 2, end=len(text)),
                    page=page - 1,
                    box=(72.0, 300.0, 500.0, 320.0),
                ),
            )
            if told
            else ()
        ),
        book=source.title or "",
        chapter="One",
        section=("One",),
        alignment=0.95,
        alignment_parts=(AlignmentPart(name="distance", value=0.95), AlignmentPart(name="side", value=1.0)),
        language="en",
        licence=source.licence,
        citation=source.citation,
        identifiers=source.identifiers,
        published=source.published,
    )
    row = replace(row, **more)
    return replace(row, evidence_id=content_id("figure", [row.source_id, number, row.sha256, row.text]))


def make_library(books: int = 3, *, each: int = 8, recipe: Recipe | None = None, **more: Any) -> Library:
    """``books`` atlases with ``each`` figures of the scenes, one picture like no other; and one figure with
    two panels, one caption without a picture and one picture without a caption in every book."""
    media: dict[str, bytes] = {}
    sources, figures = [], []
    for book in range(books):
        source = make_source(book)
        sources.append(source)
        for number, (kind, caption, mention) in enumerate(SCENES[:each], start=1):
            picture = png(MAKERS[kind](100 * book + number))
            media[sha256_bytes(picture)] = picture
            figures.append(
                make_figure(source, number, picture=picture, caption=caption, mention=mention, **more)
            )
        figures += _others(source, book, media)
    return authored(
        Library(recipe=recipe or make_recipe(), sources=tuple(sources), figures=tuple(figures), media=media)
    )


def authored(library: Library) -> Library:
    """The library with what its recipe takes, and the rule author's drafts and revisions of it."""
    taken, refused = admit(library.figures, library.recipe)
    author = FigureRuleAuthor(library.recipe)
    drafts = list(author.draft(taken))
    by_id = {row.evidence_id: row for row in taken}
    ready = [(draft, by_id[draft.evidence_id]) for draft in drafts if draft.status == OK]
    return replace(
        library,
        taken=tuple(taken),
        refused=tuple(refused),
        drafts=tuple(drafts),
        revisions=tuple(author.revise(ready)),
        by_id=by_id,
    )


def _others(source: Source, book: int, media: dict[str, bytes]) -> list[FigureRow]:
    from PIL import Image

    pair = Image.new("RGB", (640, 260), "white")
    pair.paste(MAKERS["ct"](100 * book + 51), (0, 0))
    pair.paste(MAKERS["histology"](100 * book + 52), (320, 0))
    picture, alone = png(pair), png(MAKERS["photograph"](100 * book + 53))
    media |= {sha256_bytes(each): each for each in (picture, alone)}
    parts = (
        ("A", "Axial CT scan of the abdomen with a renal mass."),
        ("B", "Photomicrograph of the resected tumour, H&E stain."),
    )
    caption = f"(A) {parts[0][1]} (B) {parts[1][1]}"
    panels = make_figure(source, 31, picture=picture, caption=caption, panels=parts)
    lost = make_figure(
        source, 32, picture=alone, caption="Radiograph of the hand.", status="no_picture",
        reason="No picture lies near this caption.", sha256="", mime="", width=None, height=None,
        perceptual_hash="", origin="none", page=None, box=(), dpi=None, alignment=0.0,
    )  # fmt: skip
    bare = make_figure(
        source, 33, picture=alone, caption="x", status="no_caption", reason="No caption lies near it.",
        alignment=0.0,
    )  # fmt: skip
    return [panels, lost, bare]
