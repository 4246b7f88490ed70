"""The project's secret key, and the names, ids, UIDs and day shifts that are derived from it.

All are keyed hashes (HMAC-SHA-256): the same within a project, and nobody without the key can tell or
test which person a name stands for. The key never enters a table, a report or a release. Whoever
deletes it makes the way back impossible, for the project's own people too.
"""

from __future__ import annotations

import hmac
import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path

from grandrounds.errors import SettingsError

KEY_FILE = "deidentify.key"
_KEY_BYTES = 32
_UID_ROOT = "2.25."
_NAME_PREFIX = "GR"
_LEAST_SHIFT_DAYS = 30
_SHIFT_RANGE_DAYS = 3650


@dataclass(frozen=True, slots=True)
class ProjectKey:
    """A project's key. Printing it shows nothing.

    What it makes carries a keyed check of 32 bits, so that what is already mapped is recognised and
    mapped to itself: de-identifying twice changes nothing more.
    """

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) < 16:
            raise SettingsError(
                "The de-identification key is shorter than 16 bytes.", remedy="Let the program make one."
            )

    def uid(self, original: str) -> str:
        """The UID under 2.25 (PS3.5 B.2) that stands for ``original``."""
        plain = original.strip(" \0")
        if not plain or self.made_uid(plain):
            return plain
        body = self._hash("uid", plain)[:12]
        return _UID_ROOT + str(int.from_bytes(body + self._check("uid", body), "big"))

    def made_uid(self, uid: str) -> bool:
        """Whether ``uid`` is one that this key made."""
        digits = uid.removeprefix(_UID_ROOT)
        if digits == uid or not digits.isascii() or not digits.isdigit() or len(digits) > 39:
            return False
        number = int(digits)
        if number >= 1 << 128 or str(number) != digits:
            return False
        raw = number.to_bytes(16, "big")
        return hmac.compare_digest(raw[12:], self._check("uid", raw[:12]))

    def patient(self, original: str) -> str:
        """The pseudonym that stands for a patient's id (``GR`` and 24 hex digits)."""
        plain = original.strip(" \0")
        if self.made_patient(plain):
            return plain
        body = self._hash("patient", plain)[:8]
        return _NAME_PREFIX + (body + self._check("patient", body)).hex().upper()

    def made_patient(self, name: str) -> bool:
        """Whether ``name`` is a pseudonym that this key made."""
        digits = name.removeprefix(_NAME_PREFIX)
        if digits == name or len(digits) != 24 or digits != digits.upper():
            return False
        try:
            raw = bytes.fromhex(digits)
        except ValueError:
            return False
        return len(raw) == 12 and hmac.compare_digest(raw[8:], self._check("patient", raw[:8]))

    def row(self, original: str) -> str:
        """The id of a row (``volume-`` and 24 hex digits) that stands for an id which is a hash of the
        original's bytes or path: who has or guesses the original could find the row by that."""
        if self.made_row(original):
            return original
        kind = original.partition("-")[0]
        body = self._hash("row", original)[:8]
        return f"{kind}-{(body + self._check('row', body)).hex()}"

    def made_row(self, row: str) -> bool:
        """Whether ``row`` is an id that this key made."""
        try:
            raw = bytes.fromhex(row.partition("-")[2])
        except ValueError:
            return False
        return len(raw) == 12 and hmac.compare_digest(raw[8:], self._check("row", raw[:8]))

    def group(self, original: str) -> str:
        """What stands for a group of sources of one patient (splits must not cut it)."""
        kind, _, rest = original.partition(":")
        if self.made_patient(rest):
            return original
        safe = kind if kind in ("patient", "folder", "study") and rest else "group"
        return f"{safe}:{self.patient(original)}"

    def shift_days(self, patient: str) -> int:
        """By how many days a patient's dates move into the past; 0 for one who was moved already."""
        plain = patient.strip(" \0")
        if self.made_patient(plain):
            return 0
        return _LEAST_SHIFT_DAYS + int.from_bytes(self._hash("shift", plain)[:8], "big") % _SHIFT_RANGE_DAYS

    def _hash(self, what: str, value: str) -> bytes:
        text = f"{what}\0{value}".encode("utf-8", "surrogatepass")
        return hmac.digest(self.secret, text, "sha256")

    def _check(self, what: str, body: bytes) -> bytes:
        return hmac.digest(self.secret, f"{what} check\0".encode() + body, "sha256")[:4]


def project_key(home: Path) -> ProjectKey:
    """The key kept below ``home`` (``GRANDROUNDS_HOME``); made there, with rights 0600, when missing.

    Two that make it at once get the same one. Raises ``SettingsError`` when the file is damaged,
    can't be written, or can be read by others.
    """
    path = home / KEY_FILE
    try:
        if not path.exists():
            _make(path)
        _check_rights(path)
        text = path.read_text(encoding="ascii").strip()
        secret = bytes.fromhex(text)
    except OSError as exc:
        raise SettingsError(
            f"The de-identification key {path} can't be used: {exc.strerror or exc}.",
            remedy="Check the folder's rights.",
        ) from exc
    except ValueError as exc:  # its text is not shown: it may be the key
        raise SettingsError(
            f"The de-identification key {path} is damaged.",
            remedy="Bring it back from a backup; a new key gives every patient another name.",
        ) from exc.with_traceback(None)
    if len(secret) != _KEY_BYTES:
        raise SettingsError(
            f"The de-identification key {path} has the wrong length.", remedy="Bring it back from a backup."
        )
    return ProjectKey(secret)


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(_KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        # A link is made whole or not at all, and never over a key that another process has just made.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink(missing_ok=True)


def _check_rights(path: Path) -> None:
    if os.name != "nt" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise SettingsError(
            f"The de-identification key {path} can be read by others.",
            remedy=f"Run: chmod 600 {path}",
        )
