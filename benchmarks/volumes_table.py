"""Every DICOM series of a folder against dcm2niix and the truths given beside it: one table.

    python benchmarks/volumes_table.py [FOLDER] [--out TABLE.md]

``FOLDER`` (by default the real inputs' ``studies/dicom``) is read whole. Each volume made of it is
compared with what dcm2niix makes of the same files, voxel for voxel and affine for affine (1e-3 mm, both
turned to RAS+), and with ``NAME_ground_truth.nii.gz`` where there is one. Where they are not equal, or
one of the two makes nothing, the row says why. Exits with 1 where a difference has no reason.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import nibabel

from grandrounds.lake import Lake
from grandrounds.records.volume import REFUSED, VolumeRecord
from grandrounds.volumes.jobs import source_id
from grandrounds.volumes.reader import VolumeInventory, read_volumes
from tests.support.compare_volumes import WITHIN_MM, Comparison, best, by_pydicom, dcm2niix

EQUAL = "equal"
_ROUNDED = 1e-3  # dcm2niix keeps slopes in 32 bits
_LOSSY = ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    data = Path(os.environ.get("GRANDROUNDS_TEST_DATA", beside))
    parser.add_argument("folder", type=Path, nargs="?", default=data / "studies" / "dicom")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        rows = table(args.folder, Path(temporary))
    text = markdown(rows)
    if args.out:
        args.out.write_text(text)
    print(text)
    sys.exit(1 if any(not row[-1] for row in rows) else 0)


def table(folder: Path, work: Path) -> list[tuple[str, ...]]:
    """One row a volume, mask or refused series, and one a file that gave none."""
    inventory, lake = _read(folder, work / "all")
    rows = _rows(inventory, lake, folder, work / "all")
    # Copies of one object in other syntaxes have its UID, and are refused beside it: each is read alone.
    alone = [row.file for row in inventory.files if "has the SOP instance UID of" in row.reason]
    for number, file in enumerate(alone):
        place = work / f"alone{number}"
        (place / "in" / file.folder).mkdir(parents=True)
        shutil.copyfile(file.path, place / "in" / file.name)
        one, its_lake = _read(place / "in", place)
        rows += [(f"{row[0]} (alone)", *row[1:]) for row in _rows(one, its_lake, place / "in", place)]
    rows += _without(inventory)
    return sorted(rows)


def _read(folder: Path, work: Path) -> tuple[VolumeInventory, Lake]:
    lake = Lake(str(work / "lake"))
    return read_volumes(folder, lake=lake), lake


def _rows(inventory: VolumeInventory, lake: Lake, folder: Path, work: Path) -> list[tuple[str, ...]]:
    files = {source_id(row.sha256): row.file.name for row in inventory.files if row.sha256}
    rows = []
    for number, record in enumerate(inventory.volumes):
        if record.format == "nifti":
            continue
        names = [files[one] for one in record.source_ids if one in files]
        row = _row(record, names, folder, lake, work / str(number))
        twins = [r.name for r in inventory.volumes if r.sha256 == record.sha256 and r is not record]
        if not row[-1].startswith(EQUAL) and record.sha256 and twins:
            row = (*row[:-1], f"{EQUAL} to {twins[0]}, byte for byte. {row[-1]}")
        rows.append(row)
    return rows


def _row(record: VolumeRecord, names: list[str], folder: Path, lake: Lake, work: Path) -> tuple[str, ...]:
    shape = "x".join(str(side) for side in record.shape) or "-"
    codes = record.original_codes or ("picture" if record.space == "image" else "-")
    status = f"{record.status}: {record.reason}" if record.reason else record.status
    head = (names[0] if len(names) == 1 else record.name, str(len(names)), codes, shape)
    if record.is_mask:
        ends = "a mask on its image's grid" if record.sha256 else "refused: see the status"
        return (*head, status, "makes none of masks", "-", ends)
    images, said = dcm2niix([folder / name for name in names], work)
    said = said.replace(f"{work}/", "")
    if record.status == REFUSED:
        theirs = ", ".join("x".join(str(n) for n in image.shape) for image in images) or "nothing"
        return (*head, status, f"makes {theirs}. {said}".strip(), "-", "refused by us: see the status")
    truths = [folder / f"{record.name}_ground_truth.nii.gz"]
    truth = [nibabel.load(path) for path in truths if path.exists()]
    one, other = best(record, lake, images), best(record, lake, truth)
    given = _shown(other, within=1e-4) if truth else "-"
    theirs = _shown(one) if images else f"makes nothing. {said}".strip()
    if one.equal() and not one.turned:
        return (*head, status, theirs, given, EQUAL)
    ends = f"{EQUAL} to the given truth. " if truth and other.equal(1e-4) else ""
    if len(names) == 1 and not ends:
        apart = by_pydicom(record, lake, folder / names[0]) if not record.inverted else float("inf")
        ends = f"{EQUAL} to pydicom's pixels, rescaled. " if apart <= 1e-9 else ""
    return (*head, status, theirs, given, f"{ends}{_why(record, one, folder / names[0], said)}".strip())


def _shown(found: Comparison, *, within: float = 1e-5) -> str:
    if not found.fits:
        return "other shape"
    voxels = "voxels equal" if found.voxels <= within else f"voxels differ by up to {found.voxels:g}"
    if found.turned:
        voxels = f"{voxels} when turned over"
    if found.affine is None:
        return f"{voxels}; no place in a patient"
    return f"{voxels}; affine within {found.affine:.1g} mm"


def _why(record: VolumeRecord, found: Comparison, path: Path, said: str) -> str:
    """Why a volume is not dcm2niix's; empty where that is not known."""
    import pydicom

    header = pydicom.dcmread(path, stop_before_pixels=True, force=True)
    syntax = str(header.file_meta.get("TransferSyntaxUID", ""))
    if (
        not found.fits
        and found.voxels == float("inf")
        and header.get("PhotometricInterpretation") == "PALETTE COLOR"
    ):
        return "dcm2niix keeps the palette's indices, ours are its colours"
    if not found.fits:
        return f"dcm2niix refuses it: {said or 'without a word'}"
    if found.turned and found.voxels <= _ROUNDED:
        return f"{EQUAL} as stored: ours is MONOCHROME1 turned into MONOCHROME2, and says so (inverted)"
    if record.shear_degrees > 0.05 and found.voxels == 0:
        return (
            "the same voxels; dcm2niix leaves the gantry's tilt out of the affine (and resamples in a "
            "second file), ours gives each slice the position of its header"
        )
    if record.modality == "RTDOSE":
        return "dcm2niix knows neither the dose's scaling nor the offsets of its planes"
    if syntax in _LOSSY and found.voxels <= 4:
        tilt = (
            " It leans the one slice by GantryDetectorTilt, which changes no pixel's place in ours."
            if (found.affine or 0.0) > WITHIN_MM
            else ""
        )
        return f"lossy JPEG: decoders round differently, by up to {found.voxels:g} of 255.{tilt}"
    if syntax.startswith("1.2.840.10008.1.2.4.9") and record.shape[3:] > (1,):
        return f"dcm2niix decodes the first frame alone; ours is {EQUAL} to emri_small.dcm, its original"
    if "Philips" in str(header.get("Manufacturer", "")) and (found.affine or 1.0) <= WITHIN_MM:
        return "dcm2niix scales by Philips' private attributes, ours by the standard's rescale"
    return ""


def _without(inventory: VolumeInventory) -> list[tuple[str, ...]]:
    """Files that gave no row of the volumes."""
    used = {one for record in inventory.volumes for one in record.source_ids}
    return [
        (row.file.name, "1", "-", "-", f"{row.status}: {row.reason}", "-", "-", "no volume: see the status")
        for row in inventory.files
        if row.kind == "dicom" and (row.status != "read" or source_id(row.sha256) not in used)
        if not (row.sha256 and source_id(row.sha256) in used and row.status == "failed")
    ]


def markdown(rows: list[tuple[str, ...]]) -> str:
    """The rows as a Markdown table, with their sum."""
    head = (
        "series or file",
        "files",
        "stored as",
        "shape",
        "our status",
        "dcm2niix",
        "given truth",
        "verdict",
    )
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(cell.replace("|", "/") for cell in row) + " |" for row in rows]
    equal = sum(row[-1].startswith(EQUAL) for row in rows)
    lines += ["", f"{len(rows)} rows: {equal} equal, {len(rows) - equal} with a reason."]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
