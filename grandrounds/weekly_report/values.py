"""What a weekly report is made of: plain values that whoever knows the week hands over.

Nothing here knows Dagster, the journal or the ledger. What a release can tell of itself is read from
its folder (``release_facts``); the rest is given as ``WeekFacts``, and what is left out is said to be
unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from grandrounds.records.funnel import FunnelStep
from grandrounds.weeks import Week

TAKEN, REFUSED, LATER = "taken", "refused", "later"
DECISIONS = (TAKEN, REFUSED, LATER)
ERROR, WARNING = "error", "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """One version of one record that a feed listed in the week, and what was decided of it.

    ``decision`` is ``taken``, ``refused`` (``reason`` names why, ``words`` say more) or ``later`` (it
    could not be had and is tried again). ``first_public`` is the first publication of any version,
    ``seen`` the day of the harvest. ``revised``: an earlier version had been seen; ``retracted``: it is
    withdrawn, or says that another is. An empty ``title`` is not shown; of a ``protected`` record
    nothing is, it is only counted.
    """

    feed: str
    record_id: str
    title: str = ""
    decision: str
    reason: str = ""
    words: str = ""
    first_public: date | None = None
    seen: date
    licence: str = "unknown"
    revised: bool = False
    retracted: bool = False
    protected: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """How a feed fared in the week: ``finished`` is whether its last harvest came to its end,
    ``trouble`` why not. A feed that listed nothing needs one too, or it is not known that it was asked."""

    feed: str
    finished: bool = True
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderLoad:
    """What one reader (by pseudonym) decided since the release before; ``minutes`` on screen, as far as
    known."""

    reader: str
    decisions: int
    minutes: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers:
    """The readers' week. ``waiting`` candidates were left undecided and are carried over,
    ``waiting_before`` of them were so the week before already."""

    loads: tuple[ReaderLoad, ...] = ()
    waiting: int = 0
    waiting_before: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementFact:
    """How far readers agreed on ``items`` candidates that two or more of them read: ``percent`` (0 to
    1), and Gwet's AC1 with the ends of its 95% interval."""

    items: int
    percent: float | None = None
    ac1: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What models were asked in the week, from the ledger. ``requests`` were answered, ``reused`` of
    them from the ledger without being sent again. ``money`` is in ``currency``; ``None`` without a
    price list."""

    requests: int = 0
    reused: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    money: float | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedCheck:
    """A check that did not hold: the ``table`` (or asset) it is of, its name, ``error`` or ``warning``."""

    table: str
    check: str
    severity: str = WARNING
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekFacts:
    """What a release can't tell of its week. ``None`` and empty mean that it is not known.

    ``feeds`` are all that were to be asked. ``funnel``, ``readers`` and ``agreement`` are needed only
    of a week without a release (a release has its own). ``first_public`` is by source id; without it an
    item is as old as its ``source_published``. ``waits`` says why a week has no release. ``run_url`` is
    the address of the Dagster run. After ``stale_days`` without a new week a benchmark is called stale.
    """

    week: Week
    title: str = ""
    arrived: tuple[Arrived, ...] | None = None
    feeds: tuple[FeedState, ...] = ()
    funnel: tuple[FunnelStep, ...] = ()
    readers: Readers | None = None
    agreement: AgreementFact | None = None
    cost: Cost | None = None
    failed_checks: tuple[FailedCheck, ...] | None = None
    first_public: Mapping[str, date] = field(default_factory=dict)
    waits: str = ""
    run_url: str = ""
    stale_days: int = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where the reports will be read, as far as it is known.

    ``address`` is that of the folder that holds them (``https://example.org/weekly/``); without it the
    feed has relative addresses only. ``releases`` is that of the benchmark's releases; without it links
    lead from folder to folder. ``authority`` is a domain name that was yours on the day ``minted``:
    both make the ids of the feed (RFC 4151) and never change; without it they are of a domain that
    nobody owns.
    """

    address: str = ""
    releases: str = ""
    authority: str = "grandrounds.invalid"
    minted: date = date(2026, 1, 1)
