"""``python -m livecc_assets`` is the ``livecc`` command."""

import sys

if not sys.flags.safe_path:
    del sys.path[0]  # the current folder, whose modules would be taken for libraries

from livecc_assets.cli.main import main

main()
