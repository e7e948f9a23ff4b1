"""The asset's page in the UI: counts, reasons, a preview of rows, pictures."""

import json
import os
import re
from typing import Any

import dagster as dg

from livecc_assets.graph import Step, load
from livecc_assets.plan import Plan
from livecc_assets.store.artefact import ROWS, Artefact

_PREVIEW_ROWS, _PREVIEW_CHARS = 8, 90
_EXAMPLES = 3
_VALUE_CHARS = 400
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


def _first(artefact: Artefact) -> list[dict[str, Any]]:
    if ROWS not in artefact.names:
        return []
    batch = next(artefact.batches(ROWS, batch_rows=_PREVIEW_ROWS), None)
    return batch.to_pylist() if batch is not None else []


def _reasons(artefact: Artefact) -> str:
    """Rejected rows by reason, with a few examples of each, for a person to judge the rules by."""
    examples: dict[str, list[str]] = {}
    for row in artefact.rejected():
        found = examples.setdefault(f"{row['kind']}:{row['reason']}", [])
        if len(found) < _EXAMPLES:
            found.append(f"{_short(row['id'])}: {_short(row['detail'])}")
    lines = ["| kind | reason | rows | examples |", "|---|---|---|---|"]
    for name, count in sorted(artefact.manifest.reasons.items(), key=lambda item: -item[1]):
        kind, _, reason = name.partition(":")
        lines.append(f"| {kind} | {reason} | {count} | {' · '.join(examples.get(name, []))} |")
    return "\n".join(lines)


def _pictures(step: Step, artefact: Artefact, plan: Plan) -> dict[str, Any]:
    """Pictures as markdown. Drawn once an artefact: a no-op takes them from the cache, without decoding a video."""
    if not step.pictures:
        return {}
    cached = artefact.cache / "pages" / f"{step.asset}-{plan.input_key}-{artefact.manifest.attempt}.json"
    if cached.is_file():
        drawn: dict[str, str] = json.loads(cached.read_text("utf-8"))
    else:
        from livecc_assets.media.charts import markdown_image

        made = load(step.pictures)(artefact, plan.config)
        drawn = {name: markdown_image(one, name) if isinstance(one, bytes) else str(one) for name, one in made.items()}
        cached.parent.mkdir(parents=True, exist_ok=True)
        staged = cached.with_suffix(f".{os.getpid()}")
        staged.write_text(json.dumps(drawn), "utf-8")
        staged.replace(cached)
    return {name: dg.MetadataValue.md(text) for name, text in drawn.items()}


def metadata(step: Step, plan: Plan, artefact: Artefact, memoised: bool) -> dict[str, Any]:
    """Everything the page shows for one materialisation."""
    manifest = artefact.manifest
    page: dict[str, Any] = {
        "memoised": dg.MetadataValue.bool(memoised),
        "artefact": dg.MetadataValue.path(f"{artefact.blobs.root}/{plan.place}"),
        "seconds": manifest.seconds,
        "input_key": plan.input_key,
    }
    if manifest.columns:
        page |= {
            "dagster/row_count": manifest.rows,
            "rejected": manifest.rejected,
            "errors": manifest.errors,
            "preview": dg.MetadataValue.md(_table(_first(artefact))),
        }
    if manifest.reasons:
        page["rejected by reason"] = dg.MetadataValue.md(_reasons(artefact))
    if plan.left_out:
        page["left out"] = dg.MetadataValue.json(plan.left_out)
    page |= _pictures(step, artefact, plan)
    for name, value in manifest.metadata.items():
        if len(json.dumps(value, default=str)) > _VALUE_CHARS:
            continue  # a whole curve is on the page as a picture, and number by number in the manifest
        page.setdefault(name, value if isinstance(value, int | float | str | bool) else dg.MetadataValue.json(value))
    page["config"] = dg.MetadataValue.json(
        {
            name: "…" if _SECRET.search(name) and not name.endswith("_env") else value
            for name, value in plan.config.items()
        }
    )
    page["upstream"] = dg.MetadataValue.md(
        _table(
            [
                {"asset": pin.asset, "partition": pin.partition, "data version": pin.data_version}
                for pin in plan.upstream
            ]
        )
        if plan.upstream
        else "*none*"
    )
    return page
