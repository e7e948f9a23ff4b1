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
    pushed = push(folder)
    assert pushed.returncode == 0, pushed.stderr
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


DIGEST = f"sha256:{7:064x}"


def push(folder: Path, *, digest: str = DIGEST) -> subprocess.CompletedProcess[str]:
    """k8s/push.sh with a docker client that has pushed, for a folder `mine`."""
    mine, built = folder / "mine", folder / "build" / "images"
    mine.mkdir(exist_ok=True)
    built.mkdir(parents=True, exist_ok=True)
    for name in ("orchestrator", "curation", "training"):
        (built / f"{name}.id").write_text("sha256:1\n")
    docker = folder / "docker"
    docker.write_text(
        f"""#!/bin/sh
echo "$@" >>"{folder}/asked"
[ "$1" != image ] || for last; do :; done
[ "$1" != image ] || echo "${{last%:*}}@{digest}"
"""
    )
    docker.chmod(0o755)
    command = [str(folder / "k8s" / "push.sh"), "registry.example:5000/team", str(mine)]
    environment = {"PATH": "/usr/bin:/bin", "DOCKER": str(docker)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


@every_overlay
def test_pushed_images_reach_dagsters_side_its_runs_and_the_workers_by_digest(overlay: str, tmp_path: Path) -> None:
    found = render(tmp_path, overlay, block("resources:"))
    makers = [each for each in found if each["kind"] in ("Deployment", "StatefulSet")]
    all_containers = [container for each in makers for container in containers(each["spec"]["template"])]
    images = {each["image"] for each in all_containers if "orchestrator" in each["image"]}
    wanted = f"registry.example:5000/team/orchestrator@{DIGEST}"
    assert images == {wanted}
    told = [
        entry["value"]
        for each in all_containers
        for entry in each.get("env", [])
        if entry["name"] == "DAGSTER_CURRENT_IMAGE"
    ]
    assert told == [wanted], "the image of runs is that of the code they run"
    launcher = yaml.safe_load(one(found, "ConfigMap", "livecc-launcher")["data"]["launcher.yaml"])
    workers = {needs["image"] for needs in launcher["needs"].values() if "image" in needs}
    assert workers == {f"registry.example:5000/team/{name}@{DIGEST}" for name in ("curation", "training")}
    pushed = re.findall(r"^push (\S+)", (tmp_path / "asked").read_text(), re.MULTILINE)
    assert len(pushed) == 3
    assert "sha256:1" in (tmp_path / "asked").read_text(), "what was built, and not what is tagged now"


def test_a_second_push_replaces_the_digests_of_the_first(tmp_path: Path) -> None:
    render(tmp_path, "gpu", block("resources:"))
    assert push(tmp_path, digest=f"sha256:{8:064x}").returncode == 0
    for file in ("launcher.yaml", "images/kustomization.yaml"):
        text = (tmp_path / "mine" / file).read_text()
        assert f"{8:064x}" in text
        assert f"{7:064x}" not in text


def test_a_push_that_yields_no_digest_leaves_the_overlay_as_it_was(tmp_path: Path) -> None:
    render(tmp_path, "gpu", block("resources:"))
    before = (tmp_path / "mine/images/kustomization.yaml").read_text()
    done = push(tmp_path, digest="none")
    assert done.returncode == 1
    assert "has no digest after its push" in done.stderr
    assert (tmp_path / "mine/images/kustomization.yaml").read_text() == before


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
    assert {"to": [{"ipBlock": {"cidr": "10.0.7.20/32"}}], "ports": [{"port": 9000}]} in outside, (
        "one address, one port"
    )
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
        named |= set(re.findall(r"secretRef:\s+name: (\S+)", text)) | set(re.findall(r"env_secrets: \[(\S+)\]", text))
        named |= set(re.findall(r"secretKeyRef:\s+key: \S+\s+name: (\S+)", text))
    assert named == made
