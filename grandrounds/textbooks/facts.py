"""What a book says of itself on its pages: title, identifiers, date, licence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date

from grandrounds.records.parts import Identifier
from grandrounds.textbooks.layout import joined_lines
from grandrounds.textbooks.mending import clean
from grandrounds.textbooks.pages import Page

_DOI = re.compile(r"\b10\.\d{4,9}/[^\s\"<>,;]+[^\s\"<>,;.)\]]", re.IGNORECASE)
_ISBN = re.compile(
    r"\bISBN(?:-1[03])?:?\s*((?:97[89][\s\u2010-]?)?(?:\d[\s\u2010-]?){9}[\dXx])\b", re.IGNORECASE
)
_NO_TITLE = re.compile(
    r"^(?:untitled|microsoft \w+\s*-?.*|.*\.(?:docx?|pdf|indd|tex|dvi|qxd|pptx?|fm|html?|xps|ps)|"
    r"slide \d+|powerpoint.*|\W*|document\d*|"
    r"[\w-]*\d{5,}[\w-]*(?: \d+\.\.\d+)?)$",
    re.IGNORECASE,
)
_LICENCE = re.compile(
    r"creative\s*commons|\bCC[\s-]?(?:BY|0)\b|public domain|open[\s-]access article|"
    r"reproduced without permission|"
    r"freely (?:redistribut|reproduc|copied)|not subject to copyright|open government licen|"
    r"free documentation licen|"
    r"licen[sc]ed? under|under the terms of",
    re.IGNORECASE,
)
_QUICK = re.compile(
    r"(?i)ommons|licen[sc]|CC[ -]?BY|domain|permission|access article|redistribut|copyright"
)
_SIGNS = (
    "ommons",
    "licen",
    "cc by",
    "cc-by",
    "domain",
    "permission",
    "access article",
    "redistribut",
    "copyright",
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z©\"“(])")
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
_MONTH = r"(?P<month>[A-Z][a-z]{2,8})\.?"
_PUBLISHED = re.compile(
    rf"\b(?:published(?: online| on| in)?|publication date|issued|issue date|online)\b\s*(?:online)?:?\s*(?:\(?\s*)?"  # noqa: E501
    rf"(?:(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+)?{_MONTH}\s*"
    rf"(?:(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?,?\s+)?(?P<year>(?:19|20)\d\d)\b",
    re.IGNORECASE,
)
_PUBLISHED_ISO = re.compile(
    r"\bpublished(?: online)?:?\s*(?P<year>(?:19|20)\d\d)-(?P<month>\d\d)(?:-(?P<day>\d\d))?", re.IGNORECASE
)
_COPYRIGHT = re.compile(
    r"(?:©|\(c\)|copyright)\s*(?:copyright\s*)?(?:©\s*)?(?P<year>(?:19|20)\d\d)\b", re.IGNORECASE
)
_LONGEST_LICENCE = 1500
_TITLE_SIZE = 12.5


def title_of(metadata: str, pages: Sequence[Page]) -> str:
    """The title that the file states, else the largest lines of its first page."""
    said = clean(metadata)
    if said and not _NO_TITLE.match(said) and len(said) > 3:
        return said[:400]
    for page in pages[:2]:
        lines = [line for line in joined_lines(page.lines) if not line.sideways and len(line.text) > 2]
        if not lines:
            continue
        long = [line for line in lines if line.text.count(" ") >= 2 and line.size > _TITLE_SIZE]
        lines = long or lines  # the largest word of a page may be a journal's name
        largest = max(line.size for line in lines)
        font = max(
            (line for line in lines if line.size > largest - 0.4), key=lambda line: len(line.text)
        ).font
        picked: list[str] = []
        for line in lines:
            if line.size > largest - 0.4 and line.font == font:
                picked.append(line.text)
            elif picked:
                break
        title = clean(" ".join(picked))
        if 3 < len(title) <= 400 and any(char.isalpha() for char in title):
            return title
    return ""


def authors_of(metadata: str) -> tuple[str, ...]:
    """The authors that the file's metadata states."""
    said = clean(metadata)
    if not said or len(said) > 2000:
        return ()
    pieces = re.split(r"\s*;\s*|\s+and\s+|\s*&\s*", said)
    if len(pieces) == 1 and said.count(",") != 1:
        pieces = re.split(r"\s*,\s*", said)
    return tuple(piece[:200] for piece in pieces if any(char.isalpha() for char in piece))[:60]


def identifiers_of(metadata: Iterable[str], first_pages: str) -> tuple[Identifier, ...]:
    """DOI and ISBN: of the metadata, else the first on the first pages (later ones are references)."""
    found: list[Identifier] = []
    for text in (*metadata, first_pages):
        doi = _DOI.search(text)
        if doi and not any(one.scheme == "doi" for one in found):
            found.append(Identifier(scheme="doi", value=doi.group().rstrip(".")))
        isbn = _ISBN.search(text)
        if isbn and not any(one.scheme == "isbn" for one in found):
            value = re.sub(r"[^\dXx]", "", isbn.group(1)).upper()
            if _isbn_holds(value):
                found.append(Identifier(scheme="isbn", value=value))
    return tuple(found)


def published_on(text: str) -> date | None:
    """The day of publication that ``text`` states; the first of the month or year where it says no more."""
    match = _PUBLISHED.search(text)
    if match:
        month = next(
            (
                n
                for n, name in enumerate(_MONTHS, 1)
                if name.startswith(match.group("month").casefold()[:3])
            ),
            None,
        )
        if month:
            return _date(
                int(match.group("year")), month, int(match.group("day") or match.group("day2") or 1)
            )
    match = _PUBLISHED_ISO.search(text)
    if match:
        return _date(int(match.group("year")), int(match.group("month")), int(match.group("day") or 1))
    years = [int(match.group("year")) for match in _COPYRIGHT.finditer(text)]
    return _date(max(years), 1, 1) if years else None


def licence_words(pages: Iterable[Page]) -> str:
    """The sentences of a document that state a licence, each once, in their order."""
    found: dict[str, None] = {}
    for page in pages:
        text = "\n".join([line.text for line in page.lines]).casefold()
        if not any(sign in text for sign in _SIGNS):
            continue
        for number, line in enumerate(page.lines):
            if not _QUICK.search(line.text):
                continue
            around = page.lines[max(0, number - 3) : number + 6]
            text = clean(" ".join(one.text for one in around if abs(one.size - line.size) < 0.6))
            for sentence in _SENTENCE.split(text):
                if _LICENCE.search(sentence) and len(sentence) > 20:
                    found.setdefault(sentence, None)
        if sum(map(len, found)) > _LONGEST_LICENCE:
            break
    kept = [one for one in found if not any(one != other and one in other for other in found)]
    return " ".join(kept)[:_LONGEST_LICENCE]


def _isbn_holds(value: str) -> bool:
    """The check digit of ISBN-10 and ISBN-13 (ISO 2108)."""
    if len(value) == 13 and value.isdigit():
        return sum(int(digit) * (1 + 2 * (place % 2)) for place, digit in enumerate(value)) % 10 == 0
    if len(value) == 10 and value[:9].isdigit():
        return (
            sum((10 if digit == "X" else int(digit)) * (10 - place) for place, digit in enumerate(value))
            % 11
            == 0
        )
    return False


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
