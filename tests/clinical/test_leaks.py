"""What names an answer in a text, in whatever form, and what may stand in a stem."""

from __future__ import annotations

import itertools
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grandrounds.clinical.distinctive import giveaway, is_distinctive
from grandrounds.clinical.leaks import (
    ABBREVIATION,
    ALIAS,
    KINDS,
    NAMING_KINDS,
    PARTIAL,
    POST_DIAGNOSIS,
    VERBATIM,
    defined_abbreviations,
    find_leaks,
    names_answer,
)


def kinds(text: str, answer: str, *aliases: str) -> list[str]:
    return [leak.kind for leak in names_answer(find_leaks(text, answer=answer, aliases=aliases))]


# text, answer, aliases, what the first naming leak is
TELLING = [
    ("A left atrial myxoma was seen.", "biatrial myxoma", (), PARTIAL),
    ("The mass looked myxomatous.", "biatrial myxoma", (), PARTIAL),
    ("Two atrial MYXOMATA were seen.", "atrial myxoma", (), VERBATIM),
    ("It resembled a pituitary adenoma.", "clival ectopic pituitary adenoma", (), PARTIAL),
    ("An adenoma was thought of.", "clival ectopic pituitary adenoma", (), PARTIAL),
    ("Group D Streptococcus grew.", "Streptococcus bovis endocarditis", (), PARTIAL),
    ("Signs of endocarditis were absent.", "Streptococcus bovis endocarditis", (), PARTIAL),
    ("S. bovis was named.", "Streptococcus bovis endocarditis", (), PARTIAL),
    ("Graves' ophthalmopathy was absent.", "ipilimumab-induced Graves' disease", (), PARTIAL),
    ("A grandmother had Klippel\u2013Trénaunay syndrome.", "Klippel-Trenaunay syndrome", (), VERBATIM),
    ("The Heerfordt triad was complete.", "Heerfordt's syndrome", (), PARTIAL),
    ("Pentobarbital was in the syringe.", "pentobarbital toxicity", (), PARTIAL),
    ("A sarcoid reaction was thought of.", "sarcoidosis", (), PARTIAL),
    ("Sarcoidal nodules", "pulmonary sarcoidosis", (), PARTIAL),
    ("The tularemic ulcer", "tularemia", (), PARTIAL),
    ("F. tularensis was suspected.", "tularaemia after a coyote bite", (), PARTIAL),
    ("A thyroglossal remnant", "thyroglossal duct cyst", (), PARTIAL),
    ("An abscess in the right lobe of the liver", "hepatic abscess", (), PARTIAL),
    ("Carcinoma of the ascending colon", "colon carcinoma", (), PARTIAL),
    ("The femur was fractured.", "femoral fracture", (), PARTIAL),
    ("An embolus in a pulmonary artery", "pulmonary embolism", (), PARTIAL),
    ("The cerebral infarct was old.", "cerebral infarction", (), PARTIAL),
    ("Appendicitis was on the list.", "acute appendicitis", (), PARTIAL),
    ("Haemochromatosis ran in the family.", "hereditary hemochromatosis", (), PARTIAL),
    ("An oesophageal tumor", "esophageal tumour", (), VERBATIM),
    ("An optic disk pit was seen.", "optic disc pit", (), PARTIAL),
    ("It was Guillain\u2010Barre\u2019s.", "Guillain-Barré syndrome", (), PARTIAL),
    ("The GBS was mild.", "Guillain-Barré syndrome", (), ABBREVIATION),
    (
        "Von Recklinghausen described it.",
        "neurofibromatosis type 1",
        ("von Recklinghausen disease",),
        PARTIAL,
    ),
    ("It was PE.", "pulmonary embolism", ("PE",), ABBREVIATION),
    ("Two AVMs were seen.", "arteriovenous malformation", ("AVM",), ABBREVIATION),
    ("Wegener's granulomatosis", "granulomatosis with polyangiitis", ("Wegener granulomatosis",), ALIAS),
    ("kidney stones", "nephrolithiasis", ("kidney stone",), ALIAS),
    ("A defect with herniation of fibres", "myofascial herniation", (), PARTIAL),
    ("He looked cushingoid.", "Cushing syndrome", (), PARTIAL),
    ("Aspergillus was named.", "allergic bronchopulmonary aspergillosis", (), PARTIAL),
    ("He had had a stroke.", "cerebral infarction", ("stroke",), ALIAS),
    ("A dissecting aneurysm of the aorta", "aortic dissection", (), PARTIAL),
    ("Histoplasma antigen", "disseminated histoplasmosis", (), PARTIAL),
]

