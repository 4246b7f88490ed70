"""What de-identification answers: the clean file, what was changed, and whether it may go out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

OK, QUARANTINED, REFUSED = "ok", "quarantined", "refused"
STATUSES = (OK, QUARANTINED, REFUSED)

REMOVED, EMPTIED, REPLACED, REMAPPED, SHIFTED, CLEANED, ADDED = (
    "removed",
    "emptied",
    "replaced",
    "remapped",
    "shifted",
    "cleaned",
    "added",
)
CHANGES = (REMOVED, EMPTIED, REPLACED, REMAPPED, SHIFTED, CLEANED, ADDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change. ``path`` leads to the element: ``(0008,1140)[0]/(0008,1155)``, items from 0.

    ``keyword`` is the standard's name of the attribute (empty for private and unknown ones). The old
    value is never told, nor its length, nor a private creator's name: they may identify.
    """

    path: str
    keyword: str
    change: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deidentified:
    """The outcome for one file.

    ``status``: ``ok``; ``quarantined`` (clean as far as rules can tell, but ``reasons`` say why a person
    must look first); ``refused`` (no clean file can be made; ``data`` is empty). ``data`` are the bytes
    of the new file; only ``released`` may leave the house. ``name`` is its path for a release,
    made of pseudonyms. ``original_sha256`` names the file that was read: who has the original can find it
    by that, so reports stay inside the house.
    """

    status: str
    reasons: tuple[str, ...]
    data: bytes = field(repr=False)
    name: str
    changes: tuple[Change, ...]
    original_sha256: str
    pixels_sha256: str

    @property
    def released(self) -> bytes:
        """The bytes that may go out; empty unless the status is ``ok``."""
        return self.data if self.status == OK else b""

    def counts(self) -> Mapping[str, int]:
        """How many changes of each kind, in the order of ``CHANGES``."""
        return {kind: sum(change.change == kind for change in self.changes) for kind in CHANGES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What was found in a file of which only its volume goes on.

    ``reasons`` are about the file as a whole, ``in_pixels`` about what may stand in its picture: those
    hold for every volume that is made of it. ``pixels_sha256`` is what a clear list names. ``counts`` are
    changes by kind.
    """

    status: str
    reasons: tuple[str, ...] = ()
    in_pixels: tuple[str, ...] = ()
    pixels_sha256: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
