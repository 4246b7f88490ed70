"""A random sample of pairs for a person to judge: is this the caption of this picture?

The sample is drawn by the ids of the figures and a seed, in proportion from each stratum of origin (raster,
vector, markup ...) and confidence, so that its error is that of all pairs. It becomes one HTML page that
works by keyboard, loads nothing and saves a CSV; ``record`` takes that back.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import floor

from grandrounds.errors import GrandRoundsError
from grandrounds.figures.scores import pair_sha256
from grandrounds.figures.views import band
from grandrounds.fingerprint import content_id, unit_interval
from grandrounds.records.alignment_score import VERDICTS, AlignmentScore
from grandrounds.records.figure import PAIRED, FigureRow

COLUMNS = ("recipe", "sample", "evidence_id", "pair_sha256", "verdict", "scorer")
_LARGEST = 16 * 1024 * 1024


class ScoresError(GrandRoundsError):
    """A file of scores can't be taken; the message names the line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What became of a file of scores: rows ``added``; lines that said what was known (``known``), had no
    verdict (``empty``), or are of pairs that are read otherwise now or not at all (``gone``)."""

    added: tuple[AlignmentScore, ...]
    known: int
    empty: int
    gone: int


def draw(rows: Iterable[FigureRow], *, count: int, seed: int) -> list[FigureRow]:
    """At most ``count`` pairs, the same for the same rows and seed, in an order that tells nothing.

    Each stratum gives its share of ``count``, rounded so that all add up (largest remainder).
    """
    strata: defaultdict[tuple[str, str], list[FigureRow]] = defaultdict(list)
    for row in rows:
        if row.status == PAIRED and row.sha256:
            strata[row.origin, band(row.alignment)].append(row)
    total = sum(map(len, strata.values()))
    count = min(count, total)
    exact = {name: count * len(own) / total for name, own in strata.items()} if total else {}
    quota = {name: floor(share) for name, share in exact.items()}
    rest = sorted(exact, key=lambda name: (quota[name] - exact[name], name))
    for name in rest[: count - sum(quota.values())]:
        quota[name] += 1
    chosen = [
        row
        for name, own in sorted(strata.items())
        for row in sorted(own, key=lambda row: _lot(seed, row))[: quota[name]]
    ]
    return sorted(chosen, key=lambda row: _lot(seed + 1, row))


def sample_name(*, count: int, seed: int) -> str:
    """What a draw is called in the table of scores."""
    return f"n{count}-seed{seed}"


def record(
    content: bytes,
    *,
    recipe: str,
    figures: Mapping[str, FigureRow],
    known: Sequence[AlignmentScore],
    scorer: str = "",
) -> Recorded:
    """The rows that a CSV of scores adds to ``known``. ``figures`` are the recipe's, by evidence id;
    ``scorer`` is the pseudonym for lines that name none.

    Raises ``ScoresError`` for a file that is none, of another recipe, or with a line that can't be meant.
    """
    last = {(row.pair_sha256, row.scorer): row for row in sorted(known, key=lambda row: row.position)}
    position = max((row.position for row in known), default=0)
    added: list[AlignmentScore] = []
    same = empty = gone = 0
    for number, line in enumerate(_lines(content, recipe), start=2):
        verdict, who = line["verdict"].strip().lower(), line["scorer"].strip() or scorer
        if not verdict:
            empty += 1
            continue
        if verdict not in VERDICTS:
            raise _bad(number, f"says {verdict[:40]!r}, not {', '.join(VERDICTS)}")
        if not who:
            raise _bad(number, "does not say who judged; give --scorer, a pseudonym such as reviewer-a")
        figure = figures.get(line["evidence_id"])
        if figure is None or pair_sha256(figure) != line["pair_sha256"]:
            gone += 1
            continue
        before = last.get((line["pair_sha256"], who))
        if before is not None and before.verdict == verdict:
            same += 1
            continue
        position += 1
        row = _score(figure, recipe, position, verdict=verdict, scorer=who, sample=line["sample"][:80])
        last[row.pair_sha256, who] = row
        added.append(row)
    return Recorded(added=tuple(added), known=same, empty=empty, gone=gone)


def _lot(seed: int, row: FigureRow) -> float:
    return unit_interval("alignment sample", str(seed), row.evidence_id)


def _lines(content: bytes, recipe: str) -> list[dict[str, str]]:
    if len(content) > _LARGEST:
        raise ScoresError(f"The file has {len(content):,} bytes; scores have fewer than {_LARGEST:,}.")
    try:
        reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise ScoresError(
                f"The file's first line is not {','.join(COLUMNS)}.",
                remedy="Save it from the page that `grandrounds figures sample` writes.",
            )
        lines = list(reader)
    except (UnicodeDecodeError, csv.Error) as exc:
        raise ScoresError(f"The file is no CSV in UTF-8: {exc}.") from exc
    for number, line in enumerate(lines, start=2):
        if None in line or None in line.values():
            raise _bad(number, f"does not have {len(COLUMNS)} values")
        if line["recipe"] != recipe:
            raise _bad(number, f"is of recipe {line['recipe'][:60]!r}, not {recipe!r}")
    return lines


def _score(
    figure: FigureRow, recipe: str, position: int, *, verdict: str, scorer: str, sample: str
) -> AlignmentScore:
    pair = pair_sha256(figure)
    return AlignmentScore(
        score_id=content_id("score", [recipe, position, pair, scorer, verdict]),
        recipe=recipe,
        position=position,
        evidence_id=figure.evidence_id,
        source_id=figure.source_id,
        pair_sha256=pair,
        verdict=verdict,
        scorer=scorer,
        sample=sample,
        origin=figure.origin,
        alignment=figure.alignment,
    )


def _bad(number: int, what: str) -> ScoresError:
    return ScoresError(f"Line {number} {what}.", remedy="Nothing was recorded. Correct it and try again.")
