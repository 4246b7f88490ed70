"""Licences as SPDX ids, from what publishers really print."""

from __future__ import annotations

import pytest

from grandrounds.sources.licences import from_name, read_licence

HINDAWI = (
    "This is an open access article distributed under the Creative Commons Attribution License, which permits "
    "unrestricted use, distribution, and reproduction in any medium, provided the original work is properly cited."
)


@pytest.mark.parametrize(
    ("spdx", "words"),
    [
        ("LicenseRef-CC-BY", HINDAWI),
        (
            "LicenseRef-CC-BY",
            "under the terms of the Creative Commons Attribution License (CC BY). The use is permitted",
        ),
        ("CC-BY-4.0", "the Creative Commons Attribution 4.0 International License, which permits use"),
        (
            "CC-BY-4.0",
            "the Creative Commons Attribution (CC BY) license (http://creativecommons.org/licenses/by/4.0/).",
        ),
        (
            "CC-BY-NC-ND-4.0",
            "under the CC BY-NC-ND license (http://creativecommons.org/licenses/by-nc-nd/4.0/).",
        ),
        (
            "CC-BY-NC-3.0",
            "licensed under Creative Commons Attribution – Non Commercial (unported, v3.0) License.",
        ),
        (
            "CC-BY-NC-SA-3.0",
            "the Creative Commons Attribution-NonCommercial-ShareAlike 3.0 License, which allows others",
        ),
        (
            "LicenseRef-CC-BY-NC-ND",
            "the Creative Commons Attribution-NonCommercial-NoDerivs License, which permits use",
        ),
        (
            "CC-BY-NC-4.0",
            "the Creative Commons Attribution Non Commercial (CC BY-NC 4.0) license, which permits others",
        ),
        (
            "LicenseRef-CC-BY-NC",
            "Creative Commons Attribution License, which permits unrestricted non-commercial use",
        ),
        (
            "LicenseRef-CC-BY",
            "Creative Commons Attribution License, which permits commercial and non-commercial use",
        ),
        (
            "CC0-1.0",
            "free of all copyright, made available under the Creative Commons CC0 public domain dedication.",
        ),
        (
            "LicenseRef-public-domain",
            "the Creative Commons Public Domain declaration which stipulates that, once placed",
        ),
        (
            "LicenseRef-public-domain",
            "a work of the U.S. Government and is not subject to copyright protection",
        ),
        ("unknown", "This is an open access article."),
        ("unknown", "Copyright 2011 Roe. All rights reserved."),
        (
            "unknown",
            "verbatim copying and redistribution of this article are permitted in all media for any purpose",
        ),
        ("unknown", "see the Creative Commons website"),
        ("unknown", ""),
    ],
)
def test_words(spdx: str, words: str) -> None:
    read = read_licence(words=words)
    assert read.spdx == spdx
    assert bool(read.evidence) == bool(words)


@pytest.mark.parametrize(
    ("spdx", "link"),
    [
        ("CC-BY-4.0", "https://creativecommons.org/licenses/by/4.0/"),
        ("CC-BY-2.0", "HTTP://CreativeCommons.org/Licenses/BY/2.0"),
        ("CC-BY-NC-ND-4.0", "https://creativecommons.org/licenses/by-nc-nd/4.0/deed.en"),
        ("CC-BY-3.0-IGO", "https://creativecommons.org/licenses/by/3.0/igo/legalcode"),
        ("CC-BY-NC-SA-3.0", "http://creativecommons.org/licenses/by-nc-sa/3.0/us/"),
        ("LicenseRef-CC-BY", "http://creativecommons.org/licenses/by"),
        ("LicenseRef-CC-BY", "http://creativecommons.org/licenses/by/5.0/"),
        ("CC0-1.0", "https://creativecommons.org/publicdomain/zero/1.0/"),
        ("unknown", "https://example.org/licence"),
    ],
)
def test_links(spdx: str, link: str) -> None:
    assert read_licence(links=[link]).spdx == spdx


def test_a_waiver_for_the_data_does_not_free_the_article() -> None:
    words = (
        "under the Creative Commons Attribution 4.0 International License (http://creativecommons.org/licenses/by/4.0/). "
        "The Creative Commons Public Domain Dedication waiver (http://creativecommons.org/publicdomain/zero/1.0/) applies "
        "to the data made available in this article."
    )
    assert read_licence(words=words).spdx == "CC-BY-4.0"
    assert read_licence(words=words.split(". ", 1)[1]).spdx == "unknown"


def test_the_version_may_stand_in_the_words_only() -> None:
    read = read_licence(
        links=["http://creativecommons.org/licenses/by/"], words="Creative Commons Attribution 4.0"
    )
    assert read.spdx == "CC-BY-4.0"


def test_where_link_and_words_disagree_the_stricter_wins_and_is_told() -> None:
    read = read_licence(
        links=["http://creativecommons.org/licenses/by/4.0/"],
        words="Creative Commons Attribution-NonCommercial License",
    )
    assert read.spdx == "CC-BY-NC-4.0"
    assert "stricter" in read.note
    read = read_licence(links=["http://creativecommons.org/licenses/by-nc/4.0/"], words=HINDAWI)
    assert read.spdx == "CC-BY-NC-4.0"
    assert read.note


@pytest.mark.parametrize(
    ("name", "spdx"),
    [
        ("CC-BY-4.0", "CC-BY-4.0"),
        ("cc-by-nc-nd 3.0", "CC-BY-NC-ND-3.0"),
        ("CC BY", "LicenseRef-CC-BY"),
        ("LicenseRef-CC-BY", "LicenseRef-CC-BY"),
        ("CC-BY-3.0-US", "CC-BY-3.0-US"),
        ("CC0", "CC0-1.0"),
        ("MIT", "MIT"),
        ("https://creativecommons.org/licenses/by-sa/4.0/", "CC-BY-SA-4.0"),
        ("public domain", "LicenseRef-public-domain"),
        ("open access", "unknown"),
        ("all rights reserved", "unknown"),
        ("unknown", "unknown"),
    ],
)
def test_names_that_people_write(name: str, spdx: str) -> None:
    assert from_name(name).spdx == spdx
