"""Workers as Docker containers: for one large machine, or a Docker host elsewhere."""

import threading
import time
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from livecc_assets.errors import EXIT_USER_ERROR, UserError
from resources.launchers.base import GRACE, HOME, USER, Job
from resources.launchers.manifest import command
from resources.launchers.remote import AlreadyThereError, Found, Log, RemoteLauncher, Status

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
        import docker
        import docker.errors

        self.options: dict[str, Any] = options
        self.docker: Any = docker
        try:
            self.client: Any = client or docker.from_env(timeout=TIMEOUT)
        except docker.errors.DockerException as error:
            raise UserError(f"no Docker engine answers ({error}); start it, or set DOCKER_HOST") from None

    def check(self, job: Job) -> None:
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
        labels = container.labels
        ended = container.status not in ALIVE
        return Found(container.name, labels.get(LABELS["attempt"], ""), labels.get(LABELS["run"], ""), ended)

    def find(self, name: str) -> Found | None:
        container = self._container(name)
        return self._found(container) if container is not None else None

    def create(self, job: Job, name: str, attempt: str, environment: dict[str, str], run_id: str) -> None:
        needs, options = job.needs, self.options
        home, user = options.get("home", HOME), options.get("user", USER)
        # exec: DeepSpeed compiles into it. By itself Docker gives it to root, with the mode of the image's folder.
        writable = {"/tmp": "", home: f"exec,uid={user},gid={user}"} if options.get("read_only", True) else {}
        mounted = [mount.split(":")[1] for mount in options.get("mounts") or []]
        gpus = self.docker.types.DeviceRequest(count=needs.gpus, capabilities=[["gpu"]])
        try:
            self._have(job)
            container = self.client.containers.create(
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
            container.start()
        except self.docker.errors.APIError as error:
            if error.status_code == 409:
                raise AlreadyThereError(name) from None
            created = self._container(name)
            if created is not None:  # created, but could not be started
                created.remove(force=True)
            text = f"{job.name}: Docker cannot start {needs.image}: {error.explanation or error}"
            raise dg.Failure(text, allow_retries=False) from None

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

    def delete(self, name: str) -> None:
        found = self._container(name)
        if found is None:
            return
        try:
            found.stop(timeout=GRACE)
            found.remove(force=True)
        except self.docker.errors.NotFound:
            pass

    def workers(self) -> list[Found]:
        return [self._found(one) for one in self.client.containers.list(all=True, filters={"label": LABELS["run"]})]

    def look(self, job: Job, name: str) -> Status:
        found = self._container(name)
        if found is None:
            return Status("failed", f"container {name} was removed by somebody else; run this again", said_all=True)
        state = found.attrs["State"]
        if found.status in ALIVE:
            seconds = time.time() - float(found.labels.get(LABELS["started"], time.time()))
            if job.needs.time_limit and seconds > job.needs.time_limit:
                found.stop(timeout=GRACE)
                text = f"passed its time limit of {job.needs.time_limit} s; raise time_limit or do less"
                return Status("failed", text, final=True)
            return Status("running")
        code = state["ExitCode"]
        if state.get("OOMKilled"):
            text = f"ran out of memory ({job.needs.memory}); raise its memory or lower its batch"
            return Status("failed", text, final=True)
        if code:
            return Status("failed", f"The worker ended with exit code {code}", final=code == EXIT_USER_ERROR)
        return Status("succeeded")

    def follow(self, name: str, log: Log, stop: threading.Event) -> None:
        since: datetime | None = None
        seen = ""
        while not stop.is_set():
            container = self._container(name)
            if container is None:
                return
            try:
                for raw in container.logs(stream=True, follow=True, timestamps=True, since=since):
                    stamp, _, line = raw.decode(errors="replace").rstrip("\n").partition(" ")
                    if stamp > seen:  # a stream that was cut starts again at a whole second
                        log.add(line)
                        seen = stamp
                    if stop.is_set():
                        return
            except (OSError, self.docker.errors.DockerException):
                time.sleep(1)
            if seen:
                since = datetime.fromisoformat(seen[:19]).replace(tzinfo=UTC)
            container = self._container(name)
            if container is None or container.status not in ALIVE:
                return
