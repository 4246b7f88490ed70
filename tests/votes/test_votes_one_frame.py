"""A panel that is asked about films over real HTTP: with all frames, blind, and with one frame alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from grandrounds.authoring.clip_rule import ClipRuleAuthor
from grandrounds.contracts import contract
from grandrounds.lake import Lake
from grandrounds.llm.config import client_from_settings
from grandrounds.recipe import Recipe
from grandrounds.records.clip import ClipRow
from grandrounds.records.envelope import Candidate, Envelope, content_sha256, item_id
from grandrounds.records.table import from_table, to_table
from grandrounds.records.vote import PanelVote
from grandrounds.settings import resolve
from grandrounds.statistics.votes import Share, share_of
from grandrounds.votes.panel import Voter, ask_panel
from tests.support.clip_rows import SIGHTS, STEPS, clip, with_pictures
from tests.support.stub_openai import StubServer
from tests.support.voters import read_question

RECIPE = Recipe.model_validate(
    {
        "name": "films",
        "title": "Films",
        "evidence": {"kind": "clips"},
        "tasks": [{"name": "clip_frame_mcq"}, {"name": "clip_next_mcq"}, {"name": "clip_order_mcq"}],
        "panel": {"models": ["seer"], "one_frame": True, "repeats": 2},
    }
)


def candidates(*rows: ClipRow) -> list[Candidate]:
    made = [draft for draft in ClipRuleAuthor(RECIPE).draft(rows) if draft.status == "ok"]
    return [
        Candidate(
            **{name: getattr(draft, name) for name in Envelope.__dataclass_fields__},
            item_id=item_id(draft),
            revision_id=f"revision-{number}",
            draft_id=draft.draft_id,
            content_sha256=content_sha256(draft),
        )
        for number, draft in enumerate(made)
    ]


@contextmanager
def voter(stub: StubServer, home: Path, lake: Lake) -> Iterator[Voter]:
    settings = resolve(
        {
            "GRANDROUNDS_HOME": str(home),
            "GRANDROUNDS_LLM_BASE_URL": stub.base_url,
            "GRANDROUNDS_LLM_MODEL": "seer",
        },
        environ={},
    )
    client = client_from_settings(settings, lake=lake)
    assert client is not None
    with client as opened:
        yield Voter(name="seer", client=opened)


def pictures_in(body: dict[str, Any]) -> int:
    content = body["messages"][-1]["content"]
    return 0 if isinstance(content, str) else sum(part["type"] == "image_url" for part in content)


def test_who_needs_all_frames_is_right_with_all_of_them_only(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    rows = [with_pictures(clip(says=says, seed="s"), lake.put_media) for says in (SIGHTS, STEPS)]
    asked = candidates(*rows)
    assert {row.task for row in asked} == {"clip_frame_mcq", "clip_next_mcq", "clip_order_mcq"}
    right = {row.question + row.stem: row for row in asked}

    def seer(body: dict[str, Any]) -> dict[str, str]:
        """Knows the answer when it sees every picture, and takes a wrong option otherwise."""
        question = read_question(body)
        row = next(row for row in right.values() if set(row.options) == set(question.options.values()))
        all_of_them = pictures_in(body) == len(row.media)
        wrong = next(option for option in row.options if option != row.answer)
        return {
            "reason": "So it looks.",
            "letter": question.letter_of(row.answer if all_of_them else wrong),
        }

    with StubServer(responder=seer) as stub:
        votes = list(ask_panel(asked, recipe=RECIPE, voters=[voter(stub, tmp_path, lake)]))
        shown = Counter(map(pictures_in, stub.book.bodies))
    assert len(votes) == 3 * 2 * len(asked) and len({vote.vote_id for vote in votes}) == len(votes)
    assert share_of(votes, blind=False) == Share(right=2 * len(asked), votes=2 * len(asked))
    assert share_of(votes, blind=True).right == 0
    assert share_of(votes, blind=False, one_frame=True) == Share(right=0, votes=2 * len(asked))
    assert shown[0] == shown[1] == 2 * len(asked)
    assert from_table(PanelVote, to_table(votes, contract("votes"))) == votes
