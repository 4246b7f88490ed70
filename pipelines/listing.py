"""``grandrounds list``: the recipes, what each needs and what is there."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from grandrounds.recipe import Recipe
from grandrounds.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeRow:
    """One line of the list."""

    recipe: str
    title: str
    needs: str
    tasks: tuple[str, ...]
    author: str
    review: str
    releases: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        return asdict(self)


def describe(recipe: Recipe, settings: Settings) -> RecipeRow:
    """What ``list`` says of one recipe."""
    model = settings.llm_model.value if settings.model_configured and recipe.author != "rule" else ""
    review = "none (preview)" if recipe.preview else f"{recipe.review.readers} readers"
    folder = settings.releases_path / recipe.name
    releases = (
        [path.name for path in folder.iterdir() if (path / "manifest.json").exists()]
        if folder.is_dir()
        else []
    )
    return RecipeRow(
        recipe=recipe.name,
        title=recipe.title,
        needs=recipe.evidence.kind,
        tasks=tuple(task.name for task in recipe.tasks),
        author=f"model {model}" if model else "rules",
        review=review,
        releases=tuple(sorted(releases, key=_version_key)),
    )


def show(rows: list[RecipeRow]) -> None:
    """Print the list as a table."""
    table = Table()
    for name in ("recipe", "title", "needs", "tasks", "author", "review", "releases"):
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(
            row.recipe, row.title, row.needs, "\n".join(row.tasks), row.author, row.review,
            ", ".join(row.releases[-3:]) or "none yet",
        )  # fmt: skip
    Console().print(table)


def _version_key(version: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else -1 for part in version.split("."))
