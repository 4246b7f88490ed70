"""Which items can be answered from question and options alone? A small model that never sees a picture.

Benchmarks leak through their options: the modality that a corpus shows most is right most often, some
wrong options are never right. This model learns such habits from the items of all other groups (books),
answers the items of the group left out, and says how sure it is. No word of a caption and no pixel goes
in.

Of each option it looks at, all counted in the other groups only:

- ``right``: how often this very option is right where it is offered;
- ``words``: the same of the option's words, averaged;
- ``asked``: the same of pairs of a word of the question and a word of the option, averaged;
- ``length``: by how much it is longer than the other options;
- ``echo``: the share of its words that the question has.

Shares are turned into log-odds against chance, smoothed by three items at chance. How much each of the
five counts is fitted (a conditional logit with a ridge, five weights for a whole task); where the fit
has little to go by, weights stay small and no item looks sure. No item of a group has a say in its
weights. The same items give the same answers.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING

from grandrounds.records.envelope import Envelope
from grandrounds.text import normalise, words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FEATURES = ("right", "words", "asked", "length", "echo")
_FEWEST_GROUPS = 2
_MOST_FOLDS = 20
_RIDGE = 1.0
_STEPS, _HALVINGS = 50, 30
_SETTLED = 1e-7
_SMOOTH = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """What the model says of one item. ``probability`` is that of the right option; ``right`` whether
    it is the likeliest. Of options that are equally likely none is preferred, so neither is right."""

    probability: float
    right: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """``right`` of ``items`` of a task are answered without the picture; ``chance`` would get so many
    right (the sum of one over the number of options)."""

    items: int
    right: int
    chance: float


def guesses(items: Sequence[Envelope]) -> list[Guess | None]:
    """The model's guess for each item; ``None`` for open questions, and where all items of a task are
    of one group, so that nothing can be learnt."""
    found: list[Guess | None] = [None] * len(items)
    for places in _by_task(items).values():
        own = [items[place] for place in places]
        if len({item.group_id for item in own}) < _FEWEST_GROUPS:
            continue
        for place, guess in zip(places, _guessed(own), strict=True):
            found[place] = guess
    return found


def accuracies(items: Sequence[Envelope]) -> dict[str, Accuracy]:
    """How often the model is right, by task; tasks that it can't learn are left out."""
    found: dict[str, Accuracy] = {}
    told = guesses(items)
    for task, places in sorted(_by_task(items).items()):
        own = [(items[place], guess) for place in places if (guess := told[place]) is not None]
        if own:
            found[task] = Accuracy(
                items=len(own),
                right=sum(guess.right for _, guess in own),
                chance=round(sum(1 / len(item.options) for item, _ in own), 6),
            )
    return found


def _by_task(items: Sequence[Envelope]) -> dict[str, list[int]]:
    places: defaultdict[str, list[int]] = defaultdict(list)
    for place, item in enumerate(items):
        if len(item.options) > 1 and item.answer in item.options:
            places[item.task].append(place)
    return dict(places)


def _guessed(items: Sequence[Envelope]) -> Iterator[Guess]:
    import numpy as np

    rows = [_Row(item) for item in items]
    seen = _Seen(rows)
    features = [seen.features(row) for row in rows]
    rights = [row.right for row in rows]
    folds = _folds(row.group for row in rows)
    weights = {
        fold: _fitted(*_others(features, rights, [folds[row.group] != fold for row in rows]))
        for fold in sorted(set(folds.values()))
    }
    for row, matrix, right in zip(rows, features, rights, strict=True):
        # Rounded, so that another order of adding can't tip a tie on another machine.
        scores = np.round(matrix @ weights[folds[row.group]], 6)
        chances = np.exp(scores - scores.max())
        chances /= chances.sum()
        best = np.flatnonzero(scores == scores.max())
        yield Guess(probability=round(float(chances[right]), 6), right=best.tolist() == [right])


def _folds(groups: Iterable[str]) -> dict[str, int]:
    """The fold of each group: its own, or, of many groups, one of ``_MOST_FOLDS``."""
    return {group: place % _MOST_FOLDS for place, group in enumerate(sorted(set(groups)))}


def _others(
    features: Sequence[NDArray[np.float64]], rights: Sequence[int], kept: Sequence[bool]
) -> tuple[list[NDArray[np.float64]], list[int]]:
    places = [place for place, keep in enumerate(kept) if keep]
    return [features[place] for place in places], [rights[place] for place in places]


class _Row:
    """An item as keys to count. Options are sorted: their order must not tell the answer."""

    def __init__(self, item: Envelope) -> None:
        self.group = item.group_id
        self.options = sorted(item.options)
        self.right = self.options.index(item.answer)
        asked = sorted(set(words(item.question)))
        self.asked = frozenset(asked)
        self.words = [tuple(sorted(set(words(option)))) for option in self.options]
        self.keys = [
            {
                "right": (normalise(option),),
                "words": own,
                "asked": tuple(f"{one}\0{other}" for one in asked for other in own),
            }
            for option, own in zip(self.options, self.words, strict=True)
        ]


