"""The words that rubrics are read and judged with: investigations, procedures, drugs, words of one
meaning."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import yaml

from grandrounds.text import normalise

_DRUG_ENDINGS = (
    r"(?:mycin|cillin|azole|mab|tinib|floxacin|cycline|clovir|statin|pril|sartan|prazole|olol|thiazide|semide|penem|trexate|"
    r"oxacin|parin|nidazole|solone|sone)"
)
_PROCEDURE_ENDINGS = r"(?:ectomy|ectomies|otomy|otomies|ostomy|plasty|plasties|pexy|desis|rrhaphy)"
_NO_PROCEDURES = frozenset(["colonoscopy", "gastroscopy", "anatomy", "dichotomy", "thoracoscopy"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Investigation:
    """A test: its printed name, its topic, and every way to say it (normalised, longest first)."""

    name: str
    topic: str
    ways: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The file ``words.yaml``, read. ``same`` gives each phrase (normalised) the first of its group."""

    investigations: tuple[Investigation, ...]
    same: dict[str, str]
    procedures: frozenset[str]
    ways: frozenset[str]
    drugs: frozenset[str]
    generics: frozenset[str]
    determiners: frozenset[str]
    phrase_ends: frozenset[str]
    qualifiers: frozenset[str]
    waiting: re.Pattern[str]

    def is_procedure(self, word: str) -> bool:
        """Whether a word is the head of a treating procedure."""
        plain = normalise(word)
        if plain in _NO_PROCEDURES:
            return False
        return plain in self.procedures or re.search(_PROCEDURE_ENDINGS + "$", plain) is not None

    def is_drug(self, word: str) -> bool:
        """Whether a word is the name of a drug, by list or by its ending."""
        plain = normalise(word)
        return plain in self.drugs or (
            len(plain) > 6 and re.search(_DRUG_ENDINGS + "$", plain) is not None and plain not in _NO_DRUGS
        )


_NO_DRUGS = frozenset(["control", "cholesterol", "protocol", "person", "reason", "comparison", "season"])


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    """The words, read once."""
    read = yaml.safe_load(files("grandrounds.rubrics").joinpath("words.yaml").read_text(encoding="utf-8"))
    known = yaml.safe_load(files("grandrounds.clinical").joinpath("words.yaml").read_text(encoding="utf-8"))
    same: dict[str, str] = {}
    investigations = []
    for topic, rows in read["investigations"].items():
        for row in rows:
            name, _, others = row.partition(":")
            ways = [normalise(way) for way in (name, *others.split("|")) if way.strip()]
            investigations.append(
                Investigation(
                    name=name.strip(),
                    topic=topic,
                    ways=tuple(sorted(set(ways), key=lambda way: (-len(way), way))),
                )
            )
            same.update(dict.fromkeys(ways, ways[0]))
    for row in read["same"]:
        group = [normalise(way) for way in row.split("|")]
        for way in group:
            same.setdefault(way, group[0])
    return Vocabulary(
        investigations=tuple(investigations),
        same=same,
        procedures=frozenset(map(normalise, read["procedures"].split())),
        ways=frozenset(map(normalise, read["ways"].split())),
        drugs=frozenset(map(normalise, read["drugs"].split())),
        generics=frozenset(map(normalise, read["generic_drugs"].split())),
        determiners=frozenset(read["determiners"].split()),
        phrase_ends=frozenset(read["phrase_ends"].split()),
        qualifiers=frozenset(map(normalise, known["qualifier"].split())),
        waiting=re.compile(r"\b(?:" + re.sub(r"[|]\s+", "|", read["waiting"]) + r")\b", re.IGNORECASE),
    )
