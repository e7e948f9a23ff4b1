"""The sample graph in small: where its state lies, how a command of it is run, killed and asked."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from livecc_assets.graph.settings import SHIPPED
from livecc_assets.store.store import Store

#: Matches of a training batch and of the held-out one, and general instructions.
TRAIN, TEST, INSTRUCTIONS = 4, 5, 12
#: Trained longer than so few clips need, so that there is a middle to be killed in.
EPOCHS = {"stage1": 6, "stage2": 12}


EXPERIMENTS = ("sample-streaming", "sample-blind")


def write_settings(home: Path) -> Path:
    """A profile ``small`` with its selection and two experiments in ``home``; the profile's path."""
    profile = yaml.safe_load((SHIPPED / "profiles" / "sample.yaml").read_text("utf-8"))
    profile |= {"name": "small", "sample_world": {"train": TRAIN, "test": TEST}}
    profile["instructions"]["sample-qa"]["count"] = INSTRUCTIONS
    for kind, names in {"selections": ("sample",), "experiments": EXPERIMENTS}.items():
        (home / kind).mkdir(parents=True)
        for name in names:
            text = yaml.safe_load((SHIPPED / kind / f"{name}.yaml").read_text("utf-8")) | {"profile": "small"}
            for stage in EPOCHS.keys() & text.keys():
                text[stage] |= {"epochs": EPOCHS[stage], "log_every": 1}
            (home / kind / f"{name}.yaml").write_text(yaml.safe_dump(text), "utf-8")
    path = home / "small.yaml"
    path.write_text(yaml.safe_dump(profile), "utf-8")
    return path


@dataclass
class Graph:
    """One state folder and artifact root; ``environment`` is what its commands get besides this process's own."""

    home: Path
    root: str
    environment: dict[str, str] = field(default_factory=dict)
    namespace: str = ""

    @property
    def store(self) -> Store:
        return Store(self.root, self.home / "cache")

    def start(self, *command: str, program: tuple[str, ...] = ("-m", "livecc_assets"), **extra: str) -> Any:
        """``livecc COMMAND`` in a process group of its own, its output in one stream."""
        own = {"LIVECC_HOME": str(self.home), "LIVECC_ROOT": self.root, "LIVECC_PROFILE": str(self.home / "small.yaml")}
        environment = os.environ | own | {"OMP_NUM_THREADS": "1"} | self.environment | extra
        return subprocess.Popen(
            [sys.executable, *program, *command],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip

    def run(self, *command: str, seconds: float = 1500, **options: Any) -> str:
        """Its output; AssertionError unless it ended well."""
        process = self.start(*command, **options)
        try:
            said, _ = process.communicate(timeout=seconds)
        except BaseException:
            kill(process)
            raise
        assert process.returncode == 0, said[-6000:]
        return said

    def jobs(self) -> list[str]:
        """Names of the workers' Jobs in the namespace that have not ended."""
        from kubernetes import client, config

        config.load_kube_config()
        found: Any = client.BatchV1Api().list_namespaced_job(self.namespace)
        return sorted(job.metadata.name for job in found.items if not job.status.conditions)

    def leaderboard(self) -> dict[str, Any]:
        """What `livecc leaderboard --json` prints, without what names versions: paths differ between places."""
        lines = self.run("leaderboard", "--json").splitlines()
        found = json.loads("\n".join(lines[lines.index("{") :]))
        for scores in [*found["experiments"].values(), *found["baselines"].values()]:
            del scores["data_versions"]
        return found

    def attempts(self) -> Counter[tuple[str, str, str]]:
        """How many workers were started for each asset, partition and input key."""
        keys = [item.key.split("/")[1:5] for item in self.store.blobs.listed("_messages/")]
        return Counter((asset, partition, key) for asset, partition, key, _ in {tuple(four) for four in keys})

    def steps_of_training(self, asset: str, partition: str) -> tuple[list[int], dict[str, Any]]:
        """Optimiser steps in the order of a checkpoint's log, and the metadata of its artifact."""
        made = self.store.current(asset, partition)
        assert made is not None, f"{asset}/{partition} is not there"
        lines = made.path("training_log.jsonl").read_text("utf-8").splitlines()
        return [json.loads(line)["step"] for line in lines], made.manifest.metadata

    def events(self) -> list[str]:
        """Every message in the Dagster runs of this home."""
        import dagster as dg

        with dg.DagsterInstance.from_config(str(self.home / "dagster")) as instance:
            runs = [run.run_id for run in instance.get_runs()]
            return [entry.user_message or entry.message for run in runs for entry in instance.all_logs(run)]


def read_until(process: Any, text: str, seconds: float = 900) -> str:
    """What the process says up to the line that holds ``text``."""
    deadline, said = time.monotonic() + seconds, ""
    for line in process.stdout:
        said += line
        if text in line:
            return said
        assert time.monotonic() < deadline, said[-6000:]
    raise AssertionError(f"it ended without {text!r}: {said[-6000:]}")


def kill(process: Any) -> None:
    """SIGKILL to the process and all of its children, as a machine that goes down does."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
