"""What became of an export's shards at a Batch API: a small file beside them, ``batches.json``.

Every step is noted before and after it is taken, so that whoever comes after a ``kill -9`` knows what may
have been done, and looks before doing it again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from grandrounds.errors import RequestsError
from grandrounds.llm.files.manifest import replace_file
from grandrounds.llm.files.service import ENDED, is_barren

NAME = "batches.json"
VERSION = 1


class Note(BaseModel):
    """One batch of one shard.

    ``endpoint`` is the base URL; ``status`` is the service's, or ``uploading`` and ``creating`` before
    there is a batch. ``imported``: all that came of it is in the ledger. ``attempt`` counts from 1.
    """

    model_config = ConfigDict(extra="forbid")

    shard: str
    sha256: str
    endpoint: str
    attempt: int = 1
    status: str = "uploading"
    input_file: str = ""
    batch_id: str = ""
    output_file: str = ""
    error_file: str = ""
    total: int = 0
    completed: int = 0
    failed: int = 0
    words: str = ""
    imported: bool = False

    @property
    def ended(self) -> bool:
        """Whether nothing more comes of it."""
        return self.status in ENDED

    @property
    def barren(self) -> bool:
        """Whether it ended early and brought nothing: submitting the shard again pays nothing twice."""
        return is_barren(self.status, self.output_file)

    @property
    def open(self) -> bool:
        """Whether the service has it and works on it, as far as we know."""
        return bool(self.batch_id) and not self.ended


class Notebook(BaseModel):
    """The notes of one export; the last one of a shard counts."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["grandrounds-batches"] = "grandrounds-batches"
    version: int = VERSION
    notes: list[Note] = Field(default_factory=list)

    def note_of(self, shard: str) -> Note | None:
        """The last note of ``shard``."""
        return next((note for note in reversed(self.notes) if note.shard == shard), None)


def read_notebook(folder: Path) -> Notebook:
    """The notes beside the export in ``folder``; empty when nothing was submitted.

    Raises ``RequestsError`` for a damaged file: without it, it isn't known what was submitted.
    """
    path = folder / NAME
    try:
        return Notebook.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return Notebook()
    except (OSError, ValidationError) as exc:
        raise RequestsError(
            f"{path} can't be read or is damaged.",
            remedy="Delete it; `grandrounds requests submit` finds again what was submitted.",
        ) from exc


def write_notebook(folder: Path, book: Notebook) -> None:
    """Write the notes whole or not at all."""
    try:
        replace_file(folder / NAME, book.model_dump_json(indent=2).encode() + b"\n")
    except OSError as exc:
        raise RequestsError(
            f"{folder / NAME} can't be written: {exc.strerror or exc}.",
            remedy="Check free space and rights. What was submitted is found again by the next command.",
        ) from exc
