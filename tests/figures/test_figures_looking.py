"""What people look at: sheets, a page that judges a sample by keyboard, scores that are only added to."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from grandrounds.cli import cli
from grandrounds.contracts import contract
from grandrounds.figures.desk import Desk, DeskError
from grandrounds.figures.sampling import COLUMNS, ScoresError, draw, record
from grandrounds.figures.scores import pair_sha256, tally
from grandrounds.figures.sheet import PageShown, sheet
from grandrounds.lake import Lake
from grandrounds.records.figure import FigureRow
from grandrounds.records.table import to_table
from tests.support.browser import press
from tests.support.figures import Library, make_library, make_source

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)> \x1b[31m \"quoted\" 'so'"


@pytest.fixture(scope="module")
def library() -> Library:
    return make_library(2, each=5)


@pytest.fixture
def desk(library: Library, tmp_path: Path) -> Desk:
    lake = Lake(str(tmp_path / "lake"))
    for picture in library.media.values():
        lake.put_media(picture)
    lake.write_table("figure_vqa/figures", to_table(library.figures, contract("figures")))
    lake.write_table("figure_vqa/sources", to_table(library.sources, contract("sources")))
    return Desk(lake=lake, recipe="figure_vqa", folder=tmp_path / "sources")


def csv_of(rows: list[FigureRow], verdicts: str, *, scorer: str = "reviewer-a") -> bytes:
    words = {"r": "right", "w": "wrong", "u": "unsure", "-": ""}
    lines = [",".join(COLUMNS)]
    for row, verdict in zip(rows, verdicts, strict=False):
        lines.append(f"figure_vqa,n50-seed0,{row.evidence_id},{pair_sha256(row)},{words[verdict]},{scorer}")
    return ("\r\n".join(lines) + "\r\n").encode()


# The sheet ------------------------------------------------------------------------------------


def page() -> PageShown:
    return PageShown(number=11, picture="data:image/jpeg;base64,AAAA", width=600, height=800)


def two_on_a_page(library: Library, *, crossed: bool) -> list[FigureRow]:
    """Two figures above each other with their captions right below, or each other's."""
    first, second = library.taken[:2]
    upper, lower = (100.0, 110.0, 400.0, 130.0), (100.0, 410.0, 400.0, 430.0)
    return [
        replace(first, page=11, box=(100.0, 10.0, 400.0, 100.0), caption_page=11,
                caption_box=lower if crossed else upper),
        replace(second, page=11, box=(100.0, 310.0, 400.0, 400.0), caption_page=11,
                caption_box=upper if crossed else lower),
    ]  # fmt: skip


def lines_of(html: str) -> list[tuple[float, ...]]:
    found = re.findall(r"<line class='\w+' x1='([\d.]+)' y1='([\d.]+)' x2='([\d.]+)' y2='([\d.]+)'/>", html)
    return [tuple(map(float, line)) for line in found]


def test_a_planted_swap_shows_as_lines_over_other_figures(library: Library) -> None:
    source = library.sources[0]
    for crossed in (False, True):
        rows = two_on_a_page(library, crossed=crossed)
        shown = sheet(source, rows, pages={11: page()}, get_picture=library.get_media)
        longest = max(abs(y2 - y1) for _, y1, _, y2 in lines_of(shown))
        assert len(lines_of(shown)) == 2
        assert (longest > 200) == crossed


def test_a_sheet_holds_every_figure_and_says_what_lacks(library: Library) -> None:
    source = library.sources[0]
    rows = [row for row in library.figures if row.source_id == source.source_id]
    shown = sheet(source, rows, pages={}, get_picture=library.get_media, note="No page could be drawn.")
    assert shown.count("<article") == len(rows)
    assert "No page could be drawn." in shown
    assert "no picture" in shown
    assert "1</b> pictures without a caption" in shown


def test_doubtful_pairs_are_red(library: Library) -> None:
    rows = [replace(two_on_a_page(library, crossed=False)[0], alignment=0.3)]
    shown = sheet(library.sources[0], rows, pages={11: page()}, get_picture=library.get_media)
    assert "<rect class='figure low'" in shown
    assert "<line class='low'" in shown


