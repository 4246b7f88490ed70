"""The contact sheet of a video: its cuts, the frames that were looked at and what became of each, its
clips.

One line of time above, one row a scene below. Frames that show a face or a name are told and never shown,
nor are those that nobody looked at for people. It names neither file nor title.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from PIL import Image

from grandrounds.records.video import KEPT, VideoCue, VideoFrame
from grandrounds.videos.sheet_drawing import (
    CELL,
    DARK,
    GREY,
    LEGEND,
    LINE,
    MARGIN,
    PALE,
    WHITE,
    WIDTH,
    Canvas,
    clip_colour,
    clock,
    colour_of,
    fitted,
)
from grandrounds.videos.sheet_timeline import Timeline
from grandrounds.videos.values import CutsFound, FrameIndex, Scene, VideoFacts

HIDDEN = ("face", "name")
_LABEL = 168
_CAPTION, _SHORT_CAPTION = 76, 46
_PER_LINE = (WIDTH - 2 * MARGIN - _LABEL) // CELL
_MOST_SCENES = 60
_MOST_FRAMES = 21
_MOST_STRIP = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What is drawn. ``thumbnails`` are encoded pictures of frames, by number; ``clips`` the frames of each
    clip."""

    facts: VideoFacts
    index: FrameIndex
    cuts: CutsFound
    scenes: Sequence[Scene]
    looked_at: Sequence[VideoFrame]
    cues: Sequence[VideoCue] = ()
    words: str = "none"
    clips: Sequence[Sequence[int]] = ()
    thumbnails: Mapping[int, bytes] = field(default_factory=dict, repr=False)


