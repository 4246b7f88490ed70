"""Names of key points, as one spelling: ``left_knee``, ``mid_hip``, ``nose``, whoever wrote the table.

Orders of points that are known by number: COCO's 17 key points (Lin et al. 2014), OpenPose's BODY_25 (Cao
et al. 2019), and the 33 landmarks of MediaPipe's BlazePose (Bazarevsky et al. 2020).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_COCO = (
    "nose left_eye right_eye left_ear right_ear left_shoulder right_shoulder left_elbow right_elbow "
    "left_wrist right_wrist left_hip right_hip left_knee right_knee left_ankle right_ankle"
)
_BODY_25 = (
    "nose neck right_shoulder right_elbow right_wrist left_shoulder left_elbow left_wrist mid_hip "
    "right_hip right_knee right_ankle left_hip left_knee left_ankle right_eye left_eye right_ear "
    "left_ear left_toe left_small_toe left_heel right_toe right_small_toe right_heel"
)
_BLAZE = (
    "nose left_eye_inner left_eye left_eye_outer right_eye_inner right_eye right_eye_outer left_ear "
    "right_ear left_mouth right_mouth left_shoulder right_shoulder left_elbow right_elbow left_wrist "
    "right_wrist left_pinky right_pinky left_index right_index left_thumb right_thumb left_hip "
    "right_hip left_knee right_knee left_ankle right_ankle left_heel right_heel left_toe right_toe"
)
_BY_COUNT = {17: _COCO.split(), 25: _BODY_25.split(), 33: _BLAZE.split()}

_SIDES = {"l": "left", "left": "left", "lt": "left", "r": "right", "right": "right", "rt": "right"}
_PARTS = {
    "shoulder": "shoulder", "sho": "shoulder", "acromion": "shoulder", "elbow": "elbow", "elb": "elbow",
    "wrist": "wrist", "wri": "wrist", "hip": "hip", "knee": "knee", "kne": "knee", "ankle": "ankle",
    "ank": "ankle", "eye": "eye", "ear": "ear", "heel": "heel", "calcaneus": "heel", "toe": "toe",
    "bigtoe": "toe", "smalltoe": "small_toe", "footindex": "toe", "foottip": "toe", "foot": "toe",
    "nose": "nose", "neck": "neck", "head": "head", "pelvis": "mid_hip", "midhip": "mid_hip",
    "root": "mid_hip",
    "hips": "mid_hip", "thorax": "neck", "hand": "hand", "thumb": "thumb", "index": "index",
    "pinky": "pinky", "mouth": "mouth",
}  # fmt: skip
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SPLIT = re.compile(r"[^A-Za-z0-9]+")


def canonical(name: str) -> str:
    """The one spelling of a point's name; one that isn't known in lower case with underscores."""
    words = [word for word in _SPLIT.split(_CAMEL.sub(" ", name.strip())) if word]
    lower = [word.casefold() for word in words]
    side = next((_SIDES[word] for word in lower if word in _SIDES), "")
    rest = [word for word in lower if word not in _SIDES and word not in ("joint", "marker", "point")]
    part = _PARTS.get("".join(rest))
    if part is None and len(rest) == 1 and not side:
        side, part = _glued(rest[0])
    if part is None:
        return "_".join([side, *rest] if side else rest)[:80]
    if side:
        return part if part in ("nose", "neck", "mid_hip") else f"{side}_{part}"
    return "mid_hip" if part == "hip" else part


def numbered(count: int) -> Sequence[str] | None:
    """The names of ``count`` points that are only numbered; ``None`` for a count of no known order."""
    return _BY_COUNT.get(count)


def _glued(word: str) -> tuple[str, str | None]:
    """``lknee``, ``rwrist``: a side's letter without anything between."""
    if word[:1] in ("l", "r") and word[1:] in _PARTS:
        return _SIDES[word[0]], _PARTS[word[1:]]
    if word[-1:] in ("l", "r") and word[:-1] in _PARTS:
        return _SIDES[word[-1]], _PARTS[word[:-1]]
    return "", None
