"""``verify``: is a release what it says? Checked again from its files alone, without lake or database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from grandrounds.errors import ReleaseError
from grandrounds.records.envelope import Item
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
from grandrounds.release.evidence import CASES, VOLUMES, CaseEvidence, Evidence, VolumeEvidence
from grandrounds.release.findings import Checked, Problem, VerifyReport
from grandrounds.release.integrity import FileReport, check_files, printable
from grandrounds.release.itemcheck import Setting, item_problems, leak_problems, pixels_of
from grandrounds.release.manifest import Manifest
from grandrounds.release.panel import filters_of, panel_problems
from grandrounds.release.reading import Reader
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
}
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
    cases = (
        {case.evidence_id: case for case in evidence.cases} if isinstance(evidence, CaseEvidence) else None
    )
    setting = Setting(manifest=files.manifest, cases=cases)
    items: list[Item] = []
    problems: list[Problem] = []
    remarks: list[Problem] = []
    pictures: dict[str, str] = {}
    for read in reader.items():
        where = f"item {read.item.item_id}"
        items.append(read.item)
        problems += [Problem(where=where, what=what) for what in item_problems(read, setting)]
        if cases is None:
            pictures |= pixels_of(read.pictures)
            continue
        for fault, what in leak_problems(read.item):
            (problems if fault else remarks).append(Problem(where=where, what=what))
    rejections, events, votes = reader.rows("rejections"), reader.rows("reviews"), reader.rows("votes")
    manifest = files.manifest
    problems += manifest_problems(manifest)
    problems += split_problems(items, evidence)
    if isinstance(evidence, CaseEvidence):
        problems += case_problems(evidence.cases, items, manifest)
    else:
        problems += volume_problems(evidence, items, manifest)
        volumes = ReleasedVolumes(directory, sound=files.sound)
        again = list(scan_problems(evidence, items, manifest=manifest, files=volumes, pictures=pictures))
        problems += again
        remarks += code_remarks(manifest) if again else ()
    problems += refusal_problems(rejections, manifest)
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


def _checked(
    manifest: Manifest, items: Sequence[Item], evidence: Evidence, *, votes: int
) -> Iterator[Checked]:
    """The rules, and on how many things each was checked."""
    for rule in (*_ITEM_RULES, *_KIND_RULES[evidence.kind]):
        yield Checked(what=rule, count=len(items))
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
