"""Results of models, as evaluators have them: rows of item, verdict, model. What is unusable is counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from grandrounds.errors import TimingError
from grandrounds.rowfiles import Reading, Row, read_rows

_WORDS = {"true": 1.0, "false": 0.0, "yes": 1.0, "no": 0.0, "correct": 1.0, "incorrect": 0.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """``scores`` by model, then by item: the mean of its rows. ``rows`` were read; ``unusable`` counts
    those without a verdict, by what they lack. A row without a verdict is never counted as wrong."""

    scores: Mapping[str, Mapping[str, float]]
    rows: int
    unusable: Mapping[str, int]


def read_results(paths: Sequence[Path]) -> Results:
    """Read files of rows with ``item_id``, ``correct`` or ``score``, and ``model`` (else the file's name).

    Raises ``TimingError`` when nothing can be used, or a file breaks off.
    """
    sums: dict[str, dict[str, list[float]]] = {}
    unusable: Counter[str] = Counter()
    rows = 0
    for path in paths:
        reading = Reading()
        if not path.is_file():
            raise TimingError(f"There is no file {path}.", remedy="Give a file of results.")
        for row in read_rows(path, reading):
            rows += 1
            item, score, lacking = _verdict(row)
            if lacking:
                unusable[lacking] += 1
                continue
            model = str(row.get("model") or path.name.split(".")[0])
            sums.setdefault(model, {}).setdefault(item, []).append(score)
        if reading.broken:
            raise TimingError(
                f"{path} can't be read to its end: {reading.reason}.",
                remedy="Repair it: scores of a part of the items would look like scores of all.",
            )
        unusable["a line that is no row"] += reading.passed_by
    if not sums:
        raise TimingError(
            f"No row of {', '.join(map(str, paths))} can be used.",
            remedy="A row needs item_id, and correct (true or false) or score (a number).",
        )
    return Results(
        scores={
            model: {item: sum(own) / len(own) for item, own in sorted(items.items())}
            for model, items in sorted(sums.items())
        },
        rows=rows,
        unusable={name: count for name, count in sorted(unusable.items()) if count},
    )


def _verdict(row: Row) -> tuple[str, float, str]:
    """The item, its score, and what the row lacks (empty when it has both)."""
    item = row.get("item_id")
    if not isinstance(item, str) or not item:
        return "", 0.0, "no item_id"
    for name in ("correct", "score"):
        if name in row and row[name] is not None and row[name] != "":
            score = _number(row[name])
            return item, score or 0.0, f"{name} is no number" if score is None else ""
    return item, 0.0, "no verdict"


def _number(value: Any) -> float | None:
    if isinstance(value, str):
        if value.strip().casefold() in _WORDS:
            return _WORDS[value.strip().casefold()]
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool | int | float) and isfinite(value):
        return float(value)
    return None
