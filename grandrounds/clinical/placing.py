"""The body system and kind of process of a diagnosis that no vocabulary knows, judged by its words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from grandrounds.clinical.likeness import head_end
from grandrounds.clinical.phrases import Words
from grandrounds.clinical.vocabulary import BODY_SYSTEMS, Concept, Vocabulary

# An organ says where; a process could be anywhere. A known concept inside the phrase says both.
_ORGAN, _PROCESS, _CONCEPT = 6.0, 2.0, 5.0
# Words after the head phrase ("... after renal transplant") say less.
_AFTER_HEAD = 0.5
# Context decides between systems of equal weight, and where the diagnosis says nothing; never against it.
_CONTEXT = 0.0001
_CONTEXT_WORDS = 3000
_SHORTEST_BEGINNING = 3

# Systems that are processes: their concepts give way to an organ in the same phrase.
_PROCESS_SYSTEMS = frozenset(
    (
        "infectious",
        "toxicological",
        "immunological_rheumatological",
        "genetic_developmental",
        "haematological",
        "other",
    )
)
# Endings of word forms (see ``phrases.form``), the longest first to be asked.
_KIND_ENDINGS = {
    "neoplasm": "om tumor carcinom cancer sarcom lymphom metastas neoplasm leukemi malignancy",
    "trauma": "fractur dislocation injury laceration ruptur contusion avulsion tear burn",
    "vascular": "aneurysm thrombos embolism infarction ischemi dissection fistul strok varix",
    "haemorrhage": "hemorrhag hematom bleeding hemothorax hemoperitone",
    "obstruction": "obstruction stenos strictur volvul intussusception torsion herni calcul ston",
    "infection": "infection abscess seps pneumoni tuberculos infestation mycos fever virus",
    "toxic": "toxicity poisoning overdos intoxication withdrawal envenomation",
    "metabolic": "deficiency acidos hypoglycemi hyponatremi hypercalcemi",
    "congenital": "atresi agenes anomaly malformation heterotopi cyst duplication colobom",
    "inflammatory": "it granulom",
    "degenerative": "degeneration dystrophy atrophy dementi glaucom",
    "genetic": "dysplasi",
    "other": "syndrom symptom hygrom",
}


class Placer:
    """Places diagnoses by the words of a vocabulary."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._organs = vocabulary.organs
        self._processes = vocabulary.processes

    def place(self, diagnosis: Words, concept: Concept | None, context: Words) -> str:
        """The body system of ``diagnosis``, in which ``concept`` is named, told in ``context``."""
        scores: Counter[str] = Counter()
        head = head_end(diagnosis)
        for index, word in enumerate(diagnosis.forms):
            weight = 1.0 if index < head else _AFTER_HEAD
            self._add(scores, word, weight)
        if concept is not None:
            process = concept.body_system in _PROCESS_SYSTEMS
            scores[concept.body_system] += _PROCESS if process else _CONCEPT
        total = min(len(context.forms), _CONTEXT_WORDS)
        for word in context.forms[:total]:
            self._add(scores, word, _CONTEXT)
        if not scores:
            return "other"
        return max(BODY_SYSTEMS, key=lambda system: (scores[system], -BODY_SYSTEMS.index(system)))

    def kind_of(self, diagnosis: Words) -> str:
        """The kind of process that the head of ``diagnosis`` speaks of; ``other`` when it says nothing."""
        for word in reversed(diagnosis.forms[: head_end(diagnosis)]):
            for ending, kind in _ENDINGS:
                if word.endswith(ending):
                    return kind
        return "other"

    def _add(self, scores: Counter[str], word: str, weight: float) -> None:
        for system in _systems(self._organs, word):
            scores[system] += _ORGAN * weight
        for system in _systems(self._processes, word):
            scores[system] += _PROCESS * weight


def _systems(table: Mapping[str, tuple[str, ...]], word: str) -> tuple[str, ...]:
    """The systems of ``word``: its own, else those of its longest listed beginning."""
    if word in table:
        return table[word]
    for size in range(len(word), _SHORTEST_BEGINNING - 1, -1):
        found = table.get(word[:size] + "-")
        if found is not None:
            return found
    return ()


_ENDINGS = tuple(
    sorted(
        ((ending, kind) for kind, endings in _KIND_ENDINGS.items() for ending in endings.split()),
        key=lambda pair: -len(pair[0]),
    )
)
