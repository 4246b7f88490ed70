"""The condition that a picture shows, from the caption beside it, by the project's terminology."""

from __future__ import annotations

from grandrounds.clinical.leaks import is_abbreviation
from grandrounds.clinical.phrases import phrase_key
from grandrounds.clinical.terminology import Concept, Mention, Terminology
from grandrounds.figures.cues import ASSERTED, standing
from grandrounds.figures.reading_values import Told, Untold, caption_area
from grandrounds.figures.vocabulary import Fired
from grandrounds.records.figure import FigureRow
from grandrounds.records.parts import Span
from grandrounds.text import contains_phrase

SCHEME = "diagnosis"


def read_diagnosis(row: FigureRow) -> Told | Untold:
    """The one condition that the caption asserts; what is denied, doubted, past or another's is none.

    Running text is not read: it tells the diagnosis of the patient, not of the picture.
    """
    area = caption_area(row)
    named = _named(row, area) if area else []
    sure = [(mention, said) for mention, said in named if said.asserted]
    if not sure:
        if named:
            cause = "; ".join(dict.fromkeys(f"{said.words!r} {said.standing}" for _, said in named))
            return Untold(f"the caption asserts no condition ({cause})")
        return Untold("the caption names no condition that the terminology knows")
    names = list(dict.fromkeys(mention.concept.name for mention, _ in sure))
    terminology = Terminology.load()
    if any(not terminology.related(name, names[0]) for name in names):
        return Untold(f"the caption names several conditions ({', '.join(names)})")
    special = max(sure, key=lambda each: len(each[0].concept.parents))[0].concept
    name = _as_said(special, [said.words for _, said in sure])
    words = tuple(said for mention, said in sure if mention.concept.name in names)
    return Told(
        scheme=SCHEME,
        path=(),
        title=name[:1].upper() + name[1:],
        words=words,
        rule="the only condition in the caption",
        aliases=tuple(each for each in terminology.names_of(special.name) if each != name),
    )


def _named(row: FigureRow, area: Span) -> list[tuple[Mention, Fired]]:
    found = []
    for mention in Terminology.load().mentions(area.of(row.text)):
        if not _spelled_out(row, area, mention):
            continue
        span = Span(start=area.start + mention.span.start, end=area.start + mention.span.end)
        meant = standing(row.text, span, scheme=SCHEME)
        fired = Fired(
            scheme=SCHEME,
            path=(mention.concept.name,),
            span=span,
            words=span.of(row.text),
            standing=meant or ASSERTED,
        )
        found.append((mention, fired))
    return found


def _as_said(concept: Concept, words: list[str]) -> str:
    """The name that the caption uses; a concept's own may say more ("spontaneous pneumomediastinum")."""
    said = {phrase_key(each) for each in words}
    known = (name for name in (concept.name, *concept.aliases) if not is_abbreviation(name))
    return next((name for name in known if phrase_key(name) in said), concept.name)


def _spelled_out(row: FigureRow, area: Span, mention: Mention) -> bool:
    """An abbreviation counts only where the row has the whole name as well: "PE" is polyethylene, too."""
    words = mention.span.of(area.of(row.text))
    if not is_abbreviation(words.rstrip("s")):
        return True
    names = (mention.concept.name, *mention.concept.aliases)
    return any(not is_abbreviation(name) and contains_phrase(row.text, name) for name in names)
