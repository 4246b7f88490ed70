"""Is a release of clips what its clips give? Each item is held against its clip's row, pictures and film.

The rows are checked first: allowed, cited, their frames in order, inside their video and its scenes, their
words at their times; nothing told that should stay at home. Then each item: its pictures are the clip's
frames in their order; its stem is made anew; its quotes stand at their places and times; its answer is
computed again; it needs two frames; nothing the solver sees names the answer. The pictures have the pixels
and the perceptual hash of their frames, clips that look alike are of one split, and nothing shows a pixel
of what may only be named. (Cutting the frames again from the packed films is for ``filmcheck``.)
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from grandrounds.fingerprint import sha256_bytes, sha256_text
from grandrounds.licences import allowed, known
from grandrounds.needs import ClipNeed
from grandrounds.records.clip import ClipRow
from grandrounds.records.envelope import Item
from grandrounds.records.video import STATUSES, VideoRow
from grandrounds.release.evidence import ClipEvidence, cited_ids
from grandrounds.release.findings import Problem
from grandrounds.release.manifest import NAME, Manifest
from grandrounds.release.reading import Picture
from grandrounds.release.shards import IMAGE_KIND, image_name
from grandrounds.release.withheld import video_leaks
from grandrounds.videos.again import answer_faults, label_faults
from grandrounds.videos.alike import alike_clips
from grandrounds.videos.asking import frames_needed
from grandrounds.videos.coherence import coherence_faults, cue_faults, said_faults
from grandrounds.videos.grounding import origin_faults, picture_faults, quote_faults
from grandrounds.videos.leaks import names_on_screen, naming_faults, words_on
from grandrounds.videos.seen import left_out_for_people, people_faults

INDEX_ONLY = "index_only"
FEWEST, MOST = 2, 5


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture as it stands in a row: its name, the hash of its bytes, of its pixels, and its perceptual
    one; the last two are empty for what can't be decoded."""

    path: str | None
    sha256: str
    pixels_sha256: str
    perceptual_hash: str


@dataclass(frozen=True, slots=True)
class ShownItem:
    """What an item shows."""

    item: Item
    pictures: tuple[Shown, ...]


def row_faults(row: ClipRow, videos: Mapping[str, VideoRow], *, profile: str) -> Iterator[str]:
    """Why a clip may not stand in a release of ``profile``, or says what can't be."""
    if not known(row.licence):
        yield "the rights of its video are unknown"
    elif not row.index_only and not allowed(row.licence, profile=profile):
        yield f"its licence {row.licence!r} does not allow to show it"
    if row.protected and profile != "private":
        yield "is protected"
    if row.text_sha256 != sha256_text(row.text):
        yield "its stored text does not fit its hash"
    if not FEWEST <= len(row.frames) <= MOST:
        yield f"has {len(row.frames)} frames"
    if row.index_only and row.clip_sha256:
        yield "has a film, but its licence does not allow to show it"
    video = videos.get(row.video_id)
    if video is None:
        yield "is of a video that is not in the release"
        return
    yield from coherence_faults(row, video)
    if (row.source_id, row.licence) != (video.source_id, video.licence):
        yield "its source or licence is not that of its video"
    if not row.group_id or row.group_id != video.group_id:
        yield "is in another group than its video"
    if row.clip_sha256 and left_out_for_people(video):
        yield "has a film, but frames of its video were left out for a face or a name"


