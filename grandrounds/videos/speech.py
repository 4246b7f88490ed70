"""Words recognised in the sound of a video by an OpenAI-compatible endpoint; optional.

The sound goes out as pieces of one channel at 16 kHz that overlap a little; a piece in which nothing is
heard is not sent. Each answer is kept in the lake by the hash of the sound and the model, so that nothing
is sent twice, also after a run that was stopped. Protected videos go only to an endpoint marked local.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from grandrounds.errors import SourceError
from grandrounds.fingerprint import sha256_bytes, sha256_value
from grandrounds.lake import Lake
from grandrounds.llm.backends.faults import Fault
from grandrounds.llm.backends.http import Sleep
from grandrounds.llm.backends.retry import RetryPolicy
from grandrounds.sources.languages import clean_tag
from grandrounds.text import words as words_in
from grandrounds.videos.sound import continuous, pieces, wav
from grandrounds.videos.speech_answer import Transcription, dump, load
from grandrounds.videos.speech_plan import SpeechPlan
from grandrounds.videos.speech_wire import Wire
from grandrounds.videos.subtitles import words_of
from grandrounds.videos.subtitles_grammar import RawCue
from grandrounds.videos.values import Words

VERSION = 1
"""Raised when the pieces, or what is made of answers, change: then everything is asked again."""

RATE = 16_000
PIECE_SECONDS = 300.0
OVERLAP_SECONDS = 6.0
SHORTEST_SECONDS = 0.2
_QUIET = 66
"""Of 32,767, about -54 dB: a piece that never gets louder holds no speech."""

_AT_ONCE = 3
_SEAM_WORDS = 12


@dataclass(frozen=True, slots=True)
class _Piece:
    """A piece of sound: when it begins in the film's container, its values, its name in the lake."""

    start: float
    values: NDArray[np.int16]
    key: str

    @property
    def seconds(self) -> float:
        return len(self.values) / RATE


