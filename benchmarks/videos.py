"""Cuts of videos: how many are found beside PySceneDetect's detectors, at what speed, in what memory.

    python benchmarks/videos.py [--json] [--told]           everything (some 20 minutes on two cores)
    python benchmarks/videos.py --films x264,lecture        only these films, without the long ones
    python benchmarks/videos.py --long                      only the long films
    python benchmarks/videos.py --keep DIR --edition 7      keep the films; make other ones

Films are made by code (``benchmarks/films``), so that their changes of shot are known: other shots, colours
and lengths with another ``--edition``; our detector was written against editions 1 to 3. Real films with
known cuts are added where they are (``GRANDROUNDS_TEST_DATA``, by default ``../shared/data``). A change is
found where a detector names a frame at most one away; a dissolve also by a frame within it.

Long films last three minutes, have 1280 by 720 pixels, and x264's usual keyframes; their twins have none
at cuts. ``long`` is what people film, ``long-moving`` a camera that never rests. Each detector runs in a
process of its own, in turns; seconds are those of its work without imports. ``ours-with-pictures`` also
takes the pictures of all frames worth a closer look.

Exits with 1 where a promise is broken: at least 4 times as fast as AdaptiveDetector on ``long`` (pictures
included, in seconds of the processor: AdaptiveDetector decodes on all cores, ours on one, as films are read
side by side) and on no film an F1 below its; no cut of the twins lost; over all films an F1 not lower than
any of PySceneDetect's; memory that doesn't grow with the film's length.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.films import detectors
from benchmarks.films.collection import FILMS, Made, make, make_long
from benchmarks.films.film import Change, Truth
from benchmarks.films.pack import repeat
from benchmarks.films.score import Score, score

HELD_OUT = 101
FASTER, MEMORY_GROWTH, MEMORY_SPARE_MB = 4.0, 1.1, 20.0
OURS, ADAPTIVE = "ours-with-pictures", "adaptive"
TABLE = ("ours", "ours-sparse", "content", "content-1", "adaptive", "adaptive-1", "histogram", "hash")
REAL = {
    "scene-cuts/bikes.mp4": (30, 76, 137, 187, 242),
    "scene-cuts/bigbuckbunny.mp4": (),
    "gait/sports2d-demo.mp4": (),
    "subtitles/video.mp4": (),
    "lung-ultrasound/Reg_Image_181602_trimmed_crop.mp4": (),
    "lung-ultrasound/Reg_pat1Image_132943.mpeg": (),
    "lung-ultrasound/Reg_pat2Image_133824.mpeg": (),
    "lung-ultrasound/Reg_recommendations_alines_mov1.mov": (),
    "lung-ultrasound/Vir_prospective_file1.mp4": (),
}
_SCRIPT = Path(detectors.__file__)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--films", help="names, parted by commas; without the long ones")
    parser.add_argument("--long", action="store_true", help="only the long films")
    parser.add_argument("--edition", type=int, default=HELD_OUT, help="another number: other films")
    parser.add_argument(
        "--keep", type=Path, help="a folder for the films; those in it are taken as they are"
    )
    parser.add_argument("--minutes", type=int, default=3, help="length of the long films")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each detector on a long film")
    parser.add_argument(
        "--told", action="store_true", help="a line for each change missed or made up by us"
    )
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    told: dict[str, Any] = {}
    with _folder(given.keep) as folder:
        if not given.long:
            names = given.films.split(",") if given.films else list(FILMS)
            told["films"] = films(folder, names, edition=given.edition)
        if not given.films:
            told["long"] = long_films(
                folder, edition=given.edition, minutes=given.minutes, rounds=given.rounds
            )
            told["memory"] = memory(folder, edition=given.edition, minutes=given.minutes)
    told["broken"] = broken(told)
    print(json.dumps(told, indent=1) if given.json else markdown(told, misses=given.told))
    sys.exit(1 if told["broken"] else 0)


def films(folder: Path, names: Sequence[str], *, edition: int) -> dict[str, Any]:
    """Every detector on every film: film, then detector, then what it found."""
    _progress(f"making or finding {len(names)} films of edition {edition}")
    made = [*make(folder, edition=edition, names=names), *(_real() if len(names) == len(FILMS) else [])]
    rows: dict[str, Any] = {}
    totals = {name: Score() for name in _there(TABLE)}
    for film in made:
        _progress(film.name)
        scores = {
            name: score(film.truth.changes, run(name, film.path)["found"], film=film.name)
            for name in totals
        }
        rows[film.name] = {name: _scored(one) for name, one in scores.items()}
        for name, one in scores.items():
            totals[name].add(one)
    return {"rows": rows, "all": {name: _scored(one) for name, one in totals.items()}}


def long_films(folder: Path, *, edition: int, minutes: int, rounds: int) -> dict[str, Any]:
    """Seconds and scores on the long films: film, then detector."""
    rows: dict[str, Any] = {}
    for moving in (False, True):
        _progress(f"making or finding a film of {minutes} minutes and its twin")
        for film in make_long(folder, edition=edition, moving=moving, minutes=minutes):
            runs: dict[str, list[dict[str, Any]]] = {name: [] for name in _there((OURS, "ours", ADAPTIVE))}
            for _ in range(rounds):
                for name, done in runs.items():
                    _progress(f"{film.name}: {name}")
                    done.append(run(name, film.path))
            rows[film.name] = {"frames": film.truth.frames} | {
                name: _scored(score(film.truth.changes, done[0]["found"], film=film.name))
                | {key: statistics.median(one[key] for one in done) for key in ("wall", "cpu", "peak_mb")}
                for name, done in runs.items()
            }
            if ADAPTIVE in runs:
                rows[film.name]["faster"] = {
                    key: round(
                        statistics.median(
                            slow[key] / fast[key]
                            for fast, slow in zip(runs[OURS], runs[ADAPTIVE], strict=True)
                        ),
                        2,
                    )
                    for key in ("cpu", "wall")
                }
    return rows


def memory(folder: Path, *, edition: int, minutes: int) -> dict[str, float]:
    """Peak memory, in MB, of our reading of a long film, and of four of it in one."""
    once, _ = make_long(folder, edition=edition, minutes=minutes)
    often = folder / f"long-4-{edition}.mp4"
    repeat(once.path, often, 4)
    _progress("memory")
    return {
        f"{count * minutes} minutes": run(OURS, path)["peak_mb"]
        for count, path in ((1, once.path), (4, often))
    }


def broken(told: dict[str, Any]) -> list[str]:
    """The promises that were not kept."""
    found = []
    for film, row in told.get("long", {}).items():
        if "-no-keys" in film and row[OURS]["cuts_missed"]:
            found.append(f"{film}: {row[OURS]['cuts_missed']} cuts lost")
        if ADAPTIVE not in row:
            continue
        if row[OURS]["f1"] < row[ADAPTIVE]["f1"]:
            found.append(f"{film}: F1 {row[OURS]['f1']} is below {row[ADAPTIVE]['f1']}")
        if film == "long" and row["faster"]["cpu"] < FASTER:
            found.append(f"{film}: {row['faster']['cpu']} times as fast, not {FASTER}")
    total = told.get("films", {}).get("all", {})
    for name, one in total.items():
        if not name.startswith("ours") and min(total["ours"]["f1"], total["ours-sparse"]["f1"]) < one["f1"]:
            found.append(f"F1 over all films is below that of {name}")
    peaks = list(told.get("memory", {}).values())
    if peaks and peaks[1] > MEMORY_GROWTH * peaks[0] + MEMORY_SPARE_MB:
        found.append(f"memory grows from {peaks[0]:.0f} to {peaks[1]:.0f} MB")
    return found


def run(name: str, path: Path) -> dict[str, Any]:
    """What a detector found in a film, its seconds of the clock and the processor, its peak of memory."""
    command = [sys.executable, str(_SCRIPT), name, str(path)]
    ended = subprocess.run(command, check=False, stdout=subprocess.PIPE)
    if ended.returncode:
        raise SystemExit(f"{name} failed on {path.name}")
    return dict(json.loads(ended.stdout))


def markdown(told: dict[str, Any], *, misses: bool) -> str:
    """Tables: films with their detectors' F1, long films with seconds, memory, broken promises."""
    lines: list[str] = []
    if "films" in told:
        rows = told["films"]["rows"] | {"all": told["films"]["all"]}
        names = list(told["films"]["all"])
        lines += ["| film | changes | " + " | ".join(names) + " |", "|---|---|" + "---|" * len(names)]
        for film, row in rows.items():
            changes = row["ours"]["met"] + row["ours"]["missed"]
            lines.append(f"| {film} | {changes} | " + " | ".join(_cell(row[name]) for name in names) + " |")
        lines += ["", "Each cell: F1, and (missed, made up) where there are any.", ""]
        if misses:
            lines += [
                f"{name}: {line}" for name in names[:2] for line in told["films"]["all"][name]["told"]
            ]
    if "long" in told:
        lines += [
            "| film | detector | F1 | wall s | CPU s | peak MB | faster (CPU, wall) |",
            "|" + "---|" * 7,
        ]
        for film, row in told["long"].items():
            for name, one in row.items():
                if name in ("frames", "faster"):
                    continue
                faster = row.get("faster", {}) if name == OURS else {}
                lines.append(
                    f"| {film} | {name} | {_cell(one)} | {one['wall']:.1f} | {one['cpu']:.1f} | "
                    f"{one['peak_mb']:.0f} | {', '.join(map(str, faster.values()))} |"
                )
        lines += ["", *(f"Memory, {length}: {peak:.0f} MB" for length, peak in told["memory"].items())]
    lines += [f"BROKEN: {line}" for line in told["broken"]]
    return "\n".join(lines)


