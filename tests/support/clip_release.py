"""Releases of clips for tests: films made by code are cut, asked about, judged and published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from grandrounds.authoring.clip_rule import ClipRuleAuthor
from grandrounds.figures.hashes import hash_of
from grandrounds.fingerprint import content_id, sha256_bytes, sha256_text
from grandrounds.funnel import ClipRows, build_funnel
from grandrounds.gates.clips.admission import admit
from grandrounds.gates.run import Judged, judge, weigh
from grandrounds.gates.status import reject_drafts, reject_revisions
from grandrounds.recipe import Recipe, parse_recipe
from grandrounds.records.clip import ClipCue, ClipFrame, ClipRow
from grandrounds.records.envelope import OK, Draft, Revision
from grandrounds.records.parts import Span
from grandrounds.records.rejection import Rejection
from grandrounds.records.source import READ, Source
from grandrounds.records.video import VideoFrame, VideoRow
from grandrounds.records.vote import PanelVote
from grandrounds.release.evidence import ClipEvidence
from grandrounds.release.items import preview_items
from grandrounds.release.splits import assign_splits, groups_of
from grandrounds.release.writer import ReleaseRequest, ReleaseResult, write_release
from grandrounds.videos.container import pictures, probe
from grandrounds.videos.pixels import packed, pixels_sha256
from grandrounds.videos.repack import repack
from grandrounds.videos.values import FrameIndex, Picture, grey
from tests.support.clip_films import RATE, STEP, film

CROP = (8, 4, 184, 156)
NOT_OPEN = "LicenseRef-Broadcaster"
PLACES = ((2, 12, 22, 32, 42), (24, 36, 48, 60, 72))
SAYS = (
    "Here the liver has a smooth surface.",
    "This is the right kidney in its long axis.",
    "You see the spleen below the diaphragm.",
    "The gallbladder contains a stone.",
    "And here the pancreas crosses the aorta.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Theatre:
    """Videos with their clips, the files, the lake's media, and what was made of them."""

    recipe: Recipe
    sources: tuple[Source, ...]
    videos: tuple[VideoRow, ...]
    clips: tuple[ClipRow, ...]
    media: Mapping[str, bytes]
    files: Mapping[str, bytes]
    taken: tuple[ClipRow, ...] = ()
    refused: tuple[Rejection, ...] = ()
    drafts: tuple[Draft, ...] = ()
    revisions: tuple[Revision, ...] = ()
    by_id: Mapping[str, ClipRow] = field(default_factory=dict)

    def get_media(self, sha256: str) -> bytes:
        """A picture or film by its hash, as the lake gives it."""
        return self.media[sha256]

    def judged(self, revisions: Sequence[Revision] | None = None, **more: Any) -> Judged:
        """What the gates say."""
        given = self.revisions if revisions is None else revisions
        values = {"evidence": self.by_id, "get_picture": self.get_media, "videos": self.videos} | more
        return judge(given, recipe=self.recipe, **values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """A video of a theatre: its scene, quality and licence, and what its row says besides."""

    seed: int
    quality: int = 23
    licence: str = "CC-BY-4.0"
    frames: int = 75
    row: Mapping[str, Any] = field(default_factory=dict)
    clip: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The file's name."""
        return f"film-{self.seed}-{self.quality}.mp4"

    @property
    def data(self) -> bytes:
        """The file."""
        return film(self.seed, quality=self.quality, frames=self.frames)


def make_recipe(**more: Any) -> Recipe:
    """A recipe of tasks on clips."""
    tasks = ("clip_order_mcq", "clip_change_mcq", "clip_frame_mcq", "clip_next_mcq", "clip_count_mcq")
    attributes = {
        "name": "video_vqa",
        "title": "Questions on videos",
        "evidence": {"kind": "clips"} | more.pop("evidence", {}),
        "tasks": [{"name": task, "options": 4} for task in tasks],
        "author": "rule",
        "splits": {"stratify_by": []},
        **more,
    }
    return parse_recipe(attributes, where="test")


def make_theatre(*shots: Shot, recipe: Recipe | None = None) -> Theatre:
    """A theatre of ``shots``, each with two clips; the rule author has asked about them."""
    recipe = recipe or make_recipe()
    media: dict[str, bytes] = {}
    sources, videos, clips = [], [], []
    for shot in shots:
        source, video, own, bytes_of = _played(shot, index_only=recipe.clips.index_only)
        sources.append(source)
        videos.append(video)
        clips += own
        media |= bytes_of
    return authored(
        Theatre(
            recipe=recipe,
            sources=tuple(sources),
            videos=tuple(videos),
            clips=tuple(clips),
            media=media,
            files={shot.name: shot.data for shot in shots},
        )
    )


def authored(made: Theatre) -> Theatre:
    """The theatre with what its recipe takes, and the rule author's drafts and revisions of it."""
    taken, refused = admit(made.clips, made.recipe, videos=made.videos)
    author = ClipRuleAuthor(made.recipe)
    drafts = list(author.draft(taken))
    by_id = {row.evidence_id: row for row in taken}
    ready = [(draft, by_id[draft.evidence_id]) for draft in drafts if draft.status == OK]
    return replace(
        made,
        taken=tuple(taken),
        refused=tuple(refused),
        drafts=tuple(drafts),
        revisions=tuple(author.revise(ready)),
        by_id=by_id,
    )


def request_of(made: Theatre, *, votes: Sequence[PanelVote] = (), **more: Any) -> ReleaseRequest:
    """What a preview of ``made`` is published from: gates, funnel and splits are the real ones. ``votes`` are
    weighed where the recipe has a panel."""
    recipe, judged = made.recipe, made.judged()
    if recipe.panel is not None:
        by_item: dict[str, list[PanelVote]] = {}
        for vote in votes:
            by_item.setdefault(vote.item_id, []).append(vote)
        weighed = weigh(judged.candidates, votes=by_item, recipe=recipe)
        judged = replace(weighed, rejections=[*judged.rejections, *weighed.rejections])
    rejections = [
        *made.refused,
        *reject_drafts(made.drafts),
        *reject_revisions(made.revisions),
        *judged.rejections,
    ]
    groups = groups_of(judged.candidates, stratify_by=recipe.splits.stratify_by)
    splits = assign_splits(groups, shares=recipe.splits, previous={})
    items = preview_items(judged.candidates, splits=splits)
    values: dict[str, Any] = {
        "recipe": recipe,
        "items": items,
        "evidence": ClipEvidence(videos=made.videos, clips=made.clips),
        "sources": made.sources,
        "rejections": rejections,
        "funnel": build_funnel(
            recipe,
            sources=made.sources,
            evidence=ClipRows(videos=made.videos, clips=made.clips, admitted=made.taken),
            drafts=made.drafts,
            revisions=made.revisions,
            candidates=judged.candidates,
            rejections=rejections,
            items=items,
        ),
        "get_media": made.get_media,
        "votes": votes,
    }
    return ReleaseRequest(**(values | more))


def publish_clips(root: Path, made: Theatre, **more: Any) -> ReleaseResult:
    """Publish a theatre under ``root``."""
    return write_release(request_of(made, **more), root=root)


def write_files(made: Theatre, folder: Path) -> Path:
    """The videos of a theatre as files in ``folder``."""
    (folder / "deep").mkdir(parents=True, exist_ok=True)
    for number, (name, data) in enumerate(made.files.items()):
        (folder / ("deep" if number % 2 else ".") / f"renamed-{number}{Path(name).suffix}").write_bytes(
            data
        )
    return folder


@lru_cache(maxsize=32)
def _frames(data: bytes) -> tuple[FrameIndex, dict[int, Picture]]:
    _, index = probe(data)
    wanted = sorted({place for places in PLACES for place in places if place < len(index)} | {0})
    return index, dict(pictures(data, index, wanted))


def _played(shot: Shot, *, index_only: bool) -> tuple[Source, VideoRow, list[ClipRow], dict[str, bytes]]:
    data, digest = shot.data, sha256_bytes(shot.data)
    index, seen = _frames(data)
    hidden = index_only and shot.licence == NOT_OPEN
    source = _source(shot, digest)
    video_id = content_id("video", digest)
    media: dict[str, bytes] = {}
    clips = []
    for number, places in enumerate(PLACES):
        clip = _clip(shot, source, video_id, index, seen, places, number, hidden=hidden)
        for frame in clip.frames:
            media[frame.sha256] = packed(_cropped(seen[frame.frame]))
        if not hidden and not clip.clip_sha256:
            stretch, mime = repack(data, index, places[0], places[-1])
            clip = replace(clip, clip_sha256=sha256_bytes(stretch), clip_mime=mime)
            media[clip.clip_sha256] = stretch
        clips.append(replace(clip, **shot.clip))
    return source, _video(shot, source, video_id, index, seen, clips), clips, media


def _clip(
    shot: Shot,
    source: Source,
    video_id: str,
    index: FrameIndex,
    seen: Mapping[int, Picture],
    places: Sequence[int],
    number: int,
    *,
    hidden: bool,
) -> ClipRow:
    frames = []
    for at, place in enumerate(places):
        before = places[at - 1] if at else place
        frames.append(_frame(index, seen, place, before))
    text, cues = "", []
    for at, words in enumerate(SAYS if number else ()):
        start = len(text) + bool(text)
        text = f"{text}\n{words}" if text else words
        seconds = frames[at].seconds
        cues.append(
            ClipCue(
                span=Span(start=start, end=len(text)),
                start_seconds=seconds - 0.1,
                end_seconds=seconds + 0.1,
                frames=(at,),
                stressed=at,
            )
        )
    return ClipRow(
        evidence_id=content_id("clip", [video_id, number]),
        source_id=source.source_id,
        source_sha256=source.sha256 or "",
        video_id=video_id,
        group_id=source.group_id or "",
        start_seconds=frames[0].seconds,
        end_seconds=frames[-1].end_seconds,
        coherence="scene",
        frames=tuple(frames),
        text=text,
        text_sha256=sha256_text(text),
        text_origin="srt" if text else "none",
        cues=tuple(cues),
        medical=("name: ultrasound",),
        index_only=hidden,
        language="en" if text else "und",
        licence=source.licence,
        citation=source.citation,
        published=source.published,
    )


def _frame(index: FrameIndex, seen: Mapping[int, Picture], place: int, before: int) -> ClipFrame:
    picture, moved = _cropped(seen[place]), place - before
    change = float(np.abs(grey(picture) - grey(_cropped(seen[before]))).mean())
    return ClipFrame(
        frame=place,
        seconds=float(index.seconds[place]),
        end_seconds=index.end_of(place),
        scene=0,
        sha256=sha256_bytes(packed(picture)),
        pixels_sha256=pixels_sha256(picture),
        crop=CROP,
        width=CROP[2] - CROP[0],
        height=CROP[3] - CROP[1],
        sharpness=120.0,
        perceptual_hash=hash_of(Image.fromarray(picture)),
        change=round(change, 3),
        motion_x=float(-STEP * moved),
        motion_y=0.0,
        motion_share=0.9 if moved else 0.0,
    )


def _video(
    shot: Shot,
    source: Source,
    video_id: str,
    index: FrameIndex,
    seen: Mapping[int, Picture],
    clips: Sequence[ClipRow],
) -> VideoRow:
    looked = {
        frame.frame: VideoFrame(
            frame=frame.frame, seconds=frame.seconds, scene=0, verdict="kept", crop=CROP, medical_area=0.85,
            sharpness=frame.sharpness, brightness=120.0, contrast=40.0, motion=5.0,
            perceptual_hash=frame.perceptual_hash, words=("10 cm",), thumbnail=sha256_text(f"{frame.frame}"),
        )
        for clip in clips
        for frame in clip.frames
    }  # fmt: skip
    looked[0] = VideoFrame(
        frame=0, seconds=float(index.seconds[0]), scene=0, verdict="blurred", reason="sharpness 3.1", crop=CROP,
        medical_area=0.85, sharpness=3.1, brightness=90.0, contrast=20.0, motion=0.0,
        perceptual_hash=hash_of(Image.fromarray(_cropped(seen[0]))), words=("Anna Example",),
    )  # fmt: skip
    text = "\n".join(SAYS)
    row = VideoRow(
        video_id=video_id,
        source_id=source.source_id,
        source_sha256=source.sha256 or "",
        group_id=source.group_id or "",
        status="read",
        title="Ultrasound of Anna Example",
        container="mov",
        codec="h264",
        width=192,
        height=160,
        rotation=0,
        pixel_aspect=1.0,
        frames=len(index),
        rate=float(RATE),
        variable_rate=False,
        start_seconds=float(index.seconds[0]),
        end_seconds=index.end_seconds,
        sound=False,
        cut_method="all frames",
        decoded=len(index),
        looked_at=tuple(looked[number] for number in sorted(looked)),
        text=text,
        text_sha256=sha256_text(text),
        text_origin="srt",
        topics=("name: ultrasound",),
        sheet_sha256=sha256_text("sheet"),
        language="en",
        licence=source.licence,
        citation=source.citation,
        published=source.published,
    )
    return replace(row, **shot.row)


def _source(shot: Shot, digest: str) -> Source:
    return Source(
        source_id=content_id("source", [shot.name, digest]),
        path=f"videos/{shot.name}",
        kind="video",
        status=READ,
        bytes=len(shot.data),
        sha256=digest,
        reader="video",
        reader_version="1",
        title="Ultrasound of Anna Example",
        licence=shot.licence,
        licence_evidence="sources.yaml",
        licence_origin="sources.yaml",
        citation=f"Anonymous. Invented film {shot.seed}. 2025.",
        language="en",
        published=date(2025, 1 + shot.seed % 12, 1 + shot.quality % 28),
        published_origin="sources.yaml",
        group_id=content_id("group", [shot.name]),
    )


def _cropped(picture: Picture) -> Picture:
    x0, y0, x1, y1 = CROP
    return np.ascontiguousarray(picture[y0:y1, x0:x1])
