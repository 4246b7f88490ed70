"""The instance map of a volume, both ways: slice to SOP instance, and back."""

from __future__ import annotations

from grandrounds.records.volume import SliceInstance, VolumeRecord


def instance_at(record: VolumeRecord, index: int, *, time: int = 0) -> SliceInstance | None:
    """The DICOM instance (and frame) that slice ``index`` came from; ``None`` where there is none.

    The axis along which slices are counted is ``SliceInstance.axis``.
    """
    return next((one for one in record.instances if (one.index, one.time) == (index, time)), None)


def slice_of(
    record: VolumeRecord, sop_instance_uid: str, *, frame: int | None = None
) -> SliceInstance | None:
    """Where an instance (of several frames: its frame) lies; ``None`` when it is not in the volume."""
    return next(
        (
            one
            for one in record.instances
            if one.sop_instance_uid == sop_instance_uid and frame in (None, one.frame)
        ),
        None,
    )
