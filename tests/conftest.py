"""Fixtures that the whole suite shares."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.postgres import postgres  # noqa: F401  (a fixture: one server for the whole session)

ROOT = Path(__file__).resolve().parent.parent

# A busy machine is no fault of the example that it was busy with.
settings.register_profile("grandrounds", deadline=None)
settings.load_profile("grandrounds")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real inputs; tests that need it skip visibly where it is missing."""
    folder = Path(os.environ.get("GRANDROUNDS_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"real inputs are missing: set GRANDROUNDS_TEST_DATA (looked at {folder})")
    return folder


@pytest.fixture(autouse=True, scope="module")
def _what_is_old_is_left_alone() -> None:
    """Keep collections of garbage short: a process of tests loads more than any command does, and what was
    loaded for the modules before is never garbage."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own settings must not reach a test."""
    for name in list(os.environ):
        if name.startswith("GRANDROUNDS_") and name != "GRANDROUNDS_TEST_DATA":
            monkeypatch.delenv(name)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--remake-golden", action="store_true", help="write golden files instead of comparing")


class Golden:
    """Compares a text with a golden file below tests/data; remakes it with --remake-golden."""

    def __init__(self, folder: Path, *, remake: bool) -> None:
        self._folder = folder
        self.remake = remake

    def path(self, name: str) -> Path:
        return self._folder / name

    def check(self, name: str, text: str) -> None:
        path = self.path(name)
        if self.remake:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"{name} is missing; run pytest --remake-golden"
        assert text == path.read_text(encoding="utf-8"), (
            f"{name} differs; if that is right, --remake-golden"
        )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Golden files of the suite."""
    return Golden(ROOT / "tests" / "data", remake=bool(request.config.getoption("--remake-golden")))
