"""CNXML: figures and captions exactly as they are marked up."""

from __future__ import annotations

import pytest

from grandrounds.errors import SourceError
from grandrounds.textbooks.cnxml import read_collection, read_module
from grandrounds.textbooks.values import ReadFigure
from tests.support.books import collection, module

ONE = (
    '<para id="p1">The foot (<link target-id="f1"/>) is <emphasis>made up</emphasis>.</para>'
    '<figure id="f1"><title>The Foot</title><media id="x" alt="An alternative.">'
    '<image mime-type="image/png" src="../../media/foot.png"/></media>'
    "<caption>It has <emphasis>six</emphasis> toes, see <link url='http://a.b'>a site</link>.</caption></figure>"
)


def figures(content: str) -> tuple[ReadFigure, ...]:
    return read_module(module(content).encode()).book.figures


def test_a_caption_is_title_and_words_without_markup_and_without_the_alternative() -> None:
    (figure,) = figures(ONE)
    assert figure.caption == "The Foot It has six toes, see a site."
    assert figure.graphic == "../../media/foot.png"
    assert (figure.status, figure.label, figure.alignment) == ("paired", "", 1.0)
    assert "alternative" not in repr(figure)


def test_a_mention_is_the_paragraph_with_the_reference_as_a_reader_sees_it() -> None:
    (figure,) = figures(ONE)
    (mention,) = figure.mentions
    assert mention.paragraph == "The foot (Figure) is made up."
    assert mention.words == "Figure"


def test_a_letter_behind_a_reference_is_its_panel() -> None:
    (figure,) = figures(
        '<para>It heals (<link target-id="f"/><emphasis effect="bold">b</emphasis>) or not '
        '(<link target-id="f">Fig. 2</link>c).</para><figure id="f"><media><image src="a.png"/></media>'
        "<caption>Healing.</caption></figure>"
    )
    assert [mention.words for mention in figure.mentions] == ["Figure b", "Fig. 2c"]
    assert figure.mentions[0].paragraph == "It heals (Figure b) or not (Fig. 2c)."


def test_formulas_and_raised_digits_in_a_caption_keep_their_meaning() -> None:
    (figure,) = figures(
        '<figure id="f"><media><image src="a.png"/></media><caption>About 10<sup>9</sup> cells, '
        "<m:math><m:mfrac><m:mn>1</m:mn><m:mn>2</m:mn></m:mfrac></m:math> of H<sub>2</sub>O<footnote>No."
        "</footnote>.<newline/>End.</caption></figure>"
    )
    assert figure.caption == "About 10⁹ cells, 1/2 of H2O. End."


def test_subfigures_are_rows_of_one_figure_with_title_part_and_caption() -> None:
    parts = "".join(
        f'<subfigure id="s{n}"><media><image src="{n}.png"/></media><caption>Part {n}.</caption></subfigure>'
        for n in (1, 2)
    )
    made = figures(
        f'<para><link target-id="f"/> and <link target-id="s2">Part (b)</link></para><figure id="f"><title>Toes</title>{parts}'
        "<caption>All of them.</caption></figure>"
    )
    assert [figure.caption for figure in made] == ["Toes Part 1. All of them.", "Toes Part 2. All of them."]
    assert [figure.label for figure in made] == ["(a)", "(b)"]
    assert [figure.graphic for figure in made] == ["1.png", "2.png"]
    assert len({figure.part_of for figure in made}) == 1 and made[0].part_of
    assert [len(figure.mentions) for figure in made] == [1, 2]


def test_two_pictures_under_one_caption_are_two_rows_of_one_figure() -> None:
    made = figures(
        '<figure id="f"><media><image src="1.png"/></media><media><image src="2.png"/></media>'
        "<caption>Both.</caption></figure>"
    )
    assert [(figure.graphic, figure.caption, figure.part_of) for figure in made] == [
        ("1.png", "Both.", "f"),
        ("2.png", "Both.", "f"),
    ]


