"""Slices of one series put into stacks: grouped, ordered along the normal, repeats told apart.

Slices are ordered by projecting their positions on the slice normal, never by name or number. The
affine's third column is the measured step from slice to slice, so a tilted gantry gives an exact,
sheared affine. Slices that do not lie evenly are refused with the place of the gap: nothing is
interpolated, nothing is left out.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from grandrounds.volumes.dicom_frames import Slice
from grandrounds.volumes.geometry import Affine

_SAME_COSINE = 1e-3
_SAME_PLACE = 1e-3  # mm
_EVEN = (0.01, 0.005)  # silently even: mm, or part of the step
_NEARLY_EVEN = (0.02, 0.05)  # flagged up to here, refused beyond
_TILT = 0.05  # degrees
_COMPONENTS = {
    "P": "phase",
    "PHASE": "phase",
    "R": "real",
    "REAL": "real",
    "I": "imaginary",
    "IMAGINARY": "imaginary",
}
_TIME_UNITS = {
    "temporal_position": "temporal position",
    "b_value": "s/mm2",
    "acquisition": "acquisition",
    "trigger_ms": "ms",
    "frame": "frame",
}
_PLANES = ("temporal_position", "b_value", "acquisition", "trigger_ms", "frame")


@dataclass(slots=True, kw_only=True)
class Stack:
    """Slices that make one volume: ``slices[time][position]``. ``affine`` takes (column, row, slice) to
    DICOM's LPS mm, or scales pixels only where ``space`` is ``image``. ``trouble`` refuses the stack."""

    slices: list[list[Slice]]
    affine: Affine = field(default_factory=lambda: np.eye(4))
    space: str = "patient"
    flags: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    trouble: str = ""
    time_unit: str = ""
    time_values: tuple[float, ...] = ()

    @property
    def first(self) -> Slice:
        """The first slice; what all share is read from it."""
        return self.slices[0][0]


def stacks_of(slices: Sequence[Slice]) -> list[Stack]:
    """The stacks that the slices of one series make, in a fixed order."""
    made: list[Stack] = []
    patients = {item.source.patient for item in slices}
    for _, same in _split(slices, _kind_key):
        for oriented in _by_orientation(same):
            for _, group in _split(oriented, lambda item: (_spacing_key(item), item.stack, item.echo)):
                made += _stacks(group)
    if len(patients) > 1:
        for stack in made:
            stack.flags.append(
                f"The series holds images of {len(patients)} patients; they were kept apart."
            )
    return made


def _kind_key(item: Slice) -> tuple[object, ...]:
    source = item.source
    words = source.words(0x00080008)
    component = next((_COMPONENTS[word] for word in words[2:] if word in _COMPONENTS), "")
    return (
        source.patient,
        source.sop_class,
        item.rows,
        item.columns,
        source.samples,
        source.photometric == "MONOCHROME1",
        "LOCALIZER" in words,
        component,
        bool(item.position and item.orientation and item.spacing),
        source.frame_of_reference,
    )


def _spacing_key(item: Slice) -> tuple[float, ...]:
    return tuple(round(value, 4) for value in item.spacing)


def _split(
    slices: Iterable[Slice], key: Callable[[Slice], tuple[object, ...]]
) -> list[tuple[tuple[object, ...], list[Slice]]]:
    parts: dict[tuple[object, ...], list[Slice]] = defaultdict(list)
    for item in slices:
        parts[key(item)].append(item)
    return sorted(parts.items(), key=lambda part: [str(value) for value in part[0]])


def _by_orientation(slices: Sequence[Slice]) -> list[list[Slice]]:
    """Slices whose cosines agree within a thousandth."""
    groups: list[tuple[tuple[float, ...], list[Slice]]] = []
    for item in sorted(slices, key=lambda one: (one.orientation, one.source.name, one.frame, one.tile)):
        for cosines, members in groups:
            if len(cosines) == len(item.orientation) and all(
                abs(a - b) <= _SAME_COSINE for a, b in zip(cosines, item.orientation, strict=True)
            ):
                members.append(item)
                break
        else:
            groups.append((item.orientation, [item]))
    return [members for _, members in groups]


def _stacks(group: list[Slice]) -> list[Stack]:
    if not (group[0].position and group[0].orientation and group[0].spacing):
        return _flat(group)
    problem = _bad_plane(group[0])
    if problem:
        return [Stack(slices=[_by_number(group)], trouble=problem)]
    places = _places(group)
    counts = {len(members) for members in places}
    if counts == {1}:
        return [_stack([[members[0] for members in places]])]
    if len(counts) == 1:
        return _repeated(group, places)
    return _irregular(group, places)


