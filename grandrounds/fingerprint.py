"""Content hashes: the same thing always gets the same name, on every machine.

``canonical`` turns a value into bytes with one spelling only (sorted keys, no spaces, UTF-8, NFC is
*not* applied: text is evidence and stays as it is). All ids of the project are built on it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any


def canonical(value: Any) -> bytes:
    """``value`` (JSON types only) as bytes with exactly one spelling. NaN is refused."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode("utf-8")


def sha256_bytes(data: bytes) -> str:
    """SHA-256 of ``data`` as 64 lower-case hex digits."""
    return hashlib.sha256(data).hexdigest()


def sha256_text(text: str) -> str:
    """SHA-256 of ``text`` in UTF-8."""
    return sha256_bytes(text.encode("utf-8"))


def sha256_value(value: Any) -> str:
    """SHA-256 of the canonical spelling of ``value``."""
    return sha256_bytes(canonical(value))


def sha256_file(path: Path) -> str:
    """SHA-256 of a file's bytes, read in pieces so that a large film costs no memory."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def content_id(prefix: str, value: Any) -> str:
    """A short content id: ``prefix``, a dash, and 96 bits of hash (24 hex digits)."""
    return f"{prefix}-{sha256_value(value)[:24]}"


def unit_interval(*parts: str) -> float:
    """A number in [0, 1) fixed by ``parts``: the project's replacement for randomness."""
    digest = hashlib.sha256("\x1f".join(parts).encode("utf-8")).digest()
    return int.from_bytes(digest[:7], "big") / (1 << 56)


@cache
def code_fingerprint(*modules: str) -> str:
    """Hash of the source files of packages or modules of this project (dotted names).

    Stored beside what the code made, so that changed code is noticed without anybody having to
    remember to raise a version number. Data files beside the code (YAML, Markdown) count too.
    """
    root = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    for path in sorted(_source_files(root, modules)):
        digest.update(_file_line(path, root))
    return digest.hexdigest()[:16]


def folder_fingerprint(folder: Path) -> str:
    """Hash of every file below ``folder`` by relative name and bytes (prompts, for example)."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(_file_line(path, folder))
    return digest.hexdigest()[:16]


def _file_line(path: Path, root: Path) -> bytes:
    """Name and hash of a file, so that no byte can be moved between a name and a content unseen."""
    return canonical([path.relative_to(root).as_posix(), sha256_file(path)])


def _source_files(root: Path, modules: Iterable[str]) -> Iterable[Path]:
    for module in modules:
        base = root.joinpath(*module.split("."))
        if base.is_dir():
            yield from (path for path in base.rglob("*") if path.suffix in {".py", ".yaml", ".md", ".j2"})
        else:
            yield base.with_suffix(".py")
