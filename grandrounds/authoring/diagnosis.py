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
from grandrounds.clinical.conditions import head_word, is_known
from grandrounds.clinical.terminology import Terminology
from grandrounds.records.case import Case
from grandrounds.records.parts import Span
from grandrounds.text import find_phrase, normalise, sentences, words

_TITLE_WEIGHT = 4.0
_BARE_TITLE_WEIGHT = 3.0  # a title whose words no sentence states may only name the complaint
_SECOND_TITLE_WEIGHT = 1.2
_STRONG = 1.8
_STRONG_ENOUGH = 2.0
_KNOWN_WEIGHT = 0.4
_MENTION_WEIGHT = 0.15
_MENTION_CAP = 1.5
_ENOUGH = 3.0
_LEAD = 1.15
_LONGEST_WORDS = 12
_SMALL_WORDS = frozenset(
    ["a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"]
)

# Where a sentence that states the diagnosis is looked for, and what the place takes off: the patient's
# own story first; discussions speak of other patients too, so they come after the title.
_PLACES = (
    (
        ("diagnosis", "presentation", "investigations", "treatment", "outcome", "examination", "history"),
        0.0,
    ),
    (("abstract",), 0.3),
    (("conclusion",), 0.4),
    (("background", "discussion", "other"), 1.2),
)
_TITLE_SCORE = 0.05
# "mesothelioma of epithelioid type": a subtype that the options beside it don't have.
_TYPE = re.compile(r"\s+of\s+(?:the\s+)?[\w-]+\s+type$", re.IGNORECASE)
_CONCLUSIVE = re.compile(
    r"\b(?:reveal|confirm|consistent|compatible|diagnos|histolog|histopatholog|biops|cultur|proved|proven|established)\w*",
    re.IGNORECASE,
)


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
    title_weight: float = 0.0
    weight: float = 0.0

    @property
    def strong(self) -> bool:
        """Whether a sentence outright states it as the diagnosis."""
        return any(statement.weight >= _STRONG for statement in self.stated)

    def takes(self, phrase: str) -> bool:
        terminology = Terminology.load()
        return any(terminology.related(phrase, known) for known in self.phrases)


def find_diagnosis(case: Case) -> Diagnosis | NoDiagnosis:
    """The diagnosis of ``case`` as its own article states it, or why there is none."""
    clusters = _clusters(case)
    if not clusters:
        return NoDiagnosis(reason="neither the title nor a sentence names a condition")
    ranked = sorted(clusters, key=lambda each: (-each.weight, not each.title, each.phrases[0]))
    best = ranked[0]
    if len(ranked) > 1 and ranked[1].title and best.weight < _LEAD * ranked[1].weight:
        best = ranked[1]
    if best.weight < (_STRONG_ENOUGH if best.strong else _ENOUGH):
        return NoDiagnosis(reason=f"{best.phrases[0]!r} is the likeliest condition, but too little says so")
    if not best.title and len(ranked) > 1 and best.weight < _LEAD * ranked[1].weight:
        return NoDiagnosis(reason=f"{best.phrases[0]!r} and {ranked[1].phrases[0]!r} are equally likely")
    name = _name(case, best)
    aliases = _aliases(case, name)
    quote = _quote(case, best, (name, *aliases))
    if quote is None:
        return NoDiagnosis(reason=f"no sentence of the article states {name!r}")
    return Diagnosis(name=name, aliases=aliases, quote=quote, weight=best.weight)


def _clusters(case: Case) -> list[_Cluster]:
    clusters: list[_Cluster] = []
    for position, span in enumerate(condition_spans(case.title)):
        phrase = span.of(case.title)
        if _supported(case, phrase):
            cluster = _cluster_for(clusters, phrase)
            cluster.title = cluster.title or phrase
            cluster.title_weight = max(
                cluster.title_weight, _TITLE_WEIGHT if position == 0 else _SECOND_TITLE_WEIGHT
            )
    for statement in statements(case):
        if len(statement.phrase.split()) > _LONGEST_WORDS:
            continue
        cluster = _cluster_for(clusters, statement.phrase)
        if not any(known.sentence == statement.sentence for known in cluster.stated):
            cluster.weight += statement.weight
        cluster.stated.append(statement)
    rivals = [cluster for cluster in clusters if cluster.strong]
    for cluster in clusters:
        bare = cluster.title_weight and not cluster.stated and rivals
        cluster.weight += _BARE_TITLE_WEIGHT if bare else cluster.title_weight
        cluster.weight += min(_MENTION_CAP, _MENTION_WEIGHT * _mentions(case, cluster))
        if any(is_known(phrase) for phrase in cluster.phrases):
            cluster.weight += _KNOWN_WEIGHT
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
    best = max(
        cluster.stated,
        key=lambda each: (
            each.weight + (_KNOWN_WEIGHT if is_known(each.phrase) else 0.0),
            len(each.phrase),
        ),
    )
    return _upper_first(_TYPE.sub("", best.phrase))


