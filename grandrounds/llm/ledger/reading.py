"""What can be asked of a ledger besides its answers: counts, one request, all of them in order."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from grandrounds.errors import LedgerError
from grandrounds.llm.ledger import rows
from grandrounds.llm.ledger.database import Database, Session
from grandrounds.llm.ledger.selecting import condition
from grandrounds.llm.ledger.values import LedgerStats, Selection, StatsGroup, StoredRequest

_PAGE = 200  # a few megabytes of requests and answers
_MOST_NAMED = 5
_PREFIX = re.compile(r"(req-)?[0-9a-f]{1,24}")

_GROUPS = """
    SELECT model, prompt_name, prompt_version, status, count(*), sum(prompt_tokens),
        sum(completion_tokens), sum(cost), min(created_at), max(created_at)
    FROM ledger_answers GROUP BY model, prompt_name, prompt_version, status
    ORDER BY model, prompt_name, prompt_version, status
"""
_WITHOUT_REQUEST = """
    SELECT count(*) FROM ledger_answers a
    WHERE NOT EXISTS (SELECT 1 FROM ledger_requests r WHERE r.request_id = a.request_id)
"""
_WITHOUT_SCHEMA = """
    SELECT count(*) FROM ledger_requests r WHERE r.schema_sha256 <> ''
    AND NOT EXISTS (SELECT 1 FROM ledger_schemas s WHERE s.schema_sha256 = r.schema_sha256)
"""


def stats(session: Session) -> LedgerStats:
    """Counts and sums; ``bytes`` is left at 0."""
    found = session.rows(_GROUPS)
    by_status: Counter[str] = Counter()
    for row in found:
        by_status[row[3]] += row[4]
    return LedgerStats(
        requests=session.rows("SELECT count(*) FROM ledger_requests")[0][0],
        answers=sum(by_status.values()),
        by_status=dict(sorted(by_status.items())),
        prompt_tokens=int(sum(row[5] for row in found)),
        completion_tokens=int(sum(row[6] for row in found)),
        cost=float(sum(row[7] for row in found)),
        bytes=0,
        oldest=min((row[8] for row in found), default=""),
        newest=max((row[9] for row in found), default=""),
        groups=tuple(
            StatsGroup(
                model=row[0],
                prompt_name=row[1],
                prompt_version=row[2],
                status=row[3],
                answers=row[4],
                prompt_tokens=int(row[5]),
                completion_tokens=int(row[6]),
                cost=float(row[7]),
            )
            for row in found
        ),
    )


def faults(session: Session) -> list[str]:
    """Rows that lack what they refer to."""
    answers, requests = (session.rows(query)[0][0] for query in (_WITHOUT_REQUEST, _WITHOUT_SCHEMA))
    return [f"{answers} answers have no request"] * bool(answers) + [
        f"{requests} requests have no schema"
    ] * bool(requests)


def show(session: Session, id_prefix: str, *, name: str) -> StoredRequest:
    """See ``Ledger.show``."""
    prefix = id_prefix.strip()
    if not _PREFIX.fullmatch(prefix):
        raise LedgerError(
            f"{id_prefix[:100]!r} is not the beginning of a request id.",
            remedy="Ids look like req-3f9a...; `grandrounds ledger export` lists them.",
        )
    prefix = prefix if prefix.startswith("req-") else f"req-{prefix}"
    found = session.rows(
        f"{rows.SELECT_REQUESTS} r.request_id >= ? AND r.request_id < ? "
        f"ORDER BY r.request_id LIMIT {_MOST_NAMED + 1}",
        (prefix, f"{prefix}g"),  # "g" comes after every hexadecimal digit
    )
    if not found:
        raise LedgerError(f"No request in the ledger {name} has an id that starts with {prefix}.")
    if len(found) > 1:
        named = ", ".join(row[0] for row in found[:_MOST_NAMED])
        more = " and more" if len(found) > _MOST_NAMED else ""
        raise LedgerError(
            f"Several requests start with {prefix}: {named}{more}.", remedy="Give more of it."
        )
    answers = [
        rows.stored_answer_of(row)
        for condition_ in ("a.status = 'ok'", "a.status <> 'ok'")
        for row in session.rows(f"{rows.SELECT_ANSWERS} {condition_} AND a.request_id = ?", (found[0][0],))
    ]
    answers.sort(key=lambda stored_answer: stored_answer.created_at)
    return rows.stored_request_of(found[0], answers)


def stored(database: Database, selection: Selection, *, include_protected: bool) -> Iterator[StoredRequest]:
    """See ``Ledger.stored``. A page at a time, each in a short transaction of its own."""
    last: int | None = -(2**63)
    while last is not None:
        last, page = database.read(lambda session, after=last: _page(session, selection, after))  # type: ignore[misc]
        for request in page:
            if include_protected or not request.protected:
                yield request


def _page(session: Session, selection: Selection, after: int) -> tuple[int | None, list[StoredRequest]]:
    """Some of the selection, and the id of the last of them; ``None`` at the end."""
    selected, values = condition(selection, session, paged=True)
    answers = session.rows(
        f"{rows.SELECT_ANSWERS} a.answer_id > ? AND {selected} ORDER BY a.answer_id LIMIT {_PAGE}",
        [after, *values],
    )
    among, ids = session.among("r.request_id", sorted({row[1] for row in answers}))
    requests = {row[0]: row for row in session.rows(f"{rows.SELECT_REQUESTS} {among}", ids)}
    return (answers[-1][0] if answers else None), [
        rows.stored_request_of(requests[row[1]], [rows.stored_answer_of(row)])
        for row in answers
        if row[1] in requests
    ]
