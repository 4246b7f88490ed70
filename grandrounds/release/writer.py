"""Writing a release: staged beside its place, checked from its files alone, then renamed into it.

Nobody ever sees half a release: until the rename there is only a hidden folder, which the next
publisher removes when this one was killed. A published version is never written again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from grandrounds.errors import ReleaseError
from grandrounds.locks import exclusive
from grandrounds.recipe import Recipe
from grandrounds.records.control_mark import ControlMark
from grandrounds.records.envelope import Item
from grandrounds.records.funnel import FunnelStep
from grandrounds.records.rejection import Rejection
from grandrounds.records.retired import Withdrawal
from grandrounds.records.review_event import ReviewEvent
from grandrounds.records.source import Source
from grandrounds.records.vote import PanelVote
from grandrounds.release.diff import Difference, compare
from grandrounds.release.evidence import Evidence
from grandrounds.release.fitness import refuse_unfit
from grandrounds.release.identity import content_sha256
from grandrounds.release.manifest import read_manifest
from grandrounds.release.published import published_versions, read_items
from grandrounds.release.retirement import Earlier, read_retired
from grandrounds.release.staging import remove_leftovers, rename_into, staging
from grandrounds.release.versions import Version, explicit_version, next_version, week_version

if TYPE_CHECKING:
    from grandrounds.release.findings import VerifyReport
    from grandrounds.release.register import SplitRegister

SHARD_BYTES = 400_000_000
_STAGING = ".staging-"
_WAIT_SECONDS = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRequest:
    """All that a release is made of. The order of rows plays no part.

    ``evidence`` (of the recipe's kind) and ``sources`` may hold more than the items rest on; the rest is
    left out. ``get_media`` gives the bytes of a picture or volume by its SHA-256. ``agreement`` is the
    readers' agreement as JSON-able values; ``bias`` that of the options, by task, worked out when left
    empty. ``withdrawn`` says of sources of a live recipe, by id, why they no longer count. ``votes`` are
    all those of the recipe's panel, if it has one, ``marks`` those of its model judge. ``released``
    is the day of a reviewed release, ``version`` a number a person asked for; both are for the publisher
    to give.
    """

    recipe: Recipe
    items: Sequence[Item]
    evidence: Evidence
    sources: Sequence[Source]
    rejections: Sequence[Rejection]
    funnel: Sequence[FunnelStep]
    get_media: Callable[[str], bytes]
    reviews: Sequence[ReviewEvent] = ()
    bias: dict[str, object] = field(default_factory=dict)
    agreement: dict[str, object] | None = None
    votes: Sequence[PanelVote] = ()
    marks: Sequence[ControlMark] = ()
    withdrawn: Mapping[str, Withdrawal] = field(default_factory=dict)
    released: date | None = None
    version: str | None = None
    shard_bytes: int = SHARD_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseResult:
    """What became of a publication.

    ``unchanged``: the same content is already published as ``version``, and nothing was written.
    ``difference`` is that to the release before, ``None`` for the first and for unchanged ones.
    ``report`` is what ``verify`` said before the release got its name, ``None`` for unchanged ones.
    """

    path: Path
    version: str
    unchanged: bool
    items: int
    difference: Difference | None = None
    report: VerifyReport | None = None


def write_release(
    request: ReleaseRequest, *, root: Path, register: SplitRegister | None = None
) -> ReleaseResult:
    """Publish ``request`` as ``root/BENCHMARK/VERSION``, or find that it is published already.

    With ``register`` the days on which items became available are remembered there. Raises
    ``ReleaseError`` when the request breaks a rule of releases, when the explicit version exists
    with other content, or when the files can't be written; nothing half is left behind.
    """
    refuse_unfit(request)
    benchmark = root / request.recipe.name
    try:
        benchmark.mkdir(parents=True, exist_ok=True)
        with exclusive(benchmark / ".lock", what=f"The folder {benchmark}", wait_seconds=_WAIT_SECONDS):
            remove_leftovers(benchmark, mark=_STAGING)
            result = _publish(request, benchmark)
    except OSError as exc:
        raise ReleaseError(
            f"The release of {request.recipe.name} can't be written to {benchmark}: {exc.strerror or exc}.",
            remedy="Check free space and rights; nothing half was left, earlier releases are untouched.",
        ) from exc
    if register is not None and not request.recipe.preview:
        register.remember_release(read_items(result.path))
    return result


def _publish(request: ReleaseRequest, benchmark: Path) -> ReleaseResult:
    identity = content_sha256(request)
    preview = request.recipe.preview
    existing = published_versions(benchmark)
    before = _before(request, existing)
    if request.version is None or (before and str(before) == request.version):
        same = _same(benchmark, before, identity)
        if same is not None:
            return ReleaseResult(path=same, version=str(before), unchanged=True, items=len(request.items))
    earlier = _earlier(benchmark / str(before)) if before else Earlier()
    difference = compare(earlier.items, request.items, before_version=str(before or ""), after_version="")
    version = (
        explicit_version(request.version, preview=preview)
        if request.version
        else _next_version(request, existing, difference if before else None)
    )
    if version in existing:
        raise ReleaseError(
            f"Version {version} of {request.recipe.name} is published already, with other content.",
            remedy="Published versions never change. Leave --version away to get the next number.",
        )
    _refuse_moves(difference, benchmark)
    report = _stage_and_rename(
        request, benchmark / str(version), identity=identity, earlier=earlier, before=before
    )
    return ReleaseResult(
        path=benchmark / str(version),
        version=str(version),
        unchanged=False,
        items=len(request.items),
        difference=compare(
            earlier.items, request.items, before_version=str(before), after_version=str(version)
        )
        if before
        else None,
        report=report,
    )


def _earlier(directory: Path) -> Earlier:
    return Earlier(items=read_items(directory), retired=read_retired(directory))


def _next_version(
    request: ReleaseRequest, existing: Sequence[Version], difference: Difference | None
) -> Version:
    preview, week = request.recipe.preview, request.recipe.week
    if week is not None:
        return week_version(week, existing, preview=preview)
    return next_version(existing, preview=preview, difference=difference)


def _before(request: ReleaseRequest, existing: Sequence[Version]) -> Version | None:
    """The release that this one follows: the highest of its kind, up to an explicit version or the
    week that is released."""
    own = [version for version in existing if version.preview == request.recipe.preview]
    if request.recipe.week is not None:
        own = [version for version in own if not version.after_week(request.recipe.week)]
    if request.version:
        limit = explicit_version(request.version, preview=request.recipe.preview)
        own = [version for version in own if version <= limit]
    return own[-1] if own else None


def _same(benchmark: Path, version: Version | None, identity: str) -> Path | None:
    """The folder of ``version`` when it holds the same content, whole."""
    from grandrounds.release.integrity import check_files

    if version is None:
        return None
    path = benchmark / str(version)
    if read_manifest(path).content_sha256 != identity:
        return None
    problems = check_files(path).problems
    if problems:
        raise ReleaseError(
            f"{path} holds the same content, but is damaged: {problems[0].where}: {problems[0].what}",
            remedy="Move the folder away (or restore it from a backup) and publish again.",
        )
    return path


def _refuse_moves(difference: Difference, benchmark: Path) -> None:
    if difference.moved:
        first = difference.moved[0]
        raise ReleaseError(
            f"{len(difference.moved)} items would change splits against {benchmark / difference.before} "
            f"(first: {first.item_id} from {first.before} to {first.after}).",
            remedy="The split register of the lake was lost or is another one. Put it back or let it adopt "
            "the splits of the last release (docs/releases.md, `The split register`).",
        )


def _stage_and_rename(
    request: ReleaseRequest,
    place: Path,
    *,
    identity: str,
    earlier: Earlier,
    before: Version | None,
) -> VerifyReport:
    from grandrounds.release.folder import write_folder
    from grandrounds.release.verify import verify

    with staging(place, mark=_STAGING) as staged:
        write_folder(
            request,
            staged,
            version=place.name,
            identity=identity,
            earlier=earlier,
            before=str(before) if before else None,
        )
        report = verify(staged)
        if report.problems:
            listed = "; ".join(f"{p.where}: {p.what}" for p in report.problems[:5])
            more = f" (and {len(report.problems) - 5} more)" if len(report.problems) > 5 else ""
            raise ReleaseError(
                f"The release of {request.recipe.name} would not pass `grandrounds verify`: {listed}{more}",
                remedy="Nothing was published. A gate let through what a release must not hold.",
            )
        rename_into(staged, place)
        return report
