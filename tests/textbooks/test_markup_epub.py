"""EPUB: the package's order, pictures inside, and archives that are made to do harm."""

from __future__ import annotations

import struct
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grandrounds.errors import SourceError
from grandrounds.textbooks import archive as archives
from grandrounds.textbooks.archive import Archive
from grandrounds.textbooks.epub import read_epub
from tests.support.books import epub, page, picture

FIGURE = '<figure id="f1"><img src="../i/a.png"/><figcaption>Figure 1.1. A foot.</figcaption></figure>'


def encryption(*entries: tuple[str, str]) -> bytes:
    data = "".join(
        f'<enc:EncryptedData><enc:EncryptionMethod Algorithm="{algorithm}"/><enc:CipherData>'
        f'<enc:CipherReference URI="{name}"/></enc:CipherData></enc:EncryptedData>'
        for name, algorithm in entries
    )
    return (
        '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" '
        f'xmlns:enc="http://www.w3.org/2001/04/xmlenc#">{data}</encryption>'
    ).encode()


def test_figures_come_in_the_order_of_the_spine_with_their_pictures(tmp_path: Path) -> None:
    book = read_epub(
        epub(
            tmp_path / "b.epub",
            {
                "t/two.xhtml": page(f"<h1>Second</h1>{FIGURE}"),
                "t/one.xhtml": page("<h1>First</h1><p>As <a href='two.xhtml#f1'>Figure 1.1</a> shows.</p>"),
            },
            {"i/a.png": picture()},
            metadata="<dc:creator>A. Nobody</dc:creator><dc:identifier>urn:isbn:9780306406157</dc:identifier>"
            "<dc:rights>CC BY 4.0</dc:rights><dc:date>2023-05-06</dc:date>",
        )
    )
    (figure,) = book.figures
    assert (figure.label, figure.caption, figure.chapter) == ("Figure 1.1", "A foot.", "Second")
    assert figure.picture == picture() and figure.graphic == "OPS/i/a.png" and figure.status == "paired"
    assert [mention.paragraph for mention in figure.mentions] == ["As Figure 1.1 shows."]
    assert (book.title, book.authors, book.language) == ("The Fictional Foot", ("A. Nobody",), "en")
    assert [(one.scheme, one.value) for one in book.identifiers] == [("isbn", "9780306406157")]
    assert book.licence_words == "CC BY 4.0" and str(book.published) == "2023-05-06"


def test_the_contents_name_the_chapters_and_are_no_text(tmp_path: Path) -> None:
    nav = page('<nav epub:type="toc"><ol><li><a href="one.xhtml">Chapter the first</a></li></ol></nav>')
    book = read_epub(
        epub(
            tmp_path / "b.epub",
            {"one.xhtml": page("<figure><img src='a.png'/><figcaption>C.</figcaption></figure>")},
            {"a.png": picture(), "nav.xhtml": nav.encode()},
            extra='<item id="n" properties="nav" href="nav.xhtml" media-type="application/xhtml+xml"/>',
        )
    )
    assert book.figures[0].chapter == "Chapter the first"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("missing.png", "not in the book"),
        ("../../../../etc/passwd", "not in the book"),
        ("/etc/passwd", "not in the book"),
        ("http://example.org/a.png", "nothing is fetched"),
        ("file:///etc/passwd", "nothing is fetched"),
    ],
)
def test_a_picture_that_is_not_in_the_book_is_told_and_nothing_else_is_opened(
    tmp_path: Path, name: str, why: str
) -> None:
    book = read_epub(
        epub(
            tmp_path / "b.epub",
            {"a.xhtml": page(f"<figure><img src='{name}'/><figcaption>C.</figcaption></figure>")},
        )
    )
    (figure,) = book.figures
    assert figure.status == "no_picture" and why in figure.reason and not figure.picture


