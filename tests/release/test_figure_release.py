"""Releases of figures: what they hold, that they verify, and that no forgery does."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from grandrounds.errors import ReleaseError
from grandrounds.figures.scores import pair_sha256
from grandrounds.records.alignment_score import AlignmentScore
from grandrounds.release.manifest import read_manifest
from grandrounds.release.published import read_items
from grandrounds.release.verify import verify
from tests.support.figure_forgeries import FORGERIES
from tests.support.figure_release import publish_figures, request_of
from tests.support.figures import Library, make_library
from tests.support.releases import files_of, writable


@pytest.fixture(scope="module")
def library() -> Library:
    return make_library(2, each=3)


@pytest.fixture(scope="module")
def sound(library: Library, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from unittest.mock import patch

    from grandrounds.release.plots import Plot
    from tests.support.factories import picture

    plots = tuple(Plot(name=f"{name}.png", alt=name, png=picture(7)) for name in ("splits", "funnel"))
    with patch("grandrounds.release.folder.draw_plots", lambda *args, **more: plots):
        path = publish_figures(tmp_path_factory.mktemp("figures"), library).path
    writable(path)
    return path


@pytest.fixture
def copy(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "copy"))


def scores_of(library: Library, verdicts: str) -> list[AlignmentScore]:
    words = {"r": "right", "w": "wrong", "u": "unsure"}
    return [
        AlignmentScore(
            score_id=f"score-{number}",
            recipe=library.recipe.name,
            position=number,
            evidence_id=row.evidence_id,
            source_id=row.source_id,
            pair_sha256=pair_sha256(row),
            verdict=words[verdict],
            scorer="reviewer-a",
            sample="n50-seed0",
            origin=row.origin,
            alignment=row.alignment,
        )
        for number, (row, verdict) in enumerate(zip(library.taken, verdicts, strict=False), start=1)
    ]


def test_a_release_verifies_and_holds_what_its_items_rest_on(sound: Path, library: Library) -> None:
    report = verify(sound)
    assert report.problems == ()
    assert report.remarks == ()
    counts = read_manifest(sound).counts
    assert counts.figures is not None
    items = read_items(sound)
    assert counts.figures.figures == len({item.evidence_id for item in items}) == len(library.taken)
    assert counts.figures.by_alignment == {"0.9": len(library.taken)}
    assert counts.figures.by_licence == {"CC-BY-4.0": len(library.taken)}
    assert counts.rejections["evidence"] == {"no_caption": 2, "no_picture": 2}
    assert counts.cases == 0
    assert {item.task for item in items} >= {
        "figure_modality_mcq",
        "figure_anatomy_mcq",
        "figure_panel_mcq",
        "figure_description_open",
    }


def test_every_item_names_page_and_box_and_shows_no_caption(sound: Path) -> None:
    for item in read_items(sound):
        (media,) = item.media
        assert media.locator is not None
        assert media.locator.kind == "page_box"
        assert media.locator.page and len(media.locator.box) == 4
        assert (media.caption, media.label, media.name) == ("", "", "figure")


def test_the_datasheet_tells_what_is_not_measured_and_what_needs_no_picture(sound: Path) -> None:
    told = (sound / "README.md").read_text("utf-8")
    assert "## The figures" in told
    assert "2 pictures without a caption, 2 captions without a picture" in told
    assert "the error of the pairing is not measured" in told
    assert "a small model that sees question and options only" in told
    assert "page and box" in told


def test_the_measured_error_stands_in_the_datasheet(library: Library, tmp_path: Path) -> None:
    scores = scores_of(library, "rrrrwu")
    stale = replace(scores[0], score_id="score-stale", pair_sha256="0" * 64)
    path = publish_figures(tmp_path, library, scores=[*scores, stale]).path
    assert verify(path).problems == ()
    told = (path / "README.md").read_text("utf-8")
    assert "in 1 of 5 pairs the caption is not that of the picture, an error of 20.0%" in told
    assert "95% Wilson interval 3.6% to 62.4%" in told
    counts = read_manifest(path).counts.figures
    assert counts is not None
    assert (counts.scores.right, counts.scores.wrong, counts.scores.unsure) == (4, 1, 1)


def test_the_same_library_gives_the_same_bytes(sound: Path, library: Library, tmp_path: Path) -> None:
    from unittest.mock import patch

    from grandrounds.release.plots import Plot
    from tests.support.factories import picture

    plots = tuple(Plot(name=f"{name}.png", alt=name, png=picture(7)) for name in ("splits", "funnel"))
    turned = replace(library, figures=library.figures[::-1], revisions=library.revisions[::-1])
    with patch("grandrounds.release.folder.draw_plots", lambda *args, **more: plots):
        again = publish_figures(tmp_path, turned).path
    assert files_of(again) == files_of(sound)


@pytest.mark.parametrize("forge", FORGERIES, ids=lambda forge: forge.__name__)
def test_a_forgery_does_not_verify(copy: Path, forge: Callable[[Path], None]) -> None:
    forge(copy)
    said = [problem.what for problem in verify(copy).problems]
    assert any(FORGERIES[forge] in what for what in said), said[:8]


def test_pictures_that_look_the_same_may_not_stand_in_two_splits(library: Library, tmp_path: Path) -> None:
    request = request_of(library)
    one = next(item for item in request.items if item.split == "train")
    other = "dev" if one.split == "train" else "train"
    torn = [replace(item, split=other) if item is one else item for item in request.items]
    from grandrounds.release.writer import write_release

    with pytest.raises(ReleaseError, match="is in several splits"):
        write_release(replace(request, items=torn), root=tmp_path)


def test_a_figure_that_may_not_be_shown_ends_the_publication(library: Library, tmp_path: Path) -> None:
    from grandrounds.release.writer import write_release

    request = request_of(library)
    bad = replace(library.taken[0], protected=True)
    evidence = replace(
        request.evidence,
        figures=[bad if row.evidence_id == bad.evidence_id else row for row in library.figures],
    )
    with pytest.raises(ReleaseError, match="is protected"):
        write_release(replace(request, evidence=evidence), root=tmp_path)


def test_croissant_lists_the_tables_of_figures(sound: Path) -> None:
    import json

    card = json.loads((sound / "croissant.json").read_text("utf-8"))
    names = {entry["@id"] for entry in card["distribution"]}
    assert {"evidence/figures.parquet", "evidence/alignment_scores.parquet"} <= names
