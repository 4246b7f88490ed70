"""Fan-out of work over processes: this machine's by default, a Ray cluster's by choice."""

from grandrounds.engine.base import Done, Engine, Fault

__all__ = ["Done", "Engine", "Fault"]
