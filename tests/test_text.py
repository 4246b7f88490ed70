"""Normalising, sentences and phrase search, on examples and on whatever hypothesis thinks of."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grandrounds.records.parts import Span
from grandrounds.text import contains_phrase, find_phrase, normalise, sentences, words

clinical = st.text(
    alphabet="aeouxyz AEO.,;:()!?'\n\t0123456789-\u2019\u00e9\u0301\u00b5\u00df\u0130\ufb01\u2013",
    max_size=60,
)


@given(st.text(max_size=80))
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(clinical)
def test_normalised_text_is_words_with_single_spaces(text: str) -> None:
    assert " ".join(words(text)) == normalise(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Tumour", "tumor"),
        ("oedema", "Edema"),
        ("HAEMORRHAGE", "hemorrhage"),
        ("Sjögren's", "Sjogrens"),
        ("Crohn´s", "Crohn’s"),
        ("µg", "μg"),
        ("ﬁbrosis", "fibrosis"),
        ("non–Hodgkin", "non-Hodgkin"),
        ("coloured", "colored"),
        ("behavioural", "behavioral"),
    ],
)
def test_spellings_of_the_same_word_become_one(one: str, other: str) -> None:
    assert normalise(one) == normalise(other)


def test_decimal_numbers_stay_whole() -> None:
    assert words("Hb 7.5 g/dL, CRP 1,200") == ["hb", "7.5", "g", "dl", "crp", "1,200"]


@given(st.text(max_size=200), st.integers(0, 200), st.integers(0, 200))
def test_sentences_cover_every_visible_character_once_and_in_order(text: str, one: int, other: int) -> None:
    low, high = sorted((min(one, len(text)), min(other, len(text))))
    found = sentences(text, Span(start=low, end=high))
    covered = [position for span in found for position in range(span.start, span.end)]
    assert covered == sorted(set(covered))
    assert {p for p in range(low, high) if not text[p].isspace()} <= set(covered)
    assert all(span.of(text) == span.of(text).strip() and span.of(text) for span in found)
    assert all(low <= span.start and span.end <= high for span in found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("She had fever. He did not.", 2),
        ("As shown in Fig. 2 the mass grew.", 1),
        ("Smith et al. Reported it.", 1),
        ("He was observed for 24 h. The fever fell.", 2),
        ("She took 5 mg. The rash went.", 2),
        ("She lacked vitamin C. The gums bled.", 2),
        ("Seen by Dr. Jones and J. Smith. He left.", 2),
        ("Cultures grew H. pylori. She was treated.", 2),
        ("The answer was no. He left.", 2),
        ("Room no. 5 was his.", 1),
        ("Temperature 38.5 was noted.", 1),
        ("A heading\n\nand a paragraph.", 2),
        ('He said "no pain." She agreed.', 2),
        ("Really?! Yes.", 2),
    ],
)
def test_sentence_ends(text: str, expected: int) -> None:
    assert len(sentences(text)) == expected


@given(clinical)
def test_every_phrase_is_found_in_itself(phrase: str) -> None:
    gaps_are_short = all(len(gap) <= 3 for gap in _gaps(phrase))
    if words(phrase) and gaps_are_short:
        assert contains_phrase(phrase, phrase)


@given(clinical, clinical, clinical)
def test_a_found_phrase_is_that_phrase(before: str, phrase: str, after: str) -> None:
    text = f"{before} {phrase} {after}"
    for span in find_phrase(text, phrase):
        assert contains_phrase(span.of(text), phrase)


def _gaps(phrase: str) -> list[str]:
    gaps, gap = [], ""
    for char in phrase:
        if char.isalnum():
            gaps.append(gap)
            gap = ""
        else:
            gap += char
    return gaps


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("two cysts were seen", "cyst"),
        ("a cyst was seen", "cysts"),
        ("multiple metastases", "metastasis"),
        ("a metastasis", "metastases"),
        ("deep venous thrombi", "thrombus"),
        ("two carcinomata", "carcinoma"),
        ("several biopsies", "biopsy"),
        ("a tumour", "tumor"),
        ("a tumor", "tumour"),
        ("discoloured teeth", "discolored"),
        ("haemorrhagic", "hemorrhagic"),
        ("esophageal", "oesophageal"),
        ("Graves' disease", "Graves disease"),
        ("Graves disease", "Graves’ disease"),
        ("multiple-sclerosis", "multiple sclerosis"),
        ("multiple\nsclerosis", "multiple sclerosis"),
        ("type 2 diabetes", "Type 2 Diabetes"),
        ("Sjo\u0308gren syndrome", "Sjögren syndrome"),
    ],
)
def test_a_phrase_is_found_whatever_its_spelling(text: str, phrase: str) -> None:
    assert contains_phrase(text, phrase)


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("myxomatous", "myxoma"),
        ("a hearing aid", "AIDS"),
        ("a grave prognosis", "Graves"),
        ("Hb 3.5", "5"),
        ("type 2.5", "type 2"),
        ("meningioma", "glioma"),
        ("anything", ""),
        ("anything", " -- "),
        ("sclerosis that is multiple", "multiple sclerosis"),
    ],
)
def test_other_words_are_not_found(text: str, phrase: str) -> None:
    assert not contains_phrase(text, phrase)


def test_a_found_span_points_into_the_text_as_it_is() -> None:
    text = "Known Sjo\u0308gren\u2019s syndrome."
    (span,) = find_phrase(text, "Sjögrens syndrome")
    assert span.of(text) == "Sjo\u0308gren\u2019s syndrome"
    accented = "cafe\u0301 bar"
    (span,) = find_phrase(accented, "cafe")
    assert span.of(accented) == "cafe\u0301"


@pytest.mark.parametrize(
    "hostile", ["." * 100_000 + "x", ".)" * 50_000 + "x", "\n " * 50_000, "a" * 200_000, "e" * 50_000]
)
def test_hostile_text_costs_linear_time(hostile: str) -> None:
    began = time.process_time()
    sentences(hostile)
    normalise(hostile)
    contains_phrase(hostile, "edema of the eye")
    contains_phrase("edema", hostile[:3000])
    assert time.process_time() - began < 15


@pytest.mark.parametrize(
    "text",
    [
        "Temperature was 37.3\u00b0C. There was tenderness.",
        "CA 19-9 was 61 U/mL. Ultrasound showed stones.",
        "Sodium was 118 mmol/L. Potassium was normal.",
        "He was given 5 mL. The pain went.",
    ],
)
def test_a_unit_ends_a_sentence(text: str) -> None:
    assert len(sentences(text)) == 2
