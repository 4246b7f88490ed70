"""The rule author's diagnosis of a case: where title and text agree, and a sentence that says it.

Conditions named by the title and by sentences that state a diagnosis are gathered and put into
clusters of related names. Each cluster is weighed by where and how it is stated; the heaviest wins if
it is heavy enough and clearly ahead. A wrong answer is worse than none: doubt ends in no diagnosis.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from grandrounds.authoring.statements import Statement, statements
from grandrounds.authoring.titles import condition_spans
from grandrounds.clinical.conditions import head_word
from grandrounds.clinical.terminology import Terminology
from grandrounds.records.case import Case
from grandrounds.records.parts import Span
from grandrounds.text import find_phrase, normalise, sentences, words

_TITLE_WEIGHT = 3.0
_SECOND_TITLE_WEIGHT = 1.2
_MENTION_WEIGHT = 0.15
_MENTION_CAP = 1.5
_ENOUGH = 3.0
_LEAD = 1.15
_LONGEST_WORDS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """A diagnosis read out of a case.

    ``name`` is written as in running text, first letter upper case. ``quote`` is the sentence (a
    span of the case's text) that states it. ``weight`` is the evidence gathered for it.
    """

    name: str
    aliases: tuple[str, ...]
    quote: Span
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NoDiagnosis:
    """No diagnosis could be read with confidence; ``reason`` says what was seen."""

    reason: str


@dataclass(slots=True)
class _Cluster:
    """Names of one condition, and what speaks for it."""

    phrases: list[str] = field(default_factory=list)
    stated: list[Statement] = field(default_factory=list)
    title: str = ""
    weight: float = 0.0

    def takes(self, phrase: str) -> bool:
        terminology = Terminology.load()
        return any(terminology.related(phrase, known) for known in self.phrases)


def find_diagnosis(case: Case) -> Diagnosis | NoDiagnosis:
    """The diagnosis of ``case`` as its own article states it, or why there is none."""
    clusters = _clusters(case)
    if not clusters:
        return NoDiagnosis(reason="neither the title nor a sentence names a condition")
    ranked = sorted(clusters, key=lambda each: (-each.weight, each.phrases[0]))
    best = ranked[0]
    if best.weight < _ENOUGH:
        return NoDiagnosis(
            reason=f"{best.phrases[0]!r} is the likeliest condition, but too little says so ({best.weight:.1f})"
        )
    if not best.title and len(ranked) > 1 and best.weight < _LEAD * ranked[1].weight:
        return NoDiagnosis(reason=f"{best.phrases[0]!r} and {ranked[1].phrases[0]!r} are equally likely")
    name = _name(case, best)
    quote = _quote(case, best, name)
    if quote is None:
        return NoDiagnosis(reason=f"no sentence of the article states {name!r}")
    return Diagnosis(name=name, aliases=_aliases(case, best, name), quote=quote, weight=best.weight)


def _clusters(case: Case) -> list[_Cluster]:
    clusters: list[_Cluster] = []
    for position, span in enumerate(condition_spans(case.title)):
        phrase = span.of(case.title)
        cluster = _cluster_for(clusters, phrase)
        cluster.title = cluster.title or phrase
        cluster.weight += _TITLE_WEIGHT if position == 0 else _SECOND_TITLE_WEIGHT
    for statement in statements(case):
        if len(statement.phrase.split()) > _LONGEST_WORDS:
            continue
        cluster = _cluster_for(clusters, statement.phrase)
        if not any(known.sentence == statement.sentence for known in cluster.stated):
            cluster.weight += statement.weight
        cluster.stated.append(statement)
    for cluster in clusters:
        cluster.weight += min(_MENTION_CAP, _MENTION_WEIGHT * _mentions(case, cluster))
    return clusters


def _cluster_for(clusters: list[_Cluster], phrase: str) -> _Cluster:
    for cluster in clusters:
        if cluster.takes(phrase):
            cluster.phrases.append(phrase)
            return cluster
    clusters.append(_Cluster(phrases=[phrase]))
    return clusters[-1]


def _mentions(case: Case, cluster: _Cluster) -> int:
    """How often the text says any of the names, titles and captions not counted."""
    areas = [s.span for s in case.own_sections() if s.kind not in {"title", "captions", "tables", "back"}]
    names = {normalise(phrase): phrase for phrase in cluster.phrases}
    return sum(
        len([hit for hit in find_phrase(case.text, phrase) if any(area.contains(hit) for area in areas)])
        for phrase in names.values()
    )


def _name(case: Case, cluster: _Cluster) -> str:
    """The cluster's best name: the title's, else the best stated one, as running text writes it."""
    if cluster.title:
        return _as_running_text(case, cluster.title)
    best = max(cluster.stated, key=lambda each: (each.weight, len(each.phrase)))
    return _upper_first(best.phrase)


def _as_running_text(case: Case, phrase: str) -> str:
    """A title's words without its capitals: each word as the body writes it inside a sentence."""
    body = "\n".join(s.span.of(case.text) for s in case.own_sections() if s.kind != "title")
    hits = [hit for hit in find_phrase(body, phrase) if not _starts_sentence(body, hit.start)]
    if hits:
        return _upper_first(" ".join(hits[0].of(body).split()))
    return _upper_first(" ".join(_word_as_in(body, word) for word in phrase.split()))


def _word_as_in(body: str, word: str) -> str:
    """``word`` lower-cased, unless the body writes it in capitals inside sentences (eponyms, ACTH)."""
    bare = word.strip(",.;:()")
    if not bare or sum(char.isupper() for char in bare) > 1 or any(char.isdigit() for char in bare):
        return word
    inside = [m for m in re.finditer(rf"(?<=[a-z,] ){re.escape(bare)}\b", body, re.IGNORECASE)]
    if inside and all(match.group()[0].isupper() for match in inside):
        return word
    if not inside and word[0].isupper() and re.search(rf"\b{re.escape(bare)}\b", body) and bare.lower() not in body.lower().split():
        return word
    return word.lower()


def _starts_sentence(body: str, position: int) -> bool:
    before = body[:position].rstrip()
    return not before or before[-1] in ".!?:\n" or body[max(0, position - 2) : position].endswith("\n")


def _upper_first(words_: str) -> str:
    return words_[:1].upper() + words_[1:]


def _quote(case: Case, cluster: _Cluster, name: str) -> Span | None:
    """The sentence that best states the diagnosis: a statement, else a sentence that names it, else the title."""
    ordered: Sequence[Statement] = sorted(
        cluster.stated, key=lambda each: (-(each.weight + (1.0 if each.own else 0.0)), each.sentence.start)
    )
    for statement in ordered:
        if statement.weight >= 0.7:
            return statement.sentence
    names = [name, *dict.fromkeys(cluster.phrases)]
    for kind in ("diagnosis", "presentation", "investigations", "treatment", "outcome", "abstract", "conclusion", "discussion", "title"):
        for section in case.own_sections():
            if section.kind == kind:
                for sentence in sentences(case.text, section.span):
                    if any(find_phrase(sentence.of(case.text), each) for each in names):
                        return sentence
    return None


def _aliases(case: Case, cluster: _Cluster, name: str) -> tuple[str, ...]:
    """Other names: the terminology's, the article's abbreviations, and how else the text puts it."""
    found = list(Terminology.load().names_of(name))
    for entry in case.abbreviations:
        short, _, long = entry.partition("=")
        if long and (normalise(long) == normalise(name) or Terminology.load().related(long, name)):
            found += [short.strip(), long.strip()]
    head = head_word(name)
    found += [
        phrase
        for phrase in cluster.phrases
        if len(words(phrase)) <= 8 and (head_word(phrase) == head or normalise(phrase) in normalise(name))
    ]
    known = {normalise(name)}
    aliases = []
    for phrase in found:
        key = normalise(phrase)
        if key and key not in known and len(key) > 1:
            known.add(key)
            aliases.append(phrase if phrase.isupper() else _upper_first(phrase))
    return tuple(aliases)
