"""The two pages stand behind the door, in a cluster and under compose, and answer to their names there."""

import re
import shlex
from typing import Any

import pytest
import yaml
from starlette.applications import Starlette
from starlette.testclient import TestClient

from resources.door import Door, door_from_environment
from tests.house.places import REPOSITORY
from tests.k8s.rendering import OVERLAYS, containers, named, pods

PORTS = {"webserver": 3000, "mlflow": 5000}
every_page = pytest.mark.parametrize("page", PORTS)


def statuses(listed: str, *hosts: str, reached: str = "http://127.0.0.1") -> list[int]:
    """The answers to these hosts where ``LIVECC_UI_HOSTS`` is ``listed``; 404 is that of an empty page."""
    app = Starlette()
    app.add_middleware(Door, **door_from_environment({"LIVECC_UI_HOSTS": listed}))
    client = TestClient(app, base_url=reached)
    return [client.get("/", headers={"host": host}).status_code for host in hosts]


def behind_the_door(command: list[str]) -> bool:
    """Whether a command starts a page as our modules do."""
    return command[:3] == ["python", "-m", "livecc_assets.cli.webserver"] or (
        command[:2] == ["mlflow", "server"] and "--app-name=livecc" in command
    )


def listed_in(container: dict[str, Any], settings: dict[str, str]) -> str:
    """``LIVECC_UI_HOSTS`` as the kubelet would expand it."""
    environment: dict[str, str] = {}
    for entry in container["env"]:
        source = entry.get("valueFrom", {})
        if "configMapKeyRef" in source:
            environment[entry["name"]] = settings[source["configMapKeyRef"]["key"]]
        elif "fieldRef" in source:
            environment[entry["name"]] = {"metadata.namespace": "livecc"}[source["fieldRef"]["fieldPath"]]
        elif "value" in entry:
            environment[entry["name"]] = re.sub(r"\$\((\w+)\)", lambda name: environment[name[1]], entry["value"])
    return environment["LIVECC_UI_HOSTS"]


@pytest.mark.parametrize("overlay", OVERLAYS)
@every_page
def test_in_a_cluster_a_page_answers_to_its_service_its_pod_and_the_ingress(overlay: str, page: str) -> None:
    [container] = containers(pods(overlay)[f"livecc-{page}"])
    assert behind_the_door([*container["command"], *container["args"]])
    settings = named(overlay, "ConfigMap", "livecc-settings")["data"]
    name, port = f"livecc-{page}", PORTS[page]
    known = [
        f"{name}:{port}",
        f"{name}.livecc.svc:{port}",
        f"{name}.livecc.svc.cluster.local:{port}",
        f"localhost:{port}",
    ]
    listed = listed_in(container, settings)
    assert statuses(listed, *known, name, f"10.1.2.3:{port}", reached=f"http://10.1.2.3:{port}") == [404] * 6
    assert statuses(listed, "ui.example", f"{name}.elsewhere.example:{port}", f"10.1.2.4:{port}") == [403] * 3
    ingress = listed_in(container, settings | {"LIVECC_UI_HOSTS": "ui.example"})
    assert statuses(ingress, "ui.example", f"{name}:{port}") == [404] * 2


@every_page
def test_under_compose_a_page_answers_to_its_service_and_the_names_of_a_proxy(page: str) -> None:
    service = yaml.safe_load((REPOSITORY / "compose.yaml").read_text("utf-8"))["services"][page]
    assert behind_the_door(service["command"]), shlex.join(service["command"])
    listed = service["environment"]["LIVECC_UI_HOSTS"]
    assert "${LIVECC_UI_HOSTS:-}" in listed
    for given in ("", "ui.example"):
        hosts = listed.replace("${LIVECC_UI_HOSTS:-}", given)
        assert statuses(hosts, f"{page}:{PORTS[page]}", "127.0.0.1:8080", "[::1]:3000") == [404] * 3
        assert statuses(hosts, "ui.example") == [404 if given else 403]


def test_mlflow_finds_the_app_behind_the_door_by_its_name() -> None:
    from importlib.metadata import entry_points

    from resources.tracking.app import create_app

    [found] = [one for one in entry_points(group="mlflow.app") if one.name == "livecc"]
    assert found.load() is create_app
