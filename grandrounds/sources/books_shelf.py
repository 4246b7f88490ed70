"""Taking picture files beside books into the lake, once they were looked at in a process that may die."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from grandrounds.fingerprint import sha256_bytes, sha256_file
from grandrounds.lake import Lake
from grandrounds.sources import kinds, memory
from grandrounds.sources.books_memory import BookMemory
from grandrounds.sources.books_pool import BookPool
from grandrounds.sources.books_reading import PICTURES, BookJob, BookLimits, SeenPicture
from grandrounds.sources.folder import FoundFile
from grandrounds.sources.graphics import MAXIMUM_BYTES
from grandrounds.workers.messages import spelt

_AT_ONCE = 16


@dataclass(slots=True, kw_only=True)
class PictureShelf:
    """Where pictures go; nothing is opened that is known, unchanged and still in the lake."""

    lake: Lake
    kept: BookMemory
    index: memory.FileIndex
    limits: BookLimits

    def looked_at(self, files: Mapping[str, FoundFile], pool: BookPool) -> dict[str, SeenPicture]:
        """What the picture files are, by name: known from before, or looked at now by the workers."""
        seen: dict[str, SeenPicture] = {}
        todo: list[tuple[FoundFile, str]] = []
        for name in sorted(files):
            known = self._known(files[name])
            if isinstance(known, SeenPicture):
                seen[name] = known
            else:
                todo.append((files[name], known))
        batches = [todo[at : at + _AT_ONCE] for at in range(0, len(todo), _AT_ONCE)]
        jobs = [
            BookJob(
                kind=PICTURES,
                files=tuple(spelt(str(file.path)) for file, _ in batch),
                size=sum(file.size for file, _ in batch),
                limits=self.limits,
            )
            for batch in batches
        ]
        for place, answer in pool.run(jobs):
            for (file, sha256), picture in zip(batches[place], answer.pictures, strict=True):
                seen[file.name] = self._stored(file, sha256, picture)
        return seen

    def _known(self, file: FoundFile) -> SeenPicture | str:
        """What is known of a picture, or the hash of what must be looked at."""
        if file.size > MAXIMUM_BYTES:
            return SeenPicture(refusal=f"it has {file.size:,} bytes")
        known = self.index.known(file)
        sha256, seen_ns = (known.sha256 if known else ""), memory.now_ns()
        if not sha256:
            try:
                sha256 = sha256_file(file.path)
            except OSError as exc:
                return SeenPicture(refusal=f"it can't be read ({exc.strerror or exc})")
            self.index.note(file, kind=kinds.IMAGE, seen_ns=seen_ns, sha256=sha256)
        return self.kept.recall_picture(sha256) or sha256

    def _stored(self, file: FoundFile, sha256: str, picture: SeenPicture) -> SeenPicture:
        """Put a picture that was looked at into the lake, if it still is the one that was looked at."""
        if picture.refusal:
            return picture
        try:
            data = file.path.read_bytes()
        except OSError as exc:
            return SeenPicture(refusal=f"it can't be read ({exc.strerror or exc})")
        if not sha256_bytes(data) == picture.sha256 == sha256:
            self.index.entries.pop(file.name, None)
            return SeenPicture(refusal="it was changed while it was read")
        self.lake.put_media(data)
        self.kept.keep_picture(sha256, picture)
        return picture
