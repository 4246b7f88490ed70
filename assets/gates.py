"""Candidates, rejections and the funnel: what passed every gate, what did not and why."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from assets.kinds import kind_of, knowledge
from assets.tables import lake_key, markdown_table, table_result, table_spec
from assets.votes import VOTES, votes_by_item
from assets.weeks import in_week
from grandrounds.contamination.pieces import Released
from grandrounds.contracts import contract
from grandrounds.funnel import build_funnel, funnel_markdown
from grandrounds.gates import contamination
from grandrounds.gates.run import Judged, judge, weigh, weigh_marks
from grandrounds.gates.status import reject_drafts, reject_revisions
from grandrounds.lake import Lake
from grandrounds.progress import stage
from grandrounds.recipe import VOTE_LIMITS, Recipe
from grandrounds.records.control_mark import ControlMark
from grandrounds.records.envelope import OK, Candidate, Draft, Revision
from grandrounds.records.funnel import FunnelStep
from grandrounds.records.rejection import Rejection
from grandrounds.records.source import Source
from grandrounds.records.video import VideoRow
from resources import LakeResource

SHORTLIST, REFUSED, MARKS = "shortlist", "refused", "marks"
VIDEOS = "videos"
_OUTPUTS = ("candidates", "rejections", "funnel")


def shortlist(recipe: Recipe) -> dg.AssetsDefinition:
    """What models are asked about: all that passes every gate but those of the votes or marks."""
    judged = _judged_tables(recipe)

    @dg.multi_asset(
        name=f"{recipe.name}_shortlist",
        specs=[
            table_spec(
                recipe,
                SHORTLIST,
                deps=judged,
                contract_name="candidates",
                description="What passed every gate but those of the votes: what a panel is asked.",
            ),
            table_spec(
                recipe,
                REFUSED,
                deps=judged,
                contract_name="rejections",
                description="Revisions that those gates refused: no model is asked about them.",
            ),
        ],
        description="Runs the gates that cost nothing, before a panel of models is asked.",
        op_tags={"stage": "gates"},
    )
    def judge_first(
        context: dg.AssetExecutionContext, lake: LakeResource
    ) -> Iterator[dg.MaterializeResult[Any]]:
        opened, own = lake.open(), in_week(recipe, context)
        keys = {table: lake_key(own, table) for table in (SHORTLIST, REFUSED)}

        others = _others(own, lake)

        def body() -> dict[str, list[Any]]:
            passed = _judged(own, opened, others)
            return {keys[SHORTLIST]: passed.candidates, keys[REFUSED]: passed.rejections}

        made = opened.step(
            outputs={keys[SHORTLIST]: contract("candidates"), keys[REFUSED]: contract("rejections")},
            inputs=[lake_key(own, table) for table in judged],
            parameters=_parameters(own, others, without=("panel",)),
            body=body,
        )
        yield table_result(
            own, SHORTLIST, lake=opened, step=made, sample=("task", "question", "options", "answer")
        )
        yield table_result(recipe, REFUSED, lake=opened, step=made, sample=("gate", "reason", "task"))

    return judge_first


def gates(recipe: Recipe) -> dg.AssetsDefinition:
    """``candidates``, ``rejections`` and ``funnel`` of a recipe."""
    voted, judged = _weighed_tables(recipe), _judged_tables(recipe)
    inputs = ("sources", "drafts", *judged)

    @dg.multi_asset(
        name=f"{recipe.name}_gates",
        specs=[
            table_spec(recipe, "candidates", deps=voted or judged),
            table_spec(recipe, "rejections", deps=("drafts", *judged, *voted)),
            table_spec(recipe, "funnel", deps=(*inputs, *voted)),
        ],
        description="Runs every gate on every revision; each ends as one candidate or one rejection.",
        op_tags={"stage": "gates"},
    )
    def judge_revisions(
        context: dg.AssetExecutionContext, lake: LakeResource
    ) -> Iterator[dg.MaterializeResult[Any]]:
        opened, own = lake.open(), in_week(recipe, context)
        keys = {table: lake_key(own, table) for table in _OUTPUTS}
        others = _others(own, lake)
        made = opened.step(
            outputs={key: contract(table) for table, key in keys.items()},
            inputs=[lake_key(own, table) for table in (*inputs, *voted)],
            parameters=_parameters(own, others),
            body=lambda: _made(own, opened, others),
        )
        whole = dg.MetadataValue.md(funnel_markdown(opened.read_records(keys["funnel"], FunnelStep)))
        by_gate = dg.MetadataValue.md(_by_gate(opened, keys["rejections"]))
        for table, sample, more in (
            ("candidates", ("task", "question", "options", "answer", "stem"), {"funnel": whole}),
            ("rejections", ("stage", "gate", "reason", "task"), {"by_gate": by_gate, "funnel": whole}),
            ("funnel", (), {"funnel": whole}),
        ):
            yield table_result(own, table, lake=opened, step=made, sample=sample, more=more)

    return judge_revisions


def _others(recipe: Recipe, lake: LakeResource) -> Released | None:
    """The releases of other recipes, where this one is held against them."""
    if not recipe.gates.contamination.releases:
        return None
    from grandrounds.contamination.releases import released

    return released(lake.settings.get().releases_path, apart_from=recipe.name)


def _parameters(recipe: Recipe, others: Released | None, *, without: Sequence[str] = ()) -> list[Any]:
    """What can change a verdict besides what is judged; ``without`` the panel, its own limits don't."""
    keys = {"name", "evidence", "tasks", "gates", "panel", "release"} - set(without)
    written = {name: value for name, value in recipe.written().items() if name in keys}
    if "panel" in without:
        limits = written["gates"].items()
        written["gates"] = {name: limit for name, limit in limits if name not in VOTE_LIMITS}
    code = ["grandrounds.contamination"] if recipe.gates.contamination.wanted else []
    return [
        written,
        *knowledge(
            recipe, "grandrounds.gates", "grandrounds.statistics", "grandrounds.funnel",
            "grandrounds.records", "grandrounds.text", *code,
        ),
        *contamination.inputs_of(recipe, others),
    ]  # fmt: skip


