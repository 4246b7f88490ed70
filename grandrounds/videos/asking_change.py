"""Between which neighbours does the picture change most? Asked where one change leads clearly."""

from __future__ import annotations

from math import isfinite

from grandrounds.fingerprint import unit_interval
from grandrounds.records.clip import SCENE, ClipRow
from grandrounds.videos.asking_values import (
    CHANGE,
    PICTURES,
    Asked,
    NotAsked,
    fewer,
    in_time,
    measured,
    offered,
    too_few,
)
from grandrounds.videos.wording import change_question, frame_label, named, pair_option

LEAD = 1.5  # how many times the second greatest change
NOISE = 2.0  # grey values of 255: what noise and compression do to a still picture
_METHOD = "mean absolute difference of grey values"


def change_of(row: ClipRow, options: int) -> Asked | NotAsked:
    """The question for the greatest change between neighbours, with at most ``options`` options."""
    changes = [frame.change for frame in row.frames[1:]]
    if row.coherence != SCENE:
        return NotAsked("the frames are of several shots, so the greatest change is a cut")
    if len({(frame.crop, frame.width, frame.height) for frame in row.frames}) > 1:
        return NotAsked("the frames are cut differently, so changes can't be compared")
    if len(changes) < 2 or not all(isfinite(change) for change in changes):
        return NotAsked("there are fewer than two known changes to compare")
    ranked = sorted(range(len(changes)), key=lambda place: (-changes[place], place))
    first, second = ranked[0], ranked[1]
    if changes[second] < NOISE:
        return NotAsked(f"the second greatest change is {changes[second]:.1f} grey values, which is noise")
    if changes[first] < LEAD * changes[second]:
        return NotAsked(
            f"the greatest change is only {changes[first] / changes[second]:.1f} times the next"
        )
    others = sorted(
        ranked[1:], key=lambda place: (unit_interval(row.evidence_id, CHANGE, str(place)), place)
    )
    wrong = tuple(sorted(others[: options - 1]))
    if too_few(len(wrong) + 1, options):
        return NotAsked(f"{len(row.frames)} frames have only {len(changes)} pairs of neighbours")
    answer = pair_option(first)
    times = [frame.seconds for frame in row.frames]
    reasoning = tuple(
        f"{named(frame_label(place), times[place])} to {named(frame_label(place + 1), times[place + 1])}: "
        f"grey values differ by {change:.1f} on average."
        for place, change in enumerate(changes)
    )
    return Asked(
        task=CHANGE,
        basis=PICTURES,
        question=change_question(),
        answer=answer,
        wrong=offered(tuple(map(pair_option, wrong))),
        known_wrong=frozenset(map(pair_option, ranked[1:])),
        shown=in_time(row),
        decisive=(first, first + 1),
        needed=tuple(range(len(row.frames))),
        measurements=tuple(
            measured(
                row,
                f"change from {frame_label(place)} to {frame_label(place + 1)}",
                change,
                unit="grey values",
                method=_METHOD,
            )
            for place, change in enumerate(changes)
        ),
        reasoning=(
            *reasoning,
            f"The greatest change is {changes[first] / changes[second]:.1f} times the next one: "
            f"{answer[:1].lower()}{answer[1:]}.",
        ),
        few=fewer(len(wrong) + 1, options, what="there are no more pairs of neighbours"),
    )
