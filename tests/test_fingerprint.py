"""Content hashes: one spelling, one name."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grandrounds.fingerprint import (
    canonical,
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
