"""What comes beside a week's page (the index of all weeks, the feed, a note), and when writing goes wrong."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from lxml import etree, html

from grandrounds.errors import GrandRoundsError
from grandrounds.weekly_report.note import WeeklyReportError, read_note
from grandrounds.weekly_report.release_facts import facts_from_release, release_before
from grandrounds.weekly_report.report import Report, write_report
from grandrounds.weekly_report.values import Arrived, FailedCheck, FeedState, Site
from grandrounds.weeks import Week
from tests.support.releases import files_of
from tests.weekly_report.writing import SITE, WEEKS, Facts, rows, words, write, write_all, write_bare


class TestTheSameInputs:
    def test_give_the_same_bytes_in_any_order(self, published: Any, tmp_path: Path, facts: Facts) -> None:
        made = []
        for order in ((0, 1, 2), (2, 1, 0), (1, 2, 0)):
            out = tmp_path / str(order)
            write_all(published, out, facts, [WEEKS[place] for place in order])
            made.append(files_of(out))
        assert all(each == made[0] for each in made)
        assert set(made[0]) == {
            ".lock", "index.html", "feed.xml",
            *(f"{week}.{kind}" for week in WEEKS for kind in ("html", "json")),
        }  # fmt: skip

    def test_change_nothing_when_written_again(self, published: Any, tmp_path: Path, facts: Facts) -> None:
        write_all(published, tmp_path, facts)
        before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("[!.]*")}
        again = [write(published, tmp_path, week, facts) for week in WEEKS]
        assert [report.changed for report in again] == [(), (), ()]
        assert {path: path.stat().st_mtime_ns for path in tmp_path.glob("[!.]*")} == before

    def test_do_not_depend_on_the_order_of_rows(self, published: Any, tmp_path: Path, facts: Facts) -> None:
        plain = facts(WEEKS[2])
        turned = replace(
            plain, arrived=tuple(reversed(plain.arrived or ())), feeds=tuple(reversed(plain.feeds))
        )
        for name, given in (("one", plain), ("other", turned)):
            write_report(published.folder, version="2026.47.0", facts=given, out=tmp_path / name)
        assert files_of(tmp_path / "one") == files_of(tmp_path / "other")

    def test_hold_no_trace_of_this_machine(self, published: Any, tmp_path: Path, facts: Facts) -> None:
        write_all(published, tmp_path / "reports", facts)
        for name, data in files_of(tmp_path / "reports").items():
            if name != ".lock":
                assert str(tmp_path).encode() not in data and os.uname().nodename.encode() not in data


class TestTheIndex:
    def test_lists_all_weeks_newest_first(self, written: Report) -> None:
        tree = html.fromstring(written.index.read_bytes())
        assert tree.xpath("//tbody/tr/th/a/@href") == ["2026-W47.html", "2026-W46.html", "2026-W45.html"]
        cells = [[cell.text_content() for cell in row] for row in tree.xpath("//tbody/tr")]
        assert [row[1:5] for row in cells] == [
            ["2026.47.0", "34", "8", "5"],
            ["2026.46.0", "31", "8", "1"],
            ["2026.45.0", "24", "24", "0"],
        ]
        assert cells[2][-1] == "nothing"
        assert tree.xpath("//link[@rel='alternate']/@href") == ["feed.xml"]
        assert "If you read this after 2 December 2026" in words(written.index)


class TestTheFeed:
    def test_is_atom(self, published: Any, tmp_path: Path, facts: Facts) -> None:
        made = write_all(published, tmp_path, facts, site=SITE)
        check_atom(made.feed.read_bytes())

    def test_without_an_address_is_atom_too(self, written: Report) -> None:
        check_atom(written.feed.read_bytes())

    def test_is_as_old_as_the_releases_never_now(self, written: Report) -> None:
        tree = etree.fromstring(written.feed.read_bytes())
        moments = [node.text for node in tree.iter("{*}updated")]
        assert moments == [
            "2026-11-24T00:00:00Z",  # of the feed
            "2026-11-24T00:00:00Z", "2026-11-17T00:00:00Z", "2026-11-10T00:00:00Z",
        ]  # fmt: skip

    def test_ids_never_change(self, published: Any, tmp_path: Path, facts: Facts) -> None:
        made = write_all(published, tmp_path, facts, WEEKS[1:], site=SITE)
        before = [node.text for node in etree.fromstring(made.feed.read_bytes()).iter("{*}id")]
        made = write(
            published, tmp_path, WEEKS[0], facts, site=replace(SITE, address="https://moved.example/")
        )
        after = [node.text for node in etree.fromstring(made.feed.read_bytes()).iter("{*}id")]
        assert set(before) < set(after)
        assert before[0] == after[0] == "tag:bench.example,2026-03-01:weekly/live_cases"
        assert after[1] == "tag:bench.example,2026-03-01:weekly/live_cases/2026-W47"


class TestAWeekWithoutARelease:
    def test_says_so_and_is_replaced_by_its_release(
        self, published: Any, tmp_path: Path, facts: Facts
    ) -> None:
        write(published, tmp_path, WEEKS[0], facts)
        waits = "14 candidates wait for readers."
        made = write_report(
            published.folder,
            version=None,
            facts=facts(WEEKS[1], waits=waits),
            out=tmp_path,
        )
        said = words(made.page)
        assert "Not released yet" in said and waits in said and "Note: No release" in said
        tree = etree.fromstring(made.feed.read_bytes())
        entry = tree.find("{*}entry")
        assert entry.findtext("{*}updated") == "2026-11-16T00:00:00Z"
        assert entry.findtext("{*}title") == "Week 2026-W46: not released yet"
        assert tree.findtext("{*}title") == "Live cases"  # as its newest release calls it
        made = write(published, tmp_path, WEEKS[1], facts)
        assert "Not released yet" not in words(made.page) and "Version 2026.46.0" in words(made.page)


class TestWhatMayNotBeShown:
    def test_protected_records_are_only_counted(self, published: Any, tmp_path: Path, facts: Facts) -> None:
        secret = Arrived(
            feed="ward", record_id="MRN-4711", title="Our own patient", decision="refused", reason="licence",
            words="Seen on ward 9", seen=date(2026, 11, 18), retracted=True, protected=True,
        )  # fmt: skip
        untitled = Arrived(feed="ward", record_id="X1", decision="taken", seen=date(2026, 11, 18))
        made = write(published, tmp_path, WEEKS[2], facts, arrived=(secret, untitled))
        everything = b"".join(files_of(tmp_path).values()).decode()
        for part in ("MRN-4711", "Our own patient", "ward 9"):
            assert part not in everything
        assert ["ward", "2", "1", "1", "0", "0", "0", "1", "finished"] in rows(made.page, "Records by feed")
        assert "Title not shown" in words(made.page)

    def test_addresses_lose_what_may_be_a_key(self, published: Any, tmp_path: Path, facts: Facts) -> None:
        write_all(published, tmp_path, facts)
        everything = b"".join(files_of(tmp_path).values()).decode()
        assert "https://feeds.example/rss gave 503." in everything
        assert "s3cret" not in everything and "u:pw" not in everything

    def test_nothing_of_what_is_asked_or_right(self, written: Report, published: Any) -> None:
        from grandrounds.release.published import read_items

        said = b"".join(files_of(written.page.parent).values()).decode()
        for item in read_items(published.folder / "2026.47.0"):
            assert item.stem[:60] not in said and item.rationale not in said and item.answer not in said

    def test_a_private_benchmark_names_no_record(self, published: Any, facts: Facts) -> None:
        from grandrounds.weekly_report.summary import note_of

        release = facts_from_release(published.folder / "2026.47.0")
        private = replace(release, manifest=release.manifest.model_copy(update={"profile": "private"}))
        note = note_of(facts(WEEKS[2]), private, benchmark="live_cases")
        assert note.arrivals is not None and note.arrivals.total("taken") == 22
        assert {record.title + record.record_id + record.words for record in note.arrivals.taken} == {""}


class TestHostileValues:
    EVIL = "</style><script>alert(1)</script><img src=x onerror=alert(2)> \u202e\x00\x1b[31m {{ 7*7 }} ]]> & \ud800"

    def test_stay_words(self, published: Any, tmp_path: Path, facts: Facts) -> None:
        evil = self.EVIL
        arrived = tuple(
            Arrived(
                feed=evil, record_id=evil + decision, title=evil, decision=decision, reason=evil, words=evil,
                licence=evil, seen=date(2026, 11, 18), revised=True, retracted=decision == "taken",
            )
            for decision in ("taken", "refused", "later")
        )  # fmt: skip
        made = write(
            published, tmp_path, WEEKS[2], facts, arrived=arrived,
            feeds=(FeedState(feed=evil, finished=False, trouble=evil),),
            failed_checks=(FailedCheck(table=evil, check=evil, severity=evil, words=evil),),
            run_url="javascript:alert(1)",
        )  # fmt: skip
        for path in (made.page, made.index):
            tree = html.fromstring(path.read_bytes())
            assert tree.xpath("//script|//img") == []
            assert not [link for link in tree.xpath("//@href") if link.startswith("javascript")]
            text = path.read_text(encoding="utf-8")
            assert not re.search("[\u202e\x00\x1b]", text)
        assert "<script>alert(1)</script>" in words(made.page)
        assert "49" not in words(made.page).split("What came")[1].split("The funnel")[0]
        check_atom(made.feed.read_bytes())

    @pytest.mark.parametrize(
        "address", ["ftp://x.example/", "javascript:alert(1)", "https://", "https://u:p@x.example/", "//x"]
    )
    def test_addresses_that_are_none_are_refused(
        self, published: Any, tmp_path: Path, facts: Facts, address: str
    ) -> None:
        with pytest.raises(WeeklyReportError, match="can't be the address"):
            write(published, tmp_path / "out", WEEKS[0], facts, site=Site(address=address))
        assert not (tmp_path / "out").exists()

    @pytest.mark.parametrize(
        "name", ["", "localhost", "a b.example", "x.example:80", "-x.example", "täg.example"]
    )
    def test_an_authority_that_is_no_domain_is_refused(
        self, published: Any, tmp_path: Path, facts: Facts, name: str
    ) -> None:
        with pytest.raises(WeeklyReportError, match="domain"):
            write(published, tmp_path / "out", WEEKS[0], facts, site=Site(authority=name))
        assert not (tmp_path / "out").exists()


class TestWhatGoesWrong:
    def test_facts_of_another_week_are_refused(self, published: Any, tmp_path: Path, facts: Facts) -> None:
        with pytest.raises(WeeklyReportError, match="is of week 2026-W46, but the facts are of 2026-W47"):
            write_report(published.folder, version="2026.46.0", facts=facts(WEEKS[2]), out=tmp_path / "out")
        assert not (tmp_path / "out").exists()

    def test_a_release_that_is_not_there_is_refused(
        self, published: Any, tmp_path: Path, facts: Facts
    ) -> None:
        with pytest.raises(GrandRoundsError, match="is not a release"):
            write_report(published.folder, version="2026.48.0", facts=facts(WEEKS[2]), out=tmp_path)

    def test_two_benchmarks_never_share_a_folder(
        self, published: Any, tmp_path: Path, facts: Facts
    ) -> None:
        write(published, tmp_path, WEEKS[0], facts)
        before = files_of(tmp_path)
        with pytest.raises(WeeklyReportError, match="holds the reports of live_cases, not of other"):
            write_report(Path("other"), version=None, facts=facts(WEEKS[1]), out=tmp_path)
        assert files_of(tmp_path) == before

    @pytest.mark.parametrize(
        "damage", [b"", b"{", b"{}", b"[" * 100_000, b'{"format": "grandrounds-week/2"}', b"\xff"]
    )
    def test_a_damaged_note_costs_its_own_week_only(
        self, tmp_path: Path, facts: Facts, damage: bytes
    ) -> None:
        write_bare(tmp_path, facts, *WEEKS[:2])
        page = (tmp_path / "2026-W45.html").read_bytes()
        (tmp_path / "2026-W45.json").write_bytes(damage)
        made = write_bare(tmp_path, facts, WEEKS[2])
        assert set(made.passed_by) == {"2026-W45"}
        assert (tmp_path / "2026-W45.html").read_bytes() == page
        assert "is not a note of format" in words(made.index)
        assert str(tmp_path) not in made.index.read_text("utf-8")
        check_atom(made.feed.read_bytes())
        assert write_bare(tmp_path, facts, WEEKS[0]).passed_by == {}

    def test_numbers_that_are_none_are_refused(self, published: Any, tmp_path: Path, facts: Facts) -> None:
        from grandrounds.weekly_report.values import Cost

        with pytest.raises(WeeklyReportError, match="money"):
            write(published, tmp_path / "out", WEEKS[0], facts, cost=Cost(requests=1, money=float("nan")))

    def test_a_kill_anywhere_leaves_whole_files_and_the_next_write_ends_the_same(
        self, tmp_path: Path, facts: Facts
    ) -> None:
        whole = tmp_path / "whole"
        for week in WEEKS:
            write_report(Path("live"), version=None, facts=facts(week), out=whole)
        for kill_at in range(1, 6):
            out = tmp_path / f"killed-{kill_at}"
            for week in WEEKS[:2]:
                write_report(Path("live"), version=None, facts=facts(week), out=out)
            assert _killed(
                lambda out=out: write_report(Path("live"), version=None, facts=facts(WEEKS[2]), out=out),
                kill_at,
            )
            for path in out.glob("2*.json"):
                read_note(path)
            for path in out.glob("*.html"):
                assert path.read_bytes().endswith(b"</html>\n")
            write_report(Path("live"), version=None, facts=facts(WEEKS[2]), out=out)
            assert files_of(out) == files_of(whole)

    def test_two_at_once_lose_nothing(self, tmp_path: Path, facts: Facts) -> None:
        weeks = [Week(2026, number) for number in range(40, 48)]
        errors: list[Exception] = []

        def work(week: Week) -> None:
            try:
                write_report(Path("live"), version=None, facts=facts(week), out=tmp_path / "together")
            except Exception as exc:  # noqa: BLE001 - told below
                errors.append(exc)

        threads = [threading.Thread(target=work, args=(week,)) for week in weeks]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for week in weeks:
            write_report(Path("live"), version=None, facts=facts(week), out=tmp_path / "alone")
        assert errors == []
        assert files_of(tmp_path / "together") == files_of(tmp_path / "alone")


class TestTheReleaseBefore:
    def test_is_the_newest_of_an_earlier_week(self, tmp_path: Path) -> None:
        for name in ("2026.45.0", "2026.45.1", "2026.46.0", "2026.46.1", "0.202645.0", "notes", "2027.1.0"):
            (tmp_path / name).mkdir()
        assert release_before(tmp_path, "2026.46.1") == "2026.45.1"
        assert release_before(tmp_path, "2026.45.1") == ""
        assert release_before(tmp_path, "2027.1.0") == "2026.46.1"
        assert release_before(tmp_path, "0.202646.0") == "0.202645.0"


def _killed(body: Callable[[], object], at: int) -> bool:
    """Run ``body`` in a process of its own that dies at the ``at``-th rename, before it happens."""
    child = os.fork()
    if child == 0:
        done = 0

        def dies(*args: Any) -> None:
            nonlocal done
            done += 1
            if done == at:
                os._exit(9)
            os.rename(*args)

        os.replace = dies  # type: ignore[assignment]
        try:
            body()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == 9


def check_atom(data: bytes) -> None:
    """The musts of RFC 4287 that concern this feed."""
    tree = etree.fromstring(data)
    space = "{http://www.w3.org/2005/Atom}"
    assert tree.tag == f"{space}feed"
    tag = re.compile(r"tag:[a-z0-9.-]+,\d{4}-\d{2}-\d{2}:[A-Za-z0-9._~%/-]+")
    moment = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")
    entries = tree.findall(f"{space}entry")
    assert entries
    for node in (tree, *entries):
        for name in ("id", "title", "updated"):
            (one,) = node.findall(f"{space}{name}")
            assert one.text and one.text.strip() == one.text
        assert tag.fullmatch(node.findtext(f"{space}id") or "")
        assert moment.fullmatch(node.findtext(f"{space}updated") or "")
        links = node.findall(f"{space}link")
        kinds = [(link.get("rel"), link.get("type")) for link in links]
        assert len(kinds) == len(set(kinds)) and ("alternate", "text/html") in kinds
        assert all(link.get("href") for link in links)
    assert tree.find(f"{space}author/{space}name") is not None
    assert tree.findtext(f"{space}author/{space}name")
    ids = [node.text for node in tree.iter(f"{space}id")]
    assert len(ids) == len(set(ids))
    weeks = [entry.findtext(f"{space}title") or "" for entry in entries]
    assert weeks == sorted(weeks, reverse=True)
    for entry in entries:
        content = entry.find(f"{space}content")
        assert content is not None and content.get("type") == "html" and len(content) == 0
        assert html.fragment_fromstring(content.text or "", create_parent=True).xpath(".//script") == []


def test_the_note_is_json_for_anybody(written: Report) -> None:
    told = json.loads(written.note.read_bytes())
    assert (told["format"], told["week"], told["release"]["new"]) == ("grandrounds-week/1", "2026-W47", 8)
