"""What people and scripts see of ``grandrounds requests``."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from grandrounds.llm.answer import OK
from grandrounds.llm.files.answers import KINDS, SAME_AGAIN, ImportReport
from grandrounds.llm.files.batches import Polled
from grandrounds.llm.files.shards import Export
from grandrounds.llm.files.status import ExportStatus
from grandrounds.llm.files.submission import Submitted
from grandrounds.terminal import visible

_SHOWN = 5  # problems of one kind; --json has more

_REASONS: Mapping[str, str] = {
    "answered": "answered already",
    "refused": "refused by the model; --refused asks again",
    "on_their_way": "on their way in a batch",
    "repeated": "the same question once more",
    "protected": "protected evidence; --local takes it in, if you vouch for where the files go",
    "too_large": "too large for a shard",
    "media_too_large": "with a picture that is too large to send",
    "media_unusable": "with a picture that is missing or damaged",
}


def show_export(export: Export) -> None:
    """What was written, what was left out and why, and what to do next."""
    console = _console()
    manifest = export.manifest
    if export.shards:
        table = Table(title=f"{manifest.recipe}, stage {manifest.stage}", title_justify="left")
        for name in ("shard", "model", "requests", "bytes"):
            table.add_column(name, justify="right" if name in {"requests", "bytes"} else "left")
        for shard in export.shards[:50]:
            table.add_row(shard.file, visible(shard.model), f"{shard.requests:,}", f"{shard.bytes:,}")
        if len(export.shards) > 50:
            table.add_row(f"and {len(export.shards) - 50:,} more", "", "", "")
        console.print(table)
        _line(console, Text(f"{_requests(manifest.requests)} in {export.folder}"))
    else:
        _line(console, Text("Nothing is left to ask; nothing was written.", style="bold"))
    for reason, count in manifest.left_out.items():
        _line(
            console,
            Text("Left out ", style="bold cyan")
            + Text(f"{_requests(count)}: {_REASONS.get(reason, reason)}"),
        )
    for left in export.left_out[:_SHOWN]:
        _line(console, Text(f"  {left.request_id}: {visible(left.words)}", style="dim"))
    if export.shards:
        place = shlex.quote(str(export.folder))
        _line(
            console, Text(f"Next     grandrounds requests import ANSWERS --requests {place}", style="dim")
        )


def show_submitted(sent: Sequence[Submitted]) -> None:
    """Each shard's batch."""
    console = _console()
    for one in sent:
        state = "submitted" if one.new else one.status
        _line(console, Text(f"{one.shard}  {one.batch_id}  {state}  {visible(one.words)}".rstrip()))
    if sent:
        _line(console, Text("Next     grandrounds requests poll", style="dim"))
    else:
        _line(console, Text("There is nothing to do."))


def show_report(report: ImportReport) -> None:
    """What an import came to: a table, then problems by kind, with file and line."""
    console = _console()
    table = Table(title=f"{report.lines:,} lines of {report.files:,} files", title_justify="left")
    table.add_column("what")
    table.add_column("lines", justify="right")
    for status, count in report.filed.items():
        what = "usable answers" if status == OK else f"answers that are no use: {status}"
        table.add_row(f"new {what}", f"{count:,}")
    for kind, count in report.skipped.items():
        table.add_row(f"skipped: {KINDS[kind]}", f"{count:,}")
    console.print(table)
    for kind in KINDS:
        if kind != SAME_AGAIN:
            _show_problems(console, report, kind)
    if report.models:
        options = " ".join(
            f"--accept-model {shlex.quote(visible(name))}" for name in list(report.models)[:3]
        )
        _line(console, Text(f"If these are the model that was asked: {options}", style="dim"))


