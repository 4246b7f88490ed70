"""The item page as its server answers: nothing too early, nothing twice, nothing of others, nothing that runs."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
from sqlalchemy import update

from grandrounds.lake import Lake
from grandrounds.records.parts import Flag
from grandrounds.records.review_event import ACCEPT, EDIT, REJECT, WITHDRAW
from grandrounds.review import tables
from tests.support.item_pages import PART, RECIPE, Reader, fill, queue_of, rehashed


@pytest.fixture
def lake(tmp_path) -> Lake:
    return Lake(str(tmp_path / "lake"))


@pytest.fixture
def queue(web_store, lake):
    cases, candidates = queue_of(3)
    fill(web_store, lake, cases=cases, candidates=candidates)
    return candidates


class _Runs(HTMLParser):
    """Collects what could run or restyle: inline scripts and styles, handlers, script addresses."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        if tag in {"style", "iframe", "object", "embed", "base"} or (
            tag == "script" and "src" not in named
        ):
            self.found.append(tag)
        for name, value in named.items():
            address = name in {"href", "src", "action", "formaction"}
            if name.startswith("on") or name == "style" or (address and not value.startswith(("/", "#"))):
                self.found.append(f"{tag} {name}={value[:40]}")


def runs(text: str) -> list[str]:
    """What of a page could run."""
    parser = _Runs()
    parser.feed(text)
    return parser.found


@pytest.fixture
def reader(browser, queue) -> Reader:
    return Reader(browser)


def events(store):
    return store.events(RECIPE)


# Reading ------------------------------------------------------------------------------------------


def test_the_item_stands_on_the_page_with_its_draft_and_remarks(reader, queue) -> None:
    text = html.unescape(reader.read().text)
    item = queue[0]
    for words in (item.question, item.answer, item.rationale, *item.options):
        assert words in text
    assert "The answer is the longest option" in text
    assert "<del>" in text and "<ins>" in text
    assert "names what is asked for" in text


def test_reading_again_gives_the_same_item(reader) -> None:
    reader.read()
    first = reader.here
    reader.read()
    assert reader.here == first


def test_an_unknown_queue_is_told(reader) -> None:
    assert reader.read("/read/no_such_recipe").status_code == 404


def test_who_has_no_part_in_reading_gets_nothing(browser, queue) -> None:
    observer = browser("observer-a", "observer")
    assert observer.get(f"/read/{RECIPE}").status_code == 403
    assert observer.get(f"/read/{RECIPE}/{queue[0].item_id}").status_code == 403


def test_an_item_that_is_not_held_is_shown_to_nobody(browser, queue) -> None:
    one = Reader(browser)
    answer = one.read(f"/read/{RECIPE}/{queue[1].item_id}")
    assert answer.status_code == 409
    assert queue[1].question not in html.unescape(answer.text)


def test_another_reader_cannot_write_on_an_item_that_they_do_not_hold(browser, queue, web_store) -> None:
    one, other = Reader(browser), Reader(browser, "reviewer-b")
    one.read()
    other.browser.post("/language", {"language": "en"})
    other.here, other.fields = one.here, {**one.fields, "csrf": other.browser.token("/account")}
    assert other.send("decide", decision=ACCEPT).json()["state"] == "gone"
    assert other.send("save", comment="x").json()["state"] == "gone"
    assert events(web_store) == []


def test_the_item_ahead_is_another_one_and_comes_next(reader) -> None:
    reader.read()
    ahead = Reader.__new__(Reader)
    ahead.take(reader.browser.get(f"{reader.here}/ahead", headers=PART).text)
    assert ahead.here != reader.here
    told = reader.send("decide", decision=ACCEPT).json()
    assert told["next"]["address"] == ahead.here
    assert told["next"]["token"] == ahead.fields["token"]


# Deciding -----------------------------------------------------------------------------------------


