"""Record which source text stands behind each asset's code version.

    python scripts/record_code_versions.py            # after bumping code_version in a stage's steps.py
    python scripts/record_code_versions.py --same-output ASSET…   # the text changed, what it computes did not

The test tests/graph/test_code_versions.py fails while the record and the modules disagree.
"""

import ast
import hashlib
import importlib.util
import json
import sys
from pathlib import Path

RECORD = Path(__file__).resolve().parent.parent / "tests" / "graph" / "code_versions.json"


def _text(path: Path) -> str:
    """The module without comments and docstrings: what says the same computes the same."""
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if (
            isinstance(body, list)
            and body
            and isinstance(body[0], ast.Expr)
            and isinstance(body[0].value, ast.Constant)
        ):
            body[0].value.value = ""
    return ast.dump(tree)


def source_digest(modules: tuple[str, ...]) -> str:
    """Digest of the modules' code; a package stands for every module directly in it, bar its Dagster declarations."""
    whole = hashlib.sha256()
    for name in modules:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise SystemExit(f"{name} is covered by an asset but does not exist")
        origin = Path(spec.origin)
        left_out = ("assets.py", "steps.py", "pictures.py", "cli.py", "page.py")
        paths = sorted(origin.parent.glob("*.py")) if origin.name == "__init__.py" else [origin]
        for path in paths:
            if path.name not in left_out:
                whole.update(f"{name} {path.name} {_text(path)}".encode())
    return whole.hexdigest()[:16]


def now() -> dict[str, dict[str, str]]:
    """Version and digest of every asset as the code stands."""
    from livecc_assets.orchestration.steps import STEPS

    return {step.asset: {"version": step.code_version, "source": source_digest(step.covers)} for step in STEPS}


def main(same_output: list[str]) -> None:
    """Write the record; refuse an asset whose text changed without a bump, unless it is named as same output."""
    before = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    after = now()
    for asset, one in after.items():
        old = before.get(asset)
        changed = old and old["source"] != one["source"] and old["version"] == one["version"]
        if changed and asset not in same_output:
            raise SystemExit(f"{asset}: its modules changed; bump its code_version, or name it after --same-output")
    RECORD.write_text(json.dumps(after, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[2:] if sys.argv[1:2] == ["--same-output"] else [])
