"""What is said of a release in words that go by its evidence: the same in README and ``croissant.json``.

The sentences stand in ``telling.yaml``; what goes by counts or by the recipe is put together here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

from grandrounds.errors import RecipeError
from grandrounds.recipe import Deidentify, VolumeNeed, parse_recipe
from grandrounds.release.manifest import NAME, Manifest, VolumeCounts


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Telling(_Part):
    """The sentences of one kind of evidence.

    ``claim`` is what can be checked, ``solver`` what a solver sees, ``unit`` what splits don't cut,
    ``making`` how items came about, ``evidence`` where it lies; ``collection``, ``raw`` and ``personal``
    are for machines.
    """

    tag: str
    claim: str
    solver: str
    unit: str
    making: str
    evidence: str
    collection: str
    raw: str
    personal: str
    elsewhere: str
    use: str
    limits: tuple[str, ...]
    rule_limit: str


class _Deidentification(_Part):
    headers: str
    dates: Mapping[str, str]
    faces: Mapping[str, str]
    pictures: str
    way_back: str


class _Sentences(_Part):
    tasks: Mapping[str, str]
    other_task: str
    cases: Telling
    volumes: Telling
    use_in_care: str
    social: str
    deidentification: _Deidentification


def telling_of(manifest: Manifest) -> Telling:
    """The sentences for the evidence that a release is made from."""
    told: Telling = getattr(_sentences(), manifest.evidence_kind)
    return told


def uses(manifest: Manifest) -> tuple[str, ...]:
    """What a release is for, and what not."""
    return (telling_of(manifest).use, _sentences().use_in_care)


def social_impact() -> str:
    """What good a benchmark does, and what it can't."""
    return _sentences().social


def task_words(task: str) -> str:
    """What a task asks, for people."""
    return _sentences().tasks.get(task, _sentences().other_task)


def origin_of_items(manifest: Manifest) -> str:
    """From how much the items were made: ``3 cases in 2 sources``."""
    volumes, sources = manifest.counts.volumes, len(manifest.sources)
    if volumes is None:
        return f"{manifest.counts.cases:,} cases in {sources:,} sources"
    return f"{volumes.images:,} volumes with {volumes.masks:,} masks"


def raw_data(manifest: Manifest) -> str:
    """The same for machines."""
    return f"{len(manifest.sources)} {telling_of(manifest).raw}"


def volume_sentences(volumes: VolumeCounts) -> Iterator[str]:
    """What the volumes are, who drew their masks, and what criteria say of the measurements."""
    size = f"{volumes.bytes / 1e9:,.1f} GB" if volumes.bytes >= 1e9 else f"{volumes.bytes / 1e6:,.1f} MB"
    finest, coarsest = (f"{side:.3g}" for side in volumes.spacing)
    apart = finest if finest == coarsest else f"{finest} to {coarsest}"
    yield (
        f"{volumes.images:,} volumes ({_listed(volumes.by_modality)}) and {volumes.masks:,} masks on their "
        f"grids; {size} unpacked. Voxels lie {apart} mm apart."
    )
    yield (
        f"{volumes.structures:,} structures of {len(volumes.by_structure):,} names, by who drew their "
        f"masks: {_listed(volumes.by_origin)}."
    )
    verdicts = _listed(volumes.by_verdict)
    said = f"what criteria say of them: {verdicts}" if verdicts else "no criterion reads any of them"
    yield f"{volumes.measurements:,} measurements; {said}."


def deidentification(manifest: Manifest) -> tuple[str, ...]:
    """What was done so that nobody is recognised, as the recipe asked for it; empty for other evidence."""
    volumes = manifest.counts.volumes
    if volumes is None:
        return ()
    try:
        need = parse_recipe(manifest.recipe, where=NAME).evidence
    except RecipeError:
        return ()
    asked = need.deidentify if isinstance(need, VolumeNeed) else Deidentify()
    return tuple(_deidentification(asked, volumes))


def _deidentification(asked: Deidentify, volumes: VolumeCounts) -> Iterator[str]:
    told = _sentences().deidentification
    yield told.headers
    options = {
        "UIDs": asked.retain_uids,
        "device identity": asked.retain_device_identity,
        "institution identity": asked.retain_institution_identity,
        "patient characteristics": asked.retain_patient_characteristics,
    }
    kept = ", ".join(name for name, wanted in options.items() if wanted)
    yield told.dates[asked.retain_longitudinal] + (f" Kept: {kept}." if kept else "")
    number = f" In this release: {volumes.faces:,}." if volumes.faces else ""
    yield told.faces[asked.faces] + number
    yield told.pictures
    yield told.way_back


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {number:,}" for name, number in counts.items())


@cache
def _sentences() -> _Sentences:
    text = Path(__file__).with_name("telling.yaml").read_text(encoding="utf-8")
    return _Sentences.model_validate(yaml.safe_load(text))
