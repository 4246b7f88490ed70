"""Everybody can use the pages: axe finds nothing, they reflow, and both schemes have contrast (WCAG 2.2 AA)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grandrounds.lake import Lake
from grandrounds.review.store import ReviewStore
from tests.support.item_pages import RECIPE, browsing, fill, people, queue_of, rehashed, sign_in
from tests.support.review_server import ONE, ReviewServer

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
VIEWS = {
    "desktop": {"viewport": {"width": 1280, "height": 800}},
    "dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    "tablet": {"viewport": {"width": 820, "height": 1180}, "has_touch": True},
    "400 %": {"viewport": {"width": 320, "height": 256}},
}


@pytest.fixture(scope="module")
def chrome() -> Iterator[Any]:
    with browsing() as browser:
        yield browser


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[ReviewServer]:
    folder = tmp_path_factory.mktemp("access")
    database = f"sqlite:///{folder / 'page.sqlite'}"
    lake = Lake(str(folder / "lake"))
    with ReviewStore(database) as store:
        cases, candidates = queue_of(6)
        fill(store, lake, cases=cases, candidates=candidates)
        _, hidden = queue_of(2, task="diagnosis_open")
        fill(
            store, lake, recipe="hidden", cases=cases, blind_answer=True, readers=9,
            candidates=[rehashed(each, recipe="hidden") for each in hidden],
        )  # fmt: skip
        people(store, "reviewer-a", *(f"reviewer-{number}" for number in range(len(VIEWS))))
        people(store, "reviewer-zh", language="zh")
        people(store, "lead-a", roles=("lead", "reviewer"))
    with ReviewServer(folder, database, arguments=ONE) as one:
        yield one


@pytest.fixture(params=list(VIEWS))
def view(request, chrome) -> Iterator[Any]:
    # axe is put in by the test, which the page's own policy rightly forbids.
    context = chrome.new_context(bypass_csp=True, reduced_motion="reduce", **VIEWS[request.param])
    yield context.new_page()
    context.close()


def faults(page: Any) -> list[str]:
    page.evaluate(AXE)
    found = page.evaluate(
        "tags => axe.run(document, { runOnly: tags, rules: { 'target-size': { enabled: true } } })",
        list(TAGS),
    )
    return [
        f"{each['impact']} {each['id']}: {each['nodes'][0]['html'][:160]} {each['nodes'][0]['failureSummary'][:200]}"
        for each in found["violations"]
    ]


def reflows(page: Any) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_signing_in(view, server) -> None:
    view.goto(f"{server.url}/login")
    assert faults(view) == []
    assert reflows(view)


def test_the_desk_the_keys_and_an_error(view, server) -> None:
    sign_in(view, server.url, "reviewer-a")
    for path in ("/", "/keys", "/read/nothing", f"/read/{RECIPE}/item-none"):
        view.goto(f"{server.url}{path}")
        assert faults(view) == [], path
        assert reflows(view), path


def test_the_item_page_in_all_its_states(view, server) -> None:
    sign_in(view, server.url, "reviewer-a")
    view.goto(f"{server.url}/read/{RECIPE}")
    view.wait_for_selector("#item")
    for state, pressed in (
        ("reading", ()),
        ("rating", ("3", "n", "w")),
        ("rejecting", ("r", "1")),
        ("editing", ("Escape", "Escape", "e")),
        ("keys", ("Escape", "Escape", "?")),
    ):
        for key in pressed:
            view.keyboard.press(key)
        view.wait_for_timeout(500)
        assert faults(view) == [], state
        assert reflows(view), state


def test_an_item_with_a_hidden_answer(view, server, request) -> None:
    number = list(VIEWS).index(request.node.callspec.params["view"])
    sign_in(view, server.url, f"reviewer-{number}")  # each has yet to answer
    view.goto(f"{server.url}/read/hidden")
    view.wait_for_selector("#item")
    assert faults(view) == []
    view.focus("[name=chosen]")
    view.keyboard.type("a cold")
    view.keyboard.press("Enter")
    view.wait_for_selector("#item:not(.hides)")
    assert faults(view) == []


def test_in_chinese(view, server) -> None:
    sign_in(view, server.url, "reviewer-zh")
    view.goto(f"{server.url}/read/{RECIPE}")
    view.wait_for_selector("#item")
    assert view.get_attribute("html", "lang") == "zh"
    assert faults(view) == []
    assert reflows(view)


def test_moving_less_is_heeded(view, server) -> None:
    sign_in(view, server.url, "reviewer-a")
    moving = view.evaluate(
        "[...document.querySelectorAll('*')].filter((e) => parseFloat(getComputedStyle(e).transitionDuration) > 0).length"
    )
    assert moving == 0


def test_the_scheme_can_be_switched_and_stays(chrome, server) -> None:
    context = chrome.new_context()
    page = context.new_page()
    sign_in(page, server.url, "reviewer-a")
    ground = "getComputedStyle(document.body).backgroundColor"
    before = page.evaluate(ground)
    page.click("[data-theme-switch]")
    after = page.evaluate(ground)
    assert after != before
    page.reload()
    assert page.evaluate(ground) == after
    context.close()
