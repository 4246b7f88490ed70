"""Items that a sample left unread: released only as such, counted, told, and found when they claim a reader."""

from __future__ import annotations

from dataclasses import replace

import pytest

from grandrounds.errors import ReleaseError
from grandrounds.needed_readers import readers_needed
from grandrounds.records.parts import UNREAD, ReviewSummary
from grandrounds.release.manifest import read_manifest
from grandrounds.release.verify import verify
from grandrounds.release.writer import write_release
from tests.support.factories import make_reviews, world
from tests.support.releases import (
    change_cell,
    change_manifest,
    make_recipe,
    make_request,
    publish,
    seal_again,
    writable,
)

SAMPLED = {"policy": "readers", "readers": 2, "sample": {"train": 0.4, "dev": 0.5, "test": 0.5}}


def sampled_request():
    """What a build gives whose readers saw what the sample asks for, and nothing else."""
    made, recipe = world(10), make_recipe(review=SAMPLED)
    whole = make_request(made=made, recipe=recipe)
    unread = {
        item.item_id
        for item in whole.items
        if not readers_needed(item.candidate_id, recipe.review, split=item.split)
    }
    assert 0 < len(unread) < len(whole.items)
    items = [
        replace(item, reviewed=False, review=ReviewSummary(status=UNREAD))
        if item.item_id in unread
        else item
        for item in whole.items
    ]
    read = [candidate for candidate in made.candidates if candidate.item_id not in unread]
    return replace(whole, items=items, reviews=make_reviews(read)), unread


@pytest.fixture
def sampled(tmp_path):
    request, unread = sampled_request()
    path = write_release(request, root=tmp_path / "releases").path
    writable(path)
    return path, unread


def told(path):
    return " ".join(problem.what for problem in verify(path).problems)


def a_file_with(path, unread, *, is_unread):
    """An items file and a row in it that was, or was not, left unread."""
    import pyarrow.parquet as pq

    for file in sorted(path.glob("data/**/*.parquet")):
        ids = pq.read_table(file, columns=["item_id"])["item_id"].to_pylist()
        for row, item in enumerate(ids):
            if (item in unread) == is_unread:
                return file, row
    raise AssertionError("no such row")


def test_it_is_sound_and_says_how_many_nobody_read(sampled):
    path, unread = sampled
    report = verify(path)
    assert report.sound, report.problems
    assert read_manifest(path).counts.unread == len(unread)
    datasheet = (path / "README.md").read_text()
    assert "Clinicians read every item" not in datasheet
    assert f"{len(unread)} items were taken unread" in datasheet
    assert "No clinician checked the items marked as unread" in datasheet


def test_a_release_that_was_read_whole_says_nothing_of_it(reviewed_release):
    assert b'"unread"' not in (reviewed_release / "manifest.json").read_bytes()


def test_an_item_that_claims_a_reader_is_found(sampled):
    path, unread = sampled
    file, row = a_file_with(path, unread, is_unread=True)
    change_cell(file, "reviewed", lambda _: True, row=row)
    seal_again(path)
    assert "bears marks of a review" in told(path)


def test_an_item_that_was_to_be_read_can_not_be_passed_off_as_sampled_out(sampled):
    path, unread = sampled
    file, row = a_file_with(path, unread, is_unread=False)
    bare = {"readers": 0, "accepted": 0, "rejected": 0, "edited": 0, "adjudicated": False, "reviewers": []}
    change_cell(file, "review", lambda _: {"status": UNREAD, **bare}, row=row)
    change_cell(file, "reviewed", lambda _: False, row=row)
    change_manifest(path, lambda value: value["counts"].update(unread=len(unread) + 1))
    seal_again(path)
    assert "its recipe asks for a reader" in told(path)


def test_a_count_that_hides_them_is_found(sampled):
    path, _ = sampled
    change_manifest(path, lambda value: value["counts"].pop("unread"))
    seal_again(path)
    assert "says unread is None" in told(path)


def test_the_writer_refuses_what_its_recipe_wants_read(tmp_path):
    request = make_request(reviewed=True)
    items = [replace(item, reviewed=False, review=ReviewSummary(status=UNREAD)) for item in request.items]
    with pytest.raises(ReleaseError, match="taken unread"):
        write_release(replace(request, items=items), root=tmp_path)


def test_what_an_adjudicator_alone_decided_was_reviewed(tmp_path):
    """A gold item is settled by a lead; perhaps no reader has met it yet."""
    request = make_request(reviewed=True)
    alone = ReviewSummary(status="accepted", adjudicated=True, reviewers=("lead-a",))
    first, *others = request.items
    result = publish(
        tmp_path, made=world(6), recipe=request.recipe, items=[replace(first, review=alone), *others]
    )
    assert verify(result.path).sound
