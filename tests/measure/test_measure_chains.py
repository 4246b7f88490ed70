"""Measurements as values, chest ratios, and the chain from a measurement to a finding."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grandrounds.measure import chest, criteria
from grandrounds.measure.chest import Film
from grandrounds.measure.criteria import CANNOT, Band, Criterion, decide
from grandrounds.measure.measurement import (
    Doubt,
    MeasureError,
    Measurement,
    Quantity,
    from_json,
    measured,
    not_measurable,
)
from grandrounds.measure.rules import CARDIOMEGALY, CRITERIA, LYMPH_NODE, VERTEBRAL_FRACTURE

FINITE = st.floats(allow_nan=False, allow_infinity=False, width=32)
WORDS = st.text(max_size=8)
VALUES = st.one_of(FINITE, st.integers(-9, 9), WORDS, st.lists(FINITE, max_size=3).map(tuple))


@settings(max_examples=60, deadline=None)
@given(
    WORDS,
    VALUES,
    st.lists(st.builds(Doubt, WORDS, WORDS), max_size=3),
    st.none() | FINITE,
    st.lists(st.builds(Quantity, WORDS, VALUES, WORDS), max_size=3).map(tuple),
)
def test_a_measurement_survives_json(name, value, doubts, uncertainty, inputs):
    made = measured(name, value, "mm", doubts=doubts, uncertainty=uncertainty, inputs=inputs)
    assert from_json(json.loads(json.dumps(made.to_json()))) == made


@pytest.mark.parametrize("document", [{}, {"name": 1}, [], {"name": "x", "value": {}, "unit": ""}])
def test_other_json_is_refused(document):
    with pytest.raises(MeasureError):
        from_json(document)


def test_a_measurement_can_not_contradict_itself():
    doubt = Doubt("empty", "nothing there")
    for wrong in (
        {"status": "ok", "doubts": (doubt,)},
        {"status": "unreliable"},
        {"status": "not_measurable", "doubts": (doubt,)},
        {"status": "fine"},
        {"value": float("nan")},
        {"value": None},
        {"value": (1.0, float("inf"))},
    ):
        with pytest.raises(MeasureError):
            Measurement(**({"name": "x", "value": 1.0, "unit": "mm"} | wrong))
    odd = measured("x", 99.0, "mm", valid_range=(0, 10))
    assert (odd.status, odd.doubts[0].code) == ("unreliable", "outside_valid_range")


def film_masks(heart=(110, 230), left=(40, 150), right=(200, 330), shape=(300, 400)):
    masks = np.zeros((2, *shape), dtype=bool)
    masks[0, 150:220, heart[0] : heart[1]] = True
    masks[1, 50:250, left[0] : left[1]] = True
    masks[1, 50:250, right[0] : right[1]] = True
    return masks[0], masks[1]


PA = Film(projection="PA", spacing=(0.2, 0.15))


def test_cardiothoracic_ratio():
    heart, lungs = film_masks()
    found = chest.cardiothoracic_ratio(heart, lungs, PA)
    assert (found.value, found.status) == (pytest.approx(120 / 290), "ok")
    assert found.input("heart_width_mm") == pytest.approx(120 * 0.15)
    assert chest.cardiothoracic_ratio(heart, lungs, Film(projection="PA")).value == found.value
    for mirrored in ((heart[:, ::-1], lungs[:, ::-1]), (heart[::-1], lungs[::-1])):
        assert chest.cardiothoracic_ratio(*mirrored, PA).value == pytest.approx(found.value)
    larger = [np.kron(mask, np.ones((2, 3), dtype=bool)) for mask in (heart, lungs)]
    assert chest.cardiothoracic_ratio(*larger, PA).value == pytest.approx(found.value)


@pytest.mark.parametrize(
    ("masks", "film", "code"),
    [
        ({}, Film(projection="AP"), "projection_magnifies"),
        ({}, Film(), "projection_magnifies"),
        ({"left": (0, 150)}, PA, "cut_by_field_of_view"),
        ({"right": (200, 210)}, PA, "unexpected_shape"),
        ({"heart": (160, 180)}, PA, "outside_valid_range"),
    ],
)
def test_a_ratio_that_can_not_be_trusted_says_why(masks, film, code):
    found = chest.cardiothoracic_ratio(*film_masks(**masks), film)
    assert found.status == "unreliable"
    assert code in [doubt.code for doubt in found.doubts]


def test_missing_masks_and_other_shapes():
    heart, lungs = film_masks()
    assert chest.cardiothoracic_ratio(heart & False, lungs, PA).status == "not_measurable"
    with pytest.raises(MeasureError):
        chest.cardiothoracic_ratio(heart[1:], lungs, PA)
    with pytest.raises(MeasureError):
        Film(spacing=(0.0, 1.0))


def test_widths_deviation_and_carina():
    heart, lungs = film_masks()
    assert chest.width("mediastinum", heart, Film()).status == "not_measurable"
    assert chest.width("mediastinum", heart, PA).doubts[0].code == "scale_not_calibrated"
    sure = chest.width("mediastinum", heart, Film(spacing=(0.2, 0.15), calibrated=True))
    assert (sure.value, sure.status) == (pytest.approx(18), "ok")
    assert chest.width_ratio("mediastinum", heart, lungs).value == pytest.approx(120 / 290)
    trachea = np.zeros_like(lungs)
    trachea[60:120, 195:205] = True
    off = chest.deviation("trachea", trachea, lungs)
    assert off.value == pytest.approx(100 * (200 - 185) / 290)
    assert chest.deviation("trachea", trachea[:, ::-1], lungs[:, ::-1]).value == pytest.approx(-off.value)
    right_angle = chest.carina_angle((0, 0), (10, -10), (10, 10), Film())
    assert right_angle.value == pytest.approx(90)
    assert chest.inside_film("lungs", lungs).value == "whole"
    assert chest.inside_film("lungs", lungs[:100]).input("sides") == "bottom"


def ratio(value, **more):
    return measured(
        "cardiothoracic_ratio", value, "1", inputs=(Quantity("heart_width", 120, "pixel"),), **more
    )


def test_a_chain_runs_from_criterion_to_finding():
    chain = decide(CARDIOMEGALY, ratio(0.56, uncertainty=0.01))
    assert (chain.status, chain.finding, chain.reason) == ("decided", "enlarged", "")
    kinds = [step.kind for step in chain.steps]
    assert kinds == sorted(kinds, key=criteria.STEP_KINDS.index)
    assert chain.step("index")[0].value == 0.56
    assert chain.step("measurement")[0].value == 120
    assert chain.step("threshold")[0].words == "not enlarged up to 0.5, enlarged above"
    stored = json.loads(json.dumps(chain.to_json()))
    assert decide(CRITERIA[stored["criterion"]], from_json(stored["measurement"])) == chain


def test_what_can_not_be_measured_is_an_answer():
    doubt = Doubt("cut_by_field_of_view", "the lung is cut")
    for measurement in (ratio(0.7, doubts=[doubt]), not_measurable("cardiothoracic_ratio", "1", doubt)):
        chain = decide(CARDIOMEGALY, measurement)
        assert (chain.status, chain.finding) == ("cannot_be_measured", CANNOT)
        assert chain.reason == "the lung is cut"
        assert chain.step("index") == ()


def test_near_a_threshold_is_borderline():
    assert decide(CARDIOMEGALY, ratio(0.505, uncertainty=0.01)).status == "borderline"
    assert decide(CARDIOMEGALY, ratio(0.515, uncertainty=0.01)).status == "decided"
    assert decide(CARDIOMEGALY, ratio(0.5)).finding == "not enlarged"
    assert decide(CARDIOMEGALY, ratio(np.nextafter(0.5, 1).item())).finding == "enlarged"
    assert LYMPH_NODE.finding(10.0) == "pathological, not measurable as target"
    assert VERTEBRAL_FRACTURE.finding(25.0) == "grade 1"


@pytest.mark.parametrize("criterion", CRITERIA.values(), ids=lambda one: one.name)
def test_every_rule_gives_each_finding_and_names_its_source(criterion):
    limits = criterion.limits
    middles = [
        limits[0] - 1,
        *((a + b) / 2 for a, b in itertools.pairwise(limits)),
        limits[-1] + 1,
    ]
    assert [criterion.finding(value) for value in middles] == [band.finding for band in criterion.bands]
    assert criterion.source
    assert criterion.question.endswith("?")
    assert CANNOT not in criterion.findings


def test_rules_that_make_no_sense_are_refused():
    with pytest.raises(MeasureError):
        decide(CARDIOMEGALY, measured("volume", 1.0, "ml"))
    for bands in (
        (),
        (Band(finding="a", upto=1.0),),
        (Band(finding="a", upto=2.0), Band(finding="b", upto=1.0), Band(finding="c")),
    ):
        with pytest.raises(MeasureError):
            Criterion(
                name="x",
                question="?",
                structures=(),
                landmarks=(),
                measurements=(),
                index="i",
                unit="1",
                bands=bands,
                source="",
            )
