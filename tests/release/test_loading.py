"""A release loads as evaluators load it: pandas, datasets, and the code of its own datasheet."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from PIL.Image import Image

from grandrounds.lake import Lake
from grandrounds.release.writer import write_release
from tests.support.releases import make_request, publish
from tests.support.volume_builds import SHAPE, make_recipe
from tests.support.volume_release import request_of, torsos

datasets = pytest.importorskip("datasets")


@pytest.fixture(scope="module")
def published(tmp_path_factory) -> Path:
    return publish(tmp_path_factory.mktemp("releases"), 6).path


@pytest.fixture(autouse=True)
def _offline(monkeypatch, tmp_path):
    """No hub, and a cache of this test's own."""
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))


def test_plain_pandas_reads_every_column(published):
    table = pd.read_parquet(published / "data" / "diagnosis_mcq" / "train-00000-of-00001.parquet")
    assert list(table["split"].unique()) == ["train"]
    first = table[table["images"].map(len) > 0].iloc[0]
    assert first["images"][0]["bytes"].startswith(b"\x89PNG")
    assert first["answer"] == first["options"][first["answer_index"]]
    assert set(first["evidence"][0]) == {"role", "source_id", "evidence_id", "quote", "locator"}


def test_datasets_loads_a_task_of_the_folder_with_its_splits(published):
    loaded = datasets.load_dataset(str(published), "diagnosis_mcq")
    wanted = {item.item_id: item for item in make_request(6).items if item.task == "diagnosis_mcq"}
    assert {split: set(rows["item_id"]) for split, rows in loaded.items()} == {
        split: {item.item_id for item in wanted.values() if item.split == split}
        for split in ("train", "dev", "test")
    }


@pytest.mark.parametrize("streaming", [False, True])
def test_datasets_shows_pictures_as_pictures(published, streaming):
    files = str(published / "data" / "diagnosis_open" / "*.parquet")
    rows = list(datasets.load_dataset("parquet", data_files=files, split="train", streaming=streaming))
    shown = [picture for row in rows for picture in row["images"]]
    assert len(rows) == 6
    assert len(shown) == 3
    assert all(isinstance(picture, Image) and picture.size == (48, 32) for picture in shown)


def test_the_code_of_the_datasheet_runs(published, monkeypatch, capsys):
    monkeypatch.chdir(published)
    blocks = re.findall(r"```python\n(.*?)```", (published / "README.md").read_text(), re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        exec(compile(block, "README.md", "exec"), {})
    said = capsys.readouterr().out
    assert "Which diagnosis explains this presentation best?" in said
    assert "item_id" in said


def test_the_code_of_the_datasheet_of_volumes_runs(tmp_path, monkeypatch, capsys):
    recipe = make_recipe(tasks=("level_mcq",), evidence={"kind": "volumes", "questions_each": 1})
    made = torsos(tmp_path / "in", Lake(str(tmp_path / "lake")), patients=1, recipe=recipe)
    release = write_release(request_of(made), root=tmp_path / "out").path
    monkeypatch.chdir(release)
    blocks = re.findall(r"```python\n(.*?)```", (release / "README.md").read_text(), re.DOTALL)
    assert len(blocks) == 3
    for block in blocks:
        exec(compile(block, "README.md", "exec"), {})
    assert str(SHAPE) in capsys.readouterr().out


def test_the_code_of_the_docs_runs(published, monkeypatch, tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "releases.md").read_text()
    monkeypatch.chdir(published)
    blocks = [
        block
        for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL)
        if "SplitRegister" not in block
    ]
    assert len(blocks) >= 4
    for block in blocks:
        exec(compile(block.replace("PATH/TO/RELEASE", str(published)), "releases.md", "exec"), {})
