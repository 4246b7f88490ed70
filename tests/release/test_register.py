"""The split register remembers for ever, for all recipes, and never starts anew quietly."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from grandrounds.errors import LakeError, ReleaseError
from grandrounds.lake import Lake
from grandrounds.recipe import Splits
from grandrounds.release.published import read_items
from grandrounds.release.register import SplitRegister
from grandrounds.release.splits import Group, assign_splits
from tests.conftest import ROOT
from tests.support.releases import DAY, make_request, publish

SHARES = Splits()


def many(*numbers: int) -> list[Group]:
    return [Group(group_id=f"group-{number}", stratum="s") for number in numbers]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


def test_splits_are_those_of_the_pure_function_and_are_remembered(lake):
    register = SplitRegister(lake)
    first = register.assign(many(*range(10)), shares=SHARES, recipe="one")
    assert first == assign_splits(many(*range(10)), shares=SHARES, previous={})
    second = SplitRegister(lake).assign(many(*range(20)), shares=SHARES, recipe="one")
    assert {group: second[group] for group in first} == first
    assert SplitRegister(lake).read().splits == second


def test_a_group_keeps_its_split_across_recipes(lake):
    register = SplitRegister(lake)
    first = register.assign(many(1, 2, 3), shares=SHARES, recipe="one")
    other = register.assign(many(2, 3, 4), shares=Splits(train=0, dev=0, test=1), recipe="two")
    assert (other["group-2"], other["group-3"]) == (first["group-2"], first["group-3"])
    assert other["group-4"] == "test"


def test_only_lines_are_added(lake):
    register = SplitRegister(lake)
    register.assign(many(1, 2), shares=SHARES, recipe="one")
    before = Path(register.path).read_text().splitlines()[1:]
    register.assign(many(1, 2, 3, 4), shares=SHARES, recipe="two")
    assert Path(register.path).read_text().splitlines()[1:][: len(before)] == before


def test_nothing_new_writes_nothing(lake):
    register = SplitRegister(lake)
    register.assign(many(1, 2), shares=SHARES, recipe="one")
    before = Path(register.path).stat().st_mtime_ns
    register.assign(many(2), shares=SHARES, recipe="one")
    assert Path(register.path).stat().st_mtime_ns == before


def test_the_first_day_of_an_item_stays(lake, tmp_path):
    register = SplitRegister(lake)
    items = make_request(reviewed=True).items
    ids = [item.item_id for item in items]
    assert register.first_days(ids, released=None) == {}
    assert set(register.first_days(ids, released=DAY).values()) == {DAY}
    assert register.read().available_from == {}
    register.remember_release(items)
    later = register.first_days([*ids, "item-new"], released=date(2026, 1, 1))
    assert later == dict.fromkeys(ids, DAY) | {"item-new": date(2026, 1, 1)}


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        (lambda data: b"", "not JSON"),
        (lambda data: data[:-5], "checksum"),
        (lambda data: data + b'{"group":"x","recipe":"r","split":"train"}\n', "checksum"),
        (lambda data: data.replace(b'"train"', b'"test"', 1), "checksum"),
        (lambda data: data.replace(b"splits/1", b"splits/9"), "format"),
        (lambda data: b"\x00\xff" + data, "not JSON"),
        (lambda data: b"[]\n", "not a JSON object"),
    ],
)
def test_a_damaged_register_is_reported_and_left_alone(lake, harm, why):
    register = SplitRegister(lake)
    register.assign(many(*range(6)), shares=SHARES, recipe="one")
    path = Path(register.path)
    path.write_bytes(harm(path.read_bytes()))
    harmed = path.read_bytes()
    with pytest.raises(ReleaseError, match=why) as caught:
        register.assign(many(7), shares=SHARES, recipe="one")
    assert str(path) in caught.value.what
    assert "backup" in caught.value.remedy
    assert path.read_bytes() == harmed


def test_a_register_that_cannot_be_read_is_an_error(lake):
    path = Path(SplitRegister(lake).path)
    path.mkdir(parents=True)
    with pytest.raises(LakeError, match="can't be read"):
        SplitRegister(lake).read()


def test_a_lost_register_can_be_taken_over_from_a_release(lake, tmp_path):
    release = publish(tmp_path / "releases", reviewed=True)
    items = read_items(release.path)
    register = SplitRegister(lake)
    register.adopt(items)
    assert register.read().splits == {item.group_id: item.split for item in items}
    assert register.read().available_from == {item.item_id: DAY for item in items}
    register.adopt(items)


def test_a_release_that_says_otherwise_is_not_taken_over(lake, tmp_path):
    items = read_items(publish(tmp_path / "releases").path)
    register = SplitRegister(lake)
    other = {"train": "test", "dev": "train", "test": "dev"}[items[0].split]
    group = Group(group_id=items[0].group_id, stratum="s")
    only = {"train": 0.0, "dev": 0.0, "test": 0.0} | {other: 1.0}
    register.assign([group], shares=Splits(**only), recipe="one")
    before = Path(register.path).read_bytes()
    with pytest.raises(ReleaseError, match="nothing was changed"):
        register.adopt(items)
    assert Path(register.path).read_bytes() == before


def test_two_writers_at_once_lose_nothing(lake):
    script = (
        "import sys\n"
        "from grandrounds.lake import Lake\n"
        "from grandrounds.recipe import Splits\n"
        "from grandrounds.release.register import SplitRegister\n"
        "from grandrounds.release.splits import Group\n"
        "register = SplitRegister(Lake(sys.argv[1]))\n"
        "for number in range(40):\n"
        "    group = Group(group_id=f'{sys.argv[2]}-{number}', stratum='s')\n"
        "    register.assign([group], shares=Splits(), recipe=sys.argv[2])\n"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", script, lake.url, name], cwd=ROOT)
        for name in ("one", "two")
    ]
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0]
    known = SplitRegister(lake).read().splits
    assert set(known) == {f"{name}-{number}" for name in ("one", "two") for number in range(40)}


def test_a_remote_lake_that_changes_in_between_is_read_again():
    lake = Lake("memory://grandrounds-test-register")
    register = SplitRegister(lake)
    register.assign(many(1), shares=SHARES, recipe="one")
    real, calls = lake.read_state, []

    def interrupted(name: str) -> bytes | None:
        calls.append(name)
        if len(calls) == 2:
            SplitRegister(Lake(lake.url)).assign(many(2), shares=SHARES, recipe="two")
        return real(name)

    lake.read_state = interrupted
    register.assign(many(3), shares=SHARES, recipe="one")
    assert set(register.read().splits) == {"group-1", "group-2", "group-3"}
