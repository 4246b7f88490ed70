"""Signing in and out."""

from __future__ import annotations

from tests.review.web.conftest import PASSWORD


def test_the_right_password_signs_in(browser):
    one = browser("reviewer-a")
    answer = one.get("/account")
    assert answer.status_code == 200
    assert "reviewer-a" in answer.text


def test_every_page_of_people_can_be_drawn(browser):
    lead = browser("lead-a", "lead")
    assert lead.get("/people").status_code == 200
    answer = lead.post("/people/invite", {"role": "reviewer", "specialties": "cardiology, oncology"})
    assert answer.status_code == 201
    link = answer.text.split('readonly value="')[1].split('"')[0]
    new = browser()
    path = link.removeprefix("http://testserver")
    assert new.get(path).status_code == 200
    made = new.post(
        path,
        {"name": "reviewer-n", "password": PASSWORD, "again": PASSWORD, "years": "12"},
        csrf=new.token(path),
    )
    assert made.status_code == 303
    assert "cardiology" in new.get("/account").text
    assert new.get(path).status_code == 404
