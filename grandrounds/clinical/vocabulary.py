"""The terms as files: concepts by body system, groups of concepts, and the words that place a diagnosis.

``concepts/SYSTEM.yaml`` holds ``kind: {name: "alias, alias < parent, parent"}``: one line a concept, as
flat strings load several times faster than nested lists. ``concepts/groups.yaml`` holds
``group: "parent, parent"``: parents that are no diagnosis themselves. ``body_systems.yaml`` holds for each
system the ``organs`` (where) and ``processes`` (what) that speak for it, and ``same_words``: adjective and
organ, Latin and English, as one word. A word that ends in ``-`` there is the beginning of a word.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from grandrounds.clinical.phrases import form, phrase_key
from grandrounds.errors import GrandRoundsError
from grandrounds.text import normalise

KINDS = (
    "neoplasm",
    "infection",
    "trauma",
    "vascular",
    "autoimmune",
    "metabolic",
    "congenital",
    "toxic",
    "degenerative",
    "inflammatory",
    "obstruction",
    "haemorrhage",
    "psychiatric",
    "genetic",
    "functional",
    "nutritional",
    "other",
)
BODY_SYSTEMS = (
    "cardiovascular",
    "respiratory",
    "gastrointestinal",
    "hepatobiliary",
    "renal_urological",
    "endocrine_metabolic",
    "neurological",
    "psychiatric",
    "musculoskeletal",
    "dermatological",
    "haematological",
    "immunological_rheumatological",
    "infectious",
    "ophthalmological",
    "ear_nose_throat",
    "dental_oral",
    "reproductive_obstetric",
    "toxicological",
    "genetic_developmental",
    "other",
)


class TerminologyError(GrandRoundsError):
    """A file of terms is missing or wrong; the message names the file and the term."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Concept:
    """One diagnosis: its usual name, other names, body system, kind of process, and direct parents."""

    name: str
    aliases: tuple[str, ...]
    body_system: str
    kind: str
    parents: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """Everything the files say. ``groups`` maps a group to its parents; ``organs`` and ``processes`` map a
    word form, or a beginning ending in ``-``, to systems; ``same_words`` maps a word form to another."""

    concepts: tuple[Concept, ...]
    groups: Mapping[str, tuple[str, ...]]
    organs: Mapping[str, tuple[str, ...]]
    processes: Mapping[str, tuple[str, ...]]
    same_words: Mapping[str, str]


def read_vocabulary(folder: Path) -> Vocabulary:
    """The vocabulary in ``folder``.

    Raises TerminologyError for a missing or malformed file, an unknown system or kind, a name or
    alias that stands for two concepts, and a circle of parents.
    """
    concepts: list[Concept] = []
    groups: dict[str, tuple[str, ...]] = {}
    for path in sorted((folder / "concepts").glob("*.yaml")):
        if path.stem == "groups":
            groups = {name: _listed(line) for name, line in _lines(path, _read(path)).items()}
        else:
            concepts.extend(_concepts(path))
    if not concepts:
        raise TerminologyError(f"{folder / 'concepts'} holds no concepts.", remedy=_REINSTALL)
    _check_names(concepts)
    _check_parents(concepts, groups)
    path = folder / "body_systems.yaml"
    placing = _read(path)
    _check_keys(path, placing, ("organs", "processes", "same_words"))
    return Vocabulary(
        concepts=tuple(concepts),
        groups=groups,
        organs=_placing_words(path, placing.get("organs")),
        processes=_placing_words(path, placing.get("processes")),
        same_words=_same_words(path, placing.get("same_words")),
    )


_REINSTALL = "Restore the file from the repository, or install grandrounds again."
_MEND = "Mend that line of the file."
# The C loader is ten times faster and reads the same language.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _read(path: Path) -> dict[str, Any]:
    try:
        loaded = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 (a safe loader)
    except (OSError, UnicodeDecodeError) as error:
        raise TerminologyError(f"{path} can't be read: {error}.", remedy=_REINSTALL) from error
    except yaml.YAMLError as error:
        raise TerminologyError(f"{path} is no YAML: {error}.", remedy=_MEND) from error
    if not isinstance(loaded, dict) or not all(isinstance(key, str) for key in loaded):
        raise TerminologyError(f"{path} must hold names at its top level.", remedy=_MEND)
    return loaded


