"""What a case report says only after the diagnosis was known, and what the publisher left in the text.

Post-diagnosis residue is judged sentence by sentence: a sentence counts when it says that the
diagnosis was made, gives the conclusive result (histology, culture, operation), or tells of the
treatment of the disease or its outcome. The same words do not count when they tell of the past
("had been treated for hypertension"), of a relative, of something that did not happen ("cultures
were negative"), or of a trial of treatment that failed before anything was known.
"""

from __future__ import annotations

import re
from functools import lru_cache

from grandrounds.records.parts import Span
from grandrounds.text import sentences


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)


_ADVERBS = r"(?:(?!not\b|never\b)[\w-]+\s+){0,3}?"
_WAS = r"\b(?:was|were|is|are)\s+"
_THEN = _WAS + _ADVERBS

# --- the diagnosis was made -------------------------------------------------------------------
_MADE = _any(
    _THEN + r"(?:re-?)?diagnosed\b",
    r"\b(?:we|physicians|clinicians)\s+" + _ADVERBS + r"diagnosed\b",
    r"\bdiagnos[ie]s\b[^.;]{0,160}?\b(?:was|were|is|been|being)\s+" + _ADVERBS +
    r"(?:made|confirmed|established|reached|rendered|obtained|achieved|clinched|proven|secured|verified|reported|revised)\b",
    r"\b(?:final|definit(?:e|ive)|conclusive|confirmed|confirmatory|eventual|ultimate|post-?mortem|pathologic(?:al)?|histologic(?:al)?|histopathologic(?:al)?|correct|true|underlying|unifying)\s+diagnos[ie]s\b",
    r"\b(?:confirm|establish|clinch|secur|prov|verif|support|reach|ma[dk]|led\s+to|yield)\w*\s+(?:us\s+to\s+)?(?:the|a|an|our|this)\s+(?:[\w-]+\s+){0,3}?diagnosis\b",
    r"\b(?:consistent|compatible|in\s+keeping|concordant)\s+with\s+(?:the|a|an)\s+(?:[\w-]+\s+){0,2}?diagnosis\b",
    r"\bthe\s+(?:most\s+likely\s+|likely\s+)?diagnosis\s+(?:was|is|of)\b",
    r"\bdiagnostic\s+(?:of|for)\b",
    r"\bpathognomonic\b",
    r"\b(?:was|were)\s+(?:thus|therefore|finally|hence|ultimately|eventually|subsequently)\s+(?:classified|identified|confirmed|considered|labelled|labeled|recogni[sz]ed)\s+as\b",
    r"\bgold\s+standard\b",
)  # fmt: skip
_MADE_NOT = _any(
    r"\bdifferential\s+diagnos[ie]s\b(?!.*\bdiagnosed\b)",
    r"\b(?:no|without(?:\s+a)?|not|cannot|could\s+not|never)\s+(?:\w+\s+){0,4}?diagnos",
    r"\b(?:undiagnosed|misdiagnosed)\b",
    r"\bfor\s+(?:a\s+|further\s+)?(?:final\s+|definitive\s+)?diagnosis\b",
    r"\b(?:provisional|initial|working|presumptive|tentative|preliminary|admission|admitting|first|presumed)\s+(?:clinical\s+)?diagnosis\b",
)

