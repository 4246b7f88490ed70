"""NIfTI files: the affine's rules, any axis order, masks, and headers that lie."""

from __future__ import annotations

import gzip
import itertools
import struct
import zlib
from pathlib import Path

import nibabel
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from grandrounds.lake import Lake
from grandrounds.records.volume import FLAGGED, OK, REFUSED, VolumeRecord
from grandrounds.volumes import geometry, nifti_file
from grandrounds.volumes.limits import DEFAULT, Limits, VolumeError
from grandrounds.volumes.nifti import read_nifti
from grandrounds.volumes.reader import open_volume, read_volumes
from tests.support.volumes import nifti, ramp, write_centroids, write_nifti


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def read(folder: Path, lake: Lake, **settings: object) -> dict[str, VolumeRecord]:
    found = read_volumes(folder, lake=lake, workers=1, **settings)  # type: ignore[arg-type]
    return {record.name: record for record in found.volumes}


CODES = [
    "".join(p) for axes in itertools.permutations(("LR", "PA", "IS")) for p in itertools.product(*axes)
]


@pytest.mark.parametrize("codes", CODES)
def test_all_48_axis_orders_give_the_same_canonical_volume(codes: str, folder: Path, lake: Lake) -> None:
    canonical = ramp((4, 5, 6))
    affine = np.diag([1.0, 2.0, 3.0, 1.0])
    affine[:3, 3] = [-7, 8, 9]
    image = nibabel.Nifti1Image(canonical, affine)
    turn = nibabel.orientations.ornt_transform(
        nibabel.orientations.axcodes2ornt("RAS"), nibabel.orientations.axcodes2ornt(codes)
    )
    turned = image.as_reoriented(turn)
    write_nifti(folder / "v.nii", np.asarray(turned.dataobj), affine=turned.affine)
    record = read(folder, lake)["v.nii"]
    found = open_volume(lake, record)
    assert record.original_codes == codes
    assert np.array_equal(found.data, canonical) and np.allclose(found.affine, affine)


@settings(max_examples=150, deadline=None)
@given(arrays(np.float64, (3, 3), elements=st.floats(-1, 1)), st.tuples(*[st.floats(0.1, 9)] * 3))
def test_orientation_codes_are_those_of_nibabel(matrix: np.ndarray, sides: tuple[float, ...]) -> None:
    left, values, right = np.linalg.svd(matrix)
    turn = left @ right
    sizes = np.sort(np.abs(turn), axis=0)
    if values.min() < 1e-6 or (sizes[2] - sizes[1]).min() < 1e-3:
        return  # a tie: either answer is right
    affine = np.eye(4)
    affine[:3, :3] = turn * np.asarray(sides)
    assert geometry.axis_codes(affine) == "".join(nibabel.aff2axcodes(affine))


@settings(max_examples=60, deadline=None)
@given(
    st.permutations([0, 1, 2]),
    st.tuples(st.booleans(), st.booleans(), st.booleans()),
    st.tuples(*[st.integers(0, 2)] * 3),
)
def test_reorienting_moves_voxels_and_indices_alike(
    axes: list[int], flips: tuple[bool, bool, bool], at: tuple[int, int, int]
) -> None:
    turn = geometry.Reorientation((axes[0], axes[1], axes[2]), flips)
    old = np.arange(3 * 4 * 5).reshape(3, 4, 5)
    new = turn.apply(old)
    index = tuple(int(v) for v in turn.index(at, old.shape))
    assert new[index] == old[at]
    assert np.allclose(turn.matrix(old.shape) @ [*index, 1], [*at, 1])


def test_the_sform_counts_then_the_qform_then_nothing(folder: Path, lake: Lake) -> None:
    affine = np.diag([-2.0, 2.0, 2.0, 1.0])
    array = ramp((4, 4, 4))
    write_nifti(folder / "s.nii", array, affine=affine, sform=2, qform=0)
    write_nifti(folder / "q.nii", array, affine=affine, sform=0, qform=1)
    write_nifti(folder / "n.nii", array, affine=affine, sform=0, qform=0)
    found = read(folder, lake)
    assert found["s.nii"].original_codes == found["q.nii"].original_codes == "LAS"
    assert found["s.nii"].affine == pytest.approx(found["q.nii"].affine)
    nothing = found["n.nii"]
    assert (nothing.status, nothing.space, nothing.original_codes) == (FLAGGED, "image", "")
    assert "Neither sform nor qform" in nothing.reason
    assert np.array_equal(open_volume(lake, nothing).data, array)


