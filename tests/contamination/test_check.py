"""A check from files to manifest: every kind of document, hostile ones among them, and the command."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from grandrounds.cli import cli
from grandrounds.contamination import pieces as streaming
from grandrounds.contamination.check import check
from grandrounds.contamination.hits import Limits
from grandrounds.contamination.index import Index
from grandrounds.contamination.manifest import HitRow
from grandrounds.contamination.pieces import Library
from grandrounds.contamination.releases import other_releases, released
from grandrounds.contamination.scan import Scan
from grandrounds.contamination.texts import texts_in_file
from grandrounds.contracts import contract
from grandrounds.errors import ContaminationError
from grandrounds.records.table import from_table
from grandrounds.release.published import read_items
from tests.support.copies import Writer, item_texts
from tests.support.releases import publish


@pytest.fixture
def writer() -> Writer:
    return Writer(1)


@pytest.fixture
def mine(tmp_path: Path, writer: Writer) -> tuple[Path, list[str]]:
    """A benchmark of eight questions as a file."""
    texts = writer.texts(8, 60)
    path = tmp_path / "mine.jsonl"
    path.write_text("".join(json.dumps({"id": f"q{n}", "question": t}) + "\n" for n, t in enumerate(texts)))
    return path, texts


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["contamination", "check", *map(str, arguments)])


# Documents ---------------------------------------------------------------------------------------


def test_copies_are_found_in_every_kind_of_file_and_said_where(
    tmp_path: Path, mine: tuple[Path, list[str]], writer: Writer
) -> None:
    path, texts = mine
    public = tmp_path / "public"
    (public / "deep" / "er").mkdir(parents=True)
    pq.write_table(pa.table({"n": [1, 2], "stem": ["none of it here", texts[0]]}), public / "a.parquet")
    (public / "b.jsonl").write_text(json.dumps({"meta": {"choices": [{"text": "x"}, {"text": texts[1]}]}}))
    (public / "c.json").write_text(json.dumps({"data": [{"p": [{"context": texts[2]}]}], "v": "1"}))
    (public / "d.csv").write_text(f'q,a\n"{texts[3]}",yes\n')
    (public / "deep" / "er" / "e.tsv").write_text(f"q\ta\n{texts[4]}\tyes\n")
    (public / "f.txt").write_text(f"{writer.text(200)}\n{texts[5]}\n")
    found = check(path, against=[public])
    assert [(hit.item_id, hit.document, hit.row, hit.document_field) for hit in found.hits] == [
        ("q0", "public/a.parquet", 1, "stem"),
        ("q1", "public/b.jsonl", 0, "meta.choices[1].text"),
        ("q2", "public/c.json", 0, "p[0].context"),
        ("q3", "public/d.csv", 0, "q"),
        ("q4", "public/deep/er/e.tsv", 0, "q"),
        ("q5", "public/f.txt", 0, ""),
    ]
    assert found.copied == tuple(f"q{n}" for n in range(6))
    assert found.overlaps == ()
    text = (public / "f.txt").read_text()
    assert text[found.hits[5].offset : found.hits[5].end] == texts[5].rstrip(".")


def test_what_cannot_be_read_is_told_and_the_rest_is_read(
    tmp_path: Path, mine: tuple[Path, list[str]]
) -> None:
    path, texts = mine
    public = tmp_path / "public"
    public.mkdir()
    (public / "a.json").write_text(json.dumps([{"q": texts[0]}])[:-1] + ", {")
    (public / "b.parquet").write_bytes(b"PAR1")
    (public / "c.png").write_bytes(b"png")
    (public / "d.jsonl").write_text("no json\n" + json.dumps({"q": texts[1]}))
    os.symlink(path, public / "e.jsonl")
    os.symlink(tmp_path, public / "loop")
    (public / ".hidden.jsonl").write_text(json.dumps({"q": texts[2]}))
    found = check(path, against=[public])
    assert found.copied == ("q0", "q1")
    assert [(each.name, each.status) for each in found.documents] == [
        ("public/a.json", "partly"),
        ("public/b.parquet", "partly"),
        ("public/c.png", "passed_by"),
        ("public/d.jsonl", "partly"),
        ("public/e.jsonl", "passed_by"),
    ]
    assert found.documents[3].rows_passed_by == 1


def test_a_long_text_is_read_in_pieces_and_nothing_is_lost_at_a_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writer: Writer
) -> None:
    monkeypatch.setattr(streaming, "LONGEST_PIECE", 3000)
    monkeypatch.setattr(streaming, "OVERLAP", 800)
    items = writer.texts(40, 60)
    whole = " ".join(f"{writer.text(20)} {item}" for item in items)
    for name in ("a.txt", "a.jsonl"):
        (tmp_path / name).write_text(whole if name == "a.txt" else json.dumps({"t": whole}))
        scan = Scan(Index(item_texts(items)), Limits())
        library = Library()
        taken = list(library.file(tmp_path / name, name=name))
        assert max(len(piece.text) for piece in taken) <= 3000
        scan.take(taken)
        for number, item in enumerate(items):
            hit = scan.hits[number][0]
            assert (hit.share, hit.span) == (1.0, 60)
            assert whole[hit.offset : hit.end] == item.rstrip(".")


def test_the_same_check_gives_the_same_bytes_and_a_table_under_its_contract(
    tmp_path: Path, mine: tuple[Path, list[str]]
) -> None:
    path, texts = mine
    (tmp_path / "public.csv").write_text(f'q\n"{texts[3]}"\n')
    one, other = (check(path, against=[tmp_path / "public.csv"]) for _ in range(2))
    assert one.document() == other.document()
    for folder in ("one", "other"):
        one.write(tmp_path / folder)
    table = pq.read_table(tmp_path / "one" / "contamination.parquet")
    assert table.schema.equals(contract("contamination").arrow_schema())
    assert from_table(HitRow, table) == list(one.hits)
    for name in ("contamination.json", "contamination.parquet"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()
    value = json.loads(one.document())
    assert value["format"] == "grandrounds-contamination/1"
    assert value["documents"][0]["sha256"]
    assert str(tmp_path) not in one.document().decode()


def test_halves_of_pairs_and_control_characters_do_no_harm(tmp_path: Path, writer: Writer) -> None:
    text = writer.text(40)
    (tmp_path / "mine.json").write_text(json.dumps([{"id": "a\ud800b", "q": text + "\ud800"}]))
    (tmp_path / "public.jsonl").write_text(json.dumps({"q\u001b[31m": "\ud83d " + text + "\u202e"}))
    found = check(tmp_path / "mine.json", against=[tmp_path / "public.jsonl"])
    assert len(found.copied) == 1
    found.write(tmp_path / "out")
    shown = run(tmp_path / "mine.json", "--against", tmp_path / "public.jsonl").output
    assert "\x1b[31m" not in shown


def test_a_benchmark_that_breaks_off_or_says_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('[{"q": "' + "word " * 30 + '"}, {')
    (tmp_path / "b.csv").write_text("id\n")
    (tmp_path / "c.jsonl").write_text("{}")
    for name, words in (("a.json", "to its end"), ("b.csv", "no text")):
        with pytest.raises(ContaminationError, match=words):
            check(tmp_path / name, against=[tmp_path / "c.jsonl"])
    with pytest.raises(ContaminationError, match="no release"):
        check(tmp_path, against=[tmp_path / "c.jsonl"])
    with pytest.raises(ContaminationError, match="found there"):
        check(tmp_path / "c.jsonl", against=[tmp_path])


def test_rows_without_a_name_or_with_the_same_are_told_apart(tmp_path: Path, writer: Writer) -> None:
    rows = [{"q": writer.text(20)}, {"id": "x", "q": writer.text(20)}, {"id": "x", "q": writer.text(20)}]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert [text.item_id for text in texts_in_file(tmp_path / "a.jsonl")] == ["row-0", "x", "x#2"]


# Our own releases --------------------------------------------------------------------------------


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The root of the releases of one benchmark."""
    publish(tmp_path / "releases")
    return tmp_path / "releases"