def test_a_book_with_drm_is_refused_and_obfuscated_fonts_are_no_drm(tmp_path: Path) -> None:
    pages = {"a.xhtml": page("<p>Words.</p>")}
    aes = "http://www.w3.org/2001/04/xmlenc#aes128-cbc"
    locked = epub(
        tmp_path / "l.epub", pages, outside={"META-INF/encryption.xml": encryption(("OPS/a.xhtml", aes))}
    )
    with pytest.raises(SourceError, match="encrypted") as caught:
        read_epub(locked)
    assert "without protection" in caught.value.remedy
    fonts = ("OPS/f.otf", "http://www.idpf.org/2008/embedding")
    free = epub(tmp_path / "f.epub", pages, outside={"META-INF/encryption.xml": encryption(fonts)})
    assert read_epub(free).title == "The Fictional Foot"
    sold = epub(tmp_path / "r.epub", pages, outside={"META-INF/rights.xml": b"<rights/>"})
    with pytest.raises(SourceError, match="DRM"):
        read_epub(sold)


def test_a_zip_with_a_password_is_refused(tmp_path: Path) -> None:
    path = epub(tmp_path / "b.epub", {"a.xhtml": page("<p>Words.</p>")})
    data = bytearray(path.read_bytes())
    for start in (b"PK\x03\x04", b"PK\x01\x02"):
        at = data.find(start)
        while at >= 0:
            flag = at + (6 if start == b"PK\x03\x04" else 8)
            data[flag] |= 1
            at = data.find(start, at + 4)
    path.write_bytes(data)
    with pytest.raises(SourceError, match="encrypted"):
        read_epub(path)


def test_bombs_are_refused_before_they_fill_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tight = epub(tmp_path / "t.epub", {"a.xhtml": page("<p>" + " " * 40_000_000 + "</p>")})
    with pytest.raises(SourceError, match="bomb"):
        read_epub(tight)
    monkeypatch.setattr(archives, "BUDGET_BYTES", 3_000_000)
    pages = {f"{n}.xhtml": page(f"<p>{n}</p>" + "<!--" + "ab " * 300_000 + "-->") for n in range(6)}
    with pytest.raises(SourceError, match="bomb"):
        read_epub(epub(tmp_path / "many.epub", pages))


def test_what_an_entry_claims_of_its_size_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "lie.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("a", b"\0" * 20_000_000)
    data = path.read_bytes()
    lied = data.replace(struct.pack("<L", 20_000_000), struct.pack("<L", 10))
    assert lied != data
    path.write_bytes(lied)
    with Archive(path) as archive:
        assert archive.size("a") == 10
        with pytest.raises(SourceError) as caught:
            archive.read("a", most=5)
        assert caught.value.remedy


def test_too_many_entries_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_ENTRIES", 5)
    with pytest.raises(SourceError, match="entries"):
        read_epub(epub(tmp_path / "b.epub", {f"{n}.xhtml": page("<p>x</p>") for n in range(6)}))


@pytest.mark.parametrize(
    "outside",
    [
        {"META-INF/container.xml": b"<container/>"},
        {"META-INF/container.xml": b'<c><rootfile full-path="../../../etc/passwd"/></c>'},
        {"OPS/book.opf": b"<package/>"},
        {"OPS/book.opf": b"garbage"},
        {"OPS/book.opf": b"<package><manifest><item id='a' href='gone.xhtml' media-type='text/html'/></manifest>"
                         b"<spine><itemref idref='a'/></spine></package>"},
    ],
)  # fmt: skip
def test_a_broken_package_is_refused_with_a_remedy(tmp_path: Path, outside: dict[str, bytes]) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        path = epub(tmp_path / "b.epub", {"a.xhtml": page("<p>x</p>")}, outside=outside)
    with pytest.raises(SourceError) as caught:
        read_epub(path)
    assert caught.value.remedy


def test_one_broken_document_costs_itself_alone(tmp_path: Path) -> None:
    book = read_epub(
        epub(
            tmp_path / "b.epub",
            {"bad.xhtml": "", "good.xhtml": page("<figure><img src='a.png'/><figcaption>C.</figcaption></figure>")},
            {"a.png": picture()},
        )
    )  # fmt: skip
    assert len(book.figures) == 1 and any("bad.xhtml" in note for note in book.notes)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_damaged_archive_is_read_or_refused_and_never_anything_else(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("epub")
    path = epub(folder / "b.epub", {"a.xhtml": page(FIGURE)}, {"i/a.png": picture()})
    sound = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(sound) - 1))
        sound[at] = data.draw(st.integers(0, 255))
    path.write_bytes(sound[: data.draw(st.integers(1, len(sound)))])
    with suppress(SourceError):
        assert all(figure.status for figure in read_epub(path).figures)
