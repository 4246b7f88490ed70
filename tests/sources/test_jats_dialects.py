"""JATS and NLM as publishers write them."""

from __future__ import annotations

from datetime import date

import pytest

from grandrounds.errors import SourceError
from grandrounds.records.case import Section
from grandrounds.sources.article import Article
from grandrounds.sources.jats import read_jats
from tests.sources.article_checks import check_article
from tests.sources.articles import BMC, ELSEVIER, FRONTIERS, NAMESPACES, PLOS, jats


def read(data: bytes) -> Article:
    article = read_jats(data)
    check_article(article)
    return article


def told(article: Article, kind: str) -> list[str]:
    """The texts of all sections of one kind."""
    return [section.span.of(article.text) for section in article.sections if section.kind == kind]


def section(article: Article, title: str) -> Section:
    return next(s for s in article.sections if s.title == title)


def test_frontiers() -> None:
    article = read(FRONTIERS)
    assert told(article, "background") == ["Blue sleep is rare. Roe et al. (2010) saw it first."]
    assert told(article, "presentation") == [
        "A 7-year-old girl was admitted with blue sleep (Figure 1A; Table 1).",
        "She slept on.",
    ]
    assert told(article, "discussion") == ["Sleep is blue."]
    assert told(article, "back") == ["On request."]
    assert article.licence == "CC-BY-4.0"
    (figure,) = article.figures
    assert (figure.label, figure.graphics) == ("FIGURE 1", ("fneur-01-00001-g001.tif",))
    assert [span.of(article.text) for span in figure.mentions] == ["Figure 1A"]


def test_plos() -> None:
    article = read(PLOS)
    assert told(article, "background") == ["A fever (Fig 1)."]
    assert (article.published, article.published_origin) == (date(2013, 2, 28), "epub")
    assert article.licence == "CC-BY-3.0"
    (figure,) = article.figures
    assert figure.caption == "Fever over time. Each dot is a day."
    assert figure.caption_span is not None
    assert figure.caption_span.of(article.text) == "Fever over time.\n\nEach dot is a day."


def test_elsevier() -> None:
    article = read(ELSEVIER)
    assert told(article, "background") == ["A lump is not a bump."]
    assert told(article, "presentation") == ["A woman aged 61 presented with a lump (Fig. 1a, b)."]
    assert section(article, "2 Presentation of case").kind == "presentation"
    assert [mark.span.of(article.text) for mark in article.marks] == ["Fig. 1a, b"]
    assert article.keywords == ("Lump", "Palm")
    assert article.abbreviations == ("LMP=lump of the palm",)
    assert article.licence == "CC-BY-NC-ND-4.0"
    assert article.figures[0].graphics == ("gr1",)


def test_bmc() -> None:
    article = read(BMC)
    assert told(article, "background") == ["Knees click."]
    assert told(article, "presentation") == [
        "A 23-year-old Caucasian woman presented with a click (Fig. 1a). The force was 3×10² N."
    ]
    assert [(m.kind, m.span.of(article.text)) for m in article.marks] == [
        ("figure", "Fig. 1a"),
        ("formula", "3×10²"),
    ]
    assert article.abbreviations == ("ACL=Anterior cruciate ligament",)
    assert told(article, "back") == ["ACL: Anterior cruciate ligament", "None."]
    assert article.licence == "CC-BY-4.0"


def test_metadata() -> None:
    article = read(
        jats(
            ids='<article-id pub-id-type="pmc">123456</article-id>'
            '<article-id pub-id-type="doi">https://doi.org/10.9999/Cough.1</article-id>'
            '<article-id pub-id-type="pmid">77</article-id>',
            title="A <italic>cough</italic><xref ref-type='fn' rid='f'>*</xref> that<break/>would not stop",
        )
    )
    assert article.title == "A cough that would not stop"
    assert [(i.scheme, i.value) for i in article.identifiers] == [
        ("pmcid", "PMC123456"),
        ("doi", "10.9999/Cough.1"),
        ("pmid", "77"),
    ]
    assert article.journal == "Journal of Invented Cases"
    assert article.article_type == "case-report"
    assert article.language == "en"
    assert article.citation == (
        "Roe AB. A cough that would not stop. Journal of Invented Cases. 2021. doi:10.9999/Cough.1"
    )