def _check_keys(path: Path, found: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for key in found:
        if key not in known:
            raise TerminologyError(f"{path}: {key!r} is none of {', '.join(known)}.", remedy=_MEND)


def _lines(path: Path, table: Any) -> dict[str, str]:
    """A mapping of names to lines; an absent line is an empty one."""
    if table is None:
        return {}
    if not isinstance(table, dict):
        raise TerminologyError(f"{path}: expected names and lines, found {table!r}.", remedy=_MEND)
    lines = {}
    for name, line in table.items():
        if not isinstance(name, str) or not isinstance(line, str | None):
            raise TerminologyError(f"{path}: {name!r}: {line!r} is no name with a line.", remedy=_MEND)
        lines[name] = line or ""
    return lines


def _listed(line: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in line.split(",") if part.strip())


def _concepts(path: Path) -> list[Concept]:
    if path.stem not in BODY_SYSTEMS:
        raise TerminologyError(
            f"{path} is named after no body system.", remedy=f"Name it one of: {', '.join(BODY_SYSTEMS)}."
        )
    kinds = _read(path)
    _check_keys(path, kinds, KINDS)
    found = []
    for kind, table in kinds.items():
        for name, line in _lines(path, table).items():
            others, _, parents = line.partition("<")
            found.append(
                Concept(
                    name=name,
                    aliases=_listed(others),
                    body_system=path.stem,
                    kind=kind,
                    parents=_listed(parents),
                )
            )
    return found


def _check_names(concepts: list[Concept]) -> None:
    owners: dict[tuple[str, ...], str] = {}
    for concept in concepts:
        for name in (concept.name, *concept.aliases):
            key = phrase_key(name)
            if not key:
                raise TerminologyError(
                    f"{concept.name!r} has a name without letters: {name!r}.", remedy=_MEND
                )
            if key in owners:
                raise TerminologyError(
                    f"{name!r} stands for {owners[key]!r} and again for {concept.name!r}.",
                    remedy="Keep it with one of them.",
                )
            owners[key] = concept.name


def _check_parents(concepts: list[Concept], groups: Mapping[str, tuple[str, ...]]) -> None:
    above = {phrase_key(name): parents for name, parents in groups.items()}
    named_groups = frozenset(above)
    for concept in concepts:
        for name in (concept.name, *concept.aliases):
            if phrase_key(name) in named_groups:
                raise TerminologyError(f"{name!r} is a concept and a group.", remedy="Keep the concept.")
            above[phrase_key(name)] = concept.parents
    done: set[tuple[str, ...]] = set()

    def visit(name: str, path: Mapping[tuple[str, ...], str]) -> None:
        key = phrase_key(name)
        if key in path:
            circle = " < ".join((*path.values(), name))
            raise TerminologyError(f"Parents run in a circle: {circle}.", remedy="Remove one of them.")
        if key not in done:
            for parent in above.get(key, ()):
                visit(parent, {**path, key: name})
            done.add(key)

    for concept in concepts:
        visit(concept.name, {})
    for name in groups:
        visit(name, {})


def _placing_words(path: Path, table: Any) -> dict[str, tuple[str, ...]]:
    placing: dict[str, tuple[str, ...]] = {}
    for system, line in _lines(path, table).items():
        if system not in BODY_SYSTEMS:
            raise TerminologyError(f"{path}: {system!r} is no body system.", remedy=_MEND)
        for word in line.split():
            parts = normalise(word).split()
            if len(parts) != 1:
                raise TerminologyError(f"{path}: {word!r} of {system} is not one word.", remedy=_MEND)
            key = parts[0] + "-" if word.endswith("-") else form(parts[0])
            placing[key] = (*placing.get(key, ()), system)
    return placing


def _same_words(path: Path, table: Any) -> dict[str, str]:
    same: dict[str, str] = {}
    for word, line in _lines(path, table).items():
        for other in line.split():
            same[form(normalise(other))] = form(normalise(word))
    return same
