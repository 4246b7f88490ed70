"""What the words beside a figure tell, and what they leave open with a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from grandrounds.figures.reading import DIAGNOSIS, Told, Untold, department_of, read_figure
from grandrounds.figures.reading_caption import clean, read_description
from grandrounds.figures.stem import figure_stem
from grandrounds.figures.taxonomy import ANATOMY, FINDING, MODALITY, PROCEDURE
from grandrounds.figures.wording import question_of
from grandrounds.records.figure import FigureRow
from tests.support.captions import captioned

KIDNEY = "Axial CT scan of the abdomen showing a mass in the left kidney (arrow)."


def told(row: FigureRow, scheme: str) -> Told:
    answer = read_figure(row).answers[scheme]
    assert isinstance(answer, Told), answer
    return answer


def why_not(row: FigureRow, scheme: str) -> str:
    answer = read_figure(row).answers[scheme]
    assert isinstance(answer, Untold), answer
    return answer.reason


def test_a_case_reports_caption_gives_modality_anatomy_and_finding() -> None:
    row = captioned(KIDNEY)
    assert told(row, MODALITY).path == ("radiology", "ct")
    assert told(row, ANATOMY).path == ("urinary", "kidney")
    assert told(row, FINDING).path == ("focal lesion", "mass")
    assert [each.words for each in told(row, MODALITY).words] == ["CT scan"]
    assert {(label.scheme, label.path) for label in read_figure(row).labels} == {
        ("modality", ("radiology", "ct")),
        ("anatomy", ("urinary", "kidney")),
    }  # nephrology and urology both claim kidneys: no department


def test_a_textbooks_heading_gives_the_anatomy() -> None:
    row = captioned("Rib cage. The thoracic cage is formed by the sternum and 12 pairs of ribs.")
    assert told(row, ANATOMY).path == ("musculoskeletal", "thoracic cage")
    assert told(row, ANATOMY).rule == "the heading of the caption"
    assert "names a modality" in why_not(row, MODALITY)


@pytest.mark.parametrize(
    ("caption", "path"),
    [
        ("Chest radiograph with a fracture.", ("body regions", "chest")),
        (
            "A typical cervical vertebra has a small body.",
            ("musculoskeletal", "vertebral column", "cervical vertebrae"),
        ),
        ("CT showing the ossification between tibia and fibula.", ("musculoskeletal", "leg")),
        ("2D echocardiogram.", ("cardiovascular", "heart")),
        ("Fundus photograph of the left eye.", ("sensory", "eye")),
        ("Left mammogram.", ("reproductive", "breast")),
        ("MRI of the head of the pancreas.", ("hepatobiliary", "pancreas")),
    ],
)
def test_the_place_is_found_by_the_rule_that_leaves_one(caption: str, path: tuple[str, ...]) -> None:
    assert told(captioned(caption), ANATOMY).path == path


def test_places_apart_leave_the_anatomy_open() -> None:
    reason = why_not(captioned("PET scan with foci seen in brain, liver and femur."), ANATOMY)
    assert "several places (brain, liver, femur)" in reason


def test_two_modalities_are_asked_of_a_panel_where_panels_are_known_and_not_at_all_otherwise() -> None:
    caption = "(A) CT scan of the knee. (B) Photomicrograph of the synovium."
    assert "several modalities (ct, light microscopy)" in why_not(captioned(caption), MODALITY)
    row = captioned(
        caption, panels=(("A", "CT scan of the knee."), ("B", "Photomicrograph of the synovium."))
    )
    answer = told(row, MODALITY)
    assert (answer.subject, answer.path[-1]) in {("A", "ct"), ("B", "light microscopy")}
    assert (
        question_of("figure_modality_mcq", subject=answer.subject)
        == f"What kind of picture is panel {answer.subject}?"
    )
    assert MODALITY not in {label.scheme for label in read_figure(row).labels}


def test_the_text_that_refers_to_the_figure_speaks_where_the_caption_is_silent() -> None:
    paragraph = "On MRI a tear was seen (Figure 1). Ultrasound (Figure 2) was normal."
    row = captioned("Tear of the medial meniscus.", mentions=(("Figure 1", paragraph),))
    answer = told(row, MODALITY)
    assert (answer.path, answer.source) == (("radiology", "mri"), "mention")
    twelve = captioned(
        "Normal.",
        mentions=(("Figure 1", "On MRI it was larger (Figure 12). On CT it was less (Figure 1)."),),
    )
    assert told(twelve, MODALITY).path == ("radiology", "ct")
    other = captioned("Normal finding.", mentions=(("Figure 2", paragraph),))
    assert told(other, MODALITY).path == ("radiology", "ultrasound")


def test_running_text_is_no_ground_for_anatomy_unless_it_says_what_was_imaged() -> None:
    loose = captioned("Postoperative view.", mentions=(("Figure 1", "The knee moved freely (Figure 1)."),))
    assert isinstance(read_figure(loose).answers[ANATOMY], Untold)
    firm = captioned(
        "Postoperative view.", mentions=(("Figure 1", "A radiograph of the knee (Figure 1)."),)
    )
    assert told(firm, ANATOMY).path == ("musculoskeletal", "knee")


@pytest.mark.parametrize(
    ("caption", "scheme", "cause"),
    [
        ("CT scan showing no mass.", FINDING, "'mass' negated"),
        ("CT scan with a suspected abscess.", FINDING, "'abscess' hedged"),
        ("Radiograph after removal of the screws.", FINDING, "'screws' gone"),
        ("MRI suggesting multiple sclerosis.", DIAGNOSIS, "hedged"),
        ("Photograph before cholecystectomy.", PROCEDURE, "'cholecystectomy' earlier"),
        ("Photograph.", MODALITY, "only a family"),
        ("Embedded in polyethylene (PE).", DIAGNOSIS, "no condition"),
    ],
)
def test_what_is_denied_doubted_or_past_is_not_asked_and_the_reason_says_so(
    caption: str, scheme: str, cause: str
) -> None:
    assert cause in why_not(captioned(caption), scheme)


def test_a_condition_is_asked_by_its_name_with_its_other_names() -> None:
    answer = told(captioned("Radiograph showing a pneumothorax on the left side."), DIAGNOSIS)
    assert answer.title == "Pneumothorax"
    assert why_not(captioned("Psoriasis (left) and pneumothorax (right)."), DIAGNOSIS).startswith(
        "the caption names several"
    )


@pytest.mark.parametrize(
    ("paths", "department"),
    [
        ({"anatomy": ("sensory", "eye", "retina")}, ("head and senses", "ophthalmology")),
        ({"anatomy": ("digestive", "large intestine", "appendix")}, ("surgery", "general surgery")),
        ({"anatomy": ("urinary", "kidney")}, ()),
        ({"modality": ("microscopy", "light microscopy")}, ("diagnostics", "pathology")),
        ({"modality": ("radiology", "ct")}, ()),
        ({}, ()),
    ],
)
def test_a_department_follows_only_where_one_claims_deepest(
    paths: dict[str, tuple[str, ...]], department: tuple[str, ...]
) -> None:
    assert department_of(paths) == department


@pytest.mark.parametrize(
    ("caption", "cleaned"),
    [
        ("CT scan (a) of the liver [12, 13]. (credit: a photographer)", "CT scan of the liver."),
        (
            "A: radiograph of the knee. Reproduced with permission from a publisher.",
            "Radiograph of the knee.",
        ),
        (
            "(a and b) Axial scans (A\u2013C) show a cyst , seen twice.",
            "Axial scans show a cyst, seen twice.",
        ),
        ("Skin. See the section on hair for more information.", "Skin."),
        ("A mass (arrow) of 3 cm.", "A mass (arrow) of 3 cm."),
    ],
)
def test_a_caption_is_cleaned_of_letters_references_and_credits(caption: str, cleaned: str) -> None:
    assert clean(caption) == cleaned


@pytest.mark.parametrize(
    ("caption", "cause"),
    [
        ("CT scan of the knee.", "too few"),
        ("Compare the healthy bone with the different types of fracture.", "speaks to the reader"),
        ("A weakened ligament can let the knee give way in everyday life.", "explains what can be"),
        ("The committee met in the spring of that year and adjourned.", "nothing that is known to be seen"),
        ("CT scan of the knee. " + "It shows the same again and again. " * 30, "more than a description"),
    ],
)
def test_captions_that_do_not_describe_are_no_answers(caption: str, cause: str) -> None:
    answer = read_description(captioned(caption))
    assert isinstance(answer, Untold)
    assert cause in answer.reason


def test_the_stem_says_nothing_of_the_caption() -> None:
    row = captioned(KIDNEY)
    assert figure_stem(row, "") == figure_stem(captioned("Something else."), "")
    assert "panel B" in figure_stem(row, "B")


def test_real_captions_are_read_as_a_person_reads_them(shared_data: Path) -> None:
    """Spot checks on articles that nobody here wrote, through the project's own reader of JATS."""
    from lxml import etree

    article = shared_data / "case_reports" / "jats-only" / "PMC4739221.xml"
    captions = [" ".join("".join(c.itertext()).split()) for c in etree.parse(str(article)).iter("caption")]
    found = [read_figure(captioned(caption)).answers for caption in captions if "Case" in caption]
    assert [answers[MODALITY].path[-1] for answers in found if isinstance(answers[MODALITY], Told)] == [
        "ultrasound", "pet", "light microscopy", "audiogram", "pet",
    ]  # fmt: skip


def test_a_monstrous_text_is_read_in_reasonable_time() -> None:
    import time

    paragraph = (
        "CT (CT) of the liver with a mass, and, and, and, and in the, of the, in the knee ((((, " * 400
    )
    row = captioned(
        "CT " + "mass of the " * 300 + "liver.", mentions=(("Figure 1", paragraph + "(Figure 1)."),)
    )
    start = time.perf_counter()
    read_figure(row)
    assert time.perf_counter() - start < 60
