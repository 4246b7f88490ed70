"""What a file is, by its content: never by its folder or extension alone.

Only a bounded head is read, with nothing but the standard library, so that a folder of films and
studies costs no more than opening each file once. Signatures are those of the formats' own
specifications (PDF 32000, DICOM PS3.10, NIfTI-1.1 and NIfTI-2, ISO 14496-12, RFC 1952 and so on).
"""

from __future__ import annotations

import stat
import zlib
from pathlib import Path

from grandrounds.sources import kinds_binary, kinds_text

JATS, CASE_MARKDOWN, CASE_TEXT = "jats", "case_markdown", "case_text"
CNXML, COLLECTION, EPUB, HTML = "cnxml", "cnxml_collection", "epub", "html"
PDF, DICOM, NIFTI, VIDEO, IMAGE = "pdf", "dicom", "nifti", "video", "image"
XML, JSON, TABLE, ARCHIVE, TEXT = "xml", "json", "table", "archive", "text"
EMPTY, UNREADABLE, OTHER = "empty", "unreadable", "other"

CASE_KINDS = frozenset({JATS, CASE_MARKDOWN, CASE_TEXT})
"""The kinds that hold case reports."""

BOOK_KINDS = frozenset({PDF, EPUB, CNXML, COLLECTION, HTML, JATS})
"""The kinds that hold figures with captions: textbooks, their chapters, and articles."""

MAXIMUM_XML_BYTES = 48 * 1024 * 1024
"""Largest XML file that is read. Case reports are about 50 KB; volumes of abstracts a few MB."""

HEAD_BYTES = 64 * 1024
"""How much of a file is looked at."""


def recognise(path: Path) -> str:
    """The kind of the file at ``path``, as one of the names of this module.

    Never raises: what can't be opened is ``unreadable``, what is no regular file is ``other``.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            return OTHER
        if status.st_size == 0:
            return EMPTY
        with path.open("rb") as handle:
            head = handle.read(HEAD_BYTES)
    except (OSError, ValueError):
        return UNREADABLE
    return recognise_head(head, size=status.st_size)


def recognise_head(head: bytes, *, size: int) -> str:
    """The kind of a file of ``size`` bytes that begins with ``head``."""
    if not head:
        return EMPTY
    if head.startswith(b"\x1f\x8b"):
        return NIFTI if kinds_binary.is_nifti(_inflate(head)) else ARCHIVE
    kind = kinds_binary.by_signature(head)
    if kind == ARCHIVE and kinds_binary.is_epub(head):
        return EPUB
    if kind:
        return kind
    if kinds_binary.is_nifti(head) or kinds_binary.is_truncated_nifti(head, size=size):
        return NIFTI
    if kinds_binary.is_dicom(head):
        return DICOM
    return kinds_text.recognise_text(head, whole=size <= len(head)) or OTHER


def _inflate(head: bytes) -> bytes:
    """The first bytes that a gzip member holds; empty when it is no sound gzip."""
    try:
        return zlib.decompressobj(wbits=31).decompress(head, 1024)
    except zlib.error:
        return b""