def clip_problems(
    evidence: ClipEvidence, items: Sequence[Item], manifest: Manifest, *, asked: ClipNeed
) -> Iterator[Problem]:
    """Clips and videos that are not allowed, given twice, that nothing rests on, or that say what can't be;
    one video in two splits; sources that don't fit."""
    for table, rows in evidence.rows():
        for key, times in sorted(Counter(getattr(row, table.key) for row in rows).items()):
            if times > 1:
                yield Problem(where=key, what=f"stands in the {table.kind} {times} times")
    videos = {row.video_id: row for row in evidence.videos}
    wanted, used = cited_ids(items), {row.video_id for row in evidence.clips}
    for row in evidence.clips:
        found = list(row_faults(row, videos, profile=manifest.profile))
        found += cue_faults(row, window=asked.window_seconds)
        if row.video_id in videos and asked.people == "refuse":
            found += people_faults(row, videos[row.video_id])
        if row.evidence_id not in wanted:
            found.append("is evidence that no item rests on")
        if row.index_only and not asked.index_only:
            found.append("is only named, but its recipe takes no such videos")
        yield from (Problem(where=row.evidence_id, what=what) for what in found)
    for video in evidence.videos:
        faults = list(video_leaks(video))
        if video.status not in STATUSES:
            faults.append(f"has the status {video.status!r}, which is never released")
        if video.video_id not in used:
            faults.append("is a video that no clip is of")
        yield from (Problem(where=video.video_id, what=what) for what in faults)
    yield from _split_problems(evidence, items, bits=asked.near_frame)
    yield from _source_problems(evidence, manifest)


def shown_of(pictures: Iterable[Picture], *, known_hashes: dict[str, Shown]) -> tuple[Shown, ...]:
    """What the pictures of an item show; ``known_hashes`` are those seen before, by the hash of the bytes,
    and is added to."""
    found = []
    for picture in pictures:
        data = picture.bytes or b""
        digest = sha256_bytes(data)
        if digest not in known_hashes:
            known_hashes[digest] = Shown(None, digest, *_hashes(data))
        seen = known_hashes[digest]
        found.append(Shown(picture.path, digest, seen.pixels_sha256, seen.perceptual_hash))
    return tuple(found)


def picture_problems(
    evidence: ClipEvidence, shown: Sequence[ShownItem], manifest: Manifest
) -> Iterator[Problem]:
    """Pictures that are not the frames that the clips name, and pixels of what may only be named."""
    by_id = {row.evidence_id: row for row in evidence.clips}
    secret = {frame.pixels_sha256 for row in evidence.clips if row.index_only for frame in row.frames} - {
        frame.pixels_sha256 for row in evidence.clips if not row.index_only for frame in row.frames
    }
    left = 0
    for each in shown:
        where, row = f"item {each.item.item_id}", by_id.get(each.item.evidence_id)
        if row is None:
            continue
        if row.index_only:
            left += not each.pictures
            faults = _named_faults(each, row, rejoined=manifest.rejoined is not None)
        else:
            faults = _shown_faults(each, row, secret)
        yield from (Problem(where=where, what=what) for what in faults)
    yield from _rejoined_problems(evidence, shown, manifest, left=left)


def item_faults(item: Item, row: ClipRow | None, video: VideoRow | None) -> Iterator[str]:
    """All that is wrong with one item, held against its clip. Nothing in a release ends its own check."""
    if row is None or video is None:
        yield f"rests on clip {item.evidence_id}, which is not in the evidence with its video"
        return
    try:
        yield from _item_faults(item, row, video)
    except Exception as exc:  # noqa: BLE001 - rows from anywhere may hold anything
        yield f"can't be checked: {type(exc).__name__}: {exc}"


def _item_faults(item: Item, row: ClipRow, video: VideoRow) -> Iterator[str]:
    yield from origin_faults(row, item)
    yield from picture_faults(row, item)
    yield from quote_faults(row, item)
    yield from said_faults(row, item)
    yield from label_faults(item)
    yield from answer_faults(row, item, edited=item.reviewed)
    yield from naming_faults(item)
    if len(set(frames_needed(item, row))) < FEWEST:
        yield "one frame of its clip is enough to answer it"
    answer, others = names_on_screen(item, words_on(row, item, video))
    if answer and not others:
        yield "words on its frames name its answer, and no other option"
    if row.index_only != any(flag.flag == INDEX_ONLY for flag in item.quality_flags):
        yield "says otherwise than its clip whether its frames may be shown"


def _hashes(data: bytes) -> tuple[str, str]:
    """The hash of the pixels and the perceptual one; empty for what can't be decoded."""
    import numpy as np

    from grandrounds.figures.hashes import hash_of
    from grandrounds.figures.pixels import decoded
    from grandrounds.videos.pixels import pixels_sha256

    image = decoded(data) if data else None
    return ("", "") if image is None else (pixels_sha256(np.asarray(image)), hash_of(image))


