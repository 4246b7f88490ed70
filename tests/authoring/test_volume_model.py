"""The model author of volumes, against a real server on loopback: it may choose words, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from grandrounds.authoring.author import AskingAuthor, make_author
from grandrounds.authoring.volume_model import VolumeModelAuthor
from grandrounds.authoring.volume_rule import VolumeRuleAuthor
from grandrounds.errors import RecipeError
from grandrounds.lake import Lake
from grandrounds.llm.answering import Answering
from grandrounds.llm.config import client_from_settings
from grandrounds.recipe import Recipe
from grandrounds.records.envelope import Draft, Revision
from grandrounds.records.scan import Scan
from grandrounds.settings import resolve
from tests.support.scan_voxels import with_image
from tests.support.scans import radiograph, scan_of
from tests.support.stub_answers import text_of
from tests.support.stub_openai import StubServer
from tests.support.volume_expert import answer, blurting, dropping, miscounting

RECIPE = Recipe.model_validate(
    {
        "name": "tried",
        "title": "Tried",
        "author": "model",
        "tasks": [{"name": "level_mcq"}, {"name": "count_mcq"}, {"name": "finding_mcq"}],
        "evidence": {"kind": "volumes", "questions_each": 2},
    }
)
STATUSES = ["ok", "ok", "nothing_to_ask", "ok"]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return Lake(str(tmp_path_factory.mktemp("lake")))


@pytest.fixture(scope="module")
def film(lake: Lake) -> Scan:
    return with_image(radiograph(), lake)


@pytest.fixture(scope="module")
def careful() -> Iterator[StubServer]:
    with StubServer(responder=answer) as stub:
        yield stub


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
    stub: StubServer, home: Path, lake: Lake, scans: list[Scan], **more: str
) -> tuple[list[Draft], list[Revision]]:
    with client(stub, home, lake, **more) as opened:
        author = make_author(RECIPE, client=opened, lake=lake)
        drafts = list(author.draft(scans))
        by_id = {scan.evidence_id: scan for scan in scans}
        pairs = [(row, by_id[row.evidence_id]) for row in drafts if row.status == "ok"]
        return drafts, list(author.revise(pairs))


def computed(row: Draft | Revision) -> tuple[object, ...]:
    """All that a model has no say in."""
    return (row.stem, row.subject, row.options, row.option_origins, row.answer, row.boxes, row.measurements,
            row.chain, row.turns, row.labels, row.media, row.evidence)  # fmt: skip


def test_a_model_words_facts_and_changes_nothing_else(
    careful: StubServer, tmp_path: Path, lake: Lake, film: Scan
) -> None:
    drafts, revisions = made_by(careful, tmp_path, lake, [film])
    rules = list(VolumeRuleAuthor(RECIPE, lake=lake).draft([film]))
    assert [row.status for row in drafts] == STATUSES
    assert [computed(row) for row in drafts] == [computed(row) for row in rules]
    for row, ruled in zip(drafts, rules, strict=True):
        if row.status == "ok":
            assert row.question == f"Look closely. {ruled.question}"
            assert row.rationale.endswith(f"Taken together: {row.answer}.")
            assert row.quality_flags == ()
            assert (row.authorship.author, row.authorship.model) == ("model", "tiny")
            assert len(row.authorship.draft_prompt_sha256 or "") == 64
    assert [row.status for row in revisions] == ["ok"] * 3
    for after in revisions:
        assert after.rationale.endswith(f"From all this: {after.answer}.")
        assert after.changes == ("plain_words: said it more plainly",)
        assert after.authorship.revise_request_id not in {None, after.authorship.draft_request_id}
    before = {row.draft_id: row for row in drafts}
    assert all(computed(row) == computed(before[row.draft_id]) for row in revisions)


def test_the_model_sees_the_fact_the_stem_and_the_key_slices(
    careful: StubServer, tmp_path: Path, lake: Lake, film: Scan
) -> None:
    drafts, _ = made_by(careful, tmp_path, lake, [film])
    told = [body["messages"][-1] for body in careful.book.bodies]
    for row in drafts:
        pictures = [media for media in row.media if media.kind == "image"]
        for message in told:
            if row.status == "ok" and row.question.removeprefix("Look closely. ") in text_of(message):
                assert row.stem in text_of(message)
                assert all(media.caption in text_of(message) for media in pictures)
                shown = [part for part in message["content"] if part["type"] == "image_url"]
                assert len(shown) == len(pictures) > 0
    assert len(told) >= 6


def test_a_changed_number_is_not_taken_and_the_row_says_whose_words_it_has(
    tmp_path: Path, lake: Lake, film: Scan
) -> None:
    rules = [row for row in VolumeRuleAuthor(RECIPE, lake=lake).draft([film]) if row.status == "ok"]
    with StubServer(responder=miscounting) as stub:
        drafts, revisions = made_by(stub, tmp_path, lake, [film])
    for row, ruled in zip((row for row in drafts if row.status == "ok"), rules, strict=True):
        assert (row.question, row.rationale) == (ruled.question, ruled.rationale)
        assert (row.authorship.author, row.authorship.model) == ("rule", None)
        assert row.authorship.draft_request_id
        assert [flag.flag for flag in row.quality_flags] == ["wording_refused"]
        assert "777" in row.quality_flags[0].detail
    for after, ruled in zip(revisions, rules, strict=True):
        assert (after.status, after.rationale, after.changes) == ("ok", ruled.rationale, ())
        assert after.authorship.author == "rule"
        assert [flag.detail.split(":")[0] for flag in after.quality_flags] == ["draft", "revision"]


def test_a_leaked_answer_is_not_taken_and_the_revision_is_told_why(
    tmp_path: Path, lake: Lake, film: Scan
) -> None:
    with StubServer(responder=blurting) as stub:
        drafts, revisions = made_by(stub, tmp_path, lake, [film])
        asked = [text_of(body["messages"][-1]) for body in stub.book.bodies]
    finding = next(row for row in drafts if row.task == "finding_mcq")
    assert finding.authorship.author == "rule"
    assert "before its last sentence" in finding.quality_flags[0].detail
    assert sum(finding.quality_flags[0].detail in text for text in asked) == 1
    revised = next(row for row in revisions if row.task == "finding_mcq")
    assert (revised.status, revised.rationale) == ("ok", finding.rationale)


def test_a_model_may_drop_what_words_can_not_mend(tmp_path: Path, lake: Lake, film: Scan) -> None:
    with StubServer(responder=dropping) as stub:
        _, revisions = made_by(stub, tmp_path, lake, [film])
    assert {(row.status, row.reason) for row in revisions} == {("dropped", "two options are right")}


@pytest.mark.parametrize(
    ("behaviour", "status"), [("refuse", "refused"), ("length", "truncated"), ("nonsense", "unparsable")]
)
def test_a_bad_answer_is_a_row_with_a_status_in_its_place(
    tmp_path: Path, lake: Lake, film: Scan, behaviour: str, status: str
) -> None:
    with StubServer(responder=answer, always=behaviour) as stub:
        drafts, _ = made_by(stub, tmp_path, lake, [film])
    assert [row.status for row in drafts] == [status, status, "nothing_to_ask", status]
    assert all(row.reason for row in drafts)
    assert len({row.draft_id for row in drafts}) == len(drafts)


def test_protected_scans_never_reach_an_endpoint_that_is_not_local(
    tmp_path: Path, lake: Lake, film: Scan
) -> None:
    secret = replace(film, volume=replace(film.volume, protected=True))
    with StubServer(responder=answer) as stub:
        drafts, _ = made_by(stub, tmp_path, lake, [secret], GRANDROUNDS_LLM_LOCAL="false")
        assert stub.stats()["received"] == 0
    assert [row.status for row in drafts] == ["not_local", "not_local", "nothing_to_ask", "not_local"]
    assert all(row.protected for row in drafts)


def test_scans_without_facts_stand_in_their_place_and_ask_nothing(
    careful: StubServer, tmp_path: Path, lake: Lake, film: Scan
) -> None:
    empty = scan_of(replace(film.volume, volume_id="volume-empty"), film.masks, [])
    rows, _ = made_by(careful, tmp_path, lake, [empty, film, replace(empty)])
    assert [row.evidence_id for row in rows] == ["volume-empty"] * 3 + [film.evidence_id] * 4 + [
        "volume-empty"
    ] * 3
    assert [row.status for row in rows] == ["nothing_to_ask"] * 3 + STATUSES + ["nothing_to_ask"] * 3


def test_a_draft_that_is_not_true_to_its_scan_is_dropped_unasked(
    careful: StubServer, tmp_path: Path, lake: Lake, film: Scan
) -> None:
    drafts, _ = made_by(careful, tmp_path, lake, [film])
    wrong = replace(drafts[0], answer="spleen", options=("spleen", *drafts[0].options[1:]))
    with client(careful, tmp_path, lake) as opened:
        author = VolumeModelAuthor(RECIPE, client=opened, lake=lake)
        assert list(author.revise_requests([(wrong, film)])) == []
        (after,) = author.revise([(wrong, film)])
    assert (after.status, after.authorship.revise_request_id) == ("dropped", None)
    assert after.reason.startswith("true_to_fact")


def test_requests_can_be_carried_elsewhere(
    careful: StubServer, tmp_path: Path, lake: Lake, film: Scan
) -> None:
    with client(careful, tmp_path, lake) as opened:
        author: Any = make_author(RECIPE, client=opened, lake=lake)
        assert isinstance(author, AskingAuthor)
        drafts = [row for row in author.draft([film]) if row.status == "ok"]
        assert [request.request_id for request in author.draft_requests([film])] == [
            row.authorship.draft_request_id for row in drafts
        ]
        revisions = list(author.revise((row, film) for row in drafts))
        assert [request.request_id for request in author.revise_requests((d, film) for d in drafts)] == [
            row.authorship.revise_request_id for row in revisions
        ]
        assert all(request.has_media for request in author.draft_requests([film]))
    assert not isinstance(VolumeRuleAuthor(RECIPE), AskingAuthor)


def test_a_recipe_that_insists_on_a_model_says_what_is_missing() -> None:
    with pytest.raises(RecipeError, match="GRANDROUNDS_LLM_BASE_URL"):
        make_author(RECIPE, client=None)