def test_texts_of_sources_are_no_markup_and_nothing_is_loaded(library: Library) -> None:
    row = replace(
        library.taken[0], caption=HOSTILE, label=HOSTILE, book=HOSTILE, reason=HOSTILE, graphic=HOSTILE
    )
    source = replace(library.sources[0], title=HOSTILE, path=f"a/{HOSTILE}")
    shown = sheet(source, [row], pages={}, get_picture=library.get_media, note=HOSTILE)
    assert "\x1b" not in shown
    assert "default-src 'none'" in shown
    from lxml import html

    tree = html.fromstring(shown)
    assert tree.xpath("//script | //link | //iframe | //*[@onerror]") == []
    assert all(address.startswith("data:") for address in tree.xpath("//@src | //@href"))
    assert len(tree.xpath("//article")) == 1


def test_sheets_of_a_recipe_are_one_file_a_book(desk: Desk, tmp_path: Path) -> None:
    written = desk.write_sheets(tmp_path / "out")
    assert len(written) == 2
    assert len({path.name for path in written}) == 2
    assert "is not there, so no page can be drawn" in written[0].read_text("utf-8")


# The sample -----------------------------------------------------------------------------------


def test_a_sample_is_drawn_in_proportion_and_always_the_same(library: Library) -> None:
    paired = [row for row in library.figures if row.status == "paired"]
    rows = [
        replace(row, evidence_id=f"{row.evidence_id}-{number}", origin=origin, alignment=sure)
        for number in range(10)
        for row in paired[:10]
        for origin, sure in [("raster", 0.9) if number < 7 else ("vector", 0.7)]
    ]
    drawn = draw(rows, count=50, seed=3)
    assert Counter(row.origin for row in drawn) == {"raster": 35, "vector": 15}
    assert draw(list(reversed(rows)), count=50, seed=3) == drawn
    assert draw(rows, count=50, seed=4) != drawn
    assert len(draw(rows, count=10_000, seed=0)) == len(rows)
    assert len({row.evidence_id for row in drawn}) == 50


def test_only_pairs_are_drawn(library: Library) -> None:
    assert all(row.status == "paired" for row in draw(library.figures, count=500, seed=0))
    assert draw([], count=5, seed=0) == []


def test_the_page_works_by_keyboard_and_saves_what_was_judged(desk: Desk, tmp_path: Path) -> None:
    html, pairs = desk.sampling_page(count=4, seed=0)
    assert pairs == 4
    place = tmp_path / "sample.html"
    place.write_text(html, encoding="utf-8")
    downloads = tmp_path / "downloads"
    downloads.mkdir()
    told = press(
        place,
        ["y", "n", "ArrowLeft", "u", "ArrowRight", "y", "s"],
        profile=tmp_path / "profile",
        downloads=downloads,
        look="document.getElementById('count').textContent",
        saved="*.csv",
    )
    assert "3 judged" in told
    saved = list(downloads.glob("*.csv"))
    made = desk.record(saved[0].read_bytes(), scorer="reviewer-a", lock=tmp_path / "lock")
    # n was taken back by u: the second pair is unsure, the first and the last judged are right.
    assert Counter(row.verdict for row in made.added) == {"right": 2, "unsure": 1}
    assert made.empty == 1


def test_the_page_carries_hostile_captions_as_text(library: Library, tmp_path: Path) -> None:
    from grandrounds.figures.sampling_page import sampling_page

    row = replace(library.taken[0], caption=HOSTILE, label="<b>bold</b>")
    html = sampling_page(
        [row], recipe="figure_vqa", sample="n1-seed0", get_picture=library.get_media, pages={}
    )
    place = tmp_path / "sample.html"
    place.write_text(html, encoding="utf-8")
    told = press(
        place,
        [],
        profile=tmp_path / "profile",
        downloads=tmp_path,
        look="[document.getElementById('caption').textContent, document.scripts.length, "
        "document.querySelectorAll('b, img[src=x]').length]",
    )
    assert told == [HOSTILE, 2, 0]


# Scores ---------------------------------------------------------------------------------------


def test_scores_are_added_and_the_last_of_a_scorer_counts(desk: Desk, tmp_path: Path) -> None:
    rows, lock = draw(desk.admitted(), count=6, seed=0), tmp_path / "lock"
    assert len(desk.record(csv_of(rows, "rrrrwu"), scorer="", lock=lock).added) == 6
    assert desk.record(csv_of(rows, "rrrrwu"), scorer="", lock=lock).known == 6
    found = desk.tally()
    assert (found.right, found.wrong, found.unsure, found.scorers) == (4, 1, 1, 1)
    assert found.error == pytest.approx(0.2)
    assert (round(found.interval.low, 3), round(found.interval.high, 3)) == (0.036, 0.624)
    desk.record(csv_of(rows, "----r-"), scorer="", lock=lock)
    assert desk.tally().wrong == 0
    assert [row.position for row in desk.scores()] == list(range(1, 8))
    desk.record(csv_of(rows, "w-----", scorer="reviewer-b"), scorer="", lock=lock)
    assert (desk.tally().right, desk.tally().unsure) == (4, 2)  # the two differ on the first


