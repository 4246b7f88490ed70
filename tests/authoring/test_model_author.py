"""The model author, against a real server on loopback that answers well, badly or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from grandrounds.authoring.model_author import ModelAuthor
from grandrounds.errors import ModelError, RecipeError
from grandrounds.llm.client import ModelClient
from grandrounds.llm.config import client_from_settings
from grandrounds.recipe import Recipe
from grandrounds.records.case import Case
from grandrounds.records.envelope import Draft
from grandrounds.settings import resolve
from grandrounds.stem import render
from tests.support.expert import answer
from tests.support.factories import make_case
from tests.support.stub_openai import StubServer

RECIPE = Recipe.model_validate(
    {
        "name": "tried",
        "title": "Tried",
        "tasks": [{"name": "diagnosis_mcq", "options": 5}, {"name": "diagnosis_open"}],
        "evidence": {"minimum_characters": 100},
        "author": "model",
    }
)


@pytest.fixture(scope="module")
def expert() -> Iterator[StubServer]:
    with StubServer(responder=answer) as stub:
        yield stub


def client(stub: StubServer, home: Path, **more: str) -> ModelClient:
    made = client_from_settings(
        resolve(
            {
                "GRANDROUNDS_HOME": str(home),
                "GRANDROUNDS_LLM_BASE_URL": stub.base_url,
                "GRANDROUNDS_LLM_MODEL": "tiny",
                **more,
            },
            environ={},
        )
    )
    assert made is not None
    return made


def drafted(stub: StubServer, home: Path, cases: list[Case], **more: str) -> list[Draft]:
    with client(stub, home, **more) as opened:
        return list(ModelAuthor(RECIPE, client=opened).draft(cases))


def test_every_case_and_task_gets_one_draft_with_all_that_made_it(
    expert: StubServer, tmp_path: Path
) -> None:
    cases = [make_case(number) for number in range(5)]
    rows = drafted(expert, tmp_path, cases)
    assert [(row.evidence_id, row.task) for row in rows] == [
        (case.evidence_id, task.name) for case in cases for task in RECIPE.tasks
    ]
    for row in rows:
        assert (row.status, row.reason) == ("ok", "")
        assert row.authorship.author == "model"
        assert row.authorship.model == "tiny"
        assert row.authorship.draft_request_id
        assert len(row.authorship.draft_prompt_sha256 or "") == 64
        assert len(row.options) == (5 if row.task == "diagnosis_mcq" else 0)


def test_the_stem_is_cut_from_the_article_and_never_written_by_the_model(
    expert: StubServer, tmp_path: Path
) -> None:
    case = make_case(1)
    row = drafted(expert, tmp_path, [case])[0]
    assert row.stem == render(case.text, row.visible_spans)
    assert row.answer.casefold() not in row.stem.casefold()
    for quote in row.evidence:
        assert quote.locator.span is not None
        assert quote.locator.span.of(case.text) == quote.quote


def test_quotes_that_the_solver_does_not_see_are_dropped_and_flagged(
    expert: StubServer, tmp_path: Path
) -> None:
    row = drafted(expert, tmp_path, [make_case(2)])[0]
    assert {flag.flag for flag in row.quality_flags} == {"quote_not_visible"}
    support = [e.quote for e in row.evidence if e.role == "support"]
    assert support
    assert all(" ".join(quote.split()) in " ".join(row.stem.split()) for quote in support)


def test_a_revision_keeps_draft_and_request_side_by_side(expert: StubServer, tmp_path: Path) -> None:
    case = make_case(3)
    with client(expert, tmp_path) as opened:
        author = ModelAuthor(RECIPE, client=opened)
        rows = list(author.draft([case]))
        revised = list(author.revise([(row, case) for row in rows]))
    for before, after in zip(rows, revised, strict=True):
        assert after.draft_id == before.draft_id
        assert after.status == "ok"
        assert after.changes == ("evidence_quoted: weighed the findings again",)
        assert after.rationale.endswith("Weighed again.")
        assert after.authorship.draft_request_id == before.authorship.draft_request_id
        assert after.authorship.revise_request_id not in {None, before.authorship.draft_request_id}


def test_what_was_answered_is_never_asked_again(expert: StubServer, tmp_path: Path) -> None:
    cases = [make_case(number) for number in range(20, 24)]
    first = drafted(expert, tmp_path, cases)
    received = expert.stats()["received"]
    assert drafted(expert, tmp_path, cases) == first
    assert expert.stats()["received"] == received


def spoiled(**change: Any) -> StubServer:
    return StubServer(responder=lambda body: {**answer(body), **change})


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"diagnosis": "  "}, "no_diagnosis"),
        ({"answer_quote": "The article says no such thing."}, "unparsable"),
        ({"support_quotes": ["Nor such a finding."]}, "unparsable"),
        ({"distractors": ["Only one"]}, "no_distractors"),
        ({"support_quotes": []}, "unparsable"),
    ],
)
def test_an_answer_that_the_article_does_not_bear_out_is_a_row_with_a_status(
    tmp_path: Path, change: dict[str, Any], status: str
) -> None:
    with spoiled(**change) as stub:
        row = drafted(stub, tmp_path, [make_case(4)])[0]
    assert row.status == status
    assert row.reason


@pytest.mark.parametrize(
    ("behaviour", "status"),
    [("refuse", "refused"), ("length", "truncated"), ("nonsense", "unparsable"), ("400", "failed")],
)
def test_a_bad_answer_never_ends_the_run(tmp_path: Path, behaviour: str, status: str) -> None:
    cases = [make_case(number) for number in range(3)]
    broken = replace(cases[1], title=f"Odd [[{behaviour}]]")
    with StubServer(responder=answer) as stub:
        rows = drafted(stub, tmp_path, [cases[0], broken, cases[2]])
    assert [row.status for row in rows] == ["ok", "ok", status, status, "ok", "ok"]


def test_the_reviser_can_drop_an_item_with_a_reason(tmp_path: Path) -> None:
    case = make_case(5)
    with (
        spoiled(verdict="drop", verdict_reason="two options are right") as stub,
        client(stub, tmp_path) as opened,
    ):
        author = ModelAuthor(RECIPE, client=opened)
        first = next(author.draft([case]))
        revised = list(author.revise([(first, case)]))
    assert (revised[0].status, revised[0].reason) == ("dropped", "two options are right")


def test_protected_evidence_never_reaches_an_endpoint_that_is_not_local(tmp_path: Path) -> None:
    secret = replace(make_case(1), protected=True)
    with StubServer(responder=answer) as stub:
        rows = drafted(stub, tmp_path, [secret], GRANDROUNDS_LLM_LOCAL="false")
        assert stub.stats()["received"] == 0
        assert {row.status for row in rows} == {"not_local"}
        assert {row.status for row in drafted(stub, tmp_path, [secret], GRANDROUNDS_LLM_LOCAL="true")} == {
            "ok"
        }


def test_a_wrong_key_stops_at_once_with_what_to_do(tmp_path: Path) -> None:
    with (
        StubServer(responder=answer, api_key="right") as stub,
        pytest.raises(ModelError, match="OPENAI_API_KEY"),
    ):
        drafted(stub, tmp_path, [make_case(7)], OPENAI_API_KEY="wrong")


def test_a_recipe_that_insists_on_a_model_says_what_is_missing() -> None:
    from grandrounds.authoring.author import make_author

    with pytest.raises(RecipeError, match="GRANDROUNDS_LLM_BASE_URL"):
        make_author(RECIPE, client=None)
