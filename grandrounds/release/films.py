"""Films of clips beside the tables: ``media/SHA256.mkv``, named by the hash of the file itself.

A film is the stretch of a video that a clip is from, its pictures copied without coding them anew, so each
frame of the clip can be cut from it again, pixel for pixel.
"""

from __future__ import annotations

FILM = "film"
"""The ``kind`` of such a file in the manifest."""

ENDING = ".mkv"
MIME = "video/x-matroska"


def film_path(sha256: str) -> str:
    """Where the film with this hash lies in a release."""
    return f"media/{sha256}{ENDING}"
