"""A data set is built anew from what may stay; nothing of the old one is copied unseen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.tag import BaseTag

from grandrounds.deidentify import values
from grandrounds.deidentify.key import ProjectKey
from grandrounds.deidentify.report import (
    CLEANED,
    EMPTIED,
    REMAPPED,
    REMOVED,
    REPLACED,
    SHIFTED,
    Change,
)
from grandrounds.deidentify.residue import Residue
from grandrounds.deidentify.rules import (
    CODE_MEANING,
    CODE_SCHEME,
    CODE_VALUE,
    DATE_VRS,
    KEPT_NAMES,
    PATIENT_NAME,
    TEXT_VRS,
    Act,
    Decision,
    decide,
    known,
)
from grandrounds.deidentify.settings import DeidentifySettings
from grandrounds.deidentify.words import clean_name, clean_text, is_code

DUMMY = "REMOVED"
_DEEPEST = 64
_DUMMIES = {"DS": "0", "IS": "0", "DA": "19000101", "TM": "000000", "DT": "19000101000000", "AS": "000Y"}
_ZERO_NUMBERS = frozenset({"FD", "FL", "SL", "SS", "SV", "UL", "US", "UV"})


@dataclass(slots=True)
class Walk:
    """One file's walk: what it maps with, and what it found."""

    settings: DeidentifySettings
    key: ProjectKey
    patient: str
    pseudonym: str
    days: int
    changes: list[Change] = field(default_factory=list)
    residue: Residue = field(default_factory=Residue)
    too_deep: bool = False

    def clean(self, source: Dataset, path: str = "", depth: int = 0) -> Dataset:
        """A new data set with what may stay of ``source``."""
        made = Dataset()
        creators = _creators(source)
        for tag in sorted(source.keys()):
            where = f"{path}({tag.group:04X},{tag.element:04X})"
            try:
                element = source[tag]
            except Exception:  # noqa: BLE001 - any value that can't be read is one that can't be kept
                self._note(where, tag, REMOVED, "unreadable value")
                continue
            kept = (
                self._private(element, creators, made, where)
                if tag.is_private
                else self._public(element, source, where, depth)
            )
            if kept is not None:
                made.add(kept)
        return made

    # One element ---------------------------------------------------------------------------

    def _public(self, element: DataElement, source: Dataset, where: str, depth: int) -> DataElement | None:
        decision = decide(int(element.tag), element.VR, self.settings)
        act = decision.act
        if act is Act.RECURSE:
            return self._sequence(element, where, depth)
        if act in (Act.REMOVE, Act.EMPTY, Act.DUMMY):
            return self._taken(element, where, decision)
        if act is Act.PATIENT:
            return self._patient(element, where)
        if act is Act.BINARY:
            return element if isinstance(element.value, bytes) else self._drop(element, where, "no bytes")
        found = values.as_list(element.value)
        if not found:
            return self._same(element)
        if act is Act.CODE:
            return self._code(element, source, where)
        return self._checked(element, found, act, where, decision)

    def _checked(
        self, element: DataElement, found: list[Any], act: Act, where: str, decision: Decision
    ) -> DataElement | None:
        """Values that stay only as far as they are what they should be."""
        entry = known(int(element.tag))
        if entry is not None and entry.most is not None and len(found) > entry.most:
            return self._drop(element, where, "more values than the attribute has")
        if act is Act.NUMBER:
            if values.are_numbers(element.VR, found) or element.VR == "AT":
                return self._same(element)
            return self._blank(element, where, "not a number")
        texts = [str(value) for value in found]
        if act is Act.UID:
            return self._with(
                element, [self._uid(text) for text in texts], where, REMAPPED, decision.reason
            )
        if act is Act.TERM:
            if all(is_code(text) for text in texts):
                return self._same(element)
            cleaned = [text if is_code(text) else "" for text in texts]
            self.residue.add(element)
            return self._with(element, cleaned, where, CLEANED, "not a known term")
        if act is Act.WORDS:
            return self._words(element, texts, where, decision.reason)
        if act in (Act.SHIFT, Act.KEEP_DATE):
            return self._time(element, texts, act, where, decision.reason)
        if act is Act.AGE:
            ages = [values.age(text) or "" for text in texts]
            return self._with(element, ages, where, CLEANED, decision.reason)
        # Verbatim, by an option that retains it.
        return self._with(element, texts, where, CLEANED, decision.reason)

    def _uid(self, text: str) -> str:
        plain = text.strip(" \0")
        if values.is_registered(plain):
            return plain
        if self.settings.retain_uids and plain.replace(".", "").isdigit():
            return plain
        return self.key.uid(plain)

    def _words(self, element: DataElement, texts: list[str], where: str, reason: str) -> DataElement:
        entry = known(int(element.tag))
        clean = clean_name if entry is not None and entry.keyword in KEPT_NAMES else clean_text
        cleaned = [clean(text, extra=self.settings.words) for text in texts]
        if cleaned != texts:
            self.residue.add(element)
        longest = 16 if element.VR in ("SH", "CS") else 64
        # A text that is cut at a word's end can be cleaned again without a change.
        cleaned = [_cut(text, longest) for text in cleaned]
        return self._with(element, cleaned, where, CLEANED, reason)

    def _time(
        self, element: DataElement, texts: list[str], act: Act, where: str, reason: str
    ) -> DataElement | None:
        if act is Act.KEEP_DATE:
            kept = [text if values.is_time(element.VR, text) else "" for text in texts]
            return self._with(element, kept, where, CLEANED, "not a date")
        moved = [values.shifted(element.VR, text, self.days) or "" for text in texts]
        return self._with(element, moved, where, SHIFTED, reason)

    def _code(self, element: DataElement, source: Dataset, where: str) -> DataElement | None:
        """A coded entry: of a published terminology, and with that terminology's own meaning."""
        scheme, code = _plain(source, CODE_SCHEME), _plain(source, CODE_VALUE)
        if element.tag == CODE_SCHEME:
            good = values.is_scheme(scheme)
            return self._same(element) if good else self._blank(element, where, "private coding scheme")
        if not values.is_code_value(scheme, code):
            return self._blank(element, where, "code of no published terminology")
        if element.tag == CODE_MEANING:
            meaning = values.code_meaning(scheme, code)
            text = clean_text(str(element.value), extra=self.settings.words) if meaning is None else meaning
            # What is written anyway can't be searched for in what is written.
            if meaning is None or str(element.value).strip(" \0") not in meaning:
                self.residue.add(element)
            return self._with(element, [_cut(text, 64)], where, CLEANED, "the terminology's meaning")
        return self._same(element)

    def _patient(self, element: DataElement, where: str) -> DataElement:
        found = "\\".join(str(value) for value in values.as_list(element.value)).strip(" \0")
        if element.tag == PATIENT_NAME or found in ("", self.patient):
            name = self.pseudonym
        else:
            name = self.key.patient(found)
        if found != name:
            self.residue.add(element)
        return self._with(element, [name], where, REPLACED, "patient's pseudonym")

    def _sequence(self, element: DataElement, where: str, depth: int) -> DataElement | None:
        if not isinstance(element.value, Items):
            return self._drop(element, where, "not a sequence")
        if depth >= _DEEPEST:
            self.too_deep = True
            return self._drop(element, where, "nested too deep")
        items = [
            self.clean(item, f"{where}[{number}]/", depth + 1) for number, item in enumerate(element.value)
        ]
        return DataElement(element.tag, "SQ", Items(items))

    def _private(
        self, element: DataElement, creators: dict[int, str], made: Dataset, where: str
    ) -> DataElement | None:
        """An element of the allow-list that holds numbers; its creator goes along with it."""
        tag = element.tag
        creator = creators.get(tag.group << 16 | tag.element >> 8, "")
        allowed = next(
            (
                safe
                for safe in self.settings.safe_private
                if (safe.creator, safe.group, safe.element) == (creator, tag.group, tag.element & 0xFF)
            ),
            None,
        )
        if allowed is not None and allowed.vr == element.VR:
            found = values.as_list(element.value)
            if len(found) <= 64 and values.are_numbers(element.VR, found):
                made.add_new(BaseTag(tag.group << 16 | tag.element >> 8), "LO", creator)
                return self._same(element)
        if tag.element > 0xFF or tag.element < 0x10:
            return self._drop(element, where, "private")
        if not any(safe.creator == str(element.value) for safe in self.settings.safe_private):
            return self._drop(element, where, "private creator")
        return None  # it was, or will be, written with the first element of its that stays

    # What becomes of a value ---------------------------------------------------------------

    def _taken(self, element: DataElement, where: str, decision: Decision) -> DataElement | None:
        if decision.act is Act.REMOVE:
            return self._drop(element, where, decision.reason)
        if decision.act is Act.EMPTY:
            return self._blank(element, where, decision.reason)
        self.residue.add(element)
        if element.VR in TEXT_VRS or element.VR in ("AE", "CS", "UR"):
            return self._with(element, [DUMMY], where, REPLACED, decision.reason)
        if element.VR == "PN":
            return self._with(element, [self.pseudonym], where, REPLACED, decision.reason)
        if element.VR in _DUMMIES:
            return self._with(element, [_DUMMIES[element.VR]], where, REPLACED, decision.reason)
        if element.VR in _ZERO_NUMBERS:
            self._note(where, element.tag, REPLACED, decision.reason)
            return DataElement(element.tag, element.VR, 0)
        self._note(where, element.tag, REPLACED, decision.reason)
        return DataElement(element.tag, element.VR, b"\0\0")

    def _drop(self, element: DataElement, where: str, reason: str) -> DataElement | None:
        self.residue.add(element)
        self._note(where, element.tag, REMOVED, reason)
        return None

    def _blank(self, element: DataElement, where: str, reason: str) -> DataElement:
        if not element.is_empty:
            self.residue.add(element)
            self._note(where, element.tag, EMPTIED, reason)
        return DataElement(element.tag, element.VR, Items() if element.VR == "SQ" else None)

    def _with(
        self, element: DataElement, texts: list[str], where: str, change: str, reason: str
    ) -> DataElement:
        before = [str(value) for value in values.as_list(element.value)]
        if texts != before:
            if change in (REMAPPED, SHIFTED) or element.VR in DATE_VRS:
                self.residue.add(element)
            self._note(where, element.tag, change if any(texts) else EMPTIED, reason)
        value: Any = None if not any(texts) else texts[0] if len(texts) == 1 else texts
        return DataElement(element.tag, element.VR, value)

    def _same(self, element: DataElement) -> DataElement:
        return DataElement(element.tag, element.VR, element.value, already_converted=True)

    def _note(self, where: str, tag: BaseTag, change: str, reason: str) -> None:
        entry = known(int(tag))
        self.changes.append(
            Change(path=where, keyword=entry.keyword if entry else "", change=change, reason=reason)
        )


def _creators(source: Dataset) -> dict[int, str]:
    """Private creators by group and block."""
    found = {}
    for tag in sorted(source.keys()):
        if tag.is_private and 0x10 <= tag.element <= 0xFF:
            try:
                found[int(tag)] = str(source[tag].value)
            except Exception:  # noqa: BLE001, S112 - an unreadable creator names nothing that is allowed
                continue
    return found


def _plain(source: Dataset, tag: int) -> str:
    try:
        return str(source[tag].value or "").strip() if tag in source else ""
    except Exception:  # noqa: BLE001 - an unreadable code is no code
        return ""


def _cut(text: str, longest: int) -> str:
    """The text up to the last whole word within ``longest`` characters."""
    return text if len(text) <= longest else text[: longest + 1].rpartition(" ")[0]
