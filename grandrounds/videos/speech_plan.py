"""Where speech is recognised, if anywhere: the settings, made one value that can be handed to a process.

``GRANDROUNDS_SPEECH_MODEL`` turns it on. ``GRANDROUNDS_SPEECH_BASE_URL`` is the address (without it, that
of the language model), ``GRANDROUNDS_SPEECH_LOCAL`` whether protected videos may go there, and
``GRANDROUNDS_SPEECH_API_KEY`` its key. ``OPENAI_API_KEY`` goes to another address than the language model's
only where no language model has one: a key is never sent to an address that it wasn't named for.
"""

from __future__ import annotations

from dataclasses import dataclass

from grandrounds.errors import SettingsError
from grandrounds.llm.backends.endpoint import Endpoint, is_loopback
from grandrounds.settings import Settings

PATH = "/audio/transcriptions"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechPlan:
    """An endpoint that recognises speech, without its key: where, which model, whether it is local, seconds
    that a try may take, and which setting holds the key (empty for none)."""

    base_url: str
    model: str
    local: bool
    timeout_seconds: float
    key_setting: str = ""

    @property
    def name(self) -> str:
        """What stands for it where readings are kept: another model hears other words."""
        return f"{self.model} at {self.base_url}"

    def key(self, settings: Settings) -> str:
        """The key, from the settings that the plan was made of."""
        keys = (settings.speech_api_key, settings.api_key)
        return next((one.value for one in keys if one.name == self.key_setting), "")

    def endpoint(self, api_key: str, *, content_type: str = "application/json") -> Endpoint:
        """The endpoint with its key."""
        return Endpoint(
            base_url=self.base_url,
            local=self.local,
            api_key=api_key,
            address_setting="GRANDROUNDS_SPEECH_BASE_URL",
            model_setting="GRANDROUNDS_SPEECH_MODEL",
            key_setting=self.key_setting or "GRANDROUNDS_SPEECH_API_KEY",
            path=PATH,
            content_type=content_type,
        )


def speech_plan(settings: Settings) -> SpeechPlan | None:
    """Where the settings say that speech is recognised; ``None`` where they say nothing.

    Raises ``SettingsError`` for a model without an address, or an address that can't be used.
    """
    if not settings.speech_model.value:
        return None
    from grandrounds.llm.models import yes_or_no

    base_url = settings.speech_base_url.value or settings.llm_base_url.value
    if not base_url:
        raise SettingsError(
            f"GRANDROUNDS_SPEECH_MODEL is {settings.speech_model.value!r}, but no address is set.",
            remedy="Set GRANDROUNDS_SPEECH_BASE_URL, or unset the model to do without recognised words.",
        )
    same = base_url == settings.llm_base_url.value
    said = yes_or_no(settings.speech_local)
    if said is None and same:
        said = yes_or_no(settings.llm_local)
    plan = SpeechPlan(
        base_url=base_url,
        model=settings.speech_model.value,
        local=is_loopback(base_url) if said is None else said,
        timeout_seconds=_timeout(settings),
        key_setting=_key_setting(settings, same=same),
    )
    plan.endpoint(plan.key(settings))  # an address or key that can't be used is told now
    return plan


def _key_setting(settings: Settings, *, same: bool) -> str:
    if settings.speech_api_key.value:
        return settings.speech_api_key.name
    ours = same or not (settings.llm_base_url.value or settings.models.value)
    return settings.api_key.name if settings.api_key.value and ours else ""


def _timeout(settings: Settings) -> float:
    from grandrounds.llm.models import ModelEntry, timeout_of

    return timeout_of(ModelEntry(name="speech", model="speech", where=""), settings)
