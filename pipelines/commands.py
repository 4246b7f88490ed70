"""``grandrounds build``, ``publish`` and ``list``: the commands that run Dagster.

They run the recipe's own job in this process, on the same instance that ``dagster dev`` shows.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grandrounds.errors import RecipeError
from grandrounds.settings import Settings, resolve

if TYPE_CHECKING:
    from grandrounds.recipe import Recipe
    from grandrounds.weeks import Week
    from pipelines.outcome import Outcome

RECIPES = Path(__file__).resolve().parent / "recipes"


@click.command("build")
@click.argument("recipes", metavar="RECIPE...", nargs=-1, required=True)
@click.option(
    "--sources", metavar="DIR", help="Source folder (GRANDROUNDS_SOURCES; default: the demo sources)."
)
@click.option(
    "--rules",
    metavar="FILE",
    help="Licences, groups and dates of a folder that holds no sources.yaml (GRANDROUNDS_SOURCE_RULES).",
)
@click.option(
    "--week",
    "weeks",
    metavar="WEEK",
    multiple=True,
    help="Week of a live recipe, such as 2026-W47; can be repeated (default: the last that is over).",
)
@click.option(
    "--since", metavar="WEEK", help="All weeks of a live recipe from this one to the last that is over."
)
@click.option(
    "--feeds",
    metavar="FILE",
    help="Feeds of a live recipe (GRANDROUNDS_FEEDS; default: the demo's).",
)
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def build(  # noqa: PLR0917 - click passes what the options say by name
    recipes: tuple[str, ...],
    sources: str | None,
    rules: str | None,
    weeks: tuple[str, ...],
    since: str | None,
    feeds: str | None,
    as_json: bool,
) -> None:
    """Run each RECIPE up to its review queue, or to a preview release where it asks for no review.

    Several are built one after the other; one that fails doesn't keep the others from being built.

    \b
    Examples:
      grandrounds build case_diagnosis
      grandrounds build volume_grounding measurement_chain
      grandrounds build case_diagnosis --sources ~/case_reports
      grandrounds build volume_grounding --sources /mnt/ct --rules ct.yaml
      grandrounds build live_cases --week 2026-W46 --week 2026-W47
    """
    settings = resolve(
        {
            "GRANDROUNDS_SOURCES": sources,
            "GRANDROUNDS_SOURCE_RULES": rules,
            "GRANDROUNDS_FEEDS": feeds,
        }
    )
    # A wrong name or week is told before anything is built.
    loaded = [find_recipe(name) for name in recipes]
    if (weeks or since) and all(recipe.live is None for recipe in loaded):
        raise click.UsageError(f"{', '.join(recipes)}: not live, so there are no weeks.")
    runs = [(recipe.name, week) for recipe in loaded for week in weeks_to_build(recipe, weeks, since)]
    _run("build", runs, settings=settings, as_json=as_json)


@click.command("publish")
@click.argument("recipe")
@click.option("--version", metavar="V", help="Version to publish (default: the next one by what changed).")
@click.option("--week", metavar="WEEK", help="Week of a live recipe (default: the newest that was built).")
@click.option(
    "--carry-over", is_flag=True, help="Publish a week without what still waits for readers; it stays open."
)
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def publish(recipe: str, version: str | None, week: str | None, carry_over: bool, as_json: bool) -> None:
    """Turn the accepted candidates of RECIPE into an immutable release.

    Refused while candidates still wait for readers, are disputed, or readers agree too rarely. A
    recipe without review publishes its preview with `build`.

    \b
    Examples:
      grandrounds publish case_diagnosis_reviewed
      grandrounds publish case_diagnosis_reviewed --version 1.0.0
      grandrounds publish live_cases --week 2026-W47 --carry-over
    """
    loaded = find_recipe(recipe)
    settings = resolve()
    if carry_over and loaded.live is None:
        raise click.UsageError(f"{recipe} has no weeks to carry anything over to.")
    chosen = _week_to_publish(loaded, week, settings)
    if not loaded.preview:
        refuse_unless_reviewed(loaded, settings, carry_over=carry_over)
    _run("publish", [(recipe, chosen)], settings=settings, as_json=as_json, version=version)


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def list_recipes(as_json: bool) -> None:
    """The recipes, what each needs, and what has been built of it."""
    from pipelines.listing import describe, show

    rows = [describe(find_recipe(name), resolve()) for name in recipe_names()]
    if as_json:
        click.echo(json.dumps([row.as_json() for row in rows], indent=2, ensure_ascii=False))
    else:
        show(rows)


def recipe_names() -> list[str]:
    """The recipes of this installation."""
    return sorted(path.parent.name for path in RECIPES.glob("*/defs.yaml"))


def find_recipe(name: str) -> Recipe:
    """The recipe ``name``. Raises ``RecipeError`` that lists the known ones."""
    from grandrounds.recipe import load_recipe

    if name not in recipe_names():
        raise RecipeError(
            f"There is no recipe {name!r}.",
            remedy=f"Known recipes: {', '.join(recipe_names())}. "
            f"`dg scaffold defs pipelines.benchmark.Benchmark NAME` makes a new one.",
        )
    recipe = load_recipe(RECIPES / name / "defs.yaml")
    if recipe.name != name:
        raise RecipeError(
            f"{RECIPES / name / 'defs.yaml'}: the recipe is called {recipe.name!r}, its folder {name!r}.",
            remedy="Give both the same name.",
        )
    return recipe


def refuse_unless_reviewed(recipe: Recipe, settings: Settings, *, carry_over: bool = False) -> None:
    """Raise ``ReviewError`` that says what is missing, unless the review policy is met."""
    from grandrounds.errors import ReviewError
    from grandrounds.review.policy import status
    from grandrounds.review.sensor import publishable
    from grandrounds.review.store import ReviewStore

    store = ReviewStore(settings.review_url.value)
    if publishable(store, recipe, carry_over=carry_over) is None:
        found = status(store, recipe, interval=False)
        if not found.candidates:
            raise ReviewError(
                f"{recipe.name} can't be published yet: its review queue is empty.",
                remedy=f"`grandrounds build {recipe.name}` fills it.",
            )
        raise ReviewError(
            f"{recipe.name} can't be published yet. " + (" ".join(found.unmet) or "Nothing was accepted."),
            remedy=f"`grandrounds review status {recipe.name}` shows how far the readers are.",
        )


def weeks_to_build(recipe: Recipe, weeks: Sequence[str], since: str | None) -> list[Week | None]:
    """The weeks to build, in order; a single "no week" for a recipe that isn't live."""
    from datetime import UTC, datetime

    from grandrounds.weeks import Week

    if recipe.live is None:
        return [None]
    last = recipe.live.last_complete(datetime.now(UTC))
    chosen = {Week.parse(name) for name in weeks}
    if since:
        week = Week.parse(since)
        while week <= last:
            chosen.add(week)
            week = week.after
    for week in chosen or {last}:
        recipe.in_week(week)
        if week > last:
            raise RecipeError(
                f"{week} is not over yet.", remedy=f"The last week that is over is {last}. Wait for Monday."
            )
    return [*sorted(chosen or {last})]


