"""Scores by date: results of any shape, nothing guessed, and differences with the interval they deserve."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from click.testing import CliRunner, Result

from grandrounds.cli import cli
from grandrounds.errors import TimingError
from grandrounds.release.published import read_items
from grandrounds.timing.chart import around_sentence, page, svg
from grandrounds.timing.cutoffs import Cutoff, read_cutoffs
from grandrounds.timing.dates import DatedItem
from grandrounds.timing.results import Results, read_results
from grandrounds.timing.scores import difference_interval, scores_by_date
from tests.support.releases import publish

CUT = date(2031, 4, 30)


def items(count: int, *, per_group: int = 1, first: date = date(2031, 1, 1)) -> list[DatedItem]:
    """One item a day."""
    return [
        DatedItem(
            item_id=f"item-{n}",
            group_id=f"group-{n // per_group}",
            task="t",
            split="test",
            source_published=first + timedelta(days=n),
            available_from=None,
        )
        for n in range(count)
    ]


def results(scores: dict[str, float], model: str = "example-model") -> Results:
    return Results(scores={model: scores}, rows=len(scores), unusable={})


def around(given: list[DatedItem], scores: dict[str, float]):
    cutoffs = {"example-model": Cutoff(model="Example", day=CUT, source="invented")}
    found = scores_by_date(given, results(scores), by="source_published", kind="month", cutoffs=cutoffs)
    return found.models[0].around


# Results -----------------------------------------------------------------------------------------


def test_results_come_in_several_spellings_and_repeats_are_averaged(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(
        '{"item_id": "x", "correct": true, "model": "m"}\n{"item_id": "x", "correct": 0, "model": "m"}\n'
        '{"item_id": "y", "score": 0.25, "model": "m"}\n'
    )
    (tmp_path / "n.csv").write_text("item_id,correct\nx,True\ny,no\n")
    found = read_results([tmp_path / "a.jsonl", tmp_path / "n.csv"])
    assert found.scores == {"m": {"x": 0.5, "y": 0.25}, "n": {"x": 1.0, "y": 0.0}}
    assert (found.rows, found.unusable) == (5, {})


def test_rows_without_a_verdict_are_counted_and_never_wrong(tmp_path: Path) -> None:
    rows = [
        {"item_id": "x", "correct": True},
        {"item_id": "y", "correct": None},
        {"item_id": "y", "score": "NaN"},
        {"item_id": "y", "correct": "maybe"},
        {"correct": True},
        {"item_id": 7, "correct": True},
        {"item_id": "z", "score": [1]},
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\nnot json\n")
    found = read_results([tmp_path / "a.jsonl"])
    assert found.scores == {"a": {"x": 1.0}}
    assert found.unusable == {
        "a line that is no row": 1,
        "correct is no number": 1,
        "no item_id": 2,
        "no verdict": 1,
        "score is no number": 2,
    }


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [("a.jsonl", "{}\n", "No row"), ("a.json", '[{"item_id": "x", "correct": true}, {', "to its end")],
)
def test_files_that_prove_nothing_are_refused(tmp_path: Path, name: str, text: str, words: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(TimingError, match=words):
        read_results([tmp_path / name])


# Scores ------------------------------------------------------------------------------------------


def test_every_period_has_its_mean_and_empty_ones_stay_in_the_row() -> None:
    late = replace(items(1, first=date(2031, 5, 5))[0], item_id="late", group_id="late")
    given = [*items(40), late]
    scores = {f"item-{n}": float(n < 31) for n in range(40)} | {"late": 1.0, "nowhere": 1.0}
    found = scores_by_date(given, results(scores), by="source_published", kind="month")
    (model,) = found.models
    assert found.periods == ("2031-01", "2031-02", "2031-03", "2031-04", "2031-05")
    assert {name: (score.mean, score.items) for name, score in model.periods.items()} == {
        "2031-01": (1.0, 31), "2031-02": (0.0, 9), "2031-05": (1.0, 1),
    }  # fmt: skip
    assert (model.unknown, model.undated, model.overall.items) == (1, 0, 41)


def test_a_real_drop_after_the_cut_off_is_told_from_chance() -> None:
    given = items(240)
    dropped = {
        each.item_id: float(n % 10 < (9 if each.source_published <= CUT else 4))
        for n, each in enumerate(given)
    }
    level = {each.item_id: float(n % 10 < 7) for n, each in enumerate(given)}
    sure, unsure = around(given, dropped), around(given, level)
    assert sure.difference == pytest.approx(-0.5, abs=0.05)
    assert sure.interval.high < 0
    assert unsure.interval.low < 0 < unsure.interval.high
    assert "may be chance" in around_sentence(unsure)
    assert "may be chance" not in around_sentence(sure)


def test_items_of_one_article_are_not_so_many_witnesses() -> None:
    """Ten items of an article that stand or fall together make the interval wider, not narrower."""
    given, grouped = items(240), items(240, per_group=10)
    scores = {each.item_id: float(n // 10 % 2) for n, each in enumerate(given)}
    alone, together = around(given, scores), around(grouped, scores)
    assert together.difference == alone.difference
    width = [each.interval.high - each.interval.low for each in (alone, together)]
    assert width[1] > 2 * width[0]


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    generator = np.random.default_rng(1)
    held = 0
    for _ in range(150):
        one = [(str(n), float(s)) for n, s in enumerate(generator.random(60) < 0.7)]
        other = [(str(n), float(s)) for n, s in enumerate(generator.random(60) < 0.5)]
        interval = difference_interval(one, other, resamples=400)
        held += interval.low <= -0.2 <= interval.high
    assert 0.88 <= held / 150 <= 0.99


def test_the_day_of_the_cut_off_counts_as_before() -> None:
    given = items(2, first=CUT)
    found = around(given, {"item-0": 1.0, "item-1": 0.0})
    assert (found.before.items, found.after.items, found.difference) == (1, 1, -1.0)
    assert found.interval is None
    assert "fewer than two groups" in around_sentence(found)
    nothing = around(items(3), {f"item-{n}": 1.0 for n in range(3)})
    assert (nothing.after, nothing.difference) == (None, None)
    assert "no item after it" in around_sentence(nothing)


def test_results_for_another_release_are_refused() -> None:
    with pytest.raises(TimingError, match="No result is for an item"):
        scores_by_date(items(3), results({"strange": 1.0}), by="source_published", kind="week")


# Cut-offs ----------------------------------------------------------------------------------------


def test_a_model_is_known_by_each_of_its_names(tmp_path: Path) -> None:
    path = tmp_path / "model_cutoffs.yaml"
    path.write_text(
        "models:\n  Example-Model:\n    cutoff: 2031-04-30\n    source: invented here\n    aliases: [ex/1]\n"
    )
    found = read_cutoffs(path)
    assert (
        found["example-model"]
        == found["ex/1"]
        == Cutoff(model="Example-Model", day=CUT, source="invented here")
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("models: {A: {cutoff: soon, source: here}}", "models.A.cutoff"),
        ("models: {A: {cutoff: 2031-04-30}}", "models.A.source"),
        ("models: {A: {cutoff: 2031-04-30, source: here, more: 1}}", "more"),
        ("models: {A: {cutoff: 2031-04-30, source: here, aliases: [a]}}", "twice"),
        ("a: [", "not valid YAML"),
        ("", "docs/time.md"),
    ],
)
def test_a_table_that_is_wrong_is_refused(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "model_cutoffs.yaml"
    path.write_text(text)
    with pytest.raises(TimingError) as failed:
        read_cutoffs(path)
    assert words in str(failed.value)


# The drawing and the command ---------------------------------------------------------------------


def test_the_page_is_whole_and_what_it_shows_is_harmless() -> None:
    given = items(200)
    scores = {each.item_id: float(n % 3 > 0) for n, each in enumerate(given)}
    name = 'm"><script>alert(1)</script>'
    cutoffs = {name.casefold(): Cutoff(model=name, day=CUT, source="<b>invented</b>")}
    for kind in ("week", "month", "quarter"):
        found = scores_by_date(
            given, results(scores, name), by="source_published", kind=kind, cutoffs=cutoffs
        )
        drawn = ElementTree.fromstring(svg(found, found.models[0]))
        dots = drawn.findall("{http://www.w3.org/2000/svg}circle")
        assert len(dots) == len(found.models[0].periods)
        text = page(found, title="<i>title</i>")
        assert "<script" not in text
        assert "<i>" not in text
        assert text == page(found, title="<i>title</i>")


def test_scores_of_another_scale_stay_inside_the_drawing() -> None:
    found = scores_by_date(
        items(3),
        results({"item-0": -20.0, "item-1": 85.0, "item-2": 3.0}),
        by="source_published",
        kind="week",
    )
    drawn = ElementTree.fromstring(svg(found, found.models[0]))
    heights = [float(dot.get("cy") or 0) for dot in drawn.findall("{http://www.w3.org/2000/svg}circle")]
    assert all(16 <= height <= 202 for height in heights)


@pytest.fixture
def release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("grandrounds.release.folder.draw_plots", lambda *args, **more: ())
    monkeypatch.delenv("GRANDROUNDS_CUTOFFS", raising=False)
    return publish(tmp_path / "releases").path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["scores", *map(str, arguments)])


def test_the_command_shows_a_table_and_writes_a_page(
    release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "results.jsonl"
    path.write_text(
        "".join(
            json.dumps({"item_id": item.item_id, "correct": n % 2 == 0, "model": "Example-Model"}) + "\n"
            for n, item in enumerate(read_items(release))
        )
    )
    days = sorted(item.source_published for item in read_items(release) if item.source_published)
    table = tmp_path / "cutoffs.yaml"
    table.write_text(
        f"models:\n  example-model:\n    cutoff: {days[len(days) // 2 - 1]}\n    source: invented\n"
    )
    monkeypatch.setenv("GRANDROUNDS_CUTOFFS", str(table))
    done = run(release, path, "--by", "month", "--out", tmp_path / "scores.html")
    assert done.exit_code == 0, done.output
    assert "difference" in done.output
    assert "<svg" in (tmp_path / "scores.html").read_text()
    assert run(release, path, "--out", tmp_path / "scores.svg").exit_code == 0
    ElementTree.parse(tmp_path / "scores.svg")
    value = json.loads(run(release, path, "--json").output)
    assert value["models"][0]["around"]["cutoff"]["source"] == "invented"
    with pytest.raises(TimingError, match="neither"):
        CliRunner().invoke(
            cli,
            ["scores", str(release), str(path), "--out", str(tmp_path / "a.png")],
            catch_exceptions=False,
        )
