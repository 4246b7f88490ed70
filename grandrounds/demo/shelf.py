"""What shelves of demo files have in common: they are written, and listed with what each must give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import yaml


class Listed(Protocol):
    """A demo file, as far as every list tells of it."""

    @property
    def kind(self) -> str:
        """The kind of its row in the sources table."""

    @property
    def status(self) -> str:
        """The status of that row."""

    @property
    def says(self) -> str:
        """Words of that row's reason."""

    @property
    def why(self) -> str:
        """What a troubled file is there for."""


class OneLine(list[Any]):
    """A list that is written in one line: a box, a path, numbers."""


def write_files(folder: Path, files: Mapping[str, bytes]) -> tuple[Path, ...]:
    """Write ``files`` below ``folder`` and say where they are."""
    written = []
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        written.append(path)
    return tuple(written)


def outcome(file: str, one: Listed) -> dict[str, Any]:
    """How the list's entry on a file begins: its row in the sources table."""
    said: dict[str, Any] = {"file": file, "kind": one.kind, "status": one.status}
    return said | {key: value for key, value in (("says", one.says), ("why", one.why)) if value}


def as_yaml(head: str, entries: Sequence[Mapping[str, Any]]) -> str:
    """The list, below the comments of its ``head``."""
    written = yaml.dump(list(entries), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=108)
    return f"{head}\n{written}"


class _Dumper(yaml.SafeDumper):
    """Knows lists that are written in one line."""


_Dumper.add_representer(
    OneLine,
    lambda dumper, value: dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=True),
)
