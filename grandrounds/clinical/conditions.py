"""Which noun phrases name a condition: something a patient can be diagnosed with.

A phrase counts when its head (the noun the rest describes) is a disease word ("fracture",
"syndrome"), ends as disease names do ("-itis", "-oma", "-aemia"), or is a known concept. Complaints
and findings ("pain", "mass", "fever") do not count: they are what a case starts from.
"""

from __future__ import annotations

import re
from functools import lru_cache

from grandrounds.clinical.terminology import Terminology
from grandrounds.text import normalise, words

# Heads that name a condition by themselves. Normalised spelling (American, no accents).
_HEADS = frozenset(
    [
        "abscess",
        "accident",
        "achalasia",
        "acidosis",
        "agenesis",
        "alkalosis",
        "allergy",
        "amputation",
        "anaphylaxis",
        "anemia",
        "aneurysm",
        "anomaly",
        "aplasia",
        "apnea",
        "arrest",
        "arrhythmia",
        "asthma",
        "atresia",
        "atrophy",
        "avulsion",
        "block",
        "botulism",
        "bleed",
        "calculus",
        "calculi",
        "cancer",
        "carcinoid",
        "carcinoma",
        "cirrhosis",
        "coarctation",
        "colic",
        "coloboma",
        "coma",
        "contusion",
        "cyst",
        "deafness",
        "defect",
        "deficiency",
        "degeneration",
        "dehiscence",
        "dementia",
        "depression",
        "dermatosis",
        "detachment",
        "diastema",
        "dislocation",
        "disease",
        "disorder",
        "dissection",
        "diverticulum",
        "dystonia",
        "dystrophy",
        "ectasia",
        "edema",
        "effusion",
        "embolism",
        "embolus",
        "emphysema",
        "encephalopathy",
        "endophthalmitis",
        "entrapment",
        "epilepsy",
        "ectopia",
        "failure",
        "fibrillation",
        "fibrosis",
        "fistula",
        "flutter",
        "fracture",
        "gangrene",
        "glaucoma",
        "goiter",
        "gout",
        "hemorrhage",
        "hematoma",
        "hernia",
        "herniation",
        "hydrocephalus",
        "hypertension",
        "hypotension",
        "impaction",
        "incontinence",
        "infarct",
        "infarction",
        "infection",
        "infestation",
        "inflammation",
        "injury",
        "insufficiency",
        "intoxication",
        "intussusception",
        "ischemia",
        "ketoacidosis",
        "laceration",
        "leak",
        "leprosy",
        "leukemia",
        "lymphoma",
        "malaria",
        "malformation",
        "malnutrition",
        "measles",
        "melanoma",
        "metastasis",
        "metastases",
        "migraine",
        "mole",
        "murmur",
        "necrosis",
        "neuropathy",
        "nevus",
        "nevi",
        "obstruction",
        "occlusion",
        "osteonecrosis",
        "ossification",
        "overdose",
        "palsy",
        "pancreatitis",
        "paralysis",
        "perforation",
        "pit",
        "plague",
        "pneumonia",
        "pneumothorax",
        "poisoning",
        "polyp",
        "polyposis",
        "pregnancy",
        "priapism",
        "prolapse",
        "pseudoaneurysm",
        "pseudotumor",
        "psoriasis",
        "psychosis",
        "rabies",
        "regurgitation",
        "rejection",
        "retinopathy",
        "rupture",
        "sarcoma",
        "scabies",
        "schizophrenia",
        "sclerosis",
        "scoliosis",
        "scurvy",
        "sepsis",
        "sequestration",
        "shock",
        "shunt",
        "stenosis",
        "stone",
        "stricture",
        "stroke",
        "subluxation",
        "syndrome",
        "syphilis",
        "tamponade",
        "teratoma",
        "tear",
        "tetanus",
        "thrombosis",
        "thrombus",
        "torsion",
        "toxicity",
        "transection",
        "tuberculosis",
        "tularemia",
        "tumor",
        "neoplasm",
        "ulcer",
        "urticaria",
        "valve",
        "varices",
        "volvulus",
        "withdrawal",
        "incarceration",
        "intolerance",
        "hypersensitivity",
        "vasospasm",
        "dyskinesia",
        "malocclusion",
        "caries",
        "crisis",
        "storm",
        "pregnancy",
        "gestation",
    ]
)

