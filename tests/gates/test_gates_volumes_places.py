"""Levels, sides and places: what anatomy says of scans whose tables agree with one another."""

from __future__ import annotations

from dataclasses import replace

import pytest

from grandrounds.gates.gate import Findings
from grandrounds.gates.volumes import levels, places, sides
from grandrounds.records.scan import Scan
from grandrounds.records.structure import StructureRow
from tests.support.scans import abdomen, lumbar_spine, radiograph
from tests.support.volume_builds import asking_about, of_scan, with_row


def at_level(scan: Scan, level: str) -> StructureRow:
    return next(row for row in scan.structures if row.level == level)


def test_levels_out_of_order_missing_or_given_twice_are_refused() -> None:
    spine = lumbar_spine()
    at = asking_about(spine, "T12", "L1", "L2", "L3")
    assert levels.GATE.look(at).problems == ()
    up, down = at_level(spine, "L2").centre_millimetres, at_level(spine, "L3").centre_millimetres
    turned = with_row(with_row(spine, "L2", centre_millimetres=down), "L3", centre_millimetres=up)
    assert "do not run from head to tail" in of_scan(levels.GATE, at, turned)
    gap = replace(spine, structures=tuple(row for row in spine.structures if row.level != "L2"))
    assert "Between L1 and L3 a level is missing" in of_scan(levels.GATE, at, gap)
    assert "L1 is the level of two structures" in of_scan(
        levels.GATE, at, with_row(spine, "L2", level="L1")
    )


def test_a_gap_elsewhere_and_rows_about_organs_are_left_alone() -> None:
    spine = lumbar_spine()
    gap = replace(spine, structures=tuple(row for row in spine.structures if row.level != "T11"))
    assert levels.GATE.look(asking_about(gap, "L1", "L2", "L3")).problems == ()
    assert levels.GATE.look(asking_about(abdomen(), "liver")).problems == ()


def test_twins_that_changed_sides_are_refused_whatever_the_row_is_about() -> None:
    assert sides.GATE.look(asking_about(abdomen(), "left kidney", "liver")).problems == ()
    wrong = abdomen(mirrored=True)
    for about in ("left kidney", "pancreas"):
        said = " ".join(sides.GATE.look(asking_about(wrong, about)).problems)
        assert "The left kidney does not lie left of the right kidney" in said


def test_a_doubtful_twin_condemns_only_rows_about_it() -> None:
    wrong = abdomen(mirrored=True)
    for name in ("left kidney", "left adrenal gland"):
        wrong = with_row(wrong, name, status="unreliable")
    assert sides.GATE.look(asking_about(wrong, "pancreas")).problems == ()
    assert sides.GATE.look(asking_about(wrong, "right kidney")).problems != ()


def test_organs_on_the_other_side_are_flagged_not_refused() -> None:
    usual = abdomen()
    left, right = (next(row for row in usual.structures if row.name == n) for n in ("spleen", "liver"))
    inverse = with_row(usual, "spleen", centre_millimetres=right.centre_millimetres)
    inverse = with_row(inverse, "liver", centre_millimetres=left.centre_millimetres)
    found: Findings = sides.GATE.look(asking_about(inverse, "liver", "spleen"))
    assert found.problems == ()
    assert [flag.flag for flag in found.flags] == ["situs", "situs"]
    assert sides.GATE.look(asking_about(usual, "liver", "spleen")).flags == ()


@pytest.mark.parametrize(("directions", "refused"), [(("L", "F"), False), (("R", "F"), True), ((), False)])
def test_on_a_film_left_is_where_the_film_says(directions: tuple[str, ...], refused: bool) -> None:
    film = radiograph()
    turned = replace(film, volume=replace(film.volume, patient_directions=directions))
    assert bool(sides.GATE.look(asking_about(turned, "left lung")).problems) is refused


def test_a_liver_below_the_bladder_or_behind_the_spine_is_refused() -> None:
    organs, spine = abdomen(), lumbar_spine()
    (bone,) = (row for row in spine.structures if row.name == "L1")
    bone = replace(bone, centre_millimetres=(0.0, -60.0, -150.0))
    scan = replace(organs, structures=(*organs.structures, bone))
    at = asking_about(scan, "liver", "L1")
    x, y, z = next(row.centre_millimetres for row in scan.structures if row.name == "liver")
    below = with_row(scan, "liver", centre_millimetres=(x, y, -500.0))
    behind = with_row(scan, "liver", centre_millimetres=(x, -500.0, z))
    assert "liver does not lie above the urinary bladder" in of_scan(places.GATE, at, below)
    assert "liver does not lie in front of the spine" in of_scan(places.GATE, at, behind)
    assert of_scan(places.GATE, at, scan) == ""
