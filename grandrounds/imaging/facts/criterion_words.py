"""What criteria and measurements are called in questions. No question may hold a finding's own word."""

from __future__ import annotations

import re
from dataclasses import dataclass

from grandrounds.imaging.facts.values import levels_in, limits_words
from grandrounds.measure.criteria import Criterion
from grandrounds.measure.rules import CRITERIA
from grandrounds.records.measured import MeasuredRow


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionWords:
    """A criterion in words: what it judges, the index that decides, what must be measured, its question.

    ``asks`` holds ``{subject}`` (what was measured) or its ``{level}``, and ``{limits}``.
    """

    judges: str
    index: str
    structures: str
    asks: str


WORDS: dict[str, CriterionWords] = {
    "cardiomegaly": CriterionWords(
        judges="how large the heart is on a frontal chest film",
        index="the widest heart over the widest thorax",
        structures="the heart and both lungs",
        asks="By the cardiothoracic ratio with its limit at {limits}, how is the heart's size judged?",
    ),
    "mediastinal_widening": CriterionWords(
        judges="how wide the mediastinum is on a frontal chest film",
        index="the width of the mediastinum in its widest row",
        structures="the mediastinum",
        asks="By its width with the limit at {limits}, how is the size of the mediastinum to be judged?",
    ),
    "vertebral_height_loss": CriterionWords(
        judges="how far a vertebral body is compressed",
        index="the largest loss of front, middle or back height",
        structures="the endplates of one vertebral body",
        asks="By Genant's limits of height loss ({limits}), which grade does the body of {level} have?",
    ),
    "spondylolisthesis": CriterionWords(
        judges="how far a vertebra has moved on the next one",
        index="the shift in percent of the endplate below",
        structures="two neighbouring vertebral bodies",
        asks=(
            "By Meyerding's limits ({limits} of the endplate below), how is the position of {subject} "
            "graded?"
        ),
    ),
    "scoliosis": CriterionWords(
        judges="how far the spine is curved to the side",
        index="the angle between the end vertebrae's endplates",
        structures="the end vertebrae of the curve",
        asks="By the Cobb angle with its limit at {limits}, how is the curve from {subject} judged?",
    ),
    "lumbar_canal_stenosis": CriterionWords(
        judges="how wide the lumbar canal is",
        index="the narrowest front-to-back diameter",
        structures="the spinal canal",
        asks="By its narrowest front-to-back width with limits at {limits}, how is the {subject} judged?",
    ),
    "lymph_node_size": CriterionWords(
        judges="how a lymph node counts in follow-up",
        index="the short axis in the axial slice",
        structures="the lymph node",
        asks="By its short axis with limits at {limits}, how does the {subject} count in follow-up?",
    ),
    "measurable_lesion": CriterionWords(
        judges="how a lesion counts in follow-up",
        index="the longest diameter in an axial slice",
        structures="the lesion",
        asks="By its longest axial diameter with the limit at {limits}, how does the {subject} count?",
    ),
    "abdominal_aortic_aneurysm": CriterionWords(
        judges="how wide the abdominal aorta is",
        index="the diameter at right angles to the longest one",
        structures="the abdominal aorta",
        asks="By its short axis with the limit at {limits}, how is the {subject} to be judged?",
    ),
    "bone_attenuation": CriterionWords(
        judges="how dense vertebral bone is on CT",
        index="the mean attenuation of the core",
        structures="the core of the body of L1",
        asks="By the mean attenuation of its core (limits {limits}), how dense is the bone of {level}?",
    ),
}

_FINDINGS = {
    ("measurable_lesion", "not measurable"): "too small for a target",
    ("measurable_lesion", "measurable"): "large enough for a target",
}
"""Findings that would read like "cannot be measured", which is another answer."""

_INDEX_NAMES = {
    "cardiothoracic_ratio": "cardiothoracic ratio",
    "mediastinum_width": "width of the mediastinum",
    "height_loss": "largest loss of height of the body of {level}",
    "slip_percent": "slip of {subject} in percent of the endplate below",
    "listhesis": "slip of {subject}, forwards counted as positive",
    "cobb_angle": "Cobb angle of the largest coronal curve from {subject}",
    "centroid_angle": "largest coronal angle between lines that join vertebral centres from {subject}",
    "lordosis": "angle from {subject} between the outer endplates, seen from the side",
    "canal_diameter": "narrowest front-to-back diameter of {thing}",
    "short_axis": "short axis of {thing} in the axial slice that shows it longest",
    "long_axis": "longest diameter of {thing} in an axial slice",
    "mean": "mean attenuation of {thing}",
    "volume": "volume of {thing}",
    "front_height": "front height of the body of {level}",
    "middle_height": "middle height of the body of {level}",
    "back_height": "back height of the body of {level}",
}
_CORE = re.compile(r"(\S+) core")


def question_of(row: MeasuredRow) -> str:
    """The question that a criterion's measurement answers."""
    criterion = CRITERIA[row.criterion]
    level = next(iter(levels_in(row.subject)), row.subject)
    limits = limits_words(criterion.limits, criterion.unit)
    return WORDS[row.criterion].asks.format(subject=_plain(row.subject), level=level, limits=limits)


def finding_words(criterion: Criterion, finding: str) -> str:
    """A finding as an option: the criterion's own word, unless it could be misread among the options."""
    return _FINDINGS.get((criterion.name, finding), finding)


def measured_words(row: MeasuredRow) -> str:
    """What was measured: ``volume of the left kidney``; empty for what has no words here."""
    form = _INDEX_NAMES.get(row.name, "")
    level = next(iter(levels_in(row.subject)), "")
    if "{level}" in form and not level:
        return ""
    return form.format(level=level, subject=row.subject, thing=thing_words(row.subject))


def thing_words(subject: str) -> str:
    """A measurement's subject within a sentence: ``vertebra L3``, ``the core of the body of L3``."""
    return f"vertebra {subject}" if subject in levels_in(subject) else f"the {_plain(subject)}"


def _plain(subject: str) -> str:
    match = _CORE.fullmatch(subject)
    return f"core of the body of {match[1]}" if match else subject
