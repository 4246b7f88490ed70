"""Whole days at the clinicians' page: two readers, an adjudicator and a lead, with a keyboard and nothing else,
from a filled queue to a release that verifies.

Each kind of evidence has its own small build, the page's own process on the same home, and real Chromium.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from grandrounds.records.envelope import Candidate, Item
from grandrounds.records.table import from_table
from grandrounds.release.verify import verify
from grandrounds.review.sensor import publishable
from pipelines.running import run_job
from tests.support.hands import Hands
from tests.support.item_pages import browsing
from tests.support.review_houses import (
    FEW,
    ISSUER,
    PASSWORD,
    PEOPLE,
    House,
    build_house,
    serve_house,
    settle_in,
)
from tests.support.review_server import ReviewServer

pytestmark = pytest.mark.slow
WITH_GL = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader")
WITHOUT_GL = ("--disable-gpu", "--disable-3d-apis")
BETTER = "Which single answer fits best with everything that is shown?"
AGAIN = "As was seen before: "
Act = Callable[[Hands], None]
_PLACE = "JSON.stringify(document.querySelector('gr-volume').state.place)"


# What readers do with an item ------------------------------------------------------------------------


def accept(hands: Hands) -> None:
    hands.press("a")


def rate(hands: Hands) -> None:
    hands.press("5", "4", "0", "3", "a")


def doubt_a_quote(hands: Hands) -> None:
    hands.press("n", "w")
    assert "Marked as wrong" in hands.shown("#notice")
    hands.press("Escape", "a")


def reject(hands: Hands) -> None:
    hands.press("r", "2", "7", "c")
    hands.type("Two of them fit.")
    hands.press("Control+Enter")


def edit(hands: Hands) -> None:
    """The rationale, by Tab from the question, which has the focus."""
    hands.press("e")
    hands.page.wait_for_selector("[name=question]:focus")
    hands.tab_to("rationale")
    hands.press("Control+Home")
    hands.type(AGAIN)
    hands.page.wait_for_selector("#faults .sound")
    hands.press("Control+Enter")


def ask_better(hands: Hands) -> None:
    hands.press("e")
    hands.page.wait_for_selector("[name=question]:focus")
    hands.press("Control+a")
    hands.type(BETTER)
    hands.page.wait_for_selector("#faults .sound")
    hands.press("Control+Enter")


def edit_what_is_drawn(hands: Hands) -> None:
    """As ``edit``, once NiiVue shows a volume, where there is one."""
    if hands.page.locator("gr-volume").count():
        hands.page.wait_for_selector("gr-volume .ev-gl:not(.ev-coming) canvas", timeout=90_000)
    edit(hands)


def give_away_by_a_slip(hands: Hands) -> None:
    first = hands.item
    hands.press("x", "x")
    hands.decided(first)
    if hands.item:
        hands.press("u")
    else:
        hands.follow("Take back", to="#item")
    hands.page.wait_for_function("was => document.getElementById('item')?.dataset.item === was", arg=first)
    hands.press("a")


def think_again(hands: Hands) -> None:
    """Reject, undo, accept."""
    first = hands.item
    hands.press("r", "1", "Control+Enter")
    hands.decided(first)
    if hands.item:
        hands.press("u")
    else:
        hands.follow("Undo", to="#item")
    hands.page.wait_for_function("was => document.getElementById('item')?.dataset.item === was", arg=first)
    hands.press("Escape", "Escape", "a")


def look_at_the_evidence(kind: str) -> Act:
    """Go over to the evidence, work it, and accept from there."""

    def look(hands: Hands) -> None:
        hands.press("v")
        hands.page.wait_for_selector("#beside:focus")
        if kind == "case":
            hands.press("j")
            assert hands.page.locator("gr-text .ev-mark.ev-now").count() >= 1
            hands.press("o")
            assert hands.page.locator("gr-text .ev-large img").evaluate("at => at.naturalWidth") > 0
        elif kind == "figure":
            hands.press("+", "+")
            assert hands.shown("gr-figure .ev-zoom") == "156%"
            hands.press("0", "g")
            hands.page.wait_for_function(
                "() => document.querySelector('[data-stage=page] img')?.naturalWidth > 0", timeout=60_000
            )
        elif kind == "volume":
            hands.page.wait_for_selector("gr-volume .ev-plane img[src]", timeout=60_000)
            before = hands.page.evaluate(_PLACE)
            hands.press("ArrowUp", "ArrowUp", "b", "o")
            assert hands.page.evaluate(_PLACE) != before
        else:
            before = hands.shown("gr-clip .ev-told")
            hands.press("ArrowRight")
            assert hands.shown("gr-clip .ev-told") != before
        hands.press("v", "a")

    return look


def outlive_the_server(server: ReviewServer) -> Act:
    """Comment, reload, kill the server in the middle of a sentence, and accept once it is back."""

    def write(hands: Hands) -> None:
        hands.press("c")
        hands.type("Is this still")
        hands.saved()
        hands.type(" what the")
        hands.page.reload()
        assert hands.page.input_value("[name=comment]") == "Is this still what the"
        hands.saved()
        hands.press("c", "Control+End")
        server.kill()
        hands.type(" guideline says?")
        hands.page.wait_for_selector("#saved[data-state=retrying]")
        server.start()
        hands.saved()
        hands.press("Escape", "a")

    return write


# Days -----------------------------------------------------------------------------------------------


def read_all(hands: Hands, plan: Mapping[str, Act]) -> list[str]:
    """From the start page through every item to the word that there is none left."""
    hands.follow("Begin", to="#item")
    read = []
    while hands.item:
        item = hands.item
        plan[item](hands)
        hands.decided(item)
        read.append(item)
    assert "Nothing to read" in hands.shown("main h1")
    hands.follow("To the start page", to=".mine")
    return read


def settle(hands: Hands, plan: Mapping[str, Act]) -> list[str]:
    """The adjudicator's: from the start page through what readers differ on."""
    hands.follow("Adjudication", to=".queues")
    hands.follow("Open", to=".desk table")
    hands.follow("Begin with the first", to="#item")
    settled = []
    while hands.item:
        item = hands.item
        assert "reviewer-" not in hands.page.content()
        plan[item](hands)
        hands.decided(item)
        settled.append(item)
    assert "Nothing is disputed" in hands.shown("main")
    return settled


