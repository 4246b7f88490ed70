"""Asset checks: every table against its contract (blocking), the funnel, the option bias, the release.

Great Expectations takes seconds to import and a contract's verdict depends on the table's bytes and
the contract alone, so a verdict is kept beside the lake's cache and not worked out twice.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from assets.tables import asset_key, lake_key, markdown_table
from assets.weeks import in_week, weeks_of
from grandrounds.contracts import Contract, contract
from grandrounds.fingerprint import sha256_value
from grandrounds.lake import Lake
from grandrounds.recipe import Recipe
from grandrounds.records.envelope import Candidate
from grandrounds.records.funnel import FunnelStep, problems
from grandrounds.release.markdown import one_line
from resources import LakeResource

CONTRACT = "contract"
WARNINGS = "contract_warnings"


def contract_check(
    recipe: Recipe, table: str, *, contract_name: str | None = None
) -> dg.AssetChecksDefinition:
    """The contract of one table: critical rules block what is downstream, warnings only show."""
    key = asset_key(recipe, table)
    made = contract(contract_name or table)

    @dg.multi_asset_check(
        name=f"{recipe.name}_{table}_contract",
        specs=[
            dg.AssetCheckSpec(
                CONTRACT,
                asset=key,
                blocking=True,
                partitions_def=weeks_of(recipe),
                description=f"Types, required values and critical rules of `{made.name}` {made.version}.",
            ),
            dg.AssetCheckSpec(
                WARNINGS,
                asset=key,
                partitions_def=weeks_of(recipe),
                description=f"Warning rules of `{made.name}` {made.version}.",
            ),
        ],
        op_tags={"stage": "check"},
    )
    def check(context: dg.AssetCheckExecutionContext, lake: LakeResource) -> Iterator[dg.AssetCheckResult]:
        failures = _failures(lake.open(), lake_key(in_week(recipe, context), table), made)
        critical = [row for row in failures if row["severity"] == "critical"]
        warnings = [row for row in failures if row["severity"] != "critical"]
        yield _result(CONTRACT, key, critical, dg.AssetCheckSeverity.ERROR, rules=len(made.rules))
        yield _result(WARNINGS, key, warnings, dg.AssetCheckSeverity.WARN, rules=len(made.rules))

    return check


def funnel_check(recipe: Recipe) -> dg.AssetChecksDefinition:
    """Rows in = rows out + rejections by reason, at every arrow."""

    @dg.asset_check(
        name="adds_up",
        asset=asset_key(recipe, "funnel"),
        blocking=True,
        partitions_def=weeks_of(recipe),
        description="At each arrow, rows in = rows out + rejections by reason.",
    )
    def adds_up(context: dg.AssetCheckExecutionContext, lake: LakeResource) -> dg.AssetCheckResult:
        key = lake_key(in_week(recipe, context), "funnel")
        found = problems(lake.open().read_records(key, FunnelStep))
        return dg.AssetCheckResult(
            passed=not found,
            metadata={"problems": dg.MetadataValue.md("\n".join(f"- {line}" for line in found))},
        )

    return adds_up


def bias_check(recipe: Recipe) -> dg.AssetChecksDefinition:
    """Answer position and option length must not give the answer away (effect size, not p)."""
    from grandrounds.statistics.bias import bias_reports

    @dg.asset_check(
        name="option_bias",
        asset=asset_key(recipe, "candidates"),
        partitions_def=weeks_of(recipe),
        description="Best always-X and longest-option accuracy over chance, within the recipe's limits.",
    )
    def option_bias(context: dg.AssetCheckExecutionContext, lake: LakeResource) -> dg.AssetCheckResult:
        key = lake_key(in_week(recipe, context), "candidates")
        rows = lake.open().read_records(key, Candidate)
        reports = bias_reports(rows, recipe.gates)
        worst = {report.verdict for report in reports}
        return dg.AssetCheckResult(
            passed=not worst & {"warn", "fail"},
            severity=dg.AssetCheckSeverity.ERROR if "fail" in worst else dg.AssetCheckSeverity.WARN,
            metadata={"bias": dg.MetadataValue.md("\n\n".join(report.markdown() for report in reports))},
        )

    return option_bias


def release_check(recipe: Recipe) -> dg.AssetChecksDefinition:
    """The newest release, re-checked from its files alone."""
    from grandrounds.release.verdicts import recall_verdict
    from grandrounds.release.verify import verify

    @dg.asset_check(
        name="verifies",
        asset=asset_key(recipe, "release"),
        partitions_def=weeks_of(recipe),
        description="What `grandrounds verify` does: hashes, ids, quotes, stems, leaks, splits, funnel.",
    )
    def verifies(context: dg.AssetCheckExecutionContext, lake: LakeResource) -> dg.AssetCheckResult:
        materialization = _latest_release(recipe, context)
        if materialization is None:
            return dg.AssetCheckResult(passed=False, metadata={"problems": "there is no release"})
        directory = Path(str(materialization.metadata["directory"].value))
        report = recall_verdict(lake.open(), directory) or verify(directory)
        lines = "\n".join(f"- {one_line(f'{p.where}: {p.what}')}" for p in report.problems[:50])
        return dg.AssetCheckResult(
            passed=not report.problems,
            metadata={
                "problems": dg.MetadataValue.md(lines),
                "checked": dg.MetadataValue.md(
                    "\n".join(f"- {line.what}: {line.count}" for line in report.checked)
                ),
            },
        )

    return verifies


def _latest_release(
    recipe: Recipe, context: dg.AssetCheckExecutionContext
) -> dg.AssetMaterialization | None:
    """The newest materialisation of the release; of a live recipe, that of the week."""
    wanted = dg.AssetRecordsFilter(
        asset_key=asset_key(recipe, "release"),
        asset_partitions=[context.partition_key] if recipe.live else None,
    )
    records = context.instance.fetch_materializations(wanted, limit=1).records
    return records[0].asset_materialization if records else None


def _failures(lake: Lake, key: str, made: Contract) -> list[dict[str, Any]]:
    """The failed rules of a table, from the cache when the same bytes were judged before."""
    from grandrounds.expectations import validate

    cached = f"verdicts/{made.name}-{made.fingerprint()[:16]}/{lake.table_sha256(key)}.json"
    known = _kept_verdict(lake.read_blob(cached))
    if known is not None:
        return known
    report = validate(lake.read_table(key), made)
    failures = [
        {
            "rule": failure.rule,
            "severity": failure.severity,
            "column": failure.column,
            "rows": failure.count,
            "row_ids": list(failure.row_ids),
            "what": failure.description,
        }
        for failure in report.failures
    ]
    lake.write_blob(cached, json.dumps([sha256_value(failures), failures], ensure_ascii=False).encode())
    return failures


def _kept_verdict(data: bytes | None) -> list[dict[str, Any]] | None:
    """A verdict from the cache; ``None`` for one that is damaged, which is then worked out again."""
    try:
        digest, failures = json.loads(data or b"")
    except (ValueError, TypeError):
        return None
    whole = isinstance(failures, list) and sha256_value(failures) == digest
    return failures if whole else None


def _result(
    name: str,
    key: dg.AssetKey,
    failures: Sequence[dict[str, Any]],
    severity: dg.AssetCheckSeverity,
    *,
    rules: int,
) -> dg.AssetCheckResult:
    metadata: dict[str, Any] = {"rules": rules, "failed_rules": len(failures)}
    if failures:
        metadata["failures"] = dg.MetadataValue.md(
            markdown_table(
                ("rule", "column", "rows", "row ids", "what it demands"),
                [[f["rule"], f["column"], f["rows"], f["row_ids"], f["what"]] for f in failures],
            )
        )
        metadata["failed"] = dg.MetadataValue.json(list(failures))
    return dg.AssetCheckResult(
        check_name=name, asset_key=key, passed=not failures, severity=severity, metadata=metadata
    )
