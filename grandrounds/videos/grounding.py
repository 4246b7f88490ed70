"""Is an item on a clip what its clip gives: pictures, times, quotes and stem? Authors compose with the same
functions that gates and ``verify`` check with.

Every ``..._faults`` yields sentences, in words that follow the item ("its stem ...").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from grandrounds.records.clip import ClipCue, ClipFrame, ClipRow
from grandrounds.records.envelope import Envelope
from grandrounds.records.parts import Evidence, Locator, Media, Span
from grandrounds.videos.asking import ask
from grandrounds.videos.asking_values import ANSWER_ROLE, SUPPORT_ROLE, Asked, NotAsked, Shown, in_time
from grandrounds.videos.stem import clip_stem

_IMAGE, _PNG = "image", "image/png"
_TIME, _CHARS = "time_range", "char_span"
_TAKEN_OVER = ("source_id", "licence", "language", "citation", "protected")
_SLACK = 1e-6  # seconds


# Composing --------------------------------------------------------------------------------------


def pictures_of(row: ClipRow, shown: Sequence[Shown]) -> tuple[Media, ...]:
    """The frames as the solver gets them: their labels, their place in the video, and nothing said."""
    return tuple(
        Media(
            sha256=row.frames[each.place].sha256,
            kind=_IMAGE,
            mime=_PNG,
            name=f"frame-{number}.png",
            label=each.label,
            locator=frame_place(row.frames[each.place]),
            width=row.frames[each.place].width,
            height=row.frames[each.place].height,
        )
        for number, each in enumerate(shown, start=1)
    )


def frame_place(frame: ClipFrame) -> Locator:
    """Where a frame stands in its video: its time on screen, its number, its crop."""
    return Locator(
        kind=_TIME,
        start_seconds=frame.seconds,
        end_seconds=frame.end_seconds,
        frame=frame.frame,
        box=tuple(float(side) for side in frame.crop),
    )


def evidence_of(row: ClipRow, asked: Asked) -> tuple[Evidence, ...]:
    """What the answer of a question rests on: the words that confirm it, and the frames it needs."""
    quotes = [quote_of(row, number) for number in asked.cues]
    frames = [
        frame_evidence(row, place, role=ANSWER_ROLE if place in asked.decisive else SUPPORT_ROLE)
        for place in asked.needed
    ]
    return (*quotes, *frames)


def quote_of(row: ClipRow, cue: int, *, span: Span | None = None) -> Evidence:
    """What is said in a cue (or the part of it at ``span`` of the row's text), and when."""
    own = row.cues[cue]
    place = span or own.span
    return Evidence(
        role=ANSWER_ROLE,
        source_id=row.source_id,
        evidence_id=row.evidence_id,
        quote=place.of(row.text),
        locator=Locator(
            kind=_CHARS,
            start=place.start,
            end=place.end,
            start_seconds=own.start_seconds,
            end_seconds=own.end_seconds,
        ),
    )


def frame_evidence(row: ClipRow, place: int, *, role: str) -> Evidence:
    """A frame that an answer rests on. There is nothing to quote: what it shows is its place."""
    return Evidence(
        role=role,
        source_id=row.source_id,
        evidence_id=row.evidence_id,
        quote="",
        locator=frame_place(row.frames[place]),
    )


def cue_at(row: ClipRow, span: Span) -> int | None:
    """The cue of a clip in whose words ``span`` lies and in whose window a frame lies; ``None`` without."""
    for number, cue in enumerate(row.cues):
        if cue.frames and cue.span.contains(span):
            return number
    return None


# Checking ---------------------------------------------------------------------------------------


def shown_of(row: ClipRow, item: Envelope) -> tuple[Shown, ...]:
    """The pictures that an item must show, in order."""
    asked: Asked | NotAsked = ask(row, item.task, options=len(item.options))
    return asked.shown if isinstance(asked, Asked) else in_time(row)


def origin_faults(row: ClipRow, item: Envelope) -> Iterator[str]:
    """What an item takes over from its clip: source, licence, citation, stem."""
    for name in _TAKEN_OVER:
        said, own = getattr(item, name), getattr(row, name)
        if said != own:
            yield f"its {name} is {said!r}, but its clip says {own!r}"
    if item.source_published != row.published:
        yield f"its source was published on {item.source_published}, but its clip says {row.published}"
    if item.stem != clip_stem(row, item.task, shown=shown_of(row, item)):
        yield "its stem is not the fixed sentence on its clip"
    if item.visible_spans:
        yield "it shows pieces of what is said in its clip"


def picture_faults(row: ClipRow, item: Envelope) -> Iterator[str]:
    """The pictures of an item: its clip's frames, in the order that the question asks for, each called and
    placed as it should be, and without a word beside it."""
    wanted = pictures_of(row, shown_of(row, item))
    if len(item.media) != len(wanted):
        yield f"it shows {len(item.media)} pictures instead of {len(wanted)} frames"
        return
    for number, (media, own) in enumerate(zip(item.media, wanted, strict=True), start=1):
        if media.kind != _IMAGE or media.sha256 != own.sha256:
            yield f"its picture {number} is not the frame that belongs there"
        elif (media.mime, media.width, media.height) != (own.mime, own.width, own.height):
            yield f"its picture {number} is said to have another type or size than the frame"
        if media.label != own.label:
            yield f"its picture {number} is called {media.label!r} instead of {own.label!r}"
        if media.locator != own.locator:
            yield f"its picture {number} is said to be of another time, frame or crop"
        if media.caption or media.name != own.name:
            yield f"its picture {number} has a caption or another name, which the solver would see"


def quote_faults(row: ClipRow, item: Envelope) -> Iterator[str]:
    """The evidence of an item: quotes of what is said in its clip, at their place and time, and frames of
    it."""
    if not any(part.role == ANSWER_ROLE for part in item.evidence):
        yield "nothing shows that its answer is right"
    frames = [frame_place(frame) for frame in row.frames]
    for part in item.evidence:
        fault = _part_fault(row, part, frames)
        if fault:
            yield fault


def _part_fault(row: ClipRow, part: Evidence, frames: Sequence[Locator]) -> str:
    if part.role not in (ANSWER_ROLE, SUPPORT_ROLE):
        return f"its evidence has the role {part.role!r}, which nothing of a clip has"
    if (part.evidence_id, part.source_id) != (row.evidence_id, row.source_id):
        return "its evidence is of another clip or source"
    if part.locator.kind == _TIME:
        if part.quote:
            return f"the quote {_short(part.quote)!r} is said to be a frame"
        return "" if part.locator in frames else "its evidence names a frame that its clip does not have"
    fault = _quote_fault(row, part)
    return f"the quote {_short(part.quote)!r} {fault}" if fault else ""


def _quote_fault(row: ClipRow, part: Evidence) -> str:
    if part.role != ANSWER_ROLE:
        return f"has the role {part.role!r}; of what is said the solver reads nothing"
    span = part.locator.span
    if span is None:
        return "has no place in what is said"
    if not part.quote or span.end > len(row.text) or span.of(row.text) != part.quote:
        return f"does not stand at {span.start}-{span.end} of what is said"
    own = [cue for cue in row.cues if cue.span.contains(span)]
    if not own:
        return "lies within no cue of its clip"
    return "" if any(_at(part.locator, cue) for cue in own) else "is said to be spoken at another time"


def _at(place: Locator, cue: ClipCue) -> bool:
    times: Iterable[tuple[float | None, float]] = (
        (place.start_seconds, cue.start_seconds),
        (place.end_seconds, cue.end_seconds),
    )
    return all(said is not None and abs(said - own) <= _SLACK for said, own in times)


def _short(quote: str) -> str:
    return " ".join(quote.split())[:60]
