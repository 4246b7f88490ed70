"""PDF files made here: what is read from them, and what hostile ones get."""

from __future__ import annotations

import hashlib
import io
import zlib
from pathlib import Path

import numpy as np
import pymupdf
import pytest
from PIL import Image

from grandrounds.errors import SourceError
from grandrounds.sources.textbook import PdfLimits, cut, read_pdf
from grandrounds.sources.textbook_scan import Ocr, find_ocr
from grandrounds.textbooks.boxes import overlap_ratio
from grandrounds.textbooks.values import ReadBook, ReadFigure
from tests.support.pdf_pages import BODY, Book, picture


def _one(book: ReadBook) -> ReadFigure:
    assert len(book.figures) == 1, book.figures
    return book.figures[0]


@pytest.fixture
def article(tmp_path: Path) -> Path:
    """Two pages, one column, three figures with captions below; the text speaks of each."""
    book = Book()
    book.words(60, 60, "A Fictional Study of Walls", size=18)
    book.body((60, 80, 535, 190), f"The valve is shown in Figure 1 and the marrow in Figure 2. {BODY * 3}")
    book.image((150, 200, 450, 400), picture(1))
    book.caption(
        150, 415, ["Figure 1. Radiograph of the valve at rest with calcium", "along its outer border."]
    )
    book.body((60, 445, 535, 530))
    book.image((150, 540, 450, 740), picture(2))
    book.caption(150, 755, ["Figure 2. Specimen of the marrow, stained, at low power."])
    book.new_page()
    book.body((60, 60, 535, 150), f"The retina of the third case is shown in Figure 3. {BODY * 3}")
    book.image((150, 160, 450, 360), picture(3))
    book.caption(150, 375, ["Figure 3. Retina of the left eye with two bleeding spots."])
    book.body((60, 400, 535, 480))
    return book.save(tmp_path / "article.pdf")


def test_a_figure_comes_with_its_own_bytes_caption_mention_and_place(article: Path) -> None:
    book = read_pdf(article, ocr=False)
    first, second, third = book.figures
    assert [one.status for one in book.figures] == ["paired"] * 3
    assert first.label == "Figure 1"
    assert first.caption == "Radiograph of the valve at rest with calcium along its outer border."
    assert first.picture == picture(1) and first.mime == "image/jpeg" and first.origin == "raster"
    assert (first.width, first.height, first.dpi) == (300, 200, 72.0)
    assert first.page == 1 and overlap_ratio(first.box, (150, 200, 450, 400)) > 0.99
    assert [one.words for one in first.mentions] == ["Figure 1"]
    assert first.mentions[0].paragraph.startswith("The valve is shown in Figure 1")
    assert third.page == 2 and third.caption_page == 2
    assert all(one.alignment > 0.8 for one in book.figures) and second.alignment_parts
    assert book.language == "en" and book.pages == 2 and book.title == "A Fictional Study of Walls"


def test_cutting_again_gives_the_same_bytes(article: Path) -> None:
    for one in read_pdf(article, ocr=False).figures:
        assert one.page is not None
        again = cut(article, page=one.page, box=one.box)
        assert (again.picture, again.mime, again.width, again.origin) == (
            one.picture,
            one.mime,
            one.width,
            one.origin,
        )


def test_reading_twice_gives_the_same_book(article: Path) -> None:
    assert read_pdf(article, ocr=False) == read_pdf(article, ocr=False)


def _swapped(tmp_path: Path, *, swap: bool) -> ReadBook:
    captions = [
        "Figure 1. Radiograph of the valve at rest with calcium.",
        "Figure 2. Specimen of the marrow, stained, at low power.",
        "Figure 3. Retina of the left eye with bleeding spots.",
        "Figure 4. Kidney in the coronal plane after contrast.",
    ]
    if swap:
        captions[1], captions[2] = captions[2], captions[1]
    book = Book()
    for number, caption in enumerate(captions):
        if number:
            book.new_page()
        book.body((60, 60, 535, 160))
        book.image((150, 200, 450, 400), picture(number))
        book.caption(150, 415, [caption])
        book.body((60, 450, 535, 540))
    return read_pdf(book.save(tmp_path / f"{swap}.pdf"), ocr=False)


