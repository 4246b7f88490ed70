"""The alignment sheet: the pages of one book with its figures and captions boxed and joined by a line.

One HTML file that needs nothing else: pictures are inside it, it has no script, and its own policy forbids
to load anything. A pair is green, amber or red by the reader's confidence; a caption without a picture and
a picture without a caption are dashed red. Two captions that were swapped show as lines that cross.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import floor
from pathlib import Path
from typing import TYPE_CHECKING

from grandrounds.errors import GrandRoundsError
from grandrounds.figures.views import band, centre, data_uri, escaped, where
from grandrounds.records.figure import PAIRED, FigureRow
from grandrounds.records.source import Source

if TYPE_CHECKING:
    from grandrounds.sources.textbook_view import PagePicture

DPI = 96
_SIDE = 900
_CAPTION_SHOWN = 220
_WORDS = {
    "paired": "pairs",
    "no_caption": "pictures without a caption",
    "no_picture": "captions without a picture",
    "label_only": "pictures with a label only",
}
_STYLE = Path(__file__).with_name("sheet.css")

PagePictures = Callable[[Path, Iterable[int]], "Iterator[PagePicture]"]
GetPicture = Callable[[str], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageShown:
    """A page of the sheet: its picture as an address, and its size in points."""

    number: int
    picture: str
    width: float
    height: float


def sheet(
    source: Source,
    rows: Sequence[FigureRow],
    *,
    pages: Mapping[int, PageShown],
    get_picture: GetPicture,
    note: str = "",
) -> str:
    """The HTML of one book's sheet. ``pages`` are those that could be drawn; figures without one are shown
    as picture and caption side by side. ``note`` is said at the top (why pages lack, say)."""
    placed = _by_page(rows)
    shown = sorted(number for number in placed if number in pages)
    loose = [row for row in rows if not (_pages_of(row) & pages.keys())]
    title = source.title or Path(source.path).name
    parts = [
        _head(title),
        _summary(source, rows, title=title, note=note),
        *(_page(pages[number], placed[number]) for number in shown),
    ]
    if loose:
        parts.append("<h2>Figures without a page</h2><div class='cards'>")
        parts += [_card(row, get_picture) for row in loose]
        parts.append("</div>")
    parts.append("</main></body></html>\n")
    return "\n".join(parts)


def pages_wanted(rows: Iterable[FigureRow]) -> list[int]:
    """The pages on which figures or their captions stand."""
    return sorted({number for row in rows for number in _pages_of(row)})


def draw_pages(
    path: Path, rows: Iterable[FigureRow], *, page_pictures: PagePictures
) -> tuple[dict[int, PageShown], str]:
    """The pages that a sheet shows, drawn from the document; and why the rest could not be (or nothing)."""
    drawn: dict[int, PageShown] = {}
    try:
        for page in page_pictures(path, pages_wanted(rows)):
            address = data_uri(page.picture, most=_SIDE)
            drawn[page.number] = PageShown(
                number=page.number, picture=address, width=page.width, height=page.height
            )
    except (GrandRoundsError, OSError) as exc:
        return drawn, f"Not all pages could be drawn: {exc}"
    return drawn, ""


def _pages_of(row: FigureRow) -> set[int]:
    return {number for number in (row.page, row.caption_page) if number is not None}


def _by_page(rows: Iterable[FigureRow]) -> dict[int, list[FigureRow]]:
    placed: defaultdict[int, list[FigureRow]] = defaultdict(list)
    for row in rows:
        for number in _pages_of(row):
            placed[number].append(row)
    return dict(placed)


def _head(title: str) -> str:
    return (
        "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>"
        "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; img-src data:; "
        "style-src 'unsafe-inline'\"><meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{escaped(title)}: figures and captions</title><style>{_STYLE.read_text('utf-8')}</style>"
        "</head><body>"
    )


def _summary(source: Source, rows: Sequence[FigureRow], *, title: str, note: str) -> str:
    status = Counter(row.status for row in rows)
    bands = Counter(band(row.alignment) for row in rows if row.status == PAIRED)
    counts = " ".join(
        f"<li><b>{status[name]:,}</b> {words}</li>" for name, words in _WORDS.items() if status[name]
    )
    legend = "".join(
        f"<li class='{name}'><i></i>{words} ({bands[name]:,})</li>"
        for name, words in (("high", "sure, 0.8 and more"), ("middle", "0.6 to 0.8"), ("low", "below 0.6"))
    )
    told = f"<p class='note'>{escaped(note)}</p>" if note else ""
    return (
        f"<header><h1>{escaped(title)}</h1><p class='path'>{escaped(source.path)}</p>"
        f"<ul class='counts'>{counts}</ul><ul class='legend'>{legend}"
        "<li class='lost'><i></i>one half is missing</li></ul>"
        "<p>Each figure (solid box) is joined with its caption (dotted box). Lines that cross, long lines "
        f"and red ones deserve a look.</p>{told}</header><main>"
    )


def _page(page: PageShown, rows: Sequence[FigureRow]) -> str:
    ordered = sorted(
        rows, key=lambda row: (row.box[1:2] or row.caption_box[1:2] or (0.0,), row.evidence_id)
    )
    marks = "".join(_marks(page, row, place) for place, row in enumerate(ordered, start=1))
    entries = "".join(_entry(page, row, place) for place, row in enumerate(ordered, start=1))
    width, height = f"{page.width:.1f}", f"{page.height:.1f}"
    return (
        f"<section><h2>Page {page.number}</h2><div class='page'><div class='paper'>"
        f"<img src='{page.picture}' alt='Page {page.number}' width='{page.width:.0f}' "
        f"height='{page.height:.0f}'><svg viewBox='0 0 {width} {height}' role='img' "
        f"aria-label='Boxes of figures and captions'>{marks}</svg></div><ol>{entries}</ol></div></section>"
    )


def _marks(page: PageShown, row: FigureRow, place: int) -> str:
    style = band(row.alignment) if row.status == PAIRED else "lost"
    here_figure = row.page == page.number and len(row.box) == 4
    here_caption = row.caption_page == page.number and len(row.caption_box) == 4
    marks = []
    if here_figure:
        marks.append(_rectangle(row.box, f"figure {style}"))
        marks += [_rectangle(panel.box, "panel") for panel in row.panels if len(panel.box) == 4]
        marks.append(_number(row.box, place, style))
    if here_caption:
        marks.append(_rectangle(row.caption_box, f"caption {style}"))
        marks.append(_number(row.caption_box, place, style))
    if here_figure and here_caption:
        (x0, y0), (x1, y1) = _nearest(row.box, row.caption_box)
        marks.append(f"<line class='{style}' x1='{x0:.1f}' y1='{y0:.1f}' x2='{x1:.1f}' y2='{y1:.1f}'/>")
    return "".join(marks)


def _nearest(
    one: Sequence[float], other: Sequence[float]
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Where a line between two boxes starts and ends: on their edges, towards each other's middle."""
    (ax, ay), (bx, by) = centre(one), centre(other)
    return _clipped(one, bx, by), _clipped(other, ax, ay)


