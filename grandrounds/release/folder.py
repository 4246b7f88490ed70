"""The files of a release, written into a folder that nobody sees yet. The same rows, the same bytes."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grandrounds import __version__
from grandrounds.contracts import contract
from grandrounds.errors import ReleaseError
from grandrounds.fingerprint import code_fingerprint, sha256_bytes, sha256_file, sha256_text, sha256_value
from grandrounds.paths import bundled
from grandrounds.recipe import prompt_folder
from grandrounds.records.envelope import Item
from grandrounds.records.funnel import FunnelStep
from grandrounds.records.rejection import Rejection
from grandrounds.records.source import Source
from grandrounds.release import changes, croissant, datasheet, manifest, retirement
from grandrounds.release.counting import authors, count
from grandrounds.release.diff import compare
from grandrounds.release.evidence import CLIPS, VOLUMES, Evidence
from grandrounds.release.films import FILM, film_path
from grandrounds.release.identity import cited_evidence, cited_sources, shown_rejections
from grandrounds.release.integrity import SUMS, sums
from grandrounds.release.judge import count_judge
from grandrounds.release.packed import pack, packed_path
from grandrounds.release.panel import count_panel
from grandrounds.release.plots import Plot, draw_plots
from grandrounds.release.retirement import Earlier
from grandrounds.release.shards import IMAGE_KIND, item_schema, schema_sha256, write_items, write_table
from grandrounds.release.splits import SPLITS
from grandrounds.release.statements import statements
from grandrounds.statistics.bias import BiasReport, bias_reports

if TYPE_CHECKING:
    from grandrounds.release.writer import ReleaseRequest

REJECTIONS = "rejections.parquet"
REVIEWS = "reviews.parquet"
VOTES = "votes.parquet"
_CONTRACTS = ("rejections", "review_events")
_PANEL = "vote"


def canary_of(benchmark: str) -> str:
    """The line that marks a benchmark's text for those who gather training data; one a benchmark."""
    name = f"grandrounds:{benchmark}"
    return f"BENCHMARK DATA, NOT FOR TRAINING {name} canary {uuid.UUID(hex=sha256_text(name)[:32])}"


def write_folder(
    request: ReleaseRequest,
    folder: Path,
    *,
    version: str,
    identity: str,
    earlier: Earlier,
    before: str | None,
) -> None:
    """Write all files of ``request`` into the empty ``folder``.

    ``identity`` is the request's content hash; ``earlier`` is what version ``before`` holds.
    """
    items = sorted(request.items, key=attrgetter("item_id"))
    evidence = cited_evidence(request)
    rejections = shown_rejections(request)
    funnel = sorted(request.funnel, key=attrgetter("position"))
    canary = canary_of(request.recipe.name)
    files = _item_files(request, folder, items, canary, withheld=evidence.index_only)
    files += _media_files(request, folder, items, evidence)
    files += [_table_file(folder, t.path, t.kind, rows, t.contract) for t, rows in evidence.rows()]
    files.append(_table_file(folder, REJECTIONS, "rejections", rejections, "rejections"))
    reviews = sorted(request.reviews, key=attrgetter("event_id"))
    files.append(_table_file(folder, REVIEWS, "reviews", reviews, "review_events"))
    if request.recipe.panel is not None:
        votes = sorted(request.votes, key=attrgetter("item_id", "model", "blind", "one_frame", "n"))
        files.append(_table_file(folder, VOTES, "votes", votes, "votes"))
    if request.recipe.week is not None:
        files.append(
            _table_file(
                folder, retirement.NAME, retirement.KIND, retirement.retire(request, earlier), "retired"
            )
        )
    bias = bias_reports(items, request.recipe.gates)
    made = _manifest(
        request,
        version=version,
        identity=identity,
        canary=canary,
        items=items,
        evidence=evidence,
        rejections=rejections,
        funnel=funnel,
        bias=bias,
        files=files,
    )
    scheme = next(iter(request.recipe.splits.stratify_by), "")
    plots = draw_plots(items, counts=made.counts, funnel=funnel, scheme=scheme)
    files += [_file(folder, f"plots/{plot.name}", "plot", plot.png) for plot in plots]
    difference = (
        compare(earlier.items, items, before_version=before, after_version=version)
        if before is not None
        else None
    )
    files += _documents(folder, made, plots=plots, bias=bias)
    files.append(
        _file(folder, changes.NAME, "changes", changes.changes(request.recipe.title, version, difference))
    )
    final = made.model_copy(update={"files": tuple(sorted(files, key=attrgetter("path")))})
    (folder / manifest.NAME).write_bytes(final.document())
    (folder / SUMS).write_bytes(sums(final, sha256_file(folder / manifest.NAME)))


