"""The launcher: where workers run, and what each of them needs of the place."""

import re
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, ConfigDict, Field, RootModel

from livecc_assets.graph.settings.choices import STAGES, WORKER_ASSETS
from livecc_assets.graph.settings.fields import Empty, Names, NoneListed, Real, Section, Whole
from livecc_assets.graph.settings.patterns import ABSOLUTE_PATH, KUBERNETES_NAME, MOUNT, QUANTITY

Quantity = Annotated[str, Field(pattern=QUANTITY, coerce_numbers_to_str=True)]

if TYPE_CHECKING:
    Readers = str
else:
    #: What may stand under ``needs``.
    Readers = Literal[("default", *STAGES, *WORKER_ASSETS)]


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default")


class Needs(Section):
    """What a worker asks of the machine that runs it. A key that is not named is left to the stage, then to `default`."""

    #: What holds where the file names no value, if that is not the field's default.
    ELSEWHERE: ClassVar[dict[str, str]] = {"processes": "one for each GPU, at least one"}

    image: str = Field(default="", min_length=1, description="The worker's image.")
    cpus: Real = Field(default=1.0, gt=0, description="Processors that it is promised.")
    cpu_limit: Real = Field(
        default=0.0, ge=0, description="Processors that it may use while they are idle; 0: its `cpus`."
    )
    memory: Quantity = Field(default="4Gi", description="Main memory, as Kubernetes writes it (512Mi, 16Gi).")
    shm: Quantity = Field(default="1Gi", description="Memory-backed /dev/shm.")
    gpus: Whole = Field(default=0, ge=0, description="GPUs of each node.")
    nodes: Whole = Field(default=1, ge=1, description="Nodes that a training is spread over (Kubernetes only).")
    processes: Whole = Field(default=1, ge=1, description="Processes on each node.", json_schema_extra=_without_default)
    time_limit: Whole = Field(default=0, ge=0, description="Longest run, in seconds; 0: no limit.")


def _variables(found: dict[str, Any]) -> dict[str, Any]:
    for name, value in found.items():
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise ValueError(f"{name!r} is no name of a variable; use letters, digits and _")
        if value is None or isinstance(value, list | dict):
            raise ValueError(f'{name} has no text as its value; write {name}: "…"')
    return found


def _names_variables(found: list[str]) -> list[str]:
    _variables(dict.fromkeys(found, ""))
    return found


KubernetesName = Annotated[str, Field(pattern=KUBERNETES_NAME, max_length=253)]


