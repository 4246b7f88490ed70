"""Made-up but sound rows for tests: cases whose spans, quotes and stems agree, with real pictures.

``world(groups=12)`` gives everything a release needs. The same arguments give the same rows.
All patients are fictional.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from grandrounds.fingerprint import content_id, sha256_bytes, sha256_text, unit_interval
from grandrounds.records.case import Case, Figure, Mark, Section
from grandrounds.records.envelope import Candidate, content_sha256, item_id
from grandrounds.records.funnel import FunnelStep, ReasonCount
from grandrounds.records.parts import (
    Authorship,
    Evidence,
    Identifier,
    Label,
    Locator,
    Media,
    OptionOrigin,
    Span,
)
from grandrounds.records.rejection import Rejection
from grandrounds.records.review_event import ReviewEvent
from grandrounds.records.source import READ, Source
from grandrounds.stem import render

TASKS = ("diagnosis_open", "diagnosis_mcq")
LICENCES = ("CC-BY-4.0", "CC0-1.0", "CC-BY-3.0")

# diagnosis, aliases, body system, complaint, sign, finding
CONDITIONS = (
    (
        "acute pericarditis",
        ("AP",),
        "cardiovascular",
        "sharp chest pain that eased on leaning forward",
        "a scratching rub along the left sternal edge",
        "widespread concave ST elevation",
    ),
    (
        "aortic dissection",
        (),
        "cardiovascular",
        "tearing pain between the shoulder blades",
        "unequal pulses in the arms",
        "a widened mediastinum",
    ),
    (
        "sarcoidosis",
        (),
        "respiratory",
        "a dry cough for three months",
        "tender red nodules on both shins",
        "enlarged nodes at both hila",
    ),
    (
        "pulmonary embolism",
        ("PE",),
        "respiratory",
        "sudden breathlessness after a long flight",
        "a swollen right calf",
        "a raised D-dimer",
    ),
    (
        "coeliac disease",
        ("gluten enteropathy",),
        "gastrointestinal",
        "loose stools and weight loss",
        "an itching rash on the elbows",
        "raised transglutaminase antibodies",
    ),
    (
        "acute appendicitis",
        (),
        "gastrointestinal",
        "pain that moved to the right lower abdomen",
        "rebound tenderness",
        "a white cell count of 15.2",
    ),
    (
        "Wilson disease",
        ("hepatolenticular degeneration",),
        "hepatobiliary",
        "tremor and slurred speech",
        "a brown ring at the edge of the cornea",
        "a low caeruloplasmin",
    ),
    (
        "phaeochromocytoma",
        (),
        "endocrine_metabolic",
        "spells of headache and sweating",
        "a blood pressure of 214/118 mmHg",
        "raised plasma metanephrines",
    ),
    (
        "Addison disease",
        ("primary adrenal insufficiency",),
        "endocrine_metabolic",
        "tiredness and salt craving",
        "dark creases in the palms",
        "a sodium of 124 mmol/l",
    ),
    (
        "myasthenia gravis",
        ("MG",),
        "neurological",
        "drooping lids by the evening",
        "weakness that grew on upward gaze",
        "antibodies against the acetylcholine receptor",
    ),
    (
        "Guillain-Barre syndrome",
        ("GBS",),
        "neurological",
        "weakness climbing from the feet",
        "absent ankle reflexes",
        "a raised protein without cells in the spinal fluid",
    ),
    (
        "psoriatic arthritis",
        (),
        "musculoskeletal",
        "a swollen finger",
        "pitted nails",
        "pencil-in-cup changes of a joint",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything that one build leaves behind, before review and release."""

    sources: tuple[Source, ...]
    cases: tuple[Case, ...]
    candidates: tuple[Candidate, ...]
    rejections: tuple[Rejection, ...]
    funnel: tuple[FunnelStep, ...]
    media: Mapping[str, bytes]

    def get_media(self, sha256: str) -> bytes:
        """The bytes of a picture by their hash, as the lake gives them."""
        return self.media[sha256]


def world(
    groups: int = 12,
    *,
    tasks: tuple[str, ...] = TASKS,
    pictures: bool = True,
    recipe: str = "case_diagnosis",
    salt: str = "",
    licences: tuple[str, ...] = LICENCES,
) -> World:
    """A sound little world of ``groups`` case reports, one case each, one candidate a task."""
    media: dict[str, bytes] = {}
    cases, sources, candidates = [], [], []
    for number in range(groups):
        case = make_case(number, salt=salt, licence=licences[number % len(licences)])
        if pictures and number % 2 == 0:
            case = _with_picture(case, number, media)
        cases.append(case)
        sources.append(make_source(case))
        candidates += [make_candidate(case, task=task, recipe=recipe) for task in tasks]
    rejections = [make_rejection(case, recipe=recipe, task=tasks[0]) for case in cases[:2]]
    return World(
        sources=tuple(sources),
        cases=tuple(cases),
        candidates=tuple(candidates),
        rejections=tuple(rejections),
        funnel=make_funnel(recipe, cases=groups, candidates=len(candidates), rejections=len(rejections)),
        media=media,
    )


