"""What a reader answers before they see the marked answer: kept, never another, stored with the decision."""

from __future__ import annotations

import html
import re

import pytest

from grandrounds.lake import Lake
from grandrounds.records.review_event import ACCEPT, REJECT, WITHDRAW
from tests.support.item_pages import RECIPE, Reader, fill, queue_of


@pytest.fixture
def lake(tmp_path) -> Lake:
    return Lake(str(tmp_path / "lake"))


@pytest.fixture
def hidden(browser, web_store, lake) -> Reader:
    """A reader of two questions whose marked answer is hidden."""
    cases, candidates = queue_of(2)
    fill(web_store, lake, cases=cases, candidates=candidates, blind_answer=True)
    return Reader(browser)


def others(text: str, item) -> list[str]:
    """The options on the page that are not the marked answer."""
    options = [html.unescape(each) for each in re.findall(r'name="chosen" value="([^"]*)"', text)]
    assert sorted(options) == sorted(item.options)
    return [option for option in options if option != item.answer]


def test_it_is_stored_with_the_decision_and_no_form_can_change_it(hidden, web_store) -> None:
    text = hidden.read().text
    item = web_store.queue(RECIPE)[0].candidate
    wrong, other = others(text, item)[:2]
    hidden.take(hidden.send("reveal", chosen=wrong).text)
    hidden.take(hidden.send("reveal", chosen=other).text)
    assert hidden.send("save", chosen=other).json()["state"] == "saved"
    assert (
        hidden.send("decide", decision=ACCEPT, chosen=item.answer, own_answer=item.answer).json()["state"]
        == "done"
    )
    (event,) = web_store.events(RECIPE)
    assert (event.answer, event.decision, event.edits) == (wrong, ACCEPT, "{}")


@pytest.mark.parametrize("chosen", ["", "x", " "])
def test_the_marked_answer_is_not_shown_for_nothing(hidden, chosen) -> None:
    hidden.read()
    answer = hidden.send("reveal", chosen=chosen)
    assert (answer.status_code, answer.json()["field"]) == (409, "chosen")
    assert 'name="chosen"' in hidden.read().text


def test_undo_brings_it_back_and_it_is_still_the_same(hidden, web_store) -> None:
    item = web_store.queue(RECIPE)[0].candidate
    wrong, other = others(hidden.read().text, item)[:2]
    hidden.take(hidden.send("reveal", chosen=wrong).text)
    event = hidden.send("decide", decision=ACCEPT, comment="So it is.").json()["event"]
    back = hidden.send("../../../undo", event=event).json()
    text = hidden.read(back["address"]).text
    assert 'name="chosen"' not in text and "So it is." in text and "your answer" in text
    hidden.take(hidden.send("reveal", chosen=other).text)
    hidden.send("decide", decision=REJECT, reason="outdated")
    assert [(one.decision, one.answer) for one in web_store.events(RECIPE)] == [
        (ACCEPT, wrong), (WITHDRAW, ""), (REJECT, wrong),
    ]  # fmt: skip


def test_who_rejects_unseen_and_takes_it_back_must_still_answer(hidden, web_store) -> None:
    hidden.read()
    event = hidden.send("decide", decision=REJECT, reason="badly worded").json()["event"]
    back = hidden.send("../../../undo", event=event).json()
    text = hidden.read(back["address"]).text
    assert 'name="chosen"' in text and "marked answer</span>" not in text
    assert web_store.events(RECIPE)[0].answer == ""


def test_words_are_kept_for_an_open_question(browser, web_store, lake) -> None:
    cases, candidates = queue_of(1, task="diagnosis_open")
    fill(web_store, lake, cases=cases, candidates=candidates, blind_answer=True)
    reader = Reader(browser)
    reader.read()
    assert reader.send("reveal", chosen="  ").status_code == 409
    reader.take(reader.send("reveal", chosen=" <b>A stone</b>, perhaps ").text)
    text = reader.read().text
    assert "&lt;b&gt;A stone&lt;/b&gt;, perhaps" in text
    reader.send("decide", decision=ACCEPT)
    assert web_store.events(RECIPE)[0].answer == "<b>A stone</b>, perhaps"


def test_where_nothing_is_hidden_nothing_counts_as_answered_before(browser, web_store, lake) -> None:
    cases, candidates = queue_of(1)
    fill(web_store, lake, cases=cases, candidates=candidates)
    reader = Reader(browser)
    reader.read()
    reader.take(reader.send("reveal", chosen=candidates[0].answer).text)
    reader.send("decide", decision=ACCEPT)
    assert web_store.events(RECIPE)[0].answer == ""


def test_what_is_wrong_with_a_piece_is_asked_kept_and_stored(browser, web_store, lake) -> None:
    cases, candidates = queue_of(1)
    fill(web_store, lake, cases=cases, candidates=candidates)
    reader = Reader(browser)
    mark = re.search(r'name="mark" value="(quote:\d+)"', reader.read().text).group(1)
    reader.send("save", **{"mark": mark, f"wrong:{mark}": 'another "organ" <i>'})
    assert (
        f'name="wrong:{mark}" rows="1" maxlength="1000" dir="auto">another &#34;organ&#34; &lt;i&gt;<'
        in (reader.read().text)
    )
    reader.send("decide", decision=ACCEPT, **{"mark": mark, f"wrong:{mark}": "another organ"})
    (event,) = web_store.events(RECIPE)
    assert [(f"{one.kind}:{one.reference}", one.words) for one in event.marks] == [(mark, "another organ")]
