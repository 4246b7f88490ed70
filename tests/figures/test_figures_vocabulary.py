"""The controlled vocabulary: which words fire, which only look as if they should, and how they are meant."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grandrounds.figures.taxonomy import (
    ANATOMY,
    DEPARTMENT,
    FINDING,
    MODALITY,
    PROCEDURE,
    SCHEMES,
    load_taxonomy,
)
from grandrounds.figures.vocabulary import fired
from grandrounds.records.parts import Span


def names(text: str, scheme: str = MODALITY) -> list[str]:
    return [each.path[-1] for each in fired(text, scheme)]


@pytest.mark.parametrize("scheme", [scheme for scheme in SCHEMES if scheme != DEPARTMENT])
def test_every_phrase_fires_its_own_node(scheme: str) -> None:
    for node in load_taxonomy(scheme).nodes:
        for phrase in (*node.words, *node.written):
            assert node.path in {each.path for each in fired(phrase, scheme)}, phrase


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Axial CT scan of the abdomen", ["ct"]),
        ("MR image", ["mri"]),
        ("Chest X-rays in two planes", ["radiograph"]),
        ("US image of the liver", ["ultrasound"]),
        ("FDG-PET/CT", ["pet"]),
        ("CT angiography of the neck", ["ct"]),
        ("CTA", ["ct"]),
        ("MR angiogram", ["mri"]),
        ("Cerebral angiogram", ["angiography"]),
        ("Fluorescein angiography", ["fluorescein angiography"]),
        ("stained with H&E", ["light microscopy"]),
        ("Haematoxylin and Eosin stain (\u00d7200)", ["light microscopy"]),
        ("Scanning electron micrographs", ["electron microscopy"]),
        ("OCT of the macula", ["optical coherence tomography"]),
        ("12-lead ECG", ["electrocardiogram"]),
        ("2D transesophageal echocardiogram", ["ultrasound"]),
        ("Macroscopic view of the mass", ["gross specimen"]),
        ("T2-weighted fat saturation sequence", ["mri"]),
        ("Cone beam computed tomography", ["cone beam ct"]),
        ("Kaplan-Meier curve", ["chart"]),
    ],
)
def test_modalities_by_their_names(text: str, expected: list[str]) -> None:
    assert names(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "patients in the US",
        "my pet dog and a cat",
        "a scan with contrast",
        "the film was seen in 8 cinemas",
        "ct values and mri of small letters are words of another language".replace("mri", "mra"),
        "embedded in OCT compound",
        "mitral regurgitation (MR) with severe MR",
        "MS was excluded in Oct 2014",
        "ECG-gated acquisition",
        "CT-guided biopsy",
        "hyperintense signals in both",
        "X-ray diffraction images",
        "in the computed tomography gantry",
        "laparoscopic forceps",
        "learning curve",
        "ALL PATIENTS HAD PET FOOD",
    ],
)
def test_false_friends_fire_nothing(text: str) -> None:
    assert names(text) == []


@pytest.mark.parametrize(
    "text",
    ["rectus underaction", "chest pain", "on the other hand", "TE weighted", "the atlas of anatomy", "liver function",
     "head of the femur", "tongue thrust", "foot process of the podocyte"],
)  # fmt: skip
def test_places_that_are_none(text: str) -> None:
    assert names(text, ANATOMY) == []


@pytest.mark.parametrize(
    ("text", "scheme", "standing"),
    [
        ("CT showing no mass in the liver", FINDING, "negated"),
        ("There is no evidence of pleural effusion", FINDING, "negated"),
        ("Pneumothorax was excluded", FINDING, "negated"),
        ("suspected fracture", FINDING, "hedged"),
        ("a lesion consistent with a fistula", FINDING, "hedged"),
        ("possibly an abscess", FINDING, "hedged"),
        ("what was thought to be a thrombus", FINDING, "hedged"),
        ("radiograph after excision of the mass", FINDING, "gone"),
        ("The cyst has disappeared", FINDING, "gone"),
        ("in a patient with a history of stroke and aneurysm", FINDING, "earlier"),
        ("as confirmed by CT", MODALITY, "earlier"),
        ("MRI was not performed; no MRI", MODALITY, "negated"),
        ("View before cholecystectomy", PROCEDURE, "earlier"),
        ("CT scan showing a mass in the liver", FINDING, "asserted"),
        ("No stone, but a mass is seen", FINDING, "asserted"),
    ],
)
def test_how_a_word_is_meant(text: str, scheme: str, standing: str) -> None:
    assert fired(text, scheme)[-1].standing == standing


def test_a_part_of_a_text_is_read_in_the_texts_own_coordinates() -> None:
    text = "MRI of the knee. CT scan of the hip."
    (only,) = fired(text, MODALITY, within=Span(start=17, end=len(text)))
    assert (only.words, only.span.of(text)) == ("CT scan", "CT scan")


@given(
    st.text(max_size=120),
    st.sampled_from(["CT scan", "knee", "H&E", "mass", "\u00df", "e\u0301"]),
    st.text(max_size=120),
)
def test_spans_point_at_their_words_in_any_text(before: str, word: str, after: str) -> None:
    text = before + word + after
    for scheme in (MODALITY, ANATOMY, FINDING):
        found = fired(text, scheme)
        assert all(each.span.of(text) == each.words != "" for each in found)
        assert list(found) == sorted(found, key=lambda each: each.span.start)
        assert all(one.span.end <= two.span.start for one, two in pairwise(found))


@pytest.mark.parametrize("side", ["epidural", "subdural"])
def test_blood_on_either_side_of_the_dura_is_told_apart(side: str) -> None:
    (found,) = fired(f"Axial CT of the head shows an acute {side} hematoma.", "finding")
    assert found.path[-1] == f"{side} collection"
