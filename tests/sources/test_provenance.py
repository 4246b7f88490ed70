"""Licences that people state beside the files: in notes, in licences' texts, and who wins."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grandrounds.lake import Lake
from grandrounds.records.source import Source
from grandrounds.sources.folder import walk
from grandrounds.sources.inventory import Inventory, read_folder
from grandrounds.sources.licences import UNKNOWN, Licence
from grandrounds.sources.provenance import Provenance
from grandrounds.sources.source_notes import read_note
from tests.sources.articles import jats

MIT = """MIT License

Copyright (c) 2020 The People of Invented Town

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
"""


def provenance(folder: Path, **files: str) -> Provenance:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_md", ".md")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return Provenance.of(walk(folder).files)


def stated(note: str, name: str = "a.nii") -> Licence:
    """What a note says of a file, as a licence with a note of its own where it is unknown."""
    found = read_note(note).about(name)
    assert found is not None, "the note does not name the file"
    assert (found.spdx == UNKNOWN) == bool(found.note)
    return found


# Who speaks ---------------------------------------------------------------------------------------


def test_a_licence_text_holds_for_its_folder_and_below(tmp_path: Path) -> None:
    told = provenance(tmp_path, scans__LICENSE=MIT)
    assert told.licence_of("scans/deep/er/a.nii") == Licence(
        spdx="MIT", evidence="scans/LICENSE: the text of MIT"
    )
    assert told.licence_of("a.nii") is None
    assert told.licence_of("scans2/a.nii") is None


def test_the_nearest_licence_text_counts_even_where_it_is_not_understood(tmp_path: Path) -> None:
    told = provenance(tmp_path, LICENSE=MIT, ward__LICENCE_md="Ask the ward.")
    found = told.licence_of("ward/a.nii")
    assert found is not None
    assert found.spdx == UNKNOWN
    assert found.note.startswith("ward/LICENCE.md: ")


def test_two_licence_files_that_differ_leave_it_open(tmp_path: Path) -> None:
    same = provenance(tmp_path / "same", LICENSE=MIT, COPYING=MIT)
    other = provenance(tmp_path / "other", LICENSE=MIT, COPYING="CC BY 4.0")
    assert same.licence_of("a.nii").spdx == "MIT"  # type: ignore[union-attr]
    assert other.licence_of("a.nii").spdx == UNKNOWN  # type: ignore[union-attr]


def test_a_note_wins_over_a_licence_text_and_loses_to_the_file_and_to_rules(tmp_path: Path) -> None:
    told = provenance(tmp_path, LICENSE=MIT, SOURCES_md="Licence: CC BY 4.0\n\n- `a.nii`\n")
    by_note = told.settle("a.nii", own=Licence(), said=None)
    assert (by_note.licence, by_note.origin) == ("CC-BY-4.0", "SOURCES.md")
    assert by_note.evidence == "SOURCES.md:1: CC BY 4.0"
    assert by_note.notes == ("LICENSE says MIT; the note that names the file was taken.",)
    by_text = told.settle("b.nii", own=Licence(), said=None)
    assert (by_text.licence, by_text.origin) == ("MIT", "licence file")
    by_itself = told.settle("a.nii", own=Licence(spdx="CC0-1.0", evidence="its head"), said=None)
    assert (by_itself.licence, by_itself.origin, by_itself.evidence) == ("CC0-1.0", "document", "its head")
    assert "CC-BY-4.0" in by_itself.notes[0]
    by_rule = told.settle("a.nii", own=Licence(spdx="CC0-1.0", evidence="its head"), said="CC-BY-NC-4.0")
    assert (by_rule.licence, by_rule.origin) == ("CC-BY-NC-4.0", "sources.yaml")


def test_a_file_whose_own_words_are_not_understood_gets_no_licence_from_beside(tmp_path: Path) -> None:
    told = provenance(tmp_path, LICENSE=MIT)
    settled = told.settle("a.xml", own=Licence(evidence="All rights reserved."), said=None)
    assert (settled.licence, settled.origin, settled.evidence) == (UNKNOWN, "none", "All rights reserved.")


def test_a_note_without_an_answer_is_not_passed_over_for_a_licence_text(tmp_path: Path) -> None:
    told = provenance(tmp_path, LICENSE=MIT, SOURCES_md="Origin: a web page\n\n- `a.nii`\n")
    settled = told.settle("a.nii", own=Licence(), said=None)
    assert (settled.licence, settled.origin) == (UNKNOWN, "none")
    assert settled.notes == ("SOURCES.md: It names the file, but states no licence for it.",)


def test_only_the_nearest_note_is_asked(tmp_path: Path) -> None:
    told = provenance(tmp_path, SOURCES_md="Licence: MIT\n\n- `ward/`\n", ward__SOURCES_md="Nothing yet.\n")
    assert told.licence_of("ward/a.nii") is None


def test_a_note_that_can_not_be_read_leaves_licences_unknown(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text(MIT)
    (tmp_path / "SOURCES.md").write_bytes(b"Licence: \xff\xfe CC0\n\n- `a.nii`\n")
    found = Provenance.of(walk(tmp_path).files).licence_of("a.nii")
    assert found == Licence(note="SOURCES.md: It is not UTF-8.")


# What a note says ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("note", "spdx", "line"),
    [
        ("Licence: MIT\n\n- `a.nii`\n", "MIT", 1),
        ("**Licence:** CC BY-NC 4.0\n\n- `a.nii`\n", "CC-BY-NC-4.0", 1),
        ("Origin: repository town/scans (tests), Apache-2.0 (LICENSE).\n\n- `a.nii`\n", "Apache-2.0", 1),
        ("Origin: repository town/scans, MIT (LICENSE), one volunteer.\n\n- `a.nii`\n", "MIT", 1),
        ("Origin: a museum\nLicence: CC0 1.0\n\n- `a.nii`\n", "CC0-1.0", 2),
        (
            "# Scans (package scans 1.2, BSD 3-Clause)\n\n| file | size |\n|---|---|\n| `a.nii` | 3 |\n",
            "BSD-3-Clause",
            1,
        ),
        ("| file | licence |\n|---|---|\n| `a.nii` | CC BY 4.0 |\n| `b.nii` | MIT |\n", "CC-BY-4.0", 3),
        (
            "- `a.nii` \u2014 repository town/scans (x), BSD 2-Clause (LICENSE). Not one in the sun.\n",
            "BSD-2-Clause",
            1,
        ),
        ("- `*.nii`: town/scans, licence CC BY-SA 4.0\n", "CC-BY-SA-4.0", 1),
        (
            "Origin: town/films; licences per file. Only CC BY files were taken (others are NC).\n\n"
            "- `b.nii`: a heart, CC BY 2.0. `a.nii`: a lung, CC BY 4.0.\n",
            "CC-BY-4.0",
            3,
        ),
        ("- `a.nii`\n  - Licence: MIT\n- `b.nii`\n", "MIT", 2),
        (
            "Scans\n=====\nLicence: https://creativecommons.org/licenses/by/4.0/\n\n- `./a.nii`\n",
            "CC-BY-4.0",
            3,
        ),
    ],
)
def test_what_people_write_is_understood(note: str, spdx: str, line: int) -> None:
    found = stated(note)
    assert found.spdx == spdx
    assert found.evidence.startswith(f"{line}: ")


@pytest.mark.parametrize(
    "note",
    [
        "Origin: a friend\n\n- `a.nii`\n",
        "Licence: MIT or Apache-2.0\n\n- `a.nii`\n",
        "Licence: MIT\n\nLicence: CC0 1.0\n\n- `a.nii`\n",
        "Licence: see `LICENSE`\n\n- `a.nii`\n",
        "Licence: CC BY 4.0, except for the heads\n\n- `a.nii`\n",
        "Licence: MIT (only `b.nii`)\n\n- `a.nii`\n- `b.nii`\n",
        "Licence: CC BY 4.0. For research use only.\n\n- `a.nii`\n",
        "Licence: CC BY 4.0\n\nNot for commercial or non-commercial resale.\n\n- `a.nii`\n",
        "Licence: CC BY 4.0\n\nSome of them are CC BY-NC 4.0.\n\n- `a.nii`\n",
        "Origin: they may be freely redistributed\n\n- `a.nii`\n",
        "Origin: recordings of the laboratory, MIT.\n\n- `a.nii`\n",
        "Origin: made from a CC0 collection by hand\n\n- `a.nii`\n",
        "Origin: repository town/scans, Apache-2.0. The rights are not verified.\n\n- `a.nii`\n",
        "- `a.nii`: repository town/scans, MIT.\n- `a.nii`: repository town/heads, CC0 1.0.\n",
        "# One\nLicence: MIT\n\n- `a.nii`\n\n# Two\nLicence: CC0\n\n- `*.nii`\n",
        "# All of it is for non-commercial use\n\n## One\nLicence: MIT\n\n- `a.nii`\n",
        "# One\nLicence: MIT\n\n# Two\n- `a.nii`\n",
        "Origin: a friend. Only MIT people may use it.\n\n- `a.nii`: a lung, MIT.\n",
        "# One\nLicence: MIT\n\n---\n\n- `a.nii`\n",
        "> Licence: MIT\n\n- `a.nii`\n",
        "```\nLicence: MIT\n```\n\n- `a.nii`\n",
        "<!-- Licence: MIT -->\n\n- `a.nii`\n",
        "- `b.nii`\n  - Licence: MIT\n- `a.nii`\n",
        "| file | licence |\n|---|---|\n| `a.nii` | ask |\n",
        "| file | licence |\n|---|---|\n| `a.nii` | |\n",
        "| file | data licence | code licence |\n|---|---|---|\n| `a.nii` | CC0 | MIT |\n",
        "Licence: MIT\n\n| file | licence |\n|---|---|\n| `a.nii` | CC BY-NC 4.0 |\n",
    ],
)
def test_what_is_not_clear_stays_unknown_and_says_why(note: str) -> None:
    assert stated(note).spdx == UNKNOWN


def test_what_is_said_of_a_file_by_its_bare_name_puts_its_licence_in_doubt() -> None:
    note = "Licence: MIT\n\n| file | size |\n|---|---|\n| `deep/a.nii` | 3 |\n\n- `a.nii`: CC BY-NC 4.0\n"
    found = stated(note, "deep/a.nii")
    assert found.spdx == UNKNOWN
    assert "line 7" in found.note


def test_an_item_may_name_a_file_without_its_folder_where_the_section_names_only_one() -> None:
    table = "| file | size |\n|---|---|\n| `deep/a.nii` | 3 |\n"
    assert stated(f"{table}\n- `a.nii`: a lung, CC BY 4.0\n", "deep/a.nii").spdx == "CC-BY-4.0"
    assert stated(f"{table}| `other/a.nii` | 4 |\n\n- `a.nii`: CC BY 4.0\n", "deep/a.nii").spdx == UNKNOWN
    assert stated(f"{table}\n# Two\n\n- `a.nii`: CC BY 4.0\n", "deep/a.nii").spdx == UNKNOWN


def test_names_are_paths_folders_with_a_slash_or_globs() -> None:
    note = read_note(
        "Licence: MIT\n\n- `scans/`, `x/*.nii` and `y/**/z.nii`\n- `plain`\n- `../up.nii`\n- `/etc/`\n"
    )
    named = ["scans/a", "scans/b/c", "x/a.nii", "y/z.nii", "y/a/b/z.nii", "plain"]
    others = ["scansa", "x/y/a.nii", "plain/a", "up.nii", "etc/a", "a.nii", "scans"]
    assert [name for name in named + others if note.about(name) is not None] == named


_PIECES = st.sampled_from(
    """# One
