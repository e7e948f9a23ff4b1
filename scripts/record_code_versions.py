"""Record which source text stands behind each asset's version.

    python scripts/record_code_versions.py                         # after bumping the versions of the steps it names
    python scripts/record_code_versions.py --same-output NAME…     # the text of these modules changed, no output did

The test tests/graph/test_code_versions.py fails while the record and the source disagree, and names the steps.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from livecc_assets.graph.coverage import covered
from livecc_assets.graph.step import Step

RECORD = Path(__file__).resolve().parent.parent / "tests" / "graph" / "code_versions.json"

Record = dict[str, dict[str, str]]


def now(steps: Sequence[Step]) -> tuple[Record, dict[str, set[str]]]:
    """(What would be recorded: versions of steps and digests of code, which code each step covers)."""
    covers = {step.asset: covered(step) for step in steps}
    digests = {name: digest for one in covers.values() for name, digest in sorted(one.items())}
    versions = {step.asset: step.version for step in steps}
    return {"versions": versions, "code": dict(sorted(digests.items()))}, {
        asset: set(one) for asset, one in covers.items()
    }


def due(record: Mapping[str, Mapping[str, str]], steps: Sequence[Step]) -> dict[str, list[str]]:
    """Changed code, with the steps that it reaches and whose version is still the recorded one."""
    found, covers = now(steps)
    versions = record.get("versions", {})
    kept = {asset for asset, version in found["versions"].items() if versions.get(asset) == version}
    changed = {name for name, digest in found["code"].items() if record.get("code", {}).get(name, digest) != digest}
    reached = {name: sorted(asset for asset in kept if name in covers[asset]) for name in sorted(changed)}
    return {name: assets for name, assets in reached.items() if assets}


def asked(waiting: Mapping[str, list[str]]) -> str:
    """What to do about changed code, in words."""
    lines = [f"{name} changed, which reaches {', '.join(assets)}" for name, assets in waiting.items()]
    remedy = (
        "bump the version of these steps and run scripts/record_code_versions.py, or name the code after --same-output"
    )
    return "; ".join(lines) + f": {remedy}"


def main(arguments: list[str]) -> None:
    """Write the record; refuse changed code whose steps have no new version, unless it is named as same output."""
    from livecc_assets.orchestration.steps import STEPS

    same = set(arguments[1:]) if arguments[:1] == ["--same-output"] else set[str]()
    record: Any = json.loads(RECORD.read_text("utf-8")) if RECORD.exists() else {}
    if waiting := {name: assets for name, assets in due(record, STEPS).items() if name not in same}:
        raise SystemExit(asked(waiting))
    RECORD.write_text(json.dumps(now(STEPS)[0], indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
