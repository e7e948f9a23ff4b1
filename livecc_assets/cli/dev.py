"""``python -m livecc_assets.cli.dev``: ``dagster dev``, whose web server stands behind the door of :mod:`.door`."""

import os
import subprocess
from collections.abc import Sequence
from typing import Any

from dagster._cli import dev

from livecc_assets.cli.door import TOKEN

#: What ``dagster dev`` runs, and what runs in its place.
_THEIRS, _OURS = "dagster_webserver", "livecc_assets.cli.webserver"


def main() -> None:
    """Run the command ``dagster dev``. It has no option for another web server."""
    start, token = dev.__dict__["open_ipc_subprocess"], os.environ.pop(TOKEN, "")

    def behind_the_door(parts: Sequence[str], **options: Any) -> "subprocess.Popen[Any]":
        if _THEIRS not in parts:
            return start(parts, **options)
        # Runs and their workers have no use for the token.
        guarded = os.environ | ({TOKEN: token} if token else {})
        return start([_OURS if part == _THEIRS else part for part in parts], env=guarded, **options)

    dev.__dict__["open_ipc_subprocess"] = behind_the_door
    dev.dev_command()


if __name__ == "__main__":
    main()
