"""A book set as HTML: every picture and every caption is a link, whose place the browser prints too."""

from __future__ import annotations

import base64
import html
import re
from dataclasses import dataclass
from pathlib import Path

from benchmarks.printed import drawings, pictures
from benchmarks.printed.chapters import Chapter, Figure, Paragraph, Picture, Table
from benchmarks.printed.layouts import ABOVE, BESIDE, NEXT_PAGE, Layout

ADDRESS = "https://truth.invalid"
_STYLE = """
*{box-sizing:border-box} body{margin:0;line-height:1.35;color:#111}
a{color:inherit;text-decoration:none} a.t{display:block} svg,img{display:block;width:100%;height:auto}
h1{font-size:190%;margin:0 0 14pt} h2{font-size:125%;margin:12pt 0 5pt;break-after:avoid}
p{margin:0 0 6pt;text-align:justify;hyphens:auto;orphans:2;widows:2}
figure{margin:9pt 0;padding-top:2pt;break-inside:avoid} figcaption{font-size:90%;margin-top:4pt}
.chapter{break-before:page} .chapter:first-child{break-before:auto}
.grid{display:grid;gap:5pt} .cell{position:relative} .letter{font:bold 10pt 'Liberation Sans'}
.over{position:absolute;left:3pt;top:3pt;color:#fff;background:#000;padding:0 4pt} .under{text-align:center}
table{border-collapse:collapse;width:100%;font-size:90%;margin:3pt 0 9pt} .held{break-inside:avoid}
td,th{border:0.6pt solid #555;padding:2pt 4pt;text-align:start} th{background:#dde5ee}
.beside{display:flex;gap:10pt;align-items:flex-start} .beside>*{flex:1 1 0}
.beside.r{flex-direction:row-reverse}
.full{break-before:page;break-after:page;break-inside:avoid}
.float{width:46%;float:left;margin:3pt 10pt 4pt 0} .float.r{float:right;margin:3pt 0 4pt 10pt}
aside{background:#eaf1e4;border:1pt solid #8aa978;border-radius:5pt;padding:8pt;margin:9pt 0}
aside{break-inside:avoid}
.icon{height:12pt;width:24pt;display:inline-block;vertical-align:-2pt} .icon svg{height:12pt;width:24pt}
.rule{height:3pt;background:linear-gradient(90deg,#2b6ca3,#fff);margin:4pt 0}
.strips a.t{margin-bottom:-0.05pt}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """What was printed of a figure besides its place: its label as printed, the figure itself."""

    label: str
    figure: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """A book as HTML, and what its figures (by id) and tables (id to label) are called in it."""

    html: str
    figures: dict[str, Printed]
    tables: dict[str, str]


def set_book(chapters: tuple[Chapter, ...], layout: Layout, *, wide_font: Path | None = None) -> Book:
    """The book in that layout. ``wide_font`` is a font file with Chinese and Japanese letters."""
    setter = _Setter(layout)
    body = "".join(setter.chapter(chapter, number) for number, chapter in enumerate(chapters))
    face = f"@font-face{{font-family:Wide;src:url({wide_font.as_uri()})}}" if wide_font else ""
    style = f"{face}@page{{size:{layout.page};margin:{layout.margin};{setter.heads()}}}{_STYLE}{layout.css}"
    head = f"<meta charset=utf-8><title>A printed book</title><style>{style}</style>"
    language = chapters[0].language if chapters else "en"
    page = f"<!doctype html><html lang={language} dir={layout.direction}><head>{head}</head>"
    return Book(html=f"{page}<body>{body}</body></html>", figures=setter.figures, tables=setter.tables)


class _Setter:
    """Sets parts one after the other and counts, since captions and floats take turns."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.figures: dict[str, Printed] = {}
        self.tables: dict[str, str] = {}
        self.turn = 0
        self.labels: dict[str, str] = {}
        self.caption_css = ""

    def heads(self) -> str:
        if not self.layout.heads:
            return '@bottom-center{content:counter(page);font:9pt "Liberation Serif"}'
        mark = base64.b64encode(pictures.mark()).decode()
        image = f'content:url("data:image/png;base64,{mark}")'
        return (
            '@top-left{content:"Atlas of the Lenar Canal";font:italic 9pt "Liberation Serif";'
            "border-bottom:1pt solid #2b6ca3}"
            f"@top-right{{{image}}} @bottom-left{{{image}}}"
            '@bottom-center{content:"Fictional Press, page " counter(page);font:8pt "Liberation Sans";'
            "border-top:0.5pt solid #888}"
        )

    def chapter(self, chapter: Chapter, number: int) -> str:
        layout = self.layout
        shape = layout.labels[number % len(layout.labels)]
        self.caption_css = layout.caption_css[number % len(layout.caption_css)]
        for figure in chapter.figures:
            self.labels[figure.id] = _label(shape, figure.number)
        out = [f"<h1>{chapter.number}. {_safe(chapter.title)}</h1>"]
        for section in chapter.sections:
            icon = f"<span class=icon>{drawings.logo(3)}</span> " if layout.heads else ""
            rule = "<div class=rule></div>" if layout.heads else ""
            out.append(f"<h2>{icon}{_safe(section.title)}</h2>{rule}")
            out += [self._part(part) for part in section.parts]
        columns = f"columns:{layout.columns};column-gap:16pt" if layout.columns > 1 else ""
        return f'<div class=chapter lang={chapter.language} style="{columns}">{"".join(out)}</div>'

    def _part(self, part: object) -> str:
        if isinstance(part, Figure):
            return self._figure(part)
        if isinstance(part, Table):
            return self._table(part)
        assert isinstance(part, Paragraph)
        return f"<p>{self._references(part.text)}</p>"

    def _references(self, text: str) -> str:
        def named(found: re.Match[str]) -> str:
            return self.labels.get(found[1], "").rstrip(" .:|") or "the picture nearby"

        return _safe(re.sub(r"\{fig:([^}]*)\}", named, text))

    def _table(self, table: Table) -> str:
        label = f"Table {table.number}"
        self.tables[table.id] = label
        rows = "".join(
            "<tr>" + "".join(f"<{cell}>{_safe(words)}</{cell}>" for words in row) + "</tr>"
            for row, cell in zip(table.rows, ["th"] + ["td"] * (len(table.rows) - 1), strict=True)
        )
        held = f'<a class=t href="{ADDRESS}/table/{table.id}"><table>{rows}</table></a>'
        return f"<div class=held><p><b>{label}</b> {_safe(table.caption)}</p>{held}</div>"

    def _figure(self, figure: Figure) -> str:
        layout, self.turn = self.layout, self.turn + 1
        where = layout.caption[self.turn % len(layout.caption)]
        label = self.labels[figure.id]
        self.figures[figure.id] = Printed(label=label, figure=figure)
        words = f'<span style="{layout.label_css}">{_safe(label)}</span> ' if label else ""
        caption = (
            f'<figcaption><a class=t href="{ADDRESS}/caption/{figure.id}" style="{self.caption_css}">'
            f"{words}{_safe(figure.caption)}</a></figcaption>"
        )
        shown = self._pictures(figure)
        side = " r" if self.turn % 2 else ""
        if where == NEXT_PAGE:
            return f'<figure class=full>{shown}</figure><div class="held">{caption}</div>'
        if where == BESIDE:
            return f'<figure class="beside{side}"><div>{shown}</div>{caption}</figure>'
        inside = caption + shown if where == ABOVE else shown + caption
        if layout.floats:
            return f'<figure class="float{side}">{inside}</figure>'
        span = ' style="column-span:all"' if layout.spanning else ""
        made = f"<figure{span}>{inside}</figure>"
        if layout.sidebars:
            return self._sidebar(made)
        return made

    def _sidebar(self, made: str) -> str:
        icon = f"<span class=icon>{drawings.logo(2)}</span>"
        words = "<b>At the bedside.</b> Ask when it began, and look at both sides before you measure one."
        if self.turn % 2:
            return f"<aside><p>{icon} {words}</p>{made}</aside>"
        return f"<aside><p>{icon} {words}</p></aside>{made}"

    def _pictures(self, figure: Figure) -> str:
        layout, columns = self.layout, figure.columns
        letters = {one.picture: one.letter for one in figure.panels if not one.drawn}
        cells = []
        for number, picture in enumerate(figure.pictures):
            shown = _window(picture) if layout.cropped else _shown(picture)
            link = f'<a class=t href="{ADDRESS}/picture/{figure.id}/{number}">{shown}</a>'
            letter = letters.get(number, "")
            mark = f'<div class="letter {layout.letters}">{letter}</div>' if letter else ""
            if mark and layout.letters == "under":
                mark = f'<a class=t href="{ADDRESS}/letter/{figure.id}/{number}">{mark}</a>'
            cells.append(f"<div class=cell>{link}{mark}</div>")
        stacked = columns == 1 or len(cells) == 1
        aspect = (
            1 / sum(1 / one.aspect for one in figure.pictures)
            if stacked
            else figure.pictures[0].aspect * columns
        )
        aspect = 1.25 if layout.cropped else aspect
        width = f"width:min(100%,{layout.tall * aspect:.1f}pt);margin:0 auto"
        if stacked:
            return f'<div class=strips style="{width}">{"".join(cells)}</div>'
        grid = f"grid-template-columns:repeat({columns},1fr);{width}"
        return f'<div class=grid style="{grid}">{"".join(cells)}</div>'


def _label(shape: str, number: str) -> str:
    """A label; a hyphen at the end asks for a hyphen within the number instead."""
    if shape.endswith("{n}-"):
        return shape[:-4] + number.replace(".", "-")
    return shape.replace("{n}", number).strip()


def _shown(picture: Picture) -> str:
    if picture.svg:
        return picture.svg
    data = base64.b64encode(picture.data).decode()
    return f'<img src="data:{picture.mime};base64,{data}">'


def _window(picture: Picture) -> str:
    """A window on the picture, which goes on behind its frame on every side."""
    place = 'x="-20" y="-12" width="165" height="124" preserveAspectRatio="xMidYMid slice"'
    data = base64.b64encode(picture.data).decode()
    inside = f'<image {place} href="data:{picture.mime};base64,{data}"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 125 100">{inside}</svg>'


def _safe(text: str) -> str:
    return html.escape(text, quote=False)
