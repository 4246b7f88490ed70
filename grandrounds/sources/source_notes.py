"""``SOURCES.md``: a note of provenance, as people write it, read by a strict grammar.

A section is what stands between two headings. It *names* files at the start of a list item or in the first
cell of a row: paths relative to the note in backticks, a folder with its slash, or a glob. It *states* a
licence in a paragraph or item that begins with ``Origin:``, ``Source:`` or ``Licence:``, in brackets at
the end of its heading, in a column of a table whose header says licence, or in the first sentence after the
names of an item (``- `scans/` - repository a/b, MIT.``). What it states holds for the files that it names
and for no other; the last two, and what is moved in below an item, for the names beside them alone. An item
may give the bare name of a file that its section names in full, where there is one such. Nothing is
inherited by a section below, and brackets about others ("most others are NC") are about others.

Any other name of a licence and any limiting words there are doubts. Doubts about a file leave its licence
unknown, as two licences and none do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from grandrounds.sources import note_blocks
from grandrounds.sources.licence_names import (
    agreed,
    compatible,
    doubts,
    limits,
    names_in,
    only_name,
    stated_in,
)
from grandrounds.sources.licences import Licence
from grandrounds.sources.note_blocks import Block
from grandrounds.sources.note_names import covers, may_cover

NAME = "SOURCES.md"

_KEY = re.compile(
    r"(?:\*\*|__)?(?P<key>Origin|Source|Provenance|Licen[cs]e)(?:(?:\*\*|__):|:(?:\*\*|__)?)\s*(?P<told>.+)",
    re.IGNORECASE | re.DOTALL,
)
_NAMES = re.compile(r"`[^`]+`(?:\s*(?:,|;|and|&)?\s*`[^`]+`)*")
_TOLD = re.compile(r"\s*(?:\s[\u2013\u2014-]\s+|:\s+)(?P<told>.+)", re.DOTALL)
_SENTENCE = re.compile(r"\.(?=\s|\Z)")
# What is said of these is said of what they are about.
_WRITTEN_DOWN = re.compile(r"LICEN[CS]E|COPYING|README|NOTICE|SOURCES|terms|metadata|\.\./", re.IGNORECASE)
# A sentence of an item that begins with names of its own is an item of its own.
_NEXT_ITEM = re.compile(r"(?<=\.)\s+(?=`[^`]+`:\s)")
_BACKTICKS = re.compile(r"`([^`]+)`")
_BRACKETS = re.compile(r"\(([^()]*)\)\s*\Z")
_LICENCE_HEADER = re.compile(r"licen[cs]", re.IGNORECASE)
# Words that limit nothing for the files named: brackets about others, "licences per file" (they stand
# elsewhere), "only CC BY files were taken" (what was chosen, not what may be done).
_OF_OTHERS = re.compile(
    r"\([^()]*\b(?:others?|the rest)\b[^()]*\)"
    r"|\blicen[cs]es?\s+(?:are\s+)?(?:per|by)\s+file\b"
    r"|\bonly\s+(?=[\w\s.-]{2,20}\s(?:files?|rows?|ones)\s+(?:were|are)\s+taken\b)",
    re.IGNORECASE,
)
_LONG = "more than can be read"
_ODD = "a licence that is not understood"
_NOTHING = frozenset({"", "-", "\u2013", "\u2014", "n/a", "none", "?", "unknown"})
_LONGEST = 5_000
"""Characters of a paragraph, item or row; a longer one is no statement, and may hold doubts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    """What words say of licences. ``names`` are the files that they speak of; none, the whole section."""

    line: int
    words: str
    names: tuple[str, ...] = ()
    stated: tuple[str, ...] = ()
    mentioned: tuple[str, ...] = ()
    doubt: str = ""


