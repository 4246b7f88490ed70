"""Votes: a panel of models is asked what passed every other gate, with the evidence, blind, or with one
frame.

Only recipes with a ``panel`` have this table. It stands between the shortlist and the candidates.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import dagster as dg

from assets.asked import again_after, spent, statuses_of
from assets.tables import asset_key, lake_key, markdown_table, table_result, table_spec
from assets.weeks import in_week, weeks_of
from grandrounds.contracts import contract
from grandrounds.engine.choice import with_engine
from grandrounds.fingerprint import code_fingerprint, folder_fingerprint
from grandrounds.gates.run import Votes
from grandrounds.lake import Lake
from grandrounds.llm.answer import WAITING
from grandrounds.llm.answering import Tally
from grandrounds.paths import bundled
from grandrounds.progress import stage
from grandrounds.recipe import Recipe
from grandrounds.records.envelope import Candidate
from grandrounds.records.vote import OK, PanelVote
from grandrounds.statistics.votes import Share
from grandrounds.streams import Counted
from grandrounds.votes.panel import Voter, ask_panel
from grandrounds.votes.voters import Seat, seated, seats
from resources import LakeResource, SettingsResource

VOTES = "votes"
_SHORTLIST = "shortlist"


def votes(recipe: Recipe) -> dg.AssetsDefinition:
    """The answers of the recipe's panel.

    While requests wait for answers that come as files, the run ends here, and nothing is weighed.
    """

    @dg.multi_asset(
        name=f"{recipe.name}_votes",
        specs=[table_spec(recipe, VOTES, deps=[_SHORTLIST], kinds=("python", "parquet"), skippable=True)],
        description="Asks each model of the panel every item that passed the other gates.",
        op_tags={"stage": "vote"},
    )
    def vote(
        context: dg.AssetExecutionContext, settings: SettingsResource, lake: LakeResource
    ) -> Iterator[dg.MaterializeResult[Any]]:
        opened, own = lake.open(), in_week(recipe, context)
        key = lake_key(own, VOTES)
        given = with_engine(settings.get(), recipe.engine)
        panel = seats(own, given)
        clients = _Clients()

        def rows() -> Iterator[PanelVote]:
            voters = [seated(seat, settings=given, recipe=own, lake=opened) for seat in panel]
            with stage("Voting") as progress:
                yield from ask_panel(
                    to_ask(own, opened),
                    recipe=own,
                    voters=[clients.of(voter) for voter in voters],
                    on_progress=progress,
                )

        made = opened.step(
            outputs={key: contract(VOTES)},
            inputs=[lake_key(own, _SHORTLIST)],
            parameters=_parameters(own, panel, opened, key),
            body=lambda: {key: rows()},
        )
        if WAITING not in statuses_of(opened, key):
            yield table_result(
                own,
                VOTES,
                lake=opened,
                step=made,
                sample=("item_id", "model", "blind", "one_frame", "n", "answer", "correct", "status"),
                more={"funnel": dg.MetadataValue.md(_by_model(opened, key)), **spent(clients.tallies)},
            )

    return vote


def panel_check(recipe: Recipe) -> dg.AssetChecksDefinition:
    """Whether the whole panel answered. A model that is down removes nothing and hides nothing."""

    @dg.asset_check(
        name="panel_answered",
        asset=asset_key(recipe, VOTES),
        partitions_def=weeks_of(recipe),
        description="Every model of the panel gave a vote that counts to everything it was asked.",
    )
    def panel_answered(context: dg.AssetCheckExecutionContext, lake: LakeResource) -> dg.AssetCheckResult:
        opened, key = lake.open(), lake_key(in_week(recipe, context), VOTES)
        return dg.AssetCheckResult(
            passed=statuses_of(opened, key) <= {OK},
            severity=dg.AssetCheckSeverity.WARN,
            metadata={"problems": dg.MetadataValue.md(_by_model(opened, key))},
        )

    return panel_answered


def to_ask(recipe: Recipe, lake: Lake) -> Counted[Candidate]:
    """What passed every gate but those of the votes, as a stream that can be begun again."""
    key = lake_key(recipe, _SHORTLIST)
    return Counted(lambda: lake.iter_records(key, Candidate), lake.table_rows(key))


def votes_by_item(recipe: Recipe, lake: Lake) -> Votes:
    """The votes of the recipe's panel by item id."""
    found: dict[str, list[PanelVote]] = {}
    for row in lake.iter_records(lake_key(recipe, VOTES), PanelVote):
        found.setdefault(row.item_id, []).append(row)
    return found


class _Clients:
    """What the panel's clients did, kept as they close."""

    def __init__(self) -> None:
        self.tallies: list[Tally] = []

    @contextmanager
    def of(self, opening: AbstractContextManager[Voter]) -> Iterator[Voter]:
        """The voter, whose tally is kept when it leaves."""
        with opening as voter:
            try:
                yield voter
            finally:
                self.tallies.append(voter.client.tally)


def _parameters(recipe: Recipe, panel: Sequence[Seat], lake: Lake, key: str) -> list[Any]:
    """What can change a vote besides what is asked about. Votes that don't count are asked for again."""
    return [
        recipe.model_dump(mode="json", include={"panel"}),
        [[seat.name, seat.wire, seat.version] for seat in panel],
        code_fingerprint(
            "grandrounds.votes", "grandrounds.clinical", "grandrounds.records", "grandrounds.text",
        ),
        folder_fingerprint(bundled("prompts") / "vote"),
        again_after(lake, key),
    ]  # fmt: skip


_Tally = Counter[tuple[str, tuple[bool, bool], bool]]
_VIEWS = {"right with the evidence": (False, False), "right blind": (True, False)}
_ONE_FRAME = {"right from one frame": (False, True)}


def _by_model(lake: Lake, key: str) -> str:
    """What each model did, as a Markdown table."""
    counts: dict[tuple[str, str], _Tally] = {}
    for vote in lake.iter_records(key, PanelVote):
        own = counts.setdefault((vote.model, vote.task), Counter())
        own[vote.status, (vote.blind, vote.one_frame), bool(vote.correct)] += 1
    framed = any(view in _ONE_FRAME.values() for own in counts.values() for _, view, _ in own)
    views = _VIEWS | (_ONE_FRAME if framed else {})
    columns = ("model", "task", "votes", *views, "without an answer")
    lines = [_line(*names, found, views.values()) for names, found in sorted(counts.items())]
    return markdown_table(columns, lines)


def _line(model: str, task: str, found: _Tally, views: Iterable[tuple[bool, bool]]) -> list[Any]:
    shares = [
        Share(right=found[OK, view, True], votes=found[OK, view, True] + found[OK, view, False])
        for view in views
    ]
    others: Counter[str] = Counter()
    for (status, _, _), count in found.items():
        if status != OK:
            others[status] += count
    return [
        model,
        task,
        found.total(),
        *(f"{share} ({share.share:.0%})" if share.votes else "none" for share in shares),
        ", ".join(f"{status} {count}" for status, count in sorted(others.items())),
    ]
