"""What failed, was withheld or was refused costs points or none, and never earns any."""

from __future__ import annotations

import pytest

from tests.support.cases import case_of
from tests.support.consultations import LATER, STORY, drafted


def kinds_of(told: str, word: str) -> set[str]:
    """The kinds of criteria that name ``word`` when the report says ``told`` after its story."""
    case = case_of(("presentation", STORY + LATER + told), title="Tularemia of the neck in a farmer")
    return {each.kind for each in drafted(case)[0].rubric if word in " ".join(each.terms).casefold()}


@pytest.mark.parametrize(
    "told",
    [
        " Treatment with ceftriaxone was started. The fever did not respond to ceftriaxone.",
        " Treatment with ceftriaxone was started. Ceftriaxone was ineffective.",
        " She was treated with vancomycin and ceftriaxone without improvement.",
        " Ceftriaxone was given, but there was no response to ceftriaxone.",
        " Treatment with ceftriaxone was started, then ceftriaxone was withheld.",
        " Ceftriaxone was given. Ceftriaxone was discontinued due to anaphylaxis.",
        " Despite ceftriaxone the fever stayed.",
    ],
)
def test_a_drug_that_failed_or_was_withheld_never_earns_points(told: str) -> None:
    assert "treatment" not in kinds_of(told, "ceftriaxone")


@pytest.mark.parametrize(
    "told",
    [
        " Neck dissection was attempted but failed. Splenectomy was attempted.",
        " Splenectomy was unsuccessful.",
        " She was referred for splenectomy, which she refused.",
    ],
)
def test_a_procedure_that_failed_or_was_refused_never_earns_points(told: str) -> None:
    assert not kinds_of(told, "splenectomy")


def test_a_drug_that_was_given_earns_points() -> None:
    assert kinds_of(" Then ceftriaxone was given for a week.", "ceftriaxone") == {"treatment"}
