"""Gate ``contamination``: off by default, then copies of public benchmarks go and the rest is remarked on."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pytest

from grandrounds.contamination.hits import Piece
from grandrounds.contamination.pieces import Document, Library, Released
from grandrounds.errors import RecipeError
from grandrounds.gates.contamination import NAME, PUBLIC, RELEASED, inputs_of
from grandrounds.gates.run import NAMES, Judged, judge
from grandrounds.recipe import Recipe
from grandrounds.records.case import Case
from grandrounds.records.envelope import Revision, item_id
from tests.support.revisions import make_recipe, make_revision


@pytest.fixture
def batch() -> tuple[list[Revision], dict[str, Case]]:
    revisions, cases = [], {}
    for number in range(4):
        revision, case = make_revision(number)
        revisions.append(revision)
        cases[case.evidence_id] = case
    return revisions, cases


def recipe_of(**limits: Any) -> Recipe:
    return make_recipe(gates={"contamination": limits})


def run(batch: tuple[list[Revision], dict[str, Case]], recipe: Recipe, **more: Any) -> Judged:
    return judge(batch[0], evidence=batch[1], recipe=recipe, **more)


def public(folder: Path, *texts: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "bench.jsonl").write_text("\n".join(json.dumps({"question": text}) for text in texts))
    return folder


def another_release(text: str) -> Released:
    def pieces(library: Library, without: Collection[str]) -> Iterator[Piece]:
        library.documents.append(Document(name="other/1.0.0/data/test.parquet"))
        yield Piece(0, 0, "stem", 0, text)

    return Released(pieces=pieces, identity="identity")


def test_it_is_off_unless_a_recipe_asks_and_then_a_release_says_nothing_of_it(batch: Any) -> None:
    plain = make_recipe()
    assert "contamination" not in plain.written()["gates"]
    assert run(batch, plain).rejections == []
    assert inputs_of(plain) == []


def test_of_the_folder_a_release_tells_the_name_alone(tmp_path: Path) -> None:
    written = recipe_of(folder=str(tmp_path / "public"), share=0.4).written()["gates"]["contamination"]
    assert (written["folder"], written["share"]) == ("public", 0.4)


def test_a_copy_of_a_public_item_is_refused_with_its_words(tmp_path: Path, batch: Any) -> None:
    copied = batch[0][1]
    folder = public(tmp_path / "public", "nothing of it", f"Vignette: {copied.stem.upper()}")
    judged = run(batch, recipe_of(folder=str(folder)))
    ((rejection),) = judged.rejections
    assert (rejection.gate, rejection.subject_id) == (NAME, copied.revision_id)
    assert "public/bench.jsonl, row 1" in rejection.reason
    assert copied.stem[:20].upper() in rejection.reason
    assert [row.item_id for row in judged.candidates] == [
        item_id(row) for row in batch[0] if row is not copied
    ]
    assert NAME in NAMES


def test_a_copy_is_only_remarked_on_where_the_recipe_says_so(tmp_path: Path, batch: Any) -> None:
    folder = public(tmp_path / "public", batch[0][2].stem)
    judged = run(batch, recipe_of(folder=str(folder), action="flag"))
    assert judged.rejections == []
    flagged = [row for row in judged.candidates if any(flag.flag == PUBLIC for flag in row.quality_flags)]
    assert [row.item_id for row in flagged] == [item_id(batch[0][2])]


def test_what_only_overlaps_is_remarked_on(tmp_path: Path, batch: Any) -> None:
    words = batch[0][0].stem.split()
    folder = public(tmp_path / "public", " ".join(words[:16]))
    judged = run(batch, recipe_of(folder=str(folder), share=0.9))
    assert judged.rejections == []
    (flag,) = (flag for row in judged.candidates for flag in row.quality_flags if flag.flag == PUBLIC)
    assert "in a row" in flag.detail


def test_an_item_of_another_release_is_remarked_on_and_stays(batch: Any) -> None:
    other = another_release(batch[0][3].stem)
    assert (
        run(batch, recipe_of(folder=""), released=other).candidates == run(batch, make_recipe()).candidates
    )
    judged = run(batch, recipe_of(releases=True), released=other)
    assert judged.rejections == []
    (row,) = (row for row in judged.candidates if any(f.flag == RELEASED for f in row.quality_flags))
    assert row.item_id == item_id(batch[0][3])
    assert "other/1.0.0/data/test.parquet" in row.quality_flags[-1].detail


def test_a_folder_that_is_not_there_ends_the_run(tmp_path: Path, batch: Any) -> None:
    with pytest.raises(RecipeError, match="no folder"):
        run(batch, recipe_of(folder=str(tmp_path / "nowhere")))


def test_what_is_remembered_changes_when_the_folder_does(tmp_path: Path) -> None:
    recipe = recipe_of(folder=str(public(tmp_path / "public", "one")), releases=True)
    before = inputs_of(recipe, another_release("x"))
    assert before == inputs_of(recipe, another_release("x"))
    public(tmp_path / "public", "two")
    assert before != inputs_of(recipe, another_release("x"))
    assert len(before) == 2
