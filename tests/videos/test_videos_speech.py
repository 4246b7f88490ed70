"""Words recognised in the sound of a video: a real endpoint in a process of its own, and its faults."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from grandrounds.doctor import examine
from grandrounds.errors import ModelError, SettingsError
from grandrounds.lake import Lake
from grandrounds.llm.backends.retry import RetryPolicy
from grandrounds.settings import resolve
from grandrounds.videos import speech as speech_module
from grandrounds.videos.sidecars import sidecars
from grandrounds.videos.speech import Speech
from grandrounds.videos.speech_answer import NonsenseError, load, read_answer
from grandrounds.videos.speech_plan import SpeechPlan, speech_plan
from grandrounds.videos.transcript import read_words
from grandrounds.videos.values import Words
from tests.support.spoken_films import film, speech
from tests.support.stub_speech import SpeechProcess

SPANS = ((1.0, 2.2), (4.0, 4.8), (7.0, 9.0))


async def _no_sleep(_: float) -> None:
    return None


def listener(stub: SpeechProcess, folder: Path, *, model: str = "ear", local: bool = True) -> Speech:
    plan = SpeechPlan(base_url=stub.base_url, model=model, local=local, timeout_seconds=5.0)
    return Speech(
        plan,
        api_key="sk-test-key",
        lake=Lake(str(folder / "lake")),
        retry=RetryPolicy(attempts=3, unanswered=2),
        sleep=_no_sleep,
    )


def talk(folder: Path, spans: Sequence[tuple[float, float]] = SPANS, *, seconds: float = 10.0) -> Path:
    return film(folder / "talk.mkv", seconds=seconds, sound=speech(spans, seconds), rate=5)


def heard(listener: Speech, path: Path, *, start_seconds: float = 0.0, protected: bool = False) -> Words:
    return listener.words(path, start_seconds=start_seconds, protected=protected)


def starts(words: Words) -> list[float]:
    return [round(start, 1) for start, _, _ in words.cues]


def test_what_is_heard_becomes_cues_with_times(tmp_path: Path) -> None:
    with SpeechProcess() as stub:
        words = heard(listener(stub, tmp_path), talk(tmp_path))
        asked = stub.requests()
    assert (words.origin, words.language, words.complete) == ("speech", "en", True)
    assert starts(words) == [1.0, 4.0, 7.0]
    assert words.cues[0][2].startswith("spoken 1")
    assert [one["path"] for one in asked] == ["/v1/audio/transcriptions"]
    assert asked[0]["model"] == "ear"
    assert asked[0]["response_format"] == "verbose_json"
    assert asked[0]["key"] == "Bearer sk-test-key"


def test_words_that_a_model_makes_up_in_silence_are_left_out(tmp_path: Path) -> None:
    with SpeechProcess() as stub:
        words = heard(listener(stub, tmp_path), talk(tmp_path))
    assert not any("watching" in text for _, _, text in words.cues)


def test_cues_count_from_the_first_picture(tmp_path: Path) -> None:
    path = film(tmp_path / "late.mkv", seconds=10, sound=speech(SPANS, 10), rate=5, begins=2.0)
    with SpeechProcess() as stub:
        assert starts(heard(listener(stub, tmp_path), path, start_seconds=2.0)) == [1.0, 4.0, 7.0]


def test_nothing_is_sent_twice(tmp_path: Path) -> None:
    path = talk(tmp_path)
    with SpeechProcess() as stub:
        first = heard(listener(stub, tmp_path), path)
        again = heard(listener(stub, tmp_path), path)
        assert len(stub.requests()) == 1
        heard(listener(stub, tmp_path, model="other"), path)
        assert len(stub.requests()) == 2
    assert first == again


def test_an_answer_that_was_damaged_in_the_lake_is_asked_again(tmp_path: Path) -> None:
    path = talk(tmp_path)
    with SpeechProcess() as stub:
        first = heard(listener(stub, tmp_path), path)
        (kept,) = (tmp_path / "lake" / "cache" / "speech").rglob("*.json")
        kept.write_text("{", encoding="utf-8")
        assert heard(listener(stub, tmp_path), path) == first
        assert len(stub.requests()) == 2


def test_long_sound_is_sent_in_pieces_whose_words_meet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speech_module, "PIECE_SECONDS", 12.0)
    monkeypatch.setattr(speech_module, "OVERLAP_SECONDS", 4.0)
    spans = [(at, at + 1.0) for at in (1.0, 4.0, 7.0, 9.2, 13.0, 17.0, 21.0, 25.0, 28.0)]
    path = talk(tmp_path, spans, seconds=30.0)
    with SpeechProcess() as stub:
        words = heard(listener(stub, tmp_path), path)
        assert len(stub.requests()) == 4
    assert starts(words) == [round(start, 1) for start, _ in spans]


def test_silence_is_not_sent(tmp_path: Path) -> None:
    path = film(tmp_path / "quiet.mkv", seconds=5, sound=speech((), 5, noise=0.0), rate=5)
    mute = film(tmp_path / "mute.mkv", seconds=5, rate=5)
    with SpeechProcess() as stub:
        for each in (path, mute):
            words = heard(listener(stub, tmp_path), each)
            assert (words.origin, words.cues) == ("none", ())
        assert stub.requests() == []


@pytest.mark.parametrize("fault", ["429", "500", "503", "cut", "empty"])
def test_what_may_pass_is_tried_again(tmp_path: Path, fault: str) -> None:
    with SpeechProcess(fault, fault) as stub:
        words = heard(listener(stub, tmp_path), talk(tmp_path))
        assert len(stub.requests()) == 3
    assert (starts(words), words.complete) == ([1.0, 4.0, 7.0], True)


@pytest.mark.parametrize("fault", ["nonsense", "html", "400", "413"])
def test_what_will_not_pass_is_a_note_and_not_kept(tmp_path: Path, fault: str) -> None:
    path = talk(tmp_path)
    with SpeechProcess(fault) as stub:
        words = heard(listener(stub, tmp_path), path)
        assert (words.origin, words.cues, words.complete) == ("none", (), False)
        assert "No words were recognised in 10 s" in words.notes[0]
        assert len(stub.requests()) == 1
        assert heard(listener(stub, tmp_path), path).complete


def test_too_many_faults_leave_the_rest_of_the_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speech_module, "PIECE_SECONDS", 12.0)
    monkeypatch.setattr(speech_module, "_AT_ONCE", 1)
    path = talk(tmp_path, [(1.0, 2.0), (17.0, 18.0)], seconds=20.0)
    with SpeechProcess("500", "500", "500") as stub:
        words = heard(listener(stub, tmp_path), path)
    assert starts(words) == [17.0]
    assert not words.complete


@pytest.mark.parametrize(
    ("fault", "said"), [("401", "refuses the key"), ("404", "There is no model 'ear'")]
)
def test_what_no_request_can_pass_stops_the_run(tmp_path: Path, fault: str, said: str) -> None:
    with SpeechProcess(*[fault] * 5) as stub, pytest.raises(ModelError, match=said) as told:
        heard(listener(stub, tmp_path), talk(tmp_path))
    assert "sk-test-key" not in str(told.value)
    assert "GRANDROUNDS_SPEECH" in str(told.value)


def test_an_address_where_nothing_listens_stops_the_run(tmp_path: Path) -> None:
    with SpeechProcess() as stub:
        pass
    with pytest.raises(ModelError, match="Nothing answers"):
        heard(listener(stub, tmp_path), talk(tmp_path))


def test_a_server_that_does_not_know_a_field_is_asked_without_it(tmp_path: Path) -> None:
    with SpeechProcess() as stub:
        assert starts(heard(listener(stub, tmp_path, model="plain"), talk(tmp_path))) == [1.0, 4.0, 7.0]
        assert ["timestamp_granularities[]" in one for one in stub.requests()] == [True, False]


def test_protected_videos_go_only_where_it_is_local(tmp_path: Path) -> None:
    path = talk(tmp_path)
    with SpeechProcess() as stub:
        refused = heard(listener(stub, tmp_path, local=False), path, protected=True)
        assert (refused.origin, stub.requests()) == ("none", [])
        assert "protected" in refused.notes[0]
        assert heard(listener(stub, tmp_path, local=True), path, protected=True).cues


def test_only_videos_without_subtitles_are_listened_to(tmp_path: Path) -> None:
    path = talk(tmp_path)
    with SpeechProcess() as stub:
        ear = listener(stub, tmp_path)
        (tmp_path / "talk.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nHello\n", encoding="utf-8")
        beside = sidecars(path, tmp_path.iterdir())
        assert read_words(path, beside, languages=("en",), listener=ear).origin == "srt"
        assert stub.requests() == []
        assert read_words(path, sidecars(path, []), languages=("en",), listener=ear).origin == "speech"
        assert read_words(path, sidecars(path, []), languages=("en",)).origin == "none"


# Answers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "document",
    [None, 7, [], {"segments": "x"}, {"text": "words without times"}, {"segments": [{"start": 1}]}, {}],
)
def test_answers_that_are_none_are_told(document: object) -> None:
    with pytest.raises(NonsenseError):
        read_answer(document, seconds=100.0)


def test_segments_are_kept_within_the_sound_and_odd_ones_left_out() -> None:
    told = read_answer(
        {
            "language": "German",
            "segments": [
                {"start": -1, "end": 2, "text": " one "},
                {"start": 5, "end": 99, "text": "two"},
                {"start": float("nan"), "end": 3, "text": "three"},
                {"start": True, "end": 3, "text": "four"},
                {"start": 3, "end": 2, "text": "five"},
                {"start": 3, "end": 4, "text": "  "},
                {"start": 3, "end": 4, "text": "la la " * 400},
                "six",
            ],
        },
        seconds=10.0,
    )
    assert told.pieces == ((0.0, 2.0, "one"), (5.0, 10.0, "two"))
    assert told.language == "de"


def test_silence_is_a_sound_answer() -> None:
    assert read_answer({"text": "", "segments": []}, seconds=60.0).pieces == ()


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"pieces": [[1]], "language": ""}', b"\xff"])
def test_what_was_not_kept_whole_is_none(data: bytes) -> None:
    assert load(data) is None


# Settings ---------------------------------------------------------------------------------------------


def plan_of(**settings: str) -> SpeechPlan | None:
    return speech_plan(resolve({}, settings))


def test_without_a_model_nothing_is_listened_to() -> None:
    assert plan_of(GRANDROUNDS_LLM_BASE_URL="http://localhost:8000/v1", GRANDROUNDS_LLM_MODEL="m") is None


def test_the_language_models_address_and_key_serve_where_no_own_are_set() -> None:
    both = {"GRANDROUNDS_LLM_BASE_URL": "https://api.example.com/v1", "OPENAI_API_KEY": "sk-one"}
    plan = plan_of(**both, GRANDROUNDS_SPEECH_MODEL="ear")
    assert plan is not None
    assert (plan.base_url, plan.local, plan.key_setting) == (
        "https://api.example.com/v1", False, "OPENAI_API_KEY",
    )  # fmt: skip
    assert "sk-one" not in repr(plan)


def test_a_key_goes_to_no_address_that_it_was_not_named_for() -> None:
    settings = {
        "GRANDROUNDS_LLM_BASE_URL": "https://api.example.com/v1",
        "OPENAI_API_KEY": "sk-one",
        "GRANDROUNDS_SPEECH_BASE_URL": "https://ears.example.org/v1",
        "GRANDROUNDS_SPEECH_MODEL": "ear",
    }
    plan = plan_of(**settings)
    assert plan is not None
    assert plan.key(resolve({}, settings)) == ""
    own = plan_of(**settings, GRANDROUNDS_SPEECH_API_KEY="sk-two")
    assert own is not None
    assert own.key(resolve({}, {**settings, "GRANDROUNDS_SPEECH_API_KEY": "sk-two"})) == "sk-two"


def test_this_machine_is_local_unless_said_otherwise() -> None:
    near = {"GRANDROUNDS_SPEECH_BASE_URL": "http://127.0.0.1:9/v1", "GRANDROUNDS_SPEECH_MODEL": "ear"}
    assert plan_of(**near).local  # type: ignore[union-attr]
    assert not plan_of(**near, GRANDROUNDS_SPEECH_LOCAL="no").local  # type: ignore[union-attr]
    far = {**near, "GRANDROUNDS_SPEECH_BASE_URL": "http://ears/v1"}
    assert not plan_of(**far).local  # type: ignore[union-attr]
    assert plan_of(**far, GRANDROUNDS_SPEECH_LOCAL="yes").local  # type: ignore[union-attr]


def test_a_model_without_an_address_is_told() -> None:
    with pytest.raises(SettingsError, match="GRANDROUNDS_SPEECH_MODEL is 'ear'"):
        plan_of(GRANDROUNDS_SPEECH_MODEL="ear")


def test_doctor_says_what_recognises_speech(tmp_path: Path) -> None:
    def told(**settings: str) -> tuple[str, str]:
        rows = {row.what: row for row in examine(resolve({"GRANDROUNDS_HOME": str(tmp_path)}, settings))}
        return rows["speech endpoint"].state, rows["speech endpoint"].detail

    assert told() == ("ok", "none: words of videos come from subtitles alone")
    with SpeechProcess() as stub:
        asked = {"GRANDROUNDS_SPEECH_BASE_URL": stub.base_url, "GRANDROUNDS_SPEECH_MODEL": "ear"}
        assert told(**asked)[0] == "ok"
        json.dumps(stub.requests())
    assert told(**asked)[0] == "bad"
