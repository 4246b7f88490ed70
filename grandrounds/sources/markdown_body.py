"""The body of a Markdown or plain text case report as passages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from grandrounds.sources.assembly import FigurePart, TablePart
from grandrounds.sources.characters import tidy
from grandrounds.sources.citations import without_stand_ins
from grandrounds.sources.marked_text import MarkedText
from grandrounds.sources.mentions import label_number
from grandrounds.sources.passages import ABSTRACT, BACK, BODY, CAPTIONS, TABLES, TITLE, Passage, Spot
from grandrounds.sources.section_titles import case_label, title_kind

_HEADING = re.compile(r"^ {0,3}(#{1,6})[ \t]+(\S.*)$")
_LONGEST_HEADING = 300
_PLAIN_HEADING = re.compile(
    r"^[ \t]*(?:\*\*|__)?((?:\d{1,2}(?:\.\d{1,2})*[.)]?[ \t]+)?[A-Z][^\n]{1,70}?)"
    r"(?:\*\*|__)?[ \t]*:?[ \t]*$"
)
_UNDERLINE = re.compile(r"^ {0,3}(=+|-{3,})[ \t]*$")
_ITEM = re.compile(r"^[ \t]*(?:[-*+\u2022][ \t]+|(\d{1,3}|[a-z])[.)][ \t]+)(?=\S)")
_IMAGE = re.compile(
    r"!\[((?:[^\[\]]|\[[^\[\]]{0,300}\]){0,3000}+)\]"
    r"\(\s{0,9}<?([^()\s<>]{1,300}(?:\([^()\s]{0,99}\)[^()\s]{0,99})?)>?"
    r"(?:\s{1,9}[\"'][^\"'\n]{0,300}[\"'])?\s{0,9}\)"
)
_LINK = re.compile(r"\[([^\[\]]{1,2000})\]\([^()\s]{0,2000}(?:\s{1,9}\"[^\"\n]{0,300}\")?\)")
_TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9]*(?:\s[^<>]{0,200})?/?>")
_FOOTNOTE = re.compile(r"\[\^[^\]]{1,20}\]:?")
_STRONG = re.compile(r"(\*\*|__)(?=\S)(.{1,600}?)(?<=\S)\1", re.DOTALL)
_EMPHASIS = re.compile(
    r"(?<![\w*])\*(?=\S)([^*]{1,600})(?<=\S)\*(?![\w*])|(?<![\w_])_(?=\S)([^_]{1,600})(?<=\S)_(?![\w_])"
)
_CODE = re.compile(r"(?<!`)`{1,3}([^`]{1,2000})`{1,3}(?!`)")
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+.!|<>~-])")
_RULE = re.compile(r"^ {0,3}(?:[-*_][ \t]*){3,}$")
_TABLE_RULE = re.compile(
    r"^[ \t]*\|?(?:[ \t]*:?-{2,}:?[ \t]*\|)+[ \t]*(?::?-{2,}:?)?[ \t]*$"
    r"|^[ \t]*\|[ \t]*:?-{2,}:?[ \t]*\|?[ \t]*$"
)
_CAPTION_LABEL = re.compile(
    r"^\s*((?:Fig(?:ure|\.)?|Table)\s*S?\d{1,2}[A-Za-z]?)\s*[.:\u2013-]\s*", re.IGNORECASE
)


@dataclass(slots=True, kw_only=True)
class Body:
    """The passages of a body, its title where it has one, figures and tables."""

    title: str
    passages: list[Passage] = field(default_factory=list)
    figures: list[FigurePart] = field(default_factory=list)
    tables: list[TablePart] = field(default_factory=list)
    from_head: int = 0

    def head_figure(self, file: str, *, label: str, caption: str) -> tuple[FigurePart, list[Passage]]:
        """A figure that only the head names, and its caption's passage."""
        self.from_head += 1
        number = len(self.figures) + self.from_head
        return _figure(file, label=label, caption=caption, number=number)

    def ordered(self, passages: Sequence[Passage]) -> list[Passage]:
        """Captions by their number, then tables, behind the prose, as every stored text has them."""

        def key(passage: Passage) -> tuple[int, int]:
            if passage.spot.area != CAPTIONS:
                return (2 if passage.spot.area == TABLES else 0), 0
            number = label_number(passage.spot.path[0]) or ""
            return 1, int(number) if number.isdigit() else 99

        return sorted(passages, key=key)