def _flat(group: list[Slice]) -> list[Stack]:
    """Images without a place in the patient: each object on its own, its frames one after another."""
    made = []
    for _, frames in _split(group, lambda item: (item.source.name,)):
        ordered = sorted(frames, key=lambda item: (item.frame, item.tile))
        height, width = ordered[0].spacing if len(ordered[0].spacing) == 2 else (1.0, 1.0)
        usable = all(math.isfinite(side) and side > 0 for side in (height, width))
        stack = Stack(
            slices=[[item] for item in ordered],
            affine=np.diag([width, height, 1.0, 1.0]) if usable else np.eye(4),
            space="image",
        )
        if not usable:
            stack.flags.append("The pixel spacing is unusable; lengths can't be measured.")
        elif not ordered[0].spacing:
            stack.flags.append("The file gives no pixel spacing; lengths can't be measured.")
        elif ordered[0].source.pixel_spacing[1] == "ImagerPixelSpacing":
            stack.notes.append("The pixel spacing is that at the detector; lengths are magnified.")
        if len(ordered) > 1:
            stack.time_unit = "frame"
            stack.time_values = tuple(float(item.frame) for item in ordered)
        made.append(stack)
    return made


def _bad_plane(item: Slice) -> str:
    """Why the plane of a slice can't be used; empty when it can."""
    along_row, along_column = np.asarray(item.orientation[:3]), np.asarray(item.orientation[3:])
    lengths = np.linalg.norm(along_row), np.linalg.norm(along_column)
    if any(abs(length - 1.0) > 1e-2 for length in lengths):
        return "The orientation's cosines are not of length 1. Correct the header."
    if abs(float(along_row @ along_column)) > 1e-2:
        return "The orientation's two directions are not perpendicular. Correct the header."
    if not all(math.isfinite(side) and side > 0 for side in item.spacing):
        return f"The pixel spacing is {item.spacing[0]:g} x {item.spacing[1]:g} mm. Correct the header."
    return ""


def _normal(item: Slice) -> Affine:
    made = np.cross(item.orientation[:3], item.orientation[3:])
    return np.asarray(made / np.linalg.norm(made))


def _by_number(group: Iterable[Slice]) -> list[Slice]:
    return sorted(
        group,
        key=lambda one: (dict(one.times).get("instance", 0.0), one.source.name, one.frame, one.tile),
    )


def _places(group: Sequence[Slice]) -> list[list[Slice]]:
    """Slices by place along the normal, in its direction."""
    normal = _normal(group[0])
    at = [float(np.asarray(item.position) @ normal) for item in group]
    order = sorted(range(len(group)), key=lambda n: (at[n], group[n].source.name, group[n].frame))
    places: list[list[Slice]] = []
    last = -math.inf
    for n in order:
        if at[n] - last > _SAME_PLACE:
            places.append([])
        last = at[n]
        places[-1].append(group[n])
    return places


def _repeated(group: list[Slice], places: list[list[Slice]]) -> list[Stack]:
    """Every place occurs equally often: acquisitions of a CT apart, all else over time."""
    count = len(places[0])
    if group[0].source.modality == "CT" and len(places) > 1:
        parts = _split(group, lambda item: (dict(item.times).get("acquisition", 0.0),))
        if len(parts) == count and all(len(part) == len(places) for _, part in parts):
            stacks = [_stack([[members[0] for members in _places(part)]]) for _, part in parts]
            for stack in stacks:
                stack.notes.append(f"The series holds {count} acquisitions; this is one of them.")
            return stacks
    name = _time_axis(places)
    ordered = [
        sorted(members, key=lambda one: (*_time_key(one, name), one.source.name, one.frame))
        for members in places
    ]
    stack = _stack([[members[n] for members in ordered] for n in range(count)])
    if name:
        stack.time_unit = _TIME_UNITS[name]
        stack.time_values = tuple(dict(members.times)[name] for members in ordered[0])
    else:
        stack.time_unit = "order"
        stack.time_values = tuple(float(n) for n in range(count))
    if len(places) == 1 and count > 1:
        stack.flags.append(f"All {count} images lie at one place: they are no volume, only a row in time.")
    return [stack]


def _time_axis(places: Sequence[Sequence[Slice]]) -> str:
    """What tells the images at one place apart, the same way at every place; empty when nothing does."""
    for name in _PLANES:
        values = [[dict(item.times).get(name) for item in members] for members in places]
        sets = [set(row) for row in values]
        if None not in sets[0] and len(sets[0]) == len(places[0]) and all(row == sets[0] for row in sets):
            return name
    return ""


