"""The real inputs: what is known of them must be what is read."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from grandrounds.lake import Lake
from grandrounds.records.case import Case
from grandrounds.sources.inventory import Inventory, read_folder
from grandrounds.sources.jats import read_jats
from tests.sources.article_checks import check_article

# Figures, tables and patients of each article, as its folder's SOURCES.md lists them.
KNOWN = {
    "PMC4735894": (3, 0, 1), "PMC4735928": (0, 0, 1), "PMC4736323": (4, 0, 1), "PMC4736802": (5, 0, 1),
    "PMC4736806": (9, 0, 1), "PMC4738724": (4, 3, 1), "PMC4738740": (3, 0, 1), "PMC4739223": (6, 0, 1),
    "PMC4745307": (4, 0, 1), "PMC4735918": (3, 0, 1), "PMC4735920": (1, 1, 1), "PMC4736389": (2, 1, 1),
    "PMC4737013": (1, 1, 1), "PMC4738698": (0, 1, 1), "PMC4739221": (5, 0, 2), "PMC4745306": (2, 3, 1),
    "PMC4745350": (2, 0, 1), "PMC5892033": (0, 0, 1),
}  # fmt: skip


@pytest.fixture(scope="module")
def inventory(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Inventory:
    return read_folder(shared_data, lake=Lake(str(tmp_path_factory.mktemp("lake"))))


@pytest.fixture(scope="module")
def cases(inventory: Inventory) -> dict[str, Case]:
    """The first case of each article by PMCID."""
    return {
        next(i.value for i in c.identifiers if i.scheme == "pmcid"): c for c in reversed(inventory.cases)
    }


def test_every_article_is_read_and_all_else_passed_by(inventory: Inventory, shared_data: Path) -> None:
    statuses = Counter(source.status for source in inventory.sources)
    files = sum(path.is_file() for path in shared_data.rglob("*"))
    assert statuses == {"read": 18, "passed_by": files - 18}
    assert sum(inventory.passed_by.values()) == files - 18
    assert {"dicom", "nifti", "pdf", "video", "xml", "image", "json", "text", "empty"} <= set(
        inventory.passed_by
    )
    assert len(inventory.cases) == 19


def test_licences_are_what_the_documents_say(inventory: Inventory) -> None:
    read = [source for source in inventory.sources if source.status == "read"]
    assert Counter(source.licence for source in read) == {"LicenseRef-CC-BY": 17, "CC-BY-4.0": 1}
    assert {source.licence_origin for source in read} == {"document"}
    assert all(
        "Creative Commons" in s.licence_evidence or "creativecommons" in s.licence_evidence for s in read
    )


def test_figures_tables_and_patients_are_counted_right(
    cases: dict[str, Case], inventory: Inventory
) -> None:
    figures: dict[str, set[str]] = {}
    for case in inventory.cases:
        pmcid = next(i.value for i in case.identifiers if i.scheme == "pmcid")
        figures.setdefault(pmcid, set()).update(figure.figure_id for figure in case.figures)
    seen = {pmcid: (len(figures[pmcid]), len(c.tables), c.case_count) for pmcid, c in cases.items()}
    assert seen == KNOWN


def test_stored_texts_are_sound(shared_data: Path) -> None:
    for path in sorted((shared_data / "case_reports").rglob("*.xml")):
        article = read_jats(path.read_bytes())
        check_article(article)
        body = " ".join(
            s.span.of(article.text) for s in article.sections if s.kind not in ("tables", "captions")
        )
        residue = re.findall(r" [,.;)]|\[\s*[\],]|\(\s*[),;]|,,|  |\[\d", body)
        assert residue == [], path.name


def test_dates_are_electronic_and_days(cases: dict[str, Case], inventory: Inventory) -> None:
    assert {source.published_origin for source in inventory.sources if source.status == "read"} == {"epub"}
    assert str(cases["PMC4735894"].published) == "2016-01-03"
    assert str(cases["PMC5892033"].published) == "2018-04-10"


def test_citations_name_the_article(cases: dict[str, Case]) -> None:
    assert cases["PMC4735894"].citation == (
        "Vijan V, et al. An Unusual Case of Biatrial Myxoma in a Young Female. Case Reports in Cardiology. 2016. "
        "doi:10.1155/2016/3545480"
    )
    assert cases["PMC4735894"].group_id == "article:doi:10.1155/2016/3545480"


def test_figures_without_captions_have_none(cases: dict[str, Case]) -> None:
    figures = cases["PMC4736323"].figures
    assert [(f.label, f.caption, f.caption_span) for f in figures] == [
        (f"Figure {n}", "", None) for n in range(1, 5)
    ]
    assert all(figure.mentions for figure in figures)


def test_every_figure_is_mentioned_in_the_text(cases: dict[str, Case]) -> None:
    silent = [
        (pmcid, figure.label)
        for pmcid, case in cases.items()
        for figure in case.figures
        if not figure.mentions
    ]
    assert silent == []


def test_two_patients_of_one_article(inventory: Inventory) -> None:
    first, second = (case for case in inventory.cases if case.case_count == 2)
    assert first.group_id == second.group_id
    own = [" ".join(s.span.of(c.text) for s in c.own_sections() if s.case_number) for c in (first, second)]
    assert "53-year-old man" in own[0]
    assert "55-year-old woman" not in own[0]
    assert "55-year-old woman" in own[1]
    assert [f.label for f in first.figures] == ["Figure 1", "Figure 2", "Figure 3"]
    assert [f.label for f in second.figures] == ["Figure 4", "Figure 5"]


def test_sections_are_typed(cases: dict[str, Case]) -> None:
    for pmcid, case in cases.items():
        kinds = [section.kind for section in case.sections]
        if pmcid == "PMC5892033":  # a meeting report: read like any other, judged elsewhere
            assert "presentation" not in kinds
            continue
        assert {"title", "abstract", "background", "presentation", "discussion"} <= set(kinds), pmcid
        assert "other" not in kinds, pmcid
    kinds = {s.title: s.kind for s in cases["PMC4745306"].sections}
    assert kinds["3. Investigations"] == kinds["Histopathology"] == "investigations"
    assert kinds["4. Treatment"] == "treatment"
    assert kinds["Learning Points"] == "conclusion"


def test_laboratory_values_keep_their_meaning(cases: dict[str, Case]) -> None:
    table = cases["PMC4745306"].tables[0]
    assert ("White blood cell count", "11.5 \u00d7 10\u2079/L", "4\u201310.5") in table.rows
    assert "9.22 k/mm\u00b3" in cases["PMC4736389"].text


def test_abbreviations_come_from_glossary_and_text(cases: dict[str, Case]) -> None:
    assert "CECS=Chronic exertional compartment syndrome" in cases["PMC4738740"].abbreviations
    assert "KTS=Klippel-Trenaunay syndrome" in cases["PMC4739223"].abbreviations