@pytest.mark.parametrize(
    ("dates", "day", "origin"),
    [
        ('<pub-date pub-type="ppub"><year>2016</year></pub-date>', date(2016, 1, 1), "ppub, year only"),
        (
            '<pub-date pub-type="ppub"><month>May</month><year>2016</year></pub-date>'
            '<pub-date pub-type="pmc-release"><day>1</day><month>2</month><year>2015</year></pub-date>',
            date(2016, 5, 1),
            "ppub, month only",
        ),
        (
            '<pub-date date-type="pub" publication-format="print"><year>2019</year></pub-date>'
            '<pub-date date-type="pub" publication-format="electronic" iso-8601-date="2018-12-24">'
            "<day>24</day><month>12</month><year>2018</year></pub-date>",
            date(2018, 12, 24),
            "pub electronic",
        ),
        ('<pub-date pub-type="epub" iso-8601-date="2020-02-29"/>', date(2020, 2, 29), "epub"),
        (
            '<pub-date pub-type="epub"><day>31</day><month>2</month><year>2020</year></pub-date>',
            date(2020, 2, 1),
            "epub, month only",
        ),
        ('<pub-date pub-type="retracted"><year>2020</year></pub-date>', None, ""),
        ("", None, ""),
    ],
)
def test_dates(dates: str, day: date | None, origin: str) -> None:
    article = read(jats(dates=dates))
    assert (article.published, article.published_origin) == (day, origin)


def test_nested_sections_lists_quotes_boxes_and_footnotes_lose_no_words() -> None:
    article = read(
        jats(
            "<p>Before any section.</p><sec><title>Case report</title><p>One <list list-type='order'><list-item><p>first"
            "</p><list><list-item><p>inner</p></list-item></list></list-item><list-item><label>b.</label><p>second</p>"
            "</list-item></list> tail.</p><disp-quote><p>Quoted.</p><attrib>Anon</attrib></disp-quote>"
            "<boxed-text><caption><title>Box one</title></caption><p>Boxed.</p></boxed-text>"
            "<p>Noted<fn id='n1'><label>1</label><p>The footnote.</p></fn> here.</p>"
            "<sec><p>No title.</p><sec><title>Physical examination</title><p>Pale.</p></sec></sec>loose words"
            "<unknown-thing><p>Kept.</p></unknown-thing><def-list><def-item><term>T</term><def><p>means this</p></def>"
            "</def-item></def-list><supplementary-material id='s1'><label>S1</label><caption><p>A film.</p></caption>"
            "</supplementary-material></sec>",
            back="<app-group><app><title>Appendix A</title><p>More.</p></app></app-group><fn-group><fn><p>Sponsor.</p></fn>"
            "</fn-group><ref-list><ref id='B1'><mixed-citation>Not prose.</mixed-citation></ref></ref-list>",
        )
    )
    text = article.text
    for words in [
        *(
            "Before any section.",
            "One",
            "(1) first",
            "inner",
            "b. second",
            "tail.",
            "Quoted.",
            "Anon",
            "Boxed.",
        ),
        *("Noted here.", "The footnote.", "No title.", "Pale.", "loose words", "Kept.", "T: means this"),
    ]:
        assert words in text
    assert " ".join(text.split()).endswith("A film. More. Sponsor.")
    assert "Not prose" not in text
    assert section(article, "Physical examination").kind == "examination"
    assert section(article, "Physical examination").path == ("Case report", "Physical examination")


def test_tables_of_both_models() -> None:
    html = (
        "<table-wrap id='t1'><label>Table 1</label><caption><p>Bloods.</p></caption><table><thead><tr><th rowspan='2'>Test</th>"
        "<th colspan='2'>Day</th></tr><tr><th>1</th><th>2</th></tr></thead><tbody><tr><td>WBC (10<sup>9</sup>/L)</td><td>4"
        "<xref ref-type='table-fn' rid='n'><sup>a</sup></xref></td><td>5 [<xref ref-type='bibr' rid='B1'>1</xref>]</td></tr>"
        "</tbody></table><table-wrap-foot><fn id='n'><label>a</label><p>Fasting.</p></fn></table-wrap-foot></table-wrap>"
    )
    cals = (
        "<table-wrap id='t2'><label>Table 2</label><oasis:table><oasis:tgroup cols='3'><oasis:colspec colname='c1'/>"
        "<oasis:colspec colname='c2'/><oasis:colspec colname='c3'/><oasis:tbody><oasis:row><oasis:entry namest='c1' nameend='c2'>"
        "wide</oasis:entry><oasis:entry morerows='1'>tall</oasis:entry></oasis:row><oasis:row><oasis:entry>x</oasis:entry>"
        "<oasis:entry>y</oasis:entry></oasis:row></oasis:tbody></oasis:tgroup></oasis:table></table-wrap>"
    )
    article = read(
        jats(
            f"<p>A man of 40 presented (Tables <xref ref-type='table' rid='t1'>1</xref> and 2).</p>{html}{cals}"
        )
    )
    first, second = article.tables
    assert first.rows == (("Test", "Day", "Day"), ("Test", "1", "2"), ("WBC (10\u2079/L)", "4\u1d43", "5"))
    assert first.span.of(article.text) == (
        "Bloods.\n\nTest | Day\nTest | 1 | 2\nWBC (10\u2079/L) | 4\u1d43 | 5\n\na Fasting."
    )
    assert second.rows == (("wide", "wide", "tall"), ("x", "y", "tall"))
    assert [span.of(article.text) for span in first.mentions] == ["Tables 1"]
    assert [s.kind for s in article.sections[-2:]] == ["tables", "tables"]


