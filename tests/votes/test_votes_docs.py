"""The page on votes names every key, with the defaults that the code has, and its figures are right."""

from __future__ import annotations

import re

from grandrounds.recipe import VOTE_LIMITS, Gates, Panel
from grandrounds.statistics.votes import Share, luck
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "votes.md").read_text(encoding="utf-8")


def test_every_key_stands_on_the_page() -> None:
    keys = [f"panel.{name}" for name in Panel.model_fields] + [f"gates.{name}" for name in VOTE_LIMITS]
    assert [key for key in keys if f"`{key}`" not in PAGE] == []


def test_the_defaults_are_those_of_the_code() -> None:
    panel, gates = Panel(), Gates()
    table = PAGE.split("## Keys", 1)[1]
    told = {
        "`panel.repeats`": str(panel.repeats),
        "`panel.withheld`": f"`{panel.withheld}`",
        "`panel.temperature`, `panel.max_tokens`": f"{panel.temperature:.0f}, {panel.max_tokens}",
        "`gates.blind_share`": str(gates.blind_share),
        "`gates.blind_luck`": str(gates.blind_luck),
        "`gates.difficulty_easy`, `gates.difficulty_hard`": f"{gates.difficulty_easy}, {gates.difficulty_hard}",
    }  # fmt: skip
    for key, default in told.items():
        (row,) = re.findall(rf"^\| {re.escape(key)} \|.*\| ([^|]+) \|$", table, re.MULTILINE)
        assert row == default, key


def test_the_table_of_luck_is_what_the_gate_works_out() -> None:
    rows = re.findall(r"^\| (\d) \| (\d) \| ([\d.]+)% \| ([\d.]+)% \|$", PAGE, re.MULTILINE)
    assert len(rows) == 3
    for right, votes, on_four, on_five in rows:
        share = Share(right=int(right), votes=int(votes))
        for options, told in ((4, on_four), (5, on_five)):
            assert abs(100 * luck(share, chance=1 / options) - float(told)) <= 0.06
