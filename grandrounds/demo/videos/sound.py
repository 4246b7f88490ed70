"""The demo films with nothing wrong, one function each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from grandrounds.demo.videos import bodies, hands, lecture, scans
from grandrounds.demo.videos.film import RATE, Coding, Picture, coded
from grandrounds.demo.videos.made import Made
from grandrounds.demo.videos.spoken import Cue, srt, vtt

WEBM = Coding(container="webm", codec="libvpx-vp9", quality=44)

LUNG_WORDS: tuple[Cue, ...] = (
    (0.3, 2.9, "The pleural line slides between the ribs."),
    (3.4, 5.9, "B-lines come down like comet tails from the lung surface."),
    (6.4, 8.9, "Dark fluid is a pleural effusion."),
    (9.6, 12.4, "The liver lies at the lower edge."),
)
SLICES_WORDS: tuple[Cue, ...] = (
    (0.2, 2.2, "Both lung bases hold air."),
    (2.7, 5.1, "The liver takes up most of the picture, and the spleen lies opposite."),
    (5.6, 8.2, "Both kidneys are bright with contrast."),
    (9.6, 11.8, "The urinary bladder is full."),
)
BOWEL_WORDS: tuple[Cue, ...] = (
    (0.4, 2.8, "The folds of the colon come towards us."),
    (3.7, 6.2, "A red polyp sits on a fold."),
    (7.2, 9.5, "A diverticulum opens in the wall."),
    (10.4, 12.6, "A yellow lipoma bulges from the side."),
)
HEART_RATE = 25


def _film(pictures: Iterable[Picture], how: Coding, facts: Mapping[str, Any], **beside: str) -> Made:
    """``beside`` by ending, an underscore for each point: ``en_vtt``."""
    files = {f".{name.replace('_', '.')}": text.encode() for name, text in beside.items()}
    frames = list(pictures)
    every = {"frames": len(frames), "codec": _CODECS[how.codec], "cuts": [], "rate": how.rate}
    return Made(data=coded(frames, how), beside=files, facts={**every, **facts})


_CODECS = {"libx264": "h264", "libvpx-vp9": "vp9", "mpeg2video": "mpeg2video"}


def _sliding_lung() -> Made:
    facts = {"cues": 4, "origin": "vtt", "moves": ["left"]}
    return _film(scans.lung(), Coding(), facts, en_vtt=vtt(LUNG_WORDS))


def _beating_heart() -> Made:
    how = Coding(container="mpeg", codec="mpeg2video", quality=330, rate=HEART_RATE, keyframes=15)
    return _film(scans.heart(6.0, HEART_RATE), how, {"no_order": True})


def _walked(pictures: Iterable[Picture], how: Coding) -> Made:
    return _film(pictures, how, {"cuts": [round(bodies.PASS_SECONDS * RATE)]})


def _across_the_room() -> Made:
    return _walked(bodies.to_and_fro(start=14, end=300, clothes=bodies.BLUE, seed=12), Coding())


def _with_a_stick() -> Made:
    pictures = bodies.to_and_fro(start=290, end=50, clothes=bodies.RED, seed=15, aid="stick")
    return _walked(pictures, WEBM)


def _with_a_frame() -> Made:
    pictures = bodies.to_and_fro(start=18, end=284, clothes=bodies.GREEN, seed=18, aid="frame")
    return _walked(pictures, Coding())


def _squats() -> Made:
    facts = {"repetitions": {"right_knee_angle": 4}}
    return _film(bodies.SQUATS.pictures(), Coding(), facts, csv=bodies.as_csv(bodies.SQUATS))


def _heel_raises() -> Made:
    facts = {"repetitions": {"right_ankle_angle": 7}}
    return _film(bodies.HEEL_RAISES.pictures(), Coding(), facts, trc=bodies.as_trc(bodies.HEEL_RAISES))


def _arm_raises() -> Made:
    facts = {"repetitions": {"right_wrist_height": 5}}
    return _film(bodies.ARM_RAISES.pictures(), WEBM, facts, json=bodies.as_json(bodies.ARM_RAISES))


def _vein_puncture() -> Made:
    cuts = [*hands.PUNCTURE_CUTS, hands.PUNCTURE_DISSOLVE[1]]
    facts = {"cuts": cuts, "gradual": [hands.PUNCTURE_DISSOLVE[1]], "cues": 4, "origin": "srt", "steps": 4}
    return _film(hands.puncture(), Coding(), facts, srt=srt(hands.PUNCTURE_WORDS))


def _wound_closure() -> Made:
    how = Coding(times=hands.closure_times(), turned=90)
    facts = {"turned": True, "variable_rate": True, "cues": 4, "origin": "vtt", "steps": 4}
    return _film(hands.closure(), how, facts, en_vtt=vtt(hands.CLOSURE_WORDS))


def _colon() -> Made:
    facts = {"cues": 4, "origin": "vtt"}
    return _film(scans.bowel(), Coding(quality=32), facts, en_vtt=vtt(BOWEL_WORDS))


def _dressing_change() -> Made:
    how = Coding(container="matroska", told=hands.DRESSING_WORDS)
    facts = {"cuts": list(hands.DRESSING_CUTS), "cues": 4, "origin": "embedded", "steps": 4}
    return _film(hands.dressing(), how, facts)


def _finger_prick() -> Made:
    facts = {"cuts": list(hands.PRICK_CUTS), "cues": 5, "origin": "srt", "steps": 5}
    return _film(hands.prick(), Coding(), facts, en_srt=srt(hands.PRICK_WORDS))


def _belly_lecture() -> Made:
    facts = {
        "cuts": list(lecture.CUTS),
        "slides": [list(one) for one in lecture.SLIDES],
        "cues": 7,
        "origin": "vtt",
    }
    return _film(lecture.lecture(), Coding(), facts, en_vtt=vtt(lecture.WORDS))


def _swallow() -> Made:
    facts = {"cuts": [round(scans.SWALLOW_SECONDS * RATE)]}
    return _film(scans.swallows(), Coding(), facts)


def _capillaries() -> Made:
    return _film(scans.capillaries(), Coding(quality=29), {"moves": ["left"]})


def _slices() -> Made:
    facts = {"cues": 4, "origin": "srt"}
    return _film(scans.slices(), WEBM, facts, en_srt=srt(SLICES_WORDS))


SOUND: Mapping[str, Callable[[], Made]] = {
    "imaging/sliding-lung.mp4": _sliding_lung,
    "imaging/beating-heart.mpg": _beating_heart,
    "imaging/barium-swallow.mp4": _swallow,
    "imaging/nailfold-capillaries.mp4": _capillaries,
    "imaging/belly-ct.webm": _slices,
    "imaging/belly-ultrasound-lecture.mp4": _belly_lecture,
    "imaging/colonoscopy.mp4": _colon,
    "gait/across-the-room.mp4": _across_the_room,
    "gait/with-a-stick.webm": _with_a_stick,
    "gait/with-a-frame.mp4": _with_a_frame,
    "exercises/squats.mp4": _squats,
    "exercises/heel-raises.mp4": _heel_raises,
    "exercises/arm-raises.webm": _arm_raises,
    "procedures/vein-puncture.mp4": _vein_puncture,
    "procedures/wound-closure.mp4": _wound_closure,
    "procedures/dressing-change.mkv": _dressing_change,
    "procedures/finger-prick.mp4": _finger_prick,
}
"""Each film by its path below the folder of films, and what makes it."""
