"""A release is whole or not there, the same inputs give the same bytes, and nothing published changes."""

from __future__ import annotations

import os
import random
import resource
import signal
import stat
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from grandrounds.errors import GrandRoundsError, ReleaseError
from grandrounds.fingerprint import sha256_bytes
from grandrounds.lake import Lake
from grandrounds.records.funnel import ReasonCount
from grandrounds.records.parts import Media
from grandrounds.release.evidence import CaseEvidence
from grandrounds.release.published import read_items
from grandrounds.release.register import SplitRegister
from grandrounds.release.verify import verify
from grandrounds.release.writer import write_release
from tests.conftest import ROOT
from tests.support.factories import picture, sealed, world
from tests.support.releases import (
    DAY,
    files_of,
    make_items,
    make_recipe,
    make_request,
    publish,
    without,
    writable,
)


def leftovers(root: Path) -> list[str]:
    return [path.name for path in (root / "case_diagnosis").iterdir() if path.name.startswith(".staging")]


def shuffled(request):
    def mixed(rows):
        rows = list(rows)
        random.Random(7).shuffle(rows)
        return rows

    names = ("items", "sources", "rejections", "reviews", "funnel")
    evidence = CaseEvidence(cases=mixed(request.evidence.cases))
    return replace(request, evidence=evidence, **{name: mixed(getattr(request, name)) for name in names})


@pytest.mark.parametrize("reviewed", [False, True])
def test_the_same_inputs_in_another_order_and_folder_give_the_same_bytes(tmp_path, reviewed, real_plots):
    one = write_release(make_request(7, reviewed=reviewed), root=tmp_path / "one")
    two = write_release(shuffled(make_request(7, reviewed=reviewed)), root=tmp_path / "elsewhere" / "two")
    first, second = files_of(one.path), files_of(two.path)
    assert list(first) == list(second)
    for name, data in first.items():
        assert data == second[name], name


def test_a_release_holds_the_files_of_the_design(tmp_path, real_plots):
    result = publish(tmp_path)
    assert result.version == "0.1.0"
    assert result.path == tmp_path / "case_diagnosis" / "0.1.0"
    assert set(files_of(result.path)) == {
        "CHANGES.md", "README.md", "SHA256SUMS", "croissant.json", "manifest.json",
        "evidence/cases.parquet", "rejections.parquet", "reviews.parquet",
        "plots/answers.png", "plots/funnel.png", "plots/splits.png", "plots/stem_length.png",
        *(f"data/{task}/{split}-00000-of-00001.parquet"
          for task in ("diagnosis_mcq", "diagnosis_open") for split in ("train", "dev", "test")),
    }  # fmt: skip
    assert verify(result.path).problems == ()


def test_files_are_read_only_and_sha256sum_agrees(tmp_path):
    result = publish(tmp_path)
    for path in result.path.rglob("*"):
        if path.is_file():
            assert stat.S_IMODE(path.stat().st_mode) == 0o444
    subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=result.path, check=True)


def test_publishing_the_same_again_makes_no_new_version(tmp_path):
    first = publish(tmp_path)
    before = files_of(first.path)
    again = write_release(shuffled(make_request()), root=tmp_path)
    assert (again.unchanged, again.version, again.path) == (True, "0.1.0", first.path)
    assert files_of(first.path) == before
    assert sorted(os.listdir(tmp_path / "case_diagnosis")) == [".lock", "0.1.0"]


def test_the_same_items_on_another_day_make_no_new_version(tmp_path):
    publish(tmp_path, reviewed=True)
    later = replace(make_request(reviewed=True), released=date(2026, 2, 2))
    assert write_release(later, root=tmp_path).unchanged


def test_a_damaged_release_does_not_count_as_published(tmp_path):
    first = publish(tmp_path)
    writable(first.path)
    (first.path / "README.md").write_text("something else")
    with pytest.raises(ReleaseError, match="damaged"):
        publish(tmp_path)


def test_previews_count_up_and_tell_what_changed(tmp_path):
    publish(tmp_path, 6)
    second = write_release(grown(8), root=tmp_path)
    assert second.version == "0.2.0"
    assert second.difference is not None
    assert len(second.difference.added) == 4
    assert "| added | 4 |" in (second.path / "CHANGES.md").read_text()