# --- the conclusive result --------------------------------------------------------------------
_TEST = (
    r"\b(?:(?:immuno)?histo(?:patho)?log\w*|histo(?:chemical|chemistry)|immunohistochem\w*|immuno(?:stain|phenotyp)\w*|"
    r"patholog(?:y|ist|ists|ic(?:al)?\s+(?:examination|analysis|assessment|report|review|study|findings?))|biops(?:y|ies)|"
    r"autops(?:y|ies)|necropsy|post-?mortem|cytolog\w*|cytopatholog\w*|aspirat(?:e|es|ion)|specimens?|smears?|frozen[\s-]section|"
    r"microscop(?:y|ic(?:al|ally)?)|macroscop\w+|culture[sd]?|(?:h(?:a)?emo|blood\s+|urine\s+)cultures?|culturing|pcr|polymerase\s+chain\s+reaction|sequencing|"
    r"genetic\s+(?:test\w*|analys\w+|stud\w+)|karyotyp\w+|molecular\s+\w+|exome|gene\s+panel|flow\s+cytometry)\b"
)
_FOUND = (
    r"\b(?:reveal\w*|confirm\w*|show(?:ed|n|s|ing)|demonstrat\w+|disclos\w+|identif\w+|grew|grown|yield\w*|detected|positive|"
    r"consistent\s+with|compatible\s+with|suggestive\s+of|proved|established|indicat\w+|suggest(?:ed|ing)|diagnosed|found|returned|"
    r"reported|concluded|was|were|containe?d?|contains)\b"
)
_RESULT = _any(
    _TEST + r"[^.;]{0,120}?" + _FOUND,
    r"\b(?:revealed|confirmed|shown|proven|identified|diagnosed)\s+(?:by|on|at|upon|with|through)\s+[^.;]{0,40}?" + _TEST,
    r"\b(?:isolat|grew|grow)\w*\b[^.;]{0,60}?\bfrom\b",
    r"\b(?:growth|isolation)\s+of\s+[A-Z]",
    r"\b(?:stain(?:ed|ing)|immunoreactiv\w+|immunopositiv\w+)\b[^.;]{0,60}\bpositiv\w+|\bpositiv\w+\s+(?:for|stain\w+)\s+[^.;]{0,40}\b(?:stain|immuno)\w*",
    r"\b(?:titre|titer)s?\b[^.;]{0,60}(?:1\s*:\s*\d|positive|rais|elevat|rose)",
    r"\b(?:heterozygous|homozygous|pathogenic)\b[^.;]{0,60}\b(?:mutation|variant|deletion|duplication)s?\b",
)  # fmt: skip
_RESULT_NOT = _any(
    r"\b(?:negative|sterile|inconclusive|non-?diagnostic|unremarkable|pending|awaited|uninformative|nonspecific|non-specific|inadequate)\b",
    r"\b(?:no|without)\s+(?:\w+\s+){0,3}?(?:growth|organisms?|bacteria|malignan\w+|abnormalit\w+|evidence|pathogens?)\b",
    r"\b(?:did|could|does)\s+not\b",
    r"\bno\s+(?:\w+\s+){0,2}?(?:was|were)\s+(?:found|detected|grown|isolated|identified)\b",
    r"\b(?:normal|refused|declined|deferred|planned|scheduled|considered|advised|recommended|contraindicated)\b",
    r"\b(?:was|were)\s+(?:also\s+|then\s+)?(?:taken|sent|obtained|performed|drawn|collected|done|requested|ordered|carried\s+out|submitted|arranged|attempted)\b(?![^.;]*" + _FOUND.replace("|was|were", "") + ")",
)  # fmt: skip

