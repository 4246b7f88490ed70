"""``CHANGES.md``: what a release added, removed, changed and moved against the one before it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from grandrounds.release.diff import Difference
from grandrounds.release.markdown import one_line

NAME = "CHANGES.md"

# More ids than this are no reading matter; `grandrounds diff` lists all.
_SHOWN = 200


def changes(title: str, version: str, difference: Difference | None) -> bytes:
    """The bytes of ``CHANGES.md``; ``difference`` is ``None`` for a first release."""
    lines = [f"# Changes of {one_line(title)} {version}", ""]
    if difference is None:
        lines.append("This is the first release of its kind: there is none before it to compare with.")
    else:
        lines += _body(difference)
    return ("\n".join(lines).rstrip() + "\n").encode("utf-8")


def _body(difference: Difference) -> Iterator[str]:
    yield f"Against version {difference.before}:"
    yield ""
    yield "| items | number |"
    yield "|---|---:|"
    yield f"| added | {len(difference.added):,} |"
    yield f"| removed | {len(difference.removed):,} |"
    yield f"| changed | {len(difference.changed):,} |"
    yield f"| moved to another split | {len(difference.moved):,} |"
    yield f"| as before | {difference.unchanged:,} |"
    yield ""
    if difference.empty:
        yield "The items are the same; only what stands around them changed (rejections, evidence)."
        return
    yield from _list("Added", [f"`{item}`" for item in difference.added])
    yield from _list("Removed", [f"`{item}`" for item in difference.removed])
    yield from _list(
        "Changed",
        [
            f"`{change.before}` is now `{change.after}` ({change.task}: {', '.join(change.fields)})"
            for change in difference.changed
        ],
    )
    yield from _list(
        "Moved", [f"`{move.item_id}`: {move.before} to {move.after}" for move in difference.moved]
    )


def _list(heading: str, entries: Sequence[str]) -> Iterator[str]:
    if not entries:
        return
    yield f"## {heading}"
    yield ""
    for entry in entries[:_SHOWN]:
        yield f"- {entry}"
    if len(entries) > _SHOWN:
        yield f"- and {len(entries) - _SHOWN:,} more: `grandrounds diff` lists all."
    yield ""
