"""Reading volumes against dcm2niix and a plain pydicom + nibabel loop, interleaved in one run.

    python benchmarks/volumes.py [--slices 300] [--rounds 5] [--series 200] [--series-slices 48] [--json]

A synthetic CT series of 512x512 slices (made by code) is turned into a canonical volume: uncompressed,
as ``.nii.gz``, and from JPEG-lossless files. ``ours`` reads headers, orders, checks the geometry, hashes
every file, turns to RAS+, makes the instance map and de-identifies the row; the reference programs do the
first and the last less. ``lake`` adds hashing the volume and writing it synced. Figures are medians of
interleaved rounds; ratios are taken round by round, of wall time and of processor time (children included,
which a busy machine disturbs less). Each run is a process of its own; imports are not timed for Python,
nor is the start of dcm2niix left out. ``many`` reads many series into the lake on one processor and on
two; its second ratio is the busiest process's processor time against that of one process alone. What two
processors are worth here is told by ``machine``: two loops at once against one (1.0: two whole ones).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from benchmarks.support.memory import peak_mb

if TYPE_CHECKING:
    from grandrounds.records.volume import VolumeRecord


def phantom(slices: int, size: int = 512) -> np.ndarray:
    """A body-like ellipse with lungs, spine and noise, in HU."""
    random = np.random.default_rng(0)
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    body = (x / 0.8) ** 2 + (y / 0.55) ** 2 < 1
    lungs = (((np.abs(x) - 0.32) / 0.22) ** 2 + (y / 0.36) ** 2) < 1
    spine = (x / 0.09) ** 2 + ((y - 0.36) / 0.09) ** 2 < 1
    base = np.where(body, 40.0, -1000.0)
    base[lungs], base[spine] = -820.0, 420.0
    made = np.empty((slices, size, size), np.int16)
    noise = random.normal(0, 12, (8, size, size)) * np.where(body, 1, 0.25)
    for k in range(slices):
        made[k] = np.clip(np.round(base + noise[k % 8] + 15 * np.sin(37 * y + k / 9) * body), -1024, 3071)
    return made


def make_inputs(folder: Path, args: argparse.Namespace) -> None:
    from tests.support.volumes import write_series

    volume = phantom(args.slices)
    positions = [(-180.0, -180.0, -150.0 + k) for k in range(args.slices)]
    # dcm2niix stacks only slices that share their dates and times.
    when = {f"{name}Date": "20240101" for name in ("Study", "Series", "Acquisition", "Content")}
    when |= {f"{name}Time": "120000.000" for name in ("Study", "Series", "Acquisition", "Content")}
    write_series(
        folder / "raw",
        volume,
        positions=positions,
        PixelSpacing=[0.703125, 0.703125],
        Manufacturer="SYNTHETIC",
        **when,
    )
    compress(folder / "raw", folder / "jpeg")
    small = phantom(args.series_slices, 256)
    for number in range(args.series):
        write_series(folder / "many" / f"{number:04d}", small, series=f"many{number}")


def compress(raw: Path, out: Path) -> None:
    """The series in JPEG lossless (process 14, selection value 1)."""
    import gdcm

    out.mkdir(parents=True)
    for path in sorted(raw.iterdir()):
        reader = gdcm.ImageReader()
        reader.SetFileName(str(path))
        assert reader.Read()
        change = gdcm.ImageChangeTransferSyntax()
        change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14_1))
        change.SetInput(reader.GetImage())
        assert change.Change()
        writer = gdcm.ImageWriter()
        writer.SetFile(reader.GetFile())
        writer.SetImage(change.GetOutput())
        writer.SetFileName(str(out / path.name))
        assert writer.Write()


# Jobs: each runs in a process of its own and is given (input folder, output folder).


def dcm2niix(level: str) -> Callable[[Path, Path], None]:
    def run(source: Path, out: Path) -> None:
        subprocess.run(
            ["dcm2niix", "-z", level, "-b", "y", "-f", "o", "-o", str(out), str(source)],
            capture_output=True,
            check=True,
        )

    return run


def plain_loop(source: Path, out: Path, ending: str = "nii") -> None:
    import nibabel
    import pydicom

    read = sorted(
        (pydicom.dcmread(path) for path in source.iterdir()), key=lambda d: float(d.ImagePositionPatient[2])
    )
    volume = np.stack([d.pixel_array for d in read])
    affine = np.diag([-0.703125, -0.703125, 1.0, 1.0])
    affine[:3, 3] = [180, 180, -150]
    nibabel.save(nibabel.Nifti1Image(volume.transpose(2, 1, 0), affine), out / f"o.{ending}")


def ours(source: Path, out: Path, ending: str = "nii") -> None:
    from grandrounds.volumes.jobs import SERIES, Job, JobFile
    from grandrounds.volumes.nifti_file import deflate
    from grandrounds.volumes.series_job import read_series

    class Shelf:
        """Where the volume goes: a file, as the programs compared with write it."""

        def __init__(self) -> None:
            self.pieces = bytearray()

        def put_media(self, data: bytes) -> str:
            with (out / f"o.{ending}").open("wb") as handle:
                handle.write(data if ending == "nii" else deflate(data))
            return "0" * 64

        def new_media(self) -> Shelf:
            if ending == "nii":
                self.handle = (out / "o.nii").open("wb", buffering=0)
            return self

        def write(self, piece: memoryview) -> None:
            self.handle.write(piece) if ending == "nii" else self.pieces.extend(piece)

        def keep(self) -> str:
            return "0" * 64 if ending == "nii" else self.put_media(self.pieces)  # type: ignore[arg-type]

        def drop(self) -> None:
            if ending == "nii":
                self.handle.close()

    files = tuple(JobFile(name=path.name, path=str(path)) for path in sorted(source.iterdir()))
    result = read_series(Job(kind=SERIES, files=files, lake=str(out)), lake=Shelf())
    rows = [released(record) for record in result.records]
    assert [len(record.instances) for record in rows] == [len(files)]


def lake(source: Path, out: Path) -> None:
    from grandrounds.lake import Lake
    from grandrounds.volumes.reader import read_volumes

    inventory = read_volumes(source, lake=Lake(str(out)))
    assert [released(record).status for record in inventory.volumes] == ["ok"]


def released(record: VolumeRecord) -> VolumeRecord:
    """The row as it leaves the house."""
    from grandrounds.deidentify.key import ProjectKey
    from grandrounds.deidentify.sanitise import sanitise
    from grandrounds.deidentify.settings import DeidentifySettings

    return sanitise(record, settings=DeidentifySettings(), key=ProjectKey(b"only for this measurement"))


def hold_to_processors(count: int) -> None:
    """Keep this process and its children on ``count`` processors, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])