def grown(groups: int, *, start: int = 6, reviewed: bool = False):
    """A request whose first groups keep the splits they had when there were only ``start``."""
    request = make_request(groups, reviewed=reviewed)
    splits = {item.group_id: item.split for item in make_request(start, reviewed=reviewed).items}
    items = [replace(item, split=splits.get(item.group_id, "train")) for item in request.items]
    return replace(request, items=items)


def test_reviewed_releases_are_versioned_by_what_changed(tmp_path):
    assert publish(tmp_path, reviewed=True).version == "1.0.0"
    added = grown(8, reviewed=True)
    assert write_release(added, root=tmp_path).version == "1.1.0"
    reworded = replace(added.rejections[0], reason="The stem names the answer in its first sentence.")
    same_items = replace(added, rejections=[reworded, *added.rejections[1:]])
    assert write_release(same_items, root=tmp_path).version == "1.1.1"
    fewer = without(same_items, same_items.items[0])
    result = write_release(fewer, root=tmp_path)
    assert result.version == "2.0.0"
    assert result.difference.removed == (same_items.items[0].item_id,)


def test_a_version_a_person_asks_for_is_taken_once(tmp_path):
    asked = make_request(version="0.5.0")
    assert write_release(asked, root=tmp_path).version == "0.5.0"
    assert write_release(asked, root=tmp_path).unchanged
    with pytest.raises(ReleaseError, match=r"0\.5\.0 .* published already, with other content"):
        write_release(replace(grown(8), version="0.5.0"), root=tmp_path)
    assert write_release(grown(8), root=tmp_path).version == "0.6.0"


def test_no_group_may_change_its_split_between_releases(tmp_path):
    publish(tmp_path)
    request = make_request()
    group = request.items[0].group_id
    other = {"train": "test", "dev": "train", "test": "dev"}
    moved = [
        replace(item, split=other[item.split]) if item.group_id == group else item for item in request.items
    ]
    with pytest.raises(ReleaseError, match="would change splits") as caught:
        write_release(replace(request, items=moved), root=tmp_path)
    assert "register" in caught.value.remedy


def test_days_are_remembered_when_the_release_is_there(tmp_path):
    register = SplitRegister(Lake(str(tmp_path / "lake")))
    request = make_request(reviewed=True)
    write_release(request, root=tmp_path, register=register)
    assert register.read().available_from == {item.item_id: DAY for item in request.items}


def unfit_requests():
    preview, reviewed = make_request(), make_request(reviewed=True)
    item, done = preview.items[0], reviewed.items[0]

    def swap(request, old, **changes):
        return replace(request, items=[replace(old, **changes), *request.items[1:]])

    short = replace(preview.funnel[-1], entered=preview.funnel[-1].entered + 3)
    return {
        "nothing to publish": replace(preview, items=[]),
        "licence CC-BY-NC-4.0 may not": swap(preview, item, licence="CC-BY-NC-4.0"),
        "licence unknown may not": swap(preview, item, licence="unknown"),
        "protected": swap(preview, item, protected=True),
        "marked as reviewed in a preview": swap(preview, item, reviewed=True),
        "has a day of release in a preview": swap(preview, item, available_from=DAY),
        "previews carry no release day": replace(preview, released=DAY),
        "needs the day": replace(reviewed, released=None),
        "was not reviewed": swap(reviewed, done, reviewed=False),
        "is available from 2027-01-01": swap(reviewed, done, available_from=date(2027, 1, 1)),
        "belongs to recipe 'other'": swap(preview, item, recipe="other"),
        "its task '../../etc' is not": swap(preview, item, task="../../etc"),
        "which is not among the cases": replace(
            preview, evidence=CaseEvidence(cases=preview.evidence.cases[1:])
        ),
        "does not add up": replace(preview, funnel=(*preview.funnel[:-1], short)),
        "number of a preview": replace(reviewed, version="0.3.0"),
        "nobody reviewed": replace(preview, version="1.0.0"),
        "is not a version": replace(preview, version="../../1.0.0"),
    }


@pytest.mark.parametrize(("why", "request_"), unfit_requests().items(), ids=list(unfit_requests()))
def test_what_must_not_be_released_is_refused_and_leaves_nothing(tmp_path, why, request_):
    with pytest.raises(ReleaseError, match=why):
        write_release(request_, root=tmp_path)
    folder = tmp_path / "case_diagnosis"
    assert not folder.exists() or sorted(os.listdir(folder)) == [".lock"]


