"""What an engine promises: the same for local processes and for a Ray cluster.

Work is a function at the top of a module, named to the workers and imported by them: no code travels, and
nothing that stands in data can become code. Items and results do travel, between processes of one owner.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

from grandrounds.errors import EngineError, GrandRoundsError

Item = TypeVar("Item")
Result = TypeVar("Result")


class Fault(StrEnum):
    """Why an item has no result."""

    NONE = ""
    DIED = "died"
    """The process that worked on it ended, each time it was tried."""
    LATE = "late"
    """It took longer than it may. It is not tried again."""
    RAISED = "raised"
    """The function raised. It is not tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done(Generic[Result]):
    """What became of one item: its ``value``, or a ``fault`` and the ``reason`` in words.

    ``tries`` counts how often it was begun.
    """

    value: Result | None = None
    fault: Fault = Fault.NONE
    reason: str = ""
    tries: int = 1

    @property
    def ok(self) -> bool:
        """Whether there is a result."""
        return self.fault is Fault.NONE

    def result(self) -> Result:
        """The result. Raises ``EngineError`` with the reason when there is none."""
        if not self.ok:
            raise EngineError(self.reason)
        return self.value  # type: ignore[return-value]


class Engine(Protocol):
    """Spreads items over workers. Used as a context manager; ``close`` gives back what it holds."""

    @property
    def name(self) -> str:
        """``local`` or ``ray``."""

    def map(
        self,
        work: Callable[[Item], Result],
        items: Iterable[Item],
        *,
        seconds: float | None = None,
        retries: int = 1,
    ) -> Iterator[Done[Result]]:
        """What became of each item, in the order of ``items``, which are read as they are needed.

        ``work`` is a function at the top of an importable module. An item on which its worker dies is
        begun again ``retries`` times; one that takes longer than ``seconds`` is given up and its worker
        ended. Neither disturbs the others. A few items for each worker are held at a time, whatever the
        length of ``items``. Leaving the iterator, also by Ctrl-C, ends the workers at once.

        Raises ``EngineError`` when ``work`` can't be named, an item can't be sent or no worker starts.
        """

    def close(self) -> None:
        """Give back what the engine holds."""

    def __enter__(self) -> Engine:
        """The engine, closed at the end of the block."""

    def __exit__(self, *error: object) -> None:
        """Close it."""


def name_of(work: Callable[..., Any]) -> str:
    """``MODULE:FUNCTION`` of a function at the top of a module. Raises ``EngineError`` for any other."""
    module, name = getattr(work, "__module__", ""), getattr(work, "__qualname__", "")
    spelled = f"{module}:{name}"
    if module in ("", "__main__", None) or not name.isidentifier() or _found(spelled) is not work:
        raise EngineError(
            f"{work!r} can't be given to workers: it is no function at the top of a module.",
            remedy="Give a module-level function of an importable module, without closures or partials.",
        )
    return spelled


def named(spelled: str) -> Callable[[Any], Any]:
    """The function that ``name_of`` named. Raises ``EngineError`` when there is none here."""
    work = _found(spelled)
    if not callable(work):
        raise EngineError(
            f"A worker finds no function {spelled!r}.",
            remedy="Install the same version of grandrounds, and of what extends it, on every node.",
        )
    return work  # type: ignore[no-any-return]


def attempt(work: Callable[[Any], Any], item: Any) -> Done[Any]:
    """``work`` on ``item``; what it raises becomes the reason."""
    try:
        return Done(value=work(item))
    except GrandRoundsError as exc:
        return Done(fault=Fault.RAISED, reason=str(exc))
    except Exception as exc:  # noqa: BLE001 - whatever the function raises is the item's, not the run's
        return Done(fault=Fault.RAISED, reason=f"{type(exc).__name__}: {exc}")


def _found(spelled: str) -> Any:
    module, _, name = spelled.partition(":")
    try:
        return getattr(importlib.import_module(module), name, None)
    except ImportError:
        return None
