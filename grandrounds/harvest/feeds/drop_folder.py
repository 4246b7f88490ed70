"""A folder into which people or other programs put case reports, with their pictures beside them.

A file is a record; its bytes are its version. ``sources.yaml`` in the folder speaks as in any source
folder. A file that is taken away has gone; a folder that is not there at all is a fault, not a loss.

``by_week: true`` reads folders named as weeks (``2026-W47``): their files are there from that week on, a
file of a later week replaces the one of the same name, and an empty file takes it away. So a whole
history can lie in one folder, to be played week by week.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Literal

from grandrounds.errors import SourceError
from grandrounds.fingerprint import sha256_file
from grandrounds.harvest.feed import FIGURE, FeedPage, FeedRecord, Fetched, FetchedFile
from grandrounds.harvest.feeds import Plugin
from grandrounds.harvest.http import PoliteClient
from grandrounds.harvest.names import PICTURES, safe_name
from grandrounds.harvest.problems import MalformedError, NotThereError, TooLargeError, UnreachableError
from grandrounds.harvest.settings import FeedSettings
from grandrounds.sources import kinds
from grandrounds.sources.case_report import CaseReportReader
from grandrounds.sources.folder import FoundFile, walk
from grandrounds.sources.rules import load_rules
from grandrounds.weeks import Week

_PAGE = 200
_WEEK = re.compile(r"[0-9]{4}-W[0-9]{2}")
_ENDINGS = {kinds.JATS: ".xml", kinds.CASE_MARKDOWN: ".md", kinds.CASE_TEXT: ".txt"}


class DropFolderSettings(FeedSettings):
    """``folder`` is where the files lie. What they say of their licence counts, unless told otherwise."""

    kind: Literal["drop_folder"]
    folder: Path
    by_week: bool = False
    unlicensed: Literal["refuse", "read"] = "read"


class DropFolderFeed:
    """A folder as a feed."""

    def __init__(self, name: str, settings: DropFolderSettings, client: PoliteClient) -> None:
        self.name = name
        self._settings = settings

    def pages(self, cursor: str, *, since: date | None, until: date | None) -> Iterator[FeedPage]:
        """As ``Feed`` says; the cursor is the name of the last file. The window is all there is."""
        try:
            found = walk(self._settings.folder)
            rules = load_rules(found.rules)
        except SourceError as exc:
            raise UnreachableError(exc.what, remedy="Is it mounted? Set `folder:` right.") from exc
        faults = tuple(f"{file.name}: {file.trouble}" for file in found.files if file.trouble)
        there = self._by_week(found.files, until) if self._settings.by_week else _by_name(found.files)
        cases = {
            name: file
            for name, file in there.items()
            if not file.trouble and kinds.recognise(file.path) in kinds.CASE_KINDS
        }
        left = [name for name in sorted(cases) if name > cursor]
        pages = [left[start : start + _PAGE] for start in range(0, len(left), _PAGE)] or [[]]
        for number, names in enumerate(pages, start=1):
            records = []
            for name in names:
                file = cases[name]
                said = rules.about(file.name)
                try:
                    version = sha256_file(file.path)
                except OSError as exc:
                    raise UnreachableError(f"{file.name} can't be read: {exc.strerror or exc}.") from exc
                records.append(
                    FeedRecord(
                        feed=self.name,
                        record_id=name,
                        version=version,
                        title=said.title or "",
                        licence=said.licence or "",
                        first_public=said.published,
                        language=said.language or "",
                        links={"main": file.name},
                    )
                )
            last = number == len(pages)
            yield FeedPage(
                records=tuple(records),
                cursor="" if last else names[-1],
                last=last,
                whole=last,
                faults=faults if number == 1 else (),
            )

    def fetch(self, record: FeedRecord) -> Fetched:
        """The file, and the pictures beside it that it names."""
        found = {file.name: file for file in walk(self._settings.folder).files}
        file = found.get(record.links.get("main", record.record_id))
        if file is None or file.trouble:
            raise NotThereError(f"{record.record_id} is no longer in {self._settings.folder}.")
        data = self._bytes(file, self._settings.maximum_bytes)
        kind = kinds.recognise_head(data[: kinds.HEAD_BYTES], size=len(data))
        if kind not in _ENDINGS:
            raise MalformedError(f"{record.record_id} is no case report any more.")
        files = [FetchedFile(name=f"article{_ENDINGS[kind]}", data=data)]
        names = {file.name for file in files}
        notes = []
        left = self._settings.maximum_unpacked - len(data)
        for picture in self._pictures(data, kind, file, tuple(found.values())):
            name = safe_name(picture.name.rpartition("/")[2])
            if name in names or picture.size > left:
                notes.append(f"{picture.name} was left out.")
                continue
            files.append(FetchedFile(name=name, data=self._bytes(picture, left), role=FIGURE))
            names.add(name)
            left -= picture.size
        return Fetched(files=tuple(files), notes=tuple(notes))

    def _by_week(self, found: tuple[FoundFile, ...], until: date | None) -> dict[str, FoundFile]:
        """The files that are there at the end of the week of ``until``, by their names inside a week."""
        last = str(Week.of(until)) if until is not None else "9999-W99"
        there: dict[str, FoundFile] = {}
        for file in found:  # in the order of names, so of weeks
            week, _, name = file.name.partition("/")
            if name and _WEEK.fullmatch(week) and week <= last:
                there[name] = file
        return there

    def _pictures(
        self, data: bytes, kind: str, article: FoundFile, found: tuple[FoundFile, ...]
    ) -> Iterator[FoundFile]:
        reading = CaseReportReader().read(data, kind=kind)
        if reading.article is None:
            return
        wanted = {_stem(name) for figure in reading.article.figures for name in figure.graphics}
        for file in found:
            beside = file.folder == article.folder and file.name.casefold().endswith(PICTURES)
            if beside and not file.trouble and _stem(file.name) in wanted:
                yield file

    def _bytes(self, file: FoundFile, limit: int) -> bytes:
        try:
            with file.path.open("rb") as handle:
                data = handle.read(limit + 1)
        except OSError as exc:
            raise NotThereError(f"{file.name} can't be read: {exc.strerror or exc}.") from exc
        if len(data) > limit:
            raise TooLargeError(f"{file.name} has more than the {limit:,} bytes that are taken.")
        return data


def _by_name(found: tuple[FoundFile, ...]) -> dict[str, FoundFile]:
    return {file.name: file for file in found}


def _stem(name: str) -> str:
    base = name.rpartition("/")[2].casefold()
    return next((base.removesuffix(ending) for ending in PICTURES if base.endswith(ending)), base)


PLUGIN = Plugin(settings=DropFolderSettings, addresses=lambda _: (), make=DropFolderFeed)
