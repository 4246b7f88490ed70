"""Files are recognised by their content."""

from __future__ import annotations

import gzip
import os
import struct
from pathlib import Path

import pytest

from grandrounds.sources.kinds import recognise
from tests.sources.articles import jats

CASE_TEXT = """A strange case of green hands

CASE PRESENTATION

A 30-year-old woman presented with green hands.

DISCUSSION

Hands are rarely green.
"""


def nifti(order: str = "<") -> bytes:
    header = bytearray(352)
    header[:4] = struct.pack(order + "i", 348)
    header[40:42] = struct.pack(order + "h", 3)
    header[344:348] = b"n+1\x00"
    return bytes(header)


def dicom_without_preamble() -> bytes:
    elements = b""
    for tag, kind, value in (
        (5, b"CS", b"ISO_IR 100"),
        (8, b"CS", b"ORIGINAL"),
        (0x16, b"UI", b"1.2.840\x00"),
    ):
        elements += struct.pack("<HH", 8, tag) + kind + struct.pack("<H", len(value)) + value
    return elements


def epub_head() -> bytes:
    return b"PK\x03\x04" + b"\x00" * 26 + b"mimetypeapplication/epub+zipPK\x03\x04"


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("jats", jats()),
        ("jats", b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- note --><article><front/></article>"),
        ("jats", jats().decode().encode("utf-16")),
        (
            "jats",
            b'<!DOCTYPE article PUBLIC "-//NLM//DTD Journal Publishing DTD v2.3//EN" "p.dtd" [<!ENTITY a "]>">]><article>',
        ),
        ("jats", b"<article article-type='case-report'><front><garb\x00\xff\xfe<<<"),
        ("jats", b"<pmc-articleset><article><front/></article></pmc-articleset>"),
        ("jats", b"<OAI-PMH><GetRecord><record><metadata><article xmlns='x'><front/>"),
        (
            "xml",
            b"<!DOCTYPE article PUBLIC '-//OASIS//DTD DocBook XML V4.5//EN' 'd.dtd'><article><title>x</title></article>",
        ),
        ("xml", b'<article xmlns="http://docbook.org/ns/docbook"><para>x</para></article>'),
        ("xml", b"<Document><QAPairs/></Document>"),
        ("xml", b"<OAI-PMH><ListSets/></OAI-PMH>"),
        ("html", b"<!DOCTYPE html><html><article>x</article></html>"),
        ("html", b"<!doctype html>\n<title>x</title>"),
        (
            "html",
            b"<?xml version='1.0'?><!-- a --><html xmlns='http://www.w3.org/1999/xhtml'><head/></html>",
        ),
        ("text", b"<p>A piece of a page</p>"),
        ("cnxml", b'<document xmlns="http://cnx.rice.edu/cnxml"><title>x</title></document>'),
        ("cnxml", b'<?xml version="1.0"?><c:document id="a" xmlns:c="http://cnx.rice.edu/cnxml/0.7">'),
        ("cnxml_collection", b'<col:collection xmlns:col="http://cnx.rice.edu/collxml">'),
        ("xml", b"<document><title>of another make</title></document>"),
        ("epub", epub_head()),
        ("epub", b"PK\x03\x04" + b"\x00" * 26 + b"META-INF/container.xml<container/>"),
        ("archive", b"PK\x03\x04" + b"\x00" * 26 + b"mimetypeapplication/vnd.oasis.opendocument.text"),
        ("case_markdown", b"---\ntitle: x\nkind: case_report\n---\n# Case\n"),
        ("case_markdown", b"---\r\nkind: 'case report'  # a remark\r\ntitle: [broken\r\n---\r\n"),
        ("text", b"---\ntitle: A blog\nlayout: post\n---\n# Case presentation\nHello\n"),
        ("case_text", CASE_TEXT.encode()),
        ("case_text", b"# Case report\n\nA man aged 40 came.\n\n## Discussion\n\nHe left.\n"),
        ("text", b"# Project\n\nCase report generator.\n\n## Discussion\n\nJoin us.\n"),
        ("text", b"The case presentation of the patient was brief, said the judge.\n"),
        ("text", b"WEBVTT\n\n00:01.000 --> 00:02.000\nCase presentation\n\nDiscussion\n\nthe patient\n"),
        ("text", b"1\n00:00:01,000 --> 00:00:02,000\nCase presentation\n\nDiscussion\nthe patient\n"),
        ("pdf", b"%PDF-1.7\n..."),
        ("pdf", b"junk before\n%PDF-1.4\n"),
        ("dicom", b"\x00" * 128 + b"DICM" + b"\x02\x00"),
        ("dicom", dicom_without_preamble()),
        ("nifti", nifti()),
        ("nifti", nifti(">")),
        ("nifti", gzip.compress(nifti() + b"\x00" * 100_000, mtime=0)),
        ("nifti", nifti()[:200]),
        ("archive", gzip.compress(b"something else", mtime=0)),
        ("archive", b"\x1f\x8b\x08broken"),
        ("archive", b"PK\x03\x04rest"),
        ("video", b"\x00\x00\x00\x20ftypisom" + b"\x00" * 20),
        ("video", b"\x1a\x45\xdf\xa3webm"),
        ("video", b"RIFF\x00\x00\x00\x00AVI LIST"),
        ("image", b"\x89PNG\r\n\x1a\nrest"),
        ("image", b"\xff\xd8\xff\xe0rest"),
        ("image", b"RIFF\x00\x00\x00\x00WEBPVP8 "),
        ("image", b"\x00\x00\x00\x20ftypheic"),
        ("json", b'{"a": 1}'),
        ("json", b"[1, 2]"),
        ("table", b"a,b,c\n1,2,3\n4,5,6\n"),
        ("table", b"PAR1\x15\x04"),
        ("text", b"Just words.\nAnd more.\n"),
        ("text", "Umlauts in Latin-1: \xe4\xf6\xfc".encode("latin-1")),
        ("empty", b""),
        ("other", b"\x01\x02\x03\x04\x05"),
    ],
)
def test_content_tells_the_kind_whatever_the_name_says(tmp_path: Path, kind: str, content: bytes) -> None:
    path = tmp_path / "misleading.mp3"
    path.write_bytes(content)
    assert recognise(path) == kind


def test_what_can_not_be_opened_is_unreadable_and_pipes_are_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert recognise(tmp_path / "pipe") == "other"
    assert recognise(tmp_path / "nothing") == "unreadable"
    assert recognise(tmp_path) == "other"


def test_only_a_head_is_read(tmp_path: Path) -> None:
    path = tmp_path / "huge"
    with path.open("wb") as handle:
        handle.write(b"%PDF-1.7")
        handle.truncate(50_000_000_000)  # a sparse file: reading it all would take minutes
    assert recognise(path) == "pdf"


def test_every_case_report_of_the_real_inputs_is_seen_and_nothing_else_is_taken_for_one(
    shared_data: Path,
) -> None:
    cases = {
        path.relative_to(shared_data).as_posix()
        for path in shared_data.rglob("*")
        if path.is_file() and recognise(path) in ("jats", "case_text", "case_markdown")
    }
    expected = {
        p.relative_to(shared_data).as_posix() for p in (shared_data / "case_reports").rglob("*.xml")
    }
    assert cases == expected
    assert len(cases) == 18
