"""``croissant.json`` is valid Croissant 1.1 and describes the files that are there."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import pytest

from grandrounds.release.croissant import licence_address
from grandrounds.release.published import read_items
from tests.support.releases import publish

mlc = pytest.importorskip("mlcroissant")
# It imports absl, whose log handler closes the stream it was born with when logging is set up again:
# here that is the file in which pytest catches what tests print.
importlib.import_module("absl.logging").get_absl_handler().python_handler.setStream(sys.__stderr__)


@pytest.fixture(scope="module")
def published(tmp_path_factory) -> Path:
    return publish(tmp_path_factory.mktemp("releases"), 6, reviewed=True).path


def test_an_independent_reader_finds_no_fault(published):
    issues = mlc.Dataset(str(published / "croissant.json")).metadata.ctx.issues
    assert list(issues.errors) == []
    assert list(issues.warnings) == []


def test_a_preview_lacks_only_the_day_of_publication(tmp_path):
    path = publish(tmp_path).path
    issues = mlc.Dataset(str(path / "croissant.json")).metadata.ctx.issues
    assert list(issues.errors) == []
    (warning,) = issues.warnings
    assert "datePublished" in str(warning)
    assert (
        "PREVIEW: not clinician-reviewed."
        in json.loads((path / "croissant.json").read_text())["description"]
    )


@pytest.mark.parametrize("task", ["diagnosis_mcq", "diagnosis_open"])
def test_records_can_be_read_by_it(published, task):
    rows = list(mlc.Dataset(str(published / "croissant.json")).records(task))
    wanted = {item.item_id: item for item in read_items(published) if item.task == task}
    assert {row[f"{task}/item_id"].decode() for row in rows} == set(wanted)
    for row in rows:
        item = wanted[row[f"{task}/item_id"].decode()]
        assert row[f"{task}/stem"].decode() == item.stem
        assert [each.decode() for each in row[f"{task}/options"] or ()] == list(item.options)
        quotes = [each[f"{task}/evidence/quote"].decode() for each in row[f"{task}/evidence"]]
        assert quotes == [part.quote for part in item.evidence]
        assert [picture.size for picture in row[f"{task}/images"]] == [(48, 32)] * len(item.media)


def test_hashes_are_those_of_the_manifest(published):
    listed = {
        file["path"]: file["sha256"]
        for file in json.loads((published / "manifest.json").read_text())["files"]
    }
    card = json.loads((published / "croissant.json").read_text())
    objects = [each for each in card["distribution"] if each["@type"] == "cr:FileObject"]
    assert len(objects) == 6
    assert all(listed[each["@id"]] == each["sha256"] for each in objects)
    assert {key for key in card if key.startswith("rai:")} >= {
        "rai:dataBiases", "rai:dataLimitations", "rai:personalSensitiveInformation", "rai:dataUseCases",
        "rai:machineAnnotationTools", "rai:dataReleaseMaintenancePlan",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("licence", "address"),
    [
        ("CC-BY-4.0", "https://creativecommons.org/licenses/by/4.0/"),
        ("CC-BY-NC-SA-3.0-IGO", "https://creativecommons.org/licenses/by-nc-sa/3.0/igo/"),
        ("CC0-1.0", "https://creativecommons.org/publicdomain/zero/1.0/"),
        ("Apache-2.0", "https://spdx.org/licenses/Apache-2.0.html"),
        ("LicenseRef-CC-BY", "LicenseRef-CC-BY"),
    ],
)
def test_licences_have_addresses(licence, address):
    assert licence_address(licence) == address
