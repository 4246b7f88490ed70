"""Submits exported shards to a Batch API and fetches what comes of them; nothing is submitted twice.

Each shard becomes a batch that carries the shard's hash in its metadata. Before one is made, the
service's own list is searched for it, so neither a crash between making and noting nor a copy of the
folder makes it a second time. Commands and sensors call ``submit`` and ``poll`` as often as they like.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from grandrounds.errors import GrandRoundsError, RequestsError
from grandrounds.llm.files.answers import ImportReport, import_answers
from grandrounds.llm.files.exported import ExportedRequests
from grandrounds.llm.files.manifest import Manifest, read_manifest
from grandrounds.llm.files.notebook import Note, read_notebook, write_notebook
from grandrounds.llm.files.service import BatchService, BatchState
from grandrounds.llm.files.submission import Submission, Submitted, by_mark, submitted, take
from grandrounds.llm.ledger import Ledger
from grandrounds.llm.prices import FREE, Prices
from grandrounds.locks import exclusive

#: Where downloaded answers are kept, below the export.
ANSWERS = "answers"

_LOCK_SECONDS = 30.0

#: Gives the service for a model's name on the wire.
Services = Callable[[str], BatchService]


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """One batch after a look at it. ``report`` is there when this call imported its answers."""

    folder: Path
    shard: str
    batch_id: str
    status: str
    total: int
    completed: int
    failed: int
    words: str = ""
    report: ImportReport | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportState:
    """How far an export is. ``done``: everything was submitted, has ended, and is imported."""

    folder: Path
    manifest: Manifest
    notes: tuple[Note, ...]

    @property
    def done(self) -> bool:
        """Whether nothing more comes by itself."""
        last = {note.shard: note for note in self.notes}
        settled = {name for name, note in last.items() if note.ended and note.imported}
        return all(shard.file in settled for shard in self.manifest.shards)


def submit(
    folder: Path, *, services: Services, on_progress: Callable[[int, int], None] | None = None
) -> list[Submitted]:
    """Submit the shards of the export in ``folder`` that aren't yet; gives all of them.

    A shard whose batch ended without a line of output is submitted again. One that brought a part stays
    as it is: export the rest anew. Raises ``RequestsError`` for protected evidence and an endpoint that
    isn't local, before anything is sent, and for a shard that was changed.
    """
    with _locked(folder):
        manifest, book = read_manifest(folder), read_notebook(folder)
        _refuse_protected(folder, manifest, services)
        found: list[Submitted] = []
        listed: dict[str, dict[str, BatchState]] = {}
        for number, shard in enumerate(manifest.shards):
            service = services(shard.model)
            work = Submission(folder, shard, manifest, book, service)
            note = book.note_of(shard.file)
            if note is not None and note.batch_id and not note.barren:
                found.append(submitted(note, new=False))
            else:
                where = service.endpoint.base_url
                if where not in listed:
                    listed[where] = by_mark(service)
                found.append(work.run(listed[where].get(shard.sha256)))
            if on_progress is not None:
                on_progress(number + 1, len(manifest.shards))
        return found


def poll(
    folder: Path,
    *,
    services: Services,
    ledger: Ledger,
    prices: Callable[[str], Prices] = lambda _: FREE,
    until: float | None = None,
    wait_seconds: float = _LOCK_SECONDS,
) -> Iterator[Polled]:
    """Look after every open batch of the export in ``folder``; import what ended.

    Gives each batch as it was looked at. ``until`` is a time of ``time.monotonic`` after which no
    further one is begun; ``wait_seconds`` is how long to wait for another command at work on the export.
    Answers are downloaded to ``answers/`` and stay there. Safe to call at any time, and often.
    """
    with _locked(folder, wait_seconds=wait_seconds), _Home(folder, ledger) as home:
        manifest, book = read_manifest(folder), read_notebook(folder)
        models = {shard.file: shard.model for shard in manifest.shards}
        for note in book.notes:
            if not note.batch_id or note.imported or note.shard not in models:
                continue
            if until is not None and time.monotonic() >= until:
                return
            model = models[note.shard]
            report = None
            try:
                report = home.look(note, services(model), prices=prices(model))
            except RequestsError as exc:  # this batch's own trouble; the others come home all the same
                note.words = exc.what
            write_notebook(folder, book)
            yield _polled(folder, note, report)


def cancel(folder: Path, *, services: Services) -> list[Submitted]:
    """Ask to end every open batch. What was answered until then comes by ``poll``."""
    with _locked(folder):
        manifest, book = read_manifest(folder), read_notebook(folder)
        models = {shard.file: shard.model for shard in manifest.shards}
        ended = []
        for note in book.notes:
            if note.open and note.shard in models:
                take(note, services(models[note.shard]).cancel(note.batch_id))
                write_notebook(folder, book)
                ended.append(submitted(note, new=False))
        return ended


def state_of(folder: Path) -> ExportState:
    """What is known of an export and its batches, without asking anybody."""
    return ExportState(
        folder=folder, manifest=read_manifest(folder), notes=tuple(read_notebook(folder).notes)
    )


def on_their_way(folders: Sequence[Path]) -> list[Path]:
    """The exports of ``folders`` that have open batches: asking their requests again would pay twice."""
    return [folder for folder in folders if any(note.open for note in state_of(folder).notes)]


class _Home:
    """Where the answers of an export come home to. Its requests are looked up when the first ones do."""

    def __init__(self, folder: Path, ledger: Ledger) -> None:
        self._folder = folder
        self._ledger = ledger
        self._known: ExportedRequests | None = None

    def __enter__(self) -> _Home:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._known is not None:
            self._known.close()

    def look(self, note: Note, service: BatchService, *, prices: Prices) -> ImportReport | None:
        """Ask after one batch, and bring home what ended."""
        if note.endpoint != service.endpoint.base_url:
            raise RequestsError(
                f"It was submitted to {note.endpoint}; the settings name another address now."
            )
        if not note.ended:
            take(note, service.get(note.batch_id))
        if not note.ended:
            return None
        paths = [
            self._fetched(file_id, f"{note.batch_id}-{kind}.jsonl", service)
            for file_id, kind in ((note.output_file, "output"), (note.error_file, "errors"))
            if file_id
        ]
        if self._known is None:
            self._known = ExportedRequests([self._folder])
        report = import_answers(paths, ledger=self._ledger, known=self._known, prices=prices)
        note.imported = True
        return report

    def _fetched(self, file_id: str, name: str, service: BatchService) -> Path:
        path = self._folder / ANSWERS / name
        if not path.exists():
            service.download(file_id, path)
        return path


def _refuse_protected(folder: Path, manifest: Manifest, services: Services) -> None:
    for shard in manifest.shards:
        endpoint = services(shard.model).endpoint
        if shard.protected and not endpoint.local:
            raise RequestsError(
                f"{folder / shard.file} holds {shard.protected} requests with protected evidence, and "
                f"{endpoint.base_url} isn't marked local. Nothing was sent.",
                remedy="Export without --local for this endpoint, or mark it local if it is yours.",
            )


def _polled(folder: Path, note: Note, report: ImportReport | None) -> Polled:
    return Polled(
        folder=folder,
        shard=note.shard,
        batch_id=note.batch_id,
        status=note.status,
        total=note.total,
        completed=note.completed,
        failed=note.failed,
        words=note.words,
        report=report,
    )


@contextmanager
def _locked(folder: Path, *, wait_seconds: float = _LOCK_SECONDS) -> Iterator[None]:
    """One command or sensor an export at a time; a folder that can't be written is told in words."""
    try:
        with exclusive(folder / ".lock", what=f"The export {folder}", wait_seconds=wait_seconds):
            yield
    except GrandRoundsError:
        raise
    except OSError as exc:
        raise RequestsError(f"{folder} can't be used: {exc.strerror or exc}.") from exc
