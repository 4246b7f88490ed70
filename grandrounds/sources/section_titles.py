"""What a section is about, told from its printed title; and which patient a title numbers.

Titles are compared without numbering, punctuation, case and accents; ``section_titles.yaml``, beside
this module, says what they tell.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from pathlib import Path

import yaml

_NUMBERING = re.compile(
    r"^\s*(?:(?:\d{1,2}(?:\.\d{1,2}){0,4}|[IVX]{1,5}(?=[.)])|[A-H](?=[.)]\s))[.):]?\s+|\d{1,2}\.\s*(?=[A-Za-z])|[\u2022\u25cf\u25a0-]\s*)"
)
_LONGEST = 300
_NOT_WORD = re.compile(r"[^\w&#]+")

# Combined titles whose case stands first or last: the section holds the case.
_HOLDS_CASE = re.compile(
    r"(?:clinical |illustrative )*case (?:report|presentation|description|history)s?(?: (?:and|with) .*)?"
    r"|(?:introduction|background) and (?:clinical )?(?:case|patient).*"
)
_GENERIC = re.compile(
    r"(?:main |full |body )?text|body|article|letters?(?: to (?:the )?editor)?"
    r"|(?:to the|dear|sir) (?:editors?|sir).*|correspondence|reports?|brief report"
    r"|clinical (?:images?|quiz)|images? .*|quiz|question|sir|editor|untitled|part \w+"
)
_SEC_TYPES = {
    "intro": "background", "introduction": "background", "background": "background",
    "case": "presentation", "cases": "presentation", "case-report": "presentation",
    "case report": "presentation", "case-reports": "presentation", "case-presentation": "presentation",
    "subjects": "presentation", "discussion": "discussion", "results|discussion": "discussion",
    "conclusion": "conclusion", "conclusions": "conclusion", "supplementary-material": "back",
    "supplementary material": "back", "conflict": "back", "coi-statement": "back",
    "ethics-statement": "back", "data-availability": "back", "author-contributions": "back",
    "funding-information": "back", "disclaimer": "back",
}  # fmt: skip

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_CARDINALS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_ROMANS = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x")
_CASE_NUMBER = re.compile(
    r"^(?:(?:the |clinical |index |illustrative )*"
    r"(?:case(?:[ -]?(?:report|presentation|study|description|history|summary))?|patient|subject)"
    r"(?:\s*[-#]\s*|\s+(?:no\.?|number|nr\.?|n\u00b0|#)\s*|\s*)"
    rf"(?P<name>\d{{1,2}}|{'|'.join(_CARDINALS)}|[ivx]{{1,4}}|[a-h])"
    r"(?P<tail>\s*$|\s*[:.,;)(\u2013\u2014\[-]|\s+\S)"
    rf"|(?:the )?(?P<ordinal>{'|'.join(_ORDINALS)}|1st|2nd|3rd|[4-9]th) (?:case|patient)(?P<end>\b))",
    re.IGNORECASE,
)
_UNIT_AFTER = re.compile(r"^[\s-]*(?:years?|months?|weeks?|days?|yr|y/o|was|is|with|of)\b", re.IGNORECASE)


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    source = (Path(__file__).parent / "section_titles.yaml").read_text(encoding="utf-8")
    lists: dict[str, list[str]] = yaml.safe_load(source)
    return tuple((kind, re.compile(f"(?:{'|'.join(patterns)})$")) for kind, patterns in lists.items())


def plain_title(title: str) -> str:
    """The first 300 characters of ``title`` without numbering, punctuation, case and accents."""
    return _plain(title[:_LONGEST])


def title_kind(title: str) -> str | None:
    """The section kind that a printed title tells, or ``None`` when it tells nothing."""
    return _kind(title[:_LONGEST])


def case_label(title: str) -> int | None:
    """The number of the patient that a title names ("2.1. Case 1", "Patient B", "Second case")."""
    return _label(title[:_LONGEST])


@lru_cache(maxsize=8192)
def _plain(title: str) -> str:
    bare = _NUMBERING.sub("", title, count=1)
    folded = unicodedata.normalize("NFKD", bare).casefold().replace("'", "").replace("\u2019", "")
    letters = "".join(char for char in folded if not unicodedata.combining(char))
    return " ".join(_NOT_WORD.sub(" ", letters).split())


@lru_cache(maxsize=8192)
def _kind(title: str) -> str | None:
    plain = plain_title(title)[:160]
    if not plain:
        return None
    if _HOLDS_CASE.fullmatch(plain):
        return "presentation"
    for kind, pattern in _patterns():
        if pattern.match(plain):
            return kind
    if case_label(title) is not None:
        return "presentation"
    first = re.split(r"\s*[:\u2013\u2014]\s+|\s+-\s+", _NUMBERING.sub("", title, count=1), maxsplit=1)
    if len(first) == 2 and first[0] and first[0] != title:
        return title_kind(first[0])
    return None


def is_generic(title: str) -> bool:
    """Whether a title says nothing about content ("To the Editor", "Main text")."""
    return _GENERIC.fullmatch(plain_title(title)) is not None


def sec_type_kind(sec_type: str) -> str | None:
    """The kind that a ``sec-type`` attribute tells."""
    return _SEC_TYPES.get(sec_type.strip().casefold())


@lru_cache(maxsize=8192)
def _label(title: str) -> int | None:
    bare = _NUMBERING.sub("", title, count=1).strip()
    match = _CASE_NUMBER.match(bare)
    if match is None:
        return None
    if match.group("ordinal"):
        word = match.group("ordinal").casefold()
        return _ORDINALS.index(word) + 1 if word in _ORDINALS else int(word[0])
    name = match.group("name").casefold()
    rest = bare[match.end("name") :]
    if name.isdigit():
        return (
            int(name)
            if int(name) and not re.match(r"[\s-]*(?:years?|months?|weeks?|days?|yr)\b", rest)
            else None
        )
    followed = match.group("tail").strip()
    if name in _CARDINALS:
        return None if _UNIT_AFTER.match(rest) else _CARDINALS.index(name) + 1
    if followed and followed not in ":.,;)(\u2013\u2014[-":
        return None  # "Case a 34-year-old man", "Patient in coma"
    if name in _ROMANS and (len(name) > 1 or name in "iv"):
        return _ROMANS.index(name) + 1
    return ord(name) - ord("a") + 1 if len(name) == 1 and name in "abcdefgh" else None
