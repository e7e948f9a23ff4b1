"""What ``dagster dev`` is made of, as processes of our own: code server, webserver and daemon.

``dagster dev`` itself starts ``dagster-webserver``, and takes nothing in front of it. These are the commands that it starts.
"""

import json
import socket
import sys
from pathlib import Path

import livecc_assets

MODULE = "livecc_assets.definitions"
#: Put on Python's path for what Dagster loads; by default it would be the current folder.
FOLDER = str(Path(livecc_assets.__file__).resolve().parents[1])
LOCATION = ["-m", MODULE, "-d", FOLDER]
#: As `dagster dev` tells its parts: an error in the code location is printed once, without Dagster's own frames.
ENVIRONMENT = {"DAGSTER_IS_DEV_CLI": "1", "DAGSTER_verbose": ""}


def code_server(folder: Path) -> list[str]:
    """The code server, on a socket in ``folder``; "Reload" in the UI has it load the code again."""
    listening = ["--socket", str(_socket(folder)), "--log-level", "warning"]
    same_as_here = ["--use-python-environment-entry-point", "--inject-env-vars-from-instance"]
    return [sys.executable, "-m", "dagster", "code-server", "start", *listening, *same_as_here, *LOCATION]


def webserver(folder: Path, host: str, port: int) -> list[str]:
    """The webserver behind the door, for that code server."""
    where = ["--host", host, "--port", str(port)]
    return [sys.executable, "-m", "livecc_assets.cli.webserver", *where, "--workspace", str(_workspace(folder))]


def daemon(folder: Path) -> list[str]:
    """The daemon, for that code server."""
    return [str(Path(sys.executable).with_name("dagster-daemon")), "run", "--workspace", str(_workspace(folder))]


def serves(folder: Path) -> bool:
    """Whether the code server takes connections, which it does once it has loaded the code."""
    with socket.socket(socket.AF_UNIX) as one:
        return one.connect_ex(str(_socket(folder))) == 0


def _socket(folder: Path) -> Path:
    return folder / "code.sock"


def _workspace(folder: Path) -> Path:
    metadata = {"module_name": MODULE, "working_directory": FOLDER}
    server = {"location_name": MODULE, "socket": str(_socket(folder)), "additional_metadata": metadata}
    path = folder / "workspace.yaml"
    path.write_text(json.dumps({"load_from": [{"grpc_server": server}]}), "utf-8")  # JSON is YAML
    return path