def _week_to_publish(recipe: Recipe, week: str | None, settings: Settings) -> Week | None:
    from assets.weeks import newest_week
    from grandrounds.lake import Lake
    from grandrounds.weeks import Week

    if recipe.live is None:
        if week:
            raise click.UsageError(f"{recipe.name} is not live: it has no weeks.")
        return None
    newest = newest_week(recipe, Lake(settings.lake_url.value))
    if newest is None:
        raise RecipeError(
            f"No week of {recipe.name} has been built.",
            remedy=f"`grandrounds build {recipe.name}` builds one.",
        )
    chosen = Week.parse(week) if week else newest
    if chosen != newest:
        raise RecipeError(
            f"{chosen} can't be published: the review queue is that of {newest}.",
            remedy=f"Publish {newest}: it holds all that is open and accepted.",
        )
    return chosen


def _run(
    what: str,
    runs: Sequence[tuple[str, Week | None]],
    *,
    settings: Settings,
    as_json: bool,
    version: str | None = None,
) -> None:
    from pipelines.running import run_job
    from pipelines.showing import as_json as outcome_json
    from pipelines.showing import show_outcome

    outcomes: list[Outcome] = []
    for position, (name, week) in enumerate(runs):
        recipe = find_recipe(name)
        outcome = run_job(
            what,
            recipe.in_week(week) if week else recipe,
            settings=settings,
            version=version,
            quiet=as_json,
        )
        outcomes.append(outcome)
        if click.get_current_context().find_root().params.get("debug"):
            for trace in outcome.tracebacks:
                click.echo(trace, err=True)
        if not as_json:
            if position:
                click.echo()
            show_outcome(outcome)
    if as_json:
        values = [outcome_json(outcome) for outcome in outcomes]
        click.echo(json.dumps(values if len(runs) > 1 else values[0], indent=2, ensure_ascii=False))
    click.get_current_context().exit(0 if all(outcome.success for outcome in outcomes) else 1)
