"""The fixed words of questions on clips, and of the reasons for their answers."""

from __future__ import annotations

from collections.abc import Sequence

_SIDES = {"angle": ("larger", "smaller"), "height": ("higher", "lower")}


def frame_label(place: int) -> str:
    """What the frame at ``place`` (from 0) is called where frames are in order of time."""
    return f"Frame {place + 1}"


def pair_option(first: int) -> str:
    """The option that names the frame at ``first`` (from 0) and the one after it."""
    return f"Between frames {first + 1} and {first + 2}"


def order_option(labels: Sequence[str]) -> str:
    """The option that names an order."""
    return ", ".join(labels)


def time_words(seconds: float) -> str:
    """A time as minutes and seconds to a tenth: ``0:03.2``, ``1:02:03.4``."""
    tenths = round(abs(seconds) * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    sign = "-" if seconds < 0 and tenths else ""
    told = f"{rest // 10:02d}.{rest % 10}"
    return f"{sign}{hours}:{minutes:02d}:{told}" if hours else f"{sign}{minutes}:{told}"


def named(label: str, seconds: float) -> str:
    """A frame with its time, as reasons begin: ``Frame 1 (0:03.2)``."""
    return f"{label} ({time_words(seconds)})"


def listed(names: Sequence[str], *, last: str = "and") -> str:
    """Names in a row: "A, B and C"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}"


def quoted(words: str) -> str:
    """Words between marks."""
    return f"\u201c{words}\u201d"


# What each task asks ----------------------------------------------------------------------------


def order_question(statement: str) -> str:
    """Asks for the order of pictures; ``statement`` is what tells one end of it from the other."""
    return f"{statement} In which order were the pictures taken?"


def change_question() -> str:
    """Asks where the picture changes most."""
    return "Between which two frames that follow one another does the picture change most?"


def frame_question(words: str) -> str:
    """Asks for the frame that ``words`` are said of."""
    return f"Which frame do these words from the video describe? {quoted(words)}"


def next_picture_question(letters: Sequence[str]) -> str:
    """Asks for the picture that follows."""
    return f"Which of the pictures {listed(letters)} is the next frame in time?"


def next_step_question() -> str:
    """Asks for the step that follows."""
    return "Which of these steps comes next in the video?"


def count_question(movement: str) -> str:
    """Asks how often a movement is repeated."""
    return (
        f"The frames show {movement}, with each of its turning points. There and back again is one "
        "repetition. How many whole repetitions do the frames show?"
    )


def states_question(state: str) -> str:
    """Asks how many frames show a state of the body."""
    return f"In how many of the frames is {state}?"


# Statements -------------------------------------------------------------------------------------


def moves(direction: str) -> str:
    """That what is seen, or a thing in it, moves, and where to."""
    return (
        "From each picture to the next in time, what moves (all that is seen, or something in it) lies "
        f"{direction}."
    )


def changes(quantity: str, comparative: str) -> str:
    """That a quantity of the body grows or shrinks."""
    return f"From each picture to the next in time, {quantity} is {comparative}."


def steps_told(steps: Sequence[str]) -> str:
    """What is done, step by step."""
    told = "; ".join(f"{number}. {quoted(step)}" for number, step in enumerate(steps, start=1))
    return f"The video shows these steps, one after the other: {told}."


def direction_words(x: float, y: float) -> str:
    """Where a shift goes: ``further to the left``, ``further up and to the right``. Right and down are
    positive."""
    up_down = "up" if y < 0 else "down"
    side = "to the left" if x < 0 else "to the right"
    if abs(y) <= _STRAIGHT * abs(x):
        return f"further {side}"
    if abs(x) <= _STRAIGHT * abs(y):
        return f"further {up_down}"
    return f"further {up_down} and {side}"


_STRAIGHT = 0.4  # sideways by forwards: up to about 22 degrees off