def read_body(text: str, *, title: str) -> Body:
    """The passages of ``text``. ``title`` is what the head gives, if it does."""
    bare = _without_comments(without_stand_ins(text))
    lines = bare.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    reader = _Reader(Body(title=_plain(title)))
    reader.read(lines)
    body = reader.body
    if body.title:
        body.passages.insert(0, Passage(spot=Spot(area=TITLE), words=_words(body.title)))
    return body


@dataclass(slots=True)
class _Reader:
    body: Body
    path: list[tuple[int, str]] = field(default_factory=list)
    buffer: list[str] = field(default_factory=list)
    in_body: bool = False

    def read(self, lines: list[str]) -> None:
        """Go through the lines: headings, tables, items, paragraphs."""
        position = self._title_line(lines)
        while position < len(lines):
            line = lines[position]
            following = lines[position + 1] if position + 1 < len(lines) else ""
            if line.strip() and "|" in line and _TABLE_RULE.match(following) and "|" in following:
                position = self._table(lines, position)
                continue
            heading = self._heading(lines, position)
            if heading is not None:
                self._flush()
                level, words, used = heading
                self._enter(level, words)
                position += used
                continue
            if not line.strip() or _RULE.match(line):
                self._flush()
            elif _ITEM.match(line):
                self._flush()
                self.buffer.append(
                    _ITEM.sub(lambda m: f"({m.group(1)}) " if m.group(1) else "\u2022 ", line, count=1)
                )
            else:
                self.buffer.append(line.strip())
            position += 1
        self._flush()

    def _title_line(self, lines: list[str]) -> int:
        """Take a lone first line that is no sentence for the title; the answer is where the rest begins."""
        first = next((position for position, line in enumerate(lines) if line.strip()), None)
        if self.body.title or first is None or first + 1 >= len(lines):
            return 0
        line = lines[first].strip()
        alone = not lines[first + 1].strip()
        if (
            not alone
            or len(line) > 250
            or line.endswith((".", ":", ","))
            or _ITEM.match(line)
            or _HEADING.match(line)
        ):
            return 0
        if "|" in line or _IMAGE.search(line) or self._heading(lines, first) is not None:
            return 0
        self.body.title = _plain(line)
        return first + 1

    def _heading(self, lines: list[str], position: int) -> tuple[int, str, int] | None:
        """Level, words and lines of the heading at ``position``; ``None`` where there is none."""
        line = lines[position]
        if len(line) > _LONGEST_HEADING:
            return None
        match = _HEADING.match(line)
        if match:
            return len(match.group(1)), _plain(match.group(2).rstrip().rstrip("#").rstrip()), 1
        following = lines[position + 1] if position + 1 < len(lines) else ""
        underline = _UNDERLINE.match(following)
        if underline and line.strip() and not self.buffer and not _ITEM.match(line):
            return (1 if underline.group(1)[0] == "=" else 2), _plain(line), 2
        if self.buffer or (following.strip() and position and lines[position - 1].strip()):
            return None
        plain = _PLAIN_HEADING.match(line)
        if plain and not plain.group(1).rstrip().endswith((".", ",", ";")):
            words = _plain(plain.group(1)).rstrip(":")
            known = title_kind(words) is not None or words.casefold() in ("abstract", "summary")
            if known or case_label(words) is not None:
                return 2, words, 1
        return None

    def _enter(self, level: int, words: str) -> None:
        told = title_kind(words)
        if level == 1 and not self.body.title and not self.path and told is None:
            self.body.title = words
            return
        if level == 1 and not self.path and words == self.body.title:
            return
        while self.path and self.path[-1][0] >= level:
            self.path.pop()
        self.path.append((level, words))

    def _spot(self) -> Spot:
        path = tuple(words for _, words in self.path)
        first = path[0] if path else ""
        bare = first.casefold().strip(" .:")
        if bare in ("abstract", "summary") and not self.in_body:
            return Spot(area=ABSTRACT, path=path)
        return Spot(area=BACK if first and title_kind(first) == "back" else BODY, path=path)

    def _flush(self) -> None:
        text, self.buffer = "\n".join(self.buffer), []
        if not text.strip():
            return
        before = 0
        for image in _IMAGE.finditer(text):
            self._paragraph(text[before : image.start()])
            number = len(self.body.figures) + 1
            part, caption = _figure(image.group(2), label="", caption=image.group(1), number=number)
            self.body.figures.append(part)
            self.body.passages += caption
            before = image.end()
        self._paragraph(text[before:])

    def _paragraph(self, text: str) -> None:
        words = _words(text)
        if words.text.strip("\u2022 "):
            spot = self._spot()
            # Authors and addresses may stand before the abstract: a body begins with its first heading.
            self.in_body = self.in_body or (spot.area == BODY and bool(spot.path))
            self.body.passages.append(Passage(spot=spot, words=words))

    def _table(self, lines: list[str], position: int) -> int:
        """Read the pipe table at ``position``; the answer is the line after it."""
        caption = self.buffer[-1] if self.buffer and _CAPTION_LABEL.match(_plain(self.buffer[-1])) else ""
        if caption:
            self.buffer.pop()
        self._flush()
        rows = [_cells(lines[position])]
        position += 2
        while position < len(lines) and "|" in lines[position] and lines[position].strip():
            rows.append(_cells(lines[position]))
            position += 1
        number = len(self.body.tables) + 1
        label, caption = _label(_plain(caption))
        table_id = f"table-{number}"
        spot = Spot(area=TABLES, path=(label or f"Table {number}",))
        printed = "\n".join(" | ".join(row).rstrip(" |") for row in rows)
        anchors = (f"table:{table_id}",)
        if caption:
            self.body.passages.append(Passage(spot=spot, words=MarkedText.of(caption), anchors=anchors))
        if printed.strip():
            self.body.passages.append(
                Passage(spot=spot, words=MarkedText.of(printed.strip()), anchors=anchors)
            )
        self.body.tables.append(
            TablePart(
                table_id=table_id,
                label=label or f"Table {number}",
                caption=caption,
                rows=tuple(map(tuple, rows)),
            )
        )
        return position


