"""From objects to slices: classic single slices, enhanced multi-frame, Siemens mosaics, dose grids.

A ``Slice`` is one plane of pixels with its own place in the patient. Whatever object it came from, the
slices of a series are put together in one way (``dicom_series``).
"""

from __future__ import annotations

import contextlib
import math
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

from grandrounds.records.volume import Window
from grandrounds.volumes.dicom_object import DicomObject
from grandrounds.volumes.dicom_tags import DOSE
from grandrounds.volumes.limits import Limits, VolumeError

Vector = tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """One plane of pixels. ``position`` and ``orientation`` are DICOM's (LPS mm, cosines along a row and
    along a column), ``spacing`` between rows and between columns. ``tile`` is the place in a mosaic of
    ``tiles`` a side, -1 outside mosaics. ``times`` holds what tells repeated slices at one place apart.
    """

    source: DicomObject
    frame: int = 0
    tile: int = -1
    tiles: int = 1
    rows: int
    columns: int
    position: Vector = ()
    orientation: Vector = ()
    spacing: Vector = ()
    thickness: float = 0.0
    slope: float = 1.0
    intercept: float = 0.0
    echo: float = 0.0
    stack: str = ""
    times: tuple[tuple[str, float], ...] = ()
    windows: tuple[Window, ...] = ()


def slices_of(source: DicomObject, limits: Limits) -> list[Slice]:
    """The slices of one object. Raises ``VolumeError`` where its geometry can't be read."""
    if "MOSAIC" in source.words(0x00080008):
        return _mosaic(source)
    if source.sop_class == DOSE or (source.frames > 1 and source.scan.values.get(0x3004000C)):
        return _dose(source)
    if source.frames > 1 or _is_enhanced(source):
        return multi_frame(source, limits)
    return [_classic(source)]


def windows_of(source: DicomObject) -> tuple[Window, ...]:
    """The display windows of an object's header; broken ones are left out."""
    try:
        centers, widths = source.numbers(0x00281050), source.numbers(0x00281051)
    except VolumeError:
        return ()
    names = source.text(0x00281055).split("\\")
    return tuple(
        Window(center=center, width=width, name=_window_name(names[n] if n < len(names) else ""))
        for n, (center, width) in enumerate(zip(centers, widths, strict=False))
        if math.isfinite(center) and math.isfinite(width) and width > 0
    )


def _window_name(text: str) -> str:
    """A window's name where it is a plain word; free text is left out."""
    word = text.strip()
    return word if len(word) <= 16 and word.replace("_", "").isalnum() else ""


def _rescale(source: DicomObject) -> tuple[float, float]:
    slope, intercept = source.numbers(0x00281053), source.numbers(0x00281052)
    made = (slope[0] if slope else 1.0, intercept[0] if intercept else 0.0)
    if not all(math.isfinite(value) for value in made) or made[0] == 0:
        raise VolumeError(
            f"The rescale slope {made[0]:g} or intercept is unusable.", remedy="Correct the header."
        )
    return made


def _times(source: DicomObject) -> tuple[tuple[str, float], ...]:
    b_value = source.binary(0x00189087, "FD")
    if b_value is None:
        b_value = source.number(0x0019100C)
    clock = source.text(0x00080032).replace(":", "")
    seconds = _seconds(clock)
    found = (
        ("temporal_position", source.number(0x00200100)),
        ("b_value", b_value),
        ("acquisition", source.number(0x00200012)),
        ("trigger_ms", source.number(0x00181060)),
        ("seconds", seconds),
        ("instance", source.number(0x00200013)),
    )
    return tuple((name, value) for name, value in found if value is not None and math.isfinite(value))


def _seconds(clock: str) -> float | None:
    """A time of day (HHMMSS.ffff) in seconds."""
    whole, _, part = clock.partition(".")
    if not whole.isdigit() or len(whole) not in (2, 4, 6):
        return None
    padded = whole.ljust(6, "0")
    value = int(padded[:2]) * 3600 + int(padded[2:4]) * 60 + int(padded[4:])
    return value + (float(f"0.{part}") if part.isdigit() else 0.0)


def _classic(source: DicomObject) -> Slice:
    slope, intercept = _rescale(source)
    place = source.geometry
    pixel_spacing, _ = source.pixel_spacing
    return Slice(
        source=source,
        rows=source.rows,
        columns=source.columns,
        position=place[0] if place else (),
        orientation=place[1] if place else (),
        spacing=pixel_spacing,
        thickness=source.number(0x00180088) or source.number(0x00180050) or 0.0,
        slope=slope,
        intercept=intercept,
        echo=source.number(0x00180086) or source.number(0x00180081) or 0.0,
        times=_times(source),
        windows=windows_of(source),
    )


