"""Each gate that looks at one row: sound rows pass, each planted fault is refused for its reason."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from grandrounds.gates import deidentify, grounding, groups, leakage, licence, options, protected, types
from grandrounds.gates.gate import Findings, Gate, Looked
from grandrounds.gates.run import GATES
from grandrounds.records.envelope import Revision
from grandrounds.records.parts import Evidence, Locator, Media, OptionOrigin, Span
from tests.support.factories import CONDITIONS
from tests.support.revisions import make_recipe, make_revision


def _look(gate: Gate, number: int = 0, *, under: Any = None, **changes: Any) -> Findings:
    revision, case = make_revision(number, **changes)
    return gate.look(Looked(revision=revision, evidence=case, recipe=under or make_recipe()))


def _problems(gate: Gate, number: int = 0, *, under: Any = None, **changes: Any) -> str:
    return " ".join(_look(gate, number, under=under, **changes).problems)


@pytest.mark.parametrize("task", ["diagnosis_mcq", "diagnosis_open"])
@pytest.mark.parametrize("number", range(len(CONDITIONS)))
@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.name)
def test_sound_rows_pass_every_gate(gate: Gate, number: int, task: str) -> None:
    assert _look(gate, number, task=task).problems == ()


# Licence --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "profiles"),
    [
        ("CC0-1.0", "open non_commercial private"),
        ("CC-BY-4.0", "open non_commercial private"),
        ("CC-BY-3.0-US", "open non_commercial private"),
        ("CC-BY-SA-4.0", "open non_commercial private"),
        ("LicenseRef-CC-BY", "open non_commercial private"),
        ("LicenseRef-Public-Domain", "open non_commercial private"),
        ("CC-BY-NC-4.0", "non_commercial private"),
        ("CC-BY-NC-SA-4.0", "non_commercial private"),
        ("LicenseRef-CC-BY-NC", "non_commercial private"),
        ("CC-BY-ND-4.0", "private"),
        ("CC-BY-NC-ND-4.0", "private"),
        ("LicenseRef-CC-BY-NC-ND", "private"),
        ("LicenseRef-CC-BY-ND", "private"),
        ("LicenseRef-All-Rights-Reserved", "private"),
        ("unknown", ""),
        ("", ""),
    ],
)
@pytest.mark.parametrize("profile", ["open", "non_commercial", "private"])
def test_a_licence_passes_exactly_the_profiles_that_may_carry_it(
    name: str, profiles: str, profile: str
) -> None:
    revision, case = make_revision(licence=name)
    looked = Looked(
        revision=revision,
        evidence=replace(case, licence=name),
        recipe=make_recipe(release={"profile": profile}),
    )
    assert (licence.GATE.look(looked).problems == ()) is (profile in profiles.split())


def test_a_no_derivatives_licence_is_refused_with_its_reason() -> None:
    revision, case = make_revision(licence="CC-BY-ND-4.0")
    looked = Looked(revision=revision, evidence=replace(case, licence="CC-BY-ND-4.0"), recipe=make_recipe())
    assert "forbids sharing derivative works" in licence.GATE.look(looked).problems[0]


def test_a_row_under_another_licence_than_its_case_is_refused() -> None:
    assert "its evidence is under 'CC-BY-4.0'" in _problems(licence.GATE, licence="CC0-1.0")


# Types ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"stem": ""}, "The stem is empty"),
        ({"stem": "Short."}, "asks for 80 to 6000"),
        ({"stem": "x" * 7000}, "asks for 80 to 6000"),
        ({"question": "  "}, "The question is empty"),
        ({"answer": ""}, "The answer is empty"),
        ({"answer": " acute pericarditis"}, "white space"),
        ({"task": "diagnosis_other"}, "no task 'diagnosis_other'"),
        ({"recipe": "other"}, "belongs to recipe 'other'"),
        ({"answer": "gout"}, "stands 0 times"),
        ({"answer_index": 1}, "is option 0, not 1"),
        ({"answer_index": None}, "is option 0, not None"),
        ({"answer_index": -5}, "is option 0, not -5"),
        ({"answer_index": 99}, "is option 0, not 99"),
        ({"options": ()}, "0 options; the task asks for 5"),
        ({"options": ("acute pericarditis", "gout", "sepsis", "")}, "4 options"),
        (
            {"option_origins": (OptionOrigin(option="gout", origin="model"),)},
            "origin of options that are not there",
        ),
    ],
)
def test_rows_of_the_wrong_shape_are_refused(changes: dict[str, Any], words: str) -> None:
    assert words in _problems(types.GATE, **changes)


def test_the_number_of_options_is_the_recipe_s() -> None:
    recipe = make_recipe(tasks=[{"name": "diagnosis_mcq", "options": 4}])
    assert "5 options; the task asks for 4" in _problems(types.GATE, under=recipe)


@pytest.mark.parametrize("changes", [{"options": ("a", "b")}, {"answer_index": 0}])
def test_an_open_question_has_no_options(changes: dict[str, Any]) -> None:
    assert "open question has options" in _problems(types.GATE, task="diagnosis_open", **changes)


# Options --------------------------------------------------------------------------------------


def _options(*others: str, answer: str = "aortic dissection") -> dict[str, Any]:
    return {"options": (answer, *others), "option_origins": (), "answer_index": 0, "answer": answer}


@pytest.mark.parametrize(
    ("others", "words"),
    [
        (("Sarcoidosis", "sarcoidosis"), "same option"),
        (("coeliac disease", "Celiac Disease"), "same option"),
        (("acute pericarditis", "pericarditis"), "contains 'pericarditis'"),
        (("aortic dissection of the arch",), "contains 'aortic dissection'"),
        (("All of the above",), "no diagnosis of its own"),
        (("None of these",), "no diagnosis of its own"),
        (("Other",), "no diagnosis of its own"),
    ],
)
def test_options_that_overlap_or_are_collective_are_refused(others: tuple[str, ...], words: str) -> None:
    assert words in _problems(options.GATE, 1, **_options(*others))


def test_an_option_that_is_the_answer_by_another_name_is_refused() -> None:
    named = _problems(
        options.GATE, 1, **_options("dissecting aneurysm"), answer_aliases=("Dissecting aneurysm",)
    )
    assert "another name of the answer" in named


def test_an_abbreviation_that_the_article_gives_is_another_name() -> None:
    revision, case = make_revision(1, **_options("TAAD"))
    looked = Looked(
        revision=revision,
        evidence=replace(case, abbreviations=("TAAD=aortic dissection", "BP=blood pressure")),
        recipe=make_recipe(),
    )
    assert "'TAAD' is another name of the answer" in " ".join(options.GATE.look(looked).problems)


def test_a_synonym_of_the_terminology_is_refused() -> None:
    made = _options("heart attack", answer="myocardial infarction")
    assert "'heart attack'" in _problems(options.GATE, 1, **made)


def test_an_answer_that_alone_is_the_longest_is_flagged_not_refused() -> None:
    long = _look(options.GATE, 1, **_options("gout", "sepsis"))
    assert [flag.flag for flag in long.flags] == ["longest_option"]
    assert "17 characters" in long.flags[0].detail
    short = _look(options.GATE, 1, **_options("gout", "chronic lymphocytic leukaemia"))
    assert short.flags == ()


# Grounding ------------------------------------------------------------------------------------


def _evidence(revision: Revision, **changes: Any) -> tuple[Evidence, ...]:
    return (replace(revision.evidence[0], **changes), *revision.evidence[1:])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"quote": "Something else."}, "not at its place"),
        ({"locator": Locator.chars(Span(start=1, end=9))}, "not at its place"),
        ({"locator": Locator.chars(Span(start=10**6, end=10**6 + 5))}, "outside the stored text"),
        ({"locator": Locator(kind="char_span", start=9, end=3)}, "outside the stored text"),
        ({"locator": Locator(kind="char_span", start=-4, end=3)}, "outside the stored text"),
        ({"locator": Locator(kind="page_box", page=1)}, "no place in the stored text"),
        ({"evidence_id": "another"}, "of another case or source"),
        ({"source_id": "another"}, "of another case or source"),
        ({"role": "proof"}, "unknown role 'proof'"),
    ],
)
def test_a_quote_that_is_not_at_its_place_is_refused(changes: dict[str, Any], words: str) -> None:
    revision, _ = make_revision()
    assert words in _problems(grounding.GATE, evidence=_evidence(revision, **changes))


def test_one_changed_character_of_a_quote_is_enough() -> None:
    revision, _ = make_revision()
    quote = revision.evidence[0].quote
    changed = quote[:-1] + ("," if quote[-1] == "." else ".")
    assert "not at its place" in _problems(grounding.GATE, evidence=_evidence(revision, quote=changed))


def test_support_that_the_solver_does_not_see_is_refused() -> None:
    revision, _ = make_revision()
    hidden = replace(revision.evidence[-1], role="support")
    assert "the solver does not see it" in _problems(grounding.GATE, evidence=(*revision.evidence, hidden))


def test_an_item_without_a_quote_that_shows_the_answer_is_refused() -> None:
    revision, _ = make_revision()
    assert "No quote shows that the answer is right" in _problems(
        grounding.GATE, evidence=revision.evidence[:-1]
    )


def test_an_answer_quote_that_names_something_else_is_refused() -> None:
    assert "No quote that should show the answer names 'gout'" in _problems(
        grounding.GATE, **_options("sepsis", answer="gout"), answer_aliases=()
    )


def test_an_answer_quote_may_name_the_answer_by_an_alias() -> None:
    made = _options("sepsis", answer="inflamed heart sac")
    assert _problems(grounding.GATE, **made, answer_aliases=("acute pericarditis",)) == ""


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"stem": "A story of my own making, long enough to be a stem."}, "not what its pieces"),
        ({"visible_spans": ()}, "doesn't say which pieces"),
        ({"visible_spans": (Span(start=0, end=10**7),)}, "beyond the end"),
    ],
)
def test_a_stem_that_its_spans_do_not_make_is_refused(changes: dict[str, Any], words: str) -> None:
    assert words in _problems(grounding.GATE, **changes)


def test_spans_out_of_order_are_refused() -> None:
    revision, _ = make_revision()
    assert "out of order" in _problems(grounding.GATE, visible_spans=revision.visible_spans[::-1])


def test_a_row_whose_case_is_missing_is_refused() -> None:
    revision, _ = make_revision()
    looked = Looked(revision=revision, evidence=None, recipe=make_recipe())
    assert "not among the cases" in grounding.GATE.look(looked).problems[0]


# Leakage --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sentence",
    [
        "Aortic dissection was seen.",
        "The scan showed AORTIC-DISSECTION.",
        "Two aortic dissections ran in the family.",
        "A dissecting aneurysm was seen.",
        "A diagnosis of a tear in the vessel was made.",
        "Full size table",
    ],
)
def test_a_stem_that_gives_the_answer_away_is_refused(sentence: str) -> None:
    revision, _ = make_revision(1)
    leaking = f"{revision.stem} {sentence}"
    assert "The stem gives the answer away" in _problems(
        leakage.GATE, 1, stem=leaking, answer_aliases=("dissecting aneurysm",)
    )


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"caption": "The aortic dissection seen from the side."}, "caption of picture 1"),
        ({"name": "aortic-dissection_01.png"}, "file name of picture 1"),
        ({"label": "Aortic dissection"}, "label of picture 1"),
    ],
)
def test_pictures_may_not_tell_the_answer_either(changes: dict[str, str], where: str) -> None:
    media = replace(
        Media(sha256="0" * 64, kind="image", mime="image/png", name="f1.png", label="Figure 1"), **changes
    )
    assert where in _problems(leakage.GATE, 1, media=(media,))


def test_a_question_may_not_name_the_answer() -> None:
    assert "The question names the answer" in _problems(
        leakage.GATE, 1, question="Why is it an aortic dissection?"
    )


def test_the_article_s_own_abbreviation_is_a_leak() -> None:
    revision, case = make_revision(1)
    looked = Looked(
        revision=replace(revision, stem=f"{revision.stem} The TAAD was clear."),
        evidence=replace(case, abbreviations=("TAAD=aortic dissection",)),
        recipe=make_recipe(),
    )
    assert "TAAD" in " ".join(leakage.GATE.look(looked).problems)


def test_options_may_of_course_name_the_answer() -> None:
    assert _problems(leakage.GATE, 1) == ""


# Identifiers ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("Write to jane.doe@example.org.", "e-mail"),
        ("Tel: 0161 496 0123 was called.", "telephone"),
        ("She rang +44 20 7946 0958 twice.", "telephone"),
        ("MRN 00123456 was used.", "record number"),
        ("Hospital number: A1234567.", "record number"),
        ("SSN 078-05-1120.", "number"),
        ("Born on 12 March 1980, she was well.", "date of birth"),
        ("DOB: 03/12/1980.", "date of birth"),
        ("Mr. Sample came in.", "name"),
        ("Mrs Example-Person was seen.", "name"),
    ],
)
def test_clear_identifiers_are_refused_without_being_repeated(words: str, kind: str) -> None:
    revision, _ = make_revision()
    said = _problems(deidentify.GATE, stem=f"{revision.stem} {words}")
    assert kind in said
    assert "Sample" not in said
    assert "1980" not in said


@pytest.mark.parametrize(
    "innocent",
    [
        "Platelets were 145-180 x 10^9/l on 3 days.",
        "The pressure was 120/80 mmHg and the pulse 72-84.",
        "MR imaging and Mr imaging of the spine were normal.",
        "TSH 0.01 (0.4-4.0), T4 22.1 pmol/l.",
        "HLA-B27 and CD4 counts of 1200 were found.",
        "He smoked 20 pack-years; she had 2-3 drinks.",
        "The mass measured 12.5 x 10.2 x 8.1 cm.",
        "Codes were 10.1155/2016/3545480 in the paper.",
        "Miss rates were low, and Ms was not a unit.",
        "The patient was born at 38 weeks.",
    ],
)
def test_numbers_of_medicine_are_no_identifiers(innocent: str) -> None:
    revision, _ = make_revision()
    assert _problems(deidentify.GATE, stem=f"{revision.stem} {innocent}") == ""


@pytest.mark.parametrize(
    ("words", "flag"),
    [
        ("Admitted on 12 March 2015.", "deidentify_full_date"),
        ("Mr. K. was seen.", "deidentify_initials"),
        ("See https://example.org/case.", "deidentify_address"),
    ],
)
def test_doubtful_things_are_flagged_for_the_reviewer(words: str, flag: str) -> None:
    revision, _ = make_revision()
    findings = _look(deidentify.GATE, stem=f"{revision.stem} {words}")
    assert findings.problems == ()
    assert flag in [made.flag for made in findings.flags]


# Groups ---------------------------------------------------------------------------------------


def test_a_row_without_a_group_or_with_another_than_its_case_is_refused() -> None:
    assert "no group id" in _problems(groups.GATE, group_id="")
    assert "but its evidence's is" in _problems(groups.GATE, group_id="group-of-mine")


# Protected evidence ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("profile", "passes"), [("open", False), ("non_commercial", False), ("private", True)]
)
def test_protected_evidence_stands_only_in_a_private_release(profile: str, passes: bool) -> None:
    revision, case = make_revision(protected=True)
    looked = Looked(
        revision=revision,
        evidence=replace(case, protected=True),
        recipe=make_recipe(release={"profile": profile}),
    )
    assert (protected.GATE.look(looked).problems == ()) is passes


def test_a_row_that_lost_the_mark_of_its_case_is_refused_everywhere() -> None:
    revision, case = make_revision()
    looked = Looked(
        revision=revision,
        evidence=replace(case, protected=True),
        recipe=make_recipe(release={"profile": "private"}),
    )
    assert "does not say so" in protected.GATE.look(looked).problems[0]
