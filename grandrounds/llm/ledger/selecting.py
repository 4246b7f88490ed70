"""A selection of answers as a condition of a query."""

from __future__ import annotations

from datetime import UTC, datetime

from grandrounds.llm.answer import OK
from grandrounds.llm.ledger.database import Session
from grandrounds.llm.ledger.values import Selection


def moment(when: datetime) -> str:
    """A time as the ledger writes it: these texts sort as the times do."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds")


def condition(
    selection: Selection, session: Session, *, spare_ok: bool = False, paged: bool = False
) -> tuple[str, list[object]]:
    """The condition on ``ledger_answers a``, and the values for its ``?``.

    ``paged`` spells it so that no index can serve it: a reader that goes through the answers page by
    page in their own order must not start anew, in the order of an index, with each page.
    """
    parts: list[str] = []
    values: list[object] = []
    end = " || ''" if paged else ""
    model, status, created_at = (f"a.{name}{end}" for name in ("model", "status", "created_at"))
    for column, wanted in ((model, selection.models), (status, selection.statuses)):
        if wanted:
            part, found = session.among(column, wanted)
            parts.append(part)
            values += found
    if selection.prompts:
        part, found = _of_prompts(selection.prompts, end=end)
        parts.append(part)
        values += found
    if selection.since:
        parts.append(f"{created_at} >= ?")
        values.append(selection.since)
    if selection.before:
        parts.append(f"{created_at} < ?")
        values.append(selection.before)
    if spare_ok:
        parts.append(f"{status} <> ?")
        values.append(OK)
    return " AND ".join(f"({part})" for part in parts) or "1 = 1", values


def _of_prompts(prompts: tuple[str, ...], *, end: str) -> tuple[str, list[object]]:
    parts: list[str] = []
    values: list[object] = []
    for prompt in prompts:
        name, at, version = prompt.partition("@")
        of_version = f" AND a.prompt_version{end} = ?" if at else ""
        parts.append(f"a.prompt_name{end} = ?{of_version}")
        values += [name, version] if at else [name]
    return " OR ".join(f"({part})" for part in parts), values
