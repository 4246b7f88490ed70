"""The second look at a draft on a clip, against written criteria; the same for every author.

- ``true_to_clip``: the clip, asked again, gives this draft (rule drafts only).
- ``words_not_needed``: the question speaks of the pictures, not of a voice or text that the solver does not
  have. Words that the question itself quotes it has.
- ``answer_unsaid``: neither stem nor question says the answer or another name of it.
- ``one_best``: the options differ, hold the answer, and none contains another, nor is one that is wrong
  said in the clip.
- ``two_frames``: at least two frames are needed, and at least two are shown.
"""

from __future__ import annotations

import re
from itertools import combinations

from grandrounds.records.clip import ClipRow
from grandrounds.records.envelope import Envelope
from grandrounds.text import contains_phrase, normalise
from grandrounds.videos.again import answer_faults
from grandrounds.videos.asking import COMPUTED, frames_needed

FEWEST = 2
_COMPARED = (
    "subject", "stem", "question", "answer", "answer_aliases", "options", "option_origins", "labels",
    "evidence", "media", "measurements",
)  # fmt: skip
_SPEAKS_OF_WORDS = re.compile(
    r"\b(?:transcripts?|subtitles?|captions?|narrat\w+|speakers?|presenters?|commentary|commentator|audio|sound|"
    r"voice|spoken|(?:is|was|are|were|being)\s+(?:said|mentioned|described|explained)|according\s+to|"
    r"(?:surgeon|doctor|physician|therapist|teacher|lecturer)\s+(?:says?|said|explains?|explained|mentions?))\b",
    re.IGNORECASE,
)
QUOTED = re.compile("\u201c[^\u201d]*\u201d")


def strays(draft: Envelope, again: Envelope) -> str:
    """How ``draft`` differs from what the clip gives when it is asked again; empty where it doesn't."""
    wrong = [name for name in _COMPARED if getattr(draft, name) != getattr(again, name)]
    return f"true_to_clip: asked again, other {', '.join(wrong)}" if wrong else ""


def problems(row: Envelope, clip: ClipRow) -> tuple[str, ...]:
    """The criteria that ``row`` fails, each with the reason; the words are those of the module."""
    return tuple(
        f"{name}: {reason}"
        for name, reason in (
            ("words_not_needed", speaks_of_words(row.question)),
            ("answer_unsaid", _says_answer(row)),
            ("one_best", _several_right(row)),
            ("two_frames", _one_frame(row, clip)),
            ("true_to_clip", "; ".join(answer_faults(clip, row))),
        )
        if reason
    )


def speaks_of_words(question: str) -> str:
    """Why a question speaks of words that the solver does not have; empty where it doesn't."""
    found = _SPEAKS_OF_WORDS.search(QUOTED.sub("", question))
    return f"the question speaks of {found.group()!r}, which the solver does not have" if found else ""


def _says_answer(row: Envelope) -> str:
    """Labels stand in questions about them ("which of the pictures A, B and C"), so of those only the whole
    answer of an order or a frame counts, and only outside what the question must list."""
    if row.task in COMPUTED and row.answer in {media.label for media in row.media} | set(
        map(str, range(10))
    ):
        shown = QUOTED.sub("", row.question)
        return f"the question says {row.answer!r}" if len(row.answer) > 1 and row.answer in shown else ""
    shown = f"{row.stem}\n{row.question}"
    said = [name for name in (row.answer, *row.answer_aliases) if contains_phrase(shown, name)]
    return f"the question says {said[0]!r}" if said else ""


def _several_right(row: Envelope) -> str:
    if len({normalise(option) for option in row.options}) < len(row.options):
        return "two options are the same"
    if row.answer not in row.options:
        return "the answer is not among the options"
    if row.task in COMPUTED:
        return ""
    for one, other in combinations(row.options, 2):
        if contains_phrase(one, other) or contains_phrase(other, one):
            return f"{one!r} and {other!r} hold one another"
    return ""


def _one_frame(row: Envelope, clip: ClipRow) -> str:
    needed = frames_needed(row, clip)
    if len(needed) < FEWEST:
        return f"the answer rests on {len(needed)} frames"
    return "" if len(row.media) >= FEWEST else f"{len(row.media)} frames are shown"
