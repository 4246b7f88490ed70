"""Is a release of figures what its figures give? Each item is held against its figure's row and
picture.

The rows are checked first: allowed, cited, their spans inside their text. Then each item: its one
picture is the figure's, at the figure's page and box; its stem is made anew; its quotes stand at their
places; its labels are places in the taxonomies; what rules answered is answered again; nothing the
solver reads names the answer. Of the pictures themselves the perceptual hash is computed again from the
bytes in the item.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from grandrounds.figures.hashes import near_pairs, perceptual_hash
from grandrounds.fingerprint import sha256_bytes, sha256_text
from grandrounds.licences import allowed
from grandrounds.records.envelope import Item
from grandrounds.records.figure import PAIRED, FigureRow
from grandrounds.records.parts import Span
from grandrounds.release.evidence import FigureEvidence, cited_ids
from grandrounds.release.findings import Problem
from grandrounds.release.manifest import NAME, Manifest
from grandrounds.release.reading import Picture

_MULTIPLE = "_mcq"


def row_faults(row: FigureRow, *, profile: str) -> Iterator[str]:
    """Why a figure may not stand in a release of ``profile``, or says what can't be."""
    if row.status != PAIRED:
        yield f"has the status {row.status!r}, which is never released"
    if not row.sha256:
        yield "names no picture"
    if not allowed(row.licence, profile=profile):
        yield f"its licence {row.licence!r} does not allow to show it"
    if row.protected and profile != "private":
        yield "is protected"
    if row.text_sha256 != sha256_text(row.text):
        yield "its stored text does not fit its hash"
    if not 0 <= row.alignment <= 1:
        yield f"its confidence {row.alignment} is no share"
    yield from _span_faults(row)
    yield from _place_faults(row)


def figure_problems(
    evidence: FigureEvidence, items: Sequence[Item], manifest: Manifest, *, least_alignment: float
) -> Iterator[Problem]:
    """Figures that are not allowed, given twice, that no item rests on, or that say what can't be;
    scores of pairs that are read otherwise; sources that don't fit."""
    for table, rows in evidence.rows():
        for key, times in sorted(Counter(getattr(row, table.key) for row in rows).items()):
            if times > 1:
                yield Problem(where=key, what=f"stands in the {table.kind} {times} times")
    wanted = cited_ids(items)
    for row in evidence.figures:
        found = list(row_faults(row, profile=manifest.profile))
        if row.evidence_id not in wanted:
            found.append("is evidence that no item rests on")
        if row.alignment < least_alignment:
            found.append(f"its confidence {row.alignment:.2f} is below the recipe's {least_alignment:.2f}")
        yield from (Problem(where=row.evidence_id, what=what) for what in found)
    yield from _score_problems(evidence, manifest)
    yield from _source_problems(evidence, manifest)


def picture_problems(
    evidence: FigureEvidence, items: Sequence[Item], hashes: Mapping[str, str], *, bits: int
) -> Iterator[Problem]:
    """Pictures that don't have the perceptual hash their row says, and pictures that look the same (up
    to ``bits``) in two splits. ``hashes`` are computed from the bytes in the release, by their
    SHA-256."""
    for row in evidence.figures:
        told = hashes.get(row.sha256)
        if told is not None and told != row.perceptual_hash:
            yield Problem(where=row.evidence_id, what="its perceptual hash is not that of its picture")
    splits = {item.evidence_id: item.split for item in items}
    rows = [row for row in evidence.figures if row.evidence_id in splits and row.perceptual_hash.strip("0")]
    for one, other in near_pairs([row.perceptual_hash for row in rows], bits=bits, linked=True):
        first, second = splits[rows[one].evidence_id], splits[rows[other].evidence_id]
        if first != second:
            yield Problem(
                where="data",
                what=f"pictures of {rows[one].evidence_id} and {rows[other].evidence_id} look the same, "
                f"but stand in the splits {first} and {second}",
            )


