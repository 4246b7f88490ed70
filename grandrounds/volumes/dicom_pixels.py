"""Pixels of DICOM objects: stored values as integers, from every transfer syntax that is decoded.

Uncompressed greyscale is a view of the file's bytes. All else goes through pydicom's decoders (RLE and
JPEG 2000 by pylibjpeg, JPEG and JPEG-LS by gdcm), which must run in a process that may be killed: see
``worker``. Values are cut to the stored bits (older writers hid overlays above them) and sign-extended;
nothing else is changed. Colour comes out as RGB.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from grandrounds.volumes.dicom_object import DicomObject
from grandrounds.volumes.dicom_tags import NATIVE, PIXELS
from grandrounds.volumes.geometry import Array
from grandrounds.volumes.limits import Limits, VolumeError

_GREY = ("MONOCHROME1", "MONOCHROME2")
_SMALL_FRAME = 64 << 20
_WIDTHS = (1, 8, 16, 32, 64)
_MOST_BUFFERED = 8 << 20
_SPARE = 4096
_EXTENDED_JPEG = "1.2.840.10008.1.2.4.51"
_JPEG_FAMILY = tuple(f"1.2.840.10008.1.2.4.{kind}" for kind in ("5", "7", "8", "9", "20"))
_END_OF_IMAGE = b"\xff\xd9"  # EOI of JPEG and JPEG-LS, EOC of JPEG 2000
_TAIL = 18  # writers fill up with a few bytes of their own


class Buffers:
    """Memory for the bytes of files, used again and again: fresh memory costs more than reading into it."""

    def __init__(self) -> None:
        self._free: list[bytearray] = []

    def take(self, size: int) -> bytearray:
        """At least ``size`` bytes."""
        buffer = self._free.pop() if self._free else bytearray()
        return buffer if len(buffer) >= size else bytearray(size + _SPARE)

    def give(self, buffer: bytearray | None) -> None:
        """Hand a buffer back that nothing looks at any more."""
        if buffer is not None:
            self._free.append(buffer)


class Frames:
    """The frames of one object. With ``buffers`` the bytes of a plain slice are read into one of them,
    ``buffer``, which is its reader's to hand back."""

    def __init__(self, source: DicomObject, limits: Limits, buffers: Buffers | None = None) -> None:
        self.source = source
        self.buffer: bytearray | None = None
        self._limits = limits
        self._data: bytes | memoryview
        _check(source, limits)
        try:
            if buffers is not None and source.plain and source.size <= _MOST_BUFFERED:
                self.buffer = buffers.take(source.size + 1)
                self._data = _read_into(self.buffer, source)
            else:
                self._data = source.path.read_bytes()
        except OSError as exc:
            raise VolumeError(
                f"The file can't be read: {exc.strerror or exc}.", remedy="Check its rights."
            ) from exc
        self._palette: Any = None
        self._pieces: list[bytes] | None = None

    def sha256(self) -> str:
        """The hash of the very bytes that are decoded. It leaves the interpreter's lock while it runs."""
        return hashlib.sha256(self._data).hexdigest()

    def __getitem__(self, number: int) -> Array:
        """Frame ``number``: rows x columns, or rows x columns x 3 of bytes for colour."""
        made = self._plain() if self.source.plain else self._decoded(number)
        wanted: tuple[int, ...] = (self.source.rows, self.source.columns)
        if made.ndim == 3:
            wanted = (*wanted, 3)
        if made.shape != wanted:
            raise VolumeError(
                f"The decoded frame is {_shown(made.shape)}, the header says {_shown(wanted)}.",
                remedy="The pixel data and the header contradict each other; send the file again.",
            )
        return made

    def _plain(self) -> Array:
        source = self.source
        kind = np.dtype(f"{'i' if source.signed else 'u'}{source.bits_allocated // 8}").newbyteorder("<")
        count = source.rows * source.columns
        _check_length(source, len(self._data))
        stored = np.frombuffer(self._data, kind, count=count, offset=source.scan.pixel_start)
        return cut_bits(stored.reshape(source.rows, source.columns), source)

    def _decoded(self, number: int) -> Array:
        source = self.source
        if source.scan.pixel_tag != PIXELS:
            return self._floats(number)
        from pydicom.pixels.decoders.base import get_decoder
        from pydicom.uid import UID

        if source.syntax == _EXTENDED_JPEG and source.bits_allocated > 8:
            raise VolumeError(
                "JPEG Extended of 12 bits is a syntax that no decoder here reads.",
                remedy="Convert the file to an uncompressed syntax (DCMTK's dcmdjpeg does it).",
            )
        try:
            if source.bits_allocated == 1:
                return self._bits(number)
            decoder = get_decoder(UID(source.syntax))
            # pydicom's own annotation of these options is narrower than what it takes.
            options: dict[str, Any] = {
                "transfer_syntax_uid": UID(source.syntax),
                "rows": source.rows,
                "columns": source.columns,
                "samples_per_pixel": source.samples,
                "photometric_interpretation": source.photometric,
                "bits_allocated": source.bits_allocated,
                "bits_stored": source.bits_stored,
                "pixel_representation": int(source.signed),
                "number_of_frames": 1,
                "planar_configuration": source.count(0x00280006),
                "pixel_keyword": "PixelData",
            }
            raw = source.photometric == "PALETTE COLOR"
            made, _ = decoder.as_array(self._one_frame(number), index=0, raw=raw, **options)
        except NotImplementedError as exc:
            raise VolumeError(
                f"The transfer syntax {source.syntax} is not one that is decoded.",
                remedy="Convert the file to an uncompressed syntax.",
            ) from exc
        except (MemoryError, VolumeError, KeyboardInterrupt, SystemExit, GeneratorExit):
            raise
        except BaseException as exc:  # a decoder written in Rust panics with what is no Exception
            raise VolumeError(
                f"The pixel data can't be decoded ({type(exc).__name__}: {_first_line(exc)}).",
                remedy="Send the file again from where it came.",
            ) from exc
        if source.photometric == "PALETTE COLOR":
            return self._coloured(made)
        if made.ndim == 3 and made.dtype != np.uint8:
            raise VolumeError(
                f"Colour of {made.dtype.itemsize * 8} bits a sample is not read.",
                remedy="Convert it to 8 bits.",
            )
        return made if source.bits_allocated in (1, 64) or made.ndim == 3 else cut_bits(made, source)

    def _holder(self) -> bytes:
        assert isinstance(self._data, bytes)  # only plain slices are read into buffers
        return self._data if self.source.scan.inflated is None else self.source.scan.inflated

    def _one_frame(self, number: int) -> bytes:
        """The pixel data of one frame, as an object of that frame alone would hold them."""
        source, holder = self.source, self._holder()
        start = source.scan.pixel_start
        if source.scan.encapsulated:
            frame = self._encapsulated()[number]
            if source.syntax.startswith(_JPEG_FAMILY) and _END_OF_IMAGE not in frame[-_TAIL:]:
                raise VolumeError(
                    f"Frame {number + 1} ends before its end marker.",
                    remedy="The file was cut short; send it again.",
                )
            # An empty offset table and one item (PS3.5, A.4).
            head = b"\xfe\xff\x00\xe0\x00\x00\x00\x00\xfe\xff\x00\xe0"
            return head + len(frame).to_bytes(4, "little") + frame
        _check_length(source, len(holder))
        size = _frame_bits(source) // 8
        return holder[start + number * size : start + (number + 1) * size]

    def _encapsulated(self) -> list[bytes]:
        if self._pieces is None:
            from pydicom.encaps import generate_frames

            source = self.source
            data = self._holder()[source.scan.pixel_start :]
            self._pieces = [
                piece + b"\0" * (len(piece) % 2)
                for piece in generate_frames(data, number_of_frames=source.frames)
            ]
            if len(self._pieces) < source.frames:
                raise VolumeError(
                    f"The pixel data hold {len(self._pieces)} frames, the header says {source.frames}.",
                    remedy="The file was cut short or its header lies; send it again.",
                )
        return self._pieces

    def _bits(self, number: int) -> Array:
        """A frame of one bit a pixel; frames follow one another without filling up bytes."""
        source = self.source
        if source.scan.encapsulated or source.samples != 1:
            raise VolumeError("Compressed bit masks are not read.", remedy="Convert the file.")
        _check_length(source, len(self._holder()))
        size = source.rows * source.columns
        first, skip = divmod(number * size, 8)
        start = source.scan.pixel_start + first
        packed = np.frombuffer(self._holder(), np.uint8, count=(skip + size + 7) // 8, offset=start)
        bits = np.unpackbits(packed, bitorder="little")[skip : skip + size]
        return bits.reshape(source.rows, source.columns)

    def _floats(self, number: int) -> Array:
        source = self.source
        kind = np.dtype("f4" if source.bits_allocated == 32 else "f8").newbyteorder(
            "<" if source.scan.little else ">"
        )
        size = source.rows * source.columns
        start = source.scan.pixel_start + number * size * kind.itemsize
        holder = self._holder()
        if start + size * kind.itemsize > len(holder):
            raise VolumeError("The pixel data end before the last frame.", remedy="Send the file again.")
        made = np.frombuffer(holder, kind, count=size, offset=start)
        return made.reshape(source.rows, source.columns).astype(kind.newbyteorder("="))

    def _coloured(self, indices: Array) -> Array:
        """Palette indices as RGB (PS3.3, C.7.6.3.1.5)."""
        import io

        import pydicom
        from pydicom.pixels.processing import apply_color_lut

        try:
            if self._palette is None:
                self._palette = pydicom.dcmread(io.BytesIO(self._data), stop_before_pixels=True, force=True)
            made: Array = apply_color_lut(indices, self._palette)
        except MemoryError:
            raise
        except Exception as exc:
            raise VolumeError(
                f"The colour palette can't be applied ({type(exc).__name__}: {_first_line(exc)}).",
                remedy="Send the file again from where it came.",
            ) from exc
        # Palettes are mostly 16 bit; what is shown are the upper eight.
        return (made >> 8).astype(np.uint8) if made.dtype.itemsize == 2 else made


def _read_into(buffer: bytearray, source: DicomObject) -> bytes | memoryview:
    """The file's bytes, in ``buffer`` as far as they fit (they do, unless the file grew)."""
    view = memoryview(buffer)
    done = 0
    with open(source.path, "rb", buffering=0) as handle:
        while done < len(view) and (count := handle.readinto(view[done:])):
            done += count
    return view[:done] if done < len(view) else source.path.read_bytes()


def cut_bits(stored: Array, source: DicomObject) -> Array:
    """Stored values without what lies above the high bit, sign-extended where they are signed."""
    width = stored.dtype.itemsize * 8
    bits, high = source.bits_stored, source.high_bit
    if bits >= width or high >= width or stored.dtype.kind not in "iu":
        return stored
    up = width - 1 - high
    moved = stored << up if up else stored
    return moved >> (width - bits)


def stored_range(source: DicomObject) -> tuple[int, int]:
    """The smallest and largest value that the header allows."""
    bits = min(source.bits_stored, source.bits_allocated)
    return (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if source.signed else (0, (1 << bits) - 1)


def _check(source: DicomObject, limits: Limits) -> None:
    """Refuse what the header can't mean, before the file is read into memory."""
    if source.bits_allocated not in _WIDTHS or not 1 <= source.bits_stored <= source.bits_allocated:
        raise VolumeError(
            f"{source.bits_stored} of {source.bits_allocated} bits a pixel can't be read.",
            remedy="Correct BitsAllocated and BitsStored at the source.",
        )
    if not source.bits_stored - 1 <= source.high_bit < max(source.bits_allocated, 1):
        raise VolumeError(
            f"The high bit {source.high_bit} does not fit {source.bits_stored} stored bits.",
            remedy="Correct HighBit at the source.",
        )
    if source.samples not in (1, 3) or source.frames < 1:
        raise VolumeError(
            f"{source.samples} samples a pixel and {source.frames} frames can't be read.",
            remedy="Only grey and three-colour images are.",
        )
    if source.samples == 1 and source.photometric not in (*_GREY, "PALETTE COLOR"):
        raise VolumeError(
            f"One sample a pixel contradicts {source.photometric or 'no photometric interpretation'}.",
            remedy="Correct the header.",
        )
    width = max(source.bits_allocated // 8, 1)
    size = limits.check_shape(
        (source.frames, source.rows, source.columns, source.samples), itemsize=width, what="The object"
    )
    if source.size > limits.bytes + limits.header_bytes:
        raise VolumeError(f"The file has {source.size:,} bytes.", remedy="Raise the limit to read it.")
    if source.scan.encapsulated and size > max(source.size * limits.expansion, _SMALL_FRAME):
        raise VolumeError(
            f"{source.size:,} bytes can't hold the {size:,} bytes of pixels that the header claims.",
            remedy="The header lies; send the file again.",
        )
    if source.syntax not in NATIVE and not source.scan.encapsulated:
        raise VolumeError(
            "The transfer syntax is a compressed one, the pixel data are not encapsulated.",
            remedy="Send the file again from where it came.",
        )
    if source.syntax in NATIVE and source.scan.encapsulated:
        raise VolumeError(
            "The transfer syntax is uncompressed, the pixel data are encapsulated.",
            remedy="Send the file again from where it came.",
        )


def _check_length(source: DicomObject, available: int) -> None:
    needed = -(-source.frames * _frame_bits(source) // 8)
    claimed = source.scan.pixel_length or 0
    there = min(claimed, available - source.scan.pixel_start)
    if there < needed:
        raise VolumeError(
            f"The pixel data have {max(there, 0):,} bytes, the header needs {needed:,}.",
            remedy="The file was cut short or its header lies; send it again.",
        )


def _frame_bits(source: DicomObject) -> int:
    bits = source.rows * source.columns * source.samples * source.bits_allocated
    return bits * 2 // 3 if source.photometric == "YBR_FULL_422" else bits


def _shown(shape: tuple[int, ...]) -> str:
    return "x".join(str(side) for side in shape)


def _first_line(exc: BaseException) -> str:
    text = " ".join(line.strip() for line in str(exc).splitlines()[:2])[:240]
    return "".join(char if char.isprintable() else "?" for char in text)
