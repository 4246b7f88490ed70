"""Reads one video: its times, cuts and frames, what is said, and clips with their pictures.

The parts each know one thing (``container``, ``cuts``, ``candidates``, ``looking``, ``transcript``,
``pose``, ``clips``, ``repack``, ``sheet``); this puts them together. Pictures are decoded in two passes:
once to look at frames that may be worth asking about, and once for those that became clips. However long
the film is, only a few pictures are in memory at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from grandrounds.errors import ModelError, SourceError
from grandrounds.fingerprint import sha256_text
from grandrounds.needs import ClipNeed
from grandrounds.records.clip import ClipRow
from grandrounds.records.video import PARTIAL, READ, VideoFrame, VideoRow
from grandrounds.videos.candidates import scenes, wanted
from grandrounds.videos.clips import plan
from grandrounds.videos.clips_hearing import heard
from grandrounds.videos.container import probe
from grandrounds.videos.container_index import IndexLimits
from grandrounds.videos.cuts import find_cuts
from grandrounds.videos.jobs import VideoReading
from grandrounds.videos.offset import measure_offset
from grandrounds.videos.pose import read_pose
from grandrounds.videos.reading_clips import ClipMaker
from grandrounds.videos.reading_looks import Looks, look_at
from grandrounds.videos.sheet import Sheet, draw
from grandrounds.videos.transcript import Listener, read_words, transcript
from grandrounds.videos.values import (
    CutsFound,
    FrameIndex,
    KeyPoints,
    PlannedClip,
    Scene,
    Sidecars,
    VideoFacts,
    Words,
)

Keep = Callable[[bytes], str]
"""Takes media over; the answer is their SHA-256."""

_STILL = "The film has a single frame: nothing can be asked about what changes."
_AMBIGUOUS = "Times go back in the file, so that they don't name frames: no clips were made of it."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What is known of a film before its frames are looked at."""

    facts: VideoFacts
    index: FrameIndex
    cuts: CutsFound
    scenes: tuple[Scene, ...]
    words: Words
    offset: float
    offset_confidence: float | None
    points: tuple[KeyPoints, ...]
    notes: tuple[str, ...]


def read_video(
    path: Path,
    *,
    asked: ClipNeed,
    keep: Keep,
    sidecars: Sidecars | None = None,
    listener: Listener | None = None,
    protected: bool = False,
) -> VideoReading:
    """Read the video at ``path`` and make clips of it; ``keep`` takes pictures and stretches of film over.

    ``sidecars`` are the subtitles and tables of key points that belong to it; ``listener`` hears words
    where none are written. Raises ``SourceError`` where there is no film in it, none of its frames can be
    decoded, or it is too long.
    """
    media: list[str] = []

    def take(data: bytes) -> str:
        sha256 = keep(data)
        media.append(sha256)
        return sha256

    told = _told(path, asked, sidecars or Sidecars(), listener=listener, protected=protected)
    cues = [cue.middle for cue in heard(told.words, told.index, told.offset)]
    numbers = wanted(told.index, told.scenes, cue_seconds=cues)
    looks = look_at(path, told.index, told.scenes, numbers, asked=asked, keep=take)
    clips, planned, trouble = _clips(path, told, looks.frames, asked, take)
    sheet = take(_sheet(told, looks, planned))
    video = _row(told, looks, sheet=sheet, notes=trouble)
    return VideoReading(
        video=video,
        clips=clips,
        comment=told.facts.comment,
        marks=looks.marks,
        media=tuple(dict.fromkeys(media)),
        lasting=told.words.complete,
    )


