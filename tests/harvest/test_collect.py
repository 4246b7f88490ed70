"""Rules of a harvest that no protocol can change, with a feed made of lists."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest
from click.testing import CliRunner

from grandrounds.cli import cli
from grandrounds.errors import GrandRoundsError
from grandrounds.harvest.collect import harvest
from grandrounds.harvest.feed import FeedPage, FeedRecord, Fetched, FetchedFile
from grandrounds.harvest.feeds import kinds, plugin, settings_of
from grandrounds.harvest.journal import Journal
from grandrounds.harvest.problems import HarvestError
from grandrounds.harvest.settings import FeedSettings
from grandrounds.harvest.store import FileStore
from tests.support.feeds.worlds import Harvests, case, week, week_end


class ListFeed:
    """A feed of ready pages; ``texts`` are its documents by record."""

    name = "list"

    def __init__(self, *pages, texts=None, whole=False):
        self.listing, self.texts, self.whole, self.fetched = pages, texts or {}, whole, []

    def pages(self, cursor, *, since, until):
        first = int(cursor or 0)
        for number in range(first, len(self.listing)):
            last = number == len(self.listing) - 1
            yield FeedPage(records=self.listing[number], cursor="" if last else str(number + 1), last=last,
                           whole=last and self.whole)  # fmt: skip

    def fetch(self, record):
        self.fetched.append(record.record_id)
        data = self.texts.get(record.record_id) or case(int(record.record_id)).full_text()
        return data if isinstance(data, Fetched) else Fetched(files=(FetchedFile(name="a.xml", data=data),))


def record(number, **more):
    return FeedRecord(**{"feed": "list", "record_id": str(number), "licence": "cc by", **more})


@pytest.fixture
def run(tmp_path):
    journal = Journal(tmp_path / "journal.sqlite")
    store = FileStore(tmp_path / "files")

    def once(feed, at=0, **more):
        losses = more.pop("accept_losses", False)
        settings = FeedSettings(kind="list", **more)
        return harvest(
            feed,
            settings=settings,
            journal=journal,
            store=store,
            now=lambda: week(at),
            accept_losses=losses,
        )

    once.journal = journal
    yield once
    journal.close()


def test_a_record_on_two_pages_is_taken_once(run):
    feed = ListFeed((record(1), record(1), record(2)), (record(1), record(3)))
    assert (run(feed).taken, feed.fetched) == (3, ["1", "2", "3"])


def test_two_states_of_one_date_in_one_listing_do_not_take_turns(run):
    feed = ListFeed((record(1),), (record(1, title="other"),))
    assert run(feed).taken == 1
    taken = [run(feed, at).taken for at in (1, 2, 3)]
    assert taken == [0, 0, 0] and feed.fetched == ["1"]


def test_an_older_state_than_the_known_one_is_passed_by(run):
    run(ListFeed((record(1, revised=date(2026, 5, 2)),)))
    old = ListFeed((record(1, revised=date(2026, 5, 1), licence="cc by-nd"),))
    assert run(old, 1).known == 1 and run.journal.latest("list", "1").decision == "taken"


def test_a_newer_state_on_a_later_page_of_the_same_listing_counts(run):
    pages = (record(1, revised=date(2026, 5, 1)),), (record(1, revised=date(2026, 5, 2), retracted=True),)
    run(ListFeed(*pages))
    assert run.journal.latest("list", "1").reason == "retracted"


def test_what_a_whole_listing_lost_has_gone_and_comes_back(run):
    run(ListFeed((record(1), record(2)), whole=True))
    assert run(ListFeed((record(2),), whole=True), 1).refused == {"removed": 1}
    assert run(ListFeed((record(2),), whole=True), 2).refused == {}
    assert run(ListFeed((record(1), record(2)), whole=True), 3).taken == 1


def test_a_listing_that_lost_most_is_not_believed_unless_told(run):
    run(ListFeed(tuple(record(n) for n in range(1, 21)), whole=True))
    report = run(ListFeed((record(1),), whole=True), 1)
    assert not report.finished and "no longer lists 19 of 20" in report.trouble
    assert run(ListFeed((record(1),), whole=True), 2, accept_losses=True).refused == {"removed": 19}


def test_languages_and_types_that_are_not_wanted_are_not_fetched(run):
    feed = ListFeed((record(1, language="ger"), record(2, article_type="review-article"), record(3)))
    report = run(feed, languages=["en"], article_types=["case-report"])
    assert report.refused == {"language": 1, "not_a_case": 1} and feed.fetched == ["3"]


def test_settings_that_are_widened_admit_what_was_refused_unread(run):
    feed = ListFeed(
        (record(1, licence="cc by-nc"), record(2, language="ger")), texts={"2": case(2).full_text()}
    )
    assert run(feed, languages=["en"]).refused == {"language": 1, "licence": 1} and not feed.fetched
    assert run(feed, 1, languages=["en"]).known == 2
    report = run(feed, 2, profile="non_commercial")
    assert report.taken == 2 and feed.fetched == ["1", "2"]


def test_a_full_text_that_speaks_otherwise_than_its_record_is_refused(run):
    german = case(
        1, language="de", sections=(("Fall", "Die Patientin wurde mit Fieber und der Diagnose " * 20),)
    )
    texts = {"1": german.full_text(), "2": case(2, article_type="retraction").full_text(),
             "3": case(3, licence_words="All rights reserved. No part of this article may be reused.").full_text(),
             "4": case(4, licence_words="CC BY-NC 4.0").full_text(), "5": case(5, retracted=True).full_text(),
             "6": b"%PDF-1.7 not read here"}  # fmt: skip
    report = run(ListFeed(tuple(record(n) for n in range(1, 7)), texts=texts), languages=["en"])
    assert report.refused == {"language": 1, "licence": 2, "not_a_case": 2, "retracted": 1}
    assert report.taken == 0


@pytest.mark.parametrize("files", [
    (), (FetchedFile(name="../a.xml", data=b"x"),), (FetchedFile(name="a", data=b"x"), FetchedFile(name="b", data=b"y")),
    (FetchedFile(name="a.xml", data=b"x"), FetchedFile(name="a.xml", data=b"y", role="figure")),
    (FetchedFile(name="a.xml", data=b"x", role="other"),),
], ids=range(5))  # fmt: skip
def test_a_plugin_that_hands_over_nonsense_is_not_believed(run, files):
    assert run(ListFeed((record(1),), texts={"1": Fetched(files=files)})).put_off == 1


def test_records_of_another_feed_and_without_an_id_are_passed_by(run):
    feed = ListFeed(
        (record(1, feed="other"), record(2, record_id=""), record(3, record_id="x" * 501), record(4))
    )
    report = run(feed)
    assert report.taken == 1 and len(report.faults) == 3


def test_a_full_disk_is_raised_and_not_taken_for_the_feed_s_fault(run, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("grandrounds.harvest.store.os.fsync", full)
    with pytest.raises(HarvestError, match="No space left"):
        run(ListFeed((record(1),)))
    monkeypatch.undo()
    assert run(ListFeed((record(1),)), 1).taken == 1


def test_a_record_survives_the_journal(run):
    full = record(
        1, version="v", title="T", first_public=date(2026, 1, 2), revised=date(2026, 1, 3), language="en",
        article_type="case-report", links={"main": "https://x", "a": "b"},
    )  # fmt: skip
    assert FeedRecord.from_json(json.loads(json.dumps(full.as_json()))) == full
    assert replace(full, links={"main": "https://y?session=1"}).fingerprint() == full.fingerprint()
    assert replace(full, licence="cc0").fingerprint() != full.fingerprint()


def test_a_drop_folder_by_weeks_plays_a_history(tmp_path):
    made = Harvests(tmp_path)
    for name, data in {
        "2026-W45/one.xml": case(1).full_text(), "2026-W45/two.xml": case(2).full_text(),
        "2026-W46/one.xml": case(1, title="A corrected title").full_text(), "2026-W47/two.xml": b"",
        "notes/three.xml": case(3).full_text(),
    }.items():  # fmt: skip
        (tmp_path / "inbox" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "inbox" / name).write_bytes(data)
    said = made.settings("drop", by_week=True)
    done = []
    for number in range(3):
        sunday = week_end(number).date().fromordinal(week_end(number).toordinal() - 1)
        report = made.room.harvest("drop", said, now=lambda n=number: week(n), until=sunday)
        done.append((report.taken, report.refused))
    assert done == [(2, {}), (1, {}), (0, {"removed": 1})]
    after = made.snapshot(week_end(2))
    assert [s.record_id for s in after.sources] == ["one.xml"]
    assert sorted((r.record_id, r.reason) for r in after.retired) == [
        ("one.xml", "revised"),
        ("two.xml", "removed"),
    ]


def test_a_folder_that_is_not_there_is_a_fault_not_a_loss(tmp_path):
    made = Harvests(tmp_path)
    made.world.publish(week(0), case(1))
    made.harvest("drop", week(0))
    said = {**made.settings("drop"), "folder": str(tmp_path / "unmounted")}
    report = made.room.harvest("drop", said, now=lambda: week(1))
    assert not report.finished and report.refused == {}


def test_a_plugin_of_another_package_is_found_by_its_entry_point(tmp_path, monkeypatch):
    (tmp_path / "other_feeds.py").write_text(
        "from grandrounds.harvest.feeds.drop_folder import PLUGIN as P\nPLUGIN = P\nWRONG = 1\n"
    )
    info = tmp_path / "other-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1\n")
    (info / "entry_points.txt").write_text(
        "[grandrounds.feeds]\nother = other_feeds:PLUGIN\nwrong = other_feeds:WRONG\nabsent = no_such_module:X\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert "other" in kinds() and plugin("other") is plugin("drop_folder")
    for wrong in ("wrong", "absent", "none"):
        with pytest.raises(HarvestError):
            plugin(wrong)


@pytest.mark.parametrize("said", [
    {}, {"kind": "nothing"}, {"kind": "europe_pmc"}, {"kind": "europe_pmc", "query": "x", "base": "file:///x"},
    {"kind": "drop_folder", "folder": "x", "colour": 1}, {"kind": "syndication", "url": "https://x", "rewrite": ["(", ""]},
    {"kind": "json_api", "url": "https://x", "places": {"id": "id"}},
    {"kind": "json_api", "url": "https://x", "places": {"id": "/id"}, "paging": {"kind": "cursor"}},
    {"kind": "drop_folder", "folder": "x", "licence": "free"},
])  # fmt: skip
def test_wrong_settings_are_refused_with_feed_and_key(said):
    with pytest.raises(HarvestError):
        settings_of("feed", said)


def test_a_first_harvest_needs_a_day_to_begin_with(tmp_path):
    made = Harvests(tmp_path)
    for kind in ("europe-pmc", "pmc-oai"):
        with pytest.raises(GrandRoundsError, match="never harvested"):
            made.room.harvest(kind, made.settings(kind), now=lambda: week(0))


def test_the_command_harvests_shows_and_says_how_it_ended(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "one.xml").write_bytes(case(1).full_text())
    listing = tmp_path / "feeds.yaml"
    listing.write_text(
        "feeds:\n  inbox: {kind: drop_folder, folder: in}\n  lost: {kind: drop_folder, folder: nowhere}\n"
        "  epmc: {kind: europe_pmc, query: case}\n"
    )
    home = ["--home", str(tmp_path / "home")]
    runner = CliRunner()

    def call(*words):
        return runner.invoke(cli, [*home, "harvest", *words, "--feeds", str(listing)])

    done = call("inbox", "--json")
    assert done.exit_code == 0 and json.loads(done.stdout)[0]["taken"] == 1
    done = call("inbox", "lost")
    assert (
        done.exit_code == 1 and "1 listed, 0 taken, 1 known" in done.stdout and "no folder" in done.stderr
    )
    done = call("--json")
    assert [(f["feed"], f["records"]) for f in json.loads(done.stdout)] == [
        ("inbox", 1),
        ("lost", 0),
        ("epmc", 0),
    ]
    assert call("nobody").exit_code == 2
    assert call("epmc", "--since", "2026-11-01").exit_code == 1, "no contact is set"
    assert runner.invoke(cli, [*home, "harvest", "inbox", "--feeds", str(tmp_path / "none")]).exit_code != 0