def test_forms_that_differ_are_noted(folder: Path, lake: Lake) -> None:
    shifted = struct.pack("<3f", 50, 0, 0)  # the qform's offset
    write_nifti(folder / "v.nii", ramp((4, 4, 4)), sform=1, qform=1, patch={268: shifted})
    record = read(folder, lake)["v.nii"]
    assert "differ" in record.notes[0] and record.affine[3] == 0


@settings(max_examples=40, deadline=None)
@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(-3, 3), st.booleans())
def test_headers_we_write_are_read_alike_by_nibabel(a: float, b: float, c: float, mirror: bool) -> None:
    def turn(angle: float, axis: int) -> np.ndarray:
        made = np.eye(3)
        one, other = [n for n in range(3) if n != axis]
        made[one, one] = made[other, other] = np.cos(angle)
        made[one, other], made[other, one] = -np.sin(angle), np.sin(angle)
        return made

    affine = np.eye(4)
    affine[:3, :3] = turn(a, 0) @ turn(b, 1) @ turn(c, 2) * [1.5, -2 if mirror else 2, 0.7]
    affine[:3, 3] = [1, -2, 3]
    head = nifti_file.header(shape=(2, 3, 4), dtype=np.dtype("i2"), affine=affine)
    image = nibabel.Nifti1Image.from_bytes(head + bytes(48))
    assert np.allclose(image.get_sform(), affine, atol=1e-5)
    # The format leaves out the quaternion's first number: near half turns it holds a thousandth.
    assert np.allclose(image.get_qform(), affine, atol=3e-3)
    assert image.header.get_xyzt_units() == ("mm", "sec")


@pytest.mark.parametrize("kind", ["u1", "i1", "i2", "u2", "i4", "f4", "f8"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_types_and_byte_orders(kind: str, order: str, folder: Path, lake: Lake) -> None:
    array = np.arange(-20 if kind[0] != "u" else 0, 100).astype(kind)[:60].reshape(3, 4, 5)
    if kind[0] == "f":
        array = array + np.dtype(kind).type(0.5)
    write_nifti(folder / "v.nii.gz", array, order=order)
    found = open_volume(lake, read(folder, lake)["v.nii.gz"]).data
    assert found.dtype == np.dtype(kind) and np.array_equal(found, array)


def test_a_float_mask_of_whole_numbers_becomes_integers(folder: Path, lake: Lake) -> None:
    image, mask = ramp((6, 6, 6)), np.zeros((6, 6, 6))
    mask[1:3, 2:4, 1:5] = 20.0
    mask[4, 4, 4] = 300.0
    write_nifti(folder / "case_ct.nii.gz", image)
    write_nifti(folder / "case_seg.nii.gz", mask)
    found = read(folder, lake)
    record = found["case_seg.nii.gz"]
    assert record.is_mask and record.mask_of == found["case_ct.nii.gz"].volume_id
    assert [(label.value, label.voxels) for label in record.labels] == [(20, 16), (300, 1)]
    assert open_volume(lake, record).data.dtype.kind in "iu"


def test_a_mask_on_another_grid_is_flagged(folder: Path, lake: Lake) -> None:
    write_nifti(folder / "case.nii", ramp((6, 6, 6)))
    mask = np.zeros((6, 6, 6), np.uint8)
    mask[2:4, 2:4, 2:4] = 1
    moved = np.eye(4)
    moved[0, 3] = 5.0
    write_nifti(folder / "case_seg.nii", mask, affine=moved)
    record = read(folder, lake)["case_seg.nii"]
    assert record.status == FLAGGED and record.mask_of is None and "grid" in record.reason


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("case_seg.json", '{"1": "liver", "2": "spleen"}'),
        ("case_seg.json", '{"labels": {"background": 0, "liver": 1, "spleen": 2}}'),
        ("dataset.json", '{"labels": {"0": "background", "1": "liver", "2": "spleen"}}'),
        ("labels.tsv", "index\tname\n1\tliver\n2\tspleen\n"),
        ("labels.csv", "label,name\n1,liver\n2,spleen\n"),
        ("case_seg.txt", '# ITK-SNAP\n 1 255 0 0 1 1 1 "liver"\n 2 0 255 0 1 1 1 "spleen"\n'),
        ("case_seg.lut", "1 liver 255 0 0 0\n2 spleen 0 255 0 0\n"),
    ],
)
def test_names_of_labels_come_from_tables_beside_the_mask(
    name: str, text: str, folder: Path, lake: Lake
) -> None:
    mask = np.zeros((4, 4, 4), np.uint8)
    mask[0, 0, 0], mask[1, 1, 1] = 1, 2
    write_nifti(folder / "case.nii", ramp((4, 4, 4)))
    write_nifti(folder / "case_seg.nii", mask)
    (folder / name).write_text(text)
    record = read(folder, lake)["case_seg.nii"]
    assert [(label.value, label.name) for label in record.labels] == [(1, "liver"), (2, "spleen")]
    assert record.label_origin == name


