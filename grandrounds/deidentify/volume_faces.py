"""Faces in volumes of the lake: found by ``faces``, remembered, and cut out where that is asked for."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from grandrounds.deidentify.faces import FaceError, FaceFlag, deface, face_flag
from grandrounds.errors import LakeError, SettingsError
from grandrounds.fingerprint import code_fingerprint, sha256_value
from grandrounds.records.deidentified import DEFACED, FACE_FLAGGED, FACE_REFUSED, NO_FACE
from grandrounds.records.volume import FLAGGED, OK, REFUSED, USABLE, VolumeRecord
from grandrounds.volumes.nifti_file import OFFSET
from grandrounds.volumes.volume import Volume, open_volume

if TYPE_CHECKING:
    from grandrounds.lake import Lake

FLAG, DEFACE, REFUSE = "flag", "deface", "refuse"
WAYS = (FLAG, DEFACE, REFUSE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Faced:
    """A volume after its face was looked for, and what was done (``records.deidentified.FACES``)."""

    volume: VolumeRecord
    done: str


def check_way(way: str) -> None:
    """Raise ``SettingsError`` unless ``way`` is one of ``WAYS``."""
    if way not in WAYS:
        raise SettingsError(f"faces is {way!r}.", remedy=f"Use one of {', '.join(WAYS)}.")


def with_face_seen_to(volume: VolumeRecord, *, way: str, lake: Lake) -> Faced:
    """The volume flagged, defaced or refused where a face could be rebuilt from it.

    A defaced volume stands in the lake under its own hash; its masks stay as they are. Where a face can't
    be cut out, the volume is refused. The row must still be the reader's: its body part tells a head.
    """
    check_way(way)
    if volume.status not in USABLE or volume.sha256 is None or not _may_show_one(volume):
        return Faced(volume=volume, done=NO_FACE)
    seen = _remembered(volume, way, lake)
    if not seen["flagged"]:
        return Faced(volume=volume, done=NO_FACE)
    said = f"A face can be rebuilt from it: {seen['reason']}."
    if way == FLAG:
        return Faced(volume=_flagged(volume, said), done=FACE_FLAGGED)
    if way == REFUSE or not seen["sha256"]:
        why = said if way == REFUSE else f"{said} It could not be cut out."
        return Faced(
            volume=replace(
                volume, status=REFUSED, reason=f"{volume.reason} {why}".strip(), sha256=None, bytes=0
            ),
            done=FACE_REFUSED,
        )
    cut = f"Its face was cut out: {seen['voxels']:,} voxels in front of a plane were set to air."
    return Faced(volume=_flagged(replace(volume, sha256=seen["sha256"]), cut), done=DEFACED)


def _may_show_one(volume: VolumeRecord) -> bool:
    plain = not volume.is_mask and volume.space == "patient" and volume.dtype != "rgb"
    return plain and len(volume.shape) in (3, 4) and not volume.dtype.startswith("complex")


def _flagged(volume: VolumeRecord, said: str) -> VolumeRecord:
    status = FLAGGED if volume.status == OK else volume.status
    return replace(volume, status=status, reason=f"{volume.reason} {said}".strip())


def _remembered(volume: VolumeRecord, way: str, lake: Lake) -> dict[str, Any]:
    """What was seen in the volume: from before, where hash, words, geometry and this code are the same."""
    told = [
        code_fingerprint("grandrounds.deidentify.faces", "grandrounds.deidentify.volume_faces"),
        [volume.sha256, volume.modality, volume.body_part, list(volume.sequence_words)],
        [list(volume.affine), volume.slope, volume.intercept],
        way == DEFACE,
    ]
    blob = f"deidentify/faces/{sha256_value(told)}.json"
    try:
        seen: dict[str, Any] = json.loads(lake.read_blob(blob) or b"{}")
    except (LakeError, ValueError):
        seen = {}
    if "flagged" not in seen or (seen["sha256"] and not lake.has_media(seen["sha256"])):
        seen = _seen(volume, way, lake)
        lake.write_blob(blob, json.dumps(seen, sort_keys=True).encode())
    return seen


def _seen(record: VolumeRecord, way: str, lake: Lake) -> dict[str, Any]:
    volume = open_volume(lake, record)
    try:
        flag = face_flag(
            volume.data,
            volume.affine,
            modality=record.modality or "",
            body_part=record.body_part,
            words=record.sequence_words,
        )
    except FaceError as exc:
        flag = FaceFlag(flagged=False, reason=exc.what)
    seen: dict[str, Any] = {"flagged": flag.flagged, "reason": flag.reason, "sha256": "", "voxels": 0}
    if flag.flagged and way == DEFACE:
        try:
            seen["sha256"], seen["voxels"] = _defaced(volume, record, lake)
        except FaceError:
            seen["sha256"] = ""
    return seen


def _defaced(volume: Volume, record: VolumeRecord, lake: Lake) -> tuple[str, int]:
    """The hash of the file without the face, and how many voxels were changed. Header and type stay."""
    found = deface(volume.data, volume.affine, modality=record.modality or "")
    made = np.array(volume.stored, order="F")
    fill = round((found.fill - record.intercept) / record.slope, 9)
    made[found.removed] = fill if made.dtype.kind == "f" else round(fill)
    file = lake.get_media(volume.sha256)
    voxels = made.astype(made.dtype.newbyteorder("<"), copy=False).tobytes(order="F")
    return lake.put_media(file[:OFFSET] + voxels + file[OFFSET + len(voxels) :]), found.voxels
