"""Gate ``leakage``: nothing the solver sees, besides the options, gives the answer away.

The stem and captions are searched for the answer, its aliases and abbreviations (the article's own
too), its telling parts, sentences that only follow a diagnosis, and publishers' furniture; the
question, media names and labels for the names alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from grandrounds.gates.gate import Findings, Gate, Looked, found, shortened
from grandrounds.gates.names import answer_names

_SHOWN = 5


def look(at: Looked) -> Findings:
    """Refuse a row that gives its answer away, saying where and how."""
    revision, names = at.revision, answer_names(at)
    problems = list(_text_leaks("stem", revision.stem, revision.answer, names))
    for number, media in enumerate(revision.media, start=1):
        problems += _text_leaks(f"caption of picture {number}", media.caption, revision.answer, names)
        problems += _name_leaks(f"file name of picture {number}", media.name, revision.answer, names)
        problems += _name_leaks(f"label of picture {number}", media.label, revision.answer, names)
    problems += _name_leaks("question", revision.question, revision.answer, names)
    more = len(problems) - _SHOWN
    return found(*problems[:_SHOWN], f"And {more} more." if more > 0 else None)


def _text_leaks(where: str, text: str, answer: str, names: tuple[str, ...]) -> Iterator[str]:
    from grandrounds.clinical.leaks import find_leaks

    if not text:
        return
    for leak in find_leaks(text, answer=answer, aliases=names):
        yield f'The {where} gives the answer away ({leak.kind}): "{shortened(leak.text, 60)}".'


def _name_leaks(where: str, text: str, answer: str, names: tuple[str, ...]) -> Iterator[str]:
    from grandrounds.clinical.leaks import NAMING_KINDS, find_leaks

    leaks = find_leaks(text, answer=answer, aliases=names) if text else ()
    if any(leak.kind in NAMING_KINDS for leak in leaks):
        yield f'The {where} names the answer: "{shortened(text, 60)}".'


GATE = Gate(name="leakage", look=look)
