"""What a worker is told when it begins: where to ask, with which key, where to file.

It goes from actor to actor, once a worker, and is written down nowhere: Ray logs the environment that
workers are started with, so the key can't travel there; nor does it stand in any row.
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from grandrounds import __version__
from grandrounds.errors import EngineError, LedgerError
from grandrounds.llm.prices import Prices

if TYPE_CHECKING:
    from grandrounds.llm.client import ModelClient
    from grandrounds.llm.purse import Purse

_SQLITE = "sqlite:///"
_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A worker's post. ``concurrency`` is for all workers together until ``shared`` divides it.

    ``ledger_mark`` tells the ledger's file from any other (empty for a database server). Limits aren't
    in it: all workers draw on one purse.
    """

    model: str
    base_url: str
    local: bool
    timeout_seconds: float
    concurrency: int
    grace_seconds: float
    serve_refused: bool
    prices: Prices
    lake_url: str = ""
    api_key: str = field(default="", repr=False)
    ledger_url: str = field(repr=False)
    ledger_mark: str = ""
    version: str = __version__

    def pack(self) -> bytes:
        """As JSON. Holds secrets."""
        return orjson.dumps(asdict(self))

    @classmethod
    def unpack(cls, data: bytes) -> Post:
        """Raises ``EngineError`` when it comes from another version of this project."""
        read = orjson.loads(data)
        if read.get("version") != __version__:
            raise EngineError(
                f"A node of the Ray cluster has grandrounds {__version__}, this run {read.get('version')}.",
                remedy="Install the same version on every node.",
            )
        return cls(**{**read, "prices": Prices(**read["prices"])})


def needs_this_machine(ledger_url: str) -> bool:
    """Whether the ledger is a file, which only processes of this machine can share."""
    return not ledger_url.startswith(("postgresql", "postgres:"))


def ledger_file(ledger_url: str) -> Path:
    """The file of a ledger that is one."""
    return Path(ledger_url.removeprefix(_SQLITE))


def mark_of(ledger_url: str) -> str:
    """What is the same only for the same file on the same machine; empty for a database server.

    The file must exist.
    """
    if not needs_this_machine(ledger_url):
        return ""
    stat = ledger_file(ledger_url).stat()
    return f"{_machine()}:{stat.st_dev}:{stat.st_ino}"


def open_client(post: Post, *, purse: Purse) -> ModelClient:
    """A worker's own live client. Raises ``LedgerError`` when it would file elsewhere than the others."""
    from grandrounds.lake import Lake
    from grandrounds.llm.backends.endpoint import Endpoint
    from grandrounds.llm.backends.http import HttpBackend
    from grandrounds.llm.client import ModelClient
    from grandrounds.llm.ledger import open_ledger

    _refuse_other_file(post)
    endpoint = Endpoint(base_url=post.base_url, local=post.local, api_key=post.api_key)
    return ModelClient(
        open_ledger(post.ledger_url),
        HttpBackend(
            endpoint,
            media=Lake(post.lake_url) if post.lake_url else None,
            timeout_seconds=post.timeout_seconds,
        ),
        model=post.model,
        concurrency=post.concurrency,
        grace_seconds=post.grace_seconds,
        serve_refused=post.serve_refused,
        purse=purse,
    )


def one_machine_error(ledger_url: str, others: object) -> LedgerError:
    """The error for a ledger in a file and workers on several machines."""
    return LedgerError(
        f"The ledger {ledger_file(ledger_url)} is a SQLite file, and the Ray cluster has nodes on other "
        f"machines ({others}): they can't share it.",
        remedy="Set GRANDROUNDS_LEDGER_URL to a PostgreSQL database that all nodes reach "
        "(postgresql://USER@HOST/NAME).",
    )


def _refuse_other_file(post: Post) -> None:
    """Looked at before the ledger is opened, which would make a new file."""
    if not needs_this_machine(post.ledger_url):
        return
    try:
        mark = mark_of(post.ledger_url)
    except OSError:
        mark = ""
    if mark != post.ledger_mark:
        raise one_machine_error(post.ledger_url, "one sees another file at that path")


def _machine() -> str:
    try:
        return _BOOT.read_text().strip()
    except OSError:  # no Linux
        return os.uname().nodename
