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

import orjson

_LEAVES: frozenset[type] = frozenset({str, int, bool, type(None)})
_LEAVES_AND_FRACTIONS = _LEAVES | {float}
_DEEPEST = 100  # a level of Python's own recursion each; orjson's limit is 254


def canonical(value: Any) -> bytes:
    """``value`` (JSON types only) as bytes with exactly one spelling. NaN is refused.

    The spelling is that of the standard library's ``json``. Where orjson's is surely the same, it
    writes: four times as fast, checks included, and every request and answer passes here.
    """
    quick = _written_by_orjson(value, _LEAVES_AND_FRACTIONS)
    return _written_by_json(value) if quick is None else quick


def canonical_if_exact(value: Any) -> bytes | None:
    """``canonical(value)``, but ``None`` where a reader that isn't exact may have changed the value.

    That is where a fraction is in it (perhaps a whole number too large for the reader, or ``-0``), or
    great depth.
    """
    return _written_by_orjson(value, _LEAVES)


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


def _written_by_json(value: Any) -> bytes:
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode("utf-8")


def _written_by_orjson(value: Any, leaves: frozenset[type]) -> bytes | None:
    """The same bytes as ``json`` writes, or ``None`` where they may differ."""
    if not _is_plain(value, leaves, 0):
        return None
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:  # whole numbers over 64 bits, half characters
        return None


def _is_plain(value: Any, leaves: frozenset[type], depth: int) -> bool:
    """Whether ``value`` is of exact JSON types with names of text, and no number needs an exponent."""
    if depth == _DEEPEST:
        return False
    kind = type(value)
    if kind is dict:
        for name, inner in value.items():
            if type(name) is not str:
                return False
            if type(inner) not in _LEAVES and not _is_plain(inner, leaves, depth + 1):
                return False
        return True
    if kind is list or kind is tuple:
        for inner in value:
            if type(inner) not in _LEAVES and not _is_plain(inner, leaves, depth + 1):
                return False
        return True
    return kind in leaves and (kind is not float or _is_plain_fraction(value))


def _is_plain_fraction(value: float) -> bool:
    """Both write the shortest digits that name the number; they differ in when they use an exponent."""
    return value == 0 or 1e-4 <= abs(value) < 1e15


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
