"""compose.yaml holds together, and the engines that can read it accept it."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.house.places import REPOSITORY
from tests.k8s.rendering import walk

TEXT = (REPOSITORY / "compose.yaml").read_text("utf-8")
STACK: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, Any] = STACK["services"]
#: What k8s/build.sh notes in .env.
BUILT = {f"LIVECC_IMAGE_{name}": f"sha256:{7:064x}" for name in ("ORCHESTRATOR", "TRAINING", "POSTGRES", "S3")}
#: The names of all passwords, as compose/passwords.sh has them.
PASSWORDS = sorted(set(re.findall(r"\$\{(\w+_PASSWORD):", TEXT)))


def test_the_stack_has_its_parts() -> None:
    assert {"s3", "postgres", "mlflow", "webserver", "daemon", "code", "worker"} <= set(SERVICES)


def test_services_wait_for_services_that_can_say_they_are_ready() -> None:
    for name, service in SERVICES.items():
        for needed, how in service.get("depends_on", {}).items():
            assert needed in SERVICES, name
            if how["condition"] == "service_healthy":
                assert SERVICES[needed]["healthcheck"]["test"]


def test_addresses_name_services_and_the_ports_they_listen_on() -> None:
    listened = {"s3": 8333, "postgres": 5432, "mlflow": 5000, "code": 4000}
    for _, value in walk(SERVICES):
        for host, port in re.findall(r"//(?:\w+@)?([a-z0-9]+):(\d+)", str(value) if isinstance(value, str) else ""):
            assert host == "127.0.0.1" or listened[host] == int(port)
    [server] = yaml.safe_load((REPOSITORY / "k8s/compose/workspace.yaml").read_text("utf-8"))["load_from"]
    assert listened[server["grpc_server"]["host"]] == server["grpc_server"]["port"]
    assert f"--port={listened['code']}" in SERVICES["code"]["command"]
    instance = yaml.safe_load((REPOSITORY / "k8s/compose/dagster.yaml").read_text("utf-8"))
    assert instance["storage"]["postgres"]["postgres_db"]["hostname"] in SERVICES


def test_the_code_server_ends_the_runs_that_died_with_the_container_before() -> None:
    from importlib.util import find_spec

    python, option, module, *_ = SERVICES["code"]["command"]
    assert (python, option) == ("python", "-m")
    assert module == "livecc_assets.cli.serve", "see tests/orchestration/test_left_runs.py"
    assert find_spec(module) is not None
    # It may do so because runs are executed there and nowhere else.
    launcher = yaml.safe_load((REPOSITORY / "k8s/compose/dagster.yaml").read_text("utf-8")).get("run_launcher")
    assert launcher is None, "Dagster's default: a run is a process of the code server"


def test_mounts_name_files_that_exist_and_volumes_that_are_declared() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source, _, _ = volume.partition(":")
            assert (REPOSITORY / source).is_file() if source.startswith(".") else source in STACK["volumes"]


def test_nothing_is_open_to_the_network_or_holds_a_password() -> None:
    for service in SERVICES.values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges"]
        for name, value in (service.get("environment") or {}).items():
            if re.search("PASSWORD|SECRET", name):
                assert re.fullmatch(r"\$\{\w+_PASSWORD:\?run k8s/compose/passwords.sh\}", value)


def holders(password: str) -> set[str]:
    """Services that are given a password."""
    return {name for name, service in SERVICES.items() if f"${{{password}:" in str(service.get("environment"))}


def test_every_service_has_a_credential_of_its_own() -> None:
    assert {password: holders(password) for password in PASSWORDS} == {
        "PG_ADMIN_PASSWORD": {"postgres"},
        "PG_DAGSTER_PASSWORD": {"postgres", "code", "webserver", "daemon"},
        "PG_MLFLOW_PASSWORD": {"postgres", "mlflow"},
        "S3_ADMIN_PASSWORD": {"s3", "bucket"},
        "S3_CODE_PASSWORD": {"s3", "code"},
        "S3_PAGES_PASSWORD": {"s3", "webserver"},
        "S3_WORKER_PASSWORD": {"s3", "worker"},
    }


def test_workers_stand_apart_from_what_holds_passwords() -> None:
    worker, code = SERVICES["worker"], SERVICES["code"]
    secrets = [name for name in worker["environment"] if re.search("PASSWORD|SECRET|TOKEN", name)]
    assert secrets == ["AWS_SECRET_ACCESS_KEY"]
    assert worker["networks"] == ["store"] and "ports" not in worker
    assert {name for name, service in SERVICES.items() if "store" in service.get("networks", [])} == {"worker", "s3"}
    # What they share has to be at the same places.
    assert set(worker["volumes"]) == {"run:/run/livecc", "scratch:/scratch"} <= set(code["volumes"])
    assert code["environment"]["LIVECC_WORKER_SOCKET"] == worker["command"][-1] == "/run/livecc/workers.sock"
    assert code["environment"]["LIVECC_HOME"] == worker["environment"]["LIVECC_HOME"] == "/scratch"


def test_passwords_are_made_once_for_every_service(tmp_path: Path) -> None:
    script = tmp_path / "k8s" / "compose" / "passwords.sh"
    script.parent.mkdir(parents=True)
    shutil.copy(REPOSITORY / "k8s" / "compose" / "passwords.sh", script)
    env = tmp_path / ".env"
    env.write_text("LIVECC_UI_PORT=3001\nS3_CODE_PASSWORD=my-own\n")
    subprocess.run(["sh", str(script)], check=True)
    made = env.read_text()
    found = dict(line.split("=") for line in made.splitlines())
    assert sorted(found.keys() - {"LIVECC_UI_PORT"}) == PASSWORDS
    assert found["S3_CODE_PASSWORD"] == "my-own" and found["LIVECC_UI_PORT"] == "3001"
    assert len(set(found.values())) == len(found) and all(
        len(found[name]) == 48 for name in PASSWORDS if "CODE" not in name
    )
    subprocess.run(["sh", str(script)], check=True)
    assert env.read_text() == made
    env.unlink()
    subprocess.run(["sh", str(script)], check=True)
    assert env.stat().st_mode & 0o777 == 0o600


def test_images_are_those_that_the_build_script_makes() -> None:
    script = (REPOSITORY / "k8s" / "build.sh").read_text("utf-8")
    for service in SERVICES.values():
        variable, _, rest = service["image"].removeprefix("${LIVECC_IMAGE_").partition(":?")
        name = variable.lower()
        assert re.search(rf"\b{name}\b.*\) build", script)
        assert rest == f"run k8s/build.sh {name}}}", "an ID from .env, and no tag that may move"


def compose() -> list[str]:
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    if shutil.which("docker") and not subprocess.run(["docker", "compose", "version"], capture_output=True).returncode:
        return ["docker", "compose"]
    pytest.skip("this machine has no docker compose (Debian: apt-get install docker-compose)")


def config(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    known = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "DOCKER_HOST")}
    empty = folder / "empty.env"  # not the .env that a user of the checkout may have
    empty.touch()
    command = [*compose(), "--file", "compose.yaml", "--env-file", str(empty), "config"]
    return subprocess.run(command, cwd=REPOSITORY, env=known | environment, capture_output=True, text=True)


def test_compose_accepts_the_file(tmp_path: Path) -> None:
    done = config(tmp_path, **dict.fromkeys(PASSWORDS, "a-password"), **BUILT)
    assert done.returncode == 0, done.stderr
    assert yaml.safe_load(done.stdout)["services"]["postgres"]["environment"]["POSTGRES_PASSWORD"] == "a-password"


@pytest.mark.parametrize("absent", PASSWORDS)
def test_compose_asks_for_a_password_that_is_not_set(absent: str, tmp_path: Path) -> None:
    done = config(tmp_path, **{name: "a-password" for name in PASSWORDS if name != absent}, **BUILT)
    assert done.returncode != 0
    assert absent in done.stderr + done.stdout
