"""What the terminology promises: names found, kinship judged, diagnoses placed; and that its data is sound."""

from __future__ import annotations

import time
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grandrounds.clinical.phrases import phrase_key
from grandrounds.clinical.terminology import BODY_SYSTEMS, KINDS, Terminology, TerminologyError
from grandrounds.clinical.vocabulary import read_vocabulary
from grandrounds.text import normalise

FOLDER = Path(__file__).resolve().parents[2] / "grandrounds" / "clinical"
TERMS = Terminology.load()
NAMES = [name for concept in TERMS.concepts for name in (concept.name, *concept.aliases)]
# Diagnoses as people write them: known names with words before and after.
written = st.builds(
    " ".join,
    st.tuples(
        st.sampled_from(["", "acute", "left", "giant", "non", "tuberculous", "perforated", "hepatic"]),
        st.sampled_from(NAMES),
        st.sampled_from(
            ["", "of the liver", "in pregnancy", "mimicking appendicitis", "with fracture", "(SLE)"]
        ),
    ),
)
any_text = st.one_of(written, st.text(max_size=40))


def name_of(text: str) -> str | None:
    concept = TERMS.concept_of(text)
    return None if concept is None else concept.name


class TestData:
    def test_it_covers_every_body_system(self) -> None:
        assert len(TERMS.concepts) >= 450
        for system in BODY_SYSTEMS:
            assert sum(concept.body_system == system for concept in TERMS.concepts) >= 25, system

    def test_systems_and_kinds_are_from_the_lists(self) -> None:
        assert len(set(BODY_SYSTEMS)) == 20
        assert TERMS.body_systems == BODY_SYSTEMS
        assert {concept.body_system for concept in TERMS.concepts} == set(BODY_SYSTEMS)
        assert {concept.kind for concept in TERMS.concepts} <= set(KINDS)

    def test_no_name_stands_for_two_concepts(self) -> None:
        owners: dict[str, str] = {}
        for concept in TERMS.concepts:
            for name in (concept.name, *concept.aliases):
                assert normalise(name)
                assert owners.setdefault(normalise(name), concept.name) == concept.name, name
        assert len({concept.name for concept in TERMS.concepts}) == len(TERMS.concepts)

    def test_every_parent_is_a_concept_or_a_declared_group(self) -> None:
        known = {phrase_key(name) for name in (*NAMES, *read_vocabulary(FOLDER).groups)}
        for concept in TERMS.concepts:
            for parent in concept.parents:
                assert phrase_key(parent) in known, (concept.name, parent)

    def test_every_name_leads_to_its_concept(self) -> None:
        for concept in TERMS.concepts:
            for name in (concept.name, *concept.aliases):
                assert TERMS.concept_of(name) is concept, name
                assert TERMS.related(name, concept.name), name

    def test_no_concept_is_related_to_all_of_its_neighbours(self) -> None:
        for concept in TERMS.concepts:
            found = TERMS.siblings(concept.name, body_system=concept.body_system)
            assert len(found) >= 20, concept.name


class TestConceptOf:
    @pytest.mark.parametrize(
        ("text", "name"),
        [
            ("Takotsubo cardiomyopathy", "Takotsubo cardiomyopathy"),
            ("STRESS-INDUCED CARDIOMYOPATHY", "Takotsubo cardiomyopathy"),
            ("broken-heart syndrome", "Takotsubo cardiomyopathy"),
            ("Sjögren’s syndrome", "Sjogren syndrome"),
            ("Behçet's disease", "Behcet disease"),
            ("Crohn's disease", "Crohn disease"),
            ("edematous hemophilia A", "haemophilia A"),
            ("gastrointestinal stromal tumors", "gastrointestinal stromal tumour"),
            ("cardiac myxomata", "cardiac myxoma"),
            ("Liver abscesses", "liver abscess"),
            ("a giant left atrial myxoma", "cardiac myxoma"),
            ("primary cardiac angiosarcoma", "cardiac angiosarcoma"),
            ("stroke after a cardiac myxoma", "stroke"),
            ("renal colic in a man with sickle cell disease", "nephrolithiasis"),
            ("perforated acute appendicitis", "acute appendicitis"),
            ("an ectopic pituitary adenoma mimicking a chordoma", "pituitary adenoma"),
            ("SLE", "systemic lupus erythematosus"),
            ("ALL", "acute lymphoblastic leukaemia"),
        ],
    )
    def test_a_diagnosis_finds_its_concept(self, text: str, name: str) -> None:
        assert name_of(text) == name

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "  ",
            "?!",
            "all",
            "All",
            "ms",
            "a pe",
            "headache",
            "mass mimicking a chordoma",
            "the heart",
            "x" * 100_000,
        ],
    )
    def test_what_names_no_concept_has_none(self, text: str) -> None:
        assert name_of(text) is None

    def test_the_longest_name_wins(self) -> None:
        assert name_of("recurrent spontaneous coronary artery dissection") == (
            "spontaneous coronary artery dissection"
        )
        assert name_of("suspected non-Hodgkin lymphoma") == "non-Hodgkin lymphoma"


