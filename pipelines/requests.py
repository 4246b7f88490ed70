"""``grandrounds requests``: model requests out as files, or to a Batch API, and their answers back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from grandrounds.llm.files.register import Register
    from grandrounds.llm.ledger import Ledger
    from grandrounds.llm.request import ModelRequest
    from grandrounds.settings import Settings

_FOLDER = click.Path(file_okay=False, path_type=Path)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
_MODEL = click.option("--model", metavar="NAME", help="Model to ask (GRANDROUNDS_LLM_MODEL).")


@click.group()
def requests() -> None:
    """Model requests as OpenAI Batch JSONL, answers back.

    \b
    By files, for whatever reads them (vllm run-batch, an air-gapped machine):
      grandrounds requests export case_diagnosis --stage draft --out drafts
      grandrounds requests import answers.jsonl
      GRANDROUNDS_LLM_BACKEND=files grandrounds build case_diagnosis
    By a Batch API:
      grandrounds requests export case_diagnosis --stage draft --out drafts --submit
      grandrounds requests poll
    """


@requests.command(short_help="Write the requests of a stage that have no answer.")
@click.argument("recipe")
@click.option(
    "--stage", type=click.Choice(["draft", "revise", "vote"]), required=True, help="Whose requests."
)
@click.option("--out", type=_FOLDER, required=True, help="New or empty folder to write to.")
@click.option("--sources", metavar="DIR", help="Source folder (GRANDROUNDS_SOURCES).")
@click.option("--week", metavar="WEEK", help="Week of a live recipe (default: the last that is over).")
@_MODEL
@click.option("--local", is_flag=True, help="Protected evidence too: you vouch for where the files go.")
@click.option("--refused", is_flag=True, help="Ask again what a model has refused.")
@click.option("--submit", "submitting", is_flag=True, help="Submit the shards to the endpoint's Batch API.")
@click.option(
    "--maximum-requests", type=click.IntRange(1, 50_000), default=50_000, help="A shard's, at most."
)
@click.option(
    "--maximum-bytes", type=click.IntRange(1, 200_000_000), default=200_000_000, help="A shard's, at most."
)
@click.option("--completion-tokens", is_flag=True, help="Say max_completion_tokens for max_tokens.")
@click.option("--schema-in-prompt", is_flag=True, help="For servers without structured outputs.")
@_JSON
@click.pass_context
def export(
    ctx: click.Context,
    *,
    recipe: str,
    stage: str,
    out: Path,
    sources: str | None,
    week: str | None,
    model: str | None,
    local: bool,
    refused: bool,
    submitting: bool,
    maximum_requests: int,
    maximum_bytes: int,
    completion_tokens: bool,
    schema_in_prompt: bool,
    as_json: bool,
) -> None:
    """Write the requests of one stage of RECIPE as OpenAI Batch JSONL, in shards.

    What comes before the stage is made first, with the answers that the ledger holds; nobody is asked.
    Left out: what the ledger answers, what is on its way in a batch, and protected evidence.

    \b
    Examples:
      grandrounds requests export case_diagnosis --stage draft --out drafts --model my-model
      grandrounds requests export case_diagnosis --stage revise --out revisions --submit
    """
    from grandrounds.lake import Lake
    from grandrounds.llm.backends.dialect import Dialect
    from grandrounds.llm.config import client_from_settings
    from grandrounds.llm.files.register import Register
    from grandrounds.llm.files.shards import write_shards
    from grandrounds.llm.ledger import open_ledger
    from pipelines.commands import find_recipe, weeks_to_build
    from pipelines.requests_showing import export_as_data, show_export, show_submitted
    from pipelines.stages import prepare, requests_of

    loaded = find_recipe(recipe)
    if week and loaded.live is None:
        raise click.UsageError(f"{recipe} is not live: it has no weeks.")
    for chosen in weeks_to_build(loaded, (week,) if week else (), None):
        loaded = loaded.in_week(chosen) if chosen else loaded
    settings = _settings(sources=sources, model=model, backend="files")
    outcome = prepare(loaded, stage, settings=settings, quiet=as_json)
    if not outcome.success:
        _show_outcome(outcome, as_json=as_json)
        ctx.exit(1)
    register = Register(settings.home_path)
    with open_ledger(settings.ledger_url.value) as ledger, _progress(as_json, "Exporting") as told:
        client = client_from_settings(settings)
        stream = requests_of(loaded, stage, settings=settings, client=client)
        written = write_shards(
            _counted(stream, told),
            out=out,
            name=f"{loaded.name}-{stage}",
            recipe=loaded.name,
            stage=stage,
            media=Lake(settings.lake_url.value),
            dialect=Dialect(completion_tokens=completion_tokens, schema_in_prompt=schema_in_prompt),
            local=local,
            skip=_answered(ledger, register, refused=refused),
            maximum_requests=maximum_requests,
            maximum_bytes=maximum_bytes,
        )
        if client is not None:
            client.close()
    if written.shards:
        register.add(out)
    sent = _submit(out, _settings(model=model), quiet=as_json) if submitting and written.shards else None
    if as_json:
        _print_json(export_as_data(written, sent))
        return
    show_export(written)
    if sent is not None:
        show_submitted(sent)


@requests.command("import", short_help="Bring answers into the ledger.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--requests",
    "folders",
    multiple=True,
    type=_FOLDER,
    metavar="DIR",
    help="The export that is answered (default: those that this home knows).",
)
@click.option(
    "--accept-model",
    "accepted",
    multiple=True,
    metavar="NAME",
    help="Take answers that name this model instead of the one asked.",
)
@click.option("--strict", is_flag=True, help="End with 1 when any line was skipped.")
@_JSON
@click.pass_context
def import_(
    ctx: click.Context,
    *,
    paths: tuple[Path, ...],
    folders: tuple[Path, ...],
    accepted: tuple[str, ...],
    strict: bool,
    as_json: bool,
) -> None:
    """Bring answers into the ledger: files, or folders with files, of OpenAI's Batch API or vLLM.

    In any order, in parts, packed or not, again and again. Lines that can't be used are named and skipped.
    Ends with 1 when nothing could be used.

    \b
    Examples:
      grandrounds requests import answers/*.jsonl
      grandrounds requests import output.jsonl.gz --requests drafts
    """
    from grandrounds.llm.files.answers import import_answers
    from grandrounds.llm.files.exported import ExportedRequests
    from grandrounds.llm.files.found import answer_files
    from grandrounds.llm.files.register import Register, exports_beside
    from grandrounds.llm.ledger import open_ledger
    from pipelines.requests_showing import report_as_data, show_report

    settings = _settings()
    known = list(folders) or [*exports_beside(paths), *Register(settings.home_path).folders()]
    if not known:
        raise _no_exports()
    files = answer_files(paths, exports=known)
    with (
        ExportedRequests(known) as exported,
        open_ledger(settings.ledger_url.value) as ledger,
        _progress(as_json, "Importing") as told,
    ):
        report = import_answers(
            files, ledger=ledger, known=exported, accepted_models=accepted, on_progress=told
        )
    if as_json:
        _print_json(report_as_data(report))
    else:
        show_report(report)
    ctx.exit(1 if report.useless or (strict and report.odd) else 0)


@requests.command(short_help="How far the exports are.")
@click.argument("folders", nargs=-1, type=_FOLDER)
@_JSON
def status(folders: tuple[Path, ...], as_json: bool) -> None:
    """What was exported, submitted and answered, and what is missing.

    \b
    Example:
      grandrounds requests status
    """
    from grandrounds.llm.files.register import Register
    from grandrounds.llm.files.status import status_of
    from grandrounds.llm.ledger import open_ledger
    from pipelines.requests_showing import show_status, status_as_data

    settings = _settings()
    register = Register(settings.home_path)
    with open_ledger(settings.ledger_url.value) as ledger:
        found = [status_of(folder, ledger=ledger) for folder in folders or register.folders()]
    gone = [] if folders else [path for path in register.all() if path not in register.folders()]
    if as_json:
        _print_json([status_as_data(one) for one in found])
    else:
        show_status(found, gone)


@requests.command(short_help="Submit an export to the Batch API.")
@click.argument("folder", type=_FOLDER)
@_MODEL
@_JSON
def submit(folder: Path, model: str | None, as_json: bool) -> None:
    """Submit the shards in FOLDER that aren't yet. Nothing is submitted twice.

    \b
    Example:
      grandrounds requests submit drafts
    """
    from pipelines.requests_showing import show_submitted, submitted_as_data

    sent = _submit(folder, _settings(model=model), quiet=as_json)
    if as_json:
        _print_json([submitted_as_data(one) for one in sent])
    else:
        show_submitted(sent)


@requests.command(short_help="Fetch what the Batch API has finished.")
@click.argument("folders", nargs=-1, type=_FOLDER)
@_MODEL
@_JSON
def poll(folders: tuple[Path, ...], model: str | None, as_json: bool) -> None:
    """Look after the submitted batches of FOLDERS, or of all exports, and import what has ended.

    \b
    Example:
      grandrounds requests poll
    """
    from grandrounds.llm.files import batches
    from grandrounds.llm.files.endpoints import BatchEndpoints
    from grandrounds.llm.files.register import Register
    from grandrounds.llm.ledger import open_ledger
    from pipelines.requests_showing import polled_as_data, show_polled

    settings = _settings(model=model)
    wanted = folders or tuple(Register(settings.home_path).folders())
    with BatchEndpoints(settings) as endpoints, open_ledger(settings.ledger_url.value) as ledger:
        found = [
            one
            for folder in wanted
            for one in batches.poll(
                folder, services=endpoints.service, ledger=ledger, prices=endpoints.prices
            )
        ]
    if as_json:
        _print_json([polled_as_data(one) for one in found])
    else:
        show_polled(found)


@requests.command(short_help="Cancel the batches of an export.")
@click.argument("folder", type=_FOLDER)
@_MODEL
@_JSON
def cancel(folder: Path, model: str | None, as_json: bool) -> None:
    """Ask the Batch API to end the open batches of FOLDER. `poll` fetches what was answered until then."""
    from grandrounds.llm.files import batches
    from grandrounds.llm.files.endpoints import BatchEndpoints
    from pipelines.requests_showing import show_submitted, submitted_as_data

    with BatchEndpoints(_settings(model=model)) as endpoints:
        ended = batches.cancel(folder, services=endpoints.service)
    if as_json:
        _print_json([submitted_as_data(one) for one in ended])
    else:
        show_submitted(ended)


def _answered(
    ledger: Ledger, register: Register, *, refused: bool
) -> Callable[[Sequence[ModelRequest]], Mapping[str, str]]:
    """Tells which requests are not to be asked: answered ones, and those on their way in a batch."""
    from grandrounds.llm.answer import OK, REFUSED
    from grandrounds.llm.files.batches import on_their_way
    from grandrounds.llm.files.exported import ExportedRequests

    words = {OK: "answered"} if refused else {OK: "answered", REFUSED: "refused"}
    travelling = ExportedRequests(on_their_way(register.folders()))

    def skip(window: Sequence[ModelRequest]) -> Mapping[str, str]:
        found = ledger.lookup(window, statuses=tuple(words))
        held = travelling.holds([request.request_id for request in window])
        return dict.fromkeys(held, "on_their_way") | {
            key: words[answer.status] for key, answer in found.items()
        }

    return skip


def _settings(
    *, sources: str | None = None, model: str | None = None, backend: str | None = None
) -> Settings:
    from grandrounds.settings import resolve

    return resolve(
        {
            "GRANDROUNDS_SOURCES": sources,
            "GRANDROUNDS_LLM_MODEL": model,
            "GRANDROUNDS_LLM_BACKEND": backend,
        }
    )


def _submit(folder: Path, settings: Settings, *, quiet: bool) -> list[Any]:
    from grandrounds.llm.files import batches
    from grandrounds.llm.files.endpoints import BatchEndpoints
    from grandrounds.llm.files.register import Register

    with BatchEndpoints(settings) as endpoints, _progress(quiet, "Submitting") as told:
        sent = batches.submit(folder, services=endpoints.service, on_progress=told)
    Register(settings.home_path).add(folder)
    return sent


def _counted(
    stream: Iterator[ModelRequest], told: Callable[[int, int | None], None]
) -> Iterator[ModelRequest]:
    for number, request in enumerate(stream, 1):
        yield request
        if number % 500 == 0:
            told(number, None)


@contextmanager
def _progress(quiet: bool, name: str) -> Iterator[Callable[..., None]]:
    """Progress of what is done here, on a terminal."""
    import sys

    from grandrounds.progress import listening, stage

    if quiet or not sys.stderr.isatty():
        yield _tell_nobody
        return
    from pipelines.showing import TerminalProgress

    with listening(TerminalProgress()), stage(name) as report:
        yield lambda done, total=None: report(done, total)


def _tell_nobody(*_: int | None) -> None:
    """Progress that nobody watches."""


def _show_outcome(outcome: Any, *, as_json: bool) -> None:
    from pipelines.showing import as_json as outcome_json
    from pipelines.showing import show_outcome

    if as_json:
        _print_json(outcome_json(outcome))
    else:
        show_outcome(outcome)


def _no_exports() -> Exception:
    from grandrounds.errors import RequestsError

    return RequestsError(
        "It isn't known which requests these answers belong to.",
        remedy="Give the folder that `grandrounds requests export` wrote: --requests DIR.",
    )


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))
