"""What became of a draft: a difference by words that can be read aloud.

Words are compared, not letters; Chinese, Japanese and Korean, which put no spaces, by character. Crumbs
(one short word that stayed between two that changed) count as changed, so that a sentence that was
written anew doesn't look like confetti.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from grandrounds.records.envelope import Envelope

KEPT, OUT, IN = "kept", "out", "in"
_PIECE = re.compile(
    r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]|\s+|[^\W_]+(?:[.,'’-][^\W_]+)*|.",
    re.DOTALL,
)
_MOST_PIECES = 4_000  # beyond, pieces are compared by sentence: words would take seconds
_SENTENCE = re.compile(r"[^.!?。！？\n]+[.!?。！？\n]*\s*|[.!?。！？\n]+\s*")
_CRUMB = 3  # characters that are too few to be left standing between two changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some words and what became of them: ``kept``, taken ``out`` or put ``in``."""

    kind: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A field of the item that the revision changed; ``field`` is a key of the page's words."""

    field: str
    pieces: tuple[Piece, ...]


def pieces(before: str, after: str) -> tuple[Piece, ...]:
    """The way from ``before`` to ``after``. What is kept and put in, joined, is ``after``; what is kept and
    taken out is ``before``."""
    old, new = _split(before), _split(after)
    if max(len(old), len(new)) > _MOST_PIECES:
        old, new = _SENTENCE.findall(before), _SENTENCE.findall(after)
    steps: list[tuple[str, str, str]] = []
    for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        steps.append((tag, "".join(old[i:j]), "".join(new[k:m])))
    return tuple(_written(_without_crumbs(steps)))


def changes(draft: Envelope, revision: Envelope) -> tuple[Change, ...]:
    """What a revision changed in its draft, field by field; fields that stayed are left out."""
    found = [
        _change("stem", draft.stem, revision.stem),
        _change("question", draft.question, revision.question),
        _listed("options", draft.options, revision.options),
        _change("answer", draft.answer, revision.answer),
        _listed("aliases", draft.answer_aliases, revision.answer_aliases),
        _change("rationale", draft.rationale, revision.rationale),
    ]
    return tuple(change for change in found if change is not None)


def _change(field: str, before: str, after: str) -> Change | None:
    return None if before == after else Change(field=field, pieces=pieces(before, after))


def _listed(field: str, before: Sequence[str], after: Sequence[str]) -> Change | None:
    """Options have no order that means anything: those that stayed come first, then out, then in."""
    if sorted(before) == sorted(after):
        return None
    rows = [Piece(kind=KEPT, words=each) for each in after if each in before]
    rows += [Piece(kind=OUT, words=each) for each in before if each not in after]
    rows += [Piece(kind=IN, words=each) for each in after if each not in before]
    return Change(field=field, pieces=tuple(rows))


def _split(text: str) -> list[str]:
    return _PIECE.findall(text)


def _without_crumbs(steps: Sequence[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Steps with short kept pieces between two changes made part of the change."""
    joined: list[tuple[str, str, str]] = []
    for number, (tag, old, new) in enumerate(steps):
        inside = 0 < number < len(steps) - 1
        crumb = tag == "equal" and inside and len(old.strip()) <= _CRUMB and "\n" not in old
        if (tag != "equal" or crumb) and joined and joined[-1][0] != "equal":
            _, first, second = joined.pop()
            joined.append(("replace", first + old, second + new))
        else:
            joined.append((tag, old, new))
    return joined


def _written(steps: Iterable[tuple[str, str, str]]) -> Iterable[Piece]:
    for tag, old, new in steps:
        if tag == "equal":
            yield Piece(kind=KEPT, words=old)
            continue
        if old:
            yield Piece(kind=OUT, words=old)
        if new:
            yield Piece(kind=IN, words=new)
