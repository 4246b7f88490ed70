"""What ``verify`` said of a release, kept by the bytes of the folder and of the code that judged it.

A publisher verifies what it is about to publish; the check that follows reads every file again, but need
not work everything out a second time. A folder in which one byte has changed since has no verdict.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from grandrounds.fingerprint import code_fingerprint, folder_fingerprint, sha256_value
from grandrounds.lake import Lake
from grandrounds.paths import bundled
from grandrounds.release.findings import Checked, Problem, VerifyReport


def keep_verdict(lake: Lake, directory: Path, report: VerifyReport) -> None:
    """Remember ``report``, which was made of the files in ``directory`` as they are now."""
    value = asdict(report)
    lake.write_blob(_key(directory), json.dumps([sha256_value(value), value]).encode())


def recall_verdict(lake: Lake, directory: Path) -> VerifyReport | None:
    """The verdict of these very bytes by this very code, if there is one that is whole."""
    try:
        digest, value = json.loads(lake.read_blob(_key(directory)) or b"")
        if sha256_value(value) != digest:
            return None
        lists = {name: value.pop(name) for name in ("problems", "remarks", "checked", "filtered_by")}
        return VerifyReport(
            **value,
            problems=tuple(Problem(**line) for line in lists["problems"]),
            remarks=tuple(Problem(**line) for line in lists["remarks"]),
            checked=tuple(Checked(**line) for line in lists["checked"]),
            filtered_by=tuple(lists["filtered_by"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _key(directory: Path) -> str:
    # The contracts' folder holds the taxonomies that items are judged by.
    judged_by = code_fingerprint("grandrounds") + folder_fingerprint(bundled("data_contracts"))
    return f"verdicts/release-{judged_by}/{folder_fingerprint(directory)}.json"