class TestMentions:
    def test_they_stand_in_reading_order_with_their_places(self) -> None:
        text = "Known SLE. Atrial\nmyxoma was excluded; lupus nephritis, not Crohn’s disease."
        found = [(mention.concept.name, mention.span.of(text)) for mention in TERMS.mentions(text)]
        assert found == [
            ("systemic lupus erythematosus", "SLE"),
            ("cardiac myxoma", "Atrial\nmyxoma"),
            ("lupus nephritis", "lupus nephritis"),
            ("Crohn disease", "Crohn’s disease"),
        ]

    @pytest.mark.parametrize(
        ("text", "count"),
        [
            ("All of them, as expected, hit the pan with pe teachers in ms classes.", 0),
            ("He had ALL and PE.", 2),
            ("Two prior DVTs, one PE.", 2),
            ("ALL PATIENTS CONSENTED", 0),
            ("HIT", 1),
        ],
    )
    def test_short_abbreviations_count_only_in_capitals(self, text: str, count: int) -> None:
        assert len(TERMS.mentions(text)) == count

    @pytest.mark.parametrize(
        "text", ["cardiac. Myxoma", "cardiac\n\n\n\nmyxoma", "cardiacmyxoma", "cardiac; myxoma"]
    )
    def test_a_phrase_does_not_run_across_a_stop_or_a_gap(self, text: str) -> None:
        assert TERMS.mentions(text) == ()

    def test_accents_outside_a_word_stay_with_it(self) -> None:
        text = "Sjo\u0308gren syndrome"
        assert [mention.span.of(text) for mention in TERMS.mentions(text)] == [text]

    @given(st.lists(any_text, max_size=6).map(", ".join))
    def test_mentions_never_overlap_and_name_their_concept(self, text: str) -> None:
        found = TERMS.mentions(text)
        for before, after in pairwise(found):
            assert before.span.end <= after.span.start
        for mention in found:
            said = phrase_key(mention.span.of(text))
            names = (mention.concept.name, *mention.concept.aliases)
            assert said in {phrase_key(name) for name in names} or mention.span.of(text)[:-1] in names

    def test_a_whole_article_takes_milliseconds(self) -> None:
        text = " ".join(f"She had {name}, treated as such." for name in NAMES)[:30_000]
        started = time.process_time()
        assert len(TERMS.mentions(text)) > 500
        assert time.process_time() - started < 2

    def test_ten_thousand_look_ups_take_about_a_second(self) -> None:
        texts = [f"severe {name} in a man" for name in NAMES * 4][:10_000]
        started = time.process_time()
        for text in texts:
            TERMS.concept_of(text)
        assert time.process_time() - started < 10


class TestNamesOf:
    def test_a_concept_has_its_other_names_after_the_one_asked(self) -> None:
        names = TERMS.names_of("Hypertrophic Cardiomyopathy")
        assert names[0] == "Hypertrophic Cardiomyopathy"
        assert {"HCM", "hypertrophic obstructive cardiomyopathy"} <= set(names)
        assert "hypertrophic cardiomyopathy" not in names

    def test_the_name_comes_for_an_alias(self) -> None:
        assert TERMS.names_of("HCM")[:2] == ("HCM", "hypertrophic cardiomyopathy")
        names = TERMS.names_of(TERMS.concepts[0].aliases[-1])
        assert names[0] == TERMS.concepts[0].aliases[-1]

    def test_a_diagnosis_that_only_holds_a_concept_stands_alone(self) -> None:
        assert TERMS.names_of("giant cardiac myxoma") == ("giant cardiac myxoma",)
        assert TERMS.names_of("all") == ("all",)

    @given(any_text)
    def test_the_diagnosis_comes_first_and_no_name_twice(self, text: str) -> None:
        names = TERMS.names_of(text)
        assert names[0] == text
        assert len({normalise(name) for name in names}) == len(names)


