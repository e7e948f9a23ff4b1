"""The command that shows the live page: ``serve``."""

import os
import tempfile
from pathlib import Path
from urllib.parse import quote

import click

from livecc_assets.cli.saying import say
from livecc_assets.core.errors import UserError
from livecc_assets.graph.settings import Settings
from resources.door.token import TOKEN

#: Shortest token that may be chosen: one that is guessed lets everybody in.
_SHORTEST = 16


@click.command()
@click.option(
    "--model",
    "models",
    multiple=True,
    required=True,
    help="Experiment name, folder, s3://…, hub:owner/name or embedded:name. A second --model comments beside the first.",
)
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address; away from loopback the page asks for a token."
)
@click.option("--port", type=click.IntRange(0, 65535), default=7860, show_default=True, help="0 takes a free one.")
@click.option("--token", help=f"The token to ask for, also on loopback. Default: {TOKEN}, or one is made where needed.")
@click.option("--max-viewers", type=click.IntRange(1, 1000), default=16, show_default=True, help="Seats.")
@click.option(
    "--max-upload", type=click.IntRange(1, 16384), default=500, show_default=True, help="Largest file taken, in MB."
)
@click.option(
    "--max-minutes", type=click.FloatRange(0.1, 720), default=30, show_default=True, help="Longest video or stream."
)
@click.option(
    "--url-host",
    "hosts",
    multiple=True,
    metavar="NAME",
    help="Host whose addresses viewers may give; may be repeated. Default: any on a loopback without a token, else none.",
)
@click.option("--device", help="cpu, cuda or cuda:N. Default: the profile's.")
@click.pass_obj
def serve(
    settings: Settings,
    models: tuple[str, ...],
    host: str,
    port: int,
    token: str | None,
    max_viewers: int,
    max_upload: int,
    max_minutes: float,
    hosts: tuple[str, ...],
    device: str | None,
) -> None:
    """Show the live page: viewers bring a video, an address or a camera, and models comment it.

    Ctrl-C ends it. What viewers sent is removed when they leave.
    """
    from livecc_assets.cli.comment_options import with_options
    from livecc_assets.cli.commenting import model_reference
    from livecc_assets.cli.greeting import address, door_keys, is_loopback
    from livecc_assets.commentary.config import CommentaryConfig
    from resources.door.hosts import HOSTS, host_names

    if len(models) > 2:
        raise UserError(f"--model is given {len(models)} times; one or two models are shown side by side")
    if token is not None and len(token) < _SHORTEST:
        raise UserError(f"--token is shorter than {_SHORTEST} characters; leave it out, and one is made")
    config = with_options(settings.profile.commentary.as_config(), device=device)
    commentary = CommentaryConfig.from_profile(config | {"video": settings.profile.video.as_config()})
    keys = door_keys(host, os.environ | ({TOKEN: token} if token else {}))
    references = [model_reference(settings, model) for model in models]

    from livecc_assets.web.server import bound, run
    from livecc_assets.web.site import Limits, Site

    names = host_names(keys[HOSTS].split(","))
    # A token, or another name of this machine, says that others come: through a proxy, or by a tunnel.
    private = is_loopback(host) and not keys[TOKEN] and names == host_names([])
    allowed = None if private and not hosts else frozenset(name.lower() for name in hosts)
    limits = Limits(max_viewers, max_upload * 2**20, max_minutes * 60)
    listening = bound(host, port)  # refused before models are loaded
    with tempfile.TemporaryDirectory(prefix="livecc-serve-") as folder:
        from livecc_assets.web.app import create_app
        from livecc_assets.web.loading import load_models

        loaded = load_models(
            models, references, config, commentary, settings.home, max_viewers, lambda line: say(line, err=True)
        )
        site = Site(loaded, commentary, Path(folder), limits, allowed)
        app = create_app(site, names, keys[TOKEN] or None)
        shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
        key = f"?token={quote(keys[TOKEN], safe='')}" if keys[TOKEN] else ""
        line = f"Live commentary {address(shown, listening.getsockname()[1])}/{key}   (Ctrl-C ends it)"
        if shown != host:
            line += f"\nFrom other machines: the same with this machine's address, or with a name that {HOSTS} lists"
        run(app, listening, lambda: print(line, flush=True))
