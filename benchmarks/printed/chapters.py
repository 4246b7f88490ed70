"""What is printed: chapters with sections of paragraphs, figures and tables."""

from __future__ import annotations

from dataclasses import dataclass

Box = tuple[float, float, float, float]
WHOLE: Box = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """An encoded picture (``data`` and ``mime``) or a drawing (``svg``), and its width by its height."""

    aspect: float
    data: bytes = b""
    mime: str = "image/jpeg"
    svg: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A lettered part: which picture it lies in, where in it (fractions), and what the caption says of it.

    ``drawn`` is false where the letter is printed by the typesetter, true where it is in the picture.
    """

    letter: str
    picture: int
    place: Box = WHOLE
    caption: str = ""
    drawn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure. ``caption`` is the words after the label; parts of panels stand in it as they are."""

    id: str
    number: str
    caption: str
    pictures: tuple[Picture, ...]
    panels: tuple[Panel, ...] = ()
    columns: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table: head and rows."""

    id: str
    number: str
    caption: str
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text. ``{fig:ID}`` in it is printed as a reference to that figure."""

    text: str


Part = Paragraph | Figure | Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading and what stands below it."""

    title: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """A chapter; ``number`` stands before its figures' numbers."""

    number: int
    title: str
    sections: tuple[Section, ...]
    language: str = "en"

    @property
    def figures(self) -> tuple[Figure, ...]:
        """Every figure, in reading order."""
        return tuple(part for one in self.sections for part in one.parts if isinstance(part, Figure))
