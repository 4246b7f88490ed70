"""The progress of model requests in a few words, for the bar in the terminal."""

from __future__ import annotations

from grandrounds.llm.answering import Progress
from grandrounds.progress import Report

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def note(report: object, progress: Progress) -> None:
    """Show rate, cost and time left beside the numbers of ``report``, where it is a stage's that can."""
    if isinstance(report, Report):
        report.note(words(progress))


def words(progress: Progress) -> str:
    """Rate, cost, time left, and what is not as it should be; what is nothing is left out."""
    parts = []
    if progress.rate:
        parts.append(f"{_rate(progress.rate)}/s")
    if progress.cost:
        parts.append(f"{_money(progress.cost)} {progress.currency}".strip())
    if progress.seconds_left and progress.done != progress.total:
        parts.append(f"{_time(progress.seconds_left)} left")
    if progress.served:
        parts.append(f"{progress.served:,} from the ledger")
    failed = progress.not_ok - progress.waiting
    if failed:
        parts.append(f"{failed:,} not ok")
    if progress.waiting:
        parts.append(f"{progress.waiting:,} waiting")
    return ", ".join(parts)


def _rate(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}" if rate >= 0.1 else f"{rate:.3f}"


def _money(cost: float) -> str:
    return f"{cost:,.2f}" if cost >= 0.01 else f"{cost:.4f}"


def _time(seconds: float) -> str:
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    if seconds < _DAY:
        return f"{seconds / _HOUR:.1f} h"
    return f"{seconds / _DAY:.1f} days"
