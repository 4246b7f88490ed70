"""Films that are hard or faulty in one way each, one function each; small and short."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

import cv2
import numpy as np

from grandrounds.demo.videos import bodies, scans
from grandrounds.demo.videos.film import RATE, Coding, Picture, coded, only_sound, only_words
from grandrounds.demo.videos.made import Made
from grandrounds.demo.videos.sound import WEBM
from grandrounds.demo.videos.spoken import Cue, moved, srt
from grandrounds.demo.videos.stage import ground, limb, oval

SMALL = (240, 180)
_WORDS: tuple[Cue, ...] = (
    (0.4, 1.9, "Capillaries stand side by side at the nail fold."),
    (2.6, 3.4, "Each loop comes up and goes back."),
    (4.6, 6.4, "A wide loop is a giant capillary."),
    (7.0, 7.7, "Dark spots are small bleeds of the skin."),
)
LATE = 3.0


def _small(pictures: Iterator[Picture], size: tuple[int, int] = SMALL) -> Iterator[Picture]:
    for picture in pictures:
        yield np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _loops(seed: int, seconds: float = 5.0) -> Iterator[Picture]:
    return _small(scans.capillaries(seconds, seed=seed))


def _walk(
    seed: int, *, start: float, end: float, seconds: float, clothes: bodies.Clothes
) -> Iterator[Picture]:
    return _small(bodies.walking(start=start, end=end, seconds=seconds, clothes=clothes, seed=seed))


def _made(
    pictures: Iterator[Picture],
    why: str,
    *,
    how: Coding | None = None,
    beside: Mapping[str, str] | None = None,
    **facts: Any,
) -> Made:
    frames = list(pictures)
    texts = {name: text.encode() for name, text in (beside or {}).items()}
    return Made(
        data=coded(frames, how or Coding(quality=31)),
        beside=texts,
        why=why,
        facts={"frames": len(frames), **facts},
    )


# Rights -----------------------------------------------------------------------------------------


def _no_licence() -> Made:
    pictures = _walk(40, start=30, end=260, seconds=3.8, clothes=bodies.YELLOW)
    return _made(pictures, "nobody says what its licence is", licence="unknown")


def _non_commercial() -> Made:
    return _made(
        _loops(2),
        "its licence allows no sale: an open release can't show its frames",
        licence="CC-BY-NC-4.0",
    )


def _all_rights_reserved() -> Made:
    pictures = _walk(41, start=280, end=60, seconds=3.7, clothes=bodies.GREEN)
    return _made(pictures, "the text beside it reserves all rights", licence="unknown")


def _protected() -> Made:
    return _made(_loops(5, 4.6), "only a local model may see it", protected=True)


# Files ------------------------------------------------------------------------------------------


def _truncated() -> Made:
    how = Coding(container="mpeg", codec="mpeg2video", quality=260, rate=25, keyframes=12)
    whole = coded(_small(scans.heart(4.0, 25)), how)
    return Made(
        data=whole[: len(whole) * 3 // 5], why="the end did not arrive", facts={"fewer_frames_than": 100}
    )


def _audio_only() -> Made:
    data = only_sound([(0.3, 1.2), (1.6, 2.4)], seconds=3.0)
    return Made(data=data, status="failed", why="a sound with a film's name")


def _no_pictures() -> Made:
    return Made(data=only_words(_WORDS), status="failed", why="a container that holds subtitles only")


def _one_frame() -> Made:
    return _made(islice(_loops(8), 1), "a film of one picture")


def _empty() -> Made:
    return Made(data=b"", kind="empty", status="failed", says="0 bytes", why="no bytes")


def _text() -> Made:
    data = b"Notes on the film:\nthe camera was lent out, so there is none.\n"
    return Made(
        data=data, kind="other", status="failed", says="named as a video", why="a text with a film's name"
    )


def _grows() -> Made:
    how = Coding(container="mpegts", quality=31, keyframes=20)
    small = coded(_small(scans.swallow(3.0), (192, 144)), how)
    late = tuple(4400 + 100 * number for number in range(30))
    large = coded(
        _small(scans.swallow(3.0), (288, 216)),
        Coding(container="mpegts", quality=31, keyframes=20, times=late),
    )
    return Made(data=small + large, why="its pictures get larger halfway", facts={"size_changes": True})


# Copies -----------------------------------------------------------------------------------------


def _recoded() -> Made:
    pictures = _small(scans.swallows())
    return _made(
        pictures,
        "the film of the swallow in another code, size and container",
        how=WEBM,
        same_group="imaging/barium-swallow.mp4",
    )


def _trimmed() -> Made:
    pictures = islice(scans.capillaries(), 24, 74)
    return _made(
        pictures,
        "the middle of the film of the nail fold",
        how=Coding(quality=31),
        near_copy="imaging/nailfold-capillaries.mp4",
    )


# Pictures ---------------------------------------------------------------------------------------


def _race() -> Made:
    return _made(_riders(), "no medicine in it: coloured riders", topics=False)


def _riders() -> Iterator[Picture]:
    scene = np.array(ground((104, 150, 84), seed=151, rough=0.25))
    for row in (70, 110, 150, 190):
        limb(scene, [(-10, row), (330, row - 14)], width=26, colour=(132, 128, 122))
    colours = ((220, 40, 50), (250, 210, 40), (50, 90, 220), (240, 240, 240), (30, 30, 30))
    for number in range(60):
        picture = scene.copy()
        for rider, colour in enumerate(colours):
            x = 20 + (4.2 + 0.35 * rider) * number - 6 * rider
            y = 68 + 30 * rider - 0.04 * x + 3 * np.sin(0.4 * number + rider)
            for wheel in (-9, 9):
                oval(picture, (x + wheel, y + 8), (6, 6), (30, 30, 34))
            limb(picture, [(x - 9, y + 8), (x, y - 4), (x + 9, y + 8)], width=3, colour=colour)
            oval(picture, (x, y - 9), (6, 8), colour)
        yield np.asarray(cv2.resize(picture, SMALL, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _name_on_screen() -> Made:
    return _made(_named(), "a patient's name stands in the picture", verdicts=["name"])


def _named() -> Iterator[Picture]:
    for picture in islice(scans.heart(5.0, RATE), 50):
        cv2.putText(
            picture,
            "Patient: MARROWBY, OTTOLINE",
            (6, 14),
            cv2.FONT_HERSHEY_SIMPLEX,
            0.5,
            (235, 235, 235),
            1,
            cv2.LINE_AA,
        )
        cv2.putText(
            picture,
            "DOB: 03.02.1961",
            (6, 232),
            cv2.FONT_HERSHEY_SIMPLEX,
            0.5,
            (235, 235, 235),
            1,
            cv2.LINE_AA,
        )
        yield picture


def _black_and_frozen() -> Made:
    return _made(
        _dark_and_still(), "two seconds are black, and three stand still", verdicts=["black", "frozen"]
    )


def _dark_and_still() -> Iterator[Picture]:
    film = list(_loops(11, 6.0))
    yield from film[:30]
    yield from [np.zeros_like(film[0])] * 20
    yield from film[30:60]
    yield from [film[59]] * 30


# Words ------------------------------------------------------------------------------------------


def _late_subtitles() -> Made:
    spoken = tuple((start, end) for start, end, _ in _WORDS)
    how = Coding(quality=31, spoken=spoken)
    beside = {".en.srt": srt(moved(_WORDS, LATE))}
    return _made(
        _loops(14, 11.0),
        "the subtitles come three seconds late",
        how=how,
        beside=beside,
        cues=4,
        origin="srt",
        offset=-LATE,
    )


def _in_french() -> Made:
    words: tuple[Cue, ...] = (
        (0.4, 2.4, "D'abord le patient se leve de la chaise avec une canne."),
        (2.8, 4.8, "Ensuite il traverse la salle avec son medecin."),
        (5.2, 6.8, "Enfin il se repose sur le lit et son genou est plie."),
    )
    pictures = _walk(43, start=20, end=200, seconds=7.5, clothes=bodies.RED)
    return _made(pictures, "spoken in French", beside={".fr.srt": srt(words)}, language="fr")


def _beyond_the_end() -> Made:
    words: tuple[Cue, ...] = (
        *_WORDS[:2],
        (18.0, 20.0, "This is said of a part that was cut away."),
        (22.0, 24.0, "So is this."),
    )
    pictures = _walk(47, start=250, end=20, seconds=6.4, clothes=bodies.BLUE)
    spoken = "The patient walks with a normal gait."
    told = ((0.4, 1.9, spoken), *words[1:])
    return _made(
        pictures,
        "subtitles go on when the film is over",
        beside={".en.srt": srt(told)},
        cues=2,
        origin="srt",
    )


FAULTS: Mapping[str, Callable[[], Made]] = {
    "no-licence-gait.mp4": _no_licence,
    "non-commercial-nailfold.mp4": _non_commercial,
    "all-rights-reserved/gait.mp4": _all_rights_reserved,
    "protected-nailfold.mp4": _protected,
    "truncated-echo.mpeg": _truncated,
    "audio-only.mp4": _audio_only,
    "no-pictures.mkv": _no_pictures,
    "one-frame-nailfold.mp4": _one_frame,
    "empty.mp4": _empty,
    "text.mp4": _text,
    "growing-swallow.ts": _grows,
    "recoded-swallow.webm": _recoded,
    "trimmed-nailfold.mp4": _trimmed,
    "coloured-race.mp4": _race,
    "named-echo.mp4": _name_on_screen,
    "black-and-frozen-nailfold.mp4": _black_and_frozen,
    "late-subtitles-nailfold.mp4": _late_subtitles,
    "french-gait.mp4": _in_french,
    "beyond-the-end-gait.mp4": _beyond_the_end,
}
"""Each faulty film by its path below ``troubled``, and what makes it."""
