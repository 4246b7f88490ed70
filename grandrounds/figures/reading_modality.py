"""How the picture was made, from the words beside it."""

from __future__ import annotations

from collections.abc import Iterable

from grandrounds.figures.cues import EARLIER
from grandrounds.figures.reading_values import (
    CAPTION,
    MENTION,
    Told,
    Untold,
    caption_area,
    mention_clauses,
    panel_areas,
)
from grandrounds.figures.taxonomy import MODALITY, NodePath, load_taxonomy
from grandrounds.figures.vocabulary import Fired, fired
from grandrounds.fingerprint import unit_interval
from grandrounds.records.figure import FigureRow


def read_modality(row: FigureRow) -> Told | Untold:
    """The one modality that caption, panel or mention names."""
    area = caption_area(row)
    named = fired(row.text, MODALITY, within=area) if area else ()
    sure = [each for each in named if each.asserted]
    leaves = _leaves(sure)
    if len(leaves) == 1:
        return _told(leaves[0], sure, rule="the only modality in the caption")
    if len(leaves) > 1:
        return _of_a_panel(row, leaves)
    if sure:
        return Untold(f"the caption names only a family of modalities ({_quoted(sure)})")
    if named:
        return Untold(
            f"the caption names a modality only in passing ({_quoted(named)}: {named[0].standing})"
        )
    return _of_mentions(row)


def _of_a_panel(row: FigureRow, leaves: list[NodePath]) -> Told | Untold:
    names = ", ".join(path[-1] for path in leaves)
    found = []
    for panel, span in panel_areas(row):
        own = [each for each in fired(row.text, MODALITY, within=span) if each.asserted]
        paths = _leaves(own)
        if len(paths) == 1:
            found.append((panel.label, paths[0], own))
    if not found:
        return Untold(
            f"the caption names several modalities ({names}), and no panel is known to show just one"
        )
    label, path, own = min(found, key=lambda each: unit_interval(row.evidence_id, MODALITY, each[0]))
    return _told(path, own, rule=f"the only modality in the caption of panel {label}", subject=label)


def _of_mentions(row: FigureRow) -> Told | Untold:
    """In the running text "seen on CT (Figure 1)" says that the figure is the CT."""
    found: list[Fired] = []
    for clause in mention_clauses(row):
        found += [
            each
            for each in fired(row.text, MODALITY, within=clause)
            if each.asserted or each.standing == EARLIER
        ]
    leaves = _leaves(found)
    if len(leaves) == 1:
        return _told(
            leaves[0], found, rule="the only modality where the text refers to the figure", source=MENTION
        )
    if leaves:
        return Untold("the caption names no modality, and the text that refers to the figure names several")
    return Untold("neither the caption nor the text that refers to the figure names a modality")


def _told(
    path: NodePath, words: Iterable[Fired], *, rule: str, source: str = CAPTION, subject: str = ""
) -> Told:
    own = tuple(each for each in words if each.path == path)
    title = load_taxonomy(MODALITY).node(path).title
    return Told(
        scheme=MODALITY, path=path, title=title, words=own, rule=rule, source=source, subject=subject
    )


def _leaves(named: Iterable[Fired]) -> list[NodePath]:
    """The modalities named, in order of first naming, without families."""
    taxonomy = load_taxonomy(MODALITY)
    return list(dict.fromkeys(each.path for each in named if taxonomy.node(each.path).leaf))


def _quoted(named: Iterable[Fired]) -> str:
    return ", ".join(dict.fromkeys(f"{each.words!r}" for each in named))
