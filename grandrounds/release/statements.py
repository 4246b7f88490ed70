"""What is said of a release in sentences; ``README.md`` and ``croissant.json`` say the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from grandrounds.release.manifest import Manifest

PREVIEW_NOTICE = "Preview: not clinician-reviewed."

_USES = (
    "Meant for measuring how well models and people find the diagnosis of a written case.",
    "Not meant for the care of patients, nor as proof that a model is safe in care.",
)
_LIMITS = (
    "Case reports tell of rare and surprising patients: a score here says little about everyday practice.",
    "Authors of case reports knew the diagnosis when they wrote; what they chose to mention gives hints.",
    "The source articles are public: models may have read them. Compare items by `source_published` "
    "with a model's training cut-off.",
    "The right answer is the diagnosis of the article, which may be wrong or may have been replaced since.",
)
_RULE_LIMIT = (
    "Items whose author is `rule` were made by extraction without a language model; their distractors are "
    "chosen by class and body system, and their questions are all worded alike."
)
_MODEL_LIMIT = (
    "Items whose author is `model` were written by a language model and may favour models like it."
)
_PREVIEW_LIMIT = "No clinician checked any item of this preview; some will be wrong."


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """The sentences, by heading."""

    uses: tuple[str, ...]
    limits: tuple[str, ...]
    biases: tuple[str, ...]
    review: tuple[str, ...]


def statements(manifest: Manifest) -> Statements:
    """The sentences that fit the release of ``manifest``."""
    limits = list(_LIMITS)
    if "rule" in manifest.counts.by_author:
        limits.append(_RULE_LIMIT)
    if "model" in manifest.counts.by_author:
        limits.append(_MODEL_LIMIT)
    if manifest.preview:
        limits.insert(0, _PREVIEW_LIMIT)
    return Statements(
        uses=_USES, limits=tuple(limits), biases=tuple(_biases(manifest)), review=tuple(_review(manifest))
    )


def _biases(manifest: Manifest) -> Iterator[str]:
    counts = manifest.counts
    for task, positions in counts.answer_positions.items():
        total = sum(positions.values())
        letter = max(positions, key=lambda name: (positions[name], name))
        best, chance = 100 * positions[letter] / total, 100 / len(positions)
        longest = 100 * counts.longest_is_right[task] / total
        yield (
            f"{task}: always answering {letter} is right in {best:.1f}% of {total:,} items "
            f"({best - chance:+.1f} points against chance of {chance:.1f}%)."
        )
        yield (
            f"{task}: the right option alone is the longest in {longest:.1f}% of items "
            f"({longest - chance:+.1f} points against chance)."
        )
    for scheme, paths in counts.by_label.items():
        path = max(paths, key=lambda name: (paths[name], name))
        share = 100 * paths[path] / sum(paths.values())
        name, most = scheme.replace("_", " "), path.replace("_", " ")
        yield f"{name}: {len(paths)} kinds; the commonest, {most}, is {share:.0f}%."
    languages = ", ".join(f"{name} ({number:,})" for name, number in counts.by_language.items())
    yield f"Languages: {languages}. Case reports from elsewhere, and in other languages, are missing."


def _review(manifest: Manifest) -> Iterator[str]:
    if manifest.preview:
        yield f"{PREVIEW_NOTICE} The columns `reviewed` (false) and `review` of every row say so too."
        return
    yield (
        "Clinicians read every item beside its evidence. Their decisions, by pseudonym, are in "
        f"`reviews.parquet` ({manifest.counts.review_events:,} events)."
    )
    if manifest.agreement:
        figures = [
            f"{name.replace('_', ' ')} {_figure(value)}" for name, value in _flat(manifest.agreement)
        ]
        yield f"Agreement: {'; '.join(figures)}."


def _flat(value: dict[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, inner in value.items():
        if isinstance(inner, dict):
            yield from _flat(inner, f"{before}{name} ")
        elif inner is not None:
            yield f"{before}{name}", inner


def _figure(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)
