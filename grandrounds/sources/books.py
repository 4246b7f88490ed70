"""Figures of textbooks and articles in a source folder: PDF, EPUB, CNXML, HTML chapters and JATS.

    books = read_books(Path("sources"), lake=lake, asked=FigureNeed())
    books.sources       one row for each file of any kind: what became of it
    books.figures       one row for each figure, each caption without one, each picture without a caption

Each document is read in a process that is ended when it overruns its time or memory, so nothing that a
file holds ends the run. What was read before is taken from the lake. ``sources.yaml``, the pictures beside
a document and what a collection says of its modules are applied afterwards, every time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from grandrounds.fingerprint import sha256_bytes, sha256_file
from grandrounds.lake import Lake
from grandrounds.needs import FigureNeed
from grandrounds.records.figure import NO_PICTURE, FigureRow
from grandrounds.records.source import PASSED_BY, READ, Source
from grandrounds.sources import kinds, memory, rows
from grandrounds.sources.books_groups import join_families, join_works
from grandrounds.sources.books_memory import NAME, BookMemory, reader_version
from grandrounds.sources.books_panels import with_panels
from grandrounds.sources.books_pictures import PictureFinder
from grandrounds.sources.books_places import InBook, in_its_book, places, with_outward
from grandrounds.sources.books_pool import BookPool
from grandrounds.sources.books_reading import (
    BookJob,
    BookLimits,
    BookReading,
    SeenPicture,
)
from grandrounds.sources.books_rows import figure_rows, own_licence, read_source
from grandrounds.sources.books_shelf import PictureShelf
from grandrounds.sources.books_spool import spool_folder
from grandrounds.sources.folder import Found, FoundFile, walk
from grandrounds.sources.graphics import shared_by_strangers
from grandrounds.sources.licences import Licence
from grandrounds.sources.provenance import Provenance, Settled
from grandrounds.sources.rules import Rules, load_rules
from grandrounds.textbooks.markup import with_status
from grandrounds.textbooks.values import ReadBook
from grandrounds.workers.messages import spelt
from grandrounds.workers.processors import processors

Progress = Callable[[int, int, str], None]
"""Called with how many documents are done, how many there are, and the name of the last one."""

_ENDINGS = {
    ".pdf": kinds.PDF, ".epub": kinds.EPUB, ".cnxml": kinds.CNXML, ".xhtml": kinds.HTML,
    ".html": kinds.HTML, ".htm": kinds.HTML,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What a source folder holds of figures.

    ``sources`` has one row a file, by path; ``figures`` are in the order of sources (modules in the order
    of their book) and of reading. ``read_now`` counts documents that were opened in this run, ``reused``
    those whose reading was kept from before; ``passed_by`` the files of each kind that hold no figures.
    """

    sources: tuple[Source, ...]
    figures: tuple[FigureRow, ...]
    read_now: int
    reused: int
    passed_by: Mapping[str, int]


def read_books(
    folder: Path,
    *,
    lake: Lake,
    asked: FigureNeed,
    rules: Path | None = None,
    progress: Progress | None = None,
    workers: int | None = None,
    ocr: bool = True,
    limits: BookLimits | None = None,
) -> Books:
    """Read the figures of all books and articles in ``folder`` (or of a single file).

    ``workers`` documents are read at once (``None``: one a processor). ``ocr`` recognises pages without
    text where Tesseract is installed. ``rules`` stand in for the folder's own ``sources.yaml``;
    ``limits`` bound one document's time and memory. Raises ``SourceError`` when the folder can't be
    opened or the rules are wrong, ``LakeError`` when the lake can't be written; a file that can't be read
    becomes a row that says why.
    """
    found = walk(folder)
    if rules is not None:
        found = replace(found, rules=rules)
    bounds = replace(limits or BookLimits(), pages=asked.maximum_pages)
    ready = cache(_ocr_ready) if ocr else lambda: False
    place = folder.absolute() / "#books"
    reading = _Reading(
        found=found,
        rules=load_rules(found.rules),
        provenance=Provenance.of(found.files),
        lake=lake,
        limits=bounds,
        ocr=ready,
        kept=BookMemory(lake, bounds, ocr=ready),
        index=memory.load_index(lake, place),
        progress=progress,
    )
    reading.sort_files()
    with spool_folder(lake) as spool, BookPool(workers or processors()) as pool:
        reading.read_documents(pool, spool)
        reading.place_modules()
        reading.make_sources()
        reading.find_pictures(pool)
    books = reading.books()
    reading.index.forget_others({file.name for file in found.files})
    memory.save_index(lake, place, reading.index)
    return books


