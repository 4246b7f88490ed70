"""What a text says of a term: whether it says it, denies it, or only weighs it among others.

Words are compared as stems, and phrases of one meaning as one word (``words.yaml``, the terminology). A term
is said where most of the weight of its words stands in one sentence; words that tell one condition from
another weigh twice. This reads words, not meaning: a paraphrase that shares none is not found, irony is not
understood, and a list of every word would be taken for knowledge.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from grandrounds.clinical.distinctive import is_distinctive
from grandrounds.clinical.terminology import Terminology
from grandrounds.records.parts import Span
from grandrounds.rubrics.vocabulary import vocabulary
from grandrounds.text import sentences, words

SHARE = 0.6
"""How much of the weight of a term's words says the term."""
# "The mass should come out" speaks of the atrial masses, where what is done to them is said.
_BESIDE = 0.5
# A sentence that says the one of a pair alone does not say the other.
_OPPOSITES = (
    (
        frozenset(["partial", "subtotal", "incomplete"]),
        frozenset(["complete", "total", "whole", "radical"]),
    ),
    (frozenset(["left"]), frozenset(["right"])),
    (frozenset(["benign"]), frozenset(["malignant"])),
    (frozenset(["acute"]), frozenset(["chronic"])),
    (frozenset(["primary"]), frozenset(["secondary", "metastatic"])),
    (frozenset(["closed"]), frozenset(["open"])),
)
_EMPTY = frozenset(
    [
        "a",
        "an",
        "and",
        "as",
        "at",
        "be",
        "been",
        "being",
        "but",
        "by",
        "can",
        "for",
        "from",
        "had",
        "has",
        "have",
        "he",
        "her",
        "his",
        "in",
        "into",
        "is",
        "it",
        "its",
        "of",
        "on",
        "or",
        "our",
        "she",
        "so",
        "such",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "they",
        "this",
        "to",
        "was",
        "we",
        "were",
        "which",
        "while",
        "who",
        "will",
        "with",
        "would",
        "you",
        "your",
        "due",
        "than",
        "any",
        "all",
        "both",
        "each",
        "where",
        "when",
        "also",
        "not",
        "no",
        "s",
        "one",
        "two",
        "three",
    ]
)
_ENDINGS = (
    "ations",
    "ation",
    "ating",
    "ated",
    "ions",
    "ings",
    "ion",
    "ing",
    "ive",
    "ed",
    "es",
    "al",
    "ic",
    "ly",
    "s",
    "e",
    "y",
)
_CLAUSE = re.compile(
    r"[;:,()]|\b(?:but|however|although|though|whereas|while|because|and\s+not|so|since|which)\b",
    re.IGNORECASE,
)
_DENIED_BEFORE = re.compile(
    r"\b(?:no|not|never|without|denies|denied|rule[sd]?\s+out|ruling\s+out|exclude[sd]?|excluding|unlikely|rather\s+than|instead\s+of|"
    r"against|avoid(?:ed|ing)?|contraindicat\w+|negative\s+for|absence\s+of|absent|nor|neither|cannot|can't|don't|doesn't|isn't|"
    r"wasn't|lacks?|free\s+of|fails?\s+to|failed|discourage|withhold|stop|do\s+without|mistak\w+|misdiagnos\w+)\b",
    re.IGNORECASE,
)
_FAILED_BEFORE = re.compile(
    r"\b(?:failure\s+of|failed|resistan(?:t|ce)\s+to|despite|refractory\s+to|unresponsive\s+to)\s+(?:\w+\s+)?$",
    re.IGNORECASE,
)
# A denial reaches as far as this many words.
_REACH = 8
_NO_DENIAL = re.compile(
    r"\b(?:not\s+only|no\s+doubt|cannot\s+be\s+excluded|can't\s+be\s+excluded|without\s+delay|do\s+not\s+(?:delay|postpone|wait)|"
    r"not\s+(?:be\s+)?(?:delay|postpon)\w*|no\s+longer\s+than)\b",
    re.IGNORECASE,
)
_DENIED_AFTER = re.compile(
    r"^[^.;]{0,60}?\b(?:(?:is|are|was|were|be|been|seems?|appears?|looks?|makes?\s+it)\s+(?:\w+\s+)?"
    r"(?:unlikely|excluded|ruled\s+out|not|contraindicated|avoided|negative|absent|inappropriate|wrong|dangerous|unnecessary)|"
    r"(?:does|did|do|would|should|could|can|has|have|had|need)\s+not\b|cannot|(?:had|has|have|was|is)\s+(?:no|without)\s+effect|without\s+effect|"
    r"(?:is|was|has|had)\s+(?:been\s+)?(?:ineffective|useless|failed)|less\s+likely|(?:has|have|had)\s+failed|failed\b|was\s+refused)",
    re.IGNORECASE,
)
# What is denied of another thing, named between: "X was started without the chart, which is not valid".
_ASIDE = re.compile(r"(?<=\w),?\s+which\b.*$", re.IGNORECASE | re.DOTALL)
_WEIGHED = re.compile(
    r"\b(?:differential|alternativ\w*|possibilit\w*|consider\w*|could|might|may|perhaps|possibl[ey]|versus|vs|or|whether|includ\w+|"
    r"suspicion\s+of|rule\s+out|among|warn\w*|risk|complicat\w+|prevent\w*)\b",
    re.IGNORECASE,
)
_SETTLED = re.compile(
    r"\b(?:most\s+likely|most\s+probabl[ey]|likeliest|likely\s+(?:diagnosis|cause)|diagnosis\s+(?:is|here\s+is|of)|diagnose|leading\s+diagnosis|"
    r"working\s+diagnosis|this\s+is|strongly\s+suggests?|points?\s+to|consistent\s+with|in\s+keeping\s+with|i\s+suspect|confirms?|fits?)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One place where a text says a term: its sentence, whether it is denied there, whether only weighed."""

    sentence: Span
    denied: bool
    weighed: bool
    number: int


@dataclass(frozen=True, slots=True)
class _Token:
    stem: str
    span: Span


def content_words(text: str) -> tuple[str, ...]:
    """The stems of the words of ``text`` that carry meaning, phrases of one meaning as one."""
    return tuple(token.stem for token in _tokens(text))


def ways_to_say(term: str, *, as_condition: bool = False) -> tuple[str, ...]:
    """The alternatives of a term, with the terminology's names where it is a condition."""
    ways = [way.strip() for way in term.split("|") if way.strip()]
    if as_condition:
        ways += [name for way in list(ways) for name in Terminology.load().names_of(way)]
    return tuple(dict.fromkeys(ways))


def find_said(
    text: str, terms: Sequence[str], *, as_condition: bool = False, share: float = SHARE
) -> tuple[Said, ...]:
    """Where ``text`` says all of ``terms``: the first of them in a sentence, the others there or beside it.

    ``as_condition`` takes the terminology's other names of the first term too; ``share`` is how much of the
    weight of a term's words has to be there.
    """
    if not terms:
        return ()
    parts = sentences(text)
    first = [ways_to_say(terms[0], as_condition=as_condition), *(ways_to_say(term) for term in terms[1:])]
    found = []
    for number, sentence in enumerate(parts):
        place = _said_in(text, sentence, first[0], share)
        if place is None:
            continue
        around = parts[max(0, number - 1) : number + 2]
        beside = min(share, _BESIDE) if share < 1 else share
        if all(
            any(_said_in(text, each, ways, beside) is not None for each in around) for ways in first[1:]
        ):
            weighed = _is_weighed(sentence.of(text))
            found.append(
                Said(
                    sentence=sentence,
                    denied=_is_denied(text, sentence, place),
                    weighed=weighed,
                    number=number,
                )
            )
    return tuple(found)


def waits(text: str) -> tuple[Span, ...]:
    """The sentences that advise to wait, to observe alone or to do nothing."""
    found = []
    for sentence in sentences(text):
        for hit in vocabulary().waiting.finditer(sentence.of(text)):
            place = Span(start=sentence.start + hit.start(), end=sentence.start + hit.end())
            if not _is_denied(text, sentence, place):
                found.append(sentence)
                break
    return tuple(found)


def _said_in(text: str, sentence: Span, ways: Sequence[str], share: float) -> Span | None:
    """Where a sentence says one of ``ways``: from the first to the last of the words that do."""
    tokens = _tokens(sentence.of(text))
    if not tokens:
        return None
    for way in ways:
        wanted = dict(_weights(way))
        if not wanted:
            continue
        if _contradicts(sentence.of(text), way):
            continue
        hits = [token for token in tokens if token.stem in wanted]
        got = sum(wanted[stem] for stem in {token.stem for token in hits})
        if got >= share * sum(wanted.values()) - 1e-9:
            return Span(start=sentence.start + hits[0].span.start, end=sentence.start + hits[-1].span.end)
    return None


def _contradicts(sentence: str, way: str) -> bool:
    """Whether a sentence says the opposite of a word of ``way``, and not that word."""
    own, told = set(words(way)), set(words(sentence))
    return any(
        own & one and told & other and not told & one
        for pair in _OPPOSITES
        for one, other in (pair, pair[::-1])
    )


def _is_denied(text: str, sentence: Span, place: Span) -> bool:
    before = _NO_DENIAL.sub(" ", text[sentence.start : place.start])
    own = list(_CLAUSE.finditer(before))
    clause = before[own[-1].end() :] if own else before
    after = _ASIDE.sub("", _NO_DENIAL.sub(" ", text[place.end : sentence.end]))
    inside = _NO_DENIAL.sub(" ", place.of(text))
    reach = " ".join(clause.split()[-_REACH:])
    if _DENIED_BEFORE.search(reach) or _FAILED_BEFORE.search(clause) or _DENIED_AFTER.search(after):
        return True
    # "X is not Y": the denial stands between the words that were found.
    return len(inside.split()) > 2 and re.search(r"\b(?:is|was|are|were)\s+not\b", inside) is not None


def _is_weighed(sentence: str) -> bool:
    return _WEIGHED.search(sentence) is not None and _SETTLED.search(sentence) is None


@lru_cache(maxsize=4096)
def _weights(way: str) -> tuple[tuple[str, int], ...]:
    weights: dict[str, int] = {}
    for token in _tokens(way):
        printed = token.span.of(way)
        heavy = any(is_distinctive(word) for word in words(printed))
        weights[token.stem] = max(weights.get(token.stem, 0), 2 if heavy else 1)
    return tuple(weights.items())


@lru_cache(maxsize=8192)
def _tokens(text: str) -> tuple[_Token, ...]:
    """The meaning-bearing words of a text in order; the longest phrase of one meaning is one token."""
    printed = [
        (plain, Span(start=match.start(), end=match.end()))
        for match in re.finditer(r"[^\W_]+(?:['\u2019]s)?", text)
        for plain in [" ".join(words(match.group()))]
        if plain
    ]
    same, longest = _same_by_stems(), _longest_phrase()
    found = []
    position = 0
    while position < len(printed):
        for count in range(min(longest, len(printed) - position), 0, -1):
            piece = printed[position : position + count]
            key = " ".join(_stem(word) for word, _ in piece)
            if key in same:
                span = Span(start=piece[0][1].start, end=piece[-1][1].end)
                found.append(_Token(same[key], span))
                position += count
                break
        else:
            word, span = printed[position]
            if word not in _EMPTY and (len(word) > 1 or word.isdigit()):
                found.append(_Token(_stem(word), span))
            position += 1
    return tuple(found)


@lru_cache(maxsize=1)
def _same_by_stems() -> dict[str, str]:
    found: dict[str, str] = {}
    for phrase, first in vocabulary().same.items():
        found.setdefault(" ".join(map(_stem, phrase.split())), "=" + first)
    return found


@lru_cache(maxsize=1)
def _longest_phrase() -> int:
    return max(len(phrase.split()) for phrase in vocabulary().same)


@lru_cache(maxsize=65536)
def _stem(word: str) -> str:
    """A word without its endings; crude, but the same for both sides of every comparison."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word
