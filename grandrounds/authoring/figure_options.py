"""Wrong options for questions on figures: neighbours in the taxonomy that nothing beside the figure names.

Siblings come first, then what the taxonomy says is like the answer, then cousins; within a class the order
is drawn by the figure's id. None is an ancestor, descendant, synonym or near relative of anything that the
row's text names, asserted or not, nor of another option.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from grandrounds.authoring.figure_compose import TAXONOMY_ORIGIN, TERMINOLOGY_ORIGIN
from grandrounds.clinical.terminology import Concept, Terminology
from grandrounds.figures.taxonomy import Node, NodePath, Taxonomy
from grandrounds.fingerprint import unit_interval
from grandrounds.records.parts import OptionOrigin
from grandrounds.text import contains_phrase

_Thing = TypeVar("_Thing")
_WEIGHED = 24  # conditions of one kind that are weighed; comparing all with all costs seconds


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
    own = taxonomy.node(path)
    chosen: list[Node] = []

    def fits(node: Node) -> bool:
        others = (*named, *(each.path for each in chosen))
        return (
            fair(node)
            and not any(_overlap(node.title, each.title) for each in (own, *chosen))
            and not any(taxonomy.related(node.path, other) for other in others)
        )

    balance = _Balance(own.title, evidence_id=evidence_id, count=count)
    for tier in _tiers(taxonomy, path, evidence_id=evidence_id, modality=modality):
        waiting = [node for node in tier if fits(node)]
        while waiting and len(chosen) < count:
            node = balance.take(waiting, lambda each: each.title)
            waiting.remove(node)
            if fits(node):
                chosen.append(node)
    return tuple(
        OptionOrigin(option=node.title, origin=TAXONOMY_ORIGIN, reference="/".join(node.path))
        for node in chosen
    )


def condition_options(
    concept: Concept, *, said: Iterable[str], evidence_id: str, count: int
) -> tuple[OptionOrigin, ...]:
    """At most ``count`` other conditions of the body system of ``concept``, none related to what is
    ``said``."""
    terminology = Terminology.load()
    named = (concept.name, *said)
    chosen: list[str] = []
    siblings = terminology.siblings(concept.name, body_system=concept.body_system)
    balance = _Balance(concept.name, evidence_id=evidence_id, count=count)
    for same_kind in (True, False):
        ranked = sorted(
            (each.name for each in siblings if (each.kind == concept.kind) == same_kind),
            key=lambda name: unit_interval(evidence_id, name),
        )
        waiting = list(islice((n for n in ranked if not _any_related(terminology, n, named)), _WEIGHED))
        while waiting and len(chosen) < count:
            name = balance.take(waiting, str)
            waiting.remove(name)
            overlaps = any(_overlap(name, other) for other in (concept.name, *chosen))
            if not overlaps and not _any_related(terminology, name, chosen):
                chosen.append(name)
    return tuple(
        OptionOrigin(option=name[:1].upper() + name[1:], origin=TERMINOLOGY_ORIGIN, reference=name)
        for name in chosen
    )


def _overlap(one: str, other: str) -> bool:
    """Whether one title says the other as well."""
    return contains_phrase(one, other) or contains_phrase(other, one)


def _any_related(terminology: Terminology, name: str, others: Iterable[str]) -> bool:
    return any(terminology.related(name, other) for other in others)


def seen_together(taxonomy: Taxonomy, one: NodePath, other: NodePath) -> bool:
    """Whether a picture of one place may show the other as well: they lie in one region, or in one part
    whose organs are not looked at one at a time."""
    if any(taxonomy.related(a, b) for a in _regions(taxonomy, one) for b in _regions(taxonomy, other)):
        return True
    return len(one) > 2 and one[:2] == other[:2] and not taxonomy.node(one[:2]).apart


def _regions(taxonomy: Taxonomy, path: NodePath) -> set[NodePath]:
    """The regions that a place lies in: its own where the file says any, else those of what it is part
    of."""
    for size in range(len(path), 0, -1):
        within = taxonomy.node(path[:size]).within
        if within:
            return set(within)
    return set()


class _Balance:
    """Takes options so that length does not tell the answer: how many of them are at least as long as it is
    drawn evenly by the figure's id, as far as there are such."""

    def __init__(self, answer: str, *, evidence_id: str, count: int) -> None:
        self._length = len(answer)
        self._longer = int(unit_interval(evidence_id, "longer", answer) * (count + 1))

    def take(self, waiting: Sequence[_Thing], title: Callable[[_Thing], str]) -> _Thing:
        """The first of ``waiting`` on the side that still lacks one; the first of all where there is
        none."""
        wanted = self._longer > 0
        for each in waiting:
            if (len(title(each)) >= self._length) == wanted:
                self._longer -= wanted
                return each
        return waiting[0]


def _tiers(
    taxonomy: Taxonomy, path: NodePath, *, evidence_id: str, modality: NodePath
) -> Iterator[list[Node]]:
    """Neighbours in classes of the same worth, the best first; within one by rank."""
    best = set(taxonomy.node(path).best_by) & set(modality)
    tiers: dict[tuple[bool, bool, int], list[Node]] = {}
    for number, group in enumerate(taxonomy.neighbours(path)):
        for node in group:
            worth = (not _shown_by(node, modality), bool(best) and best.isdisjoint(node.best_by), number)
            tiers.setdefault(worth, []).append(node)
    for worth in sorted(tiers):
        yield sorted(tiers[worth], key=lambda node: unit_interval(evidence_id, "/".join(node.path)))


def _shown_by(node: Node, modality: NodePath) -> bool:
    return not node.seen_by or not modality or not set(node.seen_by).isdisjoint(modality)
