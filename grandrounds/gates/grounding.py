"""Gate ``grounding``: the stem and every quote are really there, byte for byte.

A quote that supports the rationale must lie inside what the solver sees; the quote that shows the
answer right must name it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from grandrounds.gates.gate import Findings, Gate, Looked, found, shortened
from grandrounds.gates.names import answer_names
from grandrounds.records.case import Case
from grandrounds.records.envelope import Revision
from grandrounds.records.parts import Evidence
from grandrounds.stem import render, visible_quote
from grandrounds.text import contains_phrase

ROLES = ("stem", "support", "answer")
_SEEN = ("stem", "support")


def look(at: Looked) -> Findings:
    """Refuse a stem that its spans don't make, and quotes that are not at their place."""
    revision, case = at.revision, at.case
    if case is None:
        return found(f"Case {revision.evidence_id} is not among the cases, so nothing can be checked.")
    return found(
        None if case.source_id == revision.source_id else f"Its case is of source {case.source_id}.",
        *_stem_problems(revision, case),
        *(problem for quote in revision.evidence for problem in _quote_problems(quote, revision, case)),
        *_answer_problems(at),
    )


def _stem_problems(revision: Revision, case: Case) -> Iterator[str]:
    spans = revision.visible_spans
    if not spans:
        yield "It doesn't say which pieces of the case its stem shows."
    elif any(span.end > len(case.text) for span in spans):
        yield "A piece of the stem lies beyond the end of the stored text."
    elif any(one.end > other.start for one, other in pairwise(spans)):
        yield "The pieces of the stem overlap or are out of order."
    elif render(case.text, spans) != revision.stem:
        yield "The stem is not what its pieces of the stored text make."


def _quote_problems(quote: Evidence, revision: Revision, case: Case) -> Iterator[str]:
    shown = shortened(quote.quote, 60)
    if quote.role not in ROLES:
        yield f"A quote has the unknown role {quote.role!r}."
    if (quote.evidence_id, quote.source_id) != (revision.evidence_id, revision.source_id):
        yield f'The quote "{shown}" is of another case or source.'
        return
    locator = quote.locator
    if locator.kind != "char_span" or locator.start is None or locator.end is None:
        yield f'The quote "{shown}" has no place in the stored text.'
    elif not 0 <= locator.start < locator.end <= len(case.text):
        yield f'The quote "{shown}" points outside the stored text.'
    elif case.text[locator.start : locator.end] != quote.quote:
        yield f'The quote "{shown}" is not at its place in the stored text.'
    elif (
        quote.role in _SEEN
        and locator.span
        and not visible_quote(case.text, revision.visible_spans, locator.span)
    ):
        yield f'The quote "{shown}" supports the rationale, but the solver does not see it.'


def _answer_problems(at: Looked) -> Iterator[str]:
    quotes = [quote.quote for quote in at.revision.evidence if quote.role == "answer"]
    if not quotes:
        yield "No quote shows that the answer is right."
    elif not any(contains_phrase(quote, name) for quote in quotes for name in answer_names(at)):
        yield f"No quote that should show the answer names {at.revision.answer!r}."


GATE = Gate(name="grounding", look=look)
