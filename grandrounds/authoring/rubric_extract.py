"""Rules that find what a good answer says: diagnosis, findings, tests, treatment, follow-up, what to expect.

Each rule reads sentences of the report and quotes the one it rests on. A rule that is not sure finds nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from grandrounds.authoring.rubric_parts import Found, Reading, matches
from grandrounds.authoring.rubric_phrases import (
    NEEDS_SITE,
    NO_OBJECT,
    SITE_TERMS,
    condition_in,
    drugs_in,
    inside_sentence,
    is_said,
    measured,
    names_test,
    procedures_in,
    target_of,
    telling,
    telling_part,
    tests_in,
    with_article,
)
from grandrounds.authoring.rubric_shunned import shunned
from grandrounds.clinical.distinctive import base, is_distinctive
from grandrounds.records.parts import Span
from grandrounds.rubrics.matching import content_words
from grandrounds.rubrics.vocabulary import vocabulary
from grandrounds.text import contains_phrase, normalise, words

_MOST_TESTS, _MOST_TREATMENTS, _MOST_FINDINGS, _MOST_DRUGS_AT_ONCE = 3, 4, 2, 3
_TEST_POINTS, _TREATMENT_POINTS = (5, 4, 3), (6, 5, 4, 3)
_LONGEST, _NEAR = 14, 60
_FOUND = re.compile(
    r"\b(?:revealed|showed|demonstrated|disclosed|detected|identified)\s+(?!no\b|that\b|normal\b|it\b)(?:an?\s+|the\s+)?"
    r"(?P<what>(?:[^.;:()]|(?<=\d)\.(?=\d)){12,140}?)(?=$|(?<!\d)\.|\.(?!\d)|[;:()]|,\s*(?:and|with|which|but|while|as)\b|"
    r"\s+(?:and|but|while)\s+(?:no|a|an|the|it|was|were|normal|in|her|his)\b|\s+(?:interspersed|that|which)\b)",
    re.IGNORECASE,
)
_PRESENTED = re.compile(
    r"\b(?:present(?:ed|s|ing)|admitted|came|complain(?:ed|s|ing)|referred|complaints?|developed|evaluated|seen)\b(?:(?!\b(?:and|who|for)\b)[^.;,]){0,60}?\b(?:with|of|because\s+of|due\s+to|(?<=evaluated )for|(?<=again )for|(?<=day )for)\s+(?:an?\s+|the\s+)?"
    r"(?P<what>(?!history\b|finding\b)[^.;:()]{3,90}?)(?=$|[.;:()]|,|\s+(?:following|for|since|lasting|that|which|and\s+(?:was|had|being|he|she|her|his))\b)",
    re.IGNORECASE,
)
_RESULT = re.compile(
    r"\b(?:reveal|show|confirm|demonstrat|disclos|detect|grew|diagnos|consistent|positive|suggest|identif|elevated|measured|"
    r"yield|establish|perform|done|request|underwent|scheduled|required)\w*",
    re.IGNORECASE,
)
_DECIDED = re.compile(
    r"\b(?:confirm|diagnos|consistent\s+with|definitive|definite|grew|proved|established|positive)\w*",
    re.IGNORECASE,
)
_AFTERWARDS = re.compile(r"\bpost-?operative(?:ly)?\b|\bpremise\b|\btraction\b", re.IGNORECASE)
# A value that a treatment was chosen by.
_REASON = re.compile(
    r"\b(?:given|because\s+of|in\s+view\s+of|based\s+on|due\s+to|guided\s+by)\s+(?:his|her|the|their|an?|its)\b(?!\s+(?:premise|possib))",
    re.IGNORECASE,
)
_NOT_DONE = re.compile(
    r"\b(?:refus\w+|declin\w+|not\s+(?:done|performed|made)|no\s+(?:culture|biopsy)|unable|could\s+not|no\s+.{0,30}attempt|"
    r"did\s+not\s+(?:reveal|show|yield|demonstrate|disclose)|not\s+confirmed)\b",
    re.IGNORECASE,
)
_EARLIER = re.compile(
    r"\b(?:ago|previous(?:ly)?|prior|earlier(?!\s+version)|had\s+undergone|history\s+of|before\s+admission|in\s+the\s+past)\b",
    re.IGNORECASE,
)
_GIVEN = re.compile(
    r"\b(?:started|commenced|initiated|given|administered|treated|treatment|therapy|begun|began|received|prescribed|changed|switched|replaced|added|(?:went\s+home|discharged|maintained|continued)\s+on)\b",
    re.IGNORECASE,
)
_CHANGED = re.compile(r"\b(?:changed|switched)\s+to\b", re.IGNORECASE)
_FOLLOW_UP = re.compile(
    r"\b(?:follow(?:ed)?[- ]?ups?|recall|surveillance|monthly\s+visits|yearly|annual(?:ly)?|monitored|serial)\b",
    re.IGNORECASE,
)
_RECUR = re.compile(r"\b(?:recurren\w+|residual|relapse)\b", re.IGNORECASE)
_COMPLICATED = re.compile(
    r"\b(?:developed|complicated\s+by|died\s+(?:of|from)|hospitali[sz]ation\s+for|development\s+of|risk\s+(?:of|for)|may\s+(?:lead|progress)\s+to|can\s+lead\s+to|may\s+cause|"
    r"can\s+cause|lead\s+to|prevent\s+(?:further\s+)?)\s+(?:an?\s+|the\s+|sudden\s+onset\s+|severe\s+|further\s+)*(?P<what>[^.;:()]{4,90})",
    re.IGNORECASE,
)
_EXPECT = re.compile(
    r"(?:^|[,;]\s*|\band\s+|\bthe\s+)(?P<what>(?:(?!was\b|were\b|had\b|has\b|and\b|the\b)[\w'-]+\s+){1,4}?)(?:(?:was|were|had|has|is)\s+)?(?:(?:gradually|completely|immediately|slowly|finally|fully|been)\s+)*"
    r"(?P<verb>improved|resolved|subsided|settled|diminished|healed|united|normalized|normalised|disappeared|recovered)\b(?!\s+ratio)",
    re.IGNORECASE,
)
_REFUSED = re.compile(
    r"\b(?:he|she|the\s+patient|they|parents)\s+(?:refused|declined)\b|\bwhich\s+(?:he|she)\s+(?:refused|declined)\b",
    re.IGNORECASE,
)
_NO_FINDING = re.compile(
    r"\b(?:normal|no|not|unremarkable|intact|negative|without|and\s+he|and\s+she)\b|^(?:and|initially|on|as|in|by)\b",
    re.IGNORECASE,
)
_SURGICAL = frozenset(content_words("surgical"))
# Complaints that any patient may have, and words that only measure: they speak for nothing.
_ANYBODYS = frozenset(
    content_words(
        "pain fever febrile malaise fatigue weakness illness symptoms complaint discomfort nausea vomiting anorexia weight loss "
        "general condition history duration days weeks months measuring size diameter enhancing abnormal finding abdominal chest "
        "acute worsening clinical biochemical"
    )
)
_ANY_LESION = frozenset(content_words("mass lesion specimen cyst"))
# Tests that many patients get whatever they have.
_COMMON, _COMMON_POINTS = frozenset(["blood culture", "electrocardiogram", "histology"]), 2
# Tests that find only what they look for.
_SEEKS = frozenset(["serology", "PCR", "genetic testing"])
_TISSUE = frozenset(["histology", "biopsy", "frozen section"])
# Tests that every patient gets, and names that say too little.
_TOO_WIDE = frozenset(
    [
        "culture",
        "C-reactive protein",
        "full blood count",
        "creatine kinase",
        "chest radiograph",
        "endocrine workup",
    ]
)
_NO_WARNING = frozenset(
    [
        "infection",
        "infections",
        "complication",
        "complications",
        "disease",
        "malignancy",
        "tumor",
        "symptoms",
        "pain",
    ]
)


def diagnosis(reading: Reading) -> Iterator[Found]:
    """Rule ``diagnosis``: the answer settles on the diagnosis that the report states."""
    name = reading.diagnosis.name
    yield Found(
        kind="diagnosis", axis="accuracy", points=10, rule="diagnosis",
        text=f"Names {_as_said(reading, name)} as the most likely diagnosis.",
        terms=("|".join((name, *reading.diagnosis.aliases)),),
        quotes=(reading.diagnosis.quote,),
        said=f"The most likely diagnosis is {_as_said(reading, name)}.",
    )  # fmt: skip


def _as_said(reading: Reading, name: str) -> str:
    """A diagnosis inside a sentence: an eponym that the report never writes small keeps its capital."""
    small = inside_sentence(name)
    return small if re.search(rf"\b{re.escape(small.split()[0])}\b", reading.case.text) else name


def findings(reading: Reading) -> Iterator[Found]:
    """Rule ``finding``: the answer points to what, in what it sees, speaks for the diagnosis.

    A result counts where it shares a word with what came out; why the patient came always does.
    """
    came_out = set(
        telling(" ".join((reading.diagnosis.name, *reading.diagnosis.aliases, reading.hidden_text)))
    )
    ranked: list[tuple[float, int, Span, str]] = []
    for pattern, weight in ((_FOUND, 2.0), (_PRESENTED, 1.0)):
        for span, match in matches(reading, reading.visible, pattern):
            what = telling_part(match["what"].strip(" ,"), came_out)
            own = set(telling(what)) - _SURGICAL
            printed = reading.printed(span)
            if not 2 <= len(words(what)) <= _LONGEST or not printed[:1].isupper():
                continue
            if not own - _ANYBODYS - _ANY_LESION:
                continue
            if (
                _NO_FINDING.search(what)
                or _EARLIER.search(printed[match.start() :])
                or (weight > 1 and not own & came_out)
            ):
                continue
            ranked.append((weight + min(len(own & came_out), 4) / 4, -span.start, span, what))
    ranked.sort(key=lambda each: (-each[0], -each[1]))
    taken: list[set[str]] = []
    for _, _, span, what in ranked:
        own = set(telling(what))
        if any(len(own & other) * 2 >= min(len(own), len(other)) for other in taken):
            continue
        taken.append(own)
        yield Found(
            kind="finding", axis="context", points=2, rule="finding",
            text=f"Takes this finding into account: {inside_sentence(what)}.",
            terms=(what,), quotes=(span,), said=f"What speaks for it is this finding: {inside_sentence(what)}.",
        )  # fmt: skip
        if len(taken) == _MOST_FINDINGS:
            return


def investigations(reading: Reading) -> Iterator[Found]:
    """Rule ``investigation``: the answer asks for the tests that were decisive after what the solver sees."""
    seen = {test.name for test in vocabulary().investigations if names_test(reading.visible_text, test)}
    ranked = [each for each in _weighed_tests(reading) if each[3] not in seen]
    ranked.sort(key=lambda each: (-each[0], -each[1]))
    taken: list[str] = []
    for _, _, span, name, target in ranked:
        if name in taken or (name in _TISSUE and _TISSUE & set(taken)):
            continue
        points = _COMMON_POINTS if name in _COMMON else _TEST_POINTS[len(taken)]
        yield _test(reading, name, target, span, points=points)
        taken.append(name)
        if len(taken) == _MOST_TESTS:
            return


def _weighed_tests(reading: Reading) -> Iterator[tuple[float, int, Span, str, str]]:
    """Each test that played a part: its weight, its place (from the end), sentence, name, what it looked at."""
    names = (reading.diagnosis.name, *reading.diagnosis.aliases)
    treated = next((found.quotes[0].start for found in treatments(reading)), len(reading.case.text))
    about = _about(reading)
    for span in reading.hidden:
        sentence, late = reading.printed(span), span.start > treated
        reasons = _REASON.search(sentence) if _GIVEN.search(sentence) else None
        if not _tells_of_tests(sentence, reasoned=reasons is not None):
            continue
        named = _names_distinctly(sentence, names)
        decided = _DECIDED.search(sentence) is not None or reasons is not None
        decided = decided or (named and (not late or span == reading.diagnosis.quote))
        if not decided and not named and (late or not set(telling(sentence)) & about):
            continue  # it played no part in what was concluded or done, or came when that was under way
        weight = 2.0 * decided + 3.0 * (span == reading.diagnosis.quote)
        weight += 1.5 * any(contains_phrase(sentence, name) for name in names)
        for test, place in tests_in(sentence):
            after_all = late and not decided and test.topic not in ("laboratory", "microbiology")
            only_before = (
                reasons is not None and not _RESULT.search(sentence) and place.start < reasons.start()
            )
            target = target_of(sentence, place, test)
            if (
                after_all
                or only_before
                or test.name in _TOO_WIDE
                or (test.name in NEEDS_SITE and not target)
            ):
                continue
            yield weight + 1.0 * (test.topic != "laboratory"), -span.start, span, test.name, target


def _tells_of_tests(sentence: str, *, reasoned: bool) -> bool:
    """Whether a sentence tells the result of a test that was done then; ``reasoned``: a treatment's reason."""
    if _NOT_DONE.search(sentence) or _EARLIER.search(sentence):
        return False
    if reasoned:
        return True
    if not _RESULT.search(sentence) or _FOLLOW_UP.search(sentence) or _RECUR.search(sentence):
        return False
    return "elevated" in sentence or not _AFTERWARDS.search(sentence)


