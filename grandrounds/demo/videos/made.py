"""A file of the demo films with what a reader must make of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A file and what must come of it.

    ``beside`` are files that belong to it, by what stands in their names behind its own. ``status`` and
    ``kind`` are those of the source's row, ``says`` words of its reason, ``why`` what a troubled file is
    there for. ``facts`` hold what its rows must say; see the head of ``expected_videos.yaml``.
    """

    data: bytes
    beside: Mapping[str, bytes] = field(default_factory=dict)
    kind: str = "video"
    status: str = "read"
    says: str = ""
    why: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
