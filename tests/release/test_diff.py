"""What differs between two releases: added, removed, changed, moved, as before."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from grandrounds.records.envelope import content_sha256, item_id
from grandrounds.release.diff import compare, diff
from tests.support.releases import make_request, publish

ITEMS = make_request(8).items


def against(before, after):
    return compare(before, after, before_version="a", after_version="b")


def again(item, **changes):
    """``item`` as it is after a change, ids made again."""
    new = replace(item, **changes)
    new = replace(new, item_id=item_id(new))
    return replace(new, content_sha256=content_sha256(new))


def test_a_release_does_not_differ_from_itself(tmp_path):
    path = publish(tmp_path).path
    found = diff(path, path)
    assert found.empty
    assert (found.before, found.after, found.unchanged) == ("0.1.0", "0.1.0", 12)


def test_added_and_removed_are_told_by_id():
    found = against(ITEMS[:6], ITEMS[2:10])
    assert found.removed == tuple(sorted(item.item_id for item in ITEMS[:2]))
    assert found.added == tuple(sorted(item.item_id for item in ITEMS[6:10]))
    assert found.unchanged == 4


def test_a_reworded_item_is_changed_and_not_removed_and_added():
    before = ITEMS[0]
    after = again(before, question="Which of these is it, if any?")
    found = against(ITEMS, [after, *ITEMS[1:]])
    (change,) = found.changed
    assert (change.before, change.after) == (before.item_id, after.item_id)
    assert change.fields == ("question",)
    assert (found.added, found.removed) == ((), ())


def test_a_new_rationale_changes_an_item_under_the_same_id():
    after = again(ITEMS[0], rationale="Because.")
    found = against(ITEMS, [after, *ITEMS[1:]])
    assert [(change.before, change.fields) for change in found.changed] == [(after.item_id, ("rationale",))]


def test_another_order_of_options_is_a_change():
    before = next(item for item in ITEMS if item.options)
    turned = (*before.options[1:], before.options[0])
    after = replace(before, options=turned, answer_index=turned.index(before.answer))
    found = against([before], [after])
    assert found.changed[0].fields == ("options", "answer_index")


def test_an_item_of_new_lineage_is_paired_by_its_case_and_task():
    before = ITEMS[0]
    after = again(
        before, question="Name the illness, please.", candidate_id="c", revision_id="r", draft_id="d"
    )
    assert len(against([before], [after]).changed) == 1


def test_two_that_could_be_the_same_are_not_guessed_at():
    before = replace(ITEMS[0], candidate_id="a", revision_id="b", draft_id="c")
    first = again(
        before, question="Name the illness, please.", candidate_id="d", revision_id="e", draft_id="f"
    )
    second = again(
        before, question="Which illness is this?", candidate_id="g", revision_id="h", draft_id="i"
    )
    found = against([before], [first, second])
    assert (len(found.removed), len(found.added), len(found.changed)) == (1, 2, 0)


def test_a_move_between_splits_is_told():
    moved = replace(ITEMS[0], split="dev" if ITEMS[0].split != "dev" else "test")
    found = against(ITEMS, [moved, *ITEMS[1:]])
    assert [(move.item_id, move.before, move.after) for move in found.moved] == [
        (moved.item_id, ITEMS[0].split, moved.split)
    ]
    assert not found.changed


def test_what_passes_with_time_is_no_change():
    after = replace(ITEMS[0], retired_reason="superseded", reviewed=True)
    assert against([ITEMS[0]], [after]).empty


@given(left=st.sets(st.integers(0, 15)), right=st.sets(st.integers(0, 15)))
def test_every_item_is_told_exactly_once(left, right):
    before, after = [ITEMS[n] for n in left], [ITEMS[n] for n in right]
    found = against(before, after)
    assert len(found.removed) + len(found.changed) + found.unchanged == len(before)
    assert len(found.added) + len(found.changed) + found.unchanged == len(after)
    back = against(after, before)
    assert (back.added, back.removed) == (found.removed, found.added)
