"""The ledger: every request and every answer, so that nothing is paid for twice."""

from __future__ import annotations

from grandrounds.llm.ledger.exporting import Exported
from grandrounds.llm.ledger.ledger import BUSY_SECONDS, Ledger, open_ledger
from grandrounds.llm.ledger.values import (
    Filed,
    LedgerStats,
    Pruned,
    Selection,
    StatsGroup,
    StoredAnswer,
    StoredRequest,
)

__all__ = [
    "BUSY_SECONDS",
    "Exported",
    "Filed",
    "Ledger",
    "LedgerStats",
    "Pruned",
    "Selection",
    "StatsGroup",
    "StoredAnswer",
    "StoredRequest",
    "open_ledger",
]