# --- treatment of what was found ----------------------------------------------------------------
_OPERATION = (
    r"(?:\w+(?:ectomy|ectomies|otomy|ostomy|plasty|pexy|desis|rrhaphy|centesis)\b(?<!colonoscopy)|surg(?:ery|ical)\b|operation\b|excision\b|resection\b|"
    r"repair\b|removal\b|drainage\b|d[eé]bridement\b|fixation\b|reduction\b|reconstruction\b|transplant\w*|embol[iy][sz]ation\b|"
    r"ablation\b|thrombolysis\b|coiling\b|clipping\b|stenting\b|angioplasty\b|bypass\b|chemotherapy\b|chemoradi\w+|radio(?:therapy|surgery)\b|"
    r"radiation\b|h(?:a)?emodialysis\b|dialysis\b|plasmapheresis\b|plasma\s+exchange\b|craniotomy\b|decompression\b|exploration\b|"
    r"enucleation\b|curettage\b|amputation\b|closure\b|photocoagulation\b|traction\b|immobili[sz]ation\b|casting\b|extraction\b|vitrectomy\b|"
    r"cardioversion\b|cardiopulmonary\s+bypass|ligation\b|marsupiali[sz]ation\b|grafting\b|phlebotom\w+|desensiti[sz]ation\b)"
)
_MEDICINE = (
    r"(?:treatment|therapy|medications?|antibiotics?|anti-?tubercul\w+|antiviral\w*|antifungal\w*|cortico?steroids?|steroids?|predniso(?:lo)?ne|methylprednisolone|"
    r"dexamethasone|hydrocortisone|anticoagula\w+|heparin|warfarin|immunosuppress\w+|immunoglobulins?|chemotherapy|replacement|"
    r"supplement\w*|insulin|infusion|prophylaxis|antidote|regimen|\w+(?:mycin|cillin|azole|mab|tinib|floxacin|cycline|vir|statin|pril|sartan|prazole|olol|thiazide|oxin|azine|semide))"
)
_TREATED = _any(
    _THEN + r"(?:re-?)?(?:started|commenced|initiated|put|placed|kept|maintained|begun)\s+(?:back\s+)?on\b(?!\s+(?:monitor|a\s+monitor|cardiac\s+monitor|telemetry|the\s+waiting))",
    _THEN + r"(?:treated|managed|operated|administered|prescribed|given|infused|injected|vaccinated|anticoagulated|transfused|resuscitated|rehydrated|counsel+ed|reassured)\b",
    r"\b(?:received|receiving|began|started|commenced|initiated|instituted)\s+(?:\w+[\s-]+){0,5}?" + _MEDICINE + r"\b",
    r"\b" + _MEDICINE + r"\b[^.;]{0,80}?\b(?:was|were)\s+" + _ADVERBS +
    r"(?:started|commenced|initiated|instituted|given|administered|begun|continued|added|prescribed|tapered|changed|switched|escalated|stopped|discontinued|held|withheld|withdrawn|increased|introduced|completed)\b",
    r"\b(?:underwent|undergoing|undergo)\s+(?:an?\s+)?(?:[\w-]+\s+){0,7}?" + _OPERATION,
    r"\b(?:proceeded|proceed|taken|brought|transferred|referred|scheduled|planned|prepared|listed|consented|admitted|advised|opted|decided|decision)\b[^.;]{0,60}?\b(?:to|for)\s+(?:the\s+)?(?:[\w-]+\s+){0,5}?(?:operating|theatre|theater|" + _OPERATION + ")",
    r"\b" + _OPERATION + r"[^.;]{0,120}?\b(?:was|were)\s+" + _ADVERBS +
    r"(?:performed|done|carried\s+out|undertaken|attempted|completed|indicated|planned|scheduled|decided|required|accomplished|started|executed|placed|accompanied)\b",
    r"\b(?:was|were)\s+" + _ADVERBS + r"(?:excised|resected|removed|drained|repaired|evacuated|extracted|ligated|sutured|debrided|dissected|amputated|enucleated|embolized|embolised|restored|implanted|anastomosed|clamped|incised|aspirated|decompressed|irrigated|closed|reconstructed|polymerized|etched)\b",
    r"\b(?:intra-?operative(?:ly)?|per-?operative(?:ly)?|at\s+(?:operation|surgery|laparotomy|thoracotomy)|(?:during|after|following)\s+(?:the\s+)?(?:surgery|operation|procedure)|surgical\s+(?:exploration|findings|specimen)|surgery\s+(?:revealed|confirmed|showed))\b",
    r"\b(?:laparotomy|laparoscopy|thoracotomy|thoracoscopy|exploration|sternotomy|craniotomy)\b[^.;]{0,60}?\b(?:revealed|showed|confirmed|disclosed|demonstrated|found)\b",
    r"\bwe\s+(?:" + _ADVERBS + r")(?:performed|decided|treated|started|removed|excised|resected|operated|administered|prescribed|opted|chose|planned|did|used)\b",
    r"\b(?:treatment|management)\s+(?:plan|options?|consisted|included|comprised|involved|with)\b",
    r"\b(?:surgery|operation|surgical\s+\w+|excision|resection|treatment|therapy|veneers?|restorations?|implants?|grafts?)\b[^.;]{0,80}?\b(?:was|were)\s+" + _ADVERBS + r"(?:considered|chosen|selected|preferred|offered|advised|proposed|recommended)\b",
)  # fmt: skip
_TREATED_NOT = _any(
    r"\b(?:empiric(?:al|ally)?|prophyla\w+|post-?exposure|supportive|symptomatic(?:ally)?|first\s+aid|over-the-counter|home\s+remed\w+|self-medicat\w+|resuscitat\w+)\b",
    r"\b(?:without|with\s+no|no|little|only\s+(?:partial|transient|temporary|slight|minimal)|minimal|poor|transient|temporary|partial)\s+(?:\w+\s+){0,2}?(?:effect|improvement|relief|response|benefit|resolution|success|avail)\b",
    r"\b(?:fail(?:ed|ure|ing)\s+to\s+(?:respond|improve)|to\s+no\s+avail|in\s+vain|did\s+not\s+(?:respond|improve|help|resolve|relieve)|despite|in\s+spite\s+of|refractory\s+to|unresponsive\s+to|could\s+not\s+find)\b",
    r"\b(?:by|from|at)\s+(?:an?|her|his|their|the)?\s*(?:general\s+practitioner|gp|family\s+(?:doctor|physician)|primary\s+care|local\s+(?:doctor|physician|hospital|clinic)|another\s+(?:hospital|clinic|centre|center)|outside\s+(?:hospital|facility)|different\s+cent(?:er|re)|referring|paramedics?|ambulance|ems)\b",
    r"\bpsychotherapy\b|\bwas\s+being\s+(?:treated|managed)\b|\bphysiotherapy\s+for\b",
    r"\bwas\s+(?:given|prescribed)\s+(?:analgesi\w+|paracetamol|acetaminophen|ibuprofen|antipyretics?|painkillers?|oxygen)\b",
    r"\belective\b",
    r"\bgiven\s+(?:birth|the|that|his|her|this|these|its)\b",
    r"\b(?:injured|sutured)\s+and\s+discharged\b",
    r"\bnot\s+(?:treated|operated|started|removed)\b",
    r"\brefus(?:ed|al)\b|\bdeclin(?:ed|ing)\b",
)  # fmt: skip
_NO_HELP = _any(
    r"\b(?:no|without|little|minimal|not|failed|poor|partial|transient|temporar\w+|initial|only)\b[^.;]{0,40}\b(?:improve\w*|respon\w+|relief|reliev\w*|effect|benefit|resol\w+|avail|help\w*)\b",
    r"\b(?:despite|in\s+spite\s+of)\b",
    r"\b(?:worsen\w*|deteriorat\w*|progress(?:ed|ively)|persist\w*|recurr\w+|return(?:ed)?|re-?presented|continued\s+to)\b",
)

