"""A client on the stand-in for vLLM, and what the stand-in noted."""

from __future__ import annotations

import json
import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grandrounds.llm.ledger import open_ledger
from grandrounds.llm.vllm.client import VllmClient, VllmOptions
from grandrounds.llm.vllm.program import Program
from tests.support.fake_run_batch import install


@dataclass(frozen=True, kw_only=True)
class Bench:
    """An environment with the stand-in, a ledger, a work folder and the stand-in's notes."""

    folder: Path
    python: str

    @classmethod
    def make(cls, folder: Path) -> Bench:
        environment = folder / "environment"
        environment.mkdir()
        return cls(folder=folder, python=install(environment))

    @property
    def work(self) -> Path:
        return self.folder / "work"

    @property
    def ledger(self) -> Path:
        return self.folder / "ledger.sqlite"

    def arguments(self, *more: str) -> str:
        return shlex.join(["--fake-journal", str(self.folder / "journal"), *more])

    def client(
        self, *more: str, shard_size: int = 2000, timeout_seconds: float = 60.0, **options: Any
    ) -> VllmClient:
        return VllmClient(
            open_ledger(self.ledger),
            Program.of(python=self.python, model="stub", arguments=self.arguments(*more)),
            work=self.work,
            options=VllmOptions(shard_size=shard_size, timeout_seconds=timeout_seconds),
            **options,
        )

    def notes(self, name: str) -> list[Any]:
        path = self.folder / "journal"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [note[name] for note in map(json.loads, lines) if name in note]

    @property
    def runs(self) -> list[list[str]]:
        """The request ids of every run that got as far as its requests, known good ones left out."""
        return [run for run in self.notes("requests") if run != ["known-good"]]

    @property
    def alive(self) -> list[int]:
        """Processes of the stand-in that still run."""
        return [pid for pid in self.notes("started") + self.notes("engine") if _runs(pid)]

    @property
    def shards(self) -> list[Path]:
        return sorted(self.work.glob("*/shard-*")) + sorted(self.work.glob("shard-*"))


def _runs(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return stat.read().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except OSError:
        return False
    finally:
        os.sched_yield()
