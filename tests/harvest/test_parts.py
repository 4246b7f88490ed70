"""Names, archives, robots.txt, turns: the small parts that hostile input meets first."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grandrounds.harvest.archive import pictures_in
from grandrounds.harvest.documents import read_json, read_xml
from grandrounds.harvest.feeds.json_api import at
from grandrounds.harvest.http import unpacked
from grandrounds.harvest.names import folder_name, safe_name
from grandrounds.harvest.pace import Pace
from grandrounds.harvest.problems import (
    FeedError,
    HarvestError,
    MalformedError,
    TooLargeError,
    UnreachableError,
)
from grandrounds.harvest.robots import read_robots
from grandrounds.harvest.settings import load_feeds
from grandrounds.harvest.store import FileStore
from grandrounds.harvest.wire import Reply, visitable

HOSTILE = ["../../etc/passwd", "/etc/passwd", "C:\\x\\y.png", "..", ".", "", "a\0b", "con", "CON.png", "x" * 400,
           ".hidden", "~$x", "fig 1 (b).png", "ﬁg.png", "a/../b.png", "-rf", "sources.yaml\n", "日本語.png"]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_becomes_a_plain_one(name):
    made = safe_name(name)
    assert made == safe_name(made), "a safe name stays as it is"
    assert made and Path(made).name == made and not made.startswith((".", "-", "~")) and len(made) <= 120
    assert made.isascii() and made.isprintable()


@given(st.text(max_size=60), st.text(max_size=60))
def test_two_ids_never_share_a_folder(one, other):
    assert (folder_name(one) == folder_name(other)) == (one == other)
    assert set(folder_name(one)) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")


@pytest.mark.parametrize(("one", "other"), [("a/b", "a_b"), ("a:b", "a/b"), ("x", "x "), ("PMC1", "PMC1.")])
def test_ids_that_look_alike_are_kept_apart(one, other):
    assert folder_name(one) != folder_name(other)


def packed(*entries: tuple[str, bytes], method=zipfile.ZIP_DEFLATED) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", method) as made:
        for name, data in entries:
            made.writestr(name, data)
    return held.getvalue()


def test_only_pictures_that_the_article_names_are_taken_and_by_bare_names():
    data = packed(
        ("../../f1.png", b"one"), ("deep/f2.JPG", b"two"), ("f3.exe", b"no"), ("other.png", b"no")
    )
    files, _ = pictures_in(data, wanted=["f1", "f2.jpg", "f3"], limit=1000)
    assert {file.name: file.data for file in files} == {"f1.png": b"one", "f2.JPG": b"two"}


def test_a_zip_bomb_is_not_unpacked():
    data = packed(("f1.png", bytes(50_000_000)))
    assert len(data) < 100_000
    with pytest.raises(TooLargeError):
        pictures_in(data, wanted=["f1"], limit=1_000_000)
    # an entry that lies about its size
    lying = data.replace((50_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    with pytest.raises(HarvestError):
        pictures_in(lying, wanted=["f1"], limit=1_000_000)
    with pytest.raises(TooLargeError):
        pictures_in(packed(*((f"f{n}.png", b"") for n in range(2001))), wanted=["f1"], limit=1000)


@given(st.binary(max_size=300), st.integers(0, 400), st.integers(0, 255))
def test_a_broken_zip_is_told_as_such(noise, place, byte):
    sound = bytearray(packed(("f1.png", b"picture" * 20)))
    sound[place % len(sound)] = byte
    for data in (noise, bytes(sound)):
        with contextlib.suppress(MalformedError, TooLargeError):
            pictures_in(data, wanted=["f1"], limit=10_000)


ROBOTS = b"""
# comment
User-agent: other
Disallow: /

