"""A recipe: one benchmark as YAML. Unknown keys are errors, every key has a meaning and a default.

Data engineers edit only this. The file is ``pipelines/recipes/NAME/defs.yaml``; its
``attributes`` are this model, which Dagster's component checks with the same code.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError, model_validator

from grandrounds.errors import RecipeError

Share = Annotated[float, Field(ge=0.0, le=1.0)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Cut(StrEnum):
    """How much of the case the solver sees. All end before the first sign of the answer."""

    BEFORE_DIAGNOSIS = "before_diagnosis"
    BEFORE_INVESTIGATIONS = "before_investigations"
    PRESENTATION = "presentation"


CASE_TASKS = ("diagnosis_open", "diagnosis_mcq")
GROUNDING_TASKS = ("level_mcq", "box_mcq", "slice_mcq", "relation_mcq", "count_mcq", "severity_mcq")
MEASURING_TASKS = ("measurement_mcq", "finding_mcq")
VOLUME_TASKS = (*GROUNDING_TASKS, *MEASURING_TASKS)
FIGURE_TASKS = (
    "figure_modality_mcq",
    "figure_anatomy_mcq",
    "figure_finding_mcq",
    "figure_diagnosis_mcq",
    "figure_procedure_mcq",
    "figure_panel_mcq",
    "figure_description_open",
)
TASKS_OF = {"cases": CASE_TASKS, "volumes": VOLUME_TASKS, "figures": FIGURE_TASKS}
"""The tasks of each kind of evidence."""
_SHARED_PROMPTS = {
    **dict.fromkeys(GROUNDING_TASKS, "volume_grounding"),
    **dict.fromkeys(MEASURING_TASKS, "measurement_chain"),
    **dict.fromkeys(FIGURE_TASKS, "figure_vqa"),
}


def prompt_folder(task: str) -> str:
    """The folder below ``prompts/`` that a model is asked ``task`` from: tasks on volumes and figures share
    those of their family."""
    return _SHARED_PROMPTS.get(task, task)


class Task(_Strict):
    """One kind of question made from every piece of evidence."""

    name: Literal[
        "diagnosis_open",
        "diagnosis_mcq",
        "level_mcq",
        "box_mcq",
        "slice_mcq",
        "relation_mcq",
        "count_mcq",
        "severity_mcq",
        "measurement_mcq",
        "finding_mcq",
        "figure_modality_mcq",
        "figure_anatomy_mcq",
        "figure_finding_mcq",
        "figure_diagnosis_mcq",
        "figure_procedure_mcq",
        "figure_panel_mcq",
        "figure_description_open",
    ]
    options: int = Field(
        default=5, ge=2, le=10, description="Options of a multiple-choice item; of volumes, at most."
    )


class CaseNeed(_Strict):
    """Which case reports the recipe takes."""

    kind: Literal["cases"] = "cases"
    languages: tuple[str, ...] = Field(
        default=("en",), min_length=1, description="Languages taken; others are rejected."
    )
    minimum_characters: int = Field(default=250, ge=0, description="Shortest stem that is still a case.")
    maximum_characters: int = Field(default=6000, ge=500, description="Longest stem; cut at a sentence.")

    @model_validator(mode="after")
    def _shortest_below_longest(self) -> CaseNeed:
        if self.minimum_characters > self.maximum_characters:
            raise ValueError("minimum_characters must not exceed maximum_characters")
        return self


class Deidentify(_Strict):
    """What de-identification keeps: the options of DICOM PS3.15 Annex E.3, and what becomes of faces."""

    retain_uids: bool = False
    retain_device_identity: bool = False
    retain_institution_identity: bool = False
    retain_patient_characteristics: bool = False
    retain_longitudinal: Literal["none", "modified", "full"] = Field(
        default="none", description="Dates and times: emptied, moved per patient, or left."
    )
    clean_descriptors: bool = Field(default=True, description="Keep descriptions' controlled words.")
    clean_structured_content: bool = False
    clean_graphics: bool = False
    safe_private: Literal["none", "known"] = Field(
        default="none", description="Private numbers that volumes need (b-values, scales): kept, or not."
    )
    words: tuple[str, ...] = Field(default=(), description="Further words that are no names here.")
    faces: Literal["flag", "deface", "refuse"] = Field(
        default="refuse", description="Heads in which a face can be rebuilt."
    )
    clear_list: str = Field(
        default="",
        description="CSV of pictures that a person has looked at; empty takes cleared.csv of the folder.",
    )


class VolumeNeed(_Strict):
    """Which volumes the recipe takes, and what it asks about."""

    kind: Literal["volumes"] = "volumes"
    modalities: tuple[str, ...] = Field(default=(), description="CT, MR ...; empty takes all.")
    box_origins: tuple[Literal["manual", "predicted", "unknown"], ...] = Field(
        default=("manual", "predicted", "unknown"), min_length=1, description="Who drew the masks taken."
    )
    largest_spacing: float = Field(
        default=10.0, gt=0, le=100, description="Coarsest distance of voxels, in mm, along any axis."
    )
    minimum_structures: int = Field(
        default=1, ge=1, description="Named structures that a scan must have to be asked about."
    )
    questions_each: int = Field(
        default=4, ge=1, le=100, description="Most items of one task from one scan."
    )
    rules: tuple[str, ...] = Field(
        default=(), description="Criteria (docs/measures.md) that are asked about; empty takes all."
    )
    deidentify: Deidentify = Deidentify()


class FigureNeed(_Strict):
    """Which figures of textbooks and articles the recipe takes."""

    kind: Literal["figures"] = "figures"
    languages: tuple[str, ...] = Field(
        default=("en",), min_length=1, description="Languages taken; others are rejected."
    )
    minimum_alignment: Share = Field(
        default=0.6, description="Least confidence that caption and picture belong together."
    )
    smallest_side: int = Field(default=150, ge=16, description="Shortest side of a picture, in pixels.")
    maximum_pages: int = Field(
        default=5000, ge=1, le=100_000, description="Longest document that is read; longer ones fail."
    )
    near_picture: int = Field(
        default=6, ge=0, le=32, description="Bits of 64 by which pictures differ that count as the same."
    )
    text_sure: Share = Field(
        default=0.9,
        description="Refuse what a text-only baseline gets right with at least this probability; 1: never.",
    )


def _kind_of(value: Any) -> str:
    return str(value.get("kind", "cases") if isinstance(value, dict) else getattr(value, "kind", "cases"))


EvidenceNeed = Annotated[
    Annotated[CaseNeed, Tag("cases")]
    | Annotated[VolumeNeed, Tag("volumes")]
    | Annotated[FigureNeed, Tag("figures")],
    Discriminator(_kind_of),
]
"""Which evidence a recipe takes; ``kind`` tells which, ``cases`` where it says nothing."""


class Gates(_Strict):
    """Limits of the gates."""

    near_duplicate: Share = Field(
        default=0.8, description="Jaccard similarity of stems that counts as the same."
    )
    position_bias_fail: Share = Field(default=0.10, description="Best always-X accuracy over chance: fail.")
    position_bias_warn: Share = Field(default=0.03, description="Best always-X accuracy over chance: warn.")
    longest_option_fail: Share = Field(
        default=0.20, description="Longest-option accuracy over chance: fail."
    )
    longest_option_warn: Share = Field(
        default=0.10, description="Longest-option accuracy over chance: warn."
    )

    blind_share: Annotated[float, Field(gt=0.0, le=1.0)] = Field(
        default=1.0, description="Share of right blind votes from which an item is refused."
    )
    blind_luck: Share = Field(
        default=0.05,
        description="It is refused only if guessing does that at most so often; 0: never.",
    )
    difficulty_easy: Share = Field(
        default=0.8, description="Share of right votes from which an item is easy."
    )
    difficulty_hard: Share = Field(
        default=0.5, description="Share of right votes below which an item is hard."
    )
    difficulty_drop: tuple[Literal["all_right", "none_right"], ...] = Field(
        default=(), description="Refuse items that the whole panel gets right, or wrong."
    )

    @model_validator(mode="after")
    def _warn_before_fail(self) -> Gates:
        for name in ("position_bias", "longest_option"):
            if getattr(self, f"{name}_warn") > getattr(self, f"{name}_fail"):
                raise ValueError(f"{name}_warn must not exceed {name}_fail")
        if self.difficulty_hard > self.difficulty_easy:
            raise ValueError("difficulty_hard must not exceed difficulty_easy")
        return self


VOTE_LIMITS = ("blind_share", "blind_luck", "difficulty_easy", "difficulty_hard", "difficulty_drop")
"""The limits of the gates that weigh a panel's votes."""


