"""Settings and where each came from: flags, then environment, then recipe, then defaults."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from grandrounds.errors import SettingsError

_ENDPOINT = "Give the base URL of an OpenAI-compatible endpoint, such as http://localhost:8000/v1."
_ADDRESSES = {
    "GRANDROUNDS_PAGE_URL": "Give what browsers call the page, such as https://review.example.org/rounds.",
    "GRANDROUNDS_DAGSTER_URL": "Give where Dagster's page is, such as http://localhost:3000.",
    "GRANDROUNDS_OIDC_ISSUER": "Give the login provider's issuer, such as https://login.example.org.",
}


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its value, and the place that won (``flag``, ``environment``, ``default``)."""

    name: str
    value: str
    origin: str

    @property
    def shown(self) -> str:
        """The value as it may be printed: secrets are never shown."""
        secret = self.value and ("KEY" in self.name or "SECRET" in self.name)
        return "(set)" if secret else without_password(self.value)


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of one run. Paths are absolute; an empty string means "not set"."""

    home: Setting
    sources: Setting
    source_rules: Setting
    feeds: Setting
    cutoffs: Setting
    lake_url: Setting
    review_url: Setting
    ledger_url: Setting
    llm_base_url: Setting
    llm_model: Setting
    llm_local: Setting
    llm_backend: Setting
    llm_timeout: Setting
    models: Setting
    vllm_python: Setting
    vllm_args: Setting
    vllm_shard: Setting
    vllm_timeout: Setting
    engine: Setting
    ray_address: Setting
    api_key: Setting
    speech_base_url: Setting
    speech_model: Setting
    speech_local: Setting
    speech_api_key: Setting
    page_url: Setting
    dagster_url: Setting
    oidc_issuer: Setting
    oidc_client_id: Setting
    oidc_client_secret: Setting

    @property
    def home_path(self) -> Path:
        """``GRANDROUNDS_HOME`` as a path."""
        return Path(self.home.value)

    @property
    def releases_path(self) -> Path:
        """Where releases are written: ``RELEASES/BENCHMARK/VERSION``."""
        return self.home_path / "releases"

    @property
    def model_configured(self) -> bool:
        """Whether a model author can be used at all."""
        somewhere = self.llm_base_url.value or self.models.value or self.llm_backend.value != "live"
        return bool(somewhere and self.llm_model.value)

    def all(self) -> tuple[Setting, ...]:
        """Every setting, in the order that ``doctor`` prints."""
        return (
            self.home,
            self.sources,
            self.source_rules,
            self.feeds,
            self.cutoffs,
            self.lake_url,
            self.review_url,
            self.ledger_url,
            self.llm_base_url,
            self.llm_model,
            self.llm_local,
            self.llm_backend,
            self.llm_timeout,
            self.models,
            self.vllm_python,
            self.vllm_args,
            self.vllm_shard,
            self.vllm_timeout,
            self.engine,
            self.ray_address,
            self.api_key,
            self.speech_base_url,
            self.speech_model,
            self.speech_local,
            self.speech_api_key,
            self.page_url,
            self.dagster_url,
            self.oidc_issuer,
            self.oidc_client_id,
            self.oidc_client_secret,
        )


def resolve(
    flags: Mapping[str, str | None] | None = None, environ: Mapping[str, str] | None = None
) -> Settings:
    """Work out the settings. ``flags`` uses the environment names as keys; ``None`` is "not given"."""
    given = {name: value for name, value in (flags or {}).items() if value}
    env = os.environ if environ is None else environ

    def pick(name: str, default: str = "") -> Setting:
        if name in given:
            return Setting(name, str(given[name]), "flag")
        if env.get(name):
            return Setting(name, env[name], "environment")
        return Setting(name, default, "default")

    home = _absolute(pick("GRANDROUNDS_HOME", ".grandrounds"))
    base = Path(home.value)
    return Settings(
        home=home,
        sources=_absolute(pick("GRANDROUNDS_SOURCES")),
        source_rules=_absolute(pick("GRANDROUNDS_SOURCE_RULES")),
        feeds=_absolute(pick("GRANDROUNDS_FEEDS")),
        cutoffs=_absolute(pick("GRANDROUNDS_CUTOFFS")),
        lake_url=pick("GRANDROUNDS_LAKE_URL", str(base / "lake")),
        review_url=pick("GRANDROUNDS_REVIEW_URL", f"sqlite:///{base / 'review.sqlite'}"),
        ledger_url=pick("GRANDROUNDS_LEDGER_URL", f"sqlite:///{base / 'ledger.sqlite'}"),
        llm_base_url=_http(pick("GRANDROUNDS_LLM_BASE_URL")),
        llm_model=pick("GRANDROUNDS_LLM_MODEL"),
        llm_local=pick("GRANDROUNDS_LLM_LOCAL"),
        llm_backend=pick("GRANDROUNDS_LLM_BACKEND", "live"),
        llm_timeout=pick("GRANDROUNDS_LLM_TIMEOUT"),
        models=_absolute(pick("GRANDROUNDS_MODELS")),
        vllm_python=pick("GRANDROUNDS_VLLM_PYTHON"),
        vllm_args=pick("GRANDROUNDS_VLLM_ARGS"),
        vllm_shard=pick("GRANDROUNDS_VLLM_SHARD", "2000"),
        vllm_timeout=pick("GRANDROUNDS_VLLM_TIMEOUT", "21600"),
        engine=pick("GRANDROUNDS_ENGINE"),
        ray_address=pick("GRANDROUNDS_RAY_ADDRESS"),
        api_key=pick("OPENAI_API_KEY"),
        speech_base_url=_http(pick("GRANDROUNDS_SPEECH_BASE_URL")),
        speech_model=pick("GRANDROUNDS_SPEECH_MODEL"),
        speech_local=pick("GRANDROUNDS_SPEECH_LOCAL"),
        speech_api_key=pick("GRANDROUNDS_SPEECH_API_KEY"),
        page_url=_http(pick("GRANDROUNDS_PAGE_URL")),
        dagster_url=_http(pick("GRANDROUNDS_DAGSTER_URL")),
        oidc_issuer=_http(pick("GRANDROUNDS_OIDC_ISSUER"), trimmed=False),
        oidc_client_id=pick("GRANDROUNDS_OIDC_CLIENT_ID"),
        oidc_client_secret=pick("GRANDROUNDS_OIDC_CLIENT_SECRET"),
    )


def without_password(address: str) -> str:
    """``address`` as it may be printed: passwords, before the host or in the query, become ``***``."""
    hidden = re.sub(r"(://[^/@:]*):.*@", r"\1:***@", address)
    return re.sub(r"([?&][^=&]*pass[^=&]*=)[^&]*", r"\1***", hidden, flags=re.IGNORECASE)


def _absolute(setting: Setting) -> Setting:
    if not setting.value:
        return setting
    path = Path(setting.value).expanduser().absolute()
    return Setting(setting.name, str(path), setting.origin)


def _http(setting: Setting, *, trimmed: bool = True) -> Setting:
    """An address; without the "/" at its end unless that is part of a name (an issuer's is)."""
    if setting.value and not setting.value.startswith(("http://", "https://")):
        raise SettingsError(
            f"{setting.name} is {setting.value!r}, which is not an http(s) address.",
            remedy=_ADDRESSES.get(setting.name, _ENDPOINT),
        )
    return Setting(setting.name, setting.value.rstrip("/") if trimmed else setting.value, setting.origin)
