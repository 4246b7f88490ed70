"""The rule author of volumes: facts in their own words, then a second look at each.

Needs no model and no network: what is right is computed, and the fact brings plain words along.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import replace

from grandrounds.authoring.author import Progress, unheard
from grandrounds.authoring.rows import draft_of, revision_of
from grandrounds.authoring.volume_checks import Asked, lopsided, strays, told_by_stem
from grandrounds.authoring.volume_compose import (
    Composed,
    Composer,
    author_version,
    envelope_fields,
    rationale_of,
)
from grandrounds.imaging.fact import Fact
from grandrounds.lake import Lake
from grandrounds.recipe import Recipe
from grandrounds.records.envelope import OK, Draft, Envelope, Revision
from grandrounds.records.parts import Authorship
from grandrounds.records.scan import Scan
from grandrounds.streams import length

VERSION = "1"
DROPPED = "dropped"


class VolumeRuleAuthor:
    """Writes by rules; see the module."""

    name = "rule"

    def __init__(
        self, recipe: Recipe, *, lake: Lake | None = None, on_progress: Progress | None = None
    ) -> None:
        self._recipe = recipe
        self._composer = Composer(recipe, lake=lake)
        self._on_progress = on_progress or unheard
        self._authorship = Authorship(author=self.name, author_version=author_version(VERSION))

    def draft(self, scans: Iterable[Scan]) -> Iterator[Draft]:
        """One draft a fact, and one for each task that asks nothing of a scan. Progress counts scans."""
        total = length(scans)
        for number, scan in enumerate(scans, start=1):
            for composed in self._composer.composed(scan):
                yield self._draft(composed)
            self._on_progress(number, total)

    def revise(self, drafts: Iterable[tuple[Draft, Scan]]) -> Iterator[Revision]:
        """One revision a draft: kept, given the fact's own words again, or dropped."""
        total = length(drafts)
        asked = Asked()
        for number, (draft, scan) in enumerate(drafts, start=1):
            yield self._revision(draft, scan, asked)
            self._on_progress(number, total)

    def _draft(self, composed: Composed) -> Draft:
        fields = envelope_fields(composed, recipe=self._recipe.name, authorship=self._authorship)
        return draft_of(fields, status=composed.status, reason=composed.reason)

    def _revision(self, draft: Draft, scan: Scan, asked: Asked) -> Revision:
        fact = self._composer.fact_of(scan, task=draft.task, subject=draft.subject)
        reason = strays(draft, fact) or told_by_stem(draft)
        changes: tuple[str, ...] = ()
        worded = replace(draft, authorship=self._authorship)
        if fact is not None and not reason:
            worded, changes, reason = _in_own_words(worded, fact)
        reason = reason or asked.repeats(worded)
        return as_revised(worded, status=DROPPED if reason else OK, reason=reason, changes=changes)


def as_revised(draft: Draft, *, status: str, reason: str, changes: tuple[str, ...]) -> Revision:
    """The revision of ``draft`` as it stands now; its id stays the draft's."""
    fields = {field.name: getattr(draft, field.name) for field in dataclasses.fields(Envelope)}
    fields["quality_flags"] = tuple(dict.fromkeys((*draft.quality_flags, *lopsided(draft))))
    return revision_of(fields, draft_id=draft.draft_id, status=status, reason=reason, changes=changes)


def _in_own_words(draft: Draft, fact: Fact) -> tuple[Draft, tuple[str, ...], str]:
    """The draft in words that keep to the fact, what was changed, and why that can't be, if so."""
    from grandrounds.imaging.wording import problems

    found = problems(draft.question, draft.rationale, fact)
    if not found:
        return draft, (), ""
    own = replace(draft, question=fact.question, rationale=rationale_of(fact))
    still = problems(own.question, own.rationale, fact)
    if still:
        return draft, (), f"words_of_fact: {'; '.join(still)}"
    return own, (f"words_of_fact: the rules' words took the place of others: {'; '.join(found)}",), ""
