"""Clips for tests that are about what they allow to ask: rows whose frames, words and key points fit."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from grandrounds.fingerprint import content_id, sha256_text
from grandrounds.records.clip import ClipCue, ClipFrame, ClipPose, ClipRow
from grandrounds.records.parts import Span

LEFT = (-30.0, 0.0, 0.9)
_PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def clip(
    *,
    seed: str = "a",
    count: int = 5,
    moves: Sequence[tuple[float, float, float]] = (),
    changes: Sequence[float] = (),
    says: Sequence[str] = (),
    at: Sequence[int | None] = (),
    poses: Sequence[ClipPose] = (),
    **more: Any,
) -> ClipRow:
    """A clip of ``count`` frames a second apart. ``moves`` are (x, y, share) of each step, ``changes`` its
    grey values. ``says`` are cues, one a frame unless ``at`` says which frame each is said of."""
    frames = tuple(
        frame(
            place,
            seed=seed,
            move=moves[place - 1] if place and len(moves) >= place else (0.0, 0.0, 0.0),
            change=changes[place - 1] if place and len(changes) >= place else 0.5 * bool(place),
        )
        for place in range(count)
    )
    text, cues = "", []
    for number, words in enumerate(says):
        start = len(text) + bool(text)
        text = f"{text}\n{words}" if text else words
        place = at[number] if at else number
        seconds = 1.0 + (number if place is None else place)
        near = () if place is None else tuple(p for p in (place - 1, place, place + 1) if 0 <= p < count)
        cues.append(
            ClipCue(
                span=Span(start=start, end=len(text)),
                start_seconds=seconds - 0.4,
                end_seconds=seconds + 0.4,
                frames=near,
                stressed=place,
            )
        )
    values: dict[str, Any] = {
        "evidence_id": content_id("clip", [seed, count, str(moves), str(changes), text]),
        "source_id": content_id("source", seed),
        "source_sha256": sha256_text(f"film {seed}"),
        "video_id": content_id("video", seed),
        "group_id": content_id("group", seed),
        "start_seconds": 1.0,
        "end_seconds": float(count) + 0.04,
        "coherence": "scene",
        "frames": frames,
        "text": text,
        "text_sha256": sha256_text(text),
        "text_origin": "srt" if text else "none",
        "cues": tuple(cues),
        "poses": tuple(poses),
        "medical": ("name: ultrasound",),
        "language": "en",
        "licence": "CC-BY-4.0",
    }
    return ClipRow(**{**values, **more})


def frame(
    place: int, *, seed: str = "a", move: tuple[float, float, float] = LEFT, change: float = 0.5
) -> ClipFrame:
    """The frame at a place (from 0): second 1 is the first."""
    digest = sha256_text(f"frame {seed} {place}")
    return ClipFrame(
        frame=25 * (place + 1),
        seconds=1.0 + place,
        end_seconds=1.04 + place,
        scene=0,
        sha256=digest,
        pixels_sha256=sha256_text(f"pixels {seed} {place}"),
        crop=(0, 0, 320, 240),
        width=320,
        height=240,
        sharpness=100.0,
        perceptual_hash=digest[:16],
        change=change,
        motion_x=move[0],
        motion_y=move[1],
        motion_share=move[2],
    )


def bending(*values: float, signal: str = "left_knee_angle", **more: Any) -> ClipPose:
    """A signal in degrees at each frame."""
    return ClipPose(**{"signal": signal, "unit": "degrees", "values": tuple(values), **more})


STEPS = (
    "First, the skin over the knee is disinfected.",
    "Then the needle goes into the joint space.",
    "Next, we aspirate cloudy fluid into the syringe.",
    "After that a dressing covers the puncture.",
    "Finally the patient bends the leg freely.",
)
SIGHTS = (
    "Here the liver has a smooth surface.",
    "This is the right kidney in its long axis.",
    "You see the spleen below the diaphragm.",
    "The gallbladder contains a stone.",
    "And here the pancreas crosses the aorta.",
)


def panning(**more: Any) -> ClipRow:
    """A clip whose scene moves to the left at every step."""
    return clip(moves=[LEFT] * 4, changes=(9.0, 8.0, 9.5, 8.5), **more)


def with_pictures(row: ClipRow, put: Callable[[bytes], str]) -> ClipRow:
    """The clip with small pictures in a lake, a different one for each frame."""
    frames = tuple(
        replace(each, sha256=put(_PIXEL + row.evidence_id.encode() + bytes([place])))
        for place, each in enumerate(row.frames)
    )
    return replace(row, frames=frames)
