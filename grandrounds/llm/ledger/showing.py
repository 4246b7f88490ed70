"""What the ``ledger`` commands show to people. All words from outside are made fit for a terminal."""

from __future__ import annotations

from typing import Any

import click

from grandrounds.llm.ledger.values import LedgerStats, Pruned, StoredRequest
from grandrounds.terminal import visible


def print_json(value: Any) -> None:
    """``value`` as JSON."""
    import json

    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def print_stats(found: LedgerStats, name: str) -> None:
    """A table of what the ledger at ``name`` holds."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    console.print(Text(f"{visible(name)}, {size(found.bytes)}"), soft_wrap=True)
    table = Table()
    for heading in ("model", "prompt", "status"):
        table.add_column(heading, overflow="fold")
    for heading in ("answers", "tokens in", "tokens out", "cost"):
        table.add_column(heading, justify="right")
    for group in found.groups:
        table.add_row(
            Text(visible(group.model)),
            Text(visible(f"{group.prompt_name}@{group.prompt_version}")),
            group.status,
            *_figures(group.answers, group.prompt_tokens, group.completion_tokens, group.cost),
        )
    table.add_section()
    table.add_row(
        "all", f"{found.requests:,} requests", "",
        *_figures(found.answers, found.prompt_tokens, found.completion_tokens, found.cost),
    )  # fmt: skip
    console.print(table)
    if found.answers:
        click.echo(f"Filed from {found.oldest} to {found.newest}.")


def _figures(answers: int, tokens_in: int, tokens_out: int, cost: float) -> tuple[str, ...]:
    return f"{answers:,}", f"{tokens_in:,}", f"{tokens_out:,}", f"{cost:,.4f}" if cost else "-"


def print_request(found: StoredRequest) -> None:
    """One request and its answers, terminal escapes spelt out."""
    import json

    click.echo(f"{found.request_id}  {visible(found.model)}  {visible(found.prompt_name)}", nl=False)
    click.echo(f"@{visible(found.prompt_version)}  first filed {found.created_at}")
    if found.protected:
        click.secho("PROTECTED evidence: it may not leave this machine.", bold=True)
    for role, content, *media in found.key.get("messages", ()):
        click.secho(f"\n[{visible(str(role))}]", bold=True)
        click.echo(visible(str(content)))
        for part in media:
            click.echo(f"(media: {visible(json.dumps(part))})")
    others = {name: value for name, value in found.key.items() if name not in {"messages", "schema"}}
    click.echo(f"\n{visible(json.dumps(others, ensure_ascii=False))}")
    for one in found.answers:
        answer = one.answer
        click.secho(f"\n{one.created_at}  {answer.status}", bold=True, nl=False)
        click.echo(
            f"  {visible(one.backend)}  {visible(answer.model)}  {answer.prompt_tokens:,} tokens in, "
            f"{answer.completion_tokens:,} out, {answer.seconds:.2f} s, tries: {answer.attempts}"
            f"{f', cost {answer.cost:,.6f}' if answer.cost else ''}"
        )
        for words in (answer.text, answer.refusal, f"{answer.error_class} {answer.error}".strip()):
            if words:
                click.echo(visible(words))


def print_pruned(found: Pruned, *, dry_run: bool, note: str) -> None:
    """What went, or would go."""
    by_status = ", ".join(f"{count:,} {status}" for status, count in found.by_status.items())
    said = "would go" if dry_run else "went"
    click.echo(
        f"{found.answers:,} answers {said}{f' ({by_status})' if by_status else ''}, and {found.requests:,} "
        f"requests left without any: about {size(found.bytes)}."
    )
    if note:
        click.echo(visible(note))
    if dry_run and found.answers:
        click.echo("Nothing was deleted; --delete does it.")


def size(count: int) -> str:
    """A number of bytes for people."""
    if count < 1000:
        return f"{count} bytes"
    for power, unit in ((2, "kB"), (3, "MB")):
        if count < 1000**power:
            return f"{count / 1000 ** (power - 1):.1f} {unit}"
    return f"{count / 1000**3:.1f} GB"
