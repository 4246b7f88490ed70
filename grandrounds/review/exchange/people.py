"""Who an answer is from: other programs know people by numbers or addresses, here they have pseudonyms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from grandrounds.errors import ReviewError
from grandrounds.review.checks import fault_in_pseudonym


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """``known`` maps what the other program calls somebody to a pseudonym; ``everybody`` is the one person
    whose answers a file holds, or empty."""

    known: Mapping[str, str] = field(default_factory=dict)
    everybody: str = ""

    def pseudonym(self, named: Any, *, otherwise: str = "") -> str | None:
        """The pseudonym of whom the other program calls ``named`` (a number, an address, or a small table
        of both); ``otherwise`` is whom the item was exported for. ``None`` when nobody said."""
        for name in _names(named):
            if name in self.known:
                return self.known[name]
        return self.everybody or (None if self.known else otherwise) or None


def people_from(pairs: Iterable[str], *, everybody: str = "") -> People:
    """``pairs`` like ``7=reviewer-a``. Raises ``ReviewError`` for what is no pair or no pseudonym."""
    known = {}
    for pair in pairs:
        name, equals, pseudonym = pair.rpartition("=")
        fault = fault_in_pseudonym(pseudonym.strip())
        if not (equals and name.strip()) or fault:
            raise ReviewError(
                fault if equals and name.strip() and fault else f"{pair!r} doesn't say who somebody is.",
                remedy="Say it like --person 7=reviewer-a.",
            )
        known[name.strip()] = pseudonym.strip()
    fault = fault_in_pseudonym(everybody) if everybody else None
    if fault:
        raise ReviewError(fault)
    return People(known=known, everybody=everybody)


def unknown(named: Any) -> str:
    """The sentence for somebody without a pseudonym."""
    shown = next(iter(_names(named)), "")
    name = shown[:80]
    return f"Nobody said who {name!r} is: say --person {name}=reviewer-a (a pseudonym), or --reviewer."


def _names(named: Any) -> list[str]:
    if isinstance(named, Mapping):
        return [str(named[key]) for key in ("id", "email", "username") if named.get(key) not in (None, "")]
    return [] if named in (None, "") else [str(named)]
