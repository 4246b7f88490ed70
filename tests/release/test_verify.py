"""``verify`` finds every change: any byte of any file, any value of any row, any lie of the manifest."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grandrounds.errors import ReleaseError
from grandrounds.fingerprint import sha256_text
from grandrounds.records.envelope import content_sha256, item_id
from grandrounds.records.parts import Span
from grandrounds.release.published import read_items
from grandrounds.release.verify import verify
from tests.support.factories import picture
from tests.support.releases import change_cell, change_manifest, files_of, publish, seal_again, writable

TEST = "data/diagnosis_mcq/test-00000-of-00001.parquet"
OPEN = "data/diagnosis_open/train-00000-of-00001.parquet"
EVIDENCE = "evidence/cases.parquet"


@pytest.fixture(scope="module")
def published(tmp_path_factory) -> Path:
    """One sound release for tests that put back what they change."""
    path = publish(tmp_path_factory.mktemp("releases"), 3).path
    writable(path)
    return path


def told(directory: Path) -> str:
    return "\n".join(f"{problem.where}: {problem.what}" for problem in verify(directory).problems)


@pytest.mark.parametrize("kind", ["release", "reviewed_release"])
def test_an_untouched_release_is_sound_and_says_what_was_checked(kind, request):
    report = verify(request.getfixturevalue(kind))
    assert report.problems == ()
    assert report.sound
    assert {checked.count for checked in report.checked if checked.what.startswith("items: ")} == {12}


def test_sealing_again_without_a_change_is_sound(release):
    """Else the tests below would find the sealing, not the change."""
    seal_again(release)
    change_cell(release / TEST, "stem", lambda stem: stem)
    seal_again(release)
    assert told(release) == ""


@given(data=st.data())
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_changed_byte_of_any_file_is_found(published, data):
    name = data.draw(st.sampled_from(sorted(files_of(published))))
    path = published / name
    before = path.read_bytes()
    place = data.draw(st.integers(0, len(before) - 1))
    change = data.draw(st.integers(1, 255))
    try:
        path.write_bytes(before[:place] + bytes([before[place] ^ change]) + before[place + 1 :])
        assert not verify(published).sound
    finally:
        path.write_bytes(before)


@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_cut_or_added_tail_is_found(published, data):
    name = data.draw(st.sampled_from(sorted(files_of(published))))
    path = published / name
    before = path.read_bytes()
    tail = data.draw(st.binary(max_size=3))
    keep = data.draw(st.integers(0, len(before)))
    after = before[:keep] + tail
    try:
        path.write_bytes(after)
        assert verify(published).sound == (after == before)
    finally:
        path.write_bytes(before)


def test_a_missing_file_is_found(release):
    for name in files_of(release):
        moved = (release / name).rename(release.parent / "aside")
        assert not verify(release).sound, name
        moved.rename(release / name)
    assert verify(release).sound


def test_an_extra_file_or_folder_is_found(release):
    (release / "data" / "notes.txt").write_text("mine")
    assert "data/notes.txt: is not listed" in told(release)
    (release / "data" / "notes.txt").unlink()
    (release / "cache").mkdir()
    assert "cache: is an empty folder" in told(release)


# One value of one column each, all checksums made to fit again: only the meaning can betray it.
FORGED_CELLS = {
    "recipe": lambda v: "other",
    "task": lambda v: "diagnosis_open",
    "evidence_id": lambda v: "case-0",
    "source_id": lambda v: "source-0",
    "group_id": lambda v: "group-0",
    "stem": lambda v: v + " ",
    "question": lambda v: v + "!",
    "options": lambda v: [*v[:-1], "another"],
    "option_origins": lambda v: [{**v[0], "option": "no such option"}, *v[1:]],
    "answer": lambda v: "another",
    "answer_index": lambda v: (v + 1) % 5,
    "answer_aliases": lambda v: [*v, "more"],
    "rationale": lambda v: v + " Surely.",
    "visible_spans": lambda v: [{**v[0], "end": v[0]["end"] - 1}, *v[1:]],
    "evidence": lambda v: [{**v[0], "quote": v[0]["quote"] + "x"}, *v[1:]],
    "labels": lambda v: [{**v[0], "path": ["other"]}],
    "language": lambda v: "de",
    "licence": lambda v: "CC0-1.0" if v != "CC0-1.0" else "CC-BY-4.0",
    "citation": lambda v: v + " And me.",
    "protected": lambda v: True,
    "source_published": lambda v: date(1999, 9, 9),
    "authorship": lambda v: {**v, "author": "model"},
    "item_id": lambda v: "item-0",
    "content_sha256": lambda v: "0" * 64,
    "split": lambda v: "dev",
    "reviewed": lambda v: True,
    "review": lambda v: {**v, "status": "accepted"},
    "available_from": lambda v: date(2025, 1, 1),
    "canary": lambda v: "no canary",
}


@pytest.mark.parametrize("column", FORGED_CELLS)
def test_a_forged_value_is_found_even_under_right_checksums(release, column):
    change_cell(release / TEST, column, FORGED_CELLS[column])
    seal_again(release)
    problems = told(release)
    assert problems != ""
    assert "SHA-256" not in problems


@pytest.mark.parametrize("row", [{}, {"path": "x.png"}, {"bytes": None}, {"bytes": picture(99)}])
def test_a_forged_picture_is_found(release, row):
    def forge(pictures):
        return [{**pictures[0], **row}] if row else []

    table = pq.read_table(release / OPEN)
    place = next(n for n, pictures in enumerate(table.column("images").to_pylist()) if pictures)
    change_cell(release / OPEN, "images", forge, row=place)
    seal_again(release)
    assert "picture" in told(release)


def reworded(directory: Path, change) -> None:
    """Change an item and make its id and hash fit, as only its author could."""
    item = next(
        item for item in read_items(directory) if item.task == "diagnosis_mcq" and item.split == "test"
    )
    new = change(item)
    new = replace(new, item_id=item_id(new))
    new = replace(new, content_sha256=content_sha256(new))
    path = directory / TEST
    ids = pq.read_table(path, columns=["item_id"])[0].to_pylist()
    row = ids.index(item.item_id)
    for name in ("stem", "question", "answer", "answer_index", "item_id", "content_sha256", "visible_spans", "options",
                 "evidence", "answer_aliases"):  # fmt: skip
        value = getattr(new, name)
        if name == "visible_spans":
            value = [{"start": span.start, "end": span.end} for span in value]
        elif name == "evidence":
            old = pq.read_table(path, columns=[name])[0].to_pylist()[row]
            value = [{**kept, "role": part.role} for kept, part in zip(old, value, strict=True)]
        elif isinstance(value, tuple):
            value = list(value)
        change_cell(path, name, lambda _, value=value: value, row=row)
    seal_again(directory)


def test_a_stem_that_its_spans_do_not_give_is_found_even_with_a_fitting_id(release):
    reworded(release, lambda item: replace(item, stem=item.stem + " He felt well."))
    assert "its stem is not what its spans of the stored text give" in told(release)


def test_options_that_differ_only_in_spelling_are_found(release):
    def twin(item):
        other = next(option for option in item.options if option != item.answer)
        options = tuple(item.answer.upper() if option == other else option for option in item.options)
        return replace(item, options=options)

    reworded(release, twin)
    assert "options are not distinct" in told(release)


def test_a_stem_that_names_its_answer_is_found(release):
    def leak(item):
        words = item.stem.split()
        return replace(item, answer_aliases=(" ".join(words[4:7]),))

    reworded(release, leak)
    assert "names its answer" in told(release)


def test_a_picture_whose_name_tells_the_answer_is_found(release):
    table = pq.read_table(release / TEST)
    answer = table.column("answer").to_pylist()[0]
    change_cell(
        release / TEST, "media", lambda media: [{**each, "name": f"{answer}.png"} for each in media]
    )
    change_cell(release / TEST, "question", lambda _: f"Is this {answer}?")
    seal_again(release)
    problems = told(release)
    assert "question names its answer" in problems
    assert ("picture's name names its answer" in problems) == bool(table.column("media").to_pylist()[0])


def test_a_trace_of_later_knowledge_is_a_remark_and_no_fault(release, monkeypatch):
    from grandrounds.clinical import leaks

    later = leaks.Leak(kind=leaks.POST_DIAGNOSIS, span=Span(start=0, end=3), text="was treated")
    monkeypatch.setattr("grandrounds.release.itemcheck._leaks", lambda text, answer, aliases: (later,))
    report = verify(release)
    assert report.sound
    assert len(report.remarks) == 12
    assert "was treated" in report.remarks[0].what


def test_a_support_quote_that_the_solver_does_not_see_is_found(release):
    def unseen(item):
        shown = [replace(part, role="support") for part in item.evidence]
        return replace(item, evidence=tuple(shown))

    reworded(release, unseen)
    assert "is not among what the solver sees" in told(release)


def test_a_changed_text_of_the_evidence_is_found(release):
    table = pq.read_table(release / EVIDENCE)
    text = table.column("text").to_pylist()[0]
    change_cell(release / EVIDENCE, "text", lambda text: text.replace("The", "the"))
    seal_again(release)
    assert "its stored text does not fit its hash" in told(release)
    change_cell(release / EVIDENCE, "text_sha256", lambda _: sha256_text(text.replace("The", "the")))
    seal_again(release)
    assert "does not stand at" in told(release)


def test_evidence_that_nothing_rests_on_is_found(release):
    table = pq.read_table(release / EVIDENCE)
    extra = table.slice(0, 1).to_pylist()[0] | {"evidence_id": "case-extra"}
    added = pa.concat_tables([table, pa.Table.from_pylist([extra], schema=table.schema)])
    pq.write_table(added, release / EVIDENCE, compression="zstd")
    seal_again(release)
    assert "case-extra: is evidence that no item rests on" in told(release)
    assert "has 7 rows that can be read, but the manifest says 6" in told(release)


def test_a_row_given_twice_or_taken_out_is_found(release):
    path = release / OPEN
    table = pq.read_table(path)
    pq.write_table(pa.concat_tables([table, table.slice(0, 1)]), path)
    seal_again(release)
    assert "stands in the release 2 times" in told(release)
    pq.write_table(table.slice(1), path)
    seal_again(release)
    assert "rows that can be read, but the manifest says" in told(release)


def test_a_group_in_two_splits_is_found(release):
    other = release / "data/diagnosis_open/test-00000-of-00001.parquet"
    table = pq.read_table(other)
    group = pq.read_table(release / OPEN, columns=["group_id"])[0][0].as_py()
    change_cell(other, "group_id", lambda _: group)
    seal_again(release)
    assert f"group {group} is in several splits: test, train" in told(release)
    pq.write_table(table, other)


def test_another_schema_is_found(release):
    path = release / TEST
    table = pq.read_table(path)
    pq.write_table(table.drop_columns(["votes"]), path)
    seal_again(release)
    assert "breaks the contract items" in told(release)
    metadata = dict(table.schema.metadata)
    del metadata[b"huggingface"]
    pq.write_table(table.replace_schema_metadata(metadata), path)
    seal_again(release)
    assert "description of features" in told(release)


LIES = {
    "counts": (lambda m: m["counts"].update(items=13), "says items is 13, but the rows give 12"),
    "task counts": (lambda m: m["counts"]["by_task"]["diagnosis_mcq"].update(test=9), "says by_task is"),
    "rejections": (lambda m: m["counts"].update(rejections={}), "says rejections is {}"),
    "funnel": (lambda m: m["funnel"][4].update(left=5), "neither left nor were refused"),
    "funnel end": (
        lambda m: m["funnel"][-1].update(entered=11, left=11, expected=11),
        "but there are 12 items",
    ),
    "no funnel": (lambda m: m.update(funnel=[]), "has no funnel"),
    "preview": (lambda m: m.update(preview=False), "do not fit together"),
    "released": (lambda m: m.update(released="2025-01-01"), "day of release"),
    "version": (lambda m: m.update(version="1.0.0"), "do not fit together"),
    "no version": (lambda m: m.update(version="../x"), "is not a version"),
    "benchmark": (lambda m: m.update(benchmark="other"), "canary is not that of the benchmark"),
    "canary": (lambda m: m.update(canary="x"), "canary"),
    "profile": (lambda m: m.update(profile="private"), "not those of its recipe"),
    "recipe": (lambda m: m["recipe"].update(temperature=1.0), "does not fit the recipe's hash"),
    "authors": (lambda m: m["authors"][0].update(author="model"), "authors are not those"),
    "sources": (lambda m: m["sources"].pop(), "but not of both"),
    "source licence": (lambda m: m["sources"][0].update(licence="MIT"), "not that of its source"),
    "source twice": (lambda m: m["sources"].append(m["sources"][0]), "lists a source twice"),
    "rows": (lambda m: m["files"][0].update(rows=99), "rows, schema, task or split"),
    "kind": (lambda m: m["files"][0].update(kind="plot"), "files of kind"),
    "format": (lambda m: m.update(format="grandrounds-release/9"), "is not 'grandrounds-release/1'"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_of_the_manifest_is_found_even_under_right_checksums(release, lie):
    change, words = LIES[lie]
    change_manifest(release, change)
    seal_again(release)
    assert words in told(release)


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("README.md", "Preview: not clinician-reviewed.", "Reviewed.", "tells wrongly whether clinicians"),
        ("README.md", "canary 7f106536", "canary 00000000", "does not hold the canary"),
        ("README.md", "**0.1.0**", "**1.0.0**", "does not name version"),
        ("croissant.json", '"version": "0.1.0"', '"version": "0.2.0"', "not that of the manifest"),
        ("croissant.json", "{", "[", "is not a Croissant description"),
    ],
)
def test_documents_that_say_otherwise_are_found(release, name, old, new, words):
    text = (release / name).read_text(encoding="utf-8")
    assert old in text
    (release / name).write_text(text.replace(old, new), encoding="utf-8")
    seal_again(release)
    assert words in told(release)


def test_a_preview_passed_off_as_reviewed_is_found(release):
    def lie(manifest):
        manifest.update(preview=False, version="1.0.0", released="2025-01-01")

    change_manifest(release, lie)
    seal_again(release)
    assert "was not reviewed, but stands in a reviewed release" in told(release)


def test_a_review_of_an_item_can_not_be_taken_away(reviewed_release):
    change_cell(reviewed_release / TEST, "reviewed", lambda _: False)
    seal_again(reviewed_release)
    assert "was not reviewed" in told(reviewed_release)


def test_a_refused_row_without_a_licence_is_found(release):
    change_cell(
        release / "rejections.parquet", "row", lambda _: '{"licence":"unknown","text":"whole article"}'
    )
    seal_again(release)
    assert "its licence does not allow to show" in told(release)


def test_a_release_that_was_moved_is_still_sound(release, tmp_path):
    moved = tmp_path / "anywhere" / "else"
    shutil.copytree(release, moved)
    assert verify(moved).sound


def test_what_is_no_folder_is_an_error(tmp_path):
    with pytest.raises(ReleaseError, match="There is no folder"):
        verify(tmp_path / "nothing")


def test_a_folder_without_a_manifest_is_no_release(tmp_path):
    (tmp_path / "sub").mkdir()
    assert "is not a release" in told(tmp_path)
