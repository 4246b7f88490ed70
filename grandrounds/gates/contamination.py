"""Gate ``contamination``: no item that a public benchmark asks already.

The items' texts are held against a folder of public benchmarks, and against the releases of other recipes
here (``grandrounds.contamination``). A copy of a public item is refused, or flagged where the recipe says
so; what only overlaps is flagged. Recipes may ask about one source in several ways, so an item that another
release holds is flagged and stays. Off unless the recipe names a folder or ``releases``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from grandrounds.errors import RecipeError
from grandrounds.fingerprint import sha256_value
from grandrounds.gates.gate import shortened
from grandrounds.limits import ContaminationLimits
from grandrounds.recipe import Recipe
from grandrounds.records.envelope import Candidate
from grandrounds.records.parts import Flag

if TYPE_CHECKING:
    from grandrounds.contamination.hits import Hit, Limits, Piece
    from grandrounds.contamination.index import Index
    from grandrounds.contamination.pieces import Document, Released

NAME = "contamination"
PUBLIC = "overlaps_public_benchmark"
RELEASED = "asked_in_another_release"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """By place of the candidate: why it is refused, and what is said of it."""

    problems: dict[int, str] = field(default_factory=dict)
    flags: dict[int, tuple[Flag, ...]] = field(default_factory=dict)


def find(candidates: Sequence[Candidate], recipe: Recipe, released: Released | None = None) -> Found:
    """Hold ``candidates`` against what the recipe names. Raises ``RecipeError`` without its folder."""
    wanted = recipe.gates.contamination
    if not wanted.wanted or not candidates:
        return Found()
    from grandrounds.contamination.index import Index
    from grandrounds.contamination.pieces import Library
    from grandrounds.contamination.texts import texts_of

    index = Index(text for row in candidates for text in texts_of(row, row.item_id))
    place = {row.item_id: number for number, row in enumerate(candidates)}
    problems: dict[int, str] = {}
    flags: dict[int, list[Flag]] = {}
    if wanted.folder:
        library = Library()
        public = _hits(index, library.folder(_folder(recipe)), wanted)
        for item, hit, copied in public:
            sentence = _sentence(hit, library.documents[hit.file], "the public benchmark")
            if copied and wanted.action == "refuse":
                problems.setdefault(place[item], sentence)
            else:
                flags.setdefault(place[item], []).append(Flag(flag=PUBLIC, detail=sentence))
    if wanted.releases and released is not None:
        library = Library()
        others = _hits(index, released.pieces(library, index.items), wanted)
        for item, hit, copied in others:
            if copied:
                sentence = _sentence(hit, library.documents[hit.file], "the release")
                flags.setdefault(place[item], []).append(Flag(flag=RELEASED, detail=sentence))
    return Found(problems=problems, flags={number: tuple(own) for number, own in flags.items()})


def inputs_of(recipe: Recipe, released: Released | None = None) -> list[str]:
    """What besides the recipe and the items decides: the public benchmarks by content, the releases.

    For whoever remembers verdicts. Empty where nothing is compared.
    """
    wanted = recipe.gates.contamination
    found = [f"public {_content(_folder(recipe))}"] if wanted.folder else []
    if wanted.releases and released is not None:
        found.append(f"released {released.identity}")
    return found


def _hits(
    index: Index, pieces: Iterator[Piece], wanted: ContaminationLimits
) -> list[tuple[str, Hit, bool]]:
    """By item its gravest hit of each text, and whether that makes it a copy; in the order of texts."""
    from grandrounds.contamination.hits import COPIED
    from grandrounds.contamination.scan import Scan

    limits = _limits(wanted)
    scan = Scan(index, limits)
    scan.take(pieces)
    return [
        (owner.item_id, scan.hits[text][0], scan.hits[text][0].verdict(limits) == COPIED)
        for text in sorted(scan.hits)
        for owner in index.owners[text]
    ]


def _limits(wanted: ContaminationLimits) -> Limits:
    from grandrounds.contamination.hits import Limits

    return Limits(share=wanted.share, span=wanted.span, containment=wanted.words)


def _folder(recipe: Recipe) -> Path:
    path = Path(recipe.gates.contamination.folder).expanduser()
    if not path.is_dir():
        raise RecipeError(
            f"Recipe {recipe.name!r}: gates.contamination.folder is {path}, where there is no folder.",
            remedy="Put the public benchmarks there, or take the key out of the recipe.",
        )
    return path


def _content(folder: Path) -> str:
    from grandrounds.fingerprint import sha256_file

    return sha256_value(
        [
            [path.relative_to(folder).as_posix(), sha256_file(path)]
            for path in sorted(folder.rglob("*"))
            if path.is_file() and not path.is_symlink()
        ]
    )


def _sentence(hit: Hit, document: Document, kind: str) -> str:
    extent = (
        f"{hit.containment:.0%} of its words"
        if hit.method == "words"
        else f"{hit.share:.0%} of its runs of 13 words"
        if hit.method == "runs"
        else "The whole of it"
    )
    return (
        f"{extent} ({hit.span} in a row) stand in {kind} {document.name}, row {hit.row}: "
        f'"{shortened(hit.words)}".'
    )
