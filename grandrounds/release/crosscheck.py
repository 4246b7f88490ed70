"""What must hold between the rows, the manifest and the documents of a release."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from grandrounds.errors import RecipeError
from grandrounds.fingerprint import sha256_text, sha256_value
from grandrounds.licences import allowed
from grandrounds.recipe import parse_recipe
from grandrounds.records.case import Case
from grandrounds.records.envelope import Item
from grandrounds.records.funnel import FunnelStep, ReasonCount
from grandrounds.records.funnel import problems as funnel_problems
from grandrounds.records.rejection import Rejection
from grandrounds.records.review_event import ReviewEvent
from grandrounds.release.counting import authors, count
from grandrounds.release.evidence import Evidence, cited_ids
from grandrounds.release.findings import Problem
from grandrounds.release.folder import canary_of
from grandrounds.release.identity import row_may_be_shown
from grandrounds.release.manifest import NAME, Manifest
from grandrounds.release.markdown import one_line
from grandrounds.release.packed import packed_path
from grandrounds.release.panel import filters_of
from grandrounds.release.shards import IMAGE_KIND
from grandrounds.release.statements import PREVIEW_NOTICE
from grandrounds.release.versions import parse_version
from grandrounds.text import normalise

# The stage of a rejection, and the step of the funnel that counts it.
_STEPS = {
    "evidence": "admitted",
    "draft": "draft",
    "revise": "revise",
    "gates": "gates",
    "review": "review",
}
_WAITING = "waiting"


def split_problems(items: Sequence[Item], evidence: Evidence) -> Iterator[Problem]:
    """Ids given twice; groups, evidence, volumes or stems that stand in more than one split; and groups of
    the evidence that items part. (Items may join groups: what is alike belongs together.)"""
    for item_id, times in sorted(Counter(item.item_id for item in items).items()):
        if times > 1:
            yield Problem(where=item_id, what=f"stands in the release {times} times")
    yield from _torn(((item.group_id, item.split) for item in items), "group {} is in several splits: {}")
    yield from _torn(
        ((item.evidence_id, item.split) for item in items), "evidence {} is in several splits: {}"
    )
    owners = evidence.groups
    joined = ((owners[i.evidence_id], i.group_id) for i in items if i.evidence_id in owners)
    yield from _torn(joined, "group {} of the evidence is in several groups of items: {}")
    # What is told of volumes is alike for many; they themselves must not be in two splits.
    volumes = ((m.sha256, item.split) for item in items for m in item.media if m.kind != IMAGE_KIND)
    yield from _torn(volumes, "volume {} is in several splits: {}")
    stems = ((sha256_text(normalise(i.stem))[:16], i.split) for i in items if i.visible_spans)
    yield from _torn(stems, "the same stem (hash {}) is in several splits: {}")


def case_problems(cases: Sequence[Case], items: Sequence[Item], manifest: Manifest) -> Iterator[Problem]:
    """Cases that are damaged, not allowed, given twice, or that no item rests on."""
    wanted = cited_ids(items)
    for evidence_id, times in sorted(Counter(case.evidence_id for case in cases).items()):
        if times > 1:
            yield Problem(where=evidence_id, what=f"stands in the evidence {times} times")
        if evidence_id not in wanted:
            yield Problem(where=evidence_id, what="is evidence that no item rests on")
    for case in cases:
        if case.text_sha256 != sha256_text(case.text):
            yield Problem(where=case.evidence_id, what="its stored text does not fit its hash")
        if not allowed(case.licence, profile=manifest.profile):
            yield Problem(
                where=case.evidence_id, what=f"its licence {case.licence!r} does not allow to show its text"
            )
        if case.protected and manifest.profile != "private":
            yield Problem(where=case.evidence_id, what="its text is protected")
    yield from _source_problems(cases, manifest)


def refusal_problems(rejections: Sequence[Rejection], manifest: Manifest) -> Iterator[Problem]:
    """Rejections given twice, of another recipe, or whose row may not be shown."""
    for rejection_id, times in sorted(Counter(each.rejection_id for each in rejections).items()):
        if times > 1:
            yield Problem(where=rejection_id, what=f"stands in the rejections {times} times")
    for rejection in rejections:
        if rejection.recipe != manifest.benchmark:
            yield Problem(where=rejection.rejection_id, what=f"belongs to recipe {rejection.recipe!r}")
        if not row_may_be_shown(rejection, profile=manifest.profile):
            yield Problem(
                where=rejection.rejection_id, what="shows a row that its licence does not allow to show"
            )


def review_problems(events: Sequence[ReviewEvent], manifest: Manifest) -> Iterator[Problem]:
    """Review events given twice, of another recipe, or in a preview."""
    for event_id, times in sorted(Counter(event.event_id for event in events).items()):
        if times > 1:
            yield Problem(where=event_id, what=f"stands in the reviews {times} times")
    for event in events:
        if event.recipe != manifest.benchmark:
            yield Problem(where=event.event_id, what=f"belongs to recipe {event.recipe!r}")
    if manifest.preview and events:
        yield Problem(where="reviews.parquet", what="holds reviews, but the release is a preview")


def count_problems(
    manifest: Manifest,
    *,
    items: Sequence[Item],
    evidence: Evidence,
    rejections: Sequence[Rejection],
    events: Sequence[ReviewEvent],
) -> Iterator[Problem]:
    """Counts and funnel of the manifest that the rows do not bear out."""
    counted = count(items, evidence=evidence, rejections=rejections, events=events)
    for name in type(counted).model_fields:
        said, value = getattr(manifest.counts, name), getattr(counted, name)
        if said != value:
            yield Problem(where=NAME, what=f"says {name} is {said}, but the rows give {value}")
    if manifest.authors != authors(items):
        yield Problem(where=NAME, what="its authors are not those of the rows")
    steps = [
        FunnelStep(
            recipe=manifest.benchmark,
            position=position,
            step=step.step,
            unit=step.unit,
            entered=step.entered,
            left=step.left,
            refused=tuple(ReasonCount(reason=part.reason, count=part.count) for part in step.refused),
            expected=step.expected,
        )
        for position, step in enumerate(manifest.funnel)
    ]
    for sentence in funnel_problems(steps):
        yield Problem(where=NAME, what=f"its funnel does not add up: {sentence}")
    yield from _refusal_problems(steps, rejections)
    if not steps:
        yield Problem(where=NAME, what="has no funnel")
    elif steps[-1].left != len(items):
        yield Problem(
            where=NAME, what=f"its funnel ends with {steps[-1].left}, but there are {len(items)} items"
        )


def manifest_problems(manifest: Manifest) -> Iterator[Problem]:
    """What the manifest says of itself that does not fit together."""
    version = parse_version(manifest.version)
    if version is None:
        yield Problem(where=NAME, what=f"{manifest.version!r} is not a version")
    elif version.preview != manifest.preview:
        yield Problem(
            where=NAME, what=f"version {version} and preview {manifest.preview} do not fit together"
        )
    if manifest.preview != (manifest.released is None):
        yield Problem(where=NAME, what="a reviewed release has a day of release, and only that")
    if manifest.canary != canary_of(manifest.benchmark):
        yield Problem(where=NAME, what="its canary is not that of the benchmark")
    if manifest.recipe_sha256 != sha256_value(manifest.recipe):
        yield Problem(where=NAME, what="its recipe does not fit the recipe's hash")
    try:
        recipe = parse_recipe(manifest.recipe, where=NAME)
    except RecipeError as exc:
        yield Problem(where=NAME, what=f"its recipe can't be read: {exc.what}")
        return
    said = (manifest.benchmark, manifest.title, manifest.description, manifest.profile, manifest.preview)
    if said != (recipe.name, recipe.title, recipe.description, recipe.release.profile, recipe.preview):
        yield Problem(
            where=NAME, what="name, title, description, profile or preview are not those of its recipe"
        )


def document_problems(
    manifest: Manifest, *, datasheet: str | None, croissant: str | None
) -> Iterator[Problem]:
    """Datasheet and Croissant file that say other things than the manifest."""
    if datasheet is not None:
        if manifest.canary not in datasheet:
            yield Problem(where="README.md", what="does not hold the canary")
        if manifest.preview != (PREVIEW_NOTICE in datasheet):
            yield Problem(where="README.md", what="tells wrongly whether clinicians reviewed the items")
        if f"**{manifest.version}**" not in datasheet:
            yield Problem(where="README.md", what=f"does not name version {manifest.version}")
        if any(one_line(each.model) not in datasheet for each in filters_of(manifest)):
            yield Problem(where="README.md", what="does not name the models that filtered the items")
    if croissant is not None:
        try:
            card = json.loads(croissant)
            said = (card["name"], card["version"], manifest.canary in card["description"])
        except (ValueError, RecursionError, KeyError, TypeError) as exc:
            yield Problem(where="croissant.json", what=f"is not a Croissant description: {exc!r}")
            return
        if said != (manifest.benchmark, manifest.version, True):
            yield Problem(
                where="croissant.json", what="its name, version or canary is not that of the manifest"
            )


def media_problems(items: Iterable[Item], evidence: Evidence, manifest: Manifest) -> Iterator[Problem]:
    """Volumes and clips that rows name but the release lacks, or the other way round."""
    packed = {packed_path(row.sha256) for row in evidence.packed if row.sha256}
    held_packed = {file.path for file in manifest.files_of("nifti")}
    for path in sorted(packed - held_packed):
        yield Problem(where=path, what="is named by the evidence, but is missing")
    for path in sorted(held_packed - packed):
        yield Problem(where=path, what="is named by no row of the evidence")
    wanted = {media.sha256 for item in items for media in item.media if media.kind != IMAGE_KIND}
    wanted -= {row.sha256 for row in evidence.packed}
    held = {Path(file.path).name: file.sha256 for file in manifest.files_of("media")}
    for digest in sorted(wanted - held.keys()):
        yield Problem(where=f"media/{digest}", what="is named by an item, but is missing")
    for name in sorted(held.keys() - wanted):
        yield Problem(where=f"media/{name}", what="is named by no item")
    for name, digest in sorted(held.items()):
        if name != digest:
            yield Problem(where=f"media/{name}", what="is not named by the hash of its bytes")


def _source_problems(cases: Sequence[Case], manifest: Manifest) -> Iterator[Problem]:
    sources = {source.source_id: source for source in manifest.sources}
    if len(sources) != len(manifest.sources):
        yield Problem(where=NAME, what="lists a source twice")
    cited = {case.source_id for case in cases}
    for source_id in sorted(cited ^ sources.keys()):
        yield Problem(where=source_id, what="is a source of the items or of the manifest, but not of both")
    for case in cases:
        source = sources.get(case.source_id)
        if source is not None and (source.licence, source.citation) != (case.licence, case.citation):
            yield Problem(where=case.evidence_id, what="its licence or citation is not that of its source")


def _refusal_problems(steps: Sequence[FunnelStep], rejections: Iterable[Rejection]) -> Iterator[Problem]:
    """Stages whose refusals in the funnel are not the rows of the rejections table, gate by gate."""
    told = {step.step: Counter({part.reason: part.count for part in step.refused}) for step in steps}
    rows: dict[str, Counter[str]] = {stage: Counter() for stage in _STEPS}
    for rejection in rejections:
        rows.setdefault(rejection.stage, Counter())[rejection.gate] += 1
    for stage, gates in sorted(rows.items()):
        said = told.get(_STEPS.get(stage, stage), Counter())
        # Candidates that wait for readers are refused for now, and have no row of their own.
        said.pop(_WAITING, None)
        if said != gates:
            yield Problem(
                where=NAME,
                what=f"its funnel says {stage!r} refused {dict(said)}, the rejections say {dict(gates)}",
            )


def _torn(pairs: Iterable[tuple[str, str]], sentence: str) -> Iterator[Problem]:
    splits: dict[str, set[str]] = defaultdict(set)
    for name, split in pairs:
        splits[name].add(split)
    for name in sorted(splits):
        if len(splits[name]) > 1:
            yield Problem(where="data", what=sentence.format(name, ", ".join(sorted(splits[name]))))
