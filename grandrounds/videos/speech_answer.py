"""Answers of ``/audio/transcriptions`` in ``verbose_json``: pieces of speech with their times.

What such models make up is left out: pieces in silence, and words that repeat without end, by the limits of
the model that the format comes from (Whisper: no speech above 0.6 while the mean log probability is below
-1; a compression ratio above 2.4).
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_NO_SPEECH, _UNSURE, _REPEATS = 0.6, -1.0, 2.4
_SLACK = 1.0
_MOST = 20_000
_LONGEST_TEXT = 5_000
_SHORT_SECONDS = 30.0
_LANGUAGES = {
    "english": "en", "spanish": "es", "french": "fr", "german": "de", "italian": "it", "portuguese": "pt",
    "chinese": "zh", "japanese": "ja", "korean": "ko", "russian": "ru", "turkish": "tr", "polish": "pl",
    "arabic": "ar", "dutch": "nl", "greek": "el", "hebrew": "he", "hindi": "hi", "swedish": "sv",
}  # fmt: skip

Piece = tuple[float, float, str]
"""Start and end in seconds of the sound that was sent, and words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcription:
    """What was heard in one piece of sound."""

    language: str = ""
    pieces: tuple[Piece, ...] = ()


class NonsenseError(Exception):
    """The answer is no transcription; the message says why."""


def read_answer(document: Any, *, seconds: float) -> Transcription:
    """The transcription of ``seconds`` of sound. Raises ``NonsenseError``."""
    if not isinstance(document, dict):
        raise NonsenseError("the answer is no object")
    language = str(document.get("language") or "")[:40].strip().casefold()
    told = document.get("segments")
    text = document.get("text")
    if told is None and isinstance(text, str):
        if text.strip() and seconds > _SHORT_SECONDS:
            raise NonsenseError("the answer has words without times (no `segments`)")
        told = [{"start": 0.0, "end": seconds, "text": text}] if text.strip() else []
    if not isinstance(told, list) or len(told) > _MOST:
        raise NonsenseError("the answer has no list of segments")
    pieces = [piece for one in told if (piece := _piece(one, seconds)) is not None]
    if told and not any(isinstance(one, dict) and "text" in one for one in told):
        raise NonsenseError("its segments hold no text")
    pieces.sort()
    return Transcription(language=_LANGUAGES.get(language, language), pieces=tuple(pieces))


def dump(told: Transcription) -> bytes:
    """A transcription as it is kept."""
    return json.dumps({"language": told.language, "pieces": told.pieces}, ensure_ascii=False).encode()


def load(data: bytes) -> Transcription | None:
    """A transcription that was kept; ``None`` for anything else, which is then asked again."""
    try:
        held = json.loads(data)
        pieces = tuple((float(start), float(end), str(text)) for start, end, text in held["pieces"])
        return Transcription(language=str(held["language"]), pieces=pieces)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _piece(one: Any, seconds: float) -> Piece | None:
    """A segment, where it has words and times within the sound and was not made up."""
    if not isinstance(one, dict) or not isinstance(one.get("text"), str):
        return None
    start, end = _number(one, "start"), _number(one, "end")
    text = " ".join(one["text"][:_LONGEST_TEXT].split())
    if start is None or end is None or not text:
        return None
    start, end = max(start, 0.0), min(end, seconds)
    if end <= start or start > seconds + _SLACK or _made_up(one, text):
        return None
    return (round(start, 3), round(end, 3), text)


def _made_up(one: Mapping[str, Any], text: str) -> bool:
    silent, likely = _number(one, "no_speech_prob"), _number(one, "avg_logprob")
    if silent is not None and silent > _NO_SPEECH and (likely is None or likely < _UNSURE):
        return True
    ratio = _number(one, "compression_ratio")
    if ratio is None and len(text) > 200:
        data = text.encode()
        ratio = len(data) / len(zlib.compress(data))
    return ratio is not None and ratio > _REPEATS


def _number(one: Mapping[str, Any], name: str) -> float | None:
    value = one.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)