def test_a_planted_swap_of_two_captions_lowers_the_confidence_of_both(tmp_path: Path) -> None:
    sound, wrong = _swapped(tmp_path, swap=False), _swapped(tmp_path, swap=True)
    assert all(one.alignment >= 0.8 for one in sound.figures)
    assert [one.alignment < 0.6 for one in wrong.figures] == [False, True, True, False]


def test_words_of_two_captions_exchanged_under_their_labels_are_doubted(tmp_path: Path) -> None:
    """The labels stand in order; what the text says of the figures gives it away."""
    said = {1: "calcified mitral valve leaflets", 2: "torn medial meniscus cartilage"}
    confidence = {}
    for swap in (False, True):
        book = Book()
        for number, other in ((1, 2), (2, 1)):
            book.body(
                (60, 60, 535, 160), f"Figure {number} shows {said[number]} of the patient. {BODY * 2}"
            )
            book.image((150, 200, 450, 400), picture(number))
            book.caption(150, 415, [f"Figure {number}. View of {said[other if swap else number]}."])
            book.new_page()
        found = read_pdf(book.save(tmp_path / f"{swap}.pdf"), ocr=False).figures
        confidence[swap] = [one.alignment for one in found]
    assert all(
        wrong < sound - 0.1 for wrong, sound in zip(confidence[True], confidence[False], strict=True)
    )


def test_a_sentence_at_the_head_of_a_line_is_no_caption(tmp_path: Path) -> None:
    book = Book()
    book.body((60, 60, 535, 200), f"{BODY}\nFigure 1 shows the wall at rest and under load. {BODY}")
    book.image((150, 300, 450, 500), picture(1))
    book.caption(150, 515, ["Figure 1. The wall at rest."])
    figure = _one(read_pdf(book.save(tmp_path / "a.pdf"), ocr=False))
    assert figure.caption == "The wall at rest." and len(figure.mentions) == 1


def test_panels_are_matched_by_their_letters_not_their_order(tmp_path: Path) -> None:
    book = Book()
    book.body((60, 60, 535, 160))
    book.image((100, 200, 280, 340), picture(1))
    book.image((300, 200, 480, 340), picture(2))
    book.words(102, 352, "(b)")
    book.words(302, 352, "(a)")
    book.caption(100, 372, ["Figure 1. Slices: (a) axial through the heart, (b) coronal through the lung."])
    figure = _one(read_pdf(book.save(tmp_path / "a.pdf"), ocr=False))
    by_label = {panel.label: panel for panel in figure.panels}
    assert by_label["a"].box[0] == pytest.approx(300, abs=2) and by_label["b"].box[0] == pytest.approx(
        100, abs=2
    )
    part = figure.caption[by_label["a"].caption_start : by_label["a"].caption_end]
    assert part == "axial through the heart"
    assert figure.origin == "mixed" and figure.width is not None
    x0, _, x1, _ = by_label["a"].pixels
    assert x1 <= figure.width and x0 > figure.width / 2 - 10


def test_a_drawing_is_rendered_with_its_labels_inside(tmp_path: Path) -> None:
    book = Book()
    book.body((60, 60, 535, 160))
    shape = book.page.new_shape()
    for number in range(8):
        shape.draw_circle((200 + 25 * number, 300 + 8 * (number % 3)), 14)
    shape.draw_polyline([(180, 360), (240, 320), (300, 350), (400, 300)])
    shape.finish(color=(0.1, 0.2, 0.6), width=1.5)
    shape.commit()
    book.words(230, 378, "Months after treatment")
    book.caption(150, 410, ["Figure 1. Relapse over time."])
    book.body((60, 440, 535, 540))
    figure = _one(read_pdf(book.save(tmp_path / "a.pdf"), ocr=False))
    assert (
        figure.origin == "vector" and figure.mime == "image/png" and figure.dpi == pytest.approx(200, abs=2)
    )
    assert figure.words_inside == ("Months after treatment",)


