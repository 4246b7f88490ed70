"""What the solver may see of a case."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grandrounds.authoring.story import story_sections
from grandrounds.authoring.visible import Visible, names_in_article, visible_part
from grandrounds.clinical.leaks import POST_DIAGNOSIS, VERBATIM, find_leaks
from grandrounds.fingerprint import sha256_text
from grandrounds.needs import CaseNeed
from grandrounds.recipe import Cut
from grandrounds.records.case import Case, Mark, Section
from grandrounds.records.parts import Span
from grandrounds.stem import render

ANY = CaseNeed(minimum_characters=0)
PRESENTED = "A 45-year-old man presented with a cough for three weeks."
SMOKED = "He smoked ten cigarettes a day."
EXAMINED = "On examination there were crackles at both bases."
IMAGED = "Chest radiography showed enlarged nodes at both hila."
DIAGNOSED = "A diagnosis of sarcoidosis was made."
TREATED = "He was started on prednisolone."


def make_case(
    *parts: tuple[str, str] | tuple[str, str, int],
    number: int = 1,
    count: int = 1,
    marks: Sequence[Mark] = (),
) -> Case:
    """A case of sections (kind, text, patient)."""
    text, sections = "", []
    for part in parts:
        kind, words = part[0], part[1]
        start = len(text)
        text += words
        sections.append(
            Section(
                kind=kind,
                title=kind.title(),
                path=(kind.title(),),
                span=Span(start=start, end=len(text)),
                case_number=part[2] if len(part) == 3 else None,
            )
        )
        text += "\n\n"
    return Case(
        evidence_id="case-1",
        source_id="src-1",
        case_number=number,
        case_count=count,
        title="A cough",
        text=text,
        text_sha256=sha256_text(text),
        sections=tuple(sections),
        marks=tuple(marks),
        language="en",
        licence="CC-BY-4.0",
        group_id="grp-1",
    )


def see(
    case: Case,
    *,
    cut: Cut = Cut.BEFORE_DIAGNOSIS,
    need: CaseNeed = ANY,
    answer: str = "sarcoidosis",
    aliases: Sequence[str] = (),
) -> Visible:
    return visible_part(case, cut=cut, need=need, answer=answer, aliases=aliases)


def stem(case: Case, **how: object) -> str:
    return render(case.text, see(case, **how).pieces)  # type: ignore[arg-type]


def story(*sentences: str) -> str:
    return " ".join(sentences)


def test_the_reading_stops_before_the_first_sentence_that_tells() -> None:
    case = make_case(("presentation", story(PRESENTED, EXAMINED, IMAGED, DIAGNOSED, TREATED)))
    seen = see(case)
    assert render(case.text, seen.pieces) == story(PRESENTED, EXAMINED, IMAGED)
    assert seen.stopped_by is not None
    assert seen.stopped_by.kind == POST_DIAGNOSIS
    assert seen.stopped_by.span.of(case.text) == seen.stopped_by.text == DIAGNOSED


def test_nothing_printed_after_the_stop_is_shown_however_harmless() -> None:
    case = make_case(
        ("presentation", story(PRESENTED, EXAMINED, TREATED, SMOKED)), ("investigations", IMAGED)
    )
    assert stem(case) == story(PRESENTED, EXAMINED)


def test_title_abstract_background_discussion_captions_and_tables_are_never_shown() -> None:
    hidden = [
        (kind, f"The {kind} text tells of a lemon.")
        for kind in ("title", "abstract", "background", "captions", "tables")
    ]
    case = make_case(
        *hidden, ("presentation", PRESENTED), ("discussion", "The lemon is sour."), ("conclusion", "Lemon.")
    )
    assert stem(case) == PRESENTED


def test_a_section_of_treatment_or_outcome_ends_the_reading_even_when_story_follows() -> None:
    for kind in ("diagnosis", "treatment", "outcome", "discussion", "conclusion"):
        case = make_case(
            ("presentation", PRESENTED),
            (kind, "Nothing that any rule would know."),
            ("investigations", IMAGED),
        )
        assert stem(case) == PRESENTED


def test_sections_are_read_in_printed_order_as_paragraphs() -> None:
    case = make_case(("history", SMOKED), ("examination", EXAMINED), ("investigations", IMAGED))
    assert stem(case) == "\n\n".join((SMOKED, EXAMINED, IMAGED))


def test_only_this_patients_sections_are_shown() -> None:
    parts = (("presentation", PRESENTED, 1), ("presentation", "A 60-year-old woman limped.", 2))
    assert stem(make_case(*parts, number=2, count=2)) == "A 60-year-old woman limped."
    assert stem(make_case(*parts, number=1, count=2)) == PRESENTED


def test_unsorted_text_is_shown_only_where_no_section_tells_the_story_and_it_reads_like_one() -> None:
    assert stem(make_case(("other", PRESENTED))) == PRESENTED
    assert stem(make_case(("other", PRESENTED), ("presentation", SMOKED))) == SMOKED
    seen = see(
        make_case(("other", "Genomes of maize were discussed in three sessions."), ("discussion", "Maize."))
    )
    assert seen.pieces == ()
    assert "no section" in seen.reason
    assert story_sections(make_case(("abstract", PRESENTED))) == ()


class TestTheOpening:
    def test_one_opening_sentence_that_names_the_answer_is_dropped_and_the_story_goes_on(self) -> None:
        case = make_case(
            ("presentation", story("A man with suspected sarcoidosis was sent to us.", PRESENTED, EXAMINED))
        )
        assert stem(case) == story(PRESENTED, EXAMINED)

    def test_a_second_such_sentence_ends_the_reading(self) -> None:
        first = "We report a man with sarcoidosis."
        case = make_case(("presentation", story(first, PRESENTED, "Sarcoidosis was thought of.", EXAMINED)))
        assert stem(case) == PRESENTED

    def test_an_opening_that_has_measured_something_is_not_dropped(self) -> None:
        case = make_case(("presentation", story("A man with sarcoidosis had a node of 22 mm.", PRESENTED)))
        assert stem(case) == ""

    def test_a_conclusion_behind_the_first_sentence_is_never_dropped(self) -> None:
        case = make_case(("presentation", story(PRESENTED, "Biopsy confirmed sarcoidosis.", SMOKED)))
        assert stem(case) == PRESENTED

    def test_a_mention_further_on_ends_the_reading(self) -> None:
        case = make_case(
            ("presentation", story(PRESENTED, SMOKED, EXAMINED, "Sarcoidosis was thought of.", IMAGED))
        )
        assert stem(case) == story(PRESENTED, SMOKED, EXAMINED)


class TestCuts:
    CASE = make_case(
        ("presentation", story(PRESENTED, SMOKED)),
        ("examination", EXAMINED),
        ("investigations", IMAGED),
        ("diagnosis", DIAGNOSED),
    )
    FLAT = make_case(("presentation", story(PRESENTED, SMOKED, EXAMINED, IMAGED, DIAGNOSED)))

    @pytest.mark.parametrize("case", [CASE, FLAT])
    def test_each_cut_shows_less_than_the_one_before(self, case: Case) -> None:
        def told(cut: Cut) -> str:
            return " ".join(stem(case, cut=cut).split())

        assert told(Cut.BEFORE_DIAGNOSIS) == story(PRESENTED, SMOKED, EXAMINED, IMAGED)
        assert told(Cut.BEFORE_INVESTIGATIONS) == story(PRESENTED, SMOKED, EXAMINED)
        assert told(Cut.PRESENTATION) == story(PRESENTED, SMOKED)

    @pytest.mark.parametrize(
        "sentence",
        [
            "An MRI of the brain was normal.",
            "Haemoglobin was 102 g/L.",
            "Laboratory tests were normal.",
            "A biopsy was taken.",
            "Her white cell count was 12.",
            "Troponin was 22 ng/L.",
        ],
    )
    def test_a_test_of_any_sort_ends_the_reading_before_investigations(self, sentence: str) -> None:
        case = make_case(("presentation", story(PRESENTED, sentence, SMOKED)))
        assert stem(case, cut=Cut.BEFORE_INVESTIGATIONS) == PRESENTED

    def test_why_the_patient_came_is_told_even_when_a_scan_found_it(self) -> None:
        came = "A woman was referred for investigation of a cyst seen on ultrasound."
        case = make_case(("presentation", story(came, SMOKED, EXAMINED, IMAGED)))
        assert stem(case, cut=Cut.BEFORE_INVESTIGATIONS) == story(came, SMOKED, EXAMINED)


class TestWhatIsLeftOut:
    def test_cross_references_are_gaps_and_the_sentence_reads_on(self) -> None:
        case = make_case(
            (
                "presentation",
                "A node (Figure 1(a)) of 2 cm (2.1 × 1.9; Table 1) was felt [3]. It was firm (Fig. 2).",
            )
        )
        assert stem(case) == "A node of 2 cm (2.1 × 1.9) was felt. It was firm."

    def test_a_sentence_about_a_figure_or_table_is_left_out(self) -> None:
        case = make_case(
            (
                "presentation",
                story(PRESENTED, "Figure 2 shows the node.", "Results are listed in Table 1.", SMOKED),
            )
        )
        assert stem(case) == story(PRESENTED, SMOKED)

    def test_consent_and_furniture_are_left_out_without_ending_the_reading(self) -> None:
        case = make_case(
            (
                "presentation",
                story(
                    "Written informed consent was obtained.",
                    PRESENTED,
                    "Full size table",
                    SMOKED,
                    "Click here to view.",
                ),
            )
        )
        assert stem(case) == story(PRESENTED, SMOKED)

    def test_marked_references_are_gaps(self) -> None:
        text = "He coughed1 and was pale [2]."
        marks = [Mark(kind="reference", span=Span(start=at, end=at + 1)) for at in (10, 26)]
        assert stem(make_case(("presentation", text), marks=marks)) == "He coughed and was pale."

    def test_neighbouring_sentences_are_one_piece_so_that_a_quote_may_span_them(self) -> None:
        case = make_case(("presentation", story(PRESENTED, SMOKED) + "\n\n" + story(EXAMINED, IMAGED)))
        assert [piece.of(case.text) for piece in see(case).pieces] == [
            story(PRESENTED, SMOKED),
            story(EXAMINED, IMAGED),
        ]


class TestLength:
    def test_too_little_story_gives_no_pieces_and_says_why(self) -> None:
        case = make_case(("presentation", story(PRESENTED, DIAGNOSED)))
        seen = see(case, need=CaseNeed(minimum_characters=250))
        assert seen.pieces == ()
        assert f"only {len(PRESENTED)} characters are left before the first sentence" in seen.reason
        assert seen.stopped_by is not None

    def test_a_short_case_that_nothing_stopped_says_so(self) -> None:
        seen = see(make_case(("presentation", PRESENTED)), need=CaseNeed(minimum_characters=250))
        assert seen.reason == f"the case has only {len(PRESENTED)} characters of story"

    def test_a_long_stem_is_cut_at_the_end_of_a_sentence(self) -> None:
        sentences = [f"Finding number {number} was a small firm node." for number in range(100)]
        case = make_case(("presentation", story(*sentences)))
        cut = stem(case, need=CaseNeed(minimum_characters=0, maximum_characters=500))
        assert 400 < len(cut) <= 500
        assert cut.endswith("node.")

    def test_a_cut_that_would_leave_a_treatment_without_its_sequel_goes_back_to_before_it(self) -> None:
        long = "He was treated with penicillin elsewhere."
        case = make_case(
            ("presentation", story(PRESENTED, SMOKED * 14, long, "On admission he was pale.", EXAMINED))
        )
        whole = stem(case)
        assert long in whole
        limit = whole.index(long) + len(long) + 5
        cut = stem(case, need=CaseNeed(minimum_characters=0, maximum_characters=limit))
        assert long not in cut


def test_the_article_may_define_the_answer_s_short_form_where_the_solver_does_not_see_it() -> None:
    case = make_case(
        ("background", "Aortoenteric fistula (AEF) is rare."),
        ("presentation", story(PRESENTED, "Angiography did not show AEF.", SMOKED)),
    )
    assert names_in_article(case, answer="aortoenteric fistula") == ("AEF",)
    assert stem(case, answer="aortoenteric fistula") == PRESENTED


def test_history_in_one_section_may_be_explained_by_the_next() -> None:
    case = make_case(
        ("history", story(PRESENTED, "He was treated with penicillin in another town.")),
        ("examination", story(EXAMINED, SMOKED)),
    )
    assert "penicillin" in stem(case)


ANSWERS = ("sarcoidosis", "thyroglossal duct cyst", "Graves' disease", "aortoenteric fistula")
SENTENCES = (
    PRESENTED, SMOKED, EXAMINED, IMAGED, DIAGNOSED, TREATED, "It was a case of {answer}.", "The {answer} (Figure 1) grew.", "See {answer}!",
    "A mass (size: 2 cm; Figure 2(b)) was felt [4].", "Results are in Table 1.", "()", "Full size image", "The thyro (Fig. 1) glossal tract.",
    "Three years later, he was admitted with fever.", "He was discharged.", "Graves was the name of his dog.", "[1-3]", ".", "( Fig. 3",
)  # fmt: skip
KINDS = (
    "title",
    "abstract",
    "presentation",
    "history",
    "examination",
    "investigations",
    "treatment",
    "other",
    "discussion",
)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Case, str]:
    answer = draw(st.sampled_from(ANSWERS))
    parts = []
    for _ in range(draw(st.integers(1, 5))):
        lines = draw(st.lists(st.sampled_from(SENTENCES), max_size=8))
        joint = draw(st.sampled_from([" ", "\n\n", "\n"]))
        kind, number = draw(st.sampled_from(KINDS)), draw(st.sampled_from([None, 1, 2]))
        words = joint.join(line.format(answer=answer) for line in lines)
        parts.append((kind, words) if number is None else (kind, words, number))
    return make_case(*parts, count=2), answer  # type: ignore[arg-type]


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(cases(), st.sampled_from(list(Cut)), st.sampled_from([500, 6000]))
def test_whatever_the_case_the_stem_is_clean_and_its_pieces_lie_in_the_story(
    made: tuple[Case, str], cut: Cut, longest: int
) -> None:
    case, answer = made
    need = CaseNeed(minimum_characters=0, maximum_characters=longest)
    seen = visible_part(case, cut=cut, need=need, answer=answer)
    told = render(case.text, seen.pieces)
    assert find_leaks(told, answer=answer) == ()
    assert len(told) <= longest
    assert all(a.end <= b.start for a, b in pairwise(seen.pieces))
    assert all(piece.start < piece.end for piece in seen.pieces)
    allowed = [
        section.span
        for section in case.own_sections()
        if section.kind in ("presentation", "history", "examination", "investigations", "other")
    ]
    assert all(any(area.contains(piece) for area in allowed) for piece in seen.pieces)
    assert not re.search(r" [,.;:)]|\(\s*\)|\[\s*\]|  ", told)
    assert bool(seen.pieces) != bool(seen.reason)
    assert seen == visible_part(case, cut=cut, need=need, answer=answer)


def test_a_leak_that_only_the_gaps_make_is_seen_before_the_stem_goes_out() -> None:
    aside = "(see Figure 1, upper panel, left, white arrow, and lower panel, right, black arrows)"
    case = make_case(("presentation", story(PRESENTED, SMOKED, EXAMINED, f"A disc {aside} pit was seen.")))
    assert find_leaks(case.text, answer="disc pit") == ()
    seen = see(case, answer="disc pit")
    assert render(case.text, seen.pieces) == story(PRESENTED, SMOKED, EXAMINED)
    assert seen.stopped_by is not None
    assert seen.stopped_by.kind == VERBATIM
