"""What elements of (X)HTML are: pictures, captions, decoration, blocks."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any
from urllib.parse import unquote

from grandrounds.sources.formulas import local_name
from grandrounds.textbooks.markup import split_label

HREF = "{http://www.w3.org/1999/xlink}href"
HEADINGS = {f"h{level}": level for level in range(1, 7)}
BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "div", "dl",
     "dt", "fieldset", "figcaption", "figure", "footer", "form", "header", "hr", "li", "main", "ol", "p",
     "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul", *HEADINGS}
)  # fmt: skip
MOVING = frozenset({"video", "audio", "iframe", "object", "embed", "canvas"})
_CAPTION_CLASS = re.compile(
    r"(?:^|[\s_-])(?:fig(?:ure)?)?-?_?(?:caption|legend|cap)(?=$|[\s_\d-])", re.IGNORECASE
)
_ORNAMENT = re.compile(
    r"(?:^|[\s_./-])(?:icons?|logos?|ornaments?|bullets?|spacer|rule|divider|decoration|badge|avatar|cover)"
    r"(?=$|[\s_.\d-])",
    re.IGNORECASE,
)
_SMALL_SIDE = 48


def decoded(text: str, *, coded: bool) -> bytes:
    """The bytes of a ``data:`` address; none where they can't be decoded."""
    try:
        return base64.b64decode(unquote(text), validate=False) if coded else unquote(text).encode("latin-1")
    except (binascii.Error, ValueError):
        return b""


def images_in(element: Any) -> list[Any]:
    """The pictures in ``element`` in order; a drawing that only frames a picture is that picture."""
    found = []
    for inner in element.iter():
        name = local_name(inner)
        if (
            name == "img"
            or (name == "image" and (inner.get(HREF) or inner.get("href")))
            or (
                name == "svg"
                and not any(local_name(e) in ("image", "svg") for e in inner.iter() if e is not inner)
            )
        ):
            found.append(inner)
    return found


def why_none(element: Any) -> str:
    """Why a figure without pictures has none."""
    names = {local_name(e) for e in element.iter()}
    moving = next((name for name in sorted(MOVING) if name in names), "")
    if moving:
        return f"The figure is no picture but {moving} media."
    other = next((name for name in ("table", "pre", "math", "ul", "ol", "blockquote") if name in names), "")
    return f"The figure holds a {other}, no picture." if other else "The figure holds no picture."


def is_caption(element: Any) -> bool:
    """Whether an element is a caption, by name or class."""
    name = local_name(element)
    if name == "figcaption":
        return True
    return name in ("div", "p", "span", "dd", "td", "small") and bool(
        _CAPTION_CLASS.search(element.get("class") or "")
    )


def is_figure_label(words: str) -> bool:
    """Whether ``words`` begin with a figure's label."""
    return bool(split_label(words)[0])


def is_ornament(image: Any) -> bool:
    """Whether a picture without a caption is decoration, as far as the markup tells."""
    if image.get("role") in ("presentation", "none") or image.get("aria-hidden") == "true":
        return True
    if image.get("alt") == "" and local_name(image) == "img":
        return True  # HTML says so: a picture with an empty alternative is decoration
    said = " ".join(filter(None, (names_of(image), image.get("src"), image.get(HREF))))
    sides = [image.get(side, "").removesuffix("px") for side in ("width", "height")]
    small = all(side.isdigit() and int(side) < _SMALL_SIDE for side in sides)
    return small or bool(_ORNAMENT.search(said)) or local_name(image) == "svg"


def only_pictures(element: Any) -> bool:
    """Whether an element holds pictures and no words."""
    return (
        bool(images_in(element))
        and not words_of(element)
        and not any(local_name(e) == "figure" for e in element.iter())
    )


def has_own_text(element: Any) -> bool:
    """Whether words stand beside the inline children of ``element``."""
    texts = [element.text or "", *((child.tail or "") for child in element)]
    texts += [words_of(child) for child in element if local_name(child) not in BLOCKS]
    return any(text.strip() for text in texts)


def in_inner_figure(element: Any, outer: Any) -> bool:
    """Whether a ``figure`` stands between ``element`` and ``outer``."""
    parent = element.getparent()
    while parent is not None and parent is not outer:
        if local_name(parent) == "figure":
            return True
        parent = parent.getparent()
    return False


def is_inside(element: Any, outer: Any) -> bool:
    """Whether ``outer`` stands around ``element``."""
    return any(ancestor is outer for ancestor in element.iterancestors())


def names_of(element: Any) -> str:
    """What an element is called: class, id, type."""
    return " ".join(filter(None, (element.get("class"), element.get("id"), element.get("data-type"))))


def words_of(element: Any) -> str:
    """The words of an element, without scripts and drawings."""
    pieces: list[str] = []

    def take(one: Any) -> None:
        if local_name(one) in ("script", "style", "svg", "template") or not local_name(one):
            return
        pieces.append(one.text or "")
        for child in one:
            take(child)
            pieces.append(child.tail or "")
        if local_name(one) in BLOCKS or local_name(one) == "br":
            pieces.append(" ")

    take(element)
    return " ".join("".join(pieces).split())
