"""Stems of real articles: the answers were written down by hand after reading each article."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from grandrounds.authoring.visible import names_in_article, visible_part
from grandrounds.clinical.leaks import find_leaks
from grandrounds.lake import Lake
from grandrounds.needs import CaseNeed
from grandrounds.recipe import Cut
from grandrounds.records.case import Case
from grandrounds.sources.inventory import read_folder
from grandrounds.stem import render

# article and patient: the diagnosis, other names, and the last words that the solver should see.
READ = {
    ("PMC4735894", 1): ("biatrial myxoma", ("cardiac myxoma",), "was not attached to interatrial septum."),
    ("PMC4735918", 1): (
        "urachal mucinous cystic tumour of low malignant potential",
        (),
        "no apparent communication with the bladder.",
    ),
    ("PMC4735920", 1): (
        "pentobarbital toxicity",
        ("barbiturate poisoning",),
        "acetaminophen levels were unremarkable.",
    ),
    ("PMC4735928", 1): ("secondary aortoenteric fistula", (), "Htc = 39.3%; WBC = 18.2."),
    ("PMC4736323", 1): (
        "serous macular detachment secondary to optic pit",
        (),
        "was 17 mmHg on both eyes.",
    ),
    ("PMC4736389", 1): (
        "Streptococcus bovis endocarditis",
        (),
        "looking ill and febrile (temperature: 38.3°C).",
    ),
    ("PMC4736802", 1): (
        "ossification of the interosseous membrane of the leg",
        ("OIM",),
        "appeared to be normal at clinical examination.",
    ),
    ("PMC4736806", 1): (
        "maxillary midline diastema",
        (),
        "in both clinical and radiographical examinations.",
    ),
    ("PMC4737013", 1): (
        "ipilimumab-induced Graves' disease",
        (),
        "There were also no signs of ophthalmopathy.",
    ),
    ("PMC4738698", 1): ("tularemia after a coyote bite", (), "he was hospitalized for 24 hours."),
    ("PMC4738724", 1): (
        "clival ectopic pituitary adenoma",
        ("prolactinoma",),
        "in comparison to outside hospital images.",
    ),
    ("PMC4738740", 1): (
        "myofascial herniation",
        ("muscle hernia",),
        "approximately 5.5 cm at site of swelling.",
    ),
    ("PMC4739221", 1): (
        "Heerfordt's syndrome",
        ("sarcoidosis",),
        "receptor (sIL-2R) levels were elevated.",
    ),
    ("PMC4739221", 2): (
        "Heerfordt's syndrome",
        ("sarcoidosis",),
        "in serum antibody for varicella zoster virus.",
    ),
    ("PMC4739223", 1): ("Klippel-Trenaunay syndrome", (), "as well as bone quality were noted."),
    ("PMC4745306", 1): (
        "ectopic ACTH secreting metastatic parotid tumour",
        ("Cushing's syndrome",),
        "or relapse at the time of presentation.",
    ),
    ("PMC4745307", 1): ("thyroglossal duct cyst", (), "it moved with the tongue movements."),
    ("PMC4745350", 1): (
        "aortic stent graft infection caused by Staphylococcus aureus",
        (),
        "bleeding in the region of the right common iliac artery.",
    ),
}


@pytest.fixture(scope="module")
def cases(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[tuple[str, int], Case]:
    lake = Lake(str(tmp_path_factory.mktemp("lake")))
    found = read_folder(shared_data / "case_reports", lake=lake, workers=1)
    return {
        (identifier.value, case.case_number): case
        for case in found.cases
        for identifier in case.identifiers
        if identifier.scheme == "pmcid"
    }


@pytest.mark.parametrize(("article", "patient"), READ)
def test_the_stem_ends_where_a_reader_would_end_it(
    cases: Mapping[tuple[str, int], Case], article: str, patient: int
) -> None:
    answer, aliases, last_words = READ[article, patient]
    case = cases[article, patient]
    seen = visible_part(case, cut=Cut.BEFORE_DIAGNOSIS, need=CaseNeed(), answer=answer, aliases=aliases)
    stem = render(case.text, seen.pieces)
    assert stem.endswith(last_words), seen.reason or stem[-200:]
    names = names_in_article(case, answer=answer, aliases=aliases)
    assert find_leaks(stem, answer=answer, aliases=names) == ()
    assert "Figure" not in stem
    assert "Table" not in stem


def test_every_clinical_article_was_read(cases: Mapping[tuple[str, int], Case]) -> None:
    assert set(READ) <= set(cases)