def test_a_decision_is_stored_with_all_that_goes_with_it(reader, web_store) -> None:
    reader.read()
    told = reader.send(
        "decide", decision=ACCEPT, comment="Fine.", rating__clear="5", mark="quote:1", seconds="12.4"
    ).json()
    (event,) = events(web_store)
    assert told["state"] == "done" and told["event"] == event.event_id
    assert (event.decision, event.comment, event.seconds) == (ACCEPT, "Fine.", 12.4)
    assert [(rating.criterion, rating.score) for rating in event.ratings] == [("clear", 5)]
    assert [(mark.kind, mark.reference) for mark in event.marks] == [("quote", "1")]


def test_a_decision_whose_answer_was_lost_is_stored_once(reader, web_store) -> None:
    reader.read()
    first = reader.send("decide", decision=ACCEPT).json()
    again = reader.send("decide", decision=ACCEPT).json()
    assert (first["state"], again["state"]) == ("done", "done")
    assert first["event"] == again["event"]
    assert len(events(web_store)) == 1


def test_a_rejection_says_why(reader, web_store) -> None:
    reader.read()
    assert reader.send("decide", decision=REJECT).json()["state"] == "fault"
    assert reader.send("decide", decision=REJECT, reason="outdated").json()["state"] == "done"
    assert events(web_store)[0].reasons == ("outdated",)


def test_an_edit_that_would_break_the_item_is_told_at_its_field(reader, web_store) -> None:
    reader.read()
    told = reader.send("decide", decision=EDIT, question="short").json()
    assert (told["state"], told["field"]) == ("fault", "question")
    assert events(web_store) == []
    assert (
        reader.send("decide", decision=EDIT, question="Which disease is most likely here?").json()["state"]
        == "done"
    )


def test_a_decision_nobody_knows_is_refused(reader, web_store) -> None:
    reader.read()
    assert reader.send("decide", decision="withdraw").status_code == 400
    assert events(web_store) == []


def test_undo_brings_the_item_back_with_all_that_was_filled_in(reader, web_store) -> None:
    reader.read()
    here = reader.here
    told = reader.send("decide", decision=REJECT, reason="outdated", comment="Since 1990.").json()
    back = reader.browser.client.post(
        "/undo", data={"event": told["event"], "csrf": reader.fields["csrf"]}, headers=PART
    ).json()
    assert back == {"state": "undone", "address": here}
    text = reader.read(here).text
    assert "Since 1990." in text
    assert re.search(r'value="outdated" checked', text)
    assert [event.decision for event in events(web_store)] == [REJECT, WITHDRAW]


def test_another_s_decision_cannot_be_undone(browser, queue, web_store) -> None:
    one, other = Reader(browser), Reader(browser, "reviewer-b")
    one.read()
    told = one.send("decide", decision=ACCEPT).json()
    answer = other.browser.post("/undo", {"event": told["event"]})
    assert answer.status_code == 404
    assert len(events(web_store)) == 1


@pytest.mark.parametrize("kind", ["not_mine", "later", "conflict"])
def test_an_item_can_be_given_back(reader, kind: str) -> None:
    reader.read()
    here = reader.here
    told = reader.send("decline", decline=kind).json()
    assert told["state"] == "done" and told["next"]["address"] != here
    assert reader.read(here).status_code == 409


def test_a_page_that_is_too_old_decides_nothing(reader, web_store) -> None:
    reader.read()
    old = dict(reader.fields)
    told = reader.send("decide", decision=ACCEPT).json()
    reader.browser.post("/undo", {"event": told["event"]})
    reader.fields = old
    assert reader.send("decide", decision=REJECT, reason="outdated").json()["state"] == "gone"
    assert [event.decision for event in events(web_store)] == [ACCEPT, WITHDRAW]


def test_a_slot_that_ran_out_is_told_and_keeps_what_was_typed(reader, web_store) -> None:
    reader.read()
    reader.send("save", comment="half a thought")
    with web_store.database.writing() as connection:
        connection.execute(update(tables.slots).values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))
    assert reader.send("decide", decision=ACCEPT).json()["state"] == "gone"
    assert "half a thought" in reader.read().text


