"""The layouts: how a book is set. Each is a style, a way of placing captions, and what its book holds."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from benchmarks.printed.fiction import Wanted

BELOW, ABOVE, BESIDE, NEXT_PAGE = "below", "above", "beside", "next_page"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A layout.

    ``page`` is the page's size for CSS, ``columns`` the body's, ``caption`` where captions stand (taken in
    turn), ``labels`` how a figure's label is printed, taken by chapter: ``{n}`` is its number, a label
    without it means that no label is printed. ``tall`` is the greatest height of a picture in points.
    ``letters``: how the typesetter prints the letters of panels, ``over`` or ``under`` the picture.
    """

    name: str
    what: str
    wanted: Wanted = field(default_factory=Wanted)
    page: str = "595pt 842pt"
    margin: str = "60pt 56pt"
    columns: int = 1
    spanning: bool = False
    caption: tuple[str, ...] = (BELOW,)
    labels: tuple[str, ...] = ("Figure {n}",)
    label_css: str = "font-weight:bold"
    tall: int = 210
    letters: str = "over"
    floats: bool = False
    heads: bool = False
    sidebars: bool = False
    turned: bool = False
    traced: bool = False
    cropped: bool = False
    caption_css: tuple[str, ...] = ("",)
    css: str = ""
    direction: str = "ltr"


