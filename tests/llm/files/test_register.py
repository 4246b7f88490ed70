"""Exports are remembered, found beside their answers, and compared with the ledger."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from grandrounds.errors import RequestsError
from grandrounds.llm.answer import OK, REFUSED
from grandrounds.llm.files.found import answer_files
from grandrounds.llm.files.register import Register, exports_beside
from grandrounds.llm.files.shards import write_shards
from grandrounds.llm.files.status import status_of
from grandrounds.llm.ledger import Filed, Ledger
from grandrounds.llm.reply import Reply, judge
from tests.llm.helpers import asks
from tests.support.answering import answer_shards


def export(folder: Path, mark: str = "") -> Path:
    write_shards(asks(5, mark), out=folder, maximum_requests=2, recipe="cases", stage="draft")
    return folder


def test_exports_are_remembered_once_and_only_while_they_are_there(tmp_path: Path) -> None:
    register = Register(tmp_path / "home")
    assert register.folders() == []
    first, second = export(tmp_path / "a"), export(tmp_path / "b")
    for folder in (first, second, first):
        register.add(folder)
    shutil.rmtree(first)

    assert register.folders() == [second]
    assert register.all() == [first, second]


def test_many_may_remember_at_once(tmp_path: Path) -> None:
    folders = [tmp_path / f"{number}" for number in range(20)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda folder: Register(tmp_path / "home").add(folder), folders))

    assert set(Register(tmp_path / "home").all()) == set(folders)


@pytest.mark.parametrize("data", [b"{", b"{}", b"[1]", b"\xff"])
def test_a_damaged_register_is_told_and_never_written_over(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "requests" / "exports.json"
    path.parent.mkdir()
    path.write_bytes(data)

    with pytest.raises(RequestsError, match="is damaged"):
        Register(tmp_path).folders()
    with pytest.raises(RequestsError, match="is damaged"):
        Register(tmp_path).add(tmp_path)

    assert path.read_bytes() == data


def test_an_export_is_found_from_what_lies_in_it(tmp_path: Path) -> None:
    folder = export(tmp_path / "out")
    inside = folder / "answers" / "x.jsonl"

    assert exports_beside([inside, folder, folder / "y.jsonl"]) == [folder]
    assert exports_beside([tmp_path / "elsewhere" / "x.jsonl"]) == []


def test_in_a_folder_answers_are_told_from_requests(tmp_path: Path) -> None:
    folder = export(tmp_path / "out")
    files = answer_shards(sorted(folder.glob("*.jsonl")), folder / "back")
    for name in (".hidden.jsonl", "notes.txt"):
        (folder / name).write_text("")
    single = tmp_path / "single.txt"
    single.write_text("")

    assert answer_files([single, folder, files[0]]) == [single, files[0], *files[1:]]
    assert answer_files([tmp_path]) == sorted(files), "at any depth"


def test_the_status_counts_what_the_ledger_holds(tmp_path: Path) -> None:
    folder = export(tmp_path / "out")
    replies = [Reply(text='{"diagnosis": "gout", "quotes": []}'), Reply(refusal="no")]
    path = folder / "requests-00003.jsonl"
    path.write_bytes(path.read_bytes().replace(b"case 4", b"case 9"))
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        ledger.write(
            [
                Filed(request=request, answer=judge(request, reply), backend="test")
                for request, reply in zip(asks(5), replies, strict=False)
            ]
        )

        status = status_of(folder, ledger=ledger)

    assert (status.recipe, status.stage, status.models, status.shards) == ("cases", "draft", ("stub",), 3)
    assert status.answered == {OK: 1, REFUSED: 1}
    assert (status.requests, status.missing, status.changed) == (5, 2, 1)
    assert status.batches == {}


def test_a_status_of_no_export_is_told(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps({"format": "another"}))

    with Ledger(tmp_path / "ledger.sqlite") as ledger, pytest.raises(RequestsError, match="not from this"):
        status_of(tmp_path, ledger=ledger)
