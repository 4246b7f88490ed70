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
from grandrounds.fingerprint import sha256_file
from grandrounds.llm.files.answers import ImportReport, import_answers
from grandrounds.llm.files.exported import ExportedRequests
from grandrounds.llm.files.manifest import Manifest, Shard, read_manifest
from grandrounds.llm.files.notebook import Note, Notebook, read_notebook, write_notebook
from grandrounds.llm.files.service import BatchService, BatchState, Unsure
from grandrounds.llm.ledger import Ledger
from grandrounds.llm.prices import FREE, Prices
from grandrounds.locks import exclusive

#: Where downloaded answers are kept, below the export.
ANSWERS = "answers"

_MARK = "grandrounds_shard"
_CREATE_TRIES = 3
_LOCK_SECONDS = 30.0

#: Gives the service for a model's name on the wire.
Services = Callable[[str], BatchService]


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """What became of one shard: ``new`` when this call made its batch, else it was there already."""

    shard: str
    batch_id: str
    status: str
    new: bool
    words: str = ""


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
            work = _Submission(folder, shard, manifest, book, service)
            note = book.note_of(shard.file)
            if note is not None and note.batch_id and not note.barren:
                found.append(_submitted(note, new=False))
            else:
                where = service.endpoint.base_url
                if where not in listed:
                    listed[where] = _by_mark(service)
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
                _take(note, services(models[note.shard]).cancel(note.batch_id))
                write_notebook(folder, book)
                ended.append(_submitted(note, new=False))
        return ended


def state_of(folder: Path) -> ExportState:
    """What is known of an export and its batches, without asking anybody."""
    return ExportState(
        folder=folder, manifest=read_manifest(folder), notes=tuple(read_notebook(folder).notes)
    )


def on_their_way(folders: Sequence[Path]) -> list[Path]:
    """The exports of ``folders`` that have open batches: asking their requests again would pay twice."""
    return [folder for folder in folders if any(note.open for note in state_of(folder).notes)]


class _Submission:
    """One shard on its way into a batch, every step noted."""

    def __init__(
        self, folder: Path, shard: Shard, manifest: Manifest, book: Notebook, service: BatchService
    ) -> None:
        self._folder = folder
        self._shard = shard
        self._manifest = manifest
        self._book = book
        self._service = service

    def run(self, listed: BatchState | None) -> Submitted:
        note, resumed = self._note()
        if listed is not None:
            return self._keep(note, listed, new=False)
        self._refuse_changed()
        if not note.input_file:
            note.input_file = self._uploaded(note, resumed=resumed)
            note.status = "creating"
            self._save()
        return self._created(note)

    def _note(self) -> tuple[Note, bool]:
        """The note to go on with: an unfinished one of this endpoint, or a new one; and which it is."""
        last = self._book.note_of(self._shard.file)
        endpoint = self._service.endpoint.base_url
        if last is not None and not last.batch_id and last.endpoint == endpoint:
            return last, True
        note = Note(
            shard=self._shard.file,
            sha256=self._shard.sha256,
            endpoint=endpoint,
            attempt=1 if last is None else last.attempt + 1,
        )
        self._book.notes.append(note)
        return note, False

    def _uploaded(self, note: Note, *, resumed: bool) -> str:
        name = f"{self._shard.sha256[:16]}-{self._shard.file}"
        if resumed and (found := self._service.find_upload(name=name, size=self._shard.bytes)):
            return found
        note.status = "uploading"
        self._save()
        return self._service.upload(self._folder / self._shard.file, name=name)

    def _created(self, note: Note) -> Submitted:
        metadata = {
            _MARK: self._shard.sha256,
            "grandrounds_recipe": self._manifest.recipe[:512],
            "grandrounds_stage": self._manifest.stage[:512],
        }
        words = ""
        for _ in range(_CREATE_TRIES):
            try:
                return self._keep(note, self._service.create(note.input_file, metadata=metadata), new=True)
            except Unsure as exc:
                words = str(exc)
                listed = _by_mark(self._service).get(self._shard.sha256)
                if listed is not None:
                    return self._keep(note, listed, new=True)
        raise RequestsError(
            f"No batch could be made of {self._shard.file}: {words}",
            remedy="Run the same command again; what was submitted is noted and not submitted twice.",
        )

    def _keep(self, note: Note, state: BatchState, *, new: bool) -> Submitted:
        note.batch_id = state.batch_id
        _take(note, state)
        self._save()
        return _submitted(note, new=new)

    def _refuse_changed(self) -> None:
        path = self._folder / self._shard.file
        try:
            whole = sha256_file(path) == self._shard.sha256
        except OSError as exc:
            raise RequestsError(f"{path} can't be read: {exc.strerror or exc}.") from exc
        if not whole:
            raise RequestsError(
                f"{path} was changed after the export.", remedy="Export the requests again."
            )

    def _save(self) -> None:
        write_notebook(self._folder, self._book)


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
            _take(note, service.get(note.batch_id))
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


def _take(note: Note, state: BatchState) -> None:
    note.status = state.status
    note.output_file, note.error_file = state.output_file, state.error_file
    note.total, note.completed, note.failed = state.total, state.completed, state.failed
    note.words = state.words


def _by_mark(service: BatchService) -> dict[str, BatchState]:
    """The service's batches by the hash of their shard, but those that ended and brought nothing."""
    found: dict[str, BatchState] = {}
    for state in service.all():
        mark = state.metadata.get(_MARK)
        if mark and not state.barren:
            found.setdefault(mark, state)
    return found


def _refuse_protected(folder: Path, manifest: Manifest, services: Services) -> None:
    for shard in manifest.shards:
        endpoint = services(shard.model).endpoint
        if shard.protected and not endpoint.local:
            raise RequestsError(
                f"{folder / shard.file} holds {shard.protected} requests with protected evidence, and "
                f"{endpoint.base_url} isn't marked local. Nothing was sent.",
                remedy="Export without --local for this endpoint, or mark it local if it is yours.",
            )


def _submitted(note: Note, *, new: bool) -> Submitted:
    return Submitted(
        shard=note.shard, batch_id=note.batch_id, status=note.status, new=new, words=note.words
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