def _test(reading: Reading, name: str, target: str, span: Span, *, points: int) -> Found:
    """A test, with what it looked at; one that finds a germ or a gene, with what it was to find."""
    names = (reading.diagnosis.name, *reading.diagnosis.aliases)
    sought = "" if name not in _SEEKS else next(
        (each for each in names if contains_phrase(reading.printed(span), each)), ""
    )  # fmt: skip
    what = with_article(name)
    terms: tuple[str, ...] = (name,)
    if sought:
        what, terms = f"{what} for {inside_sentence(sought)}", (name, "|".join(names))
    elif target:
        what, terms = f"{what} of the {target}", (name, SITE_TERMS.get(target, target))
    return Found(
        kind="investigation", axis="completeness", points=points, rule="investigation",
        text=f"Advises {what}.", terms=terms, quotes=(span,), said=f"I advise {what}.",
    )  # fmt: skip


def _about(reading: Reading) -> set[str]:
    """The stems of what was concluded and what was done."""
    names = " ".join((reading.diagnosis.name, *reading.diagnosis.aliases))
    done = " ".join(term for found in treatments(reading) for term in found.terms)
    return set(telling(f"{names} {done}"))


def _names_distinctly(sentence: str, names: tuple[str, ...]) -> bool:
    """Whether a sentence says a word that tells the diagnosis from others."""
    own = {base(word) for name in names for word in words(name) if is_distinctive(word)}
    return bool(own & {base(word) for word in words(sentence)})


