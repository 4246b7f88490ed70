"""Words from sources inside Markdown: shown as they are, without any power over the page."""

from __future__ import annotations

import re
from typing import Any

from grandrounds.terminal import visible


def one_line(value: Any) -> str:
    """``value`` on one line in which no Markdown or HTML acts; safe in table cells too."""
    words = " ".join(visible(str(value)).split())
    return re.sub(r"([\\`\[\]|*_#~])", r"\\\1", words).replace("<", "&lt;").replace(">", "&gt;")


def paragraphs(value: Any) -> str:
    """``value`` with its blank lines kept and all else as ``one_line`` does."""
    return "\n\n".join(one_line(part) for part in re.split(r"\n\s*\n", str(value).strip()))


def prose(value: Any) -> str:
    """A sentence of our own: its code marks stay, but names from data in it can't act."""
    words = " ".join(visible(str(value)).split())
    return re.sub(r"([\[\]|])", r"\\\1", words).replace("<", "&lt;")
