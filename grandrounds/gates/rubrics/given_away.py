"""Gate ``given_away``: nothing that the solver reads, or can ask for, names the diagnosis."""

from __future__ import annotations

from grandrounds.clinical.leaks import NAMING_KINDS, find_leaks
from grandrounds.gates.gate import Findings, Gate, Looked, found, shortened


def look(at: Looked) -> Findings:
    """Refuse where the stem, the request, a disclosure or a caption names a diagnosis that earns points."""
    row = at.revision
    shown = {"stem": row.stem, "request": row.question}
    shown |= {f"disclosure {number}": told.text for number, told in enumerate(row.disclosures, start=1)}
    shown |= {f"caption of {media.name}": f"{media.label} {media.caption}" for media in row.media}
    problems = []
    for each in row.rubric:
        if each.kind != "diagnosis":
            continue
        names = [way for term in each.terms for way in term.split("|")]
        for where, text in shown.items():
            leaks = find_leaks(text, answer=names[0], aliases=names[1:])
            naming = next((leak for leak in leaks if leak.kind in NAMING_KINDS), None)
            if naming:
                problems.append(
                    f"The {where} gives the diagnosis away: {shortened(naming.text)!r} ({naming.kind})."
                )
    return found(*problems)


GATE = Gate(name="given_away", look=look)