def make_case(number: int, *, salt: str = "", licence: str = "CC-BY-4.0") -> Case:
    """One fictional case report with typed sections; the text differs for every ``number``."""
    diagnosis, _, _, complaint, sign, finding = CONDITIONS[number % len(CONDITIONS)]
    age = 19 + int(unit_interval("age", salt, str(number)) * 60)
    who = "woman" if unit_interval("sex", salt, str(number)) < 0.5 else "man"
    temperature = 36.2 + round(unit_interval("temperature", salt, str(number)) * 3, 1)
    parts = (
        ("title", "Title", f"Report {salt}{number}: a puzzling presentation"),
        (
            "presentation",
            "Case presentation",
            f"A {age}-year-old {who} came in week {number + 1} of the study with {complaint}. "
            f"The complaint had begun {2 + number % 9} days before. Nobody else at home was ill{salt}.",
        ),
        (
            "examination",
            "Examination",
            f"There was {sign} (Figure 1). The temperature was {temperature:.1f} °C and the pulse "
            f"{60 + number % 50} beats a minute. Blood tests and pictures showed {finding}.",
        ),
        ("diagnosis", "Diagnosis", f"A diagnosis of {diagnosis} was made by the treating team."),
        (
            "treatment",
            "Treatment",
            f"Treatment of {diagnosis} was started the same day, and the patient recovered.",
        ),
    )
    text, sections = "", []
    for kind, title, body in parts:
        start = len(text)
        text += body
        sections.append(
            Section(kind=kind, title=title, path=(title,), span=Span(start=start, end=len(text)))
        )
        text += "\n\n"
    mark = text.index(" (Figure 1)") + 1
    source_id = content_id("source", [salt, number])
    return Case(
        evidence_id=content_id("case", [salt, number]),
        source_id=source_id,
        case_number=1,
        case_count=1,
        title=parts[0][2],
        text=text,
        text_sha256=sha256_text(text),
        sections=tuple(sections),
        marks=(Mark(kind="figure", span=Span(start=mark, end=mark + len("(Figure 1)")), target="f1"),),
        keywords=("fiction", "test"),
        language="en",
        licence=licence,
        citation=f"Anonymous. Report {salt}{number}. Journal of Invented Cases. 2024;1:{number}.",
        identifiers=(Identifier(scheme="doi", value=f"10.0000/invented.{salt}{number}"),),
        journal="Journal of Invented Cases",
        article_type="case-report",
        published=date(2024, 1 + number % 12, 1 + number % 28),
        group_id=content_id("group", [salt, number]),
    )


def make_source(case: Case) -> Source:
    """The source that ``case`` was read from."""
    return Source(
        source_id=case.source_id,
        path=f"case_reports/{case.source_id}.md",
        kind="case_report",
        status=READ,
        bytes=len(case.text.encode()),
        sha256=sha256_text(case.text),
        reader="case_report",
        reader_version="1",
        title=case.title,
        licence=case.licence,
        licence_evidence="printed in the article",
        licence_origin="document",
        citation=case.citation,
        identifiers=case.identifiers,
        journal=case.journal,
        article_type=case.article_type,
        language=case.language,
        published=case.published,
        published_origin="epub",
        group_id=case.group_id,
    )


def make_candidate(case: Case, *, task: str = "diagnosis_mcq", recipe: str = "case_diagnosis") -> Candidate:
    """A sound candidate made from ``case``: stem from spans, quotes at their places, ids recomputed."""
    condition = next(entry for entry in CONDITIONS if entry[0] in case.text)
    diagnosis, aliases, system = condition[0], condition[1], condition[2]
    presentation, examination, told = (
        _section(case, k) for k in ("presentation", "examination", "diagnosis")
    )
    hole = case.marks[0].span
    visible = (
        presentation,
        Span(start=examination.start, end=hole.start),
        Span(start=hole.end, end=examination.end),
    )
    options = _options(diagnosis) if task == "diagnosis_mcq" else ()
    bare = Candidate(
        recipe=recipe,
        task=task,
        evidence_id=case.evidence_id,
        source_id=case.source_id,
        group_id=case.group_id,
        stem=render(case.text, visible),
        question="Which diagnosis explains this presentation best?"
        if options
        else "What is the most likely diagnosis?",
        options=options,
        option_origins=tuple(
            OptionOrigin(option=option, origin="answer" if option == diagnosis else "terminology")
            for option in options
        ),
        answer=diagnosis,
        answer_aliases=aliases,
        rationale=f"The history and findings fit {diagnosis} better than the others.",
        visible_spans=visible,
        evidence=(
            _quote(case, "support", presentation),
            _quote(case, "support", Span(start=hole.end + 2, end=examination.end)),
            _quote(case, "answer", told),
        ),
        media=_media(case),
        labels=(Label(scheme="body_system", path=(system,)),),
        language=case.language,
        licence=case.licence,
        citation=case.citation,
        source_published=case.published,
        authorship=Authorship(author="rule", author_version="1"),
        item_id="",
        revision_id=content_id("revision", [case.evidence_id, task]),
        draft_id=content_id("draft", [case.evidence_id, task]),
        content_sha256="",
    )
    return sealed(bare)


