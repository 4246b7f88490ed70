"""Scans that nobody thought of: whatever the boxes and names are, no wrong option is true."""

from __future__ import annotations

import math
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from grandrounds.imaging.fact import Fact
from grandrounds.imaging.facts import facts
from grandrounds.imaging.facts.largest_slice import slice_axis
from grandrounds.imaging.facts.options import overlap
from grandrounds.imaging.wording import problems
from grandrounds.measure.levels import ORDER
from grandrounds.recipe import GROUNDING_TASKS, Task, VolumeNeed
from grandrounds.records.scan import Scan
from grandrounds.records.structure import Remark, StructureRow
from tests.support.scans import CUT, image, mask_for, scan_of, structure

NEED = VolumeNeed(questions_each=8)
SIDE = 60
NAMES = (
    *ORDER[5:24], "sacrum", "liver", "spleen", "left kidney", "right kidney", "kidney", "aorta",
    "abdominal aorta", "lungs", "L3 body", "", "heart",
)  # fmt: skip
FEW = Remark(code="too_few_voxels", words="it has 4 of at least 10 voxels")


@st.composite
def scans(draw: st.DrawFn) -> Scan:
    spacing = tuple(draw(st.sampled_from([0.7, 1.0, 3.0, 5.0])) for _ in range(3))
    volume = image("any", shape=(SIDE, SIDE, SIDE), spacing=spacing)
    mask = mask_for(volume)
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=14))
    rows = []
    for label, name in enumerate(sorted(names, key=_from_tail), start=1):
        start = [draw(st.integers(0, SIDE - 2)) for _ in range(3)]
        if name in ORDER and draw(st.integers(0, 9)):  # mostly vertebrae lie in order
            start[2] = min(SIDE - 2, 3 * label)
        stop = [draw(st.integers(low + 1, min(SIDE, low + 30))) for low in start]
        rows.append(
            structure(
                volume,
                mask,
                label=label,
                name=name,
                level="S"
                if name == "sacrum"
                else name.split()[0]
                if name.split()[:1] and name.split()[0] in ORDER
                else "",
                box=(*start, *stop),
                remarks=draw(st.sampled_from([(), (), (), (CUT,), (FEW,)])),
            )
        )
    return scan_of(volume, [mask], rows)


def _from_tail(name: str) -> tuple[int, str]:
    return (-ORDER.index(name) if name in ORDER else 1, name)


def rows_of(scan: Scan, fact: Fact) -> list[StructureRow]:
    found = [scan.structure(one) for one in fact.subject.split("+")]
    return [row for row in found if row is not None]


@settings(max_examples=30, deadline=None)
@given(scan=scans(), options=st.integers(2, 10))
def test_wrong_options_are_wrong(scan: Scan, options: int) -> None:
    for name in GROUNDING_TASKS:
        found = facts(scan, Task(name=name, options=options), NEED)
        if not isinstance(found, tuple):
            continue
        turned = replace(scan, structures=tuple(reversed(scan.structures)))
        assert facts(turned, Task(name=name, options=options), NEED) == found
        for fact in found:
            texts = [fact.answer, *(option.option for option in fact.wrong)]
            assert 2 <= len({text.casefold() for text in texts}) == len(texts) <= options
            assert problems(fact.question, " ".join(fact.reasoning), fact) == ()
            CHECKS[name](scan, fact)


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
        and row.level[:1] in "CTL"
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
    "severity_mcq": _count,
}
