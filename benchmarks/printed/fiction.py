"""Fictional chapters with pictures made by code, so that a checkout without real inputs can measure too."""

from __future__ import annotations

import hashlib
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


def chapters(layout: str, wanted: Wanted) -> tuple[Chapter, ...]:
    """The chapters of this layout's book: always the same, and others than those of another layout."""
    return tuple(
        _chapter(layout, number, wanted, wanted.languages[number % len(wanted.languages)])
        for number in range(wanted.chapters)
    )


def in_language(chapter: Chapter, language: str) -> Chapter:
    """The chapter's figures with fictional words of another language around them."""
    text = iter(range(10_000))
    sections = []
    for section in chapter.sections:
        parts: list[Part] = []
        for part in section.parts:
            if isinstance(part, Figure):
                caption = _caption(language, "", seed_of(part.id), next(text))
                parts += [Paragraph(_mention(language, part.id, 0))]
                parts += [replace(part, caption=caption, panels=())]
            elif isinstance(part, Paragraph):
                parts.append(Paragraph(_body(language, seed_of(chapter.title, next(text)), 4)))
        sections.append(Section(title=_body(language, len(sections), 1)[:14], parts=tuple(parts)))
    return Chapter(
        number=chapter.number, title=sections[0].title, sections=tuple(sections), language=language
    )


def _chapter(layout: str, number: int, wanted: Wanted, language: str) -> Chapter:
    random = np.random.default_rng(seed_of(layout, number))
    sections, made = [], 0
    for place in range(2):
        parts: list[Part] = [Paragraph(_body(language, seed_of(layout, number, place), 5))]
        for _ in range(wanted.figures // 2):
            made += 1
            id_ = f"{number + 1}-{made}"
            figure = _figure(layout, id_, f"{number + 1}.{made}", wanted, language, random)
            mention = Paragraph(_mention(language, id_, seed_of(layout, id_)))
            filler = Paragraph(_body(language, seed_of(layout, id_, "after"), int(random.integers(3, 9))))
            parts += [mention, figure, filler]
            if wanted.tables:
                parts.append(_table(id_, f"{number + 1}.{made}", made))
                parts.append(Paragraph(_body(language, seed_of(layout, id_, "table"), 4)))
        title = words.TITLES[(number * 2 + place + seed_of(layout)) % len(words.TITLES)]
        sections.append(
            Section(title=title if language == "en" else _body(language, place, 1)[:14], parts=tuple(parts))
        )
    title = words.CHAPTERS[number % len(words.CHAPTERS)] if language == "en" else sections[0].title
    return Chapter(number=number + 1, title=title, sections=tuple(sections), language=language)


def _figure(
    layout: str, id_: str, number: str, wanted: Wanted, language: str, random: np.random.Generator
) -> Figure:
    seed = seed_of(layout, id_, "picture")
    kinds = sorted(pictures.KINDS)
    kind = kinds[seed % len(kinds)]
    size = (int(random.integers(300, 520)), int(random.integers(260, 420)))
    caption = _caption(language, kind, seed, seed // 7)
    if wanted.kind == "drawing" or (wanted.kind == "mixed" and seed % 3 == 0):
        drawing = seed // 3 % len(drawings.DRAWINGS)
        caption = words.CAPTIONS["drawing"][(0, 0, 2, 1)[drawing] if drawing else 2]
        shown = drawings.DRAWINGS[drawing](seed)
        return Figure(id=id_, number=number, caption=caption, pictures=(shown,))
    if wanted.kind == "strips":
        parts = pictures.strips(pictures.make(kind, seed, size), 3 + seed % 3)
        return Figure(id=id_, number=number, caption=caption, pictures=parts)
    if wanted.kind == "pair":
        both = tuple(pictures.make(kind, seed + k, size) for k in range(2))
        return Figure(id=id_, number=number, caption=caption, pictures=both, columns=2)
    if wanted.kind in ("panels", "sheet"):
        count, columns = ((4, 2), (3, 3), (2, 2), (6, 3))[seed % 4]
        return _panels(id_, number, kind, seed, count=count, columns=columns, sheet=wanted.kind == "sheet")
    return Figure(id=id_, number=number, caption=caption, pictures=(pictures.make(kind, seed, size),))


def _panels(
    id_: str, number: str, kind: str, seed: int, *, count: int, columns: int, sheet: bool
) -> Figure:
    letters = _LETTERS[:count] if seed // 5 % 2 == 0 else _LETTERS[:count].lower()
    size = (300, 220 + 20 * (seed % 4))
    raw = [pictures.KINDS[kind](seed + k, size) for k in range(count)]
    texts = [_part(seed, k) for k in range(count)]
    shown: tuple[Picture, ...]
    if sheet:
        picture, panels = pictures.in_one(raw, letters, columns=columns)
        shown = (picture,)
    else:
        shown = tuple(pictures.encoded(pixels) for pixels in raw)
        panels = [Panel(letter=letter, picture=k) for k, letter in enumerate(letters)]
    panels = [replace(panel, caption=text) for panel, text in zip(panels, texts, strict=True)]
    caption = with_parts(_caption("en", kind, seed, 1), panels, style=seed // 11 % 3)
    return Figure(
        id=id_, number=number, caption=caption, pictures=shown, panels=tuple(panels), columns=columns
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


def _caption(language: str, kind: str, seed: int, turn: int) -> str:
    if language != "en":
        bank = _TONGUES[language][2]
        return bank[(seed + turn) % len(bank)]
    bank = words.CAPTIONS[kind]
    return f"{bank[turn % len(bank)].rstrip('.')} (case {seed % 900 + 100})."
