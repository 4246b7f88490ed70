"""One shard on its way into a batch: looked for, uploaded, made, every step noted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from grandrounds.errors import RequestsError
from grandrounds.fingerprint import sha256_file
from grandrounds.llm.files.manifest import Manifest, Shard
from grandrounds.llm.files.notebook import Note, Notebook, write_notebook
from grandrounds.llm.files.service import BatchService, BatchState, Unsure

_MARK = "grandrounds_shard"
_CREATE_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """What became of one shard: ``new`` when this call made its batch, else it was there already."""

    shard: str
    batch_id: str
    status: str
    new: bool
    words: str = ""


class Submission:
    """Makes the batch of ``shard``, of the export in ``folder``; every step stands in ``book`` first."""

    def __init__(
        self, folder: Path, shard: Shard, manifest: Manifest, book: Notebook, service: BatchService
    ) -> None:
        self._folder = folder
        self._shard = shard
        self._manifest = manifest
        self._book = book
        self._service = service

    def run(self, listed: BatchState | None) -> Submitted:
        """Take the batch that the service has ``listed`` for this shard, or else make one."""
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
            except RequestsError:
                note.input_file = ""  # perhaps the service has forgotten the file; the next run looks
                self._save()
                raise
            except Unsure as exc:
                words = str(exc)
                listed = by_mark(self._service).get(self._shard.sha256)
                if listed is not None:
                    return self._keep(note, listed, new=True)
        raise RequestsError(
            f"No batch could be made of {self._shard.file}: {words}",
            remedy="Run the same command again; what was submitted is noted and not submitted twice.",
        )

    def _keep(self, note: Note, state: BatchState, *, new: bool) -> Submitted:
        note.batch_id = state.batch_id
        take(note, state)
        self._save()
        return submitted(note, new=new)

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


def take(note: Note, state: BatchState) -> None:
    """Note how a batch is."""
    note.status = state.status
    note.output_file, note.error_file = state.output_file, state.error_file
    note.total, note.completed, note.failed = state.total, state.completed, state.failed
    note.words = state.words


def by_mark(service: BatchService) -> dict[str, BatchState]:
    """The service's batches by the hash of their shard, but those that ended and brought nothing."""
    found: dict[str, BatchState] = {}
    for state in service.all():
        mark = state.metadata.get(_MARK)
        if mark and not state.barren:
            found.setdefault(mark, state)
    return found


def submitted(note: Note, *, new: bool) -> Submitted:
    """A note as the report of a submission."""
    return Submitted(
        shard=note.shard, batch_id=note.batch_id, status=note.status, new=new, words=note.words
    )
