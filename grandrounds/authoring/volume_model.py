"""The model author of volumes: a model words what was computed, and nothing more.

It sees the fact as plain text and the key slices, and writes question and rationale; a second request
revises them against written criteria. What it writes is checked (``imaging.wording``). Words that leave the
fact are not taken: those before them stay (the fact's own, the draft's), flagged ``wording_refused``, and a
row in the fact's own words is the rule author's. No third request repairs them: the revision is the repair,
told why the draft's words were refused. And a fact is right whoever words it; to drop it would let a
model's slips decide what is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from grandrounds.authoring.asking import Asker, Reply
from grandrounds.authoring.author import Progress
from grandrounds.authoring.prompts import Prompt, load_prompt
from grandrounds.authoring.rows import draft_of
from grandrounds.authoring.volume_checks import Asked, strays, told_by_stem
from grandrounds.authoring.volume_compose import (
    IMAGE,
    Composed,
    Composer,
    author_version,
    envelope_fields,
)
from grandrounds.authoring.volume_rule import DROPPED, VolumeRuleAuthor, as_revised
from grandrounds.authoring.volume_rule import VERSION as RULE_VERSION
from grandrounds.imaging.fact import Fact
from grandrounds.lake import Lake
from grandrounds.llm.answering import Answering
from grandrounds.llm.request import MediaPart, ModelRequest
from grandrounds.recipe import Recipe, prompt_folder
from grandrounds.records.envelope import OK, Draft, Revision
from grandrounds.records.parts import Authorship, Flag, Media
from grandrounds.records.scan import Scan
from grandrounds.streams import length

VERSION = "1"
REFUSED_WORDING = "wording_refused"
_SYSTEM = (
    "You are a radiologist who writes examination items. Answer with one JSON object and nothing else."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Second:
    """A draft before its revision; ``reason`` is why it is not even asked about."""

    draft: Draft
    fact: Fact | None
    reason: str


class VolumeModelAuthor:
    """Words with a model; see the module."""

    name = "model"

    def __init__(
        self,
        recipe: Recipe,
        *,
        client: Answering,
        lake: Lake | None = None,
        on_progress: Progress | None = None,
    ) -> None:
        self._recipe = recipe
        self._asker = Asker(recipe, client=client, system=_SYSTEM, on_progress=on_progress)
        self._composer = Composer(recipe, lake=lake)

    def draft(self, scans: Iterable[Scan]) -> Iterator[Draft]:
        """One draft a fact, and one for each task that asks nothing of a scan. Progress counts requests."""
        for composed, reply in self._asker.replies(self._facts(scans), self._draft_request, total=None):
            yield self._draft(composed, reply)

    def revise(self, drafts: Iterable[tuple[Draft, Scan]]) -> Iterator[Revision]:
        """One revision a draft. Nothing is asked about one that is not true to its scan."""
        asked = Asked()
        seconds = self._asker.replies(self._seconds(drafts), self._revise_request, total=length(drafts))
        for second, reply in seconds:
            yield self._revision(second, reply, asked)

    def draft_requests(self, scans: Iterable[Scan]) -> Iterator[ModelRequest]:
        """The requests that ``draft`` sends, for those who carry them elsewhere; pictures are drawn."""
        requests = map(self._draft_request, self._facts(scans))
        return (request for request in requests if request is not None)

    def revise_requests(self, drafts: Iterable[tuple[Draft, Scan]]) -> Iterator[ModelRequest]:
        """The requests that ``revise`` sends."""
        requests = map(self._revise_request, self._seconds(drafts))
        return (request for request in requests if request is not None)

    def _facts(self, scans: Iterable[Scan]) -> Iterator[Composed]:
        return (composed for scan in scans for composed in self._composer.composed(scan))

    def _seconds(self, drafts: Iterable[tuple[Draft, Scan]]) -> Iterator[_Second]:
        for draft, scan in drafts:
            fact = self._composer.fact_of(scan, task=draft.task, subject=draft.subject)
            yield _Second(draft=draft, fact=fact, reason=strays(draft, fact) or told_by_stem(draft))

    def _draft_request(self, composed: Composed) -> ModelRequest | None:
        if composed.fact is None or composed.status != OK:
            return None
        prompt = load_prompt(prompt_folder(composed.task.name), "draft")
        shown = _material(composed.stem, composed.fact, composed.media)
        return self._request(prompt, shown, composed.media, protected=composed.scan.protected)

    def _revise_request(self, second: _Second) -> ModelRequest | None:
        draft = second.draft
        if second.fact is None or second.reason:
            return None
        prompt = load_prompt(prompt_folder(draft.task), "revise")
        material = _material(draft.stem, second.fact, draft.media) | {
            "draft": {"question": draft.question, "rationale": draft.rationale},
            "refused": [flag.detail for flag in draft.quality_flags if flag.flag == REFUSED_WORDING],
            "criteria": list(self._recipe.criteria or prompt.criteria),
        }
        return self._request(prompt, material, draft.media, protected=draft.protected)

    def _request(
        self, prompt: Prompt, material: Mapping[str, Any], media: Iterable[Media], *, protected: bool
    ) -> ModelRequest:
        parts = tuple(
            MediaPart(sha256=each.sha256, media_type=each.mime) for each in media if each.kind == IMAGE
        )
        return self._asker.request(prompt, prompt.render(material), protected=protected, media=parts)

    def _draft(self, composed: Composed, reply: Reply | None) -> Draft:
        status, reason = composed.status, composed.reason
        words: _Words | None = None
        flags: tuple[Flag, ...] = ()
        if reply is not None and not reply.answer.ok:
            status, reason = reply.answer.status, reply.failure
        elif reply is not None and composed.fact is not None:
            words = _Words.of(reply)
            found = words.problems(composed.fact)
            if found:
                words, flags = None, (Flag(flag=REFUSED_WORDING, detail=f"draft: {found}"),)
        fields = envelope_fields(
            composed,
            recipe=self._recipe.name,
            authorship=self._authorship(reply, by_model=not flags),
            question=words.question if words else None,
            rationale=words.rationale if words else None,
            flags=flags,
        )
        return draft_of(fields, status=status, reason=reason)

    def _authorship(self, reply: Reply | None, *, by_model: bool) -> Authorship:
        """Whose the words are; the request is named either way."""
        return Authorship(
            author=self.name if by_model else VolumeRuleAuthor.name,
            author_version=author_version(VERSION if by_model else RULE_VERSION),
            model=self._model(reply) if by_model else None,
            draft_prompt_sha256=reply.request.prompt_sha256 if reply else None,
            draft_request_id=reply.request.request_id if reply else None,
        )

    def _model(self, reply: Reply | None) -> str:
        return (reply.answer.model if reply else "") or self._asker.model

    def _revision(self, second: _Second, reply: Reply | None, asked: Asked) -> Revision:
        draft, status, reason = second.draft, OK, ""
        changes: tuple[str, ...] = ()
        if reply is None or second.fact is None:
            status, reason = DROPPED, second.reason
        else:
            draft = replace(draft, authorship=reply.revised(draft.authorship))
            if not reply.answer.ok:
                status, reason = reply.answer.status, reply.failure
            else:
                draft, changes = self._taken(draft, second.fact, reply)
                status, reason = DROPPED if reply.why_dropped else OK, reply.why_dropped
        if status == OK:
            reason = asked.repeats(draft)
            status = DROPPED if reason else OK
        return as_revised(draft, status=status, reason=reason, changes=changes)

    def _taken(self, draft: Draft, fact: Fact, reply: Reply) -> tuple[Draft, tuple[str, ...]]:
        """The draft in the revision's words, and what was changed; as it was where these leave the fact."""
        words = _Words.of(reply)
        found = words.problems(fact)
        if found:
            flag = Flag(flag=REFUSED_WORDING, detail=f"revision: {found}")
            return replace(draft, quality_flags=(*draft.quality_flags, flag)), ()
        if words == _Words(draft.question, draft.rationale):
            return draft, reply.changes
        authorship = replace(
            draft.authorship,
            author=self.name,
            author_version=author_version(VERSION),
            model=self._model(reply),
        )
        worded = replace(draft, question=words.question, rationale=words.rationale, authorship=authorship)
        return worded, reply.changes


@dataclass(frozen=True, slots=True)
class _Words:
    """What a model wrote, on one line each."""

    question: str
    rationale: str

    @classmethod
    def of(cls, reply: Reply) -> _Words:
        value = reply.answer.value()
        return cls(" ".join(value["question"].split()), " ".join(value["rationale"].split()))

    def problems(self, fact: Fact) -> str:
        """How the words leave the fact; empty where they keep to it."""
        from grandrounds.imaging.wording import problems

        return "; ".join(problems(self.question, self.rationale, fact))


def _material(stem: str, fact: Fact, media: Iterable[Media]) -> dict[str, Any]:
    """What both prompts show: the stem, the fact as text, and what the pictures are of."""
    from grandrounds.imaging.wording import described

    return {
        "stem": stem,
        "fact": described(fact),
        "pictures": [each.caption for each in media if each.kind == IMAGE],
    }