def _told(
    path: Path, asked: ClipNeed, sidecars: Sidecars, *, listener: Listener | None, protected: bool
) -> _Told:
    facts, index = probe(path, limits=IndexLimits(seconds=60 * asked.maximum_minutes))
    cuts = find_cuts(path, index)
    notes = list(facts.notes)
    words = _words(
        path, sidecars, asked, start=float(index.seconds[0]), listener=listener, protected=protected
    )
    offset, confidence = measure_offset(words, index, cuts, path=path)
    points = []
    for table in sidecars.poses:
        try:
            points.append(read_pose(table, facts, index))
        except SourceError as exc:
            notes.append(str(exc))
    return _Told(
        facts=facts,
        index=index,
        cuts=cuts,
        scenes=scenes(index, cuts),
        words=words,
        offset=offset,
        offset_confidence=confidence,
        points=tuple(points),
        notes=(*notes, *words.notes),
    )


def _words(
    path: Path,
    sidecars: Sidecars,
    asked: ClipNeed,
    *,
    start: float,
    listener: Listener | None,
    protected: bool,
) -> Words:
    try:
        return read_words(
            path,
            sidecars,
            languages=asked.languages,
            start_seconds=start,
            listener=listener,
            protected=protected,
        )
    except ModelError as exc:
        bare = read_words(path, sidecars, languages=asked.languages, start_seconds=start)
        note = f"Its words could not be recognised. {exc}"
        return replace(bare, notes=(*bare.notes, note), complete=False)


def _clips(
    path: Path, told: _Told, looked: Sequence[VideoFrame], asked: ClipNeed, take: Keep
) -> tuple[tuple[ClipRow, ...], tuple[PlannedClip, ...], tuple[str, ...]]:
    """The clips with their pictures, the plans they were made of, and what stood in the way."""
    if len(told.index) < 2:
        return (), (), (_STILL,)
    if told.index.ambiguous:
        return (), (), (_AMBIGUOUS,)
    maker = ClipMaker(
        path, told.index, looked, words=told.words, offset=told.offset, asked=asked, keep=take
    )
    plans = plan(
        told.index,
        told.scenes,
        looked,
        words=told.words,
        offset=told.offset,
        points=told.points,
        asked=asked,
    )
    made = list(maker.clips(plans))
    return tuple(row for _, row in made), tuple(planned for planned, _ in made), tuple(maker.notes)


def _row(told: _Told, looks: Looks, *, sheet: str, notes: Sequence[str]) -> VideoRow:
    facts, index, words = told.facts, told.index, told.words
    text, cues = transcript(words, index, offset=told.offset)
    reason = facts.reason
    if not reason and looks.missing:
        reason = f"{looks.missing:,} of the frames that were wanted can't be decoded: the file is damaged."
    return VideoRow(
        video_id="",
        source_id="",
        source_sha256="",
        group_id="",
        status=PARTIAL if reason else READ,
        reason=reason,
        title=facts.title,
        container=facts.container,
        codec=facts.codec,
        width=facts.width,
        height=facts.height,
        rotation=facts.rotation,
        pixel_aspect=facts.pixel_aspect,
        frames=len(index),
        rate=facts.rate,
        variable_rate=facts.variable_rate,
        start_seconds=float(index.seconds[0]),
        end_seconds=index.end_seconds,
        sound=facts.sound,
        cuts=told.cuts.cuts,
        cut_method=told.cuts.method,
        decoded=told.cuts.decoded,
        looked_at=looks.frames,
        text=text,
        text_sha256=sha256_text(text),
        text_origin=words.origin if cues else "none",
        cues=cues,
        offset_seconds=told.offset,
        offset_confidence=told.offset_confidence,
        pose=told.points[0].name if told.points else "",
        sheet_sha256=sheet,
        language=words.language or "und",
        licence="unknown",
        notes=tuple(dict.fromkeys((*told.notes, *looks.notes, *notes))),
    )


def _sheet(told: _Told, looks: Looks, planned: Sequence[PlannedClip]) -> bytes:
    _, cues = transcript(told.words, told.index, offset=told.offset)
    return draw(
        Sheet(
            facts=told.facts,
            index=told.index,
            cuts=told.cuts,
            scenes=told.scenes,
            looked_at=looks.frames,
            cues=cues,
            words=told.words.origin,
            clips=[one.frames for one in planned],
            thumbnails=looks.thumbnails,
        )
    )
