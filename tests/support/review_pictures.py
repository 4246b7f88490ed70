"""The pictures of the clinicians' page in ``docs/pictures``, made anew from the demo.

Run as ``python -m tests.support.review_pictures docs/pictures [HOME]``; a HOME that is there already, from an
earlier run, saves the builds.
"""

from __future__ import annotations

import io
import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from PIL import Image

from grandrounds.records.envelope import Candidate
from grandrounds.records.review_event import ACCEPT, EDIT, REJECT, Rating
from grandrounds.review.desk.desk import Desk
from grandrounds.review.desk.values import Verdict
from grandrounds.review.people.accounts import Account, Accounts
from grandrounds.review.store import ReviewStore
from tests.support.hands import Hands
from tests.support.item_pages import browsing
from tests.support.review_houses import (
    FEW,
    PASSWORD,
    Few,
    House,
    build_house,
    reviewed,
    serve_house,
    settle_in,
)

WITH_GL = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader")
KINDS: Mapping[str, Few] = FEW | {
    "case": Few(
        recipe="case_diagnosis", sources=("case_reports",), tasks=("diagnosis_mcq", "diagnosis_open")
    )
}
Take = Callable[[Hands], None]
_LARGEST = 200_000  # bytes
_BETWEEN, _DAYS = timedelta(minutes=50), 12
_READ = {"reviewer-a": 0.95, "reviewer-b": 0.8, "reviewer-c": 0.1}
"""Who decided how much of the queue of case reports."""


def main(folder: str, home: str = "") -> None:
    """Make all pictures."""
    with tempfile.TemporaryDirectory() as spare:
        for kind in KINDS:
            house = _house(kind, Path(home or spare))
            with serve_house(house) as server, browsing(*WITH_GL) as browser:
                for name, who, take, looks in PICTURES[kind]:
                    with Hands(browser, server.url, **looks) as hands:
                        hands.sign_in(who)
                        take(hands)
                        save(hands.page.screenshot(), Path(folder) / f"review-{name}.png")


def save(shot: bytes, path: Path) -> None:
    """A picture with as many colours as fit."""
    image = Image.open(io.BytesIO(shot)).convert("RGB")
    for colours in (256, 128, 64, 32):
        made = io.BytesIO()
        image.quantize(colours, dither=Image.Dither.NONE).save(made, "PNG", optimize=True)
        if made.tell() <= _LARGEST:
            break
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(made.getvalue())
    print(f"{path}: {made.tell():,} bytes, {colours} colours")  # noqa: T201


# What is on them --------------------------------------------------------------------------------------


def at_item(*selectors: str, recipe: str = "") -> Take:
    """Put items off until one has all that ``selectors`` name."""

    def take(hands: Hands) -> None:
        hands.page.goto(f"{hands.url}/read/{recipe}")
        hands.page.wait_for_load_state("networkidle")
        for _ in range(60):
            if all(hands.page.locator(each).count() for each in selectors):
                break
            before = hands.page.get_attribute("#item", "data-token")
            hands.press("l")
            hands.page.wait_for_function(
                "was => document.getElementById('item')?.dataset.token !== was", arg=before
            )
        hands.page.reload()  # without word of what was put off
        hands.page.wait_for_load_state("networkidle")

    return take


def then(*takes: Take) -> Take:
    """One after the other."""

    def take(hands: Hands) -> None:
        for each in takes:
            each(hands)
        hands.page.wait_for_timeout(700)

    return take


def keys(*pressed: str) -> Take:
    """Press keys."""
    return lambda hands: hands.press(*pressed)


def drawn(hands: Hands) -> None:
    """Wait for the volume."""
    hands.page.wait_for_selector("gr-volume .ev-gl:not(.ev-coming) canvas", timeout=90_000)


def paged(hands: Hands) -> None:
    """Wait for the page that the figure stands on."""
    hands.page.wait_for_function(
        "() => document.querySelector('[data-stage=page] img')?.naturalWidth > 0", timeout=60_000
    )


def dispute(hands: Hands) -> None:
    """The item that one reader edited and the other rejected."""
    hands.page.goto(f"{hands.url}/adjudication/case_diagnosis")
    row = hands.page.locator("tr", has=hands.page.locator(".decision.edit")).first
    hands.page.goto(f"{hands.url}/{row.locator('a').get_attribute('href').lstrip('/')}")
    hands.page.wait_for_load_state("networkidle")
    hands.page.evaluate("document.querySelector('.versions').scrollIntoView({ block: 'center' })")


