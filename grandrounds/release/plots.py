"""The plots of a datasheet, as PNG: the same figures give the same bytes.

Drawn with matplotlib's Agg canvas alone (no display, no global state) and its own font; neither the
time nor the version of the software goes into the files.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any, cast

from grandrounds.records.envelope import Item
from grandrounds.records.funnel import FunnelStep
from grandrounds.records.source import PASSED_BY
from grandrounds.release.manifest import Counts
from grandrounds.release.splits import SPLITS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

PLOTS = ("splits.png", "funnel.png", "stem_length.png", "answers.png")

_DPI = 150
_MOST_BARS = 3
"""Tasks whose bars stand side by side."""
_WIDTH = 8.0
_ROW = 0.34
_INK = "#22303c"
_FAINT = "#6b7885"
_KEPT = "#2f6d9a"
_REFUSED = "#d9a15b"
# From light to dark, so that they differ in print and for every kind of colour vision.
_SPLIT_COLOURS = {"train": "#c3d0da", "dev": "#7fb0d0", "test": "#1f5f8b"}
_STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "text.color": _INK,
    "axes.edgecolor": _FAINT,
    "axes.labelcolor": _INK,
    "xtick.color": _FAINT,
    "ytick.color": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.parse_math": False,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """A picture of the datasheet: file name, words for those who can't see it, PNG bytes."""

    name: str
    alt: str
    png: bytes


