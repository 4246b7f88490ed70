"""The texts and ids of a volume's row, made fit to leave the house and to be seen by a prompt.

Quick (no DICOM library is loaded): UIDs become the same ones that ``dicom.deidentify`` gives the files,
so rows and files still belong together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from grandrounds.deidentify.key import ProjectKey
from grandrounds.deidentify.settings import NONE, DeidentifySettings
from grandrounds.deidentify.words import clean_name, clean_text, is_code, scrub
from grandrounds.records.volume import Landmark, SliceInstance, VolumeLabel, VolumeRecord, Window

_CONTENT_ID = re.compile(r"[a-z_]{1,20}-[0-9a-f]{24}\Z")
_STANDARDS = "1.2.840.10008."
_ENDINGS = (".nii.gz", ".nii", ".dcm", ".json", ".csv", ".tsv", ".txt", ".label", ".lut", ".ctbl")
_OF_ORIGIN = re.compile(
    r"SOURCES(?:\.md)?|sources\.yaml|(?:LICEN[CS]E|COPYING)(?:\.txt|\.md)?", re.IGNORECASE
)
_ORIGINS = frozenset({"", "header", "file name", "VerSe levels"})
_DIRECTION = re.compile(r"[RLAPHF]{1,3}\Z")


def sanitise(record: VolumeRecord, *, settings: DeidentifySettings, key: ProjectKey) -> VolumeRecord:
    """The row with everything that may identify replaced; geometry, labels' values and hashes stay.

    UIDs, groups and ids are mapped by ``key``. ``name``, sequence words, windows' names become controlled
    words; a label's or landmark's name stays whole or becomes ``label N``; files that names of labels are
    from become pseudonyms. Notes and reasons lose quoted values, dates and numbers. Doing it twice changes
    nothing more.
    """
    extra = settings.words
    rows = {name: _row(name, key) for name in record.source_ids}
    return replace(
        record,
        volume_id=_row(record.volume_id, key),
        source_ids=tuple(rows[name] for name in record.source_ids),
        reason=scrub(record.reason),
        body_part=clean_text(record.body_part or "", extra=extra).upper() or None,
        modality=record.modality if record.modality and is_code(record.modality) else None,
        sequence_words=tuple(clean_text(" ".join(record.sequence_words), extra=extra).split()),
        patient_directions=tuple(one for one in record.patient_directions if _DIRECTION.match(one)),
        sop_class_uid=_uid(record.sop_class_uid, settings, key),
        burned_in=record.burned_in if record.burned_in in ("YES", "NO") else None,
        study_uid=_uid(record.study_uid, settings, key),
        series_uid=_uid(record.series_uid, settings, key),
        frame_of_reference_uid=_uid(record.frame_of_reference_uid, settings, key),
        instances=tuple(_instance(one, rows, settings, key) for one in record.instances),
        windows=tuple(_window(one, extra) for one in record.windows),
        time_values=_times(record, settings),
        mask_of=_row(record.mask_of, key) if record.mask_of else record.mask_of,
        labels=tuple(_label(one, extra, key) for one in record.labels),
        label_origin=_origin(record.label_origin, key),
        landmarks=tuple(_landmark(one, extra, key) for one in record.landmarks),
        name=clean_text(_bare(record.name), extra=extra),
        group_id=key.group(record.group_id) if record.group_id else "",
        notes=tuple(scrub(note) for note in record.notes),
    )


def sanitise_text(text: str, *, settings: DeidentifySettings) -> str:
    """A description (series, study, protocol) as a prompt may see it: its controlled words."""
    return clean_text(text, extra=settings.words)


def sanitise_path(parts: Iterable[str], *, key: ProjectKey) -> str:
    """A path for a release in place of one whose folders and file name may tell a name or a date.

    The same folder gets the same name within a project; endings are kept where they are of a known kind,
    and so are the names of files in which people say where others come from.
    """
    found = [part for part in parts if part not in ("", ".", "..")]
    *above, last = found or [""]
    if all(key.made_patient(part) for part in above) and (
        is_of_origin(last) or key.made_patient(_bare(last))
    ):
        return "/".join(found)
    folders = [key.patient(f"folder {'/'.join(found[: n + 1])}") for n in range(len(found) - 1)]
    if is_of_origin(last):
        return "/".join([*folders, last])
    ending = found[-1][len(_bare(found[-1])) :].lower()
    return "/".join([*folders, key.patient(f"file {'/'.join(found)}") + ending])


def is_of_origin(name: str) -> bool:
    """Whether it is what a file of licences or of provenance is called, with its ending or without."""
    return _OF_ORIGIN.fullmatch(name) is not None


def _bare(name: str) -> str:
    """``name`` without an ending of a known kind."""
    ending = next((end for end in _ENDINGS if name.lower().endswith(end)), "")
    return name[: len(name) - len(ending)]


def _uid(uid: str | None, settings: DeidentifySettings, key: ProjectKey) -> str | None:
    if not uid:
        return uid
    plain = uid.strip(" \0")
    if plain.startswith(_STANDARDS) or (settings.retain_uids and plain.replace(".", "").isdigit()):
        return plain
    return key.uid(plain)


def _row(name: str, key: ProjectKey) -> str:
    if _CONTENT_ID.match(name):
        return key.row(name)
    return name if key.made_patient(name) else key.patient(name)


def _origin(text: str, key: ProjectKey) -> str:
    """Where a label's name was found: words of the program, or a file."""
    return text if text in _ORIGINS else sanitise_path(text.split("/"), key=key)


def _instance(
    one: SliceInstance, rows: Mapping[str, str], settings: DeidentifySettings, key: ProjectKey
) -> SliceInstance:
    return SliceInstance(
        axis=one.axis,
        index=one.index,
        time=one.time,
        sop_instance_uid=_uid(one.sop_instance_uid, settings, key) or "",
        frame=one.frame,
        source_id=rows.get(one.source_id) or _row(one.source_id, key),
    )


def _window(one: Window, extra: frozenset[str]) -> Window:
    return replace(one, name=clean_text(one.name, extra=extra))


def _label(one: VolumeLabel, extra: frozenset[str], key: ProjectKey) -> VolumeLabel:
    name = (clean_name(one.name, extra=extra) or f"label {one.value}") if one.name else ""
    drawn = one.drawn if one.drawn in ("manual", "predicted") else ""
    return replace(one, name=name, origin=_origin(one.origin, key), drawn=drawn)


def _landmark(one: Landmark, extra: frozenset[str], key: ProjectKey) -> Landmark:
    name = clean_name(one.name, extra=extra) or (f"label {one.label}" if one.name else "")
    return replace(one, name=name, source_id=_row(one.source_id, key))


def _times(record: VolumeRecord, settings: DeidentifySettings) -> tuple[float, ...]:
    """Times of day are counted from the first, unless times are retained."""
    values = record.time_values
    if not values or settings.retain_longitudinal != NONE or record.time_unit not in ("s", "ms", "seconds"):
        return values
    return tuple(value - values[0] for value in values)
