"""What Dagster is told of a step: tags, checks, retries, pools, partitions and how they feed each other."""

import dagster as dg
import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.definitions import defs
from livecc_assets.graph.settings import load_settings
from livecc_assets.graph.step import Step
from livecc_assets.orchestration import declare, partitions
from livecc_assets.orchestration.partitions import DEFINITIONS, mapping
from livecc_assets.orchestration.steps import BY_ASSET, STEPS

EACH = pytest.mark.parametrize("step", STEPS, ids=lambda step: step.asset)


def definition(step: Step) -> dg.AssetsDefinition:
    return defs.resolve_assets_def(step.asset)


def test_steps_stand_in_order_once_each_and_by_name() -> None:
    seen: set[str] = set()
    for step in STEPS:
        assert set(step.upstream) <= seen, step.asset
        assert step.asset not in seen
        seen.add(step.asset)
    assert BY_ASSET.keys() == seen and all(BY_ASSET[name].asset == name for name in seen)
    order = [step.asset for step in STEPS]
    assert order.index("livesports_events") < order.index("live_cc") < order.index("livecc_base")
    assert order[-1] == "leaderboard"


@EACH
def test_a_worker_is_named_on_its_op_and_only_its_step_is_tried_again(step: Step) -> None:
    op = definition(step).op
    resources = op.tags["dagster-k8s/config"]
    assert ("livecc/worker" in op.tags) is (step.worker is not None)
    if step.worker:
        assert op.tags["livecc/worker"] == step.worker
        assert op.retry_policy == dg.RetryPolicy(2, 30, dg.Backoff.EXPONENTIAL, dg.Jitter.PLUS_MINUS)
        assert "2Gi" in str(resources) and "100m" in str(resources)
    else:
        assert op.retry_policy is None
        assert "4Gi" in str(resources) and "500m" in str(resources)
    assert op.pool == step.pool


@EACH
def test_a_step_has_one_blocking_check_on_its_rows_and_reads_through_the_read_only_manager(step: Step) -> None:
    made = definition(step)
    (check,) = made.check_specs
    assert (check.name, check.blocking, check.asset_key) == (declare.ERROR_SHARE, True, dg.AssetKey(step.asset))
    assert made.required_resource_keys >= {"livecc", declare.ARTIFACTS}
    assert made.partitions_def == DEFINITIONS[step.partitioned_by]
    assert made.group_names_by_key[dg.AssetKey(step.asset)] == step.group


@pytest.mark.parametrize(("said", "tries"), [("0", 0), ("5", 5), ("", 2)])
def test_the_number_of_retries_is_the_environments(said: str, tries: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVECC_RETRIES", said)
    policy = declare.retry_policy(BY_ASSET["livecc_base"])
    assert policy is not None and policy.max_retries == tries
    assert declare.retry_policy(BY_ASSET["leaderboard"]) is None


@pytest.mark.parametrize("said", ["two", "-1", "1.5"])
def test_a_number_of_retries_that_is_none_is_one_line(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVECC_RETRIES", said)
    with pytest.raises(UserError, match=f"^LIVECC_RETRIES={said}: write how often"):
        declare.retry_policy(BY_ASSET["livecc_base"])


def between(upstream: str, downstream: str) -> dg.PartitionMapping | None:
    return mapping(BY_ASSET[upstream], BY_ASSET[downstream])


def test_partitions_of_one_kind_feed_each_other_one_by_one() -> None:
    assert isinstance(between("yt_cc_source", "caption_clips"), dg.IdentityPartitionMapping)
    assert isinstance(between("livecc_base", "livecc_instruct"), dg.IdentityPartitionMapping)


def test_a_selection_a_table_of_all_and_an_experiment_read_all_of_what_has_another_kind_of_partition() -> None:
    assert isinstance(between("caption_clips", "live_cc"), dg.AllPartitionMapping)
    assert isinstance(between("general_instructions", "livecc_instruct"), dg.AllPartitionMapping)
    assert isinstance(between("livesports_judgements", "leaderboard"), dg.AllPartitionMapping)


def test_what_has_no_partitions_needs_no_mapping() -> None:
    assert between("evaluation_videos", "live_cc") is None
    assert between("livesports_events", "livesports_commentary") is None


@pytest.mark.parametrize(("kind", "stage"), [("live_cc", "livecc_base"), ("live_whisperx", "livecc_instruct")])
def test_a_selection_feeds_the_experiments_that_train_on_it_and_no_other(
    kind: str, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load_settings()
    some = next(iter(settings.experiments.values()))
    experiments = {
        "both": some.but(live_cc="a", live_whisperx="a"),
        "mixed": some.but(live_cc="a" if kind == "live_cc" else "b", live_whisperx="b" if kind == "live_cc" else "a"),
        "none": some.but(live_cc=None, live_whisperx=None, instructions=[]),
    }

    class Some:
        selections = dict.fromkeys("abc")

    Some.experiments = experiments  # type: ignore[attr-defined]
    monkeypatch.setattr(partitions, "_settings", Some)
    found = mapping(BY_ASSET[kind], BY_ASSET[stage])
    assert isinstance(found, dg.StaticPartitionMapping)
    given = found.downstream_partition_keys_by_upstream_partition_key
    assert {name: set(keys) for name, keys in given.items()} == {"a": {"both", "mixed"}, "b": set(), "c": set()}


def test_the_static_partitions_are_the_valid_files_and_batches_are_dynamic() -> None:
    settings = load_settings()
    assert DEFINITIONS["batch"] == dg.DynamicPartitionsDefinition(name="source_batch")
    for kind, names in [
        ("selection", settings.selections),
        ("experiment", settings.experiments),
        ("source", settings.profile.instructions),
    ]:
        made = DEFINITIONS[kind]
        assert made is not None and made.get_partition_keys() == sorted(names)