def test_an_item_that_changed_is_told_and_asked_anew(reader, queue, web_store, lake) -> None:
    reader.read()
    changed = [rehashed(queue[0], rationale="Written anew."), *queue[1:]]
    web_store.enqueue(RECIPE, changed)
    assert reader.send("decide", decision=ACCEPT).json()["state"] == "gone"
    assert events(web_store) == []


def test_without_scripts_the_forms_lead_on(reader, web_store) -> None:
    reader.read()
    answer = reader.send("decide", part=False, decision=ACCEPT)
    assert answer.status_code == 303
    text = reader.read(answer.headers["location"]).text
    assert "Accepted and saved." in text
    refused = reader.send("decide", part=False, decision=REJECT)
    assert refused.status_code == 409 and "Say why" in refused.text


def test_an_item_given_away_is_taken_back_from_the_notice_or_the_start_page(reader, store) -> None:
    reader.read()
    first = reader.here
    told = reader.send("decline", decline="not_mine").json()
    assert told["given"] in told["back"]
    assert "Given to others" in reader.browser.get("/").text
    assert 'data-kind="not_mine"' in reader.browser.get(f"/read/{RECIPE}?given={told['given']}").text
    assert 'data-kind="not_mine"' not in reader.browser.get(f"/read/{RECIPE}?given=item-of-another").text
    back = reader.browser.client.post(told["back"], data={"csrf": reader.fields["csrf"]})
    assert (back.status_code, back.headers["location"]) == (303, first)
    assert reader.read(first).status_code == 200
    assert "Given to others" not in reader.browser.get("/").text
    again = reader.browser.client.post(told["back"], data={"csrf": reader.fields["csrf"]})
    assert again.status_code == 409
    assert events(store) == []


def test_when_all_is_read_it_says_so(reader, queue) -> None:
    for _ in queue:
        reader.read()
        told = reader.send("decide", decision=ACCEPT).json()
    assert told["next"] is None
    assert "Nothing to read at the moment" in reader.read().text


# Saving -------------------------------------------------------------------------------------------


def test_what_was_typed_stands_there_after_a_reload(reader) -> None:
    reader.read()
    assert (
        reader.send("save", comment="so far", question="Which disease is this?").json()["state"] == "saved"
    )
    text = reader.read().text
    assert "so far" in text and "Which disease is this?" in text
    assert reader.fields["revision"] == "1"


def test_an_older_window_never_overwrites_a_newer_one(reader) -> None:
    reader.read()
    assert reader.send("save", comment="newer").json()["state"] == "saved"
    assert reader.send("save", comment="older").json()["state"] == "newer"
    assert "newer" in reader.read().text


def test_the_same_save_again_is_no_conflict(reader) -> None:
    reader.read()
    for _ in range(2):
        assert reader.send("save", comment="once").json()["state"] == "saved"


def test_a_change_without_the_token_is_refused(reader, web_store) -> None:
    reader.read()
    answer = reader.browser.client.post(
        f"{reader.here}/decide", data={**reader.fields, "csrf": "", "decision": ACCEPT}
    )
    assert answer.status_code == 403
    assert events(web_store) == []


# Hidden answers -----------------------------------------------------------------------------------


@pytest.fixture
def hidden(browser, web_store, lake) -> Reader:
    cases, candidates = queue_of(2)
    told = rehashed(candidates[0], rationale="UNTOLD rationale", answer_aliases=("UNTOLD alias",))
    flag = Flag(flag="longest_option", detail="UNTOLD remark")
    told = replace(told, quality_flags=(flag,), citation="UNTOLD citation")
    fill(web_store, lake, cases=cases, candidates=[told, candidates[1]], blind_answer=True)
    return Reader(browser)


def test_nothing_on_the_page_tells_the_answer_before_one_is_given(hidden) -> None:
    text = html.unescape(hidden.read().text)
    assert "UNTOLD" not in text
    assert "marked answer</span>" not in text
    assert "names what is asked for" not in text
    assert 'class="right' not in text
    assert "The final diagnosis" not in text and 'data-kind="quote"' not in text


