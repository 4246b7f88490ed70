"""The note of a week: all that its page tells, as numbers and short lists, in one JSON file beside the
page.

The page, the index and the feed are made from notes alone, so they can be made again at any time, and a
page can tell what the weeks before it were like. A note holds at most ``MOST`` entries of any list.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from grandrounds.errors import GrandRoundsError

FORMAT: Literal["grandrounds-week/1"] = "grandrounds-week/1"
MOST = 100
_LARGEST = 16 * 1024 * 1024


class WeeklyReportError(GrandRoundsError):
    """A weekly report can't be written, or a note of one can't be read."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Counted(_Part):
    """How many of one name."""

    name: str
    count: int


class RecordNote(_Part):
    """A record worth naming. ``days`` lay between its first publication and the harvest."""

    feed: str
    record_id: str
    title: str
    words: str
    licence: str
    days: int | None


class FeedNote(_Part):
    """What one feed brought."""

    feed: str
    taken: int
    refused: int
    later: int
    revised: int
    retracted: int
    late: int
    finished: bool
    trouble: str

    @property
    def came(self) -> int:
        """All versions of records that it listed."""
        return self.taken + self.refused + self.later


class ArrivalNote(_Part):
    """What all feeds brought. The lists hold the first ``MOST`` of each kind."""

    feeds: tuple[FeedNote, ...]
    refusals: tuple[Counted, ...]
    retracted: tuple[RecordNote, ...]
    revised: tuple[RecordNote, ...]
    late: tuple[RecordNote, ...]
    taken: tuple[RecordNote, ...]

    def total(self, what: str) -> int:
        """The sum of a column over the feeds."""
        return sum(int(getattr(feed, what)) for feed in self.feeds)


class StepNote(_Part):
    """An arrow of the funnel. ``others`` of the refused are files of kinds that nobody asked for."""

    step: str
    unit: str
    entered: int
    left: int
    refused: tuple[Counted, ...]
    others: int

    @property
    def fell(self) -> int:
        """What was refused, without files of other kinds."""
        return self.entered - self.left - self.others


class SplitNote(_Part):
    """Items of one task by split, and how many of them are new."""

    task: str
    train: int
    dev: int
    test: int
    new: int


class LabelNote(_Part):
    """Items under one label, and how many of them are new."""

    scheme: str
    label: str
    items: int
    new: int


class AgeNote(_Part):
    """How old items are, in days. ``bins`` are (items that were there before, new ones), as in
    ``ages.BINS``."""

    bins: tuple[tuple[int, int], ...]
    dated: int
    undated: int
    ahead: int
    median: float | None
    median_new: float | None
    youngest: int | None
    oldest: int | None


class RetiredNote(_Part):
    """An item that was retired; ``days`` it was available."""

    item_id: str
    task: str
    reason: str
    words: str
    days: int | None


class AgreementNote(_Part):
    """Agreement of readers; see ``values.AgreementFact``."""

    items: int
    percent: float | None
    ac1: float | None
    low: float | None
    high: float | None


class LoadNote(_Part):
    """What a reader did."""

    reader: str
    decisions: int
    minutes: float


class ReadersNote(_Part):
    """The readers' week; see ``values.Readers``."""

    loads: tuple[LoadNote, ...]
    waiting: int
    waiting_before: int


class CostNote(_Part):
    """What models were asked; see ``values.Cost``."""

    requests: int
    reused: int
    prompt_tokens: int
    completion_tokens: int
    money: float | None
    currency: str


class CheckNote(_Part):
    """A check that failed."""

    table: str
    check: str
    severity: str
    words: str


class ReleasedNote(_Part):
    """The release of the week against the one of the week ``before``."""

    version: str
    before: str
    preview: bool
    released: date | None
    profile: str
    items: int
    items_before: int
    new: int
    gone: int
    replaced: int
    sources: int
    splits: tuple[SplitNote, ...]
    labels: tuple[LabelNote, ...]
    ages: AgeNote
    retired_by_reason: tuple[Counted, ...]
    retired: tuple[RetiredNote, ...]
    agreement_before: AgreementNote | None


class Note(_Part):
    """One week."""

    format: Literal["grandrounds-week/1"] = FORMAT
    benchmark: str
    title: str
    week: str
    waits: str
    stale_days: int
    run_url: str
    arrivals: ArrivalNote | None
    funnel: tuple[StepNote, ...]
    funnel_faults: tuple[str, ...]
    readers: ReadersNote | None
    agreement: AgreementNote | None
    cost: CostNote | None
    failed_checks: tuple[CheckNote, ...] | None
    release: ReleasedNote | None

    def document(self) -> bytes:
        """The bytes of the note's file: sorted keys, two spaces, one spelling."""
        value = self.model_dump(mode="json")
        text = json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)
        return (text + "\n").encode("utf-8")


def title_of(notes: Sequence[Note]) -> str:
    """What the benchmark is called now: in its newest release, else in the newest week."""
    return next((note.title for note in reversed(notes) if note.release), notes[-1].title)


def read_note(path: Path) -> Note:
    """The note at ``path``. Raises ``WeeklyReportError`` saying what is wrong."""
    try:
        if path.is_symlink() or path.stat().st_size > _LARGEST:
            raise WeeklyReportError(f"{path} is a link, or too large to be the note of a week.")
        return Note.model_validate_json(path.read_bytes())
    except OSError as exc:
        raise WeeklyReportError(f"{path} can't be read: {exc.strerror or exc}.") from exc
    except (ValidationError, RecursionError) as exc:
        raise WeeklyReportError(
            f"{path} is not a note of format {FORMAT}: {_first(exc)}.",
            remedy="It was damaged, or made by another version of grandrounds. Write the report of that "
            "week again.",
        ) from exc


def _first(error: ValidationError | RecursionError) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return f"{'.'.join(str(part) for part in first['loc']) or 'the document'}: {first['msg']}"
