"""Which measurements are made on what was found, and which criterion reads each.

Rules are those of ``measure.rules.CRITERIA``; besides, volumes, mean HU and diameters that no rule reads
are measured where they make good questions. What a criterion needs must be there at least in part: then
"cannot be measured" is an answer too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from grandrounds.imaging import names
from grandrounds.imaging.chest_readings import of_film, on_film
from grandrounds.imaging.found import Found, Picture, Reading, preferred
from grandrounds.imaging.names import Known
from grandrounds.imaging.spine_readings import of_spine
from grandrounds.imaging.vessel_readings import AORTA, of_aorta
from grandrounds.measure import intensity, size
from grandrounds.measure.rules import LYMPH_NODE, TARGET_LESION
from grandrounds.records.volume import VolumeRecord

CANAL = "spinal canal"
_NODES = frozenset({"lymph", "lymphnode", "lymphnodes"})
_LESIONS = frozenset(
    {"lesion", "tumor", "tumour", "mass", "nodule", "metastasis", "neoplasm", "carcinoma", "gtv", "gtvp"}
)
_ORGANS = frozenset(
    {
        "kidney",
        "spleen",
        "liver",
        "bladder",
        "gallbladder",
        "prostate",
        "heart",
        "brain",
        "uterus",
        "thyroid",
    }
    | {"testis", "ovary", "parotid", "lung", "cyst"}
)


def of_structure(found: Found, picture: Picture) -> Iterator[Reading]:
    """What is measured on one structure alone: volume, mean HU, diameters. Nothing without a name."""
    if not found.known.name or picture.flat:
        return
    ids = (found.row.structure_id,)
    name, structure = found.known.name, found.structure
    single = not names.is_many(name)
    yield Reading(measurement=size.volume(structure, single=single), subject=name, structures=ids)
    if picture.hounsfield:
        mean = intensity.intensities(
            structure, picture.data, padding=picture.record.padding, percentiles=()
        )[0]
        yield Reading(measurement=mean, subject=name, structures=ids)
    if picture.record.space == "patient":
        yield from _diameters(found, ids)


def of_scan(
    kept: Sequence[Found], picture: Picture, masks: Mapping[str, VolumeRecord]
) -> dict[str, Iterable[Reading]]:
    """What several structures make together, by what it is of, to be measured one after the other.

    Where masks name the same structure, one stands for it.
    """
    chosen = _chosen(kept, masks)
    if picture.flat:
        return {"the chest": of_film(chosen, picture)}
    if picture.record.space != "patient":
        return {}  # no direction of the array is known to be the patient's
    return {**of_spine(chosen, picture), "the aorta": of_aorta(chosen, picture)}


def needed_later(known: Known, picture: Picture) -> bool:
    """Whether ``of_scan`` looks at a structure of this name; others need not stay in memory."""
    if picture.flat:
        return on_film(known)
    return bool(known.level or known.part) or known.name == CANAL or known.name in AORTA


def _chosen(kept: Sequence[Found], masks: Mapping[str, VolumeRecord]) -> dict[str, Found]:
    by_id = {one.row.structure_id: one for one in kept}
    chosen: dict[str, Found] = {}
    for row in preferred([one.row for one in kept], masks):
        chosen.setdefault(row.name, by_id[row.structure_id])
    return chosen


def _diameters(found: Found, ids: tuple[str, ...]) -> Iterator[Reading]:
    """RECIST's diameters of lymph nodes, lesions and compact organs."""
    words = set(found.known.name.split())
    if words & _NODES:
        short = size.short_axis(found.structure)
        yield Reading(measurement=short, subject=found.known.name, structures=ids, criterion=LYMPH_NODE)
    elif words & _LESIONS:
        long = size.long_axis(found.structure)
        yield Reading(measurement=long, subject=found.known.name, structures=ids, criterion=TARGET_LESION)
    elif words & _ORGANS and not found.known.level:
        yield Reading(measurement=size.long_axis(found.structure), subject=found.known.name, structures=ids)
