"""Names of licences in people's own words, read strictly: a licence that is guessed is worse than none.

A name counts as a *statement* only where it is a clause of its own: "repository a/b (tests), Apache-2.0.",
"licence CC BY-SA 4.0 (its LICENSE)", "released under the MIT licence". Anywhere else it is a *mention*,
which can put a statement in doubt and gives nothing: "Only CC BY rows were taken".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grandrounds.sources.licences import PUBLIC_DOMAIN, UNKNOWN, from_name

_DASH = r"[\s\u2010-\u2015-]"
_VERSION = rf"(?:{_DASH}*,?\s*(?:v|version\s*)?\d\.\d(?!\d))?"
_WORD = r"(?:\s+licen[cs]es?)?"
_CREATIVE_COMMONS = (
    rf"CC{_DASH}*BY(?:[/\s\u2010-\u2015-]*(?:NC|ND|SA)\b)*{_VERSION}(?:-[A-Z]{{2,3}}\b)?"
    r"(?:\s+(?:International|Unported|Generic))?",
    r"Creative\s+Commons\s+Attribution"
    rf"(?:{_DASH}*(?:Non{_DASH}*Commercial|No{_DASH}*Deriv(?:ative)?s|Share{_DASH}*Alike))*"
    rf"(?:\s+licen[cs]e)?{_VERSION}(?:\s+(?:International|Unported|Generic))?(?:\s+Public)?",
    rf"LicenseRef-CC-BY(?:-(?:NC|ND|SA))*\b|CC{_DASH}?(?:0|zero)\b{_VERSION}(?:\s+Universal)?",
    r"(?:https?://)?(?:www\.)?creativecommons\.org/(?:licen[cs]es|publicdomain)/[\w./-]*\w/?",
)
_OTHERS = (
    (
        rf"Apache(?:{_DASH}+(?:Software\s+)?Licen[cs]e)?,?{_DASH}*(?:v|version\s*)?2(?:\.0)?\b(?!\.\d)",
        "Apache-2.0",
    ),
    (rf"BSD{_DASH}+\(?2{_DASH}+clause\)?|2{_DASH}clause\s+BSD|Simplified\s+BSD\b", "BSD-2-Clause"),
    (rf"BSD{_DASH}+\(?3{_DASH}+clause\)?|3{_DASH}clause\s+BSD|(?:New|Revised)\s+BSD\b", "BSD-3-Clause"),
    (r"MIT-0\b", "MIT-0"),
    (r"(?-i:MIT)\b(?![-/]\w)", "MIT"),  # mit is a word
    (r"ISC(?=\s+licen[cs]e)", "ISC"),
    (r"(?:the\s+)?Unlicense\b", "Unlicense"),
    (r"0BSD\b", "0BSD"),
    (rf"PDDL{_DASH}*(?:v|version\s*)?1\.0", "PDDL-1.0"),
    (rf"ODC{_DASH}*By{_DASH}*(?:v|version\s*)?1\.0", "ODC-By-1.0"),
    (rf"ODbL{_DASH}*(?:v|version\s*)?1\.0", "ODbL-1.0"),
    (r"CDLA-Permissive-2\.0", "CDLA-Permissive-2.0"),
    (rf"(?:OGL(?:-UK)?|Open\s+Government\s+Licen[cs]e){_DASH}*(?:v|version\s*)?3\.0", "OGL-UK-3.0"),
    (r"(?:in\s+the\s+)?public[\s-]domain(?:\s+(?:mark|work))?\b", PUBLIC_DOMAIN),
    (r"(?:GNU\s+)?[AL]?GPL(?:[-\s]*v?\d(?:\.\d)?)?(?:-only|-or-later|\+)?", "LicenseRef-GPL"),
)
_NAME = re.compile(
    r"(?<![\w/-])(?:(?P<cc>"
    + "|".join(_CREATIVE_COMMONS)
    + ")|"
    + "|".join(f"(?P<other{number}>{pattern})" for number, (pattern, _) in enumerate(_OTHERS))
    + rf"){_WORD}(?![\w-])",
    re.IGNORECASE,
)
_LEAD = re.compile(
    r"(?:(?:it|all|they|these|files|images|data|everything)\s+)?(?:(?:is|are)\s+)?"
    r"(?:(?:released|published|distributed|shared|available|licen[cs]ed)\s+)?(?:under\s+)?(?:the\s+)?(?:a\s+)?"
    r"(?:licen[cs]e\s*:?\s*(?:is\s+)?)?(?:the\s+)?",
    re.IGNORECASE,
)
# Brackets may name where the licence is written down, and no files that it holds for.
_TAIL = re.compile(
    r"\s*(?:\((?:[^()`]|`[^`()]*(?:LICEN[CS]E|COPYING|README)[^`()]*`)*\)\s*)?\Z", re.IGNORECASE
)
_CLAUSES = re.compile(r"[.;,](?=\s|\Z)|\s[\u2013\u2014]\s|\s-\s")
_REPOSITORY = re.compile(
    r"\b(?:repositor(?:y|ies)|package|pip|pypi|conda|npm|cran|github|gitlab|source distribution)\b"
    r"|\bLICEN[CS]E\b|\bCOPYING\b",
    re.IGNORECASE,
)
# What limits a use, wherever it stands beside a licence.
_GROUPS = r"(?:research|academic|educational?|teaching|internal|personal)"
_LIMITS = re.compile(
    r"\bnon[\s\u2010-\u2015-]*commercial|\bNC\b|\bND\b|\ball rights reserved\b"
    r"|\bredistribut\w*|\bpermi(?:t|tted|ts|ssions?)\b|\breproduced\b|\bproprietary\b|\bconfidential\b|\bDUA\b"
    r"|\b(?:no|not|for) distribut\w*|\bdata use agreement\b|\bterms of use\b|\bon request\b"
    r"|\bcreative commons\b"
    rf"|\b{_GROUPS}\b[^.]{{0,30}}\bonly\b|\bonly\b[^.]{{0,20}}\b{_GROUPS}\b",
    re.IGNORECASE,
)
# What makes a statement less than one; in other sentences these words are about something else.
_DOUBTS = re.compile(
    r"\bexcept\w*|\bunless\b|\bexclud\w*|\bother than\b|\bportions?\b|\bnot\b|\bno licen[cs]e\b|\bbut\b"
    r"|\bun(?:known|clear|sure|verified|certain|licen[cs]ed)\b|\bassum\w*|\bprobably\b|\bpresumably\b"
    r"|\bperhaps\b|\bmaybe\b|\bmay be\b|\bsome\b|\bmost\b|\bothers?\b|\bpartly\b|\bmixed\b|\bvarious\b"
    r"|\blicen[cs]es\b|\brestrict\w*|\bhowever\b|\?|\bformerly\b|\bpreviously\b|\bchanged\b|\bcode\b"
    r"|\bsoftware\b(?!\s+licen[cs]e)|\bonly\b",
    re.IGNORECASE,
)
_OF_RIGHTS = re.compile(
    r"licen[cs]|\brights?\b|\bterms\b|\buse[ds]?\b|\breleas|verif|copyright|\bfree\b|\bown(?:er|ed|s)\b"
    r"|\bconsent|\bstated\b|\bknown\b|\bpublic\b|\bprovenance\b|\borigin",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Named:
    """A licence that words name: its SPDX id and the words."""

    spdx: str
    words: str


def names_in(text: str) -> tuple[Named, ...]:
    """Every licence that ``text`` names, in order; ``MIT`` alone may be the university and is left out
    unless the words are about licences, repositories or packages."""
    of_repository = _REPOSITORY.search(text) is not None
    return tuple(
        Named(_spdx(match), match.group().strip())
        for match in _NAME.finditer(text)
        if of_repository or not _may_be_university(match)
    )


def stated_in(text: str, *, sure: bool) -> tuple[Named, ...]:
    """The licences that are clauses of their own in ``text``.

    ``sure`` says that the text is about a licence ("Licence: MIT"); elsewhere ``MIT`` needs a repository,
    package or licence file beside it.
    """
    found = []
    of_repository = _REPOSITORY.search(text) is not None
    for clause in _clauses(text):
        lead = _LEAD.match(clause)
        match = _NAME.match(clause, lead.end() if lead else 0) or _NAME.match(clause)
        if match is None or not _TAIL.match(clause, match.end()):
            continue
        if sure or of_repository or not _may_be_university(match):
            found.append(Named(_spdx(match), clause[: match.end()].strip()))
    return tuple(found)


def only_name(text: str) -> str:
    """The SPDX id of the licence that is all of ``text``; empty where it is more, less or none."""
    text = text.strip().strip("*_\"'<>").removesuffix(".").strip()
    match = _NAME.fullmatch(text)
    return _spdx(match) if match else ""


def limits(text: str) -> str:
    """The words of ``text`` that limit what may be done, or that name Creative Commons without saying which
    of its licences; empty where there are none. The names of licences themselves do not count."""
    found = _LIMITS.search(_NAME.sub(" ", text))
    return found.group() if found else ""


def doubts(text: str) -> str:
    """The words that make a statement less than one ("except", "not verified", "some"), or ``limits``.

    Sentences that are about something else than origin and rights may hold such words.
    """
    if limit := limits(text):
        return limit
    for sentence in re.split(r"[.;](?=\s|\Z)", text):
        bare, named = _NAME.subn(" ", sentence)
        found = _DOUBTS.search(bare)
        if found and (named or _OF_RIGHTS.search(bare)):
            return found.group()
    return ""


def agreed(found: Sequence[str]) -> tuple[str, ...]:
    """The distinct licences among ids; one without a version gives way to the same one with a version."""
    distinct = tuple(dict.fromkeys(found))
    return tuple(one for one in distinct if not any(_more_exact(other, one) for other in distinct))


def compatible(mentioned: str, given: str) -> bool:
    """Whether a mention is of the licence that was given, with or without its version."""
    return mentioned == given or _more_exact(given, mentioned) or _more_exact(mentioned, given)


def _more_exact(one: str, other: str) -> bool:
    """``CC-BY-4.0`` says more than ``LicenseRef-CC-BY``; it is no contradiction."""
    bare = other.removeprefix("LicenseRef-")
    return (
        other.startswith("LicenseRef-CC-")
        and re.fullmatch(rf"{re.escape(bare)}-\d\.\d(?:-[A-Z]+)?", one) is not None
    )


def _clauses(text: str) -> Iterator[str]:
    """Pieces between commas, semicolons, full stops and dashes; what brackets hold is not cut."""
    masked = re.sub(r"\([^()]*\)", lambda match: "\0" * len(match.group()), text)
    start = 0
    for match in _CLAUSES.finditer(masked):
        yield text[start : match.start()].strip()
        start = match.end()
    yield text[start:].strip()


def _spdx(match: re.Match[str]) -> str:
    if match.group("cc"):
        words = re.sub(r"\s+", " ", match.group("cc"))
        return from_name(re.sub(r"(?i)(?<=BY)/(?=NC|ND|SA)", "-", words)).spdx
    for number, (_, spdx) in enumerate(_OTHERS):
        if match.group(f"other{number}"):
            return spdx
    return UNKNOWN


def _may_be_university(match: re.Match[str]) -> bool:
    return match.group().strip().casefold() == "mit"
