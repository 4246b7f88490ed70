"""Admission: which clips a recipe asks about, and for every other row why it doesn't.

| gate | refuses |
| --- | --- |
| ``licence`` | what may not be shown, unless the recipe takes it by name only; and unknown rights |
| ``protected`` | what must stay in the house, unless the release is private |
| ``language`` | words in other languages than the recipe's; clips without words pass |
| ``frames`` | clips with too few frames, with too small ones, or whose times don't rise |
| ``topic`` | videos that nothing shows to be medical, where the recipe asks for that |
| ``people`` | frames with a face or a name on them, or that nobody looked at for them |

The first of them names the rejection, its sentence holds what all of them found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from grandrounds.gates.clips.saying import missing_video
from grandrounds.gates.saying import sentences
from grandrounds.gates.status import reject_clip
from grandrounds.licences import allowed, known
from grandrounds.recipe import Recipe
from grandrounds.records.clip import ClipRow
from grandrounds.records.rejection import Rejection
from grandrounds.records.video import VideoRow
from grandrounds.videos.seen import people_faults

LICENCE, PROTECTED, LANGUAGE = "licence", "protected", "language"
FRAMES, TOPIC, PEOPLE = "frames", "topic", "people"

Videos = Mapping[str, VideoRow]


def admit(
    clips: Sequence[ClipRow], recipe: Recipe, *, videos: Iterable[VideoRow] | None = None
) -> tuple[list[ClipRow], list[Rejection]]:
    """The clips that the recipe can ask about, and a rejection of stage ``evidence`` for each other.

    ``videos`` are those that the clips are from, where what their frames show can be looked up; without
    them the gate ``people`` looks when a question is judged.
    """
    known_videos = None if videos is None else {video.video_id: video for video in videos}
    taken, refused = [], []
    for clip in clips:
        found = problems(clip, recipe, videos=known_videos)
        if found:
            reasons = [reason for _, reason in found]
            refused.append(reject_clip(clip, recipe=recipe.name, gate=found[0][0], reasons=reasons))
        else:
            taken.append(clip)
    return taken, refused


def admitted(
    clips: Iterable[ClipRow], recipe: Recipe, *, videos: Iterable[VideoRow] | None = None
) -> Iterator[ClipRow]:
    """The clips of ``admit`` that the recipe can ask about, as a stream."""
    known_videos = None if videos is None else {video.video_id: video for video in videos}
    return (clip for clip in clips if not problems(clip, recipe, videos=known_videos))


def problems(clip: ClipRow, recipe: Recipe, *, videos: Videos | None = None) -> list[tuple[str, str]]:
    """Why ``clip`` is not admitted, as gates and sentences; empty when it is."""
    return [
        *_licence_problems(clip, recipe),
        *_protected_problems(clip, recipe),
        *_language_problems(clip, recipe),
        *_frame_problems(clip, recipe),
        *_topic_problems(clip, recipe),
        *_people_problems(clip, recipe, videos),
    ]


def _licence_problems(clip: ClipRow, recipe: Recipe) -> Iterator[tuple[str, str]]:
    profile = recipe.release.profile
    if not known(clip.licence):
        yield LICENCE, "The rights of its video are unknown; say them in sources.yaml if you know them."
    elif clip.index_only and not recipe.clips.index_only:
        yield (
            LICENCE,
            f"{clip.licence} does not allow to show it; `evidence.index_only` takes such videos by name.",
        )
    elif not clip.index_only and not allowed(clip.licence, profile=profile):
        yield LICENCE, f"{clip.licence} is not among the licences of profile {profile!r}."


def _protected_problems(clip: ClipRow, recipe: Recipe) -> Iterator[tuple[str, str]]:
    profile = recipe.release.profile
    if clip.protected and profile != "private":
        yield PROTECTED, f"Its video is protected; a release of profile {profile!r} can't carry it."


def _language_problems(clip: ClipRow, recipe: Recipe) -> Iterator[tuple[str, str]]:
    tags = recipe.clips.languages
    if clip.text.strip() and _primary(clip.language) not in {_primary(tag) for tag in tags}:
        yield (
            LANGUAGE,
            f"What is said is in {clip.language or 'an unknown language'}; the recipe takes "
            f"{', '.join(tags)}.",
        )


def _frame_problems(clip: ClipRow, recipe: Recipe) -> Iterator[tuple[str, str]]:
    asked, number = recipe.clips, len(clip.frames)
    if not asked.least_frames <= number <= asked.most_frames:
        yield (
            FRAMES,
            f"It has {number} frames; the recipe asks for {asked.least_frames} to {asked.most_frames}.",
        )
    small = min((min(frame.width, frame.height) for frame in clip.frames), default=0)
    if clip.frames and small < asked.smallest_side:
        yield FRAMES, f"A frame has a side of {small} pixels; the recipe asks for {asked.smallest_side}."
    if any(not frame.sha256 or not frame.pixels_sha256 for frame in clip.frames):
        yield FRAMES, "A frame has no picture."
    if any(one.seconds >= other.seconds for one, other in pairwise(clip.frames)):
        yield FRAMES, "The times of its frames don't rise."


def _topic_problems(clip: ClipRow, recipe: Recipe) -> Iterator[tuple[str, str]]:
    if recipe.clips.need_topic and not clip.medical:
        yield TOPIC, "Nothing shows its video to be medical: neither its name, title, words nor notes."


def _people_problems(clip: ClipRow, recipe: Recipe, videos: Videos | None) -> Iterator[tuple[str, str]]:
    if videos is None or recipe.clips.people != "refuse":
        return
    video = videos.get(clip.video_id)
    faults = [missing_video(clip.video_id)] if video is None else sentences(people_faults(clip, video))
    yield from ((PEOPLE, fault) for fault in faults)


def _primary(tag: str) -> str:
    return tag.lower().partition("-")[0]