def _made(recipe: Recipe, lake: Lake, others: Released | None) -> dict[str, list[Any]]:
    def rows(table: str, record_type: type[Any]) -> list[Any]:
        return lake.read_records(lake_key(recipe, table), record_type)

    kind, sources = kind_of(recipe), rows("sources", Source)
    drafts, revisions = rows("drafts", Draft), rows("revisions", Revision)
    judged = _weighed(recipe, lake) if _weighed_tables(recipe) else _judged(recipe, lake, others)
    rejections: list[Rejection] = [
        *kind.refused(recipe, lake),
        *reject_drafts(drafts),
        *reject_revisions(revisions),
        *judged.rejections,
    ]
    steps = build_funnel(
        recipe,
        sources=sources,
        evidence=kind.rows(recipe, lake),
        drafts=drafts,
        revisions=revisions,
        candidates=judged.candidates,
        rejections=rejections,
    )
    return {
        lake_key(recipe, "candidates"): judged.candidates,
        lake_key(recipe, "rejections"): rejections,
        lake_key(recipe, "funnel"): steps,
    }


def _judged(recipe: Recipe, lake: Lake, others: Released | None) -> Judged:
    """What every gate but those of the votes says."""
    ready = [row for row in lake.iter_records(lake_key(recipe, "revisions"), Revision) if row.status == OK]
    kind = kind_of(recipe)
    with stage("Judging"):
        return judge(
            ready,
            evidence=kind.by_id(recipe, lake),
            recipe=recipe,
            open_volume=kind.opener(lake),
            get_picture=lake.get_media,
            videos=_videos(recipe, lake),
            released=others,
        )


def _videos(recipe: Recipe, lake: Lake) -> list[VideoRow]:
    """The videos that clips are from; none for other evidence."""
    if VIDEOS not in kind_of(recipe).tables:
        return []
    rows: list[VideoRow] = lake.read_records(lake_key(recipe, VIDEOS), VideoRow)
    return rows


def _weighed_tables(recipe: Recipe) -> tuple[str, ...]:
    """What stands between the other gates and the candidates: a panel's votes, or a judge's marks."""
    if recipe.panel is not None:
        return (SHORTLIST, REFUSED, VOTES)
    return (SHORTLIST, REFUSED, MARKS) if recipe.asks_judge else ()


def _judged_tables(recipe: Recipe) -> tuple[str, ...]:
    return ("revisions", *kind_of(recipe).tables)


def _weighed(recipe: Recipe, lake: Lake) -> Judged:
    """What votes or marks leave of the shortlist, and all that was refused before and by them."""
    listed = lake_key(recipe, SHORTLIST)
    if recipe.asks_judge:
        weighed = weigh_marks(
            lake.read_records(listed, Candidate),
            marks=lake.iter_records(lake_key(recipe, MARKS), ControlMark),
            recipe=recipe,
        )
    else:
        with stage("Weighing votes"):
            weighed = weigh(
                lake.iter_records(listed, Candidate), votes=votes_by_item(recipe, lake), recipe=recipe
            )
    before: list[Rejection] = lake.read_records(lake_key(recipe, REFUSED), Rejection)
    return Judged(candidates=weighed.candidates, rejections=[*before, *weighed.rejections])


def _by_gate(lake: Lake, key: str) -> str:
    table = lake.read_table(key, columns=("stage", "gate"))
    counts = Counter(zip(table.column("stage").to_pylist(), table.column("gate").to_pylist(), strict=True))
    return markdown_table(("stage", "gate", "rows"), [[*k, n] for k, n in sorted(counts.items())])
