"""``python -m livecc_assets.cli.webserver``: ``dagster-webserver`` with all its options, behind the door of :mod:`.door`."""

from typing import Any

from dagster_webserver import cli

from livecc_assets.cli.door import Door


def main() -> None:
    """Run the command ``dagster-webserver`` with the application wrapped."""
    create = cli.__dict__["create_app_from_workspace_process_context"]

    def behind_the_door(*arguments: Any, **options: Any) -> Any:
        return Door.of_environment(create(*arguments, **options))

    cli.__dict__["create_app_from_workspace_process_context"] = behind_the_door
    cli.main()


if __name__ == "__main__":
    main()
