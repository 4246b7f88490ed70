"""What readers answered before they saw the marked answer: released with their decisions, counted, told."""

from __future__ import annotations

from dataclasses import replace

from grandrounds.release.manifest import AnswerCounts, read_manifest
from grandrounds.release.verify import verify
from grandrounds.release.writer import write_release
from tests.support.factories import make_reviews, world
from tests.support.releases import change_manifest, make_recipe, make_request, seal_again, writable

REVIEWED = {"policy": "readers", "readers": 2, "blind_answer": True}


def answered_request():
    """Ten cases, each asked with options and openly: reviewer-a is right on all, reviewer-b on the first option;
    one item was read in another content, too."""
    made, recipe = world(10), make_recipe(review=REVIEWED)
    whole = make_request(made=made, recipe=recipe)
    by_id = {candidate.item_id: candidate for candidate in made.candidates}
    reviews = []
    for event in make_reviews(made.candidates):
        item = by_id[event.item_id]
        first = item.options[0] if item.options else "some words"
        reviews.append(replace(event, answer=item.answer if event.reviewer == "reviewer-a" else first))
    again = replace(reviews[0], event_id="event-again", answer="before it changed", content_sha256="0" * 64)
    return replace(whole, reviews=[*reviews, again]), made.candidates


def test_they_are_counted_told_and_counted_again(tmp_path):
    request, candidates = answered_request()
    path = write_release(request, root=tmp_path / "releases").path
    mcq = [item for item in candidates if item.options]
    same = len(mcq) + sum(item.options[0] == item.answer for item in mcq)
    found = read_manifest(path).counts.answers
    assert found == AnswerCounts(answered=2 * len(candidates), with_options=2 * len(mcq), as_marked=same)
    datasheet = " ".join((path / "README.md").read_text(encoding="utf-8").split())
    assert f"Readers answered {2 * len(candidates)} times before they saw the marked answer" in datasheet
    assert f"of {2 * len(mcq)} answers with options, {same} were as marked" in datasheet
    assert verify(path).problems == ()
    writable(path)
    change_manifest(path, lambda m: m["counts"]["answers"].update(as_marked=same + 1))
    seal_again(path)
    assert any("says answers is" in problem.what for problem in verify(path).problems)


def test_a_release_whose_answers_were_hidden_from_nobody_says_nothing_of_it(reviewed_release):
    assert b'"answers"' not in (reviewed_release / "manifest.json").read_bytes()
    assert "before they saw the marked" not in (reviewed_release / "README.md").read_text(encoding="utf-8")
