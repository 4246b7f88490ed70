"""The Benchmark component: one recipe becomes assets, checks, jobs and a sensor."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import yaml
from pydantic import BaseModel

from assets.authoring import drafts, revisions
from assets.checks import bias_check, contract_check, funnel_check, release_check
from assets.clips import reading as reading_videos
from assets.figures import reading as reading_figures
from assets.gates import gates, shortlist
from assets.harvest import harvest
from assets.kinds import kind_of
from assets.marks import judge_check, marks
from assets.release import items, release
from assets.report import REPORT, weekly_report
from assets.review import review_events, review_queue
from assets.sources import HARVEST, reading
from assets.tables import asset_key
from assets.volumes import measuring
from assets.volumes import reading as reading_volumes
from assets.votes import panel_check, votes
from grandrounds.recipe import Recipe
from pipelines.request_sensor import answers_sensor
from pipelines.weekly import publish_week, weekly_schedule
from resources import LakeResource, ReviewResource

_AUTHORED = ("drafts", "revisions", "candidates", "rejections", "funnel")
_VOTED = ("shortlist", "refused", "votes")
_MARKED = ("shortlist", "refused", "marks")
RECIPE_TAG = "grandrounds/recipe"


class BenchmarkScaffolder(dg.Scaffolder[Any]):
    """``dg scaffold defs pipelines.benchmark.Benchmark NAME`` writes a recipe that runs as it is."""

    def scaffold(self, request: dg.ScaffoldRequest[Any]) -> None:
        """Write ``defs.yaml`` for the recipe named like its folder."""
        folder = Path(request.target_path)
        folder.mkdir(parents=True, exist_ok=True)
        attributes = {
            "name": folder.name,
            "title": folder.name.replace("_", " ").capitalize(),
            "tasks": [{"name": "diagnosis_mcq", "options": 5}],
            "cut": "before_diagnosis",
            "review": {"policy": "none"},
        }
        document = {"type": request.type_name, "attributes": attributes}
        (folder / "defs.yaml").write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")


@dg.scaffold_with(BenchmarkScaffolder)
class Benchmark(dg.Component):
    """A benchmark, described by one recipe: evidence, tasks, cut, gates, review policy, splits.

    The attributes are those of ``grandrounds.recipe.Recipe``; docs/recipes.md explains each.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe

    @classmethod
    def get_model_cls(cls) -> type[BaseModel]:
        """The model that ``dg check yaml`` validates ``attributes`` with."""
        return Recipe

    @classmethod
    def load(cls, attributes: BaseModel | None, context: dg.ComponentLoadContext) -> "Benchmark":
        """Make the component from validated attributes."""
        if not isinstance(attributes, Recipe):
            raise dg.DagsterInvalidDefinitionError(f"{context.path}: a Benchmark needs `attributes`.")
        return cls(attributes)

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """All definitions of the recipe."""
        return benchmark_definitions(self.recipe)


def benchmark_definitions(recipe: Recipe) -> dg.Definitions:
    """Assets, checks, jobs and (for reviewed recipes) the publishing sensor."""
    tables = _tables(recipe)
    built = (*tables, *_asked(recipe))
    assets = [
        *_evidence(recipe),
        drafts(recipe),
        revisions(recipe),
        gates(recipe),
        items(recipe),
        release(recipe),
    ]
    checks = [contract_check(recipe, table) for table in tables]
    checks += [
        contract_check(recipe, "items"),
        funnel_check(recipe),
        bias_check(recipe),
        release_check(recipe),
    ]
    if recipe.live is not None:
        assets.append(weekly_report(recipe))
    if recipe.panel is not None:
        assets += [shortlist(recipe), votes(recipe)]
        checks += [
            contract_check(recipe, "shortlist", contract_name="candidates"),
            contract_check(recipe, "refused", contract_name="rejections"),
            contract_check(recipe, "votes"),
            panel_check(recipe),
        ]
    if recipe.asks_judge:
        assets += [shortlist(recipe), marks(recipe)]
        checks += [
            contract_check(recipe, "shortlist", contract_name="candidates"),
            contract_check(recipe, "refused", contract_name="rejections"),
            contract_check(recipe, "marks"),
            judge_check(recipe),
        ]
    if recipe.preview:
        build = _job(recipe, "build", dg.AssetSelection.groups(recipe.name))
        return dg.Definitions(
            assets=assets,
            asset_checks=checks,
            jobs=[build],
            sensors=_model_sensors(recipe, build),
            schedules=weekly_schedule(recipe, build),
        )
    assets += [review_queue(recipe), review_events(recipe)]
    checks.append(contract_check(recipe, "review_events"))
    told = (REPORT,) if recipe.live else ()
    build = _job(recipe, "build", _select(recipe, *built, "review_queue", *told))
    publish = _job(recipe, "publish", _select(recipe, "review_events", "items", "release", *told))
    return dg.Definitions(
        assets=assets,
        asset_checks=checks,
        jobs=[build, publish],
        sensors=[_publish_sensor(recipe, publish), *_model_sensors(recipe, build)],
        schedules=weekly_schedule(recipe, build),
    )