def test_a_ruled_table_is_no_figure(tmp_path: Path) -> None:
    book = Book()
    book.body((60, 60, 535, 160))
    book.caption(100, 195, ["Table 1. Findings by age."])
    for row in range(5):
        book.page.draw_line((100, 200 + 20 * row), (400, 200 + 20 * row))
        if row < 4:
            for column in range(3):
                book.words(110 + 100 * column, 214 + 20 * row, f"cell {row}{column}")
    book.body((60, 320, 535, 420))
    found = read_pdf(book.save(tmp_path / "a.pdf"), ocr=False)
    assert found.figures == () and found.tables == 1


def test_repeated_logos_and_running_heads_are_left_out_and_counted(tmp_path: Path) -> None:
    book = Book()
    logo = picture(9, size=(80, 30))
    for number in range(4):
        if number:
            book.new_page()
        book.image((60, 20, 120, 42), logo)
        book.words(300, 35, "Annals of Nothing")
        book.body((60, 80, 535, 200))
    found = read_pdf(book.save(tmp_path / "a.pdf"), ocr=False)
    assert found.figures == () and found.decoration == 4 and found.running >= 4


def test_nothing_is_lost(tmp_path: Path) -> None:
    book = Book()
    book.body((60, 60, 535, 160))
    book.image((150, 200, 450, 400), picture(1))
    book.body((60, 450, 535, 560))
    for _ in range(3):
        book.new_page()
        book.body((60, 60, 535, 160))
    book.caption(60, 400, ["Figure 1. A caption far from any picture, on a page of its own."])
    found = read_pdf(book.save(tmp_path / "a.pdf"), ocr=False)
    assert [(one.status, bool(one.reason)) for one in found.figures] == [
        ("no_caption", True),
        ("no_picture", True),
    ]


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_boxes_are_those_of_the_page_as_seen(tmp_path: Path, turn: int) -> None:
    book = Book()
    book.image((100, 200, 300, 320), picture(1))
    book.page.set_rotation(turn)
    path = book.save(tmp_path / "a.pdf")
    figure = _one(read_pdf(path, ocr=False))
    with pymupdf.open(path) as document:
        expected = pymupdf.Rect(100, 200, 300, 320) * document[0].rotation_matrix
        shown = document[0].get_pixmap(clip=expected.normalize())
    assert overlap_ratio(figure.box, tuple(expected.normalize())) > 0.98
    seen = np.asarray(Image.frombytes("RGB", (shown.width, shown.height), shown.samples), dtype=float)
    got = Image.open(io.BytesIO(figure.picture)).convert("RGB").resize((shown.width, shown.height))
    assert np.abs(np.asarray(got, dtype=float) - seen).mean() < 12


def test_a_soft_mask_is_laid_over_white(tmp_path: Path) -> None:
    made = Image.new("RGBA", (200, 150), (10, 200, 30, 255))
    made.paste((0, 0, 0, 0), (0, 0, 100, 150))
    out = io.BytesIO()
    made.save(out, "PNG")
    book = Book()
    book.image((100, 200, 300, 350), out.getvalue())
    figure = _one(read_pdf(book.save(tmp_path / "a.pdf"), ocr=False))
    pixels = np.asarray(Image.open(io.BytesIO(figure.picture)).convert("RGB"))
    assert tuple(pixels[75, 20]) == (255, 255, 255) and tuple(pixels[75, 180]) == (10, 200, 30)
    assert figure.origin == "raster" and figure.width == 200


