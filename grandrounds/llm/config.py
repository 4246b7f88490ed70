"""The client that the settings ask for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from grandrounds.llm.models import backend_of, client_for, load_models
from grandrounds.settings import Setting, Settings

if TYPE_CHECKING:
    from grandrounds.lake import Lake
    from grandrounds.llm.answering import Answering


def client_from_settings(
    settings: Settings, *, model: str | None = None, concurrency: int = 16, lake: Lake | None = None
) -> Answering | None:
    """What answers requests for the model of ``settings``, or ``None`` when none is configured.

    ``model`` overrides ``GRANDROUNDS_LLM_MODEL``; both may name an entry of the models file.
    ``GRANDROUNDS_LLM_BACKEND`` says how it is asked. An endpoint is local when ``GRANDROUNDS_LLM_LOCAL`` or
    the models file says so, or nothing says anything and the address is this machine. Raises
    ``SettingsError`` for settings that can't be used, ``LedgerError`` when the ledger can't be opened.
    """
    if model:
        settings = replace(settings, llm_model=Setting(settings.llm_model.name, model, "flag"))
    name = settings.llm_model.value
    if not name:
        return None
    if backend_of(settings) == "live" and not (
        settings.llm_base_url.value or load_models(settings)[name].where
    ):
        return None
    return client_for(settings, name, concurrency=concurrency, lake=lake)