def _ocr_ready() -> bool:
    """Whether pages without text can be recognised on this machine; only asked where there is a PDF."""
    from grandrounds.sources.textbook_scan import find_ocr

    return find_ocr().there


@dataclass(slots=True, kw_only=True)
class _Document:
    """A document to be read: its hash, and its reading once there is one."""

    file: FoundFile
    kind: str
    seen_ns: int
    sha256: str = ""
    first: str = ""
    reading: BookReading | None = None
    whole: InBook | None = None
    book: ReadBook | None = None
    pictures: list[SeenPicture] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class _Reading:
    """One reading of a folder."""

    found: Found
    rules: Rules
    provenance: Provenance
    lake: Lake
    limits: BookLimits
    ocr: Callable[[], bool]
    kept: BookMemory
    index: memory.FileIndex
    progress: Progress | None
    others: list[tuple[FoundFile, str]] = field(default_factory=list)
    documents: list[_Document] = field(default_factory=list)
    sources: dict[str, Source] = field(default_factory=dict)
    users: dict[str, str] = field(default_factory=dict)
    read_now: int = 0
    reused: int = 0
    version: str = field(default_factory=reader_version)

    # Documents --------------------------------------------------------------------------------

    def sort_files(self) -> None:
        """Tell documents from other files, and find what is already known."""
        firsts: dict[str, str] = {}
        for file in self.found.files:
            kind, seen_ns = self.index.recognise(file)
            if kind not in kinds.BOOK_KINDS:
                self.others.append((file, kind))
                continue
            document = _Document(file=file, kind=kind, seen_ns=seen_ns)
            self.documents.append(document)
            self._identify(document)
            if document.sha256:
                document.first = firsts.setdefault(document.sha256, file.name)
                if document.first == file.name:
                    document.reading = self.kept.recall(document.sha256, kind)

    def _identify(self, document: _Document) -> None:
        file = document.file
        known = self.index.known(file)
        if known is not None and known.sha256:
            document.sha256 = known.sha256
            return
        document.seen_ns = memory.now_ns()
        try:
            document.sha256 = sha256_file(file.path)
        except OSError as exc:
            why = f"The file can't be read: {exc.strerror or exc}. Check its rights."
            document.reading = BookReading(failure=why, lasting=False)
            return
        self.index.note(file, kind=document.kind, seen_ns=document.seen_ns, sha256=document.sha256)

    def read_documents(self, pool: BookPool, spool: Path) -> None:
        """Read what is not known yet."""
        mine = [one for one in self.documents if one.first in ("", one.file.name)]
        todo = [one for one in mine if one.reading is None]
        self.reused = sum(one.reading is not None and bool(one.sha256) for one in mine)
        self.read_now = len(todo)
        done, total = len(mine) - len(todo), len(mine)
        if self.progress and done:
            self.progress(done, total, "")
        jobs = []
        for number, document in enumerate(todo):
            folder = spool / str(number)
            folder.mkdir()
            jobs.append(
                BookJob(
                    kind=document.kind,
                    files=(spelt(str(document.file.path)),),
                    size=document.file.size,
                    spool=spelt(str(folder)),
                    ocr=document.kind == kinds.PDF and self.ocr(),
                    limits=self.limits,
                )
            )
        for place, answer in pool.run(jobs):
            document = todo[place]
            self._keep(document, answer.reading, spool / str(place))
            done += 1
            if self.progress:
                self.progress(done, total, document.file.name)

    def _keep(self, document: _Document, reading: BookReading | None, spool: Path) -> None:
        """Take a reading over: its pictures into the lake, itself for the next run."""
        lost = BookReading(failure="The reading was lost on its way. Run again.", lasting=False)
        reading = self._with_media(reading or lost, spool)
        if reading.sha256 and reading.sha256 != document.sha256:
            # The file changed after it was hashed: what was read counts, and is not remembered by stamp.
            document.sha256 = reading.sha256
            self.index.entries.pop(document.file.name, None)
        self.kept.keep(reading, document.kind)
        document.reading = reading

    def _with_media(self, reading: BookReading, spool: Path) -> BookReading:
        taken = []
        for seen in reading.pictures:
            if not seen.spool:
                taken.append(seen)
                continue
            path = spool / seen.sha256
            try:
                data = path.read_bytes()
            except OSError:
                data = b""
            if sha256_bytes(data) != seen.sha256:
                lost = "A picture of it was lost on its way. Run again, with more space on the disk."
                return replace(reading, book=None, pictures=(), failure=lost, lasting=False)
            self.lake.put_media(data)
            taken.append(replace(seen, spool=""))
        for path in spool.glob("*"):
            path.unlink(missing_ok=True)
        return replace(reading, pictures=tuple(taken))

    # Books ------------------------------------------------------------------------------------

    def place_modules(self) -> None:
        """Put modules of CNXML into their books, and give their figures the mentions of other modules."""
        read = {one.file.name: one for one in self.documents if one.reading and one.reading.book}
        modules = {p: one.reading for p, one in read.items() if one.kind == kinds.CNXML and one.reading}
        collections = {
            p: one.reading for p, one in read.items() if one.kind == kinds.COLLECTION and one.reading
        }
        where = places(modules, collections)
        order = sorted(modules, key=lambda path: _book_order(path, where.get(path)))
        modules = with_outward(modules, order)
        for path, document in read.items():
            reading = modules.get(path) or document.reading
            assert reading is not None
            document.whole = where.get(path)
            document.pictures = list(reading.pictures)
            document.book = reading.book
            if document.whole is not None and reading.book is not None:
                document.book = in_its_book(reading.book, document.whole)

    def make_sources(self) -> None:
        """The source rows of documents, works joined."""
        made = [self._source(document) for document in self.documents]
        groups = {one.path: one.group_id or "" for one in made if one.kind == kinds.COLLECTION}
        books = {
            one.file.name: [groups[path] for path in one.whole.all_books if groups.get(path)]
            for one in self.documents
            if one.whole is not None
        }
        self.sources = {source.path: source for source in join_works(made, books=books)}

    def _source(self, document: _Document) -> Source:
        file, kind = document.file, document.kind
        said = self.rules.about(file.name)
        if document.first not in ("", file.name):
            return rows.duplicate(file, kind, sha256=document.sha256, first=document.first)
        reading, book = document.reading, document.book
        if reading is None or book is None:
            why = reading.failure if reading else "The reading was lost on its way. Run again."
            return rows.failed(
                file,
                kind,
                reason=why,
                said=said,
                settled=self._settled(file.name),
                sha256=document.sha256,
                reader=NAME,
                version=self.version,
            )
        source = read_source(
            file,
            kind,
            reading,
            book=book,
            said=said,
            settled=self._settled(file.name, own_licence(reading, book)),
            version=self.version,
            whole=document.whole.book.title if document.whole else "",
        )
        if kind != kinds.COLLECTION:
            return source
        here = sum(one.whole is not None and one.whole.path == file.name for one in self.documents)
        note = f"The collection names {len(reading.places):,} modules; {here:,} of them are here."
        return replace(source, notes=(*source.notes, note))

    def _settled(self, name: str, own: Licence | None = None) -> Settled:
        """What is known of a file's licence; ``own`` is what it says of itself."""
        return self.provenance.settle(name, own=own or Licence(), said=self.rules.about(name).licence)

    # Pictures beside documents ----------------------------------------------------------------

    def find_pictures(self, pool: BookPool) -> None:
        """Look for the pictures that markup names among the walked files, and take them."""
        markup = (kinds.CNXML, kinds.HTML, kinds.JATS)
        documents = [one for one in self.documents if one.kind in markup and one.book is not None]
        images = [file for file, kind in self.others if kind == kinds.IMAGE]
        folders = {one.file.folder for one in documents if one.kind == kinds.JATS}
        finder = PictureFinder(images, article_folders=folders)
        wanted: dict[tuple[str, int], FoundFile] = {}
        missing: dict[tuple[str, int], str] = {}
        claims: dict[str, list[str]] = {}
        for document in documents:
            assert document.book is not None
            for number, figure in enumerate(document.book.figures):
                if document.pictures[number].sha256 or figure.status == NO_PICTURE:
                    continue
                located = finder.find(figure.graphic, document.file, document.kind)
                if located.file is None:
                    missing[document.file.name, number] = located.reason
                    continue
                wanted[document.file.name, number] = located.file
                if document.kind == kinds.JATS:
                    group = self.sources[document.file.name].group_id or ""
                    claims.setdefault(located.file.name, []).append(group)
        strange = shared_by_strangers(claims)
        shelf = PictureShelf(lake=self.lake, kept=self.kept, index=self.index, limits=self.limits)
        seen = shelf.looked_at({file.name: file for file in wanted.values()}, pool)
        for document in documents:
            assert document.book is not None
            figures = list(document.book.figures)
            for number, figure in enumerate(figures):
                key = (document.file.name, number)
                if key in missing:
                    figures[number] = with_status(figure, has_picture=False, reason=missing[key])
                elif key in wanted:
                    file = wanted[key]
                    picture = seen[file.name]
                    why = f"The picture {file.name} was not taken: {picture.refusal}."
                    if file.name in strange and document.kind == kinds.JATS:
                        why = f"Other articles name the picture {file.name} too; it was given to none."
                        picture = SeenPicture()
                    figures[number] = with_status(figure, has_picture=bool(picture.sha256), reason=why)
                    if picture.sha256:
                        document.pictures[number] = picture
                        self.users.setdefault(file.name, document.file.name)
            document.book = replace(document.book, figures=tuple(figures))

    # Rows -------------------------------------------------------------------------------------

    def books(self) -> Books:
        """All rows."""
        figures: list[FigureRow] = []
        ordered = sorted(self.documents, key=lambda one: _book_order(one.file.name, one.whole))
        for document in ordered:
            source = self.sources[document.file.name]
            if source.status != READ or document.book is None:
                continue
            title = self._book_title(document, source)
            found = document.book.figures
            if document.kind != kinds.PDF:
                found = tuple(map(with_panels, found, document.pictures))
            figures += figure_rows(found, document.pictures, source=source, book=title)
        kind_of = {source.source_id: source.kind for source in self.sources.values()}
        sources = sorted([*self.sources.values(), *self._other_rows()], key=lambda source: source.path)
        passed = Counter(source.kind for source in sources if source.status == PASSED_BY)
        return Books(
            sources=tuple(rows.told_apart(sources)),
            figures=tuple(join_families(figures, kind_of=kind_of)),
            read_now=self.read_now,
            reused=self.reused,
            passed_by=dict(sorted(passed.items())),
        )

    def _book_title(self, document: _Document, source: Source) -> str:
        if document.whole is None:
            return source.title or ""
        return self.sources[document.whole.path].title or document.whole.book.title

    def _other_rows(self) -> Iterable[Source]:
        """Rows of files that hold no figures, or can't be opened."""
        for file, kind in self.others:
            said = self.rules.about(file.name)
            if kind == kinds.UNREADABLE:
                yield rows.unreadable(file, kind, said=said, settled=self._settled(file.name))
            elif kind == kinds.EMPTY and _named_kind(file.name):
                why = "The file has 0 bytes: nothing was stored. Get it again."
                settled = self._settled(file.name)
                yield rows.failed(file, kind, reason=why, said=said, settled=settled)
            else:
                yield rows.passed_by(file, kind, reason=self._why_passed(file, kind))
        yield from rows.rules_file(self.found, self.rules)

    def _why_passed(self, file: FoundFile, kind: str) -> str:
        if file.trouble:
            return file.trouble
        if file.name in self.users:
            return f"A picture of {self.users[file.name]}, whose row says what to do."
        misplaced = rows.misplaced_rules(file.name)
        if misplaced:
            return misplaced
        named = _named_kind(file.name)
        if named:
            return f"Its name ends like that of a file of kind {named}, but its content is of kind {kind}."
        return "The file has 0 bytes." if kind == kinds.EMPTY else ""


def _book_order(path: str, whole: InBook | None) -> tuple[str, int, str]:
    """Modules stand where their collection stands, in its order; all else by path."""
    return (whole.path, whole.place, path) if whole else (path, -1, path)


def _named_kind(name: str) -> str:
    """The kind that a name's ending promises."""
    return next((kind for ending, kind in _ENDINGS.items() if name.casefold().endswith(ending)), "")