def test_a_release_is_not_held_against_its_own_benchmark(root: Path) -> None:
    (mine,) = (root / "case_diagnosis").glob("0*")
    assert other_releases(root, apart_from="case_diagnosis") == []
    found = check(mine, releases=root)
    assert (found.benchmark, found.copied, found.checked.documents) == ("case_diagnosis", (), 0)
    assert found.checked.items == len(read_items(mine))


def test_an_item_of_a_release_is_found_in_a_file(root: Path, tmp_path: Path) -> None:
    (mine,) = (root / "case_diagnosis").glob("0*")
    item = read_items(mine)[0]
    (tmp_path / "public.jsonl").write_text(json.dumps({"case": "Begin. " + item.stem + " End."}))
    found = check(mine, against=[tmp_path / "public.jsonl"])
    assert item.item_id in found.copied
    assert {hit.field for hit in found.hits} == {"stem"}


def test_other_benchmarks_releases_are_documents_but_not_their_sources(root: Path, tmp_path: Path) -> None:
    (release,) = (root / "case_diagnosis").glob("0*")
    item = read_items(release)[0]
    mine = tmp_path / "mine.jsonl"
    mine.write_text(json.dumps({"id": "a", "q": item.stem}) + "\n")
    found = check(mine, releases=root)
    assert found.copied == ("a",)
    assert all(hit.document.startswith("case_diagnosis/0.1.0/data/") for hit in found.hits)
    assert {hit.document_field for hit in found.hits} == {"stem"}


