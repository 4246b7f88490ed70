"""Progress reaches who listens, and is shown with what else there is to say."""

from __future__ import annotations

import pytest

from grandrounds.llm.answering import Progress
from grandrounds.llm.telling import note, words
from grandrounds.progress import listening, stage
from pipelines.showing import TerminalProgress


class Notes:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.seen: list[tuple[object, ...]] = []

    def start(self, name: str) -> None:
        self.seen.append(("start", name))

    def update(self, name: str, done: int, total: int | None) -> None:
        self.seen.append((name, done, total))

    def note(self, name: str, words: str) -> None:
        self.seen.append((name, words))

    def finish(self, name: str) -> None:
        self.seen.append(("finish", name))


def test_a_stage_is_told_from_start_to_finish() -> None:
    notes = Notes()
    with listening(notes), stage("Drafting") as report:
        report(1, 3)
        note(report, Progress(done=1, total=3, rate=2.0, seconds_left=1.0))
        report(3, 3)

    assert notes.seen == [
        ("start", "Drafting"),
        ("Drafting", 1, 3),
        ("Drafting", "2.0/s, 1 s left"),
        ("Drafting", 3, 3),
        ("finish", "Drafting"),
    ]


def test_a_stage_that_fails_is_finished_too() -> None:
    notes = Notes()
    with pytest.raises(ZeroDivisionError), listening(notes), stage("Drafting"):
        raise ZeroDivisionError

    assert notes.seen[-1] == ("finish", "Drafting")


def test_without_a_listener_nothing_is_said_and_nothing_breaks() -> None:
    with stage("Drafting") as report:
        report(1, None)
        report.note("words")


def test_who_only_counts_is_left_alone() -> None:
    note(lambda done, total: None, Progress(done=1, total=2))


@pytest.mark.parametrize(
    ("progress", "said"),
    [
        (Progress(done=0, total=None), ""),
        (Progress(done=5, total=10, rate=412.4, seconds_left=0.4), "412/s, 0 s left"),
        (
            Progress(done=5, total=10**6, rate=57.04, seconds_left=17_531, cost=12.345, currency="USD"),
            "57/s, 12.35 USD, 4.9 h left",
        ),
        (
            Progress(done=1, total=2, rate=0.0123, seconds_left=200_000, cost=0.0012),
            "0.012/s, 0.0012, 2.3 days left",
        ),
        (
            Progress(done=10, total=10, rate=3.0, seconds_left=0.0, served=7, not_ok=3, waiting=2),
            "3.0/s, 7 from the ledger, 1 not ok, 2 waiting",
        ),
    ],
)
def test_what_is_said_of_model_requests(progress: Progress, said: str) -> None:
    assert words(progress) == said


def test_the_terminal_takes_words_as_they_are() -> None:
    shown = TerminalProgress()
    with listening(shown), stage("Drafting") as report:
        report(1, 3)
        report.note("[red]not markup[/red] 3/s")
        (task,) = shown._progress.tasks
        line = shown._progress.columns[-1](task)
        assert str(line) == "[red]not markup[/red] 3/s"