class TestRelated:
    @pytest.mark.parametrize(
        ("a", "b"),
        [
            ("cardiac myxoma", "Cardiac Myxoma"),
            ("biatrial myxoma", "cardiac myxoma"),
            ("biatrial myxoma", "myxoma"),
            ("ventricular myxoma", "cardiac myxoma"),
            ("acute appendicitis", "perforated appendicitis"),
            ("gangrenous appendicitis", "appendicitis"),
            ("left femoral neck fracture", "femoral fracture"),
            ("fracture of the femur", "femoral shaft fracture"),
            ("vasculitis", "giant cell arteritis"),
            ("vasculitis", "microscopic polyangiitis"),
            ("HCM", "cardiomyopathy"),
            ("Wegener granulomatosis", "GPA"),
            ("pulmonary cancer", "carcinoma of the lung"),
            ("digoxin overdose", "digoxin toxicity"),
            ("tularemia", "ocular tularemia"),
            ("tuberculous pleural effusion", "pleural tuberculosis with effusion"),
            ("urachal tumour", "mucinous cystic tumour of the urachus"),
        ],
    )
    def test_one_may_be_the_other(self, a: str, b: str) -> None:
        assert TERMS.related(a, b)
        assert TERMS.related(b, a)

    @pytest.mark.parametrize(
        ("a", "b"),
        [
            ("hepatic abscess", "hepatic cyst"),
            ("gastric carcinoma", "lung carcinoma"),
            ("aortic stenosis", "mitral stenosis"),
            ("hypertrophic cardiomyopathy", "dilated cardiomyopathy"),
            ("giant cell arteritis", "Takayasu arteritis"),
            ("type 1 diabetes", "type 2 diabetes"),
            ("hepatitis B", "hepatitis C"),
            ("hepatitis C flare", "hepatitis B in pregnancy"),
            ("Hodgkin lymphoma", "non-Hodgkin lymphoma"),
            ("femoral neck fracture", "radial neck fracture"),
            ("iron deficiency", "copper deficiency"),
            ("midazolam toxicity", "digoxin toxicity"),
            ("mesenteric cyst", "ovarian cyst"),
            ("acute left renal disease", "acute left lung disease"),
            ("cardiac myxoma", ""),
            ("", "?!"),
        ],
    )
    def test_they_are_different(self, a: str, b: str) -> None:
        assert not TERMS.related(a, b)
        assert not TERMS.related(b, a)

    def test_parents_are_related_and_siblings_are_not(self) -> None:
        children = ("prosthetic valve endocarditis", "culture-negative endocarditis")
        assert all(TERMS.related(child, "infective endocarditis") for child in children)
        assert not TERMS.related(*children)

    @given(any_text, any_text)
    @settings(max_examples=300)
    def test_it_is_symmetric(self, a: str, b: str) -> None:
        assert TERMS.related(a, b) == TERMS.related(b, a)

    @given(any_text)
    def test_it_is_reflexive(self, a: str) -> None:
        assert TERMS.related(a, a)
        assert TERMS.related(a, f" {a}.") or not phrase_key(a)

    @given(st.sampled_from(TERMS.concepts))
    def test_a_concept_is_related_to_its_parents(self, concept: object) -> None:
        for parent in concept.parents:  # type: ignore[attr-defined]
            assert TERMS.related(concept.name, parent)  # type: ignore[attr-defined]