_SERIF = "body{font-family:'Liberation Serif';font-size:10.5pt}"
_SANS = "body{font-family:'Liberation Sans';font-size:9.5pt}"
# A press that numbers figures with a hyphen prints "1-2" for the second of chapter 1.
LAYOUTS = (
    Layout(name="one_column", what="one column, caption below", css=_SERIF, tall=260),
    Layout(name="two_columns", what="two columns, caption below", columns=2, css=_SERIF, tall=170),
    Layout(
        name="three_columns",
        what="three columns on a wide page",
        page="720pt 842pt",
        margin="48pt 40pt",
        columns=3,
        css=_SANS,
        tall=150,
        labels=("Fig. {n}",),
    ),
    Layout(
        name="spanning",
        what="two columns, figures across both",
        columns=2,
        spanning=True,
        css=_SANS,
        tall=240,
    ),
    Layout(name="caption_above", what="caption above", caption=(ABOVE,), columns=2, css=_SERIF, tall=180),
    Layout(
        name="caption_beside",
        what="caption beside, right and left in turn",
        caption=(BESIDE,),
        css=_SANS,
        tall=190,
        labels=("Fig. {n}.",),
    ),
    Layout(
        name="caption_next_page",
        what="caption on the page after the picture's",
        caption=(NEXT_PAGE,),
        css=_SERIF,
        tall=560,
    ),
    Layout(
        name="two_over_one",
        what="two pictures over one caption",
        wanted=Wanted(kind="pair"),
        css=_SERIF,
        tall=170,
    ),
    Layout(
        name="wrapped",
        what="floats left and right, text around them",
        floats=True,
        css=_SERIF,
        tall=170,
        labels=("Fig. {n}",),
    ),
    Layout(
        name="panels",
        what="2x2 and 1x3 panels, a picture each, letters printed over or under them",
        wanted=Wanted(kind="panels"),
        css=_SANS,
        tall=999,
    ),
    Layout(
        name="panels_under",
        what="panels with their letters below, in two columns",
        wanted=Wanted(kind="panels"),
        columns=2,
        letters="under",
        css=_SERIF,
        tall=999,
        labels=("Fig. {n}",),
    ),
    Layout(
        name="panels_in_one",
        what="panels within one picture, letters burned in",
        wanted=Wanted(kind="sheet"),
        css=_SERIF,
        tall=330,
    ),
    Layout(
        name="vector",
        what="drawings instead of pictures: charts, schemes, traced pictures, with words in them",
        wanted=Wanted(kind="drawing", figures=6),
        css=_SANS,
        tall=220,
        traced=True,
    ),
    Layout(
        name="running_heads",
        what="heads, feet, logos, rules and icons on every page",
        heads=True,
        columns=2,
        css=_SERIF,
        tall=170,
        margin="84pt 56pt",
    ),
    Layout(
        name="sidebars",
        what="boxed sidebars with a background, figures within and beside them",
        sidebars=True,
        css=_SANS,
        tall=180,
        wanted=Wanted(kind="mixed"),
    ),
    Layout(
        name="turned",
        what="landscape; every other page stored sideways",
        page="842pt 595pt",
        columns=2,
        css=_SERIF,
        tall=190,
        turned=True,
    ),
    Layout(
        name="label_styles",
        what="labels of other presses, small capitals, none at all",
        wanted=Wanted(chapters=6, figures=4),
        labels=("FIG. {n}-", "Fig. {n} |", "FIGURE {n}:", "Plate {n}", "Figure {n}. ", ""),
        label_css="font-weight:bold",
        css=_SERIF,
        tall=190,
        caption_css=(
            "",
            "font-size:8pt",
            "font-variant:small-caps",
            "",
            "font-weight:bold",
            "font-style:italic",
        ),
    ),
    Layout(
        name="tables",
        what="tables with captions between the figures",
        wanted=Wanted(tables=True, kind="mixed"),
        columns=2,
        css=_SERIF,
        tall=160,
    ),
    Layout(
        name="strips",
        what="pictures stored in strips",
        wanted=Wanted(kind="strips"),
        columns=2,
        css=_SANS,
        tall=170,
    ),
    Layout(
        name="cropped",
        what="pictures seen through a window: stored larger than they are shown",
        columns=2,
        css=_SERIF,
        tall=170,
        cropped=True,
    ),
    Layout(
        name="mixed_captions",
        what="captions above, below and beside in one book",
        caption=(ABOVE, BELOW, BESIDE),
        css=_SERIF,
        tall=190,
    ),
    Layout(
        name="side_by_side",
        what="figures next to each other, each with its own caption",
        wanted=Wanted(kind="mixed"),
        css=_SANS + "figure{display:inline-block;width:47%;margin:9pt 1%;vertical-align:top}",
        tall=200,
    ),
    Layout(
        name="right_to_left",
        what="Hebrew and Arabic",
        wanted=Wanted(languages=("he", "ar")),
        css="body{font-family:'DejaVu Sans';font-size:10pt}",
        direction="rtl",
        tall=220,
        labels=("איור {n}", "شكل {n}"),
    ),
    Layout(
        name="cjk",
        what="Chinese and Japanese",
        wanted=Wanted(languages=("zh", "ja")),
        columns=2,
        css="body{font-family:'Wide';font-size:10pt}",
        tall=180,
        labels=("图 {n}", "図{n}"),
    ),
)
# Sizes of pages and types, margins and ways to print a label, of editions after the first.
_PAGES = ("612pt 792pt", "540pt 720pt", "595pt 842pt")
_LABELS = ("Fig. {n}.", "Figure {n}:", "FIGURE {n}", "Fig {n}")
_TYPES = (
    "body{font-family:'DejaVu Serif';font-size:8.8pt}",
    "body{font-family:'Liberation Sans Narrow';font-size:11pt}",
    "body{font-family:'DejaVu Sans';font-size:8.4pt}",
)


def in_edition(layout: Layout, edition: int) -> Layout:
    """The layout as another edition of the book has it: no reader can have been fitted to its sizes."""
    if edition == 1:
        return layout
    turn = edition + NAMES.index(layout.name)
    english = layout.wanted.languages == ("en",)
    upright = layout.page == LAYOUTS[0].page
    return replace(
        layout,
        page=_PAGES[turn % len(_PAGES)] if upright else layout.page,
        margin=layout.margin if layout.heads else f"{44 + turn % 5 * 6}pt {40 + turn % 4 * 7}pt",
        tall=layout.tall * (80 + turn % 5 * 6) // 100,
        css=_TYPES[turn % len(_TYPES)] if english else layout.css,
        labels=(_LABELS[turn % len(_LABELS)],) if english and len(layout.labels) == 1 else layout.labels,
        label_css=("font-style:italic", "font-weight:bold", "color:#2b6ca3")[turn % 3],
    )


NAMES = tuple(one.name for one in LAYOUTS)


def by_name(name: str) -> Layout:
    """The layout of that name. Raises ``SystemExit`` that lists the names where there is none."""
    for one in LAYOUTS:
        if one.name == name:
            return one
    raise SystemExit(f"there is no layout {name!r}; there are {', '.join(NAMES)}")
