"""What every page is drawn with."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.ext import Extension
from markupsafe import escape
from starlette.requests import Request
from starlette.responses import HTMLResponse

from grandrounds.review.people.sessions import Session
from grandrounds.review.web.settings import WebSettings
from grandrounds.review.web.words import LANGUAGES, NAMES, Words, language_of

HERE = Path(__file__).parent
_FIXED = re.compile(r"""\{\{ t\((["'])([a-z0-9_.]+)\1\) \}\}""")


def render(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A page. Templates know ``account`` (or none), ``csrf``, ``language``, ``languages`` (each with what
    it calls itself), ``t`` (words by key), ``at`` (an address of this server, with the prefix) and what is
    given here."""
    session = session_of(request)
    settings: WebSettings = request.app.state.settings
    words = words_of(request)
    text = (
        environment(words.language)
        .get_template(template)
        .render(
            account=session.account if session else None,
            csrf=session.csrf if session else getattr(request.state, "before", ""),
            language=words.language,
            languages=[(code, NAMES[code]) for code in LANGUAGES],
            t=words,
            at=lambda path: f"{settings.prefix}{path}",
            **values,
        )
    )
    return HTMLResponse(text, status_code=status)


def session_of(request: Request) -> Session | None:
    """The session that the request belongs to; none as well where it was refused before anybody looked."""
    found: Session | None = getattr(request.state, "session", None)
    return found


def words_of(request: Request) -> Words:
    """The words of the language that is spoken with whoever asks."""
    session = session_of(request)
    chosen = session.account.language if session else ""
    return Words(language_of(chosen, header=request.headers.get("accept-language", "")))


@cache
def environment(language: str) -> Environment:
    """The templates in one language: everything that comes from data is escaped, an unknown name is an
    error."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=[_Spoken],
    )
    made.globals["spoken"] = language
    return made


class _Spoken(Extension):
    """Puts words that never change into a template when it is read, instead of at each of a hundred places
    each time a page is drawn: ``{{ t("bar.accept") }}`` becomes the words themselves."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """The source with its fixed words filled in, escaped as drawing would."""
        words = Words(str(self.environment.globals["spoken"]))

        def spoken(found: re.Match[str]) -> str:
            text = words.known(found.group(2))
            # A key that is missing is told when the page is drawn; braces would be read as Jinja's.
            return found.group(0) if text is None or "{" in text else str(escape(text))

        return _FIXED.sub(spoken, source)
