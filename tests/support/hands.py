"""Somebody at the clinicians' page with a keyboard and nothing else."""

from __future__ import annotations

from typing import Any

from tests.support.review_houses import PASSWORD

_MOST_TABS = 250
_NO_MOUSE = """
window.pointed = [];
for (const kind of ["pointerdown", "mousedown", "touchstart", "wheel"])
    addEventListener(kind, () => window.pointed.push(kind), { capture: true, passive: true });
"""
_FOCUSED = """() => {
    const at = document.activeElement, own = at.matches("a, button, summary") ? at.textContent : "";
    return [own, at.ariaLabel, at.title, at.name, at.id].map((each) => (each ?? "").trim().replace(/\\s+/g, " "));
}"""
_TOLD = """() => ["#notice", "#trouble", "#saved", "main h1", "main .notice"]
    .map((each) => `${each}: ${document.querySelector(each)?.innerText ?? "-"}`).join("\\n")"""


class Hands:
    """One person's browser: presses keys, waits for what they lead to, and notes what went wrong meanwhile."""

    def __init__(self, browser: Any, url: str, *, language: str = "en-GB", **context: Any) -> None:
        self._context = browser.new_context(
            viewport={"width": 1280, "height": 800}, locale=language, **context
        )
        self._context.add_init_script(_NO_MOUSE)
        self.page = self._context.new_page()
        self.url = url
        self.faults: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", self._heard)

    def __enter__(self) -> Hands:
        return self

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        pointed = self.page.evaluate("window.pointed")
        if error is not None:
            error.add_note(f"On the page ({self.page.url}):\n{self.page.evaluate(_TOLD)}\n{self.faults}")
        self._context.close()
        if error is None:
            assert pointed == [], "a mouse was used"
            assert self.faults == []

    def press(self, *keys: str) -> None:
        """Keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        """A text into the field that has the focus."""
        self.page.keyboard.type(text)

    def tab_to(self, words: str, *, back: bool = False) -> None:
        """Tab until the focus is on what is called ``words``."""
        seen: list[list[str]] = []
        for _ in range(_MOST_TABS):
            self.press("Shift+Tab" if back else "Tab")
            seen.append(self.page.evaluate(_FOCUSED))
            if seen[-1][0].startswith(words) or words in seen[-1][1:]:
                return
        raise AssertionError(f"Tab never came to {words!r}: {list(dict.fromkeys(map(tuple, seen)))}")

    def follow(self, words: str, *, to: str) -> None:
        """Tab to a link or button called ``words``, press Enter, and wait for ``to``."""
        self.tab_to(words)
        before = self.page.evaluate("performance.timeOrigin")
        self.press("Enter")
        self.page.wait_for_function(
            "was => performance.timeOrigin !== was && document.readyState === 'complete'", arg=before
        )
        self.page.wait_for_selector(to)

    def sign_in(self, name: str) -> None:
        """Open the page's address, and sign in where it asks to."""
        self.page.goto(f"{self.url}/")
        self.page.wait_for_selector("input[name=name]:focus")
        self.type(name)
        self.press("Tab")
        self.type(PASSWORD)
        self.press("Enter")
        self.page.wait_for_selector(".desk")

    def sign_out(self) -> None:
        """End the day."""
        self.follow("Sign out", to="input[name=name]")

    # At an item -----------------------------------------------------------------------------------

    @property
    def item(self) -> str:
        """The item on the page."""
        return str(self.page.evaluate("document.getElementById('item')?.dataset.item ?? ''"))

    def decided(self, item: str) -> None:
        """Wait until ``item`` has given way to another, or to word that there is none."""
        self.page.wait_for_function(
            "was => document.readyState === 'complete' && document.querySelector('main')"
            " && document.getElementById('item')?.dataset.item !== was",
            arg=item,
        )

    def saved(self) -> None:
        """Wait until the page says that all that was typed is on the server."""
        self.page.wait_for_selector("#saved[data-state=saved]", timeout=60_000)

    def shown(self, selector: str) -> str:
        """The words of a part of the page."""
        return str(self.page.inner_text(selector))

    def _heard(self, said: Any) -> None:
        if "Content Security Policy" in said.text:
            self.faults.append(said.text)
