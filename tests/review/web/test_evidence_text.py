"""Stored texts beside an item: every character once, every mark where it belongs, nothing told when blind."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from grandrounds.records.case import Section
from grandrounds.records.parts import Evidence, Locator, Media, Span
from grandrounds.review.web.views.evidence_text import Quote, marked, quotes_of, text_pane
from tests.support.factories import make_candidate, make_case


def spans(most: int):
    return st.tuples(st.integers(0, most), st.integers(0, most)).map(
        lambda pair: Span(start=min(pair), end=max(pair))
    )


@st.composite
def texts(draw):
    text = draw(st.text(alphabet=st.sampled_from("ab é🙂\n "), max_size=60))
    placed = draw(
        st.lists(st.tuples(st.sampled_from(("stem", "answer", "support")), spans(len(text))), max_size=5)
    )
    quotes = [
        Quote(number=n, role=role, words=span.of(text), span=span)
        for n, (role, span) in enumerate(placed, 1)
    ]
    return text, draw(spans(len(text))), quotes, draw(st.lists(spans(len(text)), max_size=3))


def words(paragraphs) -> list[str]:
    """What is shown, word by word."""
    return [
        word for each in paragraphs for word in "".join(segment.text for segment in each.segments).split()
    ]


def words_of(pane) -> list[str]:
    return [word for part in pane.parts for word in words(part.paragraphs)]


@given(texts())
def test_all_words_of_a_span_are_shown_once_and_in_order(drawn):
    text, span, quotes, seen = drawn
    paragraphs = marked(text, span, quotes=quotes, seen=seen)
    assert words(paragraphs) == span.of(text).split()


@given(texts())
def test_each_character_has_the_marks_that_cover_it_and_no_other(drawn):
    text, span, quotes, seen = drawn
    place = span.start
    for paragraph in marked(text, span, quotes=quotes, seen=seen):
        for segment in paragraph.segments:
            place = text.index(segment.text, place) if segment is paragraph.segments[0] else place
            for offset in range(len(segment.text)):
                at = place + offset
                covering = [q for q in quotes if q.span.start <= at < q.span.end]
                assert segment.quotes == tuple(q.number for q in covering)
                assert segment.roles == tuple(sorted({q.role for q in covering}))
                assert segment.seen == any(one.start <= at < one.end for one in seen)
            place += len(segment.text)


@given(texts())
def test_blind_nothing_is_shown_that_the_solver_does_not_see(drawn):
    text, span, quotes, seen = drawn
    for paragraph in marked(text, span, quotes=quotes, seen=seen, only_seen=True):
        assert all(segment.seen for segment in paragraph.segments)


def test_quotes_that_overlap_are_both_marked_where_they_do():
    text = "The pain was sharp and short."
    quotes = [
        Quote(number=1, role="stem", words="pain was sharp", span=Span(start=4, end=18)),
        Quote(number=2, role="answer", words="sharp and short", span=Span(start=13, end=28)),
    ]
    (paragraph,) = marked(text, Span(start=0, end=len(text)), quotes=quotes)
    assert [(s.text, s.roles) for s in paragraph.segments] == [
        ("The ", ()),
        ("pain was ", ("stem",)),
        ("sharp", ("answer", "stem")),
        (" and short", ("answer",)),
        (".", ()),
    ]
    assert [s.starts for s in paragraph.segments] == [(), (1,), (2,), (), ()]


def test_a_quote_that_is_not_at_its_place_is_told_and_marks_nothing():
    case = make_case(1)
    wrong = Evidence(
        role="answer", source_id=case.source_id, evidence_id=case.evidence_id, quote="never written",
        locator=Locator.chars(Span(start=0, end=13)),
    )  # fmt: skip
    far = replace(wrong, quote="x", locator=Locator.chars(Span(start=10**6, end=10**6 + 1)))
    candidate = replace(make_candidate(case), evidence=(wrong, far))
    assert [quote.found for quote in quotes_of(candidate, case.text, evidence_id=case.evidence_id)] == [
        False,
        False,
    ]
    pane = text_pane(case, candidate, blind=False)
    assert not any(s.quotes for part in pane.parts for p in part.paragraphs for s in p.segments)


def test_sections_have_their_headings_and_words_between_them_are_not_lost():
    case = make_case(2)
    kept = replace(case, sections=case.sections[1:3])
    pane = text_pane(kept, make_candidate(case), blind=False)
    assert [part.title for part in pane.parts] == ["", "Case presentation", "Examination", ""]
    assert words_of(pane) == case.text.split()


def test_sections_of_another_patient_are_called_so():
    case = make_case(3)
    first = case.sections[0]
    other = Section(kind=first.kind, title="Case 2", path=("Case 2",), span=first.span, case_number=2)
    pane = text_pane(replace(case, sections=(other, *case.sections[1:])), make_candidate(case), blind=False)
    assert [part.other_patient for part in pane.parts] == [True, False, False, False, False]


def test_blind_the_diagnosis_is_not_in_the_pane():
    case = make_case(4)
    pane = text_pane(case, make_candidate(case), blind=True)
    shown = " ".join(words_of(pane))
    assert "A diagnosis of" in case.text
    assert "A diagnosis of" not in shown
    assert shown
    assert pane.quotes == ()


def test_pictures_that_the_solver_sees_stand_beside_the_text():
    case = make_case(0)
    seen = Media(
        sha256="a" * 64, kind="image", mime="image/png", name="f1.png", label="Figure 1", caption="A film."
    )
    heard = Media(sha256="b" * 64, kind="volume", mime="application/gzip", name="v.nii.gz")
    candidate = replace(make_candidate(case), media=(seen, heard))
    for blind in (False, True):
        (picture,) = text_pane(case, candidate, blind=blind).pictures
        assert (picture.media, picture.label, picture.caption) == (seen.sha256, "Figure 1", "A film.")
