"""The ledger: every request and every answer, so that nothing is paid for twice."""

from __future__ import annotations

from grandrounds.llm.ledger.ledger import BUSY_SECONDS, Filed, Ledger, LedgerStats, open_ledger

__all__ = ["BUSY_SECONDS", "Filed", "Ledger", "LedgerStats", "open_ledger"]
