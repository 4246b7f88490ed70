"""What the gates ``options`` and ``types`` of all kinds of evidence look for in a choice of answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from grandrounds.records.envelope import Revision
from grandrounds.records.parts import Flag
from grandrounds.statistics.bias import is_uniquely_longest
from grandrounds.text import contains_phrase

MULTIPLE_CHOICE = "_mcq"
"""The ending of tasks that have options in recipes that also ask open questions."""

_COLLECTIVE = (
    "all of the above",
    "all of these",
    "none of the above",
    "none of these",
    "any of the above",
    "both of the above",
    "cannot be determined",
    "not listed",
)


def stands_for_several(option: str) -> bool:
    """Whether an option speaks of the other options, or of none, instead of answering."""
    return any(contains_phrase(option, what) for what in _COLLECTIVE)


def longest(revision: Revision) -> tuple[Flag, ...]:
    """A flag where the answer alone is the longest option."""
    if not is_uniquely_longest(revision.options, revision.answer):
        return ()
    next_one = max((len(option) for option in revision.options if option != revision.answer), default=0)
    detail = f"The answer has {len(revision.answer)} characters, the longest other option {next_one}."
    return (Flag(flag="longest_option", detail=detail),)


def choice_problems(
    options: Sequence[str], *, answer: str, index: int | None, where: str = ""
) -> Iterator[str]:
    """Options that are empty or have white space around them, and an answer that does not stand at its
    index. ``where`` names the choice (`` of the stage 'level'``) where a row has several."""
    if any(not option.strip() or option != option.strip() for option in options):
        yield f"An option{where} is empty or has white space around it."
    if options.count(answer) != 1:
        yield f"The answer{where} stands {options.count(answer)} times among the options."
    elif index is None or not 0 <= index < len(options) or options[index] != answer:
        yield f"The answer{where} is option {options.index(answer)}, not {index} (from 0)."


def open_problems(revision: Revision) -> Iterator[str]:
    """Parts of a choice in a row that asks an open question."""
    if revision.options or revision.option_origins or revision.answer_index is not None:
        yield "An open question has options or an answer index."
