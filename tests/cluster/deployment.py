"""The overlay ``local`` on a real cluster: applied with a small overlay of a test's own, asked through its pages' addresses."""

import json
import re
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
import tenacity
import yaml

from tests.k8s.rendering import K8S, kubectl
from tests.waiting import until

NAMESPACE = "livecc"
LAUNCH = """
mutation ($params: ExecutionParams!) { launchPipelineExecution(executionParams: $params) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
  ... on RunConfigValidationInvalid { errors { message } } ... on PipelineNotFoundError { message } } }
"""
STATE = "query ($id: ID!) { runOrError(runId: $id) { __typename ... on Run { status } } }"
MESSAGES = "query ($id: ID!) { logsForRun(runId: $id) { ... on EventConnection { events { ... on MessageEvent { message } } } } }"
RELOAD = 'mutation { reloadRepositoryLocation(repositoryLocationName: "livecc") { __typename } }'
CANCEL = "mutation ($id: String!) { terminateRun(runId: $id) { __typename ... on TerminateRunFailure { message } } }"


#: For a page that could not ask its code server on a busy node.
asked_again = tenacity.Retrying(
    retry=tenacity.retry_if_exception_message(match=r"(?s).*Unreachable"),
    stop=tenacity.stop_after_attempt(3),
    wait=tenacity.wait_fixed(5),
    reraise=True,
)


def control(*arguments: str, given: str | None = None, seconds: float = 120) -> str:
    """What kubectl prints; AssertionError when it fails. ``shutil.which`` finds the cluster's own before pip's."""
    command = [shutil.which("kubectl") or kubectl(), *arguments]
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=seconds)
    assert done.returncode == 0, f"kubectl {' '.join(arguments[:4])}: {done.stderr[-3000:]}"
    return done.stdout


def render(folder: Path, settings: Mapping[str, str], profile: Path) -> str:
    """The manifests of `local` with a bucket, S3's address and a profile of one's own, as k8s/README.md says."""
    folder.mkdir()
    shutil.copy(profile, folder / "profile.yaml")
    values = dict(settings) | {"LIVECC_PROFILE": "/etc/livecc/profile.yaml"}
    generators = [
        {"name": "livecc-settings", "literals": [f"{name}={value}" for name, value in values.items()]},
        {"name": "livecc-launcher", "files": ["profile.yaml"]},
    ]
    above = "/".join([".."] * (len(folder.resolve().parts) - 1))  # kustomize takes no absolute paths
    kustomization = {
        "resources": [f"{above}{K8S / 'overlays' / 'local'}"],
        "generatorOptions": {"disableNameSuffixHash": True},
        "configMapGenerator": [one | {"namespace": NAMESPACE, "behavior": "merge"} for one in generators],
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    done = subprocess.run([kubectl(), "kustomize", str(folder)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def make_secrets(s3: Mapping[str, str]) -> None:
    """The namespace and the secrets that the manifests name; the bed's S3 has one key for all."""
    passwords = {f"{name}-password": secrets.token_hex(16) for name in ("admin", "postgresql", "mlflow")}
    found: list[dict[str, Any]] = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}]
    keys = {f"livecc-s3{of}": dict(s3) for of in ("", "-workers", "-pages")}
    for name, values in ({"livecc-postgres": passwords} | keys).items():
        about = {"name": name, "namespace": NAMESPACE}
        found.append({"apiVersion": "v1", "kind": "Secret", "metadata": about, "stringData": values})
    control("apply", "-f", "-", given="---\n".join(yaml.safe_dump(one) for one in found))


def make_config(kind: str, folder: Path) -> None:
    """The ConfigMap of one's own selections or experiments."""
    about = {"name": f"livecc-{kind}", "namespace": NAMESPACE}
    files = {path.name: path.read_text("utf-8") for path in (folder / kind).glob("*.yaml")}
    control(
        "apply",
        "-f",
        "-",
        given=yaml.safe_dump({"apiVersion": "v1", "kind": "ConfigMap", "metadata": about, "data": files}),
    )


@contextmanager
def forwarded(service: str, port: int) -> Iterator[str]:
    """The address here of a Service there."""
    command = [shutil.which("kubectl") or kubectl(), "-n", NAMESPACE, "port-forward", f"service/{service}", f":{port}"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"127\.0\.0\.1:(\d+)", line)
        assert found, line
        yield f"http://127.0.0.1:{found[1]}"
    finally:
        process.terminate()
        process.wait()


class Page:
    """Dagster's GraphQL API."""

    def __init__(self, address: str) -> None:
        self.address = address

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """The answer's data."""
        answer = requests.post(f"{self.address}/graphql", json={"query": query, "variables": variables}, timeout=60)
        # An error of Dagster's own is a page of 500 whose body says what it was.
        assert answer.ok, f"{answer.status_code}: {answer.text[-4000:]}"
        found = answer.json()
        assert "errors" not in found, found
        return found["data"]

    def launch(self, job: str, partition: str, assets: Sequence[str] = (), **tags: str) -> str:
        """Launch a job, or some of its assets, as the UI does; the run's id.

        Asked again, twice at most, where the page could not ask its code server: as a person would, beside the busy node's pods.
        """
        named: dict[str, Any] = {"repositoryLocationName": "livecc", "repositoryName": "__repository__"}
        named |= {"pipelineName": job, "assetSelection": [{"path": [name]} for name in assets] or None}
        text = [{"key": key.replace("__", "/"), "value": value} for key, value in tags.items()]
        text.append({"key": "dagster/partition", "value": partition})
        params = {"selector": named, "runConfigData": {}, "mode": "default", "executionMetadata": {"tags": text}}
        answer = asked_again(self.ask, LAUNCH, params=params)["launchPipelineExecution"]
        assert answer["__typename"] == "LaunchRunSuccess", answer
        return answer["run"]["runId"]

    def status(self, run: str) -> str:
        """QUEUED, STARTED, SUCCESS and the like."""
        return self.ask(STATE, id=run)["runOrError"]["status"]

    def ended(self, run: str, seconds: float) -> str:
        """The status in which it ended."""

        def end() -> str:
            return status if (status := self.status(run)) in ("SUCCESS", "FAILURE", "CANCELED") else ""

        return until(end, seconds, lambda: f"{self.status(run)}: {self.messages(run)[-15:]}", every=1)

    def cancel(self, run: str) -> None:
        """As the UI's button does."""
        assert self.ask(CANCEL, id=run)["terminateRun"]["__typename"] == "TerminateRunSuccess"

    def reload(self) -> None:
        """Load the code location again, as the UI's button does."""
        answer = self.ask(RELOAD)["reloadRepositoryLocation"]
        assert answer["__typename"] == "WorkspaceLocationEntry", answer

    def messages(self, run: str) -> list[str]:
        """Messages of its events."""
        events = self.ask(MESSAGES, id=run)["logsForRun"]["events"]
        return [event["message"] for event in events if event.get("message")]


def objects(kind: str, selector: str) -> list[dict[str, Any]]:
    """The namespace's objects of a kind."""
    return json.loads(control("-n", NAMESPACE, "get", kind, "-l", selector, "-o", "json"))["items"]


def listed(kind: str, selector: str) -> list[str]:
    """Their names."""
    return [item["metadata"]["name"] for item in objects(kind, selector)]
