"""Prompts: Jinja2 templates with a YAML head, one folder a task (or family of tasks), one file a stage.

The head says the stage, the task, the contract of the answer, a version and, for a revision, the
criteria. Templates run in a sandbox and may use only the variables they are given: an unknown one
is an error that names it, not an empty string in a prompt that somebody pays for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from grandrounds.contracts import contract
from grandrounds.errors import RecipeError
from grandrounds.fingerprint import sha256_text
from grandrounds.paths import bundled
from grandrounds.recipe import CLIP_TASKS, CONSULTATION_TASKS, FIGURE_TASKS, VOLUME_TASKS, prompt_folder

if TYPE_CHECKING:
    from jinja2 import Template

_PICTURES = ("hidden", "labels", "one_frame")

#: The variables that each stage hands to its template.
VARIABLES = {
    "draft": frozenset({"title", "article", "case_number", "case_count", "distractors"}),
    "revise": frozenset({"stem", "question", "draft", "article", "criteria", "options"}),
    "choice": frozenset({"stem", "question", "options", "withheld", *_PICTURES, "n"}),
    "open": frozenset({"stem", "question", "withheld", *_PICTURES, "n"}),
}

#: The same for the families of tasks on volumes, whose material is another.
VOLUME_VARIABLES = {
    "draft": frozenset({"stem", "fact", "pictures"}),
    "revise": frozenset({"stem", "fact", "pictures", "draft", "refused", "criteria"}),
}

#: And for those on figures.
_OF_FIGURE = frozenset(
    {"task", "caption", "mentions", "panels", "words_inside", "distractors", "modalities", "places"}
)
FIGURE_VARIABLES = {
    "draft": _OF_FIGURE,
    "revise": _OF_FIGURE | {"stem", "draft", "criteria"},
}

#: And for those on clips.
_OF_CLIP = frozenset({"task", "frames", "cues", "fact", "distractors", "modalities", "places"})
CLIP_VARIABLES = {
    "draft": _OF_CLIP,
    "revise": _OF_CLIP | {"stem", "draft", "refused", "criteria"},
}

#: And for consultations.
_OF_CONSULTATION = frozenset({"title", "article", "case_number", "case_count", "task", "limits"})
CONSULTATION_VARIABLES = {
    "draft": _OF_CONSULTATION,
    "revise": _OF_CONSULTATION | {"stem", "question", "disclosures", "draft", "refused", "criteria"},
    "mark": frozenset({"question", "response", "rubric"}),
}
_KNOWN = {
    **dict.fromkeys(map(prompt_folder, CONSULTATION_TASKS), CONSULTATION_VARIABLES),
    **dict.fromkeys(map(prompt_folder, VOLUME_TASKS), VOLUME_VARIABLES),
    **dict.fromkeys(map(prompt_folder, FIGURE_TASKS), FIGURE_VARIABLES),
    **dict.fromkeys(map(prompt_folder, CLIP_TASKS), CLIP_VARIABLES),
}


class _Head(BaseModel):
    model_config = ConfigDict(extra="forbid")

    stage: str
    task: str
    output: str
    version: str
    criteria: tuple[str, ...] = Field(())


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A prompt, read and checked. ``sha256`` is of the whole file, ``schema`` the answer's JSON schema."""

    name: str
    path: Path
    version: str
    sha256: str
    criteria: tuple[str, ...]
    output: str
    template: str

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON schema that the answer must have, from its contract."""
        return contract(self.output).json_schema()

    def render(self, variables: Mapping[str, Any]) -> str:
        """The text that is sent. Raises ``RecipeError`` for what the template can't do."""
        from jinja2 import TemplateError

        try:
            return _compiled(self.template).render(dict(variables))
        except TemplateError as exc:
            raise RecipeError(f"Prompt {self.path} can't be filled in: {exc}.") from exc


@cache
def load_prompt(task: str, stage: str, folder: Path | None = None) -> Prompt:
    """The prompt of a stage; ``task`` names the folder (see ``recipe.prompt_folder``).

    Raises ``RecipeError`` naming the file and what is wrong: no such prompt, a head with a wrong key,
    a template that does not parse or uses a variable that this stage does not have.
    """
    path = (folder or bundled("prompts")) / task / f"{stage}.md"
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as exc:
        raise RecipeError(
            f"There is no prompt {path}.", remedy=f"Task {task!r} needs a {stage} prompt."
        ) from exc
    head, template = _split(text, path)
    if (head.stage, head.task) != (stage, task):
        raise RecipeError(
            f"Prompt {path} says it is {head.task}/{head.stage}; its place says {task}/{stage}."
        )
    known = _KNOWN.get(task, VARIABLES)
    _check_variables(template, known[stage], stage=stage, path=path)
    contract(head.output)
    return Prompt(
        name=f"{task}/{stage}",
        path=path,
        version=head.version,
        sha256=sha256_text(text),
        criteria=head.criteria,
        output=head.output,
        template=template,
    )


@cache
def _compiled(template: str) -> Template:
    """Compiling takes a hundred times as long as filling in, and a prompt is filled in a million times."""
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, keep_trailing_newline=False, autoescape=False
    )
    return environment.from_string(template)


def _split(text: str, path: Path) -> tuple[_Head, str]:
    parts = text.split("---\n", 2)
    if len(parts) != 3 or parts[0].strip():
        raise RecipeError(f"Prompt {path} has no YAML head between two lines of `---`.")
    try:
        return _Head.model_validate(yaml.safe_load(parts[1]) or {}), parts[2].strip()
    except yaml.YAMLError as exc:
        raise RecipeError(f"Prompt {path}: the head is not valid YAML: {exc}") from exc
    except ValidationError as exc:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in exc.errors())
        raise RecipeError(f"Prompt {path}: the head is wrong: {wrong}.") from exc


def _check_variables(template: str, known: frozenset[str], *, stage: str, path: Path) -> None:
    from jinja2 import TemplateSyntaxError, meta
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    try:
        used = meta.find_undeclared_variables(ImmutableSandboxedEnvironment().parse(template))
    except TemplateSyntaxError as exc:
        raise RecipeError(f"Prompt {path}, line {exc.lineno} of the template: {exc.message}.") from exc
    unknown = sorted(used - known)
    if unknown:
        raise RecipeError(
            f"Prompt {path} uses the unknown variable {', '.join(unknown)}.",
            remedy=f"A {stage} prompt has: {', '.join(sorted(known))}.",
        )
