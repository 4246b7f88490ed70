"""Fictional chapters with pictures made by code, so that a checkout without real inputs can measure too."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.printed import drawings, pictures, words
from benchmarks.printed.chapters import Chapter, Figure, Panel, Paragraph, Part, Picture, Section, Table

_LETTERS = "ABCDEF"
# A language's body, its sentence with a reference, its captions.
_TONGUES = {
    "he": (words.HEBREW, words.HEBREW_MENTION, words.HEBREW_CAPTIONS),
    "ar": (words.ARABIC, words.ARABIC_MENTION, words.ARABIC_CAPTIONS),
    "zh": (words.CHINESE, words.CHINESE_MENTION, words.CHINESE_CAPTIONS),
    "ja": (words.JAPANESE, words.JAPANESE_MENTION, words.JAPANESE_CAPTIONS),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a layout asks of a book: how its figures are made, and what else stands in it.

    ``kind``: ``raster``, ``drawing``, ``panels`` (a picture each), ``sheet`` (panels in one picture),
    ``pair`` (two pictures), ``strips`` (a picture in strips) or ``mixed`` (rasters and drawings).
    """

    kind: str = "raster"
    languages: tuple[str, ...] = ("en",)
    chapters: int = 3
    figures: int = 4
    tables: bool = False


def seed_of(*parts: object) -> int:
    """A number that hangs on these words alone."""
    return int.from_bytes(hashlib.blake2b(repr(parts).encode(), digest_size=4).digest())


def chapters(layout: str, wanted: Wanted, *, edition: int = 1) -> tuple[Chapter, ...]:
    """The chapters of this layout's book: always the same, and others than those of another layout or
    another edition."""
    said = Said()
    layout = layout if edition == 1 else f"{layout}, edition {edition}"
    return tuple(
        _chapter(layout, number, wanted, wanted.languages[number % len(wanted.languages)], said)
        for number in range(wanted.chapters)
    )


class Said:
    """The captions of a book so far, so that the next is unlike all of them."""

    def __init__(self) -> None:
        self._captions: list[str] = []

    def unlike(self, make: Callable[[int], str], seed: int) -> str:
        """Of a dozen captions the one least like those before."""
        tried = [make(seed_of(seed, turn)) for turn in range(12)]
        chosen = min(tried, key=self._nearest)
        self._captions.append(chosen)
        return chosen

    def _nearest(self, caption: str) -> float:
        alike = (difflib.SequenceMatcher(None, one, caption, autojunk=False) for one in self._captions)
        return max((one.ratio() for one in alike), default=0.0)


def in_language(chapter: Chapter, language: str, said: Said) -> Chapter:
    """The chapter's figures with fictional words of another language around them."""
    text = iter(range(10_000))
    sections = []
    for section in chapter.sections:
        parts: list[Part] = []
        for part in section.parts:
            if isinstance(part, Figure):
                caption = _caption(language, "", seed_of(part.id), said)
                parts += [Paragraph(_mention(language, part.id, 0))]
                parts += [replace(part, caption=caption, panels=())]
            elif isinstance(part, Paragraph):
                parts.append(Paragraph(_body(language, seed_of(chapter.title, next(text)), 4)))
        sections.append(Section(title=_body(language, len(sections), 1)[:14], parts=tuple(parts)))
    return Chapter(
        number=chapter.number, title=sections[0].title, sections=tuple(sections), language=language
    )


