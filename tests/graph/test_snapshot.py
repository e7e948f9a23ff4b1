"""The graph's public interface: any change of a key, group, partition, job or schedule shows in review."""

import json
import os
from pathlib import Path
from typing import Any

SNAPSHOT = Path(__file__).with_name("graph_snapshot.json")


def _graph() -> dict[str, Any]:
    from livecc_assets.definitions import defs
    from livecc_assets.graph.step import ALL

    graph = defs.resolve_asset_graph()
    assets: dict[str, Any] = {}
    for key in sorted(graph.get_all_asset_keys(), key=str):
        node = graph.get(key)
        partitions = node.partitions_def
        op = defs.resolve_assets_def(key).op
        assets[key.to_user_string()] = {
            "group": node.group_name,
            "partitions": getattr(partitions, "name", None) or (partitions.get_partition_keys() if partitions else ALL),
            "upstream": sorted(parent.to_user_string() for parent in node.parent_keys),
            "checks": sorted(check.name for check in node.check_keys),
            "automation": node.automation_condition.get_label() if node.automation_condition else None,
            "pool": op.pool,
            "retries": op.retry_policy.max_retries if op.retry_policy else 0,
        }
    jobs = {
        job.name: sorted(key.to_user_string() for key in job.asset_layer.executable_asset_keys)
        for job in defs.resolve_all_job_defs()
        if not job.name.startswith("__")
    }
    repository = defs.get_repository_def()
    return {
        "assets": assets,
        "jobs": jobs,
        "schedules": {one.name: one.cron_schedule for one in repository.schedule_defs},
        "sensors": sorted(one.name for one in repository.sensor_defs),
    }


def test_the_graph_is_the_recorded_one() -> None:
    found = json.loads(json.dumps(_graph()))
    if os.environ.get("UPDATE_SNAPSHOTS"):
        SNAPSHOT.write_text(json.dumps(found, indent=1) + "\n")
    assert found == json.loads(SNAPSHOT.read_text()), "review the change, then run again with UPDATE_SNAPSHOTS=1"


def test_automation_ends_at_the_selections() -> None:
    assets = _graph()["assets"]
    for name, about in assets.items():
        allowed = about["group"] in ("source", "live_cc", "live_whisperx")
        assert about["automation"] is None or allowed, f"{name} must not start by itself"
    assert assets["live_cc"]["automation"]
    assert assets["livecc_base"]["automation"] is None
