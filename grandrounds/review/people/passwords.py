"""Passwords: hashed with argon2id (RFC 9106), checked in the same time whether the account exists or not.

Rules follow NIST SP 800-63B: a least length, spaces and every character allowed, no composition rules, none
that everybody tries first. A password is compared in one Unicode form (NFKC), as keyboards differ.
"""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from grandrounds.errors import MissingDependencyError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST, LONGEST = 12, 128
# Each takes MEMORY for some 50 ms; more at once would let a flood of logins take all of it.
_AT_ONCE = threading.BoundedSemaphore(4)
_ROUNDS, _MEMORY_KIB, _LANES = 3, 64 * 1024, 4  # RFC 9106's second recommended choice
_LEFT = 4  # characters beside well-known words that make a password one's own
_ENDS = "0123456789!?.,-_*#@$ "
_LEET = str.maketrans("013457@$!", "oleastasi")


def hashed(password: str) -> str:
    """The hash to keep."""
    with _AT_ONCE:
        return _hasher().hash(_plain(password))


def matches(password: str, kept: str | None) -> bool:
    """Whether ``password`` is the one that ``kept`` is of. Without one it takes as long to say no."""
    from argon2.exceptions import InvalidHashError, VerificationError

    plain = _plain(password)
    if len(plain) > 2 * LONGEST:  # nobody's; argon2 would read all of it
        plain, kept = "", None
    try:
        with _AT_ONCE:
            return _hasher().verify(kept or _nobody(), plain) and bool(kept)
    except (VerificationError, InvalidHashError):
        return False


def outdated(kept: str) -> bool:
    """Whether a hash was made with other settings than today's."""
    return _hasher().check_needs_rehash(kept)


def fault_in_password(password: str, *, name: str = "") -> str | None:
    """Why ``password`` can't be taken, as the key of a text; ``None`` when it can."""
    plain = _plain(password)
    if len(plain) < SHORTEST:
        return "password.short"
    if len(plain) > LONGEST:
        return "password.long"
    return "password.simple" if _simple(plain.casefold(), name.casefold()) else None


def warm_up() -> None:
    """Make what is compared for accounts that don't exist: the first of them must not take longer."""
    _nobody()


def _simple(plain: str, name: str) -> bool:
    bare = "".join(character for character in plain if character.isalnum())
    if len(set(bare)) < 5 or _repeats(bare) or _counts(bare):
        return True
    own = tuple(word for word in (name, "".join(filter(str.isalnum, name))) if len(word) > 2)
    if any(word in plain for word in own) and len(_without(plain, own, most=9)) < _LEFT:
        return True
    known = (*own, *_common())
    ends = plain.strip(_ENDS)
    spellings = (
        bare,
        "".join(filter(str.isalnum, ends)),
        "".join(filter(str.isalnum, ends.translate(_LEET))),
    )
    return any(
        left != spelt and len(left.strip("0123456789")) < _LEFT
        for spelt, left in ((spelt, _without(spelt, known, most=2)) for spelt in spellings)
    )


def _repeats(bare: str) -> bool:
    """Whether a short piece comes again and again."""
    return any(bare == (bare[:length] * len(bare))[: len(bare)] for length in range(1, len(bare) // 2 + 1))


def _counts(bare: str) -> bool:
    """Whether nearly all of it goes up or down by one, like 1234 or dcba."""
    steps = [ord(after) - ord(before) for before, after in pairwise(bare)]
    return max(steps.count(1), steps.count(-1)) > 0.7 * len(steps)


def _without(text: str, words: Sequence[str], *, most: int) -> str:
    """``text`` without well-known words, at most so many of them: a sentence of many is a good password."""
    for word in words:
        while most and word in text:
            text, most = text.replace(word, "", 1), most - 1
    return text


def _plain(password: str) -> str:
    return unicodedata.normalize("NFKC", password)


@cache
def _common() -> tuple[str, ...]:
    """The list, the longest first."""
    text = (Path(__file__).parent / "common_passwords.txt").read_text(encoding="utf-8")
    words = {word for line in text.splitlines() if not line.startswith("#") for word in line.split()}
    return tuple(sorted(words, key=lambda word: (-len(word), word)))


@cache
def _hasher() -> PasswordHasher:
    try:
        from argon2 import PasswordHasher
    except ModuleNotFoundError as exc:
        raise MissingDependencyError(
            "The clinicians' page needs argon2-cffi, which is not installed.",
            remedy='Install it: pip install "grandrounds[review]"',
        ) from exc
    return PasswordHasher(time_cost=_ROUNDS, memory_cost=_MEMORY_KIB, parallelism=_LANES)


@cache
def _nobody() -> str:
    return hashed("a password of nobody")
