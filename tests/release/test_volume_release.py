"""Releases of volumes: what they hold, that nothing else gets in, and that any change of meaning is found.

The releases are real ones: two little torsos, read, measured, asked about, judged, published.
"""

from __future__ import annotations

import gzip
import shutil
from dataclasses import fields, replace
from pathlib import Path

import nibabel
import numpy as np
import pyarrow.parquet as pq
import pytest

from grandrounds.errors import ReleaseError
from grandrounds.fingerprint import sha256_bytes
from grandrounds.lake import Lake
from grandrounds.recipe import Review
from grandrounds.records.envelope import Candidate
from grandrounds.records.parts import ReviewSummary
from grandrounds.records.volume import VolumeRecord
from grandrounds.release.evidence import CaseEvidence, VolumeEvidence
from grandrounds.release.identity import content_sha256
from grandrounds.release.items import reviewed_items
from grandrounds.release.packed import claimed_bytes, unpack
from grandrounds.release.plots import Plot
from grandrounds.release.published import read_items
from grandrounds.release.verify import verify
from grandrounds.release.writer import ReleaseRequest, write_release
from grandrounds.review.edits import Edits, apply_edits
from tests.support.factories import make_reviews, picture
from tests.support.releases import DAY, Accepted, files_of, seal_again, writable
from tests.support.volume_builds import make_recipe
from tests.support.volume_forgeries import FORGERIES
from tests.support.volume_forgery import (
    change_item,
    change_rows,
    change_voxels,
    remade_ids,
    rows_of,
)
from tests.support.volume_release import request_of, torsos

TASKS = ("level_mcq", "box_mcq", "measurement_mcq")
FEW = {"kind": "volumes", "questions_each": 1}


def made_of(patients: int, folders: pytest.TempPathFactory) -> ReleaseRequest:
    recipe = make_recipe(tasks=TASKS, evidence=FEW)
    lake = Lake(str(folders.mktemp("lake")))
    return request_of(torsos(folders.mktemp("studies"), lake, patients=patients, recipe=recipe))


def written(request: ReleaseRequest, root: Path) -> Path:
    """The release of a request, with a stand-in for its plots."""
    with pytest.MonkeyPatch.context() as patch:
        plots = (Plot(name="funnel.png", alt="funnel", png=picture(7)),)
        patch.setattr("grandrounds.release.folder.draw_plots", lambda *args, **more: plots)
        return write_release(request, root=root).path


def changeable(published: Path, folder: Path) -> Path:
    copy = folder / published.name
    shutil.copytree(published, copy)
    writable(copy)
    return copy


@pytest.fixture(scope="module")
def request_(tmp_path_factory: pytest.TempPathFactory) -> ReleaseRequest:
    return made_of(2, tmp_path_factory)


