"""Forgeries of a release of figures: each changes one thing, ids and checksums fit again, and ``verify`` must
say what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from grandrounds.fingerprint import sha256_text
from grandrounds.records.envelope import Item
from grandrounds.records.parts import Label
from grandrounds.release.published import read_items
from tests.support.releases import seal_again
from tests.support.volume_forgery import change_item, change_rows, remade_ids

MODALITY, ANATOMY, OPEN, PANEL = (
    "figure_modality_mcq", "figure_anatomy_mcq", "figure_description_open", "figure_panel_mcq",
)  # fmt: skip


def _with_media(**more: Any) -> Callable[[Item], Item]:
    def change(item: Item) -> Item:
        (media,) = item.media
        return replace(item, media=(replace(media, **more),))

    return change


def swapped_pictures(directory: Path) -> None:
    """The pictures of two items change places, names and all: only the figures tell."""
    items = [item for item in read_items(directory) if item.task == MODALITY]
    one = items[0]
    other = next(item for item in items[1:] if item.split == one.split)
    for path in sorted((directory / "data" / MODALITY).glob("*.parquet")):
        table = pq.read_table(path)
        rows = table.to_pylist()
        named = {row["item_id"]: row for row in rows}
        if one.item_id in named and other.item_id in named:
            first, second = named[one.item_id], named[other.item_id]
            for column in ("images", "media"):
                first[column], second[column] = second[column], first[column]
        pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)
    remade_ids(directory)


def other_page(directory: Path) -> None:
    def change(item: Item) -> Item:
        place = item.media[0].locator
        assert place is not None
        return _with_media(locator=replace(place, page=(place.page or 0) + 1))(item)

    change_item(directory, MODALITY, change)


def other_box(directory: Path) -> None:
    def change(item: Item) -> Item:
        place = item.media[0].locator
        assert place is not None
        return _with_media(locator=replace(place, box=tuple(side + 1 for side in place.box)))(item)

    change_item(directory, MODALITY, change)


def other_caption(directory: Path) -> None:
    """The figure's caption is another, its text and hash with it."""

    def change(rows: list[dict[str, Any]]) -> None:
        row = rows[0]
        row["caption"] = row["caption"].replace(" ", "  ", 1)
        row["text"] = row["caption"]
        row["text_sha256"] = sha256_text(row["text"])
        row["caption_span"] = {"start": 0, "end": len(row["caption"])}
        row["mentions"] = []

    change_rows(directory, "figures", change)
    seal_again(directory)


def other_text(directory: Path) -> None:
    def change(rows: list[dict[str, Any]]) -> None:
        rows[0]["text"] += " "

    change_rows(directory, "figures", change)
    seal_again(directory)


def other_answer(directory: Path) -> None:
    def change(item: Item) -> Item:
        other = next(option for option in item.options if option != item.answer)
        origins = tuple(
            replace(o, option={item.answer: other, other: item.answer}.get(o.option, o.option))
            for o in item.option_origins
        )
        return replace(item, answer=other, answer_index=item.options.index(other), option_origins=origins)

    change_item(directory, MODALITY, change)


def other_description(directory: Path) -> None:
    change_item(directory, OPEN, lambda item: replace(item, answer=f"{item.answer} Nothing else."))


def other_option(directory: Path) -> None:
    def change(item: Item) -> Item:
        old = next(option for option in item.options if option != item.answer)
        options = tuple("Left big toe" if option == old else option for option in item.options)
        origins = tuple(
            replace(o, option="Left big toe") if o.option == old else o for o in item.option_origins
        )
        return replace(item, options=options, option_origins=origins)

    change_item(directory, ANATOMY, change)


def other_quote(directory: Path) -> None:
    def change(item: Item) -> Item:
        (part, *rest) = item.evidence
        locator = replace(part.locator, start=(part.locator.start or 0) + 1)
        return replace(item, evidence=(replace(part, locator=locator), *rest))

    change_item(directory, MODALITY, change)


