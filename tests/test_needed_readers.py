"""How many readers a candidate needs: the shares a policy says, chosen by ids alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from grandrounds.fingerprint import content_id
from grandrounds.needed_readers import differs_by_split, readers_needed
from grandrounds.recipe import Review, Sample

SPLITS = ("train", "dev", "test")
SHARES = st.floats(0, 1)
IDS = [content_id("item", [number]) for number in range(3000)]


def policy(readers=3, overlap=1.0, **sample):
    return Review(policy="readers", readers=readers, overlap=overlap, sample=Sample(**sample))


@given(st.text(min_size=1), st.sampled_from(SPLITS), st.integers(1, 9), SHARES, SHARES)
def test_it_is_none_one_or_all(item, split, readers, overlap, sample):
    found = readers_needed(item, policy(readers, overlap, **{split: sample}), split=split)
    assert found in {0, 1, readers}
    assert found == readers_needed(item, policy(readers, overlap, **{split: sample}), split=split)
    if sample == 1:
        assert found > 0
    if sample == 0:
        assert found == 0


@given(st.text(min_size=1), SHARES, SHARES)
def test_a_larger_share_takes_in_what_a_smaller_one_did(item, one, other):
    low, high = sorted((one, other))
    assert readers_needed(item, policy(test=low)) <= readers_needed(item, policy(test=high))
    assert readers_needed(item, policy(overlap=low)) <= readers_needed(item, policy(overlap=high))


def test_shares_are_met_and_overlap_is_spread_evenly_over_the_sample():
    rule = policy(overlap=0.25, train=0.1, dev=0.5, test=1.0)
    for split, share in (("train", 0.1), ("dev", 0.5), ("test", 1.0)):
        found = [readers_needed(item, rule, split=split) for item in IDS]
        read = [number for number in found if number]
        assert abs(len(read) / len(IDS) - share) < 0.03
        assert abs(read.count(3) / len(read) - 0.25) < 0.08


def test_a_group_without_a_split_counts_as_test():
    rule = policy(train=0.0, dev=0.0, test=1.0)
    assert all(readers_needed(item, rule) == 3 for item in IDS[:50])
    assert all(readers_needed(item, rule, split="strange") == 3 for item in IDS[:50])


def test_nobody_reads_where_the_policy_asks_for_nobody():
    assert readers_needed("item", Review(policy="none")) == 0


def test_splits_matter_only_where_the_shares_differ():
    assert differs_by_split(policy(train=0.2))
    assert not differs_by_split(policy())
    assert not differs_by_split(policy(train=0.5, dev=0.5, test=0.5))
    assert not differs_by_split(Review(policy="none", sample=Sample(train=0.2)))