def _supported(case: Case, phrase: str) -> bool:
    """Whether the text, title apart, says the phrase or at least its last two words."""
    parts = phrase.split()
    endings = [phrase, " ".join(parts[-2:])] if len(parts) > 1 else [phrase]
    head = [" ".join(phrase.split(" of ", 1)[0].split()[-2:])]
    areas = [s.span.of(case.text) for s in case.own_sections() if s.kind != "title"]
    return any(find_phrase(area, ending) for area in areas for ending in (*endings, *head))


def _as_running_text(case: Case, phrase: str) -> str:
    """A title's words without its capitals: each word as the body writes it inside a sentence."""
    body = "\n".join(s.span.of(case.text) for s in case.own_sections() if s.kind != "title")
    for hit in find_phrase(body, phrase):
        if normalise(hit.of(body)) == normalise(phrase) and not _starts_sentence(body, hit.start):
            return _upper_first(" ".join(hit.of(body).split()))
    return _upper_first(" ".join(_word_as_in(body, word) for word in phrase.split()))


def _word_as_in(body: str, word: str) -> str:
    """``word`` lower-cased, unless the body writes it in capitals inside sentences (eponyms, ACTH)."""
    bare = word.strip(",.;:()")
    if not bare or sum(char.isupper() for char in bare) > 1 or any(char.isdigit() for char in bare):
        return word
    inside = re.findall(rf"(?<=[a-z,] ){re.escape(bare)}\b", body, re.IGNORECASE)
    if inside and all(found[0].isupper() for found in inside):
        return word
    if not inside and bare.endswith(("'s", "\u2019s")):
        return word
    return word.lower()


def _starts_sentence(body: str, position: int) -> bool:
    before = body[:position].rstrip()
    return not before or before[-1] in ".!?:\n" or body[max(0, position - 2) : position].endswith("\n")


def _upper_first(phrase: str) -> str:
    return phrase[:1].upper() + phrase[1:]


def _quote(case: Case, cluster: _Cluster, names: Sequence[str]) -> Span | None:
    """The sentence that best states the diagnosis by name; the title where no sentence does better."""
    weights: dict[Span, float] = {}
    for statement in cluster.stated:
        weights[statement.sentence] = max(weights.get(statement.sentence, 0.0), statement.weight)
    scored: list[tuple[float, Span]] = []
    for kinds, penalty in _PLACES:
        if kinds == ("abstract",) and case.case_count > 1:
            continue  # an abstract of several patients does not say whose diagnosis it states
        for sentence in _naming_sentences(case, kinds, names):
            bare = 0.5 if _CONCLUSIVE.search(sentence.of(case.text)) else 0.1
            scored.append((weights.get(sentence, bare) - penalty, sentence))
    scored += [(_TITLE_SCORE, sentence) for sentence in _naming_sentences(case, ("title",), names)]
    return max(scored, key=lambda each: each[0])[1] if scored else None


def _naming_sentences(case: Case, kinds: Sequence[str], names: Sequence[str]) -> list[Span]:
    return [
        sentence
        for section in case.own_sections()
        if section.kind in kinds
        for sentence in sentences(case.text, section.span)
        if any(find_phrase(sentence.of(case.text), name) for name in names)
    ]


def _aliases(case: Case, name: str) -> tuple[str, ...]:
    """Other names that are equally right: the terminology's synonyms and the article's abbreviations."""
    found = [*_synonyms(name), *_abbreviations(case, name)]
    known = {normalise(name)}
    aliases = []
    for phrase in found:
        key = normalise(phrase)
        if len(key) > 1 and key not in known:
            known.add(key)
            aliases.append(phrase if phrase.isupper() else _upper_first(phrase))
    return tuple(aliases)


def _synonyms(name: str) -> list[str]:
    """The terminology's names that are neither broader nor narrower, as far as their words tell.

    The terminology lists common subtypes beside true synonyms, which is right for finding leaks
    and wrong for marking: "aortic dissection" does not answer for "type A aortic dissection".
    """
    terminology = Terminology.load()
    concept = terminology.concept_of(name)
    own = set(words(name))
    if concept is not None and set(words(concept.name)) < own:
        return []
    return [
        other
        for other in terminology.names_of(name)
        if not (set(words(other)) < own or own < set(words(other)))
    ]


def _abbreviations(case: Case, name: str) -> list[str]:
    """Short forms that this article uses for the diagnosis, also where they leave a qualifier out."""
    initials = "".join(word[0] for word in words(name) if word not in _SMALL_WORDS)
    shorts = []
    for entry in case.abbreviations:
        short, _, long = entry.partition("=")
        stands_for = normalise(long) in normalise(name) and head_word(long) == head_word(name)
        letters = normalise(short).replace(" ", "")
        if stands_for or (len(letters) >= 3 and initials.startswith(letters)):
            shorts.append(short.strip())
    return shorts