def test_what_verify_would_refuse_is_never_published(tmp_path):
    request = make_request()
    lying = replace(request.items[0], answer_aliases=("made up",))
    with pytest.raises(ReleaseError, match=r"would not pass.*content hash"):
        write_release(replace(request, items=[lying, *request.items[1:]]), root=tmp_path)
    assert sorted(os.listdir(tmp_path / "case_diagnosis")) == [".lock"]


def test_media_that_are_not_what_their_hash_says_are_refused(tmp_path):
    request = make_request(get_media=lambda sha256: b"not the picture")
    with pytest.raises(ReleaseError, match="not the one its hash names"):
        write_release(request, root=tmp_path)
    assert leftovers(tmp_path) == []


def test_a_large_release_is_cut_into_shards_of_whole_row_groups(tmp_path, monkeypatch):
    monkeypatch.setattr("grandrounds.release.shards._GROUP_ROWS", 2)
    result = publish(tmp_path, 12, shard_bytes=40_000)
    shards = sorted((result.path / "data" / "diagnosis_mcq").glob("train-*.parquet"))
    assert [path.name for path in shards] == [
        f"train-{number:05d}-of-{len(shards):05d}.parquet" for number in range(len(shards))
    ]
    assert len(shards) > 1
    ids = [each for path in shards for each in pq.read_table(path, columns=["item_id"])[0].to_pylist()]
    assert ids == sorted(set(ids))
    assert verify(result.path).sound


def test_volumes_lie_beside_the_tables(tmp_path):
    made = world(6)
    data = b"a volume of bytes"
    digest = sha256_bytes(data)
    volume = Media(sha256=digest, kind="volume", mime="application/x-nifti", name="ct.nii")
    candidates = tuple(
        sealed(replace(c, media=(*c.media, volume))) if number == 0 else c
        for number, c in enumerate(made.candidates)
    )
    made = replace(made, candidates=candidates, media=made.media | {digest: data})
    result = publish(tmp_path, made=made)
    assert (result.path / "media" / digest).read_bytes() == data
    assert verify(result.path).sound


def test_texts_of_sources_that_no_item_rests_on_stay_out(tmp_path):
    made = world(8)
    kept = {case.evidence_id for case in made.cases[:6]}
    few = replace(
        made,
        candidates=tuple(c for c in made.candidates if c.evidence_id in kept),
        funnel=world(6).funnel,
    )
    result = publish(tmp_path, made=few)
    evidence = pq.read_table(result.path / "evidence" / "cases.parquet")
    assert set(evidence.column("evidence_id").to_pylist()) == kept


def test_rows_of_rejections_without_a_licence_are_withheld(tmp_path):
    request = make_request()
    first, second = request.rejections
    hidden = [
        replace(first, row='{"licence":"unknown","text":"SECRET-TEXT"}'),
        replace(second, gate="deidentified", row='{"licence":"CC0-1.0","text":"SECRET-TEXT"}'),
        replace(first, rejection_id="rejection-3", row="SECRET-TEXT, not JSON"),
        replace(first, rejection_id="rejection-4", row='{"licence":"CC0-1.0","protected":true,"t":"SECRET-TEXT"}'),
        replace(first, rejection_id="rejection-5", row='{"licence":"CC0-1.0","text":"shown"}'),
    ]  # fmt: skip
    refused = (ReasonCount(reason="deidentified", count=1), ReasonCount(reason="leakage", count=4))
    funnel = [
        replace(step, refused=refused, entered=step.left + 5, expected=step.left + 5)
        if step.step == "gates"
        else step
        for step in request.funnel
    ]
    result = write_release(replace(request, rejections=hidden, funnel=funnel), root=tmp_path)
    rows = pq.read_table(result.path / "rejections.parquet").to_pylist()
    assert "SECRET-TEXT" not in str(rows)
    assert sum("shown" in row["row"] and "withheld" not in row["row"] for row in rows) == 1
    assert verify(result.path).sound


def test_a_full_disk_is_told_and_leaves_nothing_half(tmp_path):
    publish(tmp_path)
    before = files_of(tmp_path / "case_diagnosis" / "0.1.0")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for limit in (0, 2_000, 20_000, 43_000):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
        try:
            with pytest.raises(GrandRoundsError, match="can't be written"):
                write_release(grown(8), root=tmp_path)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert leftovers(tmp_path) == []
        assert sorted(path.name for path in (tmp_path / "case_diagnosis").glob("[0-9]*")) == ["0.1.0"]
    assert files_of(tmp_path / "case_diagnosis" / "0.1.0") == before
    assert write_release(grown(8), root=tmp_path).version == "0.2.0"


