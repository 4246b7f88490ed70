"""What is found of items in documents, how surely, and that nothing is ever found on a hash alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grandrounds.contamination import scan as scanning
from grandrounds.contamination.hits import COPIED, OVERLAPS, RUNS, SHORT, WORDS, Hit, Limits, Piece
from grandrounds.contamination.index import COMMON, Index
from grandrounds.contamination.near import likeness
from grandrounds.contamination.scan import KEPT, Scan, common_span
from grandrounds.contamination.texts import ItemText
from tests.support.copies import Writer, item_texts

LIMITS = Limits()


def scanned(items: list[str], documents: list[str], limits: Limits = LIMITS) -> Scan:
    scan = Scan(Index(item_texts(items)), limits)
    scan.take(Piece(0, row, "text", 0, text) for row, text in enumerate(documents))
    return scan


def copied_rows(scan: Scan) -> set[tuple[int, int]]:
    """The pairs (item, document) that are called copies."""
    return {
        (text, hit.row) for text, hits in scan.hits.items() for hit in hits if hit.verdict(LIMITS) == COPIED
    }


def only_hit(scan: Scan) -> Hit:
    ((hit,),) = scan.hits.values()
    return hit


# Recall: docs/contamination.md states these figures ----------------------------------------------

KINDS: dict[str, Callable[[Writer, str], str]] = {
    "verbatim": Writer.shout,
    "sentences moved": Writer.sentences_moved,
    "clauses moved": Writer.clauses_moved,
    "words moved": Writer.words_moved,
    "5% of words replaced": lambda writer, text: writer.some_replaced(text, 0.05),
}
STATED = {
    "verbatim": {16: 1.0, 24: 1.0, 80: 1.0, 400: 1.0},
    "sentences moved": {16: 0.85, 24: 1.0, 80: 1.0, 400: 1.0},
    "clauses moved": {16: 0.85, 24: 1.0, 80: 1.0, 400: 1.0},
    "words moved": {16: 0.85, 24: 1.0, 80: 1.0, 400: 1.0},
    "5% of words replaced": {24: 0.95, 80: 1.0, 400: 1.0},
}


@pytest.mark.parametrize("embedded", [False, True], ids=["alone", "embedded"])
@pytest.mark.parametrize(("kind", "length"), [(kind, n) for kind in STATED for n in STATED[kind]])
def test_planted_copies_are_found_at_the_stated_recall(kind: str, length: int, embedded: bool) -> None:
    writer = Writer(length)
    items = writer.texts(40, length)
    copies = [KINDS[kind](writer, text) for text in items]
    documents = [writer.embedded(text, 600) if embedded else text for text in copies]
    found = copied_rows(scanned(items, documents))
    assert sum((number, number) in found for number in range(40)) >= STATED[kind][length] * 40
    assert {pair for pair in found if pair[0] != pair[1]} == set()


def test_texts_that_nobody_copied_are_not_found() -> None:
    writer = Writer(1)
    assert copied_rows(scanned(writer.texts(300, 60), writer.texts(300, 600))) == set()


# What a hit says ---------------------------------------------------------------------------------


def test_a_copy_inside_a_long_text_is_shown_where_it_stands() -> None:
    writer = Writer(2)
    item = writer.text(40)
    document = writer.text(500) + " " + item.upper() + " " + writer.text(500)
    hit = only_hit(scanned([item], [document]))
    assert (hit.method, hit.share, hit.span) == (RUNS, 1.0, 40)
    assert document[hit.offset : hit.end] == item.upper().rstrip(".")
    assert hit.words == document[hit.offset : hit.end]


def test_a_part_overlaps_and_says_how_much() -> None:
    writer = Writer(3)
    item = writer.text(100)
    part = " ".join(item.split()[30:50])
    hit = only_hit(scanned([item], [f"{writer.text(50)} {part} {writer.text(50)}"]))
    assert hit.verdict(LIMITS) == OVERLAPS
    assert (hit.span, hit.share) == (20, pytest.approx(8 / 88, abs=1e-6))


def test_fifty_words_in_a_row_are_a_copy_however_long_the_item_is() -> None:
    writer = Writer(4)
    item = writer.text(1000)
    part = " ".join(item.split()[500:550])
    hit = only_hit(scanned([item], [part]))
    assert hit.share < 0.1
    assert hit.verdict(LIMITS) == COPIED
    assert hit.verdict(Limits(span=51)) == OVERLAPS


def test_what_a_document_says_twice_counts_once() -> None:
    item = Writer(5).text(40)
    half = " ".join(item.split()[:26])
    hit = only_hit(scanned([item], [f"{half} xx yy {half}"]))
    assert hit.share == pytest.approx(14 / 28)


def test_words_in_another_order_are_counted_and_the_order_is_told() -> None:
    writer = Writer(6)
    item = writer.text(60)
    hit = only_hit(scanned([item], [writer.words_moved(item)]))
    assert (hit.method, hit.containment, hit.jaccard) == (WORDS, 1.0, 1.0)
    assert hit.span < 13
    assert hit.share == 0.0


def test_a_short_text_is_found_whole_but_is_no_copy() -> None:
    scan = scanned(
        ["Which drug is given first in this emergency?", "too short"],
        ["well, which drug is GIVEN first, in this emergency, tell", "which drug is given first in this"],
    )
    hit = only_hit(scan)
    assert (hit.text, hit.row, hit.method, hit.span) == (0, 0, SHORT, 8)
    assert hit.verdict(LIMITS) == OVERLAPS


def test_runs_never_reach_from_one_document_into_the_next() -> None:
    words = Writer(7).text(30).rstrip(".").split()
    assert scanned([" ".join(words)], [" ".join(words[:9]), " ".join(words[9:20]), ""]).hits == {}


def test_a_phrase_of_many_items_is_no_hit_but_their_own_words_are() -> None:
    writer = Writer(8)
    phrase = writer.text(20).rstrip(".")
    items = [f"{phrase} {text}" for text in writer.texts(COMMON + 1, 40)]
    scan = scanned(items, [f"{phrase} {writer.text(40)}", items[3]])
    assert {(text, hit.row) for text, hits in scan.hits.items() for hit in hits} == {(3, 1)}
    assert scan.hits[3][0].share == 1.0
    assert scan.hits[3][0].span == 60, "the phrase belongs to the span all the same"


def test_chinese_is_compared_by_characters() -> None:
    item = "患者男性五十四岁因反复发热咳嗽三周入院查体右下肺可闻及湿啰音胸部影像示右下叶实变"
    hit = only_hit(scanned([item], ["前言。" + item[:20] + "，" + item[20:] + "。后记"]))
    assert (hit.method, hit.share, hit.span) == (RUNS, 1.0, len(item))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from("abc"), min_size=20, max_size=60),
    st.lists(st.sampled_from("abc"), max_size=80),
)
def test_shares_and_spans_are_those_of_a_plain_count(item: list[str], document: list[str]) -> None:
    """Few words make many repeats, on which runs and spans must not be counted twice."""
    scan = scanned([" ".join(item)], [" ".join(document)])
    runs = [tuple(item[at : at + 13]) for at in range(len(item) - 12)]
    there = {tuple(document[at : at + 13]) for at in range(len(document) - 12)}
    share = sum(run in there for run in runs) / len(runs)
    hits = [hit for hits in scan.hits.values() for hit in hits]
    if share:
        assert hits[0].share == pytest.approx(share, abs=1e-6)
        assert hits[0].span == common_span([w.encode() for w in item], [w.encode() for w in document])
    else:
        assert all(hit.method == WORDS for hit in hits)


def test_a_hash_that_lies_is_never_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """With numbers so short that strange runs share them, the words still decide."""
    real = scanning.run_hashes
    monkeypatch.setattr(
        "grandrounds.contamination.index.run_hashes",
        lambda hashes, lengths: {n: own & np.uint64(7) for n, own in real(hashes, lengths).items()},
    )
    monkeypatch.setattr(
        scanning,
        "run_hashes",
        lambda hashes, lengths: {n: own & np.uint64(7) for n, own in real(hashes, lengths).items()},
    )
    monkeypatch.setattr("grandrounds.contamination.index.COMMON", 10**9)
    writer = Writer(9)
    items = [*writer.texts(5, 30), "one two three four five six seven eight nine"]
    documents = [*writer.texts(20, 60), items[2], items[5]]
    found = {(text, hit.row) for text, hits in scanned(items, documents).hits.items() for hit in hits}
    assert found == {(2, 20), (5, 21)}


# What is kept ------------------------------------------------------------------------------------


def test_the_strongest_hits_are_kept_and_all_documents_counted() -> None:
    writer = Writer(10)
    item = writer.text(100)
    words = item.split()
    documents = [" ".join(words[:length]) for length in (20, 100, 30, 40, 50, 25, 60)] + [writer.text(80)]
    scan = scanned([item], documents)
    assert scan.documents[0] == 7
    assert [hit.row for hit in scan.hits[0]] == [1, 6, 4, 3, 2]
    assert len(scan.hits[0]) == KEPT


def test_pieces_of_one_field_that_overlap_count_as_one_document() -> None:
    item = Writer(11).text(40)
    scan = Scan(Index(item_texts([item])), LIMITS)
    scan.take([Piece(0, 0, "text", 0, f"aa {item} bb"), Piece(0, 0, "text", 3, f"{item} bb")])
    assert scan.documents[0] == 1
    assert only_hit(scan).offset == 3


def test_items_with_one_text_are_all_its_owners() -> None:
    text = Writer(12).text(30)
    index = Index(
        [
            ItemText(item_id=name, task="t", group="g", field="stem", text=spelt)
            for name, spelt in (("a", text), ("b", text.upper()))
        ]
    )
    assert len(index) == 1
    assert [owner.item_id for owner in index.owners[0]] == ["a", "b"]


def test_nothing_to_look_for_finds_nothing() -> None:
    for items in ([], [""], ["short one"], ["the of and " * 10]):
        scan = scanned(items, ["the of and " * 3, "short one", "a b c d e f g h i j k l m n"])
        assert copied_rows(scan) <= ({(0, 0)} if items == ["the of and " * 10] else set())


# Counting words ----------------------------------------------------------------------------------


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from("abcd"), min_size=1, max_size=8),
    st.lists(st.sampled_from("abcdx"), max_size=20),
)
def test_likeness_is_the_best_stretch(text: list[str], document: list[str]) -> None:
    like = likeness([w.encode() for w in text], [w.encode() for w in document])

    def shared(stretch: list[str]) -> int:
        return sum(min(text.count(word), stretch.count(word)) for word in set(text))

    best = max(
        (shared(document[at : at + len(text)]) for at in range(max(1, len(document) - len(text) + 1))),
        default=0,
    )
    assert like.containment == pytest.approx(best / len(text))
    assert like.end - like.first <= len(text)
    assert shared(document[like.first : like.end]) == best
