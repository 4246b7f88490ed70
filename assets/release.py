"""Items and release: accepted candidates get their split, and everything is published at once."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import Field

from assets.kinds import kind_of, knowledge
from assets.review import splits_for_review
from assets.sources import HARVEST
from assets.tables import asset_key, lake_key, markdown_table, table_result, table_spec
from assets.weeks import freshness_of, in_week, weeks_of
from grandrounds.contracts import contract
from grandrounds.fingerprint import code_fingerprint, sha256_file, sha256_value
from grandrounds.funnel import build_funnel
from grandrounds.harvest.weekly import withdrawals
from grandrounds.lake import Lake
from grandrounds.progress import stage
from grandrounds.recipe import Recipe
from grandrounds.records.control_mark import ControlMark
from grandrounds.records.envelope import Candidate, Draft, Item, Revision
from grandrounds.records.harvested import Harvested
from grandrounds.records.rejection import Rejection
from grandrounds.records.review_event import ReviewEvent
from grandrounds.records.source import Source
from grandrounds.records.vote import PanelVote
from grandrounds.release.items import preview_items, reviewed_items
from grandrounds.release.published import latest_release
from grandrounds.release.register import SplitRegister
from grandrounds.release.splits import groups_of
from grandrounds.release.verdicts import keep_verdict
from grandrounds.release.writer import ReleaseRequest, write_release
from grandrounds.review.accept import Accepted, accept, carry_over
from grandrounds.review.agreement import agreement_of
from grandrounds.statistics.bias import bias_reports
from resources import LakeResource, SettingsResource


class ReleaseSettings(dg.Config):
    """What a person may ask of a release."""

    version: str = Field(default="", description="Version to publish. Empty: the next one by what changed.")
    released: str = Field(default="", description="Day of release, YYYY-MM-DD. Empty: today (UTC).")

    def day(self) -> date:
        """The day of release."""
        return date.fromisoformat(self.released) if self.released else datetime.now(UTC).date()


_RELEASED = ("sources", "drafts", "revisions", "candidates", "rejections", "funnel", "items")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Published:
    """What is remembered of a publication."""

    version: str
    items: int
    manifest_sha256: str
    made: str


@dataclass(frozen=True, slots=True)
class _Decided:
    """What reviewers left of the candidates; everything, unreviewed, in a preview."""

    candidates: list[Candidate]
    accepted: Accepted | None
    events: list[ReviewEvent]


def items(recipe: Recipe) -> dg.AssetsDefinition:
    """The rows of the next release."""
    deps = ["candidates"] if recipe.preview else ["candidates", "review_events"]

    @dg.multi_asset(
        name=f"{recipe.name}_items",
        specs=[table_spec(recipe, "items", deps=deps)],
        description="Gives each accepted candidate its split; a group keeps its split for ever.",
        op_tags={"stage": "release"},
    )
    def make_items(
        context: dg.AssetExecutionContext, config: ReleaseSettings, lake: LakeResource
    ) -> dg.MaterializeResult[Any]:
        opened, own = lake.open(), in_week(recipe, context)
        key = lake_key(own, "items")
        decided = _decide(own, opened)
        register = SplitRegister(opened)
        groups = groups_of(decided.candidates, stratify_by=recipe.splits.stratify_by)
        splits = register.assign(groups, shares=recipe.splits, recipe=recipe.name)
        day = None if recipe.preview else config.day()
        days = register.first_days((row.item_id for row in decided.candidates), released=day)
        made = opened.step(
            outputs={key: contract("items")},
            inputs=[lake_key(own, table) for table in deps],
            parameters=[
                recipe.review.model_dump(mode="json"),
                sorted(splits.items()),
                sorted((item, str(first)) for item, first in days.items()),
                code_fingerprint("grandrounds.release", "grandrounds.review", "grandrounds.records"),
            ],
            body=lambda: {key: _items(decided, splits=splits, days=days)},
        )
        return table_result(
            own,
            "items",
            lake=opened,
            step=made,
            sample=("item_id", "split", "task", "answer", "licence"),
            more={"funnel": dg.MetadataValue.md(_by_split(opened, key))},
        )

    return make_items


def release(recipe: Recipe) -> dg.AssetsDefinition:
    """The immutable directory that evaluators load."""

    @dg.asset(
        key=asset_key(recipe, "release"),
        deps=[
            asset_key(recipe, table)
            for table in (
                "items",
                *kind_of(recipe).tables,
                "sources",
                "rejections",
                "funnel",
                *_voted(recipe),
            )
        ],
        group_name=recipe.name,
        owners=list(recipe.owners),
        partitions_def=weeks_of(recipe),
        freshness_policy=freshness_of(recipe),
        kinds={"parquet", "huggingface"},
        description=(
            "An immutable, checksummed directory of Parquet splits with manifest, datasheet, evidence, "
            "rejections and change list. "
            + ("A preview: no clinician has reviewed it." if recipe.preview else "Reviewed by clinicians.")
        ),
        op_tags={"stage": "release"},
    )
    def publish(
        context: dg.AssetExecutionContext,
        config: ReleaseSettings,
        settings: SettingsResource,
        lake: LakeResource,
    ) -> dg.MaterializeResult[Any]:
        opened, root = lake.open(), settings.get().releases_path
        own = in_week(recipe, context)
        key = _release_key(own, opened, config)
        written = _published(opened, key, root / recipe.name, recipe=own)
        if written is None:
            with stage("Writing the release"):
                result = write_release(
                    _request(own, opened, config), root=root, register=SplitRegister(opened)
                )
            if result.report is not None:
                keep_verdict(opened, result.path, result.report)
            written = _Published(
                version=result.version,
                items=result.items,
                manifest_sha256=sha256_file(result.path / "manifest.json"),
                made="this content is already published" if result.unchanged else "anew",
            )
            opened.write_blob(key, json.dumps(asdict(written)).encode())
        directory = root / recipe.name / written.version
        datasheet = (directory / "README.md").read_text(encoding="utf-8")
        return dg.MaterializeResult(
            metadata={
                "directory": dg.MetadataValue.path(str(directory)),
                "version": written.version,
                "dagster/row_count": written.items,
                "made": written.made,
                "funnel": dg.MetadataValue.md(_manifest_funnel(directory)),
                "datasheet": dg.MetadataValue.md(datasheet.split("---", 2)[-1]),
            }
        )

    return publish


def _voted(recipe: Recipe) -> tuple[str, ...]:
    return ("votes",) if recipe.panel else ("marks",) if recipe.asks_judge else ()


def _release_key(recipe: Recipe, lake: Lake, config: ReleaseSettings) -> str:
    """Names everything a release is made of, so that an unchanged one is not even compared.

    The day is left out: the same content on another day is the same release.
    """
    tables = [
        *_RELEASED,
        *kind_of(recipe).tables,
        *(() if recipe.preview else ("review_events",)),
        *_voted(recipe),
        *(table for table in kind_of(recipe).said if lake.has_table(lake_key(recipe, table))),
    ]
    made_of = [
        recipe.model_dump(mode="json"),
        [[table, lake.table_sha256(lake_key(recipe, table))] for table in tables],
        config.version,
        *knowledge(recipe, "grandrounds"),
    ]
    return f"releases/{recipe.name}/{sha256_value(made_of)}.json"


def _published(lake: Lake, key: str, benchmark: Path, *, recipe: Recipe) -> "_Published | None":
    """What was published for ``key``, if it still stands there untouched as the newest release."""
    try:
        known = json.loads(lake.read_blob(key) or b"")
        written = _Published(**{**known, "made": "this content is already published"})
        newest = latest_release(benchmark, preview=recipe.preview, week=recipe.week)
        if newest is None or newest.name != written.version or not (newest / "README.md").is_file():
            return None
        return written if sha256_file(newest / "manifest.json") == written.manifest_sha256 else None
    except (ValueError, TypeError, OSError):  # a damaged note, or release: comparing will tell which
        return None


def _manifest_funnel(directory: Path) -> str:
    """The funnel that the release itself prints, from its manifest."""
    steps = json.loads((directory / "manifest.json").read_text(encoding="utf-8"))["funnel"]
    return markdown_table(
        ("step", "of", "in", "out", "refused"),
        [
            [
                step["step"], step["unit"], step["entered"], step["left"],
                ", ".join(f"{part['reason']} {part['count']}" for part in step["refused"]),
            ]
            for step in steps
        ],
    )  # fmt: skip


def _decide(recipe: Recipe, lake: Lake) -> _Decided:
    candidates = lake.read_records(lake_key(recipe, "candidates"), Candidate)
    if recipe.preview:
        return _Decided(candidates, None, [])
    events = lake.read_records(lake_key(recipe, "review_events"), ReviewEvent)
    splits = splits_for_review(recipe, lake, candidates)
    accepted = accept(candidates, events, recipe.review, splits=splits)
    if recipe.live is not None:
        accepted = carry_over(accepted)
    return _Decided([made.candidate for made in accepted.reviewed], accepted, events)


def _items(decided: _Decided, *, splits: Mapping[str, str], days: Mapping[str, date]) -> list[Item]:
    if decided.accepted is None:
        return preview_items(decided.candidates, splits=splits)
    return reviewed_items(decided.accepted.reviewed, splits=splits, available_from=days)


def _request(recipe: Recipe, lake: Lake, config: ReleaseSettings) -> ReleaseRequest:
    def rows(table: str, record_type: type[Any]) -> list[Any]:
        return lake.read_records(lake_key(recipe, table), record_type)

    decided = _decide(recipe, lake)
    rejections: list[Rejection] = rows("rejections", Rejection)
    made_items: list[Item] = rows("items", Item)
    return ReleaseRequest(
        recipe=recipe,
        items=made_items,
        evidence=kind_of(recipe).released(recipe, lake),
        sources=rows("sources", Source),
        rejections=[*rejections, *(decided.accepted.rejections if decided.accepted else ())],
        funnel=_final_funnel(recipe, lake, decided),
        get_media=lake.get_media,
        reviews=decided.events,
        bias=_bias(made_items, recipe),
        agreement=_agreement(recipe, lake, decided),
        votes=rows("votes", PanelVote) if recipe.panel else (),
        marks=rows("marks", ControlMark) if recipe.asks_judge else (),
        withdrawn=withdrawals(rows(HARVEST, Harvested)) if recipe.live else {},
        released=None if recipe.preview else config.day(),
        version=config.version or None,
    )


def _final_funnel(recipe: Recipe, lake: Lake, decided: _Decided) -> Any:
    def rows(table: str, record_type: type[Any]) -> list[Any]:
        return lake.read_records(lake_key(recipe, table), record_type)

    return build_funnel(
        recipe,
        sources=rows("sources", Source),
        evidence=kind_of(recipe).rows(recipe, lake),
        drafts=rows("drafts", Draft),
        revisions=rows("revisions", Revision),
        candidates=rows("candidates", Candidate),
        rejections=rows("rejections", Rejection),
        accepted=decided.candidates if decided.accepted else None,
        review_rejections=decided.accepted.rejections if decided.accepted else None,
        items=rows("items", Item),
    )


def _bias(rows: Sequence[Item], recipe: Recipe) -> dict[str, object]:
    return {
        report.task: {
            "items": report.n,
            "best_letter": report.best_letter,
            "best_letter_over_chance": round(report.position.over_chance, 4),
            "longest_option_over_chance": round(report.longest.over_chance, 4),
            "uniquely_longest_share": round(report.uniquely_longest, 4),
            "verdict": report.verdict,
        }
        for report in bias_reports(rows, recipe.gates)
    }


def _agreement(recipe: Recipe, lake: Lake, decided: _Decided) -> dict[str, object] | None:
    """How far readers agreed, over all candidates that two or more of them read."""
    if decided.accepted is None:
        return None
    candidates = lake.read_records(lake_key(recipe, "candidates"), Candidate)
    agreement = agreement_of(candidates, decided.events)
    return agreement.as_json() if agreement.items else None


def _by_split(lake: Lake, key: str) -> str:
    table = lake.read_table(key, columns=("task", "split"))
    counts = Counter(zip(table.column("task").to_pylist(), table.column("split").to_pylist(), strict=True))
    return markdown_table(("task", "split", "items"), [[*k, n] for k, n in sorted(counts.items())])
