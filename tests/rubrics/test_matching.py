"""What the reader of answers takes as said, denied, weighed, or not said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grandrounds.rubrics.matching import find_said, waits


def asserts(text: str, *terms: str, share: float = 0.6) -> bool:
    return any(not said.denied and not said.weighed for said in find_said(text, terms, share=share))


@pytest.mark.parametrize(
    "text",
    [
        "The most likely diagnosis is atrial myxoma.",
        "This is a myxoma of the left atrium.",
        "I suspect an atrial myxoma rather than a thrombus.",
        "Not only the murmur points to atrial myxoma, the mass does too.",
        "There is no doubt that it is an atrial myxoma.",
    ],
)
def test_a_diagnosis_is_said_in_many_ways(text: str) -> None:
    assert asserts(text, "atrial myxoma|myxoma of the atrium")


@pytest.mark.parametrize(
    "text",
    [
        "It is not an atrial myxoma.",
        "Atrial myxoma is unlikely.",
        "A thrombus rather than an atrial myxoma.",
        "Atrial myxoma was ruled out by the echo.",
        "The differential includes atrial myxoma, thrombus and vegetation.",
        "It could be an atrial myxoma.",
        "The findings speak against an atrial myxoma.",
        "Some heart problem.",
        "",
    ],
)
def test_what_is_denied_or_only_listed_is_not_said(text: str) -> None:
    assert not asserts(text, "atrial myxoma")


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("Both tumours should be resected.", ("excision", "atrial mass")),
        ("Take it out: removal of the mass is curative.", ("excision", "mass")),
        ("She needs a CT scan of her abdomen.", ("CT", "abdomen|abdominal")),
        ("Computed tomography is next. Look at the abdomen.", ("CT", "abdomen|abdominal")),
        ("Send the tissue for histopathological examination.", ("histology",)),
        ("Start prednisone.", ("prednisolone",)),
        ("Fasciotomy of the forearm without delay.", ("fasciotomy", "left forearm")),
    ],
)
def test_words_of_one_meaning_count(text: str, terms: tuple[str, ...]) -> None:
    assert asserts(text, *terms)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("Complete resection is best.", ("partial resection",)),
        ("Amputate the right foot.", ("amputation", "left foot")),
        ("An open reduction is needed.", ("closed reduction",)),
        ("Do not start prednisone.", ("prednisolone",)),
        ("Amoxicillin failed.", ("amoxicillin",)),
        ("After failure of amoxicillin think again.", ("amoxicillin",)),
        ("CT of the head.", ("CT", "abdomen|abdominal")),
    ],
)
def test_opposites_and_failures_do_not(text: str, terms: tuple[str, ...]) -> None:
    assert not asserts(text, *terms)


def test_a_denial_ends_with_its_clause() -> None:
    assert asserts("It is not an infection, but an atrial myxoma.", "atrial myxoma")
    assert asserts("The failure of amoxicillin makes tularemia most likely.", "tularemia")


@pytest.mark.parametrize(
    "text", ["I advise watchful waiting.", "He can be discharged home.", "Surgery can wait."]
)
def test_advice_to_wait_is_seen(text: str) -> None:
    assert waits(text)


@pytest.mark.parametrize(
    "text",
    [
        "Operate at once; do not wait.",
        "This is no case for watchful waiting.",
        "Excise it without delay.",
        "",
    ],
)
def test_advice_to_hurry_is_not_waiting(text: str) -> None:
    assert not waits(text)


@given(st.text(max_size=300), st.lists(st.text(max_size=30), max_size=3))
def test_no_text_breaks_it_and_places_lie_inside(text: str, terms: list[str]) -> None:
    for said in find_said(text, terms):
        assert 0 <= said.sentence.start < said.sentence.end <= len(text)
    for span in waits(text):
        assert span.of(text).strip()
