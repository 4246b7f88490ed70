"""The body system and kind of process of a diagnosis that no vocabulary knows, judged by its words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from grandrounds.clinical.likeness import head_end
from grandrounds.clinical.phrases import Words
from grandrounds.clinical.vocabulary import BODY_SYSTEMS, Concept, Vocabulary

# An organ says where; a process could be anywhere. A known concept inside the phrase says both.
_ORGAN, _PROCESS, _CONCEPT, _PROCESS_CONCEPT = 6.0, 1.5, 5.0, 2.0
# What words weigh after a preposition: "of the kidney" says where, "after a tooth extraction" says why.
_AFTER = {
    **dict.fromkeys(("of", "involving", "affecting", "arising"), 0.9),
    **dict.fromkeys(("in", "on", "at", "from"), 0.5),
    **dict.fromkeys(
        ("after", "following", "with", "due", "secondary", "during", "by", "complicating"), 0.25
    ),
    **dict.fromkeys(("without", "mimicking", "masquerading", "simulating", "resembling"), 0.0),
}
# Context decides between systems of equal weight, and where the diagnosis says nothing; never against it.
_CONTEXT = 0.00001
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
        scores: dict[str, float] = defaultdict(float)
        weight = 1.0
        for index, word in enumerate(diagnosis.forms):
            weight = min(weight, _AFTER.get(word, 1.0)) if index else weight
            self._add(scores, word, weight)
        if concept is not None:
            process = concept.body_system in _PROCESS_SYSTEMS
            scores[concept.body_system] += _PROCESS_CONCEPT if process else _CONCEPT
        for word in context.forms:
            self._add(scores, word, _CONTEXT)
        # The first of equals; "other" comes last, so it wins only when nothing scores at all.
        best = max(BODY_SYSTEMS, key=lambda system: scores[system])
        return best if scores[best] > 0 else "other"

    def kind_of(self, diagnosis: Words) -> str:
        """The kind of process that the head of ``diagnosis`` speaks of; ``other`` when it says nothing."""
        for word in reversed(diagnosis.forms[: head_end(diagnosis)]):
            for ending, kind in _ENDINGS:
                if word.endswith(ending):
                    return kind
        return "other"

    def _add(self, scores: dict[str, float], word: str, weight: float) -> None:
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
