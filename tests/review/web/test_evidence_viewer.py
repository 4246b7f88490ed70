"""The viewers in a real browser, by keyboard: with WebGL and without, inside the item page and its policy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grandrounds.lake import Lake
from grandrounds.review.store import ReviewStore
from tests.support.browser import chromium
from tests.support.evidence_pages import CLIPS, FIGURES, VOLUMES, atlas, film, queue, torso_candidates
from tests.support.item_pages import RECIPE, browsing, fill, people, queue_of, sign_in
from tests.support.review_server import ONE, ReviewServer
from tests.support.volume_builds import authored, read_torso, write_torso

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
WITH_GL = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader")
WITHOUT_GL = ("--disable-gpu", "--disable-3d-apis")
PLACE = "JSON.stringify(document.querySelector('gr-volume').state.place)"


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[ReviewServer]:
    place = tmp_path_factory.mktemp("viewer")
    database, lake = f"sqlite:///{place / 'review.sqlite'}", Lake(str(place / "lake"))
    torso = authored(read_torso(write_torso(place / "studies"), lake))
    with ReviewStore(database) as store:
        people(store, "reviewer-a")
        cases, candidates = queue_of(1)
        fill(store, lake, cases=cases, candidates=candidates)
        queue(store, [atlas(lake).candidate])
        queue(store, [film(lake)[1]])
        queue(store, [next(one for one in torso_candidates(torso) if one.task == "level_mcq")])
    with ReviewServer(place, database, arguments=ONE) as running:
        yield running


@pytest.fixture(scope="module")
def browsers() -> Iterator[Any]:
    """Starts browsers: ``browsers(*arguments)``; all are closed at the end."""
    with browsing() as first:
        started = []

        def start(*arguments: str) -> Any:
            kind = first.browser_type
            started.append(kind.launch(executable_path=chromium(), args=["--no-sandbox", *arguments]))
            return started[-1]

        yield start
        for one in started:
            one.close()


@pytest.fixture(scope="module")
def browser(browsers) -> Any:
    return browsers(*WITH_GL)


class Told(list[str]):
    """What a page complained of."""

    def hear(self, page: Any) -> None:
        page.on("console", lambda said: said.type == "error" and self.append(said.text))
        page.on("pageerror", lambda error: self.append(str(error)))


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def page(browser, server, told) -> Iterator[Any]:
    with browser.new_context(viewport={"width": 1300, "height": 900}) as context:
        page = context.new_page()
        sign_in(page, server.url, "reviewer-a")
        told.hear(page)
        yield page


def read(page: Any, server: ReviewServer, recipe: str, pane: str) -> None:
    page.goto(f"{server.url}/read/{recipe}")
    page.focus(pane)


def until(page: Any, true: str) -> None:
    """Wait until an expression is true. The page's policy forbids Playwright's own way, which evaluates."""
    for _ in range(200):
        if page.evaluate(true):
            return
        page.wait_for_timeout(100)
    pytest.fail(f"never true: {true}")


def serious(page: Any) -> list[str]:
    """What axe finds in the pane that is serious or worse."""
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("axe.run('.beside').then((told) => told.violations)")
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:120]}"
        for one in found
        if one["impact"] in {"serious", "critical"}
    ]


def test_a_text_is_jumped_through_quote_by_quote(page, server, told):
    read(page, server, RECIPE, "gr-text")
    seen = []
    for _ in range(3):
        page.keyboard.press("j")
        seen.append(page.text_content("[data-jump][aria-current]"))
        assert page.locator(".ev-mark.ev-now").count() >= 1
    assert len(set(seen)) > 1
    page.keyboard.press("Shift+j")
    assert page.text_content("[data-jump][aria-current]") == seen[1]
    assert serious(page) == []
    assert told == []


def test_a_figure_is_zoomed_moved_and_fitted_and_its_missing_page_is_told(page, server, told):
    read(page, server, FIGURES, "gr-figure")
    scale = "document.querySelector('gr-figure').zoom().scale"
    for key in "+++":
        page.keyboard.press(key)
    assert page.evaluate(scale) == pytest.approx(1.25**3)
    assert page.inner_text(".ev-zoom") == "195%"
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.querySelector('gr-figure').zoom().x") == -60
    page.keyboard.press("0")
    assert page.evaluate(scale) == 1
    page.keyboard.press("o")
    assert page.get_attribute('[data-do="panels"]', "aria-pressed") == "false"
    assert serious(page) == []
    assert told == []
    page.keyboard.press("g")
    page.wait_for_selector("[data-gone]:not([hidden])")
    assert "not on this server" in page.inner_text("[data-gone]")


def test_a_clip_is_stepped_and_played_slowly(page, server, told):
    read(page, server, CLIPS, "gr-clip")
    now = "document.querySelector('gr-clip').place"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.evaluate(now) == 2
    assert page.locator(".ev-cue.ev-now").count() >= 1
    page.keyboard.press("Space")
    until(page, f"{now} === 3")
    page.keyboard.press("Space")
    assert page.inner_text('[data-do="play"]') == "Play"
    assert serious(page) == []
    assert told == []


def test_a_volume_comes_whole_and_is_read_by_keyboard(page, server, told):
    asked: list[str] = []
    page.on("request", lambda one: "range" in one.headers and asked.append(one.headers["range"]))
    read(page, server, VOLUMES, "gr-volume")
    page.wait_for_selector("gr-volume .ev-gl:not(.ev-coming) canvas", timeout=60_000)
    assert asked
    first = page.evaluate(PLACE)
    page.keyboard.press("ArrowUp")
    assert page.evaluate(PLACE) != first
    page.keyboard.press("ArrowDown")
    assert page.evaluate(PLACE) == first
    # What NiiVue says of the voxel is what the server says of it.
    shown = page.inner_text("gr-volume .ev-told").split("·")[1].split()[0]
    pane = "document.querySelector('gr-volume')"
    value = page.evaluate(
        f"fetch({pane}.address(`/value/${{{pane}.state.place.join('/')}}`)).then((one) => one.json())"
    )
    assert float(shown) == pytest.approx(value["value"], rel=1e-4)
    assert page.locator("gr-volume .ev-gl rect").count() >= 1
    page.keyboard.press("b")
    assert page.locator("gr-volume .ev-gl rect").count() == 0
    page.keyboard.press("o")
    assert page.evaluate(f"{pane}.state.layout") == "2"
    assert serious(page) == []
    assert told == []


def test_both_views_show_a_voxel_at_the_same_place(page, server):
    """A box's corner in NiiVue's picture is where the library itself would draw it, zoomed or not."""
    read(page, server, VOLUMES, "gr-volume")
    page.wait_for_selector("gr-volume .ev-gl:not(.ev-coming) canvas", timeout=60_000)
    for keys in ("", "++"):
        for key in keys:
            page.keyboard.press(key)
        pairs = page.evaluate("""() => {
          const pane = document.querySelector("gr-volume"), { nv } = pane.view, corner = [20, 15, 30];
          return nv.screenSlices.filter((one) => one.axCorSag < 3).map((one) => {
            const axis = [2, 1, 0][one.axCorSag];
            const share = corner.map((each, n) => n === axis ? nv.scene.crosshairPos[n] : each / pane.state.shape[n]);
            const theirs = nv.frac2canvasPosWithTile(share, one.axCorSag);
            return [pane.view.spot(one, axis, corner), theirs && [...theirs.pos]];
          });
        }""")
        assert len(pairs) == 3
        for ours, theirs in pairs:
            assert theirs is None or ours == pytest.approx(theirs, abs=0.6)


def test_without_webgl_the_server_draws_and_everything_still_works(browsers, server, told):
    with browsers(*WITHOUT_GL).new_context() as context:
        page = context.new_page()
        sign_in(page, server.url, "reviewer-a")
        told.hear(page)
        read(page, server, VOLUMES, "gr-volume")
        until(
            page,
            "document.querySelectorAll('.ev-plane img[src]').length === 3 && "
            "[...document.querySelectorAll('.ev-plane img')].every((one) => one.naturalWidth > 0)",
        )
        assert "WebGL" in page.inner_text("gr-volume .ev-told")
        first = page.evaluate(PLACE)
        before = page.locator(".ev-active img").get_attribute("src")
        page.keyboard.press("ArrowUp")
        until(page, f"document.querySelector('.ev-active img').getAttribute('src') !== '{before}'")
        assert page.evaluate(PLACE) != first
        page.keyboard.press("ArrowDown")
        # A click leads there: the middle of the axial picture is the middle of the volume.
        page.locator(".ev-plane-frame").first.click()
        i, j, _ = page.evaluate("document.querySelector('gr-volume').state.place")
        assert (abs(i - 27) <= 1, abs(j - 22) <= 1) == (True, True)
        assert page.locator("gr-volume .ev-plane rect").count() >= 1
        page.keyboard.press("m")
        until(page, "!document.querySelector('.ev-active img').src.includes('mask')")
        assert serious(page) == []
        assert told == []


def test_a_pane_that_is_taken_out_leaves_nothing_running(page, server):
    read(page, server, VOLUMES, "gr-volume")
    page.wait_for_selector("gr-volume .ev-gl:not(.ev-coming) canvas", timeout=60_000)
    assert page.evaluate("""() => {
      const pane = document.querySelector("gr-volume"), { nv } = pane.view, gl = nv.gl;
      pane.remove();
      return gl.isContextLost() && pane.view === null;
    }""")


def test_a_large_volume_is_loaded_only_when_asked_for(page, server, told):
    read(page, server, VOLUMES, "gr-volume")
    asked: list[str] = []
    page.on(
        "request", lambda one: "/media/" in one.url and "range" in one.headers and asked.append(one.url)
    )
    page.evaluate("""async () => {
      const old = document.querySelector("gr-volume");
      const text = await (await fetch(old.dataset.base)).text();
      const fresh = new DOMParser().parseFromString(text, "text/html").querySelector("gr-volume");
      fresh.dataset.told = JSON.stringify({ ...JSON.parse(fresh.dataset.told), atOnce: false });
      old.replaceWith(document.adoptNode(fresh));
    }""")
    page.wait_for_selector(".ev-plane img[src]")
    asked.clear()
    page.wait_for_timeout(500)
    assert asked == []
    button = page.locator('[data-do="engine"]')
    assert "Load the whole volume" in button.inner_text()
    button.click()
    page.wait_for_selector("gr-volume .ev-gl:not(.ev-coming) canvas", timeout=60_000)
    assert asked
    button.click()
    page.wait_for_selector(".ev-plane img[src]")
    assert told == []
