"""Real sockets and servers that misbehave: what a harvest makes of it, and that it goes on afterwards."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from grandrounds import __version__
from grandrounds.demo.feed_world import FeedWorld
from grandrounds.harvest.room import HarvestRoom
from tests.support.feeds.server import Fault, feed_server
from tests.support.feeds.worlds import MONDAY, SINCE, case, week, week_end

NETWORK = ("europe-pmc", "pmc-oai", "rss", "atom", "json")
LISTING = {
    "europe-pmc": "/epmc/search", "pmc-oai": "verb=ListRecords", "rss": "/rss", "atom": "/atom", "json": "/api/"
}  # fmt: skip
TEXT = {
    "europe-pmc": "PMC1/fullTextXML", "pmc-oai": "verb=GetRecord.*nih.gov%3A1&", "rss": "/articles/1.xml",
    "atom": "/articles/1.xml", "json": "/articles/1.xml",
}  # fmt: skip


class Loopback:
    def __init__(self, server, folder):
        self.server = server
        self.slept = []
        self.now = 1_800_000_000.0
        self.room = HarvestRoom(folder=folder, sleep=self._sleep, clock=lambda: self.now)

    def _sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds

    def harvest(self, kind, at=None, **more):
        at = at or week(0)
        self.server.answers.world.now = at
        said = self.server.answers.settings(loopback=True, timeout=5, **more)[kind]
        with self.room.open_journal() as journal:
            known = journal.last_whole_run(kind) or journal.open_run(kind)
        return self.room.harvest(kind, said, now=lambda: at, since=None if known else SINCE)

    def decisions(self, record_end="1"):
        with self.room.open_journal() as journal:
            return [
                (v.decision, v.reason)
                for v in journal.versions()
                if v.record.record_id.endswith(record_end)
            ]


@pytest.fixture
def loopback(tmp_path):
    world = FeedWorld(MONDAY)
    for number in (1, 2, 3):
        world.publish(week(0), case(number))
    with feed_server(world) as server:
        yield Loopback(server, tmp_path / "harvest")


@pytest.mark.parametrize("kind", NETWORK)
def test_it_says_who_it_is_and_asks_robots_first(loopback, kind):
    loopback.server.answers.robots = "User-agent: *\nDisallow: /private\n"
    assert loopback.harvest(kind).taken == 3
    paths = [path for path, _ in loopback.server.seen]
    assert paths[0] == "/robots.txt" and paths.count("/robots.txt") == 1
    assert all(h["user-agent"].startswith(f"grandrounds/{__version__}") for _, h in loopback.server.seen)


@pytest.mark.parametrize("kind", NETWORK)
def test_robots_txt_is_obeyed(loopback, kind):
    loopback.server.answers.robots = "User-agent: grandrounds\nDisallow: /\n"
    report = loopback.harvest(kind)
    assert not report.finished and "robots.txt" in report.trouble
    assert [path for path, _ in loopback.server.seen] == ["/robots.txt"]


@pytest.mark.parametrize("kind", NETWORK)
@pytest.mark.parametrize("fault", [
    Fault(pattern="", how="status", status=503),
    Fault(pattern="", how="reset"),
    Fault(pattern="", how="cut"),
    Fault(pattern="", how="body", body=b"<html><p>Gateway</p></html>"),
    Fault(pattern="", how="body", body=b'{"data": ['),
    Fault(pattern="", how="bomb", size=60_000_000),
    Fault(pattern="", how="body", body=b""),
], ids=lambda fault: f"{fault.how}-{fault.status}-{len(fault.body)}")  # fmt: skip
def test_an_outage_of_the_listing_stops_the_feed_and_the_next_harvest_goes_on(loopback, kind, fault):
    loopback.server.faults = [
        Fault(pattern=LISTING[kind], how=fault.how, status=fault.status, body=fault.body, size=fault.size)
    ]
    report = loopback.harvest(kind)
    assert not report.finished and report.trouble and report.taken == 0
    loopback.server.faults = []
    assert loopback.harvest(kind, week(1)).taken == 3


@pytest.mark.parametrize("asked", ["seconds", "date"])
def test_retry_after_is_waited_for(loopback, asked):
    moment = datetime.fromtimestamp(loopback.now, UTC) + timedelta(seconds=90)
    header = "90" if asked == "seconds" else format_datetime(moment, usegmt=True)
    loopback.server.faults = [
        Fault(pattern="search", how="status", status=429, headers={"Retry-After": header}, times=1)
    ]
    report = loopback.harvest("europe-pmc")
    assert report.finished and report.taken == 3
    assert 89 <= max(loopback.slept) <= 91 and sum(loopback.slept) < 100


def test_a_server_that_wants_to_be_left_alone_for_hours_is(loopback):
    loopback.server.faults = [
        Fault(pattern="search", how="status", status=429, headers={"Retry-After": "7200"}, times=1)
    ]
    assert not loopback.harvest("europe-pmc").finished
    asked = len(loopback.server.seen)
    report = loopback.harvest("europe-pmc")
    assert not report.finished and "left alone" in report.trouble
    assert len(loopback.server.seen) == asked, "not even robots.txt is asked meanwhile"
    loopback.now += 7300
    assert loopback.harvest("europe-pmc").taken == 3


@pytest.mark.parametrize("kind", NETWORK)
def test_errors_that_pass_are_tried_again(loopback, kind):
    loopback.server.faults = [
        Fault(pattern=LISTING[kind], how="status", status=500, times=2),
        Fault(pattern=TEXT[kind], how="reset", times=1),
        Fault(pattern=TEXT[kind], how="cut", times=1),
    ]
    report = loopback.harvest(kind)
    assert report.finished and report.taken == 3


@pytest.mark.parametrize("kind", NETWORK)
@pytest.mark.parametrize("how", ["malformed", "short", "missing", "unreachable", "html", "other"])
def test_one_bad_document_is_put_off_and_the_others_are_taken(loopback, kind, how):
    faults = {
        "malformed": Fault(pattern=TEXT[kind], how="body", body=b"<article><front>"),
        "short": Fault(pattern=TEXT[kind], how="short"),
        "missing": Fault(pattern=TEXT[kind], how="status", status=404),
        "unreachable": Fault(pattern=TEXT[kind], how="status", status=500),
        "html": Fault(
            pattern=TEXT[kind], how="body", body=b"<!DOCTYPE html><html><body>Sign in</body></html>"
        ),
        "other": Fault(pattern=TEXT[kind], how="body", body=case(9).full_text()),
    }
    loopback.server.faults = [faults[how]]
    report = loopback.harvest(kind)
    assert (report.finished, report.taken, report.put_off) == (True, 2, 1)
    loopback.server.faults = []
    again = loopback.harvest(kind, week(1))
    assert (again.finished, again.taken) == (True, 1)
    assert loopback.decisions()[-1] == ("taken", "")


def test_a_document_that_never_comes_is_given_up(loopback):
    loopback.server.faults = [Fault(pattern=TEXT["europe-pmc"], how="status", status=404)]
    for number in range(5):
        loopback.harvest("europe-pmc", week(number), attempts=3)
    assert loopback.decisions() == [("later", "gone"), ("later", "gone"), ("refused", "gone")]


def test_what_is_gone_for_good_is_not_asked_for_again(loopback):
    loopback.server.faults = [Fault(pattern=TEXT["europe-pmc"], how="status", status=410)]
    for number in range(2):
        loopback.harvest("europe-pmc", week(number))
    assert loopback.decisions() == [("refused", "gone")]
    assert loopback.server.fetched("PMC1/fullText") == 1


def test_an_outage_in_the_middle_of_documents_stops_the_feed(loopback):
    loopback.server.answers.page_size = 3
    loopback.server.faults = [Fault(pattern="fullTextXML", how="status", status=502)]
    report = loopback.harvest("europe-pmc", tries=1)
    assert not report.finished and report.taken == 0
    loopback.server.faults = []
    assert loopback.harvest("europe-pmc").taken == 3


def test_a_slow_loris_ends_with_the_time_limit(loopback):
    loopback.server.faults = [Fault(pattern="search", how="drip", times=1)]
    begun = time.monotonic()
    said = loopback.server.answers.settings(loopback=True, timeout=0.5, tries=1)["europe-pmc"]
    report = loopback.room.harvest("europe-pmc", said, now=lambda: week(0), since=SINCE)
    assert not report.finished and "0.5 seconds" in report.trouble
    assert time.monotonic() - begun < 30


@pytest.mark.parametrize("how", ["bomb", "flood", "body"])
def test_too_much_is_refused_and_not_held(loopback, how):
    loopback.server.faults = [
        Fault(pattern=TEXT["europe-pmc"], how=how, size=30_000_000, body=bytes(3_000_000))
    ]
    report = loopback.harvest("europe-pmc", maximum_bytes=2_000_000)
    assert report.finished and report.taken == 2 and report.refused == {"too_large": 1}


@pytest.mark.parametrize("target", [
    "file:///etc/passwd", "ftp://127.0.0.1/x", "https://elsewhere.example.org/x", "http://10.0.0.1/x",
    "http://169.254.169.254/latest/meta-data", "//evil.example.org/x", "http://127.0.0.1:1/x",
    "http://user:password@127.0.0.1/x", "http://[::ffff:10.0.0.1]/x", "gopher:x", "http://2130706433/x",
])  # fmt: skip
def test_a_redirect_leads_nowhere_but_home(loopback, target):
    loopback.server.faults = [
        Fault(pattern=TEXT["europe-pmc"], how="status", status=302, headers={"Location": target})
    ]
    report = loopback.harvest("europe-pmc")
    assert report.finished and report.refused == {"forbidden": 1} and report.taken == 2


def test_a_redirect_at_home_is_followed_and_circles_are_not(loopback):
    loopback.server.faults = [
        Fault(
            pattern="PMC1/fullTextXML", how="status", status=301, headers={"Location": "/articles/1.xml"}
        ),
        Fault(
            pattern="PMC2/fullTextXML",
            how="status",
            status=301,
            headers={"Location": "/epmc/PMC2/fullTextXML"},
        ),
    ]
    report = loopback.harvest("europe-pmc")
    assert report.finished and report.taken == 2 and report.put_off == 1


@pytest.mark.parametrize("kind", ["pmc-oai", "json"])
def test_a_cursor_that_repeats_for_ever_ends_the_harvest(loopback, kind):
    page = {
        "pmc-oai": b"<OAI-PMH><ListRecords><resumptionToken>again</resumptionToken></ListRecords></OAI-PMH>",
        "json": b'{"data": [], "next": "again"}',
    }[kind]
    loopback.server.faults = [Fault(pattern=LISTING[kind], how="body", body=page)]
    report = loopback.harvest(kind)
    assert not report.finished and "circles" in report.trouble
    assert loopback.server.fetched(LISTING[kind]) < 5
    loopback.server.faults = []
    assert loopback.harvest(kind).taken == 3


def test_pages_that_count_up_and_say_the_same_for_ever_end_too(loopback):
    same = b'{"data": [{"id": 7}, {"id": 8}]}'
    loopback.server.faults = [Fault(pattern="/api/", how="body", body=same)]
    said = loopback.server.answers.settings(loopback=True)["json"]
    said |= {
        "url": f"{loopback.server.base}/api/page",
        "paging": {"kind": "page", "param": "page", "size": 2},
    }
    report = loopback.room.harvest("json", said, now=lambda: week(0))
    assert not report.finished and "circles" in report.trouble
    assert loopback.server.fetched("/api/") < 8


@pytest.mark.parametrize(("paging", "said"), [
    ("page", {"kind": "page", "param": "page", "size": 2}),
    ("offset", {"kind": "offset", "param": "offset", "size": 2}),
    ("next", {"kind": "next", "place": "/links/next"}),
])  # fmt: skip
def test_json_pages_by_number_offset_and_address(loopback, paging, said):
    given = loopback.server.answers.settings(loopback=True)["json"]
    given |= {"url": f"{loopback.server.base}/api/{paging}", "paging": said}
    loopback.server.answers.world.now = week(0)
    assert loopback.room.harvest("json", given, now=lambda: week(0)).taken == 3


def test_an_expired_resumption_token_begins_the_window_anew(loopback):
    loopback.server.faults = [Fault(pattern="resumptionToken", how="status", status=503)]
    assert loopback.harvest("pmc-oai").taken == 2
    bad = b"<OAI-PMH><error code='badResumptionToken'>expired</error></OAI-PMH>"
    loopback.server.faults = [Fault(pattern="resumptionToken", how="body", body=bad, times=1)]
    assert "no longer knows" in loopback.harvest("pmc-oai").trouble
    report = loopback.harvest("pmc-oai")
    assert report.finished and report.taken == 1
    assert loopback.server.fetched("verb=GetRecord") == 3


@pytest.mark.parametrize("kind", ["rss", "atom"])
def test_a_feed_that_did_not_change_is_not_sent_again(loopback, kind):
    loopback.harvest(kind)
    report = loopback.harvest(kind)
    assert report.finished and report.listed == 0
    assert "if-none-match" in loopback.server.seen[-1][1]


def test_the_public_internet_is_not_harvested_without_a_contact(tmp_path):
    said = {"kind": "europe_pmc", "query": "case"}
    report = HarvestRoom(folder=tmp_path).harvest("epmc", said, now=lambda: week(0), since=SINCE)
    assert not report.finished and "contact" in report.remedy


def test_this_machine_is_not_harvested_unless_told(loopback):
    said = {**loopback.server.answers.settings()["europe-pmc"], "base": "https://127.0.0.1:1/epmc"}
    report = loopback.room.harvest("europe-pmc", said, now=lambda: week(0), since=SINCE)
    assert not report.finished and "this machine" in report.trouble


def test_a_name_that_leads_into_a_private_network_is_not_visited(tmp_path):
    room = HarvestRoom(folder=tmp_path, contact="mailto:a@example.org", sleep=lambda _: None)
    said = {
        "kind": "europe_pmc",
        "query": "x",
        "base": "https://localhost.localdomain/epmc",
        "tries": 1,
        "timeout": 5,
    }
    report = room.harvest("epmc", said, now=lambda: week(0), since=SINCE)
    assert not report.finished


def test_one_failing_feed_does_not_stop_the_others(loopback):
    loopback.server.answers.world.now = week(0)
    feeds = loopback.server.answers.settings(loopback=True, timeout=5)
    loopback.server.faults = [Fault(pattern="/oai", how="reset")]
    feeds["broken"] = {"kind": "nothing"}
    reports = loopback.room.harvest_all(feeds, now=lambda: week(0), since=SINCE)
    assert {r.feed: r.finished for r in reports} == {
        "europe-pmc": True, "pmc-oai": False, "rss": True, "atom": True, "json": True, "broken": False,
    }  # fmt: skip
    with loopback.room.open_journal() as journal:
        from grandrounds.harvest.snapshot import snapshot

        made = snapshot(
            journal, store=loopback.room.store, until=week_end(0), folder=loopback.room.folder / "w"
        )
    assert len(made.sources) == 3, "four feeds brought the same three articles"
