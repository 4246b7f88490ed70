"""What a report shunned: treatments that failed, were stopped for harm, or were kept from for their danger.

They cost points, and whatever else is said of them in the report, they never earn any.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from grandrounds.authoring.rubric_parts import Found, Reading, is_asserted, matches
from grandrounds.records.parts import Span
from grandrounds.rubrics.matching import content_words
from grandrounds.rubrics.vocabulary import vocabulary
from grandrounds.text import normalise

# One drug, or several that are joined.
_DRUGS = r"(?P<what>[A-Za-z]{5,}(?:(?:\s*,\s*|\s+(?:and|or|plus)\s+)[A-Za-z]{5,}){0,3})"
_NOTHING = r"(?:any\s+)?(?:clinical\s+)?(?:effect|response|success|benefit|improvement|relief)"
_FAILED = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b{_DRUGS}\s+(?:was|were)\s+(?:\w+\s+)?(?:administered|given|tried|used)\s+(?:\w+\s+)?(?:without|with\s+no)\s+{_NOTHING}",
        rf"\b(?:given|received|tried|took|treated\s+with)\s+{_DRUGS}\s+(?:without|with\s+no)\s+{_NOTHING}",
        rf"\b{_DRUGS}(?:,[^.;]{{3,90}}?,)?\s+(?:had|has|have)?\s*(?:failed\b|(?:was|were|proved|been|had\s+been)\s+(?:ineffective|unsuccessful|useless))",
        rf"\b{_DRUGS}\s+(?:had|has)\s+(?:no|little)\s+{_NOTHING}",
        r"\b(?P<what>[A-Za-z]{5,})[- ]resistant\b",
        rf"\bresistant\s+to\s+{_DRUGS}",
        rf"\b(?:no|poor|inadequate|insufficient|without|lack\s+of|fail(?:ed|ure)\s+of)\s+(?:a\s+)?(?:response|improvement)?\s*(?:to|on|with|after|of)\s+{_DRUGS}",
        rf"\b(?:did|does|had|has)\s+not\s+(?:respond(?:ed)?|improved?)\s+(?:to|on|with|after|under)\s+{_DRUGS}",
        rf"\bfailed\s+(?:to\s+(?:respond|improve)\s+(?:to|on|with)\s+)?{_DRUGS}",
        rf"\b(?:refractory|unresponsive)\s+to\s+{_DRUGS}",
        rf"\b(?:worsen(?:ed|ing)|progress(?:ed|ion)|deteriorat(?:ed|ion))\s+(?:on|under|despite)\s+{_DRUGS}",
        rf"\bdespite\s+(?:treatment\s+with\s+|therapy\s+with\s+|the\s+)?{_DRUGS}",
    )
)
_STOPPED = r"(?:stopped|discontinued|withdrawn|ceased)"
_AVOIDED_DRUG = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b{_DRUGS}(?:,[^.;]{{3,90}}?,)?\s+(?:was|were)\s+(?:avoided|withheld|contraindicated|not\s+given\b|"
        rf"{_STOPPED}\b(?![^.;]{{0,60}}\b(?:recover|improv|resol|complet|normal))[^.;]{{0,30}}\b(?:because|due\s+to|owing\s+to))\b",
        r"\b(?P<what>[A-Za-z]{5,}(?:\s+without\s+\w+)?)\s+had\s+made\s+(?:her|him|it|them|the\s+\w+)\s+worse\b",
    )
)
_AVOIDED = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\brisks?\s+(?:associated\s+with|of)\s+(?P<what>(?:complete|total|gross\s+total|open|radical|surgical|direct)\s+[a-z]+)",
        r"\b(?P<what>[a-z][\w-]+(?:\s[\w-]+){0,2})\s+(?:is|was|are|were)\s+contraindicated",
        r"\bwithout\s+(?P<what>pre-?drilling|[a-z]+ectomy|biopsy|tourniquet|anticoagulation)\s+(?:due\s+to|because\s+of)",
        r"\bshould\s+(?:not\s+be\s+|be\s+avoided|avoid\s+)(?P<what>[a-z]+(?:\s[a-z]+)?)",
    )
)


def failed(reading: Reading) -> Iterator[Found]:
    """Rule ``failed``: a drug that had been given without effect."""
    for pattern in _FAILED:
        for span, match in matches(reading, (*reading.visible, *reading.hidden), pattern):
            for name in _drugs(match["what"]):
                yield Found(
                    kind="wrong_advice", axis="safety", points=-4, rule="failed",
                    text=f"Relies on {name}, which had not helped.",
                terms=(name,), quotes=(span,), said=f"I would not rely on {name}.",
                )  # fmt: skip


def avoided(reading: Reading) -> Iterator[Found]:
    """Rule ``avoided``: what the report kept from doing for its danger."""
    for pattern in _AVOIDED:
        for span, match in matches(reading, (*reading.hidden, *_own_words(reading)), pattern):
            what = match["what"].casefold()
            if len(content_words(what)) == 0 or _done(reading, what):
                continue
            yield Found(
                kind="wrong_advice", axis="safety", points=-4, rule="avoided",
                text=f"Advises {what}, which the report avoided.",
                terms=(what,), quotes=(span,), said=f"I would avoid {what}.",
            )  # fmt: skip

    for pattern in _AVOIDED_DRUG:
        for span, match in matches(reading, (*reading.hidden, *reading.said_of_it), pattern):
            first, without, rest = match["what"].partition(" without ")
            for name in _drugs(first):
                what = f"{name}{without}{rest}"
                yield Found(
                    kind="wrong_advice", axis="safety", points=-4, rule="avoided",
                text=f"Advises {what}, which the report avoided.",
                    terms=(what,), quotes=(span,), said=f"I would avoid {what}." if not without else "",
                )  # fmt: skip


def shunned(reading: Reading) -> tuple[frozenset[str], ...]:
    """The stems of what the report shunned, one set each: what says all of one of them earns nothing."""
    return tuple(
        frozenset(content_words(found.terms[0].split(" without ")[0]))
        for rule in (failed, avoided)
        for found in rule(reading)
    )


def _drugs(phrase: str) -> list[str]:
    """The drugs of a phrase by name; trade names keep their capitals."""
    return [
        name.lower() if normalise(name) in vocabulary().generics else name
        for name in re.split(r"\s*,\s*|\s+(?:and|or|plus)\s+", phrase)
        if vocabulary().is_drug(name) and normalise(name) not in ("antibiotics", "antibiotic")
    ]


def _done(reading: Reading, what: str) -> bool:
    return any(
        is_asserted(reading.printed(span), what, share=1.0)
        and not re.search(r"\b(?:risk|avoid|contraindicat|should|without|no)\w*\b", reading.printed(span))
        for span in reading.hidden
    )


def _own_words(reading: Reading) -> Sequence[Span]:
    """What the report says of this patient where it looks back."""
    return tuple(
        span
        for span in reading.said_of_it
        if re.search(r"\b(?:our|this|the)\s+(?:patient|case)\b", reading.printed(span), re.IGNORECASE)
    )
