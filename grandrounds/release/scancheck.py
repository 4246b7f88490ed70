"""Are the items of a release of volumes what its volumes give? Each scan is measured again, and each of its
items made again from what was found: from the files of the release alone.

Compared are the tables with what is measured, and of an item the answer, options, boxes, measurements,
chain, stages, stem and key slices with the fact; its words must keep to the fact.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from grandrounds import __version__
from grandrounds.errors import RecipeError
from grandrounds.fingerprint import code_fingerprint
from grandrounds.imaging.fact import Fact
from grandrounds.imaging.keyslices import DrawnSlice, crosses, draw, slice_locator, slice_source
from grandrounds.progress import stage
from grandrounds.recipe import Recipe, Task, parse_recipe
from grandrounds.records.envelope import Item
from grandrounds.records.measured import MeasuredRow
from grandrounds.records.parts import Evidence
from grandrounds.records.scan import Scan
from grandrounds.records.structure import StructureRow
from grandrounds.release.evidence import VolumeEvidence, cited_ids
from grandrounds.release.findings import Problem
from grandrounds.release.itemcheck import pixels_sha256
from grandrounds.release.manifest import NAME, Manifest
from grandrounds.release.packed import MIME, VOLUME_KIND
from grandrounds.release.shards import IMAGE_KIND
from grandrounds.release.volumefiles import ReleasedVolumes

_ANSWER, _REVIEWER = "answer", "reviewer"
_ROLES = {"support": "asked", "answer": "answer"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """A scan measured again, as the recipe takes it; ``None`` where it can't be, with the reason. ``files``
    opens its image."""

    scan: Scan | None
    reason: str
    files: ReleasedVolumes


def scan_problems(
    evidence: VolumeEvidence,
    items: Sequence[Item],
    *,
    manifest: Manifest,
    files: ReleasedVolumes,
    pictures: Mapping[str, str],
) -> Iterator[Problem]:
    """All that is wrong with the volumes, with what was measured on them, and with the items.

    ``pictures`` gives the hash of the pixels of each embedded picture (``itemcheck.pixels_sha256``) by the
    hash of its bytes. One scan's image and one mask are in memory at a time.
    """
    try:
        recipe = parse_recipe(manifest.recipe, where=NAME)
    except RecipeError:
        return  # which is told elsewhere
    asked: defaultdict[str, list[Item]] = defaultdict(list)
    for item in items:
        asked[item.evidence_id].append(item)
    parts = _by_image(evidence)
    for image in sorted(cited_ids(items) - parts.keys()):
        yield Problem(where=image, what="is asked about, but is no image of the evidence")
    with stage("Measuring volumes again") as report:
        for done, image in enumerate(sorted(parts), start=1):
            again, found = _measured(image, parts[image], recipe, files)
            yield from found
            for item in sorted(asked[image], key=lambda each: each.item_id):
                where = f"item {item.item_id}"
                for what in _faults(item, again, recipe, pictures):
                    yield Problem(where=where, what=what)
            files.forget()
            report(done, len(parts))


def code_remarks(manifest: Manifest) -> Iterator[Problem]:
    """That a release was made by other code than checks it: what is computed again may differ by that."""
    here = code_fingerprint("grandrounds")
    if manifest.code.fingerprint != here:
        yield Problem(
            where=NAME,
            what=f"was made by grandrounds {manifest.code.version} (code {manifest.code.fingerprint}), and "
            f"{__version__} (code {here}) checks it: if only facts, readings or slices differ, check it "
            "with the version that made it",
        )


def _by_image(evidence: VolumeEvidence) -> dict[str, VolumeEvidence]:
    """The rows of each image. Of rows that share an id, which is told elsewhere, the first counts."""
    images = {row.volume_id: row for row in reversed(evidence.volumes) if not row.is_mask}
    masks = _grouped((row, row.mask_of or "") for row in evidence.volumes if row.is_mask)
    structures = _grouped((row, row.volume_id) for row in evidence.structures)
    measurements = _grouped((row, row.volume_id) for row in evidence.measurements)
    return {
        key: VolumeEvidence(
            volumes=(image, *masks[key]), structures=structures[key], measurements=measurements[key]
        )
        for key, image in images.items()
    }


def _grouped(pairs: Iterable[tuple[Any, str]]) -> defaultdict[str, list[Any]]:
    made: defaultdict[str, list[Any]] = defaultdict(list)
    for row, key in pairs:
        made[key].append(row)
    return made


def _measured(
    image: str, own: VolumeEvidence, recipe: Recipe, files: ReleasedVolumes
) -> tuple[Again, list[Problem]]:
    """One scan measured again, and where that differs from its rows or its files from theirs."""
    try:
        return _measured_again(image, own, recipe, files)
    # Rows from anywhere may hold anything; what that makes the measures raise is a problem of the rows.
    except Exception as exc:  # noqa: BLE001
        reason = f"can't be measured again: {exc}"
        return Again(scan=None, reason=f"its scan {reason}", files=files), [
            Problem(where=image, what=reason)
        ]


def _measured_again(
    image: str, own: VolumeEvidence, recipe: Recipe, files: ReleasedVolumes
) -> tuple[Again, list[Problem]]:
    from grandrounds.imaging import scans
    from grandrounds.imaging.measuring import measure_image
    from grandrounds.imaging.recompute import differences

    record, *masks = own.volumes
    made = measure_image(record, masks, open_volume=files.open)
    for row in own.volumes:
        files.make_sure(row)
    broken = [row.volume_id for row in own.volumes if row.volume_id in files.faults]
    if broken:
        # What can't be opened can't be measured either; its rows would only repeat that.
        problems = [Problem(where=key, what=files.faults[key]) for key in broken]
        return Again(scan=None, reason="its scan's volumes can't be opened", files=files), problems
    stored = _whole(own, own.structures, own.measurements)
    found = differences(stored, _whole(own, made.structures, made.measurements))
    problems = [Problem(where=image, what=what) for what in found]
    if found and made.problem:
        problems.append(Problem(where=image, what=made.problem))
    taken, refused = scans.admit(scans.scans(own.volumes, made.structures, made.measurements), recipe)
    reason = refused[0][2] if refused else "its scan has no structures"
    return Again(scan=taken[0] if taken else None, reason=reason, files=files), problems


def _whole(
    own: VolumeEvidence, structures: Iterable[StructureRow], measurements: Iterable[MeasuredRow]
) -> Scan:
    """All rows of an image as one scan, also those that a scan leaves out."""
    image, *masks = own.volumes
    return Scan(
        volume=image,
        masks=tuple(masks),
        structures=tuple(structures),
        measurements=tuple(measurements),
    )


def _faults(item: Item, again: Again, recipe: Recipe, pictures: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with one item, held against its scan measured again."""
    scan = again.scan
    task = next((task for task in recipe.tasks if task.name == item.task), None)
    if task is None:
        yield f"its task {item.task!r} is not one of the recipe's"
    elif scan is None:
        yield again.reason
    else:
        try:
            yield from _item_faults(item, scan, task, recipe=recipe, files=again.files, pictures=pictures)
        # As above: nothing in a release may end its own check.
        except Exception as exc:  # noqa: BLE001
            yield f"can't be made again: {exc}"


