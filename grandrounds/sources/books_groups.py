"""Which sources are one book or article, and which figures are one figure.

The same work in two formats (a PDF beside its JATS, two editions with one ISBN) must not be cut by splits:
its sources get one group. Groups of articles are named as the case-report reader names them, so that a
case and a figure of one article are in one group too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace

from grandrounds.fingerprint import content_id, sha256_text
from grandrounds.records.figure import FigureRow
from grandrounds.records.parts import Identifier
from grandrounds.records.source import READ, Source
from grandrounds.sources import kinds
from grandrounds.sources.identity import article_group
from grandrounds.text import words
from grandrounds.textbooks.markup import label_number

_JOINING = ("doi", "pmcid", "pmid", "isbn", "uuid")
_ORDER = ("group:", "article:doi:", "article:pmcid:", "article:pmid:", "book:isbn:", "book:uuid:",
          "article:title:", "book:title:")  # fmt: skip
_GENERIC = frozenset(
    {"untitled", "document", "title", "chapter", "introduction", "cover", "book", "index", "contents"}
)
_FLAT = "0" * 16
_LONG_TITLE = 4


class Union:
    """Things that belong together; of each set, the lowest by ``rank`` stands for it."""

    def __init__(self) -> None:
        self._parent: dict[Hashable, Hashable] = {}

    def root(self, one: Hashable) -> Hashable:
        """What stands for the set of ``one``."""
        while self._parent.setdefault(one, one) != one:
            self._parent[one] = self._parent[self._parent[one]]
            one = self._parent[one]
        return one

    def join(self, members: Iterable[str]) -> None:
        """Put ``members`` (and whatever is with them) into one set."""
        roots = sorted({str(self.root(one)) for one in members}, key=_rank)
        for other in roots[1:]:
            self._parent[other] = roots[0]


def work_group(
    identifiers: Sequence[Identifier], *, title: str, authors: Sequence[str], sha256: str
) -> str:
    """The group of a work by itself: by DOI (or another number of an article), else ISBN, else the number
    of a collection, else a title that is surely its own, with the authors where it is short; else its
    bytes.
    """
    schemes = {one.scheme: one.value for one in reversed(identifiers)}
    if schemes.keys() & {"doi", "pmcid", "pmid"}:
        return article_group(identifiers, title=title, text=sha256)
    if "isbn" in schemes:
        return f"book:isbn:{isbn13(schemes['isbn'])}"
    if "uuid" in schemes:
        return f"book:uuid:{schemes['uuid'].casefold()}"
    plain = words(title)
    if len(plain) >= _LONG_TITLE:
        return article_group((), title=title, text=sha256)
    if plain and authors and not _GENERIC.issuperset(plain):
        people = [" ".join(words(name)) for name in authors]
        return f"book:title:{sha256_text(' '.join([*plain, '/', *sorted(people)]))[:16]}"
    return f"book:bytes:{sha256[:16]}"


def isbn13(value: str) -> str:
    """An ISBN in its form of 13 digits (ISO 2108); what is none stays as it is, without signs."""
    bare = "".join(char for char in value.upper() if char.isdigit() or char == "X")
    if len(bare) != 10:
        return bare
    body = "978" + bare[:9]
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return body + str(-total % 10)


def join_works(sources: Sequence[Source], *, books: Mapping[str, Sequence[str]]) -> list[Source]:
    """Sources of one work with one group: those that share a number, those of one name beside each other in
    two formats, and the modules of one book (``books`` gives the groups of the books that a module is in,
    by its path)."""
    read = [source for source in sources if source.status == READ and source.group_id]
    union = Union()
    shared: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for source in read:
        assert source.group_id is not None
        for one in source.identifiers:
            if one.scheme in _JOINING:
                value = isbn13(one.value) if one.scheme == "isbn" else one.value.casefold()
                shared["number", one.scheme, value].append(source.group_id)
        if books.get(source.path):
            shared["book", source.path] += [source.group_id, *books[source.path]]
    for stem, members in _beside(read).items():
        shared["stem", stem] += members
    for groups in shared.values():
        union.join(groups)
    return [
        replace(source, group_id=str(union.root(source.group_id)))
        if source.status == READ and source.group_id
        else source
        for source in sources
    ]


def _beside(sources: Sequence[Source]) -> dict[str, list[str]]:
    """Groups by file name without ending, where files of several formats share it."""
    by_stem: defaultdict[str, list[Source]] = defaultdict(list)
    for source in sources:
        if source.kind in (kinds.PDF, kinds.EPUB, kinds.JATS, kinds.HTML, kinds.CNXML):
            by_stem[source.path.rpartition(".")[0].casefold() or source.path].append(source)
    return {
        stem: [source.group_id or "" for source in members]
        for stem, members in by_stem.items()
        if len({source.kind for source in members}) > 1
    }


def join_families(rows: Sequence[FigureRow], *, kind_of: Mapping[str, str]) -> list[FigureRow]:
    """Figures that are one figure with one ``family``: the same picture, one that looks the same, the same
    label in two formats of one work, the same caption twice in one source, or parts of one figure (rows
    whose ``family`` is already the same). ``kind_of`` gives the kind of each source."""
    union = Union()
    shared: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    labelled: defaultdict[tuple[str, str], list[FigureRow]] = defaultdict(list)
    for row in rows:
        union.join([row.evidence_id])
        if row.family:
            shared["part", row.source_id, row.family].append(row.evidence_id)
        if row.sha256:
            shared["bytes", row.sha256].append(row.evidence_id)
        if row.perceptual_hash not in ("", _FLAT):
            shared["looks", row.perceptual_hash].append(row.evidence_id)
        if row.caption:
            shared["caption", row.source_id, row.label, row.caption].append(row.evidence_id)
        number = label_number(row.label) if any(char.isalpha() for char in row.label) else ""
        if number:
            labelled[row.group_id, number].append(row)
    for (group, number), members in labelled.items():
        if len({kind_of[row.source_id] for row in members}) > 1:
            shared["label", group, number] += [row.evidence_id for row in members]
    for ids in shared.values():
        union.join(ids)
    return [replace(row, family=content_id("family", str(union.root(row.evidence_id)))) for row in rows]


def _rank(group: str) -> tuple[int, str]:
    return next((i for i, start in enumerate(_ORDER) if group.startswith(start)), len(_ORDER)), group
