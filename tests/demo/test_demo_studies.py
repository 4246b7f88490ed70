"""The demo's imaging studies are what their code draws, small, and read as they should."""

from __future__ import annotations

import pytest

from grandrounds.demo.studies.folder import FOLDER, STUDIES, contents, write_study
from grandrounds.paths import demo_sources

HERE = demo_sources() / FOLDER


@pytest.mark.parametrize("name", STUDIES)
def test_making_a_study_again_gives_the_committed_contents(
    name: str, request: pytest.FixtureRequest
) -> None:
    if request.config.getoption("--remake-golden"):
        write_study(name, HERE)
    made = STUDIES[name]()
    assert {path.name for path in (HERE / name).iterdir()} == set(made)
    for file, data in made.items():
        assert contents(HERE / name / file) == data, file
