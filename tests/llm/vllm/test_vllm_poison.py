"""One request that makes vLLM stop costs one answer; an engine that is broken costs none."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from grandrounds.errors import ModelError
from grandrounds.llm.answer import OK, ModelAnswer
from grandrounds.llm.request import ModelRequest
from grandrounds.llm.vllm.search import Health, Outcome, Search
from tests.llm.helpers import ask, asks
from tests.llm.vllm.helpers import Bench


@pytest.mark.parametrize(
    ("mark", "reason"),
    [
        ("poison", "Input should be better"),
        ("crash", "ended by SIGKILL"),
        ("engine", "EngineCore encountered an issue"),
        ("drop", "left it out"),
    ],
)
def test_one_that_stops_vllm_costs_one_answer(bench: Bench, mark: str, reason: str) -> None:
    requests = [*asks(5), bad := ask(f"[[{mark}]]"), *asks(9)[5:]]
    with bench.client() as client:
        answers = client.answer_all(requests)

    answer = answers.pop(bad.request_id)
    assert (answer.status, answer.error_class) == ("failed", "vllm_stops")
    assert reason in answer.error
    assert len(answers) == 9
    assert all(other.ok for other in answers.values())


def test_a_reason_quotes_no_evidence(bench: Bench) -> None:
    with bench.client() as client:
        (answer,) = client.answer_all([ask("a secret name [[poison]]")]).values()

    assert "BatchRequestInput" in answer.error
    assert "secret" not in answer.error


def test_the_next_run_asks_the_culprit_alone(bench: Bench) -> None:
    bad = ask("[[poison]]")
    with bench.client() as client:
        client.answer_all([*asks(8), bad])
    before = len(bench.runs)
    requests = [ask(f"new {number}") for number in range(8)]
    with bench.client() as client:
        answers = client.answer_all([*requests[:4], bad, *requests[4:]])

    assert sum(answer.ok for answer in answers.values()) == 8
    # The one that ends vLLM while it reads leaves no note of its ids.
    assert bench.runs[before:] == [[request.request_id for request in requests]]


def test_several_culprits_are_found_too(bench: Bench) -> None:
    requests = asks(30)
    for place in (3, 11, 12):
        requests[place] = ask(f"[[crash]] {place}")
    with bench.client() as client:
        answers = client.answer_all(requests)

    assert [n for n, answer in enumerate(answers.values()) if not answer.ok] == [3, 11, 12]


def test_a_shard_of_culprits_ends_after_a_bounded_number_of_runs(bench: Bench) -> None:
    with bench.client() as client:
        client.answer_all(asks(1))
        answers = client.answer_all([ask(f"[[poison]] {number}") for number in range(16)])

    assert {answer.status for answer in answers.values()} == {"failed"}
    assert len(bench.notes("started")) < 28
    assert bench.shards == []
    assert "BatchRequestInput" in (bench.work / "failed.log").read_text()


def test_when_every_request_is_a_culprit_the_run_ends_soon(bench: Bench) -> None:
    with bench.client() as client:
        with pytest.raises(ModelError, match=r"stops at every one of ours.*BatchRequestInput"):
            client.answer_all([ask(f"[[poison]] {number}") for number in range(100)])
        assert client.ledger.stats().answers == 0

    assert len(bench.notes("started")) < 18


def test_the_engine_breaking_for_good_condemns_nobody(bench: Bench, tmp_path: object) -> None:
    """It starts and reads, and then ends whatever it was given."""
    with bench.client() as client:
        answers = client.answer_all(asks(2))
        assert all(answer.ok for answer in answers.values())
    broken = Bench(folder=bench.folder, python=bench.python)
    real = bench.folder / "environment" / "site" / "vllm" / "entrypoints" / "openai" / "run_batch.py"
    real.write_text(
        "import sys\nsys.stdout.write('Reading batch from x\\n')\nsys.exit('RuntimeError: no device')\n"
    )
    with broken.client() as client:
        with pytest.raises(ModelError, match="no device"):
            client.answer_all(asks(20))
        assert client.ledger.stats().by_status == {"ok": 2}


# The search itself -----------------------------------------------------------------------------------


class _Engine:
    """Stops when one of ``bad`` is among the requests; notes how often it ran."""

    def __init__(self, bad: set[str], *, dies_after: int | None = None) -> None:
        self.bad = bad
        self.runs = 0
        self.known_good = 0
        self.asked: list[str] = []
        self._dies_after = dies_after

    def run(self, requests: Sequence[ModelRequest]) -> Outcome:
        self.runs += 1
        ids = [request.request_id for request in requests]
        if self._dead or self.bad.intersection(ids):
            return Outcome(left=tuple(requests), reason="stopped")
        self.asked += ids
        return Outcome(answers={key: ModelAnswer(request_id=key, status=OK) for key in ids})

    def try_known_good(self) -> None:
        self.known_good += 1
        if self._dead:
            raise ModelError("dead")

    def search(self) -> Search:
        return Search(run=self.run, try_known_good=self.try_known_good, health=Health())

    @property
    def _dead(self) -> bool:
        return self._dies_after is not None and self.runs > self._dies_after


_MANY = asks(2000)


@given(place=st.integers(0, 1999), size=st.integers(1, 2000))
def test_any_single_culprit_is_found_within_the_limit(place: int, size: int) -> None:
    requests = _MANY[:size]
    bad = requests[place % size].request_id
    engine = _Engine({bad})
    search = engine.search()
    search.answer(requests)

    assert set(search.condemned) == {bad}
    assert search.unreached == {}
    assert sorted(search.answers) == sorted({r.request_id for r in requests} - {bad})
    assert len(engine.asked) == len(set(engine.asked))
    assert engine.runs <= 2 * size.bit_length() + 1
    assert engine.known_good <= 1 + engine.runs // 3


@given(places=st.sets(st.integers(0, 199), max_size=40))
@example(places={0, 1, 2})
@example(places={0, 1, 2, 199})
@example(places=set(range(40)))
def test_with_many_culprits_nobody_is_lost_and_no_one_innocent_condemned(places: set[int]) -> None:
    requests = _MANY[:200]
    bad = {requests[place].request_id for place in places}
    engine = _Engine(bad)
    search = engine.search()
    if places >= {*range(3), 199}:
        with pytest.raises(ModelError, match="every one of ours"):
            search.answer(requests)
        return
    search.answer(requests)

    told = [*search.answers, *search.condemned, *search.unreached]
    assert sorted(told) == sorted(request.request_id for request in requests)
    assert set(search.condemned) <= bad
    assert not bad.intersection(search.answers)


@given(after=st.integers(0, 12), place=st.integers(0, 49))
def test_an_engine_that_dies_on_the_way_ends_the_search(after: int, place: int) -> None:
    requests = _MANY[:50]
    engine = _Engine({requests[place].request_id}, dies_after=after)
    search = engine.search()
    try:
        search.answer(requests)
    except ModelError:
        assert len(search.condemned) <= 2  # what stood alone just when it died, and the culprit
    else:
        assert set(search.answers) | set(search.condemned) == {r.request_id for r in requests}
