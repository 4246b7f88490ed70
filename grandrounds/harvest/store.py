"""Harvested files by the hash of their bytes. Written whole or not at all, never changed."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from grandrounds.fingerprint import sha256_bytes, sha256_file
from grandrounds.harvest.problems import HarvestError


class FileStore:
    """A folder of files; ``put`` and ``place`` may be called by several processes at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, data: bytes) -> str:
        """Keep ``data``; the answer is its SHA-256. Raises ``HarvestError`` when it can't be written."""
        digest = sha256_bytes(data)
        path = self._path(digest)
        if path.exists() and path.stat().st_size == len(data):
            return digest
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                os.chmod(name, 0o444)  # a snapshot links to it: nobody is to edit it there
                os.replace(name, path)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
        except OSError as exc:
            raise HarvestError(
                f"{path} can't be written: {exc.strerror or exc}.", remedy="Check free space and rights."
            ) from exc
        return digest

    def get(self, sha256: str) -> bytes:
        """The bytes named ``sha256``. Raises ``HarvestError`` when missing or damaged."""
        try:
            data = self._path(sha256).read_bytes()
        except OSError as exc:
            raise self._missing(sha256, exc) from exc
        if sha256_bytes(data) != sha256:
            raise self._damaged(sha256)
        return data

    def place(self, sha256: str, at: Path) -> None:
        """Make the file appear ``at``: a hard link, or a copy where links are not to be had."""
        path = self._path(sha256)
        try:
            if sha256_file(path) != sha256:
                raise self._damaged(sha256)
        except OSError as exc:
            raise self._missing(sha256, exc) from exc
        try:
            os.link(path, at)
        except OSError:
            shutil.copyfile(path, at)

    def _path(self, sha256: str) -> Path:
        return self.folder / sha256[:2] / sha256

    def _missing(self, sha256: str, exc: OSError) -> HarvestError:
        return HarvestError(
            f"The harvested file {self._path(sha256)} can't be read: {exc.strerror or exc}.",
            remedy="Restore the folder from a copy; the journal says where each file came from.",
        )

    def _damaged(self, sha256: str) -> HarvestError:
        return HarvestError(
            f"The harvested file {self._path(sha256)} is damaged: its bytes don't hash to its name.",
            remedy="Restore it from a copy, or delete it and harvest with --since before it was published.",
        )