@pytest.mark.parametrize("codes", CODES[::5])
def test_verse_centroids_land_in_their_vertebra_in_every_axis_order(
    codes: str, folder: Path, lake: Lake
) -> None:
    canonical = np.zeros((8, 9, 30), np.float64)
    middles = {}
    for n, label in enumerate((24, 23, 22, 19, 7)):
        canonical[2:6, 3:7, 6 * n + 1 : 6 * n + 5] = label
        middles[label] = (3.0, 5.0, 6 * n + 2.0)
    image = nibabel.Nifti1Image(canonical, np.diag([1.0, 1.0, 2.0, 1.0]))
    turn = nibabel.orientations.ornt_transform(
        nibabel.orientations.axcodes2ornt("RAS"), nibabel.orientations.axcodes2ornt("PIR")
    )
    turned = image.as_reoriented(turn)
    write_nifti(
        folder / "sub-verse900_seg-vert_msk.nii.gz",
        np.asarray(turned.dataobj),
        affine=turned.affine,
        sform=2,
    )
    ours = geometry.codes_reorientation(codes)
    points = {}
    for label, middle in middles.items():
        point = [0.0, 0.0, 0.0]
        for new, (old, flip) in enumerate(zip(ours.axes, ours.flips, strict=True)):
            point[old] = canonical.shape[new] - 1 - middle[new] if flip else middle[new]
        points[label] = point
    write_centroids(folder / "sub-verse900_seg-subreg_ctd.json", codes, points)
    record = read(folder, lake)["sub-verse900_seg-vert_msk.nii.gz"]
    data = open_volume(lake, record).data
    assert [mark.name for mark in record.landmarks] == ["L5", "L4", "L3", "T12", "C7"]
    for mark in record.landmarks:
        i, j, k = (round(value) for value in mark.voxel)
        assert data[i, j, k] == mark.label and mark.voxel == middles[mark.label]
    assert {label.name for label in record.labels} == {"L5", "L4", "L3", "T12", "C7"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[{"direction": ["P", "I"]}]', "three directions"),
        ('[{"direction": ["P", "I", "A"]}, {"label": 20, "X": 1, "Y": 1, "Z": 1}]', "no orientation code"),
        ('[{"direction": ["P", "I", "R"]}, {"label": 20, "X": 1e9, "Y": 1, "Z": 1}]', "outside the volume"),
        ('[{"direction": ["P", "I", "R"]}, {"label": 20, "X": NaN, "Y": 1, "Z": 1}]', "not finite"),
        ('[{"direction": ["P", "I", "R"]}, {"label": 20}]', "lacks"),
    ],
)
def test_centroid_files_that_are_wrong_are_told(text: str, words: str, folder: Path, lake: Lake) -> None:
    mask = np.zeros((4, 4, 4), np.uint8)
    mask[1:3, 1:3, 1:3] = 20
    write_nifti(folder / "verse1_seg.nii", mask)
    (folder / "verse1_ctd.json").write_text(text)
    record = read(folder, lake)["verse1_seg.nii"]
    assert record.landmarks == () and words in record.reason


