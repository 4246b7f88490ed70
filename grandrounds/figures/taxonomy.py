"""The trees that figures are labelled by: modality, anatomy, department; findings and procedures as well.

One file a scheme in ``data_contracts/taxonomies``; the head of each says how it is written. A node is named
by its path, broadest first: ``("radiology", "ct")``. What is a fair wrong answer beside a node is decided
here, too: never an ancestor, a descendant, or what the file says lies too near.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from grandrounds.clinical.phrases import phrase_key
from grandrounds.errors import GrandRoundsError
from grandrounds.paths import bundled

MODALITY, ANATOMY, DEPARTMENT = "modality", "anatomy", "department"
FINDING, PROCEDURE = "finding", "procedure"
SCHEMES = (MODALITY, ANATOMY, DEPARTMENT, FINDING, PROCEDURE)
#: The schemes that items are labelled by; the others are vocabularies of answers.
LABEL_SCHEMES = (MODALITY, ANATOMY, DEPARTMENT)

NodePath = tuple[str, ...]
_MEND = "Mend that line of the file."
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class TaxonomyError(GrandRoundsError):
    """A taxonomy file is missing or wrong; the message names the file and the node."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One place in a tree.

    ``title`` is how it stands among options. ``words`` name it in running text whatever their case,
    number or spelling; ``written`` only as they are printed ("CT", not "ct"). ``near`` are paths too
    close to it to be offered beside it, ``like`` are good wrong answers after its siblings, ``within``
    the regions that it lies in, ``seen_by`` the modalities that show it (empty: any), ``best_by`` those
    that show it best, ``links`` what a text that names it says in other schemes ("mammogram": the
    breast). ``asked`` is false for a node that is a label and never an answer; ``apart`` is true where a
    picture shows what lies below it one at a time.
    """

    path: NodePath
    title: str
    words: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    near: tuple[NodePath, ...] = ()
    like: tuple[NodePath, ...] = ()
    within: tuple[NodePath, ...] = ()
    seen_by: tuple[str, ...] = ()
    best_by: tuple[str, ...] = ()
    links: Mapping[str, tuple[NodePath, ...]] = field(default_factory=dict)
    leaf: bool = True
    asked: bool = True
    apart: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Everything that it is called."""
        return (self.title, self.name, *self.words, *self.written)

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path[-1]


class Taxonomy:
    """A tree, read and checked. Make one with ``load_taxonomy`` or ``read_taxonomy``; it never changes."""

    def __init__(
        self,
        *,
        scheme: str,
        version: str,
        levels: tuple[str, ...],
        nodes: Iterable[Node],
        nothing: tuple[str, ...],
    ) -> None:
        self.scheme = scheme
        self.version = version
        self.levels = levels
        self.nodes = tuple(nodes)
        #: Phrases that hold words of a node and mean something else.
        self.nothing = nothing
        self._by_path = {node.path: node for node in self.nodes}
        self._neighbours: dict[NodePath, tuple[tuple[Node, ...], ...]] = {}

    def __contains__(self, path: object) -> bool:
        return path in self._by_path

    def node(self, path: NodePath) -> Node:
        """The node at ``path``. Raises ``TaxonomyError`` when there is none."""
        try:
            return self._by_path[tuple(path)]
        except KeyError:
            raise TaxonomyError(
                f"Taxonomy {self.scheme!r} has no node {'/'.join(path)}.",
                remedy=f"See data_contracts/taxonomies/{self.scheme}.yaml.",
            ) from None

    def children(self, path: NodePath) -> tuple[Node, ...]:
        """The nodes right below ``path``, in the file's order; of the whole tree for the empty path."""
        size = len(path) + 1
        return tuple(
            node for node in self.nodes if len(node.path) == size and node.path[:-1] == tuple(path)
        )

    def titled(self, title: str) -> Node | None:
        """The node whose title or word ``title`` is, whatever its case, if there is just one."""
        key = phrase_key(title)
        found = [node for node in self.nodes if key in map(phrase_key, node.names)]
        return found[0] if len(found) == 1 else None

    def related(self, first: NodePath, second: NodePath) -> bool:
        """Whether a picture of one may well be called a picture of the other.

        The same, one above the other, one within the other (the kidney, the abdomen), or said to be near.
        Symmetric and reflexive, not transitive.
        """
        return self._reaches(first, second) or self._reaches(second, first)

    def neighbours(self, path: NodePath) -> tuple[tuple[Node, ...], ...]:
        """What could stand beside ``path`` as another answer, in classes, the best first.

        Its siblings, what the file says is like it, then cousins by how much of the path they share; all
        of its depth, none related to it, each class in the file's order.
        """
        if path not in self._neighbours:
            own = self.node(path)
            classes: dict[int, list[Node]] = {}
            for node in self.nodes:
                if len(node.path) == len(path) and node.asked and not self.related(node.path, path):
                    classes.setdefault(_distance(own, node), []).append(node)
            self._neighbours[path] = tuple(tuple(classes[distance]) for distance in sorted(classes))
        return self._neighbours[path]

    def _reaches(self, one: NodePath, other: NodePath) -> bool:
        """Whether ``other`` stands above, around or near ``one`` (or near what stands above it)."""
        if one[: len(other)] == other:
            return True
        for size in range(len(one), 0, -1):
            node = self._by_path[one[:size]]
            for place in (*node.within, *node.near):
                if other[: len(place)] == place or (place in node.within and place[: len(other)] == other):
                    return True
        return False


