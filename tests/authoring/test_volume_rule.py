"""The rule author of volumes: facts become drafts, drafts get a second look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from grandrounds.authoring.author import make_author
from grandrounds.authoring.volume_rule import VolumeRuleAuthor
from grandrounds.errors import RecipeError
from grandrounds.imaging.facts import fact_of
from grandrounds.imaging.keyslices import names_in_play
from grandrounds.imaging.stem import stem
from grandrounds.lake import Lake
from grandrounds.recipe import Recipe
from grandrounds.records.envelope import Draft
from grandrounds.records.parts import StructureBox
from grandrounds.records.scan import Scan
from grandrounds.records.volume import SliceInstance
from grandrounds.volumes.volume import Volume
from tests.support.scan_voxels import with_image
from tests.support.scans import lumbar_spine, radiograph, scan_of

RECIPE = Recipe.model_validate(
    {
        "name": "tried",
        "title": "Tried",
        "author": "rule",
        "tasks": [{"name": "level_mcq", "options": 4}, {"name": "box_mcq", "options": 4}],
        "evidence": {"kind": "volumes", "questions_each": 2},
    }
)


def author(lake: Lake | None = None, recipe: Recipe = RECIPE) -> Any:
    return make_author(recipe, client=None, lake=lake)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return Lake(str(tmp_path_factory.mktemp("lake")))


@pytest.fixture(scope="module")
def spine(lake: Lake) -> Scan:
    return with_image(lumbar_spine(), lake)


@pytest.fixture(scope="module")
def drafts(lake: Lake, spine: Scan) -> list[Draft]:
    return list(author(lake).draft([spine]))


def bare(scan: Scan) -> Scan:
    """The scan with nothing in it that could be asked about."""
    return scan_of(scan.volume, scan.masks, [])


def test_every_fact_becomes_one_draft_with_all_that_it_holds(spine: Scan, drafts: list[Draft]) -> None:
    assert Counter(row.task for row in drafts) == {"level_mcq": 2, "box_mcq": 2}
    for row in drafts:
        task = next(task for task in RECIPE.tasks if task.name == row.task)
        fact = fact_of(spine, task, RECIPE.volumes, row.subject)
        assert fact is not None
        assert (row.status, row.reason) == ("ok", "")
        assert row.stem == stem(spine)
        assert (row.question, row.rationale) == (fact.question, " ".join(fact.reasoning))
        assert row.options == (fact.answer, *(option.option for option in fact.wrong))
        assert (row.answer, row.answer_index) == (fact.answer, 0)
        assert [origin.origin for origin in row.option_origins] == ["answer", "study", "study", "study"]
        assert (row.boxes, row.labels) == (fact.boxes, fact.labels)
        assert (row.evidence_id, row.group_id) == (spine.evidence_id, spine.group_id)
        assert row.authorship.author == "rule"


def test_the_volume_and_its_key_slices_ride_along(lake: Lake, spine: Scan, drafts: list[Draft]) -> None:
    for row in drafts:
        volume, *pictures = row.media
        assert (volume.kind, volume.mime, volume.sha256) == (
            "volume", "application/x-nifti", spine.volume.sha256,
        )  # fmt: skip
        assert pictures
        for picture in pictures:
            assert lake.get_media(picture.sha256).startswith(b"\x89PNG")
            assert (picture.kind, picture.mime) == ("image", "image/png")
            assert picture.width
            assert picture.locator is not None
            index, axis = picture.locator.slice_index, picture.locator.slice_axis
            assert axis is not None
            assert str(index) in picture.caption
            assert "window" in picture.caption
            assert picture.locator.box[axis] == index


def test_captions_and_names_of_pictures_name_no_structure(spine: Scan, drafts: list[Draft]) -> None:
    for row in drafts:
        told = " ".join(f"{media.name} {media.caption} {media.label}" for media in row.media)
        assert not any(part.name in told.split() for part in spine.structures)


def test_evidence_names_the_slices_that_show_what_is_asked_or_right(drafts: list[Draft]) -> None:
    for row in drafts:
        own = {tuple(map(float, box.voxels)): box for box in row.boxes if box.role in ("asked", "answer")}
        assert row.evidence
        for entry in row.evidence:
            box: StructureBox = own[entry.locator.box]
            assert entry.role == {"asked": "support", "answer": "answer"}[box.role]
            axis, index = entry.locator.slice_axis, entry.locator.slice_index
            assert axis is not None
            assert index is not None
            assert box.voxels[axis] <= index < box.voxels[axis + 3]
            assert entry.quote == ""


def test_a_slice_that_came_from_dicom_is_named_by_its_instance(lake: Lake, spine: Scan) -> None:
    instances = tuple(
        SliceInstance(
            axis=0, index=i, time=0, sop_instance_uid=f"1.2.{i}", frame=0, source_id=f"source-{i}"
        )
        for i in range(spine.volume.shape[0])
    )
    sagittal = replace(spine, volume=replace(spine.volume, instances=instances))
    rows = [entry for row in author(lake).draft([sagittal]) for entry in row.evidence]
    assert {entry.locator.slice_axis for entry in rows} > {0}
    for entry in rows:
        number = entry.locator.slice_index
        across = entry.locator.slice_axis == 0
        assert entry.locator.sop_instance_uid == (f"1.2.{number}" if across else None)
        assert entry.source_id == (f"source-{number}" if across else spine.source_id)


def test_a_scan_without_facts_gives_a_draft_a_task_and_is_never_opened(lake: Lake, spine: Scan) -> None:
    lost = replace(bare(spine), volume=replace(spine.volume, sha256="0" * 64))
    rows = list(author(lake).draft([lost]))
    assert [(row.task, row.status) for row in rows] == [
        ("level_mcq", "nothing_to_ask"), ("box_mcq", "nothing_to_ask"),
    ]  # fmt: skip
    assert all(row.reason for row in rows)
    assert len({row.draft_id for row in rows}) == 2


def test_a_volume_is_opened_once_a_scan_and_one_at_a_time(
    lake: Lake, spine: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    import gc
    import weakref

    alive: list[weakref.ref[Volume]] = []
    most = []

    def opened(*given: Any) -> Volume:
        gc.collect()
        most.append(sum(ref() is not None for ref in alive))
        made = Volume(given[0], given[1].sha256, given[1])
        alive.append(weakref.ref(made))
        return made

    monkeypatch.setattr("grandrounds.volumes.volume.open_volume", opened)
    others = [replace(spine, volume=replace(spine.volume, volume_id=f"volume-{n}")) for n in range(2)]
    rows = author(lake).draft(iter(others))
    assert Counter(row.evidence_id for row in rows) == {f"volume-{n}": 4 for n in range(2)}
    assert most == [0, 0]


def test_drafts_stream_in_the_order_of_the_scans(lake: Lake, spine: Scan) -> None:
    def scans() -> Iterator[Scan]:
        yield spine
        pytest.fail("the second scan was read before the first one's drafts were taken")

    rows = author(lake).draft(scans())
    assert [next(rows).task for _ in range(4)] == ["level_mcq", "level_mcq", "box_mcq", "box_mcq"]


def test_drafts_of_different_subjects_never_share_an_id(drafts: list[Draft]) -> None:
    assert len({row.draft_id for row in drafts}) == len(drafts)
    assert len({(row.task, row.subject) for row in drafts}) == len(drafts)


def test_the_same_scan_gives_the_same_drafts(lake: Lake, spine: Scan, drafts: list[Draft]) -> None:
    assert list(author(lake).draft([spine])) == drafts


def test_a_radiograph_is_drawn_as_the_image_it_is(lake: Lake) -> None:
    rows = list(author(lake).draft([with_image(radiograph(), lake)]))
    captions = {media.caption for row in rows for media in row.media if media.kind == "image"}
    assert captions
    assert all(caption.startswith("The image; ") for caption in captions)


def test_the_window_is_that_of_all_options_together(spine: Scan, drafts: list[Draft]) -> None:
    """Of bones and soft tissue together, a window of either's own would tell which is right."""
    for row in drafts:
        task = next(task for task in RECIPE.tasks if task.name == row.task)
        fact = fact_of(spine, task, RECIPE.volumes, row.subject)
        assert fact is not None
        assert len(names_in_play(fact, spine)) == len(row.options)


