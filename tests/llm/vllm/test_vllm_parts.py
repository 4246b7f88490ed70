"""What goes in is checked, what comes out is sifted, and a log's reason is found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grandrounds.errors import GrandRoundsError, SettingsError
from grandrounds.llm.config import client_from_settings
from grandrounds.llm.files.lines import request_line
from grandrounds.llm.vllm import log
from grandrounds.llm.vllm.check import line_fault
from grandrounds.llm.vllm.client import VllmClient
from grandrounds.llm.vllm.make import make
from grandrounds.llm.vllm.output import sift
from grandrounds.llm.vllm.program import Program
from grandrounds.settings import resolve
from tests.llm.helpers import ask, asks
from tests.llm.vllm.helpers import Bench


@given(text=st.text(), tokens=st.integers(1, 100_000), heat=st.one_of(st.none(), st.floats(0, 2)))
def test_no_fault_is_found_in_a_line_of_ours(text: str, tokens: int, heat: float | None) -> None:
    try:
        request = ask(text, max_tokens=tokens, temperature=heat)
    except GrandRoundsError:
        return
    assert line_fault(request_line(request), request_id=request.request_id, model="stub") == ""


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda line: line.pop("custom_id"), "custom_id"),
        (lambda line: line.update(custom_id=5), "custom_id"),
        (lambda line: line.update(method="GET"), "POST"),
        (lambda line: line.update(url="/v1/embeddings"), "POST"),
        (lambda line: line.update(body=[]), "not an object"),
        (lambda line: line["body"].update(model="other"), "another model"),
        (lambda line: line["body"].pop("model"), "another model"),
        (lambda line: line["body"].update(messages=[]), "no messages"),
        (lambda line: line["body"].update(messages=["x"]), "no role"),
        (lambda line: line["body"]["messages"][0].update(content=None), "no content"),
        (lambda line: line["body"].update(max_tokens=0), "max_tokens"),
        (lambda line: line["body"].update(max_tokens="many"), "max_tokens"),
        (lambda line: line["body"].update(max_tokens=5.5), "max_tokens"),
        (lambda line: line["body"].update(temperature=3), "temperature"),
        (lambda line: line["body"].update(temperature="hot"), "temperature"),
        (lambda line: line["body"].update(response_format={"type": "json_schema"}), "json_schema"),
        (lambda line: line["body"]["response_format"]["json_schema"].pop("name"), "no name"),
        (lambda line: line["body"]["response_format"]["json_schema"].update(schema="x"), "no schema"),
    ],
)
def test_what_would_stop_vllm_is_found_before(change: Any, words: str) -> None:
    request = ask("x")
    line = json.loads(request_line(request))
    change(line)

    fault = line_fault(json.dumps(line).encode(), request_id=request.request_id, model="stub")
    assert words in fault


@pytest.mark.parametrize(
    "line", [b"", b"{", b"[]", b'{"a": NaN}', b"\xff", b'{"a": "\\ud800"}', b"{}\n{}", b"7"]
)
def test_no_junk_is_let_through(line: bytes) -> None:
    assert line_fault(line, request_id="r", model="stub")


def test_limits_that_hold_for_every_model_cost_one_answer_and_no_run(bench: Bench) -> None:
    requests = [ask("x", max_tokens=0), ask("y", temperature=7.0)]
    with bench.client() as client:
        answers = client.answer_all(requests)

    assert {(answer.status, answer.error_class) for answer in answers.values()} == {("failed", "unfit")}
    assert bench.runs == []


def test_lots_are_bounded_in_bytes(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    from grandrounds.llm.vllm import runs

    monkeypatch.setattr(runs, "_LARGEST_LOT", 4000)
    with bench.client() as client:
        answers = client.answer_all([ask(f"{number}" + "x" * 1000) for number in range(6)])

    assert all(answer.ok for answer in answers.values())
    assert len(bench.runs) == 3


@given(st.lists(st.one_of(st.binary(max_size=60), st.sampled_from(["a", "b", "c", "d"])), max_size=12))
def test_sifting_gives_each_wanted_line_once_whatever_else_stands_there(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes | str]
) -> None:
    path = tmp_path_factory.mktemp("sift") / "output"
    spelled = [
        json.dumps({"custom_id": line, "response": {"status_code": 200, "body": {}}}).encode()
        if isinstance(line, str)
        else line
        for line in lines
    ]
    path.write_bytes(b"\n".join(spelled))
    output = sift(path, wanted=["a", "b", "c"])

    there = {line for line in lines if isinstance(line, str)}
    assert list(output.lines) == [key for key in "abc" if key in there]
    assert set(output.lines) | set(output.missing) == {"a", "b", "c"}


def test_an_output_that_is_not_there_misses_all(tmp_path: Path) -> None:
    assert sift(tmp_path / "none", wanted=["a"]).missing == ("a",)


# The log ---------------------------------------------------------------------------------------------

_STARTS = """\
(MainProcess pid=1) INFO 11-22 00:39:42 [model.py:733] Resolved architecture: LlamaForCausalLM
(VllmWorker-0 pid=3) ERROR 11-22 00:40:10 [multiproc_executor.py:953]     raise ValueError(
(VllmWorker-0 pid=3) ERROR 11-22 00:40:10 [multiproc_executor.py:953] ValueError: Available memory is less.
(EngineCore pid=2) ERROR 11-22 00:40:12 [core.py:99] RuntimeError: Worker failed. See root cause above.
Traceback (most recent call last):
  File "x.py", line 1, in <module>
RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}
"""
_POISON = """\
INFO 11-22 00:45:28 [run_batch.py:828] Reading batch from poison.jsonl...
Traceback (most recent call last):
pydantic_core._pydantic_core.ValidationError: 1 validation error for BatchRequestInput
  Invalid JSON: EOF while parsing [type=json_invalid, input_value='{"custom_id": "a secret', input_type=str]
    For further information visit https://errors.pydantic.dev/2.14/v/json_invalid
