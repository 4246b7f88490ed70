"""Chapters in XHTML and HTML: figures in all the forms that books use."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grandrounds.errors import SourceError
from grandrounds.textbooks.xhtml import read_chapter
from tests.support.books import page, picture

FORMS = {
    "figure": '<figure id="f"><img src="i/a.png" alt="An alternative."/><figcaption>Figure 7.2. The <em>foot'
    "</em>.</figcaption></figure>",
    "class": '<div class="figure" id="f"><img src="i/a.png"/><p class="caption"><b>Figure 7.2</b> The foot.</p></div>',
    "openstax": '<div class="os-figure"><figure id="f"><span data-type="media"><img src="i/a.png"/></span></figure>'
    '<div class="os-caption-container"><span class="os-title-label">Figure </span><span class="os-number">7.2'
    '</span><span class="os-divider"> </span><span class="os-caption">The foot.</span></div></div>',
    "after": '<p><img src="i/a.png" id="f"/></p><p class="caption">Figure 7.2: The foot.</p>',
    "before": '<p class="figcaption">Figure 7.2. The foot.</p><div><img src="i/a.png" id="f"/></div>',
    "bold": '<p><img src="i/a.png" id="f"/></p><p><b>Figure 7.2.</b> The foot.</p>',
}


@pytest.mark.parametrize("form", FORMS)
def test_label_and_caption_are_found_in_each_form(form: str) -> None:
    book = read_chapter(
        page(f"<h1>Feet</h1>{FORMS[form]}<p>See <a href='#f'>Figure 7.2</a>a.</p>").encode()
    )
    (figure,) = book.figures
    assert (figure.label, figure.caption, figure.graphic) == ("Figure 7.2", "The foot.", "i/a.png")
    assert figure.status == "paired" and figure.chapter == "Feet"
    assert [mention.paragraph for mention in figure.mentions] == ["See Figure 7.2a."]


def test_a_mention_without_a_link_is_found_by_its_number() -> None:
    book = read_chapter(
        page(
            FORMS["figure"].replace(' id="f"', "")
            + "<p>As Fig. 7.2 tells.</p><p>Not Figure 7.21, nor Table 7.2.</p><p>Figures 7.2 and 8.</p>"
        ).encode()
    )
    assert [m.words for m in book.figures[0].mentions] == ["Fig. 7.2", "Figures 7.2"]


def test_a_list_of_figures_is_no_mention() -> None:
    book = read_chapter(
        page("<ul><li><a href='#f'>Figure 7.2. The foot.</a></li></ul>" + FORMS["figure"]).encode()
    )
    assert book.figures[0].mentions == ()


def test_two_pictures_under_one_caption_and_parts_of_a_figure() -> None:
    book = read_chapter(
        page(
            "<figure id='x'><img src='1.png'/><img src='2.png'/><figcaption>Fig. 1 Both.</figcaption></figure>"
            "<figure id='y'><figure><img src='3.png'/><figcaption>(a) Left.</figcaption></figure>"
            "<figure><img src='4.png'/><figcaption>(b) Right.</figcaption></figure>"
            "<figcaption>Sides.</figcaption></figure>"
        ).encode()
    )
    assert [(f.graphic, f.caption) for f in book.figures] == [
        ("1.png", "Both."),
        ("2.png", "Both."),
        ("3.png", "(a) Left. Sides."),
        ("4.png", "(b) Right. Sides."),
    ]
    assert len({f.part_of for f in book.figures}) == 2


def test_decoration_is_counted_and_a_bare_picture_is_a_row() -> None:
    book = read_chapter(
        page(
            "<p>Press <img src='k.png'/> here.</p><p><img src='logo.png'/></p><p><img src='e.png' alt=''/></p>"
            + "<p><img src='rep.png'/></p>" * 3
            + "<p><img src='real.png' alt='A foot'/></p>"
        ).encode()
    )
    assert [(f.graphic, f.status) for f in book.figures] == [("real.png", "no_caption")]
    assert book.decoration == 6


def test_a_caption_without_a_picture_is_a_row() -> None:
    book = read_chapter(
        page(
            "<p class='caption'>Figure 3. Lost.</p><figure><figcaption>Gone.</figcaption></figure>"
        ).encode()
    )
    assert [(f.status, f.label, f.caption) for f in book.figures] == [
        ("no_picture", "Figure 3", "Lost."),
        ("no_picture", "", "Gone."),
    ]
    assert all(f.reason for f in book.figures)


def test_a_table_in_a_figure_is_a_table_and_a_drawing_is_told() -> None:
    book = read_chapter(
        page(
            "<figure><table><tr><td>1</td></tr></table><figcaption>Table 1. T.</figcaption></figure>"
            "<figure><svg xmlns='http://www.w3.org/2000/svg'><circle r='3'/></svg><figcaption>Drawn.</figcaption>"
            "</figure>"
        ).encode()
    )
    assert book.tables == 1
    assert [(f.status, f.caption) for f in book.figures] == [("no_picture", "Drawn.")]
    assert "SVG" in book.figures[0].reason


def test_a_picture_in_the_markup_itself_is_taken() -> None:
    data = picture()
    address = f"data:image/png;base64,{base64.b64encode(data).decode()}"
    book = read_chapter(
        page(f"<figure><img src='{address}'/><figcaption>In.</figcaption></figure>").encode()
    )
    assert book.figures[0].picture == data


def test_the_head_says_who_what_and_under_which_licence() -> None:
    book = read_chapter(
        page(
            "<p>Words.</p>",
            head='<meta name="citation_title" content="On Feet"/><meta name="citation_author" content="A. Nobody"/>'
            '<meta name="citation_doi" content="10.9999/feet.1"/><meta name="dc.date" content="2024-03-01"/>'
            '<link rel="license" href="https://creativecommons.org/licenses/by/4.0/"/>',
            lang="en-GB",
        ).encode()
    )
    assert (book.title, book.authors, book.language) == ("On Feet", ("A. Nobody",), "en-GB")
    assert [one.value for one in book.identifiers] == ["10.9999/feet.1"]
    assert book.licence_links == ("https://creativecommons.org/licenses/by/4.0/",)
    assert str(book.published) == "2024-03-01"


def test_html_that_is_no_xml_is_read_too() -> None:
    book = read_chapter(
        b"<!doctype html><title>T</title><p>One<p>Two<figure><img src=a.png><figcaption>Fig 1. It&nbsp;is."
        b"</figure>"
    )
    assert [(f.label, f.caption) for f in book.figures] == [("Fig 1", "It is.")]


def test_sections_follow_headings() -> None:
    book = read_chapter(
        page(
            f"<h1>Feet</h1><h2>Toes</h2><h3>Sixth</h3>{FORMS['figure']}<h2>Heels</h2>"
            "<figure><img src='b.png'/><figcaption>B.</figcaption></figure>"
        ).encode()
    )
    assert [f.section for f in book.figures] == [("Toes", "Sixth"), ("Heels",)]


def test_entities_of_its_own_are_never_expanded() -> None:
    with pytest.raises(SourceError, match="entit"):
        read_chapter(
            b'<!DOCTYPE html [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><html xmlns="http://www.w3.org/1999/xhtml">'
            b"<body><p>&b;</p></body></html>"
        )


_PIECES = st.sampled_from(
    ["<figure>", "</figure>", "<img src='a.png'/>", "<figcaption>", "</figcaption>", "Figure 1. ", "<p class='caption'>",
     "</p>", "<p>", "<div class='figure'>", "</div>", "words ", "<a href='#x'>", "</a>", "<table>", "</table>", "&amp;",
     "<svg>", "</svg>", "<h2>", "</h2>", "\u00e9"]
)  # fmt: skip


@given(st.lists(_PIECES, max_size=30))
def test_whatever_the_markup_is_every_figure_has_a_status_and_sound_words(pieces: list[str]) -> None:
    book = read_chapter(f"<!doctype html><html><body>{''.join(pieces)}</body></html>".encode())
    for figure in book.figures:
        assert figure.status in ("paired", "no_caption", "no_picture", "label_only")
        assert figure.status == "paired" or figure.reason
        assert figure.caption == " ".join(figure.caption.split())
        for mention in figure.mentions:
            assert mention.words in mention.paragraph
