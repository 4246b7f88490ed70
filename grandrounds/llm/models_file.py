"""The models file: which models may be asked, where, at what price and how much.

The file, whose path is ``GRANDROUNDS_MODELS``::

    models:
      big:
        base_url: https://api.example.com/v1
        model: big-2026-05-01        # its name on the wire; without it, the name above
        local: false                 # may protected evidence go there? without it: only on this machine
        key_env: BIG_API_KEY         # the environment variable that holds the key; without it, no key
        version: "2026-05-01"        # kept beside its votes
        prices: {prompt_per_million: 2.5, completion_per_million: 10, currency: USD}
        limits: {requests_per_minute: 500, tokens_per_minute: 200000, requests: 90000, cost: 50}
        concurrency: 64
        timeout_seconds: 120

Keys never stand in the file. Unknown keys are errors.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from grandrounds.errors import SettingsError
from grandrounds.llm.budget import Limits
from grandrounds.llm.prices import FREE, Prices

_Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_Words = Annotated[str, Field(min_length=1, max_length=200)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEntry:
    """One model that may be asked.

    ``name`` is what recipes call it, ``model`` what endpoints call it; ``local`` ``None`` means where the
    address is this machine; ``key_env`` names the environment variable of the key, empty for no key;
    ``where`` says who configured it, for messages.
    """

    name: str
    model: str
    where: str
    base_url: str = ""
    local: bool | None = None
    key_env: str = ""
    version: str = ""
    prices: Prices = FREE
    limits: Limits = Limits()  # noqa: RUF009 - frozen
    concurrency: int | None = None
    timeout_seconds: float | None = None


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Prices(_Strict):
    prompt_per_million: _NotNegative
    completion_per_million: _NotNegative
    currency: str = Field(default="USD", min_length=1, max_length=10)


class _Limits(_Strict):
    requests_per_minute: _Positive | None = None
    tokens_per_minute: _Positive | None = None
    requests: int | None = Field(default=None, ge=1)
    tokens: int | None = Field(default=None, ge=1)
    cost: _Positive | None = None
    image_tokens: int = Field(default=50_000, ge=1)


class _Entry(_Strict):
    base_url: str = ""
    model: _Words | None = None
    local: bool | None = None
    key_env: str = Field(default="", pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$")
    version: str = ""
    prices: _Prices | None = None
    limits: _Limits = _Limits()
    concurrency: int | None = Field(default=None, ge=1, le=4096)
    timeout_seconds: float | None = Field(default=None, gt=0, le=86_400)

    @model_validator(mode="after")
    def _money_has_prices(self) -> _Entry:
        if self.limits.cost is not None and self.prices is None:
            raise ValueError("limits.cost needs prices, or it would never be reached")
        return self


class _File(_Strict):
    models: dict[_Words, _Entry]


def read_models(path: Path) -> dict[str, ModelEntry]:
    """The models of the file at ``path``, by name, in its order.

    Raises ``SettingsError`` naming the file and every key that is wrong.
    """
    try:
        read = _File.model_validate(_document(path))
    except ValidationError as exc:
        lines = [f"{'.'.join(map(str, error['loc'])) or 'file'}: {error['msg']}" for error in exc.errors()]
        raise SettingsError(
            f"The models file {path} can't be used: {'; '.join(lines)}.",
            remedy="docs/models.md shows every key.",
        ) from exc
    return {name: _entry(name, entry, where=str(path)) for name, entry in read.models.items()}


def _entry(name: str, read: _Entry, *, where: str) -> ModelEntry:
    return ModelEntry(
        name=name,
        model=read.model or name,
        where=where,
        base_url=read.base_url,
        local=read.local,
        key_env=read.key_env,
        version=read.version,
        prices=Prices(**read.prices.model_dump()) if read.prices else FREE,
        limits=Limits(**read.limits.model_dump()),
        concurrency=read.concurrency,
        timeout_seconds=read.timeout_seconds,
    )


def _document(path: Path) -> Any:
    import yaml

    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_unique_keys())  # noqa: S506 - a safe one
    except FileNotFoundError as exc:
        raise SettingsError(
            f"There is no models file at {path}.", remedy="Set GRANDROUNDS_MODELS to its path, or unset it."
        ) from exc
    except (yaml.YAMLError, UnicodeDecodeError) as exc:
        raise SettingsError(f"The models file {path} is not valid YAML: {exc}.") from exc
    except OSError as exc:
        raise SettingsError(
            f"The models file {path} can't be read: {exc.strerror or exc}.", remedy="Check its rights."
        ) from exc


def _unique_keys() -> Any:
    """YAML's safe loader, but two models of one name are an error instead of the last."""
    import yaml

    class Unique(yaml.SafeLoader):
        """Refuses a key that stands twice in one mapping."""

        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
            """See ``SafeConstructor``."""
            keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
            if len(set(keys)) != len(keys):
                raise yaml.constructor.ConstructorError(None, None, "a key stands twice", node.start_mark)
            return super().construct_mapping(node, deep=deep)

    return Unique
