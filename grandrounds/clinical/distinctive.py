"""Which words of a diagnosis give it away, and which may stand in a stem.

The rule. A diagnosis is cut into its words. A word is *generic* when it says where, how much, how
long, or names a process that many diseases share (``words.yaml`` lists them by group); every other
word of four letters or more is *distinctive*, and so are its relatives: words with the same stem
("tularemia", "tularemic", "tularensis"; "sarcoidosis", "sarcoid"). A stem counts when it has six
letters or more and no generic word begins with it ("endocarditis" does not make "endocardial"
tell). Names in "-itis" and "-oma" have only their own forms as relatives, because what stands before
the ending is an organ or a tissue.

Generic words give the answer away together: the name without its qualifiers ("pituitary adenoma"
of "clival ectopic pituitary adenoma"), or all its words near one another ("abscess of the liver").

A circumstance is not part of the name: what comes before "-induced" or after "in", "after",
"during" or "mimicking" ("ipilimumab-induced Graves' disease", "tularemia after a coyote bite").
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import yaml

from grandrounds.text import normalise, words


def _set(words_in_a_row: str) -> frozenset[str]:
    return frozenset(words_in_a_row.split())


SHORTEST_WORD = 4
SHORTEST_STEM = 6

_GROUPS = ("grammar", "qualifier", "anatomy", "process", "empty", "device", "common", "everyday")
_PREFIX = re.compile(
    r"^(?:bi|uni|intra|extra|para|peri|juxta|retro|sub|supra|infra|inter|trans|pre|post|multi|pan|non|hemi)(?=.{4})"
)
_BEFORE_CAUSE = _set("induced related associated mediated")
_CIRCUMSTANCE = _set(
    "in after following during mimicking presenting masquerading complicating treated simulating"
)
_JOINTS = _set("of due secondary caused from with and or by to without on at for plus the a an")
_NOT_PLURAL = _set("graves measles herpes diabetes rickets rabies mumps lens pancreas")
# Endings that make relatives, longest first; what is left is the stem.
_ENDINGS: tuple[str, ...] = (
    *("omatosis", "idosis", "iasis", "osis", "ation", "ition", "mia", "ism", "tion", "ion"),
    *("ia", "us", "um", "is", "a", "e", "y"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Giveaway:
    """What in a text gives one name away.

    ``phrases``: parts of the name, searched as phrases. ``exact``: distinctive words, in base form.
    ``stems``: beginnings of words. ``together``: words that tell when they stand near one another.
    """

    phrases: tuple[str, ...]
    exact: frozenset[str]
    stems: tuple[str, ...]
    together: frozenset[str]


@lru_cache(maxsize=4096)
def giveaway(name: str) -> Giveaway:
    """What gives the diagnosis ``name`` away besides the name itself."""
    core = _core(words(name))
    segments = _segments(core)
    exact = frozenset(base(word) for word in core if is_distinctive(word))
    phrases = tuple(dict.fromkeys(phrase for segment in segments for phrase in _phrases(segment)))
    return Giveaway(
        phrases=tuple(phrase for phrase in phrases if phrase != normalise(name)),
        exact=exact,
        stems=tuple(sorted({stem for word in exact for stem in _stems(word)})),
        together=_together(core),
    )


def is_distinctive(word: str) -> bool:
    """Whether ``word`` alone, out of a diagnosis, gives that diagnosis away."""
    word = normalise(word)
    return len(word) >= SHORTEST_WORD and word.isalpha() and not is_generic(word)


def is_generic(word: str) -> bool:
    """Whether ``word`` (or what is left of it without "bi-", "retro-" and the like) is in the list."""
    known = _vocabulary()
    word = base(word)
    return word in known or base(_PREFIX.sub("", word)) in known


def could_name(alias: str) -> bool:
    """Whether ``alias`` can be the name of a disease: "stroke" can, "lesion" or "femur" alone can't."""
    parts = words(alias)
    groups = [group for group in _GROUPS if group != "process"]
    return len(parts) > 1 or (len(parts) == 1 and not _in(parts[0], *groups))


