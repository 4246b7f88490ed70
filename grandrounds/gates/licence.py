"""Gate ``licence``: known, and one that a release of the recipe's profile may carry.

| profile | may carry | source |
| --- | --- | --- |
| ``open`` | CC0, public domain, CC BY, CC BY-SA, ODC-By, ODbL, PDDL, MIT, Apache, BSD | licence texts |
| ``non_commercial`` | those, and CC BY-NC, CC BY-NC-SA | CC BY-NC 4.0, section 2(a)(1) |
| ``private`` | every licence that is known | nothing is published |

Any version counts, and ``LicenseRef-CC-BY`` (a document that names no version) as CC BY. Questions
made from an article are adapted material (CC 4.0, section 1(a)), which the no-derivatives licences
do not let anybody share (CC BY-ND 4.0, section 2(a)(1)(B)): they stay private. The table itself is
``grandrounds.licences``, which the release uses too.

A clip that is ``index_only`` is named by time and hash and never shown; its rights must be known all the
same.
"""

from __future__ import annotations

from grandrounds.gates.gate import Findings, Gate, Looked, found
from grandrounds.licences import allowed, known


def look(at: Looked) -> Findings:
    """Refuse an unknown licence, one that the profile may not carry, and one unlike the evidence's."""
    licence, profile = at.revision.licence, at.recipe.release.profile
    evidence = at.evidence
    other = evidence is not None and evidence.licence != licence
    return found(
        f"The row says {licence!r}, but its evidence is under {evidence.licence!r}."
        if other and evidence
        else None,
        _refusal(licence, profile, named_only=at.clip is not None and at.clip.index_only),
    )


def _refusal(licence: str, profile: str, *, named_only: bool) -> str | None:
    if not known(licence):
        return "The licence of the source is unknown; say it in sources.yaml if you know it."
    if named_only or allowed(licence, profile=profile):
        return None
    if "-ND" in licence:
        return (
            f"{licence} forbids sharing derivative works; a release of profile {profile!r} can't carry it."
        )
    return f"{licence} is not among the licences that a release of profile {profile!r} may carry."


GATE = Gate(name="licence", look=look)
