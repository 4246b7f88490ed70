"""One item of a release, checked against the stored text of its case: each of its claims is made again."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from grandrounds.fingerprint import sha256_bytes
from grandrounds.licences import allowed, known
from grandrounds.needed_readers import readers_needed
from grandrounds.recipe import Review
from grandrounds.records.case import Case
from grandrounds.records.envelope import Item, content_sha256, item_id
from grandrounds.records.parts import UNREAD, Evidence, Media, ReviewSummary
from grandrounds.release.items import NOT_REVIEWED
from grandrounds.release.manifest import Manifest
from grandrounds.release.reading import Picture, ReadItem
from grandrounds.release.rubriccheck import names_of, rubric_problems
from grandrounds.release.shards import IMAGE_KIND, image_name
from grandrounds.release.splits import SPLITS
from grandrounds.stem import render, visible_quote
from grandrounds.text import normalise

if TYPE_CHECKING:
    from PIL import Image

    from grandrounds.clinical.leaks import Leak

# What the solver must be able to see; an ``answer`` quote is what it must not see.
_VISIBLE_ROLES = ("stem", "support")
_ROLES = ("stem", "support", "answer")
# Texts long enough to tell of what came later; the others can only name the answer.
_READ = ("stem", "caption", "disclosure")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What an item is checked against. ``cases`` is ``None`` in releases that are made from other evidence,
    whose items are made again beside (``scancheck``). ``named_only`` are the ids of evidence that may not
    be shown (``index_only``): its items have no pictures, until ``rejoin`` fills them in."""

    manifest: Manifest
    cases: Mapping[str, Case] | None
    named_only: frozenset[str] = frozenset()


def item_problems(read: ReadItem, setting: Setting) -> Iterator[str]:
    """All that is wrong with one item, as sentences."""
    item, manifest = read.item, setting.manifest
    if item.item_id != item_id(item):
        yield f"its id does not fit its content, which gives {item_id(item)}"
    if item.content_sha256 != content_sha256(item):
        yield "its content hash does not fit its content"
    if (item.task, item.split) != (read.file.task, read.file.split):
        yield f"says task {item.task!r} and split {item.split!r}, but stands in {read.file.path}"
    if item.split not in SPLITS:
        yield f"is in the unknown split {item.split!r}"
    if item.recipe != manifest.benchmark:
        yield f"belongs to recipe {item.recipe!r}, not to {manifest.benchmark!r}"
    if read.canary != manifest.canary:
        yield "does not carry the canary"
    named_only = item.evidence_id in setting.named_only
    if not (allowed(item.licence, profile=manifest.profile) or (named_only and known(item.licence))):
        yield f"its licence {item.licence!r} may not stand in a release of profile {manifest.profile!r}"
    if item.protected and manifest.profile != "private":
        yield "its evidence is protected"
    yield from _review_problems(item, manifest)
    yield from _option_problems(item)
    if setting.cases is not None:
        yield from _text_problems(item, setting.cases)
    if not named_only:
        yield from _media_problems(item.media, read.pictures)


def leak_problems(item: Item) -> Iterator[tuple[bool, str]]:
    """Where what the solver sees gives the answer away: whether it names it, and the sentence.

    Naming the answer in any form is a fault. Traces of later knowledge ("was treated with") are
    found by rules of thumb, which a newer version may see otherwise: those are remarks.
    """
    from grandrounds.clinical.leaks import NAMING_KINDS

    names = names_of(item)
    for where, text in _shown(item):
        for leak in _leaks(text, names[0], names[1:]) if text and names else ():
            named = leak.kind in NAMING_KINDS
            what = "names its answer" if named else "may show what was known only later"
            if named or where in _READ:
                yield named, f"its {where} {what} ({leak.kind}: {leak.text[:80]!r})"


# The tasks of a case share its stem, answer and pictures.
@lru_cache(maxsize=20_000)
def _leaks(text: str, answer: str, aliases: tuple[str, ...]) -> tuple[Leak, ...]:
    from grandrounds.clinical.leaks import find_leaks

    return find_leaks(text, answer=answer, aliases=aliases)


def _shown(item: Item) -> Iterator[tuple[str, str]]:
    yield "stem", item.stem
    yield "question", item.question
    for media in item.media:
        yield "caption", media.caption
        yield "picture's label", media.label
        yield "picture's name", media.name
    for told in item.disclosures:
        yield "disclosure", told.text


def _review_problems(item: Item, manifest: Manifest) -> Iterator[str]:
    marked = item.reviewed or item.review.status != NOT_REVIEWED or item.available_from is not None
    if manifest.preview:
        if marked or item.review.readers:
            yield "bears marks of a review or a release day in a preview"
        return
    if item.review.status == UNREAD:
        yield from _unread_problems(item, manifest)
    elif not item.reviewed or item.review.status == NOT_REVIEWED or not _decided(item.review):
        yield "was not reviewed, but stands in a reviewed release"
    if item.available_from is None or (manifest.released and item.available_from > manifest.released):
        yield f"is available from {item.available_from}, not by the day of release {manifest.released}"


def _decided(review: ReviewSummary) -> bool:
    # What a lead marks as gold an adjudicator decided, perhaps alone.
    return review.readers > 0 or (review.adjudicated and bool(review.reviewers))


def _unread_problems(item: Item, manifest: Manifest) -> Iterator[str]:
    """Whether the recipe's sample leaves it out, which its id decides, and nothing claims a reader."""
    if item.reviewed or item.review != ReviewSummary(status=UNREAD):
        yield "was taken unread, but bears marks of a review"
    try:
        policy = Review.model_validate(manifest.recipe.get("review", {}))
    except ValueError:
        yield "was taken unread under a review policy that can't be read"
        return
    if readers_needed(item.candidate_id, policy, split=item.split):
        yield "was taken unread, but its recipe asks for a reader"