# Endings of disease names, with the shortest word they may end.
_ENDINGS = re.compile(
    r".{3,}(?:itis|itides|omas?|omata|osis|oses|emia|emias|uria|pathy|pathies|plasia|trophy|cele|rrhage|rrhea|"
    r"ectasis|ectasia|iasis|penia|philia|plegia|paresis|lysis|malacia|megaly|cytosis|dysplasia|"
    r"phagia|thorax|peritoneum|mediastinum|pericardium|spasm|kinesia|ism)$"
)

# What a patient comes with, or what an examination shows: never the diagnosis by itself.
_FINDINGS = frozenset(
    [
        "pain",
        "swelling",
        "mass",
        "lesion",
        "fever",
        "cough",
        "dyspnea",
        "headache",
        "weakness",
        "fatigue",
        "nausea",
        "vomiting",
        "diarrhea",
        "vertigo",
        "dizziness",
        "syncope",
        "hematuria",
        "hemoptysis",
        "hematemesis",
        "melena",
        "jaundice",
        "pruritus",
        "rash",
        "symptom",
        "symptoms",
        "presentation",
        "finding",
        "findings",
        "nodule",
        "opacity",
        "discharge",
        "complaint",
        "dysphagia",
        "dysphonia",
        "diplopia",
        "hepatomegaly",
        "splenomegaly",
        "cardiomegaly",
        "hepatosplenomegaly",
        "lymphadenopathy",
        "leukocytosis",
        "proteinuria",
        "hyperbilirubinemia",
        "tachypnea",
        "paresthesia",
        "hemiplegia",
        "hemiparesis",
        "organism",
        "mechanism",
        "metabolism",
        "analysis",
        "diagnosis",
        "prognosis",
        "dialysis",
        "hemodialysis",
        "hydrolysis",
        "urinalysis",
        "paralysis",
        "alcoholism",
        "trauma",
        "bleeding",
    ]
)

_CUT = frozenset(
    [
        "of",
        "in",
        "with",
        "due",
        "secondary",
        "to",
        "from",
        "after",
        "following",
        "by",
        "involving",
        "at",
        "on",
        "affecting",
        "arising",
    ]
)


def head_word(phrase: str) -> str:
    """The head of a noun phrase, normalised: the last word before its first preposition."""
    before: list[str] = []
    for word in words(phrase):
        if word in _CUT and before:
            break
        before.append(word)
    return _singular(before[-1]) if before else ""


@lru_cache(maxsize=8192)
def is_condition(phrase: str) -> bool:
    """Whether ``phrase`` names a condition by its head or as a known concept."""
    head = head_word(phrase)
    if not head:
        return False
    concept = Terminology.load().concept_of(phrase)
    if concept is not None and _covers_head(concept.name, concept.aliases, head):
        return True
    if head in _FINDINGS:
        return False
    return head in _HEADS or _ENDINGS.fullmatch(head) is not None


@lru_cache(maxsize=8192)
def is_known(phrase: str) -> bool:
    """Whether the terminology has this very name, as a name or a synonym."""
    concept = Terminology.load().concept_of(phrase)
    return concept is not None and normalise(phrase) in {
        normalise(name) for name in (concept.name, *concept.aliases)
    }


def _covers_head(name: str, aliases: tuple[str, ...], head: str) -> bool:
    return any(head in {_singular(word) for word in words(each)} for each in (name, *aliases))


def _singular(word: str) -> str:
    for ending, instead in (("ies", "y"), ("omata", "oma"), ("itides", "itis"), ("sses", "ss")):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            return word[: -len(ending)] + instead
    if word.endswith(("ases", "oses", "yses")) and len(word) > 6:
        return word[:-2] + "is" if word not in {"diseases", "abscesses"} else word[:-1]
    if word.endswith("xes") or word.endswith("ches"):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "is", "us", "as")) and len(word) > 4:
        return word[:-1]
    return word