# --- outcome -----------------------------------------------------------------------------------
_OUTCOME = _any(
    r"\b(?:was|were)\s+" + _ADVERBS + r"discharged\b",
    r"\bdischarged?\s+(?:home|from\s+(?:the\s+)?hospital|on\s+(?:day|post))",
    r"\b(?:at|on|after|during|upon)\s+(?:(?:a|an|the|her|his|their)\s+)?(?:[\w.-]+[\s-]+){0,6}?follow(?:ed)?-?\s?up\b",
    r"\b(?:month|week|year|day)s?[\s-]+follow-?\s?up\b|\bfollow-?\s?up\s+(?:visit|examination|imaging|scan|radiograph|x-?ray|ct|mri|echocardiogra\w+|ultraso\w+|evaluation|appointment|period)?\s*(?:\w+\s+){0,3}?(?:showed|revealed|demonstrated|confirmed|was|were)\b",
    r"\b(?:has|have|had)\s+(?:since\s+)?been\s+followed\b",
    r"\bpost-?operative\s+(?:course|recovery|period|histo\w+|patho\w+|imaging|radiograph\w*|x-?rays?|complications?|endocrine)\b|^\s*post-?operatively\b",
    r"\b(?:uneventful|uncomplicated)\s+(?:recovery|course|post-?operative)|\b(?:recovery|course|convalescence|procedure)\s+(?:was|were|remained)\s+" + _ADVERBS + r"(?:uneventful|uncomplicated|smooth|without|good)",
    r"\b(?:full|complete|good|excellent|rapid|gradual|satisfactory|remarkable)\s+(?:clinical\s+|functional\s+)?recovery\b",
    r"\b(?:recovered|recover)\s+(?:\w+ly|well|without|uneventfully|and)\b|\band\s+recovered\b",
    r"\b(?:remain(?:s|ed)?|is|are|been|was)\s+(?:\w+\s+)?(?:well|asymptomatic|symptom-?free|disease-?free|seizure-?free|pain-?free|stable|in\s+remission|recurrence-?free)\b[^.;]{0,60}\b(?:month|year|week|since|after|date|now|later|follow)",
    r"\b(?:no|without)\s+(?:\w+\s+){0,4}?recurrences?\b|\brecurrence-?free\b",
    r"\b(?:symptoms?|pain|fever|swelling|lesions?|rash|weakness|palsy|condition|vision|function|coma)\b[^.;]{0,60}\b(?:resolved|improved|subsided|disappeared|settled|regressed|normali[sz]ed|recovered|diminished)\b[^.;]{0,80}\b(?:after|with|following|within|over|by|at|upon|under|on|in)\b",
    r"\b(?:dramatic|significant|marked|rapid|gradual|complete|full|clinical|good)\s+(?:\w+\s+)?(?:improvement|resolution|response|remission|regression)\b",
    r"\b(?:died|passed\s+away|succumbed|expired|death\s+(?:was|occurred))\b",
    r"\b(?:cause\s+of\s+death)\b",
    r"\b(?:cured|cure\s+was|successfully\s+(?:treated|managed|removed|extubated|weaned))\b",
    r"\bto\s+date\b[^.;]{0,40}\b(?:no|well|free)\b",
)  # fmt: skip
_OUTCOME_NOT = _any(
    r"\b(?:father|mother|brother|sister|sibling|parent|uncle|aunt|cousin|grand\w+|husband|wife|son|daughter|relative|spouse)s?\b[^.;]{0,60}\b(?:died|recovered|passed)\b",
    r"\b(?:returned|re-?presented|readmitted|re-?admitted|came\s+back)\b",
    r"\b(?:spontaneous\w*|self-?limit\w+|on\s+(?:its|their)\s+own)\b",
    r"\bloss\s+of\s+follow|\blost\s+to\s+follow",
    r"\bno\s+(?:clinical\s+)?(?:improvement|response|recovery)\b",
)

