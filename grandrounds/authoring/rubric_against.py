"""Rules that find what would be wrong or dangerous by the report itself; their criteria cost points.

A diagnosis that a test excluded, a suspicion that the report gave up, a treatment that failed or was avoided for
its danger, and waiting where the report hurried. What the report asserts elsewhere is never held against anybody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from grandrounds.authoring.rubric_extract import treatments
from grandrounds.authoring.rubric_parts import Found, Reading, is_asserted, matches
from grandrounds.authoring.rubric_shunned import avoided, failed
from grandrounds.authoring.titles import condition_spans
from grandrounds.clinical.conditions import is_condition
from grandrounds.records.parts import Span
from grandrounds.rubrics.matching import content_words
from grandrounds.rubrics.vocabulary import vocabulary
from grandrounds.text import normalise, words

MOST = 4
_NP = r"(?P<what>[^.;:()]{3,110}?)(?=$|[.;:()]|\s+(?:on|in|during|at|by|using|despite|but|although|however|and\s+(?:was|he|she|the))\b)"
_EXCLUDED = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b(?:no|without)\s+(?:clinical\s+|radiological\s+)?(?:evidence|signs?|features?)\s+(?:of|suggestive\s+of)\s+{_NP}",
        rf"\b(?:did|does)\s+not\s+(?:show|reveal|demonstrate|detect|disclose)\s+(?:any\s+)?{_NP}",
        rf"\b(?:showed|revealed|demonstrated|disclosed|found)\s+no\s+{_NP}",
        rf"\bnegative\s+for\s+{_NP}",
        r"\bno\s+(?P<what>[^.;:()]{3,70}?)\s+(?:was|were)\s+(?:seen|found|detected|observed|noted|identified|revealed)",
        r"\b(?P<what>[A-Za-z][^.;:(),]{3,60}?)\s+(?:was|were)\s+(?:excluded|ruled\s+out)\b",
        r"\b(?:stains?|markers?|antibod\w+|tests?|cultures?)\b[^.;()]{0,30}?\b(?:for|seen\s+in|against|of)\s+(?P<what>[\w\s]{3,40}?)(?:\s*\([^)]*\))?(?:\s+and\s+[\w\s]{3,40})?\s+(?:was|were)\s+negative",
        r"\bno\s+(?:significant\s+)?(?:elevation|rise|increase)\s+in\b[^.;]{0,40}?\bantibod\w+\s+(?:for|to|against)\s+(?P<what>[^.;:(),]{3,40})",
        r"\bno\s+cross[- ]reaction\s+was\s+observed\s+with\s+(?P<what>[A-Z][a-z]+)",
        r"\bno\s+history\s+of\s+(?P<what>trauma)\b",
        r"\bthere\s+(?:was|were)\s+(?:also\s+)?no\s+(?P<what>metasta\w+|fracture)",
    )
)
# Said plainly enough to be believed where the report looks back.
_PLAINLY = re.compile(
    r"(?:^|(?<=[;,] ))(?P<what>[A-Za-z][^.;:(),]{3,60}?)\s+(?:was|were)\s+(?:excluded|ruled\s+out)\b",
    re.IGNORECASE,
)
_GIVEN_UP = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(?:originally|initially|first|previously)\s+(?:presumed|thought|suspected|believed|misdiagnosed|diagnosed)\s+(?:to\s+be|to\s+have|as)\s+(?:having\s+)?(?P<what>[^.;:(),]{3,60})",
        r"\b(?:suspected|presumptive|provisional|initial|working)\s+diagnosis\s+of\s+(?P<what>[^.;:(),]{3,60})",
        r"\bmost\s+likely\s+diagnosis\b[^.;]{0,60}?\b(?:was|were)\s+(?P<what>[^.;:(),]{3,90})",
    )
)
_MIMICKED = re.compile(
    r"\b(?:mimick\w+|masquerading\s+as|simulating|misdiagnosed\s+as)\s+(?P<what>[^.;:(),]{3,60})",
    re.IGNORECASE,
)
_ORGANISM = re.compile(
    r"^(?:[A-Z][a-z]+|[A-Z]\.)\s[a-z]{4,}$|^(?:Brucella|Bartonella|Borrelia|Treponema|Toxoplasma)\b|\bvirus$"
)
_HURRIED = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(?:urgent|immediate|emergent|emergency)\s+(?P<what>(?:\w+\s+){0,2}(?:surgery|operation|revision|treatment|fasciotomy|laparotomy|resection|excision|drainage|removal|repair|decompression|intervention))\b",
        r"\bendotracheally\s+(?P<what>intubated)\b[^.]{0,20}\brapid\b",
        r"\b(?P<what>severe\s+condition\s+with\s+sepsis)\b",
    )
)
_LATER = re.compile(
    r"\b(?:\d+(?:st|nd|rd|th)\s+(?:hospital\s+)?(?:day|week|month)|(?:days?|weeks?|months?|years?)\s+later|"
    r"after\s+\w+\s+(?:days?|weeks?|months?|years?)|within\s+(?:few|a\s+few)\s+(?:days|weeks)|week\s+of\s+(?:his|her)\s+illness)\b",
    re.IGNORECASE,
)
_COSTLY = re.compile(
    r"\b(?:waiting|delay(?:ing)?)\b(?:\s+for)?\s+(?:the\s+|of\s+)*(?P<what>\w+)\b[^.;]{0,40}?\bwould\s+have\s+(?:cost|been\s+fatal|led|caused|worsened)\b",
    re.IGNORECASE,
)
_VITAL = re.compile(
    r"\b(?:prompt|early|immediate|urgent)\b[^.;]{0,50}?\b(?P<what>surgical\s+treatment|surgery|treatment|therapy|intervention|excision)\b[^.;]{0,60}?"
    r"\b(?:vital|essential|indicated|required|mandatory|crucial|prevent|avoid)\b",
    re.IGNORECASE,
)
_HELPED = re.compile(
    r"\b(?:no\s+(?:evidence\s+of\s+)?(?:recurrence|residual|complaints)|no\s+recurrence|returned\s+to|complete\s+(?:healing|resolution)|"
    r"symptom-?free|no\s+relapse|recovered|free\s+of\s+fever|no\s+further|was\s+well|returned\s+on|improved|improvement|resolved|settled|healed|united|diminished|normali[sz]ed|reopened|regained|margins?\s+(?:was|were)\s+(?:clear|free|negative)|well\s+controlled|remained\s+controlled)\b",
    re.IGNORECASE,
)
_CUT = re.compile(
    r"\s+(?:was|were|is|are|had|has|by|but|who|which|that|because|on|in|based|antibod\w+|antigens?|infection|and|or|with|from|for|to)\b.*$",
    re.IGNORECASE,
)


def given_up(reading: Reading) -> Iterator[Found]:
    """Rule ``given_up``: a suspicion that the report names and does not end with."""
    places = [
        (span, match["what"])
        for pattern in _GIVEN_UP
        for span, match in matches(reading, (*reading.visible, *reading.hidden), pattern)
    ]
    title = next((section.span for section in reading.case.sections if section.kind == "title"), None)
    if title is not None:
        places += [(title, match["what"]) for match in _MIMICKED.finditer(reading.printed(title))]
    for span, what in places:
        for name in re.split(r"\s+or\s+", what):
            condition = _condition_in(name)
            if (
                condition
                and not reading.names_diagnosis(condition)
                and not _settled(reading, condition, span)
            ):
                yield _wrong(_small(reading, condition), span, rule="given_up", points=-5)


def excluded(reading: Reading) -> Iterator[Found]:
    """Rule ``excluded``: a condition that the report looked for and did not find."""
    places = (
        (reading.hidden, -5, _EXCLUDED),
        (reading.said_of_it, -5, (_PLAINLY,)),
        (reading.visible, -4, _EXCLUDED),
    )
    for spans, points, patterns in places:
        for pattern in patterns:
            for span, match in matches(reading, spans, pattern):
                for name in re.split(r",\s*(?:or\s+|and\s+)?|\s+(?:or|and)\s+", match["what"]):
                    condition = _condition_in(name, organisms=True)
                    if (
                        not condition
                        or reading.names_diagnosis(condition)
                        or _settled(reading, condition, span)
                    ):
                        continue
                    if _says_little(condition):
                        continue
                    yield _wrong(_small(reading, condition), span, rule="excluded", points=points)


def hurried(reading: Reading) -> Iterator[Found]:
    """Rule ``hurried``: waiting, where the report says that it could not wait, before days had gone by."""
    late = next(
        (span.start for span in reading.hidden if _LATER.search(reading.printed(span))),
        len(reading.case.text),
    )
    early = [span for span in (*reading.visible, *reading.hidden) if span.start < late]
    for pattern in _HURRIED:
        for span, match in matches(reading, early, pattern):
            yield _delay(match["what"], span, points=-8, rule="hurried")
            return
    for span, match in matches(reading, (*reading.hidden, *reading.said_of_it), _COSTLY):
        what = match["what"].casefold()
        yield Found(
            kind="delay", axis="safety", points=-8, rule="hurried", terms=(what,), quotes=(span,),
            text=f"Advises to wait for the {what}, for which there was no time.",
        )  # fmt: skip
        return
    for span, match in matches(reading, reading.said_of_it, _VITAL):
        if re.search(r"\b(?:could|may|might|in\s+cases|if)\b", reading.printed(span)):
            continue
        yield _delay(match["what"], span, points=-6, rule="hurried")
        return


def helped(reading: Reading) -> Iterator[Found]:
    """Rule ``helped``: doing nothing, where the report says that the first treatment helped."""
    first = next(treatments(reading), None)
    if first is None:
        return
    start = first.quotes[0]
    outcome = next(
        (
            span
            for span in reading.hidden
            if span.start >= start.start and _HELPED.search(reading.printed(span))
        ),
        None,
    )
    if outcome is None:
        return
    what = first.text.removeprefix("Advises ").rstrip(".")
    yield Found(
        kind="delay", axis="safety", points=-5, rule="helped", terms=first.terms,
        text=f"Advises to wait or to do nothing, although {what} helped.",
        quotes=(start, outcome) if start != outcome else (start,),
    )  # fmt: skip


NEGATIVE = (hurried, given_up, avoided, failed, excluded, helped)
"""The rules, those that weigh most first."""


def negatives(reading: Reading) -> tuple[Found, ...]:
    """At most ``MOST`` of what the rules find, no two about the same; one on waiting."""
    kept: list[Found] = []
    for rule in NEGATIVE:
        for found in rule(reading):
            own = set(content_words(" ".join(found.terms)))
            alike = any(
                other.kind == found.kind and own & set(content_words(" ".join(other.terms)))
                for other in kept
            )
            twice = found.kind == "delay" and any(other.kind == "delay" for other in kept)
            if own and not alike and not twice and len(kept) < MOST:
                kept.append(found)
    return tuple(kept)


def _delay(what: str, span: Span, *, points: int, rule: str) -> Found:
    return Found(
        kind="delay", axis="safety", points=points, rule=rule,
        text=f"Advises to wait or to do nothing, although {_noun(what)} was urgent.",
        terms=(what.casefold(),), quotes=(span,), said=f"There is a need for {_noun(what)} at once.",
    )  # fmt: skip


def _noun(what: str) -> str:
    return {"intubated": "intubation", "severe condition with sepsis": "the treatment of sepsis"}.get(
        what.casefold(), what.casefold()
    )


def _wrong(condition: str, span: Span, *, rule: str, points: int) -> Found:
    name, infected = condition, _is_organism(condition)
    what = f"an infection with {name}" if infected else name
    why = "which the report gave up" if rule == "given_up" else "which was looked for and not found"
    text = f"Concludes that the patient has {what}, {why}."
    if normalise(condition) == "trauma":
        text = "Puts the complaint down to trauma, of which there was no history."
    return Found(
        kind="wrong_diagnosis", axis="accuracy", points=points, rule=rule, text=text, terms=(name,), quotes=(span,),
        said=f"The findings speak against {what}.",
    )  # fmt: skip


def _is_organism(name: str) -> bool:
    return _ORGANISM.search(name) is not None and not is_condition(name)


def _small(reading: Reading, name: str) -> str:
    """A condition as it stands inside a sentence: what the report never writes small keeps its capital."""
    if (
        _is_organism(name)
        or sum(char.isupper() or char.isdigit() for char in name.split(maxsplit=1)[0]) > 1
    ):
        return name
    small = name[:1].lower() + name[1:]
    first = small.split()[0]
    eponym = not re.search(rf"\b{re.escape(first)}\b", reading.case.text) and not is_condition(small)
    return name if eponym or ("-" in first and first != first.lower()) else small


def _condition_in(phrase: str, *, organisms: bool = False) -> str:
    piece = " ".join(_CUT.sub("", " " + phrase.strip()).split())
    piece = re.sub(
        r"^(?:an?|the|any|either|other|significant|possible|recurrent|such)\s+",
        "",
        piece,
        flags=re.IGNORECASE,
    )
    if organisms and _is_organism(piece):
        return piece
    single = re.sub(r"\s+(?:change|changes)$", "", piece)
    if not 1 <= len(single.split()) <= 5:
        return ""
    if is_condition(single) or any(True for _ in condition_spans(single)):
        return single if normalise(single) not in _TOO_WIDE else ""
    return "trauma" if normalise(single) == "trauma" else ""


# What can be anywhere, or only under a microscope: that it was not found tells no answer from another.
_ANYWHERE = frozenset(
    words(
        "infarction hemorrhage bleeding fracture fractures thrombosis edema inflammation dysplasia atypia necrosis "
        "effusion ascites recurrence metastasis metastases invasion lymphadenopathy fever"
    )
)


def _says_little(condition: str) -> bool:
    """Whether a condition is a process without a place, or with nothing but a grade before it."""
    told = words(condition)
    return told[-1] in _ANYWHERE and all(
        word in vocabulary().qualifiers or word in ("high", "low", "grade") for word in told[:-1]
    )


_TOO_WIDE = frozenset(
    [
        "mass",
        "lesion",
        "abnormality",
        "abnormalities",
        "disease",
        "infection",
        "symptoms",
        "syndrome",
        "disorder",
        "tumor",
        "lesions",
    ]
)


def _settled(reading: Reading, condition: str, own: Span) -> bool:
    """Whether the report says elsewhere that the patient has it."""
    rest = [span for span in (*reading.visible, *reading.hidden) if span != own]
    if is_asserted(reading.case.title, condition) and not _MIMICKED.search(reading.case.title):
        return True
    return any(
        is_asserted(reading.printed(span), condition) and not _only_suspected(reading.printed(span))
        for span in rest
    )


def _only_suspected(sentence: str) -> bool:
    return (
        re.search(
            r"\b(?:presumed|suspect\w*|suspicion|thought|mimic\w*|stains?|likely|possible|negative|compatible)\b",
            sentence,
            re.IGNORECASE,
        )
        is not None
    )
