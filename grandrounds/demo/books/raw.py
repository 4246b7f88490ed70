"""PDF files written byte by byte, for what no library writes: locks, bombs and other oddities."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

_PAD = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")
_FIXED_ID = hashlib.md5(b"grand rounds demo", usedforsecurity=False).digest()
_PIECE = 1 << 24  # bytes of zeros that are packed at a time


@dataclass(frozen=True, slots=True)
class Stream:
    """An object with bytes: its dictionary's entries, and the bytes."""

    entries: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """RC4 with 128 bits (PDF 1.4): the passwords, and the bits of what may be done."""

    user: str
    owner: str
    allowed: int

    def owner_entry(self) -> bytes:
        """/O: the padded user password, locked with the owner's."""
        key = _digest(_padded(self.owner), times=51)
        made = _padded(self.user)
        for turn in range(20):
            made = rc4(bytes(byte ^ turn for byte in key), made)
        return made

    def key(self) -> bytes:
        """The key of the file."""
        bits = (self.allowed & 0xFFFFFFFF).to_bytes(4, "little")
        return _digest(_padded(self.user) + self.owner_entry() + bits + _FIXED_ID, times=51)

    def user_entry(self) -> bytes:
        """/U: what a reader checks a password with."""
        key = self.key()
        made = hashlib.md5(_PAD + _FIXED_ID, usedforsecurity=False).digest()
        for turn in range(20):
            made = rc4(bytes(byte ^ turn for byte in key), made)
        return made + bytes(16)

    def dictionary(self) -> str:
        """The trailer's /Encrypt."""
        return (
            f"<< /Filter /Standard /V 2 /R 3 /Length 128 /P {self.allowed} "
            f"/O <{self.owner_entry().hex()}> /U <{self.user_entry().hex()}> >>"
        )


def document(objects: Sequence[str | Stream], *, lock: Lock | None = None) -> bytes:
    """A PDF 1.4 of these objects, numbered from 1; the first is the catalogue. Strings stay unlocked, so
    a locked file should have none outside its streams."""
    made = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(made))
        if isinstance(body, Stream):
            data = rc4(_object_key(lock, number), body.data) if lock else body.data
            told = f"<< {body.entries} /Length {len(data)} >>\nstream\n".encode("latin-1")
            content = told + data + b"\nendstream"
        else:
            content = body.encode("latin-1")
        made += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    encrypt = f" /Encrypt {lock.dictionary()}" if lock else ""
    name = _FIXED_ID.hex()
    trailer = f"trailer\n<< /Size {size} /Root 1 0 R /ID [<{name}> <{name}>]{encrypt} >>\n".encode(
        "latin-1"
    )
    end = b"startxref\n%d\n%%%%EOF\n" % len(made)
    return made + b"xref\n0 %d\n0000000000 65535 f \n" % size + table + trailer + end


def one_page(
    content: str, *, resources: str = "", catalogue: str = "", more: Sequence[str | Stream] = ()
) -> list[str | Stream]:
    """The objects of a document with one page of A4: 5 is the font /F1, ``more`` are numbered from 6."""
    return [
        f"<< /Type /Catalog /Pages 2 0 R {catalogue} >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        f"/Resources << /Font << /F1 5 0 R >> {resources} >> >>",
        Stream("", content.encode("latin-1")),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        *more,
    ]


def packed_zeros(count: int) -> bytes:
    """``count`` zeros (a multiple of 16 MiB) as a zlib stream, made without ever holding them."""
    engine = zlib.compressobj(9)
    start = engine.compress(bytes(_PIECE)) + engine.flush(zlib.Z_FULL_FLUSH)
    again = engine.compress(bytes(_PIECE)) + engine.flush(zlib.Z_FULL_FLUSH)
    # An empty last block, then Adler-32 of zeros: 1 below, their number above.
    end = b"\x03\x00" + ((count % 65521) << 16 | 1).to_bytes(4, "big")
    return start + again * (count // _PIECE - 1) + end


def rc4(key: bytes, data: bytes) -> bytes:
    """RC4, which locks and unlocks."""
    box = list(range(256))
    j = 0
    for i in range(256):
        j = (j + box[i] + key[i % len(key)]) % 256
        box[i], box[j] = box[j], box[i]
    made = bytearray()
    i = j = 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + box[i]) % 256
        box[i], box[j] = box[j], box[i]
        made.append(byte ^ box[(box[i] + box[j]) % 256])
    return bytes(made)


def _object_key(lock: Lock, number: int) -> bytes:
    salted = lock.key() + number.to_bytes(3, "little") + bytes(2)
    return hashlib.md5(salted, usedforsecurity=False).digest()


def _padded(password: str) -> bytes:
    return (password.encode("latin-1") + _PAD)[:32]


def _digest(data: bytes, *, times: int) -> bytes:
    for _ in range(times):
        data = hashlib.md5(data, usedforsecurity=False).digest()
    return data
