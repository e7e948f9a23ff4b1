"""Where workers run. One interface; an asset does not know which launcher served it (docs/launchers.md)."""

import os
from functools import partial
from typing import Any

from livecc_assets.graph.settings.launcher_file import launcher_file
from resources.launchers.base import Job, Needs
from resources.launchers.client import Launcher
from resources.launchers.local import LocalLauncher

__all__ = ["Job", "Launcher", "Needs", "launcher_in_force", "make_launcher", "needs_of", "options_in_force"]


def options_in_force() -> dict[str, Any]:
    """The launcher's file; ``{"kind": "local"}`` for processes of this machine, the default."""
    path = launcher_file()
    if path is None:
        return {"kind": "local"}
    from livecc_assets.graph.settings.checking import read_launcher

    options = read_launcher(path)
    passed = {name: os.environ[name] for name in options.get("pass", ()) if name in os.environ}
    options["environment"] = passed | options.get("environment", {})
    options["file"] = str(path)
    return options


def needs_of(options: dict[str, Any], asset: str, module: str) -> Needs:
    """What the launcher's file says of an asset, else of the stage whose worker makes it, else of all.

    A process per GPU and at least one is the default, as torchrun has it.
    """
    said: dict[str, Any] = {}
    stage = module.split(".")[1] if module.count(".") else module
    for key in ("default", stage, asset):
        said |= (options.get("needs") or {}).get(key) or {}
    said.setdefault("processes", max(1, int(said.get("gpus", 0))))
    return Needs(**said)


def make_launcher(options: dict[str, Any]) -> Launcher:
    """The launcher of that kind. It connects, and imports its client library, with the first worker."""
    launcher = _kind_of(options)
    launcher.needs_of = partial(needs_of, options)
    return launcher


def _kind_of(options: dict[str, Any]) -> Launcher:
    if options["kind"] == "docker":
        from resources.launchers.docker import DockerLauncher

        return DockerLauncher(options)
    if options["kind"] == "kubernetes":
        from resources.launchers.kubernetes import KubernetesLauncher

        return KubernetesLauncher(options)
    return LocalLauncher()


def launcher_in_force() -> Launcher:
    """The launcher that LIVECC_LAUNCHER names, as a resource of a code location of one's own."""
    return make_launcher(options_in_force())
