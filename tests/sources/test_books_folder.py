"""A folder of books: one row a file, one row a figure, whatever the files hold."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from grandrounds.contracts import contract
from grandrounds.fingerprint import sha256_bytes, sha256_text
from grandrounds.lake import Lake
from grandrounds.needs import FigureNeed
from grandrounds.records.figure import FigureRow
from grandrounds.records.source import Source
from grandrounds.records.table import from_table, to_table
from grandrounds.sources import books_pool
from grandrounds.sources.books import Books, read_books
from grandrounds.sources.books_reading import BookLimits
from tests.conftest import ROOT
from tests.sources.articles import jats
from tests.support.books import collection, epub, module, page, pdf, picture, write

Reader = Callable[..., Books]


def figure(name: str, image: str, caption: str = "A foot.") -> str:
    return (
        f'<figure id="{name}"><media id="m-{name}" alt="alt"><image src="../../media/{image}"/></media>'
        f"<caption>{caption}</caption></figure>"
    )


@pytest.fixture
def read(tmp_path: Path) -> Reader:
    """Reads the folder ``in``."""
    (tmp_path / "in").mkdir()
    lake = Lake(str(tmp_path / "lake"))

    def reader(**given: object) -> Books:
        return read_books(tmp_path / "in", lake=lake, asked=FigureNeed(), **given)  # type: ignore[arg-type]

    return reader


def by_path(books: Books) -> dict[str, Source]:
    return {source.path: source for source in books.sources}


def check(books: Books, lake: Lake) -> None:
    """What holds of every reading: contracts, spans, ids, pictures."""
    for records, name, kind in (
        (books.sources, "sources", Source),
        (books.figures, "figures", FigureRow),
    ):
        table = to_table(records, contract(name))
        assert from_table(kind, table) == list(records)
    assert len({row.evidence_id for row in books.figures}) == len(books.figures)
    assert len({source.source_id for source in books.sources}) == len(books.sources)
    sources = {source.source_id: source for source in books.sources}
    for row in books.figures:
        assert sources[row.source_id].status == "read" and row.group_id == sources[row.source_id].group_id
        assert row.text_sha256 == sha256_text(row.text)
        assert (row.caption_span.of(row.text) if row.caption_span else "") == row.caption
        for mention in row.mentions:
            assert mention.words in mention.span.of(row.text)
        for panel in row.panels:
            assert panel.span is None or panel.span.of(row.text) == panel.caption
        assert bool(row.sha256) == (row.status != "no_picture")
        assert row.status == "paired" or len(row.reason) >= 8
        if row.sha256:
            assert sha256_bytes(lake.get_media(row.sha256)) == row.sha256
            assert row.width and row.height and row.mime.startswith("image/")
            assert len(row.perceptual_hash) == 16


def openstax(folder: Path) -> None:
    write(folder / "collections/a.collection.xml", collection(("Feet", ["m2", "m1"]), ("Hands", ["m9"])))
    write(
        folder / "modules/m1/index.cnxml",
        module(
            "<section><title>Toes</title><para>See <link target-id='f1'/>.</para>"
            f"{figure('f1', 'one.png')}</section>{figure('f2', 'gone.png')}",
            title="Toes and heels",
            name="m1",
        ),
    )
    write(
        folder / "modules/m2/index.cnxml",
        module(
            f"<para>As <link document='m1' target-id='f1'/> shows.</para>{figure('g1', 'two.png', '© Nobody. A heel.')}",
            title="Introduction",
            name="m2",
        ),
    )
    write(folder / "media/one.png", picture(1))
    write(folder / "media/two.png", picture(2))
    write(folder / "media/three.png", picture(3))


def test_modules_of_a_collection_are_one_book_in_its_order(tmp_path: Path, read: Reader) -> None:
    openstax(tmp_path / "in")
    books = read()
    check(books, Lake(str(tmp_path / "lake")))
    rows = books.figures
    assert [row.graphic.rpartition("/")[2] for row in rows] == ["two.png", "one.png", "gone.png"]
    assert {row.book for row in rows} == {"Fictional Anatomy"}
    assert {row.chapter for row in rows} == {"Feet"}
    assert [row.section for row in rows] == [
        ("Introduction",),
        ("Toes and heels", "Toes"),
        ("Toes and heels",),
    ]
    assert len({row.group_id for row in rows}) == 1
    assert [row.status for row in rows] == ["paired", "paired", "no_picture"]
    assert "gone.png" in rows[2].reason
    sources = by_path(books)
    assert {sources[f"modules/{m}/index.cnxml"].licence for m in ("m1", "m2")} == {"CC-BY-4.0"}
    assert sources["modules/m1/index.cnxml"].language == "en"
    assert "3 modules; 2 of them" in sources["collections/a.collection.xml"].notes[-1]
    assert "modules/m1/index.cnxml" in sources["media/one.png"].reason
    assert sources["media/three.png"].reason == ""
    assert books.passed_by == {"image": 3}


def test_a_mention_in_another_module_of_the_book_counts(tmp_path: Path, read: Reader) -> None:
    openstax(tmp_path / "in")
    row = read().figures[1]
    assert [mention.span.of(row.text) for mention in row.mentions] == ["See Figure.", "As [link] shows."]
    assert row.text == "A foot.\n\nSee Figure.\n\nAs [link] shows."


def test_a_figure_from_elsewhere_is_not_under_the_books_licence(tmp_path: Path, read: Reader) -> None:
    openstax(tmp_path / "in")
    rows = read().figures
    assert [row.licence for row in rows] == ["unknown", "CC-BY-4.0", "CC-BY-4.0"]
    assert "taken from elsewhere" in rows[0].notes[0]


def test_sources_yaml_wins(tmp_path: Path, read: Reader) -> None:
    openstax(tmp_path / "in")
    write(
        tmp_path / "in/sources.yaml",
        "files:\n  - path: modules/m1\n    licence: CC0-1.0\n    group: feet\n    protected: true\n"
        "    published: 2020-02-02\n    title: Renamed\n    citation: Nobody 2020.\n    language: de\n"
        "  - path: nothing/*\n    language: en\n",
    )
    books = read()
    source = by_path(books)["modules/m1/index.cnxml"]
    assert (source.licence, source.licence_origin) == ("CC0-1.0", "sources.yaml")
    assert (source.protected, source.title, source.language) == (True, "Renamed", "de")
    # The book that holds the module follows: a group that a person gave is kept.
    assert {row.group_id for row in books.figures} == {"group:feet"}
    row = books.figures[1]
    assert (row.licence, row.citation, row.language, row.protected) == (
        "CC0-1.0",
        "Nobody 2020.",
        "de",
        True,
    )
    assert str(row.published) == "2020-02-02"
    assert "matches no file" in by_path(books)["sources.yaml"].notes[0]


def test_nothing_is_read_again_that_did_not_change(tmp_path: Path, read: Reader) -> None:
    openstax(tmp_path / "in")
    first = read()
    again = read()
    assert (first.read_now, first.reused) == (3, 0)
    assert (again.read_now, again.reused) == (0, 3)
    assert again.sources == first.sources and again.figures == first.figures
    write(tmp_path / "in/modules/m2/index.cnxml", module("<para>New.</para>", name="m2"))
    changed = read()
    assert (changed.read_now, changed.reused) == (1, 2)
    assert len(changed.figures) == 2


def test_media_that_are_gone_from_the_lake_are_taken_again(tmp_path: Path, read: Reader) -> None:
    openstax(tmp_path / "in")
    epub(
        tmp_path / "in/b.epub",
        {"a.xhtml": page("<figure><img src='a.png'/><figcaption>C.</figcaption></figure>")},
        {"a.png": picture(9)},
    )
    first = read()
    for path in (tmp_path / "lake/media").rglob("*"):
        if path.is_file():
            path.unlink()
    again = read()
    assert again.figures == first.figures
    check(again, Lake(str(tmp_path / "lake")))


def test_one_process_and_several_give_the_same_rows(tmp_path: Path, read: Reader) -> None:
    openstax(tmp_path / "in")
    epub(tmp_path / "in/b.epub", {"a.xhtml": page("<p>x</p>")})
    write(
        tmp_path / "in/c.html",
        page("<figure><img src='media/three.png'/><figcaption>C.</figcaption></figure>"),
    )
    one = read(workers=1)
    other = read_books(tmp_path / "in", lake=Lake(str(tmp_path / "other")), asked=FigureNeed(), workers=4)
    assert (one.sources, one.figures) == (other.sources, other.figures)


def test_the_same_work_in_two_formats_is_one_group_and_one_family(tmp_path: Path, read: Reader) -> None:
    text = "<figure><img src='a.png'/><figcaption>Figure 1. A foot.</figcaption></figure>"
    write(tmp_path / "in/w/chapter.xhtml", page(text, title="One"))
    write(tmp_path / "in/w/a.png", picture(5))
    epub(
        tmp_path / "in/w/chapter.epub",
        {"a.xhtml": page(text.replace("A foot", "The foot"))},
        {"a.png": picture(6)},
    )
    epub(tmp_path / "in/other.epub", {"a.xhtml": page(text)}, {"a.png": picture(7)},
         metadata="<dc:creator>B. Nobody</dc:creator>")  # fmt: skip
    write(tmp_path / "in/copy.epub", (tmp_path / "in/other.epub").read_bytes())
    books = read()
    check(books, Lake(str(tmp_path / "lake")))
    rows = {row.perceptual_hash: row for row in books.figures}
    assert len(rows) == 3
    sources = by_path(books)
    assert sources["w/chapter.epub"].group_id == sources["w/chapter.xhtml"].group_id
    assert sources["w/chapter.epub"].group_id != sources["copy.epub"].group_id
    assert sources["other.epub"].status == "duplicate" and "copy.epub" in sources["other.epub"].reason
    families = {row.source_id: row.family for row in books.figures}
    assert families[sources["w/chapter.epub"].source_id] == families[sources["w/chapter.xhtml"].source_id]
    assert len(set(families.values())) == 2


def test_works_share_a_group_by_doi_and_isbn(tmp_path: Path, read: Reader) -> None:
    pages = {"a.xhtml": page("<p>x</p>")}
    epub(tmp_path / "in/1.epub", pages, metadata="<dc:identifier>urn:isbn:0-306-40615-2</dc:identifier>")
    epub(tmp_path / "in/2.epub", {"a.xhtml": page("<p>y</p>")},
         metadata="<dc:identifier>urn:isbn:9780306406157</dc:identifier>")  # fmt: skip
    doi = '<meta name="citation_doi" content="10.9999/Feet.1"/>'
    write(tmp_path / "in/3.html", page("<p>z</p>", head=doi))
    epub(tmp_path / "in/4.epub", pages | {"b.xhtml": page("<p>b</p>")},
         metadata="<dc:identifier>doi:10.9999/feet.1</dc:identifier>")  # fmt: skip
    groups = {path: source.group_id for path, source in by_path(read()).items()}
    assert groups["1.epub"] == groups["2.epub"] == "book:isbn:9780306406157"
    assert groups["3.html"] == groups["4.epub"] == "article:doi:10.9999/feet.1"


def test_figures_of_articles_come_with_the_pictures_beside_them(tmp_path: Path, read: Reader) -> None:
    from grandrounds.sources.inventory import read_folder

    body = (
        '<sec><title>Case</title><p>He coughed (<xref ref-type="fig" rid="f1">Figure 1</xref>).</p>'
        '<fig id="f1"><label>Figure 1</label><caption><p>A cough.</p></caption><graphic xlink:href="g1"/></fig>'
        '<fig id="f2"><label>Figure 2</label><graphic xlink:href="g2"/></fig></sec>'
    )
    write(tmp_path / "in/a/article.xml", jats(body))
    books = read()
    cases = read_folder(tmp_path / "in", lake=Lake(str(tmp_path / "cases")))
    source, known = by_path(books)["a/article.xml"], cases.sources[0]
    assert (source.group_id, source.licence, source.citation, source.published) == (
        known.group_id, known.licence, known.citation, known.published,
    )  # fmt: skip
    figures = cases.cases[0].figures
    assert [(row.label, row.caption) for row in books.figures] == [(f.label, f.caption) for f in figures]
    for row in books.figures:
        assert row.status == "no_picture" and row.group_id == known.group_id
    for number, one in enumerate(figures):
        if one.graphics:
            write(tmp_path / f"in/a/{one.graphics[0]}.png", picture(number))
    again = read()
    check(again, Lake(str(tmp_path / "lake")))
    assert [(row.label, row.status) for row in again.figures] == [
        ("Figure 1", "paired"),
        ("Figure 2", "label_only"),
    ]
    (mention,) = again.figures[0].mentions
    assert (mention.words, mention.span.of(again.figures[0].text)) == ("Figure 1", "He coughed (Figure 1).")
    assert again.figures[0].section == ("Case",)


def test_files_that_are_not_what_they_are_called_say_so(tmp_path: Path, read: Reader) -> None:
    write(tmp_path / "in/empty.pdf", b"")
    write(tmp_path / "in/empty.txt", b"")
    write(tmp_path / "in/picture.pdf", picture())
    write(tmp_path / "in/book.txt", pdf())
    write(tmp_path / "in/notes.md", "# Notes\n")
    sources = by_path(read())
    assert (sources["empty.pdf"].status, sources["empty.txt"].status) == ("failed", "passed_by")
    assert "0 bytes" in sources["empty.pdf"].reason
    assert (sources["picture.pdf"].status, sources["picture.pdf"].kind) == ("passed_by", "image")
    assert "content is of kind image" in sources["picture.pdf"].reason
    assert (sources["book.txt"].status, sources["book.txt"].kind) == ("read", "pdf")
    assert sources["notes.md"].status == "passed_by"


@pytest.mark.parametrize(
    "name", ["../../../outside.png", "/etc/passwd", "..%2f..%2foutside.png", "file:///x.png"]
)
def test_a_name_in_a_book_never_opens_a_file_outside(tmp_path: Path, read: Reader, name: str) -> None:
    write(tmp_path / "outside.png", picture())
    write(
        tmp_path / "in/deep/a.html",
        page(f"<figure><img src='{name}'/><figcaption>C.</figcaption></figure>"),
    )
    (row,) = read().figures
    assert row.status == "no_picture" and not row.sha256
    assert "outside" in row.reason or "not in the folder" in row.reason


def test_a_picture_that_is_none_is_refused_with_its_name(tmp_path: Path, read: Reader) -> None:
    write(tmp_path / "in/a.html", page("<figure><img src='x.png'/><figcaption>C.</figcaption></figure>"))
    write(tmp_path / "in/x.png", picture()[:60])
    (row,) = read().figures
    assert row.status == "no_picture" and "x.png" in row.reason and "no sound picture" in row.reason


def test_progress_tells_every_document(tmp_path: Path, read: Reader) -> None:
    openstax(tmp_path / "in")
    told: list[tuple[int, int, str]] = []
    read(progress=lambda *one: told.append(one))
    assert [done for done, _, _ in told] == [1, 2, 3] and {total for _, total, _ in told} == {3}
    told.clear()
    read(progress=lambda *one: told.append(one))
    assert told == [(3, 3, "")]


# What ends a process ---------------------------------------------------------------------------


@pytest.fixture
def odd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(books_pool, "_MODULE", "tests.support.odd_books")


LIMITS = BookLimits(seconds=60.0, process_bytes=2 << 30)


@pytest.mark.usefixtures("odd")
@pytest.mark.parametrize(
    ("order", "why"),
    [
        ("ODD CRASH", "SIGSEGV"),
        ("ODD KILL", "SIGKILL"),
        ("ODD SLEEP", "more than 6 seconds"),
        ("ODD EAT", "not enough memory"),
        ("ODD NONSENSE", "makes no sense"),
    ],
)
def test_a_document_that_ends_its_process_is_a_row_and_the_run_goes_on(
    tmp_path: Path, read: Reader, order: str, why: str
) -> None:
    for name in ("a", "c"):
        write(tmp_path / f"in/{name}.html", page(f"<p>Sound {name}.</p>"))
    write(tmp_path / "in/b.html", page(f"<p>x</p><!-- {order} -->"))
    limits = replace(LIMITS, seconds=6.0) if order == "ODD SLEEP" else LIMITS
    books = read(limits=limits, workers=1)
    sources = by_path(books)
    assert {name: sources[f"{name}.html"].status for name in "abc"} == {
        "a": "read",
        "b": "failed",
        "c": "read",
    }
    assert why in sources["b.html"].reason
    assert sources["b.html"].sha256
    assert read(limits=limits, workers=1).read_now == 1, "it is tried again, the others are not"


@pytest.mark.usefixtures("odd")
def test_a_picture_that_ends_its_process_costs_itself_alone(tmp_path: Path, read: Reader) -> None:
    figures = "".join(
        f"<figure><img src='{n}.png'/><figcaption>C {n}.</figcaption></figure>" for n in range(4)
    )
    write(tmp_path / "in/a.html", page(figures))
    for n in range(4):
        write(tmp_path / f"in/{n}.png", picture(n) + (b"ODD CRASH" if n == 2 else b""))
    rows = read(limits=LIMITS).figures
    assert [row.status for row in rows] == ["paired", "paired", "no_picture", "paired"]
    assert "SIGSEGV" in rows[2].reason


def _spool(lake: Path) -> list[Path]:
    return sorted((lake / "incoming/books").glob("*"))


@pytest.mark.usefixtures("odd")
def test_after_a_run_the_spool_is_empty(tmp_path: Path, read: Reader) -> None:
    write(tmp_path / "in/b.html", page("<p>x</p><!-- ODD SLEEP -->"))
    epub(
        tmp_path / "in/a.epub",
        {"a.xhtml": page("<figure><img src='a.png'/><figcaption>C.</figcaption></figure>")},
        {"a.png": picture()},
    )
    assert len(read(limits=replace(LIMITS, seconds=6.0)).figures) == 1
    assert _spool(tmp_path / "lake") == []


def test_a_killed_run_leaves_no_process_and_its_spool_is_removed_by_the_next(
    tmp_path: Path, read: Reader
) -> None:
    write(tmp_path / "in/b.html", page("<p>x</p><!-- ODD SLEEP -->"))
    script = (
        "import sys\nfrom pathlib import Path\n"
        "from grandrounds.lake import Lake\nfrom grandrounds.recipe import FigureNeed\n"
        "from grandrounds.sources import books_pool\nfrom grandrounds.sources.books import read_books\n"
        "books_pool._MODULE = 'tests.support.odd_books'\n"
        f"read_books(Path({str(tmp_path / 'in')!r}), lake=Lake({str(tmp_path / 'lake')!r}), asked=FigureNeed())\n"
    )
    run = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT)
    deadline = time.monotonic() + 60
    while not list((tmp_path / "lake/incoming/books").glob("*/*/half")):
        assert time.monotonic() < deadline, "the worker never began"
        time.sleep(0.05)
    children = _children(run.pid)
    children += [below for child in children for below in _children(child)]
    assert len(children) > 1, "the worker is a child of the process that forks workers"
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    assert _spool(tmp_path / "lake"), "a killed run can't clean up"
    deadline = time.monotonic() + 20
    while any(_alive(pid) for pid in children):
        assert time.monotonic() < deadline, "a worker outlived the run"
        time.sleep(0.05)
    (tmp_path / "in/b.html").unlink()
    write(tmp_path / "in/c.html", page("<p>x</p>"))
    read()
    assert _spool(tmp_path / "lake") == []


def test_two_runs_at_once_do_not_remove_each_others_spool(tmp_path: Path) -> None:
    from grandrounds.sources.books_spool import spool_folder

    lake = Lake(str(tmp_path / "lake"))
    with spool_folder(lake) as one, spool_folder(lake) as other:
        assert one != other and one.is_dir() and other.is_dir()
    assert not one.exists() and not other.exists()


def _children(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(entry.name))
    return found


def _alive(pid: int) -> bool:
    try:
        state = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def test_text_with_half_characters_is_stored_with_its_places_kept() -> None:
    from grandrounds.workers.messages import sound

    assert sound("a\ud800b\0c") == "a?b?c"
    assert sound((1.5, float("nan"), "é")) == (1.5, 0.0, "é")
    json.dumps(sound({"a": 1}.get("a")))


def test_panels_of_a_caption_are_told_with_their_places_in_text_and_picture(
    tmp_path: Path, read: Reader
) -> None:
    from io import BytesIO

    from PIL import Image, ImageDraw

    image = Image.new("RGB", (400, 200), "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((10, 20, 180, 180), fill=(90, 90, 200))
    draw.rectangle((220, 20, 390, 180), fill=(200, 90, 90))
    data = BytesIO()
    image.save(data, "PNG")
    write(tmp_path / "in/p.png", data.getvalue())
    caption = "Figure 1. Two feet. (a) The left foot. (b) The right foot."
    write(
        tmp_path / "in/a.html",
        page(f"<figure><img src='p.png'/><figcaption>{caption}</figcaption></figure>"),
    )
    books = read()
    check(books, Lake(str(tmp_path / "lake")))
    (row,) = books.figures
    assert [(panel.label, panel.caption) for panel in row.panels] == [
        ("a", "The left foot."),
        ("b", "The right foot."),
    ]
    left, right = (panel.pixels for panel in row.panels)
    assert left[0] <= 10 and 180 <= left[2] <= 220 <= right[0] + 30 and right[2] >= 390
    assert all(0 < panel.confidence < 1 and panel.box == () for panel in row.panels)
