"""Tables whose rows a model answered: how they stand, what is asked again, and what it took."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from grandrounds.lake import Lake
from grandrounds.llm.answer import WAITING
from grandrounds.llm.answering import Tally

AGAIN = frozenset({WAITING, "failed", "unparsable", "truncated", "not_local"})
"""Statuses of rows that every build asks a model for again."""


def statuses_of(lake: Lake, key: str) -> set[str]:
    """The statuses that rows of a table have."""
    return set(lake.read_table(key, columns=("status",)).column("status").unique().to_pylist())


def again_after(lake: Lake, key: str) -> str:
    """Names a table with rows that a model did not answer properly; empty where there is none.

    As a parameter of the step that makes the table, it keeps such a table from ever counting as finished.
    """
    unfinished = lake.has_table(key) and statuses_of(lake, key) & AGAIN
    return f"again after {lake.table_sha256(key)}" if unfinished else ""


def requests_told(tallies: Iterable[Tally]) -> dict[str, Any]:
    """What clients sent and were answered, added up, as metadata."""
    every = list(tallies)
    return {
        "requests_sent": sum(tally.sent for tally in every),
        "requests_answered_from_ledger": sum(tally.served for tally in every),
        "prompt_tokens": sum(tally.prompt_tokens for tally in every),
        "completion_tokens": sum(tally.completion_tokens for tally in every),
    }


def spent(tallies: Iterable[Tally]) -> dict[str, Any]:
    """The same, with what it cost."""
    every = list(tallies)
    return requests_told(every) | {"cost": float(sum(tally.cost for tally in every))}
