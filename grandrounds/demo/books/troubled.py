"""Books that are hard or faulty in one way each."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace

from PIL import Image

from grandrounds.demo.books import plates, raw
from grandrounds.demo.books.atlas import LICENCE, atlas
from grandrounds.demo.books.marked import epub, package, page_of
from grandrounds.demo.books.sheet import SANS, Figure, Setter, Sheet, library
from grandrounds.demo.books.told import Made, Told

_LICENCE_LINE = f"© 2024 The Imaginary Press. {LICENCE}"
_PRINT_ONLY = -3904 | 4  # may be printed, not copied
_SIDE = 40_000  # pixels of the bomb's picture, which would take 1.6 GB
_PIECE = 1 << 24
_SCAN_DPI = 150


def encrypted() -> Made:
    """Nobody has the password."""
    objects = raw.one_page("BT /F1 14 Tf 60 700 Td (Figure 1. Nobody will read this.) Tj ET")
    return Made(
        data=raw.document(objects, lock=raw.Lock(user="swordfish", owner="bosun", allowed=-4)),
        kind="pdf",
        status="failed",
        says="password",
        why="it opens only with a password",
    )


def no_copy() -> Made:
    """Opens for everybody, but its owner forbids to copy from it."""
    wide, high = plates.plate("chest-clear").size
    content = (
        f"q {wide} 0 0 {high} 60 440 cm /Im1 Do Q "
        "BT /F1 10 Tf 60 425 Td (Figure 1. Frontal chest radiograph.) Tj ET"
    )
    image = raw.Stream(
        f"/Type /XObject /Subtype /Image /Width {wide} /Height {high} /ColorSpace /DeviceGray "
        "/BitsPerComponent 8 /Filter /DCTDecode",
        plates.encoded("chest-clear"),
    )
    objects = raw.one_page(content, resources="/XObject << /Im1 6 0 R >>", more=[image])
    return Made(
        data=raw.document(objects, lock=raw.Lock(user="", owner="bosun", allowed=_PRINT_ONLY)),
        kind="pdf",
        status="failed",
        says="cop",
        why="its owner forbids copying",
    )


def truncated() -> Made:
    """The first chapter, as it was when the line broke: its last page is gone."""
    whole = atlas()
    return Made(
        data=whole.data[: len(whole.data) // 2],
        kind="pdf",
        facts={"licence": "CC-BY-4.0"},
        figures=tuple(replace(one, mentions=0, section=()) for one in whole.figures if (one.page or 0) < 3),
        why="half of the file never arrived; what is left is read, as a copy of the book that is whole",
    )


def scanned() -> Made:
    """A page as a scanner gives it: a picture, and no text."""
    page = Setter(Sheet(width=420, height=595, columns=1, margin=44, size=11), running="Knees")
    page.title("Worn Knees", authors="Wilhelmina Dray")
    page.text(
        "Gristle does not show on a film, but its absence does: the bones come closer. In Figure 1 they "
        "touch on the inner side. Spurs grow at the edges, and the bone below the worn place turns white."
    )
    page.figure(
        Figure(
            label="Figure 1.",
            caption="Frontal radiograph of the knee shows joint space narrowing and osteophytes.",
            pictures=("knee",),
            width=220,
        )
    )
    page.text(_LICENCE_LINE, size=9.0)
    printed = library.open(stream=page.finish(title="Worn Knees", author="", day="20240520", outline=False))
    pixels = printed[0].get_pixmap(dpi=_SCAN_DPI, colorspace=library.csGRAY)
    grey = Image.frombytes("L", (pixels.width, pixels.height), pixels.samples)
    made = io.BytesIO()
    grey.point(lambda value: 18 + value * 222 // 255).save(made, format="JPEG", quality=45)
    sheet = library.open()
    sheet.new_page(width=420, height=595).insert_image((0, 0, 420, 595), stream=made.getvalue())
    sheet.set_metadata({"title": "Worn Knees", "creationDate": "D:20240520120000Z"})
    return Made(
        data=bytes(sheet.tobytes(garbage=4, no_new_id=True)),
        kind="pdf",
        facts={"licence": "CC-BY-4.0", "pages": 1},
        figures=tuple(replace(one, origin="mixed", picture="", section=()) for one in page.told),
        why="a scanned page: read only where Tesseract is installed",
    )


def image_bomb() -> Made:
    """A file of a few kilobytes whose one picture would fill 1.6 gigabytes."""
    zeros = -(-_SIDE * _SIDE // _PIECE) * _PIECE
    image = raw.Stream(
        f"/Type /XObject /Subtype /Image /Width {_SIDE} /Height {_SIDE} /ColorSpace /DeviceGray "
        "/BitsPerComponent 8 /Filter [/FlateDecode /FlateDecode]",
        zlib.compress(raw.packed_zeros(zeros), 9),
    )
    content = (
        "q 400 0 0 400 90 360 cm /Im1 Do Q BT /F1 11 Tf 90 340 Td (Figure 1. Radiograph of a wall.) Tj ET"
    )
    objects = raw.one_page(content, resources="/XObject << /Im1 6 0 R >>", more=[image])
    return Made(
        data=raw.document(objects),
        kind="pdf",
        figures=(
            Told(
                status="no_picture",
                label="Figure 1",
                caption="Radiograph of a wall.",
                caption_page=1,
                origin="none",
                licence="unknown",
            ),
        ),
        why="its picture would fill the memory; the page is read without it",
    )


def restless() -> Made:
    """An outline that comes after itself, a script, and a page of words."""
    content = "BT /F1 14 Tf 60 700 Td (A page that runs in circles, and holds no figure.) Tj ET"
    objects = raw.one_page(
        content,
        catalogue="/Outlines 6 0 R /OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >>",
        more=[
            "<< /Type /Outlines /First 7 0 R /Last 7 0 R /Count 1 >>",
            "<< /Title (Again) /Parent 6 0 R /Next 7 0 R /First 7 0 R /Last 7 0 R /Dest [3 0 R /Fit] >>",
        ],
    )
    return Made(
        data=raw.document(objects),
        kind="pdf",
        facts={"pages": 1},
        why="its outline has no end, and it holds a script",
    )


def no_pdf() -> Made:
    """A letter that somebody named like a book."""
    return Made(
        data=b"Dear librarian,\n\nthe chapter that you asked for is attached to another letter.\n\nC. T.\n",
        kind="text",
        status="passed_by",
        why="it is no PDF, whatever its name says",
    )


def empty() -> Made:
    """Nothing."""
    return Made(data=b"", kind="empty", status="failed", says="0 bytes", why="no bytes")


def swapped() -> Made:
    """A page on which two captions were exchanged."""
    page = Setter(Sheet(columns=1, margin=80, size=10.4), running="Two Pictures")
    page.title("Two Pictures", authors="Wilhelmina Dray")
    page.text(
        "A vessel and a gland, so that nobody can take one for the other. Figure 1 is the vessel, and "
        "it is as wide as the bone behind it. Figure 2 is the gland. Both were sent to the same "
        "printer on the same day, by the same post, in envelopes that looked alike. He had been told "
        "that the order of the captions was that of the pictures, and so it was; but he had turned the "
        "pictures over to dry them."
    )
    why = "its caption belongs to the other picture"
    page.figure(
        Figure(
            label="Figure 1.",
            caption="Light micrograph of the thyroid gland shows follicles filled with colloid "
            "(haematoxylin and eosin).",
            pictures=("belly-wide-aorta",),
            width=280,
            why=why,
        )
    )
    page.text(
        "Between the two there is time for a breath, and for a printer to make a mistake. Nobody "
        "noticed it until the sheets were bound. A reader who knows what either of them looks like "
        "needs no errata slip. One who does not will believe what stands below a picture, which is why "
        "somebody should look."
    )
    page.figure(
        Figure(
            label="Figure 2.",
            caption="Axial CT of the abdomen shows an aneurysm of the abdominal aorta with a rim of "
            "thrombus.",
            pictures=("thyroid-follicles",),
            width=280,
            why=why,
        )
    )
    page.text(_LICENCE_LINE, font=SANS, size=8.0)
    return Made(
        data=page.finish(title="Two Pictures", author="Wilhelmina Dray", day="20240603"),
        kind="pdf",
        facts={"title": "Two Pictures", "licence": "CC-BY-4.0", "pages": page.pages, "tables": 0},
        figures=page.told,
        why="two captions are exchanged; read as they stand, and refused by the gates",
    )


def climbing() -> Made:
    """An EPUB whose entries and links lead out of it."""
    body = (
        "<h1>Ladders</h1>\n<p>Figure 1 is on another shelf.</p>\n"
        '<figure><img src="../../../../../../etc/passwd" alt=""/><figcaption>Figure 1. Radiograph of the '
        "neighbour's hand.</figcaption></figure>"
    )
    entries = package("Ladders", ["climb"], ["../../../../../../etc/passwd"])
    entries |= {
        "OEBPS/climb.xhtml": page_of("Ladders", body),
        "../../outside.txt": b"I should not be here.\n",
    }
    figure = Told(
        status="no_picture",
        label="Figure 1",
        caption="Radiograph of the neighbour's hand.",
        origin="none",
        mentions=1,
        chapter="Ladders",
    )
    return Made(
        data=epub(entries),
        kind="epub",
        facts={"licence": "CC-BY-4.0"},
        figures=(figure,),
        why="its names lead out of it; nothing is read or written there",
    )


def zip_bomb() -> Made:
    """An EPUB of which one chapter unpacks to 32 MB of blanks."""
    words = page_of("Much Ado", "<h1>Much Ado</h1>\n<p>" + " " * (32 << 20) + "</p>")
    entries = package("Much Ado", ["much"]) | {"OEBPS/much.xhtml": words}
    return Made(
        data=epub(entries, packed=["OEBPS/much.xhtml"]),
        kind="epub",
        status="failed",
        why="its only chapter is a thousand times larger than it seems",
    )


FAULTS: Mapping[str, Callable[[], Made]] = {
    "encrypted.pdf": encrypted,
    "no-copy.pdf": no_copy,
    "truncated.pdf": truncated,
    "scanned-page.pdf": scanned,
    "image-bomb.pdf": image_bomb,
    "restless.pdf": restless,
    "letter.pdf": no_pdf,
    "empty.pdf": empty,
    "swapped-captions.pdf": swapped,
    "climbing.epub": climbing,
    "zip-bomb.epub": zip_bomb,
}
"""Each troubled file by its name, and the function that makes it."""