def many(workers: int) -> Callable[[Path, Path], None]:
    def run(source: Path, out: Path) -> None:
        from grandrounds.lake import Lake
        from grandrounds.volumes.reader import read_volumes

        hold_to_processors(workers)
        inventory = read_volumes(source, lake=Lake(str(out)), workers=workers)
        assert {released(record).status for record in inventory.volumes} == {"ok"}

    return run


def loops(count: int) -> Callable[[Path, Path], None]:
    """``count`` processes that do nothing but count, each on a processor of its own."""

    def run(_: Path, __: Path) -> None:
        places = (
            sorted(os.sched_getaffinity(0))[:count] if hasattr(os, "sched_getaffinity") else [0] * count
        )
        hold = "hasattr(os, 'sched_setaffinity') and os.sched_setaffinity(0, {int(sys.argv[1])})"
        code = f"import os, sys; {hold}; sum(range(10**8))"
        running = [subprocess.Popen([sys.executable, "-c", code, str(place)]) for place in places]
        assert [one.wait() for one in running] == [0] * count

    return run


JOBS: dict[str, tuple[str, Callable[[Path, Path], None]]] = {
    "nii: dcm2niix": ("raw", dcm2niix("n")),
    "nii: plain loop": ("raw", plain_loop),
    "nii: ours": ("raw", ours),
    "nii: ours, into the lake": ("raw", lake),
    "nii.gz: dcm2niix": ("raw", dcm2niix("y")),
    "nii.gz: plain loop": ("raw", lambda s, o: plain_loop(s, o, "nii.gz")),
    "nii.gz: ours": ("raw", lambda s, o: ours(s, o, "nii.gz")),
    "jpeg: dcm2niix": ("jpeg", dcm2niix("n")),
    "jpeg: plain loop": ("jpeg", plain_loop),
    "jpeg: ours": ("jpeg", ours),
    "jpeg: ours, into the lake": ("jpeg", lake),
    "machine: 1 loop": ("raw", loops(1)),
    "machine: 2 loops": ("raw", loops(2)),
    "many: 1 worker": ("many", many(1)),
    "many: 2 workers": ("many", many(2)),
}
TARGETS = {
    "nii: ours / dcm2niix": ("nii: ours", "nii: dcm2niix", 2.0),
    "nii: ours / plain loop": ("nii: ours", "nii: plain loop", 0.6),
    "nii.gz: ours / dcm2niix": ("nii.gz: ours", "nii.gz: dcm2niix", 0.25),
    "jpeg: ours / dcm2niix": ("jpeg: ours", "jpeg: dcm2niix", 1.0),
    "machine: 2 loops / 1": ("machine: 2 loops", "machine: 1 loop", 1.0),
    "many: 2 workers / 1": ("many: 2 workers", "many: 1 worker", 1 / 1.7),
}


