"""Which content of which article is live at a moment, and what ended when and why: the journal, replayed.

Records of several feeds that share a DOI, PMCID or PMID are one article. Its text comes from the record
that was taken first, as long as that one has any: two feeds that print the same article differently must
not take turns. A retraction counts for the article, whichever feed tells of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from grandrounds.harvest import judging
from grandrounds.harvest.feed import RETRACTS
from grandrounds.harvest.journal import LATER, TAKEN, Version

REVISED, RETRACTED, LICENCE_CHANGED, REMOVED = "revised", "retracted", "licence_changed", "removed"
_WHY = {
    judging.RETRACTED: RETRACTED,
    judging.LICENCE: LICENCE_CHANGED,
    judging.REMOVED: REMOVED,
    judging.GONE: REMOVED,
}
Node = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Content that was live once: the version that brought it, the one that ended it, and why."""

    version: Version
    by: Version
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alive:
    """Content that is live: its version, and the moment its article was first taken."""

    version: Version
    first_seen: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Lives:
    """What is live, by feed and record, and what is not any more, in the order in which it ended."""

    alive: tuple[Alive, ...]
    ended: tuple[Ended, ...]


def replay(versions: Iterable[Version]) -> Lives:
    """The state after ``versions``, which come in the order of the journal."""
    rows = list(versions)
    articles = _articles(rows)
    ended: dict[str, Ended] = {}
    keys = {key: articles[_node(row)] for row in rows for key in row.known.keys}
    replaying = _Replay(articles=articles, keys=keys)
    for version in rows:
        for article in replaying.touch(version):
            before, now = replaying.settle(article)
            if now is not None:
                ended.pop(main_sha256(now), None)
            if before is not None and (now is None or main_sha256(before) != main_sha256(now)):
                # Content that ends again is told where it ended last.
                ended.pop(main_sha256(before), None)
                ended[main_sha256(before)] = Ended(
                    version=before, by=version, reason=replaying.why(article, version)
                )
    alive = [
        Alive(version=version, first_seen=replaying.first_seen[article])
        for article, version in replaying.live.items()
    ]
    shas = {main_sha256(one.version) for one in alive}
    alive.sort(key=lambda one: (one.version.record.feed, one.version.record.record_id))
    return Lives(alive=tuple(alive), ended=tuple(end for sha, end in ended.items() if sha not in shas))


def main_sha256(version: Version) -> str:
    """The hash of the article itself."""
    return next(file.sha256 for file in version.files if file.role == "main")


@dataclass(slots=True, kw_only=True)
class _Replay:
    """The journal up to some line."""

    articles: dict[Node, int]
    current: dict[int, dict[Node, Version]] = field(default_factory=dict)
    taken_first: dict[Node, int] = field(default_factory=dict)
    withdrawn: dict[int, set[Node]] = field(default_factory=dict)
    noticed: set[int] = field(default_factory=set)
    keys: dict[tuple[str, str], int] = field(default_factory=dict)
    live: dict[int, Version] = field(default_factory=dict)
    first_seen: dict[int, datetime] = field(default_factory=dict)

    def touch(self, version: Version) -> list[int]:
        """Take one line in; the answer is the articles that it may have changed."""
        node = _node(version)
        article = self.articles[node]
        if version.decision == TAKEN:
            self.current.setdefault(article, {})[node] = version
            self.taken_first.setdefault(node, version.number)
            self.withdrawn.get(article, set()).discard(node)
        elif version.decision != LATER:
            self.current.get(article, {}).pop(node, None)
            withdrawn = self.withdrawn.setdefault(article, set())
            withdrawn.add(node) if version.reason == judging.RETRACTED else withdrawn.discard(node)
        targets = {
            self.keys.get((one.scheme, one.value.casefold()), article)
            for one in version.known.related
            if one.relation == RETRACTS
        } - {article}
        self.noticed |= targets
        return sorted({article, *targets})

    def settle(self, article: int) -> tuple[Version | None, Version | None]:
        """What was live of an article, and what is now."""
        before = self.live.pop(article, None)
        candidates = self.current.get(article, {})
        if not candidates or self._is_retracted(article):
            return before, None
        home = min(candidates, key=lambda node: self.taken_first[node])
        self.live[article] = candidates[home]
        self.first_seen.setdefault(article, candidates[home].seen_at)
        return before, candidates[home]

    def why(self, article: int, by: Version) -> str:
        """Why content of ``article`` ended with the line ``by``."""
        if self._is_retracted(article):
            return RETRACTED
        return REVISED if by.decision == TAKEN else _WHY.get(by.reason, REVISED)

    def _is_retracted(self, article: int) -> bool:
        return article in self.noticed or bool(self.withdrawn.get(article))


def _node(version: Version) -> Node:
    return version.record.feed, version.record.record_id


def _articles(rows: list[Version]) -> dict[Node, int]:
    """A number for each article: records that share a name of the article share it."""
    parent: dict[Node, Node] = {}

    def root(node: Node) -> Node:
        while parent.setdefault(node, node) != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    owners: dict[tuple[str, str], Node] = {}
    for version in rows:
        node = root(_node(version))
        for key in version.known.keys:
            other = root(owners.setdefault(key, node))
            low, high = sorted((other, root(node)))
            parent[high] = low
    numbers: dict[Node, int] = {}
    return {_node(row): numbers.setdefault(root(_node(row)), len(numbers)) for row in rows}