class Speech:
    """Hears words by the endpoint of ``plan``; answers are kept in ``lake``. A ``transcript.Listener``.

    ``retry`` and ``sleep`` are for tests.
    """

    def __init__(
        self,
        plan: SpeechPlan,
        *,
        api_key: str,
        lake: Lake,
        retry: RetryPolicy | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._plan = plan
        self._lake = lake
        self._wire = Wire(plan, api_key=api_key, retry=retry, sleep=sleep)

    def words(self, path: Path, *, start_seconds: float, protected: bool) -> Words:
        """The words heard at ``path``; ``start_seconds`` is the time of the film's first frame.

        A piece that could not be recognised is a note, and the words are not ``complete``. Raises
        ``ModelError`` when no request can succeed.
        """
        if protected and not self._plan.local:
            return Words(
                origin="none",
                notes=(
                    "No words were recognised: the video is protected and the endpoint isn't marked local.",
                ),
            )
        try:
            return asyncio.run(self._heard(path, start_seconds))
        except SourceError as exc:
            return Words(origin="none", notes=(f"Its sound can't be read. {exc}",))

    async def _heard(self, path: Path, start_seconds: float) -> Words:
        found: list[tuple[float, float, Transcription]] = []
        faults: list[str] = []
        waiting: set[asyncio.Task[tuple[_Piece, Transcription | Fault]]] = set()

        def take(done: set[asyncio.Task[tuple[_Piece, Transcription | Fault]]]) -> None:
            for task in done:
                piece, outcome = task.result()
                if isinstance(outcome, Fault):
                    what = f"{piece.seconds:.0f} s of its sound from {piece.start:.0f} s on"
                    faults.append(f"No words were recognised in {what}: {outcome.error}.")
                else:
                    found.append((piece.start, piece.seconds, outcome))

        try:
            for piece in _loud(path, self._plan.model):
                waiting.add(asyncio.create_task(self._recognised(piece)))
                if len(waiting) >= _AT_ONCE:
                    done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                    take(done)
            while waiting:
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                take(done)
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
        return _told(sorted(found, key=lambda each: each[0]), sorted(faults), start_seconds)

    async def _recognised(self, piece: _Piece) -> tuple[_Piece, Transcription | Fault]:
        held = self._lake.read_blob(piece.key)
        told = load(held) if held is not None else None
        if told is not None:
            return piece, told
        outcome = await self._wire.ask(wav(piece.values, rate=RATE), seconds=piece.seconds)
        if isinstance(outcome, Transcription):
            self._lake.write_blob(piece.key, dump(outcome))
        return piece, outcome


def _loud(path: Path, model: str) -> Iterator[_Piece]:
    """The sound in pieces that overlap, without those in which nothing is heard."""
    size, shared = round(PIECE_SECONDS * RATE), round(OVERLAP_SECONDS * RATE)
    rest = np.zeros(0, dtype=np.int16)
    start: float | None = None
    fresh = 0
    for seconds, values in continuous(pieces(path, rate=RATE), RATE):
        start = seconds if start is None else start
        rest = np.concatenate([rest, values])
        fresh += len(values)
        while len(rest) >= size:
            yield from _heard_in(start, rest[:size], model)
            rest = rest[size - shared :].copy()
            start += (size - shared) / RATE
            fresh = len(rest) - shared
    if start is not None and fresh > SHORTEST_SECONDS * RATE:
        yield from _heard_in(start, rest, model)


def _heard_in(start: float, values: NDArray[np.int16], model: str) -> Iterator[_Piece]:
    if len(values) and int(np.abs(values.astype(np.int32)).max()) > _QUIET:
        sound = sha256_bytes(values.astype("<i2").tobytes())
        name = sha256_value([VERSION, RATE, sound, model])
        yield _Piece(start, values.copy(), f"speech/{name[:2]}/{name}.json")


def _told(
    found: Sequence[tuple[float, float, Transcription]], faults: Sequence[str], begin: float
) -> Words:
    """What was heard in all pieces as the words of a video: where two overlap, each gives its half."""
    cues: list[RawCue] = []
    half = OVERLAP_SECONDS / 2
    for place, (start, seconds, told) in enumerate(found):
        low = start + half if place and _meets(found[place - 1], start) else float("-inf")
        joined = place + 1 < len(found) and _meets((start, seconds, told), found[place + 1][0])
        high = start + seconds - half if joined else float("inf")
        for from_, to, text in told.pieces:
            middle = start + (from_ + to) / 2
            if low <= middle < high:
                kept = _without_seam(cues, text, start + from_) if cues else text
                if kept:
                    cues.append(RawCue(start + from_ - begin, start + to - begin, (kept,)))
    lines, notes = words_of(
        [RawCue(round(c.start, 3), round(c.end, 3), c.lines) for c in cues], any_tag=False
    )
    languages = [told.language for _, _, told in found if told.pieces and told.language]
    language = max(sorted(set(languages)), key=languages.count) if languages else ""
    silent = () if lines or faults else ("No words were recognised in its sound.",)
    return Words(
        origin="speech" if lines else "none",
        language=(clean_tag(language) or "") if lines else "",
        cues=lines,
        notes=(*faults, *notes, *silent),
        complete=not faults,
    )


def _meets(before: tuple[float, float, Transcription], start: float) -> bool:
    return before[0] + before[1] > start


def _without_seam(cues: Sequence[RawCue], text: str, start: float) -> str:
    """``text`` without the words that the cue before, which it overlaps in time, ends with."""
    before = cues[-1]
    if before.end <= start:
        return text
    tail = words_in(before.lines[0])[-_SEAM_WORDS:]
    spoken = text.split()
    for count in range(min(len(tail), len(spoken)), 0, -1):
        if words_in(" ".join(spoken[:count])) == tail[-count:]:
            return " ".join(spoken[count:])
    return text