def _item_faults(
    item: Item,
    scan: Scan,
    task: Task,
    *,
    recipe: Recipe,
    files: ReleasedVolumes,
    pictures: Mapping[str, str],
) -> Iterator[str]:
    from grandrounds.imaging.facts import fact_of
    from grandrounds.imaging.wording import problems

    yield from _origin_faults(item, scan)
    fact = fact_of(scan, task, recipe.volumes, item.subject)
    if fact is None:
        yield f"its scan gives no {item.task} of {item.subject!r}"
        return
    yield from _fact_faults(item, fact)
    yield from problems(item.question, item.rationale, fact)
    yield from _place_faults(item, fact, scan)
    yield from _picture_faults(item, draw(fact, scan, files.open(scan.volume)), pictures)


def _origin_faults(item: Item, scan: Scan) -> Iterator[str]:
    """What an item takes over from its scan."""
    from grandrounds.imaging.stem import stem

    if item.stem != stem(scan):
        yield "its stem is not what its volume's row gives"
    if item.visible_spans or (item.answer_aliases and not item.reviewed):
        yield "has spans or aliases, which items of volumes don't have"
    for name in ("source_id", "licence", "language", "citation", "protected"):
        if getattr(item, name) != getattr(scan, name):
            yield f"its {name} is {getattr(item, name)!r}, but its scan says {getattr(scan, name)!r}"
    if item.source_published != scan.published:
        yield f"its source was published on {item.source_published}, but its scan says {scan.published}"
    volumes = [media for media in item.media if media.kind != IMAGE_KIND]
    if [(media.kind, media.sha256, media.mime) for media in volumes] != [
        (VOLUME_KIND, scan.volume.sha256, MIME)
    ]:
        yield "does not show its scan's volume, or others besides"


