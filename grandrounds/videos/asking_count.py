"""How many? Repetitions, where key points count them and every turn is a frame; else frames that show a
joint bent or a hand raised, where each surely does or surely doesn't.
"""

from __future__ import annotations

from grandrounds.fingerprint import unit_interval
from grandrounds.records.clip import ClipPose, ClipRow
from grandrounds.records.parts import MeasuredValue
from grandrounds.videos.asking_pose import (
    Repeats,
    States,
    quantity_of,
    reading_words,
    repeats_of,
    states_of,
    values,
)
from grandrounds.videos.asking_values import (
    COUNT,
    POSE,
    Asked,
    NotAsked,
    in_time,
    measured,
    offered,
    too_few,
)
from grandrounds.videos.wording import count_question, frame_label, named, states_question

_MOST_OPTIONS = 5
_HIGHEST = 9


def count_of(row: ClipRow, options: int) -> Asked | NotAsked:
    """The question for a number, with at most ``options`` options (never more than five)."""
    if too_few(min(options, _MOST_OPTIONS), options):
        return NotAsked("there are too few numbers to choose from")
    repeats = repeats_of(row)
    if isinstance(repeats, Repeats):
        return _repetitions(row, repeats, options)
    states = states_of(row)
    if isinstance(states, States):
        return _frames(row, states, options)
    return NotAsked(f"nothing can be counted: {repeats.reason}; {states.reason}")


def _repetitions(row: ClipRow, repeats: Repeats, options: int) -> Asked:
    movement = quantity_of(repeats.pose).movement
    told = "repetition" if repeats.count == 1 else "repetitions"
    total = measured(
        row,
        f"repetitions of {repeats.pose.signal.replace('_', ' ')}",
        float(repeats.count),
        unit="repetitions",
        method="key points",
    )
    return _asked(
        row,
        repeats.pose,
        repeats.count,
        options,
        question=count_question(movement),
        keep=movement,
        needed=repeats.turns,
        total=(total,),
        last=f"From one end to the other and back, that is {repeats.count} whole {told}.",
    )


def _frames(row: ClipRow, states: States, options: int) -> Asked:
    count = len(states.places)
    told = "frame shows" if count == 1 else "frames show"
    return _asked(
        row,
        states.pose,
        count,
        options,
        question=states_question(states.words),
        keep=states.words,
        needed=tuple(range(len(row.frames))),
        total=(),
        last=f"So {count} {told} {states.words}.",
    )


def _asked(
    row: ClipRow,
    pose: ClipPose,
    count: int,
    options: int,
    *,
    question: str,
    keep: str,
    needed: tuple[int, ...],
    total: tuple[MeasuredValue, ...],
    last: str,
) -> Asked:
    at_frames = tuple(
        f"{named(frame_label(place), frame.seconds)}: {reading_words(pose, place)}."
        for place, frame in enumerate(row.frames)
    )
    numbers = _offered(row, count, min(options, _MOST_OPTIONS))
    return Asked(
        task=COUNT,
        basis=POSE,
        question=question,
        keep=(keep,),
        answer=str(count),
        wrong=offered(tuple(str(number) for number in numbers if number != count)),
        known_wrong=frozenset(map(str, range(_HIGHEST + 1))) - {str(count)},
        shown=in_time(row),
        decisive=needed,
        needed=needed,
        measurements=(*values(row, pose), *total),
        reasoning=(*at_frames, last),
    )


def _offered(row: ClipRow, count: int, offer: int) -> range:
    """Numbers in a row that hold ``count`` at a place that nothing tells."""
    least = max(0, count - offer + 1)
    start = least + int(unit_interval(row.evidence_id, COUNT, str(offer)) * (count - least + 1))
    return range(start, start + offer)
