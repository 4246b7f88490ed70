"""Sentences of checks that gates and ``verify`` share, as gates say them."""

from __future__ import annotations

from collections.abc import Iterable


def sentences(faults: Iterable[str]) -> tuple[str, ...]:
    """``its stem is ...`` as ``Its stem is ....``"""
    return tuple(f"{fault[:1].upper()}{fault[1:]}." for fault in faults)
