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
from grandrounds.needs import Deidentify, VolumeNeed
from grandrounds.recipe import parse_recipe
from grandrounds.release.manifest import NAME, FigureCounts, Manifest, VolumeCounts


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
    figures: Telling
    clips: Telling
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
    volumes, figures, sources = manifest.counts.volumes, manifest.counts.figures, len(manifest.sources)
    clips = manifest.counts.clips
    if clips is not None:
        return f"{clips.clips:,} clips of {clips.videos:,} videos"
    if figures is not None:
        return f"{figures.figures:,} figures in {sources:,} books and articles"
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
        f"{volumes.images:,} volumes ({listed(volumes.by_modality)}) and {volumes.masks:,} masks on their "
        f"grids; {size} unpacked. Voxels lie {apart} mm apart."
    )
    yield (
        f"{volumes.structures:,} structures of {len(volumes.by_structure):,} names, by who drew their "
        f"masks: {listed(volumes.by_origin)}."
    )
    verdicts = listed(volumes.by_verdict)
    said = f"what criteria say of them: {verdicts}" if verdicts else "no criterion reads any of them"
    yield f"{volumes.measurements:,} measurements; {said}."


def figure_sentences(manifest: Manifest) -> Iterator[str]:
    """What the figures are, how surely they fit their captions, and what needs no picture; nothing for
    other evidence."""
    figures, refused = manifest.counts.figures, manifest.counts.rejections.get("evidence", {})
    if figures is None:
        return
    yield (
        f"{figures.figures:,} figures ({listed(figures.by_origin)}) with {figures.panels:,} panels and "
        f"{figures.mentions:,} paragraphs that mention them; licences: {licences(figures.by_licence)}."
        + (f" {figures.read_by_ocr:,} were read from scanned pages." if figures.read_by_ocr else "")
    )
    left_out = {_STATUS_WORDS[name]: number for name, number in refused.items() if name in _STATUS_WORDS}
    if left_out:
        yield f"Not asked about: {', '.join(f'{number:,} {name}' for name, number in left_out.items())}."
    spread = ", ".join(f"from {low}: {number:,}" for low, number in figures.by_alignment.items())
    yield f"How surely picture and caption belong together, by the reader's own confidence: {spread}."
    yield _measured_error(figures)
    for task, found in figures.text_only.items():
        yield (
            f"{task}: a small model that sees question and options only, and learnt from the other books, "
            f"is right in {found.right:,} of {found.items:,} items ({found.right / found.items:.0%}); "
            f"guessing would be in {found.chance:,.1f} ({found.chance / found.items:.0%})."
        )


def _measured_error(figures: FigureCounts) -> str:
    from grandrounds.statistics.intervals import wilson

    scores = figures.scores
    judged = scores.right + scores.wrong
    if not judged:
        return (
            "Nobody has scored a sample of pairs of picture and caption, so the error of the pairing is "
            "not measured in this release."
        )
    bounds = wilson(scores.wrong, judged)
    people = "One person" if scores.scorers == 1 else f"{scores.scorers:,} people"
    unsure = f"; {scores.unsure:,} more could not be told" if scores.unsure else ""
    return (
        f"{people} looked at a sample: in {scores.wrong:,} of {judged:,} pairs the caption is not that of "
        f"the picture, an error of {scores.wrong / judged:.1%} (95% Wilson interval {bounds.low:.1%} to "
        f"{bounds.high:.1%}){unsure}."
    )


_STATUS_WORDS = {
    "no_caption": "pictures without a caption",
    "no_picture": "captions without a picture",
    "label_only": "pictures with a label and no caption",
    "alignment": "pairs that are not sure enough",
    "picture": "pictures that are too small or can't be shown",
    "language": "in other languages",
}


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


def licences(counts: Mapping[str, int]) -> str:
    """Licences with their numbers; names as they are."""
    return ", ".join(f"{name} {number:,}" for name, number in counts.items())


def listed(counts: Mapping[str, int]) -> str:
    """Names with their numbers, as words."""
    return ", ".join(f"{name.replace('_', ' ')} {number:,}" for name, number in counts.items())


@cache
def _sentences() -> _Sentences:
    text = Path(__file__).with_name("telling.yaml").read_text(encoding="utf-8")
    return _Sentences.model_validate(yaml.safe_load(text))