def _item_files(
    request: ReleaseRequest,
    folder: Path,
    items: Sequence[Item],
    canary: str,
    *,
    withheld: frozenset[str],
) -> list[manifest.ManifestFile]:
    schema = schema_sha256(item_schema())
    files = []
    for task in sorted({item.task for item in items}):
        for split in SPLITS:
            own = [item for item in items if (item.task, item.split) == (task, split)]
            if not own:
                continue
            shards = write_items(
                folder / "data" / task,
                own,
                split=split,
                canary=canary,
                get_media=request.get_media,
                shard_bytes=request.shard_bytes,
                withheld=withheld,
            )
            files += [
                _listed(folder, shard.path, "items", rows=shard.rows, schema=schema, task=task, split=split)
                for shard in shards
            ]
    return files


def _media_files(
    request: ReleaseRequest, folder: Path, items: Iterable[Item], evidence: Evidence
) -> list[manifest.ManifestFile]:
    """Volumes and clips, which are too large for a table, by the hash of their bytes; those that the
    evidence has a row of are packed. One is in memory at a time."""
    wanted = {media.sha256 for item in items for media in item.media if media.kind != IMAGE_KIND}
    packed = {row.sha256 for row in evidence.packed if row.sha256}
    files = []
    for digest in sorted(packed):
        data = pack(_fetched(request, digest))
        files.append(_file(folder, packed_path(digest), "nifti", data))
    for digest in evidence.films:
        files.append(_file(folder, film_path(digest), FILM, _fetched(request, digest)))
    for digest in sorted(wanted - packed):
        files.append(_file(folder, f"media/{digest}", "media", _fetched(request, digest)))
    return files


def _fetched(request: ReleaseRequest, digest: str) -> bytes:
    data = request.get_media(digest)
    if sha256_bytes(data) != digest:
        raise ReleaseError(
            f"The media {digest} are not what their hash names.",
            remedy="The media store is damaged; build the recipe again.",
        )
    return data


def _table_file(
    folder: Path, path: str, kind: str, rows: Sequence[Any], table: str
) -> manifest.ManifestFile:
    from grandrounds.records.table import to_table

    made = to_table(rows, contract(table))
    write_table(folder / path, made)
    return _listed(folder, folder / path, kind, rows=made.num_rows, schema=schema_sha256(made.schema))


def _documents(
    folder: Path, made: manifest.Manifest, *, plots: Sequence[Plot], bias: Sequence[BiasReport]
) -> list[manifest.ManifestFile]:
    said = statements(made, bias=bias)
    card = croissant.croissant(made, statements=said)
    return [
        _file(folder, datasheet.NAME, "datasheet", datasheet.datasheet(made, statements=said, plots=plots)),
        _file(folder, croissant.NAME, "croissant", card),
    ]


def _file(folder: Path, path: str, kind: str, data: bytes) -> manifest.ManifestFile:
    place = folder / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)
    return _listed(folder, place, kind)


