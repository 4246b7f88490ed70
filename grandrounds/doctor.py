"""``grandrounds doctor``: what is installed, configured, reachable and writable."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

import click

from grandrounds.errors import GrandRoundsError, LedgerError, SettingsError
from grandrounds.settings import Settings, resolve
from grandrounds.terminal import visible

_CORE = (
    "dagster", "great-expectations", "pyarrow", "pandas", "pydantic", "sqlalchemy", "lxml", "aiohttp",
    "pymupdf", "pydicom", "nibabel",
)  # fmt: skip
_OPTIONAL = {"psycopg": "postgres", "datasets": "export", "dagster-dg-cli": "dev"}
_PAGE = ("fastapi", "uvicorn", "argon2-cffi", "python-multipart", "authlib")
_LOW_DISK = 2 * 1024**3
_BUSY_SECONDS = 2.0
_LARGE_LEDGER = 1024**3  # more takes longer to read than anybody waits


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
    findings = list(examine(resolve({"GRANDROUNDS_HOME": ctx.find_root().params.get("home")})))
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2, ensure_ascii=False))
    else:
        _show(findings)
    ctx.exit(1 if any(finding.state == "bad" for finding in findings) else 0)


def examine(settings: Settings) -> Iterator[Finding]:
    """Everything that a build leans on, one finding each. Makes the working folder, and nothing else."""
    yield Finding("Python", "ok" if sys.version_info >= (3, 11) else "bad", sys.version.split()[0])
    for package in _CORE:
        yield _package(package, missing="bad", hint="pip install grandrounds")
    for package, extra in _OPTIONAL.items():
        yield _package(package, missing="info", hint=f'pip install "grandrounds[{extra}]"')
    yield _tesseract()
    yield from _people()
    for setting in settings.all():
        yield Finding(setting.name, "info", f"{setting.shown or '(not set)'}  [{setting.origin}]")
    yield _attempt("working folder", lambda: _writable(settings.home_path))
    yield _attempt("source folder", lambda: _sources(settings))
    yield _attempt("lake", lambda: _lake(settings))
    yield _attempt("ledger", lambda: _ledger(settings))
    yield _attempt("review database", lambda: _review(settings))
    yield _page(settings)
    yield _attempt("feeds", lambda: _feeds(settings))
    yield from _models(settings)
    yield from _speech(settings)


def _models(settings: Settings) -> Iterator[Finding]:
    """One line a model. Only the one that writes would stop every build that has a model author."""
    from grandrounds import model_probe

    try:
        models = model_probe.models(settings)
    except GrandRoundsError as exc:
        yield Finding("models", "bad", str(exc))
        return
    if not models:
        yield Finding("model endpoint", "ok", "none: the rule author writes")
    for name, entry in models.items():
        if name == settings.llm_model.value:
            yield _attempt("model endpoint", lambda entry=entry: model_probe.probe(entry, settings))  # type: ignore[misc]
            continue
        found = _attempt(f"model {name}", lambda entry=entry: model_probe.probe(entry, settings))  # type: ignore[misc]
        yield Finding(found.what, "info" if found.state == "bad" else "ok", found.detail)


def _speech(settings: Settings) -> Iterator[Finding]:
    """What recognises words in videos without subtitles; most builds have none."""
    from grandrounds import model_probe
    from grandrounds.videos.speech_plan import speech_plan

    try:
        plan = speech_plan(settings)
    except GrandRoundsError as exc:
        yield Finding("speech endpoint", "bad", str(exc))
        return
    if plan is None:
        yield Finding("speech endpoint", "ok", "none: words of videos come from subtitles alone")
        return
    endpoint = plan.endpoint(plan.key(settings))
    yield _attempt("speech endpoint", lambda: model_probe.probe_endpoint(endpoint, plan.model))


def _package(name: str, *, missing: str, hint: str) -> Finding:
    try:
        return Finding(name, "ok", metadata.version(name))
    except metadata.PackageNotFoundError:
        return Finding(name, missing, f"not installed: {hint}")


def _people() -> Iterator[Finding]:
    """What looks for people in videos."""
    from grandrounds.videos.people import missing

    found = missing()
    if not found:
        yield Finding("people in videos", "ok", "faces and names are looked for")
    for words in found:
        yield Finding("people in videos", "info", words)


def _tesseract() -> Finding:
    """What reads scanned pages; books without them need none."""
    found = shutil.which("tesseract")
    return Finding(
        "Tesseract",
        "ok" if found else "info",
        found or "not installed, scanned pages stay unread: apt-get install tesseract-ocr",
    )


def _attempt(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what, "ok", look())
    except GrandRoundsError as exc:
        return Finding(what, "bad", str(exc))
    except OSError as exc:
        return Finding(what, "bad", f"{exc.filename or ''}: {exc.strerror or exc}".lstrip(": "))


def _writable(folder: Path) -> str:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"room for one")
    except OSError as exc:
        raise SettingsError(
            f"{folder} can't be written: {exc.strerror or exc}.",
            remedy="Set GRANDROUNDS_HOME, or --home, to a folder you may write to.",
        ) from exc
    free = shutil.disk_usage(folder).free
    note = " (less than 2 GiB: little for volumes)" if free < _LOW_DISK else ""
    return f"{folder}, {free / 1024**3:.0f} GiB free{note}"


def _sources(settings: Settings) -> str:
    if not settings.sources.value:
        return "the demo sources that ship with the package"
    from grandrounds.sources.folder import walk

    found = walk(Path(settings.sources.value))
    return f"{settings.sources.value}, {len(found.files):,} files"


def _lake(settings: Settings) -> str:
    place = settings.lake_url.value
    if "://" not in place and not Path(place).exists():
        return f"{place}, made on first use"
    from grandrounds.lake import Lake

    lake = Lake(place)
    lake.write_blob("probe", b"")
    lake.root.joinpath("cache", "probe").unlink()
    return str(lake.root)


def _ledger(settings: Settings) -> str:
    from grandrounds.llm.ledger import open_ledger
    from grandrounds.llm.ledger.database import sqlite_path

    path = sqlite_path(settings.ledger_url.value)
    if path is not None and not path.exists():
        return f"{path}, made on first use"
    with open_ledger(settings.ledger_url.value, busy_seconds=_BUSY_SECONDS) as ledger:
        stats = ledger.stats()
        held = f"{ledger.name}, {stats.answers:,} answers"
        if stats.bytes > _LARGE_LEDGER:
            return f"{held}, {stats.bytes / 1024**3:.1f} GiB (`ledger stats --check` reads it)"
        faults = ledger.check()
        if faults:
            raise LedgerError(
                f"The ledger {ledger.name} is damaged: {faults[0]}.",
                remedy="Put a copy in its place, or move it away and a new one is made.",
            )
        return held


def _review(settings: Settings) -> str:
    from grandrounds.review.store import ReviewStore

    address = settings.review_url.value
    file = Path(address.removeprefix("sqlite:///"))
    if address.startswith("sqlite:///") and not file.exists():
        return f"{file}, made on first use"
    with ReviewStore(address) as store:
        return f"{store.shown}, {len(store.recipes())} recipes"


def _feeds(settings: Settings) -> str:
    """What live benchmarks are made from; others need none."""
    from grandrounds.harvest.commands import feeds_path
    from grandrounds.harvest.feeds import settings_of
    from grandrounds.harvest.journal import Journal
    from grandrounds.harvest.settings import load_feeds

    path = feeds_path(settings.home_path)
    if not path.exists():
        return f"none: {path} is not there"
    listed = load_feeds(path)
    for name, said in listed.feeds.items():
        settings_of(name, said)
    journal = settings.home_path / "harvest" / "journal.sqlite"
    if journal.exists():
        Journal(journal).close()
    contact = listed.contact or "no contact: the public internet is not harvested"
    return f"{path}: {', '.join(listed.feeds) or 'none'}; {contact}"


def _page(settings: Settings) -> Finding:
    """The clinicians' page, which no build needs: its libraries, its address, its login provider."""
    for package in _PAGE:
        try:
            metadata.version(package)
        except metadata.PackageNotFoundError:
            return Finding(
                "clinicians' page", "info", f'{package} is not installed: pip install "grandrounds[review]"'
            )
    from grandrounds.review.web.settings import web_settings

    try:
        page = web_settings(settings)
    except GrandRoundsError as exc:
        return Finding("clinicians' page", "info", str(exc))
    where = page.public or "this machine only (GRANDROUNDS_PAGE_URL names it for others)"
    how = f"passwords, or {page.provider.issuer}" if page.provider else "passwords"
    plain = "" if page.https or not page.public else ", not by https: passwords travel in the clear"
    return Finding("clinicians' page", "ok", f"{where}{plain}; people sign in by {how}")


def _show(findings: list[Finding]) -> None:
    from rich.console import Console
    from rich.text import Text

    colours = {"ok": "green", "info": "dim", "bad": "bold red"}
    width = max(len(finding.what) for finding in findings)
    console = Console(highlight=False)
    for finding in findings:
        # No table: it would cut paths in the middle.
        line = Text(f"{finding.state:5} ", style=colours[finding.state])
        line += Text(f"{finding.what:{width}}  {visible(finding.detail)}", style="")
        console.print(line, soft_wrap=True)
    bad = sum(finding.state == "bad" for finding in findings)
    console.print(
        Text(f"{bad} would stop a build.", style="bold red")
        if bad
        else Text("Nothing would stop a build.", style="bold green")
    )
