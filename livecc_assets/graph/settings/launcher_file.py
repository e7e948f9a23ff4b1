"""Which launcher is in force: the file that LIVECC_LAUNCHER names."""

import os
from difflib import get_close_matches
from pathlib import Path

from livecc_assets.core.errors import UserError
from livecc_assets.graph.settings.yaml_file import SHIPPED

#: ``local``, ``docker``, ``kubernetes`` (the files of that name in livecc_assets/config/launchers), or the path of such a file.
VARIABLE = "LIVECC_LAUNCHER"


def launcher_file() -> Path | None:
    """The launcher's file in force; None for processes of this machine, the default. Raises UserError for no such launcher."""
    named = os.environ.get(VARIABLE) or "local"
    if named == "local":
        return None
    path = Path(named) if named.endswith((".yaml", ".yml")) else SHIPPED / "launchers" / f"{named}.yaml"
    if not path.is_file():
        near = get_close_matches(named, ("local", "docker", "kubernetes"), 1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise UserError(
            f"{VARIABLE}={named}: no such launcher; {hint}Use local, docker, kubernetes or the path of a YAML file"
        )
    return path
