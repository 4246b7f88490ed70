"""What people wrote of a video beside it: the lines of a ``SOURCES.md`` that name its file, and the heading
that they stand under; title and citation in ``sources.yaml``. They may tell that a video is medical."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from grandrounds.sources import note_blocks
from grandrounds.sources.folder import FoundFile
from grandrounds.sources.rules import Said
from grandrounds.sources.source_notes import NAME

_MAXIMUM_BYTES = 1024 * 1024
_LONGEST = 2_000


@dataclass(frozen=True, slots=True)
class VideoNotes:
    """The texts of notes, by the folder that they lie in."""

    texts: Mapping[str, str]

    @classmethod
    def of(cls, files: Iterable[FoundFile]) -> VideoNotes:
        """Read the notes among ``files``. One that can't be read says nothing."""
        texts = {}
        for file in files:
            if file.name.rpartition("/")[2] != NAME or file.trouble or file.size > _MAXIMUM_BYTES:
                continue
            try:
                texts[file.folder] = file.path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError):
                continue
        return cls(texts)

    def about(self, name: str, said: Said) -> tuple[str, ...]:
        """What is written of the file ``name``, in the nearest note that names it and in
        ``sources.yaml``."""
        own = [text for text in (said.title, said.citation) if text]
        folder = name
        while folder:
            folder = folder.rpartition("/")[0]
            lines = _naming(self.texts.get(folder, ""), name.rpartition("/")[2])
            if lines:
                return (*own, *lines)
        return tuple(own)


def _naming(text: str, file: str) -> list[str]:
    """The blocks of a note that name ``file``, each once, the heading above them first."""
    if not text or file not in text:
        return []
    heading, found = "", []
    for block in note_blocks.blocks(text):
        if block.kind == note_blocks.HEADING:
            heading = block.text
        elif file in block.text or any(file in cell for _, cell in block.cells):
            found += [heading, block.text[:_LONGEST]]
    return [line for line in dict.fromkeys(found) if line]
