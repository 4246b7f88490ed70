"""Exporting a queue to another program's file, and importing the decisions made there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from grandrounds.errors import ReviewError
from grandrounds.recipe import Recipe
from grandrounds.review.exchange import argilla, labelstudio, spreadsheet
from grandrounds.review.exchange.boxes import boxes_for
from grandrounds.review.exchange.filled import Numbered
from grandrounds.review.exchange.people import People
from grandrounds.review.policy import policy_of
from grandrounds.review.store import ReviewStore
from grandrounds.review.transfer import ExportReport, ImportReport, export_queue, import_lines, write_export

Kind = Literal["labelstudio", "argilla", "csv"]
KINDS: tuple[Kind, ...] = ("labelstudio", "argilla", "csv")
MOST_BYTES = 512 << 20
"""Of a file to import: it is read whole."""

_BESIDE: Mapping[Kind, str] = {"labelstudio": ".config.xml", "argilla": ".settings.json"}


def export_file(
    store: ReviewStore,
    recipe: Recipe | str,
    path: Path,
    *,
    to: Kind,
    reviewer: str = "",
    disputed: bool = False,
) -> tuple[ExportReport, Path | None]:
    """Write the queue (see ``transfer.export_queue``) as a new file for another program; beside it, where
    that program wants one, its configuration. Gives the report and where the configuration is."""
    name, policy = policy_of(store, recipe)
    lines = [json.loads(line) for line in export_queue(store, recipe, reviewer=reviewer, disputed=disputed)]
    beside = path.with_name(path.stem + _BESIDE[to]) if to in _BESIDE else None
    if beside is not None and not beside.exists():
        boxes = boxes_for(policy)
        text = labelstudio.config(boxes) if to == "labelstudio" else argilla.settings(boxes)
        write_export(text.rstrip("\n").split("\n"), beside, recipe=name)
    report = write_export(_written(lines, to), path, recipe=name)
    return ExportReport(recipe=report.recipe, lines=len(lines), file=report.file), beside


def import_other(
    store: ReviewStore, path: Path, *, come_from: Kind, people: People, now: datetime
) -> ImportReport:
    """Store the decisions in another program's file, by the guards of any import: a decision that can't be
    used, or differs from one that is there, is told by its place in the file and never overwrites.

    Raises ``ReviewError`` when the file can't be read at all.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ReviewError(
                f"{path} is larger than {MOST_BYTES >> 20} MiB.", remedy="Import it in parts."
            )
        data = path.read_bytes()
    except OSError as exc:
        raise ReviewError(f"{path} can't be read: {exc.strerror or exc}.") from exc
    return import_lines(store, _read(data, path, come_from, people), file=str(path), now=now)


def _written(lines: Sequence[Mapping[str, Any]], to: Kind) -> Iterator[str]:
    if to == "csv":
        return spreadsheet.write(lines)
    return labelstudio.write(lines) if to == "labelstudio" else argilla.write(lines)


def _read(data: bytes, path: Path, come_from: Kind, people: People) -> Iterator[Numbered]:
    if come_from == "csv":
        return spreadsheet.read(data, people=people, shown=str(path))
    values = _json_list(data, path)
    read = labelstudio.read if come_from == "labelstudio" else argilla.read
    return read(enumerate(values, start=1), people=people)


def _json_list(data: bytes, path: Path) -> list[Any]:
    """The values in one JSON list, or in lines of JSON."""
    import orjson

    plain = data.removeprefix(b"\xef\xbb\xbf")
    try:
        found = orjson.loads(plain)
    except orjson.JSONDecodeError as exc:
        try:
            return [orjson.loads(line) for line in plain.splitlines() if line.strip()]
        except orjson.JSONDecodeError:
            raise ReviewError(
                f"{path} is no JSON: {exc}.", remedy="Give the file that the other program exported."
            ) from exc
    return found if isinstance(found, list) else [found]