def _cell(one: dict[str, Any]) -> str:
    wrong = f" ({one['missed']}, {one['false']})" if one["missed"] or one["false"] else ""
    return f"{one['f1']:.3f}{wrong}"


def _scored(one: Score) -> dict[str, Any]:
    return {
        **{
            name: getattr(one, name)
            for name in ("met", "missed", "false", "cuts_met", "cuts_missed", "told")
        },
        "f1": round(one.f1, 4),
    }


def _there(names: Sequence[str]) -> list[str]:
    """The detectors that can run; a word on those that can't."""
    missing = [name for name in names if not detectors.installed(name)]
    if missing:
        _progress(
            "PySceneDetect is not installed (pip install --no-deps scenedetect platformdirs): left out"
        )
    return [name for name in names if name not in missing]


def _real() -> list[Made]:
    root = Path(__file__).resolve().parents[1]
    folder = Path(os.environ.get("GRANDROUNDS_TEST_DATA", root.parent / "shared" / "data")) / "videos"
    if not folder.is_dir():
        _progress(f"real films are missing (looked at {folder}): made ones alone")
        return []
    return [
        Made(
            name=Path(name).stem,
            path=folder / name,
            truth=Truth(frames=0, changes=tuple(Change(start=one, frame=one, stop=one) for one in cuts)),
        )
        for name, cuts in REAL.items()
    ]


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep:
        yield keep
        return
    with tempfile.TemporaryDirectory() as temporary:
        yield Path(temporary)


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
