"""``manifest.json``: what a release holds and what made it. Written once, read by people and ``verify``.

No time of day stands in it: the same inputs give the same bytes. A reviewed release carries the day
its publisher gave.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from grandrounds.errors import ReleaseError
from grandrounds.release.evidence import CASES, TABLES

FORMAT = "grandrounds-release/1"
NAME = "manifest.json"

# A manifest lists files and sources, some 500 bytes each; more than this is not one of ours.
_LARGEST = 256 * 1024 * 1024
_ONE_FRAME = ("one_frame", "released_one_frame", "items_untested_one_frame")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ManifestFile(_Part):
    """One file: path inside the release, what it is, and what its bytes must be."""

    path: str
    kind: str
    sha256: str
    bytes: int
    rows: int | None = None
    schema_sha256: str | None = None
    task: str | None = None
    split: str | None = None


class ManifestIdentifier(_Part):
    """A public identifier of a source."""

    scheme: str
    value: str


class ManifestSource(_Part):
    """A source that items rest on."""

    source_id: str
    title: str | None
    licence: str
    citation: str
    identifiers: tuple[ManifestIdentifier, ...]
    published: date | None


class ManifestContract(_Part):
    """A data contract that the release was written under."""

    name: str
    version: str
    sha256: str


class ManifestPrompt(_Part):
    """A prompt template: its path and the hash of its bytes."""

    path: str
    sha256: str


class ManifestAuthor(_Part):
    """Who wrote how many items: ``rule`` or ``model``, version, model name."""

    author: str
    version: str
    model: str | None
    items: int


class ManifestReason(_Part):
    """How many fell for one reason."""

    reason: str
    count: int


class ManifestStep(_Part):
    """An arrow of the funnel; see ``grandrounds.records.funnel``."""

    step: str
    unit: str
    entered: int
    left: int
    refused: tuple[ManifestReason, ...]
    expected: int | None


class ManifestShare(_Part):
    """``right`` of ``votes`` that count."""

    right: int
    votes: int


class ManifestVoter(_Part):
    """A model of the panel: what its server called itself, and how its votes fell.

    ``asked`` votes, of which ``counted`` are answers. Shares are of all items that were asked and, as
    ``released_...``, of those in this release. ``one_frame`` are votes with a single frame of a clip,
    ``None`` where none was asked for. ``removed`` items fell by the gates ``blind``, ``single_frame`` or
    ``difficulty`` with this model's votes speaking for it.
    """

    model: str
    versions: tuple[str, ...]
    asked: int
    counted: int
    with_evidence: ManifestShare
    blind: ManifestShare
    released_with_evidence: ManifestShare
    released_blind: ManifestShare
    one_frame: ManifestShare | None = None
    released_one_frame: ManifestShare | None = None
    removed: int


class ManifestPanel(_Part):
    """The models that voted on the items.

    ``withheld`` is what a blind question lacked (``case``, ``media``), ``None`` when none was asked.
    ``filters`` says whether votes could remove items; ``items_removed`` is by gate; ``items_untested``
    are released items of whose blind votes none counts, ``items_untested_one_frame`` the same of votes with
    one frame; ``None`` where none was asked for.
    """

    repeats: int
    withheld: str | None
    filters: bool
    items_asked: int
    items_removed: dict[str, int]
    items_untested: int
    items_untested_one_frame: int | None = None
    models: tuple[ManifestVoter, ...]


class ManifestJudge(_Part):
    """The model judge that read answers of known worth before consultations were taken: its contract.

    ``answers`` it was asked about, to ``items``; of ``criteria`` verdicts ``failed`` don't count, and none
    was guessed. ``max_tokens`` are the least and the most that a reply might have; ``rubrics_sha256`` is
    the hash of the rubrics it went by, in the order of their items.
    """

    judge: str
    version: str
    models: tuple[str, ...]
    prompt_sha256: str
    max_tokens: tuple[int, int]
    rubrics_sha256: str
    items: int
    answers: int
    criteria: int
    failed: int
    failure_rate: float


class ManifestCode(_Part):
    """The version of the package and the hash of its source files."""

    version: str
    fingerprint: str


class VolumeCounts(_Part):
    """What a release of volumes holds, from its evidence tables.

    ``by_modality`` counts images (``unknown`` where the source tells none), ``by_structure`` structures by
    name, ``by_origin`` structures by who drew their masks. ``spacing`` is the finest and the coarsest voxel
    distance of the images in mm, ``bytes`` what all volumes unpack to, ``faces`` how many images are marked
    because a face can be rebuilt from them, or could before it was cut out.
    """

    images: int
    masks: int
    structures: int
    measurements: int
    bytes: int
    by_modality: dict[str, int]
    by_structure: dict[str, int]
    by_origin: dict[str, int]
    by_verdict: dict[str, int]
    spacing: tuple[float, float]
    faces: int


class ScoreCounts(_Part):
    """What people said of a sample of pairs; see ``grandrounds.figures.scores``."""

    right: int
    wrong: int
    unsure: int
    scorers: int


class TextOnlyCounts(_Part):
    """Of ``items`` of a task a model that sees question and options only gets ``right`` right; guessing
    would get ``chance``."""

    items: int
    right: int
    chance: float


class FigureCounts(_Part):
    """What a release of figures holds, from its evidence tables and items.

    ``by_origin`` and ``by_licence`` count figures, ``by_alignment`` too, by the lower end of the tenth that
    the confidence of caption and picture lies in (``0.9`` holds 0.9 to 1). ``text_only`` is by task.
    """

    figures: int
    books: int
    panels: int
    mentions: int
    read_by_ocr: int
    by_origin: dict[str, int]
    by_licence: dict[str, int]
    by_alignment: dict[str, int]
    scores: ScoreCounts
    text_only: dict[str, TextOnlyCounts]


class ClipCounts(_Part):
    """What a release of clips holds, from its evidence tables and items.

    ``frames`` are shown and ``frames_named`` only named (``index_only``), each frame of a clip once;
    ``clips_named`` and ``items_named`` likewise. ``seconds`` is how long the clips are together, ``films``
    how many stretches of video lie in ``media/``, ``people_withheld`` of how many videos none does because
    a frame of theirs was left out for a face or a name. ``scenes`` counts clips of one shot and of a named
    sequence, ``words`` clips by where their words come from, ``posed`` those with key points. Of the
    videos: ``cuts`` in all, ``methods`` how these were looked for, ``partial`` of how many only a part
    could be read, ``moved`` how many had the times of their words corrected, and ``looked_at`` what became
    of the frames that were looked at. ``by_licence`` counts videos.
    """

    videos: int
    clips: int
    clips_named: int
    items_named: int
    frames: int
    frames_named: int
    seconds: float
    films: int
    people_withheld: int
    partial: int
    cuts: int
    methods: dict[str, int]
    moved: int
    posed: int
    scenes: dict[str, int]
    words: dict[str, int]
    looked_at: dict[str, int]
    faces_unseen: int
    text_unread: int
    by_licence: dict[str, int]


class AnswerCounts(_Part):
    """Answers that readers gave to released items before they saw the marked one. ``with_options`` are
    those to questions with options, ``as_marked`` those of them that are the marked option. An item that
    was edited is not counted: what it marked when it was read is not in the release."""

    answered: int
    with_options: int
    as_marked: int


class Counts(_Part):
    """What can be counted from the rows alone; ``verify`` counts again and compares.

    ``by_label`` is by scheme, then by path joined with ``/``; ``rejections`` by stage, then gate;
    ``longest_is_right`` counts, by task, the items whose right option alone has the most characters.
    ``volumes``, ``figures`` and ``clips`` are ``None`` in releases that are made from other evidence, and
    ``cases`` is 0 there. ``images`` counts the pictures that are shown.
    """

    items: int
    groups: int
    cases: int
    images: int
    by_task: dict[str, dict[str, int]]
    by_split: dict[str, int]
    by_licence: dict[str, int]
    by_label: dict[str, dict[str, int]]
    by_language: dict[str, int]
    by_author: dict[str, int]
    answer_positions: dict[str, dict[str, int]]
    longest_is_right: dict[str, int]
    rejections: dict[str, dict[str, int]]
    review_events: int
    volumes: VolumeCounts | None = None
    figures: FigureCounts | None = None
    clips: ClipCounts | None = None
    unread: int | None = None  # items outside the sample that people read; none where there are none
    answers: AnswerCounts | None = None  # none where the marked answer was hidden from nobody


class ManifestRejoined(_Part):
    """That a folder is a completed copy of a release, made by ``grandrounds rejoin``, and no release.

    ``manifest_sha256`` is the hash of the manifest of the release. ``items`` that it only names have their
    pictures here; ``left`` have not, because their video was not there or gave other pixels.
    """

    manifest_sha256: str
    items: int
    left: int


class Manifest(_Part):
    """The whole manifest."""

    format: str
    benchmark: str
    title: str
    description: str
    version: str
    preview: bool
    released: date | None
    profile: str
    canary: str
    content_sha256: str
    files: tuple[ManifestFile, ...]
    counts: Counts
    funnel: tuple[ManifestStep, ...]
    bias: dict[str, Any]
    agreement: dict[str, Any] | None
    sources: tuple[ManifestSource, ...]
    code: ManifestCode
    contracts: tuple[ManifestContract, ...]
    prompts: tuple[ManifestPrompt, ...]
    authors: tuple[ManifestAuthor, ...]
    recipe: dict[str, Any]
    recipe_sha256: str
    panel: ManifestPanel | None = None
    judge: ManifestJudge | None = None
    week: str | None = None
    rejoined: ManifestRejoined | None = None

    def document(self) -> bytes:
        """The bytes of ``manifest.json``: sorted keys, two spaces, one spelling.

        Without a panel or a judge nothing is said of one, and nothing of other kinds of evidence, of items
        left unread, of readers' own answers, of votes with one frame, of a week or of a completed copy
        where there are none, as in releases older than those.
        """
        value = self.model_dump(mode="json")
        for name in ("panel", "judge", "week", "rejoined"):
            if value[name] is None:
                del value[name]
        for part in (value["panel"], *value["panel"]["models"]) if self.panel is not None else ():
            for name in _ONE_FRAME:
                if part.get(name, 0) is None:
                    del part[name]
        for kind in ("volumes", "figures", "clips", "unread", "answers"):
            if value["counts"][kind] is None:
                del value["counts"][kind]
        text = json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)
        return (text + "\n").encode("utf-8")

    @property
    def evidence_kind(self) -> str:
        """What the items are made from: ``cases``, ``volumes``, ``figures`` or ``clips``."""
        need = self.recipe.get("evidence")
        kind = need.get("kind") if isinstance(need, dict) else None
        return kind if isinstance(kind, str) and kind in TABLES else CASES

    def files_of(self, kind: str) -> tuple[ManifestFile, ...]:
        """The files of one kind: ``items``, ``evidence``, ``rejections``, ``reviews``, ``media`` ..."""
        return tuple(file for file in self.files if file.kind == kind)


def read_manifest(directory: Path) -> Manifest:
    """The manifest of the release at ``directory``. Raises ``ReleaseError`` saying what is wrong."""
    path = directory / NAME
    try:
        if path.is_symlink() or not path.is_file():
            raise ReleaseError(
                f"{directory} is not a release: it has no {NAME}.",
                remedy="Give the folder of one version, such as .grandrounds/releases/NAME/0.1.0.",
            )
        if path.stat().st_size > _LARGEST:
            raise ReleaseError(f"{path} is larger than {_LARGEST} bytes, which no manifest is.")
        return Manifest.model_validate_json(path.read_bytes())
    except OSError as exc:
        raise ReleaseError(f"{path} can't be read: {exc.strerror or exc}.") from exc
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the document"
        raise ReleaseError(
            f"{path} is not a manifest of format {FORMAT}: {where}: {first['msg']}.",
            remedy="It was damaged, or made by a newer version of grandrounds.",
        ) from exc
    except RecursionError as exc:
        raise ReleaseError(f"{path} is nested too deeply to be a manifest.") from exc
