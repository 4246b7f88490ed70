"""Queues and people for tests of the item page, and a Chromium to look at it with."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from typing import Any

import pytest

from grandrounds.lake import Lake
from grandrounds.recipe import Review
from grandrounds.records.case import Case
from grandrounds.records.envelope import Candidate, Draft, Envelope, Revision, content_sha256, item_id
from grandrounds.records.parts import Flag
from grandrounds.records.table import to_table
from grandrounds.review.people.accounts import Accounts
from grandrounds.review.store import ReviewStore
from tests.support.browser import chromium
from tests.support.factories import make_candidate, make_case

RECIPE = "case_diagnosis"
PART = {"X-Part": "1"}
PASSWORD = "seven quiet herons"
_ARGUMENTS = (
    "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


def queue_of(number: int, *, task: str = "diagnosis_mcq") -> tuple[list[Case], list[Candidate]]:
    """Cases and the candidates made from them; the first has a remark of the gates."""
    cases = [make_case(each) for each in range(number)]
    candidates = [make_candidate(case, task=task) for case in cases]
    flag = Flag(flag="longest_option", detail="The answer has 18 characters, the longest other option 9.")
    candidates[0] = replace(candidates[0], quality_flags=(flag,))
    return cases, candidates


def fill(
    store: ReviewStore,
    lake: Lake,
    *,
    cases: Sequence[Case],
    candidates: Sequence[Candidate],
    recipe: str = RECIPE,
    **policy: Any,
) -> None:
    """Put candidates into the queue, and into the lake what the page shows beside them: cases, drafts that
    asked otherwise, and revisions."""
    from grandrounds.contracts import contract

    store.enqueue(
        recipe, candidates, policy=Review(**{"policy": "readers", "readers": 2, "order": "queue", **policy})
    )
    lake.write_table(f"{recipe}/cases", to_table(cases, contract("cases")))
    drafts = [_of(Draft, each, draft_id=each.draft_id, question="What is wrong?") for each in candidates]
    revisions = [
        _of(
            Revision, each, draft_id=each.draft_id, revision_id=each.revision_id,
            changes=("question: names what is asked for",),
        )
        for each in candidates
    ]  # fmt: skip
    lake.write_table(f"{recipe}/drafts", to_table(drafts, contract("drafts")))
    lake.write_table(f"{recipe}/revisions", to_table(revisions, contract("revisions")))


def people(
    store: ReviewStore, *names: str, language: str = "en", roles: Sequence[str] = ("reviewer",)
) -> None:
    """Accounts that can sign in with ``PASSWORD``."""
    accounts = Accounts(store.database)
    for name in names:
        accounts.add(name, roles=roles, password=PASSWORD, language=language)


def rehashed(candidate: Candidate, **changes: Any) -> Candidate:
    """``candidate`` with changes, and ids that fit them."""
    changed = replace(candidate, **changes)
    changed = replace(changed, item_id=item_id(changed))
    return replace(changed, content_sha256=content_sha256(changed))


@contextmanager
def browsing(*more: str) -> Iterator[Any]:
    """A Chromium by Playwright, started with ``more`` arguments; skips, visibly, where either is missing."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium(), args=[*_ARGUMENTS, *more])
        try:
            yield browser
        finally:
            browser.close()


def sign_in(page: Any, url: str, name: str) -> None:
    """Sign in by the form, as people do."""
    page.goto(f"{url}/login")
    page.fill("[name=name]", name)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_selector(".desk")


def _of(kind: Any, candidate: Candidate, **more: Any) -> Any:
    shared = {each.name: getattr(candidate, each.name) for each in fields(Envelope)}
    return kind(**{**shared, **more})


class Reader:
    """Somebody at the item page."""

    def __init__(self, browser, name: str = "reviewer-a", *roles: str) -> None:
        self.browser = browser(name, *roles)
        self.fields: dict[str, str] = {}

    def read(self, path: str = f"/read/{RECIPE}", *, part: bool = False):
        answer = self.browser.get(path, headers=PART if part else {})
        self.take(answer.text)
        return answer

    def take(self, text: str) -> None:
        self.fields = {
            name: html.unescape(value)
            for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', text)
            if name in {"csrf", "token", "content", "revision", "seconds", "panel"}
        }
        found = re.search(r'data-here="([^"]+)"', text)
        self.here = found.group(1) if found else ""

    def send(self, what: str, *, part: bool = True, **more):
        data = {**self.fields, **{name.replace("__", ":"): value for name, value in more.items()}}
        headers = {"X-CSRF-Token": data["csrf"], **(PART if part else {})}
        return self.browser.client.post(f"{self.here}/{what}", data=data, headers=headers)
