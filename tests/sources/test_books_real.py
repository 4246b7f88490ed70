"""Real books and articles: every figure and caption that the markup has, and nothing else."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from lxml import etree

from grandrounds.fingerprint import sha256_bytes
from grandrounds.lake import Lake
from grandrounds.needs import FigureNeed
from grandrounds.sources.books import Books, read_books

# Figures of each article, as its folder's SOURCES.md lists them.
FIGURES = {
    "PMC4735894": 3, "PMC4735928": 0, "PMC4736323": 4, "PMC4736802": 5, "PMC4736806": 9, "PMC4738724": 4,
    "PMC4738740": 3, "PMC4739223": 6, "PMC4745307": 4, "PMC4735918": 3, "PMC4735920": 1, "PMC4736389": 2,
    "PMC4737013": 1, "PMC4738698": 0, "PMC4739221": 5, "PMC4745306": 2, "PMC4745350": 2, "PMC5892033": 0,
}  # fmt: skip
MODULES = {"m46282": 1, "m46342": 2, "m46347": 1, "m46350": 1, "m46352": 12}


def bare(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture(scope="module")
def openstax(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Books, Path, Lake]:
    folder = shared_data / "textbooks" / "openstax-anatomy-physiology-2e"
    lake = Lake(str(tmp_path_factory.mktemp("lake")))
    return read_books(folder, lake=lake, asked=FigureNeed()), folder, lake


def test_every_figure_and_caption_of_the_modules_is_exact(openstax: tuple[Books, Path, Lake]) -> None:
    books, folder, lake = openstax
    by_source = {
        source.source_id: source.path.split("/")[1] for source in books.sources if source.kind == "cnxml"
    }
    assert Counter(by_source[row.source_id] for row in books.figures) == MODULES
    space = "{http://cnx.rice.edu/cnxml}"
    wanted = []
    for name in MODULES:
        root = etree.parse(str(folder / "modules" / name / "index.cnxml")).getroot()
        for figure in root.iter(f"{space}figure"):
            said = [figure.find(f"{space}title"), figure.find(f"{space}caption")]
            words = " ".join(bare("".join(one.itertext())) for one in said if one is not None)
            image = next(figure.iter(f"{space}image")).get("src")
            wanted.append((name, words, sha256_bytes((folder / "media" / Path(image).name).read_bytes())))
    found = [(by_source[row.source_id], row.caption, row.sha256) for row in books.figures]
    assert sorted(found) == sorted(wanted)
    assert {row.status for row in books.figures} == {"paired"}
    for row in books.figures:
        assert sha256_bytes(lake.get_media(row.sha256)) == row.sha256


def test_they_are_one_book_under_its_licence(openstax: tuple[Books, Path, Lake]) -> None:
    books, _, _ = openstax
    assert {row.group_id for row in books.figures} == {"book:uuid:4fd99458-6fdf-49bc-8688-a6dc17a1268d"}
    assert {row.book for row in books.figures} == {"Anatomy and Physiology 2e"}
    assert {row.licence for row in books.figures} == {"CC-BY-4.0"}
    assert {row.chapter for row in books.figures} == {
        "Bone Tissue and the Skeletal System",
        "Axial Skeleton",
    }
    order = list(dict.fromkeys(row.section[0] for row in books.figures))
    assert order == [
        "Bone Classification", "Fractures: Bone Repair", "Introduction", "The Vertebral Column", "The Thoracic Cage",
    ]  # fmt: skip


def test_every_reference_to_a_figure_is_a_mention(openstax: tuple[Books, Path, Lake]) -> None:
    books, folder, _ = openstax
    here = [p.read_text(encoding="utf-8") for p in sorted(folder.glob("modules/*/index.cnxml"))]
    ids = {one for text in here for one in re.findall(r'<figure id="([^"]+)"', text)}
    links = [one for text in here for one in re.findall(r'<link target-id="([^"]+)"', text) if one in ids]
    assert sum(len(row.mentions) for row in books.figures) == len(links)
    for row in books.figures:
        for mention in row.mentions:
            assert mention.words in mention.span.of(row.text)


@pytest.fixture(scope="module")
def articles(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Books:
    lake = Lake(str(tmp_path_factory.mktemp("lake")))
    return read_books(shared_data / "case_reports", lake=lake, asked=FigureNeed(), ocr=False)


def test_every_figure_of_the_articles_is_a_row_with_its_caption(articles: Books, shared_data: Path) -> None:
    jats = {source.source_id: source for source in articles.sources if source.kind == "jats"}
    counts: Counter[str] = Counter()
    for source in jats.values():
        pmcid = next(one.value for one in source.identifiers if one.scheme == "pmcid")
        rows = [row for row in articles.figures if row.source_id == source.source_id]
        counts[pmcid] = len(rows)
        root = etree.parse(str(shared_data / "case_reports" / source.path)).getroot()
        wanted = [
            (bare(fig.findtext("label") or ""), bare("".join(fig.find("caption").itertext())) if fig.find("caption") is not None else "")
            for fig in root.iter("fig")
        ]  # fmt: skip
        assert [row.label for row in rows] == [label for label, _ in wanted]
        for row, (_, caption) in zip(rows, wanted, strict=True):
            # The reader takes numbers of cited works out of captions, which stand in brackets.
            assert bare(re.sub(r"\s*\[[\d, –-]+\]", "", caption)) == row.caption
            assert row.status == "no_picture" and row.graphic in row.reason
            assert row.mentions, "each is mentioned in its article"
    assert counts == Counter(FIGURES)
    assert sum(counts.values()) == 54


def test_an_article_and_its_pdf_are_one_group_and_their_figures_families(articles: Books) -> None:
    sources = {source.path: source for source in articles.sources}
    for path, source in sources.items():
        if source.kind == "pdf":
            assert source.status == "read"
            assert source.group_id == sources[path.replace(".pdf", ".xml")].group_id
    kind = {source.source_id: source.kind for source in articles.sources}
    pdf = {row.family for row in articles.figures if kind[row.source_id] == "pdf" and row.label}
    assert len(pdf) == 38
    assert pdf <= {row.family for row in articles.figures if kind[row.source_id] == "jats"}


def test_articles_and_case_reports_are_in_the_same_groups(
    articles: Books, shared_data: Path, tmp_path: Path
) -> None:
    from grandrounds.sources.inventory import read_folder

    cases = read_folder(shared_data / "case_reports", lake=Lake(str(tmp_path)))
    known = {source.path: source.group_id for source in cases.sources if source.status == "read"}
    assert {s.path: s.group_id for s in articles.sources if s.kind == "jats"} == known
