"""Clips by what is said: a frame for each of a few cues in a row, or for each step that they number."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from grandrounds.records.clip import SCENE, SEQUENCE
from grandrounds.records.video import VideoFrame
from grandrounds.videos.clips_candidate import Candidate, Ground
from grandrounds.videos.clips_choice import Chosen, one_each
from grandrounds.videos.clips_hearing import Heard

PAUSE = 2.5
"""Seconds of silence that end a run of speech."""

_LONGEST_RUN = 90.0
_LONGEST_STEPS = 240.0
_EACH = 3
_STEP = re.compile(
    r"^\W*(?:(?:and|so|now|okay|ok|well)\W+)?(?:step\s+(?:number\s+)?(?:\d{1,2}|one|two|three|four|five|six)\b"
    r"|(?:first|second|third|fourth|fifth)(?:ly)?\b|then\b|next\b|after\s+th(?:at|is)\b|afterwards\b|finally\b"
    r"|lastly\b|last\b)",
    re.IGNORECASE,
)


def by_speech(ground: Ground) -> Iterator[Candidate]:
    """Clips of cues: within one scene, of several scenes that one run of speech joins, and of steps."""
    for run in runs(ground.cues):
        for scene in _scenes_of(run, ground):
            own = [cue for cue in run if ground.scene_at(cue.middle) == scene]
            yield from _groups(own, ground, scenes=(scene, scene))
        low, high = ground.scene_at(run[0].start), ground.scene_at(run[-1].end)
        if high > low:
            yield from _groups(run, ground, scenes=(low, high))
    yield from _steps(ground)


def runs(cues: Sequence[Heard]) -> list[list[Heard]]:
    """Cues that follow one another without a long silence."""
    found: list[list[Heard]] = []
    until = float("-inf")
    for cue in cues:
        if cue.start - until > PAUSE or not found:
            found.append([])
        found[-1].append(cue)
        until = max(until, cue.end)
    return found


def _scenes_of(run: Sequence[Heard], ground: Ground) -> list[int]:
    return sorted({ground.scene_at(cue.middle) for cue in run})


def _groups(cues: Sequence[Heard], ground: Ground, *, scenes: tuple[int, int]) -> Iterator[Candidate]:
    """Successive cues, as many as frames may be, each with a frame of its own; then the next ones."""
    at = 0
    while at < len(cues):
        taken: list[tuple[Heard, list[VideoFrame]]] = []
        best: Chosen | None = None
        end = at
        while end < len(cues) and len(taken) < ground.asked.most_frames:
            if cues[end].end - cues[at].start > _LONGEST_RUN:
                break
            own = near(cues[end], ground, scenes)
            chosen = _one_each([*(frames for _, frames in taken), own], ground) if own else None
            if chosen is not None:
                taken.append((cues[end], own))
                best = chosen
            end += 1
        if best is not None and len(taken) >= ground.asked.least_frames:
            yield from _candidate(best, [cue for cue, _ in taken], ground, steps=False)
        at = max(end, at + 1)


def _steps(ground: Ground) -> Iterator[Candidate]:
    """Cues that number what is done, three at least, in one scene or joined by speech."""
    told = [cue for cue in ground.cues if _STEP.match(cue.text)]
    begin = 0
    while begin + 2 < len(told):
        group: list[Heard] = []
        places: list[list[VideoFrame]] = []
        best: Chosen | None = None
        end = begin
        while end < len(told) and len(group) < ground.asked.most_frames:
            if told[end].end - told[begin].start > _LONGEST_STEPS:
                break
            own = near(told[end], ground, (0, ground.last_scene))
            chosen = _one_each([*places, own], ground) if own else None
            if chosen is not None and _joined(chosen, ground):
                group.append(told[end])
                places.append(own)
                best = chosen
            end += 1
        if best is not None and len(group) >= 3:
            yield from _candidate(best, group, ground, steps=True)
        begin = max(end, begin + 1) if len(group) >= 3 else begin + 1


def _one_each(places: Sequence[Sequence[VideoFrame]], ground: Ground) -> Chosen | None:
    return one_each(places, near=ground.asked.near_frame, sharp=ground.sharp)


def _candidate(
    chosen: Chosen, cues: Sequence[Heard], ground: Ground, *, steps: bool
) -> Iterator[Candidate]:
    scenes = sorted({frame.scene for frame in chosen.frames})
    if len(scenes) > 1 and not _joined(chosen, ground):
        return
    score = 1.5 + chosen.score + 0.35 * len(cues) + (1.0 if steps else 0.0)
    yield Candidate(
        frames=chosen.frames,
        coherence=SCENE if len(scenes) == 1 else SEQUENCE,
        sequence="" if len(scenes) == 1 else f"scenes {scenes[0]}-{scenes[-1]}",
        score=score - (0.4 if len(scenes) > 1 else 0.0),
    )


def _joined(chosen: Chosen, ground: Ground) -> bool:
    """Whether one run of speech goes on over every cut between the frames."""
    scenes = [frame.scene for frame in chosen.frames]
    return ground.spoken_through(min(scenes), max(scenes))


def near(cue: Heard, ground: Ground, scenes: tuple[int, int]) -> list[VideoFrame]:
    """The frames that may stand for a cue, best first: within its time, else near it in its window, and in
    the scene that is on screen in its middle where there are any."""
    window = ground.asked.window_seconds
    own = ground.scene_at(cue.middle)
    frames = [
        frame
        for frame in ground.between(cue.start - window, cue.end + window)
        if scenes[0] <= frame.scene <= scenes[1]
    ]
    inside = [frame for frame in frames if frame.scene == own]
    ranked = sorted(
        inside or frames,
        key=lambda frame: (
            round(cue.distance(frame.seconds), 3),
            abs(frame.seconds - cue.middle) / max(cue.end - cue.start, 0.5)
            - 0.4 * ground.sharp[frame.frame],
            frame.frame,
        ),
    )
    return ranked[:_EACH]
