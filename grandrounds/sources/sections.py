"""Typing passages: which kind of section each belongs to, and which patient it tells of.

Titles decide where they say something; the type that the markup gives, the section around it, and
the words themselves where they don't.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from grandrounds.sources.passages import ABSTRACT, BACK, BODY, CAPTIONS, OTHER, TABLES, TITLE, Passage
from grandrounds.sources.section_titles import case_label, is_generic, sec_type_kind, title_kind

_FIXED = {
    TITLE: "title",
    ABSTRACT: "abstract",
    BACK: "back",
    CAPTIONS: "captions",
    TABLES: "tables",
    OTHER: "other",
}
# Inside these, a subsection's own title tells of the disease, not of the patient.
_SWALLOWS = frozenset({"discussion", "conclusion", "background", "back"})
_CLINICAL = frozenset(
    {"presentation", "history", "examination", "investigations", "diagnosis", "treatment", "outcome"}
)
_AGE = re.compile(
    r"\b(?:\d{1,3}|[a-z]+(?:-[a-z]+)?)[- \u2010-\u2013](?:years?|months?|weeks?|days?|yr|y)"
    r"[- \u2010-\u2013]?(?:old|o)\b|\baged? (?:of )?\d{1,3}\b"
    r"|\b\d{1,3}[ -]?(?:years?|months?|days?) of age\b|\b(?:neonate|newborn|infant|preterm)\b",
    re.IGNORECASE,
)
_SEEN = re.compile(
    r"\b(?:present(?:ed|ing|s)|admitted|referred|complain(?:ed|ing|ts?)"
    r"|was (?:seen|brought|transferred|hospitali[sz]ed|evaluated|diagnosed)"
    r"|visited|attended|consulted|came to|sought)\b",
    re.IGNORECASE,
)
_PATIENT = re.compile(
    r"\b(?:the|our|this) (?:patient|child|infant|boy|girl|man|woman)(?:'s|\u2019s)?\b"
    r"|\b(?:she|he) (?:was|had)\b",
    re.IGNORECASE,
)
_LITERATURE = re.compile(
    r"\bto (?:the best of )?our knowledge\b|\bha(?:s|ve) been (?:reported|described)\b|\bliterature\b"
    r"|\bwe (?:report|describe|have (?:reported|described|presented)) (?:a|an|the|this|here)\b"
    r"|\bin (?:conclusion|summary)\b|\bthis case (?:illustrates|highlights|shows|demonstrates)\b",
    re.IGNORECASE,
)
_RUN_IN_CASE = re.compile(
    r"^(?:Case|Patient|CASE|PATIENT)\s*(?:[Nn]o\.?|#|[Nn]umber)?\s*[\dIVX]{1,4}\s*[.:\u2013\u2014)-]"
)


def type_passages(passages: Sequence[Passage]) -> int:
    """Fill ``kind`` and ``case_number`` of each passage; the answer is how many patients there are."""
    for passage in passages:
        passage.kind = _FIXED.get(passage.spot.area, "")
        if passage.spot.area == BACK:
            passage.kind = _prose_of_back(passage) or "back"
    body = [passage for passage in passages if passage.spot.area == BODY]
    for passage in body:
        passage.kind = _by_titles(passage) or ""
    _review_not_patient(body)
    _by_words(body)
    return _number_patients(passages, body)


def looks_like_patient(text: str) -> bool:
    """Whether ``text`` introduces a patient: an age, and how the patient came to be seen."""
    return _AGE.search(text) is not None and _SEEN.search(text) is not None


def _prose_of_back(passage: Passage) -> str | None:
    """Some publishers print learning points or a patient's perspective in the back matter."""
    told = [title_kind(title) for title in passage.spot.path]
    return told[0] if told and told[0] in ("conclusion", "discussion") and "back" not in told else None


