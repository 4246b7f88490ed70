"""XML is read without expanding, fetching or trusting anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from grandrounds.errors import SourceError
from grandrounds.sources.xml_safety import parse

DOCTYPE = '<!DOCTYPE article PUBLIC "-//NLM//DTD JATS v1.2//EN" "JATS.dtd">'


def words(data: bytes | str) -> str:
    return "".join(parse(data if isinstance(data, bytes) else data.encode()).root.itertext())


@pytest.mark.parametrize("doctype", ["", DOCTYPE])
def test_standard_names_become_characters_with_and_without_a_doctype(doctype: str) -> None:
    text = f"{doctype}<article><p>5 &mu;g&nbsp;&plusmn; 1 &lt; 7 &amp; &agr;</p></article>"
    assert words(text) == "5 \u03bcg\u00a0\u00b1 1 < 7 & \u03b1"


@pytest.mark.parametrize("doctype", ["", DOCTYPE])
def test_an_unknown_name_stays_as_it_is_and_is_told(doctype: str) -> None:
    document = parse(f"{doctype}<article><p>a &frobnicate; b &alpha;</p></article>".encode())
    assert "".join(document.root.itertext()) == "a &frobnicate; b \u03b1"
    assert any("frobnicate" in note for note in document.notes)


def test_names_inside_comments_and_cdata_are_left_alone() -> None:
    assert words("<article><!-- &alpha; --><p><![CDATA[&beta;]]>&alpha;</p></article>") == "&beta;\u03b1"


@pytest.mark.parametrize(
    "data",
    [
        '<!DOCTYPE article [<!ENTITY x "y">]><article><p>&x;</p></article>',
        '<!DOCTYPE article [<!ENTITY x "y">]><article><p a="&x;">b</p></article>',
        '<!DOCTYPE article [<!ENTITY x SYSTEM "file:///etc/hostname">]><article><p>&x;</p></article>',
        '<!DOCTYPE article [<!ENTITY x "y">]><article><p>&x; &alpha;</p></article>',
        '<!DOCTYPE article [<!ENTITY x SYSTEM "http://127.0.0.1:9/x">]><article><p>&x;</p></article>',
    ],
)
def test_entities_that_a_document_declares_are_never_expanded(data: str) -> None:
    with pytest.raises(SourceError, match="declares and uses its own entities") as caught:
        parse(data.encode())
    assert caught.value.remedy


@pytest.mark.parametrize(
    "data",
    [
        '<!DOCTYPE article [<!ENTITY x "y">]><article><p>b</p></article>',
        '<!DOCTYPE article [<!NOTATION j SYSTEM "j"><!ENTITY x SYSTEM "a.jpg" NDATA j>]><article><p>b</p></article>',
        '<!DOCTYPE article [<!ENTITY % e SYSTEM "file:///etc/hostname"> %e;]><article><p>b</p></article>',
    ],
)
def test_declarations_that_nothing_uses_do_no_harm(data: str) -> None:
    assert words(data) == "b"


def test_an_external_subset_is_not_fetched(tmp_path: Path) -> None:
    (tmp_path / "evil.dtd").write_text('<!ENTITY alpha "EVIL">')
    text = f'<!DOCTYPE article SYSTEM "{tmp_path / "evil.dtd"}"><article><p>&alpha;</p></article>'
    assert words(text) == "\u03b1"


def test_billion_laughs_end_at_once_with_a_reason() -> None:
    lines = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
    with pytest.raises(SourceError, match=r"bomb|own entities"):
        parse(f'<!DOCTYPE article [<!ENTITY l0 "ha">{lines}]><article><p>&l9;</p></article>'.encode())


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ('<?xml version="1.0" encoding="ISO-8859-1"?><a>\xe9</a>'.encode("latin-1"), "\xe9"),
        ('<?xml version="1.0" encoding="UTF-16"?><a>\xe9</a>'.encode("utf-16"), "\xe9"),
        (b"\xef\xbb\xbf<a>\xc3\xa9</a>", "\xe9"),
        ('<?xml version="1.0" encoding="ISO-8859-1"?><a>\xe9&alpha;</a>'.encode("latin-1"), "\xe9\u03b1"),
    ],
)
def test_encodings_are_read_as_declared(data: bytes, text: str) -> None:
    assert words(data) == text


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'<?xml version="1.0" encoding="utf-8"?><a>\xe9</a>', "encoding that it declares .it says utf-8"),
        (b"<a>\xe9\xe9</a>", "it says none, so UTF-8"),
        (b'<?xml version="1.0" encoding="klingon"?><a>x</a>', "klingon"),
        (b"<a><b></a>", "broken"),
        (b"<a>\x00</a>", "broken"),
        (b"", "broken"),
        (b"<a>" + b"<b>" * 400 + b"</b>" * 400 + b"</a>", "depth"),
    ],
)
def test_what_can_not_be_parsed_says_why_and_what_to_do(data: bytes, reason: str) -> None:
    with pytest.raises(SourceError, match=reason) as caught:
        parse(data)
    assert caught.value.remedy


def test_size_is_checked_before_parsing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grandrounds.sources.xml_safety.MAXIMUM_XML_BYTES", 100)
    with pytest.raises(SourceError, match="more than the 100 that are read"):
        parse(b"<a>" + b"x" * 200 + b"</a>")
