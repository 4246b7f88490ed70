"""The benchmark of the model stage runs from a checkout, and measures only runs that did all the work."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.model_stage import Rounds, ratio, summary, table
from benchmarks.support import measure
from benchmarks.support.measure import Measured, Work, run_client
from benchmarks.support.work import passages
from tests.support.stub_openai import StubProcess

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_it_prints_one_object_with_every_figure() -> None:
    script = ROOT / "benchmarks" / "model_stage.py"
    small = ["--requests", "30", "--concurrency", "8", "--latency-ms", "1", "--rounds", "1"]
    ran = subprocess.run(
        [sys.executable, script, *small, "--json"], capture_output=True, text=True, check=True, cwd="/"
    )

    figures = json.loads(ran.stdout)
    for name in (
        *("ratio_to_openai_loop", "ratio_to_aiohttp_sqlite", "ratio_with_429s"),
        *("cached_speedup", "cached_wall_ratio", "cpu_s_per_1000"),
    ):
        assert figures[name] > 0, name
    assert set(figures["clients"]) == {"stage", "openai", "reference"}
    assert {"python", "grandrounds", "aiohttp", "openai"} <= set(figures["versions"])
    assert figures["requests"] == 30


def test_passages_are_different_and_about_as_long_as_a_case() -> None:
    texts = list(passages(300))

    assert len(set(texts)) == 300
    assert {1_300 < len(text) < 1_700 for text in texts} == {True}


def measured(rate: float = 100.0, *, wall: float = 2.0) -> Measured:
    return Measured(
        wall_seconds=wall,
        window_seconds=10 / rate,
        cpu_seconds=0.5,
        peak_mb=60.0,
        received=10,
        answered=10,
        refused=0,
        server_cpu_seconds=0.01,
    )


def test_a_ratio_is_the_median_of_the_rounds_own_ratios() -> None:
    rounds = [
        {"stage": measured(100), "openai": measured(10)},
        {"stage": measured(30), "openai": measured(10)},  # a slow moment for both counts once
        {"stage": measured(50), "openai": measured(5)},
    ]

    assert ratio(rounds, "rate", "stage", "openai") == 10.0
    assert ratio(rounds, "rate", "stage", "reference") is None
    assert ratio([], "rate", "stage", "openai") is None


def test_figures_of_clients_that_did_not_run_are_left_out() -> None:
    rounds = Rounds(first=[{"openai": measured()}], again=[{}], refused=[{}])
    figures = summary(rounds, Work(requests=10, concurrency=2, latency_ms=0.0))

    assert "cached_speedup" not in figures
    assert "| openai | 100 |" in table({**figures, "versions": {"python": "3"}})


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("print(4)", "ended with 0 and 4 good answers"),
        ("raise SystemExit(3)", "ended with 3 and no good answers"),
    ],
)
def test_a_run_that_did_not_get_every_answer_is_no_measurement(
    program: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = tmp_path / "client.py"
    client.write_text(program)
    monkeypatch.setattr(measure, "_CLIENTS", client)
    with StubProcess() as stub, pytest.raises(SystemExit, match=words):
        run_client("lazy", stub, Work(requests=5, concurrency=1, latency_ms=0.0), tmp_path)


@pytest.mark.slow
def test_the_reference_keeps_its_answers_and_gets_over_refusals(tmp_path: Path) -> None:
    work = Work(requests=60, concurrency=8, latency_ms=0.0, share_429=0.2)
    with StubProcess() as stub:
        first = run_client("reference", stub, work, tmp_path)
        again = run_client("reference", stub, work, tmp_path)

    assert first.refused > 0
    assert first.answered == 60
    assert again.received == 0
