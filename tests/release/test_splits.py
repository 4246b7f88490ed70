"""Splits never cut a group, never move one, and hold their shares."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grandrounds.errors import ReleaseError
from grandrounds.recipe import Splits
from grandrounds.release.splits import SPLITS, Group, assign_splits, groups_of
from tests.support.factories import world

SHARES = Splits()

group_lists = st.lists(
    st.builds(Group, group_id=st.uuids().map(str), stratum=st.sampled_from(["a", "b", "c", "d", "e"])),
    max_size=120,
    unique_by=lambda group: group.group_id,
)
share_choices = st.sampled_from(
    [
        SHARES,
        Splits(train=0.8, dev=0.1, test=0.1),
        Splits(train=0.0, dev=0.5, test=0.5),
        Splits(train=0.0, dev=0.0, test=1.0),
        Splits(train=0.34, dev=0.33, test=0.33),
    ]
)


def many(number: int, *, strata: int = 1, salt: str = "") -> list[Group]:
    return [Group(group_id=f"group-{salt}{i}", stratum=f"stratum-{i % strata}") for i in range(number)]


@given(groups=group_lists, shares=share_choices, order=st.randoms(use_true_random=False))
def test_the_order_of_the_input_plays_no_part(groups, shares, order):
    shuffled = list(groups)
    order.shuffle(shuffled)
    assert assign_splits(groups, shares=shares, previous={}) == assign_splits(
        shuffled, shares=shares, previous={}
    )


@given(first=group_lists, more=group_lists, shares=share_choices)
def test_a_group_keeps_its_split_whatever_is_added(first, more, shares):
    before = assign_splits(first, shares=shares, previous={})
    known = {group.group_id for group in first}
    added = [group for group in more if group.group_id not in known]
    after = assign_splits([*first, *added], shares=shares, previous=before)
    assert {group: after[group] for group in before} == before
    assert set(after) == known | {group.group_id for group in added}


@given(groups=group_lists, shares=share_choices)
def test_every_group_gets_exactly_one_split_that_has_a_share(groups, shares):
    assigned = assign_splits(groups, shares=shares, previous={})
    assert set(assigned) == {group.group_id for group in groups}
    assert all(getattr(shares, split) > 0 for split in assigned.values())


@given(groups=group_lists, shares=share_choices)
@settings(max_examples=200)
def test_shares_hold_overall_to_within_two_groups(groups, shares):
    counts = Counter(assign_splits(groups, shares=shares, previous={}).values())
    for split in SPLITS:
        assert abs(counts[split] - getattr(shares, split) * len(groups)) <= 2


@given(groups=group_lists, shares=share_choices)
@settings(max_examples=200)
def test_shares_hold_in_each_stratum_to_within_three_groups(groups, shares):
    assigned = assign_splits(groups, shares=shares, previous={})
    sizes = Counter(group.stratum for group in groups)
    inside = Counter((group.stratum, assigned[group.group_id]) for group in groups)
    for stratum, size in sizes.items():
        for split in SPLITS:
            assert abs(inside[stratum, split] - getattr(shares, split) * size) <= 3


@given(number=st.integers(3, 12), strata=st.integers(1, 12), salt=st.text("xyz", max_size=4))
def test_every_split_gets_something_as_soon_as_there_are_three_groups(number, strata, salt):
    assigned = assign_splits(many(number, strata=strata, salt=salt), shares=SHARES, previous={})
    assert set(assigned.values()) == set(SPLITS)


def test_three_groups_that_come_one_by_one_fill_three_splits():
    one_by_one: dict[str, str] = {}
    for end in (1, 2, 3):
        one_by_one = assign_splits(many(end), shares=SHARES, previous=one_by_one)
    assert set(one_by_one.values()) == set(SPLITS)


def test_many_strata_of_one_group_do_not_all_go_to_train():
    counts = Counter(assign_splits(many(100, strata=100), shares=SHARES, previous={}).values())
    assert counts == {"train": 60, "dev": 20, "test": 20}


def test_a_split_from_another_recipe_is_kept_even_where_this_one_gives_it_no_share():
    only_test = Splits(train=0, dev=0, test=1)
    assigned = assign_splits(many(4), shares=only_test, previous={"group-2": "train"})
    assert assigned["group-2"] == "train"
    assert Counter(assigned.values()) == {"train": 1, "test": 3}


def test_a_lopsided_past_is_made_up_for_by_what_is_new():
    previous = {f"group-{i}": "train" for i in range(10)}
    assigned = assign_splits(many(20), shares=SHARES, previous=previous)
    assert Counter(assigned.values()) == {"train": 12, "dev": 4, "test": 4}


def test_a_group_in_two_strata_is_refused():
    twice = [Group(group_id="g", stratum="a"), Group(group_id="g", stratum="b")]
    with pytest.raises(ReleaseError, match="given twice"):
        assign_splits(twice, shares=SHARES, previous={})


def test_an_unknown_split_in_the_past_is_refused():
    with pytest.raises(ReleaseError, match="'validation' before, which is no split"):
        assign_splits(many(1), shares=SHARES, previous={"group-0": "validation"})


def test_a_stratum_is_the_commonest_label_and_the_tasks():
    made = world(3)
    groups = groups_of(made.candidates, stratify_by=("body_system", "no_such_scheme"))
    assert [group.group_id for group in groups] == sorted(case.group_id for case in made.cases)
    assert {group.stratum for group in groups} == {
        "cardiovascular|-|diagnosis_mcq+diagnosis_open",
        "respiratory|-|diagnosis_mcq+diagnosis_open",
    }
