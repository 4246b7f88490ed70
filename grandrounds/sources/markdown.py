"""Case reports as Markdown with a YAML head, or as plain text with headings.

The head stands between two lines ``---`` at the very beginning of the file::

    ---
    kind: case_report              # required: says that the file is a case report
    title: A fictional case        # else the first level-one heading
    licence: CC-BY-4.0             # SPDX id, "CC BY 4.0" or a licence link; else unknown
    published: 2025-11-03          # ISO date (a year or a month will do)
    language: en
    journal: Fictional Cases
    article_type: case-report
    group: patient-7               # what splits must not cut; else worked out from ids and title
    protected: false               # true: evidence may go to local models only
    citation: Author A. A fictional case. 2025.
    authors: [Doe J, Roe R]        # used for the citation where that is not given
    keywords: [fever, rash]
    identifiers: {doi: 10.1234/abcd, pmcid: PMC1234567}
    abbreviations: {ECG: electrocardiogram}
    figures:
      - file: chest.png            # a name beside the file; it is looked up, never a path to open
        label: Figure 1
        caption: Chest radiograph on admission.
    ---

Unknown keys are errors. In the body, ``#`` to ``####`` headings make sections; where the head gives
no title, a first ``#`` heading that names no section is the title. ``![caption](file.png)`` is a
figure, a pipe table is a table, and lists keep their items. Emphasis, links, comments and raw HTML
tags lose their markup, not their words. Plain text has headings on lines of their own
("Case presentation", "DISCUSSION:", "2. Discussion").
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from grandrounds.errors import SourceError
from grandrounds.records.parts import Identifier
from grandrounds.sources import abbreviations, languages, mentions, safe_yaml
from grandrounds.sources.article import Article
from grandrounds.sources.assembly import FigurePart, assemble
from grandrounds.sources.dates import parse_iso
from grandrounds.sources.identity import cite, clean_doi, clean_pmcid
from grandrounds.sources.licences import from_name
from grandrounds.sources.markdown_body import Body, read_body

MAXIMUM_BYTES = 1024 * 1024
"""Largest text file that is read as a case report."""

_FENCE = re.compile(r"^(?:---|\.\.\.)[ \t]*$", re.MULTILINE)
_ENCODINGS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HeadFigure(_Strict):
    """One figure of the head."""

    file: str = Field(min_length=1)
    label: str = ""
    caption: str = ""


class Head(_Strict):
    """The YAML head of a Markdown case report."""

    kind: str
    title: str = ""
    licence: str = ""
    published: date | None = None
    language: str | None = None
    journal: str | None = None
    article_type: str | None = None
    group: str = ""
    protected: bool = False
    citation: str = ""
    authors: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    identifiers: Mapping[str, str] = Field(default_factory=dict)
    abbreviations: Mapping[str, str] = Field(default_factory=dict)
    figures: tuple[HeadFigure, ...] = ()

    @field_validator("published", mode="before")
    @classmethod
    def _lenient_date(cls, value: Any) -> Any:
        if isinstance(value, (str, int)) and not isinstance(value, bool):
            return parse_iso(str(value)) or value
        return value

    @field_validator("identifiers", "abbreviations", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        return {str(key): str(item) for key, item in value.items()} if isinstance(value, dict) else value


def read_markdown(data: bytes) -> Article:
    """The article of a Markdown file with a YAML head.

    Raises ``SourceError`` naming the wrong key, or what else is wrong with the head or body.
    """
    head, body_text = _split(_lines(decode(data)))
    body = read_body(body_text, title=head.title)
    return _article(head, body)


def read_plain_text(data: bytes) -> Article:
    """The article of a plain text (or headless Markdown) case report. Raises ``SourceError``."""
    body = read_body(_lines(decode(data)), title="")
    return _article(Head(kind="case_report"), body)


def decode(data: bytes) -> str:
    """The text of ``data``: UTF-8, or UTF-16 with its mark, else Windows-1252. Raises ``SourceError``."""
    if len(data) > MAXIMUM_BYTES:
        raise SourceError(
            f"The text has {len(data):,} bytes, more than the {MAXIMUM_BYTES:,} that are read.",
            remedy="Split it into single case reports.",
        )
    for bom, encoding in _ENCODINGS:
        if data.startswith(bom):
            return data.decode(encoding, errors="replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as exc:
        try:
            return data.decode("cp1252")
        except UnicodeDecodeError:
            raise SourceError(f"The text is not UTF-8: {exc}.", remedy="Save it as UTF-8.") from exc


def _lines(text: str) -> str:
    """``text`` with one kind of line end, whatever machine it was written on."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _split(text: str) -> tuple[Head, str]:
    bare = text.lstrip("\ufeff")
    opening = _FENCE.match(bare)
    closing = _FENCE.search(bare, opening.end()) if opening else None
    if opening is None or closing is None:
        raise SourceError(
            "The YAML head has no end.",
            remedy="Close it with a line of three dashes (---) before the text.",
        )
    return parse_head(bare[opening.end() : closing.start()]), bare[closing.end() :]


