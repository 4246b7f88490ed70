"""What a section is about, told from its printed title; and which patient a title numbers.

Titles are compared without numbering, punctuation, case and accents. The lists hold what case
reports print in English, with the CARE guideline's names among them, and the commonest words of
French, German, Italian, Portuguese and Spanish.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_NUMBERING = re.compile(
    r"^\s*(?:(?:\d{1,2}(?:\.\d{1,2}){0,4}|[IVX]{1,5}(?=[.)])|[A-H](?=[.)]\s))[.):]?\s+|\d{1,2}\.\s*(?=[A-Za-z])|[\u2022\u25cf\u25a0-]\s*)"
)
_NOT_WORD = re.compile(r"[^\w&#]+")

# The first list with a match wins, so what gives the answer away stands before what does not.
_KINDS: tuple[tuple[str, str], ...] = (
    ("back", r"acknowledge?ments?|fundings?|financial (?:support|disclosure).*|(?:conflicts?|competing|declarations?) (?:of )?(?:interests?|competing).*"
             r"|.*conflicts? of interests?.*|.*competing (?:financial )?interests?|disclosures?|declarations?"
             r"|(?:.* )?(?:informed )?consent(?: .*)?|ethic.*|(?:.* )?authors? contributions?.*|authorship.*|contributors?(?: .*)?|credit author.*"
             r"|(?:list of )?abbreviations?.*|(?:.* )?availability.*|.*data sharing.*|supplement.*|supporting information|additional (?:file|information|data).*"
             r"|publishers? note.*|references?|bibliography|footnotes?|notes?|provenance.*|guarantor|registration.*|author(?:s)? (?:information|details|note)s?"
             r"|sources? of funding|grant.*|peer review.*|electronic supplementary.*|appendi(?:x|ces).*|copyright|disclaimer|trial registration"
             r"|remerciements?|danksagung|agradec\w+|ringraziamenti|interessenkonflikt|financiacion"),
    ("discussion", r"discussions?(?: .*)?|(?:general |case )?discussion|comments?|commentary|(?:brief |literature )?reviews?(?: of (?:the )?(?:literature|cases?))?"
                   r"|(?:.* )?(?:review of (?:the )?)?literature(?: review| search)?|limitations?|strengths?(?: and limitations?)?|differential considerations"
                   r"|(?:etio(?:logy|pathogenesis)|aetiology|pathogenesis|pathophysiology|epidemiology|incidence|prevalence|classification)(?: .*)?"
                   r"|diskussion|discusion|discussione|discussao"),
    ("conclusion", r"conclusions?(?: .*)?|concluding remarks|summary(?: and conclusions?)?|learning points?.*|teaching points?.*|take[ -]?(?:home|away).*"
                   r"|key (?:points?|messages?|learning).*|clinical (?:message|relevance|significance|implications?|pearls?)|lessons?(?: learned)?|clinical practice points?"
                   r"|highlights?|what (?:is|was|this).*|perspectives?|schlussfolgerung\w*|conclusion\w*|conclusao|conclusioni|fazit"),
    ("background", r"introductions?|background.*|objectives?|aims?|purpose|rationale|importance|backgrounds? and (?:objectives?|purpose)"
                   r"|introduccion|introduzione|introducao|einleitung|hintergrund|contexte|antecedentes"),
    ("diagnosis", r"(?:final |clinical |definitive |definite |differential |working |provisional |preoperative |postoperative |pathological |pathologic |histological |histopathological |presumptive |primary )*diagnos(?:is|es)"
                  r"(?: and .*)?|differential diagnos(?:is|es).*|diagnostic (?:considerations?|conclusions?|reasoning|dilemma)|what is your diagnosis.*|answer|diagnose|diagnostico|diagnosi|diagnostic$"),
    ("outcome", r"(?:.* )?outcomes?(?: .*)?|(?:.* )?follow ?ups?(?: .*)?|(?:.* )?prognosis|(?:.* )?course(?: .*)?|clinical (?:evolution|progress|progression)|evolution|progress(?:ion)?|result of treatment"
                r"|autopsy.*|post ?mortem.*|recovery|rehabilitation|complications?|verlauf|evolucion|patient perspective"),
    ("treatment", r"(?:.* )?treatments?(?: .*)?|(?:.* )?therap(?:y|ies)(?: .*)?|(?:.* )?managements?(?: .*)?|therapeutic.*|(?:.* )?interventions?(?: .*)?|(?:.* )?surger(?:y|ies)(?: .*)?|(?:.* )?surgical .*"
                  r"|(?:.* )?operati(?:on|ve) (?:findings?|technique|procedure|course|details?)|operations?|intraoperative.*|(?:.* )?procedures?|(?:.* )?technique|an(?:a)?esthe.*|medications? (?:and|given).*"
                  r"|rehabilitation (?:program|protocol).*|behandlung|therapie|tratamiento|traitement|trattamento|tratamento"),
    ("history", r"(?:.* )?histor(?:y|ies)(?: of .*| and .*)?|anamnesis|medications?|current medications?|review of (?:systems|symptoms)|risk factors|comorbidit(?:y|ies)|allergies|anamnese|antecedents?"),
    ("examination", r"(?:.* )?(?:examinations?|exam)(?: (?:findings?|results?|on admission|at .*|and .*))?|(?:physical|clinical|neurologic(?:al)?|ophthalmic|ophthalmologic(?:al)?|dermatologic(?:al)?|oral|intraoral|extraoral|general|local|vital) (?:findings?|signs?|status|assessment)"
                    r"|vital signs|vitals|signs|clinical signs|mental status(?: examination)?|klinischer befund|exploracion.*|examen clinique|esame obiettivo"),
    ("investigations", r"(?:.* )?investigations?(?: .*)?|(?:.* )?laborator(?:y|ies)(?: .*)?|lab(?:s| results?| findings?| tests?| data)|(?:.* )?imaging(?: .*)?|(?:.* )?radiolog\w*(?: .*)?|(?:.* )?radiograph\w*(?: .*)?"
                       r"|(?:.* )?work ?ups?|diagnostic (?:assessments?|evaluations?|tests?|testing|procedures?|studies|findings?|focus.*|methods?|process|approach|challenges?|imaging|intervention)s?|(?:.* )?(?:tests?|testing)(?: results?| findings?)?"
                       r"|(?:.* )?(?:histo)?patholog(?:y|ic|ical)(?: .*)?|(?:.* )?histolog(?:y|ic|ical)(?: .*)?|(?:.* )?histopathologic\w*(?: .*)?|(?:.* )?microbiolog\w*(?: .*)?|(?:.* )?cytolog\w*(?: .*)?|(?:.* )?biops(?:y|ies)(?: .*)?|(?:.* )?immunohistochemi\w*(?: .*)?"
                       r"|(?:.* )?(?:genetic|molecular|cytogenetic|exome|chromosomal|mutation(?:al)?) (?:.* )?(?:analys[ie]s|findings?|stud(?:y|ies)|results?|investigations?|sequencing)|(?:.* )?echocardiogra\w*(?: .*)?|(?:.* )?electrocardiogra\w*(?: .*)?"
                       r"|(?:.* )?(?:ct|mri|pet|ecg|ekg|eeg|emg|ultrasound|ultrasonograph\w*|sonograph\w*|endoscop\w*|angiograph\w*|tomograph\w*|x ?rays?|magnetic resonance|bronchoscop\w*|colonoscop\w*|scans?)(?: .*)?|(?:microscopic|macroscopic|gross|neuropsychological|biochemical|hematologic\w*|haematologic\w*|serolog\w*|urodynamic|laboratory) (?:findings?|features?|assessment|evaluation|results?|studies|analysis)"
                       r"|ancillary (?:tests?|studies)|clinical (?:evaluation|assessment|investigations?)|evaluation|assessment|paraclinical.*|befunde|examens? complementaires?|pruebas complementarias"),
    ("presentation", r"(?:.* )?case (?:reports?|presentations?|descriptions?|summar(?:y|ies)|histor(?:y|ies)|studies|study|series|illustrations?|vignettes?|details?|records?|observations?|narrative|synopsis|scenario)(?: .*)?"
                     r"|(?:.* )?(?:reports?|presentation|description|summary|illustration) of (?:an? |the |our |two |three |four )?(?:(?:clinical |index |illustrative )?cases?|patients?)(?: .*)?|(?:the |clinical |illustrative |index |our |present |current )*cases?"
                     r"|(?:the |our |index )?patients?(?: (?:information|description|presentation|characteristics|profile|details|data|report|demographics|concerns?|case|background|history|and (?:methods|observation)).*)?"
                     r"|(?:clinical |initial |presenting |chief |main |current )+(?:presentations?|features?|pictures?|complaints?|symptoms?|vignettes?|reports?|summar(?:y|ies)|characteristics|findings?|descriptions?|scenario|data|manifestations?|illness)"
                     r"|presentation|symptoms|reason for (?:admission|referral|consultation)|observations?|present(?:ing)? illness"
                     r"|fallbericht|fallbeschreibung|kasuistik|caso(?:s)? clinico(?:s)?.*|(?:presentazione|descrizione|presentacion|descripcion|descricao|relato)(?: del| de| do)? caso.*|observation clinique|cas clinique.*"),
)  # fmt: skip
# Combined titles whose case stands first or last: the section holds the case.
_HOLDS_CASE = re.compile(
    r"(?:clinical |illustrative )*case (?:report|presentation|description|history)s?(?: (?:and|with) .*)?"
    r"|(?:introduction|background) and (?:clinical )?(?:case|patient).*"
)
_PATTERNS = tuple((kind, re.compile(f"(?:{pattern})$")) for kind, pattern in _KINDS)
_GENERIC = re.compile(
    r"(?:main |full |body )?text|body|article|letters?(?: to (?:the )?editor)?|(?:to the|dear|sir) (?:editors?|sir).*"
    r"|correspondence|reports?|brief report|clinical (?:images?|quiz)|images? .*|quiz|question|sir|editor|untitled|part \w+"
)
_SEC_TYPES = {
    "intro": "background", "introduction": "background", "background": "background",
    "case": "presentation", "cases": "presentation", "case-report": "presentation", "case report": "presentation",
    "case-reports": "presentation", "case-presentation": "presentation", "subjects": "presentation",
    "discussion": "discussion", "results|discussion": "discussion", "conclusion": "conclusion",
    "conclusions": "conclusion", "supplementary-material": "back", "supplementary material": "back", "conflict": "back",
    "coi-statement": "back", "ethics-statement": "back", "data-availability": "back", "author-contributions": "back",
    "funding-information": "back", "disclaimer": "back",
}  # fmt: skip

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_CARDINALS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_ROMANS = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x")
_CASE_NUMBER = re.compile(
    r"^(?:(?:the |clinical |index |illustrative )*(?:case(?:[ -]?(?:report|presentation|study|description|history|summary))?|patient|subject)"
    r"(?:\s*[-#]\s*|\s+(?:no\.?|number|nr\.?|n\u00b0|#)\s*|\s*)"
    rf"(?P<name>\d{{1,2}}|{'|'.join(_CARDINALS)}|[ivx]{{1,4}}|[a-h])"
    r"(?P<tail>\s*$|\s*[:.,;)(\u2013\u2014\[-]|\s+\S)"
    rf"|(?:the )?(?P<ordinal>{'|'.join(_ORDINALS)}|1st|2nd|3rd|[4-9]th) (?:case|patient)(?P<end>\b))",
    re.IGNORECASE,
)
_UNIT_AFTER = re.compile(r"^[\s-]*(?:years?|months?|weeks?|days?|yr|y/o|was|is|with|of)\b", re.IGNORECASE)


@lru_cache(maxsize=8192)
def plain_title(title: str) -> str:
    """``title`` without numbering, punctuation, case and accents."""
    bare = _NUMBERING.sub("", title, count=1)
    folded = unicodedata.normalize("NFKD", bare).casefold().replace("'", "").replace("\u2019", "")
    letters = "".join(char for char in folded if not unicodedata.combining(char))
    return " ".join(_NOT_WORD.sub(" ", letters).split())


@lru_cache(maxsize=8192)
def title_kind(title: str) -> str | None:
    """The section kind that a printed title tells, or ``None`` when it tells nothing."""
    plain = plain_title(title)[:160]
    if not plain:
        return None
    if _HOLDS_CASE.fullmatch(plain):
        return "presentation"
    for kind, pattern in _PATTERNS:
        if pattern.match(plain):
            return kind
    if case_label(title) is not None:
        return "presentation"
    first = re.split(r"\s*[:\u2013\u2014]\s+|\s+-\s+", _NUMBERING.sub("", title, count=1), maxsplit=1)
    if len(first) == 2 and first[0] and first[0] != title:
        return title_kind(first[0])
    return None


def is_generic(title: str) -> bool:
    """Whether a title says nothing about content ("To the Editor", "Main text")."""
    return _GENERIC.fullmatch(plain_title(title)) is not None


def sec_type_kind(sec_type: str) -> str | None:
    """The kind that a ``sec-type`` attribute tells."""
    return _SEC_TYPES.get(sec_type.strip().casefold())


@lru_cache(maxsize=8192)
def case_label(title: str) -> int | None:
    """The number of the patient that a title names ("2.1. Case 1", "Patient B", "Second case")."""
    bare = _NUMBERING.sub("", title, count=1).strip()
    match = _CASE_NUMBER.match(bare)
    if match is None:
        return None
    if match.group("ordinal"):
        word = match.group("ordinal").casefold()
        return _ORDINALS.index(word) + 1 if word in _ORDINALS else int(word[0])
    name = match.group("name").casefold()
    rest = bare[match.end("name") :]
    if name.isdigit():
        return int(name) if int(name) and not re.match(r"[\s-]*(?:years?|months?|weeks?|days?|yr)\b", rest) else None
    followed = match.group("tail").strip()
    if name in _CARDINALS:
        return None if _UNIT_AFTER.match(rest) else _CARDINALS.index(name) + 1
    if followed and followed not in ":.,;)(\u2013\u2014[-":
        return None  # "Case a 34-year-old man", "Patient in coma"
    if name in _ROMANS and (len(name) > 1 or name in "iv"):
        return _ROMANS.index(name) + 1
    return ord(name) - ord("a") + 1 if len(name) == 1 and name in "abcdefgh" else None
