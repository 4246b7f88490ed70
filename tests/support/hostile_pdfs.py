"""PDFs that are broken or made to do harm, by code; the words in them are fiction."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import pymupdf

from tests.support.books import pdf, picture


def raw(objects: Sequence[bytes], *, trailer: bytes = b"") -> bytes:
    """A PDF of numbered objects (from 1; the first is the catalogue) with a sound cross-reference table."""
    data = b"%PDF-1.7\n"
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(data)
    data += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    data += b"".join(b"%010d 00000 n \n" % place for place in places)
    return data + b"trailer<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        trailer,
        start,
    )


def stream(data: bytes, entries: bytes = b"") -> bytes:
    """A compressed stream object."""
    packed = zlib.compress(data, 9)
    return b"<<%s/Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (entries, len(packed), packed)


def with_contents(contents: bytes, *, resources: bytes = b"", catalog: bytes = b"", more: Sequence[bytes] = (),
                  box: bytes = b"0 0 400 500") -> bytes:  # fmt: skip
    """One page that draws ``contents``; further objects are numbered from 5."""
    return raw(
        [
            b"<</Type/Catalog/Pages 2 0 R%s>>" % catalog,
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[%s]/Contents 4 0 R/Resources<<%s>>>>" % (box, resources),
            stream(contents),
            *more,
        ]
    )


_FONT = b"/Font<</F 5 0 R>>"
_HELVETICA = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
_WORDS = b"BT /F 10 Tf 50 400 Td (The fictional foot.) Tj ET"


def encrypted(*, user: str = "", copying: bool) -> bytes:
    """Encrypted; without a password to open it where ``user`` is empty."""
    document = pymupdf.open(stream=pdf(figure=picture()), filetype="pdf")
    rights = pymupdf.PDF_PERM_PRINT | (pymupdf.PDF_PERM_COPY if copying else 0)
    data: bytes = document.tobytes(
        encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw=user, owner_pw="owner", permissions=rights
    )
    return data


def image_bomb(side: int = 30_000) -> bytes:
    """A page with a picture of one bit a pixel that unpacks to hundreds of megabytes."""
    packed = zlib.compress(b"\0" * (side // 8 * side), 9)
    image = (
        b"<</Type/XObject/Subtype/Image/Width %d/Height %d/BitsPerComponent 1/ColorSpace/DeviceGray"
        b"/Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (side, side, len(packed), packed)
    )
    return with_contents(
        b"q 300 0 0 300 50 150 cm /I Do Q BT /F 10 Tf 50 120 Td (Figure 1. A large foot.) Tj ET",
        resources=_FONT + b"/XObject<</I 6 0 R>>",
        more=[_HELVETICA, image],
    )


def huge_page(side: int) -> bytes:
    """A page of ``side`` points."""
    return with_contents(_WORDS, resources=_FONT, more=[_HELVETICA], box=b"0 0 %d %d" % (side, side))


def many_pages(count: int) -> bytes:
    """A document of ``count`` pages that share one content."""
    kids = b" ".join(b"%d 0 R" % number for number in range(5, 5 + count))
    pages = [b"<</Type/Page/Parent 2 0 R/Contents 4 0 R>>"] * count
    return raw(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[%s]/Count %d/MediaBox[0 0 400 500]/Resources<</Font<</F 3 0 R>>>>>>"
            % (kids, count),
            _HELVETICA,
            stream(_WORDS),
            *pages,
        ]
    )


def no_fonts() -> bytes:
    """Words set in a font that isn't there."""
    return with_contents(_WORDS)


def outline_cycle() -> bytes:
    """An outline whose entries follow one another in a circle, and hold themselves."""
    return with_contents(
        _WORDS,
        resources=_FONT,
        catalog=b"/Outlines 6 0 R",
        more=[
            _HELVETICA,
            b"<</Type/Outlines/First 7 0 R/Last 8 0 R/Count 2>>",
            b"<</Title(One)/Parent 6 0 R/Next 8 0 R/First 7 0 R/Last 7 0 R/Count 9/Dest[3 0 R/Fit]>>",
            b"<</Title(Two)/Parent 6 0 R/Next 7 0 R/Prev 7 0 R/Dest[3 0 R/Fit]>>",
        ],
    )


def javascript() -> bytes:
    """A document that runs a script when it is opened."""
    return with_contents(
        _WORDS,
        resources=_FONT,
        catalog=b"/OpenAction<</S/JavaScript/JS(while\\(true\\){})>>/Names<</JavaScript<</Names[(a) 6 0 R]>>>>",
        more=[_HELVETICA, b"<</S/JavaScript/JS(app.alert\\(1\\))>>"],
    )


def page_cycle() -> bytes:
    """A page tree that holds itself."""
    return raw([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 2>>"])


def form_cycle() -> bytes:
    """A drawing that draws itself."""
    return with_contents(
        b"/X Do",
        resources=b"/XObject<</X 5 0 R>>",
        more=[
            stream(
                b"/X Do /X Do",
                b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 5 0 R>>>>",
            )
        ],
    )


def deep_nesting() -> bytes:
    """Arrays in arrays, a hundred thousand deep."""
    return with_contents(b"[" * 100_000 + b"]" * 100_000, catalog=b"/A " + b"[" * 100_000 + b"]" * 100_000)


def content_bomb() -> bytes:
    """Drawing instructions that unpack to 200 MB."""
    return with_contents(b"0 0 m 9 9 l S\n" * 14_000_000)