def test_a_place_that_is_a_file_is_told(tmp_path):
    (tmp_path / "case_diagnosis").write_text("in the way")
    with pytest.raises(ReleaseError, match="can't be written"):
        publish(tmp_path)


SLOW_PUBLISH = (
    "import sys, time\n"
    "from pathlib import Path\n"
    "from grandrounds.release.writer import write_release\n"
    "from tests.support.releases import make_request\n"
    "request = make_request()\n"
    "real = request.get_media\n"
    "def slow(sha256):\n"
    "    print('writing', flush=True)\n"
    "    time.sleep(float(sys.argv[2]))\n"
    "    return real(sha256)\n"
    "from dataclasses import replace\n"
    "result = write_release(replace(request, get_media=slow), root=Path(sys.argv[1]))\n"
    "print('unchanged' if result.unchanged else 'written', result.version, flush=True)\n"
)


def start(root: Path, seconds: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", SLOW_PUBLISH, str(root), str(seconds)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_a_killed_publisher_leaves_no_release_and_the_next_cleans_up(tmp_path):
    victim = start(tmp_path, 60)
    assert victim.stdout is not None
    assert victim.stdout.readline() == "writing\n"
    victim.send_signal(signal.SIGKILL)
    victim.wait(timeout=30)
    victim.stdout.close()
    assert len(leftovers(tmp_path)) == 1
    assert list((tmp_path / "case_diagnosis").glob("[0-9]*")) == []
    assert publish(tmp_path).version == "0.1.0"
    assert leftovers(tmp_path) == []


@pytest.mark.slow
def test_of_two_publishers_at_once_one_writes_and_the_other_sees_it(tmp_path):
    both = [start(tmp_path, 0.2) for _ in range(2)]
    said = sorted(each.communicate(timeout=120)[0].splitlines()[-1] for each in both)
    assert [each.returncode for each in both] == [0, 0]
    assert said == ["unchanged 0.1.0", "written 0.1.0"]
    assert verify(tmp_path / "case_diagnosis" / "0.1.0").sound


def test_a_private_release_may_hold_what_an_open_one_may_not(tmp_path):
    made = world(6, licences=("CC-BY-NC-ND-4.0",))
    with pytest.raises(ReleaseError, match="may not stand"):
        publish(tmp_path / "open", made=made)
    recipe = make_recipe(release={"profile": "private"})
    request = make_request(made=made, recipe=recipe, items=make_items(made, recipe))
    assert verify(write_release(request, root=tmp_path / "private").path).sound


def test_pictures_of_a_release_are_the_sources_own_bytes(tmp_path):
    result = publish(tmp_path)
    rows = [
        row
        for path in (result.path / "data").rglob("*.parquet")
        for row in pq.read_table(path, columns=["images", "media"]).to_pylist()
    ]
    shown = [image for row in rows for image in row["images"]]
    assert len(shown) == 6
    assert {image["bytes"] for image in shown} == {picture(0), picture(2), picture(4)}
    assert all(
        image["path"] == f"{media['sha256']}.png"
        for row in rows
        for image, media in zip(row["images"], row["media"], strict=True)
    )


def test_a_step_that_lost_rows_is_not_published(tmp_path):
    request = make_request()
    last = request.funnel[-1]
    lost = replace(last, refused=(ReasonCount(reason="readers", count=-1),))
    with pytest.raises(ReleaseError, match="does not add up"):
        write_release(replace(request, funnel=(*request.funnel[:-1], lost)), root=tmp_path)


def test_a_release_of_another_version_of_items_says_what_to_do(tmp_path):
    """Items once had ``case_id`` where they have ``evidence_id``."""
    path = write_release(make_request(), root=tmp_path).path
    writable(path)
    for file in path.glob("data/*/*.parquet"):
        table = pq.ParquetFile(file).read()
        names = ["case_id" if name == "evidence_id" else name for name in table.column_names]
        pq.write_table(table.rename_columns(names), file)
    with pytest.raises(ReleaseError, match=r"0\.1\.0 was written by a version") as caught:
        read_items(path)
    assert "Move the folder" in str(caught.value.remedy)