class TestBodySystem:
    @pytest.mark.parametrize(
        ("diagnosis", "system"),
        [
            ("thyroglossal duct cyst", "ear_nose_throat"),
            ("aortoenteric fistula", "cardiovascular"),
            ("optic pit maculopathy", "ophthalmological"),
            ("midline diastema", "dental_oral"),
            ("femoral shaft fracture", "musculoskeletal"),
            ("tularemia", "infectious"),
            ("pentobarbital toxicity", "toxicological"),
            ("midazolam toxicity", "toxicological"),
            ("ectopic ACTH syndrome", "endocrine_metabolic"),
            ("biatrial myxoma", "cardiovascular"),
            ("urachal mucinous cystic tumour", "renal_urological"),
            ("ocular tularemia", "ophthalmological"),
            ("candidal infection of the kidney", "renal_urological"),
            ("tuberculosis of the knee", "musculoskeletal"),
            ("chronic subdural hygroma", "neurological"),
            ("postpartum psychosis", "psychiatric"),
            ("sepsis after tooth extraction", "infectious"),
            ("thyroid carcinoma", "endocrine_metabolic"),
            ("dementia", "neurological"),
            ("bilateral maxillary canine transposition", "dental_oral"),
            ("mosaic trisomy 16", "genetic_developmental"),
            ("widget", "other"),
            ("", "other"),
        ],
    )
    def test_a_diagnosis_has_its_place(self, diagnosis: str, system: str) -> None:
        assert TERMS.body_system(diagnosis) == system

    def test_context_speaks_only_where_the_diagnosis_does_not(self) -> None:
        lungs = "The lungs, the pleura and the bronchi; bronchoscopy. " * 400
        assert TERMS.body_system("rare mass", lungs) == "respiratory"
        assert TERMS.body_system("renal mass", lungs) == "renal_urological"

    @given(any_text, any_text)
    def test_the_answer_is_always_from_the_list(self, diagnosis: str, context: str) -> None:
        assert TERMS.body_system(diagnosis, context) in BODY_SYSTEMS


class TestSiblings:
    def test_they_are_of_the_system_and_not_related(self) -> None:
        found = TERMS.siblings("biatrial myxoma", body_system="cardiovascular")
        assert {concept.body_system for concept in found} == {"cardiovascular"}
        assert not any(TERMS.related("biatrial myxoma", concept.name) for concept in found)
        assert "cardiac myxoma" not in {concept.name for concept in found}

    @pytest.mark.parametrize("diagnosis", ["biatrial myxoma", "ventricular fibrosarcoma"])
    def test_the_same_kind_comes_first(self, diagnosis: str) -> None:
        kinds = [c.kind == "neoplasm" for c in TERMS.siblings(diagnosis, body_system="cardiovascular")]
        assert kinds[0]
        assert kinds == sorted(kinds, reverse=True)

    def test_general_concepts_come_after_special_ones(self) -> None:
        found = TERMS.siblings("cat scratch disease", body_system="infectious")
        names = [concept.name for concept in found if concept.kind == "infection"]
        assert names.index("tuberculosis") > names.index("miliary tuberculosis")

    def test_the_order_depends_on_the_diagnosis_and_nothing_else(self) -> None:
        first = Terminology.read(FOLDER).siblings("Brugada syndrome", body_system="cardiovascular")
        assert first == TERMS.siblings("Brugada syndrome", body_system="cardiovascular")
        assert first[:5] != TERMS.siblings("commotio cordis", body_system="cardiovascular")[:5]

    def test_an_unknown_system_has_none(self) -> None:
        assert TERMS.siblings("cardiac myxoma", body_system="feelings") == ()


