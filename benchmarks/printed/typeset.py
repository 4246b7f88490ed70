"""Books printed in every layout, the truth read from the printed page, copies without it for readers."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import pymupdf

from benchmarks.printed import adapted, fiction, openstax
from benchmarks.printed.chapters import Box, Chapter
from benchmarks.printed.chromium import Browser
from benchmarks.printed.layouts import Layout, in_edition
from benchmarks.printed.setting import ADDRESS, Book, Printed, set_book


@dataclass(frozen=True, slots=True, kw_only=True)
class TruePanel:
    label: str
    box: Box
    caption: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueFigure:
    """What is true of a figure; the fields are told in the package's words."""

    id: str
    label: str
    caption: str
    page: int
    box: Box
    pictures: tuple[Box, ...]
    caption_page: int
    caption_box: Box
    panels: tuple[TruePanel, ...] = ()
    origin: str = "raster"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueTable:
    label: str
    page: int
    box: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueDocument:
    """A printed document: its file's name, and all that readers should find in it."""

    pdf: str
    pages: int
    figures: tuple[TrueFigure, ...]
    tables: tuple[TrueTable, ...] = ()


def print_layouts(
    layouts: Iterable[Layout], folder: Path, *, data: Path | None = None, edition: int = 1
) -> None:
    """Print each layout's books below ``folder``, with ``truth.json``; ``data`` are the real inputs.

    Another ``edition`` holds other fiction, and all of it is set in other sizes, types and labels.
    """
    real = openstax.chapters(data) if data else ()
    with Browser() as browser, tempfile.TemporaryDirectory() as work:
        font = Path(work) / "wide.ttf"
        font.write_bytes(pymupdf.Font("cjk").buffer)
        for asked in layouts:
            layout = in_edition(asked, edition)
            books = {"fiction": fiction.chapters(layout.name, layout.wanted, edition=edition)}
            if real:
                books["openstax"] = adapted.chapters(real, layout)
            place = folder / layout.name
            place.mkdir(parents=True, exist_ok=True)
            documents = [
                _print(browser, chapters, layout, name=name, place=place, font=font)
                for name, chapters in books.items()
            ]
            truth = {"layout": layout.name, "documents": [asdict(one) for one in documents]}
            (place / "truth.json").write_text(json.dumps(truth, indent=1, ensure_ascii=False) + "\n")


def load(place: Path) -> tuple[TrueDocument, ...]:
    """The truth of one layout's folder."""
    told = json.loads((place / "truth.json").read_text())
    return tuple(_document(one) for one in told["documents"])


def _print(
    browser: Browser,
    chapters: tuple[Chapter, ...],
    layout: Layout,
    *,
    name: str,
    place: Path,
    font: Path,
) -> TrueDocument:
    """One book: its PDF below ``place``; what lies beside ``font`` goes with it."""
    book = set_book(chapters, layout, wide_font=font if "Wide" in layout.css else None)
    page = font.parent / f"{layout.name}-{name}.html"
    page.write_text(book.html, encoding="utf-8")
    printed = pymupdf.open("pdf", browser.print_pdf(page))
    truth = read_truth(printed, book, pdf=f"{name}.pdf")
    strip(printed)
    if layout.turned:
        for number in range(1, printed.page_count, 2):
            store_sideways(printed, number)
    printed.save(place / truth.pdf, garbage=3, deflate=True, no_new_id=True)
    if b"truth.invalid" in (place / truth.pdf).read_bytes():
        raise AssertionError(f"the truth is left in {place / truth.pdf}")
    return truth


def read_truth(printed: pymupdf.Document, book: Book, *, pdf: str) -> TrueDocument:
    """Where the links lie that stand around pictures, captions and tables."""
    places: dict[tuple[str, ...], list[tuple[int, Box]]] = {}
    for page in printed:
        for link in page.get_links():
            words = link.get("uri", "").removeprefix(f"{ADDRESS}/").split("/")
            box = tuple(round(side, 2) for side in link["from"])
            places.setdefault(tuple(words), []).append((page.number + 1, box))  # type: ignore[arg-type]
    return TrueDocument(
        pdf=pdf,
        pages=printed.page_count,
        figures=tuple(_figure(id_, one, places) for id_, one in book.figures.items()),
        tables=tuple(
            TrueTable(label=label, page=number, box=box)
            for id_, label in book.tables.items()
            for number, box in places[("table", id_)]
        ),
    )


