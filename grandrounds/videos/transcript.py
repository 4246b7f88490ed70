"""What is said in a video: by subtitles beside it, by its own text tracks, or heard by a model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from grandrounds.errors import SourceError
from grandrounds.records.parts import Span
from grandrounds.records.video import VideoCue
from grandrounds.sources.languages import decide
from grandrounds.videos.sidecars import suffix_of
from grandrounds.videos.subtitles import Cues, read_subtitle_file
from grandrounds.videos.values import FrameIndex, Sidecars, Words

NONE, EMBEDDED, SPEECH = "none", "embedded", "speech"


class Listener(Protocol):
    """Something that hears words in the sound of a video (``speech.Speech``)."""

    def words(self, path: Path, *, start_seconds: float, protected: bool) -> Words:
        """The words heard; ``start_seconds`` is the time of the film's first frame."""


@dataclass(frozen=True, slots=True)
class _Found:
    """Words of one place, and how well they fit: 0 the language asked for, 1 none known, 2 another."""

    words: Words
    fit: int


def read_words(
    path: Path,
    sidecars: Sidecars,
    *,
    languages: Sequence[str],
    start_seconds: float = 0.0,
    listener: Listener | None = None,
    protected: bool = False,
) -> Words:
    """What is said in the video at ``path``, in one of ``languages`` where there is a choice.

    Subtitles beside it go before text tracks inside; where neither has words the ``listener`` is asked, if
    there is one. ``start_seconds`` is the time of the first frame: cues count from there. A file that can't
    be read is a note. ``origin`` is ``none`` where nothing is said, or nobody tells.
    """
    notes: list[str] = []
    best: _Found | None = None
    for found in _subtitles(path, sidecars, languages, start_seconds, notes):
        if best is None or found.fit < best.fit:
            best = found
        if best.fit == 0:
            break
    if best is not None:
        return replace(best.words, notes=(*notes, *best.words.notes))
    if listener is not None:
        heard = listener.words(path, start_seconds=start_seconds, protected=protected)
        return replace(heard, notes=(*notes, *heard.notes))
    return Words(origin=NONE, notes=tuple(notes))


def transcript(words: Words, index: FrameIndex, *, offset: float = 0.0) -> tuple[str, tuple[VideoCue, ...]]:
    """The text of a video, a line a cue, and its cues in the video's own seconds.

    ``offset`` is added to the cues' times; what then lies outside the video is left out, what reaches
    beyond its ends is cut there. See ``cues_kept`` for which cues those are.
    """
    lines: list[str] = []
    cues = []
    at = 0
    for place in cues_kept(words, index, offset=offset):
        start, end, line = timed(words, place, index, offset=offset)
        cues.append(VideoCue(start_seconds=start, end_seconds=end, span=Span(start=at, end=at + len(line))))
        lines.append(line)
        at += len(line) + 1
    return "\n".join(lines), tuple(cues)


def cues_kept(words: Words, index: FrameIndex, *, offset: float = 0.0) -> tuple[int, ...]:
    """Places in ``words.cues`` of those that are heard within the video."""
    first = float(index.seconds[0])
    length = index.end_seconds - first
    return tuple(
        place
        for place, (start, end, _) in enumerate(words.cues)
        if start + offset < length and end + offset > 0
    )


def timed(words: Words, place: int, index: FrameIndex, *, offset: float = 0.0) -> tuple[float, float, str]:
    """A cue with its times in the video's own seconds, cut to its ends."""
    first = float(index.seconds[0])
    start, end, line = words.cues[place]
    return (
        round(min(max(first + start + offset, first), index.end_seconds), 6),
        round(min(max(first + end + offset, first), index.end_seconds), 6),
        line,
    )


# Where words are looked for --------------------------------------------------------------------------


def _subtitles(
    path: Path, sidecars: Sidecars, languages: Sequence[str], start_seconds: float, notes: list[str]
) -> Iterator[_Found]:
    yield from _beside(path, sidecars, languages, notes)
    yield from _inside(path, languages, start_seconds, notes)


def _beside(path: Path, sidecars: Sidecars, languages: Sequence[str], notes: list[str]) -> Iterator[_Found]:
    def rank(file: Path) -> tuple[bool, int, str]:
        suffix = suffix_of(path, file)
        return (suffix.weak, _fit(suffix.language, languages), file.name)

    for file in sorted(sidecars.subtitles, key=rank):
        suffix = suffix_of(path, file)
        try:
            read = read_subtitle_file(file, language=suffix.language)
        except SourceError as exc:
            notes.append(str(exc))
            continue
        own = [f"{file.name}: {note}" for note in read.notes]
        if not read.cues:
            notes += [*own, f"{file.name} says nothing."]
            continue
        found = _found(read.kind, suffix.language or read.language, read.cues, own, languages)
        if found.words.language and suffix.language and read.language:
            found = _checked(found, read.language, file.name)
        yield found


def _checked(found: _Found, stated: str, name: str) -> _Found:
    """A note where a file's name and its head name two languages."""
    if stated.partition("-")[0] == found.words.language.partition("-")[0]:
        return found
    note = f"{name} says inside that its language is {stated}; {found.words.language} was taken."
    return replace(found, words=replace(found.words, notes=(*found.words.notes, note)))


def _inside(
    path: Path, languages: Sequence[str], start_seconds: float, notes: list[str]
) -> Iterator[_Found]:
    from grandrounds.videos.subtitles_embedded import read_track, text_tracks

    try:
        tracks, other = text_tracks(path)
        notes += other
        for track in sorted(
            tracks, key=lambda one: (one.forced, _fit(one.language, languages), not one.first)
        ):
            read = read_track(path, track, start_seconds=start_seconds)
            if read.cues:
                yield _found(EMBEDDED, read.language, read.cues, list(read.notes), languages)
    except SourceError as exc:
        notes.append(f"Its text tracks can't be read. {exc}")


def _found(origin: str, said: str, cues: Cues, notes: list[str], languages: Sequence[str]) -> _Found:
    text = "\n".join(line for _, _, line in cues)
    language = decide(said or None, text, notes, default="")
    words = Words(origin=origin, language=language, cues=cues, notes=tuple(notes))
    return _Found(words, _fit(language, languages))


def _fit(language: str, languages: Sequence[str]) -> int:
    if not language:
        return 1
    return 0 if any(_same(language, wanted) for wanted in languages) else 2


def _same(one: str, other: str) -> bool:
    return one.casefold().partition("-")[0] == other.casefold().partition("-")[0]