User-agent: *
User-agent: somebody
Disallow: /private
Allow: /private/public
Disallow: /*.pdf$
Disallow: /search*q=
Crawl-delay: 7
"""


@pytest.mark.parametrize(("path", "allowed"), [
    ("/", True), ("/private", False), ("/private/x", False), ("/private/public/x", True), ("/a.pdf", False),
    ("/a.pdf?x", True), ("/search?x=1&q=2", False), ("/search?x=1", True), ("/%70rivate", False),
])  # fmt: skip
def test_robots_txt_is_read_as_the_standard_says(path, allowed):
    robots = read_robots(ROBOTS, agent="grandrounds")
    assert robots.allows(path) is allowed and robots.delay == 7


def test_a_group_of_our_own_goes_before_that_of_all():
    robots = read_robots(
        b"User-agent: *\nDisallow: /\nUser-agent: GrandRounds\nDisallow: /x\n", agent="grandrounds"
    )
    assert robots.allows("/y") and not robots.allows("/x")


@given(st.binary(max_size=200), st.text(max_size=50))
def test_robots_txt_never_raises(data, path):
    assert read_robots(data, agent="a").allows(path) in (True, False)


def test_a_pattern_of_many_stars_takes_no_time():
    robots = read_robots(b"User-agent: *\nDisallow: /" + b"*a" * 900 + b"$\n", agent="a")
    assert robots.allows("/" + "a" * 800 + "b")


class Clock:
    def __init__(self):
        self.now, self.slept = 1000.0, []

    def sleep(self, seconds):
        self.slept.append(round(seconds, 3))
        self.now += seconds


def test_turns_at_a_host_are_kept_apart_over_processes(tmp_path):
    clock = Clock()
    first, second = (Pace(tmp_path, now=lambda: clock.now, sleep=clock.sleep) for _ in range(2))
    for pace in (first, second, first):
        pace.wait("example.org", seconds_between=3, patience=100)
    assert clock.slept == [3, 3]
    assert first.wait("other.example.org", seconds_between=3, patience=100) == 0


def test_a_turn_that_comes_too_late_is_not_taken(tmp_path):
    clock = Clock()
    pace = Pace(tmp_path, now=lambda: clock.now, sleep=clock.sleep)
    pace.hold("example.org", seconds=500)
    for _ in range(3):
        with pytest.raises(UnreachableError, match="500"):
            pace.wait("example.org", seconds_between=1, patience=100)


@pytest.mark.parametrize("held", [b"nan", b"inf", b"-1e300", b"", b"\xff", b"9" * 60])
def test_a_broken_turn_is_no_turn(tmp_path, held):
    clock = Clock()
    pace = Pace(tmp_path, now=lambda: clock.now, sleep=clock.sleep)
    pace.wait("h", seconds_between=1, patience=1)
    next(tmp_path.glob("*.turn")).write_bytes(held)
    assert pace.wait("h", seconds_between=1, patience=1) == 0


@pytest.mark.parametrize(("address", "public"), [
    ("93.184.216.34", True), ("10.1.2.3", False), ("192.168.0.1", False), ("169.254.169.254", False), ("::1", False),
    ("::ffff:10.0.0.1", False), ("fe80::1%eth0", False), ("0.0.0.0", False), ("224.0.0.1", False), ("2606:4700::1", True),
    ("100.64.0.1", False), ("nonsense", False),
])  # fmt: skip
def test_private_networks_are_not_visited(address, public):
    assert visitable(address, loopback=False) is public


def test_json_and_xml_from_outside_can_do_no_harm():
    with pytest.raises(FeedError):
        read_json(b"[" * 100_000, url="u")
    with pytest.raises(FeedError):
        read_json(b"\xff\xfe", url="u")
    bomb = b"<!DOCTYPE a [<!ENTITY b 'x'><!ENTITY c '&b;&b;&b;'>]><a>&c;</a>"
    with pytest.raises(FeedError):
        read_xml(bomb, url="u")
    outside = b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>"
    with pytest.raises(FeedError):
        read_xml(outside, url="u")


def test_pointers_find_what_the_standard_says():
    document = {"a/b": 1, "m~n": 2, "list": [{"x": 3}], "": 4, "0": 5}
    assert [at(document, p) for p in ("/a~1b", "/m~0n", "/list/0/x", "/", "/0")] == [1, 2, 3, 4, 5]
    assert [at(document, p) for p in ("/list/1", "/list/01", "/list/-1", "/none/x", "/a~1b/c")] == [
        None
    ] * 5
    assert at(document, "") == document


def test_a_damaged_file_is_noticed(tmp_path):
    store = FileStore(tmp_path)
    name = store.put(b"one")
    assert store.put(b"one") == name and store.get(name) == b"one"
    path = tmp_path / name[:2] / name
    assert path.stat().st_mode & 0o777 == 0o444
    os.chmod(path, 0o644)
    path.write_bytes(b"two")
    for look in (lambda: store.get(name), lambda: store.place(name, tmp_path / "x")):
        with pytest.raises(HarvestError, match="damaged"):
            look()


@pytest.mark.parametrize("text", [
    "feeds: [1]", "contact: nobody", 'contact: "a\\nb@c.de"', "feeds: {'../x': {}}", "other: 1", "feeds: {a: &x {}, b: *x}",
])  # fmt: skip
def test_a_wrong_list_of_feeds_is_refused(tmp_path, text):
    path = tmp_path / "feeds.yaml"
    path.write_text(text)
    with pytest.raises(HarvestError, match=r"feeds\.yaml"):
        load_feeds(path, {})


def test_the_environment_s_contact_goes_first_and_folders_lie_beside_the_file(tmp_path):
    path = tmp_path / "feeds.yaml"
    path.write_text("contact: mailto:a@example.org\nfeeds: {inbox: {kind: drop_folder, folder: in}}\n")
    read = load_feeds(path, {"GRANDROUNDS_CONTACT": "https://example.org/who"})
    assert read.contact == "https://example.org/who"
    assert read.feeds["inbox"]["folder"] == str(tmp_path / "in")


def test_a_packed_answer_is_unpacked_only_as_far_as_it_is_taken():
    packed_zeros = gzip.compress(bytes(80_000_000), compresslevel=1, mtime=0)
    tracemalloc.start()
    try:
        with pytest.raises(TooLargeError):
            unpacked(
                "https://x",
                Reply(status=200, headers={"content-encoding": "gzip"}, body=packed_zeros),
                1000,
            )
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()
    assert (
        unpacked("u", Reply(status=200, headers={"content-encoding": "gzip"}, body=gzip.compress(b"a")), 1)
        == b"a"
    )
    for headers in ({"content-encoding": "br"}, {"content-encoding": "gzip"}):
        with pytest.raises(FeedError):
            unpacked("u", Reply(status=200, headers=headers, body=gzip.compress(b"aaaa")[:-3]), 100)
