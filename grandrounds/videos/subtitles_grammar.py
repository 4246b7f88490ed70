"""SubRip and WebVTT, read: cues with their times and lines, whatever people and programs made of them.

A file that keeps to its format is read as the format says (WebVTT: W3C, section 6, "Parsing"; SubRip has no
standard: numbered blocks of a line of times and lines of text, parted by blank lines). Beyond that:
hours may be missing, a comma or a full stop may stand before the fraction, which counts thousandths
behind a comma (as players read it) and is a decimal fraction behind a full stop; times may be negative;
numbers and blank lines may be missing or too many. What is odd is counted, for notes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from grandrounds.errors import SourceError

SRT, VTT = "srt", "vtt"

MOST_CUES = 200_000
"""More is no subtitle file of a video that anybody watches: a day of speech has 30,000."""

_TIME = r"(-)?(?:([0-9]{1,6})\s?:\s?)?([0-9]{1,3})\s?:\s?([0-9]{1,2})(?:\s?([.,:;])\s?([0-9]{1,9}))?"
_TIMING = re.compile(
    rf"^\s*{_TIME}\s*(?:-{{1,3}}\s?>|[\u2013\u2014]>|\u2192)\s*{_TIME}(?![0-9])(?P<rest>.*)$"
)
_STRICT = re.compile(
    r"^(?:[0-9]{2,}:)?[0-5][0-9]:[0-5][0-9]\.[0-9]{3}[ \t]+-->[ \t]+"
    r"(?:[0-9]{2,}:)?[0-5][0-9]:[0-5][0-9]\.[0-9]{3}(?:[ \t]|$)"
)
_BEGINS = re.compile(r"^\s{0,99}-?[0-9][^>\u2192]{0,99}(?:>|\u2192)\s?-?[0-9 ]")
_NUMBER = re.compile(r"^\s*[0-9]{1,9}\s*$")
_SIGNATURE = re.compile(r"^WEBVTT(?:[ \t]|$)")
_LANGUAGE = re.compile(
    r"^Language\s*[:=]\s*([A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3})\s*$", re.IGNORECASE
)
_LONGEST_LINE = 5_000
_MOST_LINES = 200


@dataclass(frozen=True, slots=True)
class RawCue:
    """A cue as it stands: seconds, and its lines with markup."""

    start: float
    end: float
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RawSubtitles:
    """The cues of a file in its own order. ``language`` is what its head says. ``odd`` counts what the
    format doesn't allow, by a sentence with room for their number."""

    kind: str
    language: str = ""
    cues: tuple[RawCue, ...]
    odd: Counter[str]


ODD_TIMES = "{} cues have times that the format doesn't allow; they were read all the same."
ENDLESS = "{} cues end before they begin, or when they begin, and are left out."
SHORTENED = "{} lines are longer than a line can be and were cut."
UNREADABLE = "{} lines of times can't be read; their cues are left out."


def read_lines(lines: Sequence[str]) -> RawSubtitles:
    """The cues of a file, by its content: WebVTT where the first words say so, else SubRip.

    Raises ``SourceError`` where there is no cue in it, or more than ``MOST_CUES``.
    """
    first = next((line for line in lines if line.strip()), "")
    odd: Counter[str] = Counter()
    language = ""
    if first.lstrip().upper().startswith("WEBVTT"):
        kind = VTT
        language, body = _vtt_head(lines)
        found = _vtt(body, odd)
    else:
        kind = SRT
        found = _srt(lines, odd)
    cues = tuple(_bounded(found))
    if not cues and not (kind == VTT and _SIGNATURE.match(first)):
        raise SourceError(
            "It holds no cue with times.", remedy="Give subtitles as SubRip (.srt) or WebVTT (.vtt)."
        )
    return RawSubtitles(kind=kind, language=language, cues=cues, odd=odd)


def _bounded(cues: Iterator[RawCue]) -> Iterator[RawCue]:
    for number, cue in enumerate(cues):
        if number >= MOST_CUES:
            raise SourceError(
                f"It holds more than {MOST_CUES:,} cues.", remedy="Look at the file: no video says so much."
            )
        yield cue


def _srt(lines: Sequence[str], odd: Counter[str]) -> Iterator[RawCue]:
    """Every line of times begins a cue, which goes on to the next one: blank lines may stand within."""
    starts = [place for place, line in enumerate(lines) if _may_be_timing(line) and _BEGINS.match(line)]
    for place, following in pairwise([*starts, len(lines)]):
        body = list(lines[place + 1 : following])
        if following < len(lines) and body and _NUMBER.match(body[-1]):
            body.pop()  # the number of the next cue
        cue = _cue(lines[place], body, odd)
        if cue is not None:
            yield cue


def _vtt_head(lines: Sequence[str]) -> tuple[str, Sequence[str]]:
    """The language that the head states, and the lines behind it."""
    language = ""
    at = next((place for place, line in enumerate(lines) if line.strip()), 0) + 1
    while at < len(lines) and lines[at] and "-->" not in lines[at]:
        said = _LANGUAGE.match(lines[at])
        language = said[1] if said else language
        at += 1
    return language, lines[at:]


def _vtt(lines: Sequence[str], odd: Counter[str]) -> Iterator[RawCue]:
    """Blocks parted by empty lines; one is a cue when its first or second line has an arrow. Others
    (``NOTE``, ``STYLE``, ``REGION``) say nothing."""
    at = 0
    while at < len(lines):
        if not lines[at]:
            at += 1
            continue
        if "-->" in lines[at]:
            timing = at
        elif at + 1 < len(lines) and "-->" in lines[at + 1]:
            timing = at + 1  # a name for the cue stands before it
        else:
            at = _block_end(lines, at + 1)
            continue
        end = _block_end(lines, timing + 1)
        if not _STRICT.match(lines[timing].lstrip(" \t\f")):
            odd[ODD_TIMES] += 1
        body = list(lines[timing + 1 : end])
        if end < len(lines) and lines[end] and body and _NUMBER.match(body[-1]):
            body.pop()  # the next cue's number: no empty line parts the two
        cue = _cue(lines[timing], body, odd)
        if cue is not None:
            yield cue
        at = end


def _block_end(lines: Sequence[str], at: int) -> int:
    while at < len(lines) and lines[at] and "-->" not in lines[at]:
        at += 1
    return at


def _cue(timing: str, body: Sequence[str], odd: Counter[str]) -> RawCue | None:
    times = _TIMING.match(timing[:_LONGEST_LINE]) if _may_be_timing(timing) else None
    if times is None:
        odd[UNREADABLE] += 1
        return None
    start, end = _seconds(times.groups()[0:6]), _seconds(times.groups()[6:12])
    if end <= start:
        odd[ENDLESS] += 1
        return None
    lines = body[:_MOST_LINES]
    if max(map(len, lines), default=0) > _LONGEST_LINE:
        odd[SHORTENED] += 1
        lines = [line[:_LONGEST_LINE] for line in lines]
    return RawCue(start, end, tuple(lines))


def _may_be_timing(line: str) -> bool:
    """A quick look, so that most lines cost no regular expression."""
    return ">" in line or "\u2192" in line


def _seconds(parts: Sequence[str | None]) -> float:
    sign, hours, minutes, seconds, mark, fraction = parts
    if not fraction:
        part = 0.0
    elif mark == "." or len(fraction) > 3:
        part = int(fraction) / 10 ** len(fraction)
    else:
        part = int(fraction) / 1000
    whole = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
    return round(-(whole + part) if sign else whole + part, 6)
