"""Rows of sources, videos and clips, from what was read and what is said of the files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from grandrounds.fingerprint import content_id
from grandrounds.licences import allowed, known
from grandrounds.records.clip import ClipRow
from grandrounds.records.source import READ, Source
from grandrounds.records.video import VideoRow
from grandrounds.sources import kinds
from grandrounds.sources.folder import FoundFile
from grandrounds.sources.provenance import Settled
from grandrounds.sources.rules import Said
from grandrounds.sources.video_memory import NAME
from grandrounds.videos.jobs import VideoReading
from grandrounds.videos.values import VideoFacts, Words

UNSAID_LANGUAGE = "und"
"""BCP 47 for a language that is not known."""


def read_source(
    file: FoundFile, reading: VideoReading, *, said: Said, settled: Settled, version: str
) -> Source:
    """A video that was read, with what ``sources.yaml`` says of it; ``settled`` is what came of all that
    was said of its licence."""
    video = reading.video
    assert video is not None
    return Source(
        source_id=content_id("source", ["sha256", reading.sha256]),
        path=file.name,
        kind=kinds.VIDEO,
        status=READ,
        bytes=file.size,
        sha256=reading.sha256,
        reader=NAME,
        reader_version=version,
        title=said.title or video.title or None,
        licence=settled.licence,
        licence_evidence=settled.evidence,
        licence_origin=settled.origin,
        citation=said.citation or "",
        identifiers=video.identifiers,
        language=_language(said, video),
        published=said.published,
        published_origin="sources.yaml" if said.published else "",
        group_id=f"group:{said.group}" if said.group else f"video:{reading.sha256[:16]}",
        protected=bool(said.protected),
        notes=tuple(dict.fromkeys((*_partial(video), *video.notes, *settled.notes))),
    )


def video_row(reading: VideoReading, source: Source, *, said: Said, topics: Sequence[str]) -> VideoRow:
    """The row of a video."""
    assert reading.video is not None
    return replace(
        reading.video,
        video_id=content_id("video", [source.source_id]),
        source_id=source.source_id,
        source_sha256=reading.sha256,
        group_id=source.group_id or "",
        title=source.title or "",
        topics=tuple(topics),
        language=_language(said, reading.video) or UNSAID_LANGUAGE,
        licence=source.licence,
        citation=source.citation,
        published=source.published,
        protected=source.protected,
    )


def clip_rows(
    reading: VideoReading, video: VideoRow, *, index_only: bool, profile: str
) -> Iterator[ClipRow]:
    """The rows of a video's clips. Where its licence is known and no release of ``profile`` may show it,
    and ``index_only`` allows that, they are only named: no stretch of the film goes along."""
    named = index_only and known(video.licence) and not allowed(video.licence, profile=profile)
    for clip in reading.clips:
        row = replace(
            clip,
            source_id=video.source_id,
            source_sha256=video.source_sha256,
            video_id=video.video_id,
            group_id=video.group_id,
            medical=video.topics,
            index_only=named,
            clip_sha256="" if named else clip.clip_sha256,
            clip_mime="" if named else clip.clip_mime,
            language=video.language,
            licence=video.licence,
            citation=video.citation,
            published=video.published,
            protected=video.protected,
        )
        yield replace(row, evidence_id=content_id("clip", _identity(row)))


def facts_of(video: VideoRow, *, comment: str) -> VideoFacts:
    """What the container said, as far as a row keeps it."""
    return VideoFacts(
        title=video.title,
        comment=comment,
        container=video.container,
        codec=video.codec,
        width=video.width,
        height=video.height,
        coded_width=video.width,
        coded_height=video.height,
        rate=video.rate,
        variable_rate=video.variable_rate,
        sound=video.sound,
    )


def words_of(video: VideoRow) -> Words:
    """What is said in it, as its row keeps it."""
    return Words(
        origin=video.text_origin,
        language=video.language,
        cues=tuple((cue.start_seconds, cue.end_seconds, cue.span.of(video.text)) for cue in video.cues),
    )


def _identity(row: ClipRow) -> list[object]:
    """What makes a clip the one it is: the film, its frames and crops, its words, its movement."""
    return [
        row.source_id,
        row.coherence,
        [[frame.frame, list(frame.crop), frame.pixels_sha256] for frame in row.frames],
        [row.text_sha256, [[cue.span.start, cue.start_seconds] for cue in row.cues]],
        [row.start_seconds, row.end_seconds],
        [[pose.signal, list(pose.values), pose.repetitions] for pose in row.poses],
    ]


def _language(said: Said, video: VideoRow) -> str | None:
    return said.language or (video.language if video.language != UNSAID_LANGUAGE else None) or None


def _partial(video: VideoRow) -> tuple[str, ...]:
    return (f"Only a part of it could be read: {video.reason}",) if video.reason else ()