@dataclass(slots=True)
class _Section:
    level: int
    names: list[str] = field(default_factory=list)
    claims: list[_Claim] = field(default_factory=list)
    above: _Section | None = None
    items: list[tuple[int, tuple[str, ...]]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Note:
    """A note that was read. ``trouble`` says why it could not be."""

    sections: tuple[_Section, ...] = ()
    trouble: str = ""

    def about(self, name: str) -> Licence | None:
        """The licence of the file ``name`` (relative to the note), with the line that says so as evidence.

        ``None`` where no section names the file; ``unknown`` with a note where none, two or a doubtful one
        is stated.
        """
        naming = [one for one in self.sections if any(covers(path, name) for path in one.names)]
        if self.trouble:
            return Licence(note=self.trouble)
        return _settled(list(_claims(self.sections, naming, name))) if naming else None


def read_note(text: str) -> Note:
    """Read a note. Never fails: what is not understood states nothing."""
    sections = [_Section(level=0)]
    for block in note_blocks.blocks(text):
        if block.kind == note_blocks.HEADING:
            sections.append(_Section(level=block.level, above=_parent(sections, block.level)))
            sections[-1].claims += _of_heading(block)
        else:
            _add(sections[-1], block)
    return Note(sections=tuple(sections))


def _parent(sections: Sequence[_Section], level: int) -> _Section | None:
    return next((one for one in reversed(sections) if one.level < level), None)


def _add(section: _Section, block: Block) -> None:
    if len(block.text) > _LONGEST:
        section.claims.append(_Claim(line=block.line, words=_LONG, doubt=_LONG))
        return
    if block.kind == note_blocks.ROW:
        section.items.clear()
        _add_row(section, block)
        return
    outer = _outer(section, block)
    key = None if block.kind == note_blocks.QUOTE else _KEY.match(block.text)
    start = _NAMES.match(block.text) if block.kind == note_blocks.ITEM else None
    if block.kind == note_blocks.ITEM:
        section.items.append((block.level, _paths(start.group()) if start else ()))
    if key is not None:
        sure = key.group("key").casefold().startswith("licen")
        if outer is None:
            section.claims.append(_statement(block, key.group("told"), sure=sure))
        elif outer:
            section.claims.append(_statement(block, key.group("told"), sure=sure, names=outer))
        else:
            section.claims += _mention(block, ())
    elif start is not None:
        for text in _NEXT_ITEM.split(block.text):
            one = _NAMES.match(text)
            if one is not None:
                _add_item(section, Block(block.kind, text, block.line), one)
    else:
        section.claims += _mention(block, ())


def _outer(section: _Section, block: Block) -> tuple[str, ...] | None:
    """The names of the item that a block is moved in below; ``None`` where it is not."""
    while section.items and section.items[-1][0] >= block.level:
        section.items.pop()
    return section.items[-1][1] if section.items else None


def _add_item(section: _Section, block: Block, start: re.Match[str]) -> None:
    """An item that begins with names: what follows is about them alone."""
    names = _paths(start.group())
    section.names += names
    about = () if _WRITTEN_DOWN.search(start.group()) else names
    told = _TOLD.match(block.text, start.end())
    if told is None or not about:
        section.claims += _mention(block, about)
        return
    sentence = _SENTENCE.split(told.group("told"), maxsplit=1)[0]
    stated = _statement(block, sentence, sure=False, names=about)
    rest = Block(block.kind, told.group("told")[len(sentence) :], block.line)
    # A sentence that states no licence may doubt whatever it likes: it is about something else.
    section.claims += (
        [stated] if stated.stated else _mention(Block(block.kind, sentence, block.line), about)
    )
    section.claims += _mention(rest, about)


def _add_row(section: _Section, row: Block) -> None:
    first = row.cells[0][1] if row.cells else ""
    names = _paths(first) if _NAMES.fullmatch(first) else ()
    section.names += names
    if not names or _WRITTEN_DOWN.search(first):
        section.claims += _mention(row, ())
        return
    columns = [cell for header, cell in row.cells[1:] if _LICENCE_HEADER.search(header)]
    for cell in columns:
        told = only_name(cell)
        if told:
            section.claims.append(_Claim(line=row.line, words=cell, names=names, stated=(told,)))
        elif cell.casefold() not in _NOTHING:
            section.claims.append(_Claim(line=row.line, words=_ODD, names=names, doubt=_ODD))
    others = " | ".join(cell for header, cell in row.cells[1:] if not _LICENCE_HEADER.search(header))
    section.claims += _mention(Block(row.kind, others, row.line), names)


def _of_heading(block: Block) -> list[_Claim]:
    """``## Test data (repository a/b, MIT)``: a licence in brackets at the end."""
    brackets = _BRACKETS.search(block.text[-_LONGEST:])
    stated = stated_in(brackets.group(1), sure=False) if brackets else ()
    if not stated:
        return _mention(block, ())
    return [_statement(block, brackets.group(1) if brackets else "", sure=False)]


def _statement(block: Block, text: str, *, sure: bool, names: tuple[str, ...] = ()) -> _Claim:
    text = _OF_OTHERS.sub("", text)
    stated = stated_in(text, sure=sure)
    return _Claim(
        line=block.line,
        words="; ".join(dict.fromkeys(one.words for one in stated)),
        names=names,
        stated=agreed([one.spdx for one in stated]),
        mentioned=agreed([one.spdx for one in names_in(text)]),
        doubt=doubts(text),
    )


def _mention(block: Block, names: tuple[str, ...]) -> list[_Claim]:
    """What words that state nothing say of licences all the same."""
    text = _OF_OTHERS.sub("", block.text)
    mentioned, limit = agreed([one.spdx for one in names_in(text)]), limits(text)
    if not mentioned and not limit:
        return []
    words = ", ".join(mentioned) or limit
    return [_Claim(line=block.line, words=words, names=names, mentioned=mentioned, doubt=limit)]


def _paths(text: str) -> tuple[str, ...]:
    """The paths in backticks; none leads out of the note's folder."""
    told = (match.strip().removeprefix("./") for match in _BACKTICKS.findall(text))
    return tuple(
        name
        for name in told
        if name and not name.startswith("/") and ".." not in name.split("/") and name != "."
    )


def _claims(sections: Sequence[_Section], naming: Sequence[_Section], name: str) -> Iterator[_Claim]:
    """What may be said of a file: by the sections that name it, with doubts from those above and others."""
    above = {id(one) for section in naming for one in _all_above(section)}
    for section in sections:
        inside = any(section is one for one in naming)
        for claim in section.claims:
            if not claim.names:
                if inside:
                    yield claim
                elif id(section) in above:
                    yield _doubting(claim)
            elif inside and any(_names(path, name, section) for path in claim.names):
                yield claim
            elif any(may_cover(path, name) for path in claim.names):
                yield _doubting(claim)


def _names(path: str, name: str, section: _Section) -> bool:
    """Whether an item's ``path`` is the file ``name``: by itself, or as the bare name of the only file of
    that name that the section names in full."""
    if covers(path, name):
        return True
    return "/" not in path and {one for one in section.names if one.endswith(f"/{path}")} == {name}


def _all_above(section: _Section) -> Iterator[_Section]:
    above = section.above
    while above is not None:
        yield above
        above = above.above


def _doubting(claim: _Claim) -> _Claim:
    """A claim that may put others in doubt and states nothing itself."""
    return _Claim(
        line=claim.line,
        words=claim.words,
        mentioned=agreed(claim.stated + claim.mentioned),
        doubt=claim.doubt if not claim.stated else limits(claim.words),
    )


def _settled(claims: Sequence[_Claim]) -> Licence:
    stated = [claim for claim in claims if claim.stated]
    found = agreed([spdx for claim in stated for spdx in claim.stated])
    if not found:
        said = next((claim for claim in claims if claim.mentioned or claim.doubt), None)
        beside = (
            f"; line {said.line} says {said.words or said.doubt}, which is no statement" if said else ""
        )
        return Licence(note=f"It names the file, but states no licence for it{beside}.")
    if len(found) > 1:
        lines = ", ".join(f"{one} in line {claim.line}" for claim in stated for one in claim.stated)
        return Licence(note=f"It states several licences for the file: {lines}.")
    licence = found[0]
    for claim in claims:
        other = next((one for one in claim.mentioned if not compatible(one, licence)), "")
        if other:
            return Licence(note=f"It states {licence}, but line {claim.line} speaks of {other}.")
        if claim.doubt and not (_not_commercial(claim.doubt) and "-NC" in licence):
            return Licence(note=f"It states {licence}, but line {claim.line} says {claim.doubt}.")
    first = next(claim for claim in stated if licence in claim.stated)
    return Licence(spdx=licence, evidence=f"{first.line}: {first.words}")


def _not_commercial(words: str) -> bool:
    return words.casefold().startswith(("non", "nc"))
