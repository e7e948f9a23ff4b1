"""A worker that does what the variable DO says; a helper of the tests of the fork server and the launchers."""

import os
import signal
import sys
import time


def _stop(signum: int, frame: object) -> None:
    raise SystemExit(77)


if __name__ == "__main__":
    match os.environ["DO"]:
        case "look":
            threads = sys.modules["torch"].get_num_threads()
            print(os.getcwd(), os.environ["MARK"], threads, file=sys.stderr)
            print("HOME" in os.environ, __name__, file=sys.stdout)
        case "environment":
            print(
                *(f"{name}={value}" for name, value in os.environ.items()),
                sep="\n",
                file=sys.stderr,
            )
        case "loaded":
            print(*sys.modules, file=sys.stderr)
        case "exit":
            raise SystemExit(int(os.environ.get("CODE") or os.environ["MARK"]))
        case "complain":
            raise SystemExit("a line for the user")
        case "fail":
            raise ValueError("the reason")
        case "sleep":
            time.sleep(60)
        case "heed":
            signal.signal(signal.SIGTERM, _stop)
            print("ready", file=sys.stderr, flush=True)
            time.sleep(60)
