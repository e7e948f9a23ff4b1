"""Workers as Docker containers: for one large machine, or a Docker host elsewhere."""

import threading
import time
from functools import cached_property
from typing import Any

import dagster as dg

from livecc_assets.core.errors import UserError
from resources.launchers.base import GRACE, HOME, USER, Job
from resources.launchers.log import Log
from resources.launchers.manifest import command
from resources.launchers.remote import RemoteLauncher
from resources.launchers.stamps import Resumed
from resources.launchers.status import (
    AlreadyThereError,
    Found,
    Status,
    ended_with,
    is_reachable,
    out_of_memory,
    out_of_time,
    removed,
)

LABELS = {"attempt": "livecc.attempt", "run": "livecc.run", "started": "livecc.started"}
#: States of a container that has not ended.
ALIVE = ("created", "running", "restarting", "paused")
#: Seconds of one call to the Docker engine.
TIMEOUT = 30


def quantity(text: str) -> int:
    """Bytes of a Kubernetes quantity such as 512Mi or 4Gi."""
    units = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
    for unit, factor in units.items():
        if text.endswith(unit):
            return int(float(text.removesuffix(unit)) * factor)
    return int(text)


class DockerLauncher(RemoteLauncher):
    """``options``: environment (name to value), mounts ("host:container[:ro]"), network, home (in the container), user
    (its number, under which the container runs)."""

    place = "container"

    def __init__(self, options: dict[str, Any], client: Any = None) -> None:
        self.options: dict[str, Any] = options
        self._given = client

    @property
    def docker(self) -> Any:
        """The client library."""
        import docker
        import docker.errors

        return docker

    @cached_property
    def client(self) -> Any:
        """The engine, connected on first use."""
        try:
            return self._given or self.docker.from_env(timeout=TIMEOUT)
        except self.docker.errors.DockerException as error:
            raise UserError(f"no Docker engine answers ({error}); start it, or set DOCKER_HOST") from None

    def _mounts(self) -> list[list[str]]:
        return [str(mount).split(":") for mount in self.options.get("mounts") or []]

    def check(self, job: Job) -> None:
        root = job.root
        if not is_reachable(
            root, [there for here, there, *_ in self._mounts() if here.rstrip("/") == there.rstrip("/")]
        ):
            raise dg.Failure(
                f"{job.name}: LIVECC_ROOT={root} cannot be reached from a container; use an s3:// address, or mount the folder "
                f"under the same path with `mounts: ['{root}:{root}']` of the launcher's file",
                allow_retries=False,
            )
        if job.needs.nodes > 1:
            raise dg.Failure(
                f"{job.name}: {job.needs.nodes} nodes are asked for, and a Docker host is one; use kubernetes",
                allow_retries=False,
            )

    def _container(self, name: str) -> Any | None:
        try:
            return self.client.containers.get(name)
        except self.docker.errors.NotFound:
            return None

    def is_passing(self, error: Exception) -> bool:
        status = getattr(error, "status_code", None)
        return isinstance(error, OSError) or (isinstance(error, self.docker.errors.APIError) and (status or 0) >= 500)

    @staticmethod
    def _found(container: Any) -> Found:
        attempt = container.labels.get(LABELS["attempt"], "")
        return Found(container.name, container.id, attempt, container.status not in ALIVE)

    def find(self, name: str) -> Found | None:
        container = self._container(name)
        return self._found(container) if container is not None else None

    def begin(self, job: Job, found: Found) -> None:
        container = self._container(found.id)
        if container is None or container.status != "created":
            return
        try:
            container.start()
        except self.docker.errors.APIError as error:
            container.remove(force=True)
            raise self._refusal(job, error) from None

    def _refusal(self, job: Job, error: Any) -> dg.Failure:
        """What the engine says against a container. 4xx: the request is wrong and stays so."""
        text = f"{job.name}: Docker cannot start {job.needs.image}: {error.explanation or error}"
        return dg.Failure(text, allow_retries=(error.status_code or 500) >= 500)

    def create(self, job: Job, name: str, attempt: str, environment: dict[str, str], run_id: str) -> None:
        needs, options = job.needs, self.options
        home, user = options.get("home", HOME), options.get("user", USER)
        # exec: DeepSpeed compiles into it. By itself Docker gives it to root, with the mode of the image's folder.
        writable = {"/tmp": "", home: f"exec,uid={user},gid={user}"} if options.get("read_only", True) else {}
        mounted = [mount[1] for mount in self._mounts()]
        gpus = self.docker.types.DeviceRequest(count=needs.gpus, capabilities=[["gpu"]])
        try:
            self._have(job)
            self.client.containers.create(
                needs.image,
                command(job, name),
                name=name,
                labels={LABELS["attempt"]: attempt, LABELS["run"]: run_id, LABELS["started"]: str(time.time())},
                environment={"LIVECC_HOME": home, "HOME": home} | dict(options.get("environment", {})) | environment,
                volumes=list(options.get("mounts") or []),
                network=options.get("network"),
                nano_cpus=int((needs.cpu_limit or needs.cpus) * 1e9),
                mem_limit=quantity(needs.memory),
                memswap_limit=quantity(needs.memory),
                shm_size=quantity(needs.shm),
                device_requests=[gpus] if needs.gpus else None,
                user=f"{user}:{user}",
                tmpfs={place: how for place, how in writable.items() if place not in mounted},
                read_only=bool(options.get("read_only", True)),
                cap_drop=["ALL"],
                security_opt=["no-new-privileges"],
                init=True,
            )
        except self.docker.errors.APIError as error:
            if error.status_code != 409:
                raise self._refusal(job, error) from None
            there = self.find(name)
            if there is None or there.attempt != attempt:  # else it is ours: the answer to an earlier call was lost
                raise AlreadyThereError(name) from None

    def _have(self, job: Job) -> None:
        """Pull the image where it is not there yet."""
        image, errors = job.needs.image, self.docker.errors
        try:
            self.client.images.get(image)
        except errors.ImageNotFound:
            try:
                self.client.images.pull(image)
            except errors.DockerException as error:
                why = getattr(error, "explanation", None) or error
                raise dg.Failure(
                    f"{job.name}: image {image} is missing on the Docker host and cannot be pulled ({why}); build it",
                    allow_retries=False,
                ) from None

    def delete(self, found: Found, wait: bool = True) -> None:
        container = self._container(found.id)
        if container is None:
            return
        try:
            container.stop(timeout=GRACE)
            container.remove(force=True)
        except self.docker.errors.NotFound:
            pass
        except self.docker.errors.APIError as error:
            if error.status_code != 409:  # somebody else is removing it
                raise

    def workers(self) -> list[Found]:
        return [self._found(one) for one in self.client.containers.list(all=True, filters={"label": LABELS["run"]})]

    def look(self, job: Job, found: Found) -> Status:
        container = self._container(found.id)
        if container is None:
            return removed(f"container {found.name} was removed")
        state = container.attrs["State"]
        if container.status in ALIVE:
            seconds = time.time() - float(container.labels.get(LABELS["started"], time.time()))
            if job.needs.time_limit and seconds > job.needs.time_limit:
                container.stop(timeout=GRACE)
                return out_of_time(job.needs)
            return Status("running")
        code = state["ExitCode"]
        if not code:
            return Status("succeeded")
        if state.get("OOMKilled"):
            return out_of_memory(job.needs)
        return ended_with(code)

    def follow(self, found: Found, log: Log, stop: threading.Event) -> None:
        lines = Resumed()
        while not stop.is_set():
            try:
                container = self._container(found.id)
                if container is None:
                    return
                # Asked before reading: what it says until its end is in this stream.
                ended = container.status not in ALIVE
                since = lines.newest // 10**9 or None
                lines.reopened()
                for raw in container.logs(stream=True, follow=True, timestamps=True, since=since):
                    if (line := lines.new(raw)) is not None:
                        log.add(line)
                    if stop.is_set():
                        return
                if ended:
                    return
            except (OSError, self.docker.errors.DockerException):
                pass  # the engine is away; what it said meanwhile is read when it is back
            stop.wait(1)
