"""What the words beside a figure say of it: modality, anatomy, finding, diagnosis, procedure.

From the caption; where that is silent, from the clause of the running text that refers to the figure.
Each is told only where it is unambiguous, and with the words that told it; else the reason is said.
Everything named anywhere in the row, asserted or not, is known too: it is no fair wrong option.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from grandrounds.figures.reading_anatomy import read_anatomy
from grandrounds.figures.reading_diagnosis import read_diagnosis
from grandrounds.figures.reading_findings import read_finding, read_procedure
from grandrounds.figures.reading_modality import read_modality
from grandrounds.figures.reading_values import Told, Untold
from grandrounds.figures.taxonomy import (
    ANATOMY,
    DEPARTMENT,
    FINDING,
    MODALITY,
    PROCEDURE,
    NodePath,
    load_taxonomy,
)
from grandrounds.figures.vocabulary import fired
from grandrounds.records.figure import FigureRow
from grandrounds.records.parts import Label

DIAGNOSIS = "diagnosis"
__all__ = ["DIAGNOSIS", "FigureReading", "Told", "Untold", "read_figure"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureReading:
    """What is told of a figure. ``answers`` has an entry for each of modality, anatomy, finding,
    diagnosis and procedure; ``said`` the paths of a scheme that the row's text names at all."""

    answers: Mapping[str, Told | Untold]
    said: Mapping[str, frozenset[NodePath]]
    labels: tuple[Label, ...]


@lru_cache(maxsize=64)
def read_figure(row: FigureRow) -> FigureReading:
    """What the words of ``row`` tell. Same row, same reading."""
    modality = read_modality(row)
    anatomy = read_anatomy(row, modality=modality)
    answers = {
        MODALITY: modality,
        ANATOMY: anatomy,
        FINDING: read_finding(row),
        DIAGNOSIS: read_diagnosis(row),
        PROCEDURE: read_procedure(row),
    }
    said = {
        scheme: frozenset(each.path for each in fired(row.text, scheme))
        for scheme in (MODALITY, ANATOMY, FINDING, PROCEDURE)
    }
    return FigureReading(answers=answers, said=said, labels=labels_of(told_paths(modality, anatomy)))


def labels_of(paths: Mapping[str, NodePath]) -> tuple[Label, ...]:
    """The labels of a picture with these paths in modality and anatomy, and the department that follows."""
    department = department_of(paths)
    known = {**paths, DEPARTMENT: department} if department else dict(paths)
    return tuple(Label(scheme=scheme, path=path) for scheme, path in sorted(known.items()))


def told_paths(*answers: Told | Untold) -> dict[str, NodePath]:
    """What holds for the whole figure; what is told of one panel alone is no label."""
    return {
        each.scheme: each.path
        for each in answers
        if isinstance(each, Told) and each.scheme in (MODALITY, ANATOMY) and not each.subject
    }


def department_of(paths: Mapping[str, NodePath]) -> NodePath:
    """The department that a picture with these labels safely belongs to; empty where several could have it.

    The deepest place in the anatomy that a department claims decides, else the modality.
    """
    taxonomy = load_taxonomy(DEPARTMENT)
    for scheme in (ANATOMY, MODALITY):
        own = paths.get(scheme, ())
        claims = {
            node.path: len(claim)
            for node in taxonomy.nodes
            for claim in node.links.get(scheme, ())
            if own[: len(claim)] == claim
        }
        if claims:
            deepest = max(claims.values())
            best = [path for path, depth in claims.items() if depth == deepest]
            return best[0] if len(best) == 1 else ()
    return ()
