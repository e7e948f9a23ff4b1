"""Dagster accepts each dagster.yaml, and what its run launcher makes of it fits the cluster."""

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from livecc_assets.cli.serve import commands
from livecc_assets.graph.settings import load_settings
from livecc_assets.orchestration.runs import INSTANCE
from tests.house.places import REPOSITORY
from tests.k8s.rendering import OVERLAYS, breaches, job_config, named, walk

FILES = [REPOSITORY / "k8s" / place / "dagster.yaml" for place in ("base", "compose")]
each_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)


def read(file: Path) -> dict[str, Any]:
    return yaml.safe_load(file.read_text("utf-8"))


@each_file
def test_dagster_accepts_the_instance(file: Path) -> None:
    from dagster._config import Shape, validate_config
    from dagster._core.instance.config import dagster_instance_config_schema

    result = validate_config(Shape(dagster_instance_config_schema()), read(file))
    assert result.success, result.errors


@each_file
def test_every_variable_of_the_instance_is_set_where_it_is_read(file: Path) -> None:
    wanted = {value for key, value in walk(read(file)) if key == "env" and isinstance(value, str)}
    if file.parent.name == "compose":
        given = set(read(REPOSITORY / "compose.yaml")["x-dagster"]) | set(
            read(REPOSITORY / "compose.yaml")["x-settings"]
        )
    else:
        given = set(named("local", "ConfigMap", "livecc-settings")["data"]) | {"DAGSTER_PG_PASSWORD"}
    assert wanted <= given


@each_file
def test_runs_are_watched_and_steps_are_retried_by_their_own_policies_only(file: Path) -> None:
    instance = read(file)
    assert instance["run_monitoring"]["enabled"]
    assert instance["run_retries"] == {"enabled": True, "max_retries": 1, "retry_on_asset_or_op_failure": False}
    assert instance["concurrency"]["pools"]["granularity"] == "op"
    assert not instance["telemetry"]["enabled"]


def test_a_recuration_of_all_batches_leaves_room_for_the_runs_that_people_start() -> None:
    from jobs.requests import BY_ITSELF

    for file in (FILES[0], INSTANCE):
        runs = read(file)["concurrency"]["runs"]
        limits = {one["key"]: one["limit"] for one in runs["tag_concurrency_limits"]}
        assert set(limits) == {"livecc/by_itself", "dagster/backfill"} and "livecc/by_itself" in BY_ITSELF
        assert max(limits.values()) < runs["max_concurrent_runs"]


def test_on_one_machine_one_model_runs_at_a_time() -> None:
    for file in (FILES[1], INSTANCE):
        assert read(file)["concurrency"]["pools"]["default_limit"] == 1
        assert read(file)["run_monitoring"]["free_slots_after_run_end_seconds"] == 30


@pytest.mark.parametrize("kind", ["SCHEDULE", "SENSOR"])
def test_a_tick_over_thousands_of_batches_has_ten_minutes_everywhere(
    kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from dagster._grpc import utils

    name = f"DAGSTER_{kind}_GRPC_TIMEOUT_SECONDS"
    compose = read(REPOSITORY / "compose.yaml")
    places = [named(overlay, "ConfigMap", "livecc-settings")["data"] for overlay in OVERLAYS]
    places += [compose["services"][service]["environment"] for service in ("code", "daemon", "webserver")]
    servers = commands(load_settings(), tmp_path, "127.0.0.1", 3000, 5000)
    places += [servers[name].env for name in ("code", "daemon", "webserver")]
    for place in places:
        monkeypatch.setenv(name, place[name])
        assert getattr(utils, f"default_{kind.lower()}_grpc_timeout")() == 600, "Dagster reads this variable"


def test_livecc_ui_keeps_to_the_time_limit_that_the_environment_has(tmp_path: Path) -> None:
    said = {"DAGSTER_SENSOR_GRPC_TIMEOUT_SECONDS": "90"}
    given = commands(load_settings(), tmp_path, "127.0.0.1", 3000, 5000, said)["daemon"].env
    assert given["DAGSTER_SENSOR_GRPC_TIMEOUT_SECONDS"] == "90"


def test_the_pods_of_runs_keep_to_the_restricted_level_and_mount_what_exists(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("dagster_k8s", reason="dagster-k8s is not installed: make install")
    from dagster._config import process_config
    from dagster_k8s.job import DagsterK8sJobConfig, UserDefinedDagsterK8sConfig, construct_dagster_k8s_job
    from kubernetes import client

    monkeypatch.setenv("LIVECC_NAMESPACE", "livecc")
    settings = read(FILES[0])["run_launcher"]["config"]
    result = process_config(DagsterK8sJobConfig.config_type_run_launcher(), settings)
    assert result.success, result.errors
    assert result.value is not None
    assert result.value["job_namespace"] == "livecc"
    config = job_config(settings)
    made = construct_dagster_k8s_job(
        config,
        ["dagster", "api", "execute_run"],
        "dagster-run-1",
        UserDefinedDagsterK8sConfig.from_dict(settings["run_k8s_config"]),
        component="run_worker",
    )
    job: Any = client.ApiClient().sanitize_for_serialization(made)
    kubernetes_validate.validate(job, kubernetes_validate.latest_version(), strict=True)
    pod = job["spec"]["template"]
    assert breaches(pod) == []
    assert pod["metadata"]["labels"]["app.kubernetes.io/component"] == "run_worker"
    assert pod["spec"]["serviceAccountName"] == "livecc-run"
    volumes = {each["name"]: each.get("configMap", {}) for each in pod["spec"]["volumes"]}
    mounts = {mount["mountPath"]: mount["name"] for each in pod["spec"]["containers"] for mount in each["volumeMounts"]}
    assert set(mounts.values()) <= set(volumes)
    assert "dagster.yaml" in named("local", "ConfigMap", volumes[mounts[settings["dagster_home"]]]["name"])["data"]
    for wanted in volumes.values():
        assert not wanted or wanted.get("optional") or named("local", "ConfigMap", wanted["name"])