def test_hostile_spans_are_bounded() -> None:
    cell = "<td rowspan='99999999' colspan='99999999'>x</td>"
    article = read(
        jats(
            f"<p>A case.</p><table-wrap><table><tr>{cell * 50}</tr>{'<tr><td>y</td></tr>' * 900}</table></table-wrap>"
        )
    )
    assert sum(map(len, article.tables[0].rows)) < 300_000


def test_groups_of_floats_and_missing_labels() -> None:
    article = read(
        jats(
            "<p>A man (<xref ref-type='fig' rid='g'>Figure 3</xref>).</p><fig-group id='g'><label>Figure 3</label><caption>"
            "<p>Both eyes.</p></caption><fig id='a'><label>(a)</label><caption/><graphic xlink:href='a'/></fig><fig id='a'>"
            "<label>(b)</label><graphic xlink:href='b'/></fig></fig-group><fig><graphic xlink:href='c'/></fig>"
        )
    )
    assert [(f.figure_id, f.label, f.caption) for f in article.figures] == [
        ("figure-1", "", ""),
        ("a", "Figure 3(a)", ""),
        ("a-2", "Figure 3(b)", ""),
    ]
    assert article.figures[1].mentions
    assert told(article, "captions") == ["Both eyes."]


def test_a_range_of_figures_mentions_those_between() -> None:
    figures = "".join(f"<fig id='f{n}'><label>Figure {n}</label></fig>" for n in range(1, 5))
    article = read(
        jats(
            "<p>See Figures <xref ref-type='fig' rid='f1'>1</xref>–<xref ref-type='fig' rid='f3'>3</xref> and Figure 4.</p>"
            + figures
        )
    )
    assert [[m.of(article.text) for m in f.mentions] for f in article.figures] == [
        ["Figures 1"],
        ["Figures 1–3"],
        ["3"],
        ["Figure 4"],
    ]


def test_several_patients_get_numbers_and_their_own_figures() -> None:
    article = read(
        jats(
            "<sec><title>Introduction</title><p>Two boys.</p></sec><sec><title>Case series</title><p>Both had spots.</p>"
            "<sec><title>Case 1</title><p>A 3-year-old boy (<xref ref-type='fig' rid='f1'>Figure 1</xref>).</p><sec><title>"
            "Treatment</title><p>Rest.</p></sec></sec><sec><title>Second case</title><p>A 4-year-old boy (Figure 2, Figure 3)."
            "</p></sec></sec><sec><title>Discussion</title><p>Spots (Figure 3).</p></sec>",
            floats="<floats-group>"
            + "".join(
                f"<fig id='f{n}'><label>Figure {n}</label><caption><p>{words}</p></caption></fig>"
                for n, words in ((1, "Spots."), (2, "Spots."), (3, "Spots of patient 2."), (4, "Map."))
            )
            + "</floats-group>",
        )
    )
    assert article.case_count == 2
    numbers = {s.path: s.case_number for s in article.sections if s.kind not in ("captions", "title")}
    assert numbers == {
        ("Introduction",): None,
        ("Case series",): None,
        ("Case series", "Case 1"): 1,
        ("Case series", "Case 1", "Treatment"): 1,
        ("Case series", "Second case"): 2,
        ("Discussion",): None,
    }
    assert [figure.case_number for figure in article.figures] == [1, 2, 2, None]


def test_patients_in_run_in_headings() -> None:
    article = read(
        jats(
            "<sec><title>Case reports</title><p><bold>Case 1.</bold> A 30-year-old man presented.</p><p>He left.</p>"
            "<p><bold>Case 2:</bold> A 31-year-old man presented.</p></sec>"
        )
    )
    assert [(s.title, s.case_number, s.span.of(article.text)) for s in article.sections[1:]] == [
        ("Case 1", 1, "A 30-year-old man presented.\n\nHe left."),
        ("Case 2", 2, "A 31-year-old man presented."),
    ]
    plain = read(
        jats(
            "<sec><title>Case reports</title><p>Case 1: A 30-year-old man presented.</p><p>He left.</p>"
            "<p>Case 2: A 31-year-old man presented.</p></sec>"
        )
    )
    assert [s.case_number for s in plain.sections[1:]] == [1, 2]


