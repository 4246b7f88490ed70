"""One shard: a folder with the requests of one run, its log, and its output once that is whole.

    requests.jsonl   what vLLM reads; checked, and written whole before it has this name
    output.part      what vLLM writes, all at its end; trusted only after vLLM ended well, and line by line
    answers.jsonl    the trusted lines; its being there means that the run is over
    vllm.log         what vLLM said

The folder is named by the requests in it, so a run that was killed finds it again. It goes when its
answers are in the ledger.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from grandrounds.errors import ModelError
from grandrounds.fingerprint import content_id
from grandrounds.llm.files.lines import loads
from grandrounds.llm.vllm.output import Output, sift

ANSWERS = "answers.jsonl"


class Shard:
    """The folder ``folder`` for the requests ``ids``. What can't be written raises ``ModelError``."""

    def __init__(self, folder: Path, ids: Sequence[str]) -> None:
        self.ids = tuple(ids)
        self.folder = folder
        self.requests = folder / "requests.jsonl"
        self.output = folder / "output.part"
        self.answers = folder / ANSWERS
        self.log = folder / "vllm.log"

    @classmethod
    def of(cls, work: Path, ids: Sequence[str]) -> Shard:
        """The shard of these requests below ``work``."""
        return cls(work / content_id("shard", list(ids)), ids)

    def prepare(self, lines: Iterable[bytes]) -> None:
        """Write the requests' ``lines``; whatever an earlier run left here is cleared away."""
        try:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # it may hold protected evidence
            _write(self.requests, lines)
        except OSError as exc:
            raise _unwritable(self.folder, exc) from exc

    def keep(self) -> Output:
        """Sift what vLLM wrote and keep the trusted lines, from now on safe from any interruption."""
        output = sift(self.output, wanted=dict.fromkeys(self.ids))
        try:
            _write(self.answers, (line + b"\n" for line in output.lines.values()))
        except OSError as exc:
            raise _unwritable(self.folder, exc) from exc
        return output

    def remove(self, *, keep_log: Path | None = None) -> None:
        """Delete the folder, its log apart if wanted; what can't be deleted is left for the next run."""
        if keep_log is not None:
            with suppress(OSError):
                self.log.replace(keep_log)
        shutil.rmtree(self.folder, ignore_errors=True)


class Leftovers:
    """Shards below ``work`` that were finished but not put into the ledger, found by their requests."""

    def __init__(self, work: Path) -> None:
        self._work = work
        self._left: dict[Path, set[str]] = {}

    def take(self, wanted: Collection[str]) -> Iterator[dict[str, bytes]]:
        """The finished lines for requests of ``wanted``, file by file.

        A file is deleted, with its folder, when the next one is asked for and no line of it is left for
        other requests. So don't ask before its lines are in the ledger.
        """
        found = sorted(self._work.glob(f"*/{ANSWERS}"))
        self._left = {path: self._left.get(path) or set(_ids(path)) for path in found}
        for path, keys in self._left.items():
            if keys.isdisjoint(wanted):
                continue
            yield sift(path, wanted=[key for key in wanted if key in keys]).lines
            keys.difference_update(wanted)
            if not keys:
                shutil.rmtree(path.parent, ignore_errors=True)


def sweep(work: Path) -> None:
    """Delete the shards that an earlier run didn't finish. Call it while no other run can be at work."""
    for folder in work.glob("shard-*"):
        if not (folder / ANSWERS).exists():
            shutil.rmtree(folder, ignore_errors=True)


def _ids(path: Path) -> Iterator[str]:
    try:
        text = path.read_bytes()
    except OSError:
        return
    for line in text.splitlines():
        document = loads(line)
        if isinstance(document, dict) and isinstance(document.get("custom_id"), str):
            yield document["custom_id"]


def _write(path: Path, lines: Iterable[bytes]) -> None:
    """Write a file that is whole once it has its name, also after a power cut."""
    temporary = path.with_name(f"{path.name}.tmp")
    with temporary.open("wb") as handle:
        for line in lines:
            handle.write(line)
        handle.flush()
        os.fsync(handle.fileno())
    temporary.replace(path)


def _unwritable(folder: Path, exc: OSError) -> ModelError:
    return ModelError(
        f"The shard {folder} can't be written: {exc.strerror or exc}.",
        remedy="Make room, or check the folder's rights; what was answered so far is in the ledger.",
    )