def one(name: str, folder: Path) -> dict[str, float]:
    """Run one job here, and measure it."""
    import gdcm  # noqa: F401
    import nibabel  # noqa: F401
    import pydicom.pixels  # noqa: F401

    import grandrounds.deidentify.sanitise
    import grandrounds.volumes.reader
    import grandrounds.volumes.series_job  # noqa: F401

    source, job = JOBS[name]
    before, held = resource.getrusage(resource.RUSAGE_SELF), peak_mb()
    with tempfile.TemporaryDirectory() as out:
        start = time.perf_counter()
        job(folder / source, Path(out))
        seconds = time.perf_counter() - start
    after, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    own = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    others = children.ru_utime + children.ru_stime
    return {
        "seconds": seconds,
        "cpu": own + others,
        "busiest": max(own, others),
        "peak_mb": peak_mb() - held,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--slices", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--series", type=int, default=200)
    parser.add_argument("--series-slices", type=int, default=48)
    parser.add_argument("--only", default="", help="jobs whose name begins so (m: many and machine)")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--data", type=Path, help="inputs made before, kept")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        print(json.dumps(one(args.one, args.data)))
        return
    names = [name for name in JOBS if name.startswith(args.only)]
    if shutil.which("dcm2niix") is None:
        print("dcm2niix is not installed: compared with the plain loop alone", file=sys.stderr)
        names = [name for name in names if "dcm2niix" not in name]
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.data or Path(temporary)
        if not (folder / "many").exists():
            make_inputs(folder, args)
        report(run_all(names, folder, args.rounds), as_json=args.json)


def run_all(names: list[str], folder: Path, rounds: int) -> dict[str, list[dict[str, float]]]:
    found: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            command = [sys.executable, __file__, "--one", name, "--data", str(folder)]
            environment = {**os.environ, "OMP_NUM_THREADS": "1"}
            done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
            if done.returncode:
                print(f"{name} failed: {done.stderr[-400:]}", file=sys.stderr)
                continue
            found[name].append(json.loads(done.stdout.splitlines()[-1]))
    return {name: runs for name, runs in found.items() if runs}


def ratio(top: list[dict[str, float]], bottom: list[dict[str, float]], what: str) -> float:
    """The median of the ratios of rounds."""
    return round(statistics.median(a[what] / b[what] for a, b in zip(top, bottom, strict=False)), 3)


def report(found: dict[str, list[dict[str, float]]], *, as_json: bool) -> None:
    summary: dict[str, Any] = {
        name: {
            "median_seconds": round(statistics.median(run["seconds"] for run in runs), 3),
            "least_seconds": round(min(run["seconds"] for run in runs), 3),
            "cpu_seconds": round(statistics.median(run["cpu"] for run in runs), 3),
            "peak_mb": round(max(run["peak_mb"] for run in runs)),
        }
        for name, runs in found.items()
    }
    ratios = {
        name: {
            "ratio": ratio(found[top], found[bottom], "seconds"),
            "cpu_ratio": ratio(found[top], found[bottom], "busiest" if name.startswith("many") else "cpu"),
            "target_at_most": round(target, 3),
        }
        for name, (top, bottom, target) in TARGETS.items()
        if top in found and bottom in found
    }
    if as_json:
        print(json.dumps({"jobs": summary, "ratios": ratios}, indent=1))
        return
    for name, row in summary.items():
        least, cpu = f"least {row['least_seconds']:.3f}", f"cpu {row['cpu_seconds']:.3f}"
        print(f"{name:28s} {row['median_seconds']:8.3f} s  ({least}, {cpu})  +{row['peak_mb']} MB")
    for name, row in ratios.items():
        target = f"at most {row['target_at_most']}"
        print(f"{name:28s} {row['ratio']:8.3f}    cpu {row['cpu_ratio']:.3f}    {target}")


if __name__ == "__main__":
    main()
