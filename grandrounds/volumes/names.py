"""What a file's name tells: whether it is a mask, which files belong together, which patient it is of."""

from __future__ import annotations

import hashlib
import re

_ENDINGS = (".nii.gz", ".nii", ".json", ".csv", ".tsv", ".txt", ".label", ".lut", ".ctbl")
_MASK_WORDS = frozenset(
    [
        "seg",
        "mask",
        "msk",
        "masks",
        "label",
        "labels",
        "labeled",
        "labelled",
        "labelmap",
        "gmseg",
        "wmseg",
        "totalseg",
        "segmentation",
        "segmentations",
        "segmented",
        "lesion",
        "lesions",
        "roi",
        "rois",
        "dseg",
        "gt",
        "annotation",
        "annotations",
        "parc",
        "aseg",
        "aparc",
        "subreg",
    ]
)
_EXTRA_WORDS = _MASK_WORDS | frozenset(
    ["ctd", "vert", "manual", "auto", "pred", "center", "centre", "body", "vertebrae"]
)
_ONE_EACH = frozenset({"segmentations"})
_MANUAL = frozenset({"manual", "manually", "handdrawn"})
_PREDICTED = frozenset(
    [
        "auto",
        "automatic",
        "automated",
        "pred",
        "preds",
        "predicted",
        "prediction",
        "predictions",
        "nnunet",
        "totalseg",
        "totalsegmentator",
    ]
)
_SUBJECT = re.compile(r"(?:^|[/_])(sub-[A-Za-z0-9]+)")


def stem(name: str) -> str:
    """The file's name without folder and ending."""
    bare = name.rpartition("/")[2]
    lower = bare.casefold()
    return next((bare[: -len(end)] for end in _ENDINGS if lower.endswith(end)), bare)


def folder(name: str) -> str:
    """The folder part of a name; empty at the top."""
    return name.rpartition("/")[0]


def words(name: str) -> tuple[str, ...]:
    """The words of a stem, lower case; digits stay with their letters."""
    return tuple(word for word in re.split(r"[^a-z0-9]+", stem(name).casefold()) if word)


def says_mask(name: str) -> bool:
    """Whether a name says that the file is a mask."""
    return any(word in _MASK_WORDS or word.endswith("seg") for word in words(name))


def base(name: str) -> tuple[str, ...]:
    """The words that tell which image a mask, table or centroid file belongs to."""
    return tuple(word for word in words(name) if word not in _EXTRA_WORDS and not word.endswith("seg"))


def names_structure(name: str) -> str:
    """The structure that a file of one mask is named after, where a folder holds a file a structure
    (``segmentations/kidney_left.nii.gz``); empty for other folders."""
    return stem(name) if folder(name).rpartition("/")[2].casefold() in _ONE_EACH else ""


def drawn_by(name: str) -> str:
    """Who drew a mask by the words of its file's name, else of its folder's: ``manual``, ``predicted``, or
    empty where they say nothing or both."""
    for part in (stem(name), folder(name).rpartition("/")[2]):
        said = frozenset(re.split(r"[^a-z0-9]+", part.casefold()))
        manual, predicted = bool(said & _MANUAL), bool(said & _PREDICTED)
        if manual != predicted:
            return "manual" if manual else "predicted"
        if manual:
            return ""
    return ""


def group(name: str) -> str:
    """The patient as a group: by the BIDS subject where the name has one, else by the folder.

    Files of one folder that name no subject are kept together: they may be of one patient.
    """
    match = _SUBJECT.search(name)
    if match:
        whole = f"{name.partition('/')[0] if '/' in name else ''}\0{match[1]}"
        return f"patient:{hashlib.sha256(whole.encode()).hexdigest()[:16]}"
    return f"folder:{hashlib.sha256(folder(name).encode()).hexdigest()[:16]}"
