"""Diagnoses, their other names, and how they stand to one another: what a gate or author must know.

A working vocabulary, not a classification. It errs on calling two diagnoses related: an option that is
a synonym or parent of the answer spoils an item, while one option fewer does not.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from grandrounds.clinical.likeness import alike, head_end, said_end
from grandrounds.clinical.phrases import Words, cut, phrase_key
from grandrounds.clinical.placing import Placer
from grandrounds.clinical.vocabulary import (
    BODY_SYSTEMS,
    KINDS,
    Concept,
    TerminologyError,
    Vocabulary,
    read_vocabulary,
)
from grandrounds.records.parts import Span
from grandrounds.text import normalise, words

__all__ = ["BODY_SYSTEMS", "KINDS", "Concept", "Mention", "Terminology", "TerminologyError"]

_CONTEXT_LENGTH = 20_000  # characters of context that are read
_FOLDER = Path(__file__).resolve().parent
# Abbreviations that are also everyday words or stand for several things: never in small letters.
_ALSO_WORDS = frozenset(
    words(
        "ada aids all als bad can card crest dic dish face fat gist hit ida led mac mash men mods pan "
        "pans pots rest sad sars soap tap tars trap traps was"
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A concept and where a text names it."""

    concept: Concept
    span: Span


@dataclass(frozen=True, slots=True)
class _Name:
    """One name of a concept; ``capitals`` when it counts only as written."""

    concept: Concept
    written: str
    capitals: bool


