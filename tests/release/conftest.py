"""Shared by the tests of releases."""

from __future__ import annotations

from pathlib import Path

import pytest

from grandrounds.release.plots import Plot
from tests.support.factories import picture
from tests.support.releases import publish, writable


@pytest.fixture(autouse=True)
def _quick_plots(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes half of the time of a small release; only tests that look at plots draw them."""
    if "real_plots" not in request.fixturenames:
        plots = tuple(Plot(name=f"{name}.png", alt=name, png=picture(7)) for name in ("splits", "funnel"))
        monkeypatch.setattr("grandrounds.release.folder.draw_plots", lambda *args, **more: plots)


@pytest.fixture
def real_plots() -> None:
    """Ask for this to have the plots drawn."""


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A sound preview whose files may be changed."""
    path = publish(tmp_path / "releases").path
    writable(path)
    return path


@pytest.fixture
def reviewed_release(tmp_path: Path) -> Path:
    """A sound reviewed release whose files may be changed."""
    path = publish(tmp_path / "releases", reviewed=True).path
    writable(path)
    return path
