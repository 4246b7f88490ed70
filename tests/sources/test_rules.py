"""``sources.yaml``."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from grandrounds.errors import SourceError
from grandrounds.sources.rules import Said, load_rules, matches


def rules(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "sources.yaml"
    path.write_text(text)
    return path


def test_the_last_entry_wins_key_by_key(tmp_path: Path) -> None:
    loaded = load_rules(
        rules(
            tmp_path,
            """
files:
  - path: "cases/**"
    licence: CC BY 4.0
    published: 2024-05-01
    protected: true
  - path: [cases/a.xml, cases/b.xml]
    licence: CC0-1.0
    group: patient-7
""",
        )
    )
    assert loaded.about("cases/a.xml") == Said(
        licence="CC0-1.0", published=date(2024, 5, 1), protected=True, group="patient-7"
    )
    assert loaded.about("cases/deep/c.xml") == Said(
        licence="CC-BY-4.0", published=date(2024, 5, 1), protected=True
    )
    assert loaded.about("other.xml") == Said()
    assert loaded.idle(["cases/a.xml"]) == ("cases/b.xml",)


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("a.xml", "a.xml", True),
        ("a.xml", "b/a.xml", False),
        ("*.xml", "a.xml", True),
        ("*.xml", "b/a.xml", False),
        ("**/*.xml", "a.xml", True),
        ("**/*.xml", "b/c/a.xml", True),
        ("b/**", "b/c/a.xml", True),
        ("b", "b/c/a.xml", True),
        ("b/", "b/c/a.xml", True),
        ("b", "bc/a.xml", False),
        ("a?.xml", "ab.xml", True),
        ("[a].xml", "[a].xml", True),
        ("./a.xml", "a.xml", True),
    ],
)
def test_patterns(pattern: str, name: str, fits: bool) -> None:
    assert matches(pattern, name) is fits


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("files:\n  - path: a\n    license: MIT\n", "'files.0.license' is no known key"),
        ("file: []\n", "'file' is no known key"),
        ("files:\n  - licence: MIT\n", "files.0.path"),
        ("files:\n  - path: ../a\n", "inside the source folder"),
        ("files:\n  - path: /etc\n", "inside the source folder"),
        ("files:\n  - path: a\n    licence: open access\n", "is no licence"),
        ("files:\n  - path: a\n    published: soon\n", "files.0.published"),
        ("files:\n  - path: a\n    language: Klingon!\n", "language tag"),
        ("files: [\n", "not valid YAML"),
        ("a: &a [1]\nfiles: *a\n", "aliases"),
        ("- a\n", "sources.yaml"),
    ],
)
def test_what_is_wrong_is_named_with_its_file_and_key(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(SourceError) as caught:
        load_rules(rules(tmp_path, text))
    assert reason in str(caught.value)
    assert "sources.yaml" in str(caught.value)
    assert caught.value.remedy


def test_none_and_empty_give_no_rules(tmp_path: Path) -> None:
    assert load_rules(None).about("a") == Said()
    assert load_rules(rules(tmp_path, "")).about("a") == Said()