def _fact_faults(item: Item, fact: Fact) -> Iterator[str]:
    """Where an item says another thing than its fact, which was computed again."""
    from grandrounds.imaging.recompute import same

    if item.answer != fact.answer:
        yield f"computed again, its answer is {fact.answer!r}, not {item.answer!r}"
    # A reader may have worded a wrong option anew; what is right nobody changes.
    edited = {
        origin.option for origin in item.option_origins if item.reviewed and origin.origin == _REVIEWER
    }
    options = {fact.answer, *(wrong.option for wrong in fact.wrong)}
    given = set(item.options)
    if fact.answer in edited or not (given - edited <= options if edited else given == options):
        yield f"computed again, its options are others: {sorted(given ^ options - edited)}"
    told = [origin for origin in item.option_origins if origin.origin not in (_ANSWER, _REVIEWER)]
    if not set(told) <= set(fact.wrong) or not (edited or len(told) == len(fact.wrong)):
        yield "computed again, its options come from elsewhere"
    if {origin.option for origin in item.option_origins if origin.origin == _ANSWER} != {fact.answer}:
        yield "tells another option's origin as the answer's"
    for name in ("boxes", "measurements", "chain", "turns", "labels"):
        if not same(getattr(item, name), getattr(fact, name)):
            yield f"computed again, its {name} are others"


def _place_faults(item: Item, fact: Fact, scan: Scan) -> Iterator[str]:
    """Cited slices that are not the fact's, lie outside the volume, or came from elsewhere."""
    if not item.evidence:
        yield "cites no slice"
    for part in item.evidence:
        what = _place_fault(part, fact, scan)
        if what:
            yield f"a cited slice ({part.locator.slice_axis}, {part.locator.slice_index}) {what}"


def _place_fault(part: Evidence, fact: Fact, scan: Scan) -> str:
    locator = part.locator
    at = (locator.slice_axis, locator.slice_index)
    shown = next((each for each in fact.slices if (each.axis, each.index) == at), None)
    if shown is None:
        return "is none of the fact's"
    if part.role not in _ROLES:
        return f"has the unknown role {part.role!r}"
    if part.quote:
        return "has a quote, but voxels say nothing in words"
    if (part.evidence_id, part.source_id) != (scan.evidence_id, slice_source(scan.volume, shown)):
        return "is said to be of another scan or source"
    boxes = [
        box.voxels for box in fact.boxes if box.role == _ROLES[part.role] and crosses(box.voxels, shown)
    ]
    places = [slice_locator(scan.volume, shown, box) for box in boxes]
    if part.role == "support":
        places.append(slice_locator(scan.volume, shown))
    return "" if locator in places else "is not at the place that its box and source give"


def _picture_faults(item: Item, drawn: Sequence[DrawnSlice], pictures: Mapping[str, str]) -> Iterator[str]:
    """Embedded key slices that are not, pixel for pixel, those drawn again from the volume."""
    shown = [media for media in item.media if media.kind == IMAGE_KIND]
    if len(shown) != len(drawn):
        yield f"shows {len(shown)} slices, but its fact calls for {len(drawn)}"
        return
    for number, (media, made) in enumerate(zip(shown, drawn, strict=True), start=1):
        picture = made.picture
        if (media.caption, media.locator) != (made.caption, made.locator):
            yield f"picture {media.name!r} is said to show another slice than it should"
        if (media.width, media.height, media.mime) != (picture.width, picture.height, "image/png"):
            yield f"picture {media.name!r} is said to have another size or type"
        own = pixels_sha256(picture.pixels.shape, picture.pixels.tobytes())
        # Where the picture can't be read, that is told with the picture itself.
        if pictures.get(media.sha256, own) != own:
            yield f"picture {media.name!r} is not what the volume shows there"
        if (media.name, media.label) != (f"slice-{number}", ""):
            yield f"picture {media.name!r} has a name of its own, which may tell the answer"