def test_words_over_a_picture_are_in_the_picture_that_is_cut(tmp_path: Path) -> None:
    book = Book()
    book.image((100, 200, 300, 350), picture(1))
    book.words(150, 280, "ARROW", size=20)
    figure = _one(read_pdf(book.save(tmp_path / "a.pdf"), ocr=False))
    assert figure.origin == "mixed" and figure.words_inside == ("ARROW",)


def test_what_the_book_says_of_itself(tmp_path: Path) -> None:
    book = Book()
    book.body(
        (60, 60, 535, 200),
        "Published: 12 January 2016. doi: 10.1234/abc.56. This is an open access article distributed under the Creative Commons Attribution License, which permits use.",
    )
    book.page.insert_link(
        {
            "kind": pymupdf.LINK_URI,
            "from": pymupdf.Rect(60, 60, 200, 80),
            "uri": "https://creativecommons.org/licenses/by/4.0/",
        }
    )
    book.document.set_metadata({"title": "On Walls", "author": "A. Writer; B. Writer"})
    book.document.set_toc([[1, "Chapter 1 Walls", 1], [2, "Thickness", 1]])
    found = read_pdf(book.save(tmp_path / "a.pdf"), ocr=False)
    assert (found.title, found.authors) == ("On Walls", ("A. Writer", "B. Writer"))
    assert [(one.scheme, one.value) for one in found.identifiers] == [("doi", "10.1234/abc.56")]
    assert str(found.published) == "2016-01-12"
    assert "Creative Commons Attribution License" in found.licence_words
    assert found.licence_links == ("https://creativecommons.org/licenses/by/4.0/",)


