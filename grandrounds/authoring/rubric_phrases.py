"""Phrases of case reports: the tests, procedures, drugs and conditions that a sentence names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from functools import lru_cache

from grandrounds.clinical.conditions import is_condition
from grandrounds.records.parts import Span
from grandrounds.rubrics.matching import content_words
from grandrounds.rubrics.vocabulary import Investigation, vocabulary
from grandrounds.text import contains_phrase, find_phrase, normalise, words

_NOT_GIVEN = re.compile(
    r"\b(?:considered|without|no|not|would|could|awaiting|option|possible|if|risks?|instead|avoid\w*|used\s+for|completing|failed|failure\s+of|unsuccessful|attempt\w*|abandon\w*|refus\w+|declin\w+|withh\w+|defer\w*)\b",
    re.IGNORECASE,
)
_STOPPED = re.compile(
    r"^,[^.;]{3,90}?,\s+had\s+failed|^\W*(?:,[^.;]{3,90}?,\s+)?(?:was|were)\s+(?:avoided|withheld)|^\W*had\s+failed|"
    r"^\W*(?:\w+\W+){0,2}(?:was|were)\s+(?:held|stopped|discontinued|withheld|withdrawn|tapered)|^\W*(?:\w+\W+){0,4}without\s+effect",
    re.IGNORECASE,
)
_FAILED_AFTER = re.compile(
    r"^[^.;,]{0,40}?\b(?:failed|(?:was|were|proved|being)\s+(?:\w+\s+)?(?:unsuccessful|abandoned|aborted|attempted|ineffective|refused|declined|"
    r"withheld|avoided|deferred|not\s+\w+)|without\s+(?:success|effect|benefit)|(?:could|did)\s+not)\b",
    re.IGNORECASE,
)
_SIZE = re.compile(
    r"\s*(?:\b(?:of|measuring|sized?|about|approximately)\s+)*[~<>]?\d[\d.,]*(?:\s*[\u00d7x*]\s*\d[\d.,]*)*\s*(?:mm|cm|m?L)\b",
    re.IGNORECASE,
)
_MONTH = re.compile(
    r"\s+in\s+(?:early\s+|late\s+)?(?:January|February|March|April|May|June|July|August|September|October|November|December)"
    r"(?:\s+\d{4})?$"
)
_BEARER = re.compile(
    r"^(?:(?:single|male|female|young|old|healthy|viable)\s+)*(?:fetus|foetus|patient|man|woman|boy|girl|child|infant|male|female)\s+with\s+",
    re.IGNORECASE,
)
_DONE_TO = re.compile(
    r"(?:^|[,;]\s*|\band\s+)(?P<what>(?:[\w-]+\s+){1,7}?)(?:was|were)\s+(?:\w+ly\s+)?(?P<verb>removed|excised|resected|drained|ligated|repaired|replaced|embolized|debrided)\b",
    re.IGNORECASE,
)
_NOUN = {
    "removed": "removal", "excised": "excision", "resected": "resection", "drained": "drainage", "ligated": "ligation",
    "repaired": "repair", "replaced": "replacement", "embolized": "embolization", "debrided": "debridement",
}  # fmt: skip
_HARDWARE = re.compile(r"\b(?:fixator|screws?|plates?|tubes?|sutures?|drains?|catheters?)\b", re.IGNORECASE)
_URGENT = re.compile(r"^(?:emergent|urgent|emergency|elective|immediate)\s+", re.IGNORECASE)
NO_OBJECT = frozenset(
    ["patient", "patients", "procedure", "life", "surgery", "treatment", "it", "he", "she", "they", "which"]
)
_VAGUE = frozenset(["immobilization", "immobilisation", "removal", "repair", "replacement", "reduction", "reconstruction", "grafting", "graft", "ablation", "drainage", "fixation",
                    "excision", "resection", "peeling", "bypass", "ligation"])  # fmt: skip
_SITES = {
    "abdomen": "abdominal abdomen", "head": "brain cranial head cerebral", "chest": "chest thoracic thorax lung",
    "pelvis": "pelvis pelvic", "spine": "spine spinal", "leg": "leg tibia fibula", "thigh": "thigh femur femoral",
    "neck": "neck", "heart": "cardiac heart", "kidneys": "renal kidney", "liver": "hepatic liver", "eye": "orbit orbital eye",
    "parotid gland": "parotid", "pituitary": "pituitary sella", "foetus": "fetal foetal",
}  # fmt: skip
SITE_TERMS = {site: "|".join(dict.fromkeys((site, *ways.split()))) for site, ways in _SITES.items()}
NEEDS_SITE = frozenset(["CT", "MRI", "radiograph", "ultrasound", "angiography", "biopsy"])


def tests_in(sentence: str) -> list[tuple[Investigation, Span]]:
    """The tests that a sentence names, longest names first, none inside another."""
    found: list[tuple[Investigation, Span]] = []
    ways = sorted(
        ((way, test) for test in vocabulary().investigations for way in test.ways),
        key=lambda each: (-len(each[0]), each[0]),
    )
    for way, test in ways:
        for place in find_phrase(sentence, way):
            if (
                way in ("tee", "toe", "ace", "cta", "dsa", "ck", "echo", "oct", "pet")
                and not place.of(sentence).isupper()
            ):
                continue
            if not any(place.start < other.end and other.start < place.end for _, other in found):
                found.append((test, place))
    return sorted(found, key=lambda each: each[1].start)


def names_test(text: str, test: Investigation) -> bool:
    """Whether a text names a test in any way."""
    return any(contains_phrase(text, way) for way in test.ways)


def target_of(sentence: str, place: Span, test: Investigation) -> str:
    """What a test looked at: a site of the body, or what tissue was taken from; empty where it isn't said."""
    after = sentence[place.end :]
    if test.name == "biopsy":
        taken = re.match(
            r"\s*(?:specimens?\s+)?(?:of|from)\s+(?:the\s+|a\s+)?((?!which\b)(?:[\w-]+\s*){1,4})", after
        )
        return (
            _object(
                [word for word in re.split(r"\s+", taken.group(1)) if word][: _until_stop(taken.group(1))]
            )
            if taken
            else ""
        )
    if test.name not in NEEDS_SITE:
        return ""
    near = words(sentence[max(0, place.start - 24) : place.start])[-1:]
    inside = re.match(
        r"\W*(?:scans?|imaging|study|films?)?\W*(?:\(\w+\)\W*)?(?:of\s+(?:the\s+|his\s+|her\s+)?)?((?:\w+\W+){0,3})",
        after,
    )
    behind = words(inside.group(1))[: 3 if re.match(r"[^.]{0,20}\bof\b", after) else 1] if inside else []
    for word in (*near, *behind):
        for site, ways in _SITES.items():
            if word in ways.split():
                return site
    if test.name == "angiography" or not re.search(r"\b(?:in|of)\s+the\b", after):
        return ""
    named = {site for site, ways in _SITES.items() if set(words(sentence)) & set(ways.split())}
    return named.pop() if len(named) == 1 else ""


