"""Each overlay holds together, keeps to least privilege and is what was reviewed."""

import os
import re
from pathlib import Path

import kubernetes_validate
import pytest

from tests.k8s.rendering import OVERLAYS, breaches, containers, manifests, pods, rendered, walk

SNAPSHOTS = Path(__file__).with_name("snapshots")
#: What somebody has to create before `kubectl apply -k`.
SECRETS = {
    "livecc-postgres": {"admin-password", "postgresql-password", "mlflow-password"},
    "livecc-s3": None,
    "livecc-s3-pages": None,
}
#: API versions that Kubernetes 1.20 serves.
OLD = {"v1", "apps/v1", "batch/v1", "networking.k8s.io/v1", "rbac.authorization.k8s.io/v1"}

every_overlay = pytest.mark.parametrize("overlay", OVERLAYS)


@every_overlay
def test_the_rendering_is_the_one_that_was_reviewed(overlay: str) -> None:
    snapshot = SNAPSHOTS / f"{overlay}.yaml"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        snapshot.write_text(rendered(overlay))
    assert rendered(overlay) == snapshot.read_text(), "review the change, then run again with UPDATE_SNAPSHOTS=1"


@every_overlay
def test_every_manifest_fits_the_current_schema_strictly(overlay: str) -> None:
    latest = kubernetes_validate.latest_version()
    assert tuple(map(int, latest.split(".")[:2])) >= (1, 37)
    for manifest in manifests(overlay):
        kubernetes_validate.validate(manifest, latest, strict=True)


def test_the_strict_schema_refuses_a_misspelt_field() -> None:
    pod = pods("local")["livecc-code"]
    manifest = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "x"},
        "spec": pod["spec"] | {"enableServiceLink": 1},
    }
    with pytest.raises(kubernetes_validate.ValidationError, match="enableServiceLink"):
        kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)


def test_the_local_overlay_asks_for_nothing_newer_than_kubernetes_1_20() -> None:
    assert {each["apiVersion"] for each in manifests("local")} <= OLD
    newer = {"grpc", "matchLabelKeys", "podFailurePolicy", "completionMode", "trafficDistribution", "resizePolicy"}
    assert {key for each in manifests("local") for key, _ in walk(each)} & newer == set()
    assert not any(each["spec"].get("volumeClaimTemplates") for each in manifests("local", "StatefulSet"))


@every_overlay
def test_everything_stands_in_one_namespace_that_enforces_the_restricted_level(overlay: str) -> None:
    [namespace] = manifests(overlay, "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    others = [each for each in manifests(overlay) if each["kind"] != "Namespace"]
    assert {each["metadata"]["namespace"] for each in others} == {namespace["metadata"]["name"]}


@every_overlay
def test_every_pod_keeps_to_the_restricted_level(overlay: str) -> None:
    assert {name: found for name, pod in pods(overlay).items() if (found := breaches(pod))} == {}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"hostNetwork": True}, "hostNetwork"),
        ({"securityContext": {"runAsUser": 1, "runAsNonRoot": True}}, "seccomp"),
        ({"volumes": [{"name": "disk", "hostPath": {"path": "/"}}]}, "volume disk"),
    ],
)
def test_a_breach_of_the_level_is_seen(change: dict, said: str) -> None:
    pod = pods("local")["livecc-daemon"]
    assert any(said in found for found in breaches({"spec": pod["spec"] | change}))


@every_overlay
def test_secrets_come_by_reference_only(overlay: str) -> None:
    assert manifests(overlay, "Secret") == []
    for pod in pods(overlay).values():
        for container in containers(pod):
            for entry in container.get("env", []):
                if re.search(r"PASSWORD|SECRET|TOKEN|KEY", entry["name"]):
                    assert set(entry) == {"name", "valueFrom"}, entry["name"]
                    wanted = entry["valueFrom"]["secretKeyRef"]
                    assert wanted["key"] in (SECRETS[wanted["name"]] or set())
            for entry in container.get("envFrom", []):
                if "secretRef" in entry:
                    assert entry["secretRef"]["name"] in SECRETS
    assert not re.search(r"://[^/\s:@]+:[^/\s@$]+@", rendered(overlay)), "a password in an address"


