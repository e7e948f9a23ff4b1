"""``livecc`` for clusters before 1.24: ``python indexed.py train EXPERIMENT``.

Such a cluster drops ``completionMode: Indexed`` and would start pods that do not know their rank. The pods that a current
controller makes of the launcher's manifest are made here, and the Job, otherwise as the launcher wrote it, adopts them.
"""

import copy
import sys
from typing import Any


def pods_of(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """The pods of an Indexed Job: each with its index in its host name and its environment."""
    name, template = manifest["metadata"]["name"], manifest["spec"]["template"]
    made = []
    for index in range(manifest["spec"]["completions"]):
        pod = copy.deepcopy(template) | {"apiVersion": "v1", "kind": "Pod"}
        pod["metadata"] |= {
            "name": f"{name}-{index}",
            "annotations": {"batch.kubernetes.io/job-completion-index": str(index)},
        }
        pod["spec"]["hostname"] = f"{name}-{index}"
        for container in pod["spec"]["containers"]:
            container["env"] = [{"name": "JOB_COMPLETION_INDEX", "value": str(index)}, *container["env"]]
        made.append(pod)
    return made


def adopting(manifest: dict[str, Any]) -> dict[str, Any]:
    """The Job that adopts those pods."""
    made = copy.deepcopy(manifest)
    del made["spec"]["completionMode"]
    selector = {"livecc/worker": manifest["metadata"]["name"]}
    made["spec"] |= {"manualSelector": True, "selector": {"matchLabels": selector}}
    return made


def main() -> None:
    """Run the command with that controller in place."""
    from kubernetes import client

    create = client.BatchV1Api.create_namespaced_job

    def create_with_pods(self: Any, namespace: str, manifest: dict[str, Any], **options: Any) -> Any:
        if manifest["spec"].get("completionMode") == "Indexed":
            for pod in pods_of(manifest):
                client.CoreV1Api(self.api_client).create_namespaced_pod(namespace, pod, **options)
            manifest = adopting(manifest)
        return create(self, namespace, manifest, **options)

    setattr(client.BatchV1Api, "create_namespaced_job", create_with_pods)  # noqa: B010

    from livecc_assets.__main__ import main as livecc

    livecc()


if __name__ == "__main__":
    sys.exit(main())
