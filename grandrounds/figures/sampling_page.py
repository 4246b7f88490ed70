"""The page on which a person judges a sample of pairs: one file, by keyboard, nothing loaded, a CSV saved.

Its policy allows the page's own script (by hash) and pictures inside the page, and nothing else. Texts of
sources get in as JSON and are put on the page as text, never as markup.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from grandrounds.errors import GrandRoundsError
from grandrounds.figures.scores import pair_sha256
from grandrounds.figures.sheet import PageShown
from grandrounds.figures.views import data_uri, escaped, where
from grandrounds.records.figure import FigureRow

_SIDE = 900
_FOLDER = Path(__file__).parent


def sampling_page(
    rows: Sequence[FigureRow],
    *,
    recipe: str,
    sample: str,
    get_picture: Callable[[str], bytes],
    pages: Mapping[tuple[str, int], PageShown],
) -> str:
    """The HTML. ``pages`` are those that could be drawn, by source id and number: they show a pair's
    place."""
    script = (_FOLDER / "sampling.js").read_text("utf-8")
    style = (_FOLDER / "sampling.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    shown = {f"{source}/{number}": page.picture for (source, number), page in pages.items()}
    told = {
        "recipe": recipe,
        "sample": sample,
        "pages": shown,
        "pairs": [_pair(row, get_picture, pages) for row in rows],
    }
    # In a block of data a "<" could end the block.
    data = json.dumps(told, ensure_ascii=False, sort_keys=True).replace("<", "\\u003c")
    policy = f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    return (
        f"<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>"
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f"<title>{escaped(recipe)}: does the caption belong to the picture?</title>"
        f"<style>{style}</style></head>{_BODY}"
        f'<script type="application/json" id="data">{data}</script>'
        f"<script>{script}</script></body></html>\n"
    )


def _pair(
    row: FigureRow, get_picture: Callable[[str], bytes], pages: Mapping[tuple[str, int], PageShown]
) -> dict[str, Any]:
    try:
        picture = data_uri(get_picture(row.sha256), most=_SIDE)
    except (GrandRoundsError, OSError, KeyError):
        picture = ""
    page = row.page if row.page is not None else row.caption_page
    shown = pages.get((row.source_id, page)) if page is not None else None
    return {
        "evidence_id": row.evidence_id,
        "pair": pair_sha256(row),
        "picture": picture,
        "label": row.label,
        "caption": row.caption,
        "book": row.book,
        "where": where(row),
        "origin": row.origin,
        "page": f"{row.source_id}/{page}" if shown else "",
        "boxes": _boxes(row, page, shown) if shown and page is not None else [],
    }


def _boxes(row: FigureRow, page: int, shown: PageShown) -> list[dict[str, Any]]:
    """The boxes on the page that is shown, in shares of its sides."""
    placed = (("figure", row.page, row.box), ("caption", row.caption_page, row.caption_box))
    return [
        {
            "kind": kind,
            "left": round(box[0] / shown.width, 4),
            "top": round(box[1] / shown.height, 4),
            "width": round((box[2] - box[0]) / shown.width, 4),
            "height": round((box[3] - box[1]) / shown.height, 4),
        }
        for kind, number, box in placed
        if number == page and len(box) == 4
    ]


_BODY = """<body>
<header>
  <h1>Does the caption belong to the picture?</h1>
  <div id="progress"><div id="bar"></div></div>
  <p id="count"></p>
  <label>Scorer <input id="scorer" placeholder="reviewer-a" autocomplete="off" spellcheck="false"></label>
  <button id="save" type="button">Save CSV <kbd>s</kbd></button>
</header>
<main>
  <div id="left"><img id="picture" alt=""></div>
  <div id="middle">
    <p id="label"></p>
    <blockquote id="caption"></blockquote>
    <p id="place"></p>
    <div id="verdicts" role="group" aria-label="Verdict">
      <button type="button" data-verdict="right">Belongs <kbd>y</kbd></button>
      <button type="button" data-verdict="wrong">Does not <kbd>n</kbd></button>
      <button type="button" data-verdict="unsure">Can't tell <kbd>u</kbd></button>
    </div>
    <p id="help"><kbd>&larr;</kbd> <kbd>&rarr;</kbd> move &middot; a verdict moves on &middot;
      <kbd>p</kbd> the page</p>
  </div>
  <div id="right"><div id="page" hidden><img id="sheet" alt="The page"></div></div>
</main>
<p id="told" role="status" aria-live="polite"></p>
"""
