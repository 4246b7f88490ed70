"""Texts for tests of contamination: made by code, and copied in ways that people copy."""

from __future__ import annotations

import random
import re
from itertools import accumulate

from grandrounds.contamination.texts import ItemText

_VOCABULARY = 20_000


class Writer:
    """Writes texts whose words are as rare as in a language (Zipf); another seed, other texts."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        letters = "abcdefghijklmnopqrstuvwxyz"
        made = random.Random(20_260_101)
        self._words = ["".join(made.choices(letters, k=made.randint(3, 9))) for _ in range(_VOCABULARY)]
        self._weights = list(accumulate(1 / rank for rank in range(1, _VOCABULARY + 1)))

    def text(self, words: int) -> str:
        """A text of sentences of 15 words."""
        drawn = self._random.choices(self._words, cum_weights=self._weights, k=words)
        sentences = [" ".join(drawn[at : at + 15]).capitalize() for at in range(0, words, 15)]
        return ". ".join(sentences) + "."

    def texts(self, count: int, words: int) -> list[str]:
        """Several of them."""
        return [self.text(words) for _ in range(count)]

    def shout(self, text: str) -> str:
        """Every word, in other letters and with other marks between."""
        return text.upper().replace(". ", " - ")

    def sentences_moved(self, text: str) -> str:
        """The sentences in another order."""
        return self._moved(re.split(r"(?<=\.) ", text))

    def clauses_moved(self, text: str) -> str:
        """Every six words in another place."""
        words = text.split()
        return self._moved([" ".join(words[at : at + 6]) for at in range(0, len(words), 6)])

    def words_moved(self, text: str) -> str:
        """Every word in another place."""
        return self._moved(text.split())

    def some_replaced(self, text: str, share: float) -> str:
        """Some words replaced by others that stand nowhere else."""
        return " ".join(
            f"other{self._random.randrange(10**9)}" if self._random.random() < share else word
            for word in text.split()
        )

    def embedded(self, text: str, around: int = 1500) -> str:
        """Inside a long text."""
        return f"{self.text(around)} {text} {self.text(around)}"

    def _moved(self, parts: list[str]) -> str:
        self._random.shuffle(parts)
        return " ".join(parts)


def item_texts(texts: list[str]) -> list[ItemText]:
    """An item of each text, ``item-0`` and so on."""
    return [
        ItemText(item_id=f"item-{number}", task="task", group=f"group-{number}", field="stem", text=text)
        for number, text in enumerate(texts)
    ]
