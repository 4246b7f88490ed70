"""``grandrounds grade``: marks responses to a release's consultations."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from grandrounds.records.envelope import Item
    from grandrounds.rubrics.controls import ControlScores
    from grandrounds.rubrics.grade import Grades
    from grandrounds.rubrics.judge import Judge
    from grandrounds.rubrics.score import Interval


@click.command(short_help="Mark responses to consultations by their rubrics.")
@click.argument(
    "release", metavar="RELEASE_DIR", type=click.Path(path_type=Path, exists=True, file_okay=False)
)
@click.argument(
    "responses",
    metavar="[RESPONSES.jsonl]",
    required=False,
    type=click.Path(path_type=Path, dir_okay=False),
)
@click.option(
    "--judge",
    "judge_name",
    type=click.Choice(["rule", "model"]),
    default="rule",
    show_default=True,
    help="Who marks: rules, or the model that is configured.",
)
@click.option("--split", default="", metavar="NAME", help="Only this split.")
@click.option("--controls", is_flag=True, help="Mark answers of known worth instead of a file's.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def grade(  # noqa: PLR0917 - one parameter an option
    release: Path, responses: Path | None, judge_name: str, split: str, controls: bool, as_json: bool
) -> None:
    """Mark the responses in RESPONSES.jsonl to the consultations in RELEASE_DIR.

    A line is {"item_id": "...", "response": "..."}. An item without a line counts as an empty answer. A
    verdict that a judge does not give is counted as a failure and never guessed; such an item has no score.

    \b
    Examples:
      grandrounds grade .grandrounds/releases/live_cases/0.1.0 answers.jsonl
      grandrounds grade RELEASE answers.jsonl --judge model --json > grades.json
      grandrounds grade RELEASE --controls
    """
    from grandrounds.rubrics.controls import control_scores
    from grandrounds.rubrics.grade import grade as mark
    from grandrounds.rubrics.grade import read_items, read_responses

    if controls == (responses is not None):
        raise click.UsageError("Give a file of responses, or --controls.")
    items = read_items(release, split=split)
    given = read_responses(responses, items) if responses is not None else {}
    with _judge(judge_name) as judge:
        if controls:
            scores = control_scores(items, ids=[item.item_id for item in items], judge=judge)
            _show_controls(items, scores, as_json=as_json)
            return
        _show(mark(items, given, judge=judge), as_json=as_json)


@contextmanager
def _judge(name: str) -> Iterator[Judge]:
    from grandrounds.rubrics.judge import RuleJudge

    if name == "rule":
        yield RuleJudge()
        return
    from grandrounds.errors import ModelError
    from grandrounds.llm.config import client_from_settings
    from grandrounds.rubrics.model_judge import ModelJudge
    from grandrounds.settings import resolve

    client = client_from_settings(resolve())
    if client is None:
        raise ModelError(
            "No model is configured that could mark.",
            remedy="Set GRANDROUNDS_LLM_BASE_URL and GRANDROUNDS_LLM_MODEL, or use --judge rule.",
        )
    try:
        yield ModelJudge(client)
    finally:
        client.close()


def _show(grades: Grades, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(asdict(grades), indent=2, ensure_ascii=False))
        return
    for each in grades.items:
        axes = "  ".join(f"{name} {value:.2f}" for name, value in each.axes.items())
        told = "failed" if each.score is None else f"{each.score:.2f}"
        click.echo(f"{each.item_id}  {told:>6}  {'' if each.answered else 'no response  '}{axes}")
    click.echo()
    who = " ".join(part for part in (grades.judge, grades.judge_version, grades.model) if part)
    click.echo(f"judge           {who}")
    click.echo(
        f"parse failures  {grades.parse_failures:.1%} of criteria; {grades.unscored} items without a score"
    )
    click.echo(f"responses       {len(grades.items) - grades.missing} of {len(grades.items)} items")
    click.echo(f"score           {_told(grades.score)}")
    for name, value in (*grades.tasks.items(), *grades.axes.items()):
        click.echo(f"  {name:<20}{_told(value)}")


def _show_controls(items: Sequence[Item], scores: Sequence[ControlScores], *, as_json: bool) -> None:
    from grandrounds.rubrics.controls import NAMES

    if as_json:
        click.echo(json.dumps([asdict(each) for each in scores], indent=2))
        return
    click.echo("item" + " " * 27 + "".join(f"{name:>11}" for name in NAMES))
    for each in scores:
        told = "".join(f"{_number(getattr(each, name)):>11}" for name in NAMES)
        click.echo(f"{each.item_id:<31}{told}")
    for label, fold in (("worst", max), ("mean", _mean)):
        told = ""
        for name in NAMES:
            known = [value for each in scores if (value := getattr(each, name)) is not None]
            pick = min if label == "worst" and name == "reference" else fold
            told += f"{_number(pick(known) if known else None):>11}"
        click.echo(f"{label:<31}{told}")
    failures = sum(each.parse_failures for each in scores)
    click.echo(f"{len(items)} items; {failures} verdicts failed")


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _told(value: Interval | None) -> str:
    if value is None:
        return "none"
    return f"{value.mean:.3f}  [{value.low:.3f}, {value.high:.3f}]  n = {value.n}"
