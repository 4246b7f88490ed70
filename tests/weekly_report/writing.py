"""Writing weekly reports in tests, and reading what stands on their pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from lxml import html

from grandrounds.weekly_report.report import Report, write_report
from grandrounds.weekly_report.values import Site, WeekFacts
from grandrounds.weeks import Week

WEEKS = tuple(Week(2026, number) for number in (45, 46, 47))
SITE = Site(address="https://bench.example/weekly", authority="bench.example", minted=date(2026, 3, 1))
Facts = Callable[..., WeekFacts]


def write(
    published: Any, out: Path, week: Week, facts: Facts, *, site: Site | None = None, **more: Any
) -> Report:
    return write_report(
        published.folder, version=published.version(week), facts=facts(week, **more), out=out, site=site
    )


def write_all(published: Any, out: Path, facts: Facts, weeks: Any = WEEKS, **more: Any) -> Report:
    return [write(published, out, week, facts, **more) for week in weeks][-1]


def write_bare(out: Path, facts: Facts, *weeks: Week) -> Report:
    """Weeks without a release: quicker, and the same files."""
    return [write_report(Path("live"), version=None, facts=facts(week), out=out) for week in weeks][-1]


def words(path: Path) -> str:
    """The words of a page as a reader sees them."""
    tree = html.fromstring(path.read_bytes())
    for hidden in tree.xpath("//style|//title"):
        hidden.getparent().remove(hidden)
    return " ".join(tree.text_content().split())


def rows(path: Path, caption: str) -> list[list[str]]:
    """The cells of a table by its caption."""
    tree = html.fromstring(path.read_bytes())
    (table,) = [t for t in tree.xpath("//table") if t.xpath("string(caption)") == caption]
    return [[" ".join(cell.text_content().split()) for cell in row] for row in table.xpath(".//tr")]
