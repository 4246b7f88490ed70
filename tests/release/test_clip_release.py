"""Releases of clips: what they hold and leave out, that they verify, and that no forgery does."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from grandrounds.errors import ReleaseError
from grandrounds.records.envelope import OK, Draft, Revision
from grandrounds.release.evidence import ClipEvidence
from grandrounds.release.manifest import read_manifest
from grandrounds.release.published import read_items
from grandrounds.release.verify import verify
from grandrounds.release.writer import write_release
from tests.support.clip_forgeries import FORGERIES, ROW_FORGERIES, forge_row, put_pixels_back
from tests.support.clip_release import (
    NOT_OPEN,
    Shot,
    Theatre,
    make_recipe,
    make_theatre,
    publish_clips,
    request_of,
)
from tests.support.releases import files_of, seal_again, writable
from tests.support.volume_forgery import change_rows, rows_of
from tests.support.votes import cast

ORDER, FRAME, NEXT = "clip_order_mcq", "clip_frame_mcq", "clip_next_mcq"


@pytest.fixture(scope="module")
def theatre() -> Theatre:
    return make_theatre(Shot(seed=1), Shot(seed=2), Shot(seed=3))


@pytest.fixture(scope="module")
def closed() -> Theatre:
    """Of one of three videos the licence does not allow to show anything."""
    recipe = make_recipe(evidence={"index_only": True})
    return make_theatre(Shot(seed=1), Shot(seed=2, licence=NOT_OPEN), Shot(seed=3), recipe=recipe)


def published(folder: Path, made: Theatre) -> Path:
    from unittest.mock import patch

    from grandrounds.release.plots import Plot
    from tests.support.factories import picture

    plots = tuple(Plot(name=f"{name}.png", alt=name, png=picture(7)) for name in ("splits", "funnel"))
    with patch("grandrounds.release.folder.draw_plots", lambda *args, **more: plots):
        path = publish_clips(folder, made).path
    writable(path)
    return path


@pytest.fixture(scope="module")
def sound(theatre: Theatre, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return published(tmp_path_factory.mktemp("clips"), theatre)


@pytest.fixture(scope="module")
def named(closed: Theatre, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return published(tmp_path_factory.mktemp("named"), closed)


@pytest.fixture
def copy(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "copy"))


def hidden(directory: Path) -> set[str]:
    return {row["evidence_id"] for row in rows_of(directory, "clips") if row["index_only"]}


def _drafts(made: Theatre, revisions: tuple[Revision, ...]) -> list[Draft]:
    """The drafts, but for those that ``revisions`` are of all given up."""
    kept = {row.draft_id for row in revisions}
    return [
        draft
        if draft.status != OK or draft.draft_id in kept
        else replace(draft, status="nothing_to_ask", reason="Not asked here.")
        for draft in made.drafts
    ]


# What it holds --------------------------------------------------------------------------------


def test_a_release_verifies_and_holds_what_its_items_rest_on(sound: Path, theatre: Theatre) -> None:
    report = verify(sound)
    assert report.problems == ()
    assert report.remarks == ()
    counts = read_manifest(sound).counts
    items = read_items(sound)
    told = counts.clips
    assert told is not None
    assert (told.videos, told.clips, told.frames) == (3, 6, 30)
    assert (told.films, told.clips_named, told.frames_named) == (6, 0, 0)
    assert told.looked_at == {"blurred": 3, "kept": 30}
    assert counts.images == sum(len(item.media) for item in items)
    assert {item.task for item in items} == {ORDER, FRAME, NEXT}
    films = {row.clip_sha256 for row in theatre.clips}
    assert {path.stem for path in (sound / "media").glob("*.mkv")} == films


def test_each_item_shows_its_frames_in_the_order_of_media(sound: Path) -> None:
    from grandrounds.fingerprint import sha256_bytes

    for path in (sound / "data").rglob("*.parquet"):
        for row in pq.read_table(path).to_pylist():
            shown = [sha256_bytes(image["bytes"]) for image in row["images"]]
            assert shown == [media["sha256"] for media in row["media"]]
            assert 2 <= len(shown) <= 5


def test_it_loads_with_datasets_pictures_and_all(sound: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    rows = datasets.load_dataset(
        str(sound), FRAME, split="test", cache_dir=str(tmp_path / "cache"), verification_mode="no_checks"
    )
    assert [image.size for image in rows[0]["images"]] == [(176, 152)] * 5


def test_it_leaves_out_what_should_stay_at_home(sound: Path) -> None:
    held = b"".join(data for path, data in files_of(sound).items() if not path.startswith("media"))
    for secret in (b"Anna Example", b"Ultrasound of"):
        assert secret not in held
    for video in rows_of(sound, "videos"):
        assert (video["title"], video["text"], video["cues"], video["sheet_sha256"]) == ("", "", [], "")
        assert {frame["thumbnail"] for frame in video["looked_at"]} == {""}
        assert [frame["words"] for frame in video["looked_at"] if frame["verdict"] != "kept"] == [[]]
    assert all(source.title is None for source in read_manifest(sound).sources)


def test_no_film_is_packed_of_a_video_that_shows_a_person(tmp_path: Path) -> None:
    theatre = make_theatre(Shot(seed=1), Shot(seed=2), Shot(seed=3))
    video = theatre.videos[0]
    first, *rest = video.looked_at
    seen = replace(video, looked_at=(replace(first, verdict="name", reason="Anna Example"), *rest))
    path = published(tmp_path, replace(theatre, videos=(seen, *theatre.videos[1:])))
    assert verify(path).problems == ()
    told = read_manifest(path).counts.clips
    assert told is not None
    assert (told.films, told.people_withheld) == (4, 1)
    rows = [row for row in rows_of(path, "clips") if row["video_id"] == video.video_id]
    assert [row["clip_sha256"] for row in rows] == ["", ""]
    assert "Anna Example" not in str(rows_of(path, "videos"))


def test_the_datasheet_tells_what_nobody_could_look_for(tmp_path: Path) -> None:
    """The notes are the reader's own; names of files in them stay at home."""
    from grandrounds.videos.people import PeopleFinder

    blind = PeopleFinder(faces=None, rows=None)
    assert blind.names(np.zeros((64, 64), np.uint8), [(0, 0, 60, 20)]).unread
    assert len(blind.notes) == 2
    notes = (*blind.notes, "anna-example.csv can't be read.")
    shots = [Shot(seed=seed, row={"notes": notes if seed == 1 else ()}) for seed in (1, 2, 3)]
    made = make_theatre(*shots, recipe=make_recipe(evidence={"people": "flag"}))
    path = published(tmp_path, made)
    assert verify(path).problems == ()
    told = (path / "README.md").read_text("utf-8")
    assert "In 1 videos **faces were not looked for**" in told
    assert "In 1 videos some text on frames could not be read" in told
    assert "anna-example" not in str(rows_of(path, "videos"))