# text, answer, aliases: nothing here names the answer
QUIET = [
    ("A cystic lesion under the tongue", "thyroglossal duct cyst", ()),
    ("A cyst of the ovary", "thyroglossal duct cyst", ()),
    ("A mass in the left atrium", "biatrial myxoma", ()),
    ("An incidental clival lesion", "clival ectopic pituitary adenoma", ()),
    ("The pituitary was normal.", "clival ectopic pituitary adenoma", ()),
    ("A chronic infection of the skin", "chronic granulomatous disease", ()),
    ("He had fever and malaise.", "tularemia after a coyote bite", ()),
    ("A boy bitten by a coyote", "tularemia after a coyote bite", ()),
    ("Ipilimumab was given for melanoma.", "ipilimumab-induced Graves' disease", ()),
    ("The prognosis was grave.", "Graves' disease", ()),
    ("Endocardial thickening of the left ventricle", "infective endocarditis", ()),
    ("A small pericardial effusion", "acute pericarditis", ()),
    ("The pancreatic duct was wide.", "acute pancreatitis", ()),
    ("Meningeal signs were absent.", "bacterial meningitis", ()),
    ("The endometrial stripe was thin.", "endometriosis", ()),
    ("Still, he was pale.", "adult-onset Still's disease", ()),
    ("The bell rang.", "Bell's palsy", ()),
    ("The pe of it", "pulmonary embolism", ("PE",)),
    ("An AP view of the chest", "acute pericarditis", ("AP",)),
    ("An anteroposterior (AP) film; AP again.", "acute pericarditis", ("AP",)),
    ("Fever and an old fracture of the rib", "femoral fracture", ()),
    ("The liver was large. An abscess of the skin was cut.", "hepatic abscess", ()),
    ("Normal pressure of the eye", "normal pressure hydrocephalus", ()),
    ("Tumour markers were low.", "ectopic ACTH secreting parotid tumour", ()),
    ("The left tibialis anterior was soft.", "muscle hernia", ("tibialis anterior hernia",)),
    ("A swelling of the gland", "disease of the gland with infection", ("infection",)),
    ("Leukocytes 12.3, platelets 360", "acute myeloid leukemia", ()),
    ("The optic nerve was pale; a pit in the sand.", "optic disc pit", ()),
    ("Serum prolactin was 620 mU/L.", "prolactinoma", ()),
    ("A stent graft had been put in.", "stent graft infection", ()),
]


@pytest.mark.parametrize(("text", "answer", "aliases", "kind"), TELLING)
def test_a_text_that_names_the_answer_in_some_form_is_caught(
    text: str, answer: str, aliases: tuple[str, ...], kind: str
) -> None:
    assert kinds(text, answer, *aliases)[:1] == [kind]


@pytest.mark.parametrize(("text", "answer", "aliases"), QUIET)
def test_a_text_that_only_shares_everyday_words_with_the_answer_is_not(
    text: str, answer: str, aliases: tuple[str, ...]
) -> None:
    assert kinds(text, answer, *aliases) == []


def test_leaks_are_sorted_say_where_they_stand_and_do_not_overlap_by_name() -> None:
    text = "Sarcoid nodules. A diagnosis of sarcoidosis was made [3]."
    leaks = find_leaks(text, answer="sarcoidosis")
    assert [leak.kind for leak in leaks] == [PARTIAL, POST_DIAGNOSIS, VERBATIM, "furniture"]
    assert all(leak.text == leak.span.of(text) for leak in leaks)
    assert names_answer(leaks) == (leaks[0], leaks[2])


def test_a_place_that_several_rules_find_is_told_once_by_the_most_telling() -> None:
    assert kinds("Wilson disease", "Wilson disease", "Wilson disease", "hepatolenticular disease") == [
        VERBATIM
    ]


def test_residue_does_not_depend_on_the_answer() -> None:
    text = "He underwent resection of the mass."
    assert [leak.kind for leak in find_leaks(text, answer="scurvy")] == [POST_DIAGNOSIS]
    assert names_answer(find_leaks(text, answer="scurvy")) == ()


@pytest.mark.parametrize("answer", ["", " ", "?", "()", "\u0301"])
def test_an_empty_answer_names_nothing_and_breaks_nothing(answer: str) -> None:
    assert names_answer(find_leaks("Of the patient there was a story.", answer=answer)) == ()


def test_the_article_tells_the_short_forms_of_a_name() -> None:
    text = "Aortoenteric fistulas (AEFs) are rare. Sarcoidosis [SARC]; aortoenteric fistula (see Figure 1)."
    assert defined_abbreviations(text, ["aortoenteric fistula"]) == ("AEF",)
    assert defined_abbreviations(text, ["sarcoidosis", "scurvy"]) == ("SARC",)


