"""Measuring many scans: spread over workers, and never twice what was measured before.

What was found in a scan is kept in the lake under the hashes of its files, its rows and the code, so that
one new study costs one study. A worker that dies on a scan costs that scan alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter
from pydantic_core import to_jsonable_python

from grandrounds.engine import Engine
from grandrounds.fingerprint import code_fingerprint, sha256_value
from grandrounds.imaging.measuring import Measured, is_image, masks_by_image, measure_image
from grandrounds.lake import Lake
from grandrounds.records.volume import VolumeRecord
from grandrounds.volumes.volume import open_volume

_SECONDS = 900.0  # a whole body with 117 organs takes some 30 s here
_SMALL = 32 << 20  # bytes; less is done here: a process takes longer to start
_KEPT = TypeAdapter(Measured)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """An image and its masks, and the lake that holds them: what travels to a worker."""

    lake_url: str
    image: VolumeRecord
    masks: tuple[VolumeRecord, ...]

    @property
    def bytes(self) -> int:
        """The bytes of all its files."""
        return self.image.bytes + sum(mask.bytes for mask in self.masks)

    def key(self) -> str:
        """Names what is measured, and by which code."""
        code = code_fingerprint("grandrounds.imaging", "grandrounds.measure", "grandrounds.records")
        return f"measured/{sha256_value([code, to_jsonable_python([self.image, self.masks])])}.json"


def measure_all(
    volumes: Sequence[VolumeRecord],
    *,
    lake: Lake,
    engine: Engine,
    on_progress: Callable[[int, int | None], None] | None = None,
) -> Iterator[Measured]:
    """What was found in each image that has masks, in the order of the images' ids."""
    groups = group(volumes, lake=lake)
    known = {one.image.volume_id: _kept(lake, one) for one in groups}
    missing = [one for one in groups if known[one.image.volume_id] is None]
    small = sum(one.bytes for one in missing) < _SMALL
    fresh = (
        map(measure_group, missing)
        if small
        else (
            done.value if done.value is not None else _given_up(one, done.reason)
            for one, done in zip(missing, engine.map(measure_group, missing, seconds=_SECONDS), strict=True)
        )
    )
    for number, one in enumerate(groups, start=1):
        found = known[one.image.volume_id]
        if found is None:
            found = next(fresh)
            if not found.problem:
                _keep(lake, one, found)
        yield found
        if on_progress:
            on_progress(number, len(groups))


def group(volumes: Sequence[VolumeRecord], *, lake: Lake) -> list[Group]:
    """The images that have masks, by id."""
    masks = masks_by_image(volumes)
    images = sorted(
        (record for record in volumes if record.volume_id in masks and is_image(record)),
        key=lambda record: record.volume_id,
    )
    return [Group(lake_url=lake.url, image=image, masks=tuple(masks[image.volume_id])) for image in images]


def measure_group(one: Group) -> Measured:
    """What is found in one image. A function at the top of a module, so that workers find it."""
    lake = Lake(one.lake_url)
    return measure_image(one.image, one.masks, open_volume=lambda record: open_volume(lake, record))


def _given_up(one: Group, reason: str) -> Measured:
    return Measured(volume=one.image, problem=reason)


def _kept(lake: Lake, one: Group) -> Measured | None:
    """What was measured before; ``None`` for nothing, and for what is damaged."""
    try:
        digest, found = json.loads(lake.read_blob(one.key()) or b"")
        return _KEPT.validate_python(found) if sha256_value(found) == digest else None
    except (ValueError, TypeError):
        return None


def _keep(lake: Lake, one: Group, found: Measured) -> None:
    value = to_jsonable_python(found)
    lake.write_blob(one.key(), json.dumps([sha256_value(value), value], ensure_ascii=False).encode())
