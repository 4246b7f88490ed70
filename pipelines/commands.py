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
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def build(recipes: tuple[str, ...], sources: str | None, rules: str | None, as_json: bool) -> None:
    """Run each RECIPE up to its review queue, or to a preview release where it asks for no review.

    Several are built one after the other; one that fails doesn't keep the others from being built.

    \b
    Examples:
      grandrounds build case_diagnosis
      grandrounds build volume_grounding measurement_chain
      grandrounds build case_diagnosis --sources ~/case_reports
      grandrounds build volume_grounding --sources /mnt/ct --rules ct.yaml
    """
    settings = resolve({"GRANDROUNDS_SOURCES": sources, "GRANDROUNDS_SOURCE_RULES": rules})
    for recipe in recipes:
        find_recipe(recipe)  # a wrong name is told before anything is built
    _run("build", recipes, settings=settings, as_json=as_json)


@click.command("publish")
@click.argument("recipe")
@click.option("--version", metavar="V", help="Version to publish (default: the next one by what changed).")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def publish(recipe: str, version: str | None, as_json: bool) -> None:
    """Turn the accepted candidates of RECIPE into an immutable release.

    Refused while candidates still wait for readers, are disputed, or readers agree too rarely. A
    recipe without review publishes its preview with `build`.

    \b
    Examples:
      grandrounds publish case_diagnosis_reviewed
      grandrounds publish case_diagnosis_reviewed --version 1.0.0
    """
    loaded = find_recipe(recipe)
    settings = resolve()
    if not loaded.preview:
        refuse_unless_reviewed(loaded, settings)
    _run("publish", (recipe,), settings=settings, as_json=as_json, version=version)


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


def refuse_unless_reviewed(recipe: Recipe, settings: Settings) -> None:
    """Raise ``ReviewError`` that says what is missing, unless the review policy is met."""
    from grandrounds.errors import ReviewError
    from grandrounds.review.policy import status
    from grandrounds.review.sensor import publishable
    from grandrounds.review.store import ReviewStore

    store = ReviewStore(settings.review_url.value)
    if publishable(store, recipe) is None:
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


def _run(
    what: str, names: Sequence[str], *, settings: Settings, as_json: bool, version: str | None = None
) -> None:
    from pipelines.running import run_job
    from pipelines.showing import as_json as outcome_json
    from pipelines.showing import show_outcome

    outcomes: list[Outcome] = []
    for position, name in enumerate(names):
        outcome = run_job(what, find_recipe(name), settings=settings, version=version, quiet=as_json)
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
        click.echo(json.dumps(values if len(names) > 1 else values[0], indent=2, ensure_ascii=False))
    click.get_current_context().exit(0 if all(outcome.success for outcome in outcomes) else 1)