def quote_elsewhere(directory: Path) -> None:
    def change(item: Item) -> Item:
        (part, *rest) = item.evidence
        locator = replace(part.locator, page=99)
        return replace(item, evidence=(replace(part, locator=locator), *rest))

    change_item(directory, MODALITY, change)


def no_quote(directory: Path) -> None:
    change_item(directory, MODALITY, lambda item: replace(item, evidence=()))


def other_stem(directory: Path) -> None:
    change_item(directory, ANATOMY, lambda item: replace(item, stem=f"{item.stem} It is old."))


def caption_shown(directory: Path) -> None:
    change_item(directory, ANATOMY, _with_media(caption="A figure."))


def named_in_question(directory: Path) -> None:
    change_item(
        directory, ANATOMY, lambda item: replace(item, question=f"{item.question} ({item.answer.lower()}?)")
    )


def named_by_picture(directory: Path) -> None:
    def change(item: Item) -> Item:
        return _with_media(name=item.answer.lower())(item)

    change_item(directory, ANATOMY, change)


def other_label(directory: Path) -> None:
    def change(item: Item) -> Item:
        return replace(item, labels=(Label(scheme="modality", path=("radiology", "crystal ball")),))

    change_item(directory, ANATOMY, change)


def other_panel(directory: Path) -> None:
    def change(item: Item) -> Item:
        other = next(option for option in item.options if option != item.answer)
        return replace(item, answer=other, answer_index=item.options.index(other))

    change_item(directory, PANEL, change)


def other_hash(directory: Path) -> None:
    def change(rows: list[dict[str, Any]]) -> None:
        rows[0]["perceptual_hash"] = "0123456789abcdef"

    change_rows(directory, "figures", change)
    seal_again(directory)


def not_paired(directory: Path) -> None:
    def change(rows: list[dict[str, Any]]) -> None:
        rows[0]["status"] = "no_caption"

    change_rows(directory, "figures", change)
    seal_again(directory)


def unsure(directory: Path) -> None:
    def change(rows: list[dict[str, Any]]) -> None:
        rows[0]["alignment"] = 0.2

    change_rows(directory, "figures", change)
    seal_again(directory)


def given_twice(directory: Path) -> None:
    change_rows(directory, "figures", lambda rows: [*rows, rows[0]])
    seal_again(directory)


def other_licence(directory: Path) -> None:
    def change(rows: list[dict[str, Any]]) -> None:
        rows[0]["licence"] = "unknown"

    change_rows(directory, "figures", change)
    seal_again(directory)


def panel_outside(directory: Path) -> None:
    def change(rows: list[dict[str, Any]]) -> None:
        row = next(row for row in rows if row["panels"])
        row["panels"][0]["pixels"] = [0, 0, 9999, 10]

    change_rows(directory, "figures", change)
    seal_again(directory)


FORGERIES = {
    swapped_pictures: "its picture is not that of its figure",
    other_page: "its picture is said to stand at another page or box",
    other_box: "its picture is said to stand at another page or box",
    other_caption: "does not stand at",
    other_text: "its stored text does not fit its hash",
    other_answer: "read again, its answer is",
    other_description: "read again, its description is another",
    other_option: "is not what",
    other_quote: "does not stand at",
    quote_elsewhere: "is said to stand at another page or box than its caption or paragraph",
    no_quote: "no quote shows that its answer is right",
    other_stem: "its stem is not the fixed sentence on its figure",
    caption_shown: "its picture has a caption or a label",
    named_in_question: "its question names its answer",
    named_by_picture: "its picture's name names its answer",
    other_label: "is no place in the taxonomy of modality",
    other_panel: "its question is not what the caption says of panel",
    other_hash: "its perceptual hash is not that of its picture",
    not_paired: "has the status 'no_caption', which is never released",
    unsure: "its confidence 0.20 is below the recipe's 0.60",
    given_twice: "stands in the figures 2 times",
    other_licence: "does not allow to show it",
    panel_outside: "lies outside its picture",
}
