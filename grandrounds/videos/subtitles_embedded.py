"""Text tracks inside a video: MP4's timed text, SubRip, WebVTT and SubStation Alpha in Matroska and others.

Packets are read as the containers define them (MP4: 3GPP TS 26.245, a length and the text; Matroska: the
text itself, of SubStation Alpha the fields after the times), not through FFmpeg's decoders, which turn all
of them into one kind of markup and keep names of speakers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from av.error import FFmpegError
from av.stream import Discard

from grandrounds.errors import SourceError
from grandrounds.sources.languages import clean_tag
from grandrounds.videos.container_open import opened
from grandrounds.videos.subtitles import Cues, words_of
from grandrounds.videos.subtitles_grammar import MOST_CUES, RawCue
from grandrounds.videos.subtitles_text import decoded, lines_of

_TEXTS = {
    "mov_text": "mp4", "subrip": "text", "srt": "text", "text": "text", "webvtt": "vtt",
    "ass": "ass", "ssa": "ass",
}  # fmt: skip
_UNTIMED_SECONDS = 4.0
"""How long words stand whose packet doesn't say so, unless others follow."""
_ASS_FIELDS = 8  # ReadOrder, Layer, Style, Name, MarginL, MarginR, MarginV, Effect; then the text


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """A text track: its place among the streams, FFmpeg's name of its coding, a language tag or nothing."""

    index: int
    codec: str
    language: str
    first: bool
    forced: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackWords:
    """What a track says; times are seconds behind the first frame of the film."""

    language: str
    cues: Cues
    notes: tuple[str, ...] = ()


def text_tracks(path: Path) -> tuple[tuple[Track, ...], tuple[str, ...]]:
    """The text tracks of a video, and notes on those that hold pictures of text. Raises ``SourceError``."""
    with opened(path) as film:
        tracks, notes = [], []
        for stream in film.container.streams.subtitles:
            codec = _codec(stream)
            if codec in _TEXTS:
                tracks.append(_track(stream, codec))
            else:
                notes.append(f"A track of subtitles is of a kind that isn't read ({codec or 'unknown'}).")
        return tuple(tracks), tuple(notes)


def read_track(path: Path, track: Track, *, start_seconds: float = 0.0) -> TrackWords:
    """The words of a track. ``start_seconds`` is the time of the film's first frame.

    Raises ``SourceError`` where the file can't be read, or has more cues than any video.
    """
    with opened(path) as film:
        container = film.container
        stream = container.streams[track.index]
        for other in container.streams:
            other.discard = Discard.default if other.index == stream.index else Discard.all
        raw = list(_cues(_packets(container, stream), _TEXTS[track.codec], start_seconds))
    cues, notes = words_of(list(_ended(raw)), any_tag=_TEXTS[track.codec] == "vtt")
    return TrackWords(language=track.language, cues=cues, notes=notes)


def _packets(container: Any, stream: Any) -> Iterator[Any]:
    """The packets of a stream, to where the file breaks off."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except (FFmpegError, OSError):
            return
        if packet is None:
            return
        if packet.size and packet.pts is not None:
            yield packet


def _cues(packets: Iterable[Any], kind: str, begin: float) -> Iterator[RawCue]:
    for number, packet in enumerate(packets):
        if number > 2 * MOST_CUES:
            raise SourceError(
                "A track of subtitles has more cues than any video.", remedy="Look at the file."
            )
        base = packet.time_base
        start = packet.pts * base.numerator / base.denominator - begin
        lasts = (packet.duration or 0) * base.numerator / base.denominator
        lines = _lines(bytes(packet), kind)
        if any(line.strip() for line in lines):
            yield RawCue(round(start, 6), round(start + lasts, 6), tuple(lines))


def _ended(cues: list[RawCue]) -> Iterator[RawCue]:
    """Cues without an end get one: when the next begins, but not later than ``_UNTIMED_SECONDS``."""
    for place, cue in enumerate(cues):
        if cue.end > cue.start:
            yield cue
            continue
        later = (other.start for other in cues[place + 1 : place + 20] if other.start > cue.start)
        end = min(next(later, cue.start + _UNTIMED_SECONDS), cue.start + _UNTIMED_SECONDS)
        yield RawCue(cue.start, end, cue.lines)


def _lines(data: bytes, kind: str) -> list[str]:
    if kind == "mp4":
        data = data[2 : 2 + int.from_bytes(data[:2], "big")]
    if not data:
        return []
    try:
        text, _ = decoded(data)
    except SourceError:
        return []
    if kind == "ass":
        fields = text.split(",", _ASS_FIELDS)
        text = fields[_ASS_FIELDS] if len(fields) > _ASS_FIELDS else ""
        text = text.replace("\\N", "\n").replace("\\n", "\n")
    return lines_of(text)


def _track(stream: Any, codec: str) -> Track:
    said = clean_tag(str(stream.metadata.get("language", ""))) or ""
    name = str(stream.disposition)
    return Track(
        index=stream.index,
        codec=codec,
        language="" if said in ("und", "mul", "zxx", "mis") else said,
        first="default" in name,
        forced="forced" in name,
    )


def _codec(stream: Any) -> str:
    context = getattr(stream, "codec_context", None)
    return str(context.name) if context is not None else ""
