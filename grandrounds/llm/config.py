"""The client that the settings ask for."""

from __future__ import annotations

from grandrounds.errors import SettingsError
from grandrounds.llm.client import ModelClient
from grandrounds.llm.ledger import Ledger
from grandrounds.settings import Setting, Settings

_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"0", "false", "no", "off"})


def client_from_settings(
    settings: Settings, *, model: str | None = None, concurrency: int = 16
) -> ModelClient | None:
    """A client on the ledger and endpoint of ``settings``, or ``None`` when no model is configured.

    ``model`` overrides ``GRANDROUNDS_LLM_MODEL``. The endpoint is local when ``GRANDROUNDS_LLM_LOCAL``
    says so, or says nothing and the address is this machine. Raises ``SettingsError`` for an address
    or key that can't be used, ``LedgerError`` when the ledger can't be opened.
    """
    wanted = model or settings.llm_model.value
    if not (settings.llm_base_url.value and wanted):
        return None
    from grandrounds.llm.backends.endpoint import Endpoint, is_loopback
    from grandrounds.llm.backends.http import HttpBackend

    said = _yes_or_no(settings.llm_local)
    endpoint = Endpoint(
        base_url=settings.llm_base_url.value,
        local=is_loopback(settings.llm_base_url.value) if said is None else said,
        api_key=settings.api_key.value,
    )
    return ModelClient(
        Ledger(settings.ledger_path), HttpBackend(endpoint), model=wanted, concurrency=concurrency
    )


def _yes_or_no(setting: Setting) -> bool | None:
    value = setting.value.strip().casefold()
    if not value:
        return None
    if value in _YES | _NO:
        return value in _YES
    raise SettingsError(
        f"{setting.name} is {setting.value!r}, which is neither yes nor no.",
        remedy="Set it to true when protected evidence may go to the endpoint, to false when not.",
    )