def lying(**dims: int) -> bytes:
    """A small file whose header claims other sides."""
    sides = [3, 4, 4, 4, 1, 1, 1, 1]
    for name, value in dims.items():
        sides["nijk".index(name)] = value
    return nifti(ramp((4, 4, 4)), patch={40: struct.pack("<8h", *sides)})


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (lying(i=30000, j=30000, k=1000), "claims 30000x30000x1000"),
        (lying(i=8), "can't hold them"),
        (lying(i=-4), "shape"),
        (lying(n=9), "9 dimensions"),
        (nifti(ramp((4, 4, 4)), patch={280: struct.pack("<f", float("nan"))}), "no numbers"),
        (nifti(ramp((4, 4, 4)), patch={280: struct.pack("<f", 0.0)}), "spacing is 0"),
        (
            nifti(ramp((4, 4, 4)), patch={280: struct.pack("<8f", 1, 1, 0, 0, 0, 0, 0, 0)}),
            "can't be inverted",
        ),
        (nifti(ramp((4, 4, 4)), patch={70: struct.pack("<h", 77)}), "data type 77"),
        (nifti(ramp((4, 4, 4)), patch={108: struct.pack("<f", 1e30)}), "begin at byte"),
        (nifti(ramp((4, 4, 4)))[:300], "300 of 348"),
        (gzip.compress(nifti(ramp((4, 4, 4))))[:-20], "ends too early|damaged"),
    ],
)
def test_headers_that_lie_are_refused(data: bytes, words: str, folder: Path, lake: Lake) -> None:
    import re

    (folder / ("v.nii.gz" if data[:2] == b"\x1f\x8b" else "v.nii")).write_bytes(data)
    (record,) = read(folder, lake).values()
    assert record.status == REFUSED and re.search(words, record.reason), record.reason


def test_a_zip_bomb_is_refused_before_it_is_inflated(folder: Path, lake: Lake) -> None:
    head = lying(i=30000, j=30000, k=1000)
    engine = zlib.compressobj(9, zlib.DEFLATED, 31)
    body = (
        engine.compress(head)
        + b"".join(engine.compress(bytes(1 << 20)) for _ in range(64))
        + engine.flush()
    )
    (folder / "bomb.nii.gz").write_bytes(body)
    (record,) = read(folder, lake).values()
    assert record.status == REFUSED and "more than" in record.reason


def test_a_small_file_cannot_claim_what_deflate_cannot_hold(folder: Path, lake: Lake) -> None:
    (folder / "v.nii.gz").write_bytes(gzip.compress(lying(i=500, j=500, k=500)))
    (record,) = read(folder, lake).values()
    assert record.status == REFUSED and "can't hold them" in record.reason


@pytest.mark.parametrize("kind", [nibabel.Nifti1Pair, nibabel.AnalyzeImage, nibabel.Nifti2Pair])
def test_a_pair_of_header_and_voxels_says_what_to_do(kind: type, folder: Path, lake: Lake) -> None:
    nibabel.save(kind(np.arange(60, dtype=np.int16).reshape(3, 4, 5), np.eye(4)), str(folder / "x.img"))
    found = read_volumes(folder, lake=lake, workers=1)
    told = {row.file.name: (row.status, row.reason) for row in found.files}
    assert told["x.hdr"][0] == "failed" and "second file" in told["x.hdr"][1]
    assert "Convert the two to a single .nii file" in told["x.hdr"][1]
    assert told["x.img"] == ("passed_by", "The voxels of x.hdr, whose row says what to do.")
    (record,) = found.volumes
    assert record.status == REFUSED and record.reason == told["x.hdr"][1]


