"""What kind of model `livecc evaluate --checkpoint` takes is looked at before anything runs."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_evaluating import error
from tests.evaluation.published import Published


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            lambda folder: (folder / "config.json").write_text('{"model_type": "llama"}'),
            "is of type 'llama'; only qwen2_vl models",
        ),
        (lambda folder: (folder / "tokenizer.json").unlink(), "has no tokenizer.json"),
        (lambda folder: [path.unlink() for path in folder.glob("*.safetensors*")], "holds no safetensors weights"),
    ],
)
def test_a_model_that_cannot_comment_is_refused_before_anything_runs(
    change: Callable[[Path], Any], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LIVECC_HOME", "LIVECC_ROOT", "LIVECC_PROFILE", "DAGSTER_HOME"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    published = Published(tmp_path)
    other = published.folder / "other"
    shutil.copytree(published.model, other)
    change(other)
    assert says in error(published, "evaluate", "--checkpoint", str(other), "--base", "--events", str(published.events))