def treatments(reading: Reading) -> Iterator[Found]:
    """Rule ``treatment``: the answer advises what was done to the patient: procedures and drugs."""
    found: list[tuple[Span, str, tuple[str, ...], bool]] = []
    for span in reading.hidden:
        sentence = reading.printed(span)
        if _EARLIER.search(sentence) or _NOT_DONE.search(sentence):
            continue
        found += [(span, what, terms, False) for what, terms in procedures_in(sentence)]
        drugs = drugs_in(sentence) if _GIVEN.search(sentence) else []
        if drugs and _CHANGED.search(sentence):
            found = [each for each in found if not each[3]]
        found += [(span, drug, (drug,), True) for drug in drugs[:_MOST_DRUGS_AT_ONCE]]
    stems = [set(content_words(" ".join(each[2]))) - _SURGICAL for each in found]
    taken: list[set[str]] = []
    never = shunned(reading)
    for (span, what, terms, is_drug), own in zip(found, stems, strict=True):
        if not own or any(own < other for other in stems) or _was_given(reading, terms, is_drug=is_drug):
            continue
        if any(avoided <= own for avoided in never):
            continue
        vague = (
            not is_drug
            and bool(own & _ANY_LESION)
            and any(set(content_words(terms[0])) & other for other in taken)
        )
        if vague or any(own <= other or len(own & other) > 1 for other in taken):
            continue
        kind = f"treatment with {what}{'s' if what == 'corticosteroid' else ''}" if is_drug else what
        yield Found(
            kind="treatment", axis="completeness", points=_TREATMENT_POINTS[len(taken)], rule="treatment",
            text=f"Advises {kind}.", terms=terms, quotes=(span,), said=f"I advise {kind}.",
        )  # fmt: skip
        taken.append(own)
        if len(taken) == _MOST_TREATMENTS:
            return


