"""The errors of the library: one base class, and one class per room of the house.

Every message answers three questions: what failed, on which file or item, and what to do next.
The command line prints the message alone; ``--debug`` shows the traceback.
"""

from __future__ import annotations


class GrandRoundsError(Exception):
    """Base of every error this library raises on purpose.

    ``what`` says what failed and on which file or item; ``remedy`` says what to do next.
    """

    def __init__(self, what: str, *, remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what} {self.remedy}".strip()


class SettingsError(GrandRoundsError):
    """A flag, environment variable or settings file holds something that can't be used."""


class ContractError(GrandRoundsError):
    """A table, or a contract file itself, breaks its data contract."""


class RecipeError(GrandRoundsError):
    """A recipe (``defs.yaml``) or a prompt it names is wrong."""


class SourceError(GrandRoundsError):
    """One source can't be read. Readers raise it; the run turns it into a row with a status."""


class LakeError(GrandRoundsError):
    """The lake (tables and media) can't be read or written."""


class LedgerError(GrandRoundsError):
    """The ledger of model requests can't be opened, is locked, or is damaged."""


class ModelError(GrandRoundsError):
    """A model endpoint can't be used at all (wrong key, unknown model, nothing listening)."""


class RequestsError(GrandRoundsError):
    """Requests can't be exported, submitted or found again, or files of answers can't be read."""


class ReviewError(GrandRoundsError):
    """The review database or a file of review events can't be used."""


class ReleaseError(GrandRoundsError):
    """A release can't be written, or what is on disk is not a release."""


class MissingDependencyError(GrandRoundsError):
    """An optional dependency is absent; the message names the install line."""


class EngineError(GrandRoundsError):
    """Work can't be spread: a process doesn't start, or the Ray cluster can't be used."""


class ContaminationError(GrandRoundsError):
    """Items, or what they are held against, can't be read, or a manifest of a check can't be written."""


class TimingError(GrandRoundsError):
    """A release can't be cut by date, or results, dates or models' cut-offs can't be used."""
