"""Running text of JATS and NLM articles: inline markup to words with marks."""

from __future__ import annotations

import re
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from grandrounds.errors import SourceError
from grandrounds.sources import citations
from grandrounds.sources.characters import raised, tidy
from grandrounds.sources.formulas import local_name, math_line, tex_line
from grandrounds.sources.marked_text import MarkedText

MAXIMUM_SECONDS = 60.0
"""Longest time that one article may take; a real one takes a hundredth of a second."""

_REF_TYPES = {
    "bibr": "cite", "ref": "cite", "fig": "figure", "figure": "figure", "table": "table",
    "supplementary-material": "supplement", "supplementary": "supplement", "media": "supplement",
    "fn": "", "author-notes": "", "aff": "", "corresp": "", "contrib": "", "table-fn": "raise", "kwd": "",
}  # fmt: skip
_TARGETS = {
    "ref": "cite", "element-citation": "cite", "mixed-citation": "cite", "citation": "cite",
    "nlm-citation": "cite", "fig": "figure", "fig-group": "figure", "table-wrap": "table",
    "table-wrap-group": "table", "supplementary-material": "supplement", "media": "supplement",
    "fn": "", "aff": "", "corresp": "",
}  # fmt: skip
_FORMULAS = frozenset({"inline-formula", "disp-formula", "math", "tex-math", "chem-struct"})
_SILENT = frozenset(
    {"inline-graphic", "graphic", "media", "object-id", "alt-text", "long-desc", "index-term", "hr",
     "private-char", "glyph-data", "rt", "rp", "processing-meta", "permissions", "milestone-start",
     "milestone-end"}
)  # fmt: skip
_ONLY_SEPARATORS = re.compile(r"^[\s\d,;()\[\]\u2010-\u2015\u2212.-]*$")


@dataclass(slots=True, kw_only=True)
class Flow:
    """What a walk through one article needs and gathers besides its words."""

    targets: dict[str, str]
    deadline: float
    footnotes: list[Any] = field(default_factory=list)
    abbreviations: list[tuple[str, str]] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)

    def check_time(self) -> None:
        """Raise ``SourceError`` when the article takes too long."""
        if time.monotonic() > self.deadline:
            raise SourceError(
                f"The article was not read in {MAXIMUM_SECONDS:.0f} seconds.",
                remedy="It is unusually built or made to do harm: look at the file.",
            )


def start_flow(root: Any) -> Flow:
    """The flow of the article ``root``: the ids that cross-references may point to."""
    targets = {
        element.get("id"): local_name(element) for element in root.iter() if element.get("id") is not None
    }
    return Flow(targets=targets, deadline=time.monotonic() + MAXIMUM_SECONDS)


def words_of(element: Any, flow: Flow) -> MarkedText:
    """The words inside ``element``, tidied, without citations."""
    words = MarkedText()
    content(element, words, flow)
    return finish(words)


def finish(words: MarkedText) -> MarkedText:
    """``words`` without citations, with plain white space, stripped."""
    tidy(words)  # first, so that runs of white space can't slow the search for citations down
    if citations.remove(words):
        tidy(words)
    return words.stripped()


def title_of(element: Any, flow: Flow) -> str:
    """The words inside ``element`` as a plain string."""
    return words_of(element, flow).text if element is not None else ""


def content(element: Any, words: MarkedText, flow: Flow) -> None:
    """Append what ``element`` holds (not its tail) to ``words``."""
    words.add(element.text or "")
    for child in element:
        inline(child, words, flow)
        words.add(child.tail or "")


