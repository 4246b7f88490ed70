"""The contract of the model judge that read answers of known worth, as a manifest keeps it."""

from __future__ import annotations

from collections.abc import Sequence

from grandrounds.fingerprint import sha256_value
from grandrounds.records.control_mark import ControlMark
from grandrounds.release.manifest import ManifestJudge


def count_judge(marks: Sequence[ControlMark]) -> ManifestJudge | None:
    """What is told of the judge of ``marks``; ``None`` where there are none."""
    if not marks:
        return None
    asked = [each for each in marks if each.request_id] or list(marks)
    criteria, failed = sum(each.criteria for each in marks), sum(each.failed for each in marks)
    rubrics = sorted({(each.item_id, each.rubric_sha256) for each in marks})
    return ManifestJudge(
        judge=asked[0].judge,
        version=asked[0].judge_version,
        models=tuple(sorted({each.model for each in asked})),
        prompt_sha256=asked[0].prompt_sha256,
        max_tokens=(min(each.max_tokens for each in asked), max(each.max_tokens for each in asked)),
        rubrics_sha256=sha256_value([list(pair) for pair in rubrics]),
        items=len(rubrics),
        answers=len(marks),
        criteria=criteria,
        failed=failed,
        failure_rate=round(failed / criteria, 6) if criteria else 0.0,
    )
