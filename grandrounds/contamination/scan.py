"""Documents pass by, once. A hash says where in them something of an item may stand; words decide."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np

from grandrounds.contamination.hashing import Places, Tokens, run_hashes, tokenise
from grandrounds.contamination.hits import COPIED, RUNS, SHORT, WORDS, Hit, Limits, Piece
from grandrounds.contamination.index import Index
from grandrounds.contamination.near import likeness
from grandrounds.contamination.texts import HEAD, RUN
from grandrounds.contamination.words import joined, place_of, places

KEPT = 5
"""Of each text so many hits are kept, the strongest; the others are counted."""
_BATCH = 1 << 20
_SHOWN = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """Words that document and text share: where in each, and how many. ``own`` runs of them count."""

    at: int
    place: int
    length: int
    own: int


class Scan:
    """Holds ``index`` against documents. Memory grows with the items alone.

    ``hits`` is by text; ``documents`` counts by text the fields of rows in which it was found;
    ``pieces`` and ``characters`` count what passed by.
    """

    def __init__(self, index: Index, limits: Limits) -> None:
        self._index = index
        self._limits = limits
        self._last: dict[int, tuple[int, int, str]] = {}
        self._shown = ""
        self._spots: list[tuple[int, int]] = []
        self.hits: defaultdict[int, list[Hit]] = defaultdict(list)
        self.documents: defaultdict[int, int] = defaultdict(int)
        self.pieces = 0
        self.characters = 0

    def take(self, pieces: Iterable[Piece]) -> None:
        """Look at all ``pieces``, some megabyte of them at a time."""
        batch: list[Piece] = []
        size = 0
        for piece in pieces:
            batch.append(piece)
            size += len(piece.text)
            if size >= _BATCH:
                self._look(batch)
                batch, size = [], 0
        if batch:
            self._look(batch)

    def _look(self, batch: Sequence[Piece]) -> None:
        self.pieces += len(batch)
        self.characters += sum(len(piece.text) for piece in batch)
        tokens = tokenise(joined([piece.text for piece in batch]))
        found = self._runs(tokens)
        shorts = self._shorts(tokens)
        near = self._candidates(tokens)
        for number in sorted({*found, *shorts, *near}):
            first, end = int(tokens.text_starts[number]), int(tokens.text_starts[number + 1])
            document = tokens.words(first, end)
            spans = {
                text: self._verified(document, text, rows - (first, 0, 0))
                for text, rows in found.get(number, {}).items()
            }
            hits = [hit for text, own in spans.items() if (hit := self._run_hit(batch[number], text, own))]
            hits += self._short_hits(batch[number], document, shorts.get(number, ()), first)
            copied = {hit.text for hit in hits if hit.verdict(self._limits) == COPIED}
            for text, low, high in near.get(number, ()):
                if text not in copied:
                    around = (low - first, high - first)
                    hit = self._near_hit(batch[number], document, text, around, spans.get(text, []))
                    hits = [each for each in hits if hit is None or each.text != text] + (
                        [hit] if hit else []
                    )
            for hit in hits:
                self._keep(batch[number], hit)

    # --- runs of 13 words

    def _runs(self, tokens: Tokens) -> dict[int, dict[int, Places]]:
        """By document and text: rows of (word of the document, word of the text, run's length in runs)."""
        hashes = run_hashes(tokens.hashes, (RUN,))[RUN]
        at, entries = self._index.table.which(hashes)
        document = tokens.text_of(at)
        whole = at + RUN <= tokens.text_starts[document + 1]
        at, entries, document = at[whole], entries[whole], document[whole]
        if not len(at):
            return {}
        which, text, place = self._index.runs_at(entries)
        at, document = at[which], document[which]
        order = np.lexsort((at, at - place, text, document))
        at, document, text, place = at[order], document[order], text[order], place[order]
        new = np.ones(len(at), dtype=bool)
        new[1:] = (document[1:] != document[:-1]) | (text[1:] != text[:-1])
        new[1:] |= (at[1:] != at[:-1] + 1) | (place[1:] != place[:-1] + 1)
        begins = np.flatnonzero(new)
        lengths = np.diff(np.concatenate([begins, [len(at)]]))
        rows = np.stack([at[begins], place[begins], lengths], axis=1)
        found: dict[int, dict[int, list[Places]]] = {}
        for number, own, row in zip(document[begins].tolist(), text[begins].tolist(), rows, strict=True):
            found.setdefault(number, {}).setdefault(own, []).append(row)
        return {
            number: {own: np.stack(parts) for own, parts in by_text.items()}
            for number, by_text in found.items()
        }

    def _verified(self, document: list[bytes], text: int, rows: Places) -> list[_Span]:
        """The spans whose words are really the same, each made as long as it goes."""
        words = self._index.words(text)
        found = []
        for at, place, runs in rows.tolist():
            for first, own in _same(document, words, at, place, runs):
                start, end = at + first, at + first + own + RUN - 1
                shift = place - at
                while start and start + shift and document[start - 1] == words[start - 1 + shift]:
                    start -= 1
                while (
                    end < len(document) and end + shift < len(words) and document[end] == words[end + shift]
                ):
                    end += 1
                found.append(_Span(at=start, place=place + first, length=end - start, own=own))
        return found

    def _run_hit(self, piece: Piece, text: int, spans: Sequence[_Span]) -> Hit | None:
        if not spans:
            return None
        longest = max(spans, key=lambda span: (span.length, -span.at))
        return self._hit(
            piece, text, method=RUNS, first=longest.at, end=longest.at + longest.length,
            share=self._share(text, spans), span=longest.length,
        )  # fmt: skip

    def _share(self, text: int, spans: Sequence[_Span]) -> float:
        """The share of the text's runs that stand in the spans, each once."""
        seen = reached = 0
        for span in sorted(spans, key=lambda each: each.place):
            first = max(span.place, reached)
            reached = max(reached, span.place + span.own)
            seen += max(0, span.place + span.own - first)
        return seen / max(1, int(self._index.runs[text]))

    # --- texts of fewer words than a run

    def _shorts(self, tokens: Tokens) -> dict[int, list[tuple[int, int]]]:
        found: dict[int, list[tuple[int, int]]] = {}
        if not len(self._index.heads):
            return found
        at, entries = self._index.heads.which(run_hashes(tokens.hashes, (HEAD,))[HEAD])
        which, text = self._index.heads_at(entries)
        words = at[which]
        documents = tokens.text_of(words).tolist()
        for number, word, own in zip(documents, words.tolist(), text.tolist(), strict=True):
            found.setdefault(number, []).append((own, word))
        return found

    def _short_hits(
        self, piece: Piece, document: list[bytes], found: Iterable[tuple[int, int]], first: int
    ) -> list[Hit]:
        hits: dict[int, Hit] = {}
        for text, word in found:
            words = self._index.words(text)
            start, end = word - first, word - first + len(words)
            if text not in hits and document[start:end] == words:
                hits[text] = self._hit(
                    piece, text, method=SHORT, first=start, end=end, share=1.0, span=len(words)
                )
        return list(hits.values())

    # --- near copies

    def _candidates(self, tokens: Tokens) -> dict[int, list[tuple[int, int, int]]]:
        found = self._index.near.candidates(tokens)
        return {
            document: [(text, low, high) for _, text, low, high in rows]
            for document, rows in groupby(found, key=lambda row: row[0])
        }

    def _near_hit(
        self,
        piece: Piece,
        document: list[bytes],
        text: int,
        around: tuple[int, int],
        own: Sequence[_Span],
    ) -> Hit | None:
        words = self._index.words(text)
        begin = max(0, around[0] - len(words))
        stretch = document[begin : around[1] + len(words)]
        like = likeness(words, stretch)
        most = stretch[like.first : like.end]
        if like.containment < self._limits.containment:
            return None
        longest = max((span.length for span in own), default=0)
        return self._hit(
            piece, text, method=WORDS, first=begin + like.first, end=begin + like.end,
            share=self._share(text, own), span=longest or common_span(words, most),
            containment=like.containment, jaccard=like.jaccard,
        )  # fmt: skip

    # --- what is kept

    def _hit(
        self,
        piece: Piece,
        text: int,
        *,
        method: str,
        first: int,
        end: int,
        share: float,
        span: int,
        containment: float = 0.0,
        jaccard: float = 0.0,
    ) -> Hit:
        """A hit whose place is still told in words: ``_keep`` makes code points of the strongest."""
        return Hit(
            text=text, file=piece.file, row=piece.row, field=piece.field, offset=first, end=end,
            method=method, share=round(share, 6), containment=round(containment, 6),
            jaccard=round(jaccard, 6), span=span, words="",
        )  # fmt: skip

    def _keep(self, piece: Piece, hit: Hit) -> None:
        where = (hit.file, hit.row, hit.field)
        new = self._last.get(hit.text) != where
        self._last[hit.text] = where
        self.documents[hit.text] += new
        kept = self.hits[hit.text]
        # The pieces of a long field overlap, so the same hit may come twice.
        same = [each for each in kept if (each.file, each.row, each.field) == where]
        if same and self._strength(same[0]) >= self._strength(hit):
            return
        if same:
            kept.remove(same[0])
        elif len(kept) == KEPT and self._strength(kept[-1]) >= self._strength(hit):
            return
        kept.append(self._placed(piece, hit))
        kept.sort(key=self._strength, reverse=True)
        del kept[KEPT:]

    def _strength(self, hit: Hit) -> tuple[bool, float, int]:
        copied = hit.verdict(self._limits) == COPIED
        return copied, max(hit.share, hit.containment), hit.span

    def _placed(self, piece: Piece, hit: Hit) -> Hit:
        if self._shown is not piece.text:
            # Mostly a document has one hit, and what stands behind it is of no use.
            self._shown, self._spots = piece.text, []
            offset, end = place_of(piece.text, hit.offset, hit.end - 1)
        else:
            self._spots = self._spots or places(piece.text)
            offset, end = self._spots[hit.offset][0], self._spots[hit.end - 1][1]
        shown = " ".join(piece.text[offset : min(end, offset + _SHOWN)].split())
        return replace(
            hit,
            offset=piece.start + offset,
            end=piece.start + end,
            words=shown + (" ..." if end > offset + _SHOWN else ""),
        )


def common_span(one: Sequence[bytes], other: Sequence[bytes]) -> int:
    """How many words the longest run has that stands in both."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if _slices(one, middle) & _slices(other, middle):
            low = middle
        else:
            high = middle - 1
    return low


def _slices(words: Sequence[bytes], length: int) -> set[tuple[bytes, ...]]:
    return {tuple(words[at : at + length]) for at in range(len(words) - length + 1)}


def _same(
    document: Sequence[bytes], words: Sequence[bytes], at: int, place: int, runs: int
) -> Iterator[tuple[int, int]]:
    """Those of ``runs`` neighbouring runs whose words are the same: the first, and how many follow on."""
    rest = RUN - 1
    if document[at : at + runs + rest] == words[place : place + runs + rest]:
        yield 0, runs
        return
    right = [
        number
        for number in range(runs)
        if document[at + number : at + number + RUN] == words[place + number : place + number + RUN]
    ]
    for _, neighbours in groupby(enumerate(right), key=lambda pair: pair[1] - pair[0]):
        together = [number for _, number in neighbours]
        yield together[0], len(together)
