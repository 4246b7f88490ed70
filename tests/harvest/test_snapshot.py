"""The source folder of a moment, as its readers see it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from grandrounds.demo.feed_world import WorldArticle
from grandrounds.harvest.journal import TAKEN
from grandrounds.harvest.problems import HarvestError
from grandrounds.harvest.snapshot import read_manifest
from grandrounds.lake import Lake
from grandrounds.sources.inventory import read_folder
from tests.support.feeds.worlds import Harvests, case, picture, tree, week, week_end

MARKDOWN = """# A rash that came and went

## Case presentation

A 34-year-old woman came with a fever for nine days and a rash that spread from her chest to her arms.

## Discussion

The rash went when the fever ended, and neither came back within a year.
"""


@pytest.fixture
def made(tmp_path):
    return Harvests(tmp_path)


def inventory(made, at):
    found = made.snapshot(at)
    return found, read_folder(found.folder, lake=Lake(str(made.folder / "lake")), workers=1)


def test_readers_find_licence_date_group_and_figures(made):
    made.world.publish(
        week(0), case(1, figures={"f1.png": picture()}, licence="cc by", first_public=date(2026, 5, 4))
    )
    made.world.publish(week(0), case(2, licence="cc0"))
    made.harvest("europe-pmc", week(0))
    found, read = inventory(made, week_end(0))
    rows = {s.path: s for s in read.sources if s.status == "read"}
    assert {s.path: s.source_id for s in found.sources} == {path: s.source_id for path, s in rows.items()}
    for said in found.sources:
        row = rows[said.path]
        assert (row.licence, row.published) == (said.licence, said.first_public)
        assert row.group_id == f"article:doi:10.5555/world.{said.record_id.removeprefix('PMC')}"
    assert {row.licence for row in rows.values()} == {"CC-BY-4.0", "CC0-1.0"}
    assert [len(c.figures[0].media_sha256) for c in read.cases if c.figures] == [1]
    assert [s.notes for s in read.sources if s.kind == "rules"] == [()], "no rule is idle"


def test_a_text_that_does_not_name_itself_gets_its_record_s_group(made):
    inbox = made.folder / "inbox"
    inbox.mkdir()
    (inbox / "rash.md").write_text(f"---\nkind: case_report\nlicence: CC-BY-4.0\n---\n{MARKDOWN}")
    settings = made.settings("drop")
    assert made.room.harvest("drop", settings, now=lambda: week(0)).taken == 1
    _, read = inventory(made, week_end(0))
    assert [s.group_id for s in read.sources if s.status == "read"] == ["group:drop:rash.md"]


def test_what_sources_yaml_says_in_a_drop_folder_counts(made):
    inbox = made.folder / "inbox"
    inbox.mkdir()
    (inbox / "rash.md").write_text(MARKDOWN)
    settings = made.settings("drop")
    assert made.room.harvest("drop", settings, now=lambda: week(0)).refused == {"licence": 1}
    (inbox / "sources.yaml").write_text(
        "files: [{path: '*.md', licence: CC-BY-4.0, published: 2025-03-01}]"
    )
    assert made.room.harvest("drop", settings, now=lambda: week(1)).taken == 1
    assert made.snapshot(week_end(1)).sources[0].first_public == date(2025, 3, 1)


def test_the_same_moment_gives_the_same_bytes_in_another_place(made):
    for number in (1, 2, 3):
        made.world.publish(week(0), case(number, figures={"f.png": picture()}))
    made.harvest("europe-pmc", week(0))
    first = tree(made.snapshot(week_end(0)).folder)
    assert tree(made.snapshot(week_end(0), "elsewhere/deeper").folder) == first
    shutil.rmtree(made.folder / "snapshot")
    assert tree(made.snapshot(week_end(0)).folder) == first


def test_a_folder_that_was_meddled_with_is_laid_out_again(made):
    made.world.publish(week(0), case(1))
    made.harvest("europe-pmc", week(0))
    found = made.snapshot(week_end(0))
    first = tree(found.folder)
    (found.folder / found.sources[0].path).unlink()
    (found.folder / "europe-pmc" / "stray.xml").write_text("<article/>")
    assert tree(made.snapshot(week_end(0)).folder) == first


def test_files_of_others_are_never_swept_away(made):
    (made.folder / "snapshot").mkdir()
    (made.folder / "snapshot" / "mine.txt").write_text("mine")
    with pytest.raises(HarvestError, match="no snapshot made"):
        made.snapshot(week_end(0))
    assert (made.folder / "snapshot" / "mine.txt").read_text() == "mine"


def test_an_empty_journal_gives_an_empty_folder(made):
    found, read = inventory(made, week_end(0))
    assert (found.sources, found.retired, read.cases) == ((), (), ())
    assert read_manifest(found.folder) == found


def test_a_moment_without_a_zone_is_refused(made):
    with pytest.raises(HarvestError, match="time zone"):
        made.snapshot(datetime(2026, 11, 9))


def test_a_missing_file_of_the_store_is_told(made):
    made.world.publish(week(0), case(1))
    made.harvest("europe-pmc", week(0))
    shutil.rmtree(made.folder / "harvest" / "files")
    with pytest.raises(HarvestError, match="can't be read"):
        made.snapshot(week_end(0))


def test_twelve_weeks_of_changes_end_with_what_stands(made):
    for number in range(1, 25):
        made.world.publish(week(number // 2), case(number))
    made.world.revise(week(4), 2, title="A corrected title")
    made.world.retract(week(5), 3, notice=90)
    made.world.relicense(week(6), 4, "cc by-nd")
    made.world.remove(week(7), 5)
    made.world.retract(week(8), 6, notice=-91)
    for number in range(13):
        for kind in ("europe-pmc", "pmc-oai", "atom"):
            assert made.harvest(kind, week(number)).finished
    after = made.snapshot(week_end(12))
    by_reason: dict[str, set[str]] = {}
    for one in after.retired:
        doi = next(i.value for i in one.identifiers if i.scheme == "doi")
        by_reason.setdefault(one.reason, set()).add(doi.rpartition(".")[2])
    assert by_reason["revised"] >= {"2"}
    assert by_reason["retracted"] == {"3", "6"}
    live = {
        next(i.value for i in s.identifiers if i.scheme == "doi").rpartition(".")[2] for s in after.sources
    }
    assert not live & {"3", "4", "6"}
    assert len(live) == len(after.sources), "each article once, whatever number of feeds brought it"
    # Europe PMC does not tell of deletions; its own copy of the fifth stays.
    assert live | {"3", "4", "6"} == {str(number) for number in range(1, 25)}


def test_the_shared_articles_come_through_every_protocol(made, shared_data):
    made.page_size = 5
    made.__post_init__()
    files = sorted((shared_data / "case_reports").rglob("*.xml"))
    for path in files:
        number = int((path.parent.name if path.name == "fulltext.xml" else path.stem).removeprefix("PMC"))
        doi = next(
            line for line in path.read_text().split('<article-id pub-id-type="doi">')[1:2]
        ).partition("<")[0]
        stem = doi.rpartition(".")[0] if doi.endswith(f".{number}") else doi
        article = WorldArticle(number=number, title=path.parent.name, first_public=date(2016, 2, 1),
                               jats=path.read_bytes(), doi_stem=stem)  # fmt: skip
        made.world.publish(week(0), replace(article))
    # the world's records carry DOIs of its own making, so they go without
    made.rough = None
    taken = {}
    for kind in ("json", "drop"):
        settings = made.settings(kind)
        if kind == "json":
            settings["places"] = {
                k: v for k, v in settings["places"].items() if k not in ("doi", "figures")
            }
        made.world.now = week(0)
        made.world.drop(made.folder / "inbox")
        report = made.room.harvest(kind, settings, now=lambda: week(0))
        taken[kind] = report.taken
        assert report.finished and not report.put_off
    assert taken == {"json": len(files), "drop": len(files)}
    with made.room.open_journal() as journal:
        versions = [v for v in journal.versions() if v.decision == TAKEN]
    assert all(
        v.known.first_public <= date(2018, 6, 1) and v.known.identifiers and v.known.named for v in versions
    )
    assert len(made.snapshot(week_end(0)).sources) == len(files), "two feeds, each article once"
    assert datetime(2016, 1, 1, tzinfo=UTC) < week(0)


def test_the_first_publication_is_the_earlier_of_record_and_text(made):
    printed = case(1, first_public=date(2026, 6, 1)).full_text()
    made.world.publish(week(0), case(1, first_public=date(2026, 4, 1), jats=printed))
    later = case(2, first_public=date(2026, 3, 1)).full_text()
    made.world.publish(week(0), case(2, first_public=date(2026, 9, 1), jats=later))
    made.harvest("europe-pmc", week(0))
    found, read = inventory(made, week_end(0))
    assert [s.first_public for s in found.sources] == [date(2026, 4, 1), date(2026, 3, 1)]
    assert sorted(s.published for s in read.sources if s.status == "read") == [
        date(2026, 3, 1),
        date(2026, 4, 1),
    ]