def sealed(candidate: Candidate) -> Candidate:
    """``candidate`` with options in the order its id decides, and id and hash recomputed."""
    identity = item_id(candidate)
    options = tuple(sorted(candidate.options, key=lambda option: unit_interval(identity, option)))
    index = options.index(candidate.answer) if options else None
    shuffled = replace(candidate, options=options, answer_index=index, item_id=identity)
    return replace(shuffled, content_sha256=content_sha256(shuffled))


def make_rejection(case: Case, *, recipe: str, task: str) -> Rejection:
    """A draft refused by the leak gate."""
    return Rejection(
        rejection_id=content_id("rejection", [case.evidence_id, task]),
        recipe=recipe,
        stage="gates",
        gate="leakage",
        reason="The stem names the answer in its second sentence.",
        subject_id=content_id("revision", ["refused", case.evidence_id, task]),
        source_id=case.source_id,
        evidence_id=case.evidence_id,
        task=task,
        row='{"licence":"' + case.licence + '","stem":"refused"}',
    )


def make_funnel(recipe: str, *, cases: int, candidates: int, rejections: int) -> tuple[FunnelStep, ...]:
    """A funnel that adds up, from files to items."""
    drafts = candidates + rejections

    def step(position: int, name: str, unit: str, counts: tuple[int, int], **more: object) -> FunnelStep:
        return FunnelStep(
            recipe=recipe,
            position=position,
            step=name,
            unit=unit,
            entered=counts[0],
            left=counts[1],
            **more,  # type: ignore[arg-type]
        )

    return (
        step(0, "found", "file", (cases + 1, cases), refused=(ReasonCount(reason="failed", count=1),)),
        step(1, "cases", "case", (cases, cases)),
        step(2, "admitted", "case", (cases, cases), expected=cases),
        step(3, "draft", "draft", (drafts, drafts), expected=drafts),
        step(4, "revise", "draft", (drafts, drafts), expected=drafts),
        step(
            5,
            "gates",
            "revision",
            (drafts, candidates),
            refused=(ReasonCount(reason="leakage", count=rejections),) if rejections else (),
            expected=drafts,
        ),
        step(6, "review", "candidate", (candidates, candidates), expected=candidates),
        step(7, "release", "item", (candidates, candidates), expected=candidates),
    )


def make_reviews(candidates: Iterable[Candidate], *, readers: int = 2) -> tuple[ReviewEvent, ...]:
    """``readers`` accepting events for each candidate, by pseudonyms."""
    return tuple(
        ReviewEvent(
            event_id=content_id("event", [candidate.item_id, reader]),
            recipe=candidate.recipe,
            item_id=candidate.item_id,
            content_sha256=candidate.content_sha256,
            reviewer=f"reviewer-{'abcdefghi'[reader]}",
            role="reviewer",
            decision="accept",
            seconds=40.0 + reader,
            created_at=datetime(2025, 3, 1, 9, reader, tzinfo=UTC),
        )
        for candidate in candidates
        for reader in range(readers)
    )


def picture(number: int, *, size: tuple[int, int] = (48, 32)) -> bytes:
    """A small PNG that differs for every ``number``."""
    from PIL import Image

    image = Image.new("RGB", size, ((number * 37) % 256, (number * 91) % 256, number % 256))
    image.putpixel((number % size[0], (number // size[0]) % size[1]), (255, 255, 255))
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()


def _with_picture(case: Case, number: int, media: dict[str, bytes]) -> Case:
    data = picture(number)
    digest = sha256_bytes(data)
    media[digest] = data
    figure = Figure(
        figure_id="f1",
        label="Figure 1",
        caption="The finding.",
        graphics=("figure1.png",),
        media_sha256=(digest,),
        media_mime=("image/png",),
        mentions=(case.marks[0].span,),
    )
    return replace(case, figures=(figure,))


def _media(case: Case) -> tuple[Media, ...]:
    return tuple(
        Media(
            sha256=figure.media_sha256[0],
            kind="image",
            mime="image/png",
            name=figure.graphics[0],
            label=figure.label,
            width=48,
            height=32,
        )
        for figure in case.figures
    )


def _section(case: Case, kind: str) -> Span:
    return next(section.span for section in case.sections if section.kind == kind)


def _options(answer: str) -> tuple[str, ...]:
    others = sorted(
        (entry[0] for entry in CONDITIONS if entry[0] != answer),
        key=lambda name: unit_interval("distractor", answer, name),
    )
    return (answer, *others[:4])


def _quote(case: Case, role: str, span: Span) -> Evidence:
    return Evidence(
        role=role,
        source_id=case.source_id,
        evidence_id=case.evidence_id,
        quote=span.of(case.text),
        locator=Locator.chars(span),
    )
