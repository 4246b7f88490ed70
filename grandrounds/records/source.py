"""One row of the ``sources`` table: a file that was found, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from grandrounds.records.parts import Identifier
from grandrounds.records.statuses import DUPLICATE, FAILED, PASSED_BY, READ


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file of a source folder.

    ``status``: ``read``; ``failed`` (its kind was wanted but it can't be read: ``reason`` says
    why); ``duplicate`` (same bytes as another file, named in ``reason``); ``passed_by`` (a kind
    that the recipe doesn't need, counted and left alone; its bytes are not hashed).
    ``path`` is relative to the source folder, with ``/``. ``licence`` is an SPDX id or ``unknown``;
    ``licence_origin`` is ``sources.yaml``, ``document`` (the file itself), ``SOURCES.md`` (a note beside
    it), ``licence file`` (a licence's text beside it) or ``none``.
    """

    source_id: str
    path: str
    kind: str
    status: str
    reason: str = ""
    bytes: int
    sha256: str | None = None
    reader: str | None = None
    reader_version: str | None = None
    title: str | None = None
    licence: str = "unknown"
    licence_evidence: str = ""
    licence_origin: str = "none"
    citation: str = ""
    identifiers: tuple[Identifier, ...] = ()
    journal: str | None = None
    article_type: str | None = None
    language: str | None = None
    published: date | None = None
    published_origin: str = ""
    group_id: str | None = None
    protected: bool = False
    notes: tuple[str, ...] = ()


__all__ = ["DUPLICATE", "FAILED", "PASSED_BY", "READ", "Source"]
