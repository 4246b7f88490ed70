"""Whether an article may be taken: by its record before anything is fetched, by its full text again.

Where the two differ the stricter counts. What a record does not state may be known of the whole feed
(``licence:`` in its settings); what nobody states is refused, unless the settings let the text say it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from grandrounds.harvest.settings import FeedSettings
from grandrounds.licences import UNKNOWN, allowed, known
from grandrounds.sources.licences import from_name, read_licence

_RESERVED = re.compile(
    r"all rights reserved|no part of this|not be (?:reproduced|reused|distributed)"
    r"|permission (?:is|must be)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """The licence that counts, whether it may be taken, and why not."""

    licence: str
    admitted: bool
    why: str = ""


def by_record(stated: str, settings: FeedSettings) -> Ruling:
    """The ruling on the words (or link) of a record, before full text is fetched."""
    licence = resolve(stated) or (resolve(settings.licence) if not stated.strip() else UNKNOWN)
    if not known(licence) and not stated.strip() and settings.unlicensed == "read":
        return Ruling(licence=UNKNOWN, admitted=True)
    return _ruled(licence, stated, settings)


def by_text(before: str, *, spdx: str, evidence: str, settings: FeedSettings) -> Ruling:
    """The ruling when the full text states ``spdx``, in the words ``evidence``."""
    if not known(spdx):
        if _RESERVED.search(evidence):
            return _ruled(UNKNOWN, evidence, settings)
        return _ruled(before, evidence or "nothing", settings)
    return _ruled(stricter(before, spdx) if known(before) else spdx, evidence, settings)


def resolve(stated: str) -> str:
    """The SPDX id of what a feed states ("cc by", a link, a sentence); empty where it states nothing."""
    if not stated.strip():
        return ""
    named = from_name(stated)
    if named.spdx != UNKNOWN and (named.spdx != stated.strip() or _is_plain(stated)):
        return named.spdx
    read = read_licence(links=[stated] if "//" in stated else [], words=stated)
    return read.spdx


def stricter(one: str, other: str) -> str:
    """The more restrictive of two licences; of two alike, the one that names a version."""
    return max((one, other), key=lambda licence: (_weight(licence), not licence.startswith("LicenseRef-")))


def _weight(licence: str) -> tuple[int, int]:
    if not known(licence):
        return (3, 0)
    profile = (
        0 if allowed(licence, profile="open") else 1 if allowed(licence, profile="non_commercial") else 2
    )
    return (profile, ("-ND" in licence) * 4 + ("-NC" in licence) * 2 + ("-SA" in licence))


def _is_plain(stated: str) -> bool:
    """An SPDX id by its looks: one word that a person chose, not the first word of a sentence."""
    return re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.+-]*", stated.strip()) is not None and any(
        char.isdigit() or char == "-" or char.isupper() for char in stated
    )


def _ruled(licence: str, stated: str, settings: FeedSettings) -> Ruling:
    if allowed(licence, profile=settings.profile):
        return Ruling(licence=licence, admitted=True)
    said = " ".join(stated.split())[:200]
    why = f"{licence} is not for releases of the profile {settings.profile} (stated: {said or 'nothing'})"
    return Ruling(licence=licence, admitted=False, why=why)
