"""The model author of clips: it sees the frames in order, with their times and what is said around them.

Of the tasks whose answers are worked out, it finds the words of question and reasons alone; words that
leave what was worked out are not taken, and the row is then the rule author's. Reasoning items it writes as
a whole, from clips in which something is said that can confirm an answer. Each step of reasoning names the
frames that it rests on, two at least, and quotes stand in what is said word for word. A second request
revises against written criteria. An item whose last wording still fails a criterion that code can check is
dropped.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from grandrounds.authoring.asking import Reply
from grandrounds.authoring.clip_answers import (
    FEWEST_FRAMES,
    evidence_of,
    frames_of,
    options_of,
    paths_of,
    quotes_of,
    rationale_of,
    reasons_of,
    wording_faults,
)
from grandrounds.authoring.clip_asking import (
    About,
    about_of,
    clean_names,
    kept,
    material_of,
    worked_out,
)
from grandrounds.authoring.clip_checks import problems
from grandrounds.authoring.clip_compose import NOTHING_TO_ASK, Content, author_version, envelope_fields
from grandrounds.authoring.clip_rule import VERSION as RULE_VERSION
from grandrounds.authoring.clip_rule import ClipRuleAuthor
from grandrounds.authoring.prompts import Prompt, load_prompt
from grandrounds.authoring.rows import draft_of
from grandrounds.authoring.task_model import TaskModelAuthor
from grandrounds.llm.request import MediaPart, ModelRequest
from grandrounds.recipe import Task, prompt_folder
from grandrounds.records.clip import ClipRow
from grandrounds.records.envelope import OK, Draft, Revision
from grandrounds.records.parts import Authorship, Flag
from grandrounds.videos.asking import REASONING
from grandrounds.videos.labels import labels_of

VERSION = "1"
DROPPED, UNPARSABLE, NO_DISTRACTORS = "dropped", "unparsable", "no_distractors"
REFUSED_WORDING = "wording_refused"
_PNG = "image/png"
_SYSTEM = (
    "You are a physician who writes examination items on medical videos. "
    "Answer with one JSON object and nothing else."
)


class ClipModelAuthor(TaskModelAuthor[ClipRow, About]):
    """Writes with a model that sees the frames; see the module."""

    system = _SYSTEM

    def _subject(self, row: ClipRow, task: Task) -> About:
        return about_of(row, task)

    def _draft_request(self, about: About) -> ModelRequest | None:
        if about.reason:
            return None
        prompt = load_prompt(prompt_folder(about.task.name), "draft")
        return self._request(prompt, about, material_of(about))

    def _revise_request(self, pair: tuple[Draft, ClipRow]) -> ModelRequest:
        draft, row = pair
        about = about_of(row, self._tasks[draft.task])
        prompt = load_prompt(prompt_folder(draft.task), "revise")
        material = material_of(about) | {
            "stem": draft.stem,
            "criteria": list(self._recipe.criteria or prompt.criteria),
            "refused": [flag.detail for flag in draft.quality_flags if flag.flag == REFUSED_WORDING],
            "draft": {
                "question": draft.question,
                "answer": draft.answer,
                "aliases": list(draft.answer_aliases),
                "distractors": [option for option in draft.options if option != draft.answer],
                "rationale": draft.rationale,
                "quotes": [evidence.quote for evidence in draft.evidence if evidence.quote],
            },
        }
        return self._request(prompt, about, material)

    def _request(self, prompt: Prompt, about: About, material: dict[str, Any]) -> ModelRequest:
        frames = (about.row.frames[each.place] for each in about.shown)
        pictures = tuple(MediaPart(sha256=frame.sha256, media_type=_PNG) for frame in frames)
        return self._asker.request(
            prompt, prompt.render(material), protected=about.row.protected, media=pictures
        )

    def _draft(self, about: About, reply: Reply | None) -> Draft:
        content, by_rule = worked_out(about), False
        if reply is not None and not reply.answer.ok:
            content = replace(content, status=reply.answer.status, reason=reply.failure)
        elif reply is not None:
            content, by_rule = self._taken(about, content, reply, stage="draft")
        authorship = Authorship(
            author=ClipRuleAuthor.name if by_rule else self.name,
            author_version=author_version(RULE_VERSION if by_rule else VERSION),
            model=None if by_rule else self._model(reply),
            draft_prompt_sha256=reply.request.prompt_sha256 if reply else None,
            draft_request_id=reply.request.request_id if reply else None,
        )
        fields = envelope_fields(about.row, content, recipe=self._recipe.name, authorship=authorship)
        return draft_of(fields, status=content.status, reason=content.reason)

    def _revision(self, draft: Draft, row: ClipRow, reply: Reply) -> Revision:
        about = about_of(row, self._tasks[draft.task])
        content = kept(draft, about)
        authorship = reply.revised(draft.authorship)
        if not reply.answer.ok:
            content = replace(content, status=reply.answer.status, reason=reply.failure)
            return self._finished(draft, row, content=content, authorship=authorship, changes=())
        changes: tuple[str, ...] = ()
        content, refused = self._taken(about, content, reply, stage="revision")
        if not refused:
            changes = reply.changes
            version, model = author_version(VERSION), self._model(reply)
            authorship = replace(authorship, author=self.name, author_version=version, model=model)
        if reply.why_dropped:
            content = replace(content, status=DROPPED, reason=reply.why_dropped)
        return self._finished(draft, row, content=content, authorship=authorship, changes=changes)

    def _finished(
        self,
        draft: Draft,
        row: ClipRow,
        *,
        content: Content,
        authorship: Authorship,
        changes: tuple[str, ...],
    ) -> Revision:
        fields = envelope_fields(row, content, recipe=self._recipe.name, authorship=authorship)
        status, reason = content.status, content.reason
        return self._checked(draft, row, fields=fields, status=status, reason=reason, changes=changes)

    def _problems(self, made: Revision, row: ClipRow) -> tuple[str, ...]:
        return problems(made, row)

    def _taken(self, about: About, content: Content, reply: Reply, *, stage: str) -> tuple[Content, bool]:
        """The content in a model's words, or as it was where these were refused; and whether they were."""
        if about.asked is None:
            return self._reasoned(about, reply, flags=content.flags), False
        value = reply.answer.value()
        question = " ".join(value["question"].split())
        reasons, _ = reasons_of(value, about.shown)
        found = wording_faults(about.asked, question, reasons)
        if found:
            flag = Flag(flag=REFUSED_WORDING, detail=f"{stage}: {'; '.join(found)}")
            return replace(content, flags=(*content.flags, flag)), True
        return replace(content, question=question, rationale=rationale_of(about.row, reasons)), False

    def _reasoned(self, about: About, reply: Reply, *, flags: tuple[Flag, ...]) -> Content:
        """What a model's answer comes to as a reasoning item, and why it can't go on, if so."""
        row, value = about.row, reply.answer.value()
        answer, question = (" ".join(value[name].split()) for name in ("answer", "question"))
        if value.get("nothing_to_ask") or not answer or not question:
            reason = " ".join((value.get("nothing_to_ask") or "").split())
            return Content(
                task=REASONING,
                labels=labels_of(row),
                status=NOTHING_TO_ASK,
                reason=reason or "the model found nothing to ask",
                flags=flags,
            )
        model = self._model(reply)
        reasons, strange = reasons_of(value, about.shown)
        quotes, lost = quotes_of(row, value["quotes"])
        wanted = about.task.options - 1
        wrong, refused = options_of(row, answer, value["distractors"], count=wanted, model=model)
        told, unknown = paths_of(value)
        status, reason = OK, ""
        if not quotes:
            status, reason = UNPARSABLE, "none of the quotes is said in the clip near a frame"
        elif len(frames_of(reasons)) < FEWEST_FRAMES:
            status, reason = UNPARSABLE, "the steps of reasoning rest on fewer than two frames"
        elif len(wrong) < wanted:
            status, reason = NO_DISTRACTORS, f"{wanted - len(wrong)} wrong options are missing"
        return Content(
            task=REASONING,
            question=question,
            answer=answer,
            aliases=clean_names(value["aliases"], without=answer),
            answer_reference=model,
            wrong=wrong,
            rationale=rationale_of(row, reasons),
            shown=about.shown,
            evidence=evidence_of(row, reasons, quotes),
            labels=labels_of(row, told=told),
            flags=tuple(dict.fromkeys((*flags, *strange, *lost, *refused, *unknown))),
            status=status,
            reason=reason,
        )