def board(hands: Hands) -> None:
    """The lead's page."""
    hands.page.goto(f"{hands.url}/lead/case_diagnosis")
    hands.page.wait_for_load_state("networkidle")


_CASE = at_item(".options", "#beside img", recipe="case_diagnosis")
_FIGURE = at_item("gr-figure .ev-panels", recipe="figure_vqa")
_VOLUME = then(at_item(".options", recipe="volume_grounding"), drawn)
_CLIP = at_item(".options", ".ev-cue", recipe="video_vqa")
_DARK: dict[str, Any] = {"color_scheme": "dark"}
PICTURES: Mapping[str, tuple[tuple[str, str, Take, dict[str, Any]], ...]] = {
    "case": (
        ("item", "reviewer-c", then(_CASE, keys("n")), {}),
        ("reject", "reviewer-c", then(_CASE, keys("r", "2", "7")), {}),
        ("chinese", "reviewer-zh", _CASE, {"language": "zh-CN"}),
        ("adjudication", "adjudicator-a", dispute, {}),
        ("lead", "lead-a", board, {}),
    ),
    "figure": (("figure", "reviewer-a", then(_FIGURE, keys("v", "g"), paged), {}),),
    "volume": (
        ("volume", "reviewer-a", _VOLUME, {}),
        ("dark", "reviewer-a", _VOLUME, _DARK),
    ),
    "video": (("clip", "reviewer-a", then(_CLIP, keys("v", "ArrowRight")), {}),),
}


# What lies behind them --------------------------------------------------------------------------------


@dataclass
class Clock:
    """Time that only moves when told to."""

    at: datetime

    def __call__(self) -> datetime:
        self.at += timedelta(microseconds=1)
        return self.at


def _house(kind: str, place: Path) -> House:
    """A build of one kind, and a review database begun anew, in which some of it is decided."""
    own, few = place / kind, KINDS[kind]
    if (own / "home" / "lake").is_dir():
        house = House(home=own / "home", folder=own / "sources", recipe=reviewed(few))
    else:
        house = build_house(few, own)
    for left in (own / "home").glob("review.sqlite*"):
        left.unlink()
    with house.store() as store:
        store.enqueue(house.recipe.name, house.candidates(), policy=house.recipe.review)
        settle_in(store)
        people = Accounts(store.database)
        people.add("reviewer-c", roles=("reviewer",), password=PASSWORD)
        people.add("reviewer-zh", roles=("reviewer",), password=PASSWORD, language="zh")
        if kind == "case":
            _decide(store, house, people)
    return house


def _decide(store: ReviewStore, house: House, people: Accounts) -> None:
    name, asked = house.recipe.name, len(house.candidates())
    for reader, share in _READ.items():
        account, clock = people.find(reader), Clock(at=datetime.now(UTC) - timedelta(days=_DAYS))
        assert account is not None
        desk = Desk(store, now=clock)
        for number in range(round(share * asked)):
            clock.at += _BETWEEN * (1 + number % 7)
            slot = desk.next(account, recipe=name)
            if slot is None:
                break
            desk.decide(account, slot, _verdict(account, slot.candidate))


def _verdict(account: Account, item: Candidate) -> Verdict:
    """What this reader says of this item: mostly yes, always the same."""
    lot = int(item.content_sha256[:6], 16) % 12
    seconds = 14.0 + int(item.content_sha256[6:10], 16) % 40
    second = account.name == "reviewer-b"
    scores = (Rating(criterion="correct", score=5 - lot % 2), Rating(criterion="clear", score=4 + lot % 2))
    if lot == 0:
        return Verdict(
            decision=REJECT, reasons=("more than one right answer",), seconds=seconds,
            comment="Two of them fit." if second else "",
        )  # fmt: skip
    if lot == 1 and second:
        return Verdict(
            decision=REJECT, reasons=("cannot be answered from what is shown",), seconds=seconds,
            comment="Without the second sample nobody could tell.",
        )  # fmt: skip
    if lot <= 2 and not second:
        better = {"question": "Which diagnosis explains the whole course best?"}
        return Verdict(
            decision=EDIT, edits=json.dumps(better), seconds=seconds, comment="Asks for the whole course."
        )
    return Verdict(decision=ACCEPT, ratings=scores, seconds=seconds)


if __name__ == "__main__":
    main(*sys.argv[1:])