def draw_plots(
    items: Sequence[Item], *, counts: Counts, funnel: Sequence[FunnelStep], scheme: str
) -> tuple[Plot, ...]:
    """All plots that these rows give; ``scheme`` is the taxonomy whose labels are drawn by split."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(cast(Any, _STYLE))
        drawn = [
            _splits(items, scheme),
            _funnel(funnel),
            _stem_length(items),
            _answers(counts),
        ]
    return tuple(plot for plot in drawn if plot is not None)


def _splits(items: Sequence[Item], scheme: str) -> Plot | None:
    rows: dict[str, dict[str, int]] = {}
    for item in items:
        for label in item.labels:
            if label.scheme == scheme:
                row = rows.setdefault("/".join(label.path), dict.fromkeys(SPLITS, 0))
                row[item.split] += 1
    if not rows:
        return None
    names = sorted(rows, key=lambda name: (-sum(rows[name].values()), name))
    figure, axes = _blank(rows=len(names), title=f"Items by {_words(scheme)} and split")
    left = [0] * len(names)
    for split in SPLITS:
        widths = [rows[name][split] for name in names]
        axes.barh(
            range(len(names)), widths, left=left, color=_SPLIT_COLOURS[split], label=split, height=0.72
        )
        left = [start + width for start, width in zip(left, widths, strict=True)]
    _number(axes, left)
    _rows(axes, [_words(name) for name in names])
    axes.legend(
        loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=len(SPLITS), frameon=False, fontsize=9,
        handlelength=1.0, borderaxespad=0.2,
    )  # fmt: skip
    top = ", ".join(f"{_words(name)} {sum(rows[name].values())}" for name in names[:5])
    return _png(figure, "splits.png", f"Bars: items by {_words(scheme)} and split. Most: {top}.")


def _funnel(steps: Sequence[FunnelStep]) -> Plot | None:
    if not steps:
        return None
    figure, axes = _blank(
        rows=len(steps) + 1, title="From sources to items: what went on and what was refused"
    )
    # Files of kinds that the recipe does not need would dwarf all else: told in words, not drawn.
    passed = [_passed_by(step) for step in steps]
    refused = [step.entered - step.left - by for step, by in zip(steps, passed, strict=True)]
    kept = [step.left for step in steps]
    axes.barh(range(len(steps)), kept, color=_KEPT, height=0.72, label="went on")
    axes.barh(range(len(steps)), refused, left=kept, color=_REFUSED, height=0.72, label="refused")
    widest = max(step.left + fell for step, fell in zip(steps, refused, strict=True)) or 1
    for position, step in enumerate(steps):
        shown = step.left + refused[position]
        words = f"{step.left:,} of {shown:,} {plural(_words(step.unit))}"
        if passed[position]:
            words += f"; {passed[position]:,} of other kinds"
        axes.text(shown + widest * 0.012, position, words, va="center", fontsize=9)
    axes.set_xlim(0, widest * 1.34)
    _rows(axes, [_words(step.step) for step in steps])
    axes.legend(
        loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, frameon=False, fontsize=9, handlelength=1.0,
        borderaxespad=0.2,
    )  # fmt: skip
    told = "; ".join(f"{step.step}: {step.left} of {step.entered} {plural(step.unit)}" for step in steps)
    return _png(figure, "funnel.png", f"Bars: the funnel. {told}.")


def _stem_length(items: Sequence[Item]) -> Plot | None:
    # One stem serves several tasks of a case; it counts once.
    # What is told of a volume is as long for all.
    lengths = sorted(len(stem.split()) for stem in {item.stem for item in items if item.visible_spans})
    if not lengths:
        return None
    figure, axes = _blank(rows=9, title="How long the cases are", pad=16)
    low, high = lengths[0], lengths[-1]
    # Whole words a bin, edges between two numbers: no bin is empty only because of rounding.
    step = max(1, -(-(high - low + 1) // 24))
    edges = [position - 0.5 for position in range(low, high + step + 1, step)]
    axes.hist(lengths, bins=edges, color=_KEPT, edgecolor="white", linewidth=0.6)
    middle = median(lengths)
    axes.axvline(middle, color=_INK, linewidth=1.2, linestyle=(0, (4, 3)))
    axes.annotate(
        f"median {middle:,.0f} words", (middle, 1.0), xycoords=("data", "axes fraction"), xytext=(5, 3),
        textcoords="offset points", fontsize=9,
    )  # fmt: skip
    axes.set_xlabel("words in the stem")
    axes.set_ylabel("stems")
    _whole_numbers(axes.yaxis)
    told = f"Histogram: stems have {low} to {high} words, median {middle:.0f}."
    return _png(figure, "stem_length.png", told)


def _answers(counts: Counts) -> Plot | None:
    if not counts.answer_positions:
        return None
    if len(counts.answer_positions) > _MOST_BARS:
        return _answer_grid(counts)
    figure, axes = _blank(rows=9, title="Where the right answer stands", pad=16)
    tasks = list(counts.answer_positions)
    width = 0.8 / len(tasks)
    told = []
    for number, task in enumerate(tasks):
        positions = counts.answer_positions[task]
        total = sum(positions.values())
        shares = [100 * count / total for count in positions.values()]
        places = [place + number * width - 0.4 + width / 2 for place in range(len(shares))]
        shade = list(_SPLIT_COLOURS.values())[::-1][number % 3]
        axes.bar(places, shares, width=width * 0.9, color=shade, label=_words(task))
        for place, share, count in zip(places, shares, positions.values(), strict=True):
            # At the foot of the bar, clear of the chance line; white only where the bar is tall and dark.
            colour = "white" if number % 3 == 0 and share > max(shares) / 5 else _INK
            axes.annotate(
                f"{share:.0f}%\n{count:,}", (place, 0), xytext=(0, 6), textcoords="offset points",
                ha="center", fontsize=9, color=colour, linespacing=1.25,
            )  # fmt: skip
        chance = 100 / len(shares)
        axes.axhline(chance, color=_REFUSED, linewidth=1.4, linestyle=(0, (5, 3)))
        told.append(
            f"{_words(task)}: "
            + ", ".join(f"{name} {share:.0f}%" for name, share in zip(positions, shares, strict=True))
        )
        axes.annotate(
            f"chance {chance:.0f}%", (1.0, chance), xycoords=("axes fraction", "data"), xytext=(4, 0),
            textcoords="offset points", va="center", fontsize=9, annotation_clip=False,
        )  # fmt: skip
    letters = max(counts.answer_positions.values(), key=len)
    axes.set_xticks(range(len(letters)), list(letters))
    axes.tick_params(axis="x", length=0, labelcolor=_INK)
    axes.set_ylabel("% of items")
    if len(tasks) > 1:
        axes.legend(
            loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=len(tasks), frameon=False, fontsize=9
        )
    return _png(figure, "answers.png", "Bars: letter of the right answer. " + "; ".join(told) + ".")


def _answer_grid(counts: Counts) -> Plot:
    """A row a task, a column a letter: bars of more than a few tasks can't be told apart."""
    tasks = list(counts.answer_positions)
    letters = max((list(positions) for positions in counts.answer_positions.values()), key=len)
    figure, axes = _blank(rows=2 * len(tasks), title="Where the right answer stands")
    told = []
    for row, task in enumerate(tasks):
        positions = counts.answer_positions[task]
        total, chance = sum(positions.values()), 100 / len(positions)
        for column, count in enumerate(positions.values()):
            share = 100 * count / total
            # As dark as it lies above chance: twice as often as by luck is the darkest.
            dark = min(share / (2 * chance), 1.0)
            axes.add_patch(_cell(column, row, colour=_KEPT, opacity=0.08 + 0.92 * dark if count else 0.0))
            axes.text(
                column, row, f"{share:.0f}%\n{count:,}", ha="center", va="center", fontsize=9,
                linespacing=1.25, color="white" if dark > 0.8 else _INK,
            )  # fmt: skip
        axes.text(len(letters) - 0.4, row, f"chance {chance:.0f}%", va="center", fontsize=9)
        told.append(
            f"{_words(task)}: "
            + ", ".join(f"{name} {100 * count / total:.0f}%" for name, count in positions.items())
        )
    _rows(axes, [_words(task) for task in tasks])
    axes.set_xlim(-0.5, len(letters) + 0.5)
    axes.set_ylim(len(tasks) - 0.5, -0.5)
    axes.set_xticks(range(len(letters)), letters)
    axes.tick_params(axis="x", length=0, labelcolor=_INK, labeltop=True, labelbottom=False)
    axes.spines["bottom"].set_visible(False)
    return _png(figure, "answers.png", "Table: letter of the right answer. " + "; ".join(told) + ".")