# The second look ------------------------------------------------------------------------------


def revised(rows: list[Draft], scan: Scan) -> list[Any]:
    return list(author().revise([(row, scan) for row in rows]))


def test_true_drafts_stand_as_they_are(spine: Scan, drafts: list[Draft]) -> None:
    after = revised(drafts, spine)
    assert [(row.status, row.reason, row.changes) for row in after] == [("ok", "", ())] * len(drafts)
    assert [row.draft_id for row in after] == [row.draft_id for row in drafts]
    assert len({row.revision_id for row in after}) == len(after)
    for before, now in zip(drafts, after, strict=True):
        assert (now.question, now.options, now.media) == (before.question, before.options, before.media)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"answer": "C1"}, "answer"),
        ({"subject": "structure-unheard-of"}, "don't give this fact"),
        ({"boxes": ()}, "boxes"),
    ],
)
def test_what_the_rows_do_not_give_is_dropped(
    spine: Scan, drafts: list[Draft], change: dict[str, Any], told: str
) -> None:
    (after,) = revised([replace(drafts[0], **change)], spine)
    assert after.status == "dropped"
    assert after.reason.startswith("true_to_fact")
    assert told in after.reason


def test_words_that_left_the_fact_give_way_to_the_facts_own(spine: Scan, drafts: list[Draft]) -> None:
    spoiled = replace(drafts[0], rationale=f"It is {drafts[0].answer}. The box is 999 mm wide.")
    (after,) = revised([spoiled], spine)
    assert (after.status, after.rationale) == ("ok", drafts[0].rationale)
    assert "999" in after.changes[0]


def test_nothing_is_asked_twice_of_a_scan(spine: Scan, drafts: list[Draft]) -> None:
    after = revised([drafts[0], drafts[0], drafts[1]], spine)
    assert [row.status for row in after] == ["ok", "dropped", "ok"]
    assert after[1].reason.startswith("once")


def test_a_stem_that_says_the_answer_drops_the_item(spine: Scan, drafts: list[Draft]) -> None:
    telling = replace(drafts[0], stem=f"{drafts[0].stem} The CT shows {drafts[0].answer}.")
    (after,) = revised([telling], spine)
    assert after.status == "dropped"
    assert after.reason.startswith("not_in_stem")


def test_progress_counts_scans_and_drafts(lake: Lake, spine: Scan, drafts: list[Draft]) -> None:
    heard: list[tuple[int, int | None]] = []
    told = make_author(
        RECIPE, client=None, lake=lake, on_progress=lambda done, total: heard.append((done, total))
    )
    list(told.draft([bare(spine), bare(spine)]))
    list(told.revise([(row, spine) for row in drafts]))
    assert heard == [(1, 2), (2, 2), (1, 4), (2, 4), (3, 4), (4, 4)]


def test_an_author_without_a_lake_says_what_is_missing(spine: Scan) -> None:
    with pytest.raises(RecipeError, match="lake"):
        list(author().draft([spine]))


def test_recipes_of_volumes_get_the_author_of_volumes(tmp_path: Path) -> None:
    assert isinstance(author(Lake(str(tmp_path))), VolumeRuleAuthor)
