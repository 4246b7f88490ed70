"""What a feed is: pages of records, and the files of one record.

A plug-in knows one protocol and nothing else: no journal, no clock, no decision about licences. What
it hands over is checked by ``collect``, the same for all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol, runtime_checkable

from grandrounds.fingerprint import sha256_value
from grandrounds.harvest.problems import HarvestError
from grandrounds.records.parts import Identifier
from grandrounds.sources.dates import parse_iso

RETRACTS, RETRACTED_BY, CORRECTS, CORRECTED_BY, CONCERN = (
    "retracts", "retracted_by", "corrects", "corrected_by", "concern",
)  # fmt: skip
MAIN, FIGURE = "main", "figure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """Another article that a record speaks of: ``relation`` is one of the names of this module."""

    relation: str
    scheme: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRecord:
    """One record as a feed lists it, before any full text is fetched.

    ``version`` is what the feed says of its state (revision date, datestamp, etag). ``licence`` holds
    the words as stated. ``first_public`` is the first publication of any version. ``gone`` marks what
    the feed says was deleted, ``retracted`` what is withdrawn or is itself a notice of that.
    ``links`` are addresses (or, of a drop folder, names) by role: ``main``, ``figures`` and others.
    """

    feed: str
    record_id: str
    version: str = ""
    title: str = ""
    licence: str = ""
    first_public: date | None = None
    revised: date | None = None
    retracted: bool = False
    gone: bool = False
    article_type: str = ""
    language: str = ""
    identifiers: tuple[Identifier, ...] = ()
    related: tuple[Related, ...] = ()
    links: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The record as JSON types, keys in a fixed order."""
        return {
            "feed": self.feed,
            "record_id": self.record_id,
            "version": self.version,
            "title": self.title,
            "licence": self.licence,
            "first_public": self.first_public.isoformat() if self.first_public else None,
            "revised": self.revised.isoformat() if self.revised else None,
            "retracted": self.retracted,
            "gone": self.gone,
            "article_type": self.article_type,
            "language": self.language,
            "identifiers": [[i.scheme, i.value] for i in self.identifiers],
            "related": [[r.relation, r.scheme, r.value] for r in self.related],
            "links": dict(sorted(self.links.items())),
        }

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> FeedRecord:
        """The record that ``as_json`` wrote. Raises ``HarvestError`` where it is none."""
        try:
            plain = dict(said)
            for name in ("first_public", "revised"):
                plain[name] = date.fromisoformat(plain[name]) if plain.get(name) else None
            plain["identifiers"] = tuple(Identifier(scheme=s, value=v) for s, v in plain["identifiers"])
            plain["related"] = tuple(Related(relation=r, scheme=s, value=v) for r, s, v in plain["related"])
            return cls(**plain)
        except (KeyError, TypeError, ValueError) as exc:
            raise HarvestError(
                f"A record of the journal can't be read: {exc}.", remedy="Restore the journal from a copy."
            ) from exc

    def fingerprint(self) -> str:
        """What makes a version: all that the feed says but the addresses, which may carry session keys."""
        said = self.as_json()
        del said["links"]
        return sha256_value(said)[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPage:
    """Records in the order listed, and the ``cursor`` from which to go on when they are journalled.

    ``last`` marks the end of what is there now; its cursor is kept for the next harvest. ``whole``
    (with ``last``) says that the pages of this harvest listed everything that exists, so what is
    missing has gone. ``faults`` tell of entries that can't be used.
    """

    records: tuple[FeedRecord, ...]
    cursor: str = ""
    last: bool = False
    whole: bool = False
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedFile:
    """One file of a record: a bare name that is safe to write, its bytes, ``main`` or ``figure``."""

    name: str
    data: bytes
    role: str = MAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """The files of a record; exactly one is ``main``. ``notes`` tell of figures that were left out."""

    files: tuple[FetchedFile, ...]
    notes: tuple[str, ...] = ()

    @property
    def main(self) -> FetchedFile:
        """The article itself."""
        return next(file for file in self.files if file.role == MAIN)


@runtime_checkable
class Feed(Protocol):
    """A source of records. ``name`` is the one under which the journal keeps it."""

    name: str

    def pages(self, cursor: str, *, since: date | None, until: date | None) -> Iterator[FeedPage]:
        """The pages from ``cursor`` on (empty: from the start), of records changed from ``since`` to
        ``until`` (both included, where the protocol knows days). Raises ``HarvestError``.

        A page is asked for only when the one before has been journalled.
        """
        ...

    def fetch(self, record: FeedRecord) -> Fetched:
        """The files of one record. Raises ``HarvestError`` of a kind that says what is the matter."""
        ...


def day(text: Any) -> date | None:
    """The date with which ``text`` begins (``2026-11-03``, ``2026-11-03T10:00:00Z``, ``2026``)."""
    return parse_iso(text) if isinstance(text, str) else None
