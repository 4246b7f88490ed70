"""A figure that was taken from elsewhere is not under the book's licence."""

from __future__ import annotations

import pytest

from grandrounds.sources.figure_rights import figure_rights


@pytest.mark.parametrize(
    "caption",
    [
        "The foot. Reproduced with permission from Nobody et al.",
        "The foot. Reproduced, with kind permission of the publisher, from [12].",
        "The foot (reprinted from Nobody 1999).",
        "The foot. © 2012 Elsevier.",
        "The foot. (c) 2001 A. Nobody",
        "The foot. Copyright Fictional Press.",
        "The foot. Courtesy of A. Nobody, MD.",
        "The foot. Used by permission of the Fictional Museum.",
        "The foot (credit: modification of work by Nobody).",
        "The foot. Image credit: Nobody",
        "Source: Wikimedia Commons.",
        "Micrograph provided by the Regents of Fictional University.",
        "Adapted with permission from Fictional Press; reproduced from [3].",
    ],
)
def test_what_was_taken_is_of_unknown_licence_and_says_so(caption: str) -> None:
    rights = figure_rights(caption, licence="CC-BY-4.0")
    assert rights.licence == "unknown"
    assert "taken from elsewhere" in rights.notes[0]


@pytest.mark.parametrize(
    "caption",
    [
        "The foot of a woman of 40.",
        "The foot, shown with the permission of the patient.",
        "Photograph published with written permission from the patient's parents.",
        "The image was taken from behind.",
        "The picture was obtained by angiography.",
        "The right foot.",
        "A sample taken from the heel.",
        "(c) The third toe.",
    ],
)
def test_what_is_the_authors_own_keeps_the_licence(caption: str) -> None:
    assert figure_rights(caption, licence="CC-BY-4.0").licence == "CC-BY-4.0"


def test_an_adapted_figure_keeps_the_licence_with_a_note() -> None:
    rights = figure_rights("The foot, adapted from [12].", licence="CC-BY-4.0")
    assert rights.licence == "CC-BY-4.0" and "adapted" in rights.notes[0]


def test_a_licence_that_the_caption_names_is_the_figures_own() -> None:
    rights = figure_rights("The foot. © Nobody, CC BY-SA 3.0.", licence="CC-BY-4.0")
    assert rights.licence == "CC-BY-SA-3.0" and "own licence" in rights.notes[0]
