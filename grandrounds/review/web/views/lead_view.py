"""The lead's page: each table of the board with its chart and its sentence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import Markup

from grandrounds.review.figures.board import Board
from grandrounds.review.figures.table import Cell, Table
from grandrounds.review.policy import Outcome
from grandrounds.review.web.views.charts import Bar, Dot, bars, columns, dots, lines
from grandrounds.review.web.words import Words

ORDER = (
    "progress", "forecast", "days", "funnel", "agreement", "ratings", "readers", "weeks",
    "gold", "answers", "held", "disputes", "declined",
)  # fmt: skip
_SHARES = frozenset({"share", "gold_share"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A table as it is shown: its cells as words, a chart where it has one, and what it says."""

    name: str
    title: str
    words: str
    chart: Markup | None
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def sections(board: Board, words: Words) -> list[Section]:
    """The board, table by table."""
    return [_section(board.tables[name], board, words) for name in ORDER]


def _section(table: Table, board: Board, words: Words) -> Section:
    drawn = _CHARTS.get(table.name)
    said = _said(table, board, words)
    title = words(f"lead.{table.name}")
    return Section(
        name=table.name,
        title=title,
        words=said,
        chart=drawn(table, words, title, said) if drawn and table.rows else None,
        head=tuple(words(f"column.{column}") for column in table.columns),
        rows=tuple(
            tuple(_cell(column, cell, words) for column, cell in zip(table.columns, row, strict=True))
            for row in table.rows
        ),
    )


def _cell(column: str, cell: Cell, words: Words) -> str:
    if cell is None:
        return "–"
    if isinstance(cell, datetime):
        return cell.strftime("%Y-%m-%d %H:%M UTC")
    if isinstance(cell, float):
        return f"{cell:.1%}" if column in _SHARES else f"{cell:.3g}" if abs(cell) < 100 else f"{cell:.0f}"
    if isinstance(cell, str) and column in _KEYS:
        return _called(words, _KEYS[column](cell), cell)
    if isinstance(cell, str) and column == "task":
        return words.known(f"task.{cell}") or cell
    if isinstance(cell, str) and column == "decision":
        return words.known(f"decision.{cell}") or cell
    return str(cell)


def _called(words: Words, key: str, name: str) -> str:
    if name.startswith("specific_"):
        of = name.removeprefix("specific_")
        return words("statistic.specific", decision=words.known(f"decision.{of}") or of)
    return words.known(key) or name.replace("_", " ")


def _said(table: Table, board: Board, words: Words) -> str:
    """One sentence for what the table comes to; it is the chart's text, too."""
    status, coming = board.status, board.forecast
    if table.name == "progress":
        pending = status.counts[Outcome.PENDING]
        return words("lead.progress_said", done=status.asked - pending, all=status.asked)
    if table.name == "forecast":
        if coming.missing == 0:
            return words("lead.forecast_none_left")
        if coming.done is None or coming.a_day is None:
            return words("lead.forecast_unknown", missing=coming.missing)
        return words(
            "lead.forecast_said", missing=coming.missing, pace=f"{coming.a_day:.1f}", done=coming.done,
            earliest=coming.earliest or "–", latest=coming.latest or "–",
        )  # fmt: skip
    if table.name == "agreement":
        return _agreement_said(board, words)
    if table.name == "answers" and table.rows:
        answered, options, same = (_number(cell) for cell in table.rows[0][2:5])
        return words(
            "lead.answers_said", answered=f"{answered:.0f}", options=f"{options:.0f}", same=f"{same:.0f}"
        )
    return words(f"lead.{table.name}_said" if table.rows else "lead.nothing")


def _agreement_said(board: Board, words: Words) -> str:
    found = board.status.agreement
    if found.gwet_ac1 is None or found.percent_agreement is None:
        return words("lead.agreement_none")
    grade = next(name for least, name in _GRADES if found.gwet_ac1 >= least)
    low, high = found.gwet_ac1_low, found.gwet_ac1_high
    return words(
        "lead.agreement_said",
        items=found.items,
        percent=f"{found.percent_agreement:.1%}",
        ac1=f"{found.gwet_ac1:.2f}",
        low="–" if low is None else f"{low:.2f}",
        high="–" if high is None else f"{high:.2f}",
        grade=words(f"grade.{grade}"),
    )


