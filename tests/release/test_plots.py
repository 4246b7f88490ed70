"""Plots are real PNG files, the same every time, without time or software in them."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from grandrounds.release.counting import count
from grandrounds.release.evidence import CaseEvidence
from grandrounds.release.plots import PLOTS, draw_plots
from tests.support.factories import world
from tests.support.releases import make_items, make_recipe


@pytest.fixture(scope="module")
def drawn():
    return {name: draw(12) for name in ("first", "second")}


def draw(groups: int, **more):
    made = world(groups, **more)
    items = make_items(made, make_recipe())
    counts = count(items, evidence=CaseEvidence(cases=made.cases), rejections=made.rejections, events=())
    return draw_plots(items, counts=counts, funnel=made.funnel, scheme="body_system")


def test_the_same_rows_give_the_same_bytes(drawn):
    assert [plot.png for plot in drawn["first"]] == [plot.png for plot in drawn["second"]]
    assert [plot.name for plot in drawn["first"]] == list(PLOTS)


def test_a_users_own_style_does_not_reach_them(drawn):
    import matplotlib

    with matplotlib.rc_context({"figure.facecolor": "red", "font.size": 30, "savefig.dpi": 20}):
        assert [plot.png for plot in draw(12)] == [plot.png for plot in drawn["first"]]


def test_they_are_pictures_without_time_or_software(drawn):
    for plot in drawn["first"]:
        with Image.open(io.BytesIO(plot.png)) as image:
            image.load()
            assert image.width == 1200
            assert 300 < image.height < 3000
            assert set(image.info) <= {"dpi"}
        assert plot.alt.endswith(".")


def test_what_the_rows_do_not_give_is_not_drawn():
    assert [plot.name for plot in draw(3, tasks=("diagnosis_open",))] == [
        "splits.png",
        "funnel.png",
        "stem_length.png",
    ]


def test_one_item_can_be_drawn():
    assert len(draw(1)) == 4
