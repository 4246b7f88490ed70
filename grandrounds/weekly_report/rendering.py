"""The templates of the report, with everything from data escaped."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grandrounds.weekly_report import wording

if TYPE_CHECKING:
    import jinja2

_TEMPLATES = Path(__file__).with_name("templates")


def render(template: str, **given: Any) -> bytes:
    """The bytes of a page."""
    style = _style()
    # The page's own policy allows this one style and nothing else: no script, no address is ever asked.
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    text = _environment().get_template(template).render(style=_safe(style), style_hash=digest, **given)
    lines = (line.rstrip() for line in text.splitlines())
    return ("\n".join(line for line in lines if line) + "\n").encode("utf-8")


def _safe(markup: str) -> str:
    """Marks what this package drew itself as markup."""
    from markupsafe import Markup

    return Markup(markup)  # noqa: S704 - drawn here, its words are escaped


drawn = _safe


@cache
def _style() -> str:
    """The style sheet without blank lines, so that its hash fits what stands in the page."""
    text = (_TEMPLATES / "report.css").read_text(encoding="utf-8")
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip())


@cache
def _environment() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": wording.number,
        "count": wording.count,
        "share": wording.share,
        "spaced": wording.spaced,
        "plural": wording.plural,
        "day": wording.day,
        "duration": wording.duration,
        "refused_words": wording.refused_words,
        "retired_words": wording.retired_words,
    }
    return environment
