"""What a title says the case was."""

from __future__ import annotations

import pytest

from grandrounds.authoring.titles import condition_spans, conditions_in_title

NAMED = {
    "An Unusual Case of Pericardial Lipoma in a Young Woman": "Pericardial Lipoma",
    "Successful Treatment of Ruptured Splenic Artery Aneurysm with Coil Embolization": "Ruptured Splenic Artery Aneurysm",
    "Intraventricular Meningioma Mimicking a Choroid Plexus Papilloma: Case Report": "Intraventricular Meningioma",
    "Management of Distal Radius Fracture in Osteogenesis Imperfecta with a Plate": "Distal Radius Fracture",
    "First Pediatric Case of Brucellosis after a Farm Visit": "Brucellosis",
    "Two Cases of Sweet's Syndrome: A Rare Manifestation of Leukaemia": "Sweet's Syndrome",
    "Methanol Poisoning after Drinking Windscreen Fluid": "Methanol Poisoning",
    "Incidental Finding of a Rare Splenic Pathology: Splenic Littoral Cell Angioma": "Splenic Littoral Cell Angioma",
    "A rare cause of abdominal pain: spontaneous splenic rupture": "spontaneous splenic rupture",
    "Spontaneous splenic rupture: a rare cause of abdominal pain": "Spontaneous splenic rupture",
    "Facial nerve palsy as the presenting symptom of Guillain-Barré syndrome": "Guillain-Barré syndrome",
    "Takotsubo cardiomyopathy after general anaesthesia in a 45-year-old woman": "Takotsubo cardiomyopathy",
    "Neuroleptic malignant syndrome induced by low-dose quetiapine": "Neuroleptic malignant syndrome",
    "Laparoscopic repair of a Morgagni hernia in an adult": "Morgagni hernia",
    "Prenatal Diagnosis of a Cyst of the Neck: An Unusual Case of Thymic Cyst": "Thymic Cyst",
    "Delayed diagnosis of pulmonary embolism in a marathon runner": "pulmonary embolism",
    "Infective endocarditis caused by Staphylococcus lugdunensis": "Infective endocarditis",
    "Wernicke's encephalopathy due to hyperemesis gravidarum": "Wernicke's encephalopathy",
    "Granulomatosis with polyangiitis in a violinist": "Granulomatosis with polyangiitis",
    "Acute pancreatitis secondary to hypertriglyceridaemia: a case series": "Acute pancreatitis",
    "Primary cardiac lymphoma presenting as heart failure: a case report and literature review": "Primary cardiac lymphoma",
}
UNNAMED = (
    "A woman with a swollen knee",
    "Chronic cough and weight loss in a young man",
    "Recent advances in plant and animal genomics",
    "Case report",
    "",
    ":::",
)


@pytest.mark.parametrize("title", NAMED)
def test_the_condition_is_what_is_left_when_the_frame_is_taken_away(title: str) -> None:
    assert conditions_in_title(title)[:1] == (NAMED[title],)


@pytest.mark.parametrize("title", UNNAMED)
def test_a_title_that_names_no_condition_gives_none(title: str) -> None:
    assert conditions_in_title(title) == ()


@pytest.mark.parametrize("title", NAMED)
def test_a_condition_is_a_piece_of_the_title(title: str) -> None:
    for span in condition_spans(title):
        assert span.of(title) in title
        assert span.of(title) == span.of(title).strip(" ,;.")
