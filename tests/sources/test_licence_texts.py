"""Licences recognised by their texts, and what is not one."""

from __future__ import annotations

from pathlib import Path

import pytest

from grandrounds.sources.licence_texts import of_text
from grandrounds.sources.licences import UNKNOWN
from tests.sources.test_provenance import MIT

BSD_3 = """Copyright (c) 2021, Somebody
All rights reserved.

Redistribution and use in source and binary forms, with or without modification, are permitted provided
that the following conditions are met:

1. Redistributions of source code must retain the above copyright notice, this list of conditions and the
   following disclaimer.
2. Redistributions in binary form must reproduce the above copyright notice, this list of conditions and
   the following disclaimer in the documentation and/or other materials provided with the distribution.
{third}
THIS SOFTWARE IS PROVIDED BY THE {who} AND CONTRIBUTORS "AS IS" AND ANY EXPRESS OR IMPLIED WARRANTIES,
INCLUDING, BUT NOT LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR
PURPOSE ARE DISCLAIMED. IN NO EVENT SHALL THE {who} OR CONTRIBUTORS BE LIABLE FOR ANY DIRECT, INDIRECT,
INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF
SUBSTITUTE GOODS OR SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER CAUSED AND
ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY, OR TORT (INCLUDING NEGLIGENCE OR
OTHERWISE) ARISING IN ANY WAY OUT OF THE USE OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH
DAMAGE.
"""
NEITHER = """3. Neither the name of {name} nor the names of its contributors may be used to endorse or promote
   products derived from this software without specific prior written permission.
"""


def bsd(name: str = "the University", who: str = "REGENTS") -> str:
    return BSD_3.format(third=NEITHER.format(name=name), who=who)


def test_layout_and_the_names_of_holders_do_not_matter() -> None:
    assert of_text(MIT).spdx == "MIT"
    assert of_text(" ".join(MIT.split("\n\n", 2)[2].split())).spdx == "MIT"
    assert of_text(bsd()).spdx == "BSD-3-Clause"
    assert of_text(BSD_3.format(third="", who="COPYRIGHT HOLDERS")).spdx == "BSD-2-Clause"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "See the README.",
        MIT.replace("sublicense, and/or sell", "sublicense"),
        MIT + "\nFor research use only.\n",
        MIT + "\nExcept for the folder heads, which is not to be copied.\n",
        MIT + MIT,
        MIT + bsd(),
        MIT.replace("Invented Town", "Invented Town, for non-commercial use"),
        "Parts of this are under the MIT license:\n" + MIT,
        bsd(name="anybody, and only where no money is made with it by anybody at all, ever,"),
        bsd(name="us, unless for research only,"),
        "MIT\nApache-2.0\n",
        "CC BY 4.0, except the pictures",
        "Creative Commons",
    ],
)
def test_anything_else_is_unknown_and_says_why(text: str) -> None:
    found = of_text(text)
    assert found.spdx == UNKNOWN
    assert found.note


@pytest.mark.parametrize(
    ("text", "spdx"),
    [
        ("SPDX-License-Identifier: Apache-2.0\n", "Apache-2.0"),
        ("CC BY 4.0\n\nhttps://creativecommons.org/licenses/by/4.0/\n", "CC-BY-4.0"),
        ("CC0 1.0 Universal\n", "CC0-1.0"),
    ],
)
def test_a_file_that_only_names_its_licence_is_understood(text: str, spdx: str) -> None:
    assert of_text(text).spdx == spdx


def test_a_title_of_another_licence_over_a_text_is_refused(shared_data: Path) -> None:
    text = (shared_data / "LICENSES" / "CC-BY-4.0.txt").read_text(encoding="utf-8")
    assert of_text(text).spdx == "CC-BY-4.0"
    assert of_text(f"Attribution-NonCommercial 4.0 International\n\n{text}").spdx == UNKNOWN
    assert of_text(f"Attribution 3.0 Unported\n\n{text}").spdx == UNKNOWN


def test_real_licence_files_are_what_their_names_say_or_unknown(shared_data: Path) -> None:
    spelled = {"BSD-2": "BSD-2-Clause", "BSD-3": "BSD-3-Clause", "CC0": "CC0-1.0"}
    mixed = {"nibabel.MIT.txt", "pydicom.MIT.txt", "mni-templates.txt"}  # they say more than a licence
    for path in sorted((shared_data / "LICENSES").iterdir()):
        name = path.stem.partition(".")[2] if not path.stem.startswith("CC-BY-4") else path.stem
        expected = UNKNOWN if path.name in mixed else spelled.get(name, name)
        assert of_text(path.read_text(encoding="utf-8")).spdx == expected, path.name