def adopt(decision: str) -> Act:
    """Decide as the reader did who said ``decision``."""

    def take(hands: Hands) -> None:
        said = hands.page.locator(".versions tbody tr:first-child td")
        place = said.locator(f".{decision}").evaluate("at => at.closest('td').cellIndex")
        hands.tab_to(f"Decide as reader {place}")
        hands.press("Enter")

    return take


def look_over(hands: Hands, *, items: int) -> None:
    """The lead's: the board says that the release is due, and gives its tables away."""
    hands.follow("Overview", to=".queues")
    hands.follow("Open", to="p.met")
    assert "reviewer-a" in hands.shown("main")
    hands.tab_to("CSV: Progress")
    with hands.page.expect_download() as coming:
        hands.press("Enter")
    rows = list(csv.reader(io.StringIO(Path(coming.value.path()).read_text("utf-8-sig"))))
    assert sum(int(row[1]) for row in rows[1:]) == items


# What came out --------------------------------------------------------------------------------------


def items_of(release: Path) -> list[Item]:
    paths = sorted(release.glob("data/*/*.parquet"))
    return [item for path in paths for item in from_table(Item, pq.ParquetFile(path).read())]


def said_in(release: Path) -> str:
    """Everything in a release, in one text: files as they are, and what compressed tables hold."""
    found = []
    for path in sorted(each for each in release.rglob("*") if each.is_file()):
        found.append(path.read_bytes().decode("latin-1"))
        if path.suffix == ".parquet":
            table = pq.ParquetFile(path).read()
            found.append(json.dumps(table.to_pylist(), default=repr, ensure_ascii=False))
    return "\n".join(found)


