"""How sure it is that caption and picture belong together: named parts, 0 to 1, and one figure of them.

The whole is the weighted mean of the parts that apply, times a factor for each that speaks against the
pair. The weights were set by hand and checked on printed chapters whose true pairs are known
(``benchmarks/figures.py``); they are a score, not a probability.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from grandrounds.textbooks.labels import number_of, series_of

_WEIGHTS = {
    "distance": 0.2,
    "overlap": 0.12,
    "aligned": 0.05,
    "side": 0.13,
    "clear": 0.1,
    "other_page": 0.5,
    "same_label": 0.5,
    "typography": 0.12,
    "only": 0.12,
    "sequence": 0.16,
    "panels": 0.1,
    "mentions": 0.08,
    "words": 0.08,
}
_AGAINST = {
    "sequence": 0.5,
    "panels": 0.72,
    "mentions": 0.8,
    "words": 0.85,
    "clear": 0.8,
    "only": 0.85,
    "page_fits": 0.75,
    "order": 0.5,
    "alternative": 0.55,
}
"""What the whole is multiplied by where such a part is 0; in between, in proportion."""

_WORD = re.compile(r"[^\W\d_]{4,}")
_COMMON = frozenset(
    (
        "figure", "with", "that", "this", "from", "were", "have", "which", "shows", "showing", "shown",
        "after", "before", "patient", "images", "image", "between", "their", "there", "these", "those",
        "into", "also", "than", "they", "been", "case",
    )
)  # fmt: skip


def alignment(parts: Mapping[str, float]) -> float:
    """The confidence that ``parts`` make together, 0 to 1."""
    known = {
        name: min(1.0, max(0.0, value))
        for name, value in parts.items()
        if name in _WEIGHTS or name in _AGAINST
    }
    total = sum(_WEIGHTS.get(name, 0.0) for name in known)
    if not total:
        return 0.0
    whole = sum(_WEIGHTS.get(name, 0.0) * value for name, value in known.items()) / total
    for name, factor in _AGAINST.items():
        if name in known:
            whole *= factor + (1 - factor) * known[name]
    return round(min(1.0, whole), 4)


def in_sequence(keys: Sequence[str]) -> list[float]:
    """For each label in reading order: 1 where it stands in its place of the sequence, 0 where it does not.

    A label is in its place when every longest run of rising numbers holds it: one number out of place is
    alone to blame, two that changed places both are.
    """
    places: dict[str, list[int]] = defaultdict(list)
    numbers = [number_of(key) for key in keys]
    answer = [1.0] * len(keys)
    for place, key in enumerate(keys):
        if numbers[place] is not None:
            places[series_of(key)].append(place)
    for some in places.values():
        values = [numbers[place] or () for place in some]
        if len(values) > 4000:
            continue
        for place, holds in zip(some, _critical(values), strict=True):
            answer[place] = 1.0 if holds else 0.0
    return answer


def _critical(values: Sequence[tuple[float, ...]]) -> list[bool]:
    count = len(values)
    ending, starting = [1] * count, [1] * count
    window = 400  # figures farther apart than that change nothing that a reader would call a swap
    for here in range(count):
        for before in range(max(0, here - window), here):
            if values[before] <= values[here]:
                ending[here] = max(ending[here], ending[before] + 1)
    for here in range(count - 1, -1, -1):
        for after in range(here + 1, min(count, here + window)):
            if values[here] <= values[after]:
                starting[here] = max(starting[here], starting[after] + 1)
    longest = max((one + other - 1 for one, other in zip(ending, starting, strict=True)), default=0)
    on_one = [one + other - 1 == longest for one, other in zip(ending, starting, strict=True)]
    ranks = Counter(rank for rank, holds in zip(ending, on_one, strict=True) if holds)
    return [holds and ranks[rank] == 1 for rank, holds in zip(ending, on_one, strict=True)]


def content_words(text: str) -> set[str]:
    """The words of ``text`` that carry meaning, for comparing captions with what is said of figures."""
    return {word for word in _WORD.findall(text.casefold()) if word not in _COMMON}


def agreement(captions: Sequence[set[str]], mentions: Sequence[set[str]]) -> list[float | None]:
    """How much better each caption fits what is said of its own figure than what is said of another.

    1 where its own mentions agree best, less where another's do by far; ``None`` where nothing tells.
    Words are weighed by how few captions hold them.
    """
    rarity: Counter[str] = Counter(word for words in captions for word in words)
    count = len(captions)
    weight = {word: math.log(1 + count / often) for word, often in rarity.items()}
    answer: list[float | None] = []
    for number, words in enumerate(captions):
        if not mentions[number] or len(words) < 3 or count < 2:
            answer.append(None)
            continue
        total = sum(weight[word] for word in words) or 1.0
        own = sum(weight[word] for word in words & mentions[number]) / total
        low, high = max(0, number - 12), min(count, number + 13)
        others = max(
            (
                sum(weight[word] for word in words & mentions[other]) / total
                for other in range(low, high)
                if other != number and mentions[other] and mentions[other] != mentions[number]
            ),
            default=0.0,
        )
        if max(own, others) < 0.08:
            answer.append(None)
        else:
            answer.append(round(min(1.0, (own + 0.2) / (others + 0.2)), 4))
    return answer