def _until_stop(phrase: str) -> int:
    tokens = phrase.split()
    return next(
        (number for number, word in enumerate(tokens) if normalise(word) in vocabulary().phrase_ends),
        len(tokens),
    )


def procedures_in(sentence: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Procedures that a sentence says were done, printed, and their terms."""
    for match in _DONE_TO.finditer(sentence):
        what = _object(match["what"].split())
        if what and not _HARDWARE.search(what) and not _NOT_GIVEN.search(sentence[: match.start()][-40:]):
            noun = _NOUN[match["verb"].casefold()]
            yield f"{noun} of the {what}", (noun, what)
    tokens = list(re.finditer(r"[\w-]+", sentence))
    for position, token in enumerate(tokens):
        if not vocabulary().is_procedure(token.group()):
            continue
        start = position
        while (
            start
            and position - start < 5
            and _joined(sentence, tokens[start - 1], tokens[start])
            and _is_way(tokens[start - 1].group())
        ):
            start -= 1
        printed = [each.group() for each in tokens[start : position + 1]]
        after = tokens[position + 1 :]
        target = ""
        if after and after[0].group() == "of" and _joined(sentence, token, after[0]):
            target = _object([each.group() for each in _phrase(sentence, after[1:])])
        head = normalise(token.group())
        if _NOT_GIVEN.search(sentence[: tokens[start].start()][-30:]) or (
            head in _VAGUE and len(printed) == 1 and not target
        ):
            continue
        if _FAILED_AFTER.match(sentence[token.end() :]) or re.match(
            r"\W+(?:with|for|was|were)?\W*(?:refus|declin|considered)", sentence[token.end() :]
        ):
            continue
        name = _URGENT.sub("", " ".join(printed))
        lower = inside_sentence(name)
        yield (f"{lower} of the {target}" if target else lower), ((name, target) if target else (name,))


def _joined(sentence: str, one: re.Match[str], other: re.Match[str]) -> bool:
    return sentence[one.end() : other.start()].strip() == ""


def _phrase(sentence: str, tokens: Sequence[re.Match[str]]) -> list[re.Match[str]]:
    kept: list[re.Match[str]] = []
    for token in tokens[:7]:
        if kept and not _joined(sentence, kept[-1], token):
            break
        if normalise(token.group()) in vocabulary().phrase_ends:
            break
        kept.append(token)
    return kept


def _object(tokens: Sequence[str]) -> str:
    """The thing that something was done to; empty where it says too little."""
    kept = list(tokens)
    while kept and normalise(kept[0]) in vocabulary().determiners:
        kept = kept[1:]
    if (
        not kept
        or len(kept) > 6
        or normalise(kept[-1]) in NO_OBJECT
        or any(normalise(word) in vocabulary().phrase_ends for word in kept)
    ):
        return ""
    return " ".join(kept)


@lru_cache(maxsize=8192)
def _is_way(word: str) -> bool:
    plain = normalise(word)
    parts = plain.split()
    return bool(parts) and all(part in vocabulary().ways for part in parts)


def drugs_in(sentence: str) -> list[str]:
    """The drugs that a sentence says were given, in order; two that are joined stay apart."""
    found = []
    for token in re.finditer(r"[A-Za-z]{4,}", sentence):
        if vocabulary().is_drug(token.group()) and not _STOPPED.match(sentence[token.end() :]):
            if re.search(
                r"\b(?:without|no|not|stopped|off|of|from|changed\s+from|on)\s+(?:\w+\s+)?$",
                sentence[: token.start()],
            ) and not re.search(
                r"\b(?:started|commenced|treatment|therapy|combination|consisting|dose)\s+(?:\w+\s+)?(?:on|of)\s+(?:\w+\s+)?$",
                sentence[: token.start()],
            ):
                continue
            name = token.group() if token.group()[:1].isupper() and token.start() else token.group().lower()
            name = name.lower() if normalise(name) in vocabulary().generics else name
            if name not in found and name not in ("antibiotic", "steroid"):
                found.append(name)
    return found


def condition_in(phrase: str) -> str:
    """The condition that a phrase begins with, up to a joint; empty where it names none."""
    piece = re.split(
        r",|\s(?:and|or|in|which|that|with|due|related|for|from|after|at|as|when|during|if|because|secondary|associated|even|on|by|to|is|was|are|were)\b",
        phrase,
        maxsplit=1,
    )[0].strip()
    tokens = [word for word in piece.split() if normalise(word) not in vocabulary().determiners]
    piece = " ".join(tokens)
    return piece if 1 <= len(tokens) <= 5 and is_condition(piece) else ""


def telling_part(phrase: str, came_out: Set[str]) -> str:
    """Of findings that are joined in a phrase the one that says most of ``came_out``, the first of equals;
    without its size, and without whom it was found in."""
    split = re.split(r"[\u201d\"]?,[\u201d\"]?\s+(?:and\s+)?|\s+and\s+(?=(?:an?|the)\s)", phrase)
    parts = [_first_of(_without_size(part)) for part in split]
    parts = [part for part in parts if len(words(part)) >= 2] or [_first_of(_without_size(phrase))]
    return max(parts, key=lambda part: len(set(telling(part)) & came_out))


def _first_of(phrase: str) -> str:
    """The first of two that share an article, where enough is left."""
    parts = re.split(r"\s+and\s+", phrase)
    return next((part for part in parts if len(words(part)) >= 2), phrase)


def _without_size(phrase: str) -> str:
    """A finding without measures ("of 18 × 10 mm"), a leading article, and the person who has it."""
    bare = _SIZE.sub("", phrase).strip(" ,")
    bare = _BEARER.sub("", bare)
    bare = _MONTH.sub("", bare)
    return re.sub(r"^(?:followed\s+by\s+|being\s+|an?\s+|the\s+)+", "", bare, flags=re.IGNORECASE)


def measured(sentence: str, name: str) -> bool:
    """Whether a sentence tells the level of a substance in the patient, and not that it was given."""
    level = rf"\b{re.escape(name)}\s+(?:\w+\s+){{0,2}}?(?:was|were|of|is|measured|:|=)?\s*[<>~]?\s*\d[\d.,]*\s*(?:[a-z\u00b5\u03bc]*mol|[a-z\u00b5\u03bc]?g|I?U|mEq)/"
    return re.search(
        rf"{level}|\b{re.escape(name)}\s+(?:level|concentration)|\b(?:serum|blood|plasma)\s+{re.escape(name)}\b",
        sentence,
        re.IGNORECASE,
    ) is not None  # fmt: skip


def telling(text: str) -> list[str]:
    """The words of a text without those that only say how much, where on the body's sides, or how long."""
    plain = " ".join(
        word for word in words(text) if word not in vocabulary().qualifiers and not word[0].isdigit()
    )
    return list(content_words(plain))


def is_said(text: str, phrase: str) -> bool:
    """Whether a text has all the words of a phrase, in any order."""
    own = set(content_words(phrase))
    return bool(own) and own <= set(content_words(text))


def with_article(name: str) -> str:
    """A test with its article, where it is counted."""
    counted = name in ("frozen section", "lumbar puncture", "electrocardiogram", "full blood count", "biopsy", "chest radiograph", "radiograph", "ultrasound",
                       "urine drug screen", "blood culture", "endocrine workup")  # fmt: skip
    if name.endswith("level") or counted:
        return ("an " if name[0] in "aeio" or name == "ultrasound" else "a ") + name
    return name


def inside_sentence(phrase: str) -> str:
    """A phrase as it stands inside a sentence: a first capital goes, unless the word has more or is a name."""
    first = phrase.split(" ", 1)[0]
    bare = first.rstrip(",")
    if (
        sum(char.isupper() for char in bare) > 1
        or bare.endswith(("'s", "\u2019s"))
        or (bare.endswith(".") and len(bare) == 2)
    ):
        return phrase
    return phrase[:1].lower() + phrase[1:]
