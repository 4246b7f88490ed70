"""Near duplicates: planted pairs are found, nothing else is, and size does not hurt."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grandrounds.statistics.similarity import PERMUTATIONS, band_shape, near_duplicates, similarity
from grandrounds.text import words

VOCABULARY = [f"word{number}" for number in range(3000)]


def _text(generator: random.Random, length: int) -> list[str]:
    return [VOCABULARY[int(len(VOCABULARY) * generator.random() ** 2)] for _ in range(length)]


def _planted(count: int, pairs: int, length: int) -> tuple[list[str], list[tuple[int, int]]]:
    """Random texts, then copies of some with up to one in sixteen words changed."""
    generator = random.Random(7)
    texts = [_text(generator, length) for _ in range(count - pairs)]
    planted = []
    for number in range(pairs):
        source = generator.randrange(count - pairs)
        copy = list(texts[source])
        for _ in range(generator.randrange(length // 16 + 1)):
            copy[generator.randrange(length)] = f"changed{number}"
        planted.append((source, len(texts)))
        texts.append(copy)
    return [" ".join(text) for text in texts], planted


def test_ten_thousand_texts_with_a_thousand_planted_pairs() -> None:
    texts, planted = _planted(10_000, 1_000, 80)
    began = time.process_time()
    found = near_duplicates(texts, threshold=0.8)
    took = time.process_time() - began
    links = {(one, other) for one, other, _ in found.links}
    true = {(one, other) for one, other in planted if similarity(texts[one], texts[other]) >= 0.8}
    assert 300 < len(true) < 1_000
    assert len(true & links) / len(true) >= 0.999
    assert all(similarity(texts[one], texts[other]) == share >= 0.8 for one, other, share in found.links)
    assert {other for _, other in true} <= set(found.kept_instead)
    assert took < 30, f"{took:.1f} s"


def _true_similarity(one: str, other: str) -> float:
    """Jaccard by definition, without any hash."""

    def shingles(text: str) -> set[tuple[str, ...]]:
        row = words(text)
        return {tuple(row[at : at + 5]) for at in range(max(1, len(row) - 4))} if row else set()

    mine, theirs = shingles(one), shingles(other)
    return len(mine & theirs) / len(mine | theirs) if mine and theirs else 0.0


small = st.lists(st.sampled_from("abcd"), max_size=12).map(" ".join)


@given(small, small)
def test_similarity_is_jaccard_of_five_word_runs(one: str, other: str) -> None:
    assert similarity(one, other) == pytest.approx(_true_similarity(one, other))


@settings(max_examples=60, deadline=None)
@given(st.lists(small, max_size=12), st.sampled_from([0.3, 0.5, 0.8, 1.0]))
def test_small_batches_are_what_comparing_all_pairs_gives(texts: list[str], threshold: float) -> None:
    found = near_duplicates(texts, threshold=threshold)
    kept: list[int] = []
    refused = set()
    for place, text in enumerate(texts):
        if any(_true_similarity(texts[other], text) >= threshold for other in kept):
            refused.add(place)
        else:
            kept.append(place)
    # Bands may miss one pair in a thousand exactly at the threshold; what they find is always true.
    assert all(_true_similarity(texts[one], texts[other]) >= threshold for one, other, _ in found.links)
    assert set(found.kept_instead) == refused


def test_the_first_of_several_alike_stays() -> None:
    texts = ["one two three four five six seven"] * 3
    assert near_duplicates(texts, threshold=0.8).kept_instead == {1: 0, 2: 0}


def test_a_chain_is_linked_through_the_refused_middle() -> None:
    row = [f"w{number}" for number in range(100)]
    middle, last = list(row), list(row)
    middle[10] = last[10] = "x"
    last[50] = last[80] = "y"
    texts = [" ".join(row), " ".join(middle), " ".join(last)]
    found = near_duplicates(texts, threshold=0.78)
    assert set(found.kept_instead) == {1}
    assert {(one, other) for one, other, _ in found.links} == {(0, 1), (1, 2)}


@pytest.mark.parametrize("texts", [[], [""], ["", ""], ["...", "!!!"], ["a"], ["a b"]])
def test_texts_without_words_are_like_nothing(texts: list[str]) -> None:
    assert near_duplicates(texts, threshold=0.8).kept_instead == {}


def test_short_texts_are_compared_too() -> None:
    assert near_duplicates(["a fever", "A fever.", "a cough"], threshold=0.8).kept_instead == {1: 0}


def test_many_copies_of_one_text_cost_no_more_than_many_texts() -> None:
    texts = [" ".join(VOCABULARY[:60])] * 5_000
    began = time.process_time()
    found = near_duplicates(texts, threshold=0.8)
    assert set(found.kept_instead.values()) == {0}
    assert len(found.kept_instead) == 4_999
    assert time.process_time() - began < 30


def test_the_answer_is_the_same_every_time() -> None:
    texts, _ = _planted(500, 100, 60)
    assert near_duplicates(texts, threshold=0.8) == near_duplicates(texts, threshold=0.8)


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7, 0.8, 0.9, 0.99, 1.0])
def test_bands_find_a_pair_at_the_threshold_999_times_in_1000(threshold: float) -> None:
    bands, rows = band_shape(threshold)
    assert bands * rows <= PERMUTATIONS
    assert 1 - (1 - threshold**rows) ** bands >= 0.999
