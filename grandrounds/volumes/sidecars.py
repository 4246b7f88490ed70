"""Files beside a volume: names of labels, centroids of vertebrae, and what a scanner's JSON says.

Label names are read from JSON (``{"1": "liver"}``, ``{"labels": {"liver": 1}}`` as nnU-Net writes it, and
the other way round), from tables with a number and a name column (CSV, TSV, BIDS ``dseg``), and from the
colour tables of ITK-SNAP and FreeSurfer. VerSe's ``*_ctd.json`` holds centroids of vertebral bodies.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grandrounds.volumes.limits import Limits, VolumeError
from grandrounds.volumes.nifti import clean_name

VERSE_LEVELS: Mapping[int, str] = {
    **{n: f"C{n}" for n in range(1, 8)},
    **{n + 7: f"T{n}" for n in range(1, 13)},
    **{n + 19: f"L{n}" for n in range(1, 7)},
    26: "S",
    27: "Co",
    28: "T13",
}
"""Level names by VerSe's label numbers: 1-7 cervical, 8-19 thoracic, 20-25 lumbar (25 is a sixth lumbar
vertebra), 26 sacrum, 27 coccyx, 28 a thirteenth thoracic vertebra."""

TABLE_ENDINGS = (".json", ".csv", ".tsv", ".txt", ".label", ".lut", ".ctbl")
_MOST_LABELS = 5_000
_LARGEST_VALUE = 2**31 - 1
_SNAP = re.compile(r'^\s*(-?\d+)\s+\d+\s+\d+\s+\d+\s+[\d.]+\s+\d+\s+\d+\s+"(.*)"\s*$')
_FREESURFER = re.compile(r"^\s*(\d+)\s+(\S+)\s+\d+\s+\d+\s+\d+\s+\d+\s*$")
_NUMBER_COLUMNS = ("index", "label", "value", "id", "label_id", "number", "key", "labelvalue")
_NAME_COLUMNS = ("name", "structure", "label_name", "labelname", "class", "region", "description", "label")


@dataclass(frozen=True, slots=True, kw_only=True)
class Centroid:
    """A point of a centroid file: its label, and voxel indices along the file's directions."""

    label: int
    voxel: tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Centroids:
    """A centroid file: the directions in which its three indices grow (``PIR``), and its points."""

    codes: str
    points: tuple[Centroid, ...]


def read_text(path: Path, limits: Limits) -> str:
    """A sidecar's text. Raises ``VolumeError`` when it is too long or can't be read."""
    try:
        with path.open("rb") as handle:
            data = handle.read(limits.sidecar_bytes + 1)
    except OSError as exc:
        raise VolumeError(
            f"{path.name} can't be read: {exc.strerror or exc}.", remedy="Check its rights."
        ) from exc
    if len(data) > limits.sidecar_bytes:
        raise VolumeError(
            f"{path.name} has more than {limits.sidecar_bytes:,} bytes.", remedy="Look at it."
        )
    return data.decode("utf-8-sig", "replace")


def is_centroids(text: str) -> bool:
    """Whether a JSON text is a list that begins with an object holding ``direction``."""
    return bool(re.match(r'\s*\[\s*\{[^}]{0,200}"direction"', text))


def centroids(text: str) -> Centroids:
    """The points of a centroid file. Raises ``VolumeError`` where it has another shape."""
    document = _json(text)
    if not isinstance(document, list) or not document or not isinstance(document[0], dict):
        raise VolumeError(
            "The centroid file is no list that begins with a direction.", remedy="Correct it."
        )
    directions = document[0].get("direction")
    if not isinstance(directions, list) or [len(str(one)) for one in directions] != [1, 1, 1]:
        raise VolumeError("The centroid file names no three directions.", remedy="Correct it.")
    points = []
    for entry in document[1 : _MOST_LABELS + 1]:
        try:
            label = int(entry["label"])
            voxel = (float(entry["X"]), float(entry["Y"]), float(entry["Z"]))
        except (KeyError, TypeError, ValueError, OverflowError) as exc:
            raise VolumeError(
                "A centroid lacks its label, X, Y or Z, or they are no numbers.", remedy="Correct it."
            ) from exc
        if not all(math.isfinite(value) for value in voxel):
            raise VolumeError(f"The centroid of label {label} is not finite.", remedy="Correct it.")
        points.append(Centroid(label=label, voxel=voxel))
    return Centroids(codes="".join(str(one) for one in directions).upper(), points=tuple(points))


def label_names(text: str, ending: str) -> dict[int, str]:
    """The names that a sidecar gives to label values; empty where it is no such table."""
    try:
        found = _from_json(_json(text)) if ending == ".json" else _from_table(text, ending)
    except (VolumeError, csv.Error):
        return {}
    named = {}
    for value, name in list(found.items())[:_MOST_LABELS]:
        plain = clean_name(name)
        if plain and abs(value) <= _LARGEST_VALUE:
            named[value] = plain
    return named


def scanner_facts(text: str) -> dict[str, str]:
    """Modality, body part and series words of a converter's JSON (the BIDS keys); empty for others."""
    try:
        document = _json(text)
    except VolumeError:
        return {}
    if not isinstance(document, dict):
        return {}
    keys = ("Modality", "BodyPartExamined", "SeriesDescription", "ProtocolName")
    return {key: str(document[key])[:200] for key in keys if isinstance(document.get(key), str)}


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise VolumeError("The JSON can't be parsed.", remedy="Correct it.") from exc


def _from_json(document: Any) -> dict[int, str]:
    if not isinstance(document, dict):
        return {}
    for key in ("labels", "label_names", "Labels", "classes", "LabelTable"):
        if isinstance(document.get(key), dict):
            document = document[key]
            break
    found: dict[int, str] = {}
    for key, value in document.items():
        number = _integer(key)
        if number is not None and isinstance(value, str):
            found[number] = value
        elif (other := _integer(value)) is not None:
            found[other] = str(key)
        else:
            return {}
    return found


def _from_table(text: str, ending: str) -> dict[int, str]:
    lines = [
        line for line in text.splitlines()[: _MOST_LABELS * 2] if line.strip() and line.lstrip()[0] != "#"
    ]
    for pattern in (_SNAP, _FREESURFER):
        matches = [pattern.match(line) for line in lines]
        if lines and all(matches):
            return {int(match[1]): match[2] for match in matches if match}
    if ending not in (".csv", ".tsv", ".txt") or len(lines) < 2:
        return {}
    splitter = "\t" if "\t" in lines[0] else ";" if ";" in lines[0] else ","
    rows = list(csv.reader(io.StringIO("\n".join(lines)), delimiter=splitter))
    head = [cell.strip().casefold() for cell in rows[0]]
    number = next((head.index(name) for name in _NUMBER_COLUMNS if name in head), None)
    name = next((head.index(n) for n in _NAME_COLUMNS if n in head and head.index(n) != number), None)
    if number is None or name is None:
        return {}
    found = {}
    for row in rows[1:]:
        value = _integer(row[number]) if len(row) > max(number, name) else None
        if value is not None:
            found[value] = row[name]
    return found


def _integer(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and re.fullmatch(r"\s*-?\d{1,10}\s*", value):
        return int(value)
    return None