def test_a_process_may_take_a_share_of_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    from grandrounds.volumes import limits

    gigabyte = 1 << 30
    for memory, share in ((0, 4), (8, 4), (32, 8), (512, 12)):
        monkeypatch.setattr(limits, "machine_bytes", lambda memory=memory: memory * gigabyte)
        assert limits.Limits().process_bytes == share * gigabyte
    assert limits.Limits(process_bytes=0).process_bytes == 0


def test_limits_of_time_and_memory_do_not_make_anything_be_read_again(folder: Path, lake: Lake) -> None:
    import os
    import time

    write_nifti(folder / "a.nii", ramp((4, 4, 4)))
    os.utime(folder / "a.nii", (1, 1))
    time.sleep(2.1)  # stamps younger than two seconds are not trusted
    assert read_volumes(folder, lake=lake, workers=1).read_now == 1
    other = Limits(seconds=5.0, process_bytes=5 << 30)
    assert read_volumes(folder, lake=lake, workers=1, limits=other).reused == 1
    assert read_volumes(folder, lake=lake, workers=1, limits=Limits(voxels=10)).read_now == 1


def test_limits_can_be_set(tmp_path: Path) -> None:
    path = write_nifti(tmp_path / "v.nii", ramp((10, 10, 10)))
    with pytest.raises(VolumeError, match="1,000 voxels, more than the 999"):
        read_nifti(path, Limits(voxels=999))
    assert read_nifti(path, DEFAULT).header.shape == (10, 10, 10)


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=20_000), st.integers(1, 4))
def test_deflating_is_plain_gzip_whatever_the_threads(data: bytes, threads: int) -> None:
    packed = nifti_file.deflate(data, threads=threads)
    assert gzip.decompress(packed) == data
    assert packed == nifti_file.deflate(data, threads=1)


def test_real_nifti_files_hold_the_facts_of_their_description(shared_data: Path, lake: Lake) -> None:
    folder = shared_data / "studies" / "nifti"
    found = read(folder, lake)
    for name, record in found.items():
        if name.startswith("bad-input/"):
            assert record.status == REFUSED and len(record.reason) > 20
            continue
        image = nibabel.load(folder / name)
        assert record.original_codes == "".join(nibabel.aff2axcodes(image.affine)), name
        turned = nibabel.as_closest_canonical(image)
        assert np.allclose(np.reshape(record.affine, (4, 4)), turned.affine, atol=1e-4), name
        data = open_volume(lake, record).data
        if data.dtype.names is None:
            assert np.array_equal(data, np.asanyarray(turned.dataobj), equal_nan=True), name
    masks = {name for name, record in found.items() if record.is_mask}
    assert len(masks) == 11
    partner = {n: next(o for o, r in found.items() if r.volume_id == found[n].mask_of) for n in masks}
    assert partner["totalsegmentator/example_seg.nii.gz"].endswith("example_ct_sm.nii.gz")
    assert partner["totalsegmentator/spine_report/totalseg.nii.gz"].endswith("/example_ct.nii.gz")
    assert partner["spinal-cord/mt/mt1_seg.nii.gz"].endswith("mt1.nii.gz")
    spine = {
        label.value: label.name for label in found["totalsegmentator/spine_report/totalseg.nii.gz"].labels
    }
    assert spine[31] == "vertebrae_L1" and spine[26] == "vertebrae_S1"
    levels = found["spinal-cord/t2/t2_seg-manual_labeled.nii.gz"]
    assert [(x.value, x.voxels) for x in levels.labels] == [(2, 1318), (3, 1461), (4, 1036), (5, 209)]
    assert levels.dtype == "uint8" and levels.status == OK
    points = open_volume(lake, found["spinal-cord/t2/labels.nii.gz"]).data
    # PSR (31, 44, 26) of a 60x55x52 grid: R = third axis, A = reversed first, S = second.
    assert points[26, 60 - 1 - 31, 44] == 3 and points[32 - 6, 60 - 1 - 32, 9] == 5
    mtr = found["spinal-cord/mt/mtr.nii.gz"]
    assert mtr.status == FLAGGED and int((~np.isfinite(open_volume(lake, mtr).data)).sum()) == 633
