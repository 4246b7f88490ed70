"""Studies become releases: whole builds of both volume recipes, from folders to verified files."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pyarrow.parquet as pq
import pytest

from grandrounds.demo.studies.identifiers import IN_NAMES, PLANTED
from grandrounds.paths import demo_sources
from grandrounds.records.envelope import Item
from grandrounds.records.funnel import problems
from grandrounds.records.table import from_table
from grandrounds.release.verify import verify
from pipelines.running import Outcome

pytestmark = pytest.mark.slow

STUDIES = (
    "spine/sub-demo004",
    "organs/sub-demo101",
    "films/sub-demo203",
    "dicom",
    "troubled/flipped",
    "troubled/swapped-centroids",
    "troubled/truncated",
    "troubled/other-grid",
)
BETRAYING = tuple(word.lower() for word in (*PLANTED, *IN_NAMES) if len(word) > 4)
"""What must not be found; four digits stand in some hash by chance."""

LICENCES = """
files:
  - {path: "**", licence: Apache-2.0, group: volunteer}
"""


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hospital")
    for name in STUDIES:
        shutil.copytree(demo_sources() / "studies" / name, folder / "studies" / name)
    for name in ("sources.yaml", "cleared.csv"):
        shutil.copy(demo_sources() / name, folder)
    return folder


def items_of(release: Path) -> list[Item]:
    return [
        item
        for path in sorted(release.glob("data/*/*.parquet"))
        for item in from_table(Item, pq.ParquetFile(path).read())
    ]


def written(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Every file below a folder as whoever opens it sees it: tables decoded, volumes unpacked."""
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".parquet":
            yield path, str(pq.ParquetFile(path).read().to_pylist()).encode()
        elif path.is_file():
            data = path.read_bytes()
            yield path, gzip.decompress(data) if path.name.endswith(".nii.gz") else data


def test_studies_become_items_that_compute_again_and_betray_nobody(
    tmp_path: Path, studies: Path, build: Callable[..., Outcome]
) -> None:
    home = tmp_path / "home"
    grounded = build(home, studies, recipe="volume_grounding")
    measured = build(home, studies, recipe="measurement_chain")

    assert grounded.success and measured.success, (grounded.errors, measured.errors)
    assert grounded.release and measured.release
    for outcome in (grounded, measured):
        assert problems(outcome.funnel) == []
        assert not verify(Path(str(outcome.release))).problems
    refused = {part.reason for step in grounded.funnel for part in step.refused}
    assert {"quarantined", "mask_without_image", "sides", "centroid"} <= refused
    assert [Path(source.path).parent.name for source in grounded.failed_sources] == ["truncated"]

    items = items_of(Path(grounded.release))
    assert {item.task for item in items} >= {"level_mcq", "box_mcq", "slice_mcq", "relation_mcq"}
    assert all(item.boxes and item.evidence and item.media for item in items)
    findings = items_of(Path(measured.release))
    assert {"cannot be measured", "enlarged"} <= {item.answer for item in findings}
    assert all(item.chain[-1].kind == "finding" for item in findings if item.task == "finding_mcq")

    for folder in (home / "releases", home / "lake" / "tables", home / "lake" / "media", home / "dagster"):
        for path, data in written(folder):
            lower = data.lower()
            found = [word for word in BETRAYING if word.encode() in lower]
            assert found == [], path

    again = build(home, studies, recipe="volume_grounding")
    made = {table: metadata.get("made") for table, metadata in again.tables.items() if "made" in metadata}
    assert all("reused" in str(how) or "already" in str(how) for how in made.values()), made
    assert again.tables["sources"]["read_now"] == 0


def test_pictures_of_what_was_found_are_shown_where_the_run_is_watched(
    tmp_path: Path, studies: Path, build: Callable[..., Outcome]
) -> None:
    outcome = build(tmp_path / "home", studies / "studies" / "organs", recipe="volume_grounding")
    assert "data:image/png;base64," in str(outcome.tables["structures"]["pictures"])


def test_real_scans_give_releases_that_verify_with_rules_kept_elsewhere(
    tmp_path: Path, shared_data: Path, build: Callable[..., Outcome]
) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(LICENCES, encoding="utf-8")
    for recipe in ("volume_grounding", "measurement_chain"):
        outcome = build(
            tmp_path / "home",
            shared_data / "studies" / "nifti" / "totalsegmentator",
            recipe=recipe,
            GRANDROUNDS_SOURCE_RULES=str(rules),
        )
        assert outcome.success, outcome.errors
        assert verify(Path(str(outcome.release))).sound
        items = items_of(Path(str(outcome.release)))
        assert {item.licence for item in items} == {"Apache-2.0"}


def test_a_folder_without_studies_says_what_to_give(
    tmp_path: Path, few: Path, build: Callable[..., Outcome]
) -> None:
    outcome = build(tmp_path / "home", few, recipe="volume_grounding")
    assert not outcome.success
    assert "no imaging study" in " ".join(outcome.errors)


def test_every_recipe_of_volumes_loads_with_its_own_tables() -> None:
    from pipelines.benchmark import benchmark_definitions
    from pipelines.commands import find_recipe

    definitions = benchmark_definitions(find_recipe("volume_grounding"))
    keys = {key.path[-1] for asset in definitions.assets or () for key in getattr(asset, "keys", ())}
    assert {"volumes", "deidentified", "structures", "measurements", "drafts", "release"} <= keys
    assert isinstance(definitions, dg.Definitions)
