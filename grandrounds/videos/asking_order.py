"""In which order were the pictures taken? Asked where something in them only goes one way.

The pictures are shown out of order. Nothing among the options says which order is right: the true one is
equally likely to be any but the order shown, which is never offered, and the wrong ones are what becomes of
any of them by changing neighbours at either end or turning it round. Whichever of the options were right,
the others would be drawn with the same chances.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

from grandrounds.fingerprint import unit_interval
from grandrounds.records.clip import ClipRow
from grandrounds.records.parts import MeasuredValue
from grandrounds.videos.asking_cues import Step, steps_of
from grandrounds.videos.asking_movement import Moves, moves_of, shifts
from grandrounds.videos.asking_pose import Rises, quantity_of, reading_words, rises_of, values
from grandrounds.videos.asking_values import (
    MOVEMENT,
    ORDER,
    POSE,
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
    changes,
    moves,
    named,
    order_option,
    order_question,
    quoted,
    steps_told,
)

_Order = tuple[str, ...]  # labels, the first in time first


def order_of(row: ClipRow, options: int) -> Asked | NotAsked:
    """The question for the order of a clip's frames, with at most ``options`` options."""
    way = moves_of(row)
    if isinstance(way, Moves):
        return _by_movement(row, way, options)
    rises = rises_of(row)
    if isinstance(rises, Rises):
        return _by_pose(row, rises, options)
    steps = steps_of(row)
    if not isinstance(steps, NotAsked):
        return _by_steps(row, steps, options)
    return NotAsked(f"nothing fixes the order: {'; '.join((way.reason, rises.reason, steps.reason))}")


def shown_out_of_order(row: ClipRow, places: Sequence[int]) -> tuple[Shown, ...]:
    """The frames at ``places`` (in order of time) as the solver sees them: never in order, and which way
    is decided by the clip's id."""
    ways = list(permutations(places))[1:]
    way = ways[int(unit_interval(row.evidence_id, ORDER, "shown") * len(ways))]
    return tuple(Shown(place, letter) for place, letter in zip(way, letters(len(way)), strict=True))


def near_orders(right: _Order) -> set[_Order]:
    """What becomes of an order by changing neighbours at either end, or turning it round, or both: itself
    among them. The same set from whichever of them."""
    size = len(right)
    if size <= 3:
        return set(permutations(right))
    found = {right}
    waiting = [right]
    while waiting:
        order = waiting.pop()
        for other in (
            (order[1], order[0], *order[2:]),
            (*order[:-2], order[-1], order[-2]),
            order[::-1],
        ):
            if other not in found:
                found.add(other)
                waiting.append(other)
    return found


def _by_movement(row: ClipRow, way: Moves, options: int) -> Asked | NotAsked:
    places = tuple(range(len(row.frames)))
    tell = tuple(
        f"what moves lies {way.length(place - 1):.0f} pixels {way.direction} than in the picture before"
        if place
        else "nothing lies less far that way, so it comes first"
        for place in places
    )
    return _asked(
        row,
        places,
        options,
        basis=MOVEMENT,
        statement=moves(way.direction),
        keep=(way.direction,),
        tell=tell,
        measurements=shifts(row, way),
    )


def _by_pose(row: ClipRow, rises: Rises, options: int) -> Asked | NotAsked:
    places = tuple(range(len(row.frames)))
    name = quantity_of(rises.pose).name
    return _asked(
        row,
        places,
        options,
        basis=POSE,
        statement=changes(name, rises.comparative),
        keep=(name, rises.comparative),
        tell=tuple(reading_words(rises.pose, place) for place in places),
        measurements=values(row, rises.pose),
    )


def _by_steps(row: ClipRow, steps: Sequence[Step], options: int) -> Asked | NotAsked:
    told = tuple(step.words for step in steps)
    return _asked(
        row,
        tuple(step.place for step in steps),
        options,
        basis=WORDS,
        statement=steps_told(told),
        keep=tuple(quoted(words) for words in told),
        tell=tuple(f"here {quoted(words)} is said" for words in told),
        cues=tuple(step.cue for step in steps),
    )


def _asked(
    row: ClipRow,
    places: tuple[int, ...],
    options: int,
    *,
    basis: str,
    statement: str,
    keep: tuple[str, ...],
    tell: tuple[str, ...],
    cues: tuple[int, ...] = (),
    measurements: tuple[MeasuredValue, ...] = (),
) -> Asked | NotAsked:
    """``tell`` says of each of ``places``, in order of time, what puts it there."""
    shown = shown_out_of_order(row, places) if len(places) > 1 else ()
    label = {each.place: each.label for each in shown}
    right = tuple(label[place] for place in places) if shown else ()
    wrong = _wrong_orders(row, right, options)
    if too_few(len(wrong) + 1, options):
        return NotAsked(f"{len(places)} frames can be put in too few orders to choose from")
    answer = order_option(right)
    reasoning = [
        f"{named(label[place], row.frames[place].seconds)}: {what}."
        for place, what in zip(places, tell, strict=True)
    ]
    return Asked(
        task=ORDER,
        basis=basis,
        question=order_question(statement),
        keep=keep,
        answer=answer,
        wrong=offered(wrong),
        known_wrong=frozenset(order_option(way) for way in permutations(right)) - {answer},
        shown=shown,
        decisive=places,
        needed=places,
        cues=cues,
        measurements=measurements,
        reasoning=(*reasoning, f"So the order is {answer}."),
        few=fewer(len(wrong) + 1, options, what="there are no more orders as near"),
    )


def _wrong_orders(row: ClipRow, right: _Order, options: int) -> tuple[str, ...]:
    as_shown = tuple(sorted(right))
    texts = [order_option(way) for way in near_orders(right) - {right, as_shown}]
    ranked = sorted(texts, key=lambda text: (unit_interval(row.evidence_id, ORDER, text), text))
    return tuple(ranked[: options - 1])
