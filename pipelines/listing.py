"""``grandrounds list``: the recipes, what each needs and what is there."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from grandrounds.errors import SettingsError
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
    releases = _releases(settings.releases_path / recipe.name)
    return RecipeRow(
        recipe=recipe.name,
        title=recipe.title,
        needs=recipe.evidence.kind,
        tasks=tuple(task.name for task in recipe.tasks),
        author=f"model {model}" if model else "rules",
        review=review,
        releases=releases,
    )


def show(rows: list[RecipeRow]) -> None:
    """Print the list as a table; names stay whole, so that they can be copied."""
    table = Table(box=None, pad_edge=False, padding=(0, 3, 1, 0))
    table.add_column("recipe", no_wrap=True, style="bold")
    table.add_column("what it makes", overflow="fold")
    table.add_column("releases", overflow="fold")
    for row in rows:
        made = (
            f"{row.title}\n{', '.join(row.tasks)}\nfrom {row.needs}, by {row.author}, review: {row.review}"
        )
        table.add_row(Text(row.recipe), Text(made), Text(", ".join(row.releases[-3:]) or "none yet"))
    Console(highlight=False).print(table)


def _releases(folder: Path) -> tuple[str, ...]:
    """The versions in ``folder``, oldest first. Hidden folders are releases still being written."""
    try:
        names = [path.parent.name for path in folder.glob("[!.]*/manifest.json")]
    except OSError as exc:
        raise SettingsError(
            f"The releases in {folder} can't be listed: {exc.strerror or exc}.", remedy="Check its rights."
        ) from exc
    return tuple(sorted(names, key=_version_key))


def _version_key(version: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else -1 for part in version.split("."))
