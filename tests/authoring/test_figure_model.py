"""The model author of figures, against a real server on loopback: it sees the picture, and code checks
its word."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from grandrounds.authoring.author import AskingAuthor, make_author
from grandrounds.authoring.figure_model import FigureModelAuthor
from grandrounds.errors import RecipeError
from grandrounds.fingerprint import sha256_bytes
from grandrounds.lake import Lake
from grandrounds.llm.answering import Answering
from grandrounds.llm.config import client_from_settings
from grandrounds.recipe import Recipe
from grandrounds.records.envelope import Draft, Revision
from grandrounds.records.figure import FigureRow
from grandrounds.records.parts import Label
from grandrounds.settings import resolve
from tests.support import figure_expert
from tests.support.captions import captioned
from tests.support.stub_answers import text_of
from tests.support.stub_openai import StubServer

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
TASKS = ("figure_modality_mcq", "figure_finding_mcq", "figure_panel_mcq", "figure_description_open")
RECIPE = Recipe.model_validate(
    {
        "name": "tried",
        "title": "Tried",
        "author": "model",
        "tasks": [{"name": name, "options": 4} for name in TASKS],
        "evidence": {"kind": "figures"},
    }
)
CAPTION = "(A) CT scan of the abdomen. (B) The same with a mass in the left kidney."
PANELS = (("A", "CT scan of the abdomen."), ("B", "The same with a mass in the left kidney."))
MENTION = "The kidney was removed (Figure 1)."


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    made = Lake(str(tmp_path_factory.mktemp("lake")))
    made.put_media(PNG)
    return made


@pytest.fixture(scope="module")
def careful() -> Iterator[StubServer]:
    with StubServer(responder=figure_expert.answer) as stub:
        yield stub


def figure(**more: object) -> FigureRow:
    fields: dict[str, object] = {
        "sha256": sha256_bytes(PNG),
        "panels": PANELS,
        "mentions": (("Figure 1", MENTION),),
    }
    return captioned(CAPTION, **{**fields, **more})  # type: ignore[arg-type]


def client(stub: StubServer, home: Path, lake: Lake, **more: str) -> Answering:
    made = client_from_settings(
        resolve(
            {
                "GRANDROUNDS_HOME": str(home),
                "GRANDROUNDS_LLM_BASE_URL": stub.base_url,
                "GRANDROUNDS_LLM_MODEL": "tiny",
                **more,
            },
            environ={},
        ),
        lake=lake,
    )
    assert made is not None
    return made


def made_by(
    stub: StubServer, home: Path, lake: Lake, row: FigureRow, **more: str
) -> tuple[list[Draft], list[Revision]]:
    with client(stub, home, lake, **more) as opened:
        author = make_author(RECIPE, client=opened, lake=lake)
        assert isinstance(author, FigureModelAuthor)
        drafts = list(author.draft([row]))
        return drafts, list(author.revise([(draft, row) for draft in drafts if draft.status == "ok"]))


def with_model(
    responder: Callable[[dict[str, Any]], dict[str, Any]],
    home: Path,
    lake: Lake,
    row: FigureRow | None = None,
) -> tuple[list[Draft], list[Revision]]:
    with StubServer(responder=responder) as stub:
        return made_by(stub, home, lake, row or figure())


def test_a_model_drafts_and_revises_every_task(careful: StubServer, tmp_path: Path, lake: Lake) -> None:
    drafts, revisions = made_by(careful, tmp_path, lake, figure())
    assert [draft.task for draft in drafts] == list(TASKS)
    assert [draft.status for draft in drafts] == ["ok"] * 4, [draft.reason for draft in drafts]
    modality, finding, panel, description = drafts
    assert modality.options == ("CT scan", "MRI scan", "Ultrasound scan", "Radiograph")
    assert {origin.origin for origin in finding.option_origins[1:]} == {"model"}
    assert (panel.answer, panel.options) == ("B", ("B", "A"))
    assert panel.option_origins[1].origin == "figure"
    assert (description.options, description.answer_index) == ((), None)
    for draft in drafts:
        assert draft.evidence[0].quote == CAPTION
        assert draft.media[0].caption == ""
        assert (draft.authorship.author, draft.authorship.model) == ("model", "tiny")
        assert len(draft.authorship.draft_prompt_sha256 or "") == 64
        assert Label(scheme="modality", path=("radiology", "ct")) in draft.labels
    assert [revision.status for revision in revisions] == ["ok"] * 4, [r.reason for r in revisions]
    for draft, revision in zip(drafts, revisions, strict=True):
        assert revision.draft_id == draft.draft_id
        assert revision.rationale.startswith("Looked at twice.")
        assert revision.changes == ("plain: said it twice",)
        assert revision.authorship.revise_request_id not in {None, draft.authorship.draft_request_id}
        assert (revision.options, revision.answer, revision.evidence) == (
            draft.options,
            draft.answer,
            draft.evidence,
        )


def test_the_model_sees_picture_caption_and_mentions(
    careful: StubServer, tmp_path: Path, lake: Lake
) -> None:
    made_by(careful, tmp_path, lake, figure(words_inside=("LEFT",)))
    data = "data:image/png;base64," + base64.b64encode(PNG).decode()
    told = [body["messages"][-1] for body in careful.book.bodies]
    assert told
    for message in told:
        text = text_of(message)
        assert all(part in text for part in (CAPTION, MENTION, "A, B", "radiology/ct", "urinary/kidney"))
        shown = [part["image_url"]["url"] for part in message["content"] if part["type"] == "image_url"]
        assert shown == [data]
    assert any("LEFT" in text_of(message) for message in told)


def test_requests_can_be_carried_elsewhere(careful: StubServer, tmp_path: Path, lake: Lake) -> None:
    row = figure()
    with client(careful, tmp_path, lake) as opened:
        author = make_author(RECIPE, client=opened, lake=lake)
        assert isinstance(author, AskingAuthor)
        drafts = list(author.draft([row]))
        assert [r.request_id for r in author.draft_requests([row])] == [
            d.authorship.draft_request_id for d in drafts
        ]
        pairs = [(draft, row) for draft in drafts]
        revisions = list(author.revise(pairs))
        asked = [request.request_id for request in author.revise_requests(pairs)]
        assert asked == [revision.authorship.revise_request_id for revision in revisions]


def test_a_quote_that_is_not_there_makes_the_draft_unparsable(tmp_path: Path, lake: Lake) -> None:
    drafts, _ = with_model(figure_expert.misquoting, tmp_path, lake)
    assert {draft.status for draft in drafts} == {"unparsable"}
    assert all("quote_not_found" in {flag.flag for flag in draft.quality_flags} for draft in drafts)


def test_wrong_options_that_may_be_right_are_thrown_away(tmp_path: Path, lake: Lake) -> None:
    drafts, _ = with_model(figure_expert.careless, tmp_path, lake)
    first = drafts[0]
    assert first.options == ("CT scan", "MRI scan", "Radiograph", "Ultrasound scan")
    assert {flag.flag for flag in first.quality_flags} >= {"option_refused", "label_unknown"}


def test_an_item_that_still_says_its_answer_is_dropped_by_code(tmp_path: Path, lake: Lake) -> None:
    drafts, revisions = with_model(figure_expert.blurting, tmp_path, lake)
    assert drafts[0].status == "ok"  # the revision may mend it
    assert revisions[0].status == "dropped"
    assert "caption_not_needed" in revisions[0].reason
    assert "answer_unsaid" in revisions[0].reason


def test_the_models_own_verdict_counts(tmp_path: Path, lake: Lake) -> None:
    _, revisions = with_model(figure_expert.dropping, tmp_path, lake)
    assert {(revision.status, revision.reason) for revision in revisions} == {
        ("dropped", "two options are right")
    }
    drafts, _ = with_model(figure_expert.skipping, tmp_path / "other", lake)
    assert {(draft.status, draft.reason) for draft in drafts} == {
        ("nothing_to_ask", "the picture does not show it")
    }


def test_nothing_is_asked_where_nothing_can_be(careful: StubServer, tmp_path: Path, lake: Lake) -> None:
    before = len(careful.book.bodies)
    gone = replace(figure(), status="no_picture", reason="not in the source", sha256="")
    drafts, _ = made_by(careful, tmp_path, lake, gone)
    assert {draft.status for draft in drafts} == {"nothing_to_ask"}
    odd, _ = made_by(careful, tmp_path, lake, figure(mime="image/tiff"))
    assert {draft.status for draft in odd} == {"failed"}
    assert all("image/tiff" in draft.reason for draft in odd)
    assert len(careful.book.bodies) == before
    plain, _ = made_by(careful, tmp_path, lake, figure(panels=()))
    assert [draft.status for draft in plain] == ["ok", "ok", "nothing_to_ask", "ok"]


def test_a_protected_figure_goes_to_no_endpoint_that_is_not_local(
    careful: StubServer, tmp_path: Path, lake: Lake
) -> None:
    before = len(careful.book.bodies)
    drafts, revisions = made_by(
        careful, tmp_path, lake, figure(protected=True), GRANDROUNDS_LLM_LOCAL="false"
    )
    assert {draft.status for draft in drafts} == {"not_local"}
    assert revisions == []
    assert len(careful.book.bodies) == before


def test_a_recipe_that_insists_on_a_model_says_what_is_missing() -> None:
    with pytest.raises(RecipeError, match="no model is configured"):
        make_author(RECIPE, client=None)
