"""What Dagster is told of an asset: where its code is, which version it has, and how others read it."""

from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pyarrow.dataset as pads
import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.graph.settings import SHIPPED, Settings, load_settings
from livecc_assets.live_cc.schemas import SCHEMAS
from livecc_assets.orchestration.declare import code_version
from livecc_assets.orchestration.steps import STEPS


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LIVECC_HOME", str(tmp_path))
    monkeypatch.delenv("LIVECC_ROOT", raising=False)
    monkeypatch.delenv("LIVECC_PROFILE", raising=False)
    return tmp_path


def versions(settings: Settings) -> dict[str, str]:
    return {step.asset: code_version(step, settings) for step in STEPS}


def changed(home: Path, kind: str, old: str, new: str) -> set[str]:
    """Assets whose code version differs when a shipped file says ``new`` in place of ``old``."""
    text = (SHIPPED / kind / "sample.yaml").read_text("utf-8")
    assert old in text
    before = versions(load_settings(home))
    (home / kind).mkdir(exist_ok=True)
    file = home / kind / "sample.yaml"
    file.write_text(text.replace(old, new), "utf-8")
    after = versions(load_settings(home, profile=str(file) if kind == "profiles" else None))
    return {asset for asset in before if before[asset] != after[asset]}


@pytest.mark.parametrize(
    ("old", "new", "asset"),
    [
        ("eviction_sec: 240", "eviction_sec: 241", "livesports_commentary"),
        ("frames: 8", "frames: 9", "talking_head_scores"),
        ("min_height: 96", "min_height: 97", "yt_cc_source"),
    ],
)
def test_a_setting_changes_the_code_version_of_exactly_the_asset_that_reads_it(
    home: Path, old: str, new: str, asset: str
) -> None:
    assert changed(home, "profiles", old, new) == {asset}


def test_a_threshold_in_a_selection_changes_that_training_set_alone(home: Path) -> None:
    found = changed(home, "selections", "active_speaker_ratio: [0.0, 0.05]", "active_speaker_ratio: [0.0, 0.06]")
    assert found == {"live_whisperx"}


def test_code_links_lead_to_each_assets_own_function() -> None:
    from livecc_assets.definitions import defs

    places = set()
    for step in STEPS:
        spec = defs.resolve_assets_def(step.asset).get_asset_spec(dg.AssetKey(step.asset))
        (link,) = spec.metadata["dagster/code_references"].code_references
        after = Path(link.file_path).read_text("utf-8").splitlines()[link.line_number - 1 :]
        assert after[0].startswith("@step(")
        assert next(line for line in after if line.startswith("def ")).startswith(f"def {step.asset}(")
        places.add((link.file_path, link.line_number))
    assert len(places) == len(STEPS)


def test_step_keys_are_asset_keys() -> None:
    from livecc_assets.definitions import defs

    assert {defs.resolve_assets_def(step.asset).op.name for step in STEPS} == {step.asset for step in STEPS}


@pytest.fixture
def rows(home: Path) -> list[dict[str, Any]]:
    """The rows of a ``live_cc[sample]`` that stands in the store, beside a checkpoint of ``sample-blind``."""
    store, schema = load_settings().store(), SCHEMAS["live_cc"]
    values = {pa.string(): "s", pa.float64(): 1.0, pa.int32(): 1, pa.int64(): 1}
    row = {field.name: values.get(field.type, [{"start": 0.0, "end": 1.0, "word": "go"}]) for field in schema}
    writer = store.write("live_cc", "sample", "k", schema, code_version="1", config={}, upstream=[])
    writer.add(row)
    writer.commit()
    store.set_current("live_cc", "sample", store.place("live_cc", "sample", "k"))
    writer = store.write("livecc_base", "shared", "k", None, code_version="1", config={}, upstream=[])
    file = home / "config.json"
    file.write_text("{}")
    writer.add_file(file, "config.json")
    writer.commit()
    store.set_current("livecc_base", "sample-blind", store.place("livecc_base", "shared", "k"))
    return [row]


def test_defs_load_a_table_as_arrow_and_a_checkpoint_as_its_folder(rows: list[dict[str, Any]]) -> None:
    from livecc_assets.definitions import defs

    with dg.DagsterInstance.ephemeral() as instance:
        table: Any = defs.load_asset_value("live_cc", partition_key="sample", instance=instance)
        assert isinstance(table, pa.Table)
        assert table.to_pylist() == rows
        dataset: Any = defs.load_asset_value(
            "live_cc", python_type=pads.Dataset, partition_key="sample", instance=instance
        )
        assert isinstance(dataset, pads.Dataset)
        assert dataset.count_rows() == 1
        folder = defs.load_asset_value("livecc_base", partition_key="sample-blind", instance=instance)
        assert isinstance(folder, Path)
        assert (folder / "config.json").read_text() == "{}"
        with pytest.raises(UserError, match=r"live_whisperx\[sample\] was never materialised"):
            defs.load_asset_value("live_whisperx", partition_key="sample", instance=instance)


def test_someone_elses_asset_takes_ours_as_input(rows: list[dict[str, Any]]) -> None:
    from livecc_assets.definitions import defs
    from livecc_assets.orchestration.partitions import SELECTIONS

    @dg.asset(partitions_def=SELECTIONS)
    def clip_count(live_cc: pa.Table) -> dg.MaterializeResult:
        return dg.MaterializeResult(metadata={"clips": live_cc.num_rows})

    job = dg.define_asset_job("count", dg.AssetSelection.assets("clip_count"))
    theirs = dg.Definitions.merge(defs, dg.Definitions(assets=[clip_count], jobs=[job]))
    done = theirs.resolve_job_def("count").execute_in_process(
        partition_key="sample", instance=dg.DagsterInstance.ephemeral()
    )
    (made,) = done.asset_materializations_for_node("clip_count")
    assert made.metadata["clips"].value == 1


def test_what_others_write_needs_an_io_manager_of_their_own(rows: list[dict[str, Any]]) -> None:
    from resources import RESOURCES

    @dg.asset(io_manager_key="artifacts")
    def mine() -> int:
        return 1

    done = dg.materialize([mine], resources=RESOURCES, raise_on_error=False)
    (failed,) = [event for event in done.all_events if event.is_step_failure]
    assert "read-only" in str(failed.step_failure_data.error)
