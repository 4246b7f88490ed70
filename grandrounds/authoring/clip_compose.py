"""What is asked of a clip becomes a row: words, frames, evidence and labels. Every author starts here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from grandrounds.authoring.task_content import TaskContent, common_fields, version_with_taxonomies
from grandrounds.records.clip import ClipRow
from grandrounds.records.parts import Authorship, Evidence, Flag, MeasuredValue, OptionOrigin
from grandrounds.videos.asking import Asked, ask
from grandrounds.videos.asking_values import Shown, in_time
from grandrounds.videos.grounding import evidence_of, pictures_of
from grandrounds.videos.labels import labels_of
from grandrounds.videos.stem import clip_stem

NOTHING_TO_ASK = "nothing_to_ask"
FEWER_OPTIONS = "fewer_options"


@dataclass(frozen=True, slots=True, kw_only=True)
class Content(TaskContent):
    """What an author says of a clip for one task; ``shown`` are the frames that it rests on."""

    wrong: tuple[OptionOrigin, ...] = ()
    shown: tuple[Shown, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    measurements: tuple[MeasuredValue, ...] = ()


def content_of(row: ClipRow, task: str, *, options: int) -> Content:
    """What the rules make of a clip for a task, or why nothing. Same arguments, same content."""
    asked = ask(row, task, options=options)
    if not isinstance(asked, Asked):
        return Content(
            task=task,
            shown=in_time(row),
            labels=labels_of(row),
            status=NOTHING_TO_ASK,
            reason=asked.reason,
        )
    return Content(
        task=task,
        question=asked.question,
        answer=asked.answer,
        answer_reference=asked.basis,
        wrong=asked.wrong,
        rationale=asked.rationale,
        shown=asked.shown,
        evidence=evidence_of(row, asked),
        measurements=asked.measurements,
        labels=labels_of(row),
        flags=(Flag(flag=FEWER_OPTIONS, detail=asked.few),) if asked.few else (),
    )


def envelope_fields(
    row: ClipRow, content: Content, *, recipe: str, authorship: Authorship
) -> dict[str, Any]:
    """The fields of an envelope (keyword arguments of ``Draft`` or ``Revision``).

    Nothing that is said in the clip is in what the solver is shown, but for words that a question quotes.
    """
    shown = content.shown or in_time(row)
    common = common_fields(row, content, wrong=content.wrong, recipe=recipe, authorship=authorship)
    return common | {
        "stem": clip_stem(row, content.task, shown=shown),
        "evidence": content.evidence,
        "media": pictures_of(row, shown),
        "measurements": content.measurements,
    }


def author_version(version: str) -> str:
    """``version`` with a fingerprint of the code and the taxonomies that decide what authors of clips
    write."""
    return version_with_taxonomies(
        version, "grandrounds.authoring", "grandrounds.videos", "grandrounds.figures"
    )