def _dose(source: DicomObject) -> list[Slice]:
    """An RT dose grid: planes at offsets along the normal (PS3.3, C.8.8.3.2)."""
    place = source.geometry
    offsets = source.numbers(0x3004000C) or (0.0,)
    scaling = source.number(0x3004000E)
    if place is None or scaling is None:
        raise VolumeError("The dose grid has no position or no scaling.", remedy="Export it again.")
    if len(offsets) != source.frames:
        raise VolumeError(
            f"The dose grid has {source.frames} frames and {len(offsets)} offsets.",
            remedy="Export it again.",
        )
    position, orientation = place
    normal = np.cross(orientation[:3], orientation[3:])
    # Offsets count from the first plane, or are world coordinates along the axis (then the first isn't 0).
    return [
        Slice(
            source=source,
            frame=number,
            rows=source.rows,
            columns=source.columns,
            position=tuple(float(v) for v in np.asarray(position) + normal * (offset - offsets[0])),
            orientation=orientation,
            spacing=source.pixel_spacing[0],
            slope=scaling,
        )
        for number, offset in enumerate(offsets)
    ]


def _mosaic(source: DicomObject) -> list[Slice]:
    """A Siemens mosaic: slices tiled into one picture; the stated position is that of the whole picture."""
    place = source.geometry
    spacing, _ = source.pixel_spacing
    csa = _csa(source.scan.values.get(0x00291010, b""))
    count = source.count(0x0019100A) or int(csa.get("NumberOfImagesInMosaic", (0.0,))[0])
    normal = csa.get("SliceNormalVector", ())
    distance = source.number(0x00180088) or source.number(0x00180050)
    if place is None or len(spacing) != 2 or count < 1 or not distance:
        raise VolumeError(
            "The header lacks the mosaic's number of slices, their position or distance.",
            remedy="Export the series as single slices, or keep the private Siemens attributes.",
        )
    position, orientation = place
    side = math.isqrt(count - 1) + 1
    if source.rows % side or source.columns % side:
        raise VolumeError(
            f"A mosaic of {source.columns}x{source.rows} can't hold {side} tiles a side.",
            remedy="Export it again.",
        )
    if len(normal) != 3:
        raise VolumeError(
            "The mosaic's slice direction is not in its header.",
            remedy="Export the series as single slices, or keep the private Siemens attributes.",
        )
    rows, columns = source.rows // side, source.columns // side
    along_row, along_column = np.asarray(orientation[:3]), np.asarray(orientation[3:])
    corner = (
        np.asarray(position)
        + along_row * spacing[1] * (source.columns - columns) / 2
        + along_column * spacing[0] * (source.rows - rows) / 2
    )
    slope, intercept = _rescale(source)
    return [
        Slice(
            source=source,
            tile=number,
            tiles=side,
            rows=rows,
            columns=columns,
            position=tuple(float(v) for v in corner + np.asarray(normal) * distance * number),
            orientation=orientation,
            spacing=spacing,
            thickness=distance,
            slope=slope,
            intercept=intercept,
            echo=source.number(0x00180086) or 0.0,
            times=_times(source),
            windows=windows_of(source),
        )
        for number in range(count)
    ]


def _csa(data: bytes) -> dict[str, tuple[float, ...]]:
    """The numeric entries of a Siemens CSA header (the SV10 form); empty where it can't be read."""
    if data[:4] != b"SV10" or len(data) < 16:
        return {}
    (entries,) = struct.unpack_from("<I", data, 8)
    made: dict[str, tuple[float, ...]] = {}
    position = 16
    for _ in range(min(entries, 512)):
        if position + 84 > len(data):
            break
        name = data[position : position + 64].split(b"\0")[0].decode("latin-1")
        (items,) = struct.unpack_from("<i", data, position + 76)
        position += 84
        values: list[float] = []
        for _ in range(max(0, min(items, 4096))):
            if position + 16 > len(data):
                return made
            (length,) = struct.unpack_from("<i", data, position + 4)
            if length < 0 or position + 16 + length > len(data):
                return made
            text = data[position + 16 : position + 16 + length].split(b"\0")[0].strip()
            with contextlib.suppress(ValueError):
                values.append(float(text))
            position += 16 + (length + 3) // 4 * 4
        if values and all(math.isfinite(value) for value in values):
            made[name] = tuple(values)
    return made


def _is_enhanced(source: DicomObject) -> bool:
    """Whether the class is one whose geometry stands in functional groups (PS3.3, A.36, A.38 ...)."""
    return source.sop_class in (
        "1.2.840.10008.5.1.4.1.1.2.1",
        "1.2.840.10008.5.1.4.1.1.2.2",
        "1.2.840.10008.5.1.4.1.1.4.1",
        "1.2.840.10008.5.1.4.1.1.4.3",
        "1.2.840.10008.5.1.4.1.1.4.4",
        "1.2.840.10008.5.1.4.1.1.128.1",
        "1.2.840.10008.5.1.4.1.1.130",
    )


