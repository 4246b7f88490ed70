"""The vLLM client that the settings ask for."""

from __future__ import annotations

import math
import re
import sys

from grandrounds.errors import SettingsError
from grandrounds.fingerprint import sha256_value
from grandrounds.llm.ledger import open_ledger
from grandrounds.llm.vllm.client import VllmClient, VllmOptions
from grandrounds.llm.vllm.program import Program
from grandrounds.llm.wire import MediaSource
from grandrounds.settings import Setting, Settings

_LARGEST_SHARD = 50_000


def make(settings: Settings, *, model: str | None = None, media: MediaSource | None = None) -> VllmClient:
    """A client on the ledger of ``settings`` and the vLLM that they name; ``media`` is the lake.

    ``model`` overrides ``GRANDROUNDS_LLM_MODEL``. vLLM itself is looked for when the first request has no
    answer in the ledger. Raises ``SettingsError`` for settings that can't be used, ``LedgerError`` when the
    ledger can't be opened.
    """
    wanted = model or settings.llm_model.value
    if not wanted:
        raise SettingsError(
            "The vllm backend needs a model.",
            remedy="Set GRANDROUNDS_LLM_MODEL to the folder or the name that vLLM's --model takes.",
        )
    options = VllmOptions(
        shard_size=int(_number(settings.vllm_shard, least=1, most=_LARGEST_SHARD, whole=True)),
        timeout_seconds=_number(settings.vllm_timeout, least=1, most=math.inf),
    )
    program = Program.of(
        python=settings.vllm_python.value or sys.executable,
        model=wanted,
        arguments=settings.vllm_args.value,
    )
    return VllmClient(
        open_ledger(settings.ledger_url.value),
        program,
        work=settings.home_path / "vllm" / _folder_name(wanted),
        options=options,
        media=media,
    )


def _folder_name(model: str) -> str:
    """One folder a model: two models may be at work at once, two runs of one take turns."""
    words = re.sub(r"[^A-Za-z0-9.-]+", "-", model)[-40:].strip("-.")
    return f"{words or 'model'}-{sha256_value(model)[:8]}"


def _number(setting: Setting, *, least: float, most: float, whole: bool = False) -> float:
    try:
        value = float(setting.value)
    except ValueError:
        value = math.nan
    if not least <= value <= most or (whole and not value.is_integer()):
        raise SettingsError(
            f"{setting.name} is {setting.value!r}.",
            remedy=f"Give a {'whole ' if whole else ''}number from {least:g}"
            + (f" to {most:g}." if most < math.inf else " up."),
        )
    return value