def _figure(file: str, *, label: str, caption: str, number: int) -> tuple[FigurePart, list[Passage]]:
    said, words = _label(_plain(caption))
    figure_id = f"figure-{number}"
    shown = label or said or f"Figure {number}"
    part = FigurePart(figure_id=figure_id, label=shown, graphics=(file,))
    passages = []
    if words:
        spot = Spot(area=CAPTIONS, path=(shown,))
        passages.append(Passage(spot=spot, words=MarkedText.of(words), anchors=(f"caption:{figure_id}",)))
    return part, passages


def _label(caption: str) -> tuple[str, str]:
    """A caption's printed label ("Figure 1") and the rest."""
    match = _CAPTION_LABEL.match(caption)
    return (match.group(1), caption[match.end() :].strip()) if match else ("", caption)


def _cells(line: str) -> list[str]:
    bare = line.strip().removeprefix("|")
    bare = bare[:-1] if bare.endswith("|") and not bare.endswith("\\|") else bare
    return [_plain(cell.replace("\\|", "|")) for cell in re.split(r"(?<!\\)\|", bare)]


def _without_comments(text: str) -> str:
    pieces = []
    position = 0
    while (opening := text.find("<!--", position)) >= 0:
        closing = text.find("-->", opening + 4)
        if closing < 0:
            break
        pieces.append(text[position:opening])
        position = closing + 3
    return "".join(pieces) + text[position:]


def _plain(text: str) -> str:
    """``text`` without Markdown's marks."""
    return _words(text).text


def _words(text: str) -> MarkedText:
    for pattern, new in ((_IMAGE, r"\1"), (_LINK, r"\1"), (_FOOTNOTE, ""), (_TAG, ""), (_CODE, r"\1")):
        text = pattern.sub(new, text)
    text = _STRONG.sub(r"\2", text)
    text = _EMPHASIS.sub(lambda match: match.group(1) or match.group(2), text)
    words = MarkedText.of(_ESCAPED.sub(r"\1", text))
    tidy(words)
    return words.stripped()
