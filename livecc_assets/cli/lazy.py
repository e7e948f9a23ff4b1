"""A click group that imports a command's module only when that command is called."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

import click


class Entry(NamedTuple):
    """One command: where it stands (``module:attribute``) and the sentence that the group's help shows of it."""

    place: str
    help: str


class LazyGroup(click.Group):
    """Lists its commands from a registry, so that help and completion of names import none of their modules."""

    def __init__(self, *arguments: Any, registry: Mapping[str, Entry], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.registry = dict(registry)
        # What click needs to list, to complete and to suggest names.
        self.commands = {name: click.Command(name, help=entry.help) for name, entry in registry.items()}

    def load(self, name: str) -> click.Command:
        """The command itself, of its module."""
        module, _, attribute = self.registry[name].place.partition(":")
        found = getattr(import_module(module), attribute)
        assert isinstance(found, click.Command), f"{self.registry[name].place} is not a command"
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, listed, rest = super().resolve_command(ctx, args)
        return name, listed if name is None else self.load(name), rest
