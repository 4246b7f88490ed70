"""What is said of the videos of a release in sentences that go by its counts."""

from __future__ import annotations

from collections.abc import Iterator

from grandrounds.errors import RecipeError
from grandrounds.needs import ClipNeed
from grandrounds.recipe import parse_recipe
from grandrounds.release.manifest import NAME, ClipCounts, Manifest
from grandrounds.release.telling import licences, listed

_CLIP_WORDS = {
    "licence": "clips whose licence does not allow it",
    "protected": "clips of protected videos",
    "language": "clips in other languages",
    "frames": "clips with too few or too small frames",
    "topic": "clips of videos that nothing shows to be medical",
    "people": "clips whose frames show a person",
}


def clip_sentences(manifest: Manifest) -> Iterator[str]:
    """What the clips are, how cuts, words and times were found, who was looked for on the frames, and what
    is only named; nothing for other evidence."""
    clips, refused = manifest.counts.clips, manifest.counts.rejections.get("evidence", {})
    if clips is None:
        return
    yield (
        f"{clips.clips:,} clips, {clips.seconds:,.1f} seconds together, with {clips.frames:,} frames that "
        f"are shown; of one shot or of a named sequence of shots: {listed(clips.scenes)}. Licences of the "
        f"{clips.videos:,} videos: {licences(clips.by_licence)}."
    )
    if clips.clips_named:
        yield (
            f"{clips.clips_named:,} clips are named and not shown, because their licence does not allow "
            f"it: {clips.items_named:,} items tell time, crop and hashes of {clips.frames_named:,} frames "
            "and hold no pixel of them."
        )
    yield (
        f"{clips.cuts:,} cuts were found in the videos, looked for by: {listed(clips.methods)}."
        + (f" Of {clips.partial:,} only a part could be read." if clips.partial else "")
    )
    yield f"Where what is said comes from, by clip: {listed(clips.words)}. {_moved(clips)}"
    if clips.posed:
        yield f"{clips.posed:,} clips have key points of a body from a table beside the video."
    yield f"What became of the frames that were looked at: {listed(clips.looked_at)}."
    yield from _people(manifest, clips)
    yield (
        f"{clips.films:,} stretches of film lie in `media/`, their pictures copied as they were coded, "
        "without sound."
    )
    left_out = {_CLIP_WORDS[name]: number for name, number in refused.items() if name in _CLIP_WORDS}
    if left_out:
        yield f"Not asked about: {', '.join(f'{number:,} {name}' for name, number in left_out.items())}."


def _moved(clips: ClipCounts) -> str:
    if set(clips.words) <= {"none"}:
        return "Nothing is said, so no time had to be corrected."
    if not clips.moved:
        return "In no video the times of words were corrected: nothing told that they should be."
    return (
        f"In {clips.moved:,} of {clips.videos:,} videos the times of words were corrected by an offset "
        "that was measured (`offset_seconds`, `offset_confidence`)."
    )


def _people(manifest: Manifest, clips: ClipCounts) -> Iterator[str]:
    """Whether people were looked for on the frames, and what became of those that show somebody."""
    left_out = {word: clips.looked_at.get(word, 0) for word in ("face", "name")}
    if _clip_need(manifest).people == "flag":
        yield (
            "Frames that show a face or a person's name are kept and marked (flag `person_in_frame`), as "
            "the recipe says."
        )
    elif any(left_out.values()):
        yield (
            f"Faces and persons' names were looked for: {left_out['face']:,} frames with a face and "
            f"{left_out['name']:,} with a person's name, or with text that could not be read, were left "
            "out."
        )
    else:
        yield "Faces and persons' names were looked for on every frame that was kept; none was found."
    if clips.people_withheld:
        yield (
            f"No film is packed of {clips.people_withheld:,} videos in which a face or name was found: "
            "frames between those that were looked at may show the same person."
        )
    if clips.faces_unseen:
        yield f"In {clips.faces_unseen:,} videos **faces were not looked for**: no detector was installed."
    if clips.text_unread:
        yield f"In {clips.text_unread:,} videos some text on frames could not be read."


def _clip_need(manifest: Manifest) -> ClipNeed:
    try:
        need = parse_recipe(manifest.recipe, where=NAME).evidence
    except RecipeError:
        return ClipNeed()
    return need if isinstance(need, ClipNeed) else ClipNeed()
