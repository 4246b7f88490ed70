"""The inventory of a folder: every file a row, nothing read twice."""

from __future__ import annotations

import io
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from grandrounds.contracts import contract
from grandrounds.errors import SourceError
from grandrounds.lake import Lake
from grandrounds.records.case import Case
from grandrounds.records.source import Source
from grandrounds.records.table import from_table, to_table
from grandrounds.sources import inventory as module
from grandrounds.sources import memory, pool
from grandrounds.sources.inventory import Inventory, read_folder
from tests.sources.articles import jats

MARKDOWN = "---\nkind: case_report\ntitle: A case of blue toes\n---\n# Case\n\nA man of 40 presented.\n"


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "sources"
    root.mkdir()
    return root


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The names of files whose bytes were read."""
    names: list[str] = []
    real = Path.read_bytes

    def read_bytes(path: Path) -> bytes:
        names.append(path.name)
        return real(path)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    return iter([names])


def put(folder: Path, name: str, data: bytes | str, *, age: float = 10.0) -> Path:
    """Write a file that was left alone for ``age`` seconds, as most files were."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    past = time.time() - age
    os.utime(path, (past, past))
    return path


def png(colour: str = "red", size: tuple[int, int] = (8, 6)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return out.getvalue()


def by_path(inventory: Inventory) -> dict[str, Source]:
    return {source.path: source for source in inventory.sources}


def numbered(n: int) -> bytes:
    return jats(
        f"<sec><title>Case</title><p>Patient {n}, a 40-year-old man, presented.</p></sec>",
        ids=f'<article-id pub-id-type="doi">10.9999/n.{n}</article-id>',
    )


def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let files count as left alone although the test made them just now (their change time can't be set)."""
    monkeypatch.setattr(memory, "_SETTLED_NS", -(10**15))


def test_every_file_becomes_a_row(folder: Path, lake: Lake) -> None:
    put(folder, "a.xml", jats())
    put(folder, "b/copy.xml", jats())
    put(folder, "case.md", MARKDOWN)
    put(folder, "broken.xml", jats()[:400])
    put(folder, "paper.pdf", b"%PDF-1.4")
    put(folder, "read.me", "words")
    (folder / "out").symlink_to("/")
    inventory = read_folder(folder, lake=lake)
    rows = by_path(inventory)
    assert {path: (row.kind, row.status) for path, row in rows.items()} == {
        "a.xml": ("jats", "read"),
        "b/copy.xml": ("jats", "duplicate"),
        "broken.xml": ("jats", "failed"),
        "case.md": ("case_markdown", "read"),
        "out": ("link", "passed_by"),
        "paper.pdf": ("pdf", "passed_by"),
        "read.me": ("text", "passed_by"),
    }
    assert list(rows) == sorted(rows)
    assert "a.xml" in rows["b/copy.xml"].reason
    assert "broken" in rows["broken.xml"].reason
    assert rows["paper.pdf"].sha256 is None
    assert inventory.passed_by == {"link": 1, "pdf": 1, "text": 1}
    assert (inventory.read_now, inventory.reused) == (3, 0)
    assert [case.source_id for case in inventory.cases] == [
        rows["a.xml"].source_id,
        rows["case.md"].source_id,
    ]
    assert len({row.source_id for row in rows.values()}) == len(rows)


def test_rows_fit_their_contracts_and_come_back_alike(folder: Path, lake: Lake) -> None:
    put(folder, "a.xml", jats())
    put(folder, "bad.xml", "<article>")
    put(folder, "read.me", "words")
    inventory = read_folder(folder, lake=lake)
    sources = to_table(inventory.sources, contract("sources"))
    assert from_table(Source, sources) == list(inventory.sources)
    assert from_table(Case, to_table(inventory.cases, contract("cases"))) == list(inventory.cases)


def test_a_second_run_opens_nothing_and_gives_the_same(
    folder: Path, lake: Lake, monkeypatch: pytest.MonkeyPatch, opened: Iterator[list[str]]
) -> None:
    settled(monkeypatch)
    names = next(opened)
    put(folder, "a.xml", jats('<p>A man.</p><fig id="f"><graphic xlink:href="p"/></fig>'))
    put(folder, "p.png", png())
    put(folder, "bad.xml", "<article>")
    put(folder, "read.me", "words")
    first = read_folder(folder, lake=lake)
    assert sorted(set(names) & {"a.xml", "bad.xml", "p.png", "read.me"}) == ["a.xml", "bad.xml", "p.png"]
    names.clear()
    monkeypatch.setattr(
        "grandrounds.sources.kinds.recognise", lambda path: pytest.fail(f"{path} was looked at")
    )
    second = read_folder(folder, lake=lake)
    assert not {"a.xml", "bad.xml", "p.png", "read.me"} & set(names)
    assert (second.read_now, second.reused) == (0, 2)
    assert (second.sources, second.cases) == (first.sources, first.cases)


def test_adding_one_reads_one_and_changing_one_reads_one(folder: Path, lake: Lake) -> None:
    for n in range(4):
        put(folder, f"{n}.xml", numbered(n))
    assert read_folder(folder, lake=lake).read_now == 4
    put(folder, "4.xml", numbered(4))
    after = read_folder(folder, lake=lake)
    assert (after.read_now, after.reused, len(after.cases)) == (1, 4, 5)
    put(folder, "2.xml", numbered(22))
    after = read_folder(folder, lake=lake)
    assert (after.read_now, after.reused, len(after.cases)) == (1, 4, 5)
    (folder / "3.xml").rename(folder / "moved.xml")
    os.utime(folder / "0.xml")
    assert read_folder(folder, lake=lake).read_now == 0


def test_a_change_that_keeps_size_and_time_is_noticed(folder: Path, lake: Lake) -> None:
    path = put(folder, "a.xml", numbered(1))
    stamp = path.stat()
    read_folder(folder, lake=lake)
    path.write_bytes(numbered(2))
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    after = read_folder(folder, lake=lake)
    assert "Patient 2," in after.cases[0].text


def test_a_file_changed_a_moment_ago_is_looked_at_again(folder: Path, lake: Lake) -> None:
    path = put(folder, "a.xml", numbered(1), age=0)
    read_folder(folder, lake=lake)
    index = memory.load_index(lake, folder)
    entry = index.entries["a.xml"]
    file = replace(module.walk(folder).files[0], stamp=entry.stamp)
    assert index.known(file) is None
    entry.seen_ns = max(path.stat().st_mtime_ns, path.stat().st_ctime_ns) + 3_000_000_000
    assert index.known(file) is entry


def test_damaged_memory_is_made_anew(folder: Path, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    settled(monkeypatch)
    put(folder, "a.xml", jats())
    first = read_folder(folder, lake=lake)
    for path in (Path(lake.url) / "cache").rglob("*.json"):
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(bytes(data))
    second = read_folder(folder, lake=lake)
    assert second.read_now == 1
    assert (second.sources, second.cases) == (first.sources, first.cases)
    for path in (Path(lake.url) / "cache").rglob("*.json"):
        path.write_bytes(b"")
    assert read_folder(folder, lake=lake).cases == first.cases


def test_another_version_of_the_reader_reads_anew(
    folder: Path, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folder, "a.xml", jats())
    read_folder(folder, lake=lake)
    monkeypatch.setattr("grandrounds.sources.case_report.VERSION", "99.0.0")
    after = read_folder(folder, lake=lake)
    assert after.read_now == 1
    assert str(after.sources[0].reader_version).startswith("99.0.0+")


def test_sources_yaml_wins_over_the_file_and_changes_cost_no_reading(folder: Path, lake: Lake) -> None:
    put(folder, "a.xml", jats())
    put(folder, "b.xml", numbered(1))
    read_folder(folder, lake=lake)
    put(
        folder,
        "sources.yaml",
        "files:\n  - path: a.xml\n    licence: CC0-1.0\n    published: 2020-01-02\n    group: p1\n    protected: true\n"
        "    title: Better\n    citation: Better. 2020.\n    language: fr\n  - path: '*.xlm'\n    licence: MIT\n",
    )
    after = read_folder(folder, lake=lake)
    assert after.read_now == 0
    row = by_path(after)["a.xml"]
    assert (
        row.licence,
        row.licence_origin,
        row.group_id,
        row.protected,
        row.title,
        row.citation,
        row.language,
    ) == (*("CC0-1.0", "sources.yaml", "group:p1", True, "Better", "Better. 2020.", "fr"),)
    assert (str(row.published), row.published_origin) == ("2020-01-02", "sources.yaml")
    assert any("CC-BY-4.0" in note for note in row.notes)
    case = next(case for case in after.cases if case.source_id == row.source_id)
    assert (case.licence, case.group_id, case.protected, case.title) == (
        "CC0-1.0",
        "group:p1",
        True,
        "Better",
    )
    assert by_path(after)["b.xml"].licence == "CC-BY-4.0"
    assert by_path(after)["sources.yaml"].notes == ("'*.xlm' matches no file.",)


def test_a_wrong_sources_yaml_stops_before_anything_is_read(folder: Path, lake: Lake) -> None:
    put(folder, "sources.yaml", "files:\n  - path: a\n    licens: MIT\n")
    with pytest.raises(SourceError, match="licens"):
        read_folder(folder, lake=lake)


def test_pictures_beside_an_article_ride_along(folder: Path, lake: Lake) -> None:
    figures = "".join(f'<fig id="f{n}"><label>Figure {n}</label><graphic xlink:href="{name}"/></fig>'
                      for n, name in enumerate(["one", "pics/two.png", "info:doi/10.1/journal.pone.1.g001", "bad", "gone", "../../up"]))  # fmt: skip
    put(folder, "case/a.xml", jats(f"<p>A man.</p>{figures}"))
    put(folder, "case/one.jpg", png("red"))
    put(folder, "case/one.png", png("blue"))
    put(folder, "case/sub/TWO.PNG", png("green"))
    put(folder, "case/pone.1.g001.png", png("white"))
    put(folder, "case/bad.png", b"\x89PNG\r\n\x1a\nbroken")
    put(folder, "up.png", png("black"))
    put(folder, "unused.png", png("grey"))
    inventory = read_folder(folder, lake=lake)
    (case,) = inventory.cases
    assert [len(figure.media_sha256) for figure in case.figures] == [1, 1, 1, 0, 0, 0]
    assert lake.get_media(case.figures[0].media_sha256[0]) == png("blue")
    assert case.figures[0].media_mime == ("image/png",)
    rows = by_path(inventory)
    assert any("bad.png" in note and "no sound picture" in note for note in rows["case/a.xml"].notes)
    assert {path for path in rows if path.endswith((".png", ".jpg", ".PNG"))} == {
        "case/one.jpg",
        "unused.png",
        "up.png",
    }
    assert inventory.passed_by["image"] == 3


def test_a_picture_that_two_articles_name_belongs_to_neither(folder: Path, lake: Lake) -> None:
    figure = '<fig id="f"><graphic xlink:href="fig1"/></fig>'
    for n in (1, 2):
        ids = f'<article-id pub-id-type="doi">10.9999/n.{n}</article-id>'
        put(folder, f"flat/{n}.xml", jats(f"<p>Man {n}.</p>{figure}", ids=ids))
        ids = f'<article-id pub-id-type="doi">10.9999/own.{n}</article-id>'
        put(folder, f"own/{n}/a.xml", jats(f"<p>Own {n}.</p>{figure}", ids=ids))
        put(folder, f"own/{n}/images/fig1.png", png("red" if n == 1 else "blue"))
    put(folder, "flat/fig1.png", png("green"))
    inventory = read_folder(folder, lake=lake)
    paths = {source.source_id: source.path for source in inventory.sources}
    media = {paths[case.source_id]: case.figures[0].media_sha256 for case in inventory.cases}
    assert media["flat/1.xml"] == media["flat/2.xml"] == ()
    assert lake.get_media(media["own/1/a.xml"][0]) == png("red")
    assert lake.get_media(media["own/2/a.xml"][0]) == png("blue")
    assert any("Other articles name the picture" in note for note in by_path(inventory)["flat/1.xml"].notes)


def test_a_hostile_picture_is_refused(folder: Path, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grandrounds.sources.graphics.MAXIMUM_PIXELS", 100)
    put(folder, "a.xml", jats('<p>A man.</p><fig id="f"><graphic xlink:href="p"/></fig>'))
    put(folder, "p.png", png(size=(20, 20)))
    inventory = read_folder(folder, lake=lake)
    assert inventory.cases[0].figures[0].media_sha256 == ()
    assert any("20 x 20 pixels" in note for note in inventory.sources[0].notes)


def test_media_lost_from_the_lake_are_stored_again(
    folder: Path, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled(monkeypatch)
    put(folder, "a.xml", jats('<p>A man.</p><fig id="f"><graphic xlink:href="p"/></fig>'))
    put(folder, "p.png", png())
    sha256 = read_folder(folder, lake=lake).cases[0].figures[0].media_sha256[0]
    for path in (Path(lake.url) / "media").rglob(sha256):
        path.unlink()
    read_folder(folder, lake=lake)
    assert lake.get_media(sha256) == png()


def test_one_article_in_two_files_has_one_group(folder: Path, lake: Lake) -> None:
    both = '<article-id pub-id-type="doi">10.9999/X.1</article-id><article-id pub-id-type="pmc">55</article-id>'
    put(folder, "a.xml", jats("<p>One man.</p>", ids=both))
    put(
        folder,
        "b.xml",
        jats("<p>One man, again.</p>", ids='<article-id pub-id-type="pmcid">PMC55</article-id>'),
    )
    put(
        folder,
        "c.xml",
        jats(
            "<p>One man, elsewhere.</p>",
            ids='<article-id pub-id-type="doi">https://doi.org/10.9999/x.1</article-id>',
        ),
    )
    put(folder, "d.xml", jats("<p>Other man.</p>", ids="", title="Some other case of something"))
    put(folder, "e.xml", jats("<p>Other man again.</p>", ids="", title="Some Other Case of Something."))
    groups = {row.path: row.group_id for row in read_folder(folder, lake=lake).sources}
    assert groups["a.xml"] == groups["b.xml"] == groups["c.xml"] == "article:doi:10.9999/x.1"
    assert groups["d.xml"] == groups["e.xml"] != groups["a.xml"]


def test_several_patients_give_several_cases_over_one_text(folder: Path, lake: Lake) -> None:
    put(
        folder,
        "a.xml",
        jats(
            "<sec><title>Case 1</title><p>A boy.</p></sec><sec><title>Case 2</title><p>A girl (Figure 2).</p></sec>"
            '<fig id="f"><label>Figure 2</label><caption><p>Spots.</p></caption></fig>'
        ),
    )
    first, second = read_folder(folder, lake=lake).cases
    assert (first.case_number, second.case_number, first.case_count) == (1, 2, 2)
    assert first.text == second.text
    assert first.evidence_id != second.evidence_id
    assert first.group_id == second.group_id
    assert [len(first.figures), len(second.figures)] == [0, 1]
    assert "A girl" not in " ".join(s.span.of(first.text) for s in first.own_sections())


def test_case_ids_do_not_depend_on_names_rules_or_pictures(folder: Path, lake: Lake) -> None:
    put(folder, "a.xml", jats('<p>A man.</p><fig id="f"><graphic xlink:href="p"/></fig>'))
    before = read_folder(folder, lake=lake).cases[0]
    (folder / "a.xml").rename(folder / "b.xml")
    put(folder, "p.png", png())
    put(folder, "sources.yaml", "files:\n  - path: b.xml\n    licence: MIT\n")
    after = read_folder(folder, lake=lake).cases[0]
    assert (after.evidence_id, after.source_id) == (before.evidence_id, before.source_id)


def test_a_single_file_an_empty_folder_and_a_missing_one(folder: Path, lake: Lake) -> None:
    assert read_folder(folder, lake=lake).sources == ()
    put(folder, "a.xml", jats())
    put(folder, "b.xml", numbered(1))
    assert [row.path for row in read_folder(folder / "a.xml", lake=lake).sources] == ["a.xml"]
    with pytest.raises(SourceError, match="no folder"):
        read_folder(folder / "nothing", lake=lake)
    with pytest.raises(SourceError, match="No reader takes files of the kind dicom"):
        read_folder(folder, lake=lake, wanted=frozenset({"dicom"}))


def test_files_too_large_or_gone_are_told(
    folder: Path, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grandrounds.sources.kinds.MAXIMUM_XML_BYTES", 500)
    put(folder, "large.xml", jats("<p>A man.</p>" * 100))
    row = read_folder(folder, lake=lake).sources[0]
    assert (row.status, row.sha256) == ("failed", None)
    assert "more than the 500" in row.reason


def test_a_file_that_vanishes_between_looking_and_reading_is_told(
    folder: Path, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folder, "a.xml", jats())
    real = module.walk

    def walk_then_lose(path: Path) -> object:
        found = real(path)
        monkeypatch.setattr("grandrounds.sources.kinds.recognise", lambda _path: "jats")
        (folder / "a.xml").unlink()
        return found

    monkeypatch.setattr(module, "walk", walk_then_lose)
    row = read_folder(folder, lake=lake).sources[0]
    assert row.status == "failed"
    assert "can't be read" in row.reason


def test_an_unforeseen_fault_of_the_parser_fails_one_file_only(
    folder: Path, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folder, "a.xml", numbered(1))
    put(folder, "b.xml", numbered(2))
    from grandrounds.sources import jats as jats_module

    real = jats_module.read_jats

    def fragile(data: bytes) -> object:
        if b"Patient 1" in data:
            raise KeyError("boom")
        return real(data)

    monkeypatch.setattr(jats_module, "read_jats", fragile)
    rows = by_path(read_folder(folder, lake=lake))
    assert rows["a.xml"].status == "failed"
    assert "KeyError" in rows["a.xml"].reason
    assert rows["b.xml"].status == "read"


def test_progress_is_told(folder: Path, lake: Lake) -> None:
    for n in range(3):
        put(folder, f"{n}.xml", numbered(n))
    told: list[tuple[int, int, str]] = []
    read_folder(folder, lake=lake, progress=lambda *args: told.append(args))
    assert told == [(1, 3, "0.xml"), (2, 3, "1.xml"), (3, 3, "2.xml")]


def test_several_processes_give_the_same_as_one(folder: Path, tmp_path: Path) -> None:
    for n in range(12):
        put(folder, f"{n:02}.xml", numbered(n) if n % 5 else b"<article>")
    alone = read_folder(folder, lake=Lake(str(tmp_path / "one")), workers=1)
    together = read_folder(folder, lake=Lake(str(tmp_path / "two")), workers=2)
    assert together == alone


def test_a_reader_process_that_dies_costs_its_file_only(
    folder: Path, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(3):
        put(folder, f"{n}.xml", numbered(n))
    monkeypatch.setattr(pool, "read_job", _die_on_one)
    rows = by_path(read_folder(folder, lake=lake, workers=2))
    assert {path: row.status for path, row in rows.items()} == {
        "0.xml": "read",
        "1.xml": "failed",
        "2.xml": "read",
    }
    assert "died" in rows["1.xml"].reason
    monkeypatch.undo()
    assert read_folder(folder, lake=lake).read_now == 1  # not remembered as broken


_real_read_job = pool.read_job


def _die_on_one(job: pool.Job) -> pool.Outcome:
    if job.path.name == "1.xml":
        os._exit(9)
    return _real_read_job(job)


def test_two_runs_at_once_disturb_nothing(folder: Path, lake: Lake) -> None:
    for n in range(8):
        put(folder, f"{n}.xml", numbered(n))
    results: list[Inventory] = []
    threads = [
        threading.Thread(target=lambda: results.append(read_folder(folder, lake=Lake(lake.url))))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({(r.sources, r.cases) for r in results}) == 1
    assert read_folder(folder, lake=lake).read_now == 0
