"""The Batch API of one endpoint, through the ``openai`` package: files up and down, batches in between.

Nothing here decides or remembers anything; ``batches`` does. Redirects are not followed, a proxy is used
only for endpoints that aren't local, and the key is in no message.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from grandrounds.errors import ModelError, RequestsError
from grandrounds.llm.backends.endpoint import Endpoint, is_loopback
from grandrounds.llm.files.lines import URL, short

if TYPE_CHECKING:
    from openai import OpenAI
    from openai.types import Batch

_T = TypeVar("_T")
_WINDOW: Final = "24h"  # the only one there is
_TRIES = 5  # of calls that may be repeated
_TIMEOUT_SECONDS = 120.0
_UPLOAD_SECONDS = 1800.0
_LARGEST_DOWNLOAD = 8 * 1000 * 1000 * 1000
_PIECE = 1 << 20

#: Statuses of a batch that nothing more comes of.
ENDED = frozenset({"completed", "failed", "expired", "cancelled"})
_EARLY = ENDED - {"completed"}
_MOST_LISTED = 20_000  # batches that are looked through; a service that lists without end is no service
_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}")


def is_barren(status: str, output_file: str) -> bool:
    """Whether a batch ended early without a single line of output."""
    return status in _EARLY and not output_file


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchState:
    """A batch as the service tells it. ``words`` say why it failed, if it did."""

    batch_id: str
    status: str
    metadata: Mapping[str, str]
    output_file: str = ""
    error_file: str = ""
    total: int = 0
    completed: int = 0
    failed: int = 0
    words: str = ""

    @property
    def ended(self) -> bool:
        """Whether nothing more comes."""
        return self.status in ENDED

    @property
    def barren(self) -> bool:
        """Whether it ended early and brought nothing: submitting the shard again pays nothing twice."""
        return is_barren(self.status, self.output_file)


class Unsure(Exception):  # noqa: N818 - not an error by itself: it has to be looked whether it was done
    """A call whose reply never came: it may have been carried out."""


class BatchService:
    """The Batch API at ``endpoint``. Close it, or use it in a ``with``.

    Every call raises ``ModelError`` when the key is refused and ``RequestsError`` for all else.
    """

    def __init__(self, endpoint: Endpoint, *, tries: int = _TRIES) -> None:
        self.endpoint = endpoint
        self._tries = tries
        self._made: OpenAI | None = None

    def __enter__(self) -> BatchService:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close connections."""
        if self._made is not None:
            self._made.close()

    def upload(self, path: Path, *, name: str) -> str:
        """Upload a shard under ``name``; gives the file's id."""
        with path.open("rb") as handle:
            return self._told(
                lambda api: (
                    api.with_options(max_retries=0, timeout=_UPLOAD_SECONDS)
                    .files.create(file=(name, handle, "application/jsonl"), purpose="batch")
                    .id
                )
            )

    def find_upload(self, *, name: str, size: int) -> str:
        """The id of an uploaded file of that name and size; empty when there is none."""

        def find(api: OpenAI) -> str:
            for file in api.files.list(purpose="batch"):
                if file.filename == name and file.bytes == size and file.status != "error":
                    return file.id
            return ""

        return self._told(find)

    def create(self, file_id: str, *, metadata: Mapping[str, str]) -> BatchState:
        """Start a batch. Raises ``Unsure`` when no reply came: then look before you try again."""
        import openai

        try:
            return self._told(
                lambda api: _state(
                    api.with_options(max_retries=0).batches.create(
                        input_file_id=file_id,
                        endpoint=URL,
                        completion_window=_WINDOW,
                        metadata=dict(metadata),
                    )
                ),
                unsure=(openai.APIConnectionError, openai.InternalServerError, openai.ConflictError),
            )
        except Unsure as exc:
            raise Unsure(f"{self.endpoint.base_url}: {exc}") from exc

    def get(self, batch_id: str) -> BatchState:
        """How a batch is."""
        return self._told(lambda api: _state(api.batches.retrieve(batch_id)))

    def all(self) -> Iterator[BatchState]:
        """Every batch of this key, the newest first."""
        yield from self._told(
            lambda api: [_state(batch) for batch in islice(api.batches.list(limit=100), _MOST_LISTED)]
        )

    def cancel(self, batch_id: str) -> BatchState:
        """Ask to end a batch. What was answered until then comes as its output."""
        return self._told(lambda api: _state(api.batches.cancel(batch_id)))

    def download(self, file_id: str, path: Path) -> None:
        """Download a file to ``path``, whole or not at all."""
        part = path.with_name(f".{path.name}.part")
        path.parent.mkdir(parents=True, exist_ok=True)

        def fetch(api: OpenAI) -> None:
            with api.files.with_streaming_response.content(file_id) as reply, part.open("wb") as handle:
                for piece in reply.iter_bytes(_PIECE):
                    if handle.tell() + len(piece) > _LARGEST_DOWNLOAD:
                        raise RequestsError(f"The file {file_id} has more than {_LARGEST_DOWNLOAD} bytes.")
                    handle.write(piece)
                handle.flush()
                os.fsync(handle.fileno())

        self._told(fetch)
        part.replace(path)

    def _api(self) -> OpenAI:
        if self._made is None:
            import openai

            ours = self.endpoint.local or is_loopback(self.endpoint.base_url)
            self._made = openai.OpenAI(
                base_url=self.endpoint.base_url,
                api_key=self.endpoint.api_key or "none",  # the package insists on one
                max_retries=self._tries,
                timeout=_TIMEOUT_SECONDS,
                http_client=openai.DefaultHttpxClient(follow_redirects=False, trust_env=not ours),
            )
        return self._made

    def _told(self, call: Callable[[OpenAI], _T], *, unsure: tuple[type[Exception], ...] = ()) -> _T:
        with self._faults(unsure):
            return call(self._api())

    @contextmanager
    def _faults(self, unsure: tuple[type[Exception], ...]) -> Iterator[None]:
        """Errors of the package as errors of ours, without the key."""
        import openai

        where = self.endpoint.base_url
        try:
            yield
        except (openai.AuthenticationError, openai.PermissionDeniedError) as exc:
            raise ModelError(
                f"{where} refuses the key ({exc.status_code}).",
                remedy=f"Check {self.endpoint.key_setting}.",
            ) from exc
        except openai.NotFoundError as exc:
            raise RequestsError(
                f"{where} has no such file or batch, or no Batch API at all (404). {self._said(exc)}",
                remedy="Check the address. `vllm serve` has none: take the shards to `vllm run-batch`.",
            ) from exc
        except openai.APIError as exc:
            words = self._said(exc)
            if isinstance(exc, unsure):
                raise Unsure(words) from exc
            status = getattr(exc, "status_code", None)
            raise RequestsError(
                f"{where} did not do it{f' ({status})' if status else ''}: {words}",
                remedy="Run the same command again; what was done is noted and not done twice.",
            ) from exc
        except (AttributeError, TypeError, ValueError) as exc:  # the package takes any reply for its own
            raise RequestsError(
                f"The reply of {where} can't be understood ({type(exc).__name__}: {short(str(exc))}).",
                remedy="Check the address: it must be that of a Batch API.",
            ) from exc
        except OSError as exc:
            raise RequestsError(f"{exc.filename or 'A file'}: {exc.strerror or exc}.") from exc

    def _said(self, exc: Exception) -> str:
        body = getattr(exc, "body", None)
        words = body.get("message") if isinstance(body, dict) else None
        return short(self.endpoint.scrub(str(words or exc)))


def _state(batch: Batch) -> BatchState:
    counts = batch.request_counts
    return BatchState(
        batch_id=_id(batch.id),
        status=str(batch.status),
        metadata={str(name): str(value) for name, value in _mapping(batch.metadata).items()},
        output_file=_id(batch.output_file_id) if batch.output_file_id else "",
        error_file=_id(batch.error_file_id) if batch.error_file_id else "",
        total=counts.total if counts else 0,
        completed=counts.completed if counts else 0,
        failed=counts.failed if counts else 0,
        words=_reasons(batch),
    )


def _id(name: str) -> str:
    """An id, refused where it could be more than a name in an address or a folder."""
    if not isinstance(name, str) or not _ID.fullmatch(name):
        raise RequestsError(f"The service names a file or batch {short(str(name))!r}, which is no id.")
    return name


def _reasons(batch: Batch) -> str:
    data = batch.errors.data if batch.errors and batch.errors.data else []
    return short("; ".join(f"{fault.code or 'error'}: {fault.message or ''}" for fault in data[:3]))


def _mapping(value: Any) -> Mapping[Any, Any]:
    return value if isinstance(value, Mapping) else {}
