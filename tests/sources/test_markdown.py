"""Case reports in Markdown with a YAML head, and in plain text."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grandrounds.errors import SourceError
from grandrounds.sources.article import Article
from grandrounds.sources.case_report import CaseReportReader
from grandrounds.sources.markdown import read_markdown, read_plain_text
from tests.sources.article_checks import check_article

HEAD = """---
kind: case_report
title: A fictional case of *green* fever
licence: CC BY 4.0
published: 2025-11-03
language: en
journal: Fictional Cases
group: patient-7
protected: true
authors: [Roe A]
keywords: [fever, green]
identifiers: {doi: "https://doi.org/10.1234/ab", pmcid: 99123}
abbreviations: {GF: green fever}
figures:
  - {file: chest.png, label: Figure 1, caption: Chest radiograph.}
---
"""
BODY = """# Introduction
Green fever is **rare**[^1]. <!-- a remark -->

# Case presentation
A 45-year-old man presented with fever (Figure 1, Figs. 2 and 1, Table 1).
His _temperature_ was 39 \\*C; see [this](http://example.org).

![Figure 2. Skin *rash*.](rash.png)

## Physical examination
- Pale
- Sweaty

Table 1. Bloods
| Test | Value |
|:-----|------:|
| WBC  | 12 \\| high |

## Final diagnosis
Green fever.
"""


def read(text: str) -> Article:
    article = read_markdown(text.encode())
    check_article(article)
    return article


def test_head_and_body_make_an_article() -> None:
    article = read(HEAD + BODY)
    assert article.title == "A fictional case of green fever"
    assert (article.licence, article.published, article.language) == ("CC-BY-4.0", date(2025, 11, 3), "en")
    assert (article.group, article.protected, article.journal) == ("patient-7", True, "Fictional Cases")
    assert (
        article.citation == "Roe A. A fictional case of green fever. Fictional Cases. 2025. doi:10.1234/ab"
    )
    assert [(i.scheme, i.value) for i in article.identifiers] == [
        ("doi", "10.1234/ab"),
        ("pmcid", "PMC99123"),
    ]
    assert article.abbreviations == ("GF=green fever",)
    assert [(s.kind, s.path, s.span.of(article.text)) for s in article.sections] == [
        ("title", (), "A fictional case of green fever"),
        ("background", ("Introduction",), "Green fever is rare."),
        (
            "presentation",
            ("Case presentation",),
            "A 45-year-old man presented with fever (Figure 1, Figs. 2 and 1, Table 1). His temperature was 39 *C; see this.",
        ),
        ("examination", ("Case presentation", "Physical examination"), "\u2022 Pale\n\n\u2022 Sweaty"),
        ("diagnosis", ("Case presentation", "Final diagnosis"), "Green fever."),
        ("captions", ("Figure 1",), "Chest radiograph."),
        ("captions", ("Figure 2",), "Skin rash."),
        ("tables", ("Table 1",), "Bloods\n\nTest | Value\nWBC | 12 | high"),
    ]


def test_figures_tables_and_their_mentions() -> None:
    article = read(HEAD + BODY)
    assert [(f.label, f.caption, f.graphics) for f in article.figures] == [
        ("Figure 1", "Chest radiograph.", ("chest.png",)),
        ("Figure 2", "Skin rash.", ("rash.png",)),
    ]
    assert [[m.of(article.text) for m in f.mentions] for f in article.figures] == [
        ["Figure 1", "1"],
        ["Figs. 2"],
    ]
    (table,) = article.tables
    assert table.rows == (("Test", "Value"), ("WBC", "12 | high"))
    assert [m.of(article.text) for m in table.mentions] == ["Table 1"]


def test_the_first_heading_is_the_title_where_the_head_gives_none() -> None:
    article = read(
        "---\nkind: case_report\n---\n# A case of blue toes\n\n## Case\n\nA man of 40 presented.\n"
    )
    assert article.title == "A case of blue toes"
    assert [s.path for s in article.sections] == [(), ("Case",)]
    assert article.licence == "unknown"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("keywords", "keywrods"), "'keywrods' is no known key.*Known keys: kind, title"),
        (("[fever, green]", "7"), "'keywords'"),
        (("2025-11-03", "soon"), "'published'"),
        (("title: A", "title: B: A"), "not valid YAML"),
        (("protected: true", "protected: perhaps"), "'protected'"),
        (("language: en", "language: &a en\njournal: *a"), "aliases"),
        (("language: en", 'language: "\\ud800"'), "surrogates"),
        (("---\n# Introduction", "\n# Introduction"), "no end"),
    ],
)
def test_a_wrong_head_is_refused_with_the_key(change: tuple[str, str], reason: str) -> None:
    text = (HEAD + BODY).replace(*change)
    with pytest.raises(SourceError, match=f"(?s){reason}") as caught:
        read_markdown(text.encode())
    assert caught.value.remedy


def test_an_unknown_licence_is_told() -> None:
    article = read((HEAD + BODY).replace("CC BY 4.0", "see website"))
    assert article.licence == "unknown"
    assert any("see website" in note for note in article.notes)


def test_plain_text_with_headings() -> None:
    article = read_plain_text(
        b"A strange case of blue hands\n\nAbstract\nWe report something.\n\nCASE PRESENTATION:\nA 30-year-old woman "
        b"presented with blue hands. She had\nno pain.\n\nCase 2\n\nA man of 40 came too.\n\n1. Discussion\n\nThis is it.\n"
    )
    check_article(article)
    assert article.title == "A strange case of blue hands"
    assert [(s.kind, s.title) for s in article.sections] == [
        ("title", ""),
        ("abstract", "Abstract"),
        ("presentation", "CASE PRESENTATION"),
        ("presentation", "Case 2"),
        ("discussion", "1. Discussion"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings(encoding: str) -> None:
    article = read_plain_text(
        "Title here\n\nCase report\n\nA 30-year-old woman had a na\xefve rash.\n".encode(encoding)
    )
    assert "na\xefve rash" in article.text


MARKS = st.sampled_from(
    ["# ", "## ", "\n", "\n\n", "- ", "1. ", "|", "|--|--|\n", "![a](b.png)", "[x](y)", "**", "*", "_", "`", "<!--", "-->",
     "Case 1\n", "Case 2: ", "Discussion", "Figure 1", "A 30-year-old man presented. ", "word ", "\\", "<b>", "\uffff", "\u200b",
     "---\n", "===\n", "[^1]", "Table 2. T\n", "(CT)", "\x0c", "\x85"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(MARKS, max_size=40))
def test_any_body_gives_a_sound_article_or_a_reason(pieces: list[str]) -> None:
    data = ("---\nkind: case_report\n---\n" + "".join(pieces)).encode()
    reading = CaseReportReader().read(data, kind="case_markdown")
    if reading.article is None:
        assert "no text" in reading.failure
    else:
        check_article(reading.article)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_any_text_gives_a_sound_article_or_a_reason(text: str) -> None:
    reading = CaseReportReader().read(text.encode("utf-8", "replace"), kind="case_text")
    if reading.article is not None:
        check_article(reading.article)
    assert "The reader failed" not in reading.failure
