"""``verify``: is a release what it says? Checked again from its files alone, without lake or database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grandrounds.errors import RecipeError, ReleaseError
from grandrounds.needs import ClipNeed, FigureNeed
from grandrounds.recipe import Recipe, parse_recipe
from grandrounds.records.envelope import Item
from grandrounds.release import clipcheck
from grandrounds.release.crosscheck import (
    case_problems,
    count_problems,
    document_problems,
    manifest_problems,
    media_problems,
    refusal_problems,
    review_problems,
    split_problems,
)
from grandrounds.release.evidence import (
    CASES,
    CLIPS,
    FIGURES,
    VOLUMES,
    CaseEvidence,
    ClipEvidence,
    Evidence,
    FigureEvidence,
    VolumeEvidence,
)
from grandrounds.release.figurecheck import figure_problems, hashes_of, item_faults, picture_problems
from grandrounds.release.filmcheck import film_problems
from grandrounds.release.findings import Checked, Problem, VerifyReport
from grandrounds.release.integrity import FileReport, check_files, printable
from grandrounds.release.itemcheck import Setting, item_problems, leak_problems, pixels_of
from grandrounds.release.manifest import NAME, Manifest
from grandrounds.release.panel import filters_of, panel_problems
from grandrounds.release.reading import Reader, ReadItem
from grandrounds.release.retirement import KIND as RETIRED
from grandrounds.release.retirement import retirement_problems
from grandrounds.release.scancheck import code_remarks, scan_problems
from grandrounds.release.volumecheck import volume_problems
from grandrounds.release.volumefiles import ReleasedVolumes

_ITEM_RULES = (
    "items: id and content hash made again from the content",
    "items: options distinct, the answer among them at its index",
    "items: pictures hash to their names and can be decoded",
    "items: licence allowed, review marks and canary as the manifest says",
)
_KIND_RULES = {
    CASES: (
        "items: stem made again from the spans of the stored text",
        "items: every quote at its place, and seen by the solver where it must be",
        "items: nothing the solver sees names the answer",
    ),
    VOLUMES: (
        "items: answer, options, boxes, measurements and chain computed again from the voxels",
        "items: stem made again; key slices drawn again, pixel for pixel",
        "items: every number and name of question and rationale is the fact's",
    ),
    FIGURES: (
        "items: the picture is the figure's, at its page and box; stem made again",
        "items: every quote at its place in caption or paragraph, page and box of that place",
        "items: labels in the taxonomies; what rules answered is answered again from the caption",
        "items: nothing the solver sees names the answer",
    ),
    CLIPS: (
        "items: the pictures are the clip's frames, in order, at their times and crops; stem made again",
        "items: every quote at its place in what is said, and said while the frames are shown",
        "items: the answer computed again from the clip; it needs two frames, and nothing seen names it",
    ),
}
_CLIP_RULE = (
    "clips: frames in order, inside video and scene; pixels and hashes theirs; no split cuts a video"
)
_NAMED_RULE = "clips that may not be shown: named by time and hash, no pixel of theirs anywhere"
_FILM_RULE = "films: every frame cut again, pixel for pixel"
_FIGURE_RULE = "figures: rows, spans, boxes and perceptual hashes as text and pictures give them"
_VOLUME_RULE = "volumes: unpacked, hashed, and placed as their rows say"
_SCAN_RULE = "scans: measured again, and as the tables say"


def verify(directory: Path) -> VerifyReport:
    """Re-check the release at ``directory`` from its files alone.

    What is wrong is reported, never raised and never followed out of the folder; only a
    ``directory`` that is no folder raises ``ReleaseError``. Volumes are measured again, which takes seconds
    for each; a stage of ``grandrounds.progress`` tells how far it is.
    """
    if not directory.is_dir():
        raise ReleaseError(
            f"There is no folder {directory}.",
            remedy="Give the folder of one version, such as .grandrounds/releases/NAME/0.1.0.",
        )
    files = check_files(directory)
    if files.manifest is None:
        return _report(None, files, [], [], [])
    reader = Reader(directory=directory, manifest=files.manifest, sound=files.sound)
    evidence = reader.evidence()
    read = _read_items(reader, evidence)
    items, problems, remarks = read.items, read.problems, read.remarks
    rejections, events, votes = reader.rows("rejections"), reader.rows("reviews"), reader.rows("votes")
    manifest = files.manifest
    problems += manifest_problems(manifest)
    problems += split_problems(items, evidence)
    if isinstance(evidence, CaseEvidence):
        problems += case_problems(evidence.cases, items, manifest)
    elif isinstance(evidence, FigureEvidence):
        asked = _figures_asked(manifest)
        if read.problems:
            remarks += code_remarks(manifest)
        problems += figure_problems(evidence, items, manifest, least_alignment=asked.minimum_alignment)
        problems += picture_problems(evidence, items, read.hashes, bits=asked.near_picture)
    elif isinstance(evidence, ClipEvidence):
        if read.problems:
            remarks += code_remarks(manifest)
        problems += clipcheck.clip_problems(evidence, items, manifest, asked=_clips_asked(manifest))
        problems += clipcheck.picture_problems(evidence, read.shown, manifest)
        problems += film_problems(evidence, manifest, directory=directory, sound=files.sound)
    else:
        problems += volume_problems(evidence, items, manifest)
        volumes = ReleasedVolumes(directory, sound=files.sound)
        again = list(
            scan_problems(evidence, items, manifest=manifest, files=volumes, pictures=read.pictures)
        )
        problems += again
        remarks += code_remarks(manifest) if again else ()
    problems += refusal_problems(rejections, manifest)
    problems += retirement_problems(reader.rows(RETIRED), items, manifest)
    problems += review_problems(events, manifest)
    problems += media_problems(items, evidence, manifest)
    if not (reader.problems or files.problems):
        # Rows that can't be read are told above; counting the rest would only repeat it.
        problems += count_problems(
            manifest, items=items, evidence=evidence, rejections=rejections, events=events
        )
        problems += panel_problems(manifest, votes=votes, items=items, rejections=rejections)
    problems += document_problems(
        manifest, datasheet=reader.text("datasheet"), croissant=reader.text("croissant")
    )
    checked = [*reader.checked, *_checked(manifest, items, evidence, votes=len(votes))]
    return _report(manifest, files, [*reader.problems, *problems], remarks, checked)


@dataclass(slots=True)
class _Read:
    """The items and what is wrong with each of them; of their pictures, by the hash of the bytes, the hash
    of the pixels (``pictures``, for volumes) or the perceptual one (``hashes``, for figures); and what each
    item shows (``shown``, for clips)."""

    items: list[Item] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    remarks: list[Problem] = field(default_factory=list)
    pictures: dict[str, str] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)
    shown: list[clipcheck.ShownItem] = field(default_factory=list)


def _read_items(reader: Reader, evidence: Evidence) -> _Read:
    """Every item, checked one at a time: pictures leave memory with their row group."""
    found = _Read()
    cases = (
        {case.evidence_id: case for case in evidence.cases} if isinstance(evidence, CaseEvidence) else None
    )
    figures = (
        {row.evidence_id: row for row in evidence.figures} if isinstance(evidence, FigureEvidence) else None
    )
    clips = _ClipsById(evidence) if isinstance(evidence, ClipEvidence) else None
    setting = Setting(manifest=reader.manifest, cases=cases, named_only=evidence.index_only)
    for read in reader.items():
        item, where = read.item, f"item {read.item.item_id}"
        found.items.append(item)
        found.problems += [Problem(where=where, what=what) for what in item_problems(read, setting)]
        if figures is not None:
            found.hashes |= hashes_of(read.pictures, known=found.hashes)
            own = figures.get(item.evidence_id)
            found.problems += [Problem(where=where, what=what) for what in item_faults(item, own)]
        elif clips is not None:
            found.shown.append(clips.shown(read))
            found.problems += [Problem(where=where, what=what) for what in clips.faults(item)]
        elif cases is None:
            found.pictures |= pixels_of(read.pictures)
        else:
            for fault, what in leak_problems(item):
                (found.problems if fault else found.remarks).append(Problem(where=where, what=what))
    return found


class _ClipsById:
    """Clips and videos by id, and the hashes of the pictures that were seen so far."""

    def __init__(self, evidence: ClipEvidence) -> None:
        self._clips = {row.evidence_id: row for row in evidence.clips}
        self._videos = {row.video_id: row for row in evidence.videos}
        self._seen: dict[str, clipcheck.Shown] = {}

    def shown(self, read: ReadItem) -> clipcheck.ShownItem:
        """What an item shows."""
        return clipcheck.ShownItem(read.item, clipcheck.shown_of(read.pictures, known_hashes=self._seen))

    def faults(self, item: Item) -> Iterator[str]:
        """What is wrong with an item, held against its clip."""
        clip = self._clips.get(item.evidence_id)
        return clipcheck.item_faults(item, clip, self._videos.get(clip.video_id) if clip else None)


def _figures_asked(manifest: Manifest) -> FigureNeed:
    recipe = _recipe(manifest)
    need = recipe.evidence if recipe else None
    return need if isinstance(need, FigureNeed) else FigureNeed()


def _clips_asked(manifest: Manifest) -> ClipNeed:
    recipe = _recipe(manifest)
    need = recipe.evidence if recipe else None
    return need if isinstance(need, ClipNeed) else ClipNeed()


def _recipe(manifest: Manifest) -> Recipe | None:
    """The recipe of a release; one that can't be read is told elsewhere."""
    try:
        return parse_recipe(manifest.recipe, where=NAME)
    except RecipeError:
        return None