class Panel(_Strict):
    """Models that are asked every item that passed the other gates: for the blind filter and difficulty."""

    models: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        default=(), description="Names from the models file; empty takes the default model."
    )
    repeats: int = Field(default=1, ge=1, le=32, description="How often each model is asked the same.")
    with_evidence: bool = Field(default=True, description="Ask with all that the solver sees.")
    blind: bool = Field(default=True, description="Ask with the evidence withheld.")
    withheld: Literal["case", "media"] = Field(
        default="case", description="What a blind question lacks: the whole case, or its pictures only."
    )
    pictures: bool = Field(default=True, description="Show pictures; false for models that only read.")
    temperature: float | None = Field(default=0.0, ge=0.0, le=2.0)
    max_tokens: int = Field(default=1024, ge=64, le=65536)

    @model_validator(mode="after")
    def _asks_something(self) -> Panel:
        if len(set(self.models)) != len(self.models):
            raise ValueError("each model may stand in a panel once; repeats asks it more often")
        if not (self.with_evidence or self.blind):
            raise ValueError("a panel asks with_evidence, blind or both")
        if self.blind and self.withheld == "media" and not self.pictures:
            raise ValueError("pictures can't be withheld from a panel that isn't shown any")
        return self

    @property
    def votes_each(self) -> int:
        """How many votes a question gets when every model answers."""
        return max(1, len(self.models)) * self.repeats


