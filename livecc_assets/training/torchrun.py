"""torchrun with the exit code of the process that failed first, where torchrun's own is always 1.

A launcher reads it: 78 is a mistake of the user, which trying again does not mend; 137 is a process that was killed.
"""

import sys
from collections.abc import Sequence

from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.run import main


def torchrun(arguments: Sequence[str]) -> int:
    """Run torchrun with its own arguments; 0, or the exit code of the rank that failed first (128 + N after signal N)."""
    try:
        main(list(arguments))
    except ChildFailedError as error:
        _, first = error.get_first_failure()
        print(error, file=sys.stderr)  # torchrun's own table of the ranks
        return first.exitcode if first.exitcode >= 0 else 128 - first.exitcode
    return 0


if __name__ == "__main__":
    sys.exit(torchrun(sys.argv[1:]))