def _checked(
    manifest: Manifest, items: Sequence[Item], evidence: Evidence, *, votes: int
) -> Iterator[Checked]:
    """The rules, and on how many things each was checked."""
    for rule in (*_ITEM_RULES, *_KIND_RULES[evidence.kind]):
        yield Checked(what=rule, count=len(items))
    if isinstance(evidence, FigureEvidence):
        yield Checked(what=_FIGURE_RULE, count=len(evidence.figures))
    if isinstance(evidence, ClipEvidence):
        yield Checked(what=_CLIP_RULE, count=len(evidence.clips))
        yield Checked(what=_NAMED_RULE, count=len(evidence.index_only))
        yield Checked(what=_FILM_RULE, count=len(evidence.films))
    if isinstance(evidence, VolumeEvidence):
        yield Checked(what=_VOLUME_RULE, count=len(evidence.packed))
        yield Checked(what=_SCAN_RULE, count=len(evidence.ids))
    groups = len({item.group_id for item in items})
    yield Checked(what="groups: each in one split, and no stem in two", count=groups)
    yield Checked(what="funnel: adds up and ends with the items", count=len(manifest.funnel))
    yield Checked(what="counts, sources, preview marks: as the rows say", count=len(manifest.sources))
    if manifest.panel is not None:
        yield Checked(what="votes: those of the items, and as the manifest says", count=votes)


def _report(
    manifest: Manifest | None,
    files: FileReport,
    problems: list[Problem],
    remarks: list[Problem],
    checked: list[Checked],
) -> VerifyReport:
    return VerifyReport(
        benchmark=manifest.benchmark if manifest else "",
        version=manifest.version if manifest else "",
        preview=manifest.preview if manifest else False,
        problems=(*files.problems, *problems),
        remarks=tuple(remarks),
        checked=(*files.checked, *checked),
        filtered_by=tuple(printable(each.model) for each in filters_of(manifest)) if manifest else (),
    )
