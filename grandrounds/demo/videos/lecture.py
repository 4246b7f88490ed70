"""A lecture: pages of text between parts of films. The pages must not become frames of questions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import cv2
import numpy as np

from grandrounds.demo.videos import scans
from grandrounds.demo.videos.film import RATE, Picture
from grandrounds.demo.videos.spoken import Cue
from grandrounds.demo.videos.stage import HEIGHT, WIDTH

SLIDE_SECONDS, FILM_SECONDS = 2.5, 5.0

WORDS: tuple[Cue, ...] = (
    (0.3, 2.3, "Welcome to this short lesson on ultrasound of the belly."),
    (2.6, 4.0, "The liver is grey throughout, with dark vessels."),
    (4.2, 5.7, "The gallbladder comes into view."),
    (5.9, 7.4, "Gallstones cast a black shadow."),
    (7.7, 9.8, "Now to the other side of the duct."),
    (10.1, 12.3, "The right kidney has a bright middle."),
    (12.6, 14.8, "Its dark rim is the renal cortex."),
)

CUTS = (25, 75, 100)
SLIDES = ((0, 25), (75, 100))

_PAGES: Sequence[Sequence[str]] = (
    ("ULTRASOUND OF THE BELLY", "1  Probe below the ribs", "2  Breathe in and hold",
     "3  Sweep to the middle", "4  Look for shadows"),
    ("WHAT TO REMEMBER", "Stones are bright", "Shadows are black", "Bile is dark, too", "The duct is thin"),
)  # fmt: skip


def slide(rows: Sequence[str]) -> Picture:
    """A page of text."""
    page = np.full((HEIGHT, WIDTH, 3), (244, 244, 238), dtype=np.uint8)
    for number, row in enumerate(rows):
        size, place = (0.58, (20, 48)) if number == 0 else (0.52, (30, 58 + 36 * number))
        cv2.putText(page, row, place, cv2.FONT_HERSHEY_SIMPLEX, size, (30, 34, 40), 1, cv2.LINE_AA)
    return page


def lecture() -> Iterator[Picture]:
    """Page, film, page, film."""
    belly = (
        scans.gallbladder(FILM_SECONDS, start=0.0, end=0.52),
        scans.gallbladder(FILM_SECONDS, start=0.62, end=1.0),
    )
    for page, film in zip(_PAGES, belly, strict=True):
        yield from [slide(page)] * round(SLIDE_SECONDS * RATE)
        yield from islice(film, round(FILM_SECONDS * RATE))
