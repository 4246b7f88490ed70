"""The lead's page: figures by pseudonym, gold, and every table as a file."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from grandrounds.recipe import Review
from grandrounds.records.envelope import Candidate
from grandrounds.records.funnel import FunnelStep, ReasonCount
from grandrounds.records.review_event import ACCEPT, REJECT, Rating
from grandrounds.review.desk.desk import Desk
from grandrounds.review.desk.gold import Gold
from grandrounds.review.desk.values import CONFLICT, Verdict
from grandrounds.review.people.accounts import Accounts
from grandrounds.review.policy import Outcome, rulings
from grandrounds.review.store import ReviewStore
from grandrounds.review.web.settings import WebSettings
from grandrounds.review.web.views.lead_view import ORDER

RECIPE = "case_diagnosis"
POLICY = Review(policy="readers", readers=2, order="queue", gold_share=0.0)
FORMULA = "=HYPERLINK(1)"


@pytest.fixture
def settings() -> WebSettings:
    return WebSettings(dagster_url="https://dagster.example.org/")


@pytest.fixture
def read(web_store: ReviewStore, candidates: Sequence[Candidate], app: Any) -> ReviewStore:
    """Two readers have read most of twelve items over some days; one item is disputed."""
    web_store.enqueue(RECIPE, candidates, run_id="run-7", policy=POLICY)
    people = Accounts(web_store.database)
    for days, name in ((6, "reviewer-amber"), (2, "reviewer-beryl")):
        account = people.add(name, roles=["reviewer"], password="seven quiet herons")
        for number in range(10):
            desk = Desk(
                web_store,
                now=lambda d=days, n=number: datetime.now(UTC) - timedelta(days=d - n % 2, hours=1),
            )
            slot = desk.next(account, recipe=RECIPE)
            no = number == 3 and name.endswith("beryl")
            verdict = Verdict(
                decision=REJECT if no else ACCEPT, reasons=("leak",) if no else (), seconds=20.0 + number,
                ratings=(Rating(criterion="clear", score=5 - number % 2),),
            )  # fmt: skip
            desk.decide(account, slot, verdict)
    desk = Desk(web_store)
    desk.decline(account, desk.next(account, recipe=RECIPE), CONFLICT, FORMULA)
    desk.next(account, recipe=RECIPE)
    return web_store


def table(browser: Any, name: str) -> list[dict[str, Any]]:
    answer = browser.get(f"/lead/{RECIPE}/tables/{name}.json")
    assert answer.status_code == 200
    return json.loads(answer.text)


def test_the_page_shows_every_table_with_its_files(read, browser):
    page = browser("lead-a", "lead").get(f"/lead/{RECIPE}")
    assert page.status_code == 200
    for name in ORDER:
        assert f'id="{name}"' in page.text
        assert f"/lead/{RECIPE}/tables/{name}.csv" in page.text
    assert "style=" not in page.text
    assert 'href="https://dagster.example.org/runs/run-7"' in page.text
    charts = re.findall(r'<svg class="chart".*?</svg>', page.text, re.DOTALL)
    assert len(charts) >= 5
    for chart in charts:
        assert 'role="img"' in chart
        assert re.search(r"<title[^>]*>[^<]+</title><desc[^>]*>[^<]+</desc>", chart)


def test_the_page_speaks_chinese(read, browser):
    lead = browser("lead-a", "lead")
    lead.client.headers["accept-language"] = "zh"
    read_by = Accounts(read.database)
    read_by.speak("lead-a", "zh")
    page = browser("lead-a").get(f"/lead/{RECIPE}").text
    assert "一致性" in page
    assert "Agreement</h2>" not in page


def test_the_figures_are_those_of_the_decisions(read, browser):
    lead = browser("lead-a", "lead")
    assert {row["outcome"]: row["items"] for row in table(lead, "progress")} == {
        "accepted": 9, "accepted_edited": 0, "rejected": 0, "disputed": 1, "pending": 2,
    }  # fmt: skip
    whole = {row["statistic"]: row for row in table(lead, "agreement") if row["scope"] == "all"}
    assert whole["percent"]["value"] == pytest.approx(0.9)
    assert whole["gwet_ac1"]["low"] < whole["gwet_ac1"]["value"] <= whole["gwet_ac1"]["high"]
    assert whole["cohen_kappa"]["value"] == pytest.approx(0.0)
    assert {row["of"] for row in table(lead, "agreement") if row["scope"] == "reviewer"} == {
        "reviewer-amber", "reviewer-beryl",
    }  # fmt: skip
    readers = {row["reviewer"]: row for row in table(lead, "readers")}
    assert readers["reviewer-beryl"]["rejected"] == 1
    assert readers["reviewer-beryl"]["seconds"] == 24.5
    (forecast,) = table(lead, "forecast")
    assert forecast["missing"] == 4
    assert forecast["earliest"] <= forecast["done"] <= (forecast["latest"] or "9999")
    assert len(table(lead, "disputes")) == 1
    assert [row["reviewer"] for row in table(lead, "held")] == ["reviewer-beryl"]
    assert {row["statistic"] for row in table(lead, "ratings")} >= {"gwet_ac2_quadratic"}


def test_gold_is_marked_measured_and_unmarked(read, browser, candidates):
    lead = browser("lead-a", "lead")
    item = candidates[3].item_id
    page = lead.get(f"/lead/{RECIPE}/items/{item}")
    assert "reviewer-beryl" in page.text
    answer = lead.post(f"/lead/{RECIPE}/gold", {"item": item, "decision": REJECT, "words": "names it"})
    assert answer.status_code == 303
    (row,) = table(lead, "gold")
    assert (row["item"], row["decision"], row["read_by"], row["gold_right"]) == (item, REJECT, 2, 1)
    weeks = [row for row in table(lead, "weeks") if row["gold"]]
    assert {row["reviewer"]: row["gold_share"] for row in weeks} == {
        "reviewer-amber": 0.0,
        "reviewer-beryl": 1.0,
    }
    assert 'class="line ' in lead.get(f"/lead/{RECIPE}").text
    outcomes = {one.candidate_id: one.outcome for one in rulings(read.snapshot(RECIPE), POLICY)}
    assert outcomes[item] is Outcome.REJECTED
    assert lead.post(f"/lead/{RECIPE}/gold/{item}/unmark").status_code == 303
    assert Gold(read).of(RECIPE) == []
    assert lead.post(f"/lead/{RECIPE}/gold", {"item": "item-none", "decision": REJECT}).status_code == 409


def test_files_open_in_a_spreadsheet_and_run_nothing(read, browser):
    lead = browser("lead-a", "lead")
    answer = lead.get(f"/lead/{RECIPE}/tables/declined.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == f'attachment; filename="{RECIPE}-declined.csv"'
    assert answer.content.startswith(b"\xef\xbb\xbf")
    (row,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert row["words"] == "'" + FORMULA
    assert row["reviewer"] == "reviewer-beryl"
    agreement = lead.get(f"/lead/{RECIPE}/tables/agreement.csv").content.decode("utf-8-sig")
    assert all(float(row["value"]) <= 1 for row in csv.DictReader(io.StringIO(agreement)) if row["value"])
    for path in ("tables/none.csv", "tables/../secret.csv", "tables/progress.exe"):
        assert lead.get(f"/lead/{RECIPE}/{path}").status_code in {404, 422}


def test_readers_own_answers_are_counted_and_choices_compared_with_the_marked_one(
    web_store, candidates, decide, browser
):
    """Three of four choices as marked; words are counted, and nothing says whether they are right."""
    web_store.enqueue(RECIPE, candidates, policy=POLICY)
    first, second, opened = candidates[0], candidates[1], candidates[6]
    wrong = next(option for option in first.options if option != first.answer)
    withdrawn = decide(candidates[2], answer=candidates[2].answer)
    web_store.append(
        [
            decide(first, answer=first.answer), decide(first, by="reviewer-b", answer=wrong),
            decide(second, answer=second.answer), decide(second, by="reviewer-b", answer=second.answer),
            decide(opened, answer=opened.answer), decide(opened, by="reviewer-b"),
            withdrawn, decide(candidates[2], "withdraw"),
        ]
    )  # fmt: skip
    lead = browser("lead-a", "lead")
    rows = {(row["scope"], row["of"]): row for row in table(lead, "answers")}
    assert list(rows) == [
        ("all", ""), ("task", "diagnosis_mcq"), ("task", "diagnosis_open"),
        ("reviewer", "reviewer-a"), ("reviewer", "reviewer-b"),
    ]  # fmt: skip
    whole = rows["all", ""]
    assert (whole["answered"], whole["with_options"], whole["as_marked"], whole["share"]) == (5, 4, 3, 0.75)
    assert (round(whole["low"], 4), round(whole["high"], 4)) == (0.3006, 0.9544)  # Wilson, 3 of 4
    words = rows["task", "diagnosis_open"]
    assert (words["answered"], words["with_options"], words["share"], words["low"]) == (1, 0, None, None)
    assert rows["reviewer", "reviewer-b"]["as_marked"] == 1
    page = lead.get(f"/lead/{RECIPE}").text
    assert "readers answered 5 times. 4 of these were a choice of an option, and 3 of those" in page
    assert lead.get(f"/lead/{RECIPE}/tables/answers.csv").status_code == 200


def test_the_funnel_comes_from_the_lake(read, browser, app):
    from grandrounds.contracts import contract
    from grandrounds.records.table import to_table

    steps = [
        FunnelStep(
            recipe=RECIPE, position=1, step="cases", unit="case", entered=20, left=12,
            refused=(ReasonCount(reason="language", count=8),),
        )
    ]  # fmt: skip
    app.state.lake.write_table(f"{RECIPE}/funnel", to_table(steps, contract("funnel")))
    lead = browser("lead-a", "lead")
    (row,) = table(lead, "funnel")
    assert (row["entered"], row["went_on"], row["refused"], row["why"]) == (20, 12, 8, "language 8")
    assert "12 of 20" in lead.get(f"/lead/{RECIPE}").text


def test_an_empty_queue_has_a_page(web_store, browser):
    web_store.enqueue(RECIPE, [], policy=POLICY)
    page = browser("lead-a", "lead").get(f"/lead/{RECIPE}")
    assert page.status_code == 200
    assert "Nothing to show yet." in page.text


def test_who_may_see_figures_and_who_may_mark(read, browser, candidates):
    observer = browser("observer-a", "observer")
    assert observer.get(f"/lead/{RECIPE}").status_code == 200
    assert observer.get(f"/lead/{RECIPE}/tables/readers.csv").status_code == 200
    assert candidates[0].question not in observer.get(f"/lead/{RECIPE}").text
    assert observer.get(f"/lead/{RECIPE}/items/{candidates[0].item_id}").status_code == 403
    given = {"item": candidates[0].item_id, "decision": ACCEPT}
    assert observer.post(f"/lead/{RECIPE}/gold", given).status_code == 403
    for role in ("reviewer", "adjudicator"):
        other = browser(f"somebody-{role}", role)
        for path in ("", f"/{RECIPE}", f"/{RECIPE}/tables/readers.csv"):
            assert other.get(f"/lead{path}").status_code == 403
    assert browser("lead-a", "lead").get("/lead/no_such_recipe").status_code == 404


def test_a_run_s_address_that_is_no_web_address_is_no_link(read, browser, app):
    app.state.settings = WebSettings(dagster_url="javascript:alert(1)//")
    assert "javascript:" not in browser("lead-a", "lead").get(f"/lead/{RECIPE}").text
