"""What every feed must do, whichever protocol it speaks. One world, six ways to it."""

from __future__ import annotations

from datetime import date

import pytest

from grandrounds.harvest.feed import Feed
from grandrounds.harvest.feeds import kinds, make_feed, settings_of
from grandrounds.harvest.http import PoliteClient
from grandrounds.harvest.snapshot import read_manifest
from tests.support.feeds.worlds import KINDS, SINCE, Harvests, case, picture, tree, week, week_end


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def made(tmp_path):
    return Harvests(tmp_path)


def five(made: Harvests) -> None:
    for number in range(1, 6):
        made.world.publish(week(0), case(number, first_public=date(2026, 9, number)))


def test_a_plugin_is_a_feed_by_name(made, kind):
    settings = settings_of(kind, made.settings(kind))

    def no_client(*_: object) -> PoliteClient:
        return None  # type: ignore[return-value]

    feed = make_feed(kind, settings, client=no_client)
    assert isinstance(feed, Feed) and feed.name == kind
    assert settings.kind in kinds()


def test_everything_is_taken_once_and_dated_by_its_first_publication(made, kind):
    five(made)
    report = made.harvest(kind, week(0))
    assert (report.finished, report.taken, report.refused) == (True, 5, {})
    again = made.harvest(kind, week(1))
    assert (again.finished, again.taken, again.refused) == (True, 0, {})
    sources = made.snapshot(week_end(1)).sources
    assert [s.first_public for s in sources] == [date(2026, 9, n) for n in range(1, 6)]
    assert all(s.first_seen == week(0) for s in sources)


def test_no_full_text_is_fetched_when_the_record_forbids_it(made, kind):
    made.world.publish(week(0), case(1))
    made.world.publish(week(0), case(2, licence="cc by-nd"))
    report = made.harvest(kind, week(0))
    assert report.taken == 1 and report.refused == {"licence": 1}
    if kind != "drop":  # there the file is the record
        fetched = [p for p in made.answers.asked if p.endswith(("fullTextXML", ".xml"))]
        assert not [path for path in fetched if "2" in path.rpartition("/")[2] or "PMC2" in path]


def test_a_correction_makes_a_new_version_and_retires_the_old(made, kind):
    made.world.publish(week(0), case(1))
    made.world.revise(week(1), 1, sections=case(77).sections)
    made.harvest(kind, week(0))
    before = made.snapshot(week_end(0))
    assert made.harvest(kind, week(1)).taken == 1
    after = made.snapshot(week_end(1))
    assert [r.source_id for r in after.retired] == [before.sources[0].source_id]
    assert after.retired[0].reason == "revised" and after.retired[0].retired_at == week(1)
    assert after.sources[0].source_id != before.sources[0].source_id
    assert after.sources[0].first_seen == week(0) and after.sources[0].seen_at == week(1)


def test_a_retraction_retires(made, kind):
    made.world.publish(week(0), case(1))
    made.world.publish(week(0), case(2))
    made.world.retract(week(1), 1)
    made.harvest(kind, week(0))
    assert made.harvest(kind, week(1)).refused == {"retracted": 1}
    after = made.snapshot(week_end(1))
    assert [r.reason for r in after.retired] == ["retracted"]
    assert len(after.sources) == 1


def test_a_licence_that_no_longer_allows_retires(made, kind):
    made.world.publish(week(0), case(1))
    made.world.relicense(week(1), 1, "cc by-nc")
    made.harvest(kind, week(0))
    made.harvest(kind, week(1))
    assert [r.reason for r in made.snapshot(week_end(1)).retired] == ["licence_changed"]
    assert made.snapshot(week_end(0), "before").retired == ()


def test_what_is_deleted_is_removed_where_the_protocol_tells(made, kind):
    made.world.publish(week(0), case(1))
    made.world.publish(week(0), case(2))
    made.world.remove(week(1), 1)
    made.harvest(kind, week(0))
    report = made.harvest(kind, week(1))
    told = kind in ("pmc-oai", "atom", "json", "drop")
    assert report.refused == ({"removed": 1} if told else {})
    assert len(made.snapshot(week_end(1)).sources) == (1 if told else 2)


def test_a_late_arrival_belongs_to_the_week_in_which_it_was_seen(made, kind):
    made.world.publish(week(0), case(1))
    made.world.publish(week(2), case(2, first_public=date(2026, 6, 1)))
    for number in range(3):
        made.harvest(kind, week(number))
    late = next(s for s in made.snapshot(week_end(2)).sources if s.first_public == date(2026, 6, 1))
    assert late.first_seen == week(2)
    assert len(made.snapshot(week_end(1), "before").sources) == 1


def test_figures_come_with_their_article_where_the_protocol_has_them(made, kind):
    made.world.publish(week(0), case(1, figures={"fig-one.png": picture()}))
    made.harvest(kind, week(0))
    names = sorted(tree(made.snapshot(week_end(0)).folder))
    has = kind in ("europe-pmc", "json", "drop")
    assert any(name.endswith("/fig-one.png") for name in names) is has


def test_a_snapshot_of_a_past_moment_never_changes(made, kind):
    five(made)
    made.world.revise(week(1), 2, title="Another title")
    made.world.remove(week(2), 3)
    made.harvest(kind, week(0))
    first = tree(made.snapshot(week_end(0)).folder)
    made.harvest(kind, week(1))
    made.harvest(kind, week(2))
    assert tree(made.snapshot(week_end(0), "again").folder) == first
    assert read_manifest(made.folder / "again").sources == made.snapshot(week_end(0), "again").sources


def test_a_harvest_goes_on_behind_the_page_that_was_journalled(made, kind):
    """The generator is dropped in the middle, as a kill does; nothing is fetched twice."""
    five(made)
    made.world.now = week(0)
    made.world.drop(made.folder / "inbox")
    whole = Harvests(made.folder / "whole", world=made.world)
    whole.harvest(kind, week(0))

    class Killed(BaseException):
        pass

    def killer(message: str) -> None:
        raise Killed

    settings = made.settings(kind)
    with pytest.raises(Killed):
        made.room.harvest(kind, settings, now=lambda: week(0), since=SINCE, progress=killer)
    made.harvest(kind, week(0))
    assert tree(made.snapshot(week_end(0)).folder) == tree(whole.snapshot(week_end(0)).folder)
    texts = [path for path in made.answers.asked if path.endswith(("fullTextXML", ".xml"))]
    assert len(texts) == len(set(texts))
