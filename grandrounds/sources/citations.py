"""Taking bibliographic references out of running text without leaving brackets and commas behind.

Readers write one stand-in character per cited work and remember the printed words beside it
(``cite``). ``remove`` then takes out the stand-ins with the brackets, commas, dashes and
superscripts that belong to them. A work cited by its author's name as part of the sentence
("Smith et al. described ...") is prose: it stays, marked as a ``reference``.
"""

from __future__ import annotations

import re

from grandrounds.sources.marked_text import MarkedText

# Two code points that XML forbids, so no document can hold them.
_NUMBER, _YEAR = "\uffff", "\ufffe"
_ANY = f"[{_NUMBER}{_YEAR}]"
_CITE = "cite"

_WORDS = (
    r"see|also|e\.g\.|eg|i\.e\.|cf\.?|for|reviews?|reviewed|in|by|and|or|to|the|of|refs?\.?|references?|therein"
    r"|al\.?|et|recent|examples?|details?|ibid\.?|more|other|others|such|as|from|with|data|after|adapted"
)
_SEPARATOR = r"[\s,;:/&.\u2010-\u2015\u2212-]"
# Possessive, so that a bracket that turns out to hold prose costs linear time.
_ROUND = rf"\((?=[^()\[\]]{{0,300}}{_ANY})(?:{_ANY}|\b(?:{_WORDS})(?!\w)|{_SEPARATOR})*+\)"
_SQUARE = (
    rf"\[(?=[^()\[\]]{{0,300}}{_ANY})(?:{_ANY}|\b(?:{_WORDS})(?!\w)|\d++[a-z]?(?!\w)|{_SEPARATOR})*+\]"
)
_NAME = r"[A-Z\u00c0-\u00de][\w'\u2019-]{0,40}"
_AUTHOR_YEAR = (
    rf"[(\[]\s*(?:(?:{_WORDS})[\s,]+){{0,4}}(?:(?:{_NAME}(?:\s+{_NAME})?(?:\s+(?:and|&)\s+{_NAME}|,?\s+et\s+al\.?)?,?\s*)?"
    rf"{_YEAR}(?:\s*,\s*{_YEAR}){{0,9}}\s*[;,]?\s*){{1,20}}[)\]]"
)
_BARE = rf"{_ANY}(?:\s*(?:[,;/\u2010-\u2015\u2212-]|and\b|&)?\s*{_ANY})*+"
_GROUP = re.compile(rf"(?:(?P<comma>[,;])?\s*)(?P<group>{_ROUND}|{_SQUARE}|{_AUTHOR_YEAR})", re.UNICODE)
_LOOSE = re.compile(rf"(?:(?P<comma>[,;])?\s*)(?P<group>{_BARE})")
_AFTER_OPENING = re.compile(rf"(?<=[(\[]){_ANY}\s*[,;]\s*")
_NEEDS_NUMBER = re.compile(r"\b(?:refs?\.?|references?|citations?)\s*$", re.IGNORECASE)
_NAMED = re.compile(r"[^\W\d_]{2,}")
_YEAR_ONLY = re.compile(r"^(?:19|20)\d\d[a-z]?$")
_STAND_IN = re.compile(_ANY)
_SPACES = re.compile(r"\s+")


def cite(words: MarkedText, printed: str, *, target: str = "") -> None:
    """Append a citation that is printed as ``printed`` ("3", "[3]", "Smith et al., 2010", "2010a").

    Brackets that the printed words open or close stay outside the stand-in.
    """
    lead, inner, tail = _unwrapped(printed.strip())
    if lead and tail and _NAMED.search(inner) is None:
        lead = tail = ""  # "[3]" may itself stand in brackets with others
    words.add(lead)
    start = len(words)
    words.add(_YEAR if _YEAR_ONLY.match(inner) else _NUMBER)
    words.mark(_CITE, start, target=f"{target}\t{inner}")
    words.add(tail)


def without_stand_ins(text: str) -> str:
    """``text`` without characters that could be taken for a citation (plain text may hold them)."""
    return text.replace(_NUMBER, "").replace(_YEAR, "")


def remove(words: MarkedText) -> int:
    """Take the citations out of ``words``; the answer, added to ``cited``, is how many they were."""
    count = sum(place.kind == _CITE for place in words.places)
    words.cited += count
    if not count:
        return 0
    words.sub(_GROUP, _closed_up)
    words.sub(_AFTER_OPENING, "")
    _restore_prose(words)
    words.sub(_LOOSE, _closed_up)
    words.places = [place for place in words.places if place.kind != _CITE]
    return count


def _unwrapped(printed: str) -> tuple[str, str, str]:
    """``printed`` as opening brackets, words, and closing brackets that the words don't open."""
    inner = printed.lstrip("([ ")
    lead = printed[: len(printed) - len(inner)]
    while inner[-1:] in (")", "]", " ") and inner:
        opening = {")": "(", "]": "["}.get(inner[-1], "")
        if opening and inner.count(opening) >= inner.count(inner[-1]):
            break
        inner = inner[:-1]
    return lead, inner, printed[len(lead) + len(inner) :]


def _closed_up(match: re.Match[str]) -> str:
    """What stands where a citation stood: nothing, or the space or comma that its absence needs."""
    text = match.string
    before = text[match.start() - 1 : match.start()] if match.start() else ""
    after = text[match.end() : match.end() + 1]
    following = text[match.end() : match.end() + 8].lstrip()[:1]
    comma = match.group("comma") or ""
    if comma and (not following or following in ",;.:)]"):
        comma = ""
    needs_space = bool(after) and not after.isspace() and after not in ",;.:)]}?!%'\"\u2019\u201d/-\u2013"
    opens = (comma or before) in ("", "(", "[", " ", "\n", "/", "-", "\u2013")
    return comma + (" " if needs_space and not opens else "")


def _restore_prose(words: MarkedText) -> None:
    """Write authors' names, and numbers that a sentence needs ("see reference 4"), back as words."""
    text = words.text
    back: dict[int, str] = {}
    for place in words.places:
        if place.kind != _CITE:
            continue
        target, _, printed = place.target.partition("\t")
        named = _NAMED.search(printed) is not None
        if named or _NEEDS_NUMBER.search(text[max(0, place.start - 16) : place.start]):
            back[place.start] = _SPACES.sub(" ", printed)
            place.kind, place.target = "reference", target
    if back:
        words.sub(_STAND_IN, lambda match: back.get(match.start(), match.group()))
