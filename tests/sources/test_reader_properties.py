"""Whatever the reader is given: a sound article, or a reason; never a crash."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from grandrounds.sources.case_report import CaseReportReader
from tests.sources.article_checks import check_article
from tests.sources.articles import BMC, ELSEVIER, FRONTIERS, PLOS, jats

WORDS = st.sampled_from(
    ["A 30-year-old man presented", " ", "  \n", "Case 2. ", "Figure 1", " (CT) ", "computed tomography", "[", "]", "(", ")",
     ", ", "\u200b", "\u00a0", "10", "Figures 1 and 2", "Table 1", "&amp;", "&alpha;", "\u03bc", ".", "Patient 1: "]
)  # fmt: skip
INLINE = [
    "italic",
    "bold",
    "sup",
    "sub",
    "named-content",
    "break",
    "inline-formula",
    "fn",
    "abbrev",
    "ext-link",
    "alternatives",
]
BLOCK = ["p", "sec", "list", "list-item", "def-list", "def-item", "disp-quote", "boxed-text", "disp-formula", "title", "label",
         "caption", "fig", "fig-group", "table-wrap", "table", "tr", "td", "thead", "table-wrap-foot", "alternatives", "graphic",
         "supplementary-material", "term", "def", "fn-group", "unheard-of", "p", "p", "sec"]  # fmt: skip


def element(name: str, content: list[str], attributes: str) -> str:
    return f"<{name}{attributes}>{''.join(content)}</{name}>"


ATTRIBUTES = st.sampled_from(
    [
        "",
        "",
        "",
        ' id="f1"',
        ' id="t1"',
        ' sec-type="cases"',
        ' rowspan="3"',
        ' colspan="2"',
        ' list-type="order"',
    ]
)
XREF = st.builds(
    lambda kind, rid, words: f'<xref ref-type="{kind}" rid="{rid}">{words}</xref>',
    st.sampled_from(["bibr", "fig", "table", "fn", "sec", ""]),
    st.sampled_from(["f1", "t1", "B1", "f1 t1", ""]),
    st.sampled_from(["1", "[2]", "Roe, 2001", "2004", "Figure 1", "", "1(a)"]),
)
INNER = st.recursive(
    WORDS | XREF,
    lambda inner: st.builds(element, st.sampled_from(INLINE), st.lists(inner, max_size=4), st.just("")),
    max_leaves=8,
)
OUTER = st.recursive(
    st.builds(element, st.just("p"), st.lists(INNER, max_size=6), st.just("")),
    lambda inner: st.builds(
        element, st.sampled_from(BLOCK), st.lists(inner | INNER, max_size=5), ATTRIBUTES
    ),
    max_leaves=14,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(OUTER, max_size=5), st.lists(OUTER, max_size=2), st.booleans())
def test_generated_articles_are_sound_and_lose_no_word_of_their_paragraphs(
    body: list[str], back: list[str], doctype: bool
) -> None:
    data = jats("".join(body), back="".join(back))
    if doctype:
        data = b'<!DOCTYPE article PUBLIC "x" "y.dtd">' + data
    reading = CaseReportReader().read(data, kind="jats")
    assert "The reader failed" not in reading.failure
    if reading.article is not None:
        check_article(reading.article)
        # The printed words of plain paragraphs at the top of the body are all there.
        for paragraph in body:
            tree = etree.fromstring(paragraph.replace("&alpha;", "\u03b1"))
            if tree.tag == "p" and not len(tree):
                stored = reading.article.text.replace("\u200b", "")
                assert all(word in stored for word in (tree.text or "").replace("\u200b", "").split())
    else:
        assert reading.failure.strip().endswith((".", "!"))


def mutated(rng: random.Random) -> bytes:
    data = bytearray(rng.choice([BMC, ELSEVIER, FRONTIERS, PLOS]))
    for _ in range(rng.choice([1, 1, 3, 12])):
        place = rng.randrange(len(data))
        action = rng.randrange(4)
        if action == 0:
            data[place : place + 1] = bytes([rng.randrange(256)])
        elif action == 1:
            del data[place : place + rng.randrange(1, 60)]
        elif action == 2:
            data[place:place] = rng.choice(
                [
                    b"<p>",
                    b"</p>",
                    b"<sec>",
                    b"</sec>",
                    b"&foo;",
                    b"&alpha;",
                    b"\x00",
                    b"<!--",
                    b"]]>",
                    b"<xref>",
                    b"</article>",
                ]
            )
        else:
            old = rng.choice(
                [b"sec", b"p", b"title", b"xref", b"fig", b"caption", b"body", b"front", b"label"]
            )
            new = rng.choice([b"p", b"list", b"table", b"tr", b"fn", b"sup", b"zzz", b"abstract"])
            data = bytearray(bytes(data).replace(b"<" + old, b"<" + new).replace(b"</" + old, b"</" + new))
        if not data:
            break
    return bytes(data)


def test_seeded_mutations_end_in_an_article_or_a_reason() -> None:
    rng = random.Random(20)  # a test that can be repeated
    reader = CaseReportReader()
    read = 0
    for _ in range(400):
        data = mutated(rng)
        reading = reader.read(data, kind="jats")
        assert "The reader failed" not in reading.failure, data
        if reading.article is not None:
            read += 1
            check_article(reading.article)
        else:
            assert len(reading.failure) > 20
    assert 40 < read < 400
