"""Deleting from a ledger: answers of a selection, and the requests that are left without any."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from grandrounds.llm.ledger.database import Database, Session
from grandrounds.llm.ledger.selecting import condition
from grandrounds.llm.ledger.values import Pruned, Selection

_PAGE = 2000

_SIZES = "count(*), coalesce(sum(length(a.text)), 0)"


def prune(database: Database, selection: Selection, *, ok: bool, dry_run: bool) -> Pruned:
    """See ``Ledger.prune``."""
    if dry_run:
        return database.read(lambda session: _foreseen(session, selection, ok=ok))
    by_status: Counter[str] = Counter()
    requests = size = 0
    last: int | None = -(2**63)
    while last is not None:
        last, page, gone, freed = database.write_alone(
            lambda session, after=last: _delete_page(session, selection, ok=ok, after=after)  # type: ignore[misc]
        )
        by_status.update(page)
        requests += gone
        size += freed
    return _pruned(by_status, requests=requests, size=size)


def _foreseen(session: Session, selection: Selection, *, ok: bool) -> Pruned:
    """What a pruning would take now."""
    selected, values = condition(selection, session, spare_ok=not ok)
    found = session.rows(
        f"SELECT a.status, {_SIZES} FROM ledger_answers a WHERE {selected} GROUP BY a.status",  # noqa: S608
        values,
    )
    # One condition for each of the two indexes; together they would use neither.
    kept = " AND ".join(
        "NOT EXISTS (SELECT 1 FROM ledger_answers a WHERE a.request_id = r.request_id "  # noqa: S608
        f"AND a.status {comparison} 'ok' AND NOT ({selected}))"
        for comparison in ("=", "<>")
    )
    ((requests, size),) = session.rows(
        "SELECT count(*), coalesce(sum(length(r.key)), 0) FROM ledger_requests r "  # noqa: S608
        f"WHERE r.request_id IN (SELECT a.request_id FROM ledger_answers a WHERE {selected}) AND {kept}",
        [*values, *values, *values],
    )
    return _pruned(
        Counter({row[0]: row[1] for row in found}),
        requests=requests,
        size=int(size) + sum(int(row[2]) for row in found),
    )


def _delete_page(
    session: Session, selection: Selection, *, ok: bool, after: int
) -> tuple[int | None, Counter[str], int, int]:
    """Delete some of the selection: the last of them (``None`` at the end), statuses, requests, size."""
    selected, values = condition(selection, session, spare_ok=not ok, paged=True)
    found = session.rows(
        "SELECT a.answer_id, a.request_id, a.status, length(a.text) FROM ledger_answers a "  # noqa: S608
        f"WHERE a.answer_id > ? AND {selected} ORDER BY a.answer_id LIMIT {_PAGE}",
        [after, *values],
    )
    if not found:
        return None, Counter(), 0, 0
    among, ids = session.among("answer_id", [row[0] for row in found])
    session.change(f"DELETE FROM ledger_answers WHERE {among}", ids)  # noqa: S608
    gone, size = _delete_unanswered(session, sorted({row[1] for row in found}))
    return found[-1][0], Counter(row[2] for row in found), gone, size + sum(row[3] for row in found)


def _delete_unanswered(session: Session, candidates: Sequence[str]) -> tuple[int, int]:
    """Delete those requests that have no answer left; how many, how large. Schemas stay: they are few."""
    of_answers, ids = session.among("a.request_id", candidates)
    answered = {
        row[0]
        for comparison in ("=", "<>")
        for row in session.rows(
            f"SELECT a.request_id FROM ledger_answers a WHERE a.status {comparison} 'ok' AND {of_answers}",  # noqa: S608
            ids,
        )
    }
    unanswered = [candidate for candidate in candidates if candidate not in answered]
    among, ids = session.among("request_id", unanswered)
    ((size,),) = session.rows(
        f"SELECT coalesce(sum(length(key)), 0) FROM ledger_requests WHERE {among}",  # noqa: S608
        ids,
    )
    return session.change(f"DELETE FROM ledger_requests WHERE {among}", ids), int(size)  # noqa: S608


def _pruned(by_status: Counter[str], *, requests: int, size: int) -> Pruned:
    return Pruned(
        answers=sum(by_status.values()),
        requests=requests,
        by_status=dict(sorted(by_status.items())),
        bytes=size,
    )