def _listed(
    folder: Path,
    place: Path,
    kind: str,
    *,
    rows: int | None = None,
    schema: str | None = None,
    task: str | None = None,
    split: str | None = None,
) -> manifest.ManifestFile:
    return manifest.ManifestFile(
        path=place.relative_to(folder).as_posix(),
        kind=kind,
        sha256=sha256_file(place),
        bytes=place.stat().st_size,
        rows=rows,
        schema_sha256=schema,
        task=task,
        split=split,
    )


def _manifest(
    request: ReleaseRequest,
    *,
    version: str,
    identity: str,
    canary: str,
    items: Sequence[Item],
    evidence: Evidence,
    rejections: Sequence[Rejection],
    funnel: Sequence[FunnelStep],
    bias: Sequence[BiasReport],
    files: Iterable[manifest.ManifestFile],
) -> manifest.Manifest:
    recipe = request.recipe
    written = recipe.written()
    writers = authors(items)
    tables = [table.contract for table, _ in evidence.rows()]
    names = ["items", *tables, *_CONTRACTS, *(["votes"] if recipe.panel else [])]
    names += ["retired"] if recipe.week else []
    panel = count_panel(recipe, votes=request.votes, items=items, rejections=rejections)
    return manifest.Manifest(
        format=manifest.FORMAT,
        benchmark=recipe.name,
        title=recipe.title,
        description=recipe.description,
        version=version,
        preview=recipe.preview,
        released=request.released,
        profile=recipe.release.profile,
        canary=canary,
        content_sha256=identity,
        files=tuple(files),
        counts=count(items, evidence=evidence, rejections=rejections, events=request.reviews),
        funnel=tuple(_step(step) for step in funnel),
        bias=request.bias or {report.task: asdict(report) for report in bias},
        agreement=request.agreement,
        sources=tuple(_source(source, evidence.kind) for source in cited_sources(request)),
        code=manifest.ManifestCode(version=__version__, fingerprint=code_fingerprint("grandrounds")),
        contracts=tuple(
            manifest.ManifestContract(name=name, version=made.version, sha256=made.fingerprint())
            for name, made in ((name, contract(name)) for name in names)
        ),
        prompts=_prompts(
            [
                *({item.task for item in items} if any(each.author == "model" for each in writers) else ()),
                *([_PANEL] if panel else []),
            ]
        ),
        authors=writers,
        recipe=written,
        recipe_sha256=sha256_value(written),
        panel=panel,
        judge=count_judge(request.marks),
        week=str(recipe.week) if recipe.week else None,
    )  # fmt: skip


def _step(step: FunnelStep) -> manifest.ManifestStep:
    return manifest.ManifestStep(
        step=step.step,
        unit=step.unit,
        entered=step.entered,
        left=step.left,
        refused=tuple(
            manifest.ManifestReason(reason=part.reason, count=part.count)
            for part in sorted(step.refused, key=attrgetter("reason"))
        ),
        expected=step.expected,
    )


def _source(source: Source, kind: str) -> manifest.ManifestSource:
    """What is told of a source. Of imaging only what cites it: titles and numbers may name a patient. Of
    videos no title: it may, too."""
    told = kind != VOLUMES
    return manifest.ManifestSource(
        source_id=source.source_id,
        title=source.title if told and kind != CLIPS else None,
        licence=source.licence,
        citation=source.citation,
        identifiers=tuple(
            manifest.ManifestIdentifier(scheme=each.scheme, value=each.value)
            for each in (source.identifiers if told else ())
        ),
        published=source.published,
    )


def _prompts(tasks: Iterable[str]) -> tuple[manifest.ManifestPrompt, ...]:
    """The prompt templates that model-made items were written with, and those of a panel's questions."""
    root = bundled("prompts")
    folders = sorted({prompt_folder(task) for task in tasks})
    paths = [path for name in folders for path in sorted((root / name).rglob("*")) if path.is_file()]
    return tuple(
        manifest.ManifestPrompt(path=path.relative_to(root).as_posix(), sha256=sha256_file(path))
        for path in paths
    )
