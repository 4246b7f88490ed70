"""How often and how long to wait: exponential backoff with full jitter, and what ``Retry-After`` asks.

The jitter is a hash of the request and the try, not chance: runs can be repeated, and different
requests still spread out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from grandrounds.fingerprint import unit_interval


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Limits of trying again. Times in seconds.

    ``attempts`` is the number of tries in all. The wait before try ``n + 1`` is a share of
    ``base * 2**(n - 1)``, at most ``longest``. A server that asks for more than ``longest_asked`` is not
    waited for. ``unanswered`` is the number of tries while nothing at the address ever answered.
    """

    attempts: int = 6
    base: float = 0.5
    longest: float = 30.0
    longest_asked: float = 120.0
    unanswered: int = 4

    def wait(self, request_id: str, *, attempt: int, asked: float | None) -> float:
        """Seconds to wait after the failed try number ``attempt`` (1-based)."""
        ceiling = min(self.longest, self.base * 2.0 ** (attempt - 1))
        jittered = ceiling * unit_interval(request_id, str(attempt))
        return max(jittered, asked or 0.0)


def retry_after(header: str | None, *, now: datetime | None = None) -> float | None:
    """Seconds that a ``Retry-After`` header asks for (RFC 9110: seconds, or an HTTP date)."""
    if not header:
        return None
    value = header.strip()
    try:
        seconds = float(value)
    except ValueError:
        return _until(value, now or datetime.now(UTC))
    return seconds if 0 <= seconds < float("inf") else None


def retry_after_ms(header: str | None) -> float | None:
    """Seconds that a ``retry-after-ms`` header asks for: OpenAI's own, finer than the standard's."""
    seconds = retry_after(header) if header and header.strip().replace(".", "", 1).isdigit() else None
    return None if seconds is None else seconds / 1000


def _until(value: str, now: datetime) -> float | None:
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