def inline(element: Any, words: MarkedText, flow: Flow) -> None:
    """Append one inline element (not its tail) to ``words``."""
    name = local_name(element)
    if name in _SILENT:
        flow.skipped[name] += name in ("inline-graphic", "private-char")
    elif name == "xref":
        _reference(element, words, flow)
    elif name == "sup":
        _superscript(element, words, flow)
    elif name == "break":
        words.add(" ")
    elif name in _FORMULAS:
        _formula(element, words)
    elif name == "alternatives":
        _alternatives(element, words, flow)
    elif name == "fn":
        flow.footnotes.append(element)
    elif name == "abbrev":
        _abbreviation(element, words, flow)
    elif name == "inline-supplementary-material":
        start = len(words)
        content(element, words, flow)
        words.mark("supplement", start, target=element.get("id", ""))
    elif name in ("p", "title", "label", "list-item", "td", "entry", "def", "term", "sec"):
        words.add(" ")
        content(element, words, flow)
        words.add(" ")
    else:
        content(element, words, flow)


def reference_role(element: Any, flow: Flow) -> str:
    """What an ``xref`` is: ``cite``, a kind of mark, ``raise`` (a sign in a table) or ``""`` (dropped)."""
    said = element.get("ref-type", "")
    if said in _REF_TYPES:
        return _REF_TYPES[said]
    pointed = flow.targets.get((element.get("rid") or "").split(" ")[0], "")
    return _TARGETS.get(pointed, "reference")


def _reference(element: Any, words: MarkedText, flow: Flow) -> None:
    role = reference_role(element, flow)
    targets = (element.get("rid") or "").split()
    if role == "cite":
        printed = "".join(element.itertext())
        if printed.strip():
            citations.cite(words, printed, target=targets[0] if targets else "")
        return
    if not role:
        return
    if role == "raise":
        words.add(raised("".join(element.itertext()).strip(), before=words.ending()))
        return
    start = len(words)
    content(element, words, flow)
    for target in targets or [""]:
        words.mark(role, start, target=target)


def _superscript(element: Any, words: MarkedText, flow: Flow) -> None:
    cited = [x for x in element.iter() if local_name(x) == "xref" and reference_role(x, flow) == "cite"]
    if cited:
        outside = "".join(element.itertext())
        for reference in cited:
            outside = outside.replace("".join(reference.itertext()), "", 1)
        if _ONLY_SEPARATORS.match(outside):
            for reference in cited:
                _reference(reference, words, flow)
            return
    inner = MarkedText()
    content(element, inner, flow)
    if inner.places:
        words.extend(inner)
    else:
        words.add(raised(inner.text, before=words.ending()))


def _formula(element: Any, words: MarkedText) -> None:
    line = formula_line(element)
    if line:
        start = len(words)
        words.add(line)
        words.mark("formula", start, target=element.get("id", ""))


def formula_line(element: Any) -> str:
    """A formula element as one line: its MathML, else its TeX, else its words without the label."""
    tex = None
    for inner in element.iter():
        name = local_name(inner)
        if name == "math":
            line = math_line(inner)
            if line:
                return line
        elif name == "tex-math" and tex is None:
            tex = inner
    if tex is not None:
        return tex_line("".join(tex.itertext()))
    label = next((child for child in element if local_name(child) == "label"), None)
    text = " ".join("".join(element.itertext()).split())
    return text.removeprefix("".join(label.itertext()).strip()).strip() if label is not None else text


def _alternatives(element: Any, words: MarkedText, flow: Flow) -> None:
    """The first alternative that has words; pictures of a formula or table are left out."""
    if any(local_name(child) in _FORMULAS for child in element):
        _formula(element, words)
        return
    for child in element:
        if local_name(child) not in _SILENT:
            inline(child, words, flow)
            return


def _abbreviation(element: Any, words: MarkedText, flow: Flow) -> None:
    long = "".join("".join(child.itertext()) for child in element if local_name(child) == "def")
    inner = MarkedText.of(element.text or "")
    for child in element:
        if local_name(child) != "def":
            inline(child, inner, flow)
        inner.add(child.tail or "")
    words.extend(inner)
    short = inner.text.strip()
    if short and long.strip():
        flow.abbreviations.append((short, " ".join(long.split())))
