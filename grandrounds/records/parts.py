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
    ``voxel_box``: ``slice_axis`` (0 i, 1 j, 2 k), ``slice_index`` (0-based), the ``sop_instance_uid`` of
    that slice where it came from DICOM, and ``box`` (half-open: start i, j, k, stop i, j, k). Indices are
    those of the canonical RAS+ array.
    ``time_range``: ``start_seconds``/``end_seconds`` of presentation time, ``frame`` (0-based),
    ``box`` crop in pixels.
    """

    kind: str
    start: int | None = None
    end: int | None = None
    page: int | None = None
    box: tuple[float, ...] = ()
    sop_instance_uid: str | None = None
    slice_axis: int | None = None
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
    evidence_id: str
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
class StructureBox:
    """A structure of a volume and its box.

    ``role``: ``asked`` (the question is about it), ``answer`` (it shows that the answer is right),
    ``option`` (a wrong option names it) or ``shown`` (drawn for orientation). ``voxels`` is half-open
    (start i, j, k, stop i, j, k in the canonical RAS+ array), ``millimetres`` the same box in world
    coordinates (smallest x, y, z, largest x, y, z, RAS), outer face to outer face. ``origin`` says who drew
    the mask that the box is of: ``manual``, ``predicted`` or ``unknown``.
    """

    role: str
    structure_id: str
    name: str
    label: int
    mask_sha256: str
    origin: str
    voxels: tuple[int, ...]
    millimetres: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredValue:
    """A measurement that an item rests on: a number (or a word), its unit, and how far it can be trusted.

    ``status`` and ``reason`` are those of ``measure.measurement``; ``source`` is where the formula is from.
    """

    measurement_id: str
    name: str
    structures: tuple[str, ...] = ()
    number: float | None = None
    word: str = ""
    unit: str
    status: str
    reason: str = ""
    uncertainty: float | None = None
    method: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainStep:
    """One step from a criterion to a finding (``measure.criteria``): its kind, its words, its value."""

    kind: str
    words: str
    number: float | None = None
    word: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One question of an item that is asked in stages, before the item's own question.

    ``stage`` is the kind of the chain's step that it asks for. ``answer_index`` is 0-based into
    ``options``.
    """

    stage: str
    question: str
    options: tuple[str, ...]
    answer: str
    answer_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One thing that a marker looks for in an answer, and what it rests on.

    ``axis`` is accuracy, completeness, safety, context or communication. ``points`` are -10 to 10 and not
    0: above 0 for what a good answer says, below 0 for what would be wrong or dangerous by the report
    itself. ``kind`` says how it is said: ``diagnosis`` (named), ``finding`` (pointed to),
    ``investigation``, ``treatment`` and ``follow_up`` (advised), ``warning`` (told of), ``explanation``
    (told the patient); below 0 ``wrong_diagnosis`` (settled on), ``wrong_advice`` (given) and ``delay``
    (of what is urgent). ``terms`` are what an answer has to say for it, each in its own words or others of
    the same meaning (``one|other`` are two ways to say one term). ``rule`` names the rule that made it;
    empty where a model did. ``evidence`` are the quotes of the case or its outcome that it rests on.
    """

    criterion_id: str
    text: str
    axis: str
    points: int
    kind: str
    terms: tuple[str, ...]
    rule: str = ""
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """A finding that the solver is told only when it asks.

    ``topic`` is the kind of finding (``examination``, ``laboratory`` ...), ``cues`` the words that count as
    asking for it, ``text`` what is then told, and ``span`` where that stands in the stored text.
    """

    topic: str
    cues: tuple[str, ...]
    text: str
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A path in a taxonomy (``scheme``), broadest first, with a code where the scheme has codes."""

    scheme: str
    path: tuple[str, ...]
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionOrigin:
    """Where one option came from: another ``case``, the ``terminology``, a ``model``, a ``reviewer``
    who edited it, the same ``study`` (another structure, level, side or slice), the ``criterion``
    (another of its findings), the same ``clip`` (another frame, pair, order, number or step), or the
    ``answer``."""

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
    """One model's answer to one item: with its evidence, ``blind``, or with ``one_frame`` of several alone.

    ``n`` is the repeat, from 1.
    """

    model: str
    version: str
    blind: bool
    one_frame: bool = False
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


UNREAD = "unread"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewSummary:
    """What reviewers decided, in numbers. ``status`` is ``not-reviewed`` in a preview, ``unread`` for what
    a policy that samples took without a reader."""

    status: str
    readers: int = 0
    accepted: int = 0
    rejected: int = 0
    edited: int = 0
    adjudicated: bool = False
    reviewers: tuple[str, ...] = field(default=())
