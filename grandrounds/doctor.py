"""``grandrounds doctor``: what is installed, configured, reachable and writable."""

from __future__ import annotations

import json
import os
import shutil
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

import click

from grandrounds.errors import GrandRoundsError
from grandrounds.settings import Settings, resolve

_CORE = ("dagster", "great-expectations", "pyarrow", "pandas", "pydantic", "sqlalchemy", "lxml", "aiohttp")
_OPTIONAL = {"psycopg": "postgres", "datasets": "export", "dagster-dg-cli": "dev"}
_LOW_DISK = 2 * 1024**3


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, ``ok``, ``info`` or ``bad``, and what was seen."""

    what: str
    state: str
    detail: str


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Check the installation. Exit code 1 when something would stop a build."""
    findings = list(examine(resolve()))
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        _show(findings)
    ctx.exit(1 if any(finding.state == "bad" for finding in findings) else 0)


def examine(settings: Settings) -> Iterator[Finding]:
    """Everything that a build leans on, one finding each. Changes nothing but empty folders."""
    yield Finding("Python", "ok" if sys.version_info >= (3, 11) else "bad", sys.version.split()[0])
    for package in _CORE:
        yield _package(package, missing="bad", hint="pip install grandrounds")
    for package, extra in _OPTIONAL.items():
        yield _package(package, missing="info", hint=f'pip install "grandrounds[{extra}]"')
    for setting in settings.all():
        yield Finding(setting.name, "info", f"{setting.shown or '(not set)'}  [{setting.origin}]")
    yield _attempt("working folder", lambda: _writable(settings.home_path))
    yield _attempt("source folder", lambda: _sources(settings))
    yield _attempt("lake", lambda: _lake(settings))
    yield _attempt("ledger", lambda: _ledger(settings))
    yield _attempt("review database", lambda: _review(settings))
    yield _attempt("model endpoint", lambda: _endpoint(settings))


def _package(name: str, *, missing: str, hint: str) -> Finding:
    try:
        return Finding(name, "ok", metadata.version(name))
    except metadata.PackageNotFoundError:
        return Finding(name, missing, f"not installed: {hint}")


def _attempt(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what, "ok", look())
    except GrandRoundsError as exc:
        return Finding(what, "bad", str(exc))
    except OSError as exc:
        return Finding(what, "bad", f"{exc.strerror or exc}: {exc.filename or ''}")


def _writable(folder: Path) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    probe = folder / f".probe-{os.getpid()}"
    probe.write_bytes(b"")
    probe.unlink()
    free = shutil.disk_usage(folder).free
    note = " (less than 2 GiB: little for volumes)" if free < _LOW_DISK else ""
    return f"{folder}, {free / 1024**3:.0f} GiB free{note}"


def _sources(settings: Settings) -> str:
    if not settings.sources.value:
        return "the demo sources that ship with the package"
    folder = Path(settings.sources.value)
    if not folder.exists():
        raise GrandRoundsError(f"{folder} does not exist.", remedy="Set GRANDROUNDS_SOURCES.")
    return str(folder)


def _lake(settings: Settings) -> str:
    from grandrounds.lake import Lake

    lake = Lake(settings.lake_url.value)
    lake.write_blob("probe", b"")
    return str(lake.root)


def _ledger(settings: Settings) -> str:
    if not settings.ledger_path.exists():
        return f"{settings.ledger_path}, made on first use"
    from grandrounds.llm.ledger import Ledger

    with Ledger(settings.ledger_path) as ledger:
        return f"{settings.ledger_path}, {ledger.stats().answers} answers"


def _review(settings: Settings) -> str:
    from grandrounds.review.store import ReviewStore

    store = ReviewStore(settings.review_url.value)
    return f"{store.shown}, {len(store.recipes())} recipes"


def _endpoint(settings: Settings) -> str:
    """Whether the endpoint answers at all. The key is sent only to the address that was set."""
    if not settings.model_configured:
        return "none: the rule author writes"
    url = f"{settings.llm_base_url.value}/models"
    request = urllib.request.Request(url)  # noqa: S310  (http(s) only, checked by the settings)
    if settings.api_key.value:
        request.add_header("Authorization", f"Bearer {settings.api_key.value}")
    try:
        with urllib.request.urlopen(request, timeout=5) as response:  # noqa: S310
            return f"{url} answers {response.status}"
    except urllib.error.HTTPError as exc:
        if exc.code in {401, 403}:
            raise GrandRoundsError(
                f"{url} refuses the key ({exc.code}).", remedy="Check OPENAI_API_KEY."
            ) from exc
        return f"{url} answers {exc.code}"
    except (urllib.error.URLError, TimeoutError) as exc:
        raise GrandRoundsError(
            f"Nothing answers at {url}.", remedy="Start the server, or unset GRANDROUNDS_LLM_BASE_URL."
        ) from exc


def _show(findings: list[Finding]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    colours = {"ok": "green", "info": "dim", "bad": "bold red"}
    table = Table(show_header=False, box=None, pad_edge=False)
    for finding in findings:
        table.add_row(
            Text(finding.state, style=colours[finding.state]), Text(finding.what), Text(finding.detail)
        )
    Console().print(table)