def hashes_of(pictures: Iterable[Picture], *, known: Mapping[str, str]) -> dict[str, str]:
    """The perceptual hash of each picture by the hash of its bytes, but for those that are ``known``."""
    made = {}
    for data in (each.bytes for each in pictures if each.bytes):
        digest = sha256_bytes(data)
        if digest not in known:
            made[digest] = perceptual_hash(data)
    return made


def item_faults(item: Item, row: FigureRow | None) -> Iterator[str]:
    """All that is wrong with one item, held against its figure. Nothing in a release ends its own
    check."""
    if row is None:
        yield f"rests on figure {item.evidence_id}, which is not in the evidence"
        return
    try:
        yield from _item_faults(item, row)
    except Exception as exc:  # noqa: BLE001 - rows from anywhere may hold anything
        yield f"can't be checked: {type(exc).__name__}: {exc}"


def _item_faults(item: Item, row: FigureRow) -> Iterator[str]:
    from grandrounds.figures.again import answer_faults, label_faults
    from grandrounds.figures.grounding import origin_faults, picture_faults, quote_faults
    from grandrounds.figures.naming import names_inside, naming_faults

    yield from origin_faults(row, item)
    yield from picture_faults(row, item)
    yield from quote_faults(row, item)
    yield from label_faults(item)
    yield from answer_faults(row, item, edited=item.reviewed)
    yield from naming_faults(item)
    answer, others = names_inside(row, item)
    if item.task.endswith(_MULTIPLE) and answer and not others:
        yield "words inside its picture name its answer, and no other option"


def _span_faults(row: FigureRow) -> Iterator[str]:
    length = len(row.text)
    spans: list[Span] = [mention.span for mention in row.mentions]
    spans += [panel.span for panel in row.panels if panel.span is not None]
    if row.caption_span is not None:
        spans.append(row.caption_span)
        if row.caption_span.of(row.text) != row.caption:
            yield "its caption does not stand at its place in the text"
    if any(span.end > length for span in spans):
        yield "a span ends behind its text"
    for panel in row.panels:
        if panel.span is not None and panel.span.of(row.text) != panel.caption:
            yield f"what its caption says of panel {panel.label} does not stand at its place"


def _place_faults(row: FigureRow) -> Iterator[str]:
    if (row.page is None) != (not row.box):
        yield "has a page without a box, or a box without a page"
    boxes = [row.box, row.caption_box, *(panel.box for panel in row.panels)]
    if any(len(box) not in (0, 4) for box in boxes):
        yield "has a box without four sides"
    elif any(box and not (box[0] < box[2] and box[1] < box[3]) for box in boxes):
        yield "has a box without an area"
    for panel in row.panels:
        box = panel.pixels
        inside = len(box) == 4 and 0 <= box[0] < box[2] <= (row.width or 0)
        if box and not (inside and 0 <= box[1] < box[3] <= (row.height or 0)):
            yield f"its panel {panel.label} lies outside its picture"


def _score_problems(evidence: FigureEvidence, manifest: Manifest) -> Iterator[Problem]:
    from grandrounds.figures.scores import pair_sha256

    pairs = {row.evidence_id: pair_sha256(row) for row in evidence.figures}
    for score in evidence.scores:
        if score.recipe != manifest.benchmark:
            yield Problem(where=score.score_id, what=f"scores a pair of recipe {score.recipe!r}")
        if pairs.get(score.evidence_id, score.pair_sha256) != score.pair_sha256:
            yield Problem(where=score.score_id, what="scores a pair that is read otherwise here")


def _source_problems(evidence: FigureEvidence, manifest: Manifest) -> Iterator[Problem]:
    sources = {source.source_id: source for source in manifest.sources}
    if len(sources) != len(manifest.sources):
        yield Problem(where=NAME, what="lists a source twice")
    for source_id in sorted(evidence.source_ids ^ sources.keys()):
        yield Problem(where=source_id, what="is a source of the items or of the manifest, but not of both")
    licences: defaultdict[str, set[str]] = defaultdict(set)
    for row in evidence.figures:
        licences[row.source_id].add(row.citation)
    for source_id, citations in sorted(licences.items()):
        source = sources.get(source_id)
        if source is not None and citations != {source.citation}:
            yield Problem(where=source_id, what="is cited otherwise by its figures")
