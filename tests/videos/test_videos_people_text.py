from __future__ import annotations

import shutil

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grandrounds.videos.people import PeopleFinder
from grandrounds.videos.people_names import ADDRESS, DATE, NAME, NUMBER, PATIENT, TITLE, telling
from grandrounds.videos.people_ocr import OcrError, RowReader
from grandrounds.videos.people_text import is_slide, text_rows
from grandrounds.videos.quality import grey_of
from tests.support.video_pictures import page_of_text, scanner_screen, texture

needs_tesseract = pytest.mark.skipif(
    shutil.which("tesseract") is None, reason="needs the program tesseract"
)


def screen_with(*lines, at=(30, 560)):
    screen, _ = scanner_screen(2)
    for place, line in enumerate(lines):
        where = (at[0], at[1] + 40 * place)
        cv2.putText(screen, line, where, cv2.FONT_HERSHEY_SIMPLEX, 0.8, (235, 235, 235), 2, cv2.LINE_AA)
    return screen


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("Name: Mustermann, Erika", PATIENT),
        ("PATIENT NAME: DOE^JANE", PATIENT),
        ("ID: 4711", PATIENT),
        ("MRN# 00481516", PATIENT),
        ("DOB: 12.03.1961", PATIENT),
        ("geb.: 12.03.61", PATIENT),
        ("Sex: F", PATIENT),
        ("Dr. Erika Mustermann", TITLE),
        ("Prof Dr med Mustermann", TITLE),
        ("with Mrs Doe", TITLE),
        ("Jane Doe, PhD", TITLE),
        ("Jane Doe, MD", TITLE),
        ("Jane Doe", NAME),
        ("JANE DOE", NAME),
        ("Mustermann Erika", NAME),
        ("Mustermann, Erika", NAME),
        ("DOE^JANE", NAME),
        ("00481516", NUMBER),
        ("Exam A1234567", NUMBER),
        ("12/03/1961", DATE),
        ("2024-05-17 14:03", DATE),
        ("17 May 2024", DATE),
        ("May 17, 2024", DATE),
        ("jane@example.org", ADDRESS),
        ("+49 30 1234567", ADDRESS),
    ],
)
def test_lines_that_tell_who_somebody_is(line, kind):
    assert kind in telling([line])


@pytest.mark.parametrize(
    "line",
    [
        "",
        "MI 1.1 TIs 0.4",
        "FR 25 Hz  Depth 12 cm",
        "Gain 60 dB  DR 120",
        "Left Ventricle",
        "LIVER RIGHT LOBE",
        "Step 1: Stand on one leg",
        "Treatment Options",
        "Knee Flexion Exercise",
        "Repeat 10 times",
        "0:12",
        "14:32:07",
        "12.5 mm x 8.0 mm",
        "Lung Ultrasound",
        "A-lines",
        "The patient stands on one leg",
        "Sagittal, Axial",
        "3.14159265",
        "C5-60",
    ],
)
def test_lines_that_tell_nothing_of_people(line):
    assert telling([line]) == ()


@given(st.text(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_text_can_be_judged(line):
    kinds = telling([line])
    assert kinds == telling([line, ""])
    assert set(kinds) <= set(telling([line, "Name: Doe"]))


def test_hostile_lines_are_judged_quickly():
    for line in (
        "A" * 100_000,
        "Aa, " * 50_000,
        "1-" * 100_000,
        "Dr. " * 50_000,
        " ".join(["Jan"] * 50_000),
    ):
        telling([line])


def test_rows_of_text_are_found_where_they_stand():
    rows = text_rows(grey_of(screen_with("Name: Doe, Jane", "DOB 12.03.1961")))
    for y in (560, 600):
        own = [row for row in rows if row[1] - 4 <= y - 10 <= row[3] + 4 and row[0] < 60]
        assert len(own) == 1, "one row, not pieces"
        assert 150 < own[0][2] - own[0][0] < 330


@pytest.mark.parametrize("seed", range(4))
def test_textures_are_no_text(seed):
    assert text_rows(grey_of(texture(seed, height=720, width=1280))) == ()


def test_a_page_of_text_is_a_slide_and_a_scanner_is_not():
    page = grey_of(page_of_text())
    assert is_slide(page, text_rows(page))
    screen = grey_of(screen_with("Name: Doe, Jane", "DOB 12.03.1961", "Lung", "Right side"))
    assert not is_slide(screen, text_rows(screen))


def test_a_figure_beside_its_words_is_no_slide():
    page = page_of_text(rows=6)
    page[420:700, 300:1240] = texture(3, height=280, width=940)
    grey = grey_of(page)
    assert not is_slide(grey, text_rows(grey))


def test_odd_sizes_have_no_text():
    for shape in ((1, 1), (5, 900), (900, 5), (40, 40)):
        assert text_rows(np.full(shape, 128, np.uint8)) == ()


@needs_tesseract
def test_words_are_read_and_a_name_is_told_without_its_words():
    finder = PeopleFinder(faces=None)
    grey = grey_of(screen_with("Name: Doe, Jane", "DOB 12.03.1961"))
    reading = finder.names(grey, text_rows(grey))
    assert PATIENT in reading.telling
    assert reading.words == ()
    plain = grey_of(screen_with("Liver right lobe"))
    reading = finder.names(plain, text_rows(plain))
    assert reading.telling == ()
    assert {"Liver", "right", "lobe"} <= set(reading.words)
    assert finder.notes[-1].startswith("Faces were not looked for")


@needs_tesseract
def test_an_overlay_that_stays_is_read_once(monkeypatch):
    import grandrounds.videos.people_ocr as ocr

    calls = []
    real = ocr._run
    monkeypatch.setattr(ocr, "_run", lambda *given: calls.append(1) or real(*given))
    reader = RowReader(str(shutil.which("tesseract")))
    grey = grey_of(screen_with("Liver right lobe"))
    rows = text_rows(grey)
    first = reader.read(grey, rows)
    again = np.clip(grey.astype(int) + 2, 0, 255).astype(np.uint8)
    assert reader.read(again, rows) == first
    assert len(calls) == 1


def test_a_reader_that_fails_says_so_and_text_counts_as_unread(tmp_path):
    program = tmp_path / "tesseract"
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o755)
    grey = grey_of(screen_with("Name: Doe, Jane"))
    with pytest.raises(OcrError, match="3"):
        RowReader(str(program)).read(grey, text_rows(grey))
    finder = PeopleFinder(faces=None, rows=RowReader(str(program)))
    assert "ended with 3" in finder.names(grey, text_rows(grey)).unread
    assert any("not read" in note for note in finder.notes)


def test_without_tesseract_text_counts_as_unread():
    finder = PeopleFinder(faces=None, rows=None)
    grey = grey_of(screen_with("Name: Doe, Jane"))
    reading = finder.names(grey, text_rows(grey))
    assert "tesseract-ocr" in reading.unread
    assert not finder.names(grey_of(texture(1)), ()).unread
