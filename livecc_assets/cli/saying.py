"""What a command says to people."""

import click

from livecc_assets.core.text import printable


def say(line: str, err: bool = False) -> None:
    """Print one line, on standard error if ``err``; whatever it quotes, it stays one line and does nothing to the terminal."""
    click.echo(printable(line), err=err)


def shown(text: str) -> str:
    """A text of which a terminal acts on line breaks alone."""
    return "\n".join(printable(line) for line in text.split("\n"))


def say_piece(text: str, nl: bool = False, err: bool = False) -> None:
    """Print a piece of a text, line breaks and all."""
    click.echo(shown(text), nl=nl, err=err)
