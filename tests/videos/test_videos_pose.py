"""Tables of key points: formats, names, times, angles."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grandrounds.errors import SourceError
from grandrounds.videos.pose import read_pose
from grandrounds.videos.pose_names import canonical
from grandrounds.videos.pose_signals import body_height, signals
from grandrounds.videos.values import FrameIndex, KeyPoints, VideoFacts

RATE = 25.0
FRAMES = 50
POINTS = ("left_shoulder", "left_hip", "left_knee", "left_ankle", "nose")
PLACES = {"left_shoulder": (300, 200), "left_hip": (300, 400), "left_knee": (300, 500), "left_ankle": (300, 600),
          "nose": (300, 100)}  # fmt: skip


def index(*, begins: float = 0.0, frames: int = FRAMES) -> FrameIndex:
    return FrameIndex(
        seconds=begins + np.arange(frames) / RATE,
        end_seconds=begins + frames / RATE,
        keyframe=np.ones(frames, dtype=np.bool_),
        sizes=np.ones(frames, dtype=np.int64),
    )


FACTS = VideoFacts(
    container="mov", codec="h264", width=640, height=720, coded_width=640, coded_height=720, rate=RATE,
    variable_rate=False, sound=False,
)  # fmt: skip


def read(folder: Path, text: str, name: str = "talk.csv", *, begins: float = 0.0) -> KeyPoints:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read_pose(path, FACTS, index(begins=begins))


def wide(
    head: Callable[[str], str] = "{}".format,
    *,
    first: str = "time",
    scale: float = 1.0,
    per: float = 1 / RATE,
) -> str:
    names = [f"{head(name)}_{axis}" for name in POINTS for axis in ("x", "y", "confidence")]
    rows = [",".join([first, *names])]
    for row in range(FRAMES):
        cells = [str(row * per)]
        for name in POINTS:
            x, y = PLACES[name]
            cells += [str(x * scale), str(y * scale), "0.9"]
        rows.append(",".join(cells))
    return "\n".join(rows)


def knee(points: KeyPoints) -> np.ndarray:
    return points.places[:, points.names.index("left_knee")]


def test_a_wide_table_is_read_by_time(tmp_path: Path) -> None:
    points = read(tmp_path, wide())
    assert points.unit == "pixels"
    assert set(points.names) == set(POINTS)
    assert points.seconds[3] == pytest.approx(3 / RATE)
    assert knee(points)[7].tolist() == [300.0, 500.0]


@pytest.mark.parametrize("first", ["frame", "Frame", "frame_number", "frame_index"])
def test_frames_give_their_own_times(tmp_path: Path, first: str) -> None:
    points = read(tmp_path, wide(first=first, per=1), begins=4.0)
    assert points.seconds[0] == 4.0
    assert points.seconds[5] == pytest.approx(4.0 + 5 / RATE)


def test_times_count_from_the_first_frame_where_they_must(tmp_path: Path) -> None:
    assert read(tmp_path, wide(), begins=9.0).seconds[0] == pytest.approx(9.0)


@pytest.mark.parametrize(
    ("first", "per"), [("time_ms", 40.0), ("timestamp", 40.0), ("timestamp_us", 40_000.0)]
)
def test_smaller_parts_of_seconds_are_seconds(tmp_path: Path, first: str, per: float) -> None:
    assert read(tmp_path, wide(first=first, per=per)).seconds[10] == pytest.approx(0.4)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators_make_no_difference(tmp_path: Path, separator: str) -> None:
    text = wide().replace(",", separator)
    if separator == ";":
        text = text.replace(".", ",")
    assert knee(read(tmp_path, text))[0].tolist() == [300.0, 500.0]


@pytest.mark.parametrize(
    "spelling",
    [str.upper, lambda name: name.title().replace("_", ""), lambda name: name.replace("_", " "),
     lambda name: name.replace("left_", "L"), lambda name: "_".join(reversed(name.split("_")))],
)  # fmt: skip
def test_names_are_one_whoever_wrote_them(tmp_path: Path, spelling: Callable[[str], str]) -> None:
    assert set(read(tmp_path, wide(spelling)).names) == set(POINTS)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("LKnee", "left_knee"), ("R_Hip", "right_hip"), ("RIGHT_FOOT_INDEX", "right_toe"), ("LBigToe", "left_toe"),
        ("MidHip", "mid_hip"), ("pelvis", "mid_hip"), ("rankle", "right_ankle"), ("kneeL", "left_knee"),
        ("left elbow", "left_elbow"), ("Nose", "nose"), ("snout", "snout"), ("tail base", "tail_base"),
    ],
)  # fmt: skip
def test_common_names_are_known(said: str, name: str) -> None:
    assert canonical(said) == name


def test_shares_of_the_picture_become_pixels(tmp_path: Path) -> None:
    rows = ["time,left_hip_x,left_hip_y,left_knee_x,left_knee_y"]
    rows += [f"{row / RATE},0.5,0.5,0.25,0.75" for row in range(FRAMES)]
    assert knee(read(tmp_path, "\n".join(rows)))[0].tolist() == [160.0, 540.0]


def test_points_without_confidence_are_unseen(tmp_path: Path) -> None:
    text = wide().replace("0.9", "0.1", 1)
    points = read(tmp_path, text)
    first = points.places[0, points.names.index("left_shoulder")]
    assert np.isnan(first).all()
    assert np.isfinite(points.places[1]).all()


def test_a_long_table_is_read_by_name(tmp_path: Path) -> None:
    rows = ["frame,person,landmark,x,y,visibility"]
    for row in range(FRAMES):
        rows += [f"{row},0,{name.upper()},{x},{y},0.9" for name, (x, y) in PLACES.items()]
        if row < 5:
            rows.append(f"{row},1,LEFT_KNEE,9,9,0.9")
    points = read(tmp_path, "\n".join(rows))
    assert set(points.names) == set(POINTS)
    assert knee(points)[2].tolist() == [300.0, 500.0]


def test_points_that_are_only_numbered_have_the_names_of_their_order(tmp_path: Path) -> None:
    rows = ["frame,landmark_id,x,y"]
    for row in range(FRAMES):
        rows += [f"{row},{point},{100 + point},{200 + point}" for point in range(33)]
    assert knee(read(tmp_path, "\n".join(rows)))[0].tolist() == [125.0, 225.0]


def test_deeplabcuts_three_heads_are_read(tmp_path: Path) -> None:
    names = [name for name in POINTS for _ in range(3)]
    rows = [
        ",".join(["scorer", *["DLC_net"] * len(names)]),
        ",".join(["bodyparts", *names]),
        ",".join(["coords", *["x", "y", "likelihood"] * len(POINTS)]),
    ]
    for row in range(FRAMES):
        cells = [str(value) for name in POINTS for value in (*PLACES[name], 0.99)]
        rows.append(",".join([str(row), *cells]))
    points = read(tmp_path, "\n".join(rows), "talkDLC_x.csv")
    assert knee(points)[0].tolist() == [300.0, 500.0]
    assert points.seconds[10] == pytest.approx(10 / RATE)


def trc(*, unit: str = "m", scale: float = 0.005, flip: bool = True) -> str:
    names = "\t\t\t".join(("LShoulder", "LHip", "LKnee", "LAnkle", "Nose"))
    axes = "\t".join(f"{axis}{number}" for number in range(1, 6) for axis in "XYZ")
    lines = [
        "PathFileType\t4\t(X/Y/Z)\ttalk.trc",
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames",
        f"25\t25\t{FRAMES}\t5\t{unit}\t25\t0\t{FRAMES}",
        f"Frame#\tTime\t{names}\t\t",
        f"\t\t{axes}",
    ]
    for row in range(FRAMES):
        cells = []
        for name in POINTS:
            x, y = PLACES[name]
            up = (720 - y) if flip else y
            cells += [f"{x * scale:.5f}", f"{up * scale:.5f}", "0.0"]
        lines.append("\t".join([str(row + 1), f"{row / RATE:.5f}", *cells]))
    return "\n".join(lines)


@pytest.mark.parametrize(("unit", "scale"), [("m", 0.003), ("mm", 3.0), ("cm", 0.3)])
def test_trc_is_metres_upwards_whatever_its_unit(tmp_path: Path, unit: str, scale: float) -> None:
    points = read(tmp_path, trc(unit=unit, scale=scale), "talk.trc")
    assert points.unit == "metres"
    assert knee(points)[0][:2] == pytest.approx([0.9, 0.66])
    tall = body_height(points)
    assert tall is not None
    assert 1.2 < tall < 1.7


def test_a_trc_of_pixels_that_says_metres_is_pixels(tmp_path: Path) -> None:
    points = read(tmp_path, trc(scale=1.0, flip=False), "talk_px.trc")
    assert points.unit == "pixels"
    assert knee(points)[0].tolist() == [300.0, 500.0]


def test_cocos_annotations_are_read_by_their_own_names(tmp_path: Path) -> None:
    document = {
        "images": [{"id": 100 + row, "file_name": f"talk_{row:05}.jpg"} for row in range(FRAMES)],
        "categories": [{"name": "person", "keypoints": list(POINTS)}],
        "annotations": [
            {"image_id": 100 + row, "keypoints": [value for name in POINTS for value in (*PLACES[name], 2)]}
            for row in range(FRAMES)
        ],
    }
    points = read(tmp_path, json.dumps(document), "talk.json")
    assert knee(points)[0].tolist() == [300.0, 500.0]
    assert points.seconds[4] == pytest.approx(4 / RATE)


def test_cocos_results_have_seventeen_points_and_the_surest_person_counts(tmp_path: Path) -> None:
    def flat(base: int) -> list[float]:
        return [value for point in range(17) for value in (base + point, base + 2 * point, 0.8)]

    results = [{"image_id": f"{row}.jpg", "keypoints": flat(100), "score": 2.0} for row in range(FRAMES)]
    results += [{"image_id": f"{row}.jpg", "keypoints": flat(400), "score": 1.0} for row in range(FRAMES)]
    points = read(tmp_path, json.dumps(results), "talk.json")
    assert knee(points)[0].tolist() == [113.0, 126.0]


def test_frames_with_named_points_are_read(tmp_path: Path) -> None:
    frames = [
        {"t": row / RATE, "keypoints": {name: [*PLACES[name], 0.9] for name in POINTS}}
        for row in range(FRAMES)
    ]
    points = read(tmp_path, json.dumps({"frames": frames}), "talk.json")
    assert knee(points)[9].tolist() == [300.0, 500.0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no key points"),
        ("one column\n1\n2\n3", "one column"),
        ("name,score\na,1\nb,2\nc,3", "fewer than two points"),
        ("{}", "neither COCO's"),
        ("{" * 50_000, "no JSON"),
        ('{"frames": []}', "its frames hold none"),
        ('{"annotations": [{"image_id": 1, "keypoints": [1, 2]}]}', "no annotation"),
        ('[{"image_id": 1, "keypoints": [1, 2, 3]}]', "have no names"),
        ("left_hip_x,left_hip_y,left_knee_x,left_knee_y\n1,2,3,4\n1,2,3,4", "no column tells"),
        (
            "time,left_hip_x,left_hip_y,left_knee_x,left_knee_y\n900,2,3,4,5\n901,2,3,4,5",
            "within the video",
        ),
        ("time,left_hip_x,left_hip_y,left_knee_x,left_knee_y\n0,a,b,,\n1,,,,", "no point is seen"),
        ("scorer,a\nx,y\n1,2\n3,4", "heads are not whole"),
        ("PathFileType\t4\nFrame#\tTime\n1\t2", "no line that begins with Frame#"),
        ("frame,landmark_id,x,y\n" + "\n".join(f"{n},{n % 7},1,2" for n in range(60)), "no known order"),
    ],
)
def test_what_holds_no_key_points_is_told_by_name(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SourceError, match=r"talk\.csv can't be used") as told:
        read(tmp_path, text)
    assert said in str(told.value)
    assert told.value.remedy


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"gone\.csv can't be used"):
        read_pose(tmp_path / "gone.csv", FACTS, index())


@settings(max_examples=150, deadline=None)
@given(
    head=st.sampled_from(
        [
            "time,left_hip_x,left_hip_y,nose_x,nose_y\n",
            "[",
            '{"frames": [',
            "Frame#\tTime\tA\tB\n",
            "scorer,",
        ]
    ),
    rest=st.text(max_size=200),
)
def test_any_text_is_key_points_or_an_error(
    tmp_path_factory: pytest.TempPathFactory, head: str, rest: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_text(head + rest, encoding="utf-8", errors="replace")
    try:
        points = read_pose(path, FACTS, index())
    except SourceError:
        return
    assert (np.diff(points.seconds) > 0).all()
    assert points.places.shape[:2] == (len(points.seconds), len(points.names))


# Angles and heights -----------------------------------------------------------------------------------


def leg(angle: float, *, tilt: float = 0.0, size: float = 100.0, up: bool = False) -> KeyPoints:
    """A leg bent at the knee by ``angle`` (180 is straight), turned by ``tilt`` degrees."""
    turn = math.radians(tilt)
    bend = math.radians(180 - angle)
    hip = np.array([0.0, 0.0])
    knee_at = hip + size * np.array([math.sin(turn), math.cos(turn)])
    ankle = knee_at + size * np.array([math.sin(turn + bend), math.cos(turn + bend)])
    places = np.repeat(np.stack([hip, knee_at, ankle])[None], 4, axis=0)
    if up:
        places[..., 1] *= -1
    return KeyPoints(
        name="x", seconds=np.arange(4.0), names=("left_hip", "left_knee", "left_ankle"), places=places,
        unit="metres" if up else "pixels",
    )  # fmt: skip


@given(angle=st.floats(5, 180), tilt=st.floats(-180, 180), size=st.floats(0.1, 1000), up=st.booleans())
def test_the_angle_of_a_knee_depends_on_nothing_but_its_bend(
    angle: float, tilt: float, size: float, up: bool
) -> None:
    found = {one.name: one for one in signals(leg(angle, tilt=tilt, size=size, up=up))}
    assert found["left_knee_angle"].unit == "degrees"
    assert found["left_knee_angle"].values[0] == pytest.approx(angle, abs=0.01)


def test_heights_are_parts_of_the_body_and_grow_upwards(tmp_path: Path) -> None:
    pixels = {one.name: one for one in signals(read(tmp_path, wide()))}
    metres = {one.name: one for one in signals(read(tmp_path, trc(scale=0.003), "talk.trc"))}
    for found in (pixels, metres):
        assert found["hip_height"].unit == "body_heights"
        # trunk 200, thigh 100, shank 100 are 0.288 + 0.245 + 0.246 of the body's height
        assert found["hip_height"].values[0] == pytest.approx(200 / (400 / 0.779), abs=1e-3)
        assert found["head_height"].values[0] > found["hip_height"].values[0]


def test_a_value_between_two_moments_is_between_their_values_and_none_far_from_any(tmp_path: Path) -> None:
    (found,) = [one for one in signals(read(tmp_path, wide())) if one.name == "left_knee_angle"]
    assert found.at(0.5 / RATE) == pytest.approx(180.0)
    assert found.at(-5.0) is None
    assert found.at(99.0) is None
