"""A remote launcher whose workers are detached processes; a helper of test_remote.py.

State lies in a folder, as a cluster's lies in its API: another orchestrator finds what this one started.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from resources.launchers.remote import RemoteLauncher
from resources.launchers.status import AlreadyThereError, Found, Status


class ServiceAwayError(Exception):
    """What this place's service answers while it is away."""


class ProcessPlace(RemoteLauncher):
    place = "process"
    interval = 0.05

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.created: list[str] = []
        self.deleted: list[str] = []
        self.away = 0
        folder.mkdir(exist_ok=True)

    def _about(self, name):
        path = self.folder / f"{name}.json"
        return json.loads(path.read_text()) if path.exists() else None

    def _code(self, name):
        path = self.folder / f"{name}.exit"
        return int(path.read_text()) if path.exists() and path.read_text().strip() else None

    def find(self, name):
        if (about := self._about(name)) is None:
            return None
        return Found(name, about["attempt"], about["attempt"], self._code(name) is not None)

    def create(self, job, name, attempt, environment, run_id):
        if self._about(name):
            raise AlreadyThereError(name)
        script = f"{sys.executable} -m {job.module} 2> {self.folder / name}.log; echo $? > {self.folder / name}.exit"
        process = subprocess.Popen(
            ["sh", "-c", script], env=os.environ | environment, start_new_session=True, stdin=subprocess.DEVNULL
        )
        (self.folder / f"{name}.json").write_text(json.dumps({"attempt": attempt, "pid": process.pid}))
        self.created.append(name)

    def has_ended(self):
        """Whether the only worker has, whoever watches."""
        (worker,) = self.workers()
        return worker is not None and worker.ended

    def _is_there(self, found):
        return (self._about(found.name) or {}).get("attempt") == found.id

    def delete(self, found, wait=True):
        name, about = found.name, self._about(found.name)
        if about is None or not self._is_there(found):
            return
        if self._code(name) is None and psutil.pid_exists(about["pid"]):
            os.killpg(about["pid"], signal.SIGKILL)
        for suffix in (".json", ".exit", ".log"):
            (self.folder / f"{name}{suffix}").unlink(missing_ok=True)
        self.deleted.append(name)

    def look(self, job, found):
        if self.away:
            self.away -= 1
            raise ServiceAwayError
        if not self._is_there(found):
            return Status("failed", "it is gone", said_all=True, gone=True)
        code = self._code(found.name)
        if code is None:
            return Status("running")
        return Status("failed", f"The worker ended with exit code {code}") if code else Status("succeeded")

    def workers(self):
        return [found for path in self.folder.glob("*.json") if (found := self.find(path.stem))]

    def follow(self, found, log, stop):
        path = self.folder / f"{found.name}.log"
        while not path.exists() and not stop.is_set():
            time.sleep(0.05)
        with path.open() as file:
            while True:
                ended = self._code(found.name) is not None or stop.is_set()
                for line in file:
                    log.add(line.rstrip("\n"))
                if ended:
                    return
                time.sleep(0.05)

    def is_passing(self, error):
        return isinstance(error, ServiceAwayError)
