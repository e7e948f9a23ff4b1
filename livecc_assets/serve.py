"""``livecc ui``: the Dagster UI with its daemon and the MLflow UI, as two child processes that end together."""

import os
import signal
import subprocess
import sys
import time

from livecc_assets.runs import dagster_home, open_instance
from livecc_assets.settings import Settings
from livecc_assets.tracking import ServerCommand, server_command

#: Seconds a server has to end by itself after Ctrl-C.
GRACE = 15


def commands(settings: Settings, host: str, port: int, mlflow_port: int) -> dict[str, ServerCommand]:
    """The two server commands by name, each with what it adds to the environment."""
    dagster = [sys.executable, "-m", "dagster", "dev", "-m", "livecc_assets.definitions", "-h", host, "-p", str(port)]
    places = {
        "DAGSTER_HOME": os.environ.get("DAGSTER_HOME", str(dagster_home(settings))),
        "LIVECC_DAGSTER_UI": f"http://{host}:{port}",
        "LIVECC_MLFLOW_UI": f"http://{host}:{mlflow_port}",
    }
    return {"dagster": ServerCommand(dagster, places), "mlflow": server_command(settings.home, mlflow_port, host)}


def serve(settings: Settings, host: str, port: int, mlflow_port: int) -> None:
    """Run both servers until one ends or Ctrl-C; then stop both, with everything they started."""
    running: dict[str, subprocess.Popen[bytes]] = {}
    # As with Ctrl-C: a service manager's SIGTERM must not leave the servers behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with open_instance(settings):  # which ends the runs of processes that were killed
        pass
    try:
        for name, command in commands(settings, host, port, mlflow_port).items():
            # A session of its own, so that the whole tree (webserver, daemon, code servers) can be stopped.
            running[name] = subprocess.Popen(command.argv, env=os.environ | command.env, start_new_session=True)
        print(f"Dagster http://{host}:{port}   MLflow http://{host}:{mlflow_port}   (Ctrl-C ends both)", flush=True)
        while all(process.poll() is None for process in running.values()):
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
