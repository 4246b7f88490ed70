"""What counts as live: retractions by notices, one article in several feeds, returns, licences."""

from __future__ import annotations

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from grandrounds.harvest.feed import RETRACTS, FeedRecord, Related
from grandrounds.harvest.journal import KeptFile, Version
from grandrounds.harvest.known import Known
from grandrounds.harvest.lives import replay
from grandrounds.records.parts import Identifier
from tests.support.feeds.worlds import MONDAY, Harvests, case, week, week_end


def line(number, *, feed="a", record="1", text="x", decision="taken", reason="", doi="10.1/a", retracts=()):
    named = (Identifier(scheme="doi", value=doi),) if doi else ()
    related = tuple(Related(relation=RETRACTS, scheme="doi", value=value) for value in retracts)
    said = FeedRecord(feed=feed, record_id=record, version=str(number), identifiers=named, related=related)
    file = KeptFile(name="article.xml", role="main", sha256=text.ljust(64, "0"), bytes=1)
    return Version(
        number=number, record=said, fingerprint=said.fingerprint(), seen_at=MONDAY, decision=decision,
        reason=reason, known=Known(identifiers=named, related=related, first_public=date(2026, 1, 1)),
        files=(file,) if decision == "taken" else (),
    )  # fmt: skip


def shown(*lines):
    lives = replay(lines)
    alive = {one.version.files[0].sha256.rstrip("0") for one in lives.alive}
    return alive, {end.version.files[0].sha256.rstrip("0"): end.reason for end in lives.ended}


def test_a_notice_retires_the_article_that_it_names():
    notice = line(2, record="n", doi="10.1/n", decision="refused", reason="not_a_case", retracts=["10.1/A"])
    assert shown(line(1), notice) == (set(), {"x": "retracted"})


def test_a_notice_that_came_before_its_article_keeps_it_out():
    notice = line(1, record="n", doi="10.1/n", decision="refused", reason="not_a_case", retracts=["10.1/a"])
    assert shown(notice, line(2)) == (set(), {})


def test_one_article_in_two_feeds_is_one_and_the_first_feed_stays_its_home():
    assert shown(line(1), line(2, feed="b", text="y"), line(3, text="z"), line(4, feed="b", text="q")) == (
        {"z"},
        {"x": "revised"},
    )


def test_the_other_feed_stands_in_where_the_first_loses_it():
    gone = line(3, decision="refused", reason="removed")
    assert shown(line(1), line(2, feed="b", text="y"), gone) == ({"y"}, {"x": "removed"})


def test_a_retraction_in_one_feed_counts_in_all():
    gone = line(3, decision="refused", reason="retracted")
    assert shown(line(1), line(2, feed="b", text="y"), gone) == (set(), {"x": "retracted"})


def test_what_was_withdrawn_by_mistake_comes_back():
    assert shown(line(1), line(2, decision="refused", reason="retracted"), line(3)) == ({"x"}, {})


def test_a_version_that_can_not_be_had_yet_leaves_the_old_one():
    assert shown(line(1), line(2, decision="later", reason="malformed")) == ({"x"}, {})


def test_a_version_that_can_never_be_had_retires_the_old_one_as_revised():
    assert shown(line(1), line(2, decision="refused", reason="malformed")) == (set(), {"x": "revised"})


LINES = st.lists(
    st.builds(
        dict,
        feed=st.sampled_from("ab"), record=st.sampled_from("123"), text=st.sampled_from("xyz"),
        doi=st.sampled_from(["10.1/a", "10.1/b", ""]),
        kind=st.sampled_from(["taken", "later", "retracted", "licence", "removed", "notice"]),
    ),
    max_size=12,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(LINES)
def test_nothing_is_both_live_and_retired_and_nothing_is_lost(said):
    lines = []
    for number, one in enumerate(said, start=1):
        kind = one.pop("kind")
        if kind == "notice":
            lines.append(line(number, **one, decision="refused", reason="not_a_case", retracts=["10.1/b"]))
        elif kind in ("taken", "later"):
            lines.append(line(number, **one, decision=kind))
        else:
            lines.append(line(number, **one, decision="refused", reason=kind))
    alive, ended = shown(*lines)
    assert not alive & set(ended)
    taken = {v.files[0].sha256.rstrip("0") for v in lines if v.files}
    assert alive | set(ended) <= taken
    earlier_alive, earlier_ended = shown(*lines[:-1])
    if len({v.record.identifiers for v in lines}) <= 1:  # identities that were known all along
        assert earlier_alive | set(earlier_ended) <= alive | set(ended), (
            "what was live once is told for ever"
        )


def test_a_notice_in_one_feed_retires_the_article_of_another(tmp_path):
    made = Harvests(tmp_path)
    made.world.publish(week(0), case(1))
    made.harvest("rss", week(0))
    made.world.retract(week(1), 1, notice=-50)
    made.harvest("pmc-oai", week(1))
    after = made.snapshot(week_end(1))
    assert after.sources == () and {r.reason for r in after.retired} == {"retracted"}
