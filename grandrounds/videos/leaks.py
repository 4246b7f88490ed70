"""Where the answer of an item on a clip is named: in what the solver reads, or in words on the frames.

Answers that name frames (``Frame 2``, ``C, A, B``, ``between frames 1 and 2``) or numbers can't be leaked
by naming them: the labels stand beside the pictures. Answers in words can.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from grandrounds.records.clip import ClipRow
from grandrounds.records.envelope import Envelope
from grandrounds.records.video import VideoRow
from grandrounds.text import contains_phrase, words

_OF_FRAMES = frozenset(
    {
        "a", "after", "all", "an", "and", "as", "at", "before", "between", "each", "first", "fifth",
        "fourth", "frame", "frames", "from", "in", "is", "it", "last", "next", "none", "of", "on", "or",
        "picture", "pictures", "second", "the", "then", "third", "to", "with",
    }
)  # fmt: skip


def naming_faults(item: Envelope) -> Iterator[str]:
    """Texts that the solver reads and that name the answer, as sentences ("its question names ...")."""
    for name in (item.answer, *item.answer_aliases):
        if not tells(item, name):
            continue
        for where, text in _shown(item):
            if text and contains_phrase(text, name):
                yield f"its {where} names its answer ({name!r})"


def words_on(row: ClipRow, item: Envelope, video: VideoRow) -> tuple[str, ...]:
    """The words read on the frames that an item shows."""
    shown = {media.sha256 for media in item.media}
    numbers = {frame.frame for frame in row.frames if frame.sha256 in shown}
    return tuple(
        word for frame in video.looked_at if frame.frame in numbers for word in frame.words if word.strip()
    )


def names_on_screen(item: Envelope, told: Iterable[str]) -> tuple[bool, tuple[str, ...]]:
    """Whether words on the frames name the answer, and which wrong options they name."""
    text = "\n".join(told)
    if not text or not tells(item, item.answer):
        return False, ()
    others = tuple(
        option for option in item.options if option != item.answer and contains_phrase(text, option)
    )
    return any(contains_phrase(text, name) for name in (item.answer, *item.answer_aliases)), others


def tells(item: Envelope, name: str) -> bool:
    """Whether ``name`` says more than which frame or how many: only such can be leaked."""
    labels = {word for media in item.media for word in words(media.label)}
    return any(
        word not in labels and word not in _OF_FRAMES and not word[0].isdigit() and len(word) > 1
        for word in words(name)
    )


def _shown(item: Envelope) -> Iterator[tuple[str, str]]:
    yield "stem", item.stem
    yield "question", item.question
    for media in item.media:
        yield "frame's name", media.name.replace("_", " ").replace("-", " ")
        yield "frame's label", media.label
        yield "frame's caption", media.caption