class TestReading:
    """Files that are wrong are refused with the file, the term and what to do."""

    @staticmethod
    def folder(tmp_path: Path, *, concepts: str, groups: str = "{}", placing: str = "{}") -> Path:
        (tmp_path / "concepts").mkdir()
        (tmp_path / "concepts" / "respiratory.yaml").write_text(concepts, encoding="utf-8")
        (tmp_path / "concepts" / "groups.yaml").write_text(groups, encoding="utf-8")
        (tmp_path / "body_systems.yaml").write_text(placing, encoding="utf-8")
        return tmp_path

    def test_a_small_folder_is_enough(self, tmp_path: Path) -> None:
        concepts = "infection:\n  lung rot: LR, rot of the lung < rot\n  black lung rot: < lung rot\n"
        terms = Terminology.read(self.folder(tmp_path, concepts=concepts, groups="rot: decay\ndecay:\n"))
        assert terms.concept_of("LR") == terms.concepts[0]
        assert terms.concepts[0].parents == ("rot",)
        assert terms.related("black lung rot", "decay")

    def test_the_load_is_shared(self) -> None:
        assert Terminology.load() is TERMS

    @pytest.mark.parametrize(
        ("concepts", "groups", "placing", "said"),
        [
            ("infection:\n  a b: c\n  c:\n", "{}", "{}", "'c' stands for 'a b'"),
            ("infection:\n  a b: A-B\n", "{}", "{}", "'A-B' stands for 'a b'"),
            ("infection:\n  aaa: < bbb\n  bbb: < aaa\n", "{}", "{}", "circle"),
            ("infection:\n  aaa: zzz < bbb\n  bbb: < zzz\n", "{}", "{}", "circle"),
            ("infection:\n  aaa: < bbb\n", "bbb: bbb\n", "{}", "circle"),
            ("infection:\n  aaa:\n", "aaa:\n", "{}", "a concept and a group"),
            ("bad luck:\n  aaa:\n", "{}", "{}", "'bad luck' is none of"),
            ("infection:\n  '?!': aaa\n", "{}", "{}", "without letters"),
            ("infection:\n  aaa: [b, c]\n", "{}", "{}", "no name with a line"),
            ("infection:\n  12: b\n", "{}", "{}", "no name with a line"),
            ("infection: aaa\n", "{}", "{}", "expected names and lines"),
            ("- aaa\n", "{}", "{}", "top level"),
            ("infection: {aaa\n", "{}", "{}", "no YAML"),
            ("infection:\n  aaa: !!python/object/apply:os.getcwd []\n", "{}", "{}", "no YAML"),
            ("infection: {}\n", "{}", "{}", "holds no concepts"),
            ("infection:\n  aaa:\n", "{}", "organs:\n  feelings: heart\n", "no body system"),
            ("infection:\n  aaa:\n", "{}", "organs:\n  respiratory: lung-rot\n", "not one word"),
            ("infection:\n  aaa:\n", "{}", "parts: {}\n", "'parts' is none of"),
        ],
    )
    def test_a_wrong_file_is_refused(
        self, tmp_path: Path, concepts: str, groups: str, placing: str, said: str
    ) -> None:
        folder = self.folder(tmp_path, concepts=concepts, groups=groups, placing=placing)
        with pytest.raises(TerminologyError) as refusal:
            Terminology.read(folder)
        assert said in str(refusal.value)
        assert refusal.value.remedy

    def test_a_file_of_no_body_system_is_refused(self, tmp_path: Path) -> None:
        folder = self.folder(tmp_path, concepts="infection:\n  aaa:\n")
        (folder / "concepts" / "feelings.yaml").write_text("infection:\n  bbb:\n", encoding="utf-8")
        with pytest.raises(TerminologyError, match="feelings"):
            Terminology.read(folder)

    def test_an_empty_folder_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(TerminologyError, match="holds no concepts"):
            Terminology.read(tmp_path)

    def test_bytes_that_are_no_text_are_refused(self, tmp_path: Path) -> None:
        folder = self.folder(tmp_path, concepts="infection:\n  aaa:\n")
        (folder / "body_systems.yaml").write_bytes(b"\xff\xfe\x00")
        with pytest.raises(TerminologyError, match="body_systems"):
            Terminology.read(folder)


def test_hostile_text_takes_linear_time() -> None:
    for piece in ("cardiac ", "a" * 50 + " ", "'", "\u0301", "1.", "acute acute "):
        text = piece * (200_000 // len(piece))
        started = time.process_time()
        TERMS.mentions(text)
        TERMS.related(text, "cardiac myxoma")
        assert time.process_time() - started < 10, piece


def test_common_options_do_not_crowd_each_other_out() -> None:
    """Of one system and kind, most pairs are usable side by side in one question."""
    for system in ("cardiovascular", "infectious", "neurological"):
        names = [concept.name for concept in TERMS.concepts if concept.body_system == system][:60]
        pairs = list(combinations(names, 2))
        assert sum(TERMS.related(*pair) for pair in pairs) < 0.06 * len(pairs)