def test_the_datasheet_tells_of_cuts_words_offsets_and_people(sound: Path) -> None:
    told = (sound / "README.md").read_text("utf-8")
    assert "## The videos" in told
    assert "15 items from 6 clips of 3 videos, with 66 pictures" in told or "of 3 videos, with" in told
    for words in (
        "frames that are shown",
        "cuts were found in the videos, looked for by: all frames 3",
        "Where what is said comes from",
        "left out",
        "stretches of film lie in `media/`",
        "video and its copies",
        "grandrounds rejoin",
    ):
        assert words in told, words


def test_croissant_lists_tables_and_films(sound: Path) -> None:
    card = json.loads((sound / "croissant.json").read_text("utf-8"))
    names = {entry["@id"] for entry in card["distribution"]}
    assert {"evidence/clips.parquet", "evidence/videos.parquet", "films"} <= names
    mlcroissant = pytest.importorskip("mlcroissant")
    read = mlcroissant.Dataset(jsonld=sound / "croissant.json")
    assert names == {part.id for part in read.metadata.distribution}


def test_the_same_theatre_gives_the_same_bytes(sound: Path, theatre: Theatre, tmp_path: Path) -> None:
    turned = replace(
        theatre,
        clips=theatre.clips[::-1],
        videos=theatre.videos[::-1],
        revisions=theatre.revisions[::-1],
    )
    assert files_of(published(tmp_path, turned)) == files_of(sound)


# What is only named ---------------------------------------------------------------------------


def test_what_may_not_be_shown_is_named_and_nothing_of_it_is_there(named: Path, closed: Theatre) -> None:
    assert verify(named).problems == ()
    secret = hidden(named)
    assert len(secret) == 2
    counts = read_manifest(named).counts
    told = counts.clips
    assert told is not None
    assert (told.clips_named, told.frames_named, told.films) == (2, 10, 4)
    items = read_items(named)
    assert told.items_named == sum(item.evidence_id in secret for item in items) > 0
    shown = [item for item in items if item.evidence_id not in secret]
    assert counts.images == sum(len(item.media) for item in shown)
    for path in (named / "data").rglob("*.parquet"):
        for row in pq.read_table(path).to_pylist():
            assert bool(row["images"]) == (row["evidence_id"] not in secret)
    pixels = [
        closed.media[frame.sha256]
        for row in closed.clips
        if row.evidence_id in secret
        for frame in row.frames
    ]
    held = b"".join(files_of(named).values())
    assert not any(picture[100:400] in held for picture in pixels)
    assert "named and not shown" in (named / "README.md").read_text("utf-8")