def _time_key(item: Slice, name: str) -> tuple[float, ...]:
    told = dict(item.times)
    # Acquisition numbers name the images of a time; the order is that of the instances.
    first = told.get(name, 0.0) if name and name != "acquisition" else 0.0
    return first, told.get("instance", 0.0), told.get("seconds", 0.0)


def _irregular(group: list[Slice], places: list[list[Slice]]) -> list[Stack]:
    """Some places occur more often than others: split by what the files say, or refuse."""
    for name in ("acquisition", "temporal_position"):
        parts = _split(group, lambda item, name=name: (dict(item.times).get(name, 0.0),))  # type: ignore[misc]
        if len(parts) > 1 and all(len({len(m) for m in _places(part)}) == 1 for _, part in parts):
            made = [stack for _, part in parts for stack in _stacks(part)]
            for stack in made:
                stack.notes.append(f"The series was split by {name.replace('_', ' ')}.")
            return made
    by_type = _split(group, lambda item: item.source.words(0x00080008))
    if len(by_type) > 1 and all(len({len(m) for m in _places(part)}) == 1 for _, part in by_type):
        return [stack for _, part in by_type for stack in _stacks(part)]
    counts = sorted({len(members) for members in places})
    return [
        Stack(
            slices=[_by_number(group)],
            trouble=f"{len(group)} images lie at {len(places)} places, {counts[0]} to {counts[-1]} each. "
            "Some are missing or doubled; nothing in the files tells which belong together. "
            "Send the series again.",
        )
    ]


def _stack(slices: list[list[Slice]]) -> Stack:
    """A stack with its affine, or with the reason why it has none."""
    line = slices[0]
    first = line[0]
    along_row = np.asarray(first.orientation[:3]) / np.linalg.norm(first.orientation[:3])
    along_column = np.asarray(first.orientation[3:]) / np.linalg.norm(first.orientation[3:])
    normal = _normal(first)
    positions = np.asarray([item.position for item in line])
    stack = Stack(slices=slices)
    if len(line) > 1:
        step = (positions[-1] - positions[0]) / (len(line) - 1)
        stack.trouble = _uneven(stack, positions, step, line)
    else:
        known = first.thickness if math.isfinite(first.thickness) and first.thickness > 0 else 0.0
        step = normal * (known or 1.0)
        words = first.source.words(0x00080008)
        stack.flags.append(
            "The image is a localizer."
            if "LOCALIZER" in words
            else "One slice only: no volume."
            if known
            else "One slice only, of unknown thickness: no volume."
        )
    if len(line) == 2:
        stack.flags.append("Two slices only.")
    stack.affine[:3, 0] = along_row * first.spacing[1]
    stack.affine[:3, 1] = along_column * first.spacing[0]
    stack.affine[:3, 2] = step
    stack.affine[:3, 3] = positions[0]
    length = float(np.linalg.norm(step))
    if length > 0 and not stack.trouble:
        tilt = math.degrees(math.acos(min(1.0, abs(float(step @ normal)) / length)))
        if tilt > _TILT:
            stack.flags.append(
                f"The gantry is tilted: slices are stacked {tilt:.1f} degrees off their normal. "
                "The affine is exact and sheared."
            )
    return stack


def _uneven(stack: Stack, positions: Affine, step: Affine, line: Sequence[Slice]) -> str:
    """Why the slices do not lie evenly; empty where they do."""
    even = positions[0] + np.arange(len(line))[:, None] * step
    off = float(np.abs(np.linalg.norm(positions - even, axis=1)).max())
    length = float(np.linalg.norm(step))
    if off <= max(_EVEN[0], _EVEN[1] * length):
        return ""
    if off <= max(_NEARLY_EVEN[0], _NEARLY_EVEN[1] * length):
        stack.flags.append(f"Slices lie up to {off:.3f} mm off even spacing; the affine is the even one.")
        return ""
    gaps = np.linalg.norm(np.diff(positions, axis=0), axis=1)
    usual = float(np.median(gaps))
    worst = int(np.argmax(np.abs(gaps - usual)))
    normal = _normal(line[0])
    tilt = math.degrees(math.acos(min(1.0, abs(float(step @ normal)) / length))) if length else 0.0
    tilted = f" The gantry is tilted by {tilt:.1f} degrees." if tilt > _TILT else ""
    return (
        f"The slices do not lie evenly: {gaps[worst]:.3f} mm between slices {worst + 1} and {worst + 2} of "
        f"{len(line)}, {usual:.3f} mm elsewhere; slices are missing, or two spacings are mixed.{tilted} "
        "Send the whole series again, or split it."
    )
