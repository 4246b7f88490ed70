"""Which evidence a recipe takes, by kind: the ``evidence`` part of a recipe."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

Share = Annotated[float, Field(ge=0.0, le=1.0)]


class Strict(BaseModel):
    """A part of a recipe: unknown keys are errors, nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CaseNeed(Strict):
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


class Deidentify(Strict):
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


class VolumeNeed(Strict):
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


class FigureNeed(Strict):
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


class ClipNeed(Strict):
    """Which videos the recipe takes, and what becomes of their frames."""

    kind: Literal["clips"] = "clips"
    languages: tuple[str, ...] = Field(
        default=("en",), min_length=1, description="Languages of what is said; videos without words pass."
    )
    maximum_minutes: float = Field(default=180, gt=0, le=1440, description="Longest video that is read.")
    least_frames: int = Field(default=2, ge=2, le=5, description="Fewest frames of a clip.")
    most_frames: int = Field(default=5, ge=2, le=5, description="Most frames of a clip.")
    clips_each: int = Field(default=12, ge=1, le=1000, description="Most clips of one video.")
    window_seconds: float = Field(
        default=8.0, ge=0, le=60, description="How far from a frame its words may be, in seconds."
    )
    smallest_side: int = Field(default=128, ge=16, description="Shortest side of a frame, in pixels.")
    smallest_area: Share = Field(
        default=0.2, description="Least share of the shown picture that is medical image, not border."
    )
    near_frame: int = Field(
        default=6, ge=0, le=32, description="Bits of 64 by which frames differ that count as the same."
    )
    people: Literal["refuse", "flag"] = Field(
        default="refuse", description="Frames with a face or a person's name on them: left out, or marked."
    )
    need_topic: bool = Field(default=True, description="Refuse videos that nothing shows to be medical.")
    index_only: bool = Field(
        default=False,
        description="Take videos whose licence allows no copies; their frames are named, not shown.",
    )

    @model_validator(mode="after")
    def _least_below_most(self) -> ClipNeed:
        if self.least_frames > self.most_frames:
            raise ValueError("least_frames must not exceed most_frames")
        return self


def _kind_of(value: Any) -> str:
    return str(value.get("kind", "cases") if isinstance(value, dict) else getattr(value, "kind", "cases"))


EvidenceNeed = Annotated[
    Annotated[CaseNeed, Tag("cases")]
    | Annotated[VolumeNeed, Tag("volumes")]
    | Annotated[FigureNeed, Tag("figures")]
    | Annotated[ClipNeed, Tag("clips")],
    Discriminator(_kind_of),
]
"""Which evidence a recipe takes; ``kind`` tells which, ``cases`` where it says nothing."""
