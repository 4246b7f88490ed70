"""Where the project's own data files are: contracts, prompts, recipes, demo sources.

In a checkout they stand at the root; in an installed wheel they are bundled into the package.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def bundled(name: str) -> Path:
    """The folder or file ``name``: ``data_contracts``, ``prompts`` or ``dagster.yaml``."""
    inside = _PACKAGE / "_bundled" / name
    return inside if inside.exists() else _PACKAGE.parent / name


def demo_sources() -> Path:
    """The fictional case reports that ship with the package."""
    return _PACKAGE / "demo" / "sources"
