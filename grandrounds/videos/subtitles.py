"""Subtitle files: what is said in a video, and when.

The parts: ``subtitles_text`` (encodings, markup), ``subtitles_grammar`` (SubRip, WebVTT),
``subtitles_tidy`` (order, captions that roll), ``subtitles_speakers`` (names, sounds),
``subtitles_embedded`` (text tracks inside a video).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grandrounds.errors import SourceError
from grandrounds.sources.languages import clean_tag
from grandrounds.videos.subtitles_grammar import VTT, RawCue, RawSubtitles, read_lines
from grandrounds.videos.subtitles_speakers import labels, spoken
from grandrounds.videos.subtitles_text import decoded, lines_of, without_markup
from grandrounds.videos.subtitles_tidy import Lines, tidy

MOST_BYTES = 32 * 1024 * 1024
"""Largest subtitle file that is read; 100,000 cues have 8 MB."""

Cues = tuple[tuple[float, float, str], ...]
"""Start seconds, end seconds and words, in order of time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subtitles:
    """What a subtitle file says. ``kind`` is ``srt`` or ``vtt``; ``language`` a tag that the file states,
    else empty; times are as stated (they may be negative, or beyond the video)."""

    kind: str
    language: str = ""
    cues: Cues
    notes: tuple[str, ...] = ()


def read_subtitles(data: bytes, *, language: str = "") -> Subtitles:
    """The words of a subtitle file. ``language`` (a tag, if known) helps with old encodings.

    Raises ``SourceError`` for what is too large, no text, or has no cue in it.
    """
    if len(data) > MOST_BYTES:
        raise SourceError(
            f"It has {len(data):,} bytes, more than {MOST_BYTES:,}.",
            remedy="Look at the file: no video says so much.",
        )
    if not data.strip():
        raise SourceError("It is empty.", remedy="Get it again.")
    text, encoding = decoded(data, language=language)
    raw = read_lines(lines_of(text))
    notes = [encoding] if encoding else []
    notes += [sentence.format(count) for sentence, count in sorted(raw.odd.items()) if count]
    cues, done = words_of(raw.cues, any_tag=raw.kind == VTT)
    return Subtitles(kind=raw.kind, language=_language(raw), cues=cues, notes=(*notes, *done))


def read_subtitle_file(path: Path, *, language: str = "") -> Subtitles:
    """``read_subtitles`` of a file. Raises ``SourceError`` naming it."""
    try:
        with path.open("rb") as handle:
            data = handle.read(MOST_BYTES + 1)
    except (OSError, ValueError) as exc:
        why = getattr(exc, "strerror", None) or exc
        raise SourceError(f"{path.name} can't be read: {why}.", remedy="Check its rights.") from exc
    try:
        return read_subtitles(data, language=language)
    except SourceError as exc:
        raise SourceError(f"{path.name} gives no words. {exc.what}", remedy=exc.remedy) from exc


def words_of(cues: Sequence[RawCue], *, any_tag: bool) -> tuple[Cues, tuple[str, ...]]:
    """What is said in ``cues``: without markup, names and sounds, in order, each word once; and notes.

    ``any_tag`` as in ``subtitles_text.without_markup``.
    """
    plain = []
    for raw in cues:
        lines = (without_markup(line, any_tag=any_tag) for line in raw.lines)
        plain.append(Lines(raw.start, raw.end, tuple(line for line in lines if line)))
    ordered, notes = tidy(plain)
    known = labels(line for cue in ordered for line in cue.lines)
    found = []
    for cue in ordered:
        said = spoken(cue.lines, known=known)
        if any(letter.isalnum() for letter in said):
            found.append((cue.start, cue.end, said))
    return tuple(found), notes


def _language(raw: RawSubtitles) -> str:
    return (clean_tag(raw.language) or "") if raw.language else ""
