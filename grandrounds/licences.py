"""Which licences each release profile may carry. Licences are SPDX ids, or ``LicenseRef-...``.

Questions made from an article are derivative works, so no-derivatives licences stay private.
Sources: the licence texts of Creative Commons 4.0 (section 1, "Adapted Material"), Open Data Commons.
"""

from __future__ import annotations

import re

UNKNOWN = "unknown"

# A version and a jurisdiction may follow ("CC-BY-3.0-US"); a document that names no version gives
# "LicenseRef-CC-BY", whose conditions are the same.
# A jurisdiction stands only behind a version: "CC-BY-ND" is not CC-BY of a country.
_TAIL = r"(-\d(\.\d)?(-[A-Z]{2,3})?)?"
_OPEN = re.compile(
    r"(LicenseRef-)?((CC0|CC-BY|CC-BY-SA|CC-PDDC|ODC-By|ODbL|PDDL|MIT|Apache)"
    + _TAIL
    + r"|BSD-[23]-Clause|0BSD|ISC|MIT-0|Unlicense|CDLA-Permissive-2\.0|[Pp]ublic-[Dd]omain)"
)
_NON_COMMERCIAL = re.compile(r"(LicenseRef-)?(CC-BY-NC|CC-BY-NC-SA)" + _TAIL)


def allowed(licence: str, *, profile: str) -> bool:
    """Whether a release of ``profile`` (``open``, ``non_commercial``, ``private``) may carry ``licence``.

    An unknown licence is allowed nowhere: even a private release says under which terms it stands.
    """
    if not known(licence):
        return False
    if profile == "private":
        return True
    if _OPEN.fullmatch(licence):
        return True
    return profile == "non_commercial" and _NON_COMMERCIAL.fullmatch(licence) is not None


def known(licence: str) -> bool:
    """Whether anything is known of the rights: what is named without being shown needs no more."""
    return bool(licence) and licence != UNKNOWN
