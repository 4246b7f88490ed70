"""Whether two diagnoses that no vocabulary knows may be the same, judged by their words.

The head (the noun that the rest describes) says what the thing is. A telling head is enough: every
"myxoma" may be the other "myxoma". A general head ("carcinoma", "fracture", "syndrome") is not; then a
further telling word, mostly the organ, must be shared too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from grandrounds.clinical.phrases import Words, contains, cut, form
from grandrounds.text import normalise


def _forms(listed: str) -> frozenset[str]:
    return frozenset(form(normalise(word)) for word in listed.split())


# A head noun phrase ends before these.
_ENDS_HEAD = _forms(
    """
    of in on at to as by for from with without within during after following before due secondary
    owing presenting causing caused complicated complicating mimicking masquerading simulating
    resembling involving affecting arising extending misdiagnosed treated associated related induced
    which that
    """
)
# After these a text names what the diagnosis is not.
_IS_NOT = _forms("mimicking masquerading simulating resembling misdiagnosed versus vs")
# "COVID-associated myocarditis": these end a head only before these.
_PAIRED = {form("associated"): "with", form("related"): "to", form("induced"): "by"}
# These make one word with the next: a non-Hodgkin lymphoma is no Hodgkin lymphoma.
_NEGATIONS = _forms("non pseudo anti quasi para")

# Heads that say too little alone.
_GENERAL = _forms(
    """
    abscess accident adenocarcinoma adenoma agenesis anaemia aneurysm anomaly aplasia arrest
    arteritis aspiration association atresia atrophy attack avulsion bleeding block burn
    calcification calculus cancer carcinoma cardiomyopathy collapse complex compression condition
    contusion crisis cyst defect deficiency deformity degeneration dehiscence dementia deposition
    dermatosis detachment disease dislocation disorder disruption dissection diverticulum
    dysfunction dysplasia dystrophy ectasia ectopia effusion embolism embolus encephalopathy
    entrapment episode erosion exacerbation failure fever fibrosis fistula formation fracture
    gangrene gestation granuloma growth haematoma haemorrhage hamartoma hernia herniation
    hyperplasia hypersensitivity hypertension hypertrophy hypoplasia impaction infarct infarction
    infection infestation inflammation ingestion injury insufficiency intoxication involvement
    ischaemia laceration leak lesion leukaemia lymphoma malformation malignancy mass metastasis
    myopathy necrosis neoplasia neoplasm nephropathy neuropathy nodule obstruction occlusion oedema
    overdose palsy paralysis perforation phenomenon poisoning polyp pregnancy prolapse proliferation
    pseudoaneurysm pseudocyst pseudotumour reaction regurgitation rejection retinopathy rupture
    sarcoma sclerosis sequence shock spasm spectrum state stenosis stone stricture stroke
    subluxation syndrome tear thrombosis thrombus torsion toxicity transection tumour type ulcer
    ulceration variant vasculitis vasculopathy virus volvulus withdrawal
    """
)
# As heads ("horseshoe kidney") these are general too; as the word beside the head they tell much.
_ORGANS = _forms(
    """
    artery bladder body bone cell duct ear eye heart hip kidney knee liver lung muscle nerve ovary
    pancreas spine spleen testis thyroid tongue tooth uterus valve vein
    """
)
# Words that say how, when or on which side, and so never make two diagnoses one.
_WEAK = _forms(
    """
    a an the and or left right bilateral unilateral acute chronic subacute recurrent relapsing
    refractory severe mild moderate giant huge large small massive rare unusual atypical typical
    classic isolated solitary single multiple multifocal diffuse focal localised localized
    generalised generalized disseminated primary secondary idiopathic spontaneous congenital
    acquired familial hereditary sporadic infantile juvenile adult paediatric neonatal elderly
    benign malignant metastatic invasive advanced early late delayed new onset progressive fatal
    fulminant perforated ruptured complicated uncomplicated complete partial incomplete total simple
    complex compound open closed old young anterior posterior superior inferior medial lateral
    proximal distal upper lower internal external double triple traumatic cystic solid mucinous
    serous active latent silent symptomatic asymptomatic drug type grade stage like case possible
    probable suspected first second third neck shaft base wall sheath tip i ii iii iv v vi 1 2 3 4 5
    6
    """
)


@dataclass(frozen=True, slots=True)
class _Phrase:
    plain: tuple[str, ...]
    kept: tuple[str, ...]  # without weak words
    telling: frozenset[str]
    head: str


def head_end(words: Words) -> int:
    """How many words the head noun phrase has: all before the first preposition, comma or bracket."""
    for index, word in enumerate(words.forms):
        if index and not set(words.gap(index)).isdisjoint(",;:([."):
            return index
        if index and word in _ENDS_HEAD and _is_end(words, index):
            return index
    return len(words.forms)


def said_end(words: Words) -> int:
    """How many words come before a text says what the diagnosis is not ("... mimicking a chordoma")."""
    return next(
        (index for index, word in enumerate(words.forms) if index and word in _IS_NOT), len(words.forms)
    )


def alike(a: str, b: str, *, same_words: Mapping[str, str], whole: bool) -> bool:
    """Whether ``a`` and ``b`` may be one diagnosis or a kind of one another.

    With ``whole`` only when one stands in the other as it is. Else also when it does so but for words
    such as "left" or "acute", or when they share a telling head, or a general head and a telling word.
    ``same_words`` maps word forms that mean the same to one.
    """
    one, other = _phrase(a, same_words), _phrase(b, same_words)
    if contains(one.plain, other.plain) or contains(other.plain, one.plain):
        return True
    if whole:
        return False
    if contains(one.kept, other.kept) or contains(other.kept, one.kept):
        return True
    return _shares_head(one, other) or _shares_head(other, one)


def _shares_head(one: _Phrase, other: _Phrase) -> bool:
    if not other.head:
        return False
    if other.head not in _GENERAL and other.head not in _ORGANS:
        return other.head in one.kept
    return one.head == other.head and not one.telling.isdisjoint(other.telling)


def _is_end(words: Words, index: int) -> bool:
    needed = _PAIRED.get(words.forms[index])
    return needed is None or words.forms[index + 1 : index + 2] == (needed,)


def _phrase(text: str, same_words: Mapping[str, str]) -> _Phrase:
    words = cut(text)
    until = said_end(words)
    head_until = min(head_end(words), until)
    plain = _merged(words.forms[:until], same_words)
    head = [
        word
        for word in _merged(words.forms[:head_until], same_words)
        if len(word) > 2 and word not in _WEAK
    ]
    kept = tuple(word for word in plain if word not in _WEAK)
    last = head[-1] if head else ""
    telling = frozenset(kept).difference(_GENERAL, _ENDS_HEAD, (last,))
    return _Phrase(plain, kept, telling, last)


def _merged(forms: tuple[str, ...], same_words: Mapping[str, str]) -> tuple[str, ...]:
    """``forms`` with words of one meaning made one word, and negations tied to the word they negate."""
    merged: list[str] = []
    for word in forms:
        same = same_words.get(word, word)
        if merged and merged[-1] in _NEGATIONS:
            merged[-1] += same
        else:
            merged.append(same)
    return tuple(merged)
