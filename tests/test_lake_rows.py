"""Single rows of a lake's tables: the right ones, few read, the newest after a build."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from grandrounds.contracts import contract
from grandrounds.errors import LakeError
from grandrounds.lake import Lake
from grandrounds.lake_files import GROUP_ROWS
from grandrounds.lake_rows import LakeRows
from grandrounds.records.case import Case
from grandrounds.records.table import to_table
from tests.support.factories import make_case


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


def write(lake: Lake, key: str, cases: list[Case]) -> None:
    lake.write_table(key, to_table(cases, contract("cases")))


def find(rows: LakeRows, value: str, *, column: str = "evidence_id", recipe: str = "r") -> tuple[Case, ...]:
    return rows.all(recipe, "cases", Case, column=column, value=value)


def test_a_row_is_found_by_what_stands_in_a_column(lake):
    cases = [make_case(number) for number in range(5)]
    write(lake, "r/cases", cases)
    rows = LakeRows(lake)
    assert [find(rows, case.evidence_id) for case in cases] == [(case,) for case in cases]
    assert rows.one("r", "cases", Case, column="title", value=cases[3].title) == cases[3]
    assert rows.one("r", "cases", Case, column="evidence_id", value="nothing") is None


def test_rows_of_later_groups_are_found_and_several_come_in_order(lake):
    one = make_case(1)
    cases = [
        replace(one, evidence_id=f"case-{n}", source_id=f"source-{n % 3}") for n in range(GROUP_ROWS + 5)
    ]
    write(lake, "r/cases", cases)
    rows = LakeRows(lake)
    assert find(rows, f"case-{GROUP_ROWS + 4}") == (cases[-1],)
    assert find(rows, "source-1", column="source_id") == tuple(cases[1::3])


def test_no_table_is_no_row(lake):
    assert find(LakeRows(lake), "case-1") == ()


def test_after_a_build_the_new_rows_are_found(lake):
    before, after = make_case(1), make_case(2)
    write(lake, "r/cases", [before])
    rows = LakeRows(lake)
    assert find(rows, before.evidence_id) == (before,)
    write(lake, "r/cases", [after, before])
    assert find(rows, after.evidence_id) == (after,)
    write(lake, "r/cases", [after, after, after])
    assert find(rows, before.evidence_id) == ()


def test_a_recipe_built_by_the_week_gives_the_newest_week_that_has_it(lake):
    old, new = make_case(1), replace(make_case(1), citation="Newer.")
    write(lake, "r/2026-W08/cases", [old, make_case(2)])
    write(lake, "r/2026-W09/cases", [new])
    rows = LakeRows(lake)
    assert find(rows, old.evidence_id) == (new,)
    assert find(rows, make_case(2).evidence_id) == (make_case(2),)


def test_a_damaged_table_is_told(lake):
    write(lake, "r/cases", [make_case(1)])
    path = lake.table_path("r/cases")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(LakeError, match="damaged"):
        find(LakeRows(lake), "case-1")


@pytest.mark.parametrize("recipe", ["../../elsewhere", "/etc", "..", "a/../b"])
def test_a_recipe_that_leads_out_of_the_lake_is_refused(lake, recipe):
    with pytest.raises(LakeError):
        find(LakeRows(lake), "x", recipe=recipe)
