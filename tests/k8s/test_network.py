"""Who reaches whom: the network policies of each overlay, asked for the labels that pods have."""

from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest

from tests.k8s.rendering import OVERLAYS, Manifest, manifests, named, pods, walk
from tests.k8s.workers import WORKERS, job_of, options_of

COMPONENT = "app.kubernetes.io/component"
#: Components that Dagster and the launcher make; the others are in the overlays.
MADE = {"run_worker", "step_worker", "livecc-worker"}

every_overlay = pytest.mark.parametrize("overlay", OVERLAYS)


@pytest.fixture
def options(overlay: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    return options_of(overlay, tmp_path, monkeypatch)


def selects(selector: Manifest, labels: dict[str, str]) -> bool:
    """Whether a label selector takes a pod."""
    expressions = selector.get("matchExpressions", [])
    assert {one["operator"] for one in expressions} <= {"In"}
    return selector.get("matchLabels", {}).items() <= labels.items() and all(
        labels.get(one["key"]) in one["values"] for one in expressions
    )


def rules(overlay: str, direction: str, labels: dict[str, str]) -> list[Manifest]:
    """The rules by which a pod with these labels reaches others (egress) or is reached (ingress)."""
    policies = [each["spec"] for each in manifests(overlay, "NetworkPolicy")]
    return [rule for one in policies if selects(one["podSelector"], labels) for rule in one.get(direction, [])]


def reaches(overlay: str, source: dict[str, str], target: dict[str, str], port: int) -> bool:
    """Whether one pod of the namespace may open a connection to a port of another: both ends have to allow it."""

    def allowed(direction: str, of: dict[str, str], peer: str, other: dict[str, str]) -> bool:
        return any(
            port in [one.get("port") for one in rule.get("ports", [{"port": port}])]
            and any("podSelector" in one and selects(one["podSelector"], other) for one in rule.get(peer, []))
            for rule in rules(overlay, direction, of)
        )

    return allowed("egress", source, "to", target) and allowed("ingress", target, "from", source)


@every_overlay
def test_network_policies_deny_by_default_and_name_components_that_exist(overlay: str) -> None:
    policies = {each["metadata"]["name"]: each["spec"] for each in manifests(overlay, "NetworkPolicy")}
    assert policies["livecc-default-deny"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    known = MADE | {pod["metadata"]["labels"]["app.kubernetes.io/component"] for pod in pods(overlay).values()}
    selected: set[str] = set()
    for _, value in walk(policies):
        if isinstance(value, dict) and value.get("key") == "app.kubernetes.io/component":
            selected |= set(value["values"])
        if isinstance(value, dict) and (name := value.get("app.kubernetes.io/component")):
            selected.add(name)
    for spec in policies.values():
        for expression in spec["podSelector"].get("matchExpressions", []):
            selected |= set(expression["values"])
    assert selected <= known
    assert selected >= MADE


def open_to(found: list[Manifest], address: str, port: int) -> bool:
    """Whether one of these rules lets a connection out to an address and port."""
    wanted = ip_address(address)

    def holds(network: str) -> bool:
        return wanted in ip_network(network)

    blocks = [
        peer["ipBlock"]
        for rule in found
        if port in [one["port"] for one in rule["ports"]]
        for peer in rule["to"]
        if "ipBlock" in peer
    ]
    return any(holds(one["cidr"]) and not any(map(holds, one.get("except", []))) for one in blocks)


PUBLIC = ("1.1.1.1", "52.216.0.1", "2606:4700::1", "2a00:1450:4001::1")
SHUT = (
    "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "169.254.169.254", "168.63.129.16", "172.16.5.4", "172.31.255.255",
    "192.168.1.1", "192.0.0.192", "0.0.0.0", "198.18.0.1", "224.0.0.1", "255.255.255.255",
    "::1", "::ffff:10.0.0.1", "fc00::1", "fd00:ec2::254", "fe80::1", "ff02::1", "64:ff9b::a9fe:a9fe", "2002:a00:1::1",
)  # fmt: skip


@every_overlay
def test_workers_reach_port_443_of_public_addresses_and_dns_and_nothing_else(
    overlay: str, options: dict[str, Any]
) -> None:
    labels = job_of("talking_head_scores", options)["spec"]["template"]["metadata"]["labels"]
    found = rules(overlay, "egress", labels)
    ports = {port["port"] for rule in found for port in rule["ports"]}
    assert ports == {53, 443} | ({8333} if overlay == "local" else set()), "not 6443, where an API server listens"
    assert all("podSelector" not in peer for rule in found for peer in rule["to"])
    assert [address for address in PUBLIC if not open_to(found, address, 443)] == []
    assert [address for address in SHUT if open_to(found, address, 443)] == []
    assert rules(overlay, "ingress", labels) == []


def test_the_overlay_of_one_small_node_reaches_a_private_s3_and_no_metadata(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = job_of("talking_head_scores", options_of("local", tmp_path, monkeypatch))["spec"]["template"]["metadata"]
    found = rules("local", "egress", labels["labels"])
    assert all(open_to(found, address, 8333) for address in ("10.1.2.3", "172.17.0.1", "192.168.0.9"))
    assert not any(open_to(found, address, 8333) for address in ("169.254.169.254", "1.1.1.1", "127.0.0.1"))


@every_overlay
def test_runs_reach_the_api_server_wherever_it_is_and_no_metadata(overlay: str) -> None:
    found = rules(overlay, "egress", {COMPONENT: "run_worker"})
    for port in (443, 6443):
        assert open_to(found, "10.96.0.1", port)
        assert open_to(found, "203.0.113.7", port)
        assert not open_to(found, "169.254.169.254", port)
        assert not open_to(found, "fd00:ec2::254", port)


@every_overlay
def test_workers_reach_no_part_of_the_deployment(overlay: str, options: dict[str, Any]) -> None:
    for step in WORKERS:
        labels = job_of(step.asset, options)["spec"]["template"]["metadata"]["labels"]
        for pod in pods(overlay).values():
            for container in pod["spec"]["containers"]:
                for port in container.get("ports", []):
                    assert not reaches(overlay, labels, pod["metadata"]["labels"], port["containerPort"])


@pytest.mark.parametrize("overlay", ["multi-node"])
def test_ranks_reach_each_other_and_no_other_worker_reaches_them(options: dict[str, Any]) -> None:
    labels = {step.asset: job_of(step.asset, options)["spec"]["template"]["metadata"]["labels"] for step in WORKERS}
    ranks = {name: one for name, one in labels.items() if name.startswith("livecc_")}
    assert len(ranks) == 2
    for rank in ranks.values():
        assert reaches("multi-node", rank, rank, 29500)
        assert reaches("multi-node", rank, rank, 40123), "NCCL chooses its own"
        for name, other in labels.items():
            if name not in ranks:
                assert not reaches("multi-node", other, rank, 29500), name
                assert not reaches("multi-node", rank, other, 29500), name


@every_overlay
def test_dagsters_side_reaches_what_it_needs(overlay: str) -> None:
    labels = {name: pod["metadata"]["labels"] for name, pod in pods(overlay).items()}
    run = {COMPONENT: "run_worker"}
    for source in (labels["livecc-webserver"], labels["livecc-daemon"]):
        assert reaches(overlay, source, labels["livecc-code"], 4000)
        assert reaches(overlay, source, labels["livecc-postgres"], 5432)
    assert reaches(overlay, run, labels["livecc-mlflow"], 5000)
    assert not reaches(overlay, run, labels["livecc-code"], 4000)


def test_dns_is_found_in_clusters_whose_namespaces_carry_no_label_of_their_name() -> None:
    [rule] = named("local", "NetworkPolicy", "livecc-dns")["spec"]["egress"]
    assert rule["to"] == [{"namespaceSelector": {}}], "the label came with Kubernetes 1.21"
    assert {port["port"] for port in rule["ports"]} == {53}
