"""The table finds every number that was put in, wherever it was put, and no other."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from grandrounds.contamination.table import HashTable

NUMBERS = st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 5), max_size=60)


@settings(max_examples=200, deadline=None)
@given(NUMBERS, NUMBERS)
def test_it_is_a_dictionary_of_lists(put: list[int], asked: list[int]) -> None:
    table = HashTable(np.array(put, dtype=np.uint64))
    expected = {number: [at for at, other in enumerate(put) if other == number] for number in put}
    positions, entries = table.which(np.array(asked, dtype=np.uint64))
    assert positions.tolist() == [at for at, number in enumerate(asked) if number in expected]
    which, found = table.places(entries)
    by_entry = [found[which == entry].tolist() for entry in range(len(entries))]
    assert by_entry == [expected[asked[at]] for at in positions.tolist()]
    assert len(table) == len(expected)