def parse_head(source: str) -> Head:
    """The head that a YAML text holds. Raises ``SourceError`` naming the key or line."""
    try:
        document = safe_yaml.load(source)
    except safe_yaml.YamlError as exc:
        raise SourceError(
            f"The YAML head can't be read: {exc}.", remedy="Quote values that hold ': '."
        ) from exc
    if not isinstance(document, dict):
        raise SourceError(
            "The YAML head is no list of `key: value` lines.", remedy="See the head's format."
        )
    try:
        head = Head.model_validate(document)
    except ValidationError as exc:
        raise SourceError(f"The head is wrong: {safe_yaml.explain(exc)}.", remedy=_known_keys()) from exc
    return head


def _known_keys() -> str:
    return f"Known keys: {', '.join(Head.model_fields)}."


def _article(head: Head, body: Body) -> Article:
    notes: list[str] = []
    figures = [
        FigurePart(figure_id=part.figure_id, label=part.label, graphics=part.graphics)
        for part in body.figures
    ]
    passages = list(body.passages)
    places = {name: position for position, part in enumerate(figures) for name in part.graphics}
    for given in head.figures:
        known = places.get(given.file)
        if known is None:
            part, caption = body.head_figure(given.file, label=given.label, caption=given.caption)
            figures.append(part)
            passages += caption
        elif given.label:
            figures[known] = FigurePart(
                figure_id=figures[known].figure_id, label=given.label, graphics=figures[known].graphics
            )
    numbers = [mentions.label_number(figure.label) or "" for figure in figures]
    if all(number.isdigit() for number in numbers):
        figures = [
            figure for _, figure in sorted(zip(map(int, numbers), figures, strict=True), key=lambda p: p[0])
        ]
    made = assemble(body.ordered(passages), figures=figures, tables=body.tables)
    title = body.title
    if not title:
        notes.append("The case has no title.")
    licence = from_name(head.licence)
    if head.licence and licence.spdx == "unknown" and head.licence.strip().casefold() != "unknown":
        notes.append(f"The licence {head.licence[:60]!r} is not understood.")
    identifiers = _identifiers(head.identifiers, notes)
    return Article(
        title=title or "(untitled)",
        text=made.stored.text,
        sections=made.stored.sections,
        marks=made.stored.marks,
        figures=made.figures,
        tables=made.tables,
        case_count=made.case_count,
        keywords=head.keywords,
        abbreviations=abbreviations.merge(
            head.abbreviations.items(), abbreviations.find_definitions(made.stored.text)
        ),
        language=languages.decide(head.language, made.stored.text, notes, default="und"),
        licence=licence.spdx,
        licence_evidence=licence.evidence,
        identifiers=identifiers,
        journal=head.journal,
        article_type=head.article_type,
        published=head.published,
        published_origin="head" if head.published else "",
        citation=head.citation
        or cite(
            authors=head.authors,
            title=title,
            journal=head.journal,
            published=head.published,
            identifiers=identifiers,
        ),
        group=head.group,
        protected=head.protected,
        notes=tuple(notes),
    )


def _identifiers(given: Mapping[str, str], notes: list[str]) -> tuple[Identifier, ...]:
    found = []
    for scheme, value in given.items():
        clean = {"doi": clean_doi, "pmcid": clean_pmcid}.get(scheme, str.strip)(value)
        if clean:
            found.append(Identifier(scheme=scheme, value=clean))
        else:
            notes.append(f"The {scheme} {value[:60]!r} is none.")
    return tuple(found)
