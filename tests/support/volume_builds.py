"""A little torso made by code, read, measured, asked about and ready for the gates: the real path, in memory
and seconds that a test can spare. Nobody's: five vertebrae, two kidneys, liver, spleen and bladder."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from grandrounds.authoring.volume_rule import VolumeRuleAuthor
from grandrounds.gates.gate import Gate, Looked
from grandrounds.gates.looking import look_into
from grandrounds.gates.volumes.admission import admit
from grandrounds.imaging.facts.parts import box_of
from grandrounds.imaging.measuring import measure_masks
from grandrounds.lake import Lake
from grandrounds.recipe import Recipe, parse_recipe
from grandrounds.records.envelope import Draft, Revision
from grandrounds.records.measured import MeasuredRow
from grandrounds.records.parts import Authorship
from grandrounds.records.rejection import Rejection
from grandrounds.records.scan import Scan
from grandrounds.records.source import Source
from grandrounds.records.structure import StructureRow
from grandrounds.records.volume import VolumeRecord
from grandrounds.sources.volume import read_volume_folder
from grandrounds.volumes.volume import open_volume
from tests.support.volumes import write_centroids, write_nifti

TASKS = ("level_mcq", "box_mcq", "slice_mcq", "relation_mcq")
SHAPE = (54, 44, 64)
AFFINE = np.diag([3.0, 3.0, 3.0, 1.0])
AFFINE[:3, 3] = (-80.0, -60.0, -100.0)
LEVELS = {20: "L1", 21: "L2", 22: "L3", 23: "L4", 24: "L5"}
ORGANS = {1: "kidney_left", 2: "kidney_right", 3: "liver", 4: "spleen", 5: "urinary_bladder"}
_PLACES = {
    1: ((13, 16, 38), (4, 4, 7)),
    2: ((40, 16, 35), (4, 4, 7)),
    3: ((42, 31, 52), (9, 8, 7)),
    4: ((10, 19, 53), (5, 6, 5)),
    5: ((27, 30, 8), (6, 5, 5)),
}
Change = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Torso:
    """What was made of a folder: tables, scans, drafts and revisions, with the lake that holds the voxels."""

    lake: Lake
    recipe: Recipe
    sources: tuple[Source, ...]
    volumes: tuple[VolumeRecord, ...]
    structures: tuple[StructureRow, ...]
    measurements: tuple[MeasuredRow, ...]
    scans: tuple[Scan, ...]
    refused: tuple[Rejection, ...]
    drafts: tuple[Draft, ...] = ()
    revisions: tuple[Revision, ...] = ()

    @property
    def evidence(self) -> dict[str, Scan]:
        """The scans by id."""
        return {scan.evidence_id: scan for scan in self.scans}

    def open(self, record: VolumeRecord) -> Any:
        """Opens a volume of the lake."""
        return open_volume(self.lake, record)


def make_recipe(*, tasks: Sequence[str] = TASKS, **changes: Any) -> Recipe:
    """A recipe on volumes; ``changes`` are its attributes."""
    sound: dict[str, Any] = {
        "name": "torsos",
        "title": "Torsos",
        "tasks": [{"name": task} for task in tasks],
        "evidence": {"kind": "volumes"},
    }
    return parse_recipe({**sound, **changes}, where="test")


def vertebrae() -> np.ndarray:
    """A mask of five vertebrae, L1 uppermost: a body, and an arch behind it."""
    made = np.zeros(SHAPE, np.uint8)
    for number, label in enumerate(LEVELS):
        low = 46 - 9 * number
        made[23:33, 12 : 22 + number % 2, low : low + 7] = label
        made[25:31, 5:12, low + 1 : low + 6] = label
    return made


def organs() -> np.ndarray:
    """A mask of five organs."""
    made = np.zeros(SHAPE, np.uint8)
    grid = np.indices(SHAPE)
    for label, (centre, radii) in _PLACES.items():
        away = sum(((grid[a] - centre[a]) / radii[a]) ** 2 for a in range(3))
        made[(away <= 1) & (made == 0)] = label
    return made


def write_torso(
    folder: Path,
    name: str = "sub-one",
    *,
    seed: int = 1,
    spine: Change = lambda mask: mask,
    viscera: Change = lambda mask: mask,
    affine: np.ndarray = AFFINE,
    group: str = "patient-one",
) -> Path:
    """Image, masks, label names and centroids of one torso. ``spine`` and ``viscera`` spoil the masks."""
    bones, parts = vertebrae(), organs()
    noise = np.random.default_rng(seed).integers(-20, 20, SHAPE)
    image = (noise + np.where(bones > 0, 300, np.where(parts > 0, 60 + 10 * parts, 20))).astype(np.int16)
    place = folder / name
    write_nifti(place / f"{name}_ct.nii.gz", image, affine=AFFINE)
    write_nifti(place / f"{name}_seg-vert_msk.nii.gz", spine(bones), affine=affine)
    write_nifti(place / f"{name}_seg-organs_msk.nii.gz", viscera(parts), affine=AFFINE)
    (place / f"{name}_seg-organs_msk.json").write_text(json.dumps({str(k): v for k, v in ORGANS.items()}))
    points = {label: (28.0, 17.0, 46.0 - 9 * n + 3) for n, label in enumerate(LEVELS)}
    write_centroids(place / f"{name}_seg-vert_ctd.json", "RAS", points)
    rules = folder / "sources.yaml"
    said = rules.read_text() if rules.exists() else "files:\n"
    rules.write_text(f"{said}  - path: {name}\n    licence: CC0-1.0\n    group: {group}\n")
    return folder


def read_torso(folder: Path, lake: Lake, *, recipe: Recipe | None = None) -> Torso:
    """Read and measure a folder: everything before the author."""
    recipe = recipe or make_recipe()
    found = read_volume_folder(folder, lake=lake, workers=1)
    structures: list[StructureRow] = []
    measurements: list[MeasuredRow] = []
    for one in measure_masks(found.volumes, open_volume=lambda record: open_volume(lake, record)):
        structures += one.structures
        measurements += one.measurements
    scans, refused = admit(found.volumes, structures=structures, measurements=measurements, recipe=recipe)
    return Torso(
        lake=lake,
        recipe=recipe,
        sources=found.sources,
        volumes=found.volumes,
        structures=tuple(structures),
        measurements=tuple(measurements),
        scans=tuple(scans),
        refused=tuple(refused),
    )


def authored(torso: Torso) -> Torso:
    """The torso with drafts and revisions of the rule author."""
    author = VolumeRuleAuthor(torso.recipe, lake=torso.lake)
    drafts = tuple(author.draft(torso.scans))
    pairs = [(draft, torso.evidence[draft.evidence_id]) for draft in drafts if draft.status == "ok"]
    return replace(torso, drafts=drafts, revisions=tuple(author.revise(pairs)))


def changed(torso: Torso, word: str, change: Change) -> Callable[[VolumeRecord], Any]:
    """An opener that gives other voxels than those measured, for files with ``word`` in their name."""

    def opener(record: VolumeRecord) -> Any:
        volume = torso.open(record)
        if word not in record.name:
            return volume
        return SimpleNamespace(data=change(volume.data), affine=volume.affine, shape=volume.shape)

    return opener


def flipped(axis: int) -> Change:
    """Turns an array round along an axis."""
    return lambda mask: np.ascontiguousarray(np.flip(mask, axis))


def swapped(one: int, other: int) -> Change:
    """Gives two labels to one another."""

    def change(mask: np.ndarray) -> np.ndarray:
        made = mask.copy()
        made[mask == one], made[mask == other] = other, one
        return made

    return change


def looked(
    torso: Torso,
    revision: Revision,
    *,
    scan: Scan | None = None,
    opener: Callable[[VolumeRecord], Any] | None = None,
) -> Looked:
    """What a gate looks at: the revision with its scan (or another) and what its files hold."""
    scan = scan or torso.evidence[revision.evidence_id]
    voxels = look_into(scan, opener or torso.open)
    return Looked(revision=revision, evidence=scan, recipe=torso.recipe, voxels=voxels)


def about_everything(torso: Torso, *, opened: bool = True) -> Looked:
    """A row that boxes every structure of the torso's scan, as gates of geometry see it.

    For scans so wrong that no fact is made of them: gates must not trust whoever makes facts. Without
    ``opened`` they see the tables alone.
    """
    (scan,) = torso.scans
    at = asking_about(scan, *(row.name for row in scan.structures))
    return looked(torso, at.revision, scan=scan) if opened else at


def asking_about(scan: Scan, *names: str, **recipe: Any) -> Looked:
    """A row on a scan made by hand that boxes the structures of these names; no files."""
    row = Revision(
        recipe="torsos",
        task="level_mcq",
        evidence_id=scan.evidence_id,
        source_id=scan.source_id,
        group_id=scan.group_id,
        stem="stem",
        question="question",
        answer="answer",
        boxes=tuple(box_of(one, "asked") for one in scan.structures if one.name in names),
        language="en",
        licence=scan.licence,
        authorship=Authorship(author="rule", author_version="1"),
        revision_id="revision",
        draft_id="draft",
    )
    return Looked(revision=row, evidence=scan, recipe=make_recipe(**recipe))


def with_row(scan: Scan, which: str, /, **changes: Any) -> Scan:
    """A scan one of whose structures is changed."""
    rows = tuple(replace(row, **changes) if row.name == which else row for row in scan.structures)
    return replace(scan, structures=rows)


def of_scan(gate: Gate, at: Looked, scan: Scan) -> str:
    """What a gate says of the sound row on another scan."""
    return " ".join(gate.look(replace(at, evidence=scan)).problems)
