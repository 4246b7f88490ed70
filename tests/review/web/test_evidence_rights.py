"""Who may see evidence: whoever holds the item now, and who leads. Everybody else gets "not found", always."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from grandrounds.review import tables
from grandrounds.review.desk.desk import Desk
from grandrounds.review.desk.values import Verdict
from grandrounds.review.web.views.typed import Typed
from tests.support.evidence_pages import CLIPS, FIGURES, atlas, candidate_of, film, png, queue


@pytest.fixture
def made(app, web_store):
    made = atlas(app.state.lake)
    queue(web_store, [made.candidate])
    return made


@pytest.fixture
def take(app, web_store, browser):
    """A browser of a reader who holds the next item."""

    def taken(name: str = "reviewer-a", recipe: str = FIGURES):
        one = browser(name)
        assert Desk(web_store).next(app.state.accounts.named(name), recipe=recipe) is not None
        return one

    return taken


def base(made) -> str:
    return f"/evidence/{FIGURES}/{made.candidate.item_id}"


def test_who_holds_the_item_sees_it_and_who_does_not_finds_nothing(made, take, browser):
    holder, other = take("reviewer-a"), browser("reviewer-b")
    for path in ("", f"/media/{made.figure.sha256}"):
        assert holder.get(base(made) + path).status_code == 200
        assert other.get(base(made) + path).status_code == 404


def test_nobody_is_led_to_the_login(made, browser):
    answer = browser().get(f"{base(made)}/media/{made.figure.sha256}")
    assert answer.status_code in {303, 401}
    assert made.figure.sha256[:8] not in answer.text


@pytest.mark.parametrize("role", ["observer", "adjudicator"])
def test_other_roles_see_nothing_of_what_they_do_not_hold(made, browser, role):
    assert browser(f"{role}-a", role).get(f"{base(made)}/media/{made.figure.sha256}").status_code == 404


def test_who_leads_sees_every_item(made, browser):
    assert browser("lead-a", "lead").get(f"{base(made)}/media/{made.figure.sha256}").status_code == 200


def test_a_slot_that_has_run_out_gives_no_right(made, take, web_store):
    reader = take()
    with web_store.database.writing() as connection:
        connection.execute(update(tables.slots).values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))
    assert reader.get(f"{base(made)}/media/{made.figure.sha256}").status_code == 404


def test_a_decision_ends_the_right(made, take, app, web_store):
    reader = take()
    account = app.state.accounts.named("reviewer-a")
    desk = Desk(web_store)
    slot = desk.slot(account, recipe=FIGURES, item_id=made.candidate.item_id)
    desk.decide(account, slot, Verdict(decision="accept"))
    assert reader.get(f"{base(made)}/media/{made.figure.sha256}").status_code == 404


def test_a_content_that_was_replaced_gives_no_right(made, take, web_store):
    reader = take()
    queue(web_store, [candidate_of(replace(made.candidate, rationale="Another reason."))])
    assert reader.get(f"{base(made)}/media/{made.figure.sha256}").status_code == 404


def test_media_that_lie_in_the_lake_but_not_in_the_item_are_not_served(made, take, app):
    elsewhere = app.state.lake.put_media(png(7))
    assert take().get(f"{base(made)}/media/{elsewhere}").status_code == 404


def test_a_string_in_an_item_that_names_a_file_gives_no_right_to_read_it(made, app, web_store, take):
    secret = app.state.lake.put_media(b"what nobody may read")
    words = f"{secret} ../../{secret} /etc/passwd media/{secret[:2]}/{secret}"
    told = candidate_of(
        made.candidate, stem=words, question=words, rationale=words, options=(words, "Foot"), citation=words,
        media=tuple(replace(each, name=words, caption=words, label=secret) for each in made.candidate.media),
        evidence=tuple(replace(each, quote=secret) for each in made.candidate.evidence),
    )  # fmt: skip
    queue(web_store, [told])
    reader = take()
    here = f"/evidence/{FIGURES}/{told.item_id}"
    assert reader.get(f"{here}/media/{made.figure.sha256}").status_code == 200
    assert reader.get(f"{here}/media/{secret}").status_code == 404


@pytest.mark.parametrize(
    "name",
    [
        "../../../review.sqlite", "..%2f..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/etc/passwd", "....//etc/passwd",
        "/etc/passwd", "C:%5Cwindows%5Cwin.ini", "%00", "a" * 64, "A" * 64, "0" * 63, "figure.png", "*",
        "..\\..\\x", "%c0%ae%c0%ae/x",
    ],
)  # fmt: skip
def test_names_that_lead_elsewhere_find_nothing(made, take, name):
    answer = take().get(f"{base(made)}/media/{name}")
    assert answer.status_code in {400, 404}
    assert b"root:" not in answer.content


@pytest.mark.parametrize("item", ["item-x", "..", "%2e%2e", "' OR 1=1 --", "x" * 3000])
def test_items_that_are_none_find_nothing(made, take, item):
    assert take().get(f"/evidence/{FIGURES}/{item}/media/{made.figure.sha256}").status_code == 404


def test_a_picture_that_is_none_is_only_bytes(made, take, app, web_store):
    evil = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    media = replace(made.candidate.media[0], sha256=app.state.lake.put_media(evil), mime="image/svg+xml")
    told = candidate_of(made.candidate, media=(media,))
    queue(web_store, [told])
    answer = take().get(f"/evidence/{FIGURES}/{told.item_id}/media/{media.sha256}")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")


def test_media_that_are_damaged_are_not_shown(made, take, app):
    path = app.state.lake.root / "media" / made.figure.sha256[:2] / made.figure.sha256
    path.write_bytes(path.read_bytes()[:-9] + b"\0" * 9)
    assert take().get(f"{base(made)}/media/{made.figure.sha256}").status_code == 404


def test_media_that_are_gone_are_not_found(made, take, app):
    path = app.state.lake.root / "media" / made.figure.sha256[:2] / made.figure.sha256
    path.unlink()
    assert take().get(f"{base(made)}/media/{made.figure.sha256}").status_code == 404


# Until an answer is chosen -------------------------------------------------------------------------------


def test_where_the_answer_is_hidden_so_is_what_would_tell_it(app, web_store, take):
    row, candidate = film(app.state.lake)
    queue(web_store, [candidate], blind_answer=True)
    reader = take(recipe=CLIPS)
    here = f"/evidence/{CLIPS}/{candidate.item_id}"
    shown = {media.sha256 for media in candidate.media}
    text = reader.get(here).text
    assert row.text.splitlines()[1] not in text
    assert "0:03.00" not in text
    for frame in row.frames:
        expected = 200 if frame.sha256 in shown else 404
        assert reader.get(f"{here}/media/{frame.sha256}").status_code == expected
    assert reader.get(f"{here}/media/{row.clip_sha256}").status_code == 404
    account = app.state.accounts.named("reviewer-a")
    slot = Desk(web_store).slot(account, recipe=CLIPS, item_id=candidate.item_id)
    Desk(web_store).save(account, slot, body=Typed().as_body(), revision=1, seconds=1.0)
    assert row.text.splitlines()[1] not in reader.get(here).text
    Desk(web_store).save(account, slot, body=Typed().as_body(), revision=2, seconds=1.0, answer="A")
    assert row.text.splitlines()[1] in reader.get(here).text
    assert reader.get(f"{here}/media/{row.clip_sha256}").status_code == 200


def test_a_page_and_masks_are_hidden_too(made, app, web_store, take):
    queue(web_store, [made.candidate], blind_answer=True)
    reader = take()
    assert reader.get(f"{base(made)}/page/1").status_code == 404
    text = reader.get(base(made)).text
    assert "foot from below" not in text
    assert made.candidate.evidence[0].quote not in text
