"""What shows that a video is medical: words of its name, its title, its notes and what is said in it.

Errs on silence. Some words say it alone ("gait", "ultrasound", "physiotherapy", a modality of imaging, an
operation by its ending); others only together with another one ("knee" and "exercise"), since films of
other things have knees, too. Of what is said more is asked for than of a name: people talk of doctors.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from grandrounds.clinical.terminology import Terminology
from grandrounds.figures.taxonomy import ANATOMY, FINDING, MODALITY, PROCEDURE
from grandrounds.figures.vocabulary import fired
from grandrounds.text import find_phrase, normalise
from grandrounds.videos.values import VideoFacts, Words

MOST = 12
"""Words that are told at most."""

_SPOKEN_CHARACTERS = 60_000
_OFTEN = 3
_ALONE, _BESIDE, _MILDLY = 2, 1, 0

# Families of modalities; photographs and drawings are of anything.
_IMAGING = frozenset({"radiology", "nuclear medicine", "endoscopy", "ophthalmic imaging", "signals"})
_EVERYDAY_ROW = (
    "hand head face eye eyes ear nose mouth lip lips tooth teeth hair skin arm leg foot feet finger thumb "
    "toe neck chest back belly heart brain bone body chin cheek shoulder tongue throat nail nails palm"
)
_EVERYDAY = frozenset(_EVERYDAY_ROW.split())

_STRONG = (
    "gait", "gait analysis", "walking test", "timed up and go", "sit to stand", "range of motion",
    "range of movement", "goniometer", "goniometry", "physiotherapy", "physical therapy",
    "physiotherapist", "physical therapist", "occupational therapy", "rehabilitation exercise",
    "stroke rehabilitation", "cardiac rehabilitation", "neurorehabilitation", "prehabilitation",
    "prosthesis", "orthosis", "surgical", "surgeon", "operating room", "operating theatre",
    "suturing technique", "laparoscopic", "robotic surgery", "anaesthesia", "intubation", "cannulation",
    "venipuncture", "phlebotomy", "catheterization", "auscultation", "percussion of the chest",
    "palpation", "physical examination", "clinical examination", "neurological examination",
    "cranial nerve", "deep tendon reflex", "straight leg raise", "drawer test", "lachman test",
    "mcmurray test", "romberg test", "spirometry", "electrocardiogram", "echocardiogram",
    "echocardiography", "sonography", "sonogram", "point of care ultrasound", "swallowing study",
    "videofluoroscopy", "capillaroscopy", "colonoscopy", "gastroscopy", "arthroscopy", "bronchoscopy",
    "otoscopy", "cystoscopy", "laryngoscopy", "hysteroscopy", "laparoscopy", "histopathology",
    "pathology slide", "clinical", "clinic", "medicine", "medical", "hospital ward", "bedside",
    "the patient", "a patient", "this patient", "our patient", "patients with", "diagnosis", "symptom",
    "anatomy", "radiology", "neurology", "cardiology", "orthopedic", "orthopaedic", "pediatric",
    "paediatric", "dermatology", "ophthalmology", "dentistry", "nursing", "midwifery", "obstetric",
    "resuscitation", "cardiopulmonary resuscitation", "defibrillator", "first aid", "grand rounds",
    "biomechanics", "kinematics", "motor impairment", "parkinsonian", "tremor", "spasticity", "ataxia",
    "dysphagia", "dysarthria", "seizure", "kinesiology", "kinesiotherapy", "scoliosis", "hemiplegia",
    "paraplegia",
)  # fmt: skip
_STRONG_WRITTEN = ("MRI", "ECG", "EKG", "EEG", "EMG", "POCUS", "ICU", "OSCE", "ACL", "TKA", "THA", "CPR")
_WEAK = (
    "patient", "rehabilitation", "rehab", "therapy", "therapist", "treatment", "doctor", "nurse",
    "hospital", "surgery", "operation", "scan", "flexion", "extension", "abduction", "adduction",
    "rotation", "muscle", "joint", "injury", "pain", "fracture", "probe", "transducer", "needle",
    "wound", "stitch", "suture", "swelling", "inflammation", "infection", "virus", "lesion", "tissue",
    "blood", "pulse", "breathing", "breath", "limp", "limb", "lower limb", "upper limb",
    "healthy volunteer", "case report", "examination", "weakness", "pleura", "pleural line", "viral",
    "bacterial", "covid", "covid19", "biopsy", "microscopy", "microscope",
)  # fmt: skip
# Sport has these, too: they count only beside another.
_MILD = (
    "exercise", "squat", "lunge", "walking", "balance", "posture", "strength", "mobility", "stretch",
    "subject",
)  # fmt: skip
_ENDING = re.compile(
    r"(?:ectomy|otomy|ostomy|plasty|oscopy|itis|osis|emia|aemia|pathy|algia|plegia|pnea|pnoea|trophy|oma|uria"
    r"|monia|paresis|desis|rrhaphy|lysis)$"
)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])")
_PARTING = re.compile(r"[_\-.+\s]+")

_DENIED = re.compile(r"\bnon[\s\u2010-\u2015-]*\Z", re.IGNORECASE)
"""``non-medical`` says the contrary."""


@dataclass(frozen=True, slots=True)
class _Word:
    """A word that speaks for medicine, as it stands there, and how much: 2 alone, 1 beside another, 0 only
    beside one of 1."""

    start: int
    said: str
    weight: int

    @property
    def strong(self) -> bool:
        """Whether it says so alone."""
        return self.weight == _ALONE


def topics(
    path_in_folder: str, facts: VideoFacts, words: Words, notes: Sequence[str] = ()
) -> tuple[str, ...]:
    """The words that show a video to be medical, as ``where: word``, where being ``name`` (folders, file),
    ``title``, ``note`` or ``words``; empty where nothing does.

    ``path_in_folder`` is the path within the source folder, ``notes`` are texts of people about the video.
    """
    found = [
        *_told("name", [_readable(part) for part in _parts(path_in_folder)]),
        *_told("title", [facts.title, facts.comment]),
        *_told("note", notes),
        *_spoken(words),
    ]
    return tuple(dict.fromkeys(found))[:MOST]


def _told(where: str, texts: Sequence[str]) -> Iterator[str]:
    """Words of short texts: one that says it alone, or two different ones together."""
    every = [list(_words(text)) for text in texts if text.strip()]
    flat = [word for own in every for word in own]
    different = {normalise(word.said) for word in flat}
    if any(word.strong for word in flat) or (len(different) >= 2 and any(word.weight for word in flat)):
        yield from (f"{where}: {normalise(word.said)}" for word in flat)


def _spoken(words: Words) -> Iterator[str]:
    """Words that are said: two that say it alone, one again and again, or one beside several others."""
    text = "\n".join(said for _, _, said in words.cues)[:_SPOKEN_CHARACTERS]
    found = list(_words(text)) if text else []
    counts = Counter(normalise(word.said) for word in found)
    strong = {normalise(word.said) for word in found if word.strong}
    weak = counts.keys() - strong
    often = any(counts[word] >= _OFTEN for word in strong)
    if len(strong) >= 2 or often or (strong and len(weak) >= 3):
        ranked = sorted(counts, key=lambda word: (word not in strong, -counts[word], word))
        yield from (f"words: {word}" for word in ranked)


def _words(text: str) -> Iterator[_Word]:
    """The words of ``text`` that speak for medicine, in its order, one at a place."""
    until = 0
    for word in sorted(_all_words(text), key=lambda one: (one.start, -one.weight, -len(one.said))):
        if normalise(word.said) and word.start >= until:
            until = word.start + len(word.said)
            if not _DENIED.search(text, max(0, word.start - 6), word.start):
                yield word


def _all_words(text: str) -> Iterator[_Word]:
    for phrases, weight in ((_STRONG, _ALONE), (_WEAK, _BESIDE), (_MILD, _MILDLY)):
        for phrase in phrases:
            for span in _places(text, phrase):
                yield _Word(span[0], text[span[0] : span[1]], weight)
    for written in _STRONG_WRITTEN:
        for match in re.finditer(rf"(?<![A-Za-z]){written}(?![A-Za-z])", text):
            yield _Word(match.start(), match.group(), _ALONE)
    for each in fired(text, MODALITY):
        if each.path[0] in _IMAGING:
            yield _Word(each.span.start, each.words, _ALONE)
    for scheme in (PROCEDURE, FINDING, ANATOMY):
        for each in fired(text, scheme):
            plain = normalise(each.words)
            if scheme != ANATOMY or plain not in _EVERYDAY:
                yield _Word(each.span.start, each.words, _by_ending(plain))
    for mention in Terminology.load().mentions(text):
        said = mention.span.of(text)
        yield _Word(mention.span.start, said, _by_ending(normalise(said)))


def _by_ending(plain: str) -> int:
    """How much a name of a disease or operation says: a long one with its ending is nothing else."""
    return _ALONE if len(plain) > 7 and _ENDING.search(plain) else _BESIDE


@lru_cache(maxsize=4096)
def _first_word(phrase: str) -> str:
    return normalise(phrase).partition(" ")[0][:4]


def _places(text: str, phrase: str) -> list[tuple[int, int]]:
    """Where a phrase stands; a quick look first, since most don't."""
    if _first_word(phrase) not in _flat(text):
        return []
    return [(span.start, span.end) for span in find_phrase(text, phrase)]


@lru_cache(maxsize=8)
def _flat(text: str) -> str:
    return normalise(text)


def _parts(path_in_folder: str) -> list[str]:
    """Folders and the file without its ending, the nearest last; dots before names don't count."""
    parts = [part for part in path_in_folder.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    if parts:
        stem, dot, ending = parts[-1].rpartition(".")
        parts[-1] = stem if dot and stem and len(ending) <= 5 else parts[-1]
    return parts


def _readable(name: str) -> str:
    return _PARTING.sub(" ", _CAMEL.sub(" ", name)).strip()
