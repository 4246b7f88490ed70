"""The stem of a question on a clip: one fixed sentence or two, so nothing of what is said can be in it."""

from __future__ import annotations

from collections.abc import Sequence

from grandrounds.records.clip import SEQUENCE, ClipRow
from grandrounds.videos.asking import ask
from grandrounds.videos.asking_values import NEXT, ORDER, Asked, Shown, in_time
from grandrounds.videos.wording import listed


def clip_stem(row: ClipRow, task: str, *, shown: Sequence[Shown] | None = None) -> str:
    """What the solver is told before the question. ``shown`` are the pictures in the order that it sees;
    without them, those that the clip gives for the task."""
    if shown is None:
        asked = ask(row, task, options=_ANY)
        shown = asked.shown if isinstance(asked, Asked) else in_time(row)
    film = "one video, of several shots" if row.coherence == SEQUENCE else "one video"
    labels = [each.label for each in shown]
    in_order = [label for label in labels if len(label) > 1]
    free = [label for label in labels if len(label) == 1]
    if task == ORDER and free:
        return f"The pictures {listed(free)} are frames of {film}, not in order of time."
    if task == NEXT and free:
        return (
            f"{listed(in_order)} are frames of {film}, in order of time. The pictures {listed(free)} are "
            "other frames of it, in no order."
        )
    return f"The {len(labels)} pictures are frames of {film}, in order of time."


_ANY = 10  # the pictures don't depend on how many options there are, but for one task and very few
