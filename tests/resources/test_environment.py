"""A worker on this machine, which decodes media from strangers, gets the secrets that its work needs and no other."""

import json
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from livecc_assets.runtime.forked import ELSEWHERE
from resources.launchers import make_launcher
from resources.launchers.environment import needed
from tests.listening import listening

MEANT = {
    "PATH": "/bin",
    "HOME": "/h",
    "LIVECC_PROFILE": "sample",
    "OMP_NUM_THREADS": "2",
    "LIVECC_DAGSTER_UI": "http://x",
}
STORE = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE1234", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI", "AWS_SESSION_TOKEN": "FQoGZXIvYXdz",
    "AWS_ENDPOINT_URL": "http://user:longpassword@s3",
}  # fmt: skip
SECRET = {
    "OPENAI_API_KEY": "sk-abcdefgh12345678", "DAGSTER_PG_PASSWORD": "hunter2hunter2", "LIVECC_WEBHOOK_URL": "https://h.example/x",
    "HF_TOKEN": "hf_abcdefgh12345678", "MLFLOW_TRACKING_URI": "https://me:longpassword@mlflow", "GITHUB_TOKEN": "ghp_abcdefgh",
    "MY_JUDGE_KEY": "an-own-endpoints-key",
}  # fmt: skip
PROXY = {"HTTPS_PROXY": "http://me:longpassword@proxy", "no_proxy": "s3"}


@pytest.mark.parametrize(
    ("config", "more"),
    [
        ({}, set()),
        ({"model": "embedded:smollm2"}, set()),
        ({"judge": {"kind": "openai", "api_key_env": "MY_JUDGE_KEY"}}, {"MY_JUDGE_KEY"}),
        ({"writer": "openai", "api_key_env": "OPENAI_API_KEY"}, {"OPENAI_API_KEY"}),
        ({"sources": [{"model": "hub:Qwen/Qwen2-VL-2B-Instruct"}]}, {"HF_TOKEN"}),
    ],
)
def test_a_worker_gets_the_stores_keys_and_what_its_config_names(config: dict, more: set[str]) -> None:
    everything = MEANT | STORE | SECRET | PROXY
    found = needed(everything, {"input_key": "k", "config": config})
    assert found == MEANT | STORE | PROXY | {name: SECRET[name] for name in more}


def test_somebody_elses_worker_gets_what_its_orchestrator_has() -> None:
    everything = MEANT | STORE | SECRET
    assert needed(everything, {"anything": 1}) == everything


def seen_by_a_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Of an orchestrator with all secrets: what a worker of it could read."""
    for name, value in (STORE | SECRET).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("livecc_assets.runtime.forked._requests", None)  # a server of these surroundings

    @dg.asset
    def look(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        extras = {"input_key": "k", "config": {"api_key_env": "MY_JUDGE_KEY"}, "into": str(tmp_path / "seen.json")}
        launcher = make_launcher({"kind": "local"})
        done = launcher.run(context=context, module="tests.resources.looking_worker", extras=extras)
        return done.get_materialize_result()

    assert dg.materialize([look]).success
    return json.loads((tmp_path / "seen.json").read_text())


@pytest.mark.live
def test_no_other_secret_is_in_proc_of_a_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = seen_by_a_worker(tmp_path, monkeypatch)
    assert seen["environ"].items() >= (STORE | {"MY_JUDGE_KEY": SECRET["MY_JUDGE_KEY"]}).items()
    told = seen["proc"] + json.dumps(seen["environ"])
    assert [name for name in SECRET if name != "MY_JUDGE_KEY" and SECRET[name] in told] == []
    assert "MY_JUDGE_KEY" not in seen["proc"] and "PATH=" in seen["proc"]


def test_a_worker_of_another_container_has_that_containers_keys_and_none_of_its_orchestrators(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket = tmp_path / "workers.sock"
    monkeypatch.setenv(ELSEWHERE, str(socket))
    own = {"AWS_ACCESS_KEY_ID": "AKIDOFWORKERS", "AWS_SECRET_ACCESS_KEY": "workers-secret"}
    with listening(socket, **own):
        seen = seen_by_a_worker(tmp_path, monkeypatch)
    assert seen["environ"].items() >= own.items()
    told = seen["proc"] + json.dumps(seen["environ"])
    handed = {"AWS_ENDPOINT_URL", "MY_JUDGE_KEY"}
    assert [name for name in (STORE | SECRET).keys() - handed if (STORE | SECRET)[name] in told] == []
    assert not list(tmp_path.glob("worker-*")), "what passed between them is gone"
