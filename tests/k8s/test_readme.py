"""The kustomization that k8s/README.md tells people to write renders, and does what the text beside it says."""

import re
import shutil
import subprocess
import textwrap
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.k8s.rendering import K8S, OVERLAYS, Manifest, containers, kubectl, rendered

README = (K8S / "README.md").read_text("utf-8")
every_overlay = pytest.mark.parametrize("overlay", OVERLAYS)


def block(first: str) -> dict[str, Any]:
    """The indented YAML block that begins with this line's start."""
    found = re.search(rf"^    {first}.*\n(?:    .*\n|\n(?=    \S+:))*", README, re.MULTILINE)
    assert found, first
    return yaml.safe_load(textwrap.dedent(found[0]).partition("\nkubectl ")[0])


def render(folder: Path, overlay: str, *blocks: dict[str, Any]) -> list[Manifest]:
    """What one's own folder beside k8s renders to."""
    shutil.copytree(K8S, folder / "k8s", ignore=shutil.ignore_patterns("images"))
    mine = folder / "mine"
    mine.mkdir()
    shutil.copy(K8S / "overlays" / overlay / "launcher.yaml", mine)
    together = {key: value for one in blocks for key, value in one.items()} | {
        "resources": [f"../k8s/overlays/{overlay}"]
    }
    (mine / "kustomization.yaml").write_text(yaml.safe_dump(together))
    done = subprocess.run([kubectl(), "kustomize", str(mine)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = [each for each in yaml.safe_load_all(done.stdout) if each]
    for manifest in found:
        kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)
    return found


def one(found: list[Manifest], kind: str, name: str) -> Manifest:
    [manifest] = [each for each in found if (each["kind"], each["metadata"]["name"]) == (kind, name)]
    return manifest


@every_overlay
def test_a_tag_of_ones_own_reaches_the_runs_and_no_old_one_is_left(overlay: str, tmp_path: Path) -> None:
    found = render(tmp_path, overlay, block("resources:"))
    makers = [each for each in found if each["kind"] in ("Deployment", "StatefulSet")]
    all_containers = [container for each in makers for container in containers(each["spec"]["template"])]
    images = {each["image"] for each in all_containers if "orchestrator" in each["image"]}
    assert images == {"livecc/orchestrator:my-tag"}
    told = [
        entry["value"]
        for each in all_containers
        for entry in each.get("env", [])
        if entry["name"] == "DAGSTER_CURRENT_IMAGE"
    ]
    assert told == ["livecc/orchestrator:my-tag"], "the image of runs is that of the code they run"


@every_overlay
def test_everything_is_kept_in_ones_own_bucket(overlay: str, tmp_path: Path) -> None:
    data = one(render(tmp_path, overlay, block("resources:")), "ConfigMap", "livecc-settings")["data"]
    assert [name for name, value in data.items() if "s3://livecc" in value or value == "livecc"] == ["LIVECC_NAMESPACE"]
    assert data["POOL_GPU"], "what is not named stays the overlay's"


@every_overlay
def test_the_patches_open_what_they_say(overlay: str, tmp_path: Path) -> None:
    found = render(tmp_path, overlay, block("resources:"), block("patches:"))
    assert [
        each for each in found if each["kind"] in ("StatefulSet", "Service") and "postgres" in each["metadata"]["name"]
    ] == []
    outside = one(found, "NetworkPolicy", "livecc-outside")["spec"]["egress"]
    assert {443, 8443} <= {port["port"] for port in outside[0]["ports"]}
    assert "203.0.113.7/32" in outside[0]["to"][0]["ipBlock"]["except"]
    assert {"to": [{"ipBlock": {"cidr": "10.0.7.20/32"}}], "ports": [{"port": 9000}]} in outside, "one address, one port"
    assert any("namespaceSelector" in peer for rule in outside for peer in rule["to"])
    [database] = one(found, "NetworkPolicy", "livecc-postgres-clients")["spec"]["egress"]
    assert {"ipBlock": {"cidr": "10.0.9.4/32"}} in database["to"]
    [dns] = one(found, "NetworkPolicy", "livecc-dns")["spec"]["egress"]
    assert not any("matchLabels" in peer.get("namespaceSelector", {}) for peer in dns["to"])


def test_every_secret_that_the_manifests_name_is_among_those_to_make() -> None:
    made = set(re.findall(r"create secret generic (\S+)", README))
    named = set()
    for overlay in OVERLAYS:
        text = rendered(overlay)
        named |= set(re.findall(r"\bsecret: ([a-z0-9-]+)", text))
        named |= set(re.findall(r"secretKeyRef:\s+key: \S+\s+name: (\S+)", text))
    assert named == made
