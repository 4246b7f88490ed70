"""Kinds of text files: JATS and other XML, JSON, tables, case reports in Markdown or plain text."""

from __future__ import annotations

import codecs
import csv
import re

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_PROLOG = re.compile(
    r"\s+|<\?.*?\?>|<!--.*?-->"
    r"|<!DOCTYPE(?:[^>\[\"']|\"[^\"]*\"|'[^']*')*+"
    r"(?:>|\[(?:[^\]\"']|\"[^\"]*\"|'[^']*')*+\]\s*>|\[.*?\]\s*>)",
    re.DOTALL,
)
_ROOT = re.compile(r"<(?:([A-Za-z_][\w.-]*):)?([A-Za-z_][\w.-]*)")
# An `article` of another vocabulary: DocBook, HTML, Elsevier's own.
_NOT_JATS = re.compile(
    r"docbook|//OASIS//|journal article dtd|//ES//DTD|elsevier\.com/xml/ja|<(?:h[1-6]|div|span|html)[\s>]"
    r"|<article[^>]*\s(?:class|role|itemscope)\s*=",
    re.IGNORECASE,
)
_CASE_HEAD = re.compile(
    r"^kind\s*:\s*[\"']?case[ _-]?report[\"']?\s*(?:#.*)?$", re.MULTILINE | re.IGNORECASE
)
_HTML_PIECE = re.compile(r"^\s*<(?:body|div|head|h[1-6]|p)\b", re.IGNORECASE)
_HTML_DOCUMENT = re.compile(r"<(?:!doctype\s+html|html)\b", re.IGNORECASE)
_CNX = re.compile(r"cnx\.rice\.edu/(?:cnxml|collxml)\b")
_JSON = re.compile(r"""^\s*(?:\{\s*(?:"|\})|\[\s*(?:["\[{\]]|-?\d|true|false|null))""")
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_SUBTITLES = re.compile(r"^\ufeff?WEBVTT|^\d\d:\d\d:\d\d[,.]\d{3} --> ", re.MULTILINE)
# Headings of a case report on a line of their own, numbered or not, as Markdown or plain.
_HEADING = (
    r"^[ \t]*(?:#{{1,4}}[ \t]*)?(?:\d{{1,2}}(?:\.\d{{1,2}})*[.)]?[ \t]+)?"
    r"(?:\*\*)?(?:{})(?:\*\*)?[ \t]*:?[ \t]*$"
)
_CASE_HEADING = re.compile(
    _HEADING.format(
        r"(?:clinical )?case (?:presentation|report|description|summary|history)s?"
        r"|presentation of (?:the )?case|patient presentation"
        r"|history of present(?:ing)? (?:illness|complaint)|case (?:no\. ?)?\d"
    ),
    re.MULTILINE | re.IGNORECASE,
)
_OTHER_HEADING = re.compile(
    _HEADING.format(
        r"abstract|summary|introduction|background|discussion|conclusions?|diagnosis|differential diagnosis"
        r"|treatment|management|outcome|follow[- ]?up(?: and outcomes?)?|(?:physical )?examination"
        r"|investigations?|laboratory findings|imaging|comments?"
    ),
    re.MULTILINE | re.IGNORECASE,
)
_PATIENT = re.compile(
    r"\b\d{1,3}[- ](?:year|month|week|day)s?[- ]old\b|\baged? \d{1,3}\b|\bthe patient\b"
    r"|\b(?:man|woman|boy|girl|infant|neonate) (?:presented|was admitted|was referred)\b",
    re.IGNORECASE,
)