def _was_given(reading: Reading, terms: tuple[str, ...], *, is_drug: bool) -> bool:
    """Whether the solver sees it done already. A drug whose level was measured was not given by that."""
    if not is_drug:
        return is_said(reading.visible_text, " ".join(terms))
    return any(
        is_said(sentence, terms[0]) and not measured(sentence, terms[0])
        for sentence in map(reading.printed, reading.visible)
    )


def follow_up(reading: Reading) -> Iterator[Found]:
    """Rule ``follow_up``: the answer plans the follow-up by which the report's outcome was known."""
    for span in reading.hidden:
        sentence = reading.printed(span)
        if not _FOLLOW_UP.search(sentence):
            continue
        cue = _FOLLOW_UP.search(sentence)
        tests = [
            test.name
            for test, place in tests_in(sentence)
            if cue and abs(place.start - cue.start()) < _NEAR
        ]
        if tests and not re.search(r"\bclinical\s+follow", sentence):
            name = tests[0]
            yield Found(
                kind="follow_up", axis="completeness", points=3, rule="follow_up",
                text=f"Plans follow-up with {with_article(name)}.", terms=("follow-up|serial|yearly|annual|monthly|recall", name), quotes=(span,),
                said=f"I plan follow-up with {with_article(name)}.",
            )  # fmt: skip
            return
        if _RECUR.search(sentence):
            yield Found(
                kind="follow_up", axis="completeness", points=3, rule="follow_up",
                text="Plans follow-up to look for recurrence.", terms=("follow-up|recall|surveillance", "recurrence|residual|relapse"),
                quotes=(span,), said="I plan follow-up to look for recurrence.",
            )  # fmt: skip
            return