def strip(printed: pymupdf.Document) -> None:
    """Take out every annotation, name and tag: nothing is left that tells what was linked."""
    told = [(page.xref, key) for page in printed for key in ("Annots", "StructParents")]
    catalog = printed.pdf_catalog()
    told += [(catalog, key) for key in ("Names", "Dests", "StructTreeRoot", "MarkInfo", "Outlines")]
    for holder, key in told:
        if printed.xref_get_key(holder, key) != ("null", "null"):
            printed.xref_set_key(holder, key, "null")
    printed.set_metadata({})


def store_sideways(printed: pymupdf.Document, number: int) -> None:
    """Store a page lying on its side and say that it is to be turned: a reader sees the same page."""
    page = printed[number]
    width, height = page.rect.width, page.rect.height
    page.wrap_contents()
    turn = f"q 0 1 -1 0 {height:.4f} 0 cm\n".encode()
    stored = printed.get_new_xref()
    printed.update_object(stored, "<<>>")
    printed.update_stream(stored, turn + page.read_contents() + b"\nQ")
    page.set_contents(stored)
    page.set_mediabox(pymupdf.Rect(0, 0, height, width))
    page.set_rotation(90)


def union(boxes: Iterable[Box]) -> Box:
    """The box around all of them."""
    x0, y0, x1, y1 = zip(*boxes, strict=True)
    return (min(x0), min(y0), max(x1), max(y1))


def _figure(id_: str, one: Printed, places: dict[tuple[str, ...], list[tuple[int, Box]]]) -> TrueFigure:
    found = [places[("picture", id_, str(k))] for k in range(len(one.figure.pictures))]
    pages = {number for parts in found for number, _ in parts}
    if len(pages) != 1 or any(len(parts) != 1 for parts in found):
        raise AssertionError(f"figure {id_} does not stand on one page, in one piece: {found}")
    boxes = tuple(parts[0][1] for parts in found)
    letters = [box for k in range(len(found)) for _, box in places.get(("letter", id_, str(k)), ())]
    captions = places[("caption", id_)]
    first = captions[0][0]
    return TrueFigure(
        id=id_,
        label=one.label,
        caption=one.figure.caption,
        page=pages.pop(),
        box=union([*boxes, *letters]),
        pictures=boxes,
        caption_page=first,
        caption_box=union(box for number, box in captions if number == first),
        panels=tuple(
            TruePanel(
                label=panel.letter, box=_within(boxes[panel.picture], panel.place), caption=panel.caption
            )
            for panel in one.figure.panels
        ),
        origin="vector" if one.figure.pictures[0].svg else "raster",
    )


def _within(box: Box, place: Box) -> Box:
    x0, y0, x1, y1 = box
    width, height = x1 - x0, y1 - y0
    left, top, right, bottom = place
    made = (x0 + left * width, y0 + top * height, x0 + right * width, y0 + bottom * height)
    return tuple(round(side, 2) for side in made)  # type: ignore[return-value]


def _document(told: dict) -> TrueDocument:  # type: ignore[type-arg]
    figures = tuple(
        TrueFigure(
            **{
                **one,
                "box": tuple(one["box"]),
                "caption_box": tuple(one["caption_box"]),
                "pictures": tuple(tuple(box) for box in one["pictures"]),
                "panels": tuple(TruePanel(**{**p, "box": tuple(p["box"])}) for p in one["panels"]),
            }
        )
        for one in told["figures"]
    )
    tables = tuple(TrueTable(**{**one, "box": tuple(one["box"])}) for one in told["tables"])
    return TrueDocument(pdf=told["pdf"], pages=told["pages"], figures=figures, tables=tables)