def test_a_single_numbered_case_is_one_case() -> None:
    article = read(jats("<sec><title>Case 1</title><p>A 30-year-old man presented.</p></sec>"))
    assert article.case_count == 1
    assert {s.case_number for s in article.sections} == {None}


def test_an_old_letter_without_sections_is_typed_by_its_words() -> None:
    article = read(
        jats(
            "<p>Sir, spots are known since 1900 [<xref ref-type='bibr' rid='B1'>1</xref>].</p><p>A 44-year-old man was "
            "admitted with spots.</p><p>His spots were green.</p><p>To our knowledge this has not been reported "
            "[<xref ref-type='bibr' rid='B1'>1</xref>, <xref ref-type='bibr' rid='B2'>2</xref>].</p>",
            attributes="article-type='letter'",
        )
    )
    assert [s.kind for s in article.sections] == ["title", "background", "presentation", "discussion"]
    assert told(article, "presentation") == [
        "A 44-year-old man was admitted with spots.\n\nHis spots were green."
    ]


def test_sections_that_review_the_disease_are_not_the_patient() -> None:
    cite = "[<xref ref-type='bibr' rid='B1'>1</xref>, <xref ref-type='bibr' rid='B2'>2</xref>]"
    article = read(
        jats(
            "<sec><title>Case report</title><p>A 44-year-old man was admitted.</p></sec>"
            f"<sec><title>Treatment</title><p>Steroids are used {cite}. Surgery is an option {cite}.</p></sec>"
            "<sec><title>Discussion</title><sec><title>Clinical presentation</title><p>Spots.</p></sec></sec>"
        )
    )
    assert [s.kind for s in article.sections] == ["title", "presentation", "discussion", "discussion"]


def test_a_wrapped_article_is_found_and_several_are_refused() -> None:
    inner = jats().decode()
    assert read(f"<pmc-articleset>{inner}</pmc-articleset>".encode()).title
    oai = f"<OAI-PMH xmlns='http://www.openarchives.org/OAI/2.0/'><GetRecord><metadata>{inner}</metadata></GetRecord></OAI-PMH>"
    assert read(oai.encode()).title
    with pytest.raises(SourceError, match="holds 2 articles"):
        read_jats(f"<pmc-articleset>{inner}{inner}</pmc-articleset>".encode())
    with pytest.raises(SourceError, match="holds no article but the answer 'not open'"):
        read_jats(b"<pmc-articleset><Reply Id='1' error='not open'/></pmc-articleset>")


def test_namespaced_articles_are_read_alike() -> None:
    data = f"<article xmlns='http://jats.nlm.nih.gov' {NAMESPACES}>".encode() + jats().split(b">", 1)[1]
    assert read(data).text == read(jats()).text


@pytest.mark.parametrize(
    "body", ["", "<sec><title>Case</title></sec>", "<fig id='f'><caption><p>x</p></caption></fig>"]
)
def test_an_article_without_prose_says_so(body: str) -> None:
    with pytest.raises(SourceError, match="no text"):
        read_jats(jats(body))


def test_sub_articles_are_kept_apart_from_the_case() -> None:
    article = read(
        jats(
            more="<sub-article article-type='reply'><front-stub><title-group><article-title>A reply</article-title></title-group>"
            "</front-stub><body><p>We disagree.</p><fig id='r1'><label>R1</label><caption><p>Proof.</p></caption></fig></body>"
            "</sub-article>"
        )
    )
    assert told(article, "other") == ["We disagree.\n\nProof."]
    assert article.figures == ()


def test_abbreviations_defined_in_the_text() -> None:
    article = read(
        jats(
            "<p>A 40-year-old man with systemic lupus erythematosus (SLE) had magnetic resonance imaging (MRI; 3 T) and GBS "
            "(Guillain-Barre syndrome) of stage (IV).</p>"
        )
    )
    assert article.abbreviations == (
        "SLE=systemic lupus erythematosus",
        "MRI=magnetic resonance imaging",
        "GBS=Guillain-Barre syndrome",
    )


def test_the_language_is_checked_against_the_words() -> None:
    spanish = "El paciente fue ingresado con una tos que no se iba y los médicos del hospital le dieron una pastilla para la noche. "
    article = read(jats(f"<p>{spanish * 6}</p>"))
    assert article.language == "es"
    assert any("its words are es" in note for note in article.notes)
    assert read(jats(attributes="")).language == "en"
    assert read(jats(attributes="xml:lang='EN-us'")).language == "en-US"
