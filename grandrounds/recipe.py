"""A recipe: one benchmark as YAML. Unknown keys are errors, every key has a meaning and a default.

Data engineers edit only this. The file is ``pipelines/recipes/NAME/defs.yaml``; its
``attributes`` are this model, which Dagster's component checks with the same code.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import yaml
from pydantic import Field, PrivateAttr, ValidationError, model_validator

from grandrounds.errors import RecipeError
from grandrounds.limits import ContaminationLimits
from grandrounds.live import Live
from grandrounds.needs import CaseNeed, ClipNeed, EvidenceNeed, FigureNeed, Share, Strict, VolumeNeed

if TYPE_CHECKING:
    from grandrounds.weeks import Week


class Cut(StrEnum):
    """How much of the case the solver sees. All end before the first sign of the answer."""

    BEFORE_DIAGNOSIS = "before_diagnosis"
    BEFORE_INVESTIGATIONS = "before_investigations"
    PRESENTATION = "presentation"


CONSULTATION_TASKS = ("consultation", "consultation_turns")
CASE_TASKS = ("diagnosis_open", "diagnosis_mcq", *CONSULTATION_TASKS)
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
CLIP_TASKS = (
    "clip_order_mcq",
    "clip_change_mcq",
    "clip_frame_mcq",
    "clip_next_mcq",
    "clip_count_mcq",
    "clip_reasoning_mcq",
)
TASKS_OF = {"cases": CASE_TASKS, "volumes": VOLUME_TASKS, "figures": FIGURE_TASKS, "clips": CLIP_TASKS}
"""The tasks of each kind of evidence."""
_SHARED_PROMPTS = {
    **dict.fromkeys(CONSULTATION_TASKS, "consultation"),
    **dict.fromkeys(GROUNDING_TASKS, "volume_grounding"),
    **dict.fromkeys(MEASURING_TASKS, "measurement_chain"),
    **dict.fromkeys(FIGURE_TASKS, "figure_vqa"),
    **dict.fromkeys(CLIP_TASKS, "video_vqa"),
}


def prompt_folder(task: str) -> str:
    """The folder below ``prompts/`` that a model is asked ``task`` from: tasks on volumes, figures and
    clips share those of their family."""
    return _SHARED_PROMPTS.get(task, task)


class Task(Strict):
    """One kind of question made from every piece of evidence."""

    name: Literal[
        "diagnosis_open",
        "diagnosis_mcq",
        "consultation",
        "consultation_turns",
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
        "clip_order_mcq",
        "clip_change_mcq",
        "clip_frame_mcq",
        "clip_next_mcq",
        "clip_count_mcq",
        "clip_reasoning_mcq",
    ]
    options: int = Field(
        default=5, ge=2, le=10, description="Options of a multiple-choice item; of volumes, at most."
    )


class RubricLimits(Strict):
    """What a rubric must be like, and what it must give to answers whose worth is known."""

    criteria: int = Field(default=5, ge=2, le=40, description="Fewest criteria.")
    most_criteria: int = Field(default=20, ge=2, le=60, description="Most criteria.")
    points: int = Field(
        default=100, ge=10, le=400, description="Most points above 0, all criteria together."
    )
    reference: Share = Field(default=0.9, description="Least score of the reference answer.")
    worthless: Annotated[float, Field(gt=0.0, le=1.0)] = Field(
        default=0.2, description="An empty, a generic and a wrong answer must score less."
    )
    overlap: Share = Field(default=0.6, description="Likeness from which two criteria are the same.")
    words: int = Field(default=30, ge=5, le=60, description="Most words of a criterion.")
    judge: Literal["rule", "model", "both"] = Field(default="rule", description="Who marks the controls.")

    @model_validator(mode="after")
    def _fewest_below_most(self) -> RubricLimits:
        if self.criteria > self.most_criteria:
            raise ValueError("criteria must not exceed most_criteria")
        if self.worthless >= self.reference:
            raise ValueError("worthless must be below reference")
        return self


class Gates(Strict):
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

    rubric: RubricLimits = Field(default=RubricLimits(), description="Of consultations.")
    contamination: ContaminationLimits = Field(
        default=ContaminationLimits(),
        description="Copies of public benchmarks, and of other recipes' items.",
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


class Panel(Strict):
    """Models that are asked every item that passed the other gates: for the blind filter and difficulty."""

    models: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        default=(), description="Names from the models file; empty takes the default model."
    )
    repeats: int = Field(default=1, ge=1, le=32, description="How often each model is asked the same.")
    with_evidence: bool = Field(default=True, description="Ask with all that the solver sees.")
    blind: bool = Field(default=True, description="Ask with the evidence withheld.")
    one_frame: bool = Field(
        default=False, description="Ask with one frame alone of several; for recipes on videos."
    )
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
        if not (self.with_evidence or self.blind or self.one_frame):
            raise ValueError("a panel asks with_evidence, blind, one_frame or several of them")
        if self.one_frame and not self.pictures:
            raise ValueError("one_frame shows a picture, so it needs pictures: true")
        if self.blind and self.withheld == "media" and not self.pictures:
            raise ValueError("pictures can't be withheld from a panel that isn't shown any")
        return self

    @property
    def votes_each(self) -> int:
        """How many votes a question gets when every model answers."""
        return max(1, len(self.models)) * self.repeats


class Sample(Strict):
    """Which share of the candidates of each split is read by people; the rest is taken unread."""

    train: Share = 1.0
    dev: Share = 1.0
    test: Share = 1.0


class Review(Strict):
    """Who has to look before anything is published."""

    policy: Literal["none", "readers"] = Field(default="none", description="none makes a preview release.")
    readers: int = Field(default=2, ge=1, le=9, description="Readers each candidate needs.")
    minimum_agreement: Share = Field(default=0.0, description="Percent agreement needed to publish.")
    overlap: Share = Field(
        default=1.0, description="Share of candidates read by all those readers; others by one."
    )
    sample: Sample = Sample()
    specialties: tuple[str, ...] = Field(
        default=(), description="Readers must have one of these; empty takes all."
    )
    blind_answer: bool = Field(default=False, description="Hide the marked answer until one is chosen.")
    blind_author: bool = Field(default=True, description="Hide who drafted: rules, or which model.")
    gold_share: float = Field(
        default=0.05,
        ge=0,
        le=0.5,
        description="Share of what a reader sees that is gold, where there is any.",
    )
    criteria: tuple[str, ...] = Field(
        default=(),
        max_length=9,
        description="What readers rate from 1 to 5, each `name: what it means`; empty: the page's own.",
    )
    order: Literal["uncertain", "queue"] = Field(
        default="uncertain", description="What is asked first: what is least sure, or came first."
    )
    lease_minutes: int = Field(
        default=30, ge=1, le=1440, description="How long an item is kept for a reader who is away."
    )

    def written(self) -> dict[str, Any]:
        """As a release keeps it: what only says how the page asks is left out where it is as by default, so
        the same recipe makes the same release as before there was a page."""
        value = self.model_dump(mode="json")
        plain = Review().model_dump(mode="json")
        kept = ("policy", "readers", "minimum_agreement")
        return {name: part for name, part in value.items() if name in kept or part != plain[name]}


class Splits(Strict):
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


class Release(Strict):
    """What may be published."""

    profile: Literal["open", "non_commercial", "private"] = Field(
        default="open", description="Which licences items may carry."
    )


class Recipe(Strict):
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
    live: Live | None = Field(default=None, description="Made anew every week from feeds.")
    _week: Week | None = PrivateAttr(default=None)

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
        asked = [name in CONSULTATION_TASKS for name in names]
        if any(asked) and not all(asked):
            raise ValueError("consultations have a recipe of their own; put other tasks into another")
        if any(asked) and self.panel is not None:
            raise ValueError("a panel can't vote on consultations; rubrics mark them (`grandrounds grade`)")
        return self

    @model_validator(mode="after")
    def _panel_serves_its_gates(self) -> Recipe:
        """A gate that could never refuse anything is a mistake that nobody would notice."""
        asked = self.panel is not None and self.panel.with_evidence
        if self.gates.difficulty_drop and not asked:
            raise ValueError("gates.difficulty_drop needs a panel that asks with_evidence")
        if self.panel is not None and self.panel.one_frame and self.evidence.kind != "clips":
            raise ValueError(
                "panel.one_frame is for evidence of kind clips; items of other kinds have no frames"
            )
        view = self._view_that_refuses()
        if self.panel is None or not view or not self.gates.blind_luck:
            return self
        for task in self.tasks:
            luck = (1 / task.options) ** self.panel.votes_each
            if task.name.endswith("_mcq") and luck > self.gates.blind_luck:
                raise ValueError(
                    f"panel: {self.panel.votes_each} {view} votes on {task.options} options are all right "
                    f"by luck in {luck:.1%} of items, more than gates.blind_luck "
                    f"({self.gates.blind_luck:.1%}), so the {view} gate could never refuse; ask more "
                    "models or repeats, or set gates.blind_luck: 0 to ask without refusing"
                )
        return self

    def _view_that_refuses(self) -> str:
        """The gate that weighs votes given without all of the evidence; empty where there is none."""
        if self.panel is None:
            return ""
        return "blind" if self.panel.blind else "single_frame" if self.panel.one_frame else ""

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
    def clips(self) -> ClipNeed:
        """What it takes of videos. Raises ``RecipeError`` for a recipe of other evidence."""
        if isinstance(self.evidence, ClipNeed):
            return self.evidence
        raise RecipeError(f"Recipe {self.name!r} is not made from videos.")

    @property
    def consults(self) -> bool:
        """Whether it makes consultations that are marked by rubrics."""
        return self.tasks[0].name in CONSULTATION_TASKS

    @property
    def asks_judge(self) -> bool:
        """Whether a model marks answers of known worth before its consultations become candidates."""
        return self.consults and self.gates.rubric.judge != "rule"

    @property
    def week(self) -> Week | None:
        """The week that is made, of a live recipe in the middle of it; else ``None``."""
        return self._week

    def in_week(self, week: Week) -> Recipe:
        """This live recipe as that of ``week``: its tables and its release are the week's own."""
        if self.live is None:
            raise RecipeError(f"Recipe {self.name!r} has no weeks: it is not live.")
        if week < self.live.first:
            raise RecipeError(
                f"Recipe {self.name!r} begins with week {self.live.start}; {week} is before it.",
                remedy="Name a later week, or change live.start in the recipe.",
            )
        made = self.model_copy()
        made._week = week
        return made

    @property
    def preview(self) -> bool:
        """Whether it publishes without clinicians' review."""
        return self.review.policy == "none"

    def written(self) -> dict[str, Any]:
        """The recipe as a release keeps it, JSON types only.

        Who does the work (``engine``) changes nothing that is made, so it is left out. Without a panel,
        nothing is said of panels and of the limits that only they need: so the same recipe makes the same
        release as before there were any. So it is with the view of one frame, and with judges of rubrics.
        """
        value = self.model_dump(mode="json", exclude={"engine"})
        value["review"] = self.review.written()
        if self.evidence.kind != "cases":
            del value["cut"]
        if not self.consults:
            del value["gates"]["rubric"]
        elif not self.asks_judge:
            del value["gates"]["rubric"]["judge"]
        if self.gates.contamination.wanted:
            value["gates"]["contamination"] = self.gates.contamination.written()
        else:
            del value["gates"]["contamination"]
        if self.live is None:
            del value["live"]
        if self.panel is None:
            del value["panel"]
            for name in VOTE_LIMITS:
                del value["gates"][name]
        elif not self.panel.one_frame:
            del value["panel"]["one_frame"]
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
