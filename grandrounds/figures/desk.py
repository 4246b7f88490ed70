"""What a person looks at and says of the figures of a recipe, between the lake and files: sheets, a sample,
scores. Scores are only ever added to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from grandrounds.contracts import contract
from grandrounds.errors import GrandRoundsError
from grandrounds.figures.sampling import Recorded, draw, record, sample_name
from grandrounds.figures.sampling_page import sampling_page
from grandrounds.figures.scores import Tally, standing, tally
from grandrounds.figures.sheet import DPI, PagePictures, PageShown, draw_pages, sheet
from grandrounds.fingerprint import sha256_text
from grandrounds.lake import Lake
from grandrounds.locks import exclusive
from grandrounds.records.alignment_score import AlignmentScore
from grandrounds.records.figure import PAIRED, FigureRow
from grandrounds.records.source import READ, Source

FIGURES, SOURCES, REJECTIONS, SCORES = "figures", "sources", "rejections", "alignment_scores"
_EVIDENCE = "evidence"
_PDF = ".pdf"
_WAIT_SECONDS = 60.0


class DeskError(GrandRoundsError):
    """There is nothing to look at, or it can't be written; the message says what to do first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The figures of a recipe in a lake. ``folder`` is where the sources lie, to draw pages of."""

    lake: Lake
    recipe: str
    folder: Path

    def figures(self) -> list[FigureRow]:
        """Every row of the recipe's figures. Raises ``DeskError`` where it has none."""
        key = f"{self.recipe}/{FIGURES}"
        if not self.lake.has_table(key):
            raise DeskError(
                f"{self.recipe} has no figures in {self.lake.url}.",
                remedy=f"`grandrounds build {self.recipe} --sources DIR` reads them.",
            )
        return list(self.lake.read_records(key, FigureRow))

    def admitted(self) -> list[FigureRow]:
        """The pairs that the recipe asks about: all without those that its last build turned away."""
        refused: set[str] = set()
        if self.lake.has_table(f"{self.recipe}/{REJECTIONS}"):
            table = self.lake.read_table(f"{self.recipe}/{REJECTIONS}", columns=["stage", "evidence_id"])
            told = zip(*(column.to_pylist() for column in table.columns), strict=True)
            refused = {evidence_id for stage, evidence_id in told if stage == _EVIDENCE}
        return [row for row in self.figures() if row.status == PAIRED and row.evidence_id not in refused]

    def sources(self) -> dict[str, Source]:
        """The sources that were read, by id; of a source that was found twice the first."""
        key = f"{self.recipe}/{SOURCES}"
        rows = self.lake.read_records(key, Source) if self.lake.has_table(key) else []
        return {row.source_id: row for row in reversed(rows) if row.status == READ}

    def scores(self) -> list[AlignmentScore]:
        """Every score that was recorded."""
        return read_scores(self.lake, self.recipe)

    def tally(self) -> Tally:
        """What the scores say of the pairs as they are read now."""
        return tally(standing(self.scores(), self.figures()))

    def write_sheets(self, out: Path, *, page_pictures: PagePictures | None = None) -> list[Path]:
        """One sheet a book or article below ``out``, in the order of their paths."""
        by_source: defaultdict[str, list[FigureRow]] = defaultdict(list)
        for row in self.figures():
            by_source[row.source_id].append(row)
        sources = self.sources()
        written = []
        known = (source for source in sources.values() if source.source_id in by_source)
        for source in sorted(known, key=lambda source: source.path):
            rows = by_source[source.source_id]
            pages, note = self._pages(source, rows, page_pictures or _page_pictures())
            page = sheet(source, rows, pages=pages, get_picture=self.lake.get_media, note=note)
            written.append(write_page(out / f"{_file_name(source)}.html", page))
        return written

    def sampling_page(
        self, *, count: int, seed: int, page_pictures: PagePictures | None = None
    ) -> tuple[str, int]:
        """The page of a sample, and how many pairs are on it."""
        rows = draw(self.admitted(), count=count, seed=seed)
        if not rows:
            raise DeskError(
                f"{self.recipe} has no pair of picture and caption to judge.",
                remedy="See the rejections of stage `evidence`: they say why.",
            )
        page = sampling_page(
            rows,
            recipe=self.recipe,
            sample=sample_name(count=count, seed=seed),
            get_picture=self.lake.get_media,
            pages=self._pages_of(rows, page_pictures or _page_pictures()),
        )
        return page, len(rows)

    def record(self, content: bytes, *, scorer: str, lock: Path) -> Recorded:
        """Add what a CSV says to the scores, one at a time; see ``sampling.record`` for what it raises."""
        from grandrounds.records.table import to_table

        figures = {row.evidence_id: row for row in self.figures()}
        what = f"The scores of {self.recipe}"
        with exclusive(lock, what=what, wait_seconds=_WAIT_SECONDS):
            known = self.scores()
            made = record(content, recipe=self.recipe, figures=figures, known=known, scorer=scorer)
            if made.added:
                table = to_table([*known, *made.added], contract(SCORES))
                self.lake.write_table(f"{self.recipe}/{SCORES}", table)
        return made

    def _pages(
        self, source: Source, rows: Sequence[FigureRow], page_pictures: PagePictures
    ) -> tuple[dict[int, PageShown], str]:
        if not source.path.lower().endswith(_PDF):
            return {}, ""
        path = self.folder / source.path
        if not path.is_file():
            return {}, f"{path} is not there, so no page can be drawn; give --sources."
        return draw_pages(path, rows, page_pictures=page_pictures)

    def _pages_of(
        self, rows: Iterable[FigureRow], page_pictures: PagePictures
    ) -> dict[tuple[str, int], PageShown]:
        """The pages of a sample's pairs, by source and number."""
        by_source: defaultdict[str, list[FigureRow]] = defaultdict(list)
        for row in rows:
            by_source[row.source_id].append(row)
        sources = self.sources()
        found: dict[tuple[str, int], PageShown] = {}
        for source_id in sorted(by_source.keys() & sources.keys()):
            drawn, _ = self._pages(sources[source_id], by_source[source_id], page_pictures)
            found |= {(source_id, number): page for number, page in drawn.items()}
        return found


def read_scores(lake: Lake, recipe: str) -> list[AlignmentScore]:
    """Every score that was recorded of a recipe's figures; none where nobody has looked yet."""
    key = f"{recipe}/{SCORES}"
    return list(lake.read_records(key, AlignmentScore)) if lake.has_table(key) else []


def _page_pictures() -> PagePictures:
    from grandrounds.sources.textbook_view import page_pictures

    return partial(page_pictures, dpi=DPI)


def _file_name(source: Source) -> str:
    """A name that is safe anywhere and that no other source has."""
    stem = "".join(char if char.isascii() and char.isalnum() else "-" for char in source.path)[-80:]
    return f"{stem.strip('-')}-{sha256_text(source.path)[:8]}"


def write_page(path: Path, page: str) -> Path:
    """Write an HTML page; folders on the way are made. Raises ``DeskError`` when that can't be done."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8")
    except OSError as exc:
        raise DeskError(
            f"{path} can't be written: {exc.strerror or exc}.", remedy="Check free space and rights."
        ) from exc
    return path
