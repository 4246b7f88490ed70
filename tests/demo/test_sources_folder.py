"""The demo folder holds what its list says, and every text of it is fit to be shown."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from lxml import etree

from grandrounds.demo.pictures import PICTURES
from grandrounds.paths import demo_sources
from grandrounds.text import contains_phrase

SOURCES = demo_sources()
EXPECTED: list[dict[str, Any]] = yaml.safe_load(
    (SOURCES.parent / "expected.yaml").read_text(encoding="utf-8")
)
BY_FILE = {entry["file"]: entry for entry in EXPECTED}
SOUND = [entry for entry in EXPECTED if "diagnosis" in entry and "refused" not in entry]
# Faulty on purpose: cut short, a bomb, no bytes.
NOT_XML = {"truncated.xml", "entity-bomb.xml", "empty.xml"}


def _text(name: str) -> str:
    data = (SOURCES / name).read_bytes()
    return data.decode("latin-1" if b'encoding="ISO-8859-1"' in data[:80] else "utf-8-sig")


def test_every_file_is_listed_once() -> None:
    found = {path.relative_to(SOURCES).as_posix() for path in SOURCES.rglob("*") if path.is_file()}
    in_reports = {name for name in PICTURES if name.startswith("case_reports/")}
    elsewhere = {
        name for name in found if name.startswith(("studies/", "textbooks/", "videos/"))
    }  # lists of their own
    assert found - in_reports - elsewhere == set(BY_FILE)
    assert len(BY_FILE) == len(EXPECTED)


def test_there_are_enough_sound_reports_and_enough_of_each_system() -> None:
    assert len(SOUND) >= 40
    systems = Counter(entry["body_system"] for entry in SOUND)
    assert sum(count >= 5 for count in systems.values()) >= 6
    assert sum(count == 1 for count in systems.values()) >= 3  # options from the terminology
    assert {entry["kind"] for entry in SOUND} == {"jats", "case_markdown", "case_text"}


def test_every_fault_has_a_reason_and_a_line_on_the_page() -> None:
    page = (SOURCES.parents[2] / "docs" / "demo.md").read_text(encoding="utf-8")
    for entry in EXPECTED:
        if entry["file"].startswith("case_reports/troubled/") or "refused" in entry:
            assert entry.get("why"), entry["file"]
            assert f"`{'/'.join(entry['file'].split('/')[-2:])}`" in page, entry["file"]


@pytest.mark.parametrize("entry", SOUND, ids=lambda entry: entry["file"])
def test_a_sound_report_names_its_diagnosis_and_its_file_does_not(entry: dict[str, Any]) -> None:
    text = re.sub(r"&#8211;|–", "-", re.sub(r"<[^>]+>", "", _text(entry["file"])))
    names = [entry["diagnosis"], *entry.get("also", [])]
    assert any(contains_phrase(text, name) for name in names)
    assert not any(contains_phrase(Path(entry["file"]).stem, name) for name in names)


@pytest.mark.parametrize("entry", SOUND, ids=lambda entry: entry["file"])
def test_a_sound_report_is_short_and_whole(entry: dict[str, Any]) -> None:
    words = len(re.sub(r"<[^>]+>", " ", _text(entry["file"])).split())
    assert 250 <= words <= 900


def test_all_identifiers_are_reserved_ones() -> None:
    dois: Counter[str] = Counter()
    for name in BY_FILE:
        if name.startswith("case_reports/"):
            dois.update(set(re.findall(r"\b10\.\d{4,}/[\w.]+\w", _text(name))))
    assert all(doi.startswith("10.5555/") for doi in dois)
    assert {doi: n for doi, n in dois.items() if n > 1} == {"10.5555/grdr.2021.0101": 2}  # the exact copy


def test_the_xml_is_well_formed_where_it_should_be() -> None:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    for path in SOURCES.rglob("*.xml"):
        if path.name in NOT_XML:
            with pytest.raises(etree.XMLSyntaxError):
                etree.parse(str(path), parser)
        else:
            etree.parse(str(path), parser)


def test_the_exact_copy_has_the_same_bytes_and_the_near_copy_has_not() -> None:
    reports = SOURCES / "case_reports"
    original = reports / "cardiovascular" / "postpartum-chest-pain.xml"
    assert (reports / "troubled" / "exact-copy.xml").read_bytes() == original.read_bytes()
    near = _text("case_reports/troubled/near-copy.xml").split()
    far = _text("case_reports/digestive/vomiting-after-weight-loss.xml").split()
    assert near != far
    assert len(set(near) & set(far)) / len(set(near) | set(far)) > 0.85


def test_line_ends_and_encodings_survived_the_checkout() -> None:
    reports = SOURCES / "case_reports"
    assert b"\r\n" in (reports / "respiratory" / "fainting-after-a-long-flight.md").read_bytes()
    assert b"\r\n" not in (reports / "respiratory" / "budgerigars.xml").read_bytes()
    assert (reports / "digestive" / "itching-for-two-years.xml").read_bytes().startswith(b"\xef\xbb\xbf")
    with pytest.raises(UnicodeDecodeError):
        (reports / "digestive" / "regurgitation-at-night.xml").read_bytes().decode("utf-8")


def test_named_pictures_are_there_but_for_the_two_that_are_missing_on_purpose() -> None:
    missing = set()
    for name in BY_FILE:
        if not name.endswith((".xml", ".md")):
            continue
        for graphic in re.findall(r'xlink:href="([^":/]+)"/>|\]\(([^):/]+\.png)\)', _text(name)):
            named = "".join(graphic)
            beside = (SOURCES / name).parent
            if not any((beside / candidate).exists() for candidate in (named, f"{named}.png")):
                missing.add((Path(name).name, named))
    assert missing == {
        ("furniture.xml", "furniture-missing"),
        ("missing-figure.md", "never-delivered.png"),
        ("exact-copy.xml", "ecg-anterior-leads.png"),
    }
