"""``livecc ui``: the Dagster UI with its daemon and the MLflow UI, as two child processes that end together.

``python -m livecc_assets.cli.serve`` is the code server of a container of its own (compose.yaml).
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import livecc_assets
from livecc_assets.core.errors import UserError
from livecc_assets.core.redaction import redact
from livecc_assets.graph.settings import Settings, load_settings
from livecc_assets.orchestration.runs import dagster_home, end_left_runs, open_instance, runs_of_earlier_servers
from resources.tracking.server import ServerCommand, server_command

#: Seconds a server has to end by itself after Ctrl-C.
GRACE = 15
#: Seconds until the daemon has surely found a code server that has just been started: it looks once a minute, and gives up a
#: failed run that it cannot start again at once.
SETTLED = 120.0
#: Seconds for a tick of a schedule and of a sensor. Dagster's 60 are few where thousands of batches are listed (docs/scale.md).
TICKS = {"DAGSTER_SCHEDULE_GRPC_TIMEOUT_SECONDS": "600", "DAGSTER_SENSOR_GRPC_TIMEOUT_SECONDS": "600"}

#: What Dagster loads, and the folder that it puts on Python's path for it: by default the current one.
LOCATION = ["-m", "livecc_assets.definitions", "-d", str(Path(livecc_assets.__file__).resolve().parents[1])]


def commands(settings: Settings, host: str, port: int, mlflow_port: int) -> dict[str, ServerCommand]:
    """The two server commands by name, each with what it adds to the environment."""
    dagster = [sys.executable, "-m", "dagster", "dev", *LOCATION, "-h", host, "-p", str(port)]
    places = {
        "DAGSTER_HOME": os.environ.get("DAGSTER_HOME", str(dagster_home(settings))),
        "LIVECC_DAGSTER_UI": f"http://{host}:{port}",
        "LIVECC_MLFLOW_UI": f"http://{host}:{mlflow_port}",
    } | {name: os.environ.get(name, seconds) for name, seconds in TICKS.items()}
    return {"dagster": ServerCommand(dagster, places), "mlflow": server_command(settings.home, mlflow_port, host)}


def serve(settings: Settings, host: str, port: int, mlflow_port: int) -> None:
    """Run both servers until one ends or Ctrl-C; then stop both, with everything they started."""
    running: dict[str, subprocess.Popen[bytes]] = {}
    # As with Ctrl-C: a service manager's SIGTERM must not leave the servers behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with open_instance(settings) as instance:  # which ends the runs of `livecc` commands that were killed
        left = runs_of_earlier_servers(instance)
    try:
        for name, command in commands(settings, host, port, mlflow_port).items():
            # A session of its own, so that the whole tree (webserver, daemon, code servers) can be stopped. uvicorn, on which
            # MLflow runs, imports from the current folder whatever Python was told.
            folder = settings.home if name == "mlflow" else None
            running[name] = subprocess.Popen(
                command.argv, cwd=folder, env=os.environ | command.env, start_new_session=True
            )
        print(f"Dagster http://{host}:{port}   MLflow http://{host}:{mlflow_port}   (Ctrl-C ends both)", flush=True)
        settled = time.monotonic() + SETTLED
        while all(process.poll() is None for process in running.values()):
            if left and time.monotonic() > settled:
                _end(settings, left)
                left = []
            time.sleep(0.5)
    except KeyboardInterrupt:
        pass
    finally:
        for process in running.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
        for process in running.values():
            try:
                process.wait(GRACE)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def _end(settings: Settings, left: list[str]) -> None:
    with open_instance(settings) as instance:
        end_left_runs(instance, left)
    print(f"left by an earlier code server and failed: run {', '.join(left)}", flush=True)


def serve_code(arguments: list[str]) -> None:
    """Run Dagster's code server with these arguments, and end the runs that an earlier container left.

    For a container in which all runs of its instance are executed: what is not running in it has ended.
    """
    settings = load_settings()
    with open_instance(settings) as instance:
        left = runs_of_earlier_servers(instance, alone=True)
    os.environ["PYTHONSAFEPATH"] = "1"
    command = [sys.executable, "-m", "dagster", "api", "grpc", *LOCATION, *arguments]
    if not left:
        os.execv(sys.executable, command)
    server = subprocess.Popen(command)
    signal.signal(signal.SIGTERM, lambda *_: server.terminate())
    try:
        server.wait(SETTLED)
    except subprocess.TimeoutExpired:
        _end(settings, left)
    sys.exit(min(abs(server.wait()), 1))


if __name__ == "__main__":
    try:
        serve_code(sys.argv[1:])
    except UserError as error:
        sys.exit(f"livecc: {redact(str(error))}")