def _clipped(box: Sequence[float], x: float, y: float) -> tuple[float, float]:
    return min(max(x, box[0]), box[2]), min(max(y, box[1]), box[3])


def _rectangle(box: Sequence[float], style: str) -> str:
    x0, y0, x1, y1 = box[:4]
    return (
        f"<rect class='{style}' x='{x0:.1f}' y='{y0:.1f}' width='{max(0.0, x1 - x0):.1f}' "
        f"height='{max(0.0, y1 - y0):.1f}'/>"
    )


def _number(box: Sequence[float], place: int, style: str) -> str:
    x, y = max(8.0, box[0] - 9), box[1] + 7  # beside the box, where it hides no words
    return (
        f"<g class='number {style}'><circle cx='{x:.1f}' cy='{y:.1f}' r='7'/>"
        f"<text x='{x:.1f}' y='{y + 3:.1f}'>{place}</text></g>"
    )


def _entry(page: PageShown, row: FigureRow, place: int) -> str:
    style = band(row.alignment) if row.status == PAIRED else "lost"
    elsewhere = ""
    if row.page is not None and row.page != page.number:
        elsewhere = f"<em>picture on page {row.page}</em>"
    elif row.caption_page is not None and row.caption_page != page.number:
        elsewhere = f"<em>caption on page {row.caption_page}</em>"
    return f"<li class='{style}' value='{place}'>{_told(row)}{elsewhere}</li>"


def _told(row: FigureRow) -> str:
    caption = (
        row.caption if len(row.caption) <= _CAPTION_SHOWN else row.caption[:_CAPTION_SHOWN] + " \u2026"
    )
    parts = ", ".join(f"{part.name} {part.value:.2f}" for part in row.alignment_parts)
    # Cut, not rounded: 0.797 must not be called 0.80, where another colour begins.
    share = f"{floor(row.alignment * 100) / 100:.2f}"
    sure = share if row.status == PAIRED else row.status.replace("_", " ")
    panels = f"panels {', '.join(panel.label for panel in row.panels)}" if row.panels else ""
    small = " \u00b7 ".join(filter(None, (parts, panels, row.reason)))
    return (
        f"<b>{escaped(row.label or 'no label')}</b> <span class='sure'>{escaped(sure)}</span>"
        f"<p>{escaped(caption)}</p><small>{escaped(small)}</small>"
    )


def _card(row: FigureRow, get_picture: GetPicture) -> str:
    address = ""
    if row.sha256:
        try:
            address = data_uri(get_picture(row.sha256), most=420)
        except (GrandRoundsError, OSError, KeyError):
            address = ""
    picture = (
        f"<img src='{address}' alt='{escaped(row.label)}'>"
        if address
        else "<div class='none'>no picture</div>"
    )
    style = band(row.alignment) if row.status == PAIRED else "lost"
    return (
        f"<article class='{style}'>{picture}<div>{_told(row)}<em>{escaped(where(row))}</em></div></article>"
    )
