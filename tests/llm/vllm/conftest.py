"""Fixtures of the vLLM client's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.llm.vllm.helpers import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench.make(tmp_path)
