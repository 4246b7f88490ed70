"""Words from outside, made fit to be shown: no control character, no change of writing direction.

Titles, file names and servers' error texts may hold terminal escapes, or marks that turn the order
of what follows. Shown, they are spelt out (``\\x1b``, ``\\u202e``), so that a reader sees them.
"""

from __future__ import annotations


def visible(words: str) -> str:
    """``words`` with everything that doesn't print spelt out; ends of lines stay."""
    if words.isprintable():
        return words
    return "".join(
        char if char.isprintable() or char == "\n" else _spelt(char)
        for char in words.replace("\r\n", "\n").replace("\t", " ")
    )


def _spelt(char: str) -> str:
    """A character as its escape. Other spaces than the plain one print as a plain one."""
    return (
        " "
        if char.isspace() and char not in "\r\v\f\x1c\x1d\x1e\x1f\x85\u2028\u2029"
        else (char.encode("unicode_escape").decode())
    )