def multi_frame(source: DicomObject, limits: Limits) -> list[Slice]:
    """The frames of an object with functional groups, or of a plain multi-frame one."""
    data = dataset(source, limits)
    shared = _first(data, "SharedFunctionalGroupsSequence")
    per_frame = list(data.get("PerFrameFunctionalGroupsSequence") or [])
    if not per_frame and shared is None:
        return _cine(source)
    if len(per_frame) != source.frames:
        raise VolumeError(
            f"The object has {source.frames} frames and describes {len(per_frame)}.",
            remedy="Send the file again from where it came.",
        )
    if source.frames > limits.files:
        raise VolumeError(f"The object has {source.frames:,} frames.", remedy="Raise the limit to read it.")
    return [_frame(source, number, own, shared) for number, own in enumerate(per_frame)]


def _cine(source: DicomObject) -> list[Slice]:
    """Frames without a place of their own: one picture after another."""
    first = _classic(source)
    if source.frames == 1:
        return [first]
    made = []
    for number in range(source.frames):
        made.append(
            Slice(
                source=source,
                frame=number,
                rows=first.rows,
                columns=first.columns,
                position=first.position,
                orientation=first.orientation,
                spacing=first.spacing,
                thickness=first.thickness,
                slope=first.slope,
                intercept=first.intercept,
                times=(("frame", float(number)),),
                windows=first.windows,
            )
        )
    return made


def dataset(source: DicomObject, limits: Limits) -> Any:
    """The whole header by pydicom, for what stands in sequences. Raises ``VolumeError``."""
    import io
    import warnings

    import pydicom

    try:
        with source.path.open("rb") as handle:
            whole = handle.read(min(source.size, limits.bytes))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if source.scan.inflated is not None:
                from pydicom.filereader import read_dataset

                return read_dataset(
                    io.BytesIO(source.scan.inflated[: source.scan.pixel_start]), False, True
                )
            return pydicom.dcmread(io.BytesIO(whole), stop_before_pixels=True, force=True)
    except MemoryError:
        raise
    except Exception as exc:
        raise VolumeError(
            f"The header can't be parsed ({type(exc).__name__}: {str(exc)[:120]}).",
            remedy="Send the file again from where it came.",
        ) from exc


def _first(item: Any, name: str) -> Any:
    found = item.get(name) if item is not None else None
    return found[0] if found else None


def _group(own: Any, shared: Any, name: str) -> Any:
    """A functional group of one frame: its own, or the one that all share."""
    found = _first(own, name)
    return found if found is not None else _first(shared, name)


def _floats(item: Any, name: str, count: int) -> Vector:
    value = item.get(name) if item is not None else None
    if value is None or value == "":
        return ()
    try:
        numbers = tuple(float(v) for v in (value if hasattr(value, "__iter__") else [value]))
    except (TypeError, ValueError) as exc:
        raise VolumeError(f"{name} holds what is no number.", remedy="Correct the header.") from exc
    if len(numbers) < count or not all(math.isfinite(v) for v in numbers):
        raise VolumeError(f"{name} does not hold {count} finite numbers.", remedy="Correct the header.")
    return numbers[:count]


def _one(item: Any, name: str, default: float) -> float:
    found = _floats(item, name, 1)
    return found[0] if found else default


def _frame(source: DicomObject, number: int, own: Any, shared: Any) -> Slice:
    measures = _group(own, shared, "PixelMeasuresSequence")
    values = _group(own, shared, "PixelValueTransformationSequence")
    content = _group(own, shared, "FrameContentSequence")
    echo = _group(own, shared, "MREchoSequence")
    diffusion = _group(own, shared, "MRDiffusionSequence")
    window = _group(own, shared, "FrameVOILUTSequence")
    times = [
        ("temporal_position", _floats(content, "TemporalPositionIndex", 1)),
        ("b_value", _floats(diffusion, "DiffusionBValue", 1)),
        ("acquisition", _floats(content, "FrameAcquisitionNumber", 1)),
    ]
    slope = _one(values, "RescaleSlope", 1.0)
    if slope == 0:
        raise VolumeError("A frame's rescale slope is 0.", remedy="Correct the header.")
    centers = _floats(window, "WindowCenter", 1)
    widths = _floats(window, "WindowWidth", 1)
    return Slice(
        source=source,
        frame=number,
        rows=source.rows,
        columns=source.columns,
        position=_floats(_group(own, shared, "PlanePositionSequence"), "ImagePositionPatient", 3),
        orientation=_floats(_group(own, shared, "PlaneOrientationSequence"), "ImageOrientationPatient", 6),
        spacing=_floats(measures, "PixelSpacing", 2),
        thickness=_one(measures, "SpacingBetweenSlices", 0.0) or _one(measures, "SliceThickness", 0.0),
        slope=slope,
        intercept=_one(values, "RescaleIntercept", 0.0),
        echo=_one(echo, "EffectiveEchoTime", 0.0),
        stack=_stack_id(content),
        times=(*((name, found[0]) for name, found in times if found), ("instance", float(number))),
        windows=(Window(center=centers[0], width=widths[0]),)
        if centers and widths and widths[0] > 0
        else (),
    )


def _stack_id(content: Any) -> str:
    value = content.get("StackID") if content is not None else None
    return str(value)[:16] if value is not None else ""
