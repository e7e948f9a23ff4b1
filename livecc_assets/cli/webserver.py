"""``python -m livecc_assets.cli.webserver``: the command ``dagster-webserver``, with its options, behind our door."""

import sys
from typing import Any

from livecc_assets.core.errors import UserError
from livecc_assets.core.redaction import redact

#: By this function alone the command makes its app; it offers no place for a middleware.
MAKER = "create_app_from_workspace_process_context"


def main() -> None:
    """Run ``dagster-webserver`` with the arguments of this process."""
    from dagster_webserver import cli

    from resources.door import Door, door_from_environment

    keys, create = door_from_environment(), getattr(cli, MAKER)

    def create_behind_the_door(*given: Any, **named: Any) -> Any:
        app = create(*given, **named)
        app.add_middleware(Door, **keys)
        return app

    setattr(cli, MAKER, create_behind_the_door)
    cli.main()


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(f"livecc: {redact(str(error))}")
