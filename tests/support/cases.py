"""Small cases for tests, from sections given as pairs of kind and text."""

from __future__ import annotations

from typing import Any

from grandrounds.fingerprint import content_id, sha256_text
from grandrounds.records.case import Case, Section
from grandrounds.records.parts import Span


def case_of(*parts: tuple[str, str], title: str = "A puzzling report", **more: Any) -> Case:
    """A case whose stored text is ``title`` and then ``parts``, each a section of its own."""
    text, sections = "", []
    for kind, body in (("title", title), *parts):
        start = len(text)
        text += body
        sections.append(Section(kind=kind, title=kind, path=(kind,), span=Span(start=start, end=len(text))))
        text += "\n\n"
    return Case(
        **{
            "evidence_id": content_id("case", text),
            "source_id": content_id("source", text),
            "case_number": 1,
            "case_count": 1,
            "title": title,
            "text": text,
            "text_sha256": sha256_text(text),
            "sections": tuple(sections),
            "language": "en",
            "licence": "CC-BY-4.0",
            "group_id": content_id("group", text),
            **more,
        }
    )
