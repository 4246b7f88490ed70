"""Which Batch API serves which model, and at what price, by the settings."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import TracebackType

from grandrounds.errors import RequestsError
from grandrounds.llm.files.service import BatchService
from grandrounds.llm.models import endpoint_of, key_of, load_models
from grandrounds.llm.models_file import ModelEntry
from grandrounds.llm.prices import Prices
from grandrounds.settings import Settings


class BatchEndpoints:
    """The services of the models that ``settings`` know. Close it, or use it in a ``with``."""

    def __init__(self, settings: Settings, *, environ: Mapping[str, str] | None = None) -> None:
        self._settings = settings
        self._environ = os.environ if environ is None else environ
        self._services: dict[str, BatchService] = {}

    def __enter__(self) -> BatchEndpoints:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close connections."""
        for service in self._services.values():
            service.close()
        self._services.clear()

    def service(self, model: str) -> BatchService:
        """The Batch API for ``model``, its name on the wire.

        Raises ``RequestsError`` for a model that nobody configured, ``SettingsError`` for one without an
        address or with one that can't be used.
        """
        if model not in self._services:
            entry = self._entry(model)
            endpoint = endpoint_of(entry, api_key=key_of(entry, self._settings, self._environ))
            self._services[model] = BatchService(endpoint)
        return self._services[model]

    def prices(self, model: str) -> Prices:
        """The price list of ``model``, its name on the wire."""
        return self._entry(model).prices

    def _entry(self, model: str) -> ModelEntry:
        for entry in load_models(self._settings).values():
            if entry.model == model:
                return entry
        raise RequestsError(
            f"The export asks the model {model!r}, which nobody configured.",
            remedy="Set GRANDROUNDS_LLM_BASE_URL and GRANDROUNDS_LLM_MODEL for it, or put it into the "
            "models file.",
        )
