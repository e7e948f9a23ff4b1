"""The command that shows commentary side by side: ``compare``."""

from pathlib import Path

import click

from livecc_assets.cli.saying import say
from livecc_assets.core.errors import UserError
from livecc_assets.graph.settings import Settings


@click.command()
@click.argument("video", metavar="VIDEO|EVENT")
@click.option(
    "--model",
    "models",
    multiple=True,
    required=True,
    help="A column of the page; give it for each. Of VIDEO as for `livecc comment`, of EVENT an experiment's name.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True)
@click.option("--query", help="What the models are asked. Default: as for `livecc comment`.")
@click.option("--start", type=float, help="First second to comment on.")
@click.option("--end", type=float, help="Last second to comment on.")
@click.option("--device", help="cpu, cuda or cuda:N. Default: the profile's.")
@click.pass_obj
def compare(
    settings: Settings,
    video: str,
    models: tuple[str, ...],
    output: Path,
    query: str | None,
    start: float | None,
    end: float | None,
    device: str | None,
) -> None:
    """Show one video and under it the commentary of several checkpoints, on one page.

    VIDEO is a file, which the models comment now. EVENT is an event of the benchmark, VIDEO_ID/EVENT_ID: its stored commentary
    is shown beside the human words and the judge's verdict, and nothing is computed.
    """
    from livecc_assets.cli.compare_event import compare_event
    from livecc_assets.cli.compare_video import compare_video
    from livecc_assets.cli.targets import check_apart, check_target, is_stdout
    from livecc_assets.media.live_address import live_address
    from livecc_assets.runtime.progress import Progress
    from livecc_assets.store.uris import local_path

    check_target(output)
    if twice := next((name for name in models if models.count(name) > 1), None):
        raise UserError(f"--model {twice}: named twice; name each once")
    if address := live_address(video):
        raise UserError(f"{address.name} is a stream, and the page holds its video; give a file")
    if "://" not in video and local_path(video).is_file():
        check_apart(output, local_path(video))
    options = {"--query": query, "--start": start, "--end": end, "--device": device}
    progress = Progress("compare")
    if "://" not in video and not local_path(video).is_file():
        if given := [name for name, value in options.items() if value is not None]:
            raise UserError(
                f"{given[0]}: {video} is no file, and stored commentary of an event is not made anew; leave it out"
            )
        said = compare_event(settings, video, models, output, progress)
    else:
        said = compare_video(settings, video, models, output, progress, query, start, end, device)
    progress.close()
    words = ", ".join(f"{column.name} {column.words}" for column in said)
    say(f"{output}: words: {words}", err=is_stdout(output))
