"""``python -m livecc_assets`` is the ``livecc`` command."""

from livecc_assets.cli import main

main()