_GRADES = ((0.8, "very_good"), (0.6, "good"), (0.4, "moderate"), (0.2, "fair"), (float("-inf"), "poor"))


def _progress(table: Table, words: Words, title: str, said: str) -> Markup:
    rows = [
        Bar(
            label=_called(words, f"outcome.{name}", str(name)),
            value=_number(count),
            words=f"{count} ({_number(share):.0%})",
            kind=f"outcome-{name}",
        )
        for name, count, share in table.rows
    ]
    return bars(rows, name=table.name, title=title, words=said)


def _days(table: Table, _words: Words, title: str, said: str) -> Markup:
    rows = [(str(day), _number(count)) for day, count in table.rows[-90:]]
    return columns(rows, name=table.name, title=title, words=said)


def _funnel(table: Table, words: Words, title: str, said: str) -> Markup:
    rows = [
        Bar(
            label=f"{step}: {unit}", value=_number(left),
            words=words("lead.of", left=left, entered=entered),
        )
        for step, unit, entered, left, *_ in table.rows
    ]  # fmt: skip
    return bars(rows, name=table.name, title=title, words=said)


def _agreement(table: Table, words: Words, title: str, said: str) -> Markup:
    """Everything over all; of the parts only AC1."""
    rows = []
    for scope, of, statistic, value, low, high, _ in table.rows:
        if value is None or (scope != "all" and statistic not in {"gwet_ac1", "gwet_ac2_quadratic"}):
            continue
        label = (
            _called(words, f"statistic.{statistic}", str(statistic))
            if scope == "all"
            else str(of).replace("_", " ")
        )
        rows.append(Dot(label=label, value=_number(value), low=_maybe(low), high=_maybe(high)))
    return dots(rows, name=table.name, title=title, words=said)


def _answers(table: Table, words: Words, title: str, said: str) -> Markup | None:
    rows = [
        Dot(
            label=_called(words, "scope.all", "all") if scope == "all" else str(of).replace("_", " "),
            value=_number(share), low=_maybe(low), high=_maybe(high),
        )
        for scope, of, _, _, _, share, low, high in table.rows
        if share is not None
    ]  # fmt: skip
    return dots(rows, name=table.name, title=title, words=said) if rows else None


def _readers(table: Table, words: Words, title: str, said: str) -> Markup:
    place = table.columns.index("seconds")
    rows = [
        Bar(
            label=str(row[0]), value=_number(row[place]),
            words=words("lead.seconds", seconds=f"{_number(row[place]):.0f}"),
        )
        for row in table.rows
        if row[place] is not None
    ]  # fmt: skip
    return bars(rows, name=table.name, title=title, words=said)


def _weeks(table: Table, _words: Words, title: str, said: str) -> Markup | None:
    place = table.columns.index("gold_share")
    series: dict[str, list[tuple[str, float]]] = {}
    for row in table.rows:
        if row[place] is not None:
            series.setdefault(str(row[0]), []).append((str(row[1]), _number(row[place])))
    return lines(series, name=table.name, title=title, words=said) if series else None


def _number(cell: Cell) -> float:
    return float(cell) if isinstance(cell, int | float) else 0.0


def _maybe(cell: Cell) -> float | None:
    return float(cell) if isinstance(cell, int | float) else None


_KEYS: dict[str, Callable[[str], str]] = {
    "outcome": lambda name: f"outcome.{name}",
    "scope": lambda name: f"scope.{name}",
    "kind": lambda name: f"declined.{name}",
    "role": lambda name: f"role.{name}",
    "statistic": lambda name: f"statistic.{name}",
}
_CHARTS: dict[str, Callable[[Table, Words, str, str], Any]] = {
    "progress": _progress,
    "days": _days,
    "funnel": _funnel,
    "agreement": _agreement,
    "ratings": _agreement,
    "readers": _readers,
    "weeks": _weeks,
    "answers": _answers,
}