## Two (package x, MIT)

---
Licence: MIT
Origin: repository a/b, CC0 1.0.
**Bold**
| file | licence |
|---|---|
| `b.nii` | CC BY 4.0 |
- `b/`
- `b.nii`: x/y, Apache-2.0.
  - Licence: MIT
Other words about `c.nii`.
> Licence: CC0
=====
- More
`d.nii`
- `*.txt`
```
a.nii
- a.nii, MIT
| a.nii | MIT |
Licence: MIT for a.nii
- [`a`](a.nii): CC0 1.0""".splitlines()
)


@given(
    st.lists(_PIECES, max_size=14),
    st.sampled_from(["a.nii", "b.nii", "b/a.nii", "c.nii", "d.nii", "e/b.nii", "t.txt"]),
)
def test_a_note_never_gives_a_licence_to_a_file_that_it_does_not_name(lines: list[str], name: str) -> None:
    text = "\n".join(lines)
    found = read_note(text).about(name)
    names = re.findall(r"`([^`\n]+)`", text)
    named = (
        name in names or (name.startswith("b/") and "b/" in names) or (name == "t.txt" and "*.txt" in names)
    )
    if found is not None and found.spdx != UNKNOWN:
        assert named
        assert found.evidence.split(":")[0].isdigit()
        line = text.splitlines()[int(found.evidence.split(":")[0]) - 1]
        assert found.evidence.split(": ", 1)[1] in line


@given(st.text(alphabet="#|-`*>=:. \nLicenceMIT0CBY4/a", max_size=300))
def test_any_note_can_be_read(text: str) -> None:
    found = read_note(text).about("a")
    assert found is None or "`a`" in text or "*" in text or "/" in text


@pytest.mark.parametrize(
    "text",
    [
        "`",
        "|",
        "- `a` ",
        "#",
        "(",
        "a, ",
        "<!--",
        "- `a`\n",
        "Licence: MIT (MIT (",
        "only ",
        "* * ",
        "- `*a*a*a*a*a*a*a*a*`\n",
    ],
)
def test_hostile_notes_are_read_in_time(text: str) -> None:
    started = time.process_time()
    read_note(text * (100_000 // len(text))).about("a" * 200)
    read_note(f"Licence: {text * 4000}\n\n- `{'*a' * 90}`").about("a" * 200 + "b")
    assert time.process_time() - started < 5


# Real folders -------------------------------------------------------------------------------------


def test_the_notes_of_real_inputs_are_understood_where_they_are_clear(shared_data: Path) -> None:
    told = Provenance.of(walk(shared_data).files)

    def of(name: str) -> str:
        found = told.licence_of(name)
        return found.spdx if found else "nobody"

    assert of("studies/nifti/totalsegmentator/example_ct.nii.gz") == "Apache-2.0"
    assert of("studies/nifti/spinal-cord/t2/t2.nii.gz") == "MIT"
    assert of("studies/nifti/mni152/mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz") == UNKNOWN
    assert of("studies/dicom/ct-phantom-philips/axial/I10") == "BSD-2-Clause"
    assert of("studies/dicom/mr-head-sag-siemens/0001.dcm") == "BSD-2-Clause"
    assert of("studies/dicom/highdicom/ct_image.dcm") == "MIT"
    assert of("studies/dicom/phi/deid-ctbrain1.dcm") == UNKNOWN
    assert of("studies/radiographs/nih-chest-xray/00000001_000.png") == UNKNOWN
    assert of("textbooks/papers/trials-16-1-1.pdf") == "CC-BY-4.0"
    assert of("textbooks/layout/multicolumn.pdf") == "CC-BY-SA-4.0"
    assert of("textbooks/guidelines/va-cancer-example-slides.pdf") == UNKNOWN
    assert of("textbooks/openstax-anatomy-physiology-2e/modules/m46282/index.cnxml") == "CC-BY-4.0"
    assert of("textbooks/scanned/linn.pdf") == UNKNOWN
    assert of("videos/gait/sports2d-demo.mp4") == "BSD-3-Clause"
    assert of("videos/scene-cuts/bigbuckbunny.mp4") == UNKNOWN
    assert of("videos/lung-ultrasound/Reg_pat1Image_132943.mpeg") == "CC-BY-4.0"
    assert of("videos/lung-ultrasound/Vir_prospective_file1.mp4") == "CC-BY-2.0"
    assert of("videos/bad-input/truncated.mpeg") == UNKNOWN
    assert of("case_reports/jats-only/PMC5892033.xml") == "CC-BY-4.0"
    assert of("studies/nifti/totalsegmentator/spine_report/spine_report.json") == "nobody"


# A whole folder -----------------------------------------------------------------------------------


def put(folder: Path, name: str, text: str | bytes) -> None:
    """A file that was left alone for a while, as most files were."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    os.utime(path, (time.time() - 10,) * 2)


def by_path(inventory: Inventory) -> dict[str, Source]:
    return {source.path: source for source in inventory.sources}


def test_a_licence_beside_the_file_is_found_later_and_costs_no_reading(tmp_path: Path) -> None:
    folder, lake = tmp_path / "sources", Lake(str(tmp_path / "lake"))
    put(
        folder,
        "ward/a.md",
        "---\nkind: case_report\ntitle: Blue toes\n---\n# Case\n\nA man of 40 presented.\n",
    )
    put(folder, "ward/b.xml", jats())
    before = by_path(read_folder(folder, lake=lake))
    assert (before["ward/a.md"].licence, before["ward/a.md"].licence_origin) == ("unknown", "none")
    put(folder, "ward/LICENSE", "SPDX-License-Identifier: CC-BY-SA-4.0\n")
    after = read_folder(folder, lake=lake)
    assert after.read_now == 0
    row = by_path(after)["ward/a.md"]
    assert (row.licence, row.licence_origin) == ("CC-BY-SA-4.0", "licence file")
    assert row.licence_evidence == "ward/LICENSE: SPDX-License-Identifier: CC-BY-SA-4.0"
    assert next(case for case in after.cases if case.source_id == row.source_id).licence == "CC-BY-SA-4.0"
    own = by_path(after)["ward/b.xml"]
    assert (own.licence, own.licence_origin) == (before["ward/b.xml"].licence, "document")
    put(folder, "SOURCES.md", "Licence: MIT\n\n- `ward/a.md`\n")
    row = by_path(read_folder(folder, lake=lake))["ward/a.md"]
    assert (row.licence, row.licence_origin, row.licence_evidence) == (
        "MIT",
        "SOURCES.md",
        "SOURCES.md:1: MIT",
    )
    put(folder, "sources.yaml", "files:\n  - path: ward/a.md\n    licence: CC0-1.0\n")
    row = by_path(read_folder(folder, lake=lake))["ward/a.md"]
    assert (row.licence, row.licence_origin) == ("CC0-1.0", "sources.yaml")