@every_overlay
def test_every_reference_between_the_manifests_is_answered(overlay: str) -> None:
    accounts = {each["metadata"]["name"] for each in manifests(overlay, "ServiceAccount")}
    maps = {each["metadata"]["name"]: each.get("data", {}) for each in manifests(overlay, "ConfigMap")}
    for pod in pods(overlay).values():
        spec = pod["spec"]
        assert spec["serviceAccountName"] in accounts
        volumes = {each["name"] for each in spec["volumes"]}
        claimed = {"data"} if overlay != "local" else set()
        for volume in spec["volumes"]:
            wanted = volume.get("configMap")
            assert not wanted or wanted.get("optional") or wanted["name"] in maps
        for container in containers(pod):
            assert {mount["name"] for mount in container["volumeMounts"]} <= volumes | claimed
            for entry in container.get("envFrom", []):
                assert "configMapRef" not in entry or entry["configMapRef"]["name"] in maps
            for entry in container.get("env", []):
                if wanted := entry.get("valueFrom", {}).get("configMapKeyRef"):
                    assert wanted["key"] in maps[wanted["name"]]
    settings = maps["livecc-settings"]
    services = {each["metadata"]["name"] for each in manifests(overlay, "Service")}
    assert {settings["DAGSTER_PG_HOST"], settings["MLFLOW_TRACKING_URI"].split("/")[2].split(":")[0]} <= services


@every_overlay
def test_every_service_leads_to_a_named_port_of_one_pod(overlay: str) -> None:
    for service in manifests(overlay, "Service"):
        selector = service["spec"]["selector"].items()
        [pod] = [each for each in pods(overlay).values() if selector <= each["metadata"]["labels"].items()]
        names = {port["name"]: port["containerPort"] for each in containers(pod) for port in each.get("ports", [])}
        for port in service["spec"]["ports"]:
            assert names[port["targetPort"]] == port["port"]


@every_overlay
def test_runs_get_the_image_of_the_code_location(overlay: str) -> None:
    [container] = containers(pods(overlay)["livecc-code"])
    [image] = [entry["value"] for entry in container["env"] if entry["name"] == "DAGSTER_CURRENT_IMAGE"]
    assert image == container["image"]
    ours = {each["image"] for pod in pods(overlay).values() for each in containers(pod)}
    assert {name for name in ours if name.startswith("livecc/orchestrator")} == {image}
    assert not any(name.endswith(":latest") or ":" not in name for name in ours)


@every_overlay
def test_rights_are_those_that_are_used_and_no_more(overlay: str) -> None:
    assert manifests(overlay, "ClusterRole") == manifests(overlay, "ClusterRoleBinding") == []
    rights = {
        role["metadata"]["name"]: {
            resource: set(rule["verbs"]) for rule in role["rules"] for resource in rule["resources"]
        }
        for role in manifests(overlay, "Role")
    }
    assert set(rights) == {"livecc-dagster", "livecc-run"}
    for granted in rights.values():
        assert set(granted) <= {"jobs", "jobs/status", "pods", "pods/log", "services", "events"}
        assert set().union(*granted.values()) <= {"create", "delete", "get", "list", "patch"}
        assert "create" not in granted["pods"]  # pods come from Jobs alone
    # A Service that an earlier Job left is looked at and replaced; what happened to a pod is read from its events.
    assert rights["livecc-run"]["services"] == {"create", "delete", "get"}
    assert rights["livecc-run"]["events"] == {"get", "list"}
    assert "services" not in rights["livecc-dagster"]
    bound = {
        subject["name"]: binding["roleRef"]["name"]
        for binding in manifests(overlay, "RoleBinding")
        for subject in binding["subjects"]
    }
    assert bound == {"livecc-dagster": "livecc-dagster", "livecc-run": "livecc-run"}
    for pod in pods(overlay).values():
        assert pod["spec"]["automountServiceAccountToken"] == (pod["spec"]["serviceAccountName"] in bound)
    assert not any(each["automountServiceAccountToken"] for each in manifests(overlay, "ServiceAccount"))


@every_overlay
def test_every_container_says_what_it_needs(overlay: str) -> None:
    for pod in pods(overlay).values():
        for container in containers(pod):
            assert set(container["resources"]["requests"]) == {"cpu", "memory"}
            assert "memory" in container["resources"]["limits"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_image_without_a_digest_is_our_own_and_the_small_node_fetches_none(overlay: str) -> None:
    for pod in pods(overlay).values():
        for container in containers(pod):
            by_digest = re.search(r"@sha256:[0-9a-f]{64}$", container["image"])
            assert by_digest or container["image"].startswith("livecc/")
            if overlay == "local":
                assert container["imagePullPolicy"] == "Never"