def show_status(found: Sequence[ExportStatus], gone: Sequence[Path]) -> None:
    """Every export: requests, answers, batches."""
    console = _console()
    if not found:
        command = "grandrounds requests export RECIPE --stage draft --out DIR"
        _line(console, Text(f"Nothing was exported yet: `{command}`."))
    for one in found:
        _line(console, Text(str(one.folder), style="bold"))
        _line(console, Text(f"  {one.recipe}, stage {one.stage}, {visible(', '.join(one.models))}"))
        _line(console, Text(f"  {_counts(one)}"))
        if one.batches:
            batches = ", ".join(f"{status} {count}" for status, count in one.batches.items())
            _line(console, Text(f"  Batches: {visible(batches)}"))
        if one.changed:
            words = f"  {one.changed:,} lines were changed after the export"
            _line(console, Text(words, style="yellow"))
    for path in gone:
        _line(console, Text(f"{path} is no longer there.", style="dim"))


def show_polled(found: Sequence[Polled]) -> None:
    """Each batch that was looked after, and what came of it."""
    console = _console()
    for one in found:
        counts = f"{one.completed + one.failed:,} of {one.total:,}" if one.total else ""
        _line(
            console,
            Text(f"{one.shard}  {one.batch_id}  {one.status}  {counts}  {visible(one.words)}".rstrip()),
        )
        if one.report is not None:
            _line(console, Text(f"  {one.report.imported:,} new answers", style="green"))
            for kind in KINDS:
                _show_problems(console, one.report, kind)
    if not found:
        _line(console, Text("There are no open batches."))


def export_as_data(export: Export, sent: Sequence[Submitted] | None) -> dict[str, Any]:
    """An export for scripts."""
    manifest = export.manifest
    return {
        "folder": str(export.folder),
        "recipe": manifest.recipe,
        "stage": manifest.stage,
        "requests": manifest.requests,
        "shards": [shard.model_dump(mode="json") for shard in export.shards],
        "left_out": dict(manifest.left_out),
        "not_exported": [asdict(left) for left in export.left_out],
        "submitted": None if sent is None else [submitted_as_data(one) for one in sent],
    }


def submitted_as_data(one: Submitted) -> dict[str, Any]:
    """A submitted shard for scripts."""
    return asdict(one)


def report_as_data(report: ImportReport) -> dict[str, Any]:
    """An import for scripts."""
    return {**asdict(report), "imported": report.imported, "odd": report.odd}


def polled_as_data(one: Polled) -> dict[str, Any]:
    """A batch for scripts."""
    report = None if one.report is None else report_as_data(one.report)
    return {
        "folder": str(one.folder),
        "shard": one.shard,
        "batch_id": one.batch_id,
        "status": one.status,
        "total": one.total,
        "completed": one.completed,
        "failed": one.failed,
        "words": one.words,
        "report": report,
    }


def status_as_data(one: ExportStatus) -> dict[str, Any]:
    """An export's status for scripts."""
    return {**asdict(one), "folder": str(one.folder)}


def _counts(one: ExportStatus) -> str:
    usable = one.answered.get(OK, 0)
    useless = ", ".join(f"{count:,} {status}" for status, count in one.answered.items() if status != OK)
    words = [f"{one.requests:,} requests", f"{usable:,} answered", useless, f"{one.missing:,} missing"]
    return ", ".join(filter(None, words))


def _show_problems(console: Console, report: ImportReport, kind: str) -> None:
    found = [problem for problem in report.problems if problem.kind == kind]
    if kind == SAME_AGAIN or not found:
        return
    _line(console, Text(f"{KINDS[kind].capitalize()}", style="bold yellow"))
    for problem in found[:_SHOWN]:
        _line(
            console,
            Text(f"  {visible(problem.file)}:{problem.line}: ") + Text(visible(problem.words), style="dim"),
        )
    if report.skipped[kind] > _SHOWN:
        _line(
            console,
            Text(f"  and {report.skipped[kind] - _SHOWN:,} more: --json lists a thousand", style="dim"),
        )


def _requests(count: int) -> str:
    return f"{count:,} request" + ("" if count == 1 else "s")


def _console() -> Console:
    return Console(highlight=False)


def _line(console: Console, text: Text) -> None:
    console.print(text, soft_wrap=True)
