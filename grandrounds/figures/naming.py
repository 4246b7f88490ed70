"""Where the answer of an item on a figure is named: in what the solver reads, or inside the picture."""

from __future__ import annotations

from collections.abc import Iterator

from grandrounds.figures.taxonomy import ANATOMY, FINDING, MODALITY, PROCEDURE, load_taxonomy
from grandrounds.figures.vocabulary import fired
from grandrounds.records.envelope import Envelope
from grandrounds.records.figure import FigureRow
from grandrounds.text import contains_phrase, find_phrase

SCHEME_OF = {
    "figure_modality_mcq": MODALITY,
    "figure_anatomy_mcq": ANATOMY,
    "figure_finding_mcq": FINDING,
    "figure_procedure_mcq": PROCEDURE,
}
"""The taxonomy whose nodes are the answers of a task."""
DIAGNOSIS_TASK, PANEL_TASK, OPEN_TASK = (
    "figure_diagnosis_mcq", "figure_panel_mcq", "figure_description_open",
)  # fmt: skip


def naming_faults(item: Envelope) -> Iterator[str]:
    """Texts that the solver reads and that name the answer, as sentences ("its question names ...")."""
    for where, text in _shown(item):
        name = _named(text, item)
        if name:
            yield f"its {where} names its answer ({name!r})"


def names_inside(row: FigureRow, item: Envelope) -> tuple[bool, tuple[str, ...]]:
    """Whether the words inside the picture name the answer, and which wrong options they name.

    Letters that name panels say nothing, so of items that ask for a panel neither.
    """
    if item.task == PANEL_TASK or not row.words_inside:
        return False, ()
    inside = "\n".join(row.words_inside)
    others = tuple(
        option
        for option in item.options
        if option != item.answer and _says(inside, option, aliases=(), task=item.task)
    )
    return bool(_says(inside, item.answer, aliases=item.answer_aliases, task=item.task)), others


def _shown(item: Envelope) -> Iterator[tuple[str, str]]:
    yield "stem", item.stem
    yield "question", item.question
    for media in item.media:
        yield "picture's name", media.name.replace("_", " ")
        yield "picture's label", media.label
        yield "picture's caption", media.caption


def _named(text: str, item: Envelope) -> str:
    """How ``text`` names the answer; empty where it doesn't."""
    if not text:
        return ""
    if item.task == PANEL_TASK:
        # One letter stands in any text; after "panel" it is the answer.
        spoken = (f"{word} {item.answer}" for word in ("panel", "part", "image", "subfigure"))
        return next((name for name in spoken if _panel_named(text, name)), "")
    if item.task == DIAGNOSIS_TASK:
        return _diagnosis_named(text, item)
    return _says(text, item.answer, aliases=item.answer_aliases, task=item.task)


def _panel_named(text: str, name: str) -> bool:
    """Whether "panel A" stands there, in the answer's own case: "panel a" may be the word."""
    letter = name.rpartition(" ")[2]
    return any(span.of(text).endswith(letter) for span in find_phrase(text, name))


def _says(text: str, answer: str, *, aliases: tuple[str, ...], task: str) -> str:
    for name in (answer, *aliases):
        if contains_phrase(text, name):
            return name
    scheme = SCHEME_OF.get(task)
    node = load_taxonomy(scheme).titled(answer) if scheme else None
    if scheme is None or node is None:
        return ""
    size = len(node.path)
    return next((each.words for each in fired(text, scheme) if each.path[:size] == node.path), "")


def _diagnosis_named(text: str, item: Envelope) -> str:
    from grandrounds.clinical.leaks import NAMING_KINDS, find_leaks
    from grandrounds.clinical.terminology import Terminology

    names = (*item.answer_aliases, *Terminology.load().names_of(item.answer))
    leaks = find_leaks(text, answer=item.answer, aliases=names)
    return next((leak.text for leak in leaks if leak.kind in NAMING_KINDS), "")
