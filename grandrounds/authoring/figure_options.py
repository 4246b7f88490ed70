"""Wrong options for questions on figures: neighbours in the taxonomy that nothing beside the figure names.

Siblings come first, then what the taxonomy says is like the answer, then cousins; within a class the order
is drawn by the figure's id. None is an ancestor, descendant, synonym or near relative of anything that the
row's text names, asserted or not, nor of another option.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from grandrounds.authoring.figure_compose import TAXONOMY_ORIGIN, TERMINOLOGY_ORIGIN
from grandrounds.clinical.terminology import Concept, Terminology
from grandrounds.figures.taxonomy import Node, NodePath, Taxonomy
from grandrounds.fingerprint import unit_interval
from grandrounds.records.parts import OptionOrigin
from grandrounds.text import normalise


def sibling_options(
    taxonomy: Taxonomy,
    path: NodePath,
    *,
    said: Iterable[NodePath],
    evidence_id: str,
    count: int,
    modality: NodePath = (),
    fair: Callable[[Node], bool] = lambda _node: True,
) -> tuple[OptionOrigin, ...]:
    """At most ``count`` wrong options beside the node at ``path``.

    ``said`` are the paths that the row's text names; ``modality`` is the picture's, where known: what other
    modalities show comes last. ``fair`` may rule out more.
    """
    named = tuple(said)
    chosen: list[Node] = []
    titles = {normalise(taxonomy.node(path).title)}
    for node in _ranked(taxonomy, path, evidence_id=evidence_id, modality=modality):
        if len(chosen) == count:
            break
        if not fair(node) or any(
            taxonomy.related(node.path, other) for other in (*named, *(each.path for each in chosen))
        ):
            continue
        if normalise(node.title) not in titles:
            titles.add(normalise(node.title))
            chosen.append(node)
    return tuple(
        OptionOrigin(option=node.title, origin=TAXONOMY_ORIGIN, reference="/".join(node.path))
        for node in chosen
    )


def condition_options(
    concept: Concept, *, said: Iterable[str], evidence_id: str, count: int
) -> tuple[OptionOrigin, ...]:
    """At most ``count`` other conditions of the body system of ``concept``, none related to what is ``said``."""
    terminology = Terminology.load()
    named = (concept.name, *said)
    chosen: list[str] = []
    siblings = terminology.siblings(concept.name, body_system=concept.body_system)
    alike = [each for each in siblings if each.kind == concept.kind]
    ranked = sorted(alike, key=lambda each: unit_interval(evidence_id, each.name))
    for other in (*ranked, *(each for each in siblings if each.kind != concept.kind)):
        if len(chosen) == count:
            break
        if not any(terminology.related(other.name, name) for name in (*named, *chosen)):
            chosen.append(other.name)
    return tuple(
        OptionOrigin(option=name[:1].upper() + name[1:], origin=TERMINOLOGY_ORIGIN, reference=name)
        for name in chosen
    )


def seen_together(taxonomy: Taxonomy, one: NodePath, other: NodePath) -> bool:
    """Whether a picture of one place may show the other as well: they lie in one region, or in one part whose
    organs are not looked at one at a time."""
    if _regions(taxonomy, one) & _regions(taxonomy, other):
        return True
    return len(one) > 2 and one[:2] == other[:2] and not taxonomy.node(one[:2]).apart


def _regions(taxonomy: Taxonomy, path: NodePath) -> set[NodePath]:
    """The regions that a place lies in: its own where the file says any, else those of what it is part of."""
    for size in range(len(path), 0, -1):
        within = taxonomy.node(path[:size]).within
        if within:
            return set(within)
    return set()


def _ranked(taxonomy: Taxonomy, path: NodePath, *, evidence_id: str, modality: NodePath) -> list[Node]:
    ranked = [
        node
        for group in taxonomy.neighbours(path)
        for node in sorted(group, key=lambda node: unit_interval(evidence_id, "/".join(node.path)))
    ]
    return sorted(ranked, key=lambda node: not _shown_by(node, modality))


def _shown_by(node: Node, modality: NodePath) -> bool:
    return not node.seen_by or not modality or not set(node.seen_by).isdisjoint(modality)