def _option_problems(item: Item) -> Iterator[str]:
    if not item.answer.strip():
        yield "has no answer"
    if not item.question.strip():
        yield "asks no question"
    if not item.options:
        if item.answer_index is not None or item.option_origins:
            yield "has no options, but an index or origins of options"
        return
    if len(item.options) < 2 or len({normalise(option) for option in item.options}) < len(item.options):
        yield "its options are not distinct"
    if item.options.count(item.answer) != 1:
        yield "its answer is not exactly one of its options"
    elif item.answer_index != (index := item.options.index(item.answer)):
        yield f"its answer stands at {index}, but answer_index is {item.answer_index}"
    if not {origin.option for origin in item.option_origins} <= set(item.options):
        yield "tells the origin of an option that it does not have"


def _text_problems(item: Item, cases: Mapping[str, Case]) -> Iterator[str]:
    case = cases.get(item.evidence_id)
    if case is None:
        yield f"rests on case {item.evidence_id}, which is not in the evidence"
        return
    # Past the end a span would quietly cover less than it claims.
    if any(span.end > len(case.text) or span.start == span.end for span in item.visible_spans):
        yield "a visible span is empty or ends behind the stored text"
    if render(case.text, item.visible_spans) != item.stem:
        yield "its stem is not what its spans of the stored text give"
    for part in item.evidence:
        yield from _quote_problems(part, item, cases.get(part.evidence_id))
    for name in ("source_id", "language", "citation", "protected"):
        if getattr(item, name) != getattr(case, name):
            yield f"its {name} is {getattr(item, name)!r}, but its case says {getattr(case, name)!r}"
    yield from rubric_problems(item, case)
    if item.source_published != case.published:
        yield f"its source was published on {item.source_published}, but its case says {case.published}"
    if {part.evidence_id for part in item.evidence} <= {item.evidence_id} and item.licence != case.licence:
        yield f"its licence is {item.licence!r}, but its only case has {case.licence!r}"


def _quote_problems(part: Evidence, item: Item, case: Case | None) -> Iterator[str]:
    span = part.locator.span
    quote = part.quote[:60]
    if part.role not in _ROLES:
        yield f"the quote {quote!r} has the unknown role {part.role!r}"
    if case is None or part.source_id != case.source_id:
        yield f"the quote {quote!r} names a case or source that is not in the evidence"
    elif span is None:
        yield f"the quote {quote!r} has no place in the text"
    elif not part.quote or span.end > len(case.text) or span.of(case.text) != part.quote:
        yield f"the quote {quote!r} does not stand at {span.start}-{span.end} of the stored text"
    elif part.role in _VISIBLE_ROLES and (
        part.evidence_id != item.evidence_id or not visible_quote(case.text, item.visible_spans, span)
    ):
        yield f"the quote {quote!r} is not among what the solver sees"


def _media_problems(media: tuple[Media, ...], pictures: tuple[Picture, ...]) -> Iterator[str]:
    shown = [each for each in media if each.kind == IMAGE_KIND]
    if len(shown) != len(pictures):
        yield f"has {len(pictures)} pictures, but media names {len(shown)}"
        return
    for each, picture in zip(shown, pictures, strict=True):
        if picture.bytes is None or sha256_bytes(picture.bytes) != each.sha256:
            yield f"the bytes of picture {each.name!r} do not hash to {each.sha256}"
        elif picture.path != image_name(each):
            yield f"picture {each.name!r} is called {picture.path!r} instead of {image_name(each)!r}"
        else:
            fault = _picture_fault(each, picture.bytes)
            if fault:
                yield f"picture {each.name!r} {fault}"


def pixels_of(pictures: Iterable[Picture]) -> dict[str, str]:
    """The hash of the pixels of each picture by the hash of its bytes; of what can't be decoded, none."""
    found = {}
    for data in (picture.bytes or b"" for picture in pictures):
        # Pillow's decoders raise whatever their formats make them raise; ``item_problems`` tells it.
        with suppress(Exception):
            image = _decoded(data)
            channels = () if image.mode == "L" else (len(image.getbands()),)
            shape = (image.height, image.width, *channels)
            found[sha256_bytes(data)] = pixels_sha256(shape, image.tobytes())
    return found


def pixels_sha256(shape: tuple[int, ...], pixels: bytes) -> str:
    """The hash of a picture's 8-bit pixels, rows x columns (x channels), however it is stored."""
    return sha256_bytes(repr(tuple(int(side) for side in shape)).encode() + pixels)


def _decoded(data: bytes) -> Image.Image:
    from PIL import Image

    with warnings.catch_warnings():
        # A picture of a few bytes can claim to be larger than any memory.
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        image = Image.open(io.BytesIO(data))
        image.load()
        return image


def _picture_fault(media: Media, data: bytes) -> str:
    from PIL import Image

    try:
        image = _decoded(data)
        size, mime = image.size, Image.MIME.get(image.format or "", "")
    # See ``pixels_of``.
    except Exception as exc:  # noqa: BLE001
        return f"can't be decoded: {exc}"
    if (media.width, media.height) not in ((None, None), size):
        return f"is {size[0]}x{size[1]} pixels, not {media.width}x{media.height}"
    return "" if mime == media.mime else f"is {mime or 'of an unknown type'}, not {media.mime}"