def draw(sheet: Sheet) -> bytes:
    """The contact sheet as PNG."""
    rows = _rows(sheet)
    height = MARGIN + 66 + _MOST_STRIP + sum(row.height for row in rows) + 40 + MARGIN
    canvas = Canvas(height)
    y = _head(canvas, sheet, MARGIN)
    y = _timeline(canvas, sheet, y)
    for row in rows:
        row.draw(canvas, sheet, y)
        y += row.height
    left = len(sheet.scenes) - len(rows)
    if left > 0:
        canvas.text(MARGIN, y + 8, f"{left:,} further scenes are not drawn.", DARK)
    return canvas.png(y + (40 if left > 0 else 0) + MARGIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A scene and those of its frames that are drawn."""

    scene: Scene
    number: int
    frames: tuple[VideoFrame, ...]
    left_out: str
    tall: int

    @property
    def line(self) -> int:
        """The height of a line of frames: captions are lower where nothing has a reason."""
        return self.tall + (_CAPTION if any(frame.reason for frame in self.frames) else _SHORT_CAPTION)

    @property
    def height(self) -> int:
        """The height of the row."""
        lines = max(1, -(-len(self.frames) // _PER_LINE))
        return 22 + max(lines * self.line, 84) + (22 if self.left_out else 0)

    def draw(self, canvas: Canvas, sheet: Sheet, y: int) -> None:
        """Draw it from ``y`` down."""
        canvas.line(MARGIN, y, WIDTH - MARGIN, y, LINE)
        _label(canvas, sheet, self, y + 10)
        for place, frame in enumerate(self.frames):
            x = MARGIN + _LABEL + (place % _PER_LINE) * CELL
            top = y + 12 + (place // _PER_LINE) * self.line
            _frame(canvas, sheet, frame, x=x, y=top, tall=self.tall)
        if self.left_out:
            canvas.text(MARGIN + _LABEL, y + self.height - 24, self.left_out, GREY, size=13)


def _rows(sheet: Sheet) -> list[_Row]:
    of_scene: dict[int, list[VideoFrame]] = {}
    for frame in sheet.looked_at:
        of_scene.setdefault(frame.scene, []).append(frame)
    in_clips = {number for clip in sheet.clips for number in clip}
    tall = round((CELL - 12) * min(1.0, sheet.facts.height / max(1, sheet.facts.width)))
    rows = []
    for place, scene in enumerate(sheet.scenes[:_MOST_SCENES]):
        frames = sorted(of_scene.get(scene.number, []), key=lambda one: one.frame)
        drawn = _chosen(frames, in_clips)
        rows.append(
            _Row(
                scene=scene,
                number=place + 1,
                frames=tuple(drawn),
                left_out=_rest([one for one in frames if one not in drawn]),
                tall=max(60, tall),
            )
        )
    return rows


def _chosen(frames: Sequence[VideoFrame], in_clips: set[int]) -> list[VideoFrame]:
    """The frames that are drawn: those of clips, one of each reason, then others spread over the scene."""
    if len(frames) <= _MOST_FRAMES:
        return list(frames)
    first = [one for one in frames if one.frame in in_clips]
    seen: set[str] = set()
    for one in frames:
        if one.verdict not in seen and one not in first:
            seen.add(one.verdict)
            first.append(one)
    others = [one for one in frames if one not in first]
    room = max(0, _MOST_FRAMES - len(first))
    step = len(others) / room if room else 0.0
    first += (
        [others[int(n * step)] for n in range(room)] if others and room < len(others) else others[:room]
    )
    return sorted(first[:_MOST_FRAMES], key=lambda one: one.frame)


def _rest(frames: Sequence[VideoFrame]) -> str:
    if not frames:
        return ""
    counts = Counter(one.verdict for one in frames)
    told = ", ".join(f"{count} {_shown(verdict)}" for verdict, count in sorted(counts.items()))
    return f"and {len(frames)} more: {told}"


def _head(canvas: Canvas, sheet: Sheet, y: int) -> int:
    facts, looked = sheet.facts, sheet.looked_at
    kept = sum(one.verdict == KEPT for one in looked)
    length = sheet.index.end_seconds - float(sheet.index.seconds[0])
    vary = " (varies)" if facts.variable_rate else ""
    canvas.text(
        MARGIN,
        y,
        f"{facts.codec} in {facts.container},  {facts.width} \u00d7 {facts.height},  {clock(length)},  "
        f"{len(sheet.index):,} frames, {facts.rate:.2f} a second{vary}",
        DARK,
        size=20,
        bold=True,
    )
    said = "nothing is said" if not sheet.cues else f"{len(sheet.cues):,} cues ({sheet.words})"
    cuts = len(sheet.cuts.cuts)
    canvas.text(
        MARGIN,
        y + 30,
        f"{cuts} cut{'s' * (cuts != 1)} ({sheet.cuts.method});  {len(looked)} frames looked at, "
        f"{kept} kept;  {len(sheet.clips)} clip{'s' * (len(sheet.clips) != 1)};  {said}"
        + (f";  read in part: {facts.reason}" if facts.partial else ""),
        GREY,
        size=15,
    )
    x = WIDTH - MARGIN
    for name, colour in reversed(LEGEND):
        x -= canvas.width_of(name, size=13) + 2
        canvas.text(x, y + 6, name, GREY, size=13)
        canvas.box(x - 16, y + 8, x - 6, y + 20, colour)
        x -= 32
    return y + 66


def _timeline(canvas: Canvas, sheet: Sheet, y: int) -> int:
    line = Timeline(
        canvas=canvas, index=sheet.index, margin=MARGIN, left=MARGIN + _LABEL, right=WIDTH - MARGIN
    )
    y = line.scenes(y, sheet.scenes, sheet.cuts)
    y = line.frames(y, sheet.looked_at)
    y = line.clips(y, sheet.clips)
    y = line.words(y, sheet.cues)
    return line.times(y - 2) + 8


def _label(canvas: Canvas, sheet: Sheet, row: _Row, y: int) -> None:
    scene, index = row.scene, sheet.index
    begin, end = float(index.seconds[scene.first]), index.end_of(scene.stop - 1)
    canvas.text(MARGIN, y, f"Scene {row.number}", DARK, size=17, bold=True)
    cut = next((one for one in sheet.cuts.cuts if one.frame == scene.first), None)
    begins = "begins the film" if cut is None else f"after a {cut.kind} cut"
    area = [one.medical_area for one in row.frames if one.verdict not in HIDDEN]
    lines = [
        f"{clock(begin)} to {clock(end)}",
        f"{scene.stop - scene.first:,} frames",
        begins,
        f"picture area {max(area):.0%}" if area else "",
    ]
    for place, line in enumerate(line for line in lines if line):
        canvas.text(MARGIN, y + 24 + 17 * place, line, GREY, size=13)


def _frame(canvas: Canvas, sheet: Sheet, frame: VideoFrame, *, x: int, y: int, tall: int) -> None:
    """One frame: its picture, or why it isn't shown; its time; what became of it."""
    wide = CELL - 12
    kept = frame.verdict == KEPT
    clips = [number for number, clip in enumerate(sheet.clips) if frame.frame in clip]
    data = sheet.thumbnails.get(frame.frame)
    if data is None or frame.verdict in HIDDEN:
        canvas.hatched(x, y, x + wide, y + tall)
        canvas.text(x + wide // 2, y + tall // 2 - 10, "not shown", DARK, size=14, middle=True)
    else:
        canvas.box(x, y, x + wide, y + tall, PALE)
        picture = fitted(data, wide, tall)
        if picture is not None:
            picture = picture if kept else Image.blend(picture, Image.new("RGB", picture.size, WHITE), 0.55)
            canvas.paste(picture, x + (wide - picture.width) // 2, y + (tall - picture.height) // 2)
    canvas.frame(x, y, x + wide, y + tall, colour_of(frame.verdict), thick=3 if kept else 1)
    for place, number in enumerate(clips):
        canvas.badge(x + 4 + 30 * place, y + 4, str(number + 1), clip_colour(number))
    canvas.text(x, y + tall + 4, f"{clock(frame.seconds)}   frame {frame.frame:,}", DARK, size=13)
    told = "kept" if kept else _shown(frame.verdict)
    if kept and clips:
        told = "in clip " + ", ".join(str(number + 1) for number in clips)
    canvas.text(x, y + tall + 19, told, colour_of(frame.verdict), size=13, bold=True, most=wide)
    if frame.reason:
        canvas.paragraph(x, y + tall + 35, frame.reason, GREY, wide=wide, lines=2)


def _shown(verdict: str) -> str:
    return verdict.replace("_", " ")
