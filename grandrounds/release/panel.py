"""Which models filtered a release, and what their votes were: so that a score of theirs can be flagged.

A model whose answers decided which items stay does worse (or better) on what is left than it would on
all of them. The manifest therefore names every model of the panel, and ``verify`` counts its votes again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from grandrounds.errors import RecipeError
from grandrounds.recipe import Recipe, parse_recipe
from grandrounds.records.envelope import Item
from grandrounds.records.parts import Vote
from grandrounds.records.rejection import Rejection
from grandrounds.records.vote import PanelVote
from grandrounds.release.findings import Problem
from grandrounds.release.manifest import NAME, Manifest, ManifestPanel, ManifestShare, ManifestVoter
from grandrounds.statistics.votes import share_of

BLIND, SINGLE_FRAME, DIFFICULTY = "blind", "single_frame", "difficulty"
GATES = (BLIND, SINGLE_FRAME, DIFFICULTY)
"""The gates that refuse on votes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterModel:
    """A model whose votes decided on items: its name in the recipe, what its server called itself, and how
    many items it helped to remove."""

    model: str
    versions: tuple[str, ...]
    removed: int


def filtered_by(directory: Path) -> tuple[FilterModel, ...]:
    """The models that filtered the release at ``directory``; their scores on it are not comparable.

    Empty when no votes decided on its items. Raises ``ReleaseError`` when it is no release.
    """
    from grandrounds.release.manifest import read_manifest

    return filters_of(read_manifest(directory))


def filters_of(manifest: Manifest) -> tuple[FilterModel, ...]:
    """The same, from a manifest that was read already."""
    panel = manifest.panel
    if panel is None or not panel.filters:
        return ()
    return tuple(
        FilterModel(model=voter.model, versions=voter.versions, removed=voter.removed)
        for voter in panel.models
        if voter.counted
    )


def count_panel(
    recipe: Recipe,
    *,
    votes: Sequence[PanelVote],
    items: Sequence[Item],
    rejections: Iterable[Rejection],
) -> ManifestPanel | None:
    """What the manifest says of the panel, from the rows; ``None`` for a recipe without one."""
    panel = recipe.panel
    if panel is None:
        return None
    released = {item.candidate_id for item in items}
    refused = {row.subject_id: row.gate for row in rejections if row.stage == "gates" and row.gate in GATES}
    by_model: dict[str, list[PanelVote]] = {}
    for vote in votes:
        by_model.setdefault(vote.model, []).append(vote)
    gates = list(refused.values())
    blind_counted = {vote.item_id for vote in votes if vote.blind and vote.counts}
    blind_asked = {vote.item_id for vote in votes if vote.blind}
    one_counted = {vote.item_id for vote in votes if vote.one_frame and vote.counts}
    one_asked = {vote.item_id for vote in votes if vote.one_frame}
    return ManifestPanel(
        repeats=panel.repeats,
        withheld=panel.withheld if panel.blind else None,
        filters=_filters(recipe),
        items_asked=len({vote.item_id for vote in votes}),
        items_removed={gate: gates.count(gate) for gate in GATES if gate in gates},
        items_untested=len((blind_asked - blind_counted) & released),
        items_untested_one_frame=len((one_asked - one_counted) & released) if panel.one_frame else None,
        models=tuple(
            _voter(model, by_model[model], released=released, refused=refused, one_frame=panel.one_frame)
            for model in sorted(by_model)
        ),
    )


def panel_problems(
    manifest: Manifest,
    *,
    votes: Sequence[PanelVote],
    items: Sequence[Item],
    rejections: Sequence[Rejection],
) -> Iterator[Problem]:
    """Votes of items, of the votes table and of the manifest that don't fit together."""
    by_item: dict[str, list[PanelVote]] = {}
    for vote in votes:
        by_item.setdefault(vote.item_id, []).append(vote)
        if vote.recipe != manifest.benchmark:
            yield Problem(where=vote.vote_id, what=f"belongs to recipe {vote.recipe!r}")
        if vote.counts != (vote.status == "ok"):
            yield Problem(where=vote.vote_id, what="is an answer that is neither right nor wrong")
    for item in items:
        for what in _item_problems(item, by_item.get(item.candidate_id, [])):
            yield Problem(where=f"item {item.item_id}", what=what)
    for vote_id in _twice(vote.vote_id for vote in votes):
        yield Problem(where=vote_id, what="stands in the votes more than once")
    try:
        recipe = parse_recipe(manifest.recipe, where=NAME)
    except RecipeError:
        return  # which is told elsewhere
    counted = count_panel(recipe, votes=votes, items=items, rejections=rejections)
    if counted != manifest.panel:
        yield Problem(where=NAME, what="what it says of the panel is not what the votes give")


def _filters(recipe: Recipe) -> bool:
    """Whether a vote can remove an item."""
    if recipe.panel is None:
        return False
    asked = recipe.panel.blind or recipe.panel.one_frame
    return (asked and recipe.gates.blind_luck > 0) or bool(recipe.gates.difficulty_drop)


def _voter(
    model: str,
    votes: Sequence[PanelVote],
    *,
    released: set[str],
    refused: Mapping[str, str],
    one_frame: bool,
) -> ManifestVoter:
    kept = [vote for vote in votes if vote.item_id in released]
    return ManifestVoter(
        model=model,
        versions=tuple(sorted({vote.model_version for vote in votes if vote.model_version})),
        asked=len(votes),
        counted=sum(vote.counts for vote in votes),
        with_evidence=_share(votes, blind=False),
        blind=_share(votes, blind=True),
        released_with_evidence=_share(kept, blind=False),
        released_blind=_share(kept, blind=True),
        one_frame=_share(votes, blind=False, one_frame=True) if one_frame else None,
        released_one_frame=_share(kept, blind=False, one_frame=True) if one_frame else None,
        removed=len({vote.revision_id for vote in votes if _removed(vote, refused)}),
    )


def _removed(vote: PanelVote, refused: Mapping[str, str]) -> bool:
    """Whether this vote spoke for the refusal of its item."""
    gate = refused.get(vote.revision_id)
    if gate is None or not vote.counts:
        return False
    if gate == DIFFICULTY:
        return not (vote.blind or vote.one_frame)
    asked = vote.blind if gate == BLIND else vote.one_frame
    return bool(asked and vote.correct)


def _share(votes: Iterable[PanelVote], *, blind: bool, one_frame: bool = False) -> ManifestShare:
    share = share_of(votes, blind=blind, one_frame=one_frame)
    return ManifestShare(right=share.right, votes=share.votes)


def _item_problems(item: Item, votes: Sequence[PanelVote]) -> Iterator[str]:
    if sorted(item.votes, key=_place) != sorted(
        (vote.short() for vote in votes if vote.counts), key=_place
    ):
        yield "its votes are not those of the votes table"
    if item.item_id != item.candidate_id or not item.options:
        return  # edited after it was voted on; or judged by a rule, which a newer version may see otherwise
    for vote in item.votes:
        if vote.answer not in item.options or vote.correct != (vote.answer == item.answer):
            yield f"the vote of {vote.model!r} is not judged by its answer"


def _place(vote: Vote) -> tuple[str, bool, bool, int]:
    return (vote.model, vote.blind, vote.one_frame, vote.n)


def _twice(ids: Iterable[str]) -> list[str]:
    return sorted(name for name, times in Counter(ids).items() if times > 1)
