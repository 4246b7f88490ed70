"""Prompts: what stands in a head, what a template may use, and what a mistake is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from grandrounds.authoring.prompts import VARIABLES, load_prompt
from grandrounds.contracts import contract
from grandrounds.errors import RecipeError
from grandrounds.paths import bundled

SHIPPED = [(path.parent.name, path.stem) for path in sorted(bundled("prompts").glob("*/*.md"))]

HEAD = '---\nstage: draft\ntask: mine\noutput: outputs/diagnosis_draft\nversion: "1"\n---\n'


def written(folder: Path, text: str, stage: str = "draft") -> Path:
    (folder / "mine").mkdir(parents=True, exist_ok=True)
    (folder / "mine" / f"{stage}.md").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(("task", "stage"), SHIPPED)
def test_every_shipped_prompt_is_sound(task: str, stage: str) -> None:
    prompt = load_prompt(task, stage)
    assert prompt.schema == contract(prompt.output).json_schema()
    assert len(prompt.sha256) == 64
    assert bool(prompt.criteria) == (stage == "revise")


def test_a_prompt_is_filled_in(tmp_path: Path) -> None:
    prompt = load_prompt("mine", "draft", written(tmp_path, HEAD + "About {{ title }}."))
    assert prompt.render({"title": "knees"}) == "About knees."


def test_text_of_an_article_is_never_run_as_a_template(tmp_path: Path) -> None:
    prompt = load_prompt("mine", "draft", written(tmp_path, HEAD + "{{ article }}"))
    hostile = "{{ ''.__class__.__mro__ }} {% for x in y %}"
    assert prompt.render({"article": hostile}) == hostile


def test_an_unknown_variable_is_named_with_the_known_ones(tmp_path: Path) -> None:
    folder = written(tmp_path, HEAD + "{{ artikle }}")
    with pytest.raises(RecipeError, match=r"draft\.md uses the unknown variable artikle") as caught:
        load_prompt("mine", "draft", folder)
    assert all(name in str(caught.value) for name in VARIABLES["draft"])


def test_a_known_variable_that_was_not_given_is_an_error_not_an_empty_string(tmp_path: Path) -> None:
    prompt = load_prompt("mine", "draft", written(tmp_path, HEAD + "{{ title }}"))
    with pytest.raises(RecipeError, match="title"):
        prompt.render({})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("no head at all", "no YAML head"),
        (HEAD.replace("version", "verzion") + "x", "verzion"),
        (HEAD.replace("mine", "other") + "x", "other/draft"),
        (HEAD + "{% if %}", "line 1"),
        (HEAD.replace("outputs/diagnosis_draft", "outputs/nothing") + "x", "no contract 'outputs/nothing'"),
        ("---\n: : :\n---\nx", "head"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(Exception, match=told):
        load_prompt("mine", "draft", written(tmp_path, text))


def test_a_prompt_can_reach_nothing_but_its_variables(tmp_path: Path) -> None:
    prompt = load_prompt("mine", "draft", written(tmp_path, HEAD + "{{ title.__class__.__mro__ }}"))
    with pytest.raises(RecipeError):
        prompt.render({"title": "x"})