def _volume(value: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(value.get("name"), str):
        raise ValueError("name is missing; a volume is {name: …, persistentVolumeClaim: {claimName: …}} or the like")
    return value


_Volumes = list[Annotated[dict[str, Any], AfterValidator(_volume)]]


def _mount(value: dict[str, Any]) -> dict[str, Any]:
    for key in ("name", "mountPath"):
        if not isinstance(value.get(key), str):
            raise ValueError(f"{key} is missing; a volume mount is {{name: …, mountPath: …}}")
    if not value["mountPath"].startswith("/"):
        raise ValueError(f"mountPath {value['mountPath']!r} is not absolute; begin it with /")
    return value


_Mounts = list[Annotated[dict[str, Any], AfterValidator(_mount)]]


class KubernetesNeeds(Needs):
    """What a pod needs beside that."""

    disk: Quantity | Literal[""] = Field(
        default="", description="Scratch on the node's own disk, e.g. 100Gi; empty: no bound."
    )
    secret: str = Field(default="", description="Secret whose keys become its environment; empty: the launcher's.")
    volumes: _Volumes = Field(default_factory=list, description="Volumes beside the launcher's.")
    volume_mounts: _Mounts = Field(default_factory=list, description="Mounts beside the launcher's.")


class _Launcher(Section):
    def as_config(self) -> dict[str, Any]:
        """All values; of what workers need only what the file says, for `default`, stage and asset are laid over each other."""
        needs = self.model_dump(mode="json", by_alias=True, include={"needs"}, exclude_unset=True)
        return super().as_config() | {"needs": needs.get("needs", {})}


class LocalLauncher(_Launcher):
    """Workers as processes of this machine."""

    kind: Literal["local"] = Field(description="Processes of this machine.")


class _RemoteLauncher(_Launcher):
    home: str = Field(default="/scratch", pattern=ABSOLUTE_PATH, description="Where a worker keeps what it may lose.")
    user: Whole = Field(default=10001, ge=0, description="Number of the user, and of its group, as whom workers run.")
    environment: Annotated[dict[str, Any], Empty, AfterValidator(_variables)] = Field(
        default_factory=dict, description="Variables that every worker gets."
    )
    passed: Annotated[Names, NoneListed, AfterValidator(_names_variables)] = Field(
        default_factory=list, alias="pass", description="Variables taken from the orchestrator's environment."
    )


class DockerLauncher(_RemoteLauncher):
    """Workers as containers of one Docker host."""

    kind: Literal["docker"] = Field(description="Containers of one Docker host.")
    read_only: bool = Field(default=True, description="Whether the container's own file system is read-only.")
    mounts: Annotated[list[Annotated[str, Field(pattern=MOUNT)]], NoneListed] = Field(
        default_factory=list, description="Folders of the Docker host, `host:container[:ro]`."
    )
    network: str | None = Field(default=None, description="Docker network; null: the default one.")
    needs: Annotated[dict[Readers, Annotated[Needs, Empty]], Empty] = Field(
        default_factory=dict, description="By asset, else by the stage whose worker it is, else `default`."
    )


class Patience(Section):
    """Seconds to wait for what may still come."""

    image: Real = Field(default=120.0, ge=0, description="Seconds to wait for an image that cannot be pulled.")
    schedule: Real = Field(default=3600.0, ge=0, description="Seconds to wait for room on a node.")


class KubernetesLauncher(_RemoteLauncher):
    """Workers as Kubernetes Jobs."""

    kind: Literal["kubernetes"] = Field(description="Kubernetes Jobs.")
    namespace: KubernetesName = Field(default="livecc", description="Namespace of the Jobs.")
    service_account: KubernetesName = Field(default="livecc-worker", description="Service account of the pods.")
    secret: KubernetesName | None = Field(
        default=None, description="Secret whose keys become the workers' environment."
    )
    volumes: Annotated[_Volumes, NoneListed] = Field(default_factory=list, description="Volumes of the pods.")
    volume_mounts: Annotated[_Mounts, NoneListed] = Field(default_factory=list, description="Where they are mounted.")
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] = Field(
        default="IfNotPresent", description="When nodes fetch the image."
    )
    image_pull_secrets: Annotated[list[dict[str, Any]], NoneListed] = Field(
        default_factory=list, description="Secrets with which nodes fetch images."
    )
    node_selector: Annotated[dict[str, str], Empty] = Field(default_factory=dict, description="Labels of the nodes.")
    tolerations: Annotated[list[dict[str, Any]], NoneListed] = Field(
        default_factory=list, description="Taints that the pods tolerate."
    )
    priority_class: KubernetesName | None = Field(default=None, description="Priority class of the pods.")
    queue: KubernetesName | None = Field(
        default=None, description="Kueue's LocalQueue; Jobs then start suspended and Kueue lets them go."
    )
    patience: Annotated[Patience, Empty] = Field(
        default_factory=Patience, description="How long to wait for what may still come."
    )
    needs: Annotated[dict[Readers, Annotated[KubernetesNeeds, Empty]], Empty] = Field(
        default_factory=dict, description="By asset, else by the stage whose worker it is, else `default`."
    )


class Launcher(RootModel[Annotated[LocalLauncher | DockerLauncher | KubernetesLauncher, Field(discriminator="kind")]]):
    """A launcher file: local, docker or kubernetes."""

    model_config = ConfigDict(defer_build=True)

    def as_config(self) -> dict[str, Any]:
        """All values of the launcher of that kind."""
        return self.root.as_config()
