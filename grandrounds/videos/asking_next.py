"""What comes next? A picture, where the scene moves one way; a step, where words number the steps.

Of five frames that move one way the second and third are shown, and the others are to choose from: the one
before them, the one after them, and the one after that. Of numbered steps two or more are shown by their
frames, and the next one is to be chosen among steps, done and not yet done.
"""

from __future__ import annotations

from collections.abc import Sequence

from grandrounds.fingerprint import unit_interval
from grandrounds.records.clip import ClipRow
from grandrounds.videos.asking_cues import Step, steps_of
from grandrounds.videos.asking_movement import Moves, moves_of, shifts
from grandrounds.videos.asking_values import (
    MOVEMENT,
    NEXT,
    WORDS,
    Asked,
    NotAsked,
    Shown,
    fewer,
    letters,
    offered,
    too_few,
)
from grandrounds.videos.wording import (
    frame_label,
    listed,
    named,
    next_picture_question,
    next_step_question,
    quoted,
)

_BEFORE = (1, 2)  # the frames (from 0) that are shown in order
_FEWEST_FRAMES = 5
_FEWEST_STEPS = 4


def next_of(row: ClipRow, options: int) -> Asked | NotAsked:
    """The question for what comes next, with at most ``options`` options."""
    way = moves_of(row)
    if isinstance(way, Moves) and len(row.frames) >= _FEWEST_FRAMES:
        return _picture(row, way, options)
    steps = steps_of(row)
    if not isinstance(steps, NotAsked) and len(steps) >= _FEWEST_STEPS:
        return _step(row, steps, options)
    first = (
        way.reason
        if isinstance(way, NotAsked)
        else f"{len(row.frames)} frames leave too few to choose from"
    )
    second = steps.reason if isinstance(steps, NotAsked) else f"the words number only {len(steps)} steps"
    return NotAsked(f"nothing fixes what comes next: {first}; {second}")


def _picture(row: ClipRow, way: Moves, options: int) -> Asked | NotAsked:
    after = _BEFORE[-1] + 1
    others = [place for place in range(len(row.frames)) if place not in (*_BEFORE, after)]
    ranked = sorted(others, key=lambda at: (unit_interval(row.evidence_id, NEXT, str(at)), at))
    wrong = ranked[: options - 1]
    if too_few(len(wrong) + 1, options):
        return NotAsked(f"{len(row.frames)} frames leave too few to choose from")
    drawn = sorted(
        (after, *wrong), key=lambda at: (unit_interval(row.evidence_id, NEXT, "shown", str(at)), at)
    )
    names = letters(len(drawn))
    label = dict(zip(drawn, names, strict=True)) | {at: frame_label(n) for n, at in enumerate(_BEFORE)}
    shown = tuple(Shown(place, label[place]) for place in (*_BEFORE, *drawn))
    return Asked(
        task=NEXT,
        basis=MOVEMENT,
        question=next_picture_question(tuple(names)),
        keep=tuple(names),
        answer=label[after],
        wrong=offered(
            tuple(sorted(label[place] for place in wrong)),
            references=tuple(f"frame {place + 1}" for place in sorted(wrong, key=label.__getitem__)),
        ),
        known_wrong=frozenset(label[place] for place in wrong),
        shown=shown,
        decisive=(_BEFORE[-1], after),
        needed=tuple(sorted((*_BEFORE, *drawn))),
        measurements=shifts(row, way),
        reasoning=(
            *(_moved(row, way, place, label) for place in sorted(label)),
            f"So {label[after]} comes next.",
        ),
        few=fewer(len(wrong) + 1, options, what="the clip has no more frames"),
    )


def _moved(row: ClipRow, way: Moves, place: int, label: dict[int, str]) -> str:
    told = named(label[place], row.frames[place].seconds)
    if place == _BEFORE[0]:
        return f"{told} is the first of the two frames that are in order."
    if place < _BEFORE[0]:
        return f"{told}: what moves lies less far that way than in {label[_BEFORE[0]]}, so it was before."
    if place == _BEFORE[-1]:
        return f"{told}: what moves lies {way.length(place - 1):.0f} pixels {way.direction}."
    far = sum(way.length(step) for step in range(_BEFORE[-1], place))
    return f"{told}: what moves lies {far:.0f} pixels {way.direction} than in {label[_BEFORE[-1]]}."


def _step(row: ClipRow, steps: Sequence[Step], options: int) -> Asked | NotAsked:
    count = len(steps)
    done = 2 + int(unit_interval(row.evidence_id, NEXT, "done") * (count - 2))
    offer = min(options, count)
    if too_few(offer, options):
        return NotAsked(f"the words number only {count} steps")
    wrong = _wrong_steps(row, done, count=count, offer=offer)
    shown = tuple(Shown(steps[n].place, frame_label(n)) for n in range(done))
    answer = steps[done]
    return Asked(
        task=NEXT,
        basis=WORDS,
        question=next_step_question(),
        answer=answer.words,
        wrong=offered(
            tuple(steps[n].words for n in wrong), references=tuple(f"cue {steps[n].cue + 1}" for n in wrong)
        ),
        known_wrong=frozenset(step.words for step in steps if step is not answer),
        shown=shown,
        decisive=tuple(each.place for each in shown),
        needed=tuple(each.place for each in shown),
        cues=(*(steps[n].cue for n in range(done)), answer.cue),
        reasoning=(
            *(
                f"{named(each.label, row.frames[each.place].seconds)}: here {quoted(step.words)} is said."
                for each, step in zip(shown, steps, strict=False)
            ),
            f"After {listed([each.label for each in shown])} the video says {quoted(answer.words)}.",
        ),
        few=fewer(offer, options, what="the words number no more steps"),
    )


def _wrong_steps(row: ClipRow, done: int, *, count: int, offer: int) -> tuple[int, ...]:
    """Steps to choose from beside the next one, which is number ``done`` (from 0): so many of those before
    it that it does not always stand at the same place among the options."""
    after = count - done - 1
    fewest, most = max(0, offer - 1 - after), min(done, offer - 1)
    before = fewest + int(unit_interval(row.evidence_id, NEXT, "before", str(offer)) * (most - fewest + 1))

    def drawn(numbers: Sequence[int], size: int) -> list[int]:
        ranked = sorted(numbers, key=lambda n: (unit_interval(row.evidence_id, NEXT, "step", str(n)), n))
        return ranked[:size]

    chosen = drawn(range(done), before) + drawn(range(done + 1, count), offer - 1 - before)
    return tuple(sorted(chosen))
