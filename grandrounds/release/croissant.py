"""``croissant.json``: the release described for machines, in MLCommons Croissant 1.1 with the RAI fields.

Written by hand from the specification (https://docs.mlcommons.org/croissant/docs/croissant-spec.html
and ``croissant-rai-spec.html``); the tests let ``mlcroissant`` validate it and read records by it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from grandrounds.contracts import Column, contract
from grandrounds.release.evidence import TABLES
from grandrounds.release.films import ENDING as FILM_ENDING
from grandrounds.release.films import FILM, MIME
from grandrounds.release.manifest import Manifest, ManifestFile
from grandrounds.release.packed import ENDING
from grandrounds.release.plots import plural
from grandrounds.release.shards import CANARY, IMAGES
from grandrounds.release.statements import Statements
from grandrounds.release.telling import deidentification, raw_data, social_impact, telling_of

NAME = "croissant.json"

_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
EACH = "[*]"

_TYPES = {"string": "sc:Text", "integer": "cr:Int64", "number": "cr:Float64", "boolean": "sc:Boolean",
          "date": "sc:Date", "timestamp": "sc:DateTime"}  # fmt: skip
_PARQUET = "application/x-parquet"


def croissant(manifest: Manifest, *, statements: Statements) -> bytes:
    """The bytes of ``croissant.json`` for the release of ``manifest``, its data files listed."""
    reviewed, told = not manifest.preview, telling_of(manifest)
    value: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": [
            "http://mlcommons.org/croissant/1.1",
            "http://mlcommons.org/croissant/RAI/1.0",
        ],
        "name": manifest.benchmark,
        "description": _description(manifest),
        "version": manifest.version,
        "license": [licence_address(licence) for licence in manifest.counts.by_licence],
        "inLanguage": list(manifest.counts.by_language),
        "keywords": ["medicine", "benchmark", "question answering", *manifest.counts.by_task],
        "citeAs": f"{manifest.title}, version {manifest.version}. Cite the sources of its items too.",
        "distribution": _distribution(manifest),
        "recordSet": [_split_set(manifest), *(_record_set(task) for task in manifest.counts.by_task)],
        "rai:dataCollection": told.collection,
        "rai:dataCollectionType": ["Secondary Data Analysis"],
        "rai:dataCollectionRawData": raw_data(manifest),
        "rai:dataManipulationProtocol": _protocol(manifest),
        "rai:dataAnnotationProtocol": (
            "Clinicians read each item beside its evidence; their decisions are in reviews.parquet."
            if reviewed
            else "None: this is a preview that no clinician reviewed."
        ),
        "rai:dataAnnotationPlatform": ["Grand Rounds review queue"] if reviewed else ["none"],
        "rai:machineAnnotationTools": [
            " ".join(filter(None, (author.author, author.version, author.model)))
            for author in manifest.authors
        ],
        "rai:dataBiases": list(statements.biases),
        "rai:dataUseCases": list(statements.uses),
        "rai:dataLimitations": list(statements.limits),
        "rai:dataSocialImpact": social_impact(),
        "rai:personalSensitiveInformation": [told.personal, *deidentification(manifest)],
        "rai:dataReleaseMaintenancePlan": (
            "Releases are immutable; corrections come as a new version with a list of changes (CHANGES.md)."
        ),
    }
    if manifest.released is not None:
        value["datePublished"] = manifest.released.isoformat()
    return (json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False) + "\n").encode("utf-8")


def licence_address(licence: str) -> str:
    """The address of a licence's text: Creative Commons' own, else SPDX's, else the name as it is."""
    if licence.startswith("LicenseRef-"):
        return licence
    kind, _, rest = licence.partition("-")
    if kind == "CC0":
        return "https://creativecommons.org/publicdomain/zero/1.0/"
    words = rest.split("-")
    version = next((word for word in words if word[:1].isdigit()), "")
    if kind == "CC" and version:
        terms = "-".join(words[: words.index(version)]).lower()
        country = "".join(f"{word.lower()}/" for word in words[words.index(version) + 1 :])
        return f"https://creativecommons.org/licenses/{terms}/{version}/{country}"
    return f"https://spdx.org/licenses/{licence}.html"


def _description(manifest: Manifest) -> str:
    words = [manifest.title + "."]
    if manifest.preview:
        words.append("PREVIEW: not clinician-reviewed.")
    words += [manifest.description, f"Canary: {manifest.canary}"]
    return " ".join(filter(None, words))


def _protocol(manifest: Manifest) -> str:
    steps = ", ".join(
        f"{step.step} ({step.left} of {step.entered} {plural(step.unit)} went on)"
        for step in manifest.funnel
    )
    return f"Each item went through {steps}. Gates and their refusals are in rejections.parquet."