class Review(_Strict):
    """Who has to look before anything is published."""

    policy: Literal["none", "readers"] = Field(default="none", description="none makes a preview release.")
    readers: int = Field(default=2, ge=1, le=9, description="Readers each candidate needs.")
    minimum_agreement: Share = Field(default=0.0, description="Percent agreement needed to publish.")


class Splits(_Strict):
    """Shares of the splits, by group, stratified."""

    train: Share = 0.6
    dev: Share = 0.2
    test: Share = 0.2
    stratify_by: tuple[str, ...] = Field(
        default=("body_system",), description="Label schemes to stratify by."
    )

    @model_validator(mode="after")
    def _sums_to_one(self) -> Splits:
        if abs(self.train + self.dev + self.test - 1.0) > 1e-9:
            raise ValueError("train, dev and test must sum to 1")
        return self


class Release(_Strict):
    """What may be published."""

    profile: Literal["open", "non_commercial", "private"] = Field(
        default="open", description="Which licences items may carry."
    )


class Recipe(_Strict):
    """One benchmark."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{1,62}$", description="Folder and asset prefix.")
    title: str = Field(min_length=3, description="What people read.")
    description: str = Field(default="", description="One paragraph for the datasheet.")
    owners: tuple[str, ...] = Field(default=(), description="Dagster owners: an address or team:NAME.")
    evidence: EvidenceNeed = CaseNeed()
    tasks: tuple[Task, ...] = Field(min_length=1)
    cut: Cut = Cut.BEFORE_DIAGNOSIS
    author: Literal["auto", "model", "rule"] = "auto"
    criteria: tuple[str, ...] = Field(
        default=(), description="Written criteria of the revision; empty takes the prompt's own."
    )
    temperature: float = Field(default=0.0, ge=0.0, le=2.0)
    max_tokens: int = Field(default=4096, ge=64, le=65536)
    concurrency: int = Field(default=16, ge=1, le=1024, description="Model requests in flight.")
    engine: Literal["local", "ray"] = Field(
        default="local", description="Who does what is spread over processes: this machine, or Ray."
    )
    gates: Gates = Gates()
    panel: Panel | None = Field(default=None, description="Models that vote on each item; none by default.")
    review: Review = Review()
    splits: Splits = Splits()
    release: Release = Release()

    @model_validator(mode="after")
    def _tasks_once(self) -> Recipe:
        names = [task.name for task in self.tasks]
        if len(set(names)) != len(names):
            raise ValueError("each task may stand in a recipe once")
        known = TASKS_OF[self.evidence.kind]
        strange = [name for name in names if name not in known]
        if strange:
            raise ValueError(
                f"evidence of kind {self.evidence.kind} has no task {strange[0]}; it has {', '.join(known)}"
            )
        return self

    @model_validator(mode="after")
    def _panel_serves_its_gates(self) -> Recipe:
        """A gate that could never refuse anything is a mistake that nobody would notice."""
        asked = self.panel is not None and self.panel.with_evidence
        if self.gates.difficulty_drop and not asked:
            raise ValueError("gates.difficulty_drop needs a panel that asks with_evidence")
        if self.panel is None or not self.panel.blind or not self.gates.blind_luck:
            return self
        for task in self.tasks:
            luck = (1 / task.options) ** self.panel.votes_each
            if task.name.endswith("_mcq") and luck > self.gates.blind_luck:
                raise ValueError(
                    f"panel: {self.panel.votes_each} blind votes on {task.options} options are all right "
                    f"by luck in {luck:.1%} of items, more than gates.blind_luck "
                    f"({self.gates.blind_luck:.1%}), so the blind gate could never refuse; ask more models "
                    "or repeats, or set gates.blind_luck: 0 to ask without refusing"
                )
        return self

    @property
    def cases(self) -> CaseNeed:
        """What it takes of case reports. Raises ``RecipeError`` for a recipe of other evidence."""
        if isinstance(self.evidence, CaseNeed):
            return self.evidence
        raise RecipeError(f"Recipe {self.name!r} is not made from case reports.")

    @property
    def volumes(self) -> VolumeNeed:
        """What it takes of volumes. Raises ``RecipeError`` for a recipe of other evidence."""
        if isinstance(self.evidence, VolumeNeed):
            return self.evidence
        raise RecipeError(f"Recipe {self.name!r} is not made from volumes.")

    @property
    def figures(self) -> FigureNeed:
        """What it takes of figures. Raises ``RecipeError`` for a recipe of other evidence."""
        if isinstance(self.evidence, FigureNeed):
            return self.evidence
        raise RecipeError(f"Recipe {self.name!r} is not made from figures.")

    @property
    def preview(self) -> bool:
        """Whether it publishes without clinicians' review."""
        return self.review.policy == "none"

    def written(self) -> dict[str, Any]:
        """The recipe as a release keeps it, JSON types only.

        Who does the work (``engine``) changes nothing that is made, so it is left out. Without a panel,
        nothing is said of panels and of the limits that only they need: so the same recipe makes the same
        release as before there were any.
        """
        value = self.model_dump(mode="json", exclude={"engine"})
        if self.evidence.kind != "cases":
            del value["cut"]
        if self.panel is None:
            del value["panel"]
            for name in VOTE_LIMITS:
                del value["gates"][name]
        return value


