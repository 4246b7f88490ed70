"""Queues with evidence of each kind, in a lake as builds leave it, for tests of what stands beside an item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from grandrounds.contracts import contract
from grandrounds.fingerprint import content_id, sha256_bytes
from grandrounds.lake import Lake
from grandrounds.recipe import Review
from grandrounds.records.clip import ClipRow
from grandrounds.records.envelope import Candidate, Envelope, content_sha256, item_id
from grandrounds.records.figure import FigureRow
from grandrounds.records.parts import Authorship, Evidence, Locator, Media, Span
from grandrounds.records.source import Source
from grandrounds.records.table import to_table
from grandrounds.review.store import ReviewStore
from tests.support.books import pdf
from tests.support.clip_rows import SIGHTS, clip
from tests.support.figures import make_figure, make_source
from tests.support.volume_builds import Torso

FIGURES, CLIPS, VOLUMES = "figure_vqa", "video_vqa", "torsos"


@dataclass(frozen=True, kw_only=True)
class Atlas:
    """A figure of a PDF, the file itself, and the item that asks about it."""

    figure: FigureRow
    source: Source
    file: bytes
    candidate: Candidate


def candidate_of(row: Envelope, **changes: Any) -> Candidate:
    """A revision (or any authored row) as a candidate whose ids fit."""
    shared = {each.name: getattr(row, each.name) for each in fields(Envelope)} | changes
    made = Candidate(**shared, item_id="", revision_id="revision-x", draft_id="draft-x", content_sha256="")
    made = replace(made, item_id=item_id(made))
    return replace(made, content_sha256=content_sha256(made))


def png(shade: int, size: tuple[int, int] = (120, 90)) -> bytes:
    """A picture of one shade."""
    made = BytesIO()
    Image.new("L", size, shade).save(made, "PNG")
    return made.getvalue()


def write(lake: Lake, recipe: str, table: str, rows: Sequence[Any]) -> None:
    """A table as a build leaves it."""
    lake.write_table(f"{recipe}/{table}", to_table(rows, contract(table)))


def queue(store: ReviewStore, candidates: Sequence[Candidate], **policy: Any) -> None:
    """Ask ``candidates``, all of one recipe."""
    given = {"policy": "readers", "readers": 2, "order": "queue", **policy}
    store.enqueue(candidates[0].recipe, candidates, policy=Review(**given))


def atlas(lake: Lake) -> Atlas:
    """A figure with two panels on the first page of a PDF of two pages; its tables are in the lake."""
    picture = png(90, (200, 150))
    file = pdf(2, figure=picture)
    source = replace(make_source(0), sha256=sha256_bytes(file), bytes=len(file))
    caption = "(A) The fictional foot from below. (B) The fictional foot from above."
    row = make_figure(
        source, 1, picture=picture, caption=caption, mention="The foot was seen from below",
        panels=[("A", "The fictional foot from below."), ("B", "The fictional foot from above.")],
    )  # fmt: skip
    row = replace(
        row, page=1, box=(100.0, 100.0, 300.0, 250.0), caption_page=1, caption_box=(100.0, 266.0, 300.0, 278.0),
        mentions=tuple(replace(each, page=2) for each in row.mentions),
        panels=tuple(
            replace(each, box=(100.0 + 100 * n, 100.0, 200.0 + 100 * n, 250.0))
            for n, each in enumerate(row.panels)
        ),
    )  # fmt: skip
    lake.put_media(picture)
    write(lake, FIGURES, "figures", [row])
    write(lake, FIGURES, "sources", [source])
    return Atlas(figure=row, source=source, file=file, candidate=_asked(row))


def film(lake: Lake) -> tuple[ClipRow, Candidate]:
    """A clip of five frames with words, and an item that shows three of them in another order."""
    row = clip(
        says=SIGHTS, clip_sha256=lake.put_media(b"\x1aE\xdf\xa3 no real film"), clip_mime="video/webm"
    )
    frames = tuple(
        replace(frame, sha256=lake.put_media(png(40 * place, (320, 240))))
        for place, frame in enumerate(row.frames)
    )
    row = replace(row, frames=frames)
    write(lake, CLIPS, "clips", [row])
    candidate = _candidate(
        row, CLIPS, "clip_frame_mcq", options=("A", "B", "C"), answer="A",
        media=tuple(
            Media(sha256=frames[place].sha256, kind="image", mime="image/png", name=f"{label}.png", label=label,
                  width=320, height=240)
            for place, label in ((2, "A"), (0, "B"), (1, "C"))
        ),
        evidence=(_quote(row, SIGHTS[1], "answer"),),
    )  # fmt: skip
    return row, candidate


def torso_candidates(torso: Torso) -> list[Candidate]:
    """The torso's items, its tables in its lake."""
    recipe = torso.recipe.name
    write(torso.lake, recipe, "volumes", torso.volumes)
    write(torso.lake, recipe, "structures", torso.structures)
    write(torso.lake, recipe, "sources", torso.sources)
    return [candidate_of(row) for row in torso.revisions if row.status == "ok"]


def put_file(folder: Path, name: str, data: bytes) -> Path:
    """A file below a folder."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def _asked(row: FigureRow) -> Candidate:
    picture = Media(
        sha256=row.sha256, kind="image", mime=row.mime, name="figure", width=row.width, height=row.height
    )
    return _candidate(
        row, FIGURES, "figure_anatomy_mcq", options=("Foot", "Hand"), answer="Foot", media=(picture,),
        evidence=(_quote(row, "The fictional foot from below.", "answer"),),
    )  # fmt: skip


def _quote(row: FigureRow | ClipRow, words: str, role: str) -> Evidence:
    start = row.text.index(words)
    return Evidence(
        role=role, source_id=row.source_id, evidence_id=row.evidence_id, quote=words,
        locator=Locator.chars(Span(start=start, end=start + len(words))),
    )  # fmt: skip


def _candidate(row: FigureRow | ClipRow, recipe: str, task: str, **more: Any) -> Candidate:
    return candidate_of(
        Candidate(
            recipe=recipe,
            task=task,
            evidence_id=row.evidence_id,
            source_id=row.source_id,
            group_id=row.group_id,
            stem="Look at the pictures.",
            question="What is shown?",
            language="en",
            licence=row.licence,
            authorship=Authorship(author="rule", author_version="1"),
            item_id="",
            revision_id="",
            draft_id="",
            content_sha256=content_id("item", row.evidence_id),
            **more,
        )
    )
