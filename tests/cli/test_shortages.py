"""Commands on a machine that runs out of something: one line, an exit code, nothing by halves, and the next run goes on."""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.commentary.commentary_videos import write_video
from tests.waiting import until

pytestmark = pytest.mark.live
ROOT = Path(__file__).parents[2]


class Machine:
    """A state folder with a batch of one video, and the command on it."""

    def __init__(self, folder: Path) -> None:
        self.home, self.root = folder / "home", folder / "root"
        self.root.mkdir()

    def start(self, *arguments: str, **limits: int) -> subprocess.Popen[str]:
        def limited() -> None:
            for name, value in limits.items():
                resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (value, value))

        environment = os.environ | {"LIVECC_HOME": str(self.home), "LIVECC_ROOT": str(self.root)}
        return subprocess.Popen(
            [sys.executable, "-m", "livecc_assets", *arguments],
            cwd=ROOT, env=environment, preexec_fn=limited, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def curate(self, **limits: int) -> str:
        return told(self.start("curate", "one", **limits))

    def left(self) -> list[str]:
        """What writers left behind that is no whole artifact."""
        found = [path.name for path in self.root.rglob("*") if path.is_file()]
        return [
            name for name in found if name.startswith((".staged", "lease-", "part-", "rejected-")) or name == "lock"
        ]


def told(process: subprocess.Popen[str]) -> str:
    """The one line with which a command ended that failed."""
    said, complained = process.communicate(timeout=120)
    assert process.returncode == 1 and "Traceback" not in said + complained, said + complained
    line = (said or complained).strip().splitlines()[-1]
    assert line.startswith(("livecc: ", "curate one: ")), said + complained
    return line


def well(process: subprocess.Popen[str]) -> str:
    said, complained = process.communicate(timeout=240)
    assert process.returncode == 0, said + complained
    return said


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    (tmp_path / "videos").mkdir()
    write_video(tmp_path / "videos" / "v.mp4", 2)
    return Machine(tmp_path)


@pytest.fixture
def small_disk(machine: Machine) -> Iterator[Path]:
    """The artifacts' root as a disk of its own."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(machine.root)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a small disk takes root's rights")
    yield machine.root
    subprocess.run(["umount", str(machine.root)], check=True)


def test_a_command_that_meets_its_limits_says_so_in_one_line(machine: Machine, tmp_path: Path) -> None:
    well(machine.start("ingest", str(tmp_path / "videos"), "--batch", "one"))
    assert "over the allowed size of a file" in machine.curate(FSIZE=4096)
    assert "out of " in machine.curate(AS=800 << 20)
    running = machine.start("curate", "one")
    workers = until(lambda: _workers_of(psutil.Process(running.pid)), 180, "no worker", every=0.01)
    workers[0].send_signal(signal.SIGKILL)
    assert "was killed (SIGKILL): out of memory, most often" in told(running)
    assert not [name for name in machine.left() if name.startswith(".staged")]


def _workers_of(process: psutil.Process) -> list[psutil.Process]:
    servers = [one for one in process.children() if "livecc_assets.runtime.forkserver" in one.cmdline()]
    return [worker for server in servers for worker in server.children()]


def test_a_disk_that_is_full_leaves_nothing_by_halves_and_the_same_command_goes_on_with_more_room(
    machine: Machine, small_disk: Path, tmp_path: Path
) -> None:
    well(machine.start("ingest", str(tmp_path / "videos"), "--batch", "one"))
    ballast = small_disk / ".ballast"
    with ballast.open("wb") as file:
        file.write(b"0" * (os.statvfs(small_disk).f_bavail * 4096 - 3 * 4096))
    line = machine.curate()
    assert f"out of disk space in {small_disk}" in line and "more room in LIVECC_ROOT" in line
    assert machine.left() == [] and list(small_disk.rglob("manifest.json")) == []
    ballast.unlink()
    again = machine.start("curate", "one")
    until(lambda: list(small_disk.glob("yt_cc_source/one/_current.json")), 90, "it did not go on")
    again.send_signal(signal.SIGINT)  # the other steps take a minute, and do the same
    again.communicate(timeout=60)


@pytest.mark.parametrize("command", ["status", "gc", "verify", "--help"])
def test_a_full_disk_under_standard_output_is_one_line(command: str, machine: Machine) -> None:
    with open("/dev/full", "w") as full:
        environment = os.environ | {"LIVECC_HOME": str(machine.home)}
        done = subprocess.run(
            [sys.executable, "-m", "livecc_assets", command],
            cwd=ROOT, env=environment, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60,
        )  # fmt: skip
    (line,) = done.stderr.splitlines()
    assert done.returncode == 1 and line.startswith("livecc: out of disk space")
