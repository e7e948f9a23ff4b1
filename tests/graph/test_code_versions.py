"""A code version must move when what it stands for moves."""

import importlib.util
import json
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def _recorder():
    spec = importlib.util.spec_from_file_location("recorder", REPOSITORY / "scripts" / "record_code_versions.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_changed_modules_have_a_new_code_version_or_a_recorded_same_output() -> None:
    recorded = json.loads((REPOSITORY / "tests/graph/code_versions.json").read_text())
    now = _recorder().now()
    changed = {asset: one for asset, one in now.items() if recorded.get(asset) != one}
    assert not changed, f"run scripts/record_code_versions.py (see its first lines) for {sorted(changed)}"
    assert recorded.keys() == now.keys()


def test_a_comment_or_docstring_is_no_change_and_a_statement_is(tmp_path: Path) -> None:
    text = _recorder()._text
    path = tmp_path / "module.py"

    def digest(source: str) -> str:
        path.write_text(source)
        return text(path)

    first = digest('"""Doc."""\nx = 1\n')
    assert digest('"""Other doc."""\n# why\nx = 1\n') == first
    assert digest('"""Doc."""\nx = 2\n') != first