def test_items_that_are_only_named_tell_time_crop_and_hash(named: Path) -> None:
    secret = hidden(named)
    for item in read_items(named):
        told = {flag.flag for flag in item.quality_flags}
        assert ("index_only" in told) == (item.evidence_id in secret)
        for media in item.media:
            assert media.locator is not None
            assert media.locator.start_seconds is not None
            assert len(media.locator.box) == 4
            assert len(media.sha256) == 64


def test_a_release_with_nothing_to_show_is_a_release_all_the_same(tmp_path: Path) -> None:
    recipe = make_recipe(evidence={"index_only": True})
    made = make_theatre(*(Shot(seed=seed, licence=NOT_OPEN) for seed in (1, 2, 3)), recipe=recipe)
    path = published(tmp_path, made)
    assert verify(path).problems == ()
    assert read_manifest(path).counts.images == 0
    datasets = pytest.importorskip("datasets")
    rows = datasets.load_dataset(
        str(path), FRAME, split="test", cache_dir=str(tmp_path / "cache"), verification_mode="no_checks"
    )
    assert rows[0]["images"] == []


def test_pixels_that_got_in_after_all_are_told(named: Path, closed: Theatre, tmp_path: Path) -> None:
    secret = hidden(named)
    one = next(item for item in read_items(named) if item.evidence_id in secret)
    own = Path(shutil.copytree(named, tmp_path / "own"))
    put_pixels_back(own, closed.get_media, named=one.item_id)
    said = [problem.what for problem in verify(own).problems]
    assert any("but the licence does not allow to show them" in what for what in said), said[:5]
    elsewhere = Path(shutil.copytree(named, tmp_path / "elsewhere"))
    other = next(i for i in read_items(named) if i.evidence_id not in secret and len(i.media) == 5)
    twin = next(i for i in read_items(named) if i.evidence_id in secret and len(i.media) == 5)
    swapped = {o.sha256: t.sha256 for o, t in zip(other.media, twin.media, strict=True)}
    put_pixels_back(elsewhere, lambda sha: closed.get_media(swapped.get(sha, sha)), named=other.item_id)
    said = [problem.what for problem in verify(elsewhere).problems]
    assert any("shows a frame that its licence does not allow to show" in what for what in said), said[:5]


# Votes with one frame -------------------------------------------------------------------------


def test_what_one_frame_answers_is_refused_and_counted(theatre: Theatre, tmp_path: Path) -> None:
    panel = {"models": ["m-a", "m-b"], "repeats": 2, "one_frame": True}
    made = replace(theatre, recipe=make_recipe(panel=panel))
    found = made.judged().candidates
    easy, silent = found[0], found[1]
    votes = [
        cast(
            model, one_frame=one, blind=blind, n=n, row=row,
            correct=not (one or blind) or (one and row is easy),
            status="failed" if one and row is silent else "ok",
        )
        for row in found
        for model in ("m-a", "m-b")
        for one, blind in ((False, False), (True, False), (False, True))
        for n in (1, 2)
    ]  # fmt: skip
    request = request_of(made, votes=votes)
    (refused,) = [row for row in request.rejections if row.gate == "single_frame"]
    assert refused.subject_id == easy.revision_id
    assert "From one frame it was answered right in 4 of 4 votes" in refused.reason
    path = write_release(request, root=tmp_path).path
    assert verify(path).problems == ()
    told = read_manifest(path).panel
    assert told is not None
    assert (told.items_removed, told.items_untested_one_frame) == ({"single_frame": 1}, 1)
    one_model = told.models[0]
    assert one_model.one_frame is not None and one_model.released_one_frame is not None
    assert (one_model.one_frame.right, one_model.released_one_frame.right) == (2, 0)
    assert one_model.with_evidence.votes == 2 * len(found), (
        "votes with one frame are no votes with evidence"
    )
    assert one_model.removed == 1
    assert "with one of its frames alone" in (path / "README.md").read_text("utf-8")
    flags = {item.item_id: {flag.flag for flag in item.quality_flags} for item in read_items(path)}
    assert "single_frame_untested" in flags[silent.item_id]
    assert {vote.one_frame for item in read_items(path) for vote in item.votes} == {True, False}


# Forgeries and refusals -----------------------------------------------------------------------


