"""Whole builds in this process, on a part of the demo sources, so that each takes seconds."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grandrounds.cli import main
from grandrounds.paths import demo_sources
from grandrounds.settings import Settings, resolve
from pipelines.commands import find_recipe
from pipelines.running import Outcome, run_job
from tests.support.commands import Ended

PARTS = ("cardiovascular", "troubled")
FEW = (
    "cardiovascular/ascites-and-a-knock.md",
    "cardiovascular/postpartum-chest-pain.xml",
    "troubled/truncated.xml",
)


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A source folder of its own that a test may change."""
    return copy_sources(tmp_path / "sources")


@pytest.fixture
def few(tmp_path: Path) -> Path:
    """Three articles, one of them broken: enough for a release."""
    folder = tmp_path / "few"
    folder.mkdir()
    for name in FEW:
        shutil.copy(demo_sources() / "case_reports" / name, folder)
    return folder


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ended]:
    """The command line in this process, which saves the imports: ``command("build", ..., home=...)``."""
    for name in ("GRANDROUNDS_HOME", "DAGSTER_HOME"):
        monkeypatch.setenv(name, "")  # noted, so that what a command sets is taken back
    monkeypatch.setenv("COLUMNS", "80")

    def run(*arguments: str | Path, home: Path | None = None, **more: str) -> Ended:
        for name, value in more.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("GRANDROUNDS_HOME", "")
        place = [] if home is None else ["--home", str(home)]
        capsys.readouterr()
        with pytest.raises(SystemExit) as ending:
            main([*place, *map(str, arguments)])
        shown = capsys.readouterr()
        return Ended(int(ending.value.code or 0), shown.out, shown.err)

    return run


def copy_sources(folder: Path) -> Path:
    for part in PARTS:
        shutil.copytree(demo_sources() / "case_reports" / part, folder / "case_reports" / part)
    for name in ("sources.yaml",):
        if (demo_sources() / name).exists():
            shutil.copy(demo_sources() / name, folder / name)
    return folder


def settings_of(home: Path, sources: Path, **more: str) -> Settings:
    return resolve({"GRANDROUNDS_HOME": str(home), "GRANDROUNDS_SOURCES": str(sources), **more}, environ={})


@pytest.fixture
def build(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Outcome]]:
    """Run ``build`` or ``publish`` of a recipe in this process."""
    before = {name: os.environ.get(name) for name in ("DAGSTER_HOME", "GRANDROUNDS_HOME")}

    def run(
        home: Path, sources: Path, *, recipe: str = "case_diagnosis", what: str = "build", **more: str
    ) -> Outcome:
        for name, value in more.items():
            monkeypatch.setenv(name, value)
        return run_job(what, find_recipe(recipe), settings=settings_of(home, sources, **more), quiet=True)

    yield run
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