# --- tells of the past or of somebody else ---------------------------------------------------------
_NUMBER = r"(?:\d+(?:[.,]\d+)?|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|several|few|some|many|couple\s+of)"
_PAST = _any(
    r"\bhad\s+(?:\w+\s+){0,2}?(?:been|undergone|received|had|taken|suffered|presented)\b",
    r"\b(?:previous(?:ly)?|prior|formerly|in\s+the\s+past|past|history|known|long-?standing|pre-?existing|background\s+of|comorbidit\w+)\b",
    _NUMBER + r"[\s-]+(?:\w+\s+)?(?:hour|day|week|month|year|decade)s?\s+(?:ago|earlier|before|previously|back|prior)\b",
    r"\b(?:at|from)\s+(?:the\s+)?age\s+(?:of\s+)?\w+|\b(?:as\s+a|in|since|during|from)\s+(?:early\s+|her\s+|his\s+)?(?:child(?:hood)?|infan(?:t|cy)|adolescence|teenager|youth|birth)\b",
    r"\b(?:in|since|during)\s+(?:the\s+year\s+)?(?:(?:january|february|march|april|may|june|july|august|september|october|november|december)\s+)?(?:19|20)\d\d\b",
    r"\b(?:father|mother|brother|sister|sibling|parents?|uncle|aunt|cousin|grand(?:father|mother|parents?)|family|husband|wife|relatives?)\b[^.;]{0,40}\b(?:diagnosed|treated|died|underwent|history|operated)\b",
    r"\bfor\s+(?:\w+\s+){0,3}?(?:hypertension|diabetes|hypercholesterol\w+|hyperlipid\w+|dyslipid\w+|asthma|hypothyroidism|depression|gout|(?:gastro-?)?o?esophageal\s+reflux|migraine|osteoarthritis|contraception)\b",
    r"\bdiagnosed\s+(?:with|as|to\s+have)\s+(?:\w+\s+){0,4}?(?:hypertension|diabetes|hypercholesterol\w+|hyperlipid\w+|asthma|hypothyroidism|depression)\b",
)  # fmt: skip
_CLAUSE = re.compile(r";\s|,?\s+but\s+|,\s+(?:and|while|whereas|when|which\s+led)\s+|\s+and\s+(?:(?:he|she|they|it|the\s+patient)\s+)?(?=(?:was|were|underwent|subsequently|then)\b)")  # fmt: skip

_RULES = (
    (_MADE, _MADE_NOT),
    (_RESULT, _RESULT_NOT),
    (_TREATED, _TREATED_NOT),
    (_OUTCOME, _OUTCOME_NOT),
)