@pytest.fixture(scope="module")
def published(request_: ReleaseRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two patients' scans."""
    return written(request_, tmp_path_factory.mktemp("releases"))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One scan, quick to check again and again."""
    return written(made_of(1, tmp_path_factory), tmp_path_factory.mktemp("releases"))


@pytest.fixture
def release(small: Path, tmp_path: Path) -> Path:
    """A copy of the small one that may be changed."""
    return changeable(small, tmp_path)


def told(directory: Path) -> str:
    return "\n".join(f"{problem.where}: {problem.what}" for problem in verify(directory).problems)


# What it holds -------------------------------------------------------------------------------------------


def test_it_is_sound_and_every_scan_was_measured_again(published):
    report = verify(published)
    assert report.problems == ()
    counts = {checked.what: checked.count for checked in report.checked}
    assert counts["scans: measured again, and as the tables say"] == 2
    assert counts["volumes: unpacked, hashed, and placed as their rows say"] == 6
    assert (
        counts["items: answer, options, boxes, measurements and chain computed again from the voxels"] == 6
    )


def test_volumes_lie_beside_the_tables_named_by_what_they_hold(published):
    rows = {row["sha256"]: row for row in rows_of(published, "volumes")}
    files = sorted((published / "media").iterdir())
    assert [path.name for path in files] == [f"{name}.nii.gz" for name in sorted(rows)]
    for path in files:
        sha256 = path.name.removesuffix(".nii.gz")
        assert sha256_bytes(gzip.decompress(path.read_bytes())) == sha256
        image = nibabel.load(path)
        assert list(image.shape) == rows[sha256]["shape"]
        assert np.abs(image.affine - np.reshape(rows[sha256]["affine"], (4, 4))).max() < 1e-3


def test_an_item_names_its_volume_and_embeds_its_key_slices(published):
    for item in read_items(published):
        image, *shown = item.media
        assert (image.kind, image.mime) == ("volume", "application/x-nifti")
        assert (published / f"media/{image.sha256}.nii.gz").is_file()
        assert shown
        assert {(media.kind, media.locator.kind) for media in shown} == {("image", "voxel_box")}
    (path, *_) = sorted((published / "data/level_mcq").glob("*.parquet"))
    row = pq.read_table(path).to_pylist()[0]
    names = [media["sha256"] for media in row["media"] if media["kind"] == "image"]
    assert [sha256_bytes(image["bytes"]) for image in row["images"]] == names


def test_the_same_request_gives_the_same_bytes_and_the_same_content_no_new_version(
    request_, published, tmp_path
):
    mixed = replace(
        request_,
        items=request_.items[::-1],
        evidence=VolumeEvidence(
            volumes=request_.evidence.volumes[::-1],
            structures=request_.evidence.structures[::-1],
            measurements=request_.evidence.measurements[::-1],
        ),
        sources=request_.sources[::-1],
    )
    assert content_sha256(mixed) == content_sha256(request_)
    assert write_release(mixed, root=published.parent.parent).unchanged
    assert files_of(written(mixed, tmp_path)) == files_of(published)


def test_only_what_items_rest_on_is_published(request_, tmp_path):
    (first, *_) = sorted({item.evidence_id for item in request_.items})
    cited = request_.evidence.cited([item for item in request_.items if item.evidence_id == first])
    assert {row.volume_id for row in cited.volumes if not row.is_mask} == {first}
    assert {row.mask_of for row in cited.volumes if row.is_mask} == {first}
    assert len(cited.volumes) == 3
    assert (
        {row.volume_id for row in cited.structures} == {first} == {r.volume_id for r in cited.measurements}
    )
    assert len(cited.structures) == 10


def test_the_datasheet_says_what_the_volumes_are_and_how_to_load_them(published):
    text = (published / "README.md").read_text()
    assert "2 volumes (CT 2) and 4 masks" in text
    assert "unknown 20" in text
    assert "## De-identification" in text
    assert "nibabel.load" in text
    for word in ("diagnosis", "article", "case report", "cases.parquet", "{{"):
        assert word not in text.split("---", 2)[2].replace("clinical-cases", "")


@pytest.mark.slow  # the library takes seconds to load
def test_croissant_has_the_volumes(published):
    mlcroissant = pytest.importorskip("mlcroissant")
    dataset = mlcroissant.Dataset(jsonld=published / "croissant.json")
    assert {"volumes", "evidence/volumes.parquet"} <= {part.id for part in dataset.metadata.distribution}


# What gets in --------------------------------------------------------------------------------------------


def with_rows(request: ReleaseRequest, **changes) -> ReleaseRequest:
    volumes = [replace(row, **changes) for row in request.evidence.volumes]
    return replace(request, evidence=replace(request.evidence, volumes=volumes))


UNFIT = {
    "made from volumes, but cases": lambda request: replace(request, evidence=CaseEvidence()),
    "not among the volumes": lambda request: replace(request, evidence=VolumeEvidence()),
    "never released": lambda request: with_rows(request, status="quarantined"),
    "does not allow to show it": lambda request: with_rows(request, licence="unknown"),
    "is protected": lambda request: with_rows(request, protected=True),
    "not what their hash names": lambda request: replace(
        request,
        get_media=lambda sha256: b"x" if sha256 == request.evidence.volumes[0].sha256
        else request.get_media(sha256),
    ),
}  # fmt: skip


@pytest.mark.parametrize("why", UNFIT)
def test_what_must_not_be_released_is_refused_and_leaves_nothing(request_, tmp_path, why):
    with pytest.raises(ReleaseError, match=why):
        write_release(UNFIT[why](request_), root=tmp_path)
    folder = tmp_path / "torsos"
    assert not folder.exists() or [path.name for path in folder.iterdir()] == [".lock"]


# What was changed is found, all checksums made to fit ------------------------------------------------------


@pytest.mark.parametrize("forge", FORGERIES, ids=lambda forge: forge.__name__)
def test_a_forgery_is_found_even_under_right_checksums(release, forge):
    forge(release)
    problems = told(release)
    assert FORGERIES[forge] in problems
    assert "has SHA-256" not in problems


def test_sealing_again_without_a_change_is_sound(release):
    """Else the tests above would find the sealing, not the change."""
    change_rows(release, "volumes", lambda rows: None)
    change_voxels(release, "organs", lambda mask: mask)
    change_item(release, "level_mcq", lambda item: item)
    remade_ids(release)
    assert told(release) == ""


# What readers may change -----------------------------------------------------------------------------------


def reviewed(request: ReleaseRequest, edits: Edits) -> ReleaseRequest:
    """The same content read by two readers; the first item of a task was edited."""
    names = [field.name for field in fields(Candidate)]
    recipe = request.recipe.model_copy(update={"review": Review(policy="readers")})
    summary = ReviewSummary(
        status="accepted", readers=2, accepted=2, reviewers=("reviewer-a", "reviewer-b")
    )
    accepted = []
    for number, item in enumerate(sorted(request.items, key=lambda each: (each.task, each.item_id))):
        candidate = Candidate(**{name: getattr(item, name) for name in names})
        changed = candidate if number else apply_edits(candidate, edits)
        accepted.append(Accepted(candidate=changed, candidate_id=candidate.item_id, review=summary))
    items = reviewed_items(
        accepted,
        splits={item.group_id: item.split for item in request.items},
        available_from={each.candidate.item_id: DAY for each in accepted},
    )
    *steps, last = request.funnel
    step = replace(last, step="review", unit="candidate")
    return replace(
        request,
        recipe=recipe,
        items=items,
        reviews=make_reviews(each.candidate for each in accepted),
        funnel=[*steps, step, replace(last, position=last.position + 1)],
        released=DAY,
    )


def test_readers_may_word_anew_but_not_change_what_was_computed(request_, tmp_path):
    first = min(request_.items, key=lambda item: (item.task, item.item_id))
    old = next(option for option in first.options if option != first.answer)
    mine = ["i 1-2, j 1-2, k 1-2" if option == old else option for option in first.options]
    worded = Edits(options=mine, question=f"Look closely. {first.question}")
    path = written(reviewed(request_, worded), tmp_path / "worded")
    assert verify(path).problems == ()
    with pytest.raises(ReleaseError, match="computed again, its answer is"):
        written(reviewed(request_, Edits(answer=old)), tmp_path / "answered")


# Volumes from anywhere -------------------------------------------------------------------------------------


def packed(tmp_path: Path, data: bytes, *, tail: bytes = b"") -> Path:
    path = tmp_path / "volume.nii.gz"
    path.write_bytes(gzip.compress(data, 9) + tail)
    return path


def row_of(data: bytes, *, shape=(4, 5, 6), dtype="int16") -> VolumeRecord:
    return VolumeRecord(
        volume_id="volume",
        source_ids=("source",),
        format="nifti",
        status="ok",
        sha256=sha256_bytes(data),
        bytes=len(data),
        dtype=dtype,
        shape=shape,
    )


def test_a_packed_volume_is_unpacked_when_all_is_right(tmp_path):
    data = bytes(range(240)) * 2 + bytes(352 - 240)
    assert claimed_bytes(row_of(data)) == len(data)
    assert bytes(unpack(packed(tmp_path, data), row_of(data))) == data


def test_a_bomb_takes_no_memory(tmp_path):
    import tracemalloc

    data = bytes(352 + 240)
    path = packed(tmp_path, bytes(64 << 20))
    tracemalloc.start()
    with pytest.raises(ReleaseError, match="unpacks to more than the 592 bytes"):
        unpack(path, row_of(data))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 4 << 20


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("claims", {"shape": (40_000, 40_000, 40_000)}),
        ("can't hold", {"shape": (500, 500, 500)}),
        ("claims the shape", {"shape": ()}),
        ("claims the shape", {"shape": (4, -5, 6)}),
        ("unknown voxel type", {"dtype": "object"}),
        ("of the 772 bytes", {"shape": (6, 5, 7)}),
        ("which is not its name", {"sha256": "0" * 64}),
    ],
)
def test_a_row_that_lies_is_told_before_memory_is_taken(tmp_path, what, change):
    data = bytes(range(240)) * 2 + bytes(352 - 240)
    with pytest.raises(ReleaseError, match=what):
        unpack(packed(tmp_path, data), replace(row_of(data), **change))


def test_damaged_packing_is_told(tmp_path):
    data = bytes(592)
    whole = packed(tmp_path, data).read_bytes()
    for damaged, what in (
        (whole[:-9], "ends before"),
        (whole + b"x", "behind its gzip stream"),
        (whole + whole, "behind its gzip stream"),
        (b"plain", "no sound gzip"),
        (whole[:-5] + bytes([whole[-5] ^ 1]) + whole[-4:], "no sound gzip"),
    ):
        path = tmp_path / "damaged.nii.gz"
        path.write_bytes(damaged)
        with pytest.raises(ReleaseError, match=what):
            unpack(path, row_of(data))


def test_rows_made_to_break_the_measures_are_problems_and_no_crash(release):
    def change(rows):
        for row in rows:
            row["labels"] = [
                {"value": -(2**62), "name": "L1" * 2000, "voxels": -1, "origin": "", "drawn": ""}
            ]
            row["landmarks"] = [{"label": 1, "name": "", "voxel": [1e300], "world": [], "source_id": ""}]
            row["spacing"] = [0.0, float("inf")]

    change_rows(release, "volumes", change)
    seal_again(release)
    assert not verify(release).sound
