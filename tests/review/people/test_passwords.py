"""Passwords: kept as argon2id hashes; length counts, not signs; what everybody tries is refused."""

from __future__ import annotations

import statistics
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grandrounds.review.people import passwords
from grandrounds.review.people.passwords import fault_in_password, hashed, matches, outdated


def test_a_hash_is_argon2id_with_the_settings_that_rfc_9106_recommends():
    kept = hashed("seven quiet herons")
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert not outdated(kept)
    assert outdated("$argon2id$v=19$m=1024,t=1,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b27dA")


def test_the_same_password_never_has_the_same_hash():
    assert hashed("seven quiet herons") != hashed("seven quiet herons")


def test_a_password_matches_however_its_letters_were_typed():
    composed, apart = "sieben stille k\u00f6che", "sieben stille ko\u0308che"
    assert matches(apart, hashed(composed))


@pytest.mark.parametrize("kept", [None, "", "plain text", "$argon2id$broken"])
def test_what_is_no_hash_matches_nothing(kept):
    assert not matches("a password of nobody", kept)


def test_a_very_long_text_is_nobodys_and_not_hashed():
    kept = hashed("seven quiet herons")
    began = time.process_time()
    assert not matches("x" * 1_000_000, kept)
    assert time.process_time() - began < 2


def test_an_unknown_account_takes_as_long_as_a_wrong_password():
    kept = hashed("seven quiet herons")
    passwords.warm_up()

    def measure(one):
        began = time.perf_counter()
        matches("a wrong guess of mine", one)
        return time.perf_counter() - began

    pairs = [(measure(kept), measure(None)) for _ in range(15)]
    wrong, unknown = (statistics.median(column) for column in zip(*pairs, strict=True))
    assert 0.5 < unknown / wrong < 2


def test_only_a_few_are_hashed_at_once(monkeypatch):
    running, most = 0, 0
    lock = threading.Lock()

    class Slow:
        def verify(self, kept, plain):
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
            time.sleep(0.02)
            with lock:
                running -= 1
            return True

    monkeypatch.setattr(passwords, "_hasher", Slow)
    threads = [threading.Thread(target=matches, args=("x", "y")) for _ in range(20)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert 1 < most <= 4


@pytest.mark.parametrize(
    "good",
    [
        "seven quiet herons", "correct horse battery", "xK9#mQ2$vL7p", "我喜欢在清晨的湖边慢慢散步看鸟",
        "dragon monkey sunshine football teapot", "the old clinic by the sea", "Ünïcödé wörks fïne",
    ],
)  # fmt: skip
def test_good_passwords_are_taken_whatever_they_are_made_of(good):
    assert fault_in_password(good, name="reviewer-a") is None


@pytest.mark.parametrize(
    "simple",
    [
        "password1234", "Password2024!", "P@ssw0rd1234", "passwordpassword", "qwertyuiop12", "QWERTYUIOP!!",
        "1q2w3e4r5t6y", "123456789012", "987654321098", "abcdefghijkl", "aaaaaaaaaaaa", "abababababab",
        "abc123abc123", "iloveyou1234", "welcome12345", "administrator", "letmein123456", "grandrounds1",
        "reviewer-a-12", "reviewera2026", "Grand Rounds 1", "qazwsxedcrfv"[:9] + "123", "woaini1314520",
        "doctordoctor", "Hospital2026!", "summer2026!!", "changeme1234", "correcthorsebatterystaple",
    ],
)  # fmt: skip
def test_what_everybody_tries_is_refused(simple):
    assert fault_in_password(simple, name="reviewer-a") == "password.simple"


def test_length_is_counted_in_characters_and_has_two_ends():
    assert fault_in_password("x7 k2 m9 q4") == "password.short"
    assert fault_in_password("湖边散步看鸟的人们早上好呀") is None
    assert fault_in_password("ab cd ef gh " * 20) == "password.long"
    assert fault_in_password("seven quiet herons by the lake, " * 3 + "and one more that is loud") is None


@given(st.text(max_size=300), st.text(max_size=70))
@settings(max_examples=300, deadline=None)
def test_any_text_is_judged_and_none_breaks_it(text, name):
    fault = fault_in_password(text, name=name)
    assert fault in {None, "password.short", "password.long", "password.simple"}
    if fault is None:
        assert len(text) >= 4


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=16, max_size=40))
@settings(max_examples=200, deadline=None)
def test_the_name_alone_with_digits_is_refused(text):
    name = text[:14]
    assert fault_in_password(f"{name}2026", name=name) == "password.simple"
