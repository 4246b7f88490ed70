"""Taking the pictures of articles into the lake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from grandrounds.fingerprint import sha256_bytes
from grandrounds.lake import Lake
from grandrounds.sources import memory
from grandrounds.sources.article import Article
from grandrounds.sources.folder import Found, FoundFile
from grandrounds.sources.graphics import (
    MAXIMUM_BYTES,
    GraphicFinder,
    Picture,
    check_picture,
    shared_by_strangers,
)
from grandrounds.sources.kinds import IMAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The pictures of one article: hash and media type by graphic name, and what is to be told."""

    by_name: Mapping[str, tuple[str, str]]
    notes: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class MediaShelf:
    """Finds, checks and stores the pictures beside articles; ``used`` are the files it claimed."""

    lake: Lake
    found: Found
    index: memory.FileIndex
    images: Sequence[FoundFile]
    used: frozenset[str] = frozenset()
    _stored: dict[str, tuple[str, Picture]] = field(default_factory=dict)

    def take(self, articles: Mapping[str, tuple[str, Article]]) -> dict[str, Taken]:
        """The pictures of all ``articles`` (group and article by path)."""
        files = {file.name: file for file in self.found.files}
        folders = {files[path].folder for path in articles}
        finder = GraphicFinder(self.images, article_folders=folders)
        claims: dict[str, list[str]] = {}
        chosen: dict[str, dict[str, FoundFile]] = {}
        notes: dict[str, list[str]] = {}
        for path, (group, article) in articles.items():
            chosen[path], notes[path] = {}, []
            for name in dict.fromkeys(name for figure in article.figures for name in figure.graphics):
                choice = finder.find(name, files[path])
                if choice.note:
                    notes[path].append(choice.note)
                if choice.file is not None:
                    chosen[path][name] = choice.file
                    claims.setdefault(choice.file.name, []).append(group)
        strange = shared_by_strangers(claims)
        self.used = frozenset(claims) - strange
        taken = {}
        for path in articles:
            media: dict[str, tuple[str, str]] = {}
            for name, file in chosen[path].items():
                if file.name in strange:
                    notes[path].append(
                        f"Other articles name the picture {file.name} too; it was given to none."
                    )
                    continue
                sha256, picture = self._store(file)
                if picture.mime:
                    media[name] = (sha256, picture.mime)
                else:
                    notes[path].append(f"The picture {file.name} was not taken: {picture.refusal}.")
            taken[path] = Taken(by_name=media, notes=tuple(notes[path]))
        return taken

    def _store(self, file: FoundFile) -> tuple[str, Picture]:
        """Put one picture into the lake; nothing is opened that is known, unchanged and still there."""
        if file.name in self._stored:
            return self._stored[file.name]
        known = self.index.known(file)
        if known is not None and known.picture is not None and known.sha256 and self._still_there(known):
            made = known.sha256, known.picture
        else:
            made = self._read(file)
        self._stored[file.name] = made
        return made

    def _still_there(self, known: memory.Entry) -> bool:
        return not (known.picture and known.picture.mime) or self.lake.has_media(known.sha256)

    def _read(self, file: FoundFile) -> tuple[str, Picture]:
        if file.size > MAXIMUM_BYTES:
            return "", Picture(refusal=f"it has {file.size:,} bytes")
        seen_ns = memory.now_ns()
        try:
            data = file.path.read_bytes()
        except OSError as exc:
            return "", Picture(refusal=f"it can't be read ({exc.strerror or exc})")
        picture = check_picture(data)
        digest = self.lake.put_media(data) if picture.mime else sha256_bytes(data)
        self.index.note(file, kind=IMAGE, seen_ns=seen_ns, sha256=digest, picture=picture)
        return digest, picture
