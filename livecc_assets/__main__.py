"""``python -m livecc_assets`` is the ``livecc`` command."""

from livecc_assets.cli.main import main

main()
