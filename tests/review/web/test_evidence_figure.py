"""Figures beside an item: the page is drawn from the file with the right bytes, wherever it lies, or not at all."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from grandrounds.lake import Lake
from grandrounds.review.desk.desk import Desk
from grandrounds.review.web.settings import WebSettings
from grandrounds.review.web.views.evidence_figure import figure_pane
from grandrounds.review.web.views.evidence_pages import DPI, SourceFiles, outlines_on
from tests.support.evidence_pages import FIGURES, atlas, put_file, queue, write

FIGURE_BLUE = (0, 114, 178)


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    folder = tmp_path / "sources"
    folder.mkdir()
    return folder


@pytest.fixture
def settings(sources) -> WebSettings:
    return WebSettings(sources=str(sources))


@pytest.fixture
def made(app, web_store):
    made = atlas(app.state.lake)
    queue(web_store, [made.candidate])
    return made


@pytest.fixture
def reader(made, app, browser, web_store):
    one = browser("reviewer-a")
    Desk(web_store).next(app.state.accounts.named("reviewer-a"), recipe=FIGURES)
    yield one
    app.state.evidence.pages.close()


def at(made, path: str) -> str:
    return f"/evidence/{FIGURES}/{made.candidate.item_id}{path}"


def test_the_page_is_drawn_with_the_figure_outlined(made, reader, sources):
    put_file(sources, "deep/in/a folder/anything.bin", made.file)
    answer = reader.get(at(made, "/page/1"))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    drawn = np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGB"))
    assert np.allclose(drawn.shape[:2], (500 * DPI / 72, 400 * DPI / 72), atol=1)
    blue = np.argwhere((drawn == FIGURE_BLUE).all(axis=2))
    low, high = blue.min(axis=0) * 72 / DPI, blue.max(axis=0) * 72 / DPI
    assert np.allclose([*low, *high], [100, 100, 250, 300], atol=6)
    again = reader.get(at(made, "/page/1"), headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304


def test_a_page_where_it_is_only_mentioned_is_drawn_too_and_no_other(made, reader, sources):
    put_file(sources, "book.pdf", made.file)
    assert reader.get(at(made, "/page/2")).status_code == 200
    assert reader.get(at(made, "/page/3")).status_code == 404


def test_without_the_file_there_is_the_picture_alone(made, reader):
    assert reader.get(at(made, "/page/1")).status_code == 404
    assert reader.get(at(made, f"/media/{made.figure.sha256}")).status_code == 200


def test_a_path_in_a_table_opens_nothing(made, reader, sources, tmp_path, app):
    other = put_file(tmp_path, "private/other.pdf", made.file + b"\n% another")
    put_file(sources, "book.pdf", made.file + b"\n% changed since")
    for path in (str(other), "../private/other.pdf", "book.pdf"):
        write(app.state.lake, FIGURES, "sources", [replace(made.source, path=path)])
        assert reader.get(at(made, "/page/1")).status_code == 404


def test_a_link_out_of_the_folder_is_not_followed(made, sources, tmp_path):
    elsewhere = put_file(tmp_path, "private/book.pdf", made.file)
    os.symlink(elsewhere, sources / "book.pdf")
    os.symlink(elsewhere.parent, sources / "more")
    assert SourceFiles(sources).find(made.source.sha256, size=len(made.file)) is None


def test_a_file_that_changes_is_found_no_more(tmp_path):
    lake = Lake(str(tmp_path / "lake"))
    made = atlas(lake)
    path = put_file(tmp_path, "sources/book.pdf", made.file)
    files = SourceFiles(path.parent)
    assert files.find(made.source.sha256, size=len(made.file)) == path
    path.write_bytes(made.file[:-1] + b"x")
    assert files.find(made.source.sha256, size=len(made.file)) is None


def test_a_file_that_is_no_pdf_draws_nothing_and_ends_nothing(made, reader, sources, app):
    from grandrounds.fingerprint import sha256_bytes

    junk = b"%PDF-1.7\n" + b"\0junk" * 100
    source = replace(made.source, sha256=sha256_bytes(junk), bytes=len(junk))
    put_file(sources, "junk.pdf", junk)
    write(app.state.lake, FIGURES, "sources", [source])
    assert reader.get(at(made, "/page/1")).status_code == 404
    put_file(sources, "book.pdf", made.file)
    write(app.state.lake, FIGURES, "sources", [made.source])
    app.state.evidence.pages._files._looked = float("-inf")
    assert reader.get(at(made, "/page/1")).status_code == 200


def test_outlines_are_those_of_the_page(made):
    assert len(outlines_on(made.figure, 1)) == 4  # figure, two panels, caption
    assert len(outlines_on(made.figure, 2)) == 1
    assert outlines_on(replace(made.figure, box=(9.0, 9.0, 1.0, 1.0), panels=(), caption_box=()), 1) == []


def test_panels_words_and_quotes_are_in_the_pane_and_not_when_blind(made):
    pane = figure_pane(made.figure, made.candidate, blind=False)
    assert [(panel.label, panel.x, panel.width) for panel in pane.panels] == [
        ("A", 0, 100),
        ("B", 100, 100),
    ]
    assert [quote.found for quote in pane.quotes] == [True]
    assert pane.mentions
    blind = figure_pane(made.figure, made.candidate, blind=True)
    assert (blind.panels, blind.caption, blind.mentions, blind.quotes, blind.page) == ((), (), (), (), None)
    assert blind.media == made.figure.sha256


def test_a_figure_without_a_picture_says_so(made, app, reader):
    bare = replace(made.figure, sha256="", mime="", width=None, height=None)
    assert figure_pane(bare, made.candidate, blind=False).media == ""
    write(app.state.lake, FIGURES, "figures", [bare])
    assert "no picture" in reader.get(at(made, "")).text


def test_evidence_that_is_no_longer_in_the_lake_is_told_and_the_item_still_readable(made, app, reader):
    write(app.state.lake, FIGURES, "figures", [replace(made.figure, evidence_id="figure-other")])
    text = reader.get(at(made, "")).text
    assert "no longer in the lake" in text
    assert "fictional foot from below" in text
    assert made.figure.sha256 in text
