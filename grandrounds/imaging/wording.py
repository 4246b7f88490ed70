"""Whether words keep to a fact: its numbers, its names, and its answer at the end alone.

    problems(question, rationale, fact)   # () where nothing is wrong
    described(fact)                       # the fact as plain text: all that its words may draw on

Whoever words a fact may choose words, not content. What can be checked without understanding is checked:
every number (and its unit) must stand in the fact, no more often than it does there; so must every level of
the spine, organ, side and direction; the question keeps the numbers and names of the fact's own and does
not say the answer; of the rationale's sentences the last alone says the answer, and names no other option.
A number that changed places with another one is not seen; a reviewer sees the fact beside the words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from grandrounds.imaging.fact import Fact
from grandrounds.imaging.wording_terms import (
    Quantity,
    amount,
    directions,
    graded,
    named,
    quantities,
    shown_number,
    terms,
)
from grandrounds.text import contains_phrase, find_phrase, sentences

_FINDING = "finding"  # the kind of the chain's last step
LONGEST_QUESTION = 900
LONGEST_RATIONALE = 3000


def problems(question: str, rationale: str, fact: Fact) -> tuple[str, ...]:
    """What is wrong with a wording, each as a short sentence; empty where it keeps to the fact."""
    return tuple(dict.fromkeys((*_of_question(question, fact), *_of_rationale(rationale, fact))))


def described(fact: Fact) -> str:
    """The fact as plain text, one thing a line. Numbers are rounded to what their uncertainty allows."""
    lines = [
        f"question: {fact.question}",
        f"answer: {fact.answer}",
        f"other options: {'; '.join(origin.option for origin in fact.wrong)}",
    ]
    lines += [f"reasoning: {said}" for said in fact.reasoning]  # a number before each would be one to use
    for value in fact.measurements:
        told = value.word if value.number is None else shown_number(value.number, value.uncertainty)
        unit = "" if value.unit == "1" else f" {value.unit}"
        why = f" ({value.status}: {value.reason})" if value.reason else ""
        lines.append(f"measurement: {value.name.replace('_', ' ')} {told or 'none'}{unit}{why}")
    for step in fact.chain:
        told = step.word if step.number is None else shown_number(step.number, None)
        unit = "" if step.unit in ("", "1") else f" {step.unit}"
        words = step.words.replace("_", " ")
        lines.append(f"{step.kind}: {words}{f' {told}{unit}' if told and told != words else ''}")
    return "\n".join(lines)


def says(text: str, option: str) -> bool:
    """Whether a text says an option: the same words, or, for a number, the same number and unit."""
    own = amount(option)
    return contains_phrase(text, option) if own is None else own in quantities(text)


def _of_question(question: str, fact: Fact) -> Iterator[str]:
    if not question.strip():
        yield "there is no question"
        return
    if len(question) > LONGEST_QUESTION:
        yield f"the question has more than {LONGEST_QUESTION} characters"
    have, want = quantities(question), quantities(fact.question)
    yield from _new_numbers("the question", have, want)
    for value in (Counter(q.value for q in want) - Counter(q.value for q in have)).elements():
        yield f"the question leaves out the number {value}"
    allowed, found = terms(fact.question), terms(question)
    yield from (
        f"the question names {word}, which the fact's own does not" for word in sorted(found - allowed)
    )
    yield from (
        f"the question leaves out {word}" for word in sorted(named(fact.question) - named(question))
    )
    yield from (
        f"the question speaks of {grade}, which the fact's own does not"
        for grade in sorted(graded(question) - graded(fact.question))
    )
    told, due = directions(question), directions(fact.question)
    yield from (f"the question says {word}, which the fact's own does not" for word in sorted(told - due))
    yield from (f"the question leaves out {word}" for word in sorted(due - told))
    # "in front of or behind" names both: that is for the fact's own question to decide.
    if _gives_away(question, fact) and not _gives_away(fact.question, fact):
        yield "the question says the answer"


def _of_rationale(rationale: str, fact: Fact) -> Iterator[str]:
    told = [span.of(rationale) for span in sentences(rationale)]
    if not told:
        yield "there is no rationale"
        return
    if len(rationale) > LONGEST_RATIONALE:
        yield f"the rationale has more than {LONGEST_RATIONALE} characters"
    whole = described(fact)
    exact = [Quantity.of(m.number, m.unit) for m in fact.measurements if m.number is not None]
    yield from _new_numbers("the rationale", quantities(rationale), [*quantities(whole), *exact])
    yield from (
        f"the rationale names {word}, which is not of the fact"
        for word in sorted(terms(rationale) - terms(whole))
    )
    yield from (
        f"the rationale says {word}, which the fact does not"
        for word in sorted(directions(rationale) - directions(whole))
    )
    yield from _order_of(told, fact)


def _order_of(told: Sequence[str], fact: Fact) -> Iterator[str]:
    """The answer and the grade at the end, and nowhere before."""
    before, last = " ".join(told[:-1]), told[-1]
    for secret in _secrets(fact):
        if says(before, secret):
            yield f"the rationale says {secret!r} before its last sentence"
    own = fact.reasoning[-1] if fact.reasoning else ""
    known = {graded_as for sentence in fact.reasoning[:-1] for graded_as in graded(sentence)}
    for grade in sorted(graded(before) - known):
        yield f"the rationale speaks of {grade} before its last sentence"
    options = (fact.answer, *(origin.option for origin in fact.wrong))
    said, due = _options_in(last, options), _options_in(own, options)
    if fact.answer in due and fact.answer not in said:
        yield "the rationale's last sentence does not say the answer"
    yield from (
        f"the rationale's last sentence says {option!r}, which is wrong"
        for option in sorted(said - due - {fact.answer})
    )


def _gives_away(question: str, fact: Fact) -> bool:
    own = amount(fact.answer)
    return (own is None or bool(own.unit)) and says(question, fact.answer)


def _secrets(fact: Fact) -> tuple[str, ...]:
    findings = (step.word for step in fact.chain if step.kind == _FINDING and step.word)
    return tuple(dict.fromkeys((fact.answer, *findings)))


def _options_in(sentence: str, options: Sequence[str]) -> set[str]:
    """The options that a sentence says, longest first: "not enlarged" does not say "enlarged"."""
    found = set()
    for option in sorted(set(options), key=lambda each: (-len(each), each)):
        spans = find_phrase(sentence, option)
        if spans:
            found.add(option)
        for span in reversed(spans):
            sentence = f"{sentence[: span.start]} | {sentence[span.end :]}"
    return found


def _new_numbers(where: str, have: Sequence[Quantity], allowed: Sequence[Quantity]) -> Iterator[str]:
    """Numbers that are not allowed, or oftener than they are, or with another unit."""
    counts = Counter(quantity.value for quantity in allowed)
    units: dict[object, set[str]] = {}
    for quantity in allowed:
        units.setdefault(quantity.value, set()).add(quantity.unit)
    for quantity in have:
        if quantity.value not in units:
            yield f"{where} has the number {quantity}, which is not of the fact"
        elif quantity.unit and not units[quantity.value] & {quantity.unit, ""}:
            yield f"{where} gives {quantity.value} another unit: {quantity.unit}"
    for value, count in Counter(quantity.value for quantity in have).items():
        if value in units and count > counts[value]:
            yield f"{where} has the number {value} oftener than the fact"
