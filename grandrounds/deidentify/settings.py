"""What de-identification keeps: the options of PS3.15 Annex E.3, by their names there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from grandrounds.errors import SettingsError

NONE, MODIFIED, FULL = "none", "modified", "full"
LONGITUDINAL = (NONE, MODIFIED, FULL)


@dataclass(frozen=True, slots=True, kw_only=True)
class SafePrivate:
    """A private element that may stay: its creator, group, and the element's last two digits.

    Only numbers are kept: a value that is none is removed whatever this list says.
    """

    creator: str
    group: int
    element: int
    vr: str = "DS"


# Numbers that volumes need and that say nothing of a person.
KNOWN_SAFE_PRIVATE = (
    SafePrivate(creator="SIEMENS MR HEADER", group=0x0019, element=0x0A, vr="US"),  # images in a mosaic
    SafePrivate(creator="SIEMENS MR HEADER", group=0x0019, element=0x0C, vr="IS"),  # b-value
    SafePrivate(creator="SIEMENS MR HEADER", group=0x0019, element=0x0E, vr="FD"),  # gradient direction
    SafePrivate(creator="GEMS_PARM_01", group=0x0043, element=0x39, vr="IS"),  # b-value
    SafePrivate(creator="Philips Imaging DD 001", group=0x2001, element=0x03, vr="FL"),  # b-value
    SafePrivate(creator="Philips MR Imaging DD 005", group=0x2005, element=0x0D, vr="FL"),  # intercept
    SafePrivate(creator="Philips MR Imaging DD 005", group=0x2005, element=0x0E, vr="FL"),  # slope
    SafePrivate(creator="Philips PET Private Group", group=0x7053, element=0x00, vr="DS"),  # SUV factor
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeidentifySettings:
    """The Basic Profile and what is asked of it besides. Frozen, so that a run has one answer.

    ``retain_longitudinal``: ``none`` empties dates and times, ``modified`` moves all dates of a patient
    by the same keyed number of days (intervals stay), ``full`` leaves them. ``clean_descriptors`` keeps
    the controlled words of descriptions. ``clean_structured_content`` and ``clean_graphics`` keep the
    tree of a report or annotation without its free text. ``safe_private`` is the allow-list of
    ``Retain Safe Private``. ``words`` are further lower-case words that are no names here.
    Raises ``SettingsError`` for values it does not know.
    """

    retain_uids: bool = False
    retain_device_identity: bool = False
    retain_institution_identity: bool = False
    retain_patient_characteristics: bool = False
    retain_longitudinal: str = NONE
    clean_descriptors: bool = True
    clean_structured_content: bool = False
    clean_graphics: bool = False
    safe_private: tuple[SafePrivate, ...] = ()
    words: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.retain_longitudinal not in LONGITUDINAL:
            raise SettingsError(
                f"retain_longitudinal is {self.retain_longitudinal!r}.",
                remedy=f"Use one of {', '.join(LONGITUDINAL)}.",
            )

    @classmethod
    def from_mapping(cls, asked: Mapping[str, Any]) -> DeidentifySettings:
        """The settings that a recipe asks for: field names and plain values.

        ``safe_private`` is ``known`` (``KNOWN_SAFE_PRIVATE``) or a list of mappings with the fields of
        ``SafePrivate``, ``words`` a list. Raises ``SettingsError`` for names and types it does not know.
        """
        names = {field.name for field in fields(cls)}
        for name, value in asked.items():
            if name not in names:
                raise SettingsError(
                    f"De-identification has no setting {name!r}.", remedy=f"Use {', '.join(sorted(names))}."
                )
            wanted = {
                "retain_longitudinal": str,
                "safe_private": (str, list, tuple),
                "words": (list, tuple),
            }
            if not isinstance(value, wanted.get(name, bool)):  # type: ignore[arg-type]
                raise SettingsError(f"The de-identification setting {name} can't be {value!r}.")
        plain = dict(asked)
        if "words" in plain:
            plain["words"] = frozenset(str(word).lower() for word in plain["words"])
        if "safe_private" in plain:
            plain["safe_private"] = _safe_private(plain["safe_private"])
        return cls(**plain)

    @property
    def spelled(self) -> tuple[str, ...]:
        """Each setting as ``name=value``, for a report. Words are counted, not told."""
        shown = {field.name: getattr(self, field.name) for field in fields(self)}
        shown |= {"safe_private": len(self.safe_private), "words": len(self.words)}
        return tuple(
            f"{name}={str(value).lower() if isinstance(value, bool) else value}"
            for name, value in shown.items()
        )

    @property
    def options(self) -> tuple[str, ...]:
        """The columns of the table that are switched on; earlier ones win."""
        asked = (
            ("uids", self.retain_uids),
            ("device", self.retain_device_identity),
            ("institution", self.retain_institution_identity),
            ("patient", self.retain_patient_characteristics),
            ("dates_full", self.retain_longitudinal == FULL),
            ("dates_modified", self.retain_longitudinal == MODIFIED),
            ("structured", self.clean_structured_content),
            ("graphics", self.clean_graphics),
            ("descriptors", self.clean_descriptors),
        )
        return tuple(name for name, on in asked if on)

    @property
    def method_codes(self) -> tuple[tuple[str, str], ...]:
        """Codes (DCM, CID 7050) and meanings of what is applied, for the file itself."""
        asked = (
            ("113100", "Basic Application Confidentiality Profile", True),
            ("113103", "Clean Graphics Option", self.clean_graphics),
            ("113104", "Clean Structured Content Option", self.clean_structured_content),
            ("113105", "Clean Descriptors Option", self.clean_descriptors),
            (
                "113106",
                "Retain Longitudinal Temporal Information Full Dates Option",
                self.retain_longitudinal == FULL,
            ),
            (
                "113107",
                "Retain Longitudinal Temporal Information Modified Dates Option",
                self.retain_longitudinal == MODIFIED,
            ),
            ("113108", "Retain Patient Characteristics Option", self.retain_patient_characteristics),
            ("113109", "Retain Device Identity Option", self.retain_device_identity),
            ("113110", "Retain UIDs Option", self.retain_uids),
            ("113111", "Retain Safe Private Option", bool(self.safe_private)),
            ("113112", "Retain Institution Identity Option", self.retain_institution_identity),
        )
        return tuple((code, meaning) for code, meaning, on in asked if on)


def _safe_private(asked: Any) -> tuple[SafePrivate, ...]:
    if asked == "known":
        return KNOWN_SAFE_PRIVATE
    try:
        return tuple(SafePrivate(**one) for one in asked)
    except TypeError as exc:
        raise SettingsError(
            "safe_private holds what is no private element.",
            remedy="Write known, or a list with creator, group, element and vr each.",
        ) from exc
