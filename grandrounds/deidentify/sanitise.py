"""The texts and ids of a volume's row, made fit to leave the house and to be seen by a prompt.

Quick (no DICOM library is loaded): UIDs become the same ones that ``dicom.deidentify`` gives the files,
so rows and files still belong together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from grandrounds.deidentify.key import ProjectKey
from grandrounds.deidentify.settings import NONE, DeidentifySettings
from grandrounds.deidentify.words import clean_name, clean_text, is_code, scrub
from grandrounds.records.volume import Landmark, SliceInstance, VolumeLabel, VolumeRecord, Window

_CONTENT_ID = re.compile(r"[a-z_]{1,20}-[0-9a-f]{24}\Z")
_STANDARDS = "1.2.840.10008."


def sanitise(record: VolumeRecord, *, settings: DeidentifySettings, key: ProjectKey) -> VolumeRecord:
    """The row with everything that may identify replaced; geometry, labels' values and hashes stay.

    UIDs and groups are mapped by ``key``. ``name``, sequence words, windows' names become controlled
    words; a label's or landmark's name stays whole or becomes ``label N``. Notes and reasons lose
    quoted values, dates and numbers. Doing it twice changes nothing more.
    """
    extra = settings.words
    return replace(
        record,
        source_ids=tuple(_source(name, key) for name in record.source_ids),
        reason=scrub(record.reason),
        body_part=clean_text(record.body_part or "", extra=extra).upper() or None,
        modality=record.modality if record.modality and is_code(record.modality) else None,
        sequence_words=tuple(clean_text(" ".join(record.sequence_words), extra=extra).split()),
        burned_in=record.burned_in if record.burned_in and is_code(record.burned_in) else None,
        study_uid=_uid(record.study_uid, settings, key),
        series_uid=_uid(record.series_uid, settings, key),
        frame_of_reference_uid=_uid(record.frame_of_reference_uid, settings, key),
        instances=tuple(_instance(one, settings, key) for one in record.instances),
        windows=tuple(_window(one, extra) for one in record.windows),
        time_values=_times(record, settings),
        labels=tuple(_label(one, extra) for one in record.labels),
        landmarks=tuple(_landmark(one, extra, key) for one in record.landmarks),
        name=clean_text(record.name, extra=extra),
        group_id=key.group(record.group_id) if record.group_id else "",
        notes=tuple(scrub(note) for note in record.notes),
    )


def sanitise_text(text: str, *, settings: DeidentifySettings) -> str:
    """A description (series, study, protocol) as a prompt may see it: its controlled words."""
    return clean_text(text, extra=settings.words)


def sanitise_path(parts: Iterable[str], *, key: ProjectKey) -> str:
    """A path for a release in place of one whose folders and file name may tell a name or a date.

    The same folder gets the same name within a project; endings are kept where they are of a known kind.
    """
    found = [part for part in parts if part not in ("", ".", "..")]
    if not found:
        return ""
    folders = [key.patient(f"folder {'/'.join(found[: n + 1])}") for n in range(len(found) - 1)]
    ending = next((end for end in (".nii.gz", ".nii", ".dcm") if found[-1].lower().endswith(end)), "")
    return "/".join([*folders, key.patient(f"file {'/'.join(found)}") + ending])


def _uid(uid: str | None, settings: DeidentifySettings, key: ProjectKey) -> str | None:
    if not uid:
        return uid
    plain = uid.strip(" \0")
    if plain.startswith(_STANDARDS) or (settings.retain_uids and plain.replace(".", "").isdigit()):
        return plain
    return key.uid(plain)


def _source(name: str, key: ProjectKey) -> str:
    return name if _CONTENT_ID.match(name) or key.made_patient(name) else key.patient(name)


def _instance(one: SliceInstance, settings: DeidentifySettings, key: ProjectKey) -> SliceInstance:
    uid = _uid(one.sop_instance_uid, settings, key) or ""
    return replace(one, sop_instance_uid=uid, source_id=_source(one.source_id, key))


def _window(one: Window, extra: frozenset[str]) -> Window:
    return replace(one, name=clean_text(one.name, extra=extra))


def _label(one: VolumeLabel, extra: frozenset[str]) -> VolumeLabel:
    if not one.name:
        return one
    return replace(one, name=clean_name(one.name, extra=extra) or f"label {one.value}")


def _landmark(one: Landmark, extra: frozenset[str], key: ProjectKey) -> Landmark:
    name = clean_name(one.name, extra=extra) or (f"label {one.label}" if one.name else "")
    return replace(one, name=name, source_id=_source(one.source_id, key))


def _times(record: VolumeRecord, settings: DeidentifySettings) -> tuple[float, ...]:
    """Times of day are counted from the first, unless times are retained."""
    values = record.time_values
    if not values or settings.retain_longitudinal != NONE or record.time_unit not in ("s", "ms", "seconds"):
        return values
    return tuple(value - values[0] for value in values)