def _chapter(layout: str, number: int, wanted: Wanted, language: str, said: Said) -> Chapter:
    random = np.random.default_rng(seed_of(layout, number))
    sections, made = [], 0
    for place in range(2):
        parts: list[Part] = [Paragraph(_body(language, seed_of(layout, number, place), 5))]
        for _ in range(wanted.figures // 2):
            made += 1
            id_ = f"{number + 1}-{made}"
            seed = seed_of(layout, id_, "picture")
            size = (int(random.integers(300, 520)), int(random.integers(260, 420)))
            shape = _Shape(id=id_, number=f"{number + 1}.{made}", seed=seed, size=size, language=language)
            figure = _figure(shape, wanted, said)
            mention = Paragraph(_mention(language, id_, seed_of(layout, id_)))
            filler = Paragraph(_body(language, seed_of(layout, id_, "after"), int(random.integers(3, 9))))
            # Now and then two figures follow each other without a word between their captions.
            close = isinstance(parts[-1], Figure)
            parts += [figure] if close else [mention, figure]
            parts += [filler] if close or made % 4 != 1 else []
            if wanted.tables:
                parts.append(_table(id_, f"{number + 1}.{made}", made))
                parts.append(Paragraph(_body(language, seed_of(layout, id_, "table"), 4)))
        title = words.TITLES[(number * 2 + place + seed_of(layout)) % len(words.TITLES)]
        sections.append(
            Section(title=title if language == "en" else _body(language, place, 1)[:14], parts=tuple(parts))
        )
    title = words.CHAPTERS[number % len(words.CHAPTERS)] if language == "en" else sections[0].title
    return Chapter(number=number + 1, title=title, sections=tuple(sections), language=language)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    """What a figure is made from."""

    id: str
    number: str
    seed: int
    size: tuple[int, int]
    language: str

    @property
    def kind(self) -> str:
        return sorted(pictures.KINDS)[self.seed % len(pictures.KINDS)]


def _figure(shape: _Shape, wanted: Wanted, said: Said) -> Figure:
    seed, kind = shape.seed, shape.kind
    if wanted.kind in ("panels", "sheet"):
        return _panels(shape, said, sheet=wanted.kind == "sheet")
    if wanted.kind == "drawing" or (wanted.kind == "mixed" and seed % 3 == 0):
        drawing = seed // 3 % len(drawings.DRAWINGS)
        shown = (drawings.DRAWINGS[drawing](seed),)
        caption = said.unlike(lambda turn: _worded(words.DRAWN[drawing], turn), seed)
        return Figure(id=shape.id, number=shape.number, caption=caption, pictures=shown)
    caption = _caption(shape.language, kind, seed, said)
    if wanted.kind == "strips":
        shown = pictures.strips(pictures.make(kind, seed, shape.size), 3 + seed % 3)
    elif wanted.kind == "pair":
        shown = tuple(pictures.make(kind, seed + k, shape.size) for k in range(2))
    else:
        shown = (pictures.make(kind, seed, shape.size),)
    columns = 2 if wanted.kind == "pair" else 1
    return Figure(id=shape.id, number=shape.number, caption=caption, pictures=shown, columns=columns)


def _panels(shape: _Shape, said: Said, *, sheet: bool) -> Figure:
    seed, kind = shape.seed, shape.kind
    count, columns = ((4, 2), (3, 3), (2, 2), (6, 3))[seed // 4 % 4]
    letters = _LETTERS[:count] if seed // 5 % 2 == 0 else _LETTERS[:count].lower()
    size = (300, 220 + 20 * (seed % 4))
    raw = [pictures.KINDS[kind](seed + k, size) for k in range(count)]
    shown: tuple[Picture, ...]
    if sheet:
        picture, panels = pictures.in_one(raw, letters, columns=columns)
        shown = (picture,)
    else:
        shown = tuple(pictures.encoded(pixels) for pixels in raw)
        panels = [Panel(letter=letter, picture=k) for k, letter in enumerate(letters)]
    panels = [replace(panel, caption=_part(seed, k)) for k, panel in enumerate(panels)]
    caption = with_parts(_caption("en", kind, seed, said), panels, style=seed // 11 % 3)
    return Figure(
        id=shape.id,
        number=shape.number,
        caption=caption,
        pictures=shown,
        panels=tuple(panels),
        columns=1 if sheet else columns,
    )


def with_parts(lead: str, panels: list[Panel], *, style: int) -> str:
    """The caption's words: what all panels share, then a part for each, in one of three ways."""
    if style == 0:
        return " ".join([lead, *(f"({one.letter}) {one.caption}." for one in panels)])
    if style == 1:
        parts = ", ".join(f"({one.letter}) {one.caption}" for one in panels[:-1])
        return f"{lead.rstrip('.')}: {parts} and ({panels[-1].letter}) {panels[-1].caption}."
    return " ".join([lead, *(f"{one.letter}, {one.caption}." for one in panels)])


def _part(seed: int, k: int) -> str:
    words_of = words.PARTS[(seed + k) % len(words.PARTS)]
    return f"Region {(seed + 3 * k) % 9 + 1} {words_of}"


def _table(id_: str, number: str, seed: int) -> Table:
    rows = (words.TABLE[0], *words.TABLE[1 + seed % 2 :])
    return Table(id=f"t{id_}", number=number, caption="Width of the border by stage", rows=rows)


def _body(language: str, seed: int, count: int) -> str:
    bank = words.BODY if language == "en" else _TONGUES[language][0]
    join = "" if language in ("zh", "ja") else " "
    return join.join(bank[(seed + k * (1 + seed % 3)) % len(bank)] for k in range(count))


def _mention(language: str, id_: str, seed: int) -> str:
    sentence = (
        words.MENTIONS[seed % len(words.MENTIONS)] if language == "en" else _TONGUES[language][1]
    ).replace("{ref}", f"{{fig:{id_}}}")
    return sentence + ("" if language in ("zh", "ja") else " ") + _body(language, seed // 3, 3)


def _caption(language: str, kind: str, seed: int, said: Said) -> str:
    """Words unlike those of the book's other captions: what, who, where and when are drawn anew."""
    if language == "en":
        bank = words.CAPTIONS[kind]
        return said.unlike(lambda turn: _worded(bank[turn % len(bank)], turn), seed)
    body, _, bank = _TONGUES[language]

    def made(turn: int) -> str:
        pieces = [bank[turn % len(bank)], body[turn // 7 % len(body)], body[turn // 61 % len(body)]]
        kept = list(dict.fromkeys(pieces))[: 1 + turn // 500 % 3]
        return ("" if language in ("zh", "ja") else " ").join(kept)

    return said.unlike(made, seed)


def _worded(shape: str, seed: int) -> str:
    """A shape of a caption with its places filled."""
    chosen = {
        name: bank[seed_of(seed, name) % len(bank)]
        for name, bank in (
            ("who", words.WHO),
            ("where", words.WHERE),
            ("when", words.WHEN),
            ("tail", words.TAIL),
        )
    }
    made = shape.format(**chosen).strip()
    return made[:1].upper() + made[1:]
