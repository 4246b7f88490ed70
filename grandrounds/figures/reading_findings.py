"""What a picture shows out of the ordinary, and what is being done in it, from the words beside it.

Of several findings the first that is said to be shown is taken: the others are never among the options,
so one answer is right all the same.
"""

from __future__ import annotations

import re

from grandrounds.figures.reading_values import CAPTION, MENTION, Told, Untold, caption_area, mention_clauses
from grandrounds.figures.taxonomy import FINDING, PROCEDURE, load_taxonomy
from grandrounds.figures.vocabulary import Fired, fired
from grandrounds.records.figure import FigureRow
from grandrounds.records.parts import Span

_SHOWN = re.compile(
    r"\b(?:show(?:s|n|ed|ing)?|demonstrat(?:es?|ed|ing)|reveal(?:s|ed|ing)?|depict(?:s|ed|ing)?|display(?:s|ed|ing)?|illustrat(?:es?|ed|ing)|"
    r"with|note|exhibit(?:s|ed|ing)?|presence\s+of|evidence\s+of|visuali[sz]ation\s+of|view\s+of|image\s+of|appearance\s+of)\b",
    re.IGNORECASE,
)


def read_finding(row: FigureRow) -> Told | Untold:
    """The finding that the caption, or the text that refers to the figure, says is shown."""
    return _read(row, FINDING, what="finding")


def read_procedure(row: FigureRow) -> Told | Untold:
    """The procedure that the caption shows being done; running text says too much of what was done
    elsewhere."""
    return _read(row, PROCEDURE, what="procedure")


def _read(row: FigureRow, scheme: str, *, what: str) -> Told | Untold:
    area = caption_area(row)
    named = fired(row.text, scheme, within=area) if area else ()
    asked = _askable(named, scheme)
    if asked and area:
        shown = _first_shown(row, area, asked)
        rule = f"the {what} that the caption says is shown" if shown else f"the first {what} in the caption"
        return _told(shown or asked[0], asked, scheme, rule=rule, source=CAPTION)
    if named:
        cause = "; ".join(dict.fromkeys(f"{each.words!r} {each.standing}" for each in named))
        return Untold(f"the caption names no {what} without a doubt ({cause})")
    if scheme == FINDING:
        for clause in mention_clauses(row):
            found = _askable(fired(row.text, scheme, within=clause), scheme)
            if len({each.path for each in found}) == 1:
                rule = f"the only {what} where the text refers to the figure"
                return _told(found[0], found, scheme, rule=rule, source=MENTION)
    return Untold(f"no word beside the figure names a {what}")


def _askable(named: tuple[Fired, ...], scheme: str) -> list[Fired]:
    taxonomy = load_taxonomy(scheme)
    return [
        each for each in named if each.asserted and len(each.path) == 2 and taxonomy.node(each.path).asked
    ]


def _first_shown(row: FigureRow, area: Span, named: list[Fired]) -> Fired | None:
    """The first after a word of showing."""
    verb = _SHOWN.search(row.text, area.start, area.end)
    return next((each for each in named if verb is not None and each.span.start >= verb.end()), None)


def _told(chosen: Fired, named: list[Fired], scheme: str, *, rule: str, source: str) -> Told:
    return Told(
        scheme=scheme,
        path=chosen.path,
        title=load_taxonomy(scheme).node(chosen.path).title,
        words=tuple(each for each in named if each.path == chosen.path),
        rule=rule,
        source=source,
    )