def load_recipe(path: Path) -> Recipe:
    """Read one ``defs.yaml``. Raises ``RecipeError`` naming the file, the key and what is allowed."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as exc:
        raise RecipeError(
            f"There is no recipe at {path}.", remedy="`grandrounds list` shows what there is."
        ) from exc
    except (yaml.YAMLError, UnicodeDecodeError) as exc:
        raise RecipeError(f"{path} is not valid YAML: {exc}") from exc
    except OSError as exc:
        raise RecipeError(
            f"{path} can't be read: {exc.strerror or exc}.", remedy="Check its rights."
        ) from exc
    if not isinstance(document, dict) or not isinstance(document.get("attributes"), dict):
        raise RecipeError(f"{path} has no `attributes`.", remedy="See docs/recipes.md for the shape.")
    return parse_recipe(document["attributes"], where=str(path))


def parse_recipe(attributes: dict[str, Any], *, where: str) -> Recipe:
    """Check the attributes of a recipe; ``where`` names the file in messages."""
    try:
        return Recipe.model_validate(attributes)
    except ValidationError as exc:
        lines = [
            f"{'.'.join(_written_path(error['loc'])) or 'recipe'}: {error['msg']}" for error in exc.errors()
        ]
        raise RecipeError(
            f"{where}: " + "; ".join(lines), remedy="Run `dg check yaml` for the line."
        ) from exc


def _written_path(location: tuple[int | str, ...]) -> list[str]:
    """The place of an error as the file spells it: without the kind that tells evidence apart."""
    path = [str(part) for part in location]
    told_apart = path[:1] == ["evidence"] and len(path) > 1 and path[1] in TASKS_OF
    return path[:1] + path[2:] if told_apart else path
