"""Small builds of recipes that ask for readers, and the page's own process on what they left."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grandrounds.lake import Lake
from grandrounds.paths import demo_sources
from grandrounds.recipe import Recipe
from grandrounds.records.envelope import Candidate
from grandrounds.review.people.accounts import Accounts, Login
from grandrounds.review.store import ReviewStore
from grandrounds.settings import Settings, resolve
from tests.support.review_server import ONE, ReviewServer

PASSWORD = "seven quiet herons"
ISSUER = "https://login.clinic.example"
PEOPLE = {
    "reviewer-a": "reviewer",
    "reviewer-b": "reviewer",
    "adjudicator-a": "adjudicator",
    "lead-a": "lead",
}
_CASES = (
    "ascites-and-a-knock.md",
    "postpartum-chest-pain.xml",
    "breathless-on-lying-left.xml",
    "ecg-anterior-leads.png",
    "echo-four-chamber.png",
    "collapse-during-a-fever.xml",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Few:
    """A recipe, the demo sources that are enough for a day's reading, and what of it is left out."""

    recipe: str
    sources: tuple[str, ...]
    tasks: tuple[str, ...]
    evidence: dict[str, Any] = field(default_factory=dict)


FEW = {
    "case": Few(
        recipe="case_diagnosis",
        sources=tuple(f"case_reports/cardiovascular/{name}" for name in _CASES),
        tasks=("diagnosis_mcq", "diagnosis_open"),
    ),
    "figure": Few(
        recipe="figure_vqa",
        sources=("textbooks/short-atlas.pdf",),
        tasks=("figure_finding_mcq", "figure_panel_mcq"),
    ),
    "volume": Few(
        recipe="volume_grounding",
        sources=("studies/organs/sub-demo101",),
        tasks=("level_mcq", "box_mcq", "slice_mcq", "relation_mcq"),
        evidence={"questions_each": 2},
    ),
    "video": Few(
        recipe="video_vqa",
        sources=(
            "videos/exercises/squats.mp4",
            "videos/exercises/squats.csv",
            "videos/imaging/belly-ct.webm",
            "videos/imaging/belly-ct.en.srt",
            "videos/exercises/arm-raises.webm",
            "videos/exercises/arm-raises.json",
        ),
        tasks=("clip_order_mcq", "clip_change_mcq", "clip_frame_mcq", "clip_count_mcq"),
    ),
}


@dataclass(frozen=True, kw_only=True)
class House:
    """A home with a filled queue, and the folder that it was built from."""

    home: Path
    folder: Path
    recipe: Recipe

    @property
    def settings(self) -> Settings:
        """The settings of this home and nothing else."""
        given = {"GRANDROUNDS_HOME": str(self.home), "GRANDROUNDS_SOURCES": str(self.folder)}
        return resolve(given, environ={})

    def candidates(self) -> list[Candidate]:
        """What the queue asks."""
        lake = Lake(str(self.home / "lake"))
        return lake.read_records(f"{self.recipe.name}/candidates", Candidate)

    def store(self) -> ReviewStore:
        """The review database."""
        return ReviewStore(self.settings.review_url.value)


def reviewed(few: Few, **review: Any) -> Recipe:
    """The demo's recipe, with fewer tasks, for two readers."""
    from pipelines.commands import find_recipe

    found = find_recipe(few.recipe)
    attributes = found.model_dump(mode="json")
    attributes["review"] |= {"policy": "readers", "readers": 2, **review}
    attributes["tasks"] = [task for task in attributes["tasks"] if task["name"] in few.tasks]
    attributes["evidence"] |= few.evidence
    return Recipe.model_validate(attributes)


def build_house(few: Few, folder: Path, **review: Any) -> House:
    """Build it up to the queue, in this process."""
    from pipelines.running import run_job

    sources = folder / "sources"
    for name in (*few.sources, "sources.yaml"):
        place = sources / name
        place.parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (demo_sources() / name).is_dir() else shutil.copy
        copy(demo_sources() / name, place)
    house = House(home=folder / "home", folder=sources, recipe=reviewed(few, **review))
    built = run_job("build", house.recipe, settings=house.settings, quiet=True)
    assert built.success, (built.errors, built.failed_checks)
    return house


def settle_in(store: ReviewStore, *, language: str = "en") -> None:
    """Accounts of everybody, each with a login that would tell who they are."""
    accounts = Accounts(store.database)
    for name, role in PEOPLE.items():
        accounts.add(
            name, roles=(role,), specialties=("cardiology of whispers",), years=31, password=PASSWORD,
            language=language, login=Login(issuer=ISSUER, subject=f"{name[::-1]}@clinic.example"),
        )  # fmt: skip


def serve_house(house: House) -> ReviewServer:
    """The server, not yet started."""
    return ReviewServer(house.home, house.settings.review_url.value, sources=house.folder, arguments=ONE)