def _by_titles(passage: Passage) -> str | None:
    """The kind that printed titles and section types tell; the innermost that says something wins."""
    path = passage.spot.path
    kinds = [title_kind(title) for title in path]
    for kind, title in zip(kinds, path, strict=True):
        if kind in _SWALLOWS and case_label(title) is None:
            return kind
    told = next((kind for kind in reversed(kinds) if kind), None)
    return told or sec_type_kind(passage.spot.hint)


def _review_not_patient(body: Sequence[Passage]) -> None:
    """Top sections such as "Treatment" that cite much and name no patient review the disease."""
    tops: dict[str, list[Passage]] = {}
    for passage in body:
        if passage.spot.path:
            tops.setdefault(passage.spot.path[0], []).append(passage)
    for title, members in tops.items():
        if title_kind(title) not in _CLINICAL or case_label(title) is not None:
            continue
        text = " ".join(passage.text for passage in members)
        cited = sum(passage.citations for passage in members)
        if (
            cited >= 3
            and cited * 1500 > len(text)
            and not _PATIENT.search(text)
            and not looks_like_patient(text)
        ):
            for passage in members:
                passage.kind = "discussion"


def _by_words(body: Sequence[Passage]) -> None:
    """Give a kind to passages whose titles said nothing."""
    silent = [passage for passage in body if not passage.kind]
    if not silent:
        return
    known = any(passage.kind == "presentation" for passage in body)
    bare = [p for p in silent if not p.spot.path or all(is_generic(title) for title in p.spot.path)]
    bare_ids = {id(passage) for passage in bare}
    titled = next((position for position, passage in enumerate(body) if passage.spot.path), 0)
    leading = {id(passage) for passage in body[:titled]}
    if bare and not known:
        _letter(bare)
        known = any(passage.kind == "presentation" for passage in bare)
    first = body[0]
    for passage in silent:
        if passage.kind:
            continue
        if not known and id(passage) not in bare_ids and looks_like_patient(passage.text):
            _same_section(body, passage, "presentation")
            known = True
        else:
            opens = passage is first and bool(passage.spot.path) and known
            passage.kind = "background" if id(passage) in leading or opens else "other"


def _same_section(body: Sequence[Passage], passage: Passage, kind: str) -> None:
    for other in body:
        if other.spot == passage.spot and (not other.kind or other.kind == "other"):
            other.kind = kind


def _letter(passages: Sequence[Passage]) -> None:
    """A text without headings (a letter): background, then the patient, then the discussion."""
    stage = "background"
    if not any(looks_like_patient(passage.text) for passage in passages):
        return
    for passage in passages:
        text = passage.text
        if stage == "background" and looks_like_patient(text):
            stage = "presentation"
        elif stage == "presentation" and _discusses(passage):
            stage = "discussion"
        passage.kind = stage


def _discusses(passage: Passage) -> bool:
    text = passage.text
    told = len(_PATIENT.findall(text)) + (1 if looks_like_patient(text) else 0)
    literature = passage.citations + len(_LITERATURE.findall(text))
    return (literature >= 2 and literature > told) or (literature >= 1 and told == 0)


def _number_patients(passages: Sequence[Passage], body: Sequence[Passage]) -> int:
    """Number the patients of an article that reports several; 1 when it does not."""
    labels: dict[int, int | None] = {}
    running: int | None = None
    spot = None
    for passage in passages:
        if passage.spot.area not in (BODY, ABSTRACT):
            continue
        if passage.spot != spot:
            spot, running = passage.spot, None
        titled = next((n for n in map(case_label, reversed(passage.spot.path)) if n), None)
        run_in = _RUN_IN_CASE.match(passage.text) if passage.kind == "presentation" else None
        if run_in:
            running = case_label(run_in.group().rstrip(".:\u2013\u2014)- ")) or running
        labels[id(passage)] = running or titled
    order: dict[int, int] = {}
    for passage in body:
        label = labels[id(passage)]
        if label is not None and passage.kind in _CLINICAL:
            order.setdefault(label, len(order) + 1)
    if len(order) < 2:
        return 1
    for passage in passages:
        label = labels.get(id(passage))
        passage.case_number = order.get(label) if label is not None else None
    return len(order)