@lru_cache(maxsize=65536)
def base(word: str) -> str:
    """``word`` normalised, in the singular, as its first equivalent ("hepatic" is "liver")."""
    single = _singular(normalise(word))
    return _equivalents().get(single, single)


def _singular(word: str) -> str:
    if len(word) < 5 or word in _NOT_PLURAL:
        return word
    for plural, single in (
        ("omata", "oma"),
        ("oses", "osis"),
        ("ases", "asis"),
        ("itides", "itis"),
        ("sses", "ss"),
        ("ies", "y"),
    ):
        if word.endswith(plural):
            return word[: -len(plural)] + single
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


@lru_cache(maxsize=1)
def _groups() -> dict[str, frozenset[str]]:
    read = yaml.safe_load(files("grandrounds.clinical").joinpath("words.yaml").read_text(encoding="utf-8"))
    return {name: frozenset(_singular(normalise(word)) for word in read[name].split()) for name in _GROUPS}


@lru_cache(maxsize=1)
def _equivalents() -> dict[str, str]:
    read = yaml.safe_load(files("grandrounds.clinical").joinpath("words.yaml").read_text(encoding="utf-8"))
    found: dict[str, str] = {}
    for row in read["equivalents"]:
        same = [_singular(normalise(word)) for word in row.split()]
        first = found.get(same[0], same[0])
        found.update(dict.fromkeys(same, first))
    return found


@lru_cache(maxsize=1)
def _vocabulary() -> frozenset[str]:
    return frozenset(base(word) for group in _groups().values() for word in group)


def _in(word: str, *groups: str) -> bool:
    single = _singular(normalise(word))
    return any(
        single in _groups()[group] or _PREFIX.sub("", single) in _groups()[group] for group in groups
    )


def _core(parts: list[str]) -> list[str]:
    """The words of a name without its circumstances."""
    for position, word in enumerate(parts):
        if position and word in _CIRCUMSTANCE:
            parts = parts[:position]
            break
    for position, word in reversed(list(enumerate(parts))):
        if word in _BEFORE_CAUSE and position + 1 < len(parts) and parts[position + 1] not in _JOINTS:
            return parts[position + 1 :]
    return parts


def _segments(parts: list[str]) -> list[list[str]]:
    found: list[list[str]] = [[]]
    for word in parts:
        if word in _JOINTS:
            found.append([])
        else:
            found[-1].append(word)
    return [segment for segment in found if segment]


def _phrases(segment: list[str]) -> list[str]:
    """The ends of a noun phrase that still name the disease, of two words or more."""
    while segment and _in(segment[0], "qualifier"):
        segment = segment[1:]
    found = []
    for start in range(len(segment) - 1):
        part = segment[start:]
        if (
            _in(part[-1], "empty")
            and start
            and all(_in(word, "qualifier", "anatomy", "empty") for word in part)
        ):
            continue
        if all(_in(word, "qualifier", "empty", "grammar") for word in part):
            continue
        found.append(" ".join(part))
    return found


def _stems(word: str) -> list[str]:
    """Beginnings that only relatives of ``word`` (in base form) have."""
    if word.endswith("itis"):
        return [word[:-1]]  # appendicitis, appendicitides; not appendiceal
    if word.endswith("oma"):
        return [word] if len(word) >= SHORTEST_STEM else []
    stem = word
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= SHORTEST_STEM:
            stem = word[: -len(ending)]
            break
    if len(stem) < SHORTEST_STEM or any(known.startswith(stem) for known in _vocabulary()):
        return [word] if len(word) >= SHORTEST_STEM else []
    return [stem]


def _together(parts: list[str]) -> frozenset[str]:
    """The words that tell the name when they stand near one another; empty when they would not."""
    content = {word for word in parts if not _in(word, "grammar", "qualifier") and len(word) > 2}
    telling = {word for word in content if not _in(word, "anatomy", "empty", "everyday")}
    return frozenset(map(base, content)) if len(content) > 1 and telling else frozenset()
