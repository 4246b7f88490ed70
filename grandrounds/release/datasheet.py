"""``README.md`` of a release: a datasheet for people, with the head that Hugging Face reads."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from grandrounds.contracts import Column, contract
from grandrounds.release.croissant import licence_address
from grandrounds.release.manifest import Manifest, ManifestReason, ManifestShare, ManifestSource
from grandrounds.release.markdown import one_line, paragraphs, prose
from grandrounds.release.plots import PLOTS, Plot, plural
from grandrounds.release.shards import CANARY, IMAGES
from grandrounds.release.splits import SPLITS
from grandrounds.release.statements import Statements
from grandrounds.release.telling import (
    deidentification,
    figure_sentences,
    origin_of_items,
    task_words,
    telling_of,
    volume_sentences,
)
from grandrounds.release.telling_clips import clip_sentences

if TYPE_CHECKING:
    import jinja2

NAME = "README.md"

# A list of thousands is no reading matter; manifest.json has them all.
_SOURCES_SHOWN = 200

# A taxonomy of hundreds of diagnoses is no reading matter either.
_LABELS_SHOWN = 20
_PUBLIC_IDS = ("doi", "pmcid", "pmid")
_HUB_LICENCES = frozenset(
    {
        "apache-2.0", "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0", "cc-by-nc-2.0", "cc-by-nc-3.0",
        "cc-by-nc-4.0", "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0", "cc-by-nc-sa-2.0", "cc-by-nc-sa-3.0",
        "cc-by-nc-sa-4.0", "cc-by-nd-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0", "cc0-1.0", "mit", "odbl",
        "odc-by", "pddl",
    }
)  # fmt: skip
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def datasheet(manifest: Manifest, *, statements: Statements, plots: Sequence[Plot]) -> bytes:
    """The bytes of ``README.md``."""
    shown = {plot.name: f"![{one_line(plot.alt)}](plots/{plot.name})\n" for plot in plots}
    first_task = next(iter(manifest.counts.by_task))
    numbers = manifest.counts.by_task[first_task]
    sources = _source_lines(manifest)
    text = _environment().get_template("datasheet.md.j2").render(
        head=_head(manifest),
        manifest=manifest,
        counts=manifest.counts,
        tasks={task: task_words(task) for task in manifest.counts.by_task},
        told=telling_of(manifest),
        origin=origin_of_items(manifest),
        volumes=tuple(volume_sentences(manifest.counts.volumes)) if manifest.counts.volumes else (),
        figures=tuple(figure_sentences(manifest)),
        clips=tuple(clip_sentences(manifest)),
        deidentified=deidentification(manifest),
        columns=[(column.name, _type(column), column.description) for column in _columns()],
        splits=SPLITS,
        first_task=first_task,
        first_split=next(split for split in ("test", "dev", "train") if numbers[split]),
        plots={name: shown.get(name, "") for name in PLOTS},
        sources=sources[:_SOURCES_SHOWN],
        more_sources=len(sources[_SOURCES_SHOWN:]),
        most_labels=_LABELS_SHOWN,
        uses=statements.uses,
        limits=statements.limits,
        biases=statements.biases,
        review=statements.review,
    )  # fmt: skip
    # Absent plots and tables leave gaps behind.
    return (re.sub(r"\n{3,}", "\n\n", text).strip() + "\n").encode("utf-8")


def _head(manifest: Manifest) -> str:
    """The YAML head of a Hugging Face dataset card, with one configuration a task."""
    counts = manifest.counts
    licences = [_hub_licence(licence) for licence in counts.by_licence]
    tags = ["medical", "benchmark", telling_of(manifest).tag, "croissant", "grandrounds"]
    categories = ["question-answering"]
    if counts.answer_positions:
        categories.append("multiple-choice")
    if counts.images:
        categories.append("visual-question-answering")
    head = {
        "pretty_name": " ".join(manifest.title.split()),
        "license": list(dict.fromkeys(licences)) if len(set(licences)) > 1 else licences[0],
        "language": list(counts.by_language),
        "size_categories": [next((name for most, name in _SIZES if counts.items < most), "n>1M")],
        "task_categories": categories,
        "tags": tags
        + (["preview", "not-clinician-reviewed"] if manifest.preview else ["clinician-reviewed"]),
        "configs": [
            {
                "config_name": task,
                "data_files": [
                    {"split": split, "path": f"data/{task}/{split}-*.parquet"}
                    for split in SPLITS
                    if numbers[split]
                ],
            }
            for task, numbers in counts.by_task.items()
        ],
    }
    return f"---\n{yaml.safe_dump(head, sort_keys=False, allow_unicode=True)}---"


def _columns() -> tuple[Column, ...]:
    more = (
        Column(
            name=CANARY, logical_type="string", description="Marks text that no model should be trained on."
        ),
        Column(name=IMAGES, logical_type="array", description="The pictures, in the order of media."),
    )
    return (*contract("items").columns, *more)


def _type(column: Column) -> str:
    inner = column.element
    return f"list of {_type(inner)}s" if inner else column.logical_type.replace("array", "list of images")


def _hub_licence(licence: str) -> str:
    """The Hub's name of a licence; ``other`` for those it has no name for."""
    name = licence.lower()
    return name if name in _HUB_LICENCES else "other"


def _source_lines(manifest: Manifest) -> list[str]:
    """One line a source; of volumes, one for all that are cited alike."""
    if manifest.counts.volumes is None:
        return [
            f"{one_line(source.citation or source.title or source.source_id)}{_identifiers(source)} "
            f"({one_line(source.licence)})"
            for source in sorted(manifest.sources, key=_source_order)
        ]
    alike = Counter((source.citation, source.licence) for source in manifest.sources)
    return [
        f"{one_line(citation) or 'no citation was given'} ({one_line(licence)}): {number:,} files or series"
        for (citation, licence), number in sorted(alike.items())
    ]


def _source_order(source: ManifestSource) -> tuple[str, str]:
    return (source.citation or source.title or "", source.source_id)


@cache
def _environment() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
        undefined=jinja2.StrictUndefined,
        # It is Markdown: the filters below escape what comes from sources.
        autoescape=False,  # noqa: S701
        keep_trailing_newline=True,
        trim_blocks=False,
    )
    environment.filters |= {
        "line": one_line,
        "cell": one_line,
        "paragraph": paragraphs,
        "plural": plural,
        "prose": prose,
        "number": lambda value: f"{value:,}",
        "reasons": _reasons,
        "share": _share,
        "by_size": _by_size,
        "licence_link": _licence_link,
    }
    return environment


def _reasons(refused: Iterable[ManifestReason]) -> str:
    return ", ".join(f"{part.reason} {part.count:,}" for part in refused) or "none"


def _share(share: ManifestShare) -> str:
    if not share.votes:
        return "none"
    return f"{share.right:,} of {share.votes:,} ({share.right / share.votes:.0%})"


def _by_size(paths: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(paths.items(), key=lambda entry: (-entry[1], entry[0]))


def _licence_link(licence: str) -> str:
    address = licence_address(licence)
    return f"[{one_line(licence)}]({address})" if address.startswith("https://") else one_line(licence)


def _identifiers(source: ManifestSource) -> str:
    # Most citations name the DOI already.
    found = [
        f"{one_line(each.scheme)} {one_line(each.value)}"
        for each in source.identifiers
        if each.scheme in _PUBLIC_IDS and each.value not in source.citation
    ]
    return f" {', '.join(found)}" if found else ""
