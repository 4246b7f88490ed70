"""What is handed over by the process that reads books: plain values, as JSON, pictures as files beside.

They are also what is kept in the lake, so that a book that did not change is not read again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from grandrounds.textbooks.values import ReadBook, ReadMention
from grandrounds.workers.messages import sound

if TYPE_CHECKING:
    from pydantic import TypeAdapter

PICTURES = "pictures"
"""A job that looks at picture files beside a book in markup; the other jobs are named by kinds of books."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookLimits:
    """Bounds on one document and on the process that reads it.

    ``pages`` is the longest document that is read. ``seconds`` bounds the work on one document; it grows
    with its size (``seconds_for``), as pages can't be counted without opening it. ``process_bytes`` bounds
    the process's address space (0: no bound).
    """

    pages: int = 5_000
    seconds: float = 300.0
    process_bytes: int = 4 << 30

    def seconds_for(self, size: int, *, ocr: bool) -> float:
        """Seconds for a document of ``size`` bytes: the base, and one for each 100 kB (a page or two of
        text with a picture); where pages may have to be recognised, one for each 5 kB, as a scanned page
        takes seconds and has tens of kilobytes. Never more than thirty times the base."""
        per_second = 5_000 if ocr else 100_000
        return min(self.seconds + size / per_second, 30 * self.seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class BookJob:
    """Work for one process: a document, or (``PICTURES``) a few pictures. Files are spelt byte by byte
    (``spelt``); ``spool`` is the folder that pictures are handed over in."""

    kind: str
    files: tuple[str, ...]
    size: int = 0
    spool: str = ""
    ocr: bool = True
    limits: BookLimits = field(default_factory=BookLimits)

    @property
    def seconds(self) -> float:
        """How long it may take."""
        return self.limits.seconds_for(self.size, ocr=self.ocr and self.kind == "pdf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """The panels of a picture, cut into ``count``: boxes in pixels, row by row."""

    count: int
    boxes: tuple[tuple[int, int, int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenPicture:
    """A picture that was looked at: hash, type, sides in pixels, perceptual hash; or why it isn't taken
    (``refusal``). ``cells`` are its panels, for each number of panels that it may have (markup only).
    ``spool`` is the file that it was handed over in."""

    sha256: str = ""
    mime: str = ""
    width: int | None = None
    height: int | None = None
    perceptual_hash: str = ""
    cells: tuple[Cells, ...] = ()
    refusal: str = ""
    spool: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outward:
    """A mention of a figure in another module of a collection."""

    module: str
    target: str
    mention: ReadMention


@dataclass(frozen=True, slots=True, kw_only=True)
class ModulePlace:
    """A module of a collection and the titles above it."""

    module: str
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an article says of itself beyond what a book does (``sources.article.Article``)."""

    licence: str
    licence_evidence: str
    citation: str
    journal: str | None = None
    article_type: str | None = None
    published_origin: str = ""
    protected: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BookReading:
    """What became of one document: a ``book`` without the bytes of its pictures, or a ``failure``.

    ``pictures`` are those of ``book.figures`` in the same order (an empty one: none, or not yet looked
    for). ``module``, ``ids``, ``outward`` and ``places`` are what CNXML knows. ``lasting`` is false where
    the same bytes might end otherwise next time (time, memory, rights).
    """

    sha256: str = ""
    book: ReadBook | None = None
    pictures: tuple[SeenPicture, ...] = ()
    told: Told | None = None
    module: str = ""
    ids: tuple[str, ...] = ()
    outward: tuple[Outward, ...] = ()
    places: tuple[ModulePlace, ...] = ()
    failure: str = ""
    lasting: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a worker answers: a reading, or the pictures that it looked at."""

    reading: BookReading | None = None
    pictures: tuple[SeenPicture, ...] = ()


def dump_job(job: BookJob) -> bytes:
    """A job as JSON."""
    return bytes(_codec(BookJob).dump_json(job))


def load_job(data: bytes) -> BookJob:
    """The job that JSON holds. Raises pydantic's ``ValidationError`` for what is none."""
    job: BookJob = _codec(BookJob).validate_json(data)
    return job


def dump_answer(answer: Answer) -> bytes:
    """An answer as JSON."""
    return bytes(_codec(Answer).dump_json(sound(answer)))


def load_answer(data: bytes) -> Answer:
    """The answer that JSON holds. Raises pydantic's ``ValidationError`` for what is none."""
    answer: Answer = _codec(Answer).validate_json(data)
    return answer


def prepare_messages() -> None:
    """Make what messages are checked by, which takes as long as reading a short chapter."""
    _codec(BookJob)
    _codec(Answer)


@cache
def _codec(kind: type[Any]) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)
