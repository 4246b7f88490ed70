"""Opens a video for reading, and nothing else: only formats that hold films, never a file or address that
one names.

FFmpeg knows formats that are lists of names (playlists, scripts of films to join) and would open those.
They are not on the list here, no protocol is, and whatever still asks for another file is refused: the
bytes of one open file are all that is ever read.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Discard, Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from grandrounds.errors import SourceError

Source = Path | bytes
"""A video: a file, or its bytes."""

MOST_PIXELS = 36_000_000
"""Largest picture that is decoded: 8K is 33 million pixels."""

MOST_SIDE = 16_384
_FORMATS = (
    "mov", "matroska", "avi", "mpeg", "mpegts", "mpegvideo", "m4v", "h264", "hevc", "ivf", "asf", "flv",
    "ogg",
)  # fmt: skip
_NO_PROTOCOL = "none"
_GENERATE_TIMES = 1  # AVFMT_FLAG_GENPTS: guesses times that the file doesn't state
_BUFFER = 1 << 18
_NOT_FILMS = Disposition.attached_pic | Disposition.timed_thumbnails
_BAD_PACKETS = 2_000
_TELL_NEEDLESS = frozenset({"h264"})
"""Codecs in which a picture that says so is needed by no other (H.264, nal_ref_idc 0, 7.4.1). In H.265 only
those of its own layer of time don't need it."""


@dataclass(slots=True)
class Film:
    """An open video and its stream of pictures, ``width`` by ``height`` as stored (a film may change that
    on its way). ``troubles`` counts packets that could not be decoded."""

    container: InputContainer
    stream: VideoStream
    width: int
    height: int
    troubles: int = 0
    broke_off: bool = False
    needed_from: int | None = None

    @property
    def format(self) -> str:
        """FFmpeg's name of the format; of several names the first."""
        return str(self.container.format.name).split(",", maxsplit=1)[0]

    def seconds(self, ticks: int) -> float:
        """A time stamp of the stream in seconds."""
        base = self.stream.time_base
        assert base is not None
        return ticks * base.numerator / base.denominator

    def ticks(self, seconds: float) -> int:
        """The time stamp of ``seconds``."""
        base = self.stream.time_base
        assert base is not None
        return round(seconds * base.denominator / base.numerator)

    def packets(self) -> Iterator[Any]:
        """The packets of pictures from where the film stands; where the file breaks off they end."""
        packets = self.container.demux(self.stream)
        while True:
            try:
                packet = next(packets, None)
            except (FFmpegError, OSError):
                self.broke_off = True
                return
            if packet is None:
                return
            if packet.size:
                yield packet

    def decode(self, packet: Any) -> list[VideoFrame]:
        """The pictures that come out when ``packet`` goes in (``None``: those still inside). A packet that
        can't be decoded gives none and is counted."""
        try:
            return list(self.stream.codec_context.decode(packet))
        except (FFmpegError, ValueError):
            self.troubles += 1
            if self.troubles > _BAD_PACKETS:
                raise SourceError(
                    f"More than {_BAD_PACKETS:,} packets of the video can't be decoded.",
                    remedy="The file is damaged. Get it again.",
                ) from None
            return []

    def frames(self) -> Iterator[VideoFrame]:
        """The pictures from where the film stands to its end, in order of presentation."""
        context = self.stream.codec_context
        for packet in self.packets():
            if context.name in _TELL_NEEDLESS:
                before = self.needed_from is not None and packet.pts is not None
                context.skip_frame = "NONREF" if before and packet.pts < self.needed_from else "DEFAULT"
            yield from self.decode(packet)
        yield from self.decode(None)

    def seek(self, seconds: float) -> None:
        """Go to the last keyframe at or before ``seconds`` that the format knows of. Raises ``OSError``."""
        try:
            self.container.seek(self.ticks(seconds), stream=self.stream)
        except FFmpegError as exc:
            raise OSError(str(exc)) from exc


@contextmanager
def opened(source: Source) -> Iterator[Film]:
    """The video, open, standing at its beginning. Raises ``SourceError`` where it is none, or can't be
    read safely."""
    with _handle(source) as handle:
        container = _container(handle)
        try:
            stream = _pictures_of(container)
            _check_size(stream)
            _leave_out_others(container, stream)
            stream.codec_context.thread_count = 1
            yield Film(container, stream, stream.codec_context.width, stream.codec_context.height)
        finally:
            with suppress(FFmpegError, OSError):
                container.close()


