"""The small values that rows of several tables share: spans, locators, evidence, media, labels.

All are frozen; all fields are JSON-able or dates, so a row round-trips through Arrow and Parquet.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Half-open range ``[start, end)`` of characters (Unicode code points) in a stored text."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"a span needs 0 <= start <= end, got [{self.start}, {self.end})")

    def contains(self, other: Span) -> bool:
        """Whether ``other`` lies wholly inside this span."""
        return self.start <= other.start and other.end <= self.end

    def of(self, text: str) -> str:
        """The characters of ``text`` that this span covers."""
        return text[self.start : self.end]


@dataclass(frozen=True, slots=True, kw_only=True)
class Locator:
    """Where exactly a piece of evidence is, in the coordinates of its kind.

    ``char_span``: ``start``/``end`` in code points of the stored text of the source.
    ``page_box``: ``page`` (1-based) and ``box`` (x0, y0, x1, y1) in PDF points, origin top left.
    ``voxel_box``: ``sop_instance_uid``, ``slice_index`` (0-based) and ``box`` (half-open, z y x z y x).
    ``time_range``: ``start_seconds``/``end_seconds`` of presentation time, ``frame`` (0-based),
    ``box`` crop in pixels.
    """

    kind: str
    start: int | None = None
    end: int | None = None
    page: int | None = None
    box: tuple[float, ...] = ()
    sop_instance_uid: str | None = None
    slice_index: int | None = None
    start_seconds: float | None = None
    end_seconds: float | None = None
    frame: int | None = None

    @classmethod
    def chars(cls, span: Span) -> Locator:
        """The locator of a character span."""
        return cls(kind="char_span", start=span.start, end=span.end)

    @property
    def span(self) -> Span | None:
        """The character span, when this locator is one."""
        if self.kind != "char_span" or self.start is None or self.end is None:
            return None
        return Span(start=self.start, end=self.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One thing an item rests on: a verbatim quote and where it stands.

    ``role`` says for what: ``stem`` (the solver sees it), ``answer`` (shows that the answer is
    right; the solver does not see it) or ``support`` (the rationale leans on it; must be visible).
    """

    role: str
    source_id: str
    case_id: str
    quote: str
    locator: Locator


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A picture, volume or clip of an item; the bytes are in the lake under ``sha256``."""

    sha256: str
    kind: str
    mime: str
    name: str
    label: str = ""
    caption: str = ""
    locator: Locator | None = None
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A path in a taxonomy (``scheme``), broadest first, with a code where the scheme has codes."""

    scheme: str
    path: tuple[str, ...]
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionOrigin:
    """Where one option came from: another ``case``, the ``terminology``, a ``model``, a ``reviewer``
    who edited it, or the ``answer``."""

    option: str
    origin: str
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    """A public identifier of a source: ``pmcid``, ``doi``, ``pmid``, ``publisher-id`` ..."""

    scheme: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """A quality remark that does not reject: which gate made it and what it saw."""

    flag: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """One model's answer to one item, with its evidence or ``blind``; ``n`` is the repeat, from 1."""

    model: str
    version: str
    blind: bool
    n: int = 1
    answer: str
    correct: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorship:
    """Who wrote an item and with what: enough to make the same request again.

    ``author`` is ``rule`` or ``model``; a rule-made item is never passed off as a model's.
    The request ids are keys of the ledger; the prompt hashes are of the rendered templates' sources.
    """

    author: str
    author_version: str
    model: str | None = None
    draft_prompt_sha256: str | None = None
    draft_request_id: str | None = None
    revise_prompt_sha256: str | None = None
    revise_request_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewSummary:
    """What reviewers decided, in numbers. ``status`` is ``not-reviewed`` in a preview."""

    status: str
    readers: int = 0
    accepted: int = 0
    rejected: int = 0
    edited: int = 0
    adjudicated: bool = False
    reviewers: tuple[str, ...] = field(default=())
