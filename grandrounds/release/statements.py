"""What is said of a release in sentences; ``README.md`` and ``croissant.json`` say the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from grandrounds.records.parts import UNREAD
from grandrounds.release.manifest import Manifest
from grandrounds.release.panel import filters_of
from grandrounds.release.telling import telling_of, uses
from grandrounds.statistics.bias import BiasReport, Excess

PREVIEW_NOTICE = "Preview: not clinician-reviewed."

_MODEL_LIMIT = (
    "Items whose author is `model` were written by a language model and may favour models like it."
)
_PREVIEW_LIMIT = "No clinician checked any item of this preview; some will be wrong."

_SAMPLE_LIMIT = "No clinician checked the items marked as unread; some will be wrong."


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """The sentences, by heading."""

    uses: tuple[str, ...]
    limits: tuple[str, ...]
    biases: tuple[str, ...]
    review: tuple[str, ...]


def statements(manifest: Manifest, *, bias: Sequence[BiasReport]) -> Statements:
    """The sentences that fit the release of ``manifest``, with the bias of its options."""
    told = telling_of(manifest)
    limits = list(told.limits)
    if "rule" in manifest.counts.by_author:
        limits.append(told.rule_limit)
    if "model" in manifest.counts.by_author:
        limits.append(_MODEL_LIMIT)
    if manifest.preview:
        limits.insert(0, _PREVIEW_LIMIT)
    elif manifest.counts.unread:
        limits.insert(0, _SAMPLE_LIMIT)
    limits += _panel_limits(manifest)
    return Statements(
        uses=uses(manifest),
        limits=tuple(limits),
        biases=(*(line for report in bias for line in _option_bias(report)), *_coverage(manifest)),
        review=tuple(_review(manifest)),
    )


def _option_bias(report: BiasReport) -> Iterator[str]:
    yield _excess(f"always answering {report.best_letter}", report.position, report)
    yield _excess("always taking the longest option", report.longest, report)
    yield f"{report.task}: the right option alone is the longest in {report.uniquely_longest:.1%} of items."


def _excess(habit: str, excess: Excess, report: BiasReport) -> str:
    verdicts = {
        "ok": "no more than luck gives or the limit allows",
        "warn": "worth a warning",
        "fail": "too much",
    }
    return (
        f"{report.task}: {habit} is right in {excess.accuracy:.1%} of {report.n:,} items, "
        f"{100 * excess.over_chance:+.1f} points against chance ({excess.chance:.1%}); by luck alone 99 of "
        f"100 such benchmarks stay below {100 * excess.luck:+.1f} points: {verdicts[excess.verdict]}."
    )


def _panel_limits(manifest: Manifest) -> Iterator[str]:
    """Which models must not be compared with others here, and what nobody filtered."""
    names = ", ".join(each.model for each in filters_of(manifest))
    if names:
        yield (
            f"The answers of {names} decided which items stayed: what these models, and models made from "
            "them, score here can't be compared with others. The column `votes` has their answers."
        )
    untested = manifest.panel.items_untested if manifest.panel else 0
    if untested:
        yield (
            f"Of {untested:,} items no blind vote counts, so they passed the blind filter untested "
            "(quality flag `blind_untested`)."
        )
    single = (manifest.panel.items_untested_one_frame or 0) if manifest.panel else 0
    if single:
        yield (
            f"Of {single:,} items no vote with one frame counts, so they passed that filter untested "
            "(quality flag `single_frame_untested`)."
        )


def _coverage(manifest: Manifest) -> Iterator[str]:
    counts = manifest.counts
    for scheme, paths in counts.by_label.items():
        path = max(paths, key=lambda name: (paths[name], name))
        share = paths[path] / sum(paths.values())
        name, most = scheme.replace("_", " "), path.replace("_", " ")
        yield f"{name}: {len(paths)} kinds; the commonest, {most}, is {share:.0%}."
    languages = ", ".join(f"{name} ({number:,})" for name, number in counts.by_language.items())
    yield f"Languages: {languages}. {telling_of(manifest).elsewhere}"


def _review(manifest: Manifest) -> Iterator[str]:
    if manifest.preview:
        yield f"{PREVIEW_NOTICE} The columns `reviewed` (false) and `review` of every row say so too."
        return
    unread, events = manifest.counts.unread or 0, f"{manifest.counts.review_events:,} events"
    read = (
        f"Clinicians read a sample beside its evidence: {manifest.counts.items - unread:,} of "
        f"{manifest.counts.items:,} items."
        if unread
        else "Clinicians read every item beside its evidence."
    )
    yield f"{read} Their decisions, by pseudonym, are in `reviews.parquet` ({events})."
    if unread:
        yield (
            f"{unread:,} items were taken unread. Their columns say so: `reviewed` is false and "
            f"`review.status` is `{UNREAD}`."
        )
    answers = manifest.counts.answers
    if answers:
        yield (
            f"Readers answered {answers.answered:,} times before they saw the marked answer (items "
            f"released as they were read); of {answers.with_options:,} answers with options, "
            f"{answers.as_marked:,} were as marked. Words that answered open questions were not judged."
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
