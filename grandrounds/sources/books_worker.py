"""The process that reads books: jobs come in, readings go out as JSON, pictures as files (``workers``).

Decoders in C read what strangers made: the process is bounded in memory, ended when it takes too long,
and a crash costs the one document.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from grandrounds.errors import GrandRoundsError
from grandrounds.fingerprint import sha256_bytes, sha256_file
from grandrounds.sources import kinds
from grandrounds.sources.books_reading import (
    PICTURES,
    Answer,
    BookJob,
    BookReading,
    ModulePlace,
    Outward,
    SeenPicture,
    dump_answer,
    load_job,
    prepare_messages,
)
from grandrounds.textbooks.markup import with_status
from grandrounds.textbooks.values import ReadBook, ReadFigure
from grandrounds.workers.messages import unspelt
from grandrounds.workers.serving import Work, serve

_NO_MEMORY = "There was not enough memory to read it. Free some, or look at the file."
_NESTED = "It is nested too deeply to be read. Look at it: it may be made to do harm."


def main() -> None:
    """Do jobs until standard input closes."""
    serve(_work, prepare=_prepare)


def _prepare() -> None:
    """Load what nearly every book needs: what looks at pictures, and what messages are checked by."""
    import grandrounds.figures.hashes
    import grandrounds.sources.books_panels
    import grandrounds.sources.graphics  # noqa: F401

    prepare_messages()


def _work(data: bytes) -> Work:
    job = load_job(data)
    return Work(
        do=lambda: dump_answer(run_job(job)), seconds=job.seconds, process_bytes=job.limits.process_bytes
    )


def run_job(job: BookJob) -> Answer:
    """Do one job. Whatever goes wrong becomes a reading with a failure, or a picture with a refusal."""
    if job.kind == PICTURES:
        return Answer(pictures=tuple(_look(Path(unspelt(name))) for name in job.files))
    path = Path(unspelt(job.files[0]))
    try:
        sha256 = sha256_file(path)
    except OSError as exc:
        failure = f"The file can't be read: {exc.strerror or exc}. Check its rights."
        return Answer(reading=BookReading(failure=failure, lasting=False))
    try:
        reading = _readers(job)[job.kind](path)
    except MemoryError:
        reading = BookReading(failure=_NO_MEMORY, lasting=False)
    except RecursionError:
        reading = BookReading(failure=_NESTED)
    except GrandRoundsError as exc:
        reading = BookReading(failure=str(exc), lasting="seconds" not in exc.what)
    except Exception as exc:  # noqa: BLE001 - one odd file must not end the run; the row says what happened
        shown = "".join(char if char.isprintable() else "?" for char in str(exc)[:200])
        reading = BookReading(
            failure=f"The reader failed ({type(exc).__name__}: {shown}). Please report it with the file.",
            lasting="memory" not in shown,
        )
    return Answer(reading=replace(reading, sha256=sha256))


def _readers(job: BookJob) -> dict[str, Callable[[Path], BookReading]]:
    spool = Path(unspelt(job.spool)) if job.spool else None
    return {
        kinds.PDF: lambda path: _read_pdf(path, job, spool),
        kinds.EPUB: lambda path: _read_epub(path, spool),
        kinds.CNXML: _read_module,
        kinds.COLLECTION: _read_collection,
        kinds.HTML: lambda path: _read_chapter(path, spool),
        kinds.JATS: _read_article,
    }


def _read_pdf(path: Path, job: BookJob, spool: Path | None) -> BookReading:
    from PIL import Image

    from grandrounds.figures.hashes import hash_of
    from grandrounds.sources.textbook import PdfLimits, read_pdf

    seen: dict[str, SeenPicture] = {}

    def take(figure: ReadFigure, pixels: Any) -> ReadFigure:
        """Hand the picture over at once; a figure of a PDF has no other use for ``graphic``."""
        hashed = "" if pixels is None else hash_of(Image.fromarray(pixels))
        known = SeenPicture(
            mime=figure.mime, width=figure.width, height=figure.height, perceptual_hash=hashed
        )
        name = str(len(seen))
        seen[name] = _spooled(figure.picture, spool, known)
        return replace(figure, picture=b"", graphic=name)

    book = read_pdf(path, limits=PdfLimits(pages=job.limits.pages), ocr=job.ocr, take=take)
    return BookReading(
        book=replace(book, figures=tuple(replace(figure, graphic="") for figure in book.figures)),
        pictures=tuple(seen.get(figure.graphic, SeenPicture()) for figure in book.figures),
    )


def _read_epub(path: Path, spool: Path | None) -> BookReading:
    from grandrounds.textbooks.epub import Epub

    known: dict[str, SeenPicture] = {}
    with Epub(path) as epub:

        def take(figure: ReadFigure) -> SeenPicture:
            if figure.graphic not in known:
                data, reason = epub.picture(figure)
                known[figure.graphic] = _taken(data, spool) if data else SeenPicture(refusal=reason)
            return known[figure.graphic]

        return _with_pictures(epub.book, take)


def _read_chapter(path: Path, spool: Path | None) -> BookReading:
    from grandrounds.textbooks.xhtml import read_chapter

    book = read_chapter(_bytes(path))
    # Pictures that stand in the markup are taken here; those it names are looked for beside it later.
    return _with_pictures(
        book, lambda figure: _taken(figure.picture, spool) if figure.picture else SeenPicture()
    )


def _read_module(path: Path) -> BookReading:
    from grandrounds.textbooks.cnxml import read_module

    module = read_module(_bytes(path))
    return BookReading(
        book=module.book,
        pictures=tuple(SeenPicture() for _ in module.book.figures),
        module=module.name,
        ids=module.ids,
        outward=tuple(Outward(module=m, target=t, mention=said) for m, t, said in module.outward),
    )


def _read_collection(path: Path) -> BookReading:
    from grandrounds.textbooks.cnxml import read_collection

    collection = read_collection(_bytes(path))
    places = tuple(ModulePlace(module=place.module, path=place.path) for place in collection.modules)
    return BookReading(book=collection.book, places=places)


def _read_article(path: Path) -> BookReading:
    from grandrounds.sources.books_article import read_article

    return read_article(_bytes(path))


def _bytes(path: Path) -> bytes:
    size = path.stat().st_size
    if size > kinds.MAXIMUM_XML_BYTES:
        from grandrounds.errors import SourceError

        raise SourceError(
            f"The file has {size:,} bytes, more than the {kinds.MAXIMUM_XML_BYTES:,} that are read.",
            remedy="Split it into chapters or articles.",
        )
    return path.read_bytes()


def _with_pictures(book: ReadBook, take: Callable[[ReadFigure], SeenPicture]) -> BookReading:
    """A book in markup with the pictures that ``take`` gives; a figure whose picture is refused says so."""
    figures, pictures = [], []
    for figure in book.figures:
        seen = take(figure) if figure.graphic else SeenPicture()
        bare = replace(figure, picture=b"")
        if seen.refusal:
            bare = with_status(bare, has_picture=False, reason=seen.refusal)
            seen = replace(seen, sha256="", spool="")
        figures.append(bare)
        pictures.append(seen)
    return BookReading(book=replace(book, figures=tuple(figures)), pictures=tuple(pictures))


def _taken(data: bytes, spool: Path | None) -> SeenPicture:
    """A picture of a book in markup: looked at, and handed over where it is sound."""
    seen = examine(data)
    return seen if seen.refusal else _spooled(data, spool, seen)


def _look(path: Path) -> SeenPicture:
    """A picture file beside a book."""
    from grandrounds.sources.graphics import MAXIMUM_BYTES

    try:
        size = path.stat().st_size
        if size > MAXIMUM_BYTES:
            return SeenPicture(refusal=f"it has {size:,} bytes")
        return examine(path.read_bytes())
    except OSError as exc:
        return SeenPicture(refusal=f"it can't be read ({exc.strerror or exc})")
    except MemoryError:
        return SeenPicture(refusal="there was not enough memory to look at it")


def examine(data: bytes) -> SeenPicture:
    """What a picture is, decoded once whole; or why it isn't taken."""
    from io import BytesIO

    from PIL import Image

    from grandrounds.figures.hashes import perceptual_hash
    from grandrounds.sources.books_panels import cells_of
    from grandrounds.sources.graphics import check_picture

    if data.lstrip()[:5].lower() in (b"<svg ", b"<?xml") and b"<svg" in data[:4096].lower():
        return SeenPicture(refusal="it is a drawing in SVG, which this reader doesn't render")
    picture = check_picture(data)
    if not picture.mime:
        return SeenPicture(refusal=picture.refusal)
    with Image.open(BytesIO(data)) as image:
        width, height = image.size
    return SeenPicture(
        sha256=sha256_bytes(data),
        mime=picture.mime,
        width=width,
        height=height,
        perceptual_hash=perceptual_hash(data),
        cells=cells_of(data),
    )


def _spooled(data: bytes, spool: Path | None, seen: SeenPicture) -> SeenPicture:
    """Hand a picture over by a file that is named after its bytes."""
    from grandrounds.figures.hashes import perceptual_hash

    sha256 = sha256_bytes(data)
    name = ""
    if spool is not None:
        name = sha256
        (spool / name).write_bytes(data)
    return replace(
        seen, sha256=sha256, spool=name, perceptual_hash=seen.perceptual_hash or perceptual_hash(data)
    )


if __name__ == "__main__":
    main()