def test_of_one_picture_in_several_forms_the_one_for_the_screen_is_taken() -> None:
    (figure,) = figures(
        '<figure id="f"><media><image for="pdf" src="print.eps"/><image src="screen.png"/></media>'
        "<caption>Once.</caption></figure>"
    )
    assert figure.graphic == "screen.png"


@pytest.mark.parametrize(
    ("inside", "why"),
    [
        ("<media><video src='a.mp4'/></media>", "video"),
        ("<table><tgroup cols='1'><tbody><row><entry>1</entry></row></tbody></tgroup></table>", "table"),
        ("", "no picture"),
    ],
)
def test_a_figure_without_a_picture_says_why(inside: str, why: str) -> None:
    (figure,) = figures(f'<figure id="f">{inside}<caption>Words.</caption></figure>')
    assert figure.status == "no_picture" and why in figure.reason and figure.caption == "Words."


def test_a_picture_in_the_text_is_decoration_and_one_by_itself_is_a_figure_without_a_caption() -> None:
    book = read_module(
        module(
            '<para>Press <media alt="a"><image src="key.png"/></media> now.</para>'
            '<media id="m"><image src="alone.png"/></media>'
        ).encode()
    ).book
    assert book.decoration == 1
    assert [(figure.graphic, figure.status) for figure in book.figures] == [("alone.png", "no_caption")]


def test_sections_chapter_and_tables_are_told() -> None:
    book = read_module(
        module(
            "<section><title>Toes</title><section><title>The sixth</title>"
            '<figure id="f"><media><image src="a.png"/></media><caption>C.</caption></figure>'
            "<table><tgroup cols='1'><tbody><row><entry>1</entry></row></tbody></tgroup></table>"
            "</section></section>"
        ).encode()
    ).book
    (figure,) = book.figures
    assert (figure.chapter, figure.section) == ("The Fictional Foot", ("Toes", "The sixth"))
    assert book.tables == 1


def test_a_reference_to_another_module_is_handed_on() -> None:
    made = read_module(module('<para>See <link document="m2" target-id="fig-9"/>.</para>').encode())
    ((name, target, mention),) = made.outward
    assert (name, target, mention.paragraph) == ("m2", "fig-9", "See Figure.")


def test_the_metadata_say_licence_people_and_language() -> None:
    book = read_module(
        module(
            "<para>Words.</para>",
            metadata='<md:license url="http://creativecommons.org/licenses/by/4.0/">CC BY</md:license>'
            "<md:language>de</md:language><md:uuid>u</md:uuid>"
            "<md:actors><md:person><md:fullname>A. Nobody</md:fullname></md:person></md:actors>",
        ).encode()
    ).book
    assert book.licence_links == ("http://creativecommons.org/licenses/by/4.0/",)
    assert (book.language, book.authors) == ("de", ("A. Nobody",))


def test_a_collection_gives_chapters_and_order() -> None:
    made = read_collection(collection(("Feet", ["m2", "m1"]), ("Hands", ["m3"])).encode())
    assert [(place.module, place.path) for place in made.modules] == [
        ("m2", ("Feet",)),
        ("m1", ("Feet",)),
        ("m3", ("Hands",)),
    ]
    assert made.book.title == "Fictional Anatomy" and made.book.language == "en"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<document xmlns='http://cnx.rice.edu/cnxml'><title>cut",
        b'<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><document xmlns="http://cnx.rice.edu/cnxml">'
        b"<content><para>&b;</para></content></document>",
        b'<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]><document xmlns="http://cnx.rice.edu/cnxml">'
        b"<content><para>&a;</para></content></document>",
    ],
)
def test_broken_or_hostile_markup_is_refused_with_a_remedy(data: bytes) -> None:
    with pytest.raises(SourceError) as caught:
        read_module(data)
    assert caught.value.remedy
    assert "root:" not in str(caught.value)