"""


@pytest.mark.parametrize(
    ("text", "code", "reason"),
    [
        (_STARTS, 1, "ValueError: Available memory is less. (vLLM ended with status 1)"),
        (
            _POISON,
            1,
            "pydantic_core._pydantic_core.ValidationError: 1 validation error for BatchRequestInput "
            "Invalid JSON: EOF while parsing [type=json_invalid] (vLLM ended with status 1)",
        ),
        (
            "usage: x\nrun_batch.py: error: unrecognized arguments: --no\n",
            2,
            "run_batch.py: error: unrecognized",
        ),
        ("nothing said\n", 137, "vLLM was ended by SIGKILL; most often the machine ran out of memory"),
        ("", 139, "vLLM was ended by SIGSEGV"),
        ("", 250, "vLLM ended with status 250"),
    ],
)
def test_the_reason_is_found(tmp_path: Path, text: str, code: int, reason: str) -> None:
    path = tmp_path / "vllm.log"
    path.write_text(text)

    assert log.reason(path, code=code).startswith(reason)
    assert log.reached_input(path) is (text == _POISON)


def test_a_missing_or_endless_log_is_no_error(tmp_path: Path) -> None:
    assert log.reason(tmp_path / "none", code=1) == "vLLM ended with status 1"
    path = tmp_path / "long"
    path.write_bytes(b"\xff\x00\x1b" * 1_000_000 + b"\nOSError: no\n")
    assert log.reason(path, code=1) == "OSError: no (vLLM ended with status 1)"


# Settings --------------------------------------------------------------------------------------------


def _made(tmp_path: Path, **environ: str) -> Any:
    return make(
        resolve(environ={"GRANDROUNDS_HOME": str(tmp_path), "GRANDROUNDS_LLM_MODEL": "stub", **environ})
    )


def test_the_settings_make_a_client(bench: Bench, tmp_path: Path) -> None:
    with _made(
        tmp_path,
        GRANDROUNDS_VLLM_PYTHON=bench.python,
        GRANDROUNDS_VLLM_ARGS=bench.arguments(),
        GRANDROUNDS_VLLM_SHARD="7",
    ) as client:
        assert client.model == "stub"
        assert all(answer.ok for answer in client.answer_all(asks(10)).values())

    assert [len(run) for run in bench.runs] == [7, 3]
    assert (tmp_path / "ledger.sqlite").exists()


def test_the_backend_is_chosen_by_its_name(bench: Bench, tmp_path: Path) -> None:
    settings = resolve(
        environ={
            "GRANDROUNDS_HOME": str(tmp_path),
            "GRANDROUNDS_LLM_BACKEND": "vllm",
            "GRANDROUNDS_LLM_MODEL": "stub",
            "GRANDROUNDS_VLLM_PYTHON": bench.python,
        }
    )
    with client_from_settings(settings) as client:
        assert isinstance(client, VllmClient)
        assert all(answer.ok for answer in client.answer_all(asks(2)).values())


@pytest.mark.parametrize(
    "environ",
    [
        {"GRANDROUNDS_LLM_MODEL": ""},
        {"GRANDROUNDS_VLLM_SHARD": "0"},
        {"GRANDROUNDS_VLLM_SHARD": "1.5"},
        {"GRANDROUNDS_VLLM_SHARD": "100000"},
        {"GRANDROUNDS_VLLM_TIMEOUT": "soon"},
        {"GRANDROUNDS_VLLM_TIMEOUT": "nan"},
        {"GRANDROUNDS_VLLM_ARGS": "--a 'b"},
        {"GRANDROUNDS_VLLM_ARGS": "-o /etc/passwd"},
        {"GRANDROUNDS_VLLM_ARGS": "-i=http://elsewhere.example/x"},
        {"GRANDROUNDS_VLLM_ARGS": "-ohttp://elsewhere.example/x"},
        {"GRANDROUNDS_VLLM_ARGS": "--output_file x"},
        {"GRANDROUNDS_VLLM_ARGS": "--input-file=x"},
    ],
)
def test_settings_that_can_not_be_used_are_refused(tmp_path: Path, environ: dict[str, str]) -> None:
    with pytest.raises(SettingsError) as caught:
        _made(tmp_path, **environ)

    assert caught.value.remedy


def test_a_python_that_is_none_is_named(bench: Bench, tmp_path: Path) -> None:
    for python in ("/nowhere/python", "/bin/false", str(tmp_path)):
        with (
            _made(tmp_path, GRANDROUNDS_VLLM_PYTHON=python) as client,
            pytest.raises(SettingsError, match="GRANDROUNDS_VLLM_PYTHON"),
        ):
            client.answer_all(asks(1))


def test_vllm_sees_none_of_our_settings_and_keys() -> None:
    program = Program.of(python="/env/bin/python", model="m", arguments="")
    given = {
        "OPENAI_API_KEY": "secret",
        "GRANDROUNDS_LEDGER_URL": "postgresql://u:p@h/d",
        "PYTHONPATH": "/ours",
        "VIRTUAL_ENV": "/ours",
        "PATH": "/usr/bin",
        "HF_HUB_OFFLINE": "1",
        "CUDA_VISIBLE_DEVICES": "3",
        "VLLM_LOGGING_LEVEL": "ERROR",
    }
    seen = program.environment(given)

    assert not {"OPENAI_API_KEY", "GRANDROUNDS_LEDGER_URL", "PYTHONPATH", "VIRTUAL_ENV"} & set(seen)
    assert (seen["HF_HUB_OFFLINE"], seen["CUDA_VISIBLE_DEVICES"]) == ("1", "3")
    assert seen["PATH"] == "/env/bin:/usr/bin"
    assert (seen["VLLM_NO_USAGE_STATS"], seen["VLLM_LOGGING_LEVEL"]) == ("1", "INFO")


def test_the_command_names_the_model_as_requests_do() -> None:
    from grandrounds.llm.vllm.program import Found

    found = Found(name="vllm", entry=("-m", "x"))
    plain = Program.of(python="python", model="tiny", arguments="--dtype auto")
    placed = Program.of(python="python", model="tiny", arguments="--model=/models/tiny")
    files = {"requests": Path("in"), "output": Path("out")}

    assert plain.command(found, **files) == (
        [
            "python",
            "-m",
            "x",
            "--dtype",
            "auto",
            "--model",
            "tiny",
            "--served-model-name",
            "tiny",
            "-i",
            "in",
            "-o",
            "out",
        ]
    )
    assert placed.command(found, **files) == (
        [
            "python",
            "-m",
            "x",
            "--model=/models/tiny",
            "--served-model-name",
            "tiny",
            "-i",
            "in",
            "-o",
            "out",
        ]
    )