def job_name(recipe: str, what: str) -> str:
    """``build_case_diagnosis``, ``publish_case_diagnosis``."""
    return f"{what}_{recipe}"


def _tables(recipe: Recipe) -> tuple[str, ...]:
    """The tables of every build of the recipe, in the order in which they are made."""
    kind = kind_of(recipe)
    return (*([HARVEST] if recipe.live else []), "sources", *kind.also, *kind.tables, *_AUTHORED)


def _asked(recipe: Recipe) -> tuple[str, ...]:
    """The tables of a recipe whose candidates models are asked about."""
    if recipe.panel is not None:
        return _VOTED
    return _MARKED if recipe.asks_judge else ()


def _evidence(recipe: Recipe) -> list[dg.AssetsDefinition]:
    """What reads the sources and puts the evidence together."""
    if recipe.evidence.kind == "volumes":
        return [reading_volumes(recipe), measuring(recipe)]
    if recipe.evidence.kind == "figures":
        return [reading_figures(recipe)]
    if recipe.evidence.kind == "clips":
        return [reading_videos(recipe)]
    return [harvest(recipe), reading(recipe)] if recipe.live else [reading(recipe)]


def _select(recipe: Recipe, *tables: str) -> dg.AssetSelection:
    return dg.AssetSelection.assets(*(asset_key(recipe, table) for table in tables))


def _job(recipe: Recipe, what: str, selection: dg.AssetSelection) -> Any:
    purposes = {
        "build": "Sources to review queue, or to a preview release where the recipe asks for no review.",
        "publish": "Accepted candidates to an immutable release.",
    }
    return dg.define_asset_job(
        job_name(recipe.name, what),
        selection=selection,
        description=f"{recipe.title}. {purposes[what]}",
        tags={RECIPE_TAG: recipe.name},
    )


def _model_sensors(recipe: Recipe, build: Any) -> list[dg.SensorDefinition]:
    """Of a recipe that asks models: what brings home the answers of a Batch API."""
    asks_models = recipe.author != "rule" or recipe.panel is not None or recipe.asks_judge
    return [answers_sensor(recipe, build, tag=RECIPE_TAG)] if asks_models else []


def _publish_sensor(recipe: Recipe, job: Any) -> dg.SensorDefinition:
    @dg.sensor(
        name=f"publish_{recipe.name}_when_reviewed",
        job=job,
        minimum_interval_seconds=60,
        description="Starts the publish job once for each state of the queue that meets the review policy.",
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def publish_when_reviewed(review: ReviewResource, lake: LakeResource) -> dg.RunRequest | dg.SkipReason:
        from grandrounds.review.policy import status
        from grandrounds.review.sensor import publishable

        store = review.open()
        if recipe.live is not None:
            return publish_week(recipe, store, lake.open(), now=datetime.now(UTC))
        request = publishable(store, recipe)
        if request is None:
            return dg.SkipReason(
                "; ".join(status(store, recipe, interval=False).unmet) or "nothing was accepted"
            )
        return dg.RunRequest(run_key=request.key, tags={RECIPE_TAG: recipe.name})

    return publish_when_reviewed
