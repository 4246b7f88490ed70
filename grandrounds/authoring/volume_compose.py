"""What is asked of a scan becomes a row: words, pictures, evidence and all that the fact carries.

Every author of volumes starts from here. Answers, options, boxes and measurements are the fact's; authors
differ in the words of ``question`` and ``rationale`` alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from grandrounds.errors import RecipeError
from grandrounds.imaging.fact import Fact, NoFact
from grandrounds.lake import Lake
from grandrounds.recipe import Recipe, Task
from grandrounds.records.parts import Authorship, Evidence, Flag, Media, OptionOrigin
from grandrounds.records.scan import Scan

NOTHING_TO_ASK, FAILED = "nothing_to_ask", "failed"
IMAGE, VOLUME = "image", "volume"
PNG, NIFTI = "image/png", "application/x-nifti"
ANSWER_ORIGIN = "answer"
_ROLES = {"asked": "support", "answer": "answer"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """What a task came to on a scan: a fact with its pictures and evidence, or why there is none.

    ``status`` is ``ok``, or that of a draft that goes no further.
    """

    scan: Scan
    task: Task
    stem: str
    fact: Fact | None = None
    media: tuple[Media, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    status: str = "ok"
    reason: str = ""


class Composer:
    """Finds what a recipe asks of scans and draws it. One scan's volume is open at a time."""

    def __init__(self, recipe: Recipe, *, lake: Lake | None) -> None:
        self._recipe = recipe
        self._lake = lake

    def composed(self, scan: Scan) -> Iterator[Composed]:
        """All facts of a scan, task by task, at least one value a task; pictures are put into the lake.

        The volume is opened at the first fact, so a scan of which nothing is asked is never read. Raises
        ``LakeError`` where the lake does not hold it undamaged.
        """
        from grandrounds.imaging.facts import facts
        from grandrounds.imaging.stem import stem

        told = stem(scan)
        opened: Any = None
        for task in self._recipe.tasks:
            found = facts(scan, task, self._recipe.volumes)
            if isinstance(found, NoFact):
                yield Composed(scan=scan, task=task, stem=told, status=NOTHING_TO_ASK, reason=found.reason)
                continue
            for fact in found:
                opened = opened or self._opened(scan)
                yield self._drawn(scan, task, told, fact, opened)

    def fact_of(self, scan: Scan, *, task: str, subject: str) -> Fact | None:
        """The fact of a draft, computed again; ``None`` where the scan's rows don't give it."""
        from grandrounds.imaging.facts import fact_of

        wanted = next(each for each in self._recipe.tasks if each.name == task)
        return fact_of(scan, wanted, self._recipe.volumes, subject)

    def _opened(self, scan: Scan) -> Any:
        from grandrounds.volumes.volume import open_volume

        return open_volume(self._filled(), scan.volume)

    def _filled(self) -> Lake:
        if self._lake is None:
            raise RecipeError(
                f"Recipe {self._recipe.name!r} is made from volumes, and its author was given no lake.",
                remedy="Call make_author(recipe, client=..., lake=...).",
            )
        return self._lake

    def _drawn(self, scan: Scan, task: Task, told: str, fact: Fact, volume: Any) -> Composed:
        from grandrounds.imaging.keyslices import draw
        from grandrounds.volumes.pictures import PictureError

        try:
            drawn = draw(fact, scan, volume)
        except PictureError as exc:
            return Composed(
                scan=scan, task=task, stem=told, fact=fact, status=FAILED, reason=f"no picture: {exc}"
            )
        pictures = tuple(
            Media(
                sha256=self._filled().put_media(each.picture.png),
                kind=IMAGE,
                mime=PNG,
                name=f"slice-{number}",
                caption=each.caption,
                locator=each.locator,
                width=each.picture.width,
                height=each.picture.height,
            )
            for number, each in enumerate(drawn, start=1)
        )
        image = Media(sha256=scan.volume.sha256 or "", kind=VOLUME, mime=NIFTI, name="volume")
        return Composed(
            scan=scan,
            task=task,
            stem=told,
            fact=fact,
            media=(image, *pictures),
            evidence=_evidence(scan, fact),
        )


def envelope_fields(
    composed: Composed,
    *,
    recipe: str,
    authorship: Authorship,
    question: str | None = None,
    rationale: str | None = None,
    flags: tuple[Flag, ...] = (),
) -> dict[str, Any]:
    """The fields of an envelope (keyword arguments of ``Draft`` or ``Revision``).

    ``question`` and ``rationale`` are the fact's own words where none are given. The answer stands first
    among the options; the gates shuffle them by the item's id.
    """
    scan, fact = composed.scan, composed.fact
    fields: dict[str, Any] = {
        "recipe": recipe,
        "task": composed.task.name,
        "evidence_id": scan.evidence_id,
        "source_id": scan.source_id,
        "group_id": scan.group_id,
        "stem": composed.stem,
        "question": "",
        "options": (),
        "option_origins": (),
        "answer": "",
        "answer_index": None,
        "rationale": "",
        "evidence": composed.evidence,
        "media": composed.media,
        "language": scan.language,
        "licence": scan.licence,
        "citation": scan.citation,
        "protected": scan.protected,
        "source_published": scan.published,
        "authorship": authorship,
        "quality_flags": flags,
    }
    if fact is None:
        return fields
    answer = OptionOrigin(option=fact.answer, origin=ANSWER_ORIGIN, reference=fact.subject)
    origins = (answer, *fact.wrong)
    return fields | {
        "subject": fact.subject,
        "question": fact.question if question is None else question,
        "options": tuple(origin.option for origin in origins),
        "option_origins": origins,
        "answer": fact.answer,
        "answer_index": 0,
        "rationale": rationale_of(fact) if rationale is None else rationale,
        "boxes": fact.boxes,
        "measurements": fact.measurements,
        "chain": fact.chain,
        "turns": fact.turns,
        "labels": fact.labels,
    }


def rationale_of(fact: Fact) -> str:
    """The fact's reasoning as one text."""
    return " ".join(fact.reasoning)


@lru_cache(maxsize=8)
def author_version(version: str) -> str:
    """``version`` with a fingerprint of the code that decides what an author of volumes writes."""
    from grandrounds.fingerprint import code_fingerprint

    return f"{version}+{code_fingerprint('grandrounds.authoring', 'grandrounds.imaging')}"


def _evidence(scan: Scan, fact: Fact) -> tuple[Evidence, ...]:
    """What the answer rests on: the asked (and the withheld) boxes in the key slices that show them.

    A fact without such boxes rests on its key slices as they are. There is nothing to quote: what a voxel
    says is its place.
    """
    from grandrounds.imaging.keyslices import crosses, slice_locator, slice_source

    places = [
        (_ROLES[box.role], shown, box.voxels)
        for shown in fact.slices
        for box in fact.boxes
        if box.role in _ROLES and crosses(box.voxels, shown)
    ]
    whole: tuple[int, ...] = ()
    return tuple(
        Evidence(
            role=role,
            source_id=slice_source(scan.volume, shown),
            evidence_id=scan.evidence_id,
            quote="",
            locator=slice_locator(scan.volume, shown, box),
        )
        for role, shown, box in places or [("support", shown, whole) for shown in fact.slices]
    )
