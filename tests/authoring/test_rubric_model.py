"""The model author of consultations, against a real server on loopback that answers well, badly or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grandrounds.authoring.author import make_author
from grandrounds.authoring.rubric_model import RubricModelAuthor
from grandrounds.llm.config import client_from_settings
from grandrounds.records.envelope import Draft, Revision
from grandrounds.settings import resolve
from tests.support.consultations import make_case, make_recipe
from tests.support.stub_openai import StubServer

CASE = make_case()
RECIPE = make_recipe(author="model")


def row(
    text: str, points: int, kind: str, quote: str, *terms: str, axis: str = "completeness"
) -> dict[str, Any]:
    return {
        "text": text,
        "axis": axis,
        "points": points,
        "kind": kind,
        "terms": list(terms),
        "quotes": [quote],
    }


RUBRIC = [
    row("Names tularemia.", 10, "diagnosis", "tularemia was diagnosed", "tularemia", axis="accuracy"),
    row(
        "Asks for serology.",
        5,
        "investigation",
        "Serology for Francisella tularensis was positive",
        "serology",
    ),
    row(
        "Drains the abscess.",
        5,
        "treatment",
        "Urgent drainage of the abscess was performed.",
        "drainage",
        "abscess",
    ),
    row("Gives gentamicin.", 5, "treatment", "Treatment with gentamicin was started.", "gentamicin"),
    row(
        "Settles on lymphoma.",
        -6,
        "wrong_diagnosis",
        "An initial diagnosis of lymphoma was given up.",
        "lymphoma",
        axis="safety",
    ),
]
GOOD: dict[str, Any] = {
    "diagnosis": "tularemia",
    "aliases": ["rabbit fever"],
    "answer_quote": "tularemia was diagnosed",
    "answer": "This is tularemia. Ask for serology. Drain the abscess: drainage of the abscess now. Give gentamicin. It is not lymphoma.",
    "rubric": RUBRIC,
}
KEPT = {
    "changes": [{"criterion": "atomic", "change": "one thing each"}],
    "verdict": "keep",
    "verdict_reason": "",
}


def responder(
    change: dict[str, Any], *, revised: dict[str, Any] | None = None
) -> Callable[[dict[str, Any]], Any]:
    def answer(body: dict[str, Any]) -> dict[str, Any]:
        properties = body["response_format"]["json_schema"]["schema"]["properties"]
        if "verdict" in properties:
            return GOOD | KEPT | (revised or {})
        return GOOD | change

    return answer


def run(
    home: Path,
    change: dict[str, Any] | None = None,
    *,
    revised: dict[str, Any] | None = None,
    task: str = "consultation",
) -> tuple[Draft, Revision | None]:
    recipe = make_recipe(task, author="model")
    with StubServer(responder=responder(change or {}, revised=revised)) as stub:
        settings = {
            "GRANDROUNDS_HOME": str(home),
            "GRANDROUNDS_LLM_BASE_URL": stub.base_url,
            "GRANDROUNDS_LLM_MODEL": "tiny",
        }
        client = client_from_settings(resolve(settings, environ={}))
        assert client is not None
        try:
            author = make_author(recipe, client=client)
            assert isinstance(author, RubricModelAuthor)
            (draft,) = author.draft([CASE])
            if draft.status != "ok":
                return draft, None
            (revision,) = author.revise([(draft, CASE)])
            return draft, revision
        finally:
            client.close()


def test_a_good_answer_becomes_a_consultation_with_its_requests_named(tmp_path: Path) -> None:
    draft, revision = run(tmp_path)
    assert revision is not None and revision.status == "ok"
    assert [each.text for each in revision.rubric] == [each["text"] for each in RUBRIC]
    assert {each.rule for each in revision.rubric} == {""}
    assert revision.changes == ("atomic: one thing each",)
    assert revision.authorship.author == "model" and revision.authorship.model == "tiny"
    assert draft.authorship.draft_request_id and revision.authorship.revise_request_id
    assert "tularemia" not in revision.stem.casefold()
    assert revision.rubric[0].terms == ("tularemia|rabbit fever",)


def test_a_model_writes_consultations_with_turns_too(tmp_path: Path) -> None:
    _, revision = run(tmp_path, task="consultation_turns")
    assert revision is not None and revision.disclosures


def test_a_criterion_whose_quote_is_not_in_the_article_is_thrown_away_and_flagged(tmp_path: Path) -> None:
    made_up = row("Gives streptomycin.", 5, "treatment", "Streptomycin was started.", "streptomycin")
    draft, _ = run(tmp_path, {"rubric": [*RUBRIC, made_up]})
    assert len(draft.rubric) == len(RUBRIC)
    assert [flag.flag for flag in draft.quality_flags] == ["quote_not_found"]


def test_a_criterion_that_says_more_than_its_quote_is_refused(tmp_path: Path) -> None:
    more = row(
        "Gives streptomycin.", 5, "treatment", "Treatment with gentamicin was started.", "streptomycin"
    )
    draft, _ = run(tmp_path, {"rubric": [*RUBRIC, more]})
    assert len(draft.rubric) == len(RUBRIC)
    assert [flag.flag for flag in draft.quality_flags] == ["criterion_refused"]


def test_a_criterion_below_zero_that_the_reference_meets_is_vetoed(tmp_path: Path) -> None:
    trap = row(
        "Relies on gentamicin.", -5, "wrong_advice", "Treatment with gentamicin was started.", "gentamicin"
    )
    draft, _ = run(tmp_path, {"rubric": [*RUBRIC, trap]})
    assert "contradiction" in draft.quality_flags[0].detail
    assert len(draft.rubric) == len(RUBRIC)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"diagnosis": ""}, "no_diagnosis"),
        ({"answer_quote": "tularaemia was diagnosed"}, "unparsable"),
        ({"answer": "  "}, "unparsable"),
        ({"rubric": RUBRIC[:4]}, "no_rubric"),
        ({"rubric": []}, "no_rubric"),
    ],
)
def test_what_a_draft_lacks_is_its_status(tmp_path: Path, change: dict[str, Any], status: str) -> None:
    draft, _ = run(tmp_path, change)
    assert draft.status == status and draft.reason


def test_a_revision_may_drop(tmp_path: Path) -> None:
    _, revision = run(tmp_path, revised={"verdict": "drop", "verdict_reason": "too easy"})
    assert revision is not None
    assert (revision.status, revision.reason) == ("dropped", "too easy")


def test_the_requests_can_be_carried_elsewhere(tmp_path: Path) -> None:
    with StubServer() as stub:
        settings = {
            "GRANDROUNDS_HOME": str(tmp_path),
            "GRANDROUNDS_LLM_BASE_URL": stub.base_url,
            "GRANDROUNDS_LLM_MODEL": "tiny",
        }
        client = client_from_settings(resolve(settings, environ={}))
        assert client is not None
        author = RubricModelAuthor(RECIPE, client=client)
        (request,) = author.draft_requests([CASE])
        client.close()
    assert request.prompt_name == "consultation/draft" and "BEGIN ARTICLE" in request.messages[-1].content
