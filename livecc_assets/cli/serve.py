"""``livecc ui``: the Dagster UI with its daemon and the MLflow UI, as child processes that end together.

``python -m livecc_assets.cli.serve`` is the code server of a container of its own (compose.yaml).
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from livecc_assets.cli.children import Server, start, stop
from livecc_assets.cli.dagster_parts import ENVIRONMENT, LOCATION, code_server, daemon, serves, webserver
from livecc_assets.cli.greeting import address, door_keys, greeting
from livecc_assets.core.errors import UserError
from livecc_assets.core.redaction import redact
from livecc_assets.graph.settings import Settings, load_settings
from livecc_assets.orchestration.runs import (
    dagster_home,
    end_left_runs,
    open_instance,
    pass_cancels_on,
    runs_of_earlier_servers,
)
from livecc_assets.runtime.forked import ELSEWHERE
from resources.door.token import TOKEN
from resources.launchers.environment import needed
from resources.tracking.server import ServerCommand, server_command

#: Seconds until the daemon has surely found a code server that has just been started: it looks once a minute, and gives up a
#: failed run that it cannot start again at once.
SETTLED = 120.0
#: Seconds for a tick of a schedule and of a sensor. Dagster's 60 are few where thousands of batches are listed (docs/scale.md).
TICKS = {"DAGSTER_SCHEDULE_GRPC_TIMEOUT_SECONDS": "600", "DAGSTER_SENSOR_GRPC_TIMEOUT_SECONDS": "600"}

ENDINGS = (signal.SIGINT, signal.SIGTERM)
#: The code server, which the others need, and the process from which all runs fork their workers: loading what these need
#: takes longer than much of what they do. Either is started again when it ends, after so many seconds.
CODE, WORKERS = "code", "workers"
PAUSE = 5.0
#: Seconds between two looks for runs to cancel whose code server has ended.
CANCELS = 10.0


def commands(
    settings: Settings,
    folder: Path,
    host: str,
    port: int,
    mlflow_port: int,
    environment: Mapping[str, str] = os.environ,
) -> dict[str, ServerCommand]:
    """The commands of the servers by name, each with what it adds to ``environment``; ``folder`` is for what they share."""
    dagster = ENVIRONMENT | {
        "DAGSTER_HOME": environment.get("DAGSTER_HOME", str(dagster_home(settings))),
        "LIVECC_DAGSTER_UI": address(host, port),
        "LIVECC_MLFLOW_UI": address(host, mlflow_port),
    }
    dagster |= {name: environment.get(name, seconds) for name, seconds in TICKS.items()}
    socket = folder / "workers.sock"
    dagster |= {ELSEWHERE: environment.get(ELSEWHERE) or str(socket)}
    forking = [sys.executable, "-m", "livecc_assets.runtime.forkserver", str(socket)]
    own = {} if environment.get(ELSEWHERE) else {WORKERS: ServerCommand(forking, {})}
    keys = door_keys(host, environment)
    mlflow = server_command(settings.home, mlflow_port, host)
    return own | {
        CODE: ServerCommand(code_server(folder), dagster),
        "webserver": ServerCommand(webserver(folder, host, port), dagster | keys),
        "daemon": ServerCommand(daemon(folder), dagster),
        "mlflow": ServerCommand(mlflow.argv, mlflow.env | keys),
    }


def serve(settings: Settings, host: str, port: int, mlflow_port: int) -> None:
    """Run the servers until one ends or Ctrl-C; then stop all, with everything they started."""
    running: dict[str, Server] = {}
    lost: list[Server] = []  # servers that ended; the runs that a code server had started may go on
    sessions = set[int]()  # of those code servers
    # What is forked shows in /proc what this was started with.
    for_workers = needed(os.environ, {"input_key": ""})
    # As with Ctrl-C: a service manager's SIGTERM must not leave the servers behind. After a shell's `&` SIGINT is ignored, in
    # children, too, and Dagster's servers take SIGTERM for SIGINT.
    for number in ENDINGS:
        signal.signal(number, signal.default_int_handler)
    with open_instance(settings) as instance:  # which ends the runs of `livecc` commands that were killed
        left = runs_of_earlier_servers(instance)
    with tempfile.TemporaryDirectory(prefix="livecc-") as folder:
        try:
            wanted = commands(settings, Path(folder), host, port, mlflow_port)
            if WORKERS in wanted:
                running[WORKERS] = start(wanted[WORKERS], environment=for_workers)
            running[CODE] = start(wanted[CODE])
            while not serves(Path(folder)):
                if running[CODE].poll() is not None:
                    raise UserError("Dagster's code server did not start; what it printed above says why")
                time.sleep(0.2)
            for name, command in wanted.items():
                # uvicorn, on which MLflow runs, imports from the current folder whatever Python was told.
                if name not in running:
                    running[name] = start(command, settings.home if name == "mlflow" else None)
            print(greeting(host, port, mlflow_port, wanted["webserver"].env.get(TOKEN)), flush=True)
            settled, looked = time.monotonic() + SETTLED, time.monotonic()
            while all(process.poll() is None for name, process in running.items() if name not in (CODE, WORKERS)):
                for name, environment in ((CODE, os.environ), (WORKERS, for_workers)):
                    if name in running and running[name].poll() is not None:
                        # Out of memory, perhaps. The others find the new one by its socket.
                        print(f"The server of {name} ended; it is started again", file=sys.stderr, flush=True)
                        time.sleep(PAUSE)
                        lost.append(running[name])
                        if name == CODE:
                            sessions.add(running[name].pid)
                        running[name] = start(wanted[name], environment=environment)
                if sessions and time.monotonic() > looked + CANCELS:
                    looked = time.monotonic()
                    with open_instance(settings) as instance:
                        pass_cancels_on(instance, sessions)
                if left and time.monotonic() > settled:
                    _end(settings, left)
                    left = []
                time.sleep(0.5)
        except KeyboardInterrupt:
            pass
        finally:
            for number in ENDINGS:  # a second Ctrl-C must not keep this one from its work
                signal.signal(number, signal.SIG_IGN)
            stop([*running.values(), *lost])


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
