"""The pages in a real browser: on a phone, at a desk, in the dark, on paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grandrounds.weekly_report.report import write_report
from tests.support.browser import chromium
from tests.weekly_report.conftest import WEEKS, facts_of

pytestmark = pytest.mark.slow
PAGES = ("2026-W45.html", "2026-W47.html", "index.html")


@pytest.fixture(scope="module")
def folder(published: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("weekly")
    for week in WEEKS:
        write_report(published.folder, version=published.version(week), facts=facts_of(week), out=out)
    return out


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield opened
        opened.close()


def _open(browser: Any, path: Path, *, width: int, scheme: str = "light") -> tuple[Any, list[str]]:
    page = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, java_script_enabled=True
    ).new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: said.append(request.url))
    page.goto(path.as_uri())
    return page, [line for line in said if line != path.as_uri() and not line.startswith("data:")]


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [320, 1200])
def test_nothing_but_tables_scrolls_sideways_and_nothing_is_fetched(
    browser: Any, folder: Path, name: str, width: int
) -> None:
    page, said = _open(browser, folder / name, width=width)
    assert said == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    small = page.evaluate(
        "[...document.querySelectorAll('svg text, td, th, p, li, summary')]"
        ".filter(each => parseFloat(getComputedStyle(each).fontSize) < 12).length"
    )
    assert small == 0
    over = page.evaluate(
        "[...document.querySelectorAll('svg')].map(svg => [...svg.querySelectorAll('text.name')].filter(name => {"
        " const value = name.nextElementSibling; return value && value.matches('.value') &&"
        " name.getBoundingClientRect().right > value.getBoundingClientRect().left; }).length)"
        ".reduce((one, other) => one + other, 0)"
    )
    assert over == 0, "a name and a number of a chart lie on one another"


def test_it_is_dark_in_the_dark(browser: Any, folder: Path) -> None:
    look = "getComputedStyle(document.body).backgroundColor"
    light, _ = _open(browser, folder / PAGES[1], width=800)
    dark, _ = _open(browser, folder / PAGES[1], width=800, scheme="dark")
    assert (light.evaluate(look), dark.evaluate(look)) == ("rgb(251, 250, 247)", "rgb(20, 25, 30)")


def test_on_paper_the_tables_are_open_and_the_menus_gone(browser: Any, folder: Path) -> None:
    page, _ = _open(browser, folder / PAGES[1], width=800)
    seen = "document.querySelector({!r}).checkVisibility({{contentVisibilityAuto: true}})"
    page.emulate_media(media="print")
    page.wait_for_function(f"{seen.format('#steps')} && !{seen.format('.turn')}")
    page.emulate_media(media="screen")
    page.wait_for_function(f"!{seen.format('#steps')} && {seen.format('.turn')}")


def test_the_keyboard_reaches_tables_and_what_is_folded(browser: Any, folder: Path) -> None:
    page, _ = _open(browser, folder / PAGES[1], width=320)
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.className || document.activeElement.tagName"))
    assert {"skip", "wide", "SUMMARY", "A"} <= reached
