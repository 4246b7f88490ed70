"""``count_mcq``: how many vertebrae lie wholly inside the volume?

Only where the mask has them all: levels in order and none left out, and beyond the first and last one
either the spine ends or there is no room for another. A vertebra is inside when it touches no face of
the volume; cut ones are visible, and their number is offered as a wrong option. A part of the spine
(lumbar ...) is asked only where it is not there in full: that there are five lumbar vertebrae need not
be counted.

The solver sees a slice from the side and one from the front through the middle vertebra, nothing drawn.
Blind: the size of the volume along k gives a guess of a few; the options are numbers in a row, and where
among them the right one stands is drawn by hash.
"""

from __future__ import annotations

from grandrounds.imaging.fact import Fact
from grandrounds.imaging.facts.inquiry import Inquiry, is_body
from grandrounds.imaging.facts.options import STUDY
from grandrounds.imaging.facts.parts import (
    ANSWER,
    OPTION,
    boxes_of,
    labels_of,
    region,
    slices_through,
)
from grandrounds.imaging.facts.wording import is_vertebra, listed, reasoning
from grandrounds.measure.levels import consecutive, rank
from grandrounds.measure.measurement import CUT
from grandrounds.records.parts import OptionOrigin
from grandrounds.records.structure import StructureRow

NOTHING = "it has no spine whose vertebrae are all marked, at least two of them wholly inside"
SPINE = "vertebrae"
_IN_FULL = {"cervical": 7, "thoracic": 12, "lumbar": 5}
_LEAST_WHOLE = 2
_ROOM_FOR_ANOTHER = 0.9
_HEAD_END, _TAIL_ENDS = "C1", ("L5", "L6")
_UP = 2


def subjects(asking: Inquiry) -> tuple[str, ...]:
    """The spine, and those parts of it that are not there in full."""
    rows = _spine(asking)
    whole = [region(row.level) for row in rows if not _is_cut(row)]
    parts = [name for name, number in _IN_FULL.items() if _LEAST_WHOLE <= whole.count(name) < number]
    several = {region(row.level) for row in rows}
    return (SPINE, *(f"{name} {SPINE}" for name in parts if len(several) > 1)) if rows else ()


def fact(asking: Inquiry, subject: str) -> Fact | None:
    """How many of ``subject`` lie wholly inside; ``None`` where that can't be asked."""
    if subject not in subjects(asking):
        return None
    part = subject.removesuffix(SPINE).strip()
    rows = [row for row in _spine(asking) if part in ("", region(row.level))]
    whole = [row for row in rows if not _is_cut(row)]
    if len(whole) < _LEAST_WHOLE:
        return None
    cut = [row for row in rows if _is_cut(row)]
    answer = len(whole)
    return Fact(
        task=asking.task.name,
        subject=subject,
        question=(
            f"How many {subject} lie wholly inside the volume? "
            f"{'The sacrum does not count, and' if not part else 'Other vertebrae do not count, and'} a "
            "vertebra that the edge of the volume cuts does not either."
        ),
        answer=str(answer),
        wrong=_numbers(asking, answer, visible=len(rows), subject=subject),
        reasoning=reasoning(
            (
                f"The {subject} seen are {listed([row.level for row in rows])}.",
                f"Of these, {listed([row.level for row in cut])} "
                f"{'reaches' if len(cut) == 1 else 'reach'} the edge of the volume."
                if cut
                else "None of them reaches the edge of the volume.",
            ),
            f"So {answer} {subject} lie wholly inside.",
            withheld=(str(answer),),
        ),
        slices=slices_through(asking.volume, whole[len(whole) // 2]),
        boxes=(*boxes_of(whole, ANSWER), *boxes_of(cut, OPTION)),
        labels=labels_of(asking.volume, whole),
    )


def _spine(asking: Inquiry) -> list[StructureRow]:
    """All vertebrae, head first; none where one may be missing from the mask or is in doubt."""
    rows = [row for row in asking.named if is_vertebra(row) and not is_body(row)]
    marked = [
        row
        for row in asking.scan.structures
        if row.origin in asking.need.box_origins and is_vertebra(row) and not is_body(row)
    ]
    doubted = any(remark.code != CUT for row in rows for remark in row.remarks)
    if len(rows) < _LEAST_WHOLE or len(rows) != len(marked) or doubted:
        return []
    if not asking.in_patient_space or not consecutive(row.level for row in rows):
        return []
    rows.sort(key=lambda row: rank(row.level))
    return rows if _ends_above(asking, rows) and _ends_below(rows) else []


def _ends_above(asking: Inquiry, rows: list[StructureRow]) -> bool:
    """Whether no vertebra above the first one can lie wholly inside without being marked."""
    first, second = rows[0], rows[1]
    room = asking.volume.shape[_UP] - first.box[_UP + 3]
    pitch = abs(first.centre[_UP] - second.centre[_UP])
    return first.level == _HEAD_END or room < _ROOM_FOR_ANOTHER * pitch


def _ends_below(rows: list[StructureRow]) -> bool:
    last, before = rows[-1], rows[-2]
    pitch = abs(last.centre[_UP] - before.centre[_UP])
    return last.level in _TAIL_ENDS or last.box[_UP] < _ROOM_FOR_ANOTHER * pitch


def _is_cut(row: StructureRow) -> bool:
    return any(remark.code == CUT for remark in row.remarks)


def _numbers(asking: Inquiry, answer: int, *, visible: int, subject: str) -> tuple[OptionOrigin, ...]:
    """Numbers in a row around the right one, the number of visible ones among them where there is room."""
    size = asking.task.options
    starts = [
        start
        for start in range(max(1, answer - size + 1), answer + 1)
        if start <= visible < start + size or visible - answer >= size
    ]
    start = starts[int(asking.share(subject, "numbers") * len(starts))]
    return tuple(
        OptionOrigin(
            option=str(number),
            origin=STUDY,
            reference="visible" if number == visible else f"{number - answer:+d}",
        )
        for number in range(start, start + size)
        if number != answer
    )
