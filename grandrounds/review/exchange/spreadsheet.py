"""CSV for people who work in a spreadsheet: one row an item, boxes to fill in first, what is shown beside.

Reading is lenient: columns in any order and case, semicolons or tabs between cells, Excel's quoting, its
dates and its UTF-16. Columns of one's own are passed over; a column that is needed and missing is named.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from grandrounds.errors import ReviewError
from grandrounds.review.exchange.boxes import RATINGS, filled_line, texts_of
from grandrounds.review.exchange.cells import csv_row, pieces, unguarded
from grandrounds.review.exchange.filled import EDITED, IDS, LISTS, SHOWN, Numbered, undecided, unlisted
from grandrounds.review.exchange.people import People, unknown
from grandrounds.review.exchange.texts import moment_of, number_of

_RATING = "rating: "  # then the criterion
_MORE = ("marks", "answered")  # the second where the marked answer is hidden at first
_WHO = ("reviewer", "role", "seconds", "decided_at")
_FILLED = ("decision", "reasons", "comment", *EDITED, *_MORE)
_AFTER = ("evidence", "flags", "parts", "media", "citation", "earlier_decisions")
_PIECE = re.compile(r"(.*?) \((\d{1,3})\)")
_BOM = "\ufeff"
_MOST_CELL = 4 << 20  # characters a cell when reading


def write(lines: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The rows, the header first, without line ends. The first begins with a byte order mark, by which
    Excel knows UTF-8."""
    rows = [_texts(line) for line in lines]
    rated = dict.fromkeys(f"{_RATING}{name}" for line in lines for name in line["criteria"])
    more = [name for name in _MORE if any(name in line for line in lines)]
    boxes = ("decision", "reasons", "comment", *EDITED, *rated, *more, *_WHO)
    columns = [
        (name, piece)
        for name in (*boxes, *SHOWN, *_AFTER, *IDS)
        for piece in range(max((len(pieces(row.get(name, ""))) for row in rows), default=1))
    ]
    yield _BOM + csv_row([name if not piece else f"{name} ({piece + 1})" for name, piece in columns])
    for row in rows:
        cut = {name: pieces(text) for name, text in row.items()}
        yield csv_row([_piece(cut.get(name, [""]), piece) for name, piece in columns])


