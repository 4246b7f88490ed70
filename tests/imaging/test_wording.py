"""Words that keep to a fact, and every way of leaving it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grandrounds.imaging.fact import Fact
from grandrounds.imaging.facts import facts
from grandrounds.imaging.wording import described, problems
from grandrounds.imaging.wording_terms import amount, directions, quantities, shown_number, terms
from grandrounds.needs import VolumeNeed
from grandrounds.recipe import VOLUME_TASKS, Task
from grandrounds.records.parts import ChainStep, MeasuredValue, OptionOrigin
from grandrounds.records.scan import Scan
from tests.support.scans import abdomen, lumbar_spine, radiograph

FACT = Fact(
    task="finding_mcq",
    subject="measurement-1",
    question="By Genant's limits (20, 25 and 40 %), which grade does the body of L2 have?",
    answer="grade 2",
    wrong=tuple(OptionOrigin(option=f"grade {n}", origin="criterion") for n in (0, 1, 3)),
    reasoning=(
        "The front height is 18.4 mm and the back height is 26.2 mm.",
        "The loss of height of the body of L2 is 30 %, between the limits of 25 and 40 %.",
        "So the finding is: grade 2.",
    ),
    slices=(),
    measurements=(
        MeasuredValue(
            measurement_id="measurement-1", name="height_loss", number=29.77, unit="%", status="ok",
            uncertainty=1.9,
        ),
    ),
    chain=(
        ChainStep(kind="threshold", words="grade 1 up to 25, grade 2 up to 40 %, grade 3 above"),
        ChainStep(kind="finding", words="grade 2", word="grade 2"),
    ),
)  # fmt: skip
PLACED = Fact(
    task="relation_mcq",
    subject="a+b",
    question="Does the left kidney lie above or below the box i 30-52, j 41-77, k 12-30?",
    answer="above",
    wrong=(OptionOrigin(option="below", origin="study"),),
    reasoning=("The left kidney has its centre 64 mm from that of the box.", "So it lies above."),
    slices=(),
)
QUESTION, RATIONALE = FACT.question, " ".join(FACT.reasoning)


def told(fact: Fact = FACT, *, question: str = "", rationale: str = "") -> str:
    found = problems(question or fact.question, rationale or " ".join(fact.reasoning), fact)
    return "; ".join(found)


@pytest.mark.parametrize(
    "scan", [lumbar_spine(), abdomen(), radiograph()], ids=["spine", "abdomen", "film"]
)
def test_the_facts_own_words_keep_to_it(scan: Scan) -> None:
    seen = 0
    for name in VOLUME_TASKS:
        made = facts(scan, Task(name=name), VolumeNeed(questions_each=20))
        for fact in made if isinstance(made, tuple) else ():
            assert problems(fact.question, " ".join(fact.reasoning), fact) == (), fact
            seen += 1
    assert seen >= 8


@pytest.mark.parametrize(
    "question",
    [
        "Which grade does the body of L2 have by Genant's limits of 20, 25 and 40 %?",
        "Genant's limits are 20 %, 25 % and 40 %. How is the L2 vertebral body graded?",
        "Genant puts limits at 20, 25, and 40 percent: which grade has the body of the second lumbar vertebra?",
    ],
)
def test_other_words_for_the_same_question_are_free(question: str) -> None:
    assert told(question=question) == ""


@pytest.mark.parametrize(
    ("question", "why"),
    [
        (QUESTION.replace("25", "30"), "number 30"),
        (QUESTION.replace("20, ", ""), "leaves out the number 20"),
        (QUESTION.replace("L2", "L3"), "names L3"),
        (QUESTION.replace("L2", "the vertebra"), "leaves out L2"),
        (QUESTION.replace("%", "mm"), "another unit: mm"),
        (f"{QUESTION} It is not the spleen.", "names spleen"),
        (f"{QUESTION} Look at the left.", "names left"),
        (f"{QUESTION} Is it grade 2?", "says the answer"),
        (f"{QUESTION} Or is it grade 1?", "speaks of grade 1"),
        ("", "keeps"),
        ("   ", "no question"),
        ("x" * 901, "more than 900"),
    ],
)
def test_a_question_that_leaves_the_fact_is_told(question: str, why: str) -> None:
    if why == "keeps":
        assert told(question=question) == ""
    else:
        assert why in told(question=question)


@pytest.mark.parametrize(
    ("rationale", "why"),
    [
        (RATIONALE.replace("18.4", "18.5"), "number 18.5 mm"),
        (RATIONALE.replace("18.4", "18"), "number 18 mm"),
        (RATIONALE.replace("18.4 mm", "18.4 cm"), "another unit: cm"),
        (RATIONALE.replace("L2", "L1"), "names L1"),
        (RATIONALE.replace("front height", "front height of the first lumbar vertebra"), "names L1"),
        (f"The right side is flat. {RATIONALE}", "names right"),
        (f"Behind it lies the canal. {RATIONALE}", "names canal"),
        (f"Three walls are seen. {RATIONALE}", "number 3"),
        (f"Grade 2 it is. {RATIONALE}", "says 'grade 2' before"),
        (f"This is a severe collapse. {RATIONALE}", "speaks of severe before"),
        (f"It is beyond grade 1. {RATIONALE}", "speaks of grade 1 before"),
        (RATIONALE.replace("grade 2", "grade 3"), "'grade 3', which is wrong"),
        (RATIONALE.replace("So the finding is: grade 2.", "So it is graded."), "does not say the answer"),
        (f"18.4 mm and again 18.4 mm. {RATIONALE}", "oftener"),
        ("\n", "no rationale"),
    ],
)
def test_a_rationale_that_leaves_the_fact_is_told(rationale: str, why: str) -> None:
    assert why in told(rationale=rationale)


def test_a_rationale_may_use_all_numbers_of_the_fact_in_their_roundings() -> None:
    words = "The loss is 29.77 %, or 30 % as far as voxels tell; limits are 25 % and 40 %. It is grade 2."
    assert told(rationale=words) == ""


def test_an_option_within_another_is_told_apart() -> None:
    fact = Fact(
        task="finding_mcq", subject="m", question="Is the heart enlarged?", answer="not enlarged",
        wrong=(OptionOrigin(option="enlarged", origin="criterion"),),
        reasoning=("The ratio is 0.43.", "So it is not enlarged."), slices=(),
    )  # fmt: skip
    assert told(fact, rationale="The ratio is 0.43. The heart is not enlarged.") == ""
    assert "which is wrong" in told(fact, rationale="The ratio is 0.43. The heart is enlarged.")


def test_directions_of_a_question_are_kept_and_none_is_added() -> None:
    assert told(PLACED) == ""
    half = PLACED.question.replace(" or below", "")
    assert "leaves out below" in told(PLACED, question=half)
    assert "says behind" in told(PLACED, question=PLACED.question.replace("above", "behind, above"))
    assert "leaves out left" in told(PLACED, question=PLACED.question.replace("left ", ""))
    other = PLACED.question.replace("above or below", "superior or inferior to")
    assert told(PLACED, question=other) == ""


def test_a_fact_is_described_with_all_that_words_may_draw_on() -> None:
    text = described(FACT)
    assert "measurement: height loss 30 %" in text
    assert all(sentence in text for sentence in (FACT.question, *FACT.reasoning))
    assert "other options: grade 0; grade 1; grade 3" in text


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("i 30-52, k 12-30", ["30", "52", "12", "30"]),
        ("-52 HU, (\u22123.50 mm)", ["-52 hu", "-3.5 mm"]),
        ("T12, L3-L4 and S1: none", []),
        ("1,234 ml; 62 x 70 mm", ["1234 ml", "62", "70 mm"]),
        ("12mm, 20 percent, 3\u00b0 and 4 degrees", ["12 mm", "20 %", "3 deg", "4 deg"]),
        ("It ends at 5.", ["5"]),
        ("two of twelve", ["2", "12"]),
        ("0.10 and .5 and 5.0", ["0.1", "0.5", "5"]),
    ],
)
def test_numbers_are_read_with_their_units(text: str, numbers: list[str]) -> None:
    assert [str(quantity) for quantity in quantities(text)] == numbers


@given(st.decimals(-10_000, 10_000, places=3), st.sampled_from(["mm", "%", "HU", ""]))
def test_any_number_is_read_back(value: Decimal, unit: str) -> None:
    text = f"{value} {unit}".strip()
    read = amount(text)
    assert read is not None
    assert read.value == value
    assert quantities(f"It measures {text} here.") == (read,)


@given(st.text(max_size=200))
def test_no_text_upsets_the_reader(text: str) -> None:
    problems(text, text, FACT)
    assert amount(text) is None or len(quantities(text)) == 1


def test_names_are_read_in_one_spelling() -> None:
    assert terms("Kidneys, tumors and the renal vein; Th12") == {"kidney", "tumour", "vein", "T12"}
    assert terms("the fourth lumbar vertebra") == {"L4"}
    assert terms("T1-weighted") == set()
    assert directions("Superior, posteriorly and dorsal") == {"above", "behind"}


@pytest.mark.parametrize(
    ("value", "uncertainty", "shown"),
    [
        (23.456, 0.4, "23.5"),
        (23.456, 2.0, "23"),
        (0.5814, 0.005, "0.581"),
        (41.62, None, "41.6"),
        (-0.0, 1.0, "0"),
    ],
)
def test_numbers_are_shown_as_their_uncertainty_allows(
    value: float, uncertainty: float | None, shown: str
) -> None:
    assert shown_number(value, uncertainty) == shown
