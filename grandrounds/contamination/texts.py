"""What of an item is looked for: its stem, or where that is short its question; and its long answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grandrounds.contamination.leaves import leaves
from grandrounds.contamination.words import words
from grandrounds.errors import ContaminationError
from grandrounds.records.envelope import Envelope
from grandrounds.rowfiles import Reading, Row, read_rows

RUN = 13
"""Words in a run: as many as the n-grams that published decontaminations compare."""
HEAD = 8
"""Fewest words of a text that can be looked for at all."""
_IDS = ("item_id", "id", "question_id", "qid", "uid", "index")


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemText:
    """One text of an item. ``group`` is what texts of one origin share: what several groups say in the same
    words is a phrase of the benchmark."""

    item_id: str
    task: str
    group: str
    field: str
    text: str


def texts_of(row: Envelope, item_id: str) -> Iterator[ItemText]:
    """The texts of one of our rows."""

    def made(field: str, text: str) -> ItemText:
        return ItemText(item_id=item_id, task=row.task, group=row.group_id, field=field, text=text)

    if _long(row.stem):
        yield made("stem", row.stem)
        # A question that is more than its usual sentence holds a case of its own.
        if _long(row.question, 2 * RUN):
            yield made("question", row.question)
    else:
        yield made("question", " ".join(part for part in (row.stem, row.question) if part))
    if _long(row.answer):
        yield made("answer", row.answer)


def texts_in_file(path: Path) -> Iterator[ItemText]:
    """The texts of any benchmark file, row by row: the long ones, or all of a row as one text.

    Raises ``ContaminationError`` when the file can't be read to its end.
    """
    reading = Reading()
    names: set[str] = set()
    for number, row in enumerate(read_rows(path, reading, text_only=True)):
        name = _name(row, number)
        if name in names:
            name = f"{name}#{number}"
        names.add(name)
        yield from _texts_of_row(row, name)
    if reading.broken:
        raise ContaminationError(
            f"{path} can't be read to its end: {reading.reason}",
            remedy="Repair the file: a check of a part of it would say nothing of the rest.",
        )


def _texts_of_row(row: Row, name: str) -> Iterator[ItemText]:
    found = [(field, text) for field, text in leaves(row) if field not in _IDS]
    long = [(field, text) for field, text in found if _long(text)]
    task = str(row.get("task") or "")
    for field, text in long or [("row", " ".join(text for _, text in found))]:
        yield ItemText(item_id=name, task=task, group=name, field=field, text=text)


def _name(row: Row, number: int) -> str:
    for key in _IDS:
        value: Any = row.get(key)
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value):
            return str(value)[:200]
    return f"row-{number}"


def _long(text: str, least: int = RUN) -> bool:
    return len(words(text)) >= least