def test_what_the_gate_is_given_of_releases_changes_with_them(root: Path) -> None:
    before = released(root, apart_from="another")
    assert before.identity == released(root, apart_from="another").identity
    assert before.identity != released(root, apart_from="case_diagnosis").identity
    texts = [piece.text for piece in before.pieces(Library(), frozenset())]
    (release,) = (root / "case_diagnosis").glob("0*")
    items = read_items(release)
    assert {item.stem for item in items} <= set(texts)
    gone = [piece.text for piece in before.pieces(Library(), {item.item_id for item in items})]
    assert gone == []


# The command -------------------------------------------------------------------------------------


def test_the_command_shows_hits_and_ends_with_1(tmp_path: Path, mine: tuple[Path, list[str]]) -> None:
    path, texts = mine
    (tmp_path / "public.jsonl").write_text(json.dumps({"q": texts[0]}) + "\n")
    done = run(path, "--against", tmp_path / "public.jsonl", "--out", tmp_path / "out")
    assert done.exit_code == 1, done.output
    assert "1 items copied" in done.output
    assert "copied q0 question: runs 100%, 60 words in a row" in done.output
    assert (tmp_path / "out" / "contamination.json").is_file()


def test_the_command_ends_with_0_when_nothing_was_copied(
    tmp_path: Path, mine: tuple[Path, list[str]], writer: Writer
) -> None:
    (tmp_path / "public.jsonl").write_text(json.dumps({"q": writer.text(100)}) + "\n")
    done = run(mine[0], "--against", tmp_path / "public.jsonl", "--json")
    assert done.exit_code == 0
    assert json.loads(done.output)["copied"] == []


def test_limits_are_those_of_the_flags(tmp_path: Path, mine: tuple[Path, list[str]]) -> None:
    path, texts = mine
    part = " ".join(texts[0].split()[:30])
    (tmp_path / "public.jsonl").write_text(json.dumps({"q": part}) + "\n")
    assert run(path, "--against", tmp_path / "public.jsonl").exit_code == 0
    assert run(path, "--against", tmp_path / "public.jsonl", "--share", "0.3").exit_code == 1
    assert run(path, "--against", tmp_path / "public.jsonl", "--span", "30").exit_code == 1


def test_the_command_wants_something_to_look_through(mine: tuple[Path, list[str]]) -> None:
    done = run(mine[0])
    assert done.exit_code == 2
    assert "--against" in done.output
