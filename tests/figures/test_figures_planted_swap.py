"""Two captions of a printed article are swapped: read, asked about and judged, both are refused; the sheet of
the article shows them."""

from __future__ import annotations

from pathlib import Path

import pymupdf
import pytest

from grandrounds.authoring.figure_rule import FigureRuleAuthor
from grandrounds.contracts import contract
from grandrounds.figures.desk import Desk
from grandrounds.gates.figures.admission import admit
from grandrounds.gates.run import Judged, judge
from grandrounds.lake import Lake
from grandrounds.records.envelope import OK
from grandrounds.records.table import to_table
from grandrounds.sources.books import read_books
from tests.support.figure_pictures import ct, histology, png
from tests.support.figures import make_recipe

SCAN = "Axial CT scan of the abdomen showing a mass in the liver."
TISSUE = "Photomicrograph of the kidney with atrophic tubules, H&E stain."
LICENCE = (
    "This is an open access article distributed under the Creative Commons Attribution License, "
    "https://creativecommons.org/licenses/by/4.0/, which permits unrestricted use."
)


def article(path: Path, captions: tuple[str, str]) -> None:
    """One page with two pictures, a caption below each, and a paragraph that mentions both."""
    document = pymupdf.open()
    page = document.new_page(width=595, height=842)
    page.insert_textbox((60, 40, 535, 60), "An Invented Case of Two Pictures", fontsize=16)
    told = "The scan was done first (Figure 1). The section was cut later (Figure 2). " * 3
    page.insert_textbox((60, 70, 535, 130), told, fontsize=10)
    for place, (picture, caption) in enumerate(zip((ct(1), histology(2)), captions, strict=True)):
        top = 140 + 300 * place
        page.insert_image((140, top, 455, top + 250), stream=png(picture))
        page.insert_textbox((60, top + 256, 535, top + 282), f"Figure {place + 1}. {caption}", fontsize=8)
    page.insert_textbox((60, 745, 535, 790), LICENCE, fontsize=9)
    document.set_metadata({"title": "An Invented Case of Two Pictures", "author": "Nobody"})
    document.save(path)


def read_and_judged(folder: Path, lake: Lake) -> tuple[Judged, int]:
    recipe = make_recipe()
    books = read_books(folder, lake=lake, asked=recipe.figures, ocr=False, workers=1)
    lake.write_table("figure_vqa/figures", to_table(books.figures, contract("figures")))
    lake.write_table("figure_vqa/sources", to_table(books.sources, contract("sources")))
    taken, _ = admit(books.figures, recipe)
    by_id = {row.evidence_id: row for row in taken}
    author = FigureRuleAuthor(recipe)
    drafts = [(draft, by_id[draft.evidence_id]) for draft in author.draft(taken) if draft.status == OK]
    found = judge(list(author.revise(drafts)), evidence=by_id, recipe=recipe, get_picture=lake.get_media)
    return found, len(taken)


@pytest.mark.parametrize("swapped", [False, True], ids=["as printed", "swapped"])
def test_a_planted_swap_is_caught_and_shown(tmp_path: Path, swapped: bool) -> None:
    folder = tmp_path / "sources"
    folder.mkdir()
    article(folder / "article.pdf", (TISSUE, SCAN) if swapped else (SCAN, TISSUE))
    lake = Lake(str(tmp_path / "lake"))
    found, taken = read_and_judged(folder, lake)
    assert taken == 2
    caught = {rejection.evidence_id for rejection in found.rejections if rejection.gate == "alignment"}
    if swapped:
        assert len(caught) == 2
        assert found.candidates == []
    else:
        assert caught == set()
        assert {"figure_modality_mcq", "figure_anatomy_mcq"} <= {row.task for row in found.candidates}
    (sheet,) = Desk(lake=lake, recipe="figure_vqa", folder=folder).write_sheets(tmp_path / "out")
    shown = sheet.read_text("utf-8")
    assert shown.count("<line ") == 2
    assert shown.count("data:image/jpeg") == 1
