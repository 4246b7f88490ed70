"""Content hashes: one spelling, one name."""

from __future__ import annotations

import hashlib
import json
import math
import subprocess
import sys
from collections import OrderedDict
from datetime import datetime
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grandrounds.fingerprint import (
    canonical,
    canonical_if_exact,
    code_fingerprint,
    content_id,
    folder_fingerprint,
    sha256_file,
    sha256_text,
    unit_interval,
)

ROOT = Path(__file__).resolve().parent.parent
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def spelled_by_json(value: Any) -> bytes:
    """What ids have been built on since the first release."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8")


any_text = st.text(st.characters(exclude_categories=[]), max_size=6)
awkward = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**66), 2**66)
    | st.floats()
    | st.floats(1e-6, 1e18)
    | any_text
    | st.sampled_from([-0.0, 1e-4, 9.9e-5, 1e15, 1e16, 2**53 + 1.0, 2**63, 2**64 - 1, 2**64, -(2**63) - 1]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(any_text, inner, max_size=4)
        | st.dictionaries(st.integers() | st.booleans() | st.none(), inner, max_size=1)
    ),
    max_leaves=10,
)


@given(awkward)
@settings(max_examples=1000)
def test_every_value_is_spelled_as_the_standard_library_spells_it(value: Any) -> None:
    try:
        expected = spelled_by_json(value)
    except ValueError as refused:
        with pytest.raises(type(refused)):
            canonical(value)
    else:
        assert canonical(value) == expected
        assert canonical_if_exact(value) in {expected, None}


@given(
    st.lists(
        st.floats(allow_nan=False, allow_infinity=False)
        | st.decimals(-(10**16), 10**16, places=4).map(float)
    )
)
@settings(max_examples=1000)
def test_fractions_are_spelled_as_ever(values: list[float]) -> None:
    assert canonical(values) == spelled_by_json(values)


def test_names_are_sorted_by_character_not_by_unit() -> None:
    assert canonical({"\U0001f600": 1, "\uffee": 2}) == '{"\uffee":2,"\U0001f600":1}'.encode()


class Kind(StrEnum):
    DRAFT = "draft"


@pytest.mark.parametrize(
    "value",
    [
        Kind.DRAFT,
        {Kind.DRAFT: 1},
        [Kind.DRAFT],
        OrderedDict(b=1, a=2),
        (1, (2,)),
        IntEnum("I", "A").A,
        {1: 2},
    ],
)
def test_relatives_of_json_types_are_spelled_as_ever(value: Any) -> None:
    assert canonical(value) == spelled_by_json(value)


@pytest.mark.parametrize(
    "value", [datetime(2024, 1, 1), UUID(int=1), b"bytes", {"a": {1, 2}}, Path("a"), math.nan, [math.inf]]
)
def test_what_is_not_json_is_refused(value: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        canonical(value)


@pytest.mark.parametrize("depth", [1, 99, 100, 101, 253, 254, 255, 300])
def test_depth_changes_no_spelling(depth: int) -> None:
    value: Any = 1
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}

    assert canonical(value) == spelled_by_json(value)


def test_endless_depth_is_refused() -> None:
    value: Any = 1
    for _ in range(100_000):
        value = [value]

    with pytest.raises(RecursionError):
        canonical(value)


@pytest.mark.parametrize("value", [0.0, -0.0, 1.5, [1.0], {"a": 2.0**64}, 2**64, "\ud800"])
def test_what_a_reader_may_have_changed_is_not_exact(value: Any) -> None:
    assert canonical_if_exact(value) is None


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=3), st.integers(), max_size=5
    )
)
def test_the_order_of_keys_never_counts(value: dict[str, int]) -> None:
    assert canonical(value) == canonical(dict(reversed(value.items())))
    assert content_id("x", value) == content_id("x", dict(reversed(value.items())))


def test_different_things_have_different_names() -> None:
    things: list[object] = [
        None,
        0,
        1,
        "",
        "0",
        "1",
        [],
        {},
        [1],
        ["1"],
        {"a": 1},
        {"a": "1"},
        1.5,
        [[1], 2],
        [1, [2]],
    ]
    assert len({canonical(thing) for thing in things}) == len(things)


def test_text_is_not_tidied_before_hashing() -> None:
    assert sha256_text("e\u0301") != sha256_text("\u00e9")
    assert sha256_text("a") == hashlib.sha256(b"a").hexdigest()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_without_one_spelling_are_refused(value: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        canonical(value)


def test_ids_are_short_and_name_their_kind() -> None:
    made = content_id("item", ["a"])
    assert made.startswith("item-")
    assert len(made) == len("item-") + 24


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=4), min_size=1, max_size=3))
def test_the_unit_interval_is_half_open_and_fixed(parts: list[str]) -> None:
    assert 0.0 <= unit_interval(*parts) < 1.0
    assert unit_interval(*parts) == unit_interval(*parts)


def test_the_unit_interval_is_even() -> None:
    values = [unit_interval("x", str(number)) for number in range(4000)]
    assert 0.48 < sum(values) / len(values) < 0.52
    assert 0.22 < sum(value < 0.25 for value in values) / len(values) < 0.28


def test_hashes_do_not_depend_on_the_process() -> None:
    program = (
        "from grandrounds.fingerprint import content_id, code_fingerprint\n"
        "print(content_id('a', {'x': [1, 'é']}), code_fingerprint('grandrounds.text'))"
    )
    there = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert there.stdout.split() == [content_id("a", {"x": [1, "é"]}), code_fingerprint("grandrounds.text")]


def test_a_file_hashes_as_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "film"
    path.write_bytes(b"x" * 3_000_000)
    assert sha256_file(path) == hashlib.sha256(b"x" * 3_000_000).hexdigest()


def test_a_folder_changes_its_name_with_any_byte_or_file_name(tmp_path: Path) -> None:
    seen = set()
    (tmp_path / "a").mkdir()
    for name, data in (("a/draft.md", b"1"), ("a/draft.md", b"2"), ("a/revise.md", b"")):
        (tmp_path / name).write_bytes(data)
        seen.add(folder_fingerprint(tmp_path))
    (tmp_path / "a" / "revise.md").rename(tmp_path / "a" / "revise2.md")
    seen.add(folder_fingerprint(tmp_path))
    assert len(seen) == 4
    (tmp_path / "a" / "draft.md").write_bytes(b"")
    before = folder_fingerprint(tmp_path)
    (tmp_path / "a" / "draft.md").write_bytes(b"a/revise2.md")
    (tmp_path / "a" / "revise2.md").unlink()
    assert folder_fingerprint(tmp_path) != before


def test_code_is_named_by_its_files() -> None:
    assert code_fingerprint("grandrounds.text") != code_fingerprint("grandrounds.stem")
    assert len(code_fingerprint("grandrounds.records")) == 16
