"""Seeds and mutations for books: sound small files, and ways to break them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from tests.sources.articles import jats
from tests.support import hostile_pdfs as hostile
from tests.support.books import collection, epub, module, page, pdf, picture

_WORDS = (
    b"/Kids[3 0 R 3 0 R]", b"/Count 999999999", b"/Length -1", b"/MediaBox[0 0 1e9 1e9]", b"/Rotate 37",
    b"/Width 2147483647", b"/BitsPerComponent 16", b"/Filter/JBIG2Decode", b"/Filter[/FlateDecode/FlateDecode]",
    b"<</Type/Page", b"stream\n", b"endobj\n", b"<figure><figure>", b"</figcaption>", b"<!DOCTYPE a [", b"&#0;",
    b"&b;", b"<img src='data:image/png;base64,", b"]]>", b"PK\x01\x02", b"PK\x03\x04", b"\xff\xfe\xfd", b"\0" * 40,
    b"1e999 ", b"-", b"q " * 50, b"BT ET ", b"<media><image src='../../../../x'/>", b"target-id=''",
)  # fmt: skip
_EXTREMES = (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\x80\0\0\0")


def seeds(folder: Path) -> list[bytes]:
    """Sound files of each kind that the reader knows."""
    import pymupdf

    small = picture(size=(200, 150))
    figure = "<figure id='f'><img src='a.png'/><figcaption>Figure 1. A foot.</figcaption></figure>"
    chapter = page(f"<h1>Feet</h1><p>See <a href='#f'>Figure 1</a>.</p>{figure}")
    drawing = pymupdf.open()
    sheet = drawing.new_page(width=400, height=500)
    for number in range(30):
        sheet.draw_circle((200, 200), 5 + 3 * number, color=(number / 30, 0.2, 0.5))
    sheet.insert_text((100, 340), "Figure 2. (a) A circle. (b) Another.", fontsize=9)
    sheet.insert_text((50, 400), "As Figure 2 shows, feet are round.", fontsize=10)
    plain = pymupdf.open(stream=pdf(2, figure=small), filetype="pdf")
    return [
        pdf(2, figure=small),
        plain.tobytes(deflate=False, expand=255),
        drawing.tobytes(deflate=False),
        drawing.tobytes(garbage=3, deflate=True, use_objstms=1),
        hostile.outline_cycle(),
        hostile.encrypted(copying=True),
        epub(folder / "a.epub", {"a.xhtml": chapter}, {"a.png": small}).read_bytes(),
        module(
            "<section><title>T</title><para>See <link target-id='f'/>.</para><figure id='f'><title>F</title>"
            "<media alt='x'><image src='a.png'/></media><caption>A foot.</caption></figure></section>"
        ).encode(),
        collection(("Feet", ["m1", "m2"])).encode(),
        chapter.encode(),
        chapter.replace('<?xml version="1.0" encoding="utf-8"?>', "<!doctype html>").encode(),
        jats(
            '<sec><p>He coughed (<xref ref-type="fig" rid="f1">Figure 1</xref>).</p><fig id="f1"><label>Figure 1'
            '</label><caption><p>A cough.</p></caption><graphic xlink:href="a"/></fig></sec>'
        ),
    ]


def mutate(source: random.Random, sound: Sequence[bytes]) -> bytes:
    """A broken copy of one of the files in ``sound``."""
    data = bytearray(source.choice(sound))
    for _ in range(source.choice((1, 1, 2, 4, 16, 64))):
        at = source.randrange(max(len(data), 1))
        way = source.randrange(9)
        if way == 0:
            data[at : at + 1] = bytes([source.randrange(256)])
        elif way == 1:
            data[at : at + 4] = source.choice(_EXTREMES)
        elif way == 2:
            del data[max(at, 40) :]
        elif way == 3:
            del data[at : at + source.randrange(1, 200)]
        elif way == 4:
            data[at:at] = data[at : at + source.randrange(1, 2000)]
        elif way == 5:
            other = source.choice(sound)
            start = source.randrange(len(other))
            data[at : at + 64] = other[start : start + source.randrange(1, 400)]
        elif way in (6, 7):
            data[at:at] = source.choice(_WORDS)
        else:
            _other_number(source, data, at)
    return bytes(data) or b"\0"


def _other_number(source: random.Random, data: bytearray, at: int) -> None:
    """Another value for the next number: lengths, counts and references are numbers in text."""
    while at < len(data) and not 48 <= data[at] <= 57:
        at += 1
    end = at
    while end < len(data) and 48 <= data[end] <= 57:
        end += 1
    data[at:end] = str(source.choice((0, 1, 2, 3, 7, 255, 65_536, 2**31, 2**63, 10**20))).encode()