class Terminology:
    """The concepts, found by name, and compared. Make one with ``load`` or ``read``; it never changes."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.concepts: tuple[Concept, ...] = vocabulary.concepts
        self.body_systems: tuple[str, ...] = BODY_SYSTEMS
        self._vocabulary = vocabulary
        self._placer = Placer(vocabulary)
        self._names: dict[tuple[str, ...], _Name] = {}
        for concept in vocabulary.concepts:
            for written in (concept.name, *concept.aliases):
                self._names[phrase_key(written)] = _Name(concept, written, _only_as_written(written))
        self._lengths = _lengths_by_first_word(self._names)
        self._ancestors = _ancestors(vocabulary, self._names)
        self._group_systems = self._systems_of_groups()

    @classmethod
    def load(cls) -> Terminology:
        """The terms that ship with the package, read once a process. Raises TerminologyError."""
        return _load()

    @classmethod
    def read(cls, folder: Path) -> Terminology:
        """The terms in ``folder``, laid out as the module ``vocabulary`` says. Raises TerminologyError."""
        return cls(read_vocabulary(folder))

    def concept_of(self, text: str) -> Concept | None:
        """The concept that ``text`` is, else the most specific one it names.

        Among several named, one that ends the head noun phrase ("stroke after a cardiac myxoma": stroke)
        comes before others in that phrase, and these before the rest; then the longest name wins. What
        comes after "mimicking" or "versus" is not the diagnosis.
        """
        exact = self._exact(text)
        if exact is not None:
            return exact
        told = cut(text)
        until = head_end(told)
        said = said_end(told)
        found = [each for each in self._candidates(told) if each[0] < said]
        if not found:
            return None

        def rank(candidate: tuple[int, int, Concept]) -> tuple[bool, bool, int, int]:
            start, count, _ = candidate
            end = start + count
            return (end == until, end <= until, count, start if end <= until else -start)

        return max(found, key=rank)[2]

    def mentions(self, text: str) -> tuple[Mention, ...]:
        """Every naming of a concept in ``text``, in reading order; where two overlap, the longer stands."""
        told = cut(text)
        taken: set[int] = set()
        kept: list[tuple[int, int, Concept]] = []
        for start, count, concept in sorted(self._candidates(told), key=lambda each: (-each[1], each[0])):
            places = range(start, start + count)
            if taken.isdisjoint(places):
                taken.update(places)
                kept.append((start, count, concept))
        kept.sort(key=lambda each: each[0])
        return tuple(
            Mention(concept=concept, span=told.span(start, count)) for start, count, concept in kept
        )

    def names_of(self, diagnosis: str) -> tuple[str, ...]:
        """``diagnosis`` first, then the other names of the concept that it is, if any."""
        concept = self._exact(diagnosis)
        names = [diagnosis] if concept is None else [diagnosis, concept.name, *concept.aliases]
        first: dict[str, str] = {}
        for name in names:
            first.setdefault(normalise(name), name)
        return tuple(first.values())

    def related(self, a: str, b: str) -> bool:
        """Whether one diagnosis is, or may well be, the other: same, synonym, or one a kind of the other.

        Symmetric and reflexive, not transitive: two siblings are not related though both are to
        their parent. Unknown diagnoses are compared by their words (see ``likeness.alike``).
        """
        key_a, key_b = phrase_key(a), phrase_key(b)
        if key_a == key_b:
            return bool(key_a) or a == b
        if not key_a or not key_b:
            return False
        exact_a, exact_b = self._exact_key(a, key_a), self._exact_key(b, key_b)
        if exact_a is not None and exact_b is not None and self._in_line(exact_a, exact_b):
            return True
        same_words = self._vocabulary.same_words
        if exact_a is not None and exact_b is not None:
            return alike(a, b, same_words=same_words, whole=True)
        near_a, near_b = exact_a or self._near_key(a), exact_b or self._near_key(b)
        if near_a is not None and near_b is not None:
            if self._in_line(near_a, near_b):
                return True
            if not self._parents(near_a).isdisjoint(self._parents(near_b)):
                return alike(a, b, same_words=same_words, whole=True)
        return alike(a, b, same_words=same_words, whole=False)

    def body_system(self, diagnosis: str, context: str = "") -> str:
        """The body system of ``diagnosis``; ``context`` decides only where the diagnosis itself does not.

        Organs weigh more than processes: an abscess of the liver is hepatobiliary, not infectious.
        ``other`` when nothing speaks for any system.
        """
        exact = self._exact(diagnosis)
        if exact is not None:
            return exact.body_system
        of_group = self._group_systems.get(phrase_key(diagnosis), frozenset())
        if len(of_group) == 1:
            return next(iter(of_group))
        return self._placer.place(
            cut(diagnosis), self.concept_of(diagnosis), cut(context[:_CONTEXT_LENGTH])
        )

    def siblings(self, diagnosis: str, *, body_system: str) -> tuple[Concept, ...]:
        """The concepts of ``body_system`` that could stand beside ``diagnosis`` as other answers.

        None is related to it. The same kind of process comes first, and of these those with a common
        parent; general concepts ("pneumonia") come after special ones. Within that the order looks
        random but depends on the diagnosis alone, so that different diagnoses get different neighbours.
        """
        own = self.concept_of(diagnosis)
        kind = own.kind if own else self._placer.kind_of(cut(diagnosis))
        parents = self._parents(phrase_key(own.name)) if own else frozenset()
        salt = normalise(diagnosis).encode()

        def rank(concept: Concept) -> tuple[bool, bool, bool, bytes]:
            key = phrase_key(concept.name)
            mixed = blake2b(salt + b"\0" + concept.name.encode(), digest_size=8).digest()
            near = not parents.isdisjoint(self._parents(key))
            return (concept.kind != kind, key in self._group_systems, not near, mixed)

        fit = (each for each in self.concepts if each.body_system == body_system)
        return tuple(sorted((each for each in fit if not self.related(diagnosis, each.name)), key=rank))

    def _exact(self, text: str) -> Concept | None:
        name = self._names.get(phrase_key(text)) if len(text) < 200 else None
        if name is None:
            return None
        written = text.strip()
        strict = name.capitals and (len(name.written) < 3 or name.written.casefold() in _ALSO_WORDS)
        return None if strict and written.rstrip("s") != name.written.rstrip("s") else name.concept

    def _exact_key(self, text: str, key: tuple[str, ...]) -> tuple[str, ...] | None:
        """The key of the concept or group that ``text`` is."""
        concept = self._exact(text)
        if concept is not None:
            return phrase_key(concept.name)
        return key if key in self._ancestors and key not in self._names else None

    def _near_key(self, text: str) -> tuple[str, ...] | None:
        concept = self.concept_of(text)
        return None if concept is None else phrase_key(concept.name)

    def _systems_of_groups(self) -> dict[tuple[str, ...], frozenset[str]]:
        """For each parent, concept or not, the body systems of the concepts below it."""
        systems: dict[tuple[str, ...], set[str]] = {}
        for concept in self.concepts:
            for above in self._ancestors[phrase_key(concept.name)][1]:
                systems.setdefault(above, set()).add(concept.body_system)
        return {key: frozenset(found) for key, found in systems.items()}

    def _in_line(self, a: tuple[str, ...], b: tuple[str, ...]) -> bool:
        return a == b or a in self._ancestors[b][1] or b in self._ancestors[a][1]

    def _parents(self, key: tuple[str, ...]) -> frozenset[tuple[str, ...]]:
        return self._ancestors[key][0]

    def _candidates(self, told: Words) -> Iterator[tuple[int, int, Concept]]:
        """Every (first word, number of words, concept) that stands in ``told``, overlaps and all."""
        forms = told.forms
        for start, first in enumerate(forms):
            for count in self._lengths.get(first, ()):
                name = self._names.get(forms[start : start + count])
                if name is None or start + count > len(forms) or not told.joined(start, count):
                    continue
                if not name.capitals or _stands_in_capitals(told, start, name.written):
                    yield start, count, name.concept


@functools.cache
def _load() -> Terminology:
    return Terminology.read(_FOLDER)


def _only_as_written(name: str) -> bool:
    """Whether ``name`` is a short abbreviation: one word in capitals."""
    short = name.isalnum() and len(name) <= 5
    return short and sum(char.isupper() for char in name) * 2 > len(name)


def _stands_in_capitals(told: Words, index: int, written: str) -> bool:
    surface = told.surface(index)
    if surface not in (written, written + "s"):
        return False
    # Beside a longer word in capitals the text shouts ("ALL PATIENTS") and capitals say nothing.
    beside = (told.surface(near) for near in (index - 1, index + 1) if 0 <= near < len(told.forms))
    return not any(len(word) > 5 and word.isupper() and word.isalpha() for word in beside)


def _lengths_by_first_word(keys: Iterable[tuple[str, ...]]) -> dict[str, tuple[int, ...]]:
    lengths: dict[str, set[int]] = {}
    for key in keys:
        lengths.setdefault(key[0], set()).add(len(key))
    return {first: tuple(sorted(counts, reverse=True)) for first, counts in lengths.items()}


_Keys = frozenset[tuple[str, ...]]


def _ancestors(
    vocabulary: Vocabulary, names: dict[tuple[str, ...], _Name]
) -> dict[tuple[str, ...], tuple[_Keys, _Keys]]:
    """For each concept and group, by key: its parents, and all that stands above it."""

    def key_of(name: str) -> tuple[str, ...]:
        key = phrase_key(name)
        return phrase_key(names[key].concept.name) if key in names else key

    direct = {phrase_key(name): parents for name, parents in vocabulary.groups.items()}
    direct.update((phrase_key(concept.name), concept.parents) for concept in vocabulary.concepts)
    for parents in list(direct.values()):
        for parent in parents:
            direct.setdefault(key_of(parent), ())
    found: dict[tuple[str, ...], tuple[_Keys, _Keys]] = {}

    def above(key: tuple[str, ...]) -> _Keys:
        if key not in found:
            parents = frozenset(key_of(parent) for parent in direct[key])
            found[key] = (parents, parents.union(*(above(parent) for parent in parents)))
        return found[key][1]

    for key in direct:
        above(key)
    return found
