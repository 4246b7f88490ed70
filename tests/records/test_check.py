"""Records from JSON: the same as pydantic's own adapter makes of it, or refused as it refuses."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from grandrounds.records.check import checker
from grandrounds.records.parts import Span
from grandrounds.records.volume import SliceInstance, VolumeRecord, Window
from grandrounds.volumes.jobs import FileOutcome, JobResult, Sorted, dump_result

ADAPTER = TypeAdapter(JobResult)
FULL = JobResult(
    records=(
        VolumeRecord(
            volume_id="v",
            source_ids=("a", "b"),
            format="dicom",
            status="ok",
            shape=(1, 2, 3),
            affine=(0.5,) * 16,
            padding=-1024.0,
            instances=(
                SliceInstance(axis=2, index=0, time=0, sop_instance_uid="1.2", frame=0, source_id="a"),
            ),
            windows=(Window(center=40, width=400),),
            published=date(2024, 2, 29),
        ),
    ),
    outcomes=(FileOutcome(name="é", status="read", notes=("x",)),),
    sorted=(Sorted(name="s", kind="dicom", plain=True),),
    parts=(JobResult(lasting=False), JobResult(parts=(JobResult(),))),
)


def test_what_was_written_is_read_again() -> None:
    data = dump_result(FULL)
    assert checker(JobResult).validate_json(data) == FULL == ADAPTER.validate_json(data)
    assert checker(JobResult).validate_json(b'{"newer": 1}') == JobResult()


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where the values of plain data stand."""
    found = [path]
    inner = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, one in inner:
        found += places(one, (*path, key))
    return found


PLAIN = orjson.loads(dump_result(FULL))
VALUES = st.sampled_from([None, True, 0, 7, -1.5, "", "12", "2024-02-30", [], [1], {}, {"axis": 1}])


@given(place=st.sampled_from(places(PLAIN)), value=VALUES)
def test_a_changed_value_is_taken_or_refused_as_pydantic_does(place: tuple[Any, ...], value: Any) -> None:
    told = orjson.loads(dump_result(FULL))
    holder = {"whole": told}
    step: Any = holder
    for key in ("whole", *place)[:-1]:
        step = step[key]
    step[("whole", *place)[-1]] = value
    data = orjson.dumps(holder["whole"])

    def made(read: Any) -> Any:
        try:
            return read(data)
        except ValidationError as exc:
            # Pydantic words these itself.
            named = {"named_tuple_type": "arguments_type", "missing_argument": "missing"}
            return [named.get(one["type"], one["type"]) for one in exc.errors()]

    assert made(checker(JobResult).validate_json) == made(ADAPTER.validate_json)


def test_what_a_record_says_of_itself_is_held_to() -> None:
    assert checker(Span).validate_json(b'{"start": 1, "end": 2}') == Span(start=1, end=2)
    with pytest.raises(ValidationError, match="0 <= start <= end"):
        checker(Span).validate_json(b'{"start": 2, "end": 1}')


@dataclass(frozen=True)
class Listed:
    """What records don't look like."""

    values: dict[str, int] = field(default_factory=dict)


def test_a_type_that_no_record_has_is_refused_at_once() -> None:
    with pytest.raises(TypeError, match="dict"):
        checker(Listed)


def test_a_default_is_made_anew_each_time() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Timed:
        at: tuple[int, ...] = field(default_factory=tuple)
        by: str = "x"

    assert checker(Timed).validate_json(b"{}") == Timed() == replace(Timed(), by="x")
