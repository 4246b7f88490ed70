"""What goes into a ledger and what comes out of it, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from grandrounds.llm.answer import ModelAnswer
from grandrounds.llm.request import ModelRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """One answer on its way into the ledger. ``backend`` names where it came from, without secrets."""

    request: ModelRequest
    answer: ModelAnswer
    backend: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatsGroup:
    """Counts and sums of the answers to one version of one prompt, from one model, with one status."""

    model: str
    prompt_name: str
    prompt_version: str
    status: str
    answers: int
    prompt_tokens: int
    completion_tokens: int
    cost: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerStats:
    """What a ledger holds. Tokens and cost count every answer that was paid for, also those never served.

    ``bytes`` is what it takes on the disk; ``oldest`` and ``newest`` are the times (ISO 8601, UTC) of
    the first and last answer, empty when there is none.
    """

    requests: int
    answers: int
    by_status: Mapping[str, int]
    prompt_tokens: int
    completion_tokens: int
    cost: float
    bytes: int
    oldest: str
    newest: str
    groups: tuple[StatsGroup, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which answers: those that fit every field that isn't empty.

    ``prompts`` are names, or ``NAME@VERSION``; ``since`` and ``before`` are times as the ledger writes
    them (ISO 8601, UTC, milliseconds), the first included and the second not.
    """

    models: tuple[str, ...] = ()
    prompts: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    since: str = ""
    before: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAnswer:
    """One answer as it was filed: where it came from, and when."""

    answer: ModelAnswer
    backend: str
    created_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRequest:
    """One request as it was asked, with every answer it got, oldest first.

    ``key`` is everything that the id is the hash of: messages with the hashes of their media, sampling,
    schema. A ``protected`` one holds evidence that may go to no endpoint that isn't local.
    """

    request_id: str
    key_version: int
    model: str
    prompt_name: str
    prompt_version: str
    prompt_sha256: str
    protected: bool
    created_at: str
    key: Mapping[str, Any]
    answers: tuple[StoredAnswer, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What a pruning took, or would take: answers (and how many of each status), requests that are left
    without an answer and go with them, and the bytes of their texts."""

    answers: int
    requests: int
    by_status: Mapping[str, int]
    bytes: int
