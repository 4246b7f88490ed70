"""Licences as feeds state them; the stricter of record and text; nothing taken that nobody allows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grandrounds.harvest.licensing import by_record, by_text, resolve, stricter
from grandrounds.harvest.settings import FeedSettings
from grandrounds.licences import allowed


def settings(**more):
    return FeedSettings(kind="x", **more)


@pytest.mark.parametrize(("stated", "spdx"), [
    ("cc by", "LicenseRef-CC-BY"), ("CC BY-NC", "LicenseRef-CC-BY-NC"), ("cc by-nc-nd", "LicenseRef-CC-BY-NC-ND"),
    ("cc0", "CC0-1.0"), ("CC-BY-4.0", "CC-BY-4.0"), ("https://creativecommons.org/licenses/by/4.0/", "CC-BY-4.0"),
    ("http://creativecommons.org/licenses/by-nc/3.0/igo/", "CC-BY-NC-3.0"), ("", ""), ("  ", ""),
    ("This is an open access article under the Creative Commons Attribution License 4.0.", "CC-BY-4.0"),
    ("All rights reserved", "unknown"), ("open access", "unknown"), ("free", "unknown"), ("bronze", "unknown"),
    ("Apache-2.0", "Apache-2.0"),
])  # fmt: skip
def test_what_is_stated_is_resolved(stated, spdx):
    assert resolve(stated) == spdx


def test_what_nobody_states_is_refused_unless_told():
    assert not by_record("", settings()).admitted
    assert by_record("", settings(unlicensed="read")).admitted
    assert by_record("", settings(licence="CC-BY-4.0")).licence == "CC-BY-4.0"
    assert not by_record("all rights reserved", settings(licence="CC-BY-4.0", unlicensed="read")).admitted


def test_the_stricter_of_record_and_text_counts():
    ruling = by_text("LicenseRef-CC-BY", spdx="CC-BY-NC-4.0", evidence="CC BY-NC 4.0", settings=settings())
    assert (ruling.licence, ruling.admitted) == ("CC-BY-NC-4.0", False)
    ruling = by_text(
        "CC-BY-NC-4.0", spdx="CC-BY-4.0", evidence="CC BY", settings=settings(profile="non_commercial")
    )
    assert (ruling.licence, ruling.admitted) == ("CC-BY-NC-4.0", True)
    ruling = by_text("LicenseRef-CC-BY", spdx="CC-BY-4.0", evidence="CC BY 4.0", settings=settings())
    assert (ruling.licence, ruling.admitted) == ("CC-BY-4.0", True)


def test_a_text_that_says_nothing_leaves_the_record_and_one_that_reserves_all_does_not():
    assert by_text(
        "CC-BY-4.0", spdx="unknown", evidence="Copyright 2026 A. Author", settings=settings()
    ).admitted
    assert not by_text(
        "CC-BY-4.0", spdx="unknown", evidence="All rights reserved.", settings=settings()
    ).admitted
    assert not by_text(
        "unknown", spdx="unknown", evidence="", settings=settings(unlicensed="read")
    ).admitted


LICENCES = st.sampled_from(
    [
        "CC-BY-4.0",
        "LicenseRef-CC-BY",
        "CC0-1.0",
        "CC-BY-SA-4.0",
        "CC-BY-NC-4.0",
        "CC-BY-ND-4.0",
        "unknown",
        "MIT",
    ]
)


@given(LICENCES, LICENCES, st.sampled_from(["open", "non_commercial", "private"]))
def test_the_stricter_is_allowed_only_where_both_are(one, other, profile):
    both = allowed(one, profile=profile) and allowed(other, profile=profile)
    assert allowed(stricter(one, other), profile=profile) == both
    assert stricter(one, other) in (one, other)
