"""What a run's process does first: it lets the server from which its steps are forked load the graph beside it."""

import multiprocessing
import multiprocessing.forkserver
import os
import sys

#: Where steps are executed: ``processes`` (default) or ``pods``.
VARIABLE = "LIVECC_EXECUTOR"
#: What a step's process would load first. The first is what Dagster would load before the graph.
PRELOAD = ("dagster._core.executor.multiprocess", "livecc_assets.definitions")


def start_fork_server() -> None:
    """In the process of one run, start the fork server of its steps, which loads the graph while the run does.

    One after the other, they took longer than all steps of a run that finds nearly everything made. Nothing happens in a server
    of code, in a step, or where steps have pods.
    """
    is_run = multiprocessing.parent_process() is not None or "execute_run" in sys.argv
    if is_run and (os.environ.get(VARIABLE) or "processes") == "processes":
        multiprocessing.set_forkserver_preload(list(PRELOAD))
        multiprocessing.forkserver.ensure_running()
