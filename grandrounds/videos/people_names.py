"""Words on a picture that tell who somebody is: a patient's line, a name, a number, a date.

Wide on purpose: a frame too many that is left out costs nothing, a name in a release does. What is told is
the kind only; the words themselves never leave this process.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from grandrounds.deidentify.words import plain_words

PATIENT, TITLE, NAME, NUMBER, DATE, ADDRESS = (
    "a line about a patient",
    "a title with a name",
    "what looks like a name",
    "a number that may name somebody",
    "a full date",
    "an address",
)
"""Kinds of telling words, as they stand in reasons."""

_LONGEST = 400
_PATIENT = re.compile(
    r"(?<![^\W_])(?:patient(?:en|in)?|pat|pt|name|vorname|nachname|nom|pr[eé]nom|nombre|apellidos?|surname|"
    r"forename|first\s?name|last\s?name|mrn|pid|case\s?id|id|dob|d\.o\.b|birth(?:\s?date|day)?|born|geb(?:oren)?|"
    r"geburtsdatum|acc(?:ession)?|hosp(?:ital)?(?:\s?(?:no|id))?|nhs|ssn|insurance|operator|physician|"
    r"referring|sonographer|performed\s+by|examiner|age|alter|sex|gender)\b[\s.]*(?:(?:no|nr|id|#)\b\.?\s*)?"
    r"[:;=#|]\s*\S",
    re.IGNORECASE,
)
_TITLE = re.compile(
    r"(?<![^\W_])(?:Dr|Prof|Professor|Doctor|Mr|Mrs|Ms|Miss|Herr|Frau|Mme|Monsieur|Madame|Sra?|Dra|Sig|Nurse|PD)\b"
    r"\.?,?\s+(?:(?:med|dent|phil|rer|nat|Dr|h\.?c)\.?\s+)*[A-ZÀ-Þ]"
)
_DEGREE = re.compile(
    r"[^\W\d_]{2,}[^\W\d_'’-]*\s*,\s*(?:M\.?D|Ph\.?D|M\.?B\.?B\.?S|D\.?O|D\.?P\.?T|R\.?N|P\.?T|FRC[SP]|MRC[SP]|M\.?Sc|"
    r"B\.?Sc|R\.?D\.?M\.?S|FACS|DVM|DDS|OTR|PA-C)\b"
)
_DICOM_NAME = re.compile(r"[^\W\d_]{2,}\^[^\W\d_]+")
_COMMA_NAME = re.compile(r"(?<![^\W_])([^\W\d_]['’\w-]+)\s*,\s*([^\W\d_]['’\w-]+)(?![\w])")
_WORD = re.compile(r"[^\W\d_](?:['’\-]?[^\W\d_])*\.?")
_NUMBER = re.compile(
    r"(?<![\d.,])(?=(?:[\s-]?\d){6,})\d(?:[\s-]?\d){5,14}(?![\d.,]*\d)|\b[A-Z]{1,4}-?\d{5,}\b"
)
_DATE = re.compile(
    r"\b(?:\d{1,2}[./\-]\d{1,2}[./\-](?:19|20)?\d{2}|(?:19|20)\d{2}[./\-]\d{1,2}[./\-]\d{1,2}|"
    r"\d{1,2}[.\s\-]*(?:jan|feb|m[aä]r|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz])[a-z]*[.,\s\-]*(?:19|20)\d{2}|"
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s+\d{1,2},?\s+(?:19|20)\d{2})\b",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.\w+|https?://|(?:\+|00)\d[\d ()/-]{7,}\d")

_TITLE_WORDS = """
    a about after all an and anatomy answer any approach are as assessment at backward balance before begin
    beginning both by case cases chapter clinical click close common complete conclusion conclusions consent
    continue control copyright course criteria day days definition demo demonstration diagnosis diagnostic
    differential disclosure discussion do down dynamic each education end end. entry equipment evaluation
    exam example examples exercise exercises external fig figure figures final finding findings first follow
    for forward free from full function functional gain gait general goal goals good great guide guidelines
    hello help high history home hospital how if images important in indications information instructions
    internal introduction is it key lecture lesson lets level license live loading low management materials
    measurement medical medicine menu method methods minute minutes more motion movement my new next no non
    normal not note notes objective objectives of off ok on one open option options or our out outline
    overview page part pathology patient patients pause phase physical play please point points position
    practice preparation preset press previous procedure prognosis program protocol question questions quick
    range record recording reference references rehabilitation repeat repetition repetitions rest result
    results review right safety save scale scan school science score search second section see sequence set
    sets side signs single sit sitting skills slide slow squat stage stand standing start static step steps
    stop stretch student subscribe summary surgery surgical symptoms system table take technique test
    testing tests thank thanks that the theory therapy these this three time tip tips title to today topic
    topics total training treatment trial tutorial two types under unit university up us use using value
    values version very video videos view views volume walk walking warning watch week weeks welcome what
    when where which who why with work workshop year years yes you your zoom live freeze depth gain focus
    frequency dynamic range power frame rate mode color colour doppler harmonic probe mechanical thermal
    index heart beats per loop store print body mark
"""


def telling(lines: Iterable[str]) -> tuple[str, ...]:
    """The kinds of what lines of text tell of people, each once, in the order of ``PATIENT`` to
    ``ADDRESS``; empty where they tell nothing."""
    found: set[str] = set()
    for line in lines:
        found |= _kinds(" ".join(line.split())[:_LONGEST])
    order = (PATIENT, TITLE, NAME, NUMBER, DATE, ADDRESS)
    return tuple(kind for kind in order if kind in found)


def _kinds(line: str) -> set[str]:
    tests = (
        (PATIENT, _PATIENT),
        (TITLE, _TITLE),
        (TITLE, _DEGREE),
        (NAME, _DICOM_NAME),
        (NUMBER, _NUMBER),
        (DATE, _DATE),
        (ADDRESS, _ADDRESS),
    )
    found = {kind for kind, pattern in tests if pattern.search(line)}
    if _is_name(line) or any(_unknown(*pair.groups()) for pair in _COMMA_NAME.finditer(line)):
        found.add(NAME)
    return found


def _is_name(line: str) -> bool:
    """Whether a line is two to four capitalised words, of which at least two are no known ones."""
    words = _WORD.findall(line)
    letters = sum(map(str.isalpha, line))
    if not 2 <= len(words) <= 4 or letters < 0.75 * len(line.replace(" ", "")):
        return False
    if not all(word[0].isupper() for word in words if len(word) > 3):
        return False
    return sum(_unknown(word) for word in words if word[0].isupper() and len(word) > 2) >= 2


def _unknown(*words: str) -> bool:
    """Capitalised words, none of which is a known one."""
    return all(
        word[:1].isupper() and len(word) > 2 and word.lower().strip(".'’") not in _known() for word in words
    )


@cache
def _known() -> frozenset[str]:
    return plain_words() | frozenset(_TITLE_WORDS.split())
