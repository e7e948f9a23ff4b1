"""What a command says to people."""

import click

from livecc_assets.core.text import printable


def say(line: str, err: bool = False) -> None:
    """Print one line, on standard error if ``err``; whatever it quotes, it stays one line and does nothing to the terminal."""
    click.echo(printable(line), err=err)
