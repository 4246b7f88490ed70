"""The interface's words, by language and key. English has every key; others fall back to it.

Texts stand in ``words/LANGUAGE.json`` and ``words/LANGUAGE/ROOM.json``, one file for each part of the page;
a key stands in one of them only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

DEFAULT = "en"
LANGUAGES = ("en", "zh")
NAMES = {"en": "English", "zh": "中文"}
"""What each language calls itself."""
_HERE = Path(__file__).parent / "words"


class Words:
    """Texts of one language: ``words("login.title")``; ``{name}`` in one is filled from the arguments."""

    languages = tuple(NAMES.items())

    def __init__(self, language: str) -> None:
        self.language = language if language in LANGUAGES else DEFAULT
        self._texts = texts(self.language)

    def __call__(self, key: str, /, **values: object) -> str:
        """The text of ``key``. What is filled in is never searched for names again."""
        text = self._texts.get(key) or texts(DEFAULT)[key]
        return _filled(text, values) if values else text

    def known(self, key: str) -> str | None:
        """The text of ``key``, or ``None``: for keys made from data."""
        return self._texts.get(key) or texts(DEFAULT).get(key)

    def begin(self, start: str) -> dict[str, str]:
        """All texts whose keys begin with ``start``, for scripts."""
        return dict(_beginning(self.language, start))


@cache
def _beginning(language: str, start: str) -> Mapping[str, str]:
    every = {**texts(DEFAULT), **texts(language)}
    return {key: every[key] for key in sorted(every) if key.startswith(start)}


@cache
def texts(language: str) -> Mapping[str, str]:
    """All texts of a language."""
    found: dict[str, str] = {}
    for path in files(language):
        found |= json.loads(path.read_text(encoding="utf-8"))
    return found


def files(language: str) -> list[Path]:
    """The files that hold a language's texts."""
    return [_HERE / f"{language}.json", *sorted((_HERE / language).glob("*.json"))]


def language_of(wanted: str, *, header: str = "") -> str:
    """The language to speak: the account's, else the browser's first that is known."""
    if wanted in LANGUAGES:
        return wanted
    for part in header.split(","):
        tag = part.split(";")[0].strip().lower().split("-")[0]
        if tag in LANGUAGES:
            return tag
    return DEFAULT


def _filled(text: str, values: Mapping[str, object]) -> str:
    pieces = text.split("{")
    filled = [pieces[0]]
    for piece in pieces[1:]:
        name, closed, rest = piece.partition("}")
        filled.append(f"{values[name]}{rest}" if closed and name in values else "{" + piece)
    return "".join(filled)
