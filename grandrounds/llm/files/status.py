"""How far exports are: what was asked, what is answered, what still waits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from grandrounds.llm.answer import OK, REFUSED, TRUNCATED, UNPARSABLE
from grandrounds.llm.files.batches import state_of
from grandrounds.llm.files.exported import ExportedRequests
from grandrounds.llm.ledger import Ledger

_WINDOW = 500
_ANSWERED = (OK, REFUSED, TRUNCATED, UNPARSABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportStatus:
    """An export against the ledger.

    ``answered`` counts, by status, the requests with an answer; ``missing`` those without; ``changed``
    those whose lines were changed after the export. ``batches`` counts the batches of its shards by status;
    empty when nothing was submitted.
    """

    folder: Path
    recipe: str
    stage: str
    models: tuple[str, ...]
    shards: int
    requests: int
    answered: Mapping[str, int]
    missing: int
    changed: int
    batches: Mapping[str, int]


def status_of(folder: Path, *, ledger: Ledger) -> ExportStatus:
    """How far the export in ``folder`` is. Raises ``RequestsError`` when it can't be read."""
    state = state_of(folder)
    counts: Counter[str] = Counter()
    found = 0
    with ExportedRequests([folder]) as known:
        keys = known.keys()
        while window := list(islice(keys, _WINDOW)):
            requests = list(known.requests(window).values())
            found += len(requests)
            answers = ledger.lookup(requests, statuses=_ANSWERED)
            counts.update(answer.status for answer in answers.values())
    manifest = state.manifest
    last = {note.shard: note.status for note in state.notes}
    return ExportStatus(
        folder=folder,
        recipe=manifest.recipe,
        stage=manifest.stage,
        models=manifest.models,
        shards=len(manifest.shards),
        requests=manifest.requests,
        answered={status: counts[status] for status in _ANSWERED if counts[status]},
        missing=found - counts.total(),
        changed=manifest.requests - found,
        batches=dict(sorted(Counter(last.values()).items())),
    )
