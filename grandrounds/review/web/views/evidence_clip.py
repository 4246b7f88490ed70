"""A clip as a reader sees it: its frames in order of time, what was said, the film."""

from __future__ import annotations

from dataclasses import dataclass

from grandrounds.records.clip import ClipRow
from grandrounds.records.envelope import Candidate
from grandrounds.records.parts import Span
from grandrounds.review.web.views.evidence_text import Paragraph, Quote, marked, quotes_of

_PLACES = {"body_heights": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameShown:
    """A frame. ``label`` is what the item calls it (empty: the item doesn't show it). Times are ``None``
    where they would tell the answer. ``roles`` are those of the item's evidence that name it."""

    media: str
    width: int
    height: int
    label: str
    seconds: float | None
    end_seconds: float | None
    crop: tuple[int, ...]
    scene: int
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CueShown:
    """Something that was said, below the frames ``first`` to ``last`` (places from 1; 0 for none)."""

    paragraphs: tuple[Paragraph, ...]
    start_seconds: float
    end_seconds: float
    first: int
    last: int
    stressed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PoseShown:
    """A quantity at each frame, and how often it went there and back."""

    signal: str
    unit: str
    values: tuple[str, ...]
    repetitions: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipPane:
    """The pane of a clip. ``film`` names the stretch of video, empty where there is none. ``ordered`` tells
    that the frames stand in order of time."""

    frames: tuple[FrameShown, ...]
    cues: tuple[CueShown, ...]
    poses: tuple[PoseShown, ...]
    quotes: tuple[Quote, ...]
    film: str
    film_mime: str
    start_seconds: float
    end_seconds: float
    index_only: bool
    language: str
    citation: str
    notes: tuple[str, ...]
    ordered: bool
    blind: bool
    kind: str = "clip"
    template: str = "evidence/clip.html"


def clip_pane(clip: ClipRow, candidate: Candidate, *, blind: bool) -> ClipPane:
    """The pane of a clip. Blind, the item's pictures stand in its own order, without times, words, film."""
    if blind:
        return ClipPane(
            frames=_asked(candidate), cues=(), poses=(), quotes=(), film="", film_mime="",
            start_seconds=0.0, end_seconds=0.0, index_only=clip.index_only, language=clip.language,
            citation="", notes=(), ordered=False, blind=True,
        )  # fmt: skip
    quotes = quotes_of(candidate, clip.text, evidence_id=clip.evidence_id)
    labels = {media.sha256: media.label for media in candidate.media}
    roles: dict[int, set[str]] = {}
    for evidence in candidate.evidence:
        if evidence.evidence_id == clip.evidence_id and evidence.locator.frame is not None:
            roles.setdefault(evidence.locator.frame, set()).add(evidence.role)
    frames = tuple(
        FrameShown(
            media=frame.sha256,
            width=frame.width,
            height=frame.height,
            label=labels.get(frame.sha256, ""),
            seconds=frame.seconds,
            end_seconds=frame.end_seconds,
            crop=frame.crop,
            scene=frame.scene,
            roles=tuple(sorted(roles.get(frame.frame, ()))),
        )
        for frame in clip.frames
    )
    return ClipPane(
        frames=frames,
        cues=_cues(clip, candidate, quotes),
        poses=tuple(
            PoseShown(
                signal=pose.signal,
                unit=pose.unit,
                values=tuple(f"{value:.{_PLACES.get(pose.unit, 0)}f}" for value in pose.values),
                repetitions=pose.repetitions,
            )
            for pose in clip.poses
        ),
        quotes=quotes,
        film=clip.clip_sha256,
        film_mime=clip.clip_mime,
        start_seconds=clip.start_seconds,
        end_seconds=clip.end_seconds,
        index_only=clip.index_only,
        language=clip.language,
        citation=clip.citation or candidate.citation,
        notes=clip.notes,
        ordered=True,
        blind=False,
    )  # fmt: skip


def _asked(candidate: Candidate) -> tuple[FrameShown, ...]:
    return tuple(
        FrameShown(
            media=media.sha256,
            width=media.width or 0,
            height=media.height or 0,
            label=media.label,
            seconds=None,
            end_seconds=None,
            crop=(),
            scene=0,
        )
        for media in candidate.media
        if media.kind == "image"
    )


def _cues(clip: ClipRow, candidate: Candidate, quotes: tuple[Quote, ...]) -> tuple[CueShown, ...]:
    seen: tuple[Span, ...] = tuple(span for span in candidate.visible_spans if span.end <= len(clip.text))
    made = []
    for cue in clip.cues:
        places = [place for place in cue.frames if 0 <= place < len(clip.frames)]
        made.append(
            CueShown(
                paragraphs=marked(clip.text, cue.span, quotes=quotes, seen=seen),
                start_seconds=cue.start_seconds,
                end_seconds=cue.end_seconds,
                first=min(places) + 1 if places else 0,
                last=max(places) + 1 if places else 0,
                stressed=cue.stressed + 1 if cue.stressed is not None else 0,
            )
        )
    return tuple(made)
