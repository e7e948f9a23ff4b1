"""Ending a process while threads of it still wait for somebody's answer."""

import os
import sys
import threading


def leave_threads(code: int) -> None:
    """End the process at once with ``code`` where other threads still run; the interpreter would wait for them.

    For the end of an interrupted command: what they were to bring is asked for again.
    """
    here = threading.current_thread()
    if any(one.is_alive() and not one.daemon and one is not here for one in threading.enumerate()):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
