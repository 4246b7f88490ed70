"""Forgeries of a release of volumes: each changes one thing, and ``verify`` must say what."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from grandrounds.fingerprint import sha256_bytes
from grandrounds.records.parts import OptionOrigin
from grandrounds.release.published import read_items
from tests.support.releases import change_manifest, seal_again
from tests.support.volume_builds import flipped, swapped
from tests.support.volume_forgery import (
    change_item,
    change_rows,
    change_voxels,
    packed_as,
    remade_ids,
    rows_of,
    unpacked,
    volume_named,
)


def flip_mask(directory: Path) -> None:
    change_voxels(directory, "organs", flipped(0))


def swap_labels(directory: Path) -> None:
    change_voxels(directory, "organs", swapped(1, 2))


def one_voxel(directory: Path) -> None:
    def change(mask: np.ndarray) -> np.ndarray:
        made = mask.copy()
        made[tuple(np.argwhere(made == 3)[0])] = 0
        return made

    change_voxels(directory, "organs", change)


def flip_image(directory: Path) -> None:
    change_voxels(directory, "", flipped(0))
    remade_ids(directory)


def moved_row(directory: Path) -> None:
    def change(rows):
        rows[0]["affine"][3] += 0.01

    change_rows(directory, "volumes", change)
    seal_again(directory)


def moved_image(directory: Path) -> None:
    """Header and row of image and masks, 5 mm to the left: all of them agree."""
    image = volume_named(directory, "")["volume_id"]
    for row in rows_of(directory, "volumes"):
        if image in (row["volume_id"], row["mask_of"]):
            data = unpacked(directory, row)
            for place in (268, 292):  # qoffset_x and srow_x[3]
                struct.pack_into("<f", data, place, struct.unpack_from("<f", data, place)[0] - 5.0)
            packed_as(directory, row["sha256"], bytes(data))

    def change(rows):
        for row in rows:
            if image in (row["volume_id"], row["mask_of"]):
                row["affine"][3] -= 5.0

    change_rows(directory, "volumes", change)
    remade_ids(directory)


def other_bytes(directory: Path) -> None:
    one, other = sorted((directory / "media").iterdir())[:2]
    one.write_bytes(other.read_bytes())
    seal_again(directory)


def other_answer(directory: Path) -> None:
    def change(item):
        other = next(option for option in item.options if option != item.answer)
        origins = tuple(
            replace(o, option={item.answer: other, other: item.answer}.get(o.option, o.option))
            for o in item.option_origins
        )
        return replace(item, answer=other, answer_index=item.options.index(other), option_origins=origins)

    change_item(directory, "level_mcq", change)


def other_box(directory: Path) -> None:
    def change(item):
        one, other, *rest = item.boxes
        swap = (replace(one, voxels=other.voxels), replace(other, voxels=one.voxels))
        return replace(item, boxes=(*swap, *rest))

    change_item(directory, "level_mcq", change)


def other_option(directory: Path) -> None:
    def change(item):
        old = next(option for option in item.options if option != item.answer)
        options = tuple("heart" if option == old else option for option in item.options)
        origins = tuple(replace(o, option="heart") if o.option == old else o for o in item.option_origins)
        return replace(item, options=options, option_origins=origins)

    change_item(directory, "level_mcq", change)


def reviewers_option(directory: Path) -> None:
    """A preview has no reviewers, so nobody can have edited an option."""

    def change(item):
        old = next(option for option in item.options if option != item.answer)
        options = tuple("heart" if option == old else option for option in item.options)
        origins = tuple(
            OptionOrigin(option="heart", origin="reviewer") if o.option == old else o
            for o in item.option_origins
        )
        return replace(item, options=options, option_origins=origins)

    change_item(directory, "level_mcq", change)


def number_in_rationale(directory: Path) -> None:
    def change(item):
        return replace(item, rationale=f"It measures 99.25 mm. {item.rationale}")

    change_item(directory, "measurement_mcq", change)


def name_in_question(directory: Path) -> None:
    def change(item):
        return replace(item, question=f"{item.question} Mind the pancreas at L2.")

    change_item(directory, "measurement_mcq", change)


def other_measurement(directory: Path) -> None:
    def change(item):
        (value, *rest) = item.measurements
        return replace(item, measurements=(replace(value, number=(value.number or 0) + 1), *rest))

    change_item(directory, "measurement_mcq", change)


def other_stem(directory: Path) -> None:
    change_item(directory, "box_mcq", lambda item: replace(item, stem=item.stem.replace("CT", "MR")))


def other_subject(directory: Path) -> None:
    change_item(directory, "box_mcq", lambda item: replace(item, subject="structure-none"), sealed=False)


def other_slice(directory: Path) -> None:
    def change(item):
        (part, *rest) = item.evidence
        locator = replace(part.locator, slice_index=part.locator.slice_index + 1)
        return replace(item, evidence=(replace(part, locator=locator), *rest))

    change_item(directory, "level_mcq", change)


def other_caption(directory: Path) -> None:
    def change(item):
        media = tuple(
            replace(m, caption=f"{m.caption} of the {item.answer}") if m.kind == "image" else m
            for m in item.media
        )
        return replace(item, media=media)

    change_item(directory, "level_mcq", change)


def other_picture(directory: Path) -> None:
    """Another PNG of the same size, its hash in the right place."""
    import io

    import pyarrow as pa
    from PIL import Image

    made: dict[str, bytes] = {}

    def change(item):
        shown = next(media for media in item.media if media.kind == "image")
        buffer = io.BytesIO()
        Image.new("RGB", (shown.width, shown.height), (9, 9, 9)).save(buffer, format="PNG")
        made[shown.sha256] = buffer.getvalue()
        media = tuple(
            replace(m, sha256=sha256_bytes(buffer.getvalue())) if m is shown else m for m in item.media
        )
        return replace(item, media=media)

    changed = change_item(directory, "box_mcq", change)
    for path in (directory / "data/box_mcq").glob("*.parquet"):
        table = pq.read_table(path)
        rows = table.to_pylist()
        for row in rows:
            if row["item_id"] == changed.item_id:
                (data,) = made.values()
                row["images"][0] = {"bytes": data, "path": f"{sha256_bytes(data)}.png"}
        pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)
    seal_again(directory)


def other_label_names(directory: Path) -> None:
    def change(rows):
        for row in rows:
            names = [label["name"] for label in row["labels"]]
            for label, name in zip(row["labels"], names[1:] + names[:1], strict=True):
                label["name"] = name

    change_rows(directory, "volumes", change)
    seal_again(directory)


def structure_taken_out(directory: Path) -> None:
    known = {box.structure_id for item in read_items(directory) for box in item.boxes}

    def change(rows):
        unused = next(row for row in rows if row["structure_id"] not in known)
        return [row for row in rows if row is not unused]

    change_rows(directory, "structures", change)

    def lie(value):
        for file in value["files"]:
            file["rows"] = 19 if file["kind"] == "structures" else file["rows"]

    change_manifest(directory, lie)
    seal_again(directory)


def other_volume_ml(directory: Path) -> None:
    change_rows(
        directory, "structures", lambda rows: rows[0].update(volume_ml=rows[0]["volume_ml"] * 1.001)
    )
    seal_again(directory)


def quarantined(directory: Path) -> None:
    change_rows(directory, "volumes", lambda rows: rows[0].update(status="quarantined"))
    seal_again(directory)


def no_image(directory: Path) -> None:
    def change(rows):
        next(row for row in rows if row["is_mask"])["mask_of"] = "volume-none"

    change_rows(directory, "volumes", change)
    seal_again(directory)


def given_twice(directory: Path) -> None:
    change_rows(directory, "volumes", lambda rows: [*rows, rows[0]])
    seal_again(directory)


def a_title(directory: Path) -> None:
    change_manifest(directory, lambda value: value["sources"][0].update(title="CT of Mrs Smith"))
    seal_again(directory)


def other_group(directory: Path) -> None:
    change_item(directory, "level_mcq", lambda item: replace(item, group_id="group-none"))


FORGERIES = {
    flip_mask: "measured again",
    swap_labels: "measured again",
    one_voxel: "measured again",
    flip_image: "is not what the volume shows there",
    moved_row: "mm from where its row says",
    moved_image: "is stored but not measured again",
    other_bytes: "unpacks to",
    other_answer: "computed again, its answer is",
    other_box: "computed again, its boxes are others",
    other_option: "computed again, its options are others",
    reviewers_option: "computed again, its options are others",
    number_in_rationale: "99.25",
    name_in_question: "pancreas",
    other_measurement: "computed again, its measurements are others",
    other_stem: "its stem is not what its volume's row gives",
    other_subject: "its scan gives no box_mcq of 'structure-none'",
    other_slice: "is none of the fact's",
    other_caption: "is said to show another slice than it should",
    other_picture: "is not what the volume shows there",
    other_label_names: "measured again",
    structure_taken_out: "is measured again but not stored",
    other_volume_ml: "volume_ml is stored as",
    quarantined: "has the status 'quarantined', which is never released",
    no_image: "is a mask of no image in the release",
    given_twice: "stands in the volumes 2 times",
    a_title: "tells a title or number of an imaging source",
    other_group: "is in several groups of items",
}
