"""Settings and where each came from: flags, then environment, then recipe, then defaults."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from grandrounds.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its value, and the place that won (``flag``, ``environment``, ``default``)."""

    name: str
    value: str
    origin: str

    @property
    def shown(self) -> str:
        """The value as it may be printed: secrets are never shown."""
        return "(set)" if self.value and "KEY" in self.name else without_password(self.value)


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of one run. Paths are absolute; an empty string means "not set"."""

    home: Setting
    sources: Setting
    source_rules: Setting
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


def _http(setting: Setting) -> Setting:
    if setting.value and not setting.value.startswith(("http://", "https://")):
        raise SettingsError(
            f"{setting.name} is {setting.value!r}, which is not an http(s) address.",
            remedy="Give the base URL of an OpenAI-compatible endpoint, such as http://localhost:8000/v1.",
        )
    return Setting(setting.name, setting.value.rstrip("/"), setting.origin)
