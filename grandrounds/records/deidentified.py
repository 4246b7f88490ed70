"""One row of the ``deidentified`` table: what was done to a file, and why one was kept back."""

from __future__ import annotations

from dataclasses import dataclass

OK, QUARANTINED, REFUSED, UNUSED = "ok", "quarantined", "refused", "unused"
DEIDENTIFIED_STATUSES = (OK, QUARANTINED, REFUSED, UNUSED)

NO_FACE, FACE_FLAGGED, DEFACED, FACE_REFUSED = "", "flagged", "defaced", "refused"
FACES = (NO_FACE, FACE_FLAGGED, DEFACED, FACE_REFUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeidentifiedRow:
    """A file of the reading. It stays in the house: it helps whoever has the originals to find them.

    ``source_id`` and ``path`` are the new ones. ``status``: ``ok``; ``quarantined`` (a person must look at
    its picture: ``reasons``); ``refused`` (it can't be looked into, or shows a face where none may go on);
    ``unused`` (nothing of it goes on but its row in ``sources``).
    ``removed`` to ``added`` count the header's elements: none of them goes on but in the volume's row.
    ``pixels_sha256`` is what a clear list names for this file, ``volumes_sha256`` for the whole volumes
    that are made of it (as they are before a face is removed). ``face`` says what was done about one.
    ``method`` and ``method_codes`` (DCM, CID 7050) name the profile for DICOM files. No field ever holds
    an old value.
    """

    source_id: str
    path: str
    kind: str
    status: str
    reasons: tuple[str, ...] = ()
    volume_ids: tuple[str, ...] = ()
    removed: int = 0
    emptied: int = 0
    replaced: int = 0
    remapped: int = 0
    shifted: int = 0
    cleaned: int = 0
    added: int = 0
    pixels_sha256: str | None = None
    volumes_sha256: tuple[str, ...] = ()
    face: str = NO_FACE
    method: str = ""
    method_codes: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
