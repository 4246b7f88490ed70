"""The models that may be asked: those of the models file, and the one that the settings name.

The models file is described in ``models_file.py``. No key is ever sent to an address that it wasn't
named for.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from grandrounds.engine.choice import RAY, engine_of
from grandrounds.errors import SettingsError
from grandrounds.llm.models_file import ModelEntry, read_models
from grandrounds.settings import Setting, Settings

if TYPE_CHECKING:
    from grandrounds.lake import Lake
    from grandrounds.llm.answering import Answering
    from grandrounds.llm.backends.endpoint import Endpoint
    from grandrounds.llm.ledger import Ledger

__all__ = [
    "BACKENDS",
    "ModelEntry",
    "backend_of",
    "client_for",
    "endpoint_of",
    "key_of",
    "load_models",
    "timeout_of",
    "yes_or_no",
]

BACKENDS = ("live", "files", "vllm")
"""What ``GRANDROUNDS_LLM_BACKEND`` may say: ask endpoints, serve only what was imported, run vLLM here."""

_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"0", "false", "no", "off"})


def load_models(settings: Settings) -> Mapping[str, ModelEntry]:
    """Every model that may be asked, by name: those of the models file, then the settings' own.

    Where both have one name, the settings' address, key and locality count and the rest is the file's.
    Raises ``SettingsError`` naming the file and the key that is wrong.
    """
    models = read_models(Path(settings.models.value)) if settings.models.value else {}
    name = settings.llm_model.value
    if name and (settings.llm_base_url.value or name not in models):
        models[name] = _from_settings(settings, models.get(name))
    return models


def client_for(
    settings: Settings,
    name: str,
    *,
    concurrency: int = 16,
    lake: Lake | None = None,
    ledger: Ledger | None = None,
    environ: Mapping[str, str] | None = None,
) -> Answering:
    """What answers requests for the model ``name``, by the backend that the settings name.

    ``concurrency`` counts where the model has none of its own; pictures come from ``lake``. The ledger is
    the settings' own, unless one is given to share: then the client leaves it open. Raises
    ``SettingsError`` for a model that nobody configured, or one that can't be asked as configured.
    """
    models = load_models(settings)
    entry = models.get(name)
    if entry is None:
        raise SettingsError(
            f"There is no model {name!r}.",
            remedy=f"Known models: {', '.join(sorted(models)) or 'none'}. GRANDROUNDS_MODELS names the "
            "file that lists them.",
        )
    backend = backend_of(settings)
    if backend == "files":
        from grandrounds.llm.ledger_client import make as make_files

        return make_files(settings, model=entry.model)
    if backend == "vllm":
        from grandrounds.llm.vllm.make import make as make_vllm

        return make_vllm(settings, model=entry.model, media=lake)
    if engine_of(settings) == RAY:
        from grandrounds.llm.ray_client import make as make_ray

        return make_ray(settings, entry, concurrency=concurrency, lake=lake, ledger=ledger, environ=environ)
    return _live(
        settings,
        entry,
        concurrency=concurrency,
        lake=lake,
        ledger=ledger,
        environ=os.environ if environ is None else environ,
    )


def backend_of(settings: Settings) -> str:
    """How models are asked: ``live``, ``files`` or ``vllm``. Raises ``SettingsError`` for another word."""
    setting = settings.llm_backend
    if setting.value not in BACKENDS:
        raise SettingsError(
            f"{setting.name} is {setting.value!r}.", remedy=f"It is one of {', '.join(BACKENDS)}."
        )
    return setting.value


def endpoint_of(entry: ModelEntry, *, api_key: str) -> Endpoint:
    """The address of ``entry``. Raises ``SettingsError`` when it has none, or one that can't be used."""
    from grandrounds.llm.backends.endpoint import Endpoint, is_loopback

    in_file = bool(entry.where)
    if not entry.base_url:
        raise SettingsError(
            f"The model {entry.name!r} has no address.",
            remedy=f"Set `base_url` of {entry.name} in {entry.where}."
            if in_file
            else "Set GRANDROUNDS_LLM_BASE_URL.",
        )
    words = (
        {
            "address_setting": f"`base_url` of {entry.name} in {entry.where}",
            "model_setting": f"`model` of {entry.name} in {entry.where}",
            "key_setting": entry.key_env or f"`key_env` of {entry.name} in {entry.where}",
        }
        if in_file
        else {}
    )
    endpoint = Endpoint(base_url=entry.base_url, local=bool(entry.local), api_key=api_key, **words)
    return replace(endpoint, local=is_loopback(endpoint.base_url)) if entry.local is None else endpoint


def _live(
    settings: Settings,
    entry: ModelEntry,
    *,
    concurrency: int,
    lake: Lake | None,
    ledger: Ledger | None,
    environ: Mapping[str, str],
) -> Answering:
    from grandrounds.llm.backends.http import HttpBackend
    from grandrounds.llm.client import ModelClient
    from grandrounds.llm.ledger import open_ledger

    endpoint = endpoint_of(entry, api_key=key_of(entry, settings, environ))
    return ModelClient(
        open_ledger(settings.ledger_url.value) if ledger is None else ledger,
        HttpBackend(endpoint, media=lake, timeout_seconds=timeout_of(entry, settings)),
        model=entry.model,
        concurrency=entry.concurrency or concurrency,
        limits=entry.limits,
        prices=entry.prices,
        owns_ledger=ledger is None,
    )


def key_of(entry: ModelEntry, settings: Settings, environ: Mapping[str, str]) -> str:
    """The key for ``entry``. Raises ``SettingsError`` when the variable that holds it isn't set."""
    if entry.key_env == settings.api_key.name:
        return settings.api_key.value
    if not entry.key_env:
        return ""
    key = environ.get(entry.key_env, "")
    if not key:
        raise SettingsError(
            f"The model {entry.name!r} wants its key in {entry.key_env}, which isn't set.",
            remedy=f"Set {entry.key_env}, or take `key_env` out of {entry.where}.",
        )
    return key


def timeout_of(entry: ModelEntry, settings: Settings) -> float:
    """The seconds that one try of ``entry`` may take."""
    from grandrounds.llm.backends.http import TIMEOUT_SECONDS

    return entry.timeout_seconds or _seconds(settings.llm_timeout) or TIMEOUT_SECONDS


# The settings' own model --------------------------------------------------------------------------


def _from_settings(settings: Settings, base: ModelEntry | None) -> ModelEntry:
    name = settings.llm_model.value
    return replace(
        base or ModelEntry(name=name, model=name, where=""),
        where="",
        base_url=settings.llm_base_url.value,
        local=yes_or_no(settings.llm_local),
        key_env=settings.api_key.name if settings.api_key.value else "",
    )


def yes_or_no(setting: Setting) -> bool | None:
    """What a setting for local endpoints says; ``None`` where it says nothing. Raises ``SettingsError``."""
    value = setting.value.strip().casefold()
    if not value:
        return None
    if value in _YES | _NO:
        return value in _YES
    raise SettingsError(
        f"{setting.name} is {setting.value!r}, which is neither yes nor no.",
        remedy="Set it to true when protected evidence may go to the endpoint, to false when not.",
    )


def _seconds(setting: Setting) -> float | None:
    if not setting.value:
        return None
    try:
        seconds = float(setting.value)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e6:
        raise SettingsError(
            f"{setting.name} is {setting.value!r}.",
            remedy="Give the seconds that one try may take, say 120.",
        )
    return seconds
