"""Forgeries of a release of clips: each changes one thing, ids and checksums fit again, and ``verify`` must say
what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from grandrounds.fingerprint import sha256_bytes
from grandrounds.records.envelope import Item
from grandrounds.records.parts import Label
from grandrounds.release.published import read_items
from tests.support.clip_films import film
from tests.support.releases import change_manifest, seal_again
from tests.support.volume_forgery import change_item, change_rows, remade_ids, rows_of

ORDER, FRAME, NEXT = "clip_order_mcq", "clip_frame_mcq", "clip_next_mcq"


def _rows(table: str, change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], None]:
    """Change the first row of a table."""

    def forge(directory: Path) -> None:
        change_rows(directory, table, lambda rows: [change(rows[0]), rows][1])
        seal_again(directory)

    return forge


def _frame(**more: Any) -> Callable[[dict[str, Any]], None]:
    return lambda row: row["frames"][0].update(more)


def swapped_frames(directory: Path) -> None:
    """Two pictures of one item change places, names and all: only times tell."""
    item = next(item for item in read_items(directory) if item.task == FRAME)
    for path in sorted((directory / "data" / FRAME).glob("*.parquet")):
        table = pq.read_table(path)
        rows = table.to_pylist()
        for row in rows:
            if row["item_id"] == item.item_id:
                row["images"][:2] = row["images"][1::-1]
                for name in ("sha256",):
                    one, other = row["media"][0][name], row["media"][1][name]
                    row["media"][0][name], row["media"][1][name] = other, one
        pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)
    remade_ids(directory)


def exchanged_picture(directory: Path) -> None:
    """A picture of the same size stands for a frame, and the clip names it."""
    clip = rows_of(directory, "clips")[0]
    old = clip["frames"][0]["sha256"]
    data = _grey(clip["frames"][0]["width"], clip["frames"][0]["height"])
    new = sha256_bytes(data)
    for path in sorted((directory / "data").rglob("*.parquet")):
        table = pq.read_table(path)
        rows = table.to_pylist()
        for row in rows:
            for number, media in enumerate(row["media"]):
                if media["sha256"] == old:
                    media["sha256"] = new
                    row["images"][number] = {"bytes": data, "path": f"{new}.png"}
        pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)
    change_rows(directory, "clips", lambda rows: rows[0]["frames"][0].update(sha256=new))
    remade_ids(directory)


def _grey(width: int, height: int) -> bytes:
    from io import BytesIO

    from PIL import Image

    held = BytesIO()
    Image.new("RGB", (width, height), (90, 90, 90)).save(held, "PNG")
    return held.getvalue()


def other_time(directory: Path) -> None:
    def change(item: Item) -> Item:
        first, *rest = item.media
        assert first.locator is not None
        place = replace(first.locator, start_seconds=0.0)
        return replace(item, media=(replace(first, locator=place), *rest))

    change_item(directory, FRAME, change)


def other_label(directory: Path) -> None:
    def change(item: Item) -> Item:
        first, *rest = item.media
        return replace(item, media=(replace(first, label="Frame 9"), *rest))

    change_item(directory, FRAME, change)


def other_answer(directory: Path) -> None:
    def change(item: Item) -> Item:
        other = next(option for option in item.options if option != item.answer)
        names = {item.answer: other, other: item.answer}
        origins = tuple(replace(o, option=names.get(o.option, o.option)) for o in item.option_origins)
        return replace(item, answer=other, answer_index=item.options.index(other), option_origins=origins)

    change_item(directory, ORDER, change)


def other_question(directory: Path) -> None:
    change_item(directory, NEXT, lambda item: replace(item, question="Which picture is next?"))


def other_stem(directory: Path) -> None:
    change_item(directory, FRAME, lambda item: replace(item, stem=f"{item.stem} It is old."))


def other_quote(directory: Path) -> None:
    def change(item: Item) -> Item:
        evidence = tuple(
            replace(part, quote=part.quote.replace("a", "e", 1)) if part.quote else part
            for part in item.evidence
        )
        return replace(item, evidence=evidence)

    change_item(directory, FRAME, change)


def no_evidence(directory: Path) -> None:
    change_item(directory, FRAME, lambda item: replace(item, evidence=()))


def other_taxonomy(directory: Path) -> None:
    labels = (Label(scheme="modality", path=("crystal", "ball")),)
    change_item(directory, FRAME, lambda item: replace(item, labels=labels))


def said_elsewhere(directory: Path) -> None:
    """All cues are moved to where no frame is, and the quotes' times with them."""

    def change(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            for cue in row["cues"]:
                cue["start_seconds"] += 90
                cue["end_seconds"] += 90

    change_rows(directory, "clips", change)
    seal_again(directory)


def other_text(directory: Path) -> None:
    def change(rows: list[dict[str, Any]]) -> None:
        next(row for row in rows if row["text"])["text"] += " "

    change_rows(directory, "clips", change)
    seal_again(directory)


def other_film(directory: Path) -> None:
    """A clip's film is of another scene, and the clip names it."""
    old = next(row["clip_sha256"] for row in rows_of(directory, "clips"))
    data = film(99)
    new = sha256_bytes(data)
    (directory / f"media/{old}.mkv").unlink()
    (directory / f"media/{new}.mkv").write_bytes(data)

    def change(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            if row["clip_sha256"] == old:
                row["clip_sha256"] = new

    change_rows(directory, "clips", change)
    _renamed_file(directory, f"media/{old}.mkv", f"media/{new}.mkv")


def broken_film(directory: Path) -> None:
    """A clip's film is no film, and the clip names it."""
    old = next(row["clip_sha256"] for row in rows_of(directory, "clips"))
    data = b"#EXTM3U\n/etc/passwd\n" + bytes(500)
    new = sha256_bytes(data)
    (directory / f"media/{old}.mkv").unlink()
    (directory / f"media/{new}.mkv").write_bytes(data)
    change_rows(
        directory,
        "clips",
        lambda rows: [row | {"clip_sha256": new} if row["clip_sha256"] == old else row for row in rows],
    )
    _renamed_file(directory, f"media/{old}.mkv", f"media/{new}.mkv")


def missing_film(directory: Path) -> None:
    old = next(row["clip_sha256"] for row in rows_of(directory, "clips"))
    (directory / f"media/{old}.mkv").unlink()

    def change(value: dict[str, Any]) -> None:
        value["files"] = [file for file in value["files"] if old not in file["path"]]

    change_manifest(directory, change)
    seal_again(directory)


def _renamed_file(directory: Path, old: str, new: str) -> None:
    def rename(value: dict[str, Any]) -> None:
        for file in value["files"]:
            file["path"] = file["path"].replace(old, new)
        value["files"].sort(key=lambda file: file["path"])

    change_manifest(directory, rename)
    seal_again(directory)


def given_twice(directory: Path) -> None:
    change_rows(directory, "clips", lambda rows: [*rows, rows[0]])
    seal_again(directory)


def face_between(directory: Path) -> None:
    """A frame of the video was left out for a face, but its films are here."""

    def change(row: dict[str, Any]) -> None:
        row["looked_at"][0].update(verdict="face", faces=1)

    _rows("videos", change)(directory)


FORGERIES: dict[Callable[[Path], None], str] = {
    swapped_frames: "is not the frame that belongs there",
    exchanged_picture: "has other pixels than its clip says",
    other_time: "is said to be of another time, frame or crop",
    other_label: "is called 'Frame 9' instead of",
    other_answer: "asked again, its answer is",
    other_question: "asked again, its clip gives another question",
    other_stem: "its stem is not the fixed sentence on its clip",
    other_quote: "of what is said",
    no_evidence: "nothing shows that its answer is right",
    other_taxonomy: "is no place in the taxonomy of modality",
    said_elsewhere: "which it is said to belong to",
    other_text: "its stored text does not fit its hash",
    other_film: "when it is cut again from its film",
    broken_film: "can't be cut",
    missing_film: "is named by a clip, but is missing",
    given_twice: "stands in the clips 2 times",
    face_between: "has a film, but frames of its video were left out",
}

ROW_FORGERIES: dict[str, tuple[str, Callable[[dict[str, Any]], Any], str]] = {
    "hash": ("clips", _frame(perceptual_hash="0123456789abcdef"), "the perceptual hash of its frame"),
    "pixels": ("clips", _frame(pixels_sha256="0" * 64), "has other pixels than its clip says"),
    "times": ("clips", _frame(seconds=2.95), "are out of order"),
    "number": ("clips", _frame(frame=5000), "is none of the"),
    "crop": ("clips", _frame(crop=[0, 0, 5000, 10]), "lies outside the picture"),
    "scene": ("clips", _frame(scene=4), "the cuts put them in"),
    "licence": ("clips", lambda row: row.update(licence="unknown"), "rights of its video are unknown"),
    "closed": ("clips", lambda row: row.update(licence="CC-BY-NC-4.0"), "does not allow to show it"),
    "protected": ("clips", lambda row: row.update(protected=True), "is protected"),
    "named": ("clips", lambda row: row.update(index_only=True), "its recipe takes no such videos"),
    "file": ("clips", lambda row: row.update(source_sha256="0" * 64), "its video is another file"),
    "title": ("videos", lambda row: row.update(title="Anna Example"), "tells its title"),
    "transcript": ("videos", lambda row: row.update(text="All that is said."), "tells its text"),
    "words": ("videos", lambda row: row["looked_at"][0].update(words=["Anna"]), "tells what was seen"),
    "thumbnail": ("videos", lambda row: row["looked_at"][1].update(thumbnail="ab"), "tells what was seen"),
    "face": ("videos", lambda row: row["looked_at"][1].update(faces=1), "shows a face"),
    "unseen": ("videos", lambda row: row["looked_at"].pop(1), "was never looked at"),
    "cut": (
        "videos",
        lambda row: row["cuts"].append(
            {"frame": 20, "seconds": 0.8, "kind": "hard", "start_seconds": 0.8, "score": 1.0}
        ),
        "the cuts put them in",
    ),
    "status": ("videos", lambda row: row.update(status="failed"), "which is never released"),
}
"""By name: a table, what is changed in its first row, and what ``verify`` says."""


def forge_row(directory: Path, name: str) -> str:
    """Do one of ``ROW_FORGERIES``; the answer is what ``verify`` must say."""
    table, change, said = ROW_FORGERIES[name]
    _rows(table, change)(directory)
    return said


def put_pixels_back(directory: Path, get_media: Callable[[str], bytes], *, named: str) -> None:
    """The pictures of an item that may only be named are in its row after all."""
    task = next(item.task for item in read_items(directory) if item.item_id == named)
    for path in sorted((directory / "data" / task).glob("*.parquet")):
        table = pq.read_table(path)
        rows = table.to_pylist()
        for row in rows:
            if row["item_id"] == named:
                row["images"] = [
                    {"bytes": get_media(media["sha256"]), "path": f"{media['sha256']}.png"}
                    for media in row["media"]
                ]
        pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)
    seal_again(directory)
