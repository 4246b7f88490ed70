"""Documents as they stream by: a folder of benchmarks that others made, or releases of our own.

Text fields are found by themselves. Long texts come in pieces that overlap, so that nothing that stands
across a cut is lost; a file is never held whole.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from grandrounds.contamination.hits import Piece
from grandrounds.contamination.leaves import leaves
from grandrounds.errors import ContaminationError
from grandrounds.fingerprint import sha256_file
from grandrounds.rowfiles import Reading, kind_of, open_text, read_rows

LONGEST_PIECE = 1 << 18
OVERLAP = 1 << 15
"""Characters of a piece, and those it shares with the next: no longer text of an item is looked for across
a cut."""
_TEXTS = (".txt", ".md", ".text")


@dataclass(slots=True, kw_only=True)
class Document:
    """A file that was looked through, or why it was not. ``status``: ``read``, ``partly`` (it breaks
    off, or rows in it can't be read) or ``passed_by`` (another kind of file, or a link)."""

    name: str
    status: str = "read"
    reason: str = ""
    bytes: int = 0
    sha256: str = ""
    rows: int = 0
    rows_passed_by: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """Releases of ours. ``pieces`` gives their texts without those of items whose ids it is given;
    ``identity`` changes when they do."""

    pieces: Callable[[Library, Collection[str]], Iterator[Piece]]
    identity: str


@dataclass(slots=True)
class Library:
    """All that items are held against. ``documents`` fills while ``pieces`` are taken."""

    documents: list[Document] = field(default_factory=list)

    def folder(self, root: Path) -> Iterator[Piece]:
        """The texts of every file below ``root`` (or of the file ``root``), in the order of names.

        Links are passed by. Raises ``ContaminationError`` when there is nothing at ``root``.
        """
        if not root.exists():
            raise ContaminationError(f"There is nothing at {root}.", remedy="Name a folder of benchmarks.")
        for path in _files(root):
            name = f"{root.name}/{path.relative_to(root).as_posix()}" if path != root else root.name
            yield from self.file(path, name=name)

    def file(
        self,
        path: Path,
        *,
        name: str,
        only: Collection[str] = frozenset(),
        without: Collection[str] = frozenset(),
    ) -> Iterator[Piece]:
        """The texts of one file, which is called ``name`` in what is found: of all fields or ``only`` some,
        without rows whose ``item_id`` is among ``without``."""
        number = len(self.documents)
        document = Document(name=name)
        self.documents.append(document)
        if path.is_symlink():
            document.status, document.reason = "passed_by", "a link"
        elif kind_of(path) is not None:
            yield from self._rows(path, number, document, only=only, without=without)
        elif path.suffix.lower() in _TEXTS or path.name.lower().endswith(
            tuple(f"{end}.gz" for end in _TEXTS)
        ):
            yield from self._text(path, number, document)
        else:
            document.status, document.reason = "passed_by", "another kind of file"

    def _rows(
        self,
        path: Path,
        number: int,
        document: Document,
        *,
        only: Collection[str],
        without: Collection[str],
    ) -> Iterator[Piece]:
        reading = Reading()
        self._measure(path, document)
        for row_number, row in enumerate(read_rows(path, reading, text_only=True)):
            if without and row.get("item_id") in without:
                continue
            kept = {key: value for key, value in row.items() if key in only} if only else row
            for name, text in leaves(kept):
                if len(text) <= LONGEST_PIECE:
                    yield Piece(number, row_number, name, 0, text)
                else:
                    yield from _cut(number, row_number, name, text)
        document.rows, document.rows_passed_by = reading.rows, reading.passed_by
        if reading.reason:
            document.status, document.reason = "partly", reading.reason

    def _text(self, path: Path, number: int, document: Document) -> Iterator[Piece]:
        self._measure(path, document)
        start, rest = 0, ""
        try:
            with open_text(path) as opened:
                while more := opened.read(LONGEST_PIECE - len(rest)):
                    text = rest + more
                    yield Piece(number, 0, "", start, text)
                    rest = text[-OVERLAP:]
                    start += len(text) - len(rest)
        except (OSError, EOFError, ValueError) as exc:
            document.status, document.reason = "partly", f"{type(exc).__name__}: {exc}"
        document.rows = 1

    def _measure(self, path: Path, document: Document) -> None:
        try:
            document.bytes, document.sha256 = path.stat().st_size, sha256_file(path)
        except OSError as exc:
            document.status, document.reason = "partly", exc.strerror or str(exc)


def _files(root: Path) -> Iterator[Path]:
    """Every file below ``root`` by name, hidden ones and linked folders apart."""
    if not root.is_dir():
        yield root
        return
    for folder, names, files in os.walk(root):
        names[:] = sorted(name for name in names if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith("."):
                yield Path(folder) / name


def _cut(file: int, row: int, name: str, text: str) -> Iterator[Piece]:
    step = LONGEST_PIECE - OVERLAP
    for start in range(0, max(1, len(text) - OVERLAP), step):
        yield Piece(file, row, name, start, text[start : start + LONGEST_PIECE])