def has_sound(container: InputContainer) -> bool:
    """Whether there is an audio track."""
    return bool(container.streams.audio)


def _handle(source: Source) -> IO[bytes]:
    if isinstance(source, bytes):
        return io.BytesIO(source)
    try:
        handle = source.open("rb", buffering=0)
    except (OSError, ValueError) as exc:
        why = getattr(exc, "strerror", None) or exc
        raise SourceError(f"The file can't be read: {why}.", remedy="Check its rights.") from exc
    if os.fstat(handle.fileno()).st_size == 0:
        handle.close()
        raise SourceError("The file has 0 bytes: nothing was stored.", remedy="Get it again.")
    return handle


def _container(handle: IO[bytes]) -> InputContainer:
    av.logging.set_level(None)
    try:
        container = av.open(
            _Nameless(handle),
            mode="r",
            options={"max_pixels": str(MOST_PIXELS), "threads": "1"},
            container_options={
                "format_whitelist": ",".join(_FORMATS),
                "protocol_whitelist": _NO_PROTOCOL,
            },
            metadata_errors="replace",
            buffer_size=_BUFFER,
            io_open=_refuse,
        )
    except (FFmpegError, OSError, ValueError) as exc:
        raise SourceError(
            f"It can't be opened as a video: {_reason(exc)}.",
            remedy="It is damaged, cut off at its end, or of a format that is not read. Get it again, or "
            "convert it to MP4 or Matroska.",
        ) from exc
    container.flags = int(container.flags) & ~_GENERATE_TIMES
    return container


class _Nameless(io.RawIOBase):
    """A file without its name, so that no name is taken for an address or goes into a message."""

    name = ""

    def __init__(self, handle: IO[bytes]) -> None:
        super().__init__()
        self._handle = handle

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._handle.read(size)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._handle.seek(offset, whence)

    def tell(self) -> int:
        return self._handle.tell()


def _refuse(*_: Any) -> Any:
    raise OSError("a video may not name other files")


def _reason(exc: BaseException) -> str:
    if isinstance(exc, FFmpegError) and exc.strerror:
        return str(exc.strerror)[:1].lower() + str(exc.strerror)[1:]
    return str(exc) or type(exc).__name__


def _pictures_of(container: InputContainer) -> VideoStream:
    """The film among the streams: no cover picture, the default one before others, the largest of those."""
    films = list(container.streams.video)
    moving = [one for one in films if not one.disposition & _NOT_FILMS]
    if not moving:
        what = "a cover picture and no film" if films else "sound and no pictures"
        if not films and not container.streams.audio:
            what = "neither pictures nor sound"
        raise SourceError(f"The file holds {what}.", remedy="Take it out of the folder, or get the film.")
    known = [one for one in moving if one.codec_context is not None]
    if not known:
        raise SourceError(
            "Its pictures are coded in a way that is not known here.",
            remedy="It is damaged, or of a coding that is not read. Convert it to MP4.",
        )
    return max(
        known,
        key=lambda one: (bool(one.disposition & Disposition.default), one.width * one.height, -one.index),
    )


def _leave_out_others(container: InputContainer, stream: VideoStream) -> None:
    """Have nothing but the film read: a damaged sound track must not end it."""
    for other in container.streams:
        if other.index != stream.index:
            other.discard = Discard.all


def _check_size(stream: VideoStream) -> None:
    context = stream.codec_context
    width, height = context.width, context.height
    if context.codec is None or width < 1 or height < 1:
        raise SourceError(
            "The video doesn't say how its pictures are coded and how large, or claims an absurd size.",
            remedy="It is damaged, or of a format that is not read. Convert it to MP4.",
        )
    if max(width, height) > MOST_SIDE or width * height > MOST_PIXELS:
        raise SourceError(
            f"Its pictures are said to be {width:,} by {height:,}: more than {MOST_PIXELS:,} pixels.",
            remedy="It is damaged, or made to do harm; else make it smaller.",
        )
