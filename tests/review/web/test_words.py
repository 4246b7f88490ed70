"""The interface's words are whole in every language, none is unused, and nothing in them runs."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from grandrounds.recipe import TASKS_OF
from grandrounds.review.criteria import CRITERIA
from grandrounds.review.web.context import HERE
from grandrounds.review.web.views.faults import KEYS
from grandrounds.review.web.views.typed import REASONS
from grandrounds.review.web.words import LANGUAGES, Words, files, language_of, texts

_SOURCES = [
    *HERE.rglob("*.py"), *HERE.glob("templates/**/*.html"), *HERE.glob("static/js/*.js"),
    *HERE.parent.glob("people/*.py"),
]  # fmt: skip
_CODE = "\n".join(path.read_text(encoding="utf-8") for path in _SOURCES)
_LATIN_ONLY = {"page.name"}


def test_every_language_has_the_same_keys() -> None:
    for language in LANGUAGES:
        assert set(texts(language)) == set(texts("en")), language


def test_no_key_stands_in_two_files_and_none_is_empty() -> None:
    for language in LANGUAGES:
        loaded = [json.loads(path.read_text(encoding="utf-8")) for path in files(language)]
        counted = Counter(key for room in loaded for key in room)
        assert [key for key, number in counted.items() if number > 1] == []
        assert [key for room in loaded for key, text in room.items() if not text.strip()] == []


def test_what_is_filled_in_is_the_same_in_every_language() -> None:
    for key, text in texts("en").items():
        for language in LANGUAGES:
            assert _names(texts(language)[key]) == _names(text), (language, key)


def test_every_key_that_is_asked_for_is_there() -> None:
    asked = set(re.findall(r"""\bt\(["']([a-z_.0-9A-Z]+)["'][,)]""", _CODE))
    asked |= {f"js.{key}" for key in re.findall(r"""\bsay\(["']([a-z_]+)["'][,)]""", _CODE)}
    assert sorted(asked - set(texts("en"))) == []


def test_no_key_is_left_over() -> None:
    ways = set(re.findall(r"""["']([a-z_][\w.]*)["'] ~""", _CODE))
    ways |= set(re.findall(r"""f["']([a-z_][\w.]*)\{""", _CODE))
    ways |= set(re.findall(r"""begin\(["']([\w.]+)["']\)""", _CODE)) - {"js."}
    ways |= {f"js.{start}" for start in re.findall(r"say\(`([a-z_]+)\$\{", _CODE)}
    said = {f"js.{key}" for key in re.findall(r"""say\([^)]*?["']([a-z_]+)["']""", _CODE)}
    said |= {f"js.{key}" for key in re.findall(r"""(?:stop|say)\((?:[^()]*\? )?["']([a-z_]+)["']""", _CODE)}
    said |= {f"js.{key}" for key in re.findall(r""": ["']([a-z_]+)["']\)""", _CODE)}
    left = [
        key
        for key in texts("en")
        if key not in said
        and f'"{key}"' not in _CODE
        and f"'{key}'" not in _CODE
        and not any(key.startswith(way) for way in ways)
    ]
    assert left == []


def test_words_for_what_the_rules_name_are_there() -> None:
    known = texts("en")
    assert [reason for reason in REASONS if f"reason.{reason.replace(' ', '_')}" not in known] == []
    assert [name for name in CRITERIA if f"criterion.{name}" not in known] == []
    assert [key for key in KEYS if key not in known] == []
    read = {task for kind in ("cases", "figures", "volumes", "clips") for task in TASKS_OF.get(kind, ())}
    # Tasks that are newer than the page are shown by their names; those of the first four kinds have words.
    assert sum(f"task.{task}" not in known for task in read) <= len(read) // 3


def test_chinese_is_chinese() -> None:
    for key, text in texts("zh").items():
        plain = re.sub(r"\{\w+\}|MB", "", texts("en")[key])
        if key in _LATIN_ONLY or not re.search(r"[a-z]{4}", plain):
            continue
        assert re.search(r"[\u4e00-\u9fff]", text), key
        assert not re.search(r"[\u4e00-\u9fff][,;:?!]|[\u4e00-\u9fff]\.(?:\s|$)", text), (key, text)


def test_what_is_filled_in_is_not_searched_for_names() -> None:
    said = Words("en")("fault.many_reasons", found="{most}", most="7")
    assert said == "There are {most} reasons; the limit is 7."


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("de-DE,zh;q=0.5", "zh"),
        ("fr", "en"),
        ("", "en"),
        (",,;q=x", "en"),
        ("ZH-hant", "zh"),
    ],
)
def test_the_browser_says_which_language(header: str, language: str) -> None:
    assert language_of("", header=header) == language


def test_the_account_says_it_louder() -> None:
    assert language_of("en", header="zh") == "en"
    assert language_of("xx", header="zh") == "zh"


def test_an_unknown_language_is_english_and_an_unknown_key_an_error() -> None:
    assert Words("xx").language == "en"
    with pytest.raises(KeyError):
        Words("zh")("no.such.key")


def _names(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))