def _distance(own: Node, other: Node) -> int:
    """0 for a sibling, 1 for what is like it, then 2 and more the less of the path they share."""
    if own.path[:-1] == other.path[:-1]:
        return 0
    if any(other.path[: len(path)] == path for path in own.like):
        return 1
    shared = next(
        (i for i, pair in enumerate(zip(own.path, other.path, strict=True)) if pair[0] != pair[1]), 0
    )
    return 1 + len(own.path) - shared


class _WrittenNode(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    title: str = ""
    words: str = ""
    written: str = ""
    near: str = ""
    like: str = ""
    within: str = ""
    seen_by: str = ""
    best_by: str = ""
    silent: bool = False
    asked: bool = True
    apart: bool = False
    anatomy: str = ""
    modality: str = ""
    department: str = ""
    below: dict[str, _WrittenNode | None] = {}


class _WrittenTree(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    scheme: str
    version: str
    levels: list[str]
    nothing: str = ""
    nodes: dict[str, _WrittenNode | None]


@cache
def load_taxonomy(scheme: str) -> Taxonomy:
    """The taxonomy that ships with the project, read once a process. Raises ``TaxonomyError``."""
    if scheme not in SCHEMES:
        raise TaxonomyError(f"There is no taxonomy {scheme!r}.", remedy=f"There are: {', '.join(SCHEMES)}.")
    return read_taxonomy(taxonomy_folder() / f"{scheme}.yaml")


def taxonomy_folder() -> Path:
    """Where the files are."""
    return bundled("data_contracts") / "taxonomies"


def read_taxonomy(path: Path) -> Taxonomy:
    """The taxonomy in ``path``.

    Raises ``TaxonomyError`` for a missing or malformed file, a tree deeper than its levels, two nodes that
    share a word, and a reference to a node that is not there.
    """
    written = _read(path)
    raw = tuple(_walk(written.nodes, (), path=path, depth=len(written.levels)))
    names = _paths_by_name(tuple(at for at, _, _ in raw))
    nodes = tuple(_node(at, each, leaf, names=names, path=path) for at, each, leaf in raw)
    _check_words(nodes, path)
    return Taxonomy(
        scheme=written.scheme,
        version=written.version,
        levels=tuple(written.levels),
        nodes=nodes,
        nothing=_listed(written.nothing),
    )


def _read(path: Path) -> _WrittenTree:
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 (a safe loader)
        return _WrittenTree.model_validate(document)
    except (OSError, UnicodeDecodeError) as exc:
        raise TaxonomyError(
            f"{path} can't be read: {exc}.", remedy="Restore the file from the repository."
        ) from exc
    except yaml.YAMLError as exc:
        raise TaxonomyError(f"{path} is no YAML: {exc}.", remedy=_MEND) from exc
    except ValidationError as exc:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in exc.errors()[:5])
        raise TaxonomyError(
            f"{path}: {faults}.", remedy="The head of the file says what can stand there."
        ) from exc


def _walk(
    nodes: Mapping[str, _WrittenNode | None], above: NodePath, *, path: Path, depth: int, seen_by: str = ""
) -> Iterator[tuple[NodePath, _WrittenNode, bool]]:
    for name, written in nodes.items():
        at = (*above, name)
        if len(at) > depth:
            raise TaxonomyError(
                f"{path}: {'/'.join(at)} lies deeper than the {depth} levels.", remedy=_MEND
            )
        if not name or name != " ".join(name.lower().split()) or "/" in name:
            raise TaxonomyError(
                f"{path}: {name!r} must be words in small letters without a slash.", remedy=_MEND
            )
        node = written or _WrittenNode()
        if not node.seen_by and seen_by:
            node = node.model_copy(update={"seen_by": seen_by})
        yield at, node, not node.below
        yield from _walk(node.below, at, path=path, depth=depth, seen_by=node.seen_by)


def _paths_by_name(paths: tuple[NodePath, ...]) -> Mapping[str, tuple[NodePath, ...]]:
    """By last name and by whole path, for references."""
    found: dict[str, tuple[NodePath, ...]] = {}
    for path in paths:
        for name in {path[-1], "/".join(path)}:
            found[name] = (*found.get(name, ()), path)
    return found


def _node(
    at: NodePath,
    written: _WrittenNode,
    leaf: bool,
    *,
    names: Mapping[str, tuple[NodePath, ...]],
    path: Path,
) -> Node:
    def resolved(line: str) -> tuple[NodePath, ...]:
        paths = []
        for name in _listed(line):
            found = names.get(name, ())
            if len(found) != 1:
                told = "no node" if not found else "several nodes"
                raise TaxonomyError(
                    f"{path}: {'/'.join(at)} refers to {name!r}, which is {told}.",
                    remedy="Write its whole path.",
                )
            paths.append(found[0])
        return tuple(paths)

    capitals = _listed(written.written)
    silent = written.silent or at[-1] in {word.lower() for word in capitals}
    return Node(
        path=at,
        title=written.title or at[-1][:1].upper() + at[-1][1:],
        words=_listed(written.words) if silent else (at[-1], *_listed(written.words)),
        written=capitals,
        near=resolved(written.near),
        like=resolved(written.like),
        within=resolved(written.within),
        seen_by=_listed(written.seen_by),
        best_by=_listed(written.best_by),
        links={
            scheme: tuple(tuple(each.split("/")) for each in _listed(getattr(written, scheme)))
            for scheme in LABEL_SCHEMES
            if getattr(written, scheme)
        },
        leaf=leaf,
        asked=written.asked,
        apart=written.apart,
    )


def _check_words(nodes: tuple[Node, ...], path: Path) -> None:
    owners: dict[tuple[str, ...], Node] = {}
    for node in nodes:
        for word in (*node.words, *node.written):
            key = phrase_key(word)
            if not key:
                raise TaxonomyError(
                    f"{path}: {word!r} of {'/'.join(node.path)} has no letters.", remedy=_MEND
                )
            if owners.setdefault(key, node) is not node:
                raise TaxonomyError(
                    f"{path}: {word!r} names {'/'.join(owners[key].path)} and {'/'.join(node.path)}.",
                    remedy="Keep it with one of them.",
                )


def _listed(line: str) -> tuple[str, ...]:
    return tuple(part for part in (" ".join(each.split()) for each in line.split(",")) if part)
