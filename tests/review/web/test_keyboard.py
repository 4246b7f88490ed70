"""The item page by keyboard in a real browser: decided, saved, undone, and survived."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from grandrounds.lake import Lake
from grandrounds.records.review_event import ACCEPT, EDIT, REJECT, WITHDRAW
from grandrounds.review.store import ReviewStore
from tests.support.item_pages import RECIPE, browsing, fill, people, queue_of, sign_in
from tests.support.review_server import ONE, ReviewServer

ITEMS = 8


@pytest.fixture(scope="module")
def chrome() -> Iterator[Any]:
    with browsing() as browser:
        yield browser


@pytest.fixture
def store(tmp_path) -> Iterator[ReviewStore]:
    with ReviewStore(f"sqlite:///{tmp_path / 'page.sqlite'}") as opened:
        yield opened


@pytest.fixture
def server(store, tmp_path) -> Iterator[ReviewServer]:
    lake = Lake(str(tmp_path / "lake"))
    cases, candidates = queue_of(ITEMS)
    fill(store, lake, cases=cases, candidates=candidates)
    fill(store, lake, recipe="hidden", cases=cases, candidates=[], blind_answer=True)
    people(store, "reviewer-a")
    with ReviewServer(
        tmp_path, f"sqlite:///{tmp_path / 'page.sqlite'}", prefix="/review", arguments=ONE
    ) as one:
        yield one


@pytest.fixture
def page(chrome, server) -> Iterator[Any]:
    """The first item, signed in, under a path prefix; errors of scripts fail the test."""
    context = chrome.new_context(viewport={"width": 1280, "height": 800})
    opened = context.new_page()
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on(
        "console",
        lambda said: faults.append(said.text) if "Content Security Policy" in said.text else None,
    )
    sign_in(opened, server.url, "reviewer-a")
    opened.goto(f"{server.url}/read/{RECIPE}")
    opened.wait_for_selector("#item")
    yield opened
    context.close()
    assert faults == []


def keys(page: Any, *pressed: str) -> None:
    for key in pressed:
        page.keyboard.press(key)


def here(page: Any) -> str:
    return str(page.evaluate("document.getElementById('item').dataset.item"))


def after(page: Any, item: str) -> None:
    """Wait until another item stands on the page."""
    page.wait_for_function("was => document.getElementById('item')?.dataset.item !== was", arg=item)


def saved(page: Any) -> None:
    page.wait_for_selector("#saved[data-state=saved]")


def decided(store: ReviewStore) -> list[str]:
    return [event.decision for event in store.events(RECIPE)]


def test_a_morning_by_keyboard_alone(page, store) -> None:
    first = here(page)
    keys(page, "5", "4", "a")
    after(page, first)
    second = here(page)
    keys(page, "r", "2", "7", "Control+Enter")
    after(page, second)
    third = here(page)
    keys(page, "e")
    page.keyboard.press("Control+a")
    page.keyboard.type("Which disease is most likely in this patient?")
    page.wait_for_selector("#faults .sound")
    keys(page, "Control+Enter")
    after(page, third)
    fourth = here(page)
    keys(page, "n", "w", "c")
    page.keyboard.type("Is the first quote from this case?")
    keys(page, "Escape", "a")
    after(page, fourth)
    told = store.events(RECIPE)
    assert [event.decision for event in told] == [ACCEPT, REJECT, EDIT, ACCEPT]
    assert [rating.score for rating in told[0].ratings] == [5, 4]
    assert told[1].reasons == ("more than one right answer", "badly worded")
    assert "most likely in this patient" in told[2].edits
    assert told[3].marks and told[3].comment == "Is the first quote from this case?"
    assert all(event.seconds is not None and event.seconds < 60 for event in told)
    assert told[2].seconds > 0


def test_what_is_wrong_with_a_piece_is_one_tab_away_and_saved_while_it_is_typed(page, store) -> None:
    first = here(page)
    assert not page.is_visible("[data-said]")
    keys(page, "n", "w", "Tab")
    page.keyboard.type("another organ")
    saved(page)
    page.reload()
    page.wait_for_selector(".is-wrong [data-said]:visible")
    assert page.input_value(".is-wrong [data-said] textarea") == "another organ"
    keys(page, "a")
    after(page, first)
    assert [mark.words for mark in store.events(RECIPE)[0].marks] == ["another organ"]


def test_undo_by_key_brings_the_item_back_as_it_was(page, store) -> None:
    first = here(page)
    keys(page, "r", "1", "Control+Enter")
    after(page, first)
    page.wait_for_selector("#notice [data-event]")
    keys(page, "u")
    page.wait_for_function("was => document.getElementById('item')?.dataset.item === was", arg=first)
    assert page.is_checked('[name=reason][value="wrong answer"]')
    assert decided(store) == [REJECT, WITHDRAW]
    keys(page, "Escape", "Escape", "a")
    after(page, first)
    assert decided(store) == [REJECT, WITHDRAW, ACCEPT]


def test_the_next_item_is_there_at_once(page) -> None:
    first = here(page)
    page.wait_for_timeout(1500)  # time to read: meanwhile the next one is fetched
    asked: list[str] = []
    page.on("request", lambda request: asked.append(f"{request.method} {request.url}"))
    keys(page, "a")
    after(page, first)
    fetched = [line for line in asked if re.search(r"GET .*/read/[^/]+/[^/]+$", line)]
    assert fetched == []


def test_a_fault_is_told_while_typing_at_its_field(page, store) -> None:
    keys(page, "e")
    page.keyboard.press("Control+a")
    page.keyboard.type("Why?")
    page.wait_for_selector("#faults .fault")
    assert page.get_attribute("[name=question]", "aria-invalid") == "true"
    keys(page, "Control+Enter")
    page.wait_for_selector("#trouble p")
    assert page.evaluate("document.activeElement.name") == "question"
    assert decided(store) == []


def test_rejecting_without_a_reason_asks_for_one(page, store) -> None:
    keys(page, "r", "Control+Enter")
    page.wait_for_selector("#notice[data-kind=told]")
    assert decided(store) == []


def test_what_is_typed_survives_a_reload(page) -> None:
    keys(page, "c")
    page.keyboard.type("half a thou")
    saved(page)
    page.keyboard.type("ght")
    page.reload()  # before the last letters were sent
    page.wait_for_selector("#item")
    assert page.input_value("[name=comment]") == "half a thought"
    saved(page)


def test_what_is_typed_survives_the_server_s_death(page, server, store) -> None:
    keys(page, "c")
    page.keyboard.type("before")
    saved(page)
    server.kill()
    page.keyboard.type(" and after")
    page.wait_for_selector("#saved[data-state=retrying]")
    server.start()
    page.wait_for_selector("#saved[data-state=saved]", timeout=30_000)
    first = here(page)
    keys(page, "Escape")
    server.kill()
    keys(page, "a")
    page.wait_for_selector("#saved[data-state=retrying]")
    assert here(page) == first
    server.start()
    page.wait_for_function(
        "was => document.getElementById('item')?.dataset.item !== was", arg=first, timeout=30_000
    )
    (event,) = store.events(RECIPE)
    assert event.comment == "before and after"


def test_of_two_windows_the_older_one_is_told_and_stops(page, server) -> None:
    keys(page, "c")
    page.keyboard.type("first window")
    saved(page)
    other = page.context.new_page()
    other.goto(page.url)
    other.wait_for_selector("#item")
    assert other.input_value("[name=comment]") == "first window"
    page.wait_for_selector("#saved[data-state=stopped]")
    other.focus("[name=comment]")
    other.keyboard.type("second: ")
    saved(other)
    page.bring_to_front()
    page.click("#trouble button")
    page.wait_for_selector("#saved")
    page.wait_for_function("document.forms.judgement.elements.comment.value.includes('second')")


def test_keys_in_a_field_are_letters(page, store) -> None:
    first = here(page)
    keys(page, "c")
    page.keyboard.type("area ?xklu12")
    assert page.input_value("[name=comment]") == "area ?xklu12"
    assert here(page) == first and decided(store) == []


def test_single_keys_can_be_switched_off(page, store) -> None:
    keys(page, "?")
    page.wait_for_selector("dialog[open]")
    page.uncheck("[data-keys-on]")
    keys(page, "Escape", "a")
    page.wait_for_timeout(400)
    assert decided(store) == []
    page.reload()
    page.wait_for_selector("#item")
    keys(page, "a")
    page.wait_for_timeout(400)
    assert decided(store) == []


def test_giving_an_item_away_for_good_is_asked_for_twice(page) -> None:
    first = here(page)
    keys(page, "k")
    page.wait_for_selector("#notice[data-kind=told]")
    assert here(page) == first
    keys(page, "k")
    after(page, first)


def test_tab_reaches_everything_and_is_never_caught(page) -> None:
    seen: list[str] = []
    look = """() => {
        const e = document.activeElement, r = e.getBoundingClientRect(), s = getComputedStyle(e);
        const host = e.matches("input[type=radio], input[type=checkbox]") ? (e.closest("label") ?? e) : e;
        const h = getComputedStyle(host);
        const ring = [s, h].some((x) => x.outlineStyle !== "none" && parseFloat(x.outlineWidth) > 0);
        return [e.tagName, e.dataset.act || e.name || e.id || e.textContent.trim().slice(0, 20),
                r.width > 0 && r.height > 0, ring];
    }"""
    page.focus(".skip")
    for _ in range(140):
        keys(page, "Tab")
        tag, name, visible, ring = page.evaluate(look)
        if tag == "BODY":
            break
        seen.append(name)
        assert visible, name
        assert ring, name
    else:
        pytest.fail("the focus never left the page's end")
    for act in ("accept", "edit", "reject", "later", "not_mine", "conflict", "help", "goto"):
        assert act in seen, act
    assert {"comment", "rating:correct", "mark", "asked", "beside"} <= set(seen)


def test_seconds_stop_when_nobody_is_there(page) -> None:
    page.evaluate("document.activeElement.blur()")
    count = "import(document.querySelector('script[src$=\"item.js\"]').src.replace('item.js', 'clock.js')).then((c) => c.read())"
    keys(page, "Shift")
    page.wait_for_timeout(1200)
    first = page.evaluate(count)
    assert first > 0.5
    page.evaluate(
        "Object.defineProperty(document, 'visibilityState', { get: () => 'hidden', configurable: true })"
    )
    page.wait_for_timeout(700)
    paused = page.evaluate(count)
    page.wait_for_timeout(1200)
    assert page.evaluate(count) == paused
