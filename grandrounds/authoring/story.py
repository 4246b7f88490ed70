"""Where a case report tells the patient's story, and what a sentence of it tells."""

from __future__ import annotations

import re

from grandrounds.records.case import Case, Section

_STORY = ("presentation", "history", "examination", "investigations")
_AFTERWARDS = ("diagnosis", "treatment", "outcome", "discussion", "conclusion", "back")


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)


_MEASURED = re.compile(
    r"\d+(?:[.,]\d+)?\s*(?:%|\u00b0|mm|cm|mg|\u03bcg|\u00b5g|g/|kg|ml|mL|dL|mmol|beats|bpm|/min|IU|U/|cells|\u00d7)|\d+/\d+"
)
_INVESTIGATED = _any(
    r"\b(?:x-?rays?|radiograph\w*|radiolog\w+|ct|cta|mri|mra|mrcp|tomograph\w*|ultraso\w+|sonograph\w*|imaging|scans?)\b",
    r"\b(?:echocardiogra\w+|electrocardiogra\w+|ecg|ekg|scintigra\w+|pet|angiogra\w+|audiogra\w+|spirometr\w+)\b",
    r"\b(?:electromyogra\w+|electroencephalogra\w+|eeg|emg|lumbar\s+puncture)\b",
    r"\b(?:endoscop\w+|gastroscop\w+|colonoscop\w+|bronchoscop\w+|cystoscop\w+|laparoscop\w+)\b",
    r"\b(?:biops\w+|histolog\w+|histopatholog\w+|cytolog\w+|aspirat\w+|cultures?|serolog\w+|genetic\s+test\w*|pcr)\b",
    r"\b(?:laborator\w+|blood\s+(?:tests?|count|film|gas)|cell\s+counts?|white\s+cells|neutrophils|eosinophils)\b",
    r"\b(?:ha?emoglobin|leu[ck]ocytes?|platelets?|creatinine|c-reactive|sedimentation|urinalysis|electrolytes|bilirubin)\b",
    r"\b(?:albumin|sodium|potassium|troponin|d-dimer|serum|plasma|cerebrospinal)\b",
    r"(?<!for )(?<!under )\binvestigations?\b",
    r"\d\s*(?:[mnp\u03bc\u00b5]?(?:g|mol|mEq)|[mk]?I?U)/[dm]?L\b",
)
_EXAMINED = _any(
    r"\b(?:on|upon|at|during)\s+(?:\w+\s+){0,3}?exam(?:ination)?\b",
    r"\bexamination\s+(?:of\s+[\w\s]{1,30})?(?:revealed|showed|was|demonstrated|disclosed|found|identified)\b",
    r"\b(?:vital\s+signs|blood\s+pressure|pulse\s+rate|heart\s+rate|auscultation|palpation|glasgow\s+coma)\b",
)
_SUSPECTED = _any(
    r"\b(?:suspect\w*|suspicion|possibl[ey]|presum\w+|thought\s+to|quer(?:y|ied)|rule\s+out|exclude)\b",
    r"\b(?:evaluation\s+(?:of|for)|examination\s+for)\b",
)
_FORMALITY = _any(
    r"\b(?:informed\s+consent|written\s+consent|consent\s+(?:was|for\s+publication))\b",
    r"\b(?:ethic(?:s|al)\s+(?:committee|approval|board)|institutional\s+review\s+board)\b",
)
_CASE_TEXT = _any(
    r"\b\d{1,3}[\s-]*(?:year|month|week|day)s?[\s-]*old\b",
    r"\b(?:the|our|a)\s+patient\b",
    r"\b(?:man|woman|boy|girl|male|female|infant)\b.{0,80}\b(?:presented|admitted|referred|complain\w*)",
)


def story_sections(case: Case) -> tuple[Section, ...]:
    """This patient's sections that the solver may see, in reading order, up to the first that comes
    after the diagnosis. Where no section tells the story, untitled or unsorted case text does."""
    own = sorted(case.own_sections(), key=lambda section: section.span.start)
    kinds = _STORY if any(section.kind in _STORY for section in own) else ("other",)
    found: list[Section] = []
    for section in own:
        if section.kind in _AFTERWARDS and found:
            break
        told = section.span.of(case.text)
        if section.kind in kinds and told.strip() and (kinds is _STORY or _CASE_TEXT.search(told)):
            found.append(section)
    return tuple(found)


def is_measured(sentence: str) -> bool:
    """Whether a sentence gives a measured value with its unit, or a ratio."""
    return _MEASURED.search(sentence) is not None


def is_investigation(sentence: str) -> bool:
    """Whether a sentence tells of imaging, laboratory, endoscopy, biopsy or another test."""
    return _INVESTIGATED.search(sentence) is not None


def is_examination(sentence: str) -> bool:
    """Whether a sentence tells of the examination of the patient."""
    return _EXAMINED.search(sentence) is not None


def is_suspicion(sentence: str) -> bool:
    """Whether a sentence only suspects or wants to exclude."""
    return _SUSPECTED.search(sentence) is not None


def is_formality(sentence: str) -> bool:
    """Whether a sentence is about consent or an ethics committee."""
    return _FORMALITY.search(sentence) is not None
