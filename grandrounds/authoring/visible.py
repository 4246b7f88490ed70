"""What the solver may see of a case: this patient's story up to the first sign of the answer.

The rule. This patient's presentation, history, examination and investigations are read in printed
order, sentence by sentence, and the reading stops for good before the first sentence that leaks:
nothing printed after it is shown, so neither treatment nor outcome can slip in behind a gap.
A section of another kind (diagnosis, treatment, outcome, discussion ...) ends the reading too.

Three things are left out without ending it: cross-references to figures, tables and literature
(gaps inside a sentence), sentences that only point at a figure or table or are the publisher's or the
ethics committee's, and at most one opening sentence (first or second) that gives the answer away before
it has told anything measured ("A man with suspected X was admitted ...").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from grandrounds.authoring.references import cross_references, points_elsewhere
from grandrounds.authoring.story import (
    is_examination,
    is_formality,
    is_investigation,
    is_measured,
    is_suspicion,
    story_sections,
)
from grandrounds.clinical.leaks import (
    FURNITURE,
    NAMING_KINDS,
    POST_DIAGNOSIS,
    Leak,
    defined_abbreviations,
    find_leaks,
)
from grandrounds.needs import CaseNeed
from grandrounds.recipe import Cut
from grandrounds.records.case import Case, Section
from grandrounds.records.parts import Span
from grandrounds.stem import render, subtract
from grandrounds.text import normalise, sentences, words

_PARAGRAPH = "\n\n"
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n")
_OPENING_SENTENCES = 3
_OPENING_LENGTH = 260
_FEWEST_WORDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Visible:
    """The pieces of ``Case.text`` that make the stem, in order.

    ``pieces`` is empty when no stem can be made, and ``reason`` says why. ``stopped_by`` is the
    leak before which the reading stopped; ``None`` when it stopped for another reason.
    """

    pieces: tuple[Span, ...]
    reason: str = ""
    stopped_by: Leak | None = None


def visible_part(
    case: Case, *, cut: Cut, need: CaseNeed, answer: str, aliases: Sequence[str] = ()
) -> Visible:
    """Which pieces of ``case.text`` the solver may see; see the module for the rule.

    ``answer`` and ``aliases`` are what must not be named. Lengths in ``need`` count characters of
    the rendered stem. The stem made of the pieces never names the answer.
    """
    aliases = names_in_article(case, answer=answer, aliases=aliases)
    reading = _Reading(case=case, cut=cut, answer=answer, aliases=aliases)
    sections = story_sections(case)
    if not sections:
        return Visible(pieces=(), reason="the article has no section that tells the patient's story")
    kept = _shortened(case.text, reading.run(sections), need.maximum_characters)
    kept, late = _without_late_leaks(case.text, kept, answer, aliases)
    stopped_by = late or reading.stopped_by
    pieces = _pieces(case.text, kept)
    length = len(render(case.text, pieces))
    if length < max(need.minimum_characters, 1):
        return Visible(pieces=(), reason=_too_short(length, stopped_by), stopped_by=stopped_by)
    return Visible(pieces=pieces, stopped_by=stopped_by)


def names_in_article(case: Case, *, answer: str, aliases: Sequence[str] = ()) -> tuple[str, ...]:
    """``aliases``, and the short forms that this article gives the answer or one of them.

    Those who judge the stem later see only the stem, so a draft should carry these as its aliases.
    """
    names = (answer, *aliases)
    given = defined_abbreviations(case.text, names)
    listed = tuple(
        short.strip(" :.")
        for short, _, long in (pair.partition("=") for pair in case.abbreviations)
        if any(normalise(long) == normalise(name) for name in names)
    )
    return tuple(dict.fromkeys(alias for alias in (*aliases, *given, *listed) if alias and alias != answer))


@dataclass(slots=True, kw_only=True)
class _Reading:
    """One pass over a case. ``stopped_by`` is set when a leak ends it."""

    case: Case
    cut: Cut
    answer: str
    aliases: tuple[str, ...]
    stopped_by: Leak | None = None
    read: int = 0
    dropped: bool = False

    def run(self, sections: Sequence[Section]) -> list[tuple[Span, ...]]:
        """The kept sentences, each as the pieces that are left of it."""
        kept: list[tuple[Span, ...]] = []
        told = tuple(takewhile(lambda section: not self._section_ends(section), sections))
        for sentence, leaks in _with_leaks(self.case.text, told, self.answer, self.aliases):
            self.read += 1
            if kept and self._sentence_ends(sentence):
                break
            telling = [leak for leak in leaks if leak.kind != FURNITURE]
            if telling and self._may_drop(sentence, telling):
                self.dropped = True
                continue
            if telling:
                self.stopped_by = telling[0]
                break
            left = self._left_of(sentence, leaks)
            if left:
                kept.append(left)
        return kept

    def _section_ends(self, section: Section) -> bool:
        if self.cut is Cut.BEFORE_INVESTIGATIONS:
            return section.kind == "investigations"
        return self.cut is Cut.PRESENTATION and section.kind in ("examination", "investigations")

    def _sentence_ends(self, sentence: Span) -> bool:
        """Whether a narrower cut ends here; the first sentence, why the patient came, is always told."""
        told = sentence.of(self.case.text)
        if self.cut is Cut.PRESENTATION and is_examination(told):
            return True
        return self.cut is not Cut.BEFORE_DIAGNOSIS and is_investigation(told)

    def _may_drop(self, sentence: Span, telling: Sequence[Leak]) -> bool:
        """Whether a leaking sentence is an opening that has told nothing measured yet.

        A conclusion is dropped only where it opens the report ("We report a man with X, treated
        with Y") or is a suspicion, and the result of a test only where it is a suspicion: behind any
        other the story would go on after its end.
        """
        told = sentence.of(self.case.text)
        if self.dropped or len(told) > _OPENING_LENGTH or is_measured(told):
            return False
        suspected = is_suspicion(told)
        if is_investigation(told) and not suspected:
            return False
        concluded = any(leak.kind == POST_DIAGNOSIS for leak in telling)
        if concluded and self.read > 1 and not suspected:
            return False
        return self.read <= _OPENING_SENTENCES

    def _left_of(self, sentence: Span, leaks: Sequence[Leak]) -> tuple[Span, ...]:
        """What stays of a sentence; nothing when it is furniture, ethics, or points at a figure."""
        text = self.case.text
        if is_formality(sentence.of(text)):
            return ()
        holes = list(cross_references(text, sentence, self.case.marks))
        holes += [leak.span for leak in leaks if leak.kind == FURNITURE]
        left = tuple(piece for piece in subtract(sentence, holes) if piece.of(text).strip())
        return () if points_elsewhere(text, left) or not _is_prose(text, left, sentence) else left


def _with_leaks(
    text: str, sections: Sequence[Section], answer: str, aliases: Sequence[str]
) -> Iterator[tuple[Span, list[Leak]]]:
    """The sentences of ``sections``, each with the leaks that touch it.

    The sections are searched as one text, because a later one may say that what stands in an
    earlier one was before admission.
    """
    story, offsets = "", []
    for section in sections:
        offsets.append((len(story), section.span))
        story += section.span.of(text) + _PARAGRAPH
    leaks = find_leaks(story, answer=answer, aliases=aliases)
    for start, span in offsets:
        moved = span.start - start
        for sentence in sentences(text, span):
            yield (
                sentence,
                [
                    Leak(kind=leak.kind, span=_moved(leak.span, moved), text=leak.text)
                    for leak in leaks
                    if leak.span.start + moved < sentence.end and sentence.start < leak.span.end + moved
                ],
            )


def _moved(span: Span, by: int) -> Span:
    return Span(start=span.start + by, end=span.end + by)


def _is_prose(text: str, pieces: Sequence[Span], sentence: Span) -> bool:
    """Whether a sentence is left: all of it, or three words at least; a lone full stop is none."""
    words_left = sum(len(words(piece.of(text))) for piece in pieces)
    whole = len(pieces) == 1 and pieces[0] == sentence
    return words_left >= (1 if whole else _FEWEST_WORDS)


def _pieces(text: str, kept: Sequence[tuple[Span, ...]]) -> tuple[Span, ...]:
    """The pieces of all sentences; neighbours in one paragraph become one, so that quotes may span them."""
    found: list[Span] = []
    for piece in (piece for sentence in kept for piece in sentence):
        gap = text[found[-1].end : piece.start] if found else "x"
        if not gap.strip() and not _BLANK_LINE.search(gap):
            found[-1] = Span(start=found[-1].start, end=piece.end)
        else:
            found.append(piece)
    return tuple(found)


def _shortened(text: str, kept: list[tuple[Span, ...]], longest: int) -> list[tuple[Span, ...]]:
    """The longest run of whole sentences whose stem has at most ``longest`` characters."""
    low, high = 0, len(kept)
    while low < high:
        middle = (low + high + 1) // 2
        if len(render(text, _pieces(text, kept[:middle]))) <= longest:
            low = middle
        else:
            high = middle - 1
    return kept[:low]


def _without_late_leaks(
    text: str, kept: list[tuple[Span, ...]], answer: str, aliases: Sequence[str]
) -> tuple[list[tuple[Span, ...]], Leak | None]:
    """Sentences from the end go until the rendered stem is clean: cutting gaps can join words."""
    late = None
    while kept:
        leaks = find_leaks(render(text, _pieces(text, kept)), answer=answer, aliases=aliases)
        if not leaks:
            break
        late = leaks[0]
        kept = kept[:-1]
    return kept, late


def _too_short(length: int, leak: Leak | None) -> str:
    if leak is None:
        return f"the case has only {length} characters of story"
    why = "names the answer" if leak.kind in NAMING_KINDS else "was written after the diagnosis was known"
    return f"only {length} characters are left before the first sentence that {why}: {leak.text[:120]!r}"