# --- hostile files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("empty.pdf", b"", "is empty"),
        ("text.pdf", b"just some text", "is no PDF"),
        ("head.pdf", b"%PDF-1.7\n", "can't be opened"),
        ("noise.pdf", b"%PDF-1.7\n" + hashlib.sha256(b"x").digest() * 400, ""),
    ],
)
def test_files_that_are_no_pdf_are_refused_with_a_remedy(
    tmp_path: Path, name: str, data: bytes, words: str
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(SourceError) as told:
        read_pdf(path)
    assert name in str(told.value) and words in str(told.value) and told.value.remedy


def test_a_truncated_file_is_read_with_a_note_or_refused(article: Path, tmp_path: Path) -> None:
    data = article.read_bytes()
    for share in (0.2, 0.5, 0.9, 0.99):
        path = tmp_path / "cut.pdf"
        path.write_bytes(data[: int(len(data) * share)])
        try:
            assert read_pdf(path, ocr=False).notes
        except SourceError as error:
            assert str(error).endswith(error.remedy)  # noqa: PT017


def _encrypted(tmp_path: Path, permissions: int, *, user: str = "") -> Path:
    book = Book()
    book.body((60, 60, 535, 160))
    return book.save(
        tmp_path / "locked.pdf",
        encryption=pymupdf.PDF_ENCRYPT_AES_256,
        owner_pw="owner",
        user_pw=user,
        permissions=permissions,
    )


def test_an_encrypted_file_is_read_only_with_the_right_to_copy(tmp_path: Path) -> None:
    assert read_pdf(_encrypted(tmp_path, pymupdf.PDF_PERM_COPY)).pages == 1
    with pytest.raises(SourceError, match="right to copy"):
        read_pdf(_encrypted(tmp_path, pymupdf.PDF_PERM_PRINT))
    with pytest.raises(SourceError, match="needs a password"):
        read_pdf(_encrypted(tmp_path, pymupdf.PDF_PERM_COPY, user="secret"))


def test_too_many_pages_and_too_large_ones(tmp_path: Path) -> None:
    book = Book()
    book.body((60, 60, 535, 160))
    book.new_page(width=14_000, height=14_000)
    path = book.save(tmp_path / "a.pdf")
    with pytest.raises(SourceError, match="more than 1"):
        read_pdf(path, limits=PdfLimits(pages=1))
    found = read_pdf(path, limits=PdfLimits(largest_side=5000.0))
    assert any("14000 x 14000 points" in note for note in found.notes)


def test_an_image_bomb_is_told_and_not_decoded(tmp_path: Path) -> None:
    side = 30_000
    packer = zlib.compressobj(9)
    data = b"".join(packer.compress(bytes(side * 100)) for _ in range(side // 100)) + packer.flush()
    book = Book()
    book.image((100, 100, 400, 400), picture(1, kind="PNG"))
    xref = book.page.get_images()[0][0]
    book.document.update_stream(xref, data, compress=False)
    for key, value in (
        ("Width", str(side)),
        ("Height", str(side)),
        ("ColorSpace", "/DeviceGray"),
        ("BitsPerComponent", "8"),
        ("Filter", "/FlateDecode"),
        ("DecodeParms", "null"),
        ("SMask", "null"),
    ):
        book.document.xref_set_key(xref, key, value)
    book.caption(100, 415, ["Figure 1. A bomb."])
    figure = _one(read_pdf(book.save(tmp_path / "a.pdf"), ocr=True))
    assert figure.status == "no_picture" and "30000 x 30000" in figure.reason and not figure.picture


def test_an_outline_that_turns_in_circles_ends(tmp_path: Path) -> None:
    book = Book()
    book.body((60, 60, 535, 160))
    book.document.set_toc([[1, "One", 1], [1, "Two", 1]])
    _, value = book.document.xref_get_key(book.document.pdf_catalog(), "Outlines")
    first = int(book.document.xref_get_key(int(value.split()[0]), "First")[1].split()[0])
    second = int(book.document.xref_get_key(first, "Next")[1].split()[0])
    book.document.xref_set_key(second, "Next", f"{first} 0 R")
    assert read_pdf(book.save(tmp_path / "a.pdf"), ocr=False).pages == 1


def test_javascript_is_ignored_and_told(tmp_path: Path) -> None:
    book = Book()
    book.body((60, 60, 535, 160))
    book.document.xref_set_key(
        book.document.pdf_catalog(), "OpenAction", "<</S/JavaScript/JS(app.alert\\(1\\))>>"
    )
    assert any("JavaScript" in note for note in read_pdf(book.save(tmp_path / "a.pdf")).notes)


def test_shapes_beyond_the_limit_are_told(tmp_path: Path) -> None:
    book = Book()
    shape = book.page.new_shape()
    for number in range(300):
        shape.draw_line((50 + number, 100), (60 + number, 140 + number % 7))
        shape.finish()
    shape.commit()
    found = read_pdf(book.save(tmp_path / "a.pdf"), limits=PdfLimits(shapes=50))
    assert any("more than 50 shapes" in note for note in found.notes)


def _scan(tmp_path: Path) -> Path:
    book = Book()
    book.body((60, 60, 535, 200), BODY * 4, size=12)
    book.image((150, 250, 450, 450), picture(3))
    shown = book.page.get_pixmap(dpi=150)
    scan = Book()
    scan.image((0, 0, 595, 842), shown.tobytes("png"))
    return scan.save(tmp_path / "scan.pdf")


def test_a_scanned_page_is_no_figure_but_its_illustration_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grandrounds.sources.textbook.find_ocr", find_nothing)
    found = read_pdf(_scan(tmp_path))
    assert found.pages_without_text == 1 and any(
        "apt-get install tesseract-ocr" in note for note in found.notes
    )
    assert overlap_ratio(_one(found).box, (150, 250, 450, 450)) > 0.9


def test_a_scanned_page_is_read_by_ocr(tmp_path: Path) -> None:
    if not find_ocr().there:
        pytest.skip("Tesseract is not installed: apt-get install tesseract-ocr")
    figure = _one(read_pdf(_scan(tmp_path)))
    assert figure.read_by_ocr and figure.ocr_confidence is not None and figure.ocr_confidence > 0.7


def find_nothing() -> Ocr:
    return Ocr()
