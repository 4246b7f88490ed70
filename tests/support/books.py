"""Books made by code: EPUB, CNXML, HTML chapters, PDF; fiction only. Some are made to do harm."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw

CONTAINER = (
    '<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
    '<rootfiles><rootfile full-path="OPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles>'
    "</container>"
)
LICENCE_URL = "https://creativecommons.org/licenses/by/4.0/"


def picture(seed: int = 1, size: tuple[int, int] = (120, 90), kind: str = "PNG") -> bytes:
    """A picture that differs from those of other seeds."""
    image = Image.new("RGB", size, (240, 240, 240))
    draw = ImageDraw.Draw(image)
    for step in range(6):
        x, y = (seed * 37 + step * 53) % size[0], (seed * 71 + step * 29) % size[1]
        draw.ellipse((x - 15, y - 12, x + 15, y + 12), fill=(seed * 40 % 255, step * 40, 90))
    data = BytesIO()
    image.save(data, kind)
    return data.getvalue()


def page(body: str, *, title: str = "A chapter", head: str = "", lang: str = "en") -> str:
    """An XHTML document."""
    return (
        f'<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml" '
        f'xmlns:epub="http://www.idpf.org/2007/ops" xml:lang="{lang}"><head><title>{title}</title>{head}</head>'
        f"<body>{body}</body></html>"
    )


def package(documents: Sequence[str], *, metadata: str = "", extra: str = "") -> str:
    """An OPF package that names the documents in order."""
    items = "".join(
        f'<item id="d{n}" href="{name}" media-type="application/xhtml+xml"/>'
        for n, name in enumerate(documents)
    )
    spine = "".join(f'<itemref idref="d{n}"/>' for n in range(len(documents)))
    return (
        '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="i">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>The Fictional Foot</dc:title>'
        f"<dc:language>en</dc:language>{metadata}</metadata><manifest>{items}{extra}</manifest>"
        f"<spine>{spine}</spine></package>"
    )


def epub(
    path: Path,
    pages: Mapping[str, str],
    files: Mapping[str, bytes] | None = None,
    *,
    metadata: str = "",
    extra: str = "",
    outside: Mapping[str, bytes] | None = None,
) -> Path:
    """An EPUB: ``pages`` and ``files`` lie in ``OPS/``, ``outside`` anywhere in the archive."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("mimetype"), "application/epub+zip")
        archive.writestr("META-INF/container.xml", CONTAINER)
        archive.writestr("OPS/book.opf", package(list(pages), metadata=metadata, extra=extra))
        for name, text in pages.items():
            archive.writestr(f"OPS/{name}", text)
        for name, data in (files or {}).items():
            archive.writestr(f"OPS/{name}", data)
        for name, data in (outside or {}).items():
            archive.writestr(name, data)
    return path


def module(content: str, *, title: str = "The Fictional Foot", name: str = "m1", metadata: str = "") -> str:
    """A CNXML module."""
    return (
        '<document xmlns="http://cnx.rice.edu/cnxml" xmlns:md="http://cnx.rice.edu/mdml" '
        f'xmlns:m="http://www.w3.org/1998/Math/MathML"><title>{title}</title>'
        f"<metadata><md:content-id>{name}</md:content-id><md:title>{title}</md:title>{metadata}</metadata>"
        f"<content>{content}</content></document>"
    )


def collection(
    *chapters: tuple[str, Sequence[str]],
    title: str = "Fictional Anatomy",
    licence: str = LICENCE_URL,
    uuid: str = "11111111-2222-3333-4444-555555555555",
) -> str:
    """A collection: chapters with the modules in them."""
    told = (
        f'<md:license url="{licence}">Creative Commons Attribution License</md:license>' if licence else ""
    )
    parts = "".join(
        f"<col:subcollection><md:title>{chapter}</md:title><col:content>"
        + "".join(f'<col:module document="{name}"/>' for name in modules)
        + "</col:content></col:subcollection>"
        for chapter, modules in chapters
    )
    return (
        '<col:collection xmlns="http://cnx.rice.edu/collxml" xmlns:md="http://cnx.rice.edu/mdml" '
        f'xmlns:col="http://cnx.rice.edu/collxml"><metadata><md:title>{title}</md:title>'
        f"<md:language>en</md:language>{told}<md:uuid>{uuid}</md:uuid></metadata>"
        f"<col:content>{parts}</col:content></col:collection>"
    )


def write(path: Path, content: str | bytes) -> Path:
    """Write a file with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return path


def pdf(pages: int = 1, *, words: str = "The foot is fictional.", figure: bytes = b"") -> bytes:
    """A PDF with some words on each page and, where given, a captioned picture on the first."""
    import pymupdf

    document = pymupdf.open()
    for number in range(pages):
        sheet = document.new_page(width=400, height=500)
        sheet.insert_text((50, 60), f"{words} Page {number + 1}.", fontsize=10)
        if figure and not number:
            sheet.insert_image(pymupdf.Rect(100, 100, 300, 250), stream=figure)
            sheet.insert_text((100, 275), "Figure 1. The fictional foot from below.", fontsize=9)
    data: bytes = document.tobytes(deflate=True)
    return data