@pytest.mark.parametrize("kind", sorted(FEW))
def test_a_day_ends_in_a_release(kind: str, tmp_path: Path) -> None:
    with browsing(*WITHOUT_GL) as browser:  # where there is none, nothing is built
        house = build_house(FEW[kind], tmp_path)
        asked = house.candidates()
        assert len(asked) >= 7
        ids = [row.item_id for row in sorted(asked, key=lambda row: bool(row.media))]
        changed, refused, doubted, rescued, rethought, slipped, written = ids[-7:]  # pictures last
        improve = ask_better if kind == "case" else edit
        with house.store() as store:
            settle_in(store)
        server = serve_house(house)
        first = dict.fromkeys(ids, accept) | {
            changed: improve, refused: reject, doubted: doubt_a_quote, rescued: reject,
            slipped: give_away_by_a_slip, rethought: rate, written: look_at_the_evidence(kind),
        }  # fmt: skip
        second = dict.fromkeys(ids, accept) | {
            refused: reject, doubted: reject, rethought: think_again, written: outlive_the_server(server),
            slipped: look_at_the_evidence(kind),
        }  # fmt: skip
        with server:
            for name, plan in (("reviewer-a", first), ("reviewer-b", second)):
                with Hands(browser, server.url) as hands:
                    hands.sign_in(name)
                    assert sorted(read_all(hands, plan)) == sorted(ids)
                    hands.sign_out()
    with browsing(*WITH_GL) as browser, server:
        with Hands(browser, server.url) as hands:
            hands.sign_in("adjudicator-a")
            last = {changed: adopt("edit"), doubted: reject, rescued: edit_what_is_drawn}
            assert sorted(settle(hands, last)) == sorted(last)
        with Hands(browser, server.url) as hands:
            hands.sign_in("lead-a")
            look_over(hands, items=len(ids))
    told_of(house, changed=changed, rethought=rethought, written=written)
    published(house, asked, gone={refused, doubted}, changed=changed, rescued=rescued)


def told_of(house: House, *, changed: str, rethought: str, written: str) -> None:
    """Nothing that was done at the page is lost, and nothing is there twice."""
    with house.store() as store:
        events = store.events(house.recipe.name)
        assert publishable(store, house.recipe) is not None
    by = {(each.reviewer, each.item_id, each.decision): each for each in events}
    assert len(by) == len(events)
    assert by["reviewer-b", written, "accept"].comment == "Is this still what the guideline says?"
    assert [each.score for each in by["reviewer-a", rethought, "accept"].ratings] == [5, 4, 3]
    assert {"reject", "withdraw", "accept"} == {
        each.decision for each in events if (each.reviewer, each.item_id) == ("reviewer-b", rethought)
    }
    assert by["adjudicator-a", changed, "edit"].edits == by["reviewer-a", changed, "edit"].edits
    assert all(each.seconds is not None for each in events if each.decision != "withdraw")
    assert sum(each.decision == "reject" for each in events) == 6


def published(house: House, asked: list[Candidate], *, gone: set[str], changed: str, rescued: str) -> None:
    """The release holds exactly what was accepted, says by whom under pseudonyms, and verifies."""
    outcome = run_job("publish", house.recipe, settings=house.settings, quiet=True)
    assert outcome.success, (outcome.errors, outcome.failed_checks)
    release = Path(outcome.release or "")
    report = verify(release)
    assert report.problems == () and not report.preview
    items = {
        (row.evidence_id, row.stem, row.options, row.answer, row.task): row for row in items_of(release)
    }
    kept = {
        row.item_id: items.pop((row.evidence_id, row.stem, row.options, row.answer, row.task))
        for row in asked
        if row.item_id not in gone
    }
    assert items == {}, "more than was accepted"
    for row in asked:
        if row.item_id in gone:
            continue
        edited = row.item_id in {changed, rescued}
        found = kept[row.item_id]
        assert found.review.status == ("accepted_edited" if edited else "accepted")
        assert set(found.review.reviewers) <= set(PEOPLE)
        if not edited:
            assert (found.question, found.rationale) == (row.question, row.rationale)
    assert kept[rescued].rationale.startswith(AGAIN)
    assert kept[changed].question == BETTER or kept[changed].rationale.startswith(AGAIN)
    said = said_in(release)
    assert "reviewer-a" in said
    for private in ("lead-a", "clinic.example", ISSUER, PASSWORD, "cardiology of whispers", "argon2"):
        assert private not in said, private
