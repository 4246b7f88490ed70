"""Scans that nobody thought of: whatever the boxes and names are, no wrong option is true."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from grandrounds.imaging.fact import Fact
from grandrounds.imaging.facts import facts
from grandrounds.imaging.facts.largest_slice import slice_axis
from grandrounds.imaging.facts.options import overlap
from grandrounds.imaging.wording import problems
from grandrounds.measure.levels import ORDER
from grandrounds.needs import VolumeNeed
from grandrounds.recipe import Task
from grandrounds.records.scan import Scan
from grandrounds.records.structure import Remark, StructureRow
from grandrounds.records.volume import VolumeRecord
from tests.support.scans import CUT, image, mask_for, scan_of, structure

NEED = VolumeNeed(questions_each=8)
SIDE = 60
ORGANS = (
    "liver", "spleen", "left kidney", "right kidney", "kidney", "aorta", "abdominal aorta", "lungs", "L3 body",
    "L4", "", "heart",
)  # fmt: skip
FEW = Remark(code="too_few_voxels", words="it has 4 of at least 10 voxels")


@st.composite
def scans(draw: st.DrawFn) -> Scan:
    """A piece of spine, perhaps with a level left out or two swapped, and organs anywhere."""
    spacing = tuple(draw(st.sampled_from([0.7, 1.0, 3.0, 5.0])) for _ in range(3))
    volume = image("any", shape=(SIDE, SIDE, SIDE), spacing=spacing)
    mask = mask_for(volume)
    first, pitch, top = draw(st.integers(0, 20)), draw(st.integers(6, 14)), draw(st.integers(40, 66))
    levels = list(ORDER[first : first + draw(st.integers(0, 9))])
    if levels and draw(st.integers(0, 3)) == 0:
        levels.pop(draw(st.integers(0, len(levels) - 1)))
    if len(levels) > 1 and draw(st.integers(0, 3)) == 0:
        levels[0], levels[1] = levels[1], levels[0]
    rows = []
    for label, level in enumerate(levels, start=1):
        high, low = top - pitch * (label - 1), top - pitch * label - draw(st.integers(0, 4))
        if high <= 0 or low >= SIDE:
            break
        shift = draw(st.integers(0, 20))
        box = (20, shift, max(0, low), 40, 30 + shift, min(SIDE, high))
        name = "sacrum" if level == "S" else level
        rows.append(_row(volume, mask, label=label, name=name, level=level, box=box))
    for label, name in enumerate(draw(st.lists(st.sampled_from(ORGANS), max_size=8)), start=30):
        start = [draw(st.integers(0, SIDE - 2)) for _ in range(3)]
        stop = [draw(st.integers(low + 1, min(SIDE, low + 30))) for low in start]
        level = name.split()[0] if name.split()[:1] and name.split()[0] in ORDER else ""
        remarks = draw(st.sampled_from([(), (), (), (FEW,)]))
        rows.append(
            _row(volume, mask, label=label, name=name, level=level, box=(*start, *stop), remarks=remarks)
        )
    return scan_of(volume, [mask], rows)


def _row(volume: VolumeRecord, mask: VolumeRecord, **values: Any) -> StructureRow:
    box = values["box"]
    cut = any(box[axis] == 0 or box[axis + 3] == SIDE for axis in range(3))
    values["remarks"] = (*values.get("remarks", ()), *((CUT,) if cut else ()))
    return structure(volume, mask, **values)


def rows_of(scan: Scan, fact: Fact) -> list[StructureRow]:
    found = [scan.structure(one) for one in fact.subject.split("+")]
    return [row for row in found if row is not None]


@settings(max_examples=20, deadline=None)
@given(scan=scans(), options=st.integers(2, 10))
def test_wrong_options_are_wrong(scan: Scan, options: int) -> None:
    for name, check in CHECKS.items():
        task = Task.model_validate({"name": name, "options": options})
        found = facts(scan, task, NEED)
        if not isinstance(found, tuple):
            continue
        turned = replace(scan, structures=tuple(reversed(scan.structures)))
        assert facts(turned, task, NEED) == found
        for fact in found:
            texts = [fact.answer, *(option.option for option in fact.wrong)]
            assert 2 <= len({text.casefold() for text in texts}) == len(texts) <= options
            assert problems(fact.question, " ".join(fact.reasoning), fact) == ()
            check(scan, fact)


def _level(scan: Scan, fact: Fact) -> None:
    (row,) = rows_of(scan, fact)
    assert row.status == "ok"
    for option in fact.wrong:
        other = scan.structure(option.reference)
        assert other is not None
        assert option.option == other.name
        assert overlap(row.box, other.box) <= 0.5
        assert not other.level or other.level != row.level


def _box(scan: Scan, fact: Fact) -> None:
    (row,) = rows_of(scan, fact)
    for option in fact.wrong:
        other = scan.structure(option.reference)
        assert other is not None
        assert overlap(row.box, other.box) <= 0.5
        assert not all(other.box[a] <= row.box[a] and row.box[a + 3] <= other.box[a + 3] for a in range(3))


def _slice(scan: Scan, fact: Fact) -> None:
    (row,) = rows_of(scan, fact)
    axis = slice_axis(scan.volume)
    assert int(fact.answer) == row.largest[axis]
    assert not any(row.box[axis] <= int(option.option) < row.box[axis + 3] for option in fact.wrong)


def _relation(scan: Scan, fact: Fact) -> None:
    row, other = rows_of(scan, fact)
    away = dict(
        enumerate(a - b for a, b in zip(row.centre_millimetres, other.centre_millimetres, strict=True))
    )
    signs = {
        "to the left": (0, -1), "to the right": (0, 1), "behind": (1, -1), "in front": (1, 1),
        "below": (2, -1), "above": (2, 1),
    }  # fmt: skip

    def true(text: str) -> bool:
        return all(math.copysign(1, away[signs[one][0]]) == signs[one][1] for one in text.split(" and "))

    assert true(fact.answer)
    assert not any(true(option.option) for option in fact.wrong)
    assert all(abs(away[signs[one][0]]) > 10 for one in fact.answer.split(" and "))


def _count(scan: Scan, fact: Fact) -> None:
    region = {"cervical": "C", "thoracic": "T", "lumbar": "L"}.get(fact.subject.split()[0], "")
    whole = [
        row
        for row in scan.structures
        if row.level == row.name
        and row.level not in ("", "S", "Co")
        and row.level.startswith(region)
        and not row.remarks
    ]
    assert int(fact.answer) == len(whole)
    assert all(int(option.option) != len(whole) for option in fact.wrong)


CHECKS = {
    "level_mcq": _level,
    "box_mcq": _box,
    "slice_mcq": _slice,
    "relation_mcq": _relation,
    "count_mcq": _count,
}
