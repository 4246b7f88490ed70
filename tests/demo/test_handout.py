"""The handout of the demo folder is a sound PDF, made by code."""

from __future__ import annotations

import re

from grandrounds.demo.handout import HANDOUT, handout_pdf
from grandrounds.paths import demo_sources


def test_the_committed_file_is_what_the_code_makes() -> None:
    assert (demo_sources() / HANDOUT).read_bytes() == handout_pdf()


def test_every_offset_of_the_table_points_to_its_object() -> None:
    data = handout_pdf()
    start = int(re.search(rb"startxref\n(\d+)\n%%EOF\n$", data)[1])
    assert data[start:].startswith(b"xref\n0 6\n")
    offsets = [int(row) for row in re.findall(rb"(\d{10}) 00000 n \n", data[start:])]
    assert len(offsets) == 5
    for number, offset in enumerate(offsets, start=1):
        assert data[offset:].startswith(b"%d 0 obj\n" % number)


def test_the_stream_is_as_long_as_it_says() -> None:
    said, stream = re.search(
        rb"/Length (\d+) >>\nstream\n(.*?)\nendstream", handout_pdf(), re.DOTALL
    ).groups()
    assert len(stream) == int(said)