_FURNITURE = _any(
    r"\bfull[\s-]?size\s+(?:table|image|figure|version)",
    r"\bclick\s+(?:here\s+)?(?:to|for|on)\s+(?:view|see|enlarge|download|the\s+(?:image|figure|table|link))[^.\n]{0,40}",
    r"\bclick\s+here\b[^.\n]{0,40}",
    r"\bopen\s+in\s+(?:a\s+)?(?:separate|new)\s+(?:window|tab)\b",
    r"\b(?:download|view)\s+(?:this\s+|the\s+)?(?:large\s+|larger\s+|original\s+|full\s+)?(?:figure|table|image|powerpoint|ppt|pdf|citation)s?\b(?:\s*:)?[^.\n]{0,20}",
    r"\benlarge\s+(?:this\s+)?(?:image|figure)\b|\bfigure\s+options\b|\bview\s+in\s+(?:own|new)\s+window\b",
    r"\bcopyright\s*(?:\u00a9|\(c\)|\d{4}|holder|protected|of\s+the)[^.\n]{0,120}|\u00a9[^.\n]{0,120}|\ball\s+rights\s+reserved\b",
    r"\bthis\s+is\s+an\s+open[\s-]access\s+article\b[^\n]{0,300}",
    r"\b(?:reprinted|reproduced|adapted)\s+(?:from|with\s+(?:the\s+)?permission)\b[^.\n]{0,120}",
    r"\bdownloaded\s+from\s+(?:https?|www)[^\s]*",
    r"\((?:see\s+|as\s+)?(?:shown\s+|described\s+|discussed\s+|listed\s+|detailed\s+)?(?:below|above|overleaf|left|right)\)(?<!\(left\))(?<!\(right\))",
)  # fmt: skip
# Reference numbers in square brackets; never after a number or unit, where they are a normal range.
_REFERENCE = re.compile(
    r"(?<![\d%\u00b5\u03bc])\s?\[\s*\d{1,3}(?:\s*[-\u2010-\u2015,;\u2013]\s*\d{1,3})*\s*\]"
)
_UNIT_BEFORE = re.compile(r"(?:\d|%|/\s?[A-Za-z\u00b5\u03bc\d.]{1,6}|\bmm\s?Hg|\b(?:IU|U|pg|ng|mg|mmol|mEq|g|fl|fL))\s*$")  # fmt: skip


@lru_cache(maxsize=32)
def find_post_diagnosis(text: str) -> tuple[Span, ...]:
    """The sentences of ``text`` that could be written only after the diagnosis was known."""
    found = sentences(text)
    return tuple(
        span
        for position, span in enumerate(found)
        if is_post_diagnosis(
            span.of(text), after=found[position + 1].of(text) if position + 1 < len(found) else ""
        )
    )


def is_post_diagnosis(sentence: str, *, after: str = "") -> bool:
    """Whether ``sentence`` is residue; ``after`` is the next one, which may say a trial failed."""
    flat = " ".join(sentence.split())
    for trigger, exempt in _RULES:
        for match in trigger.finditer(flat):
            clause = _clause(flat, match)
            if exempt.search(clause) or _PAST.search(clause):
                continue
            if trigger is _TREATED and after and _NO_HELP.search(" ".join(after.split())[:160]):
                continue
            return True
    return False


def find_furniture(text: str) -> tuple[Span, ...]:
    """Publisher's furniture and reference numbers left in ``text``, sorted by place."""
    found = [Span(start=match.start(), end=match.end()) for match in _FURNITURE.finditer(text)]
    for match in _REFERENCE.finditer(text):
        if not _UNIT_BEFORE.search(text, max(0, match.start() - 16), match.start()):
            bracket = match.start() + match.group().index("[")
            found.append(Span(start=bracket, end=match.end()))
    return tuple(sorted(found, key=lambda span: (span.start, span.end)))


def _clause(sentence: str, match: re.Match[str]) -> str:
    """The clause that holds ``match``; an opening phrase ("Two years ago, ...") belongs to it."""
    start, end = 0, len(sentence)
    for joint in _CLAUSE.finditer(sentence):
        if joint.end() <= match.start():
            start = joint.end()
        elif joint.start() >= match.end():
            end = joint.start()
            break
    return sentence[start:end]