def recognise_text(head: bytes, *, whole: bool) -> str | None:
    """The kind of a text file that begins with ``head``; ``None`` when it is no text."""
    text = decode_head(head, whole=whole)
    if text is None:
        return None
    stripped = text.lstrip("\ufeff \t\r\n")
    if stripped.startswith("<"):
        return recognise_markup(stripped)
    if _CONTROLS.search(text):
        return None
    if text.lstrip("\ufeff").startswith("---") and _CASE_HEAD.search(_front(stripped)):
        return "case_markdown"
    if _JSON.match(stripped):
        return "json"
    if is_case_text(text):
        return "case_text"
    return "table" if _is_table(text, whole=whole) else "text"


def recognise_markup(text: str) -> str:
    """The kind of a text that begins with ``<``: ``jats``, ``cnxml``, ``cnxml_collection``, ``html``,
    ``xml``, or ``text`` (a piece of HTML).

    A file whose opening tag says ``article`` is taken for JATS even when garbage follows: it was
    meant to be one, so it has to fail with a reason instead of being passed by.
    """
    if _HTML_PIECE.match(text):
        return "text"
    position = 0
    while True:
        if _HTML_DOCUMENT.match(text, position):
            return "html"
        match = _PROLOG.match(text, position)
        if match is None or match.end() == position:
            break
        position = match.end()
    root = _ROOT.match(text, position)
    if root is None:
        return (
            "jats"
            if re.match(r"<!DOCTYPE\s+article\b", text[position:]) and not _NOT_JATS.search(text)
            else "xml"
        )
    name = root.group(2)
    if name in ("document", "collection") and _CNX.search(text, position, position + 4000):
        return "cnxml" if name == "document" else "cnxml_collection"
    if name == "article":
        return "xml" if _NOT_JATS.search(text) else "jats"
    if name == "pmc-articleset":
        return "jats"
    wrapped = name in ("OAI-PMH", "record", "records", "GetRecord", "articles", "responseWrapper")
    if wrapped and re.search(r"<(?:\w+:)?article[\s>]", text[position:]) and not _NOT_JATS.search(text):
        return "jats"
    return "xml"


def is_case_text(text: str) -> bool:
    """Whether plain text is a case report: a case heading, another heading, and a patient.

    Conservative: subtitles, read-me files and OCR text without headings are not taken for one.
    """
    if _SUBTITLES.search(text):
        return False
    return bool(_CASE_HEADING.search(text) and _OTHER_HEADING.search(text) and _PATIENT.search(text))


def decode_head(head: bytes, *, whole: bool) -> str | None:
    """The text of the head, or ``None`` when its bytes are no text of a common encoding."""
    for bom, encoding in _BOMS:
        if head.startswith(bom):
            return head.decode(encoding, errors="ignore")
    if head[:4] in (b"<\x00?\x00", b"<\x00a\x00", b"<\x00!\x00"):
        return head.decode("utf-16-le", errors="ignore")
    if head[:4] in (b"\x00<\x00?", b"\x00<\x00a", b"\x00<\x00!"):
        return head.decode("utf-16-be", errors="ignore")
    try:
        # The head may end inside a character.
        return codecs.getincrementaldecoder("utf-8")().decode(head, final=whole)
    except UnicodeDecodeError:
        pass
    text = head.decode("latin-1")
    # Broken XML must still be seen as XML; other bytes count as text only without controls.
    return text if text.lstrip().startswith("<") or not _CONTROLS.search(text) else None


def _front(text: str) -> str:
    """The YAML head between the first two ``---`` lines (all of the text when it never ends)."""
    end = re.search(r"^(?:---|\.\.\.)\s*$", text[3:], re.MULTILINE)
    return text[3 : 3 + end.start()] if end else text


def _is_table(text: str, *, whole: bool) -> bool:
    lines = text.splitlines() if whole else text.splitlines()[:-1]
    sample = [line for line in lines[:20] if line.strip()]
    if len(sample) < 2:
        return False
    for delimiter in "\t,;|":
        try:
            widths = {len(row) for row in csv.reader(sample, delimiter=delimiter)}
        except csv.Error:
            continue
        if len(widths) == 1 and widths.pop() > 1:
            return True
    return False
