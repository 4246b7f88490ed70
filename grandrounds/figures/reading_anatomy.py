"""Where in the body, from the words beside a figure.

A caption names many places. The rules below are tried in order, and the first that leaves one place wins:

1. the place of a finding: "a mass in the left kidney";
2. what was imaged: "CT scan of the abdomen", "chest radiograph";
3. the heading of the caption, or what its first sentence is about: "Rib cage. The rib cage
   is ...";
4. all places lie on one line of the tree, or share a part: "tibia ... fibula" is the lower leg;
5. the kind of picture says it: an echocardiogram shows the heart.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence

from grandrounds.figures.reading_values import (
    CAPTION,
    MENTION,
    Told,
    Untold,
    caption_area,
    mention_clauses,
    panel_areas,
)
from grandrounds.figures.taxonomy import ANATOMY, FINDING, MODALITY, NodePath, Taxonomy, load_taxonomy
from grandrounds.figures.vocabulary import Fired, fired
from grandrounds.figures.wording_rules import (
    HEADING_RULE,
    IMAGED_RULE,
    IMPLIED_RULE,
    LINE_RULE,
    SITE_RULE,
    SUBJECT_RULE,
)
from grandrounds.fingerprint import unit_interval
from grandrounds.records.figure import FigureRow
from grandrounds.records.parts import Span
from grandrounds.text import sentences

_MOST_HEADING = 9  # words
_FAR = 120  # characters between a finding and its place; further off it is another's
# Words that may stand between a finding (or a modality) and the place that is its own.
_BETWEEN = (
    r"(?:(?!(?:show|demonstrat|reveal|depict)\w*\b|(?:with|and|but|which|that|who|is|are|was|were|"
    r"to|near|adjacent|beside|between|towards?|for|by)\b)[\w-]+\s+)"
)
_DETERMINER = r"(?:(?:the|an?|both|his|her|patient's|its)\s+)?"
_SITE = re.compile(
    r"^(?:\s*(?:mass|lesion|nodule|tumou?r|cyst|fracture|disease|area|focus|foci|signal|collection|wall|lobe|"
    r"defect|\([^)]*\)|,))*\s*"
    r"(?:\w+ly\s+)?(?:(?:located|arising|present|lying|situated|seen|noted)\s+)?"
    r"(?:in|of|at|within|on|involving|affecting|occupying|overlying|attached\s+to|inside|encasing|invading|"
    rf"infiltrating)\s+{_DETERMINER}{_BETWEEN}{{0,4}}?$",
    re.IGNORECASE,
)
_IMAGED = re.compile(
    r"^(?:\s*(?:\([^)]*\)|scans?|images?|imaging|views?|sections?|examination|study|film|slice|sequence|angiograms?|"
    r"specimen|,))*\s*"
    rf"(?:of|from|through|over|at\s+the\s+level\s+of)\s+{_DETERMINER}{_BETWEEN}{{0,3}}?$",
    re.IGNORECASE,
)
_NEXT_TO = re.compile(r"^[\s-]*$")
_VERB = re.compile(
    r"\b(?:is|are|was|were|has|have|shows?|showing|showed|demonstrat\w+|reveal\w*|consists?|forms?|connects?|contains?|becomes?|causes?|occurs?|runs?|lies|receives?|can|may)\b",
    re.IGNORECASE,
)
_SEEN = re.compile(
    r"\b(?:view|image|picture|photo(?:graph)?s?|show\w*|demonstrat\w*|reveal\w*|illustrat\w*|depict\w*|visible|seen|section)\b",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"^\W*(?:\(?[a-h]\)?\W+)?(?:(?:the|a|an|each|every|adult|human|typical|normal|all)\s+)*(?:[\w-]+\s+){0,1}$",
    re.IGNORECASE,
)
_PREDICATE = re.compile(
    r"^\s*(?:\([^)]*\)\s*)?(?:is|are|has|have|consists?|contains?|includes?|forms?|can|lies|runs?|receives?|connects?|extends?|located|produces?|showing|with|in)\b",
    re.IGNORECASE,
)


def read_anatomy(row: FigureRow, *, modality: Told | Untold) -> Told | Untold:
    """The one place that caption, panel, mention or kind of picture tells."""
    area = caption_area(row)
    places = _asserted(row, area) if area else []
    if area and places:
        told = _of_area(row, area, places)
        if isinstance(told, Told):
            return told
        return _of_a_panel(row) or _implied(modality, places) or told
    implied = _implied(modality, [])
    return implied or _of_mentions(row)


def _of_area(row: FigureRow, area: Span, places: list[Fired]) -> Told | Untold:
    rules: tuple[tuple[str, Callable[[FigureRow, Span, list[Fired]], list[Fired]]], ...] = (
        (SITE_RULE, _sites),
        (IMAGED_RULE, _imaged),
        (HEADING_RULE, _heading),
        (SUBJECT_RULE, _subjects),
        (LINE_RULE, _in_sight),
    )
    for rule, take in rules:
        taken = take(row, area, places)
        path = _one_place(taken)
        if path is not None and _answerable(path):
            return _told(path, taken, rule=rule)
    names = ", ".join(dict.fromkeys(each.path[-1] for each in places))
    return Untold(f"the caption names several places ({names}), and none of them stands out")


def _one_place(places: Sequence[Fired]) -> NodePath | None:
    """The deepest place of one line; what two in the same part have in common; ``None`` for several."""
    taxonomy = load_taxonomy(ANATOMY)
    paths = list(dict.fromkeys(each.path for each in places))
    if not paths:
        return None
    deepest = max(paths, key=len)
    around = [path for path in paths if not _above_or_around(taxonomy, deepest, path)]
    if not around:
        return deepest
    shared = _shared(
        path
        for path in paths
        if not any(_above_or_around(taxonomy, other, path) for other in paths if other != path)
    )
    return shared if len(shared) >= 2 else None


def _above_or_around(taxonomy: Taxonomy, inner: NodePath, outer: NodePath) -> bool:
    if inner[: len(outer)] == outer:
        return True
    for size in range(len(inner), 0, -1):
        if any(place[: len(outer)] == outer for place in taxonomy.node(inner[:size]).within):
            return True
    return False


def _shared(paths: Iterable[NodePath]) -> NodePath:
    shared: NodePath | None = None
    for path in paths:
        if shared is None:
            shared = path
        while shared and path[: len(shared)] != shared:
            shared = shared[:-1]
    return shared or ()


def _answerable(path: NodePath) -> bool:
    """Whether it is a part or an organ; a whole system ("the nervous system") is too vague to ask for."""
    return len(path) >= 2 and load_taxonomy(ANATOMY).node(path).asked


def _sites(row: FigureRow, area: Span, places: list[Fired]) -> list[Fired]:
    findings = [each for each in fired(row.text, FINDING, within=area) if each.asserted]
    return [
        place
        for place in places
        if any(_follows(row, finding.span, place.span, _SITE) for finding in _near(findings, place))
    ]


def _near(others: list[Fired], place: Fired) -> list[Fired]:
    """Those of ``others`` (in reading order) that begin not too far from ``place``."""
    low = bisect_left(others, place.span.start - 2 * _FAR, key=lambda each: each.span.start)
    high = bisect_right(others, place.span.end + _FAR, key=lambda each: each.span.start)
    return others[low:high]


def _imaged(row: FigureRow, area: Span, places: list[Fired]) -> list[Fired]:
    """Places right before a modality ("chest radiograph"), or joined to it by "of"."""
    ways = [each for each in fired(row.text, MODALITY, within=area) if each.asserted]
    return [
        place
        for place in places
        if any(
            place.span.start <= way.span.start < place.span.end
            or _NEXT_TO.match(
                row.text[place.span.end : way.span.start] if place.span.end <= way.span.start else "x"
            )
            or _follows(row, way.span, place.span, _IMAGED)
            or (
                way.span.end < place.span.start
                and _NEXT_TO.match(row.text[way.span.end : place.span.start])
            )
            for way in _near(ways, place)
        )
    ]


def _in_sight(row: FigureRow, area: Span, places: list[Fired]) -> list[Fired]:
    """All places, where the caption says that something is seen: a modality, a finding, a view. Else they
    may be where somebody stood, cut or measured."""
    said = [each for scheme in (MODALITY, FINDING) for each in fired(row.text, scheme, within=area)]
    return places if any(each.asserted for each in said) or _SEEN.search(area.of(row.text)) else []


def _follows(row: FigureRow, first: Span, second: Span, gap: re.Pattern[str]) -> bool:
    if not first.end <= second.start <= first.end + _FAR:
        return False
    return gap.match(row.text[first.end : second.start]) is not None


def _heading(row: FigureRow, area: Span, places: list[Fired]) -> list[Fired]:
    """Those in a first sentence that has no verb: a title."""
    first = _first_sentence(row, area)
    words = first.of(row.text)
    rest = row.text[first.end : area.end].strip()
    if not rest or len(words.split()) > _MOST_HEADING or _VERB.search(words):
        return []
    return [place for place in places if first.contains(place.span)]


def _subjects(row: FigureRow, area: Span, places: list[Fired]) -> list[Fired]:
    """The place that the first sentence with a verb begins with."""
    for sentence in _sentences(row, area):
        if not _VERB.search(sentence.of(row.text)):
            continue
        for place in places:
            if (
                sentence.contains(place.span)
                and _SUBJECT.match(row.text[sentence.start : place.span.start])
                and _PREDICATE.match(row.text[place.span.end : sentence.end])
            ):
                return [place]
        return []
    return []


def _sentences(row: FigureRow, area: Span) -> tuple[Span, ...]:
    return sentences(row.text, within=area)


def _first_sentence(row: FigureRow, area: Span) -> Span:
    return next(iter(_sentences(row, area)), area)


def _of_a_panel(row: FigureRow) -> Told | None:
    """A place of one panel, where the panels show different ones."""
    found = []
    for panel, span in panel_areas(row):
        told = _of_area(row, span, _asserted(row, span))
        if isinstance(told, Told):
            found.append((panel.label, told))
    if len({told.path for _, told in found}) < 2:
        return None
    label, told = min(found, key=lambda each: unit_interval(row.evidence_id, ANATOMY, each[0]))
    return Told(
        scheme=ANATOMY,
        path=told.path,
        title=told.title,
        words=told.words,
        rule=f"{told.rule} in panel {label}",
        subject=label,
    )


def _implied(modality: Told | Untold, places: Sequence[Fired]) -> Told | None:
    """What the kind of picture shows; not where the caption names a place outside of it."""
    if isinstance(modality, Untold) or modality.subject:
        return None
    node = load_taxonomy(MODALITY).node(modality.path)
    links = node.links.get(ANATOMY, ())
    taxonomy = load_taxonomy(ANATOMY)
    if len(links) != 1 or any(not taxonomy.related(links[0], place.path) for place in places):
        return None
    return Told(
        scheme=ANATOMY,
        path=links[0],
        title=taxonomy.node(links[0]).title,
        words=modality.words,
        rule=IMPLIED_RULE,
        source=modality.source,
    )


def _of_mentions(row: FigureRow) -> Told | Untold:
    """Running text names places for many reasons, so only the place of a finding or of an examination
    counts."""
    found: list[Fired] = []
    for clause in mention_clauses(row):
        places = _asserted(row, clause)
        found += places
        for rule, take in ((SITE_RULE, _sites), (IMAGED_RULE, _imaged)):
            taken = take(row, clause, places)
            path = _one_place(taken)
            if path is not None and _answerable(path):
                return _told(path, taken, rule=rule, source=MENTION)
    if found:
        return Untold(
            "the caption names no place, and the text that refers to the figure does not say what is shown"
        )
    return Untold("neither the caption nor the text that refers to the figure names a place in the body")


def _told(path: NodePath, words: Iterable[Fired], *, rule: str, source: str = CAPTION) -> Told:
    own = [each for each in words if each.path[: len(path)] == path or path[: len(each.path)] == each.path]
    deep = [each for each in own if each.path[: len(path)] == path] or own
    title = load_taxonomy(ANATOMY).node(path).title
    return Told(scheme=ANATOMY, path=path, title=title, words=tuple(deep), rule=rule, source=source)


def _asserted(row: FigureRow, area: Span) -> list[Fired]:
    return [each for each in fired(row.text, ANATOMY, within=area) if each.asserted]
