"""What comes of looking for a question in a clip: the question with its answer, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass

from grandrounds.fingerprint import content_id
from grandrounds.records.clip import ClipRow
from grandrounds.records.parts import MeasuredValue, OptionOrigin
from grandrounds.videos.wording import frame_label

ORDER, CHANGE, FRAME = "clip_order_mcq", "clip_change_mcq", "clip_frame_mcq"
NEXT, COUNT, REASONING = "clip_next_mcq", "clip_count_mcq", "clip_reasoning_mcq"
COMPUTED = (ORDER, CHANGE, FRAME, NEXT, COUNT)
"""The tasks whose answers are worked out; of ``REASONING`` only a model knows what could be asked."""

MOVEMENT, POSE, WORDS, PICTURES = "movement", "pose", "words", "pictures"
"""What an answer rests on: how the scene moves, key points, what is said, grey values."""

CLIP_ORIGIN, MODEL_ORIGIN = "clip", "model"
ANSWER_ROLE, SUPPORT_ROLE = "answer", "support"
FEWEST_OPTIONS = 3
_LETTERS = "ABCDE"
_OK = "ok"


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture that the solver sees: its place in the clip (from 0), and what it is called."""

    place: int
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question on a clip whose answer is worked out.

    ``basis`` is what the answer rests on. Whoever words the question anew must ``keep`` these phrases.
    ``wrong`` are the wrong options offered, ``known_wrong`` all that are surely wrong. ``shown`` are the
    pictures in the order that the solver sees. ``decisive`` are the places (in the clip, from 0) of the
    frames that show the answer, ``needed`` of all that must be looked at; ``cues`` those of the cues that
    confirm it. ``reasoning`` has a sentence a frame; ``few`` says why there are fewer options than asked
    for, if so.
    """

    task: str
    basis: str
    question: str
    keep: tuple[str, ...] = ()
    answer: str
    wrong: tuple[OptionOrigin, ...]
    known_wrong: frozenset[str]
    shown: tuple[Shown, ...]
    decisive: tuple[int, ...]
    needed: tuple[int, ...]
    cues: tuple[int, ...] = ()
    measurements: tuple[MeasuredValue, ...] = ()
    reasoning: tuple[str, ...]
    few: str = ""

    @property
    def options(self) -> tuple[str, ...]:
        """The answer and the wrong options after it."""
        return (self.answer, *(origin.option for origin in self.wrong))

    @property
    def rationale(self) -> str:
        """The reasoning as one text."""
        return " ".join(self.reasoning)


@dataclass(frozen=True, slots=True)
class NotAsked:
    """Why a clip does not allow a question."""

    reason: str


def in_time(row: ClipRow) -> tuple[Shown, ...]:
    """All frames of a clip in order of time, numbered."""
    return tuple(Shown(place, frame_label(place)) for place in range(len(row.frames)))


def letters(count: int) -> str:
    """The letters that pictures out of order are called by."""
    return _LETTERS[:count]


def offered(texts: tuple[str, ...], *, references: tuple[str, ...] = ()) -> tuple[OptionOrigin, ...]:
    """Wrong options taken from the clip itself."""
    told = references or ("",) * len(texts)
    return tuple(
        OptionOrigin(option=text, origin=CLIP_ORIGIN, reference=reference)
        for text, reference in zip(texts, told, strict=True)
    )


def fewer(found: int, wanted: int, *, what: str) -> str:
    """Why there are fewer options than asked for; empty where there are not."""
    return f"{found} of {wanted} options: {what}" if found < wanted else ""


def too_few(found: int, wanted: int) -> bool:
    """Whether so few options are no question: below three, unless the recipe wants no more than two."""
    return found < min(FEWEST_OPTIONS, wanted)


def measured(row: ClipRow, name: str, number: float, *, unit: str, method: str) -> MeasuredValue:
    """A value that the answer rests on, as the clip states it."""
    return MeasuredValue(
        measurement_id=content_id("measured", [row.evidence_id, name]),
        name=name,
        number=number,
        unit=unit,
        status=_OK,
        method=method,
    )
