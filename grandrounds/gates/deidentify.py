"""Gate ``deidentify``: no direct identifier of a person in what the solver sees.

Only what can hardly be anything else is refused; what may be innocent is flagged for the reviewer.
The kinds follow the HIPAA Safe Harbor list, 45 CFR 164.514(b)(2)(i).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from grandrounds.gates.gate import Findings, Gate, Looked, found
from grandrounds.records.parts import Flag

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_DATE = (
    r"(?:\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}-\d{2}-\d{2}|"
    rf"\d{{1,2}}(?:st|nd|rd|th)?\s+{_MONTH}\.?,?\s+\d{{4}}|{_MONTH}\.?\s+\d{{1,2}},?\s+\d{{4}})"
)
_EMAIL = re.compile(r"\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,5}\.[A-Za-z]{2,24}\b")
_TELEPHONE = re.compile(
    r"(?i)(?:\b(?:tel(?:ephone)?|phone|mobile|fax)\b\.?\s*(?:no\.?|number)?\s*:?\s*|(?<![\w+])(?=\+))"
    r"\+?\(?\d[\d\s().-]{6,16}\d\b"
)
_RECORD_NUMBER = re.compile(
    r"(?i)\b(?:mrn|(?:medical|hospital|patient)\s+(?:record\s+|registration\s+)?(?:no\.?|number|id)|"
    r"(?:nhs|social security)\s+(?:no\.?|number)|ssn)\s*(?:[:#=]|was|is)?\s*#?[A-Z]{0,3}[- ]?\d[\d -]{4,}"
)
_SOCIAL_SECURITY = re.compile(r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])")
_BIRTH = re.compile(
    rf"(?i)\b(?:date of birth|d\.?o\.?b\.?|born(?: on)?(?: the)?)\s*[:=]?\s*(?:was\s+)?{_DATE}"
)
# "MR imaging" and the like are never written "Mr Imaging", except in headings.
_NAME = re.compile(
    r"\b(?:Mr|Mrs|Ms|Miss)\b\.?\s+(?!Imaging|Angiography|Spectroscopy|Scan)(?:[A-Z]\.\s*){0,3}"
    r"[A-Z][a-z\u00df-\u00ff]+(?:['-][A-Z][a-z]+)?"
)
_REFUSED = (
    ("an e-mail address", _EMAIL),
    ("a telephone number", _TELEPHONE),
    ("a record number", _RECORD_NUMBER),
    ("a social security number", _SOCIAL_SECURITY),
    ("a date of birth", _BIRTH),
    ("a person's name", _NAME),
)
_FLAGGED = (
    ("initials", re.compile(r"\b(?:Mr|Mrs|Ms|Miss)\b\.?\s+[A-Z]\.?(?![\w'])")),
    ("full_date", re.compile(rf"(?i)(?<![\w./-]){_DATE}(?![\w/-])")),
    ("address", re.compile(r"(?i)\bhttps?://\S+|\bwww\.\S+")),
)


def look(at: Looked) -> Findings:
    """Refuse clear identifiers in stem and captions, flag doubtful ones. The sentence names the kind,
    not the identifier, so that a table of rejections does not spread it."""
    return identifiers([at.revision.stem, at.revision.question, *(m.caption for m in at.revision.media)])


def identifiers(texts: Iterable[str], *, where: str = "What the solver sees") -> Findings:
    """What points to a person in texts; ``where`` begins the sentences about them."""
    texts = list(texts)
    refused = [what for what, pattern in _REFUSED if any(pattern.search(text) for text in texts)]
    flagged = [name for name, pattern in _FLAGGED if any(pattern.search(text) for text in texts)]
    return found(
        *(f"{where} holds {what}." for what in refused),
        flags=tuple(
            Flag(flag=f"deidentify_{name}", detail="Look whether this points to a person.")
            for name in flagged
        ),
    )


GATE = Gate(name="deidentify", look=look)
