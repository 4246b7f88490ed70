"""``grandrounds verify`` and ``grandrounds diff`` as people call them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from grandrounds.cli import cli
from grandrounds.release.writer import write_release
from tests.support.releases import change_manifest, make_request, publish, without


@pytest.fixture
def run():
    def call(*arguments: object):
        return CliRunner().invoke(cli, [str(argument) for argument in arguments])

    return call


def test_verify_says_what_it_checked_and_ends_with_0(run, release):
    result = run("verify", release)
    assert result.exit_code == 0, result.output
    assert "Sound." in result.output
    assert "not clinician-reviewed" in result.output
    assert "SHA-256" in result.output


def test_verify_lists_what_is_off_and_ends_with_1(run, release):
    (release / "README.md").write_text("[bold]something[/] else")
    (release / "extra[red].txt").write_text("x")
    result = run("verify", release)
    assert result.exit_code == 1
    assert "README.md has 23 bytes instead of" in result.output
    assert "extra[red].txt is not listed" in result.output


def test_verify_speaks_json(run, release):
    report = json.loads(run("verify", release, "--json").output)
    assert (report["sound"], report["problems"], report["version"]) == (True, [], "0.1.0")
    change_manifest(release, lambda m: m.update(version="9.9.9"))
    result = run("verify", release, "--json")
    assert result.exit_code == 1
    assert json.loads(result.output)["problems"]


def test_verify_of_several_says_which_is_off_and_ends_with_1(run, release, tmp_path):
    other = publish(tmp_path / "others").path
    (release / "README.md").write_text("other")
    result = run("verify", other, release)
    assert result.exit_code == 1
    assert result.output.count("Sound.") == 1
    assert "README.md has 5 bytes" in result.output
    first, second = json.loads(run("verify", other, release, "--json").output)
    assert (first["sound"], second["sound"]) == (True, False)


def test_verify_of_nothing_is_told_without_a_traceback(run, tmp_path):
    result = run("verify", tmp_path / "nothing")
    assert result.exit_code == 1
    assert "There is no folder" in str(result.exception)


def test_a_long_list_is_cut_with_a_word(run, release):
    for number in range(60):
        (release / f"extra-{number}").write_text("x")
    assert "and 10 more: --json lists all." in run("verify", release).output


def test_diff_tells_numbers_and_ids(run, tmp_path):
    request = make_request()
    first = publish(tmp_path).path
    fewer = without(request, request.items[0])
    second = write_release(replace(fewer), root=tmp_path).path
    result = run("diff", first, second)
    assert result.exit_code == 0
    assert "From 0.1.0 to 0.2.0" in result.output
    assert request.items[0].item_id in result.output
    found = json.loads(run("diff", first, second, "--json").output)
    assert found["removed"] == [request.items[0].item_id]
    assert found["unchanged"] == 11


def test_diff_of_what_is_no_release_is_told(run, tmp_path):
    result = run("diff", tmp_path, tmp_path)
    assert result.exit_code == 1
    assert "is not a release" in str(result.exception)


@pytest.mark.parametrize("command", ["verify", "diff"])
def test_help_has_examples(run, command):
    assert "Examples:" in run(command, "--help").output
