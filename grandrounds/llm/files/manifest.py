"""What an export holds: one small JSON file beside its shards, written last.

    DIR/manifest.json              this
    DIR/NAME-00001.jsonl           a shard: requests as OpenAI Batch JSONL
    DIR/index/NAME-00001.tsv       where in the shard each request stands, and which form it has

A folder without a manifest is no export, or one that was interrupted. The manifest and the index hold no
word of any request.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from grandrounds import __version__
from grandrounds.errors import RequestsError
from grandrounds.fingerprint import sha256_bytes
from grandrounds.llm.backends.dialect import Dialect
from grandrounds.llm.request import KEY_VERSION

NAME = "manifest.json"
INDEX = "index"
VERSION = 1


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Form(_Part):
    """What a request's body doesn't hold, shared by many requests."""

    prompt_name: str
    prompt_version: str
    prompt_sha256: str
    schema_name: str


class Shard(_Part):
    """One file of requests to one model, of which ``protected`` hold protected evidence. ``bytes`` and
    ``sha256`` are the whole file's."""

    file: str = Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*\.jsonl$")
    model: str
    requests: int = Field(ge=1)
    protected: int = Field(default=0, ge=0)
    bytes: int = Field(ge=1)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")

    @property
    def index(self) -> str:
        """The shard's index, relative to the export."""
        return f"{INDEX}/{self.file.removesuffix('.jsonl')}.tsv"


class Spelling(_Part):
    """The dialect of the bodies; see ``grandrounds.llm.backends.dialect``."""

    schema_in_prompt: bool = False
    completion_tokens: bool = False

    def dialect(self) -> Dialect:
        """As the wire takes it."""
        return Dialect(schema_in_prompt=self.schema_in_prompt, completion_tokens=self.completion_tokens)


class Manifest(_Part):
    """An export. ``local`` says that protected evidence may be in it, because somebody vouched for where
    its files go; ``left_out`` counts, by reason, the requests that were asked for and are not in it.
    """

    format: Literal["grandrounds-requests"] = "grandrounds-requests"
    version: int = VERSION
    made_by: str = f"grandrounds {__version__}"
    key_version: int = KEY_VERSION
    recipe: str = ""
    stage: str = ""
    local: bool = False
    dialect: Spelling = Spelling()
    forms: tuple[Form, ...] = ()
    shards: tuple[Shard, ...] = ()
    left_out: dict[str, int] = Field(default_factory=dict)

    @property
    def requests(self) -> int:
        """How many requests there are in all shards."""
        return sum(shard.requests for shard in self.shards)

    @property
    def models(self) -> tuple[str, ...]:
        """The models that are asked."""
        return tuple(dict.fromkeys(shard.model for shard in self.shards))

    @property
    def export_id(self) -> str:
        """Names the content: exports with the same requests in the same shards have the same."""
        return f"export-{sha256_bytes(self.model_dump_json().encode())[:24]}"


def is_export(folder: Path) -> bool:
    """Whether there is a manifest."""
    return (folder / NAME).is_file()


def read_manifest(folder: Path) -> Manifest:
    """The manifest of the export in ``folder``. Raises ``RequestsError`` without a whole one."""
    path = folder / NAME
    try:
        data = path.read_bytes()
    except FileNotFoundError as exc:
        raise RequestsError(
            f"{folder} holds no exported requests ({NAME} is missing).",
            remedy="Give the folder that `grandrounds requests export` wrote, manifest included.",
        ) from exc
    except OSError as exc:
        raise RequestsError(f"{path} can't be read: {exc.strerror or exc}.") from exc
    try:
        manifest = Manifest.model_validate_json(data)
    except ValidationError as exc:
        fault = exc.errors()[0]
        place = ".".join(map(str, fault["loc"]))
        raise RequestsError(
            f"{path} is damaged or not from this program ({place}: {fault['msg']}).",
            remedy="Export the requests again.",
        ) from exc
    if manifest.version > VERSION or manifest.key_version != KEY_VERSION:
        raise RequestsError(
            f"{path} was written by another version of this program ({manifest.made_by}).",
            remedy="Export the requests again with this one, or import with that one.",
        )
    return manifest


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest whole or not at all."""
    replace_file(folder / NAME, manifest.model_dump_json(indent=2).encode() + b"\n")


def replace_file(path: Path, data: bytes) -> None:
    """Write a file by rename, synced, so that a crash leaves the old or the new one whole."""
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("wb") as handle:
        handle.write(data)
        handle.flush()
        os.fsync(handle.fileno())
    temporary.replace(path)
