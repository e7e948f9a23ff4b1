"""The asset's page: counts, reasons with examples, a preview; and nothing that could be a secret."""

import json
from pathlib import Path

import pyarrow as pa

from livecc_assets.graph.plan import Plan
from livecc_assets.graph.step import Step
from livecc_assets.runtime.task import Task
from livecc_assets.store import Rejected, Store
from livecc_assets.store.manifest import Upstream
from resources.page import metadata

SCHEMA = pa.schema([("video_id", pa.string()), ("words", pa.string())])


SCHEMAS = {"words": SCHEMA}


def words(task: Task) -> None:
    """Words of videos."""


def page(tmp_path: Path, config: dict, memoised: bool = False, upstream: list[Upstream] | None = None) -> dict:
    step = Step(words, None, "toy", "1", schemas=__name__)
    store = Store(str(tmp_path), tmp_path / "cache")
    writer = store.write("words", "all", "k", SCHEMA, code_version="1", config=config, upstream=[])
    for number in range(12):
        writer.add({"video_id": f"v{number}", "words": "a | b\nc"})
    for number in range(5):
        writer.add(Rejected(f"r{number}", "error", "broken", "the file ends early", "v"))
    writer.metadata["curve"] = [[number, number / 7] for number in range(1000)]
    writer.metadata["model"] = "tiny"
    writer.commit()
    artifact = store.at("words/all/k")
    assert artifact is not None
    return metadata(step, Plan(step, "all", "1", config, upstream or [], "k", "words/all/k"), artifact, memoised)


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


def test_thousands_of_upstream_batches_are_counted_and_the_first_few_named(tmp_path: Path) -> None:
    pins = [Upstream(asset, f"b{number:04}", "k", "v") for asset in ("clips", "losses") for number in range(2850)]
    found = page(tmp_path, {}, upstream=pins)["upstream"].md_str
    assert found.count("\n") == 1 + 2 * 6, "for each asset five partitions and a count"
    assert "| clips | b0004 | v |" in found and "b0005" not in found
    assert "| losses | … 2845 more of 2850 |" in found


def test_a_handful_of_upstream_batches_is_shown_whole(tmp_path: Path) -> None:
    found = page(tmp_path, {}, upstream=[Upstream("clips", f"b{number}", "k", "v") for number in range(5)])
    assert found["upstream"].md_str.count("\n") == 6
    assert page(tmp_path / "other", {})["upstream"].md_str == "*none*"


def test_the_config_is_cut_to_a_bounded_size_and_says_how_much_is_left_out(tmp_path: Path) -> None:
    config = {
        "batches": [f"b{number:04}" for number in range(2850)],
        "thresholds": {f"t{number}": {"low": number} for number in range(300)},
        "prompt": "word " * 1000,
        "min_loss": 1.5,
    }
    shown = page(tmp_path, config)["config"].data
    assert shown["batches"][:2] == ["b0000", "b0001"] and shown["batches"][-1] == "… 2840 more"
    assert shown["thresholds"]["t0"] == {"low": 0} and shown["thresholds"]["…"] == "290 more"
    assert shown["prompt"].endswith("4600 more characters")
    assert shown["min_loss"] == 1.5
    assert len(str(shown)) < 2000


def test_the_whole_is_where_the_page_says(tmp_path: Path) -> None:
    config = {"batches": [f"b{number:04}" for number in range(2850)]}
    manifest = Path(str(page(tmp_path, config)["manifest"].path))
    assert json.loads(manifest.read_text())["config"] == config


def test_a_key_deep_in_the_config_is_not_shown_either(tmp_path: Path) -> None:
    found = page(
        tmp_path, {"judge": {"api_key": "hunter2", "api_key_env": "OPENAI_API_KEY"}, "all": [{"token": "hunter2"}]}
    )
    assert "hunter2" not in str(found["config"].data)
    assert "OPENAI_API_KEY" in str(found["config"].data)
