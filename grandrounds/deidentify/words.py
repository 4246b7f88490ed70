"""Texts become controlled words: what is not on the list does not survive.

A list of what to keep beats a list of what to remove: no pattern knows every name, and a name that is
also a listed word (Head, Lung) tells nobody that it is one.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache
from pathlib import Path

import yaml

_FILE = Path(__file__).with_name("words.yaml")
_LONGEST = 20_000  # characters of a text that are looked at
_MOST_WORDS = 64
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SPLIT = re.compile(r"[^a-z0-9.*]+")
_MEASURE = re.compile(r"\d{1,3}(?:\.\d{1,3})?(?:mm|cm|ml|ms|kv|kvp|keV|hu|deg|cm2)", re.IGNORECASE)
_LEVEL = re.compile(r"(?:c[1-7]|t(?:[1-9]|1[0-3])|th(?:[1-9]|1[0-3])|l[1-6]|s[1-5])")
_CODE_SPLIT = re.compile(r"[_ ]+")
_CODE_PATTERN = re.compile(r"[A-Z0-9_ ]{1,16}\Z")
_CODE_NUMBER = re.compile(r"\d{1,3}\Z")
_CODE_SERIAL = re.compile(r"[A-Z]{1,2}\d{0,2}\Z")


@cache
def plain_words() -> frozenset[str]:
    """Words of descriptions, lower case."""
    return frozenset(_lists()["plain"].split())


@cache
def code_words() -> frozenset[str]:
    """Words of code strings, upper case."""
    both = f"{_lists()['plain']} {_lists()['codes']}".upper()
    return frozenset(_CODE_SPLIT.split(re.sub(r"\s+", " ", both).strip()))


def clean_text(text: str, *, extra: Collection[str] = ()) -> str:
    """The controlled words of ``text`` in their order, lower case, each once; empty where there are none.

    Besides listed words, spinal levels (``L4``) and lengths with a unit (``5mm``) stay. Everything else
    goes: names, dates, numbers, addresses. Cleaning twice changes nothing more.
    """
    # Letters that merely look like ASCII (full-width, Cyrillic) part words: they are of no listed one.
    found = dict.fromkeys(
        word
        for token in _SPLIT.split(text[:_LONGEST].lower())
        if (word := token.strip(".").replace("*", "star")) and _is_listed(word, extra)
    )
    return " ".join(list(found)[:_MOST_WORDS])


def clean_name(text: str, *, extra: Collection[str] = ()) -> str:
    """A structure's name (a label, an ROI): itself where every word of it is listed, else empty.

    A name that lost words could name another structure, so it is not shortened.
    """
    tokens = [token for token in _SPLIT.split(_CAMEL.sub(" ", text).lower()) if token.strip(".")]
    # A number, or the letter of a side at an end (Kidney_L), tells nobody.
    beside = re.compile(r"\d{1,2}")
    sides = {tokens[0], tokens[-1]} & {"l", "r"} if len(tokens) > 1 else set()
    listed = all(
        _is_listed(token.strip("."), extra) or beside.fullmatch(token) or token in sides for token in tokens
    )
    named = any(_is_listed(token.strip("."), extra) for token in tokens)
    plain = text.isascii() and text.isprintable() and len(text) <= 200
    return text.strip() if tokens and listed and named and plain else ""


def is_code(value: str) -> bool:
    """Whether a code string consists of listed words, short numbers, and of one- or two-letter codes."""
    if not value:
        return True
    if not _CODE_PATTERN.match(value):
        return False
    parts = [part for part in _CODE_SPLIT.split(value) if part]
    return all(
        part in code_words() or _CODE_NUMBER.match(part) or (len(parts) == 1 and _CODE_SERIAL.match(part))
        for part in parts
    )


_SCRUBBED = (
    re.compile(r"\b[\w.+-]{1,64}@[\w.-]{1,255}\b"),  # mail
    re.compile(r"\bhttps?://\S{1,2000}", re.IGNORECASE),
    re.compile(r"\.?\b[0-9]+(?:\.[0-9]+){2,}\b"),  # UIDs, and pieces of them
    re.compile(r"\b\d{1,4}[./-]\d{1,2}[./-]\d{1,4}\b"),  # dates
    re.compile(r"(?<!\w)'.{1,200}?'(?!\w)", re.DOTALL),  # values that a message quotes; not an apostrophe
    re.compile(r'"(?:[^"\\]|\\.){1,200}"'),
    re.compile(r"[^\s^]+\^[^\s]*"),  # names as DICOM writes them
)
_MADE = r"(?P<made>\bGR[0-9A-F]{24}\b)"
_NUMBERS = (
    re.compile(_MADE + r"|(?<![\d.])\+?\d[\d ()/-]{5,20}\d(?![\d.])"),  # phone and id numbers
    re.compile(_MADE + r"|(?<![\d,])\d{7,}(?![\d,])"),  # long numbers: the program's own have commas
)


def scrub(message: str) -> str:
    """A message of the program's own (a reason, a note) without quoted values, dates, UIDs, long numbers.

    For texts whose own words are the program's; text from a file goes through ``clean_text``. The digits of
    a pseudonym (``GR`` and 24 hex digits) are no long number.
    """
    for pattern in _SCRUBBED:
        message = pattern.sub("[removed]", message)
    for pattern in _NUMBERS:
        message = pattern.sub(lambda found: found["made"] or "[removed]", message)
    return message


def _is_listed(word: str, extra: Collection[str]) -> bool:
    return (
        word in plain_words()
        or word in extra
        or _LEVEL.fullmatch(word) is not None
        or _MEASURE.fullmatch(word) is not None
    )


@cache
def _lists() -> dict[str, str]:
    found = yaml.load(_FILE.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    return {name: str(text) for name, text in found.items()}