def _shown_faults(each: ShownItem, row: ClipRow, secret: set[str]) -> Iterator[str]:
    frames = {frame.sha256: frame for frame in row.frames}
    for picture in each.pictures:
        frame = frames.get(picture.sha256)
        if picture.pixels_sha256 in secret:
            yield "shows a frame that its licence does not allow to show"
        if frame is None:
            continue  # told by ``picture_faults``
        if picture.pixels_sha256 != frame.pixels_sha256:
            yield f"its frame at {frame.seconds:.3f} s has other pixels than its clip says"
        elif picture.perceptual_hash != frame.perceptual_hash:
            yield f"the perceptual hash of its frame at {frame.seconds:.3f} s is not that of its picture"


def _named_faults(each: ShownItem, row: ClipRow, *, rejoined: bool) -> Iterator[str]:
    """What is wrong with the pictures of an item that may only be named: in a release it has none."""
    if not each.pictures:
        return
    if not rejoined:
        yield f"holds {len(each.pictures)} pictures, but the licence does not allow to show them"
        return
    frames = {frame.sha256: frame for frame in row.frames}
    media = [media for media in each.item.media if media.kind == IMAGE_KIND]
    if len(media) != len(each.pictures):
        yield f"holds {len(each.pictures)} pictures, but media names {len(media)}"
        return
    for named, picture in zip(media, each.pictures, strict=True):
        frame = frames.get(named.sha256)
        if picture.path != image_name(named):
            yield f"picture {named.name!r} is called {picture.path!r} instead of {image_name(named)!r}"
        # Packed anew, the same pixels may be other bytes.
        if frame is not None and picture.pixels_sha256 != frame.pixels_sha256:
            yield f"its frame at {frame.seconds:.3f} s has other pixels than its clip says"


def _rejoined_problems(
    evidence: ClipEvidence, shown: Sequence[ShownItem], manifest: Manifest, *, left: int
) -> Iterator[Problem]:
    told = manifest.rejoined
    if told is None:
        return
    filled = sum(each.item.evidence_id in evidence.index_only for each in shown) - left
    if (told.items, told.left) != (filled, left):
        yield Problem(
            where=NAME,
            what=f"says that {told.items} items were completed and {told.left} left, but it is "
            f"{filled} and {left}",
        )


def _split_problems(evidence: ClipEvidence, items: Sequence[Item], *, bits: int) -> Iterator[Problem]:
    splits: defaultdict[str, set[str]] = defaultdict(set)
    for item in items:
        splits[item.evidence_id].add(item.split)
    of_video: defaultdict[str, set[str]] = defaultdict(set)
    for row in evidence.clips:
        for name in (f"video {row.video_id}", f"file {row.source_sha256}"):
            of_video[name] |= splits[row.evidence_id]
    for name, found in sorted(of_video.items()):
        if len(found) > 1:
            yield Problem(where="data", what=f"{name} is in several splits: {', '.join(sorted(found))}")
    rows = [row for row in evidence.clips if splits[row.evidence_id]]
    for one, other in alike_clips(rows, bits=bits):
        first, second = splits[rows[one].evidence_id], splits[rows[other].evidence_id]
        if first != second:
            yield Problem(
                where="data",
                what=f"clips {rows[one].evidence_id} and {rows[other].evidence_id} look the same, but "
                f"stand in the splits {', '.join(sorted(first | second))}",
            )


def _source_problems(evidence: ClipEvidence, manifest: Manifest) -> Iterator[Problem]:
    sources = {source.source_id: source for source in manifest.sources}
    if len(sources) != len(manifest.sources):
        yield Problem(where=NAME, what="lists a source twice")
    for source_id in sorted(evidence.source_ids ^ sources.keys()):
        yield Problem(where=source_id, what="is a source of the items or of the manifest, but not of both")
    for video in evidence.videos:
        source = sources.get(video.source_id)
        if source is None:
            continue
        if (source.licence, source.citation) != (video.licence, video.citation):
            yield Problem(where=video.video_id, what="its licence or citation is not that of its source")
        if source.title:
            yield Problem(where=video.source_id, what="tells the title of a video")