def _distribution(manifest: Manifest) -> list[dict[str, Any]]:
    files = [
        _file_object(file, f"{file.rows} items of {file.task}, split {file.split}.")
        for file in manifest.files_of("items")
    ]
    # In no container: these are the files beside this one, as they lie in the folder.
    sets = [
        {
            "@type": "cr:FileSet",
            "@id": f"{task}-files",
            "name": f"{task}-files",
            "description": f"The data files of {task}, all splits.",
            "encodingFormat": _PARQUET,
            "includes": f"data/{task}/*.parquet",
        }
        for task in manifest.counts.by_task
    ]
    return [*files, *sets, *_evidence_files(manifest)]


def _evidence_files(manifest: Manifest) -> Iterator[dict[str, Any]]:
    """The tables of other evidence than cases, and volumes or films beside them; nothing for cases."""
    counts = manifest.counts
    if counts.volumes is None and counts.figures is None and counts.clips is None:
        return
    for table in TABLES[manifest.evidence_kind]:
        for file in manifest.files_of(table.kind):
            yield _file_object(file, f"{file.rows} rows: {contract(table.contract).description}")
    if manifest.files_of(FILM):
        yield {
            "@type": "cr:FileSet",
            "@id": "films",
            "name": "films",
            "description": "The stretch of video of each clip, named by the SHA-256 of the file.",
            "encodingFormat": MIME,
            "includes": f"media/*{FILM_ENDING}",
        }
    if manifest.counts.volumes is None:
        return
    yield {
        "@type": "cr:FileSet",
        "@id": "volumes",
        "name": "volumes",
        "description": "Images and masks as NIfTI, named by the SHA-256 of the unpacked file.",
        "encodingFormat": "application/gzip",
        "includes": f"media/*{ENDING}",
    }


def _file_object(file: ManifestFile, description: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": file.path,
        "name": file.path,
        "description": description,
        "contentUrl": file.path,
        "contentSize": f"{file.bytes} B",
        "encodingFormat": _PARQUET,
        "sha256": file.sha256,
    }


def _split_set(manifest: Manifest) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": "splits",
        "name": "splits",
        "description": f"The splits; no group ({telling_of(manifest).unit}) is in two of them.",
        "dataType": "cr:Split",
        "key": {"@id": "splits/name"},
        "field": [
            {
                "@type": "cr:Field",
                "@id": "splits/name",
                "name": "name",
                "description": "Split.",
                "dataType": "sc:Text",
            }
        ],
        "data": [{"splits/name": split} for split in manifest.counts.by_split],
    }


def _record_set(task: str) -> dict[str, Any]:
    columns = contract("items").columns
    canary = Column(
        name=CANARY, logical_type="string", description="Marks text that no model should be trained on."
    )
    pictures = {
        "@type": "cr:Field",
        "@id": f"{task}/{IMAGES}",
        "name": IMAGES,
        "description": "The pictures, in the order of media.",
        "dataType": "sc:ImageObject",
        "repeated": True,
        "source": _source(task, IMAGES, ("bytes",)),
    }
    return {
        "@type": "cr:RecordSet",
        "@id": task,
        "name": task,
        "description": f"The items of {task}.",
        "key": {"@id": f"{task}/item_id"},
        "field": [*(_field(column, task) for column in (*columns, canary)), pictures],
    }


def _field(column: Column, task: str) -> dict[str, Any]:
    inner = column.element or column
    field: dict[str, Any] = {
        "@type": "cr:Field",
        "@id": f"{task}/{column.name}",
        "name": column.name,
        "description": column.description,
    }
    if column.element is not None:
        field["repeated"] = True
    if inner.logical_type == "object":
        field["subField"] = [
            {
                "@type": "cr:Field",
                "@id": f"{task}/{column.name}/{_name(path)}",
                "name": _name(path),
                "description": leaf.description,
                **_scalar(leaf, listed=EACH in path, inside=column.element is not None),
                "source": _source(task, column.name, path),
            }
            for path, leaf in _leaves(inner, ())
        ]
        return field
    return field | {"dataType": _TYPES[inner.logical_type], "source": _source(task, column.name, ())}


def _leaves(column: Column, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Column]]:
    """The members of an object that hold no further members, with their paths from it; ``EACH`` in a path
    stands for every entry of a list."""
    for member in column.members:
        here = (*path, member.name)
        if member.logical_type == "object":
            yield from _leaves(member, here)
        elif member.element is not None and member.element.logical_type == "object":
            yield from _leaves(member.element, (*here, EACH))
        else:
            yield here, member


def _name(path: tuple[str, ...]) -> str:
    return "_".join(part for part in path if part != EACH)


def _scalar(leaf: Column, *, listed: bool, inside: bool) -> dict[str, Any]:
    kind = {"dataType": _TYPES[(leaf.element or leaf).logical_type]}
    # A list inside a list of objects is told as an array of open length, as version 1.1 has it.
    many = listed or (leaf.element is not None and inside)
    return kind | ({"isArray": True, "arrayShape": "-1"} if many else {})


def _source(task: str, column: str, path: tuple[str, ...]) -> dict[str, Any]:
    source: dict[str, Any] = {"fileSet": {"@id": f"{task}-files"}, "extract": {"column": column}}
    return source | ({"transform": {"jsonPath": ".".join(path).replace(f".{EACH}", EACH)}} if path else {})
