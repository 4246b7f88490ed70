"""What is asked of a clip becomes a row: words, frames, evidence and labels. Every author starts here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from grandrounds.records.clip import ClipRow
from grandrounds.records.parts import Authorship, Evidence, Flag, Label, MeasuredValue, OptionOrigin
from grandrounds.videos.asking import Asked, ask
from grandrounds.videos.asking_values import ANSWER_ORIGIN, Shown, in_time
from grandrounds.videos.grounding import evidence_of, pictures_of
from grandrounds.videos.labels import labels_of
from grandrounds.videos.stem import clip_stem

OK, NOTHING_TO_ASK = "ok", "nothing_to_ask"
FEWER_OPTIONS = "fewer_options"


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What an author says of a clip for one task; ``status`` is ``ok`` or why it goes no further."""

    task: str
    question: str = ""
    answer: str = ""
    aliases: tuple[str, ...] = ()
    answer_reference: str = ""
    wrong: tuple[OptionOrigin, ...] = ()
    rationale: str = ""
    shown: tuple[Shown, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    measurements: tuple[MeasuredValue, ...] = ()
    labels: tuple[Label, ...] = ()
    flags: tuple[Flag, ...] = ()
    status: str = OK
    reason: str = ""


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

    The answer stands first among the options; the gates shuffle them by the item's id. Nothing that is said
    in the clip is in what the solver is shown, but for words that a question quotes.
    """
    origins: tuple[OptionOrigin, ...] = ()
    if content.answer and content.wrong:
        answer = OptionOrigin(
            option=content.answer, origin=ANSWER_ORIGIN, reference=content.answer_reference
        )
        origins = (answer, *content.wrong)
    shown = content.shown or in_time(row)
    return {
        "recipe": recipe,
        "task": content.task,
        "evidence_id": row.evidence_id,
        "source_id": row.source_id,
        "group_id": row.group_id,
        "stem": clip_stem(row, content.task, shown=shown),
        "question": content.question,
        "options": tuple(origin.option for origin in origins),
        "option_origins": origins,
        "answer": content.answer,
        "answer_index": 0 if origins else None,
        "answer_aliases": content.aliases,
        "rationale": content.rationale,
        "evidence": content.evidence,
        "media": pictures_of(row, shown),
        "measurements": content.measurements,
        "labels": content.labels,
        "language": row.language,
        "licence": row.licence,
        "citation": row.citation,
        "protected": row.protected,
        "source_published": row.published,
        "authorship": authorship,
        "quality_flags": content.flags,
    }


@lru_cache(maxsize=8)
def author_version(version: str) -> str:
    """``version`` with a fingerprint of the code and the taxonomies that decide what authors of clips
    write."""
    from grandrounds.figures.taxonomy import taxonomy_folder
    from grandrounds.fingerprint import code_fingerprint, folder_fingerprint, sha256_text

    code = code_fingerprint("grandrounds.authoring", "grandrounds.videos", "grandrounds.figures")
    return f"{version}+{sha256_text(code + folder_fingerprint(taxonomy_folder()))[:16]}"