def read(data: bytes, *, people: People, shown: str) -> Iterator[Numbered]:
    """The decisions in the file's bytes, by row as the spreadsheet counts them (the header is row 1).

    Raises ``ReviewError`` when it is no such file; ``shown`` names it.
    """
    text = _decoded(data, shown)
    csv.field_size_limit(_MOST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    try:
        header = next(reader, [])
        columns = _columns(header, shown)
        for number, cells in enumerate(reader, start=2):
            row = _row(columns, cells)
            if any(row[name].strip() for name in row if name in _FILLED or name.startswith(_RATING)):
                yield number, _line(row, people)
            elif any(row.get(name, "").strip() for name in IDS):
                yield number, undecided(row)
    except csv.Error as exc:
        raise ReviewError(
            f"{shown} can't be read as a table: {exc}.", remedy="Save it as CSV UTF-8 and import again."
        ) from exc


def _texts(line: Mapping[str, Any]) -> dict[str, str]:
    row = {name: str(line[name]) for name in (*IDS, "task", "reviewer", "role", "citation")}
    row |= texts_of(line)
    row["media"] = "\n".join(
        " ".join(filter(None, (part["label"], part["name"]))) for part in line["media"]
    )
    if "earlier_decisions" in line:
        row["earlier_decisions"] = "\n".join(map(_said, line["earlier_decisions"]))
    return row


def _said(part: Mapping[str, Any]) -> str:
    edits = json.dumps(part["edits"], ensure_ascii=False) if part["edits"] else ""
    ratings = [f"{name.replace('_', ' ')} {score}" for name, score in part["ratings"].items()]
    own = f"answered: {part['answered']}" if part["answered"] else ""
    said = (part["decision"], *part["reasons"], part["comment"], edits, *ratings, *part["marks"], own)
    return " ".join(filter(None, said))


def _piece(parts: Sequence[str], place: int) -> str:
    return parts[place] if place < len(parts) else ""


def _decoded(data: bytes, shown: str) -> str:
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = data.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as exc:
        raise ReviewError(
            f"{shown} is not UTF-8 text (byte {exc.start + 1}).",
            remedy='Save it as "CSV UTF-8" and import again; a plain "CSV" loses letters.',
        ) from exc
    if "\0" in text:
        raise ReviewError(f"{shown} is no text.", remedy='Save the table as "CSV UTF-8".')
    # Excel's own hint about the separator, which some programs write as a first line.
    return re.sub(r"\Asep=.\r?\n", "", text)


def _delimiter(text: str) -> str:
    """What stands between the cells of the header, which has no quoted cells."""
    head = text.split("\n", 1)[0]
    return max(",;\t", key=head.count)


def _columns(header: Sequence[str], shown: str) -> list[tuple[str, int] | None]:
    known = {*_FILLED, *_WHO, *SHOWN, *_AFTER, *IDS}
    columns: list[tuple[str, int] | None] = []
    for title in header:
        column = _column(title)
        wanted = column[0] in known or column[0].startswith(_RATING)
        if wanted and column in columns:
            raise ReviewError(f"{shown} has two columns {title.strip()!r}.", remedy="Delete one of them.")
        columns.append(column if wanted else None)
    missing = [name for name in (*IDS, "decision") if (name, 1) not in columns]
    if missing:
        raise ReviewError(
            f"{shown} has no column {missing[0]!r}.",
            remedy="Keep the columns that `review export --to csv` wrote; their order doesn't matter.",
        )
    return columns


def _column(title: str) -> tuple[str, int]:
    """What a column holds, and which piece of it."""
    name = " ".join(unguarded(title).replace(_BOM, "").strip().lower().split())
    if name.startswith(_RATING):
        return name, 1
    piece = _PIECE.fullmatch(name)
    plain = (piece[1] if piece else name).replace(" ", "_").replace("-", "_")
    return plain, int(piece[2]) if piece else 1


def _row(columns: Sequence[tuple[str, int] | None], cells: Sequence[str]) -> dict[str, str]:
    found: dict[str, dict[int, str]] = {}
    for column, cell in zip(columns, cells, strict=False):
        if column is not None:
            found.setdefault(column[0], {})[column[1]] = unguarded(cell)
    return {
        name: "".join(parts[place] for place in sorted(parts)).replace("\r\n", "\n")
        for name, parts in found.items()
    }


def _line(row: Mapping[str, str], people: People) -> bytes | str:
    reviewer = people.pseudonym(row.get("reviewer", "").strip(), otherwise=row.get("reviewer", ""))
    if reviewer is None:
        named = row.get("reviewer", "").strip()
        return unknown(named) if named else "The reviewer is missing: give a pseudonym such as reviewer-a."
    moment = moment_of(row.get("decided_at"))
    if isinstance(moment, str):
        return moment
    seconds = row.get("seconds", "").strip()
    if seconds and number_of(seconds) is None:
        return f"The seconds {seconds[:60]!r} are no number."
    shown: dict[str, Any] = {name: row[name] for name in SHOWN if name in row}
    shown |= {name: unlisted(shown[name]) for name in LISTS if name in shown}
    rated = [name for name in row if name.startswith(_RATING)]
    boxes = {name: row[name] for name in _FILLED if name in row}
    return filled_line(
        boxes | {box: row[name] for box, name in zip(RATINGS, rated, strict=False)},
        criteria=[name.removeprefix(_RATING) for name in rated],
        ids={name: row.get(name, "").strip() for name in IDS},
        shown=shown,
        reviewer=reviewer,
        role=row.get("role", "").strip().lower(),
        seconds=number_of(seconds) if seconds else None,
        decided_at=moment,
    )
