"""What stands on a week's page, written from three real releases."""

from __future__ import annotations

import base64
import hashlib
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

from lxml import html

from grandrounds.release.manifest import read_manifest
from grandrounds.weekly_report.note import read_note
from grandrounds.weekly_report.release_facts import facts_from_release
from grandrounds.weekly_report.report import Report
from tests.weekly_report.writing import WEEKS, Facts, rows, words, write, write_all


class TestThePage:
    def test_names_the_week_the_version_and_the_day(self, written: Report) -> None:
        said = words(written.page)
        assert "Week 47 of 2026" in said
        assert "16 to 22 November 2026" in said
        assert "Version 2026.47.0, released 24 November 2026" in said

    def test_items_add_up_from_the_week_before(self, written: Report, published: Any) -> None:
        now = facts_from_release(published.folder / "2026.47.0", before=published.folder / "2026.46.0")
        new = sum(item.new for item in now.items)
        assert (
            now.items_before - now.gone + new
            == len(now.items)
            == read_manifest(published.folder / "2026.47.0").counts.items
        )
        assert (new, now.gone) == (8, 5)
        assert (
            f"31 items of version 2026.46.0, less 5 retired, and 8 new: {len(now.items)} items now."
            in words(written.page)
        )

    def test_tells_of_each_retired_item_why(self, written: Report, published: Any) -> None:
        told = rows(written.page, "Items that count no longer from this week on")[1:]
        assert sorted(row[0] for row in told) == [
            "article retracted: Retraction notice 10.0000/r1 <of 18 November>",
            "article retracted: Retraction notice 10.0000/r1 <of 18 November>",
            "article revised: Version 2 was harvested.",
            "article revised: Version 2 was harvested.",
            "made anew",
        ]
        assert {row[2] for row in told} == {"14 days", "7 days"}
        now = {item.item_id for item in facts_from_release(published.folder / "2026.47.0").items}
        assert not now & {row[3] for row in told}

    def test_counts_by_task_and_split_agree_with_the_manifest(
        self, written: Report, published: Any
    ) -> None:
        counts = read_manifest(published.folder / "2026.47.0").counts
        *tasks, total = rows(written.page, "Items by task and split")[1:]
        for row in tasks:
            by_split = counts.by_task[row[0].replace(" ", "_")]
            assert row[1:5] == [str(by_split[s]) for s in ("train", "dev", "test")] + [
                str(sum(by_split.values()))
            ]
        assert total[4] == str(counts.items)

    def test_the_funnel_is_that_of_the_manifest(self, written: Report, published: Any) -> None:
        funnel = read_manifest(published.folder / "2026.47.0").funnel
        told = rows(written.page, "Steps of the funnel")[1:]
        assert [row[:1] + row[2:4] for row in told] == [
            [s.step, str(s.entered), str(s.left)] for s in funnel
        ]
        review = next(row for row in told if row[0] == "review")
        assert review[5] == "readers 4, carried over 2"

    def test_records_are_counted_by_feed_and_reason(self, written: Report, facts: Facts) -> None:
        arrived = facts(WEEKS[2]).arrived or ()
        by_feed = {row[0]: row[1:] for row in rows(written.page, "Records by feed")[1:]}
        assert by_feed["europe_pmc"][:2] == [
            "18",
            str(sum(r.feed == "europe_pmc" and r.decision == "taken" for r in arrived)),
        ]
        assert by_feed["journal_rss"] == ["0"] * 7 + ["failed"]
        assert by_feed["All"][:4] == ["36", "22", "7", "7"]
        reasons = {row[0]: row[1] for row in rows(written.page, "Refused records by reason")[1:]}
        assert reasons == {"licence not allowed": "3", "other language": "2", "not a case report": "2"}

    def test_what_readers_did_since_the_week_before_and_what_waits(self, written: Report) -> None:
        assert rows(written.page, "Decisions since the release before, by reader")[1:] == [
            ["reviewer-a", "8", "5 minutes", "0.7"],
            ["reviewer-b", "8", "5 minutes", "0.7"],
        ]
        said = words(written.page)
        assert "2 candidates were carried over, 1 of them not for the first time." in said
        assert "Gwet's AC1, which allows for chance, went from 0.84 to 0.82." in said

    def test_cost_and_checks(self, written: Report) -> None:
        said = words(written.page)
        assert "412 requests were answered, 260 of them from the ledger at no cost." in said
        assert "cost 1.83 USD" in said
        assert rows(written.page, "Checks that failed")[1:] == [
            ["items", "label_balance", "warning", "Neurological items are 31% of all."]
        ]

    def test_ages_are_days_to_the_end_of_the_week(
        self, published: Any, tmp_path: Path, facts: Facts
    ) -> None:
        items = facts_from_release(published.folder / "2026.45.0").items
        sources = sorted({item.source_id for item in items})
        days = {source: date(2026, 11, 9 - place % 8) for place, source in enumerate(sources)}
        made = write(published, tmp_path, WEEKS[0], facts, first_public=days)
        ages = read_note(made.note).release.ages  # type: ignore[union-attr]
        assert (ages.youngest, ages.oldest) == (0, 7)
        assert sum(map(sum, ages.bins)) == ages.dated == len(items)
        assert ages.bins[0] == (0, len(items))

    def test_leads_to_files_that_are_there(self, published: Any, facts: Facts) -> None:
        out = published.folder.parent.parent / "beside" / "weekly"
        made = write_all(published, out, facts, WEEKS[:2])
        links = html.fromstring(made.page.read_bytes()).xpath("//a/@href")
        files = [link for link in links if not link.startswith(("#", "https:"))]
        assert {Path(link).name for link in files} >= {
            "README.md",
            "CHANGES.md",
            "manifest.json",
            "2026-W45.html",
        }
        assert all((made.page.parent / link).resolve().is_file() for link in files), files

    def test_weeks_lead_to_one_another_and_to_the_run(self, written: Report) -> None:
        middle = html.fromstring((written.page.parent / "2026-W46.html").read_bytes())
        assert middle.xpath("//a[@rel='prev']/@href") == ["2026-W45.html"]
        assert middle.xpath("//a[@rel='next']/@href") == ["2026-W47.html"]
        assert middle.xpath("//a[.='Dagster run']/@href") == ["https://dagster.example/runs/46"]

    def test_needs_no_script_and_no_network(self, written: Report) -> None:
        for path in sorted(written.page.parent.glob("*.html")):
            tree = html.fromstring(path.read_bytes())
            assert tree.xpath("//script|//iframe|//object|//embed|//img|//form|//base") == []
            assert [a for a in tree.xpath("//@*") if a.attrname.startswith("on")] == []
            assert tree.xpath("//@style") == []
            loaded = tree.xpath("//link[@rel='stylesheet']/@href | //@src")
            assert loaded == []
            (style,) = tree.xpath("//style")
            assert "url(" not in style.text and "@import" not in style.text
            digest = base64.b64encode(hashlib.sha256(style.text.encode()).digest()).decode()
            assert f"'sha256-{digest}'" in tree.xpath("string(//meta[@http-equiv]/@content)")

    def test_can_be_read_with_a_screen_reader(self, written: Report) -> None:
        tree = html.fromstring(written.page.read_bytes())
        assert tree.xpath("string(/html/@lang)") == "en"
        assert len(tree.xpath("//h1")) == len(tree.xpath("//main")) == 1
        levels = [int(heading.tag[1]) for heading in tree.xpath("//h1|//h2|//h3|//h4")]
        assert all(after - before <= 1 for before, after in pairwise(levels))
        assert all(svg.get("role") == "img" and svg.get("aria-label") for svg in tree.xpath("//svg"))
        assert all(
            table.xpath("caption") and table.xpath(".//th[@scope]") for table in tree.xpath("//table")
        )
        ids = tree.xpath("//@id")
        assert len(ids) == len(set(ids))
        assert set(tree.xpath("//@aria-labelledby")) <= set(ids)
