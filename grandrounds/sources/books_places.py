"""Modules of CNXML in their collections: which book a module belongs to, its chapter, its place in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from grandrounds.sources.books_reading import BookReading
from grandrounds.textbooks.values import ReadBook, ReadMention


@dataclass(frozen=True, slots=True, kw_only=True)
class InBook:
    """Where a module stands: the path and words of its collection, the titles above it, its place in it.

    ``all_books`` are the paths of all collections that it is in.
    """

    path: str
    book: ReadBook
    titles: tuple[str, ...]
    place: int
    all_books: tuple[str, ...]


def module_name(path: str, reading: BookReading) -> str:
    """The name by which collections call a module: as it says itself, else its folder's name."""
    return reading.module or path.rpartition("/")[0].rpartition("/")[2]


def places(modules: Mapping[str, BookReading], collections: Mapping[str, BookReading]) -> dict[str, InBook]:
    """The book of each module by path; a module that no collection names has none. Of several collections
    the nearest in the folder is taken, then the first by path."""
    named: defaultdict[str, list[tuple[str, int, tuple[str, ...]]]] = defaultdict(list)
    for path, reading in sorted(collections.items()):
        for number, place in enumerate(reading.places):
            named[place.module].append((path, number, place.path))
    found = {}
    for path, reading in modules.items():
        candidates = named.get(module_name(path, reading))
        if not candidates:
            continue
        nearest = min(-_common(one[0], path) for one in candidates)
        collection, number, titles = min(one for one in candidates if -_common(one[0], path) == nearest)
        book = collections[collection].book
        if book is not None:
            found[path] = InBook(
                path=collection,
                book=book,
                titles=titles,
                place=number,
                all_books=tuple(sorted({one[0] for one in candidates})),
            )
    return found


def in_its_book(book: ReadBook, where: InBook) -> ReadBook:
    """A module with what only its collection says: licence, language, people, date; and its chapter."""
    chapter = where.titles[-1] if where.titles else book.title
    module = (book.title,) if where.titles and book.title else ()
    figures = tuple(
        replace(figure, chapter=chapter, section=(*where.titles[1:-1], *module, *figure.section))
        for figure in book.figures
    )
    own_licence = book.licence_words or book.licence_links
    return replace(
        book,
        figures=figures,
        authors=book.authors or where.book.authors,
        language=where.book.language or book.language,
        published=book.published or where.book.published,
        licence_words=book.licence_words if own_licence else where.book.licence_words,
        licence_links=book.licence_links if own_licence else where.book.licence_links,
    )


def with_outward(modules: Mapping[str, BookReading], order: Sequence[str]) -> dict[str, BookReading]:
    """The modules with mentions of their figures that stand in other modules; ``order`` is that of the
    books."""
    by_name = {module_name(path, modules[path]): path for path in reversed(order)}
    extra: defaultdict[tuple[str, str], list[ReadMention]] = defaultdict(list)
    for path in order:
        for said in modules[path].outward:
            if said.module in by_name and by_name[said.module] != path:
                extra[by_name[said.module], said.target].append(said.mention)
    made = dict(modules)
    for path in {path for path, _ in extra}:
        reading = modules[path]
        if reading.book is None:
            continue
        figures = tuple(
            replace(figure, mentions=_joined(figure.mentions, extra.get((path, identity), ())))
            for figure, identity in zip(reading.book.figures, reading.ids, strict=True)
        )
        made[path] = replace(reading, book=replace(reading.book, figures=figures))
    return made


def _joined(known: Sequence[ReadMention], more: Iterable[ReadMention]) -> tuple[ReadMention, ...]:
    return tuple(dict.fromkeys((*known, *more)))


def _common(one: str, other: str) -> int:
    """How many folders two paths share."""
    first, second = one.split("/")[:-1], other.split("/")[:-1]
    shared = 0
    for left, right in zip(first, second, strict=False):
        if left != right:
            break
        shared += 1
    return shared