class _Seen:
    """How often each key was offered and right, in all items and in those of each group."""

    def __init__(self, rows: Iterable[_Row]) -> None:
        self._all: Counter[tuple[str, str]] = Counter()
        self._right: defaultdict[tuple[str, str], float] = defaultdict(float)
        self._own: Counter[tuple[str, str, str]] = Counter()
        self._own_right: defaultdict[tuple[str, str, str], float] = defaultdict(float)
        for row in rows:
            for place, keys in enumerate(row.keys):
                for name, values in keys.items():
                    for value in values:
                        self._count(row, name, value, place=place)

    def features(self, row: _Row) -> NDArray[np.float64]:
        """One line an option, one column a feature."""
        import numpy as np

        lengths = [len(option) for option in row.options]
        mean = sum(lengths) / len(lengths)
        lines = []
        for place, keys in enumerate(row.keys):
            told = [self._mean(row, name, keys[name]) for name in FEATURES[:3]]
            own = row.words[place]
            echo = sum(word in row.asked for word in own) / len(own) if own else 0.0
            lines.append([*told, lengths[place] / mean - 1 if mean else 0.0, echo])
        return np.array(lines, dtype=np.float64)

    def _count(self, row: _Row, name: str, value: str, *, place: int) -> None:
        right = float(place == row.right)
        self._all[name, value] += 1
        self._own[row.group, name, value] += 1
        self._right[name, value] += right
        self._own_right[row.group, name, value] += right

    def _mean(self, row: _Row, name: str, values: Sequence[str]) -> float:
        return sum(self._odds(row, name, value) for value in values) / len(values) if values else 0.0

    def _odds(self, row: _Row, name: str, value: str) -> float:
        """Log-odds against chance that an option with this key is right, from the other groups."""
        offered = self._all[name, value] - self._own[row.group, name, value]
        right = self._right[name, value] - self._own_right[row.group, name, value]
        chance = 1 / len(row.options)
        share = (right + _SMOOTH * chance) / (offered + _SMOOTH)
        share = min(max(share, 1e-6), 1 - 1e-6)
        return log(share / (1 - share)) - log(chance / (1 - chance))


def _fitted(features: Sequence[NDArray[np.float64]], rights: Sequence[int]) -> NDArray[np.float64]:
    """The weights of the conditional logit with a ridge, by Newton's method: there is one peak."""
    import numpy as np

    stacks = _stacked(features, rights)
    weights = np.zeros(len(FEATURES))
    if not stacks:
        return weights
    height = _height(stacks, weights)
    for _ in range(_STEPS):
        slope, bend = _slope(stacks, weights)
        step = np.linalg.solve(bend, slope)
        for _ in range(_HALVINGS):
            next_height = _height(stacks, weights + step)
            if next_height >= height:
                break
            step = step / 2
        weights, gained = weights + step, next_height - height
        height = next_height
        if gained < _SETTLED:
            break
    return np.round(weights, 6)


_Stacks = list[tuple["NDArray[np.float64]", "NDArray[np.intp]"]]


def _stacked(features: Sequence[NDArray[np.float64]], rights: Sequence[int]) -> _Stacks:
    """Items with equally many options in one array: items x options x features."""
    import numpy as np

    by_size: defaultdict[int, list[int]] = defaultdict(list)
    for place, matrix in enumerate(features):
        by_size[len(matrix)].append(place)
    return [
        (np.stack([features[place] for place in places]), np.array([rights[place] for place in places]))
        for _, places in sorted(by_size.items())
    ]


def _chances(stack: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    scores = stack @ weights
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    chances: NDArray[np.float64] = raised / raised.sum(axis=1, keepdims=True)
    return chances


def _height(stacks: _Stacks, weights: NDArray[np.float64]) -> float:
    import numpy as np

    height = -0.5 * _RIDGE * float(weights @ weights)
    for stack, rights in stacks:
        own = _chances(stack, weights)[np.arange(len(rights)), rights]
        height += float(np.log(np.maximum(own, 1e-300)).sum())
    return height


def _slope(
    stacks: _Stacks, weights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The gradient, and the negative of the second derivatives."""
    import numpy as np

    slope = -_RIDGE * weights
    bend = _RIDGE * np.eye(len(FEATURES))
    for stack, rights in stacks:
        chances = _chances(stack, weights)
        mean = np.einsum("io,iof->if", chances, stack)
        slope = slope + (stack[np.arange(len(rights)), rights] - mean).sum(axis=0)
        bend = bend + np.einsum("io,iof,iog->fg", chances, stack, stack) - mean.T @ mean
    return slope, bend


def sure_of(items: Sequence[Envelope], *, least: float) -> Mapping[int, float]:
    """The places of the items that the model gets right with a probability of at least ``least``, and
    that probability. With ``least`` 1 none is."""
    if least >= 1:
        return {}
    return {
        place: guess.probability
        for place, guess in enumerate(guesses(items))
        if guess is not None and guess.right and guess.probability >= least
    }
