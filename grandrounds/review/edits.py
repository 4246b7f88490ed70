"""What a reviewer may change in an item, whether a change is sound, and the item that comes of it.

The stem is not among it: each of its words must stay provable from the source's spans. Neither are
evidence, media and licence. A change is sound when the item would still pass: a question, distinct
options with the answer among them, nothing that gives the answer away.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pydantic import BaseModel, ConfigDict, ValidationError

from grandrounds.errors import ReviewError
from grandrounds.fingerprint import canonical
from grandrounds.records.envelope import Candidate, content_sha256, item_id
from grandrounds.records.parts import OptionOrigin
from grandrounds.review.computed import computed_from, fault_in_words, options_are_computed
from grandrounds.review.words import fault_in_text
from grandrounds.text import contains_phrase, normalise

_LONG, _SHORT = 20_000, 500  # code points: a rationale; an option, answer or alias
_MOST_ALIASES = 50
_SHORTEST_QUESTION = 8  # as the contract of candidates says


class Edits(BaseModel):
    """New values of the fields a reviewer may change; ``None`` leaves a field as it is."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    question: str | None = None
    options: list[str] | None = None
    answer: str | None = None
    rationale: str | None = None
    answer_aliases: list[str] | None = None

    def as_json(self) -> str:
        """The given fields as JSON with one spelling only."""
        return canonical(self.model_dump(exclude_none=True)).decode("utf-8")


EDITABLE = tuple(Edits.model_fields)


def parse_edits(text: str) -> Edits:
    """The edits in ``text`` (a JSON object). Raises ``ReviewError`` naming the wrong key or value."""
    try:
        return Edits.model_validate_json(text)
    except ValidationError as exc:
        raise ReviewError(f"The edits can't be used: {told(exc)}.") from exc


def told(error: ValidationError) -> str:
    """The first fault of ``error`` in words; the offending value is not repeated."""
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        key = str(first["loc"][-1])[:60]
        return f"unknown key {key!r} (a reviewer may change {', '.join(EDITABLE)})"
    return f"{place}: {first['msg']}" if place else str(first["msg"])


def apply_edits(candidate: Candidate, edits: Edits) -> Candidate:
    """``candidate`` as edited, with ids, hash, answer's place and origins of options made anew.

    Options that stay keep their places and new ones take the places that became free, in the order
    given: a reviewer can't bring position bias in, and what order they were typed in doesn't matter.
    """
    changes = edits.model_dump(exclude_none=True)
    if "answer_aliases" in changes:
        changes["answer_aliases"] = tuple(changes["answer_aliases"])
    if "options" in changes:
        changes["options"] = _in_place(candidate.options, tuple(changes["options"]))
    edited = replace(candidate, **changes)
    edited = replace(
        edited,
        answer_index=edited.options.index(edited.answer) if edited.answer in edited.options else None,
        option_origins=_origins(candidate, edited),
    )
    edited = replace(edited, item_id=item_id(edited))
    return replace(edited, content_sha256=content_sha256(edited))


def fault_in_edits(candidate: Candidate, edits: Edits) -> str | None:
    """Why ``edits`` can't be made to ``candidate``, as a sentence; ``None`` when they can."""
    return (
        _fault_in_computed(candidate, edits)
        or _fault_in_texts(edits)
        or _fault_in_options(candidate, edits)
        or _fault_in_answer(candidate, edits)
        or _fault_by_leak(candidate, edits)
        or _fault_by_nothing(candidate, edits)
    )


def _fault_in_computed(candidate: Candidate, edits: Edits) -> str | None:
    """What is computed from the evidence can't be made another by words."""
    if edits.answer not in (None, candidate.answer):
        source = computed_from(candidate)
        if source:
            return (
                f"The answer is computed from the {source} and can't be edited; reject the item if it "
                "is wrong."
            )
    if edits.options not in (None, list(candidate.options)) and options_are_computed(candidate):
        return "The options are computed and can't be edited; reject the item if one is unfit."
    if edits.question is None and edits.rationale is None:
        return None
    fault = fault_in_words(
        candidate,
        question=candidate.question if edits.question is None else edits.question,
        rationale=candidate.rationale if edits.rationale is None else edits.rationale,
    )
    return f"The words must keep to what was measured: {fault}." if fault else None