def test_a_score_of_a_pair_that_is_read_otherwise_no_longer_counts(desk: Desk, tmp_path: Path) -> None:
    rows = draw(desk.admitted(), count=3, seed=0)
    desk.record(csv_of(rows, "rrw"), scorer="", lock=tmp_path / "lock")
    changed = [
        replace(row, caption=row.caption + "!") if row.evidence_id == rows[2].evidence_id else row
        for row in desk.figures()
    ]
    desk.lake.write_table("figure_vqa/figures", to_table(changed, contract("figures")))
    assert (desk.tally().right, desk.tally().wrong) == (2, 0)
    again = desk.record(csv_of(rows, "rrw"), scorer="", lock=tmp_path / "lock")
    assert (again.known, again.gone) == (2, 1)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "first line"),
        (b"\xff\xfe\x00", "no CSV"),
        (b"a,b\n1,2\n", "first line"),
        (
            b"recipe,sample,evidence_id,pair_sha256,verdict,scorer\nother,s,e,p,right,x\n",
            "of recipe 'other'",
        ),
        (
            b"recipe,sample,evidence_id,pair_sha256,verdict,scorer\nfigure_vqa,s,e,p,maybe,x\n",
            "says 'maybe'",
        ),
        (b"recipe,sample,evidence_id,pair_sha256,verdict,scorer\nfigure_vqa,s,e,p,right,\n", "who judged"),
        (b"recipe,sample,evidence_id,pair_sha256,verdict,scorer\nfigure_vqa,s,e\n", "6 values"),
        (b"recipe,sample,evidence_id,pair_sha256,verdict,scorer\nfigure_vqa,s,e,p,right,x,y\n", "6 values"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_whole(content: bytes, said: str) -> None:
    with pytest.raises(ScoresError, match=re.escape(said)):
        record(content, recipe="figure_vqa", figures={}, known=())


def test_no_scores_measure_nothing() -> None:
    found = tally([])
    assert (found.judged, found.error) == (0, 0.0)
    assert (found.interval.low, found.interval.high) == (0.0, 1.0)


def test_the_sample_leaves_out_what_the_build_turned_away(desk: Desk, library: Library) -> None:
    from grandrounds.gates.status import reject_figure

    row = library.taken[0]
    rejection = reject_figure(row, recipe="figure_vqa", gate="alignment", reasons=["Too unsure."])
    desk.lake.write_table("figure_vqa/rejections", to_table([rejection], contract("rejections")))
    assert row.evidence_id not in {each.evidence_id for each in desk.admitted()}
    assert len(desk.admitted()) == len(library.taken) - 1


# The commands ---------------------------------------------------------------------------------


def test_the_commands_write_and_record(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRANDROUNDS_LAKE_URL", desk.lake.url)
    monkeypatch.setenv("GRANDROUNDS_HOME", str(tmp_path / "home"))
    run = CliRunner().invoke
    out = tmp_path / "sheets"
    assert "2 sheets." in run(cli, ["figures", "sheet", "figure_vqa", "--out", str(out)]).output
    place = tmp_path / "sample.html"
    told = run(cli, ["figures", "sample", "figure_vqa", "--n", "5", "--out", str(place)])
    assert "5 pairs in" in told.output
    rows = draw(desk.admitted(), count=5, seed=0)
    scores = tmp_path / "scores.csv"
    scores.write_bytes(csv_of(rows, "rrrrw", scorer=""))
    told = run(cli, ["figures", "score", "figure_vqa", str(scores), "--scorer", "reviewer-a"])
    assert "5 verdicts recorded" in told.output
    assert "1 of 5 pairs are wrong: 20.0% (95% interval 3.6% to 62.4%)" in told.output
    told = run(cli, ["figures", "score", "figure_vqa", "--json"])
    assert '"wrong": 1' in told.output


def test_a_recipe_without_figures_says_what_to_do(tmp_path: Path) -> None:
    empty = Desk(lake=Lake(str(tmp_path / "lake")), recipe="figure_vqa", folder=tmp_path)
    with pytest.raises(DeskError, match="grandrounds build figure_vqa"):
        empty.sampling_page(count=5, seed=0)
    assert make_source(1).title