def warnings(reading: Reading) -> Iterator[Found]:
    """Rule ``warning``: the answer warns of what went wrong, or can by the report's own words."""
    taken: list[str] = []
    places = (*((span, True) for span in reading.hidden), *((span, False) for span in reading.said_of_it))
    for span, own in places:
        for _, match in matches(reading, (span,), _COMPLICATED):
            if re.search(
                r"\b(?:no|not|without|never|rarely)\b", reading.printed(span)[: match.start()][-30:]
            ):
                continue
            what = condition_in(match["what"])
            about = own or any(
                contains_phrase(reading.printed(span), word)
                for word in (reading.diagnosis.name, *reading.diagnosis.aliases)
            )
            if (
                not what
                or not about
                or normalise(what) in _NO_WARNING
                or reading.names_diagnosis(what)
                or is_said(reading.visible_text, what)
                or what in taken
            ):
                continue
            if not own and not re.search(r"\b(?:may|can|risk|prevent|lead|vital)\b", reading.printed(span)):
                continue
            taken.append(what)
            yield Found(
                kind="warning", axis="safety", points=4, rule="warning", text=f"Warns of {inside_sentence(what)}.",
                terms=(what,), quotes=(span,), said=f"Be warned of {inside_sentence(what)}.",
            )  # fmt: skip
            if len(taken) == 2:
                return


def expectations(reading: Reading) -> Iterator[Found]:
    """Rule ``expectation``: the answer tells what became of the complaint under this treatment."""
    for span, match in matches(reading, reading.hidden, _EXPECT):
        what = " ".join(
            word for word in match["what"].split() if normalise(word) not in vocabulary().determiners
        )
        what = re.sub(r"^(?:patient|child|boy|girl|man|woman)(?:'s|\u2019s)\s+", "", what)
        before = re.search(r"\b(\w{4,})\s+of\s+(?:the\s+)?$", reading.printed(span)[: match.start("what")])
        what = f"{before.group(1)} of the {what}" if before else what
        kept = [word for word in words(what) if word not in vocabulary().phrase_ends]
        if (
            not kept
            or kept[-1] in NO_OBJECT
            or len(kept) > 4
            or not is_said(reading.visible_text, kept[-1])
        ):
            continue
        yield Found(
            kind="explanation", axis="communication", points=2, rule="expectation",
            text=f"Tells the patient that the {inside_sentence(what)} can be expected to improve.",
            terms=(what, "improve|resolve|recover|heal|settle|subside"), quotes=(span,),
            said=f"The {inside_sentence(what)} can be expected to improve with this treatment.",
        )  # fmt: skip
        return


def refusals(reading: Reading) -> Iterator[Found]:
    """Rule ``refusal``: the answer speaks to what the patient has refused."""
    for span in (*reading.visible, *reading.hidden):
        sentence = reading.printed(span)
        if not _REFUSED.search(sentence):
            continue
        tests = [test.name for test, _ in tests_in(sentence)]
        if tests and span in reading.visible:
            yield Found(
                kind="explanation", axis="communication", points=3, rule="refusal",
                text=f"Speaks to the patient's refusal of {with_article(tests[-1])}.",
                terms=("refuse|decline|consent|persuade|convince|fear|worry", tests[-1]), quotes=(span,),
                said=f"As {with_article(tests[-1])} was refused, I would explain why it matters and ask again.",
            )  # fmt: skip
            return


POSITIVE = (diagnosis, findings, investigations, treatments, follow_up, warnings, expectations, refusals)
"""The rules in the order in which their criteria stand."""
