"""Videos: films are read, cut into shots, and frames that belong together become clips."""

import base64
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from assets.sources import (
    SourceFolder,
    counting,
    keep_tables,
    kinds_found,
    refuse_unread,
    source_folder,
    source_rules,
    sources_result,
)
from assets.tables import markdown_table, table_result, table_spec
from grandrounds.errors import SourceError
from grandrounds.lake import Lake
from grandrounds.progress import stage
from grandrounds.recipe import Recipe
from grandrounds.records.video import VideoRow
from grandrounds.release.markdown import one_line
from grandrounds.sources.kinds import VIDEO
from grandrounds.sources.video import Videos, read_videos
from grandrounds.videos.speech_plan import speech_plan
from resources import LakeResource, SettingsResource

_SHEETS = 4  # as many as a person looks at; the others are in the lake
_SAMPLES = {
    "videos": ("title", "status", "frames", "rate", "cuts", "text_origin", "topics"),
    "clips": ("video_id", "start_seconds", "end_seconds", "coherence", "text"),
}


def reading(recipe: Recipe) -> dg.AssetsDefinition:
    """``sources``, ``videos`` and ``clips`` of a recipe."""

    @dg.multi_asset(
        name=f"{recipe.name}_reading",
        specs=[
            table_spec(recipe, "sources", kinds=("python", "parquet")),
            table_spec(recipe, "videos", deps=["sources"], kinds=("python", "parquet")),
            table_spec(recipe, "clips", deps=["videos"], kinds=("python", "parquet")),
        ],
        description="Reads videos; finds cuts and good frames, pairs them with what is said, makes clips.",
        op_tags={"stage": "read"},
    )
    def read(
        config: SourceFolder, settings: SettingsResource, lake: LakeResource
    ) -> Iterator[dg.MaterializeResult[Any]]:
        opened, given = lake.open(), settings.get()
        folder = source_folder(config, given)
        with stage("Reading videos") as progress:
            found = read_videos(
                folder,
                lake=opened,
                asked=recipe.clips,
                rules=source_rules(given),
                progress=counting(progress),
                profile=recipe.release.profile,
                speech=speech_plan(given),
            )
        tables: dict[str, Sequence[Any]] = {
            "sources": found.sources,
            "videos": found.videos,
            "clips": found.clips,
        }
        made = keep_tables(recipe, tables, lake=opened)
        more = {
            "videos": {
                "frames_looked_at": dg.MetadataValue.md(_verdicts(found.videos)),
                "contact_sheets": dg.MetadataValue.md(_sheets(found.videos, opened)),
            },
            "clips": {"clips_of_videos": dg.MetadataValue.md(_clips(found))},
        }
        yield sources_result(recipe, found, folder=folder, lake=opened, step=made)
        for table in ("videos", "clips"):
            yield table_result(
                recipe, table, lake=opened, step=made, sample=_SAMPLES[table], more=more[table]
            )
        _refuse_without_videos(found, folder)

    return read


def _verdicts(videos: tuple[VideoRow, ...]) -> str:
    """What became of the frames that were looked at, as Markdown."""
    counts = Counter(frame.verdict for video in videos for frame in video.looked_at)
    return markdown_table(("verdict", "frames"), counts.most_common())


def _clips(found: Videos) -> str:
    """How many clips each video gave, as Markdown."""
    counts = Counter(clip.video_id for clip in found.clips)
    return markdown_table(
        ("video", "status", "cuts", "frames kept", "clips"),
        [
            [
                _name(video),
                video.status,
                len(video.cuts),
                sum(frame.verdict == "kept" for frame in video.looked_at),
                counts[video.video_id],
            ]
            for video in found.videos
        ],
    )


def _sheets(videos: tuple[VideoRow, ...], lake: Lake) -> str:
    """The contact sheets of the first videos, as pictures in Markdown. Those of protected ones are left
    out: Dagster's page is no place for them."""
    shown = [video for video in videos if video.sheet_sha256 and not video.protected][:_SHEETS]
    return "\n\n".join(
        f"**{one_line(_name(video))}**\n\n![frames looked at](data:image/png;base64,"
        f"{base64.b64encode(lake.get_media(video.sheet_sha256)).decode()})"
        for video in shown
    )


def _name(video: VideoRow) -> str:
    return video.title or video.video_id


def _refuse_without_videos(found: Videos, folder: Path) -> None:
    """Without a clip there is nothing to ask about; saying so here names the folder and the files."""
    if found.clips:
        return
    if found.videos:
        raise SourceError(
            f"None of the {len(found.videos)} videos in {folder} gives a clip.",
            remedy="The contact sheets of the table `videos` show why each frame was left out.",
        )
    refuse_unread(found.sources, folder, what="videos")
    kinds = kinds_found(found.sources)
    raise SourceError(
        f"There is no {VIDEO} in the {len(found.sources)} files of {folder} ({kinds}).",
        remedy="Give --sources a folder with videos (docs/videos.md).",
    )
