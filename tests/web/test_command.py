"""``livecc serve`` refuses what it cannot do in one line, before a model is loaded."""

import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from livecc_assets.cli.main import main
from livecc_assets.core.errors import UserError
from livecc_assets.web.server import bound


def refused(home: Path, *options: str) -> str:
    result = CliRunner().invoke(main, ["--home", str(home), "serve", *options], prog_name="livecc")
    assert result.exit_code == 1, result.output
    assert result.stdout == "" and len(result.stderr.splitlines()) == 1
    return result.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--model", "a", "--model", "b", "--model", "c"), "--model is given 3 times; one or two"),
        (("--model", "a", "--token", "short"), "--token is shorter than 16 characters"),
        (("--model", "nosuch"), "--model nosuch: no such folder and no trained experiment"),
        (("--model", "./a", "--device", "tpu"), "--device tpu"),
        (("--model", "./a", "--host", "nosuch.invalid"), "nosuch.invalid, port 7860: "),
        (("--model", "./a", "--port", "0"), "a does not exist"),
    ],
)
def test_what_cannot_be_served_is_one_line(tmp_path: Path, options: tuple[str, ...], words: str) -> None:
    assert words in refused(tmp_path, *options)


def test_a_port_that_is_taken_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UserError) as caught:
            bound("127.0.0.1", port)
    assert str(caught.value) == f"127.0.0.1, port {port}: Address already in use; choose another --host or --port"


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "[::1]", "localhost"])
def test_loopback_is_served_under_each_of_its_names(host: str) -> None:
    try:
        with bound(host, 0) as listening:
            assert listening.getsockname()[1] > 0
    except UserError as error:
        if ":" in host and "Cannot assign" in str(error):
            pytest.skip("this machine has no IPv6")
        raise
