"""What authors of figures and of clips say for one task alike, and how that becomes a row."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from grandrounds.records.clip import ClipRow
from grandrounds.records.envelope import OK
from grandrounds.records.figure import FigureRow
from grandrounds.records.parts import Authorship, Flag, Label, OptionOrigin

ANSWER_ORIGIN = "answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskContent:
    """What an author says of a piece of evidence for one task; ``status`` is ``ok`` or why it goes no
    further."""

    task: str
    question: str = ""
    answer: str = ""
    aliases: tuple[str, ...] = ()
    answer_reference: str = ""
    rationale: str = ""
    labels: tuple[Label, ...] = ()
    flags: tuple[Flag, ...] = ()
    status: str = OK
    reason: str = ""


def common_fields(
    row: FigureRow | ClipRow,
    content: TaskContent,
    *,
    wrong: tuple[OptionOrigin, ...],
    recipe: str,
    authorship: Authorship,
) -> dict[str, Any]:
    """The fields of an envelope that don't depend on the kind of evidence; there are options where some
    are ``wrong``.

    The answer stands first among the options; the gates shuffle them by the item's id.
    """
    origins: tuple[OptionOrigin, ...] = ()
    if content.answer and wrong:
        answer = OptionOrigin(
            option=content.answer, origin=ANSWER_ORIGIN, reference=content.answer_reference
        )
        origins = (answer, *wrong)
    return {
        "recipe": recipe,
        "task": content.task,
        "evidence_id": row.evidence_id,
        "source_id": row.source_id,
        "group_id": row.group_id,
        "question": content.question,
        "options": tuple(origin.option for origin in origins),
        "option_origins": origins,
        "answer": content.answer,
        "answer_index": 0 if origins else None,
        "answer_aliases": content.aliases,
        "rationale": content.rationale,
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
def version_with_taxonomies(version: str, *modules: str) -> str:
    """``version`` with a fingerprint of the code of ``modules`` and of the taxonomies, which decide
    together what an author writes."""
    from grandrounds.figures.taxonomy import taxonomy_folder
    from grandrounds.fingerprint import code_fingerprint, folder_fingerprint, sha256_text

    code = code_fingerprint(*modules)
    return f"{version}+{sha256_text(code + folder_fingerprint(taxonomy_folder()))[:16]}"