def _cell(column: int, row: int, *, colour: str, opacity: float) -> Rectangle:
    from matplotlib.patches import Rectangle

    return Rectangle((column - 0.48, row - 0.46), 0.96, 0.92, facecolor=colour, alpha=opacity, linewidth=0)


def _passed_by(step: FunnelStep) -> int:
    return sum(part.count for part in step.refused if part.reason.startswith(PASSED_BY))


def plural(unit: str) -> str:
    """Several of a unit: the funnel counts in the singular (``file``, ``case``)."""
    return unit if unit.endswith("s") else f"{unit}s"


def _blank(*, rows: int, title: str, pad: int = 26) -> tuple[Figure, Axes]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH, max(2.2, rows * _ROW + 1.1)), dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", fontsize=12, fontweight="bold", pad=pad)
    return figure, axes


def _rows(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), list(names))
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.spines["bottom"].set_visible(False)
    axes.set_xticks([])


def _number(axes: Axes, totals: Sequence[int]) -> None:
    widest = max(totals) or 1
    for position, total in enumerate(totals):
        axes.text(total + widest * 0.012, position, f"{total:,}", va="center", fontsize=9)
    axes.set_xlim(0, widest * 1.1)


def _whole_numbers(axis: Any) -> None:
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(integer=True, nbins=6))


def _words(name: str) -> str:
    spaced = " ".join(name.replace("_", " ").replace("/", " / ").split())
    return spaced if len(spaced) <= 42 else spaced[:41] + "…"


def _png(figure: Figure, name: str, alt: str) -> Plot:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return Plot(name=name, alt=alt, png=buffer.getvalue())
