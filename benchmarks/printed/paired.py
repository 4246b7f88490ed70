"""Figures read from the PDFs of articles against the JATS of the same articles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.printed.readers import READERS, installed
from benchmarks.printed.score import CAPTION_AT, alike


def table(data: Path) -> tuple[dict[str, Any], bool]:
    """A row an article, and whether our reader found every figure and caption, and nothing else.

    A figure is found when one read has its label's number and no other has; its caption when the words
    are 0.9 alike (both empty where the article has a label alone).
    """
    folders = sorted(path.parent for path in (data / "case_reports").glob("*/*/fulltext.xml"))
    if not folders:
        raise SystemExit(f"the paired articles are missing: set GRANDROUNDS_TEST_DATA (looked at {data})")
    rows = []
    for folder in folders:
        for name in ("ours", "plain"):
            if installed(name) and (folder / "fulltext.pdf").exists():
                rows.append(_row(folder, name))
    ours = [row for row in rows if row["reader"] == "ours"]
    good = all(row["captions_right"] == row["figures"] and not row["extra"] for row in ours)
    return {"rows": rows, "sums": [_sum(rows, name) for name in ("ours", "plain") if installed(name)]}, good


def markdown(told: dict[str, Any]) -> str:
    """The table for people."""
    names = ("article", "reader", "figures", "found", "paired", "captions_right", "least_alike", "extra")
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    for row in [*told["rows"], *told["sums"]]:
        lines.append("| " + " | ".join(str(row.get(name, "-")) for name in names) + " |")
    lines += [
        f"{row['article']} ({row['reader']}): {said}" for row in told["rows"] for said in row["misses"]
    ]
    return "\n".join(lines)


def _row(folder: Path, name: str) -> dict[str, Any]:
    from grandrounds.sources.jats import read_jats

    true = read_jats((folder / "fulltext.xml").read_bytes()).figures
    read = _ours(folder / "fulltext.pdf") if name == "ours" else _plain(folder / "fulltext.pdf")
    misses, right, found, paired, nearness = [], 0, 0, 0, []
    used: set[int] = set()
    for figure in true:
        same = [k for k, one in enumerate(read) if _number(one[0]) == _number(figure.label)]
        if not same:
            misses.append(f"{figure.label}: not found")
            continue
        best = max(same, key=lambda k: alike(read[k][1], figure.caption))
        used.add(best)
        found += 1
        paired += read[best][2]
        near = alike(read[best][1], figure.caption)
        nearness.append(near)
        right += near >= CAPTION_AT
        if near < CAPTION_AT:
            misses.append(
                f"{figure.label}: {near:.2f} alike: {read[best][1][:80]!r} for {figure.caption[:60]!r}"
            )
    extra = [one for k, one in enumerate(read) if k not in used]
    misses += [f"extra: {label!r} {caption[:60]!r}" for label, caption, _ in extra]
    return {
        "article": folder.name,
        "reader": name,
        "figures": len(true),
        "found": found,
        "paired": paired,
        "captions_right": right,
        "least_alike": round(min(nearness), 3) if nearness else None,
        "extra": len(extra),
        "misses": misses,
    }


def _ours(path: Path) -> list[tuple[str, str, bool]]:
    """Label, caption, and whether a picture belongs to it."""
    from grandrounds.sources.textbook import read_pdf

    return [(one.label, one.caption, bool(one.picture)) for one in read_pdf(path, ocr=False).figures]


def _plain(path: Path) -> list[tuple[str, str, bool]]:
    return [(one.label, one.caption, True) for one in READERS["plain"][1](path)]


def _sum(rows: list[dict[str, Any]], name: str) -> dict[str, Any]:
    mine = [row for row in rows if row["reader"] == name]
    counts = ("figures", "found", "paired", "captions_right", "extra")
    least = min((row["least_alike"] for row in mine if row["least_alike"] is not None), default=None)
    return {
        "article": "all",
        "reader": name,
        "least_alike": least,
        **{count: sum(row[count] for row in mine) for count in counts},
    }


def _number(label: str) -> str:
    return "".join(letter for letter in label if letter.isdigit())
