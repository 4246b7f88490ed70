"""How a phrase of a caption is meant: said of what is shown, or denied, doubted, of another time or place.

Errs on doubt: what is not surely asserted is never asked, only kept from the wrong options. Cues are looked
for in the phrase's own sentence, a few words before it or right after it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import lru_cache

from grandrounds.records.parts import Span
from grandrounds.text import sentences

ASSERTED, NEGATED, HEDGED = "asserted", "negated", "hedged"
GONE, EARLIER, ELSEWHERE = "gone", "earlier", "elsewhere"
STANDINGS = (ASSERTED, NEGATED, HEDGED, GONE, EARLIER, ELSEWHERE)

_BEFORE = 9  # words
_AFTER = 5
_WINDOW = 200  # characters on either side that cues are looked for in
_WORD = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*|[?;:,()]")
# After these, what was denied or doubted before them no longer is.
_TURN = re.compile(
    r"\b(?:but|however|although|whereas|while|showing|shows?|showed|demonstrat\w+|reveal\w*|"
    r"(?<!consistent )(?<!compatible )(?<!keeping )with\s+(?:an?|the|multiple|large|small))\b|;",
    re.IGNORECASE,
)
_NEGATED_BEFORE = re.compile(
    r"\b(?:no|not|without|absen(?:t|ce\s+of)|lack(?:s|ing)?(?:\s+of)?|negative\s+for|free\s+of|free\s+from|rul(?:es?|ed|ing)\s+out|exclud(?:es?|ed|ing)|"
    r"neither|nor|never|rather\s+than|instead\s+of|unlike|fail(?:s|ed)?\s+to\s+\w+|disappear\w*\s+of|defective|delayed|incomplete|non)\b",
    re.IGNORECASE,
)
_NEGATED_AFTER = re.compile(
    r"^(?:\W*(?:is|are|was|were|being|has\s+been|have\s+been)\s+)?\W*(?:absent|excluded|ruled\s+out|not\b|negative|no\s+longer)",
    re.IGNORECASE,
)
_HEDGED_BEFORE = re.compile(
    r"\?|\b(?:suspect(?:ed|ing)?|suspicio(?:n|us)|possibl[ey]|probabl[ey]|presum(?:ed|ably|ptive)|likely|suggest(?:s|ed|ing|ive)?|consistent\s+with|"
    r"compatible\s+with|concerning\s+for|may|might|could|cannot|equivocal|questionable|apparent(?:ly)?|mimick(?:s|ing)|simulat(?:es?|ing)|resembl(?:es?|ing)|"
    r"differential|versus|vs|or|potential(?:ly)?|in\s+keeping\s+with|indicat(?:es?|ing|ive)\s+of|query|mistaken\s+for|misdiagnosed\s+as|so-called|like|thought|believed|interpreted|signif(?:y|ies|ying)|representing|initially)\b",
    re.IGNORECASE,
)
_HEDGED_AFTER = re.compile(
    r"^(?:\W*(?:is|are|was|were)\s+)?\W*(?:suspected|possible|likely|probable|\?|cannot\s+be\s+excluded|or\b|versus\b|vs\b|-like\b|like\b|mimic\w*)",
    re.IGNORECASE,
)
_GONE_BEFORE = re.compile(
    r"\b(?:excis(?:ion|ed)|resect(?:ion|ed)|remov(?:al|ed)|resolution|resolv(?:ed|ing)|disappearance|regression|clearance|drainage|evacuation|repair|treatment|"
    r"correction|reduction|closure|cure|heal(?:ed|ing)|prevent(?:ion|ed|ing|s)?|risk|fear)\s+(?:of|for)?(?:\s+\w+){0,4}\s*$",
    re.IGNORECASE,
)
_GONE_AFTER = re.compile(
    r"^(?:\W*(?:has|have|had|is|are|was|were)\s+(?:been\s+)?)?(?:\w+ly\s+)?(?:resolved|disappeared|healed|gone|removed|excised|resected|repair(?:ed)?|treated|closed|drained)\b",
    re.IGNORECASE,
)
_EARLIER_BEFORE = re.compile(
    r"\b(?:history\s+of|previous(?:ly)?|prior|formerly|known|status\s+post|s/p|since|years?\s+after|months?\s+after|weeks?\s+after|days?\s+after|"
    r"hours?\s+after|after|following|before|prior\s+to|until|subsequent(?:ly)?|later|planned|scheduled|candidate\s+for|awaiting|underwent|undergo(?:es|ing)?|"
    r"secondary\s+to|due\s+to|because\s+of|caused\s+by|result\s+of|resulting\s+from|associated\s+with|related\s+to|induced\s+by|complicat(?:ing|ion\s+of)|suffer(?:s|ed|ing)?|diagnosed\s+(?:with|as)|treated\s+for|exclusion\s+of|diagnosis\s+of|present(?:ed|ing)\s+with)\b",
    re.IGNORECASE,
)
_COMPARED_BEFORE = re.compile(
    r"\b(?:confirm(?:s|ed|ation)?|correspond(?:s|ed|ing)?|compar(?:e|ed|ison|ing)|seen|visible|identified|detected|found|noted|visuali[sz]ed|shown|revealed|diagnosed|"
    r"demonstrated|depicted|missed|occult|evident|invisible|obtained|correlat(?:e|es|ed|ion|ing)|agree(?:s|ment)?|guided)\s+(?:\w+\s+){0,2}?"
    r"(?:on|by|in|with|to|from|at|before|after|during|via|through|under)\s+(?:the\s+|an?\s+)?(?:\w+\s+){0,2}$",
    re.IGNORECASE,
)
_OWN_COMPARISON = ("modality",)
_WHEN = ("finding", "diagnosis", "modality")


def standing(text: str, span: Span, *, scheme: str) -> str:
    """How the phrase at ``span`` of ``text`` is meant: ``asserted`` or one of the other ``STANDINGS``."""
    sentence = _sentence(text, span)
    before = _last_words(text[max(sentence.start, span.start - _WINDOW) : span.start], _BEFORE)
    after = text[span.end : min(sentence.end, span.end + _WINDOW)]
    turned = _after_turn(before)
    if _NEGATED_BEFORE.search(turned) or _NEGATED_AFTER.search(after):
        return NEGATED
    if scheme in _OWN_COMPARISON:
        return EARLIER if _of_another_picture(before) else ASSERTED
    if _hedged(turned, after):
        return HEDGED
    if scheme == "anatomy":
        return ASSERTED
    if scheme in _WHEN and (_GONE_BEFORE.search(turned) or _GONE_AFTER.search(after)):
        return GONE
    if _EARLIER_BEFORE.search(_last_words(turned, 6)):
        return EARLIER
    return ASSERTED


def _hedged(before: str, after: str) -> bool:
    return bool(_HEDGED_BEFORE.search(before) or _HEDGED_AFTER.search(_first_words(after, _AFTER)))


def _of_another_picture(before: str) -> bool:
    """Whether a modality is named as one that another picture was taken with."""
    near = _last_words(before, 4)
    return bool(
        _COMPARED_BEFORE.search(before)
        or re.search(
            r"\b(?:previous|prior|subsequent|later|before|after|underwent|planned|earlier|had|has|received|despite)\s+(?:\w+\s+){0,1}$",
            near,
            re.IGNORECASE,
        )
    )


def _after_turn(before: str) -> str:
    """The part of ``before`` after the last word that starts a new thought."""
    last = 0
    for match in _TURN.finditer(before):
        last = match.end()
    return before[last:]


def _last_words(text: str, count: int) -> str:
    starts = [match.start() for match in _WORD.finditer(text)]
    return text[starts[-count] :] if len(starts) > count else text


def _first_words(text: str, count: int) -> str:
    ends = [match.end() for match in _WORD.finditer(text)]
    return text[: ends[count - 1]] if len(ends) > count else text


def _sentence(text: str, span: Span) -> Span:
    all_of_them = _sentences(text)
    at = bisect_right(all_of_them, span.start, key=lambda sentence: sentence.start) - 1
    if at >= 0 and span.start < all_of_them[at].end:
        return Span(start=all_of_them[at].start, end=max(all_of_them[at].end, span.end))
    return span


@lru_cache(maxsize=64)
def _sentences(text: str) -> tuple[Span, ...]:
    return sentences(text)
