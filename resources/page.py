"""The asset's page in the UI: counts, reasons, a preview of rows, pictures."""

import json
import os
import re
from typing import Any

import dagster as dg

from livecc_assets.graph.plan import Plan
from livecc_assets.graph.step import Step
from livecc_assets.store.artifact import ROWS, Artifact
from livecc_assets.store.manifest import Upstream

_PREVIEW_ROWS, _PREVIEW_CHARS = 8, 90
_EXAMPLES, _REASONS = 3, 3
_VALUE_CHARS = 400
#: Items of a list or mapping of the config, and partitions of one upstream asset, that the page names. A selection over
#: thousands of batches would otherwise write all of them into Dagster's database at every materialisation.
_ITEMS, _PINS = 10, 5
_SECRET = re.compile(r"(key|token|password|secret)", re.IGNORECASE)


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list) and value and isinstance(value[0], dict) and "word" in value[0]:
        value = " ".join(item["word"] for item in value)
    elif isinstance(value, list | dict):
        value = json.dumps(value, default=str)
    text = str(value).replace("|", "¦").replace("\n", " ")
    return text if len(text) <= _PREVIEW_CHARS else text[: _PREVIEW_CHARS - 1] + "…"


def _table(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return "*no rows*"
    names = list(rows[0])
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    lines += ["| " + " | ".join(_short(row[name]) for name in names) + " |" for row in rows]
    return "\n".join(lines)


def _first(artifact: Artifact) -> list[dict[str, Any]]:
    if ROWS not in artifact.names:
        return []
    batch = next(artifact.batches(ROWS, batch_rows=_PREVIEW_ROWS), None)
    return batch.to_pylist() if batch is not None else []


def _examples(artifact: Artifact) -> dict[str, list[str]]:
    examples: dict[str, list[str]] = {}
    for row in artifact.rejected():
        found = examples.setdefault(f"{row['kind']}:{row['reason']}", [])
        if len(found) < _EXAMPLES:
            found.append(f"{_short(row['id'])}: {_short(row['detail'])}")
    return examples


def verdict(artifact: Artifact, partition: str, limit: float) -> str:
    """What the check of the share of errors found; where it failed, the commonest reasons with an example, and the remedy."""
    made = artifact.manifest
    told = f"{made.errors} of {made.rows + made.rejected} rows in error"
    if made.passed:
        return told
    examples = _examples(artifact)
    errors = {name: count for name, count in made.reasons.items() if name.startswith("error:")}
    common = sorted(errors.items(), key=lambda item: -item[1])[:_REASONS]
    reasons = [
        f"{name.partition(':')[2]} ×{count} ({next(iter(examples.get(name, [])), '')})" for name, count in common
    ]
    return (
        f"{told}, and the profile's error_limit is {limit:g}: {'; '.join(reasons)}. "
        f"`livecc rejected {made.asset} {partition} --kind error` lists all. Mend or remove these files, or raise "
        "error_limit and run it with --force"
    )


def _reasons(artifact: Artifact) -> str:
    """Rejected rows by reason, with a few examples of each, for a person to judge the rules by."""
    examples = _examples(artifact)
    lines = ["| kind | reason | rows | examples |", "|---|---|---|---|"]
    for name, count in sorted(artifact.manifest.reasons.items(), key=lambda item: -item[1]):
        kind, _, reason = name.partition(":")
        lines.append(f"| {kind} | {reason} | {count} | {' · '.join(examples.get(name, []))} |")
    return "\n".join(lines)


def _notes(notes: dict[str, Any]) -> str:
    """What was noted on rows that are kept, with a few examples."""
    lines = ["| note | how many | examples |", "|---|---|---|"]
    for reason, found in sorted(notes.items(), key=lambda item: -item[1]["count"]):
        lines.append(f"| {reason} | {found['count']} | {' · '.join(map(_short, found['examples']))} |")
    return "\n".join(lines)


def _shortened(value: Any) -> Any:
    """A value of the config with the first items of what is long; the manifest holds the whole."""
    if isinstance(value, dict):
        kept = {name: _shown(str(name), one) for name, one in list(value.items())[:_ITEMS]}
        return kept if len(value) <= _ITEMS else kept | {"…": f"{len(value) - _ITEMS} more"}
    if isinstance(value, list | tuple):
        kept = [_shortened(one) for one in value[:_ITEMS]]
        return kept if len(value) <= _ITEMS else [*kept, f"… {len(value) - _ITEMS} more"]
    if isinstance(value, str) and len(value) > _VALUE_CHARS:
        return f"{value[:_VALUE_CHARS]}… {len(value) - _VALUE_CHARS} more characters"
    return value


def _shown(name: str, value: Any) -> Any:
    return "…" if _SECRET.search(name) and not name.endswith("_env") else _shortened(value)


def _upstream(plan: Plan) -> str:
    """The upstream pins: for each asset how many partitions there are, and the first few with their data versions."""
    if not plan.upstream:
        return "*none*"
    pins: dict[str, list[Upstream]] = {}
    for pin in plan.upstream:
        pins.setdefault(pin.asset, []).append(pin)
    rows = []
    for asset, of_asset in pins.items():
        for pin in of_asset[:_PINS]:
            rows.append({"asset": asset, "partition": pin.partition, "data version": pin.data_version})
        if (left := len(of_asset) - _PINS) > 0:
            rows.append(
                {"asset": asset, "partition": f"… {left} more of {len(of_asset)}", "data version": "in the manifest"}
            )
    return _table(rows)


def _pictures(step: Step, artifact: Artifact, plan: Plan) -> dict[str, Any]:
    """Pictures as markdown. Drawn once an artifact: a no-op takes them from the cache, without decoding a video."""
    if step.preview is None:
        return {}
    cached = artifact.cache / "pages" / f"{step.asset}-{plan.input_key}-{artifact.manifest.attempt}.json"
    if cached.is_file():
        drawn: dict[str, str] = json.loads(cached.read_text("utf-8"))
    else:
        from livecc_assets.media.charts import markdown_image

        made = step.preview(artifact, plan.config)
        drawn = {name: markdown_image(one, name) if isinstance(one, bytes) else str(one) for name, one in made.items()}
        cached.parent.mkdir(parents=True, exist_ok=True)
        staged = cached.with_suffix(f".{os.getpid()}")
        staged.write_text(json.dumps(drawn), "utf-8")
        staged.replace(cached)
    return {name: dg.MetadataValue.md(text) for name, text in drawn.items()}


def metadata(step: Step, plan: Plan, artifact: Artifact, memoised: bool) -> dict[str, Any]:
    """Everything the page shows for one materialisation."""
    manifest = artifact.manifest
    page: dict[str, Any] = {
        "memoised": dg.MetadataValue.bool(memoised),
        "artifact": dg.MetadataValue.path(f"{artifact.blobs.root}/{plan.place}"),
        "seconds": manifest.seconds,
        "input_key": plan.input_key,
    }
    if manifest.columns:
        page |= {
            "dagster/row_count": manifest.rows,
            "rejected": manifest.rejected,
            "errors": manifest.errors,
            "preview": dg.MetadataValue.md(_table(_first(artifact))),
        }
    if manifest.reasons:
        page["rejected by reason"] = dg.MetadataValue.md(_reasons(artifact))
    if notes := manifest.metadata.get("notes"):
        page["notes"] = dg.MetadataValue.md(_notes(notes))
    if plan.left_out:
        page["left out"] = dg.MetadataValue.json(_shortened(plan.left_out))
    page |= _pictures(step, artifact, plan)
    for name, value in manifest.metadata.items():
        if name == "notes" or len(json.dumps(value, default=str)) > _VALUE_CHARS:
            continue  # a whole curve is on the page as a picture, and number by number in the manifest
        page.setdefault(name, value if isinstance(value, int | float | str | bool) else dg.MetadataValue.json(value))
    page["config"] = dg.MetadataValue.json({name: _shown(name, value) for name, value in plan.config.items()})
    page["upstream"] = dg.MetadataValue.md(_upstream(plan))
    page["manifest"] = dg.MetadataValue.path(f"{artifact.blobs.root}/{plan.place}/manifest.json")
    return page