@pytest.mark.parametrize(
    "word", ["tularemia", "Graves", "thyroglossal", "pentobarbital", "Heerfordt", "adenoma", "bovis"]
)
def test_names_organisms_drugs_and_eponyms_are_distinctive(word: str) -> None:
    assert is_distinctive(word)


@pytest.mark.parametrize(
    "word",
    [
        "acute",
        "disease",
        "syndrome",
        "femur",
        "femoral",
        "biatrial",
        "retroperitoneal",
        "cysts",
        "tumours",
        "left",
        "II",
        "of",
    ],
)
def test_qualifiers_places_and_common_processes_are_not(word: str) -> None:
    assert not is_distinctive(word)


def test_a_circumstance_is_no_part_of_the_name() -> None:
    assert giveaway("tularemia after a coyote bite").exact == {"tularemia"}
    assert giveaway("ipilimumab-induced Graves' disease").exact == {"graves"}
    assert giveaway("clival mass mimicking chordoma").exact == frozenset()


NAMES = (
    "sarcoidosis",
    "biatrial myxoma",
    "Klippel-Trénaunay syndrome",
    "thyroglossal duct cyst",
    "aortoenteric fistula",
    "Streptococcus bovis endocarditis",
    "Graves' disease",
    "optic disc pit maculopathy",
    "haemorrhagic oedema of infancy",
    "granulomatosis with polyangiitis",
)


def plain_accents(name: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFKD", name) if not unicodedata.combining(char))


DISGUISES = (
    str.upper,
    str.lower,
    str.title,
    plain_accents,
    lambda name: unicodedata.normalize("NFD", name),
    lambda name: name.replace(" ", "\n"),
    lambda name: name.replace(" ", "-"),
    lambda name: name.replace("-", " "),
    lambda name: name.replace("-", "\u2011"),
    lambda name: name.replace("'", "\u2019"),
    lambda name: name.replace(" ", "  "),
    lambda name: name + "s" if name[-1] in "tam" else name,
    lambda name: f"({name})",
    lambda name: f"\u201c{name}\u201d",
    lambda name: name.replace("ae", "e").replace("oe", "e"),
)
FILLER = [
    "The",
    "man",
    "was",
    "pale",
    ".",
    "On",
    "the",
    "second",
    "day",
    "the",
    "pulse",
    "was",
    "88",
    "per",
    "minute",
    "and",
    "the",
    "skin",
    "was",
    "dry",
]


@given(
    name=st.sampled_from(NAMES),
    disguises=st.lists(st.sampled_from(DISGUISES), max_size=3),
    before=st.lists(st.sampled_from(FILLER), max_size=12),
    after=st.lists(st.sampled_from(FILLER), max_size=12),
)
def test_the_answer_put_anywhere_in_any_dress_is_found(
    name: str, disguises: list[object], before: list[str], after: list[str]
) -> None:
    dressed = name
    for disguise in disguises:
        dressed = disguise(dressed)  # type: ignore[operator]
    head = " ".join([*before, ""]) if before else ""
    text = head + dressed + " " + " ".join(after)
    found = names_answer(find_leaks(text, answer=name))
    assert any(leak.span.start < len(head) + len(dressed) and leak.span.end > len(head) for leak in found)


@given(st.text(max_size=300), st.text(max_size=40), st.lists(st.text(max_size=12), max_size=3))
def test_any_text_and_any_answer_give_sorted_leaks_inside_the_text(
    text: str, answer: str, aliases: list[str]
) -> None:
    leaks = find_leaks(text, answer=answer, aliases=aliases)
    assert leaks == find_leaks(text, answer=answer, aliases=aliases)
    assert [leak.span.start for leak in leaks] == sorted(leak.span.start for leak in leaks)
    assert all(leak.kind in KINDS and leak.span.of(text) == leak.text != "" for leak in leaks)
    naming = [leak.span for leak in leaks if leak.kind in NAMING_KINDS]
    assert all(a.end <= b.start for a, b in itertools.pairwise(naming))


def test_a_long_text_is_searched_in_a_blink_and_once_read_faster_still() -> None:
    import time

    story = " ".join(
        f"Number {n} of the many findings was a small round mass of {n} mm in the lung." for n in range(140)
    )
    assert len(story) > 10_000
    find_leaks(story[:200], answer="scurvy")
    start = time.process_time()
    find_leaks(story, answer="sarcoidosis", aliases=("Besnier disease", "SARC"))
    assert time.process_time() - start < 5