def test_the_answer_is_shown_once_one_is_given_and_the_first_stands(hidden) -> None:
    hidden.read()
    options = re.findall(r'name="chosen" value="([^"]*)"', hidden.read().text)
    text = hidden.send("reveal", chosen=html.unescape(options[0])).text
    assert "UNTOLD rationale" in text and "UNTOLD remark" in text
    hidden.read()
    assert hidden.send("reveal", chosen="changed-mind").status_code == 200
    assert "changed-mind" not in hidden.read().text


def test_accepting_before_an_answer_is_given_is_refused(hidden, web_store) -> None:
    hidden.read()
    assert hidden.send("decide", decision=ACCEPT).json()["state"] == "fault"
    assert hidden.send("decide", decision=ACCEPT, chosen="x").json()["state"] == "fault"
    assert events(web_store) == []
    assert hidden.send("decide", decision=REJECT, reason="badly worded").json()["state"] == "done"


def test_who_wrote_it_is_not_told_where_that_is_blind(reader, queue, browser, web_store, lake) -> None:
    assert "written by rules" not in reader.read().text
    cases, candidates = queue_of(1)
    fill(web_store, lake, cases=cases, candidates=candidates, blind_author=False)
    assert "written by rules" in reader.read().text


# What stands in data ------------------------------------------------------------------------------

EVIL = '</textarea></script><script>alert(1)</script>" onfocus="alert(2)" x=\'{{7*7}}\'<img src=x onerror=alert(3)>'


def test_scripts_in_any_field_are_words(browser, web_store, lake) -> None:
    cases, candidates = queue_of(2)
    item = candidates[0]
    evil = rehashed(
        item,
        stem=f"{EVIL} {item.stem}",
        question=f"{EVIL} {item.question}",
        options=tuple(f"{option} {EVIL}" for option in item.options),
        answer=f"{item.answer} {EVIL}",
        answer_aliases=(EVIL,),
        rationale=EVIL,
        citation=EVIL,
        licence=EVIL,
        task=item.task,
        quality_flags=(Flag(flag=EVIL, detail=EVIL),),
        evidence=tuple(replace(each, quote=f"{each.quote} {EVIL}") for each in item.evidence),
        measurements=(),
    )
    fill(web_store, lake, cases=cases, candidates=[evil, candidates[1]])
    one = Reader(browser)
    shown = one.read().text
    one.send("save", comment=EVIL, question=EVIL, rationale=EVIL, reason=EVIL, mark=f"quote:{EVIL}")
    again = one.read().text
    checked = one.send("check", question=EVIL, rationale=EVIL).text
    for text in (shown, again, checked):
        assert runs(text) == []
    assert EVIL in html.unescape(shown)
    told = one.send("decide", decision=REJECT, reason=EVIL[:280], comment=EVIL).json()
    assert told["state"] == "done"
    desk = one.browser.get("/").text
    assert runs(desk) == [] and EVIL[:40] in html.unescape(desk)


def test_no_page_holds_an_inline_script_or_style(reader) -> None:
    for text in (reader.read().text, reader.browser.get("/").text, reader.browser.get("/keys").text):
        assert runs(text) == []


def test_texts_of_data_stand_apart_from_the_page_s_direction(reader) -> None:
    text = reader.read().text
    assert re.search(r'<h1[^>]*dir="auto"', text)
    assert re.search(r'<textarea name="rationale"[^>]*dir="auto"', text)


def test_the_page_speaks_the_account_s_language(reader) -> None:
    assert reader.browser.post("/language", {"language": "zh"}).status_code == 303
    text = reader.read().text
    assert '<html lang="zh">' in text and "接受" in text
    told = reader.send("decide", decision=REJECT).json()
    assert "请说明原因" in told["words"]
    assert reader.browser.post("/language", {"language": "xx"}).status_code == 400


def test_words_for_scripts_are_data(reader) -> None:
    found = re.search(r'data-words="([^"]*)"', reader.read().text)
    assert found and json.loads(html.unescape(found.group(1)))["js.undo"] == "Undo"