@pytest.mark.parametrize("forge", FORGERIES, ids=lambda forge: forge.__name__)
def test_a_forgery_does_not_verify(
    copy: Path, forge: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    if "film" not in forge.__name__:  # cutting films would take most of the time
        monkeypatch.setattr("grandrounds.release.verify.film_problems", lambda *args, **more: ())
    forge(copy)
    said = [problem.what for problem in verify(copy).problems]
    assert any(FORGERIES[forge] in what for what in said), said[:8]


@pytest.mark.parametrize("name", ROW_FORGERIES)
def test_a_changed_row_does_not_verify(copy: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grandrounds.release.verify.film_problems", lambda *args, **more: ())
    wanted = forge_row(copy, name)
    said = [problem.what for problem in verify(copy).problems]
    assert any(wanted in what for what in said), said[:8]


def test_one_video_may_not_stand_in_two_splits(theatre: Theatre, tmp_path: Path) -> None:
    request = request_of(theatre)
    one = next(item for item in request.items if item.split == "train")
    torn = [replace(item, split="dev") if item is one else item for item in request.items]
    with pytest.raises(ReleaseError, match="is in several splits"):
        write_release(replace(request, items=torn), root=tmp_path)


def test_one_film_under_two_names_may_not_stand_in_two_splits(tmp_path: Path) -> None:
    twice = make_theatre(Shot(seed=4, quality=20), Shot(seed=4, quality=34), Shot(seed=5))
    first, second, _ = (video.group_id for video in twice.videos)
    asked = {first: ORDER, second: FRAME}
    left = tuple(row for row in twice.revisions if asked.get(row.group_id, row.task) == row.task)
    request = request_of(replace(twice, revisions=left, drafts=tuple(_drafts(twice, left))))
    own = {clip.evidence_id: clip.group_id for clip in twice.clips}
    other = {"train": "dev", "dev": "test", "test": "train"}
    assert {own[item.evidence_id] for item in request.items} >= {first, second}
    torn = [
        replace(item, split=other[item.split], group_id=second)
        if own[item.evidence_id] == second
        else replace(item, group_id=first)
        if own[item.evidence_id] == first
        else item
        for item in request.items
    ]
    with pytest.raises(ReleaseError, match="look the same, but stand in the splits"):
        write_release(replace(request, items=torn), root=tmp_path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"protected": True}, "is protected"),
        ({"licence": "CC-BY-NC-4.0"}, "does not allow to show it"),
        ({"licence": "unknown"}, "rights of its video are unknown"),
        ({"frames": ()}, "has 0 frames"),
    ],
)
def test_a_clip_that_may_not_be_shown_ends_the_publication(
    theatre: Theatre, tmp_path: Path, change: dict[str, object], said: str
) -> None:
    request = request_of(theatre)
    bad = replace(theatre.clips[0], **change)
    clips = [bad if row.evidence_id == bad.evidence_id else row for row in theatre.clips]
    evidence = ClipEvidence(videos=theatre.videos, clips=clips)
    with pytest.raises(ReleaseError, match=said):
        write_release(replace(request, evidence=evidence), root=tmp_path)
    assert not list(tmp_path.rglob("manifest.json"))


# Hostile rows ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"frames": []},
        {"cues": [{"span": {"start": 0, "end": 10**9}, "start_seconds": 0.0, "end_seconds": 1.0}]},
        {"text": "\ud800".encode("utf-8", "replace").decode(), "frames": []},
        {"start_seconds": float("nan"), "end_seconds": float("inf")},
        {"coherence": "luck"},
        {"video_id": "video-of-nobody"},
        {"group_id": ""},
        {"clip_sha256": "../../../etc/passwd", "clip_mime": "video/x-matroska"},
    ],
)
def test_odd_clips_are_told_and_end_nothing(copy: Path, change: dict[str, object]) -> None:
    def put(rows: list[dict[str, object]]) -> None:
        rows[0].update(change)
        for cue in rows[0]["cues"]:  # type: ignore[attr-defined]
            cue.setdefault("frames", [])
            cue.setdefault("stressed", None)

    change_rows(copy, "clips", put)
    seal_again(copy)
    assert verify(copy).problems != ()


@pytest.mark.parametrize(
    "change",
    [
        {"seconds": float("nan")},
        {"seconds": float("inf")},
        {"seconds": -1e308, "end_seconds": 1e308},
        {"frame": -(2**62)},
        {"crop": []},
        {"crop": [5, 5, 5, 5]},
        {"crop": [-(2**40), 0, 2**40, 10]},
        {"perceptual_hash": "z" * 16},
        {"perceptual_hash": ""},
        {"width": -1, "height": 0},
    ],
)
def test_odd_frames_are_told_and_end_nothing(copy: Path, change: dict[str, object]) -> None:
    change_rows(copy, "clips", lambda rows: rows[0]["frames"][0].update(change))
    seal_again(copy)
    assert verify(copy).problems != ()