def _fault_in_texts(edits: Edits) -> str | None:
    for name, value in edits.model_dump(exclude_none=True).items():
        limit = _LONG if name in {"question", "rationale"} else _SHORT
        for piece in value if isinstance(value, list) else [value]:
            fault = fault_in_text(piece, name=f"The edited {name}", limit=limit)
            if fault:
                return fault
            if name != "rationale" and not normalise(piece):
                return f"The edited {name} has no words."
    if edits.question is not None and len(edits.question.strip()) < _SHORTEST_QUESTION:
        return f"The edited question is shorter than {_SHORTEST_QUESTION} characters."
    if edits.answer_aliases is not None and len(edits.answer_aliases) > _MOST_ALIASES:
        return f"The edited answer_aliases are more than {_MOST_ALIASES}."
    return None


def _fault_in_options(candidate: Candidate, edits: Edits) -> str | None:
    if edits.options is None:
        return None
    if not candidate.options:
        return "The item is an open question: it has no options to edit."
    if len(edits.options) != len(candidate.options):
        return (
            f"The item has {len(candidate.options)} options, the edit gives {len(edits.options)}: "
            "give all of them, changed or not."
        )
    twice = _first_twice(edits.options)
    return f"Two of the edited options are the same: {twice!r}." if twice else None


def _fault_in_answer(candidate: Candidate, edits: Edits) -> str | None:
    options = candidate.options if edits.options is None else tuple(edits.options)
    answer = candidate.answer if edits.answer is None else edits.answer
    if options and answer not in options:
        return (
            f"The answer {answer!r} is not among the options letter for letter: edit `options` and "
            "`answer` together."
        )
    new_answer = normalise(answer) != normalise(candidate.answer)
    if new_answer and candidate.answer_aliases and edits.answer_aliases is None:
        return (
            "The answer is another one, but its aliases are the old one's: give `answer_aliases` too "
            "([] for none)."
        )
    aliases = candidate.answer_aliases if edits.answer_aliases is None else edits.answer_aliases
    names = {normalise(alias) for alias in aliases}
    for option in options:
        if option != answer and normalise(option) in names:
            return f"The option {option!r} is also an alias of the answer: two answers would be right."
    return None


def _fault_by_leak(candidate: Candidate, edits: Edits) -> str | None:
    """Only what the edit brings in is looked at; the gates have passed the rest."""
    answer = candidate.answer if edits.answer is None else edits.answer
    aliases = candidate.answer_aliases if edits.answer_aliases is None else tuple(edits.answer_aliases)
    known = {candidate.answer, *candidate.answer_aliases}
    for name in (answer, *aliases):
        if name not in known and contains_phrase(candidate.stem, name):
            return f"The stem names {name!r}, so the edited item would give its answer away."
        if edits.question is not None and contains_phrase(edits.question, name):
            return f"The edited question names the answer ({name!r})."
        if name not in known and edits.question is None and contains_phrase(candidate.question, name):
            return f"The question names {name!r}, so the edited item would give its answer away."
    return None


def _fault_by_nothing(candidate: Candidate, edits: Edits) -> str | None:
    if apply_edits(candidate, edits).content_sha256 == candidate.content_sha256:
        return "The edits change nothing: decide `accept`, or change something."
    return None


def _in_place(old: tuple[str, ...], new: tuple[str, ...]) -> tuple[str, ...]:
    fresh = iter(option for option in new if option not in old)
    kept = [option if option in new else next(fresh, None) for option in old]
    return (*(option for option in kept if option is not None), *fresh)


def _origins(before: Candidate, after: Candidate) -> tuple[OptionOrigin, ...]:
    known = {origin.option: origin for origin in before.option_origins}
    found = []
    for option in after.options:
        if option == after.answer:
            found.append(OptionOrigin(option=option, origin="answer"))
        elif option in known and known[option].origin != "answer":
            found.append(known[option])
        else:
            found.append(OptionOrigin(option=option, origin="reviewer"))
    return tuple(found)


def _first_twice(options: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for option in options:
        plain = normalise(option)
        if plain in seen:
            return option
        seen.add(plain)
    return None
