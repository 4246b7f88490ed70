"""What a version number promises."""

from __future__ import annotations

import pytest

from grandrounds.errors import ReleaseError
from grandrounds.release.diff import Change, Difference, Move
from grandrounds.release.versions import Version, explicit_version, next_version, parse_version

CHANGE = Change(before="a", after="b", task="t", fields=("question",))
MOVE = Move(item_id="a", before="train", after="test")


def difference(**more: object) -> Difference:
    return Difference(before="1.4.2", after="", **more)


@pytest.mark.parametrize("text", ["0.1.0", "1.0.0", "12.34.56"])
def test_versions_are_read_and_written_the_same(text):
    assert str(parse_version(text)) == text


@pytest.mark.parametrize(
    "text", ["1.0", "v1.0.0", "1.02.0", "1.0.0-rc1", "", "1.0.0\n", "../1.0.0", "-1.0.0", "1.0.1111111111111", "١.0.0"]
)  # fmt: skip
def test_what_is_no_version_is_none(text):
    assert parse_version(text) is None


def test_versions_are_ordered_by_number_not_by_letter():
    assert sorted([Version(0, 10, 0), Version(0, 9, 0), Version(1, 0, 0)])[-2] == Version(0, 10, 0)


def test_previews_count_up_whatever_changed_and_whatever_was_released():
    def preview(*existing: Version) -> str:
        return str(next_version(existing, preview=True, difference=None))

    assert preview() == "0.1.0"
    assert preview(Version(0, 1, 0), Version(0, 9, 0)) == "0.10.0"
    assert preview(Version(0, 1, 0), Version(3, 0, 0)) == "0.2.0"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"added": ("x",)}, "1.5.0"),
        ({}, "1.4.3"),
        ({"removed": ("x",)}, "2.0.0"),
        ({"changed": (CHANGE,), "added": ("x",)}, "2.0.0"),
        ({"moved": (MOVE,)}, "2.0.0"),
    ],
)
def test_reviewed_releases_count_by_what_changed(changed, expected):
    existing = [Version(1, 0, 0), Version(1, 4, 2), Version(0, 7, 0)]
    assert str(next_version(existing, preview=False, difference=difference(**changed))) == expected


def test_the_first_reviewed_release_is_one():
    assert next_version([Version(0, 3, 0)], preview=False, difference=None) == Version(1, 0, 0)


@pytest.mark.parametrize(
    ("text", "preview"), [("1.0.0", True), ("0.1.0", False), ("one", True), ("1.0", False)]
)
def test_an_explicit_version_must_fit_what_is_released(text, preview):
    with pytest.raises(ReleaseError) as caught:
        explicit_version(text, preview=preview)
    assert text in caught.value.what
    assert caught.value.remedy
