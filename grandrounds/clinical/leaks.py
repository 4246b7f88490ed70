"""What gives an answer away: its name in any form, and what was written after the diagnosis was known.

One function for the author (who cuts there), the gates and ``grandrounds verify`` (which refuse).
It needs no terminology: callers pass the aliases they know. Same text, same answer, same leaks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from grandrounds.clinical.distinctive import Giveaway, base, could_name, giveaway
from grandrounds.clinical.residue import find_furniture, find_post_diagnosis
from grandrounds.records.parts import Span
from grandrounds.text import find_phrase, normalise, words

VERBATIM, ALIAS, ABBREVIATION, PARTIAL = "verbatim", "alias", "abbreviation", "partial"
POST_DIAGNOSIS, FURNITURE = "post_diagnosis", "furniture"
NAMING_KINDS = frozenset({VERBATIM, ALIAS, ABBREVIATION, PARTIAL})
KINDS = (VERBATIM, ALIAS, ABBREVIATION, PARTIAL, POST_DIAGNOSIS, FURNITURE)

# A word as printed: letters with their accents, apostrophes and invisible break marks.
_WORD = re.compile(r"[^\W_](?:[^\W_]|[\u0300-\u036f\u00ad\u200b-\u200d\u2060'\u2019])*")
_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200d\u2060]")
_ABBREVIATION = re.compile(r"(?=(?:.*[A-Z]){2})[A-Z][A-Za-z0-9]*(?:-[A-Z0-9]+)*")
_LONGEST_ABBREVIATION = 6
_VIEW = re.compile(r"\s+(?:view|projection|radiograph|film|x-?ray|diameter|and\s+lateral)\b", re.IGNORECASE)
# Words between the words of a name that may stand apart ("an abscess in the right lobe of the liver").
_APART = 5
# Characters before a bracket in which a long form is looked for.
_LONG_FORM = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """One place that gives the answer away.

    ``kind`` is one of ``KINDS``; ``span`` counts code points of the searched text and ``text`` is
    what stands there. ``post_diagnosis`` covers the whole sentence, the others only the words.
    """

    kind: str
    span: Span
    text: str


def find_leaks(text: str, *, answer: str, aliases: Sequence[str] = ()) -> tuple[Leak, ...]:
    """Every leak of ``answer`` in ``text``, sorted by place.

    Naming kinds: ``verbatim`` (the answer; any case, hyphens, plural, accents, spelling side),
    ``alias``, ``abbreviation`` (as written, in capitals), ``partial`` (a distinctive part of a
    name; see ``grandrounds.clinical.distinctive``). Residue kinds, whatever the answer is:
    ``post_diagnosis`` and ``furniture`` (see ``grandrounds.clinical.residue``). A place that
    several rules find is reported once, by the first of them in that order.
    """
    named: list[Leak] = []
    for kind, spans in _naming(text, answer, tuple(aliases)):
        for span in spans:
            if not any(span.start < leak.span.end and leak.span.start < span.end for leak in named):
                named.append(_leak(text, kind, span))
    residue = [_leak(text, POST_DIAGNOSIS, span) for span in find_post_diagnosis(text)]
    residue += [_leak(text, FURNITURE, span) for span in find_furniture(text)]
    return tuple(sorted(named + residue, key=lambda leak: (leak.span.start, leak.span.end, leak.kind)))


def names_answer(leaks: Iterable[Leak]) -> tuple[Leak, ...]:
    """Those of ``leaks`` that name the answer, as against residue of what came after the diagnosis."""
    return tuple(leak for leak in leaks if leak.kind in NAMING_KINDS)


def defined_abbreviations(text: str, names: Sequence[str]) -> tuple[str, ...]:
    """The short forms that ``text`` itself gives one of ``names``: "aortoenteric fistula (AEF)"."""
    found: dict[str, None] = {}
    for name in names:
        for span in find_phrase(text, name):
            match = re.compile(r"\s*[(\[]\s*([A-Za-z][A-Za-z0-9-]{1,7})\s*[)\],;:]").match(text, span.end)
            if match and is_abbreviation(match.group(1).rstrip("s")):
                found[match.group(1).rstrip("s")] = None
    return tuple(found)


def is_abbreviation(alias: str) -> bool:
    """Whether ``alias`` is a short form, which counts only as written."""
    return len(alias) <= _LONGEST_ABBREVIATION and _ABBREVIATION.fullmatch(alias) is not None


def _leak(text: str, kind: str, span: Span) -> Leak:
    return Leak(kind=kind, span=span, text=span.of(text))


def _naming(text: str, answer: str, aliases: tuple[str, ...]) -> Iterable[tuple[str, Sequence[Span]]]:
    short = tuple(alias for alias in (answer, *aliases) if is_abbreviation(alias))
    names = tuple(name for name in (answer, *aliases) if not is_abbreviation(name))
    if answer in names:
        yield VERBATIM, find_phrase(text, answer)
    for alias in names:
        if alias != answer and could_name(alias):
            yield ALIAS, find_phrase(text, alias)
    for form in dict.fromkeys((*short, *_initials(names))):
        yield ABBREVIATION, _find_abbreviation(text, form, (answer, *aliases))
    known = tuple(giveaway(name) for name in names)
    for phrase in dict.fromkeys(phrase for one in known for phrase in one.phrases):
        yield PARTIAL, find_phrase(text, phrase)
    yield PARTIAL, _find_parts(text, known)


def _initials(names: tuple[str, ...]) -> list[str]:
    """Initials of names of three to six words ("GBS"); two letters would mean too many things."""
    found = []
    for name in names:
        parts = [part for part in words(name) if part not in {"of", "the", "and", "with", "in", "to", "s"}]
        if 3 <= len(parts) <= _LONGEST_ABBREVIATION and all(part.isalpha() for part in parts):
            found.append("".join(part[0] for part in parts).upper())
    return found


def _find_abbreviation(text: str, form: str, names: tuple[str, ...]) -> list[Span]:
    """Where ``form`` stands as written, unless the text says that it is short for something else."""
    found = [
        Span(start=match.start(), end=match.end())
        for match in re.finditer(rf"(?<![^\W_]){re.escape(form)}s?(?![^\W_])", text)
        if not _VIEW.match(text, match.end())
    ]
    return [] if found and _means_other(text, form, names) else found


def _means_other(text: str, form: str, names: tuple[str, ...]) -> bool:
    """Whether ``text`` defines ``form`` as something else: "anteroposterior projection (AP)"."""
    letters = [letter.lower() for letter in form if letter.isalpha()]
    ours = {word for name in names for word in words(name)}
    for match in re.finditer(rf"[(\[]\s*{re.escape(form)}\s*[)\]]", text):
        before = words(text[max(0, match.start() - _LONG_FORM) : match.start()])
        initials = before[-len(letters) :]
        if [word[0] for word in initials] == letters and not ours.issuperset(initials):
            return True
        if before and before[-1] not in ours and _spells(before[-1], letters):
            return True
    return False


def _spells(word: str, letters: Sequence[str]) -> bool:
    """Whether ``letters`` stand in ``word`` in order, from its first on ("anteroposterior", AP)."""
    rest = iter(word)
    return word[:1] == letters[0] and all(letter in rest for letter in letters)


@lru_cache(maxsize=16)
def _printed_words(text: str) -> tuple[tuple[str, str, Span], ...]:
    """The words of ``text``: normalised, in base form, and where they stand."""
    found = []
    for match in _WORD.finditer(text):
        word, single = _read_word(match.group())
        if word:
            found.append((word, single, Span(start=match.start(), end=match.end())))
    return tuple(found)


@lru_cache(maxsize=65536)
def _read_word(printed: str) -> tuple[str, str]:
    """A printed word normalised, and in base form."""
    word = normalise(_INVISIBLE.sub("", printed)).replace(" ", "")
    return word, base(word)


def _find_parts(text: str, known: Sequence[Giveaway]) -> list[Span]:
    exact = frozenset().union(*(one.exact for one in known))
    stems = tuple({stem: None for one in known for stem in one.stems})
    printed = _printed_words(text)
    found = [
        span for word, single, span in printed if single in exact or (stems and word.startswith(stems))
    ]
    for wanted in dict.fromkeys(one.together for one in known if one.together):
        found += _find_together(text, printed, wanted)
    return found


def _find_together(
    text: str, printed: tuple[tuple[str, str, Span], ...], wanted: frozenset[str]
) -> list[Span]:
    """Where all of ``wanted`` stand within few words of one another, inside one sentence."""
    found: list[Span] = []
    seen: dict[str, int] = {}
    for position, (_, single, span) in enumerate(printed):
        if single not in wanted:
            continue
        seen[single] = position
        first = min(seen.values())
        if len(seen) < len(wanted) or position - first > len(wanted) + _APART:
            continue
        area = Span(start=printed[first][2].start, end=span.end)
        if not re.search(r"[.;!?]\s", area.of(text)) and not (found and area.start < found[-1].end):
            found.append(area)
    return found
