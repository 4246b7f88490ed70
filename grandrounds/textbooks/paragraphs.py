"""The running text of a document as paragraphs, whole across columns and pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from grandrounds.textbooks.layout import BODY, SMALL, Block, ends_sentence
from grandrounds.textbooks.mending import Words, join

_LONGEST = 12_000
_MOST_PIECES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """One paragraph, and the block in which it begins."""

    text: str
    first: Block


class Paragraphs:
    """Makes paragraphs of pages as they are asked for; a page is laid out once."""

    def __init__(self, blocks_on: Callable[[int], list[Block]], *, last_page: int, words: Words) -> None:
        self._blocks_on = blocks_on
        self._last_page = last_page
        self._words = words

    def on(self, page: int, *, asked: Callable[[str], bool] = bool) -> list[Paragraph]:
        """The paragraphs that have a part on ``page``, in reading order.

        ``asked`` is shown a paragraph's letters without spaces and hyphens, which is cheaper than putting
        it together; where it answers no, the paragraph is left out.
        """
        blocks = self._running(page)
        found: list[Paragraph] = []
        used: set[int] = set()
        for number, block in enumerate(blocks):
            if id(block) in used:
                continue
            pieces = [block]
            if number == 0 and page > 1:
                before = self._running(page - 1)
                if before and _goes_on(before[-1], block):
                    pieces.insert(0, before[-1])
            pieces = self._with_rest(pieces, blocks, number, page)
            used |= {id(piece) for piece in pieces}
            if asked("".join(_letters(piece) for piece in pieces)):
                found.append(Paragraph(text=self._text(pieces), first=pieces[0]))
        return found

    def _with_rest(self, pieces: list[Block], blocks: list[Block], number: int, page: int) -> list[Block]:
        following = blocks[number + 1 :]
        turned = False
        while len(pieces) < _MOST_PIECES:
            if not following and not turned and page < self._last_page:
                following, turned = self._running(page + 1)[:1], True
            if not following or not _goes_on(pieces[-1], following[0]):
                break
            pieces.append(following[0])
            following = following[1:]
        return pieces

    def _running(self, page: int) -> list[Block]:
        return [
            block
            for block in self._blocks_on(page)
            if block.kind == BODY
            or (block.kind == SMALL and block.length > 30 and not block.lines[0].sideways)
        ]

    def _text(self, pieces: list[Block]) -> str:
        return join([line.text for piece in pieces for line in piece.lines], self._words)[:_LONGEST]


def _letters(block: Block) -> str:
    together = "".join([line.text for line in block.lines])
    return together.replace(" ", "").replace("-", "").replace("\u2010", "").replace("\u00ad", "")


def _goes_on(first: Block, second: Block) -> bool:
    """Whether ``second`` goes on in the middle of a sentence of ``first``, in the same type."""
    if first.kind != BODY:
        return False
    end, start = first.lines[-1].text.rstrip(), second.lines[0].text.lstrip()
    if not end or not start:
        return False
    open_end = end[-1] in "-\u2010\u00ad" or (
        not ends_sentence(end)
        and (start[0].islower() or start[0] in "([" or start[0].isdigit() or len(end) > 60)
    )
    return open_end and abs(first.size - second.size) <= 0.4
