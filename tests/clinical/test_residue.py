"""Sentences that could be written only after the diagnosis, and those that only look like them."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grandrounds.clinical.residue import find_furniture, find_post_diagnosis, is_post_diagnosis
from tests.support.growth import grows_linearly

AFTERWARDS = """
She was diagnosed with giant cell arteritis.
A diagnosis of Whipple disease was made.
The diagnosis of a glomus tumour was confirmed.
The final diagnosis was cat-scratch disease.
These findings were consistent with a diagnosis of acute intermittent porphyria.
This picture was pathognomonic.
The findings confirmed the diagnosis.
We diagnosed an insulinoma.
The clinical picture was in keeping with scurvy.
Eventually, the lesion proved to be a lipoma.
Lyme disease was diagnosed on day four.
Histopathology revealed sheets of small round cells consistent with lymphoma.
Biopsy confirmed a poorly differentiated adenocarcinoma.
A skin biopsy showed leukocytoclastic vasculitis and panniculitis.
Cytology was positive for malignant cells.
Blood cultures grew Listeria monocytogenes in two bottles.
Brucella melitensis was isolated from the marrow.
Streptococcus sanguinis grew in all six bottles.
Sputum grew septate hyphae.
The polymerase chain reaction for herpes simplex was positive.
Genetic testing identified a heterozygous variant of the gene.
Immunohistochemistry was positive for S-100 and SOX10.
Frozen section suggested a malignant neoplasm.
At autopsy a ruptured aneurysm was found to have confirmed the suspicion.
He was started on rituximab.
She was treated with intravenous benzylpenicillin for six weeks.
The patient underwent surgical excision of the mass.
He was taken to the operating theatre for drainage.
An urgent laparotomy was performed.
A right hemicolectomy was carried out.
The tumour was resected en bloc.
Intraoperatively, a perforated diverticulum was seen.
Treatment with doxycycline was initiated.
Prednisolone was tapered over six months.
She was commenced on insulin and discharged.
The patient received chemotherapy with cisplatin.
Surgery was offered.
We decided to embolise the feeding artery and performed embolisation.
He was discharged on the fifth day.
At six-month follow-up there were no complaints.
The postoperative course was uneventful.
She made a full recovery.
There has been no recurrence to date.
He remains asymptomatic two years later.
Unfortunately the patient died of multi-organ failure.
The rash resolved completely within two weeks of stopping the drug.
On follow-up she was well.
He recovered fully and returned to work.
Two-year follow-up revealed complete healing.
After 12 weeks he ate normally.
She left hospital on day 24 and walks again.
A coronary stent was placed.
He received 40 mmol of potassium chloride.
Subsequent bronchoscopic biopsy established the presence of non-small cell lung cancer.
A diagnosis of pulmonary tuberculosis was therefore entertained and anti-tuberculous therapy was begun.
The patient was thus diagnosed as having Fabry disease.
Her condition was labelled as systemic mastocytosis based on the marrow findings.
Fine needle aspiration was consistent with medullary carcinoma.
Pathologic examination of the specimen demonstrated a schwannoma.
The resected specimen showed a well-circumscribed leiomyoma.
MRI and biopsy findings were diagnostic for Ewing sarcoma.
Antitubercular treatment was started and he became afebrile.
She was placed on high-dose steroids.
The abscess was incised and drained under local anaesthesia.
The fracture was treated with open reduction and internal fixation.
Percutaneous coronary intervention with stenting was performed.
A course of intravenous amphotericin B was completed.
The mass was completely excised with clear margins.
He was put on lifelong anticoagulation.
After surgery, his symptoms disappeared.
Three months after the operation the patient was pain-free.
The lesions healed within four weeks of therapy.
She has been symptom-free since then.
Her vision improved to 20/25 after the injection.
The patient had an uneventful recovery.
The patient expired on the third day.
Serology confirmed acute infection with hantavirus.
Tissue culture yielded Mycobacterium marinum.
Whole-exome sequencing revealed a homozygous mutation in the gene.
The final pathology report described a granular cell tumour.
The patient was offered radiotherapy, which he accepted.
Under general anaesthesia the cyst was enucleated.
Following the diagnosis, he was referred to oncology.
A laparoscopic appendicectomy was done.
The drug was stopped and the rash disappeared.
The tooth was extracted.
Intravitreal bevacizumab was injected.
The patient was cured.
No relapse occurred during two years of observation.
Dialysis was initiated.
We treated her with intravenous immunoglobulin.
The child responded well to the elimination diet.
These features were typical of moyamoya disease.
All these findings pointed to a diagnosis of lead poisoning.
""".strip().splitlines()

BEFORE = """
He had been treated for hypertension with amlodipine.
She had undergone appendectomy 10 years ago.
She was diagnosed with type 2 diabetes mellitus 5 years earlier.
He was diagnosed with asthma in childhood.
There was no family history of malignancy.
His father was diagnosed with colon cancer at 50 and died of it.
The patient was admitted for further diagnosis.
The differential diagnosis included infection and malignancy.
No diagnosis could be made at that time.
A provisional diagnosis of viral illness was made by the school nurse.
Blood cultures were negative.
Cultures of blood and urine grew no organisms.
A biopsy was performed.
The biopsy was inconclusive.
Urine microscopy was normal.
A lumbar puncture was performed.
He underwent colonoscopy.
She underwent magnetic resonance imaging of the brain.
Chest radiography showed a mass in the left upper lobe.
Computed tomography revealed a cystic lesion of the pancreas.
Oral amoxicillin was given without improvement.
He was given paracetamol.
She was treated empirically with ceftriaxone.
Intravenous fluids were given in the ambulance.
Despite treatment with antibiotics the fever went on.
He was treated by his general practitioner with antacids.
A wound with purulent discharge was seen.
There was no vaginal discharge.
She was on treatment for hypertension.
In 2009 she underwent a hysterectomy for bleeding.
Two years before, he had received radiotherapy to the neck.
At the age of seven she underwent repair of a cleft palate.
The rash resolved spontaneously and then came back.
His wife died of tuberculosis.
He had recovered from an ankle sprain the year before.
She was referred to our clinic because of headache.
The patient denied any trauma.
The swelling was prominent on standing and was reduced on lying down.
The lesion was stable in comparison with earlier images.
The pain was relieved by rest.
Temperature was 38.4 °C and the pulse was 110 per minute.
Serum calcium was 2.9 mmol/L.
He was transferred to the intensive care unit.
He was placed on a cardiac monitor.
She was given birth control advice as a teenager.
Liver biopsy showed sinusoidal congestion without fibrosis.
He had a history of excision of a naevus.
The patient was scheduled for elective hernia repair.
She was well until three days before admission.
He was followed daily for care of the wound.
At 20 weeks of gestation the scan was normal.
He returned to play but had to stop again because of the pain.
The child was fed and asleep when the attack began.
She had been placed in a nursing home.
He was born at term, grew well and took no medicine.
The swelling grew slowly over two years.
The hip had healed well.
She was being followed in the rheumatology clinic for lupus and was on hydroxychloroquine.
The patient was started on antihypertensives six months ago.
He was taken to a nearby hospital, where he was intubated and given adrenaline.
He was referred to our hospital for surgical treatment.
He was referred to our center for further evaluation and management.
She was admitted to the intensive care unit for close monitoring.
A 60-year-old man with a history of hypertension, diabetes and coronary artery bypass grafting presented with dyspnea.
Her medications included aspirin, metformin and lisinopril.
He had no history of trauma, surgery or drug use.
She was gravida 2 para 1 with an uneventful pregnancy.
The boy was born by caesarean section at 38 weeks after an uneventful pregnancy.
He denied any recent travel or contact with animals.
Her last menstrual period was two weeks earlier.
He was intubated for airway protection.
The patient was transferred to our hospital by helicopter.
He was brought to the emergency department by ambulance after a road traffic accident.
She complained of progressive weakness despite treatment with pyridostigmine.
He had undergone kidney transplantation three years previously and was on tacrolimus.
She had been treated with chemotherapy for breast cancer in 2010 and was in remission.
He was treated for presumed pneumonia with oral antibiotics but did not improve.
His symptoms improved temporarily with antihistamines but recurred after two days.
The lesion had been excised twice but recurred.
A catheter was inserted and 800 mL of urine was drained.
A nasogastric tube was placed.
Two units of red cells were transfused.
He was given 2 L of normal saline.
Thoracentesis was performed and 1 L of straw-coloured fluid was drained.
The pleural fluid was an exudate with lymphocytic predominance.
Bone marrow aspiration showed hypercellular marrow with 2% blasts.
The wound was cleaned and sutured.
The cast was removed and physiotherapy was started.
He was evaluated by an ophthalmologist, who found bilateral papilledema.
The tumour markers were within normal limits.
The rash did not respond to topical steroids.
The fever resolved but the headache persisted.
CT was suggestive of an abscess of the psoas.
Echocardiography was consistent with severe mitral regurgitation.
These findings raised the suspicion of malignancy.
The patient was asymptomatic.
The vital signs were stable.
She recovered from the anaesthetic but remained drowsy.
The patient was extubated on day 3 but became confused.
He reported complete resolution of similar symptoms two years ago.
He was discharged with analgesics but returned two days later with worse pain.
Her mother had died of breast cancer.
He was a known case of epilepsy on valproate.
She was vaccinated against influenza.
She was taking warfarin for atrial fibrillation.
The patient was put on nil by mouth.
Her hypertension was well controlled with amlodipine.
An intrauterine device was placed three months ago.
He received the second dose of vaccine two weeks before.
Skin examination revealed multiple papules that were treated with topical creams without relief.
The child was treated by a traditional healer.
Laparoscopic cholecystectomy was performed two years ago.
Emergency caesarean section was performed for fetal distress.
The patient was positive for hepatitis B surface antigen.
He tested positive for HIV in 2015.
Antinuclear antibodies were positive at a titre of 1:640.
The patient was diagnosed with COVID-19 three weeks before admission.
On the basis of these findings, an infectious cause was suspected.
An initial diagnosis of sepsis was considered.
He was initially diagnosed with migraine and given sumatriptan, without relief.
She was misdiagnosed with asthma.
He was thought to have a stroke.
The diagnosis remained unclear.
To establish the diagnosis, a biopsy was planned.
A biopsy was taken to confirm the diagnosis.
Differential diagnoses included lymphoma, tuberculosis and sarcoidosis.
""".strip().splitlines()


@pytest.mark.parametrize("sentence", AFTERWARDS)
def test_a_sentence_of_the_time_after_the_diagnosis_is_residue(sentence: str) -> None:
    assert is_post_diagnosis(sentence)


@pytest.mark.parametrize("sentence", BEFORE)
def test_a_sentence_of_the_time_before_the_diagnosis_is_not(sentence: str) -> None:
    assert not is_post_diagnosis(sentence)


def residue(text: str) -> list[str]:
    return [span.of(text) for span in find_post_diagnosis(text)]


def test_the_whole_sentence_is_found_and_nothing_beside_it() -> None:
    text = "A boy limped. He was treated with\ntraction for a week. The knee was swollen."
    assert residue(text) == ["He was treated with\ntraction for a week."]


def test_history_in_one_clause_does_not_hide_what_stands_in_the_next() -> None:
    assert is_post_diagnosis("He had been well before, but a biopsy confirmed sarcoma.")


def test_a_treatment_that_the_next_sentence_calls_useless_is_not_residue() -> None:
    assert residue("Oral cefuroxime was given for five days. There was no improvement.") == []
    assert residue("Oral cefuroxime was given for five days. All was quiet.") != []


ADMITTED = (
    "He was treated with penicillin elsewhere in town. On admission he was febrile. The neck was stiff."
)
LATER = (
    "She was diagnosed with an aneurysm and a stent was implanted, and she was discharged. Three years later, she was "
    "admitted with a fever of four days. The pulse was 120 per minute."
)
NEW_TURN = (
    "He was started on infliximab. On the tenth day he developed a cough. Crackles were heard on the left."
)


@pytest.mark.parametrize("story", [ADMITTED, LATER, NEW_TURN])
def test_what_was_done_before_the_story_turns_belongs_to_the_way_to_the_diagnosis(story: str) -> None:
    assert residue(story) == []


@pytest.mark.parametrize("story", [ADMITTED, LATER, NEW_TURN])
def test_without_the_turn_the_same_words_are_residue(story: str) -> None:
    assert (
        residue(story.split(". ", maxsplit=1)[0] + ". The pulse was 88 per minute. The skin was dry.") != []
    )


@pytest.mark.parametrize(
    "end",
    [
        "Three years later, she returned with a recurrence. It was small.",
        "Three months later, she presented for follow-up. She was well.",
        "Three years later, she was admitted with fever.",
    ],
)
def test_a_follow_up_a_relapse_or_a_last_sentence_is_no_new_turn(end: str) -> None:
    first = "She underwent resection of the mass."
    assert first in residue(f"{first} {end}")


def test_a_result_is_not_excused_by_an_admission() -> None:
    assert residue("Biopsy confirmed sarcoma. On admission he was pale. The leg was swollen.") != []


FURNITURE = [
    ("Full size table", "He coughed. Full size table It was dry."),
    ("Full-size image", "Full-size image"),
    ("Click here to view", "Pain. Click here to view. Fever."),
    ("Open in a separate window", "Open in a separate window"),
    ("Download figure", "Download figure The skin was dry."),
    ("Copyright © 2016 The Authors", "Copyright © 2016 The Authors"),
    ("All rights reserved", "The end. All rights reserved."),
    ("(see below)", "The lung was dull (see below)."),
    ("(as described above)", "It was cut (as described above)."),
    ("[12]", "as reported before [12]."),
    ("[1-3]", "as reported before [1-3]."),
    ("[1, 4–6]", "as reported before [1, 4–6]."),
    ("Article PubMed Google Scholar", "Article PubMed Google Scholar Venography showed a clot."),
]


@pytest.mark.parametrize(("furniture", "text"), FURNITURE)
def test_furniture_is_found_where_it_stands(furniture: str, text: str) -> None:
    assert [span.of(text) for span in find_furniture(text)] == [furniture]


@pytest.mark.parametrize(
    "text",
    [
        "The level was 2.5 μg/mL [10–20].",
        "Phenytoin 12 mg/L [10-20] and sodium 140 mmol/L [135-145].",
        "The view was clear and the table was full.",
        "He could click his jaw here and there.",
        "A (left) leg and a right one.",
        "The potassium [K+] was low.",
        "The figure of the boy was slim.",
    ],
)
def test_plain_prose_and_normal_ranges_are_not_furniture(text: str) -> None:
    assert find_furniture(text) == ()


@given(st.lists(st.sampled_from([*AFTERWARDS, *BEFORE, "", "\n\n", "Fig. 2", "(", "[3]"]), max_size=12))
def test_spans_are_whole_sentences_in_order_and_the_same_each_time(parts: list[str]) -> None:
    text = " ".join(parts)
    found = find_post_diagnosis(text)
    assert found == find_post_diagnosis(text)
    assert all(a.end <= b.start for a, b in itertools.pairwise(found))
    assert all(span.of(text).strip() == span.of(text) != "" for span in found)


@pytest.mark.parametrize(
    "hostile",
    ["was " * 4000, "a" * 20000, "( " * 5000, "underwent a-b-c-" * 2000, "[1,2" * 4000, "biopsy " * 3000],
)
def test_hostile_text_takes_no_more_than_linear_time(hostile: str) -> None:
    assert grows_linearly(lambda text: (find_post_diagnosis(text), find_furniture(text)), hostile)


def test_no_rule_speaks_of_a_single_case() -> None:
    """Rules are about how reports speak; a number with a unit in them would be somebody's case."""
    from importlib.resources import files

    rules = files("grandrounds.clinical").joinpath("residue.yaml").read_text(encoding="utf-8")
    assert not re.search(r"\b\d{2,} (?:mg|cm|mm)\b", rules)
