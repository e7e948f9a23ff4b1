"""The asset's page: counts, reasons with examples, a preview; and nothing that could be a secret."""

from pathlib import Path

import pyarrow as pa

from livecc_assets.graph import Step
from livecc_assets.plan import Plan
from livecc_assets.store import Rejected, Store
from resources.page import metadata

SCHEMA = pa.schema([("video_id", pa.string()), ("words", pa.string())])


def page(tmp_path: Path, config: dict, memoised: bool = False) -> dict:
    step = Step("words", "toy", None, "", "1", (), config=lambda settings, store, partition: config)
    store = Store(str(tmp_path), tmp_path / "cache")
    writer = store.write("words", "all", "k", SCHEMA, code_version="1", config=config, upstream=[])
    for number in range(12):
        writer.add({"video_id": f"v{number}", "words": "a | b\nc"})
    for number in range(5):
        writer.add(Rejected(f"r{number}", "error", "broken", "the file ends early", "v"))
    writer.metadata["curve"] = [[number, number / 7] for number in range(1000)]
    writer.metadata["model"] = "tiny"
    writer.commit()
    artefact = store.at("words/all/k")
    assert artefact is not None
    return metadata(step, Plan(step, "all", "1", config, [], "k", "words/all/k"), artefact, memoised)


def test_counts_reasons_and_a_preview_are_there(tmp_path: Path) -> None:
    found = page(tmp_path, {})
    assert (found["dagster/row_count"], found["rejected"], found["errors"]) == (12, 5, 5)
    reasons = found["rejected by reason"].md_str
    assert "| error | broken | 5 |" in reasons
    assert reasons.count("the file ends early") == 3, "a few examples, not all"
    preview = found["preview"].md_str
    assert preview.count("\n") == 9, "a header, a rule and eight rows"
    assert "a ¦ b c" in preview, "cell text must not break the table"


def test_long_values_stay_in_the_manifest(tmp_path: Path) -> None:
    found = page(tmp_path, {})
    assert "curve" not in found
    assert found["model"] == "tiny"


def test_a_key_in_the_config_is_not_shown(tmp_path: Path) -> None:
    found = page(tmp_path, {"api_key": "hunter2", "api_key_env": "OPENAI_API_KEY"})
    assert "hunter2" not in str(found["config"].data)
    assert "OPENAI_API_KEY" in str(found["config"].data)


def test_a_no_op_says_that_it_was_one(tmp_path: Path) -> None:
    assert page(tmp_path, {}, memoised=True)["memoised"].value is True
