"""The command that answers questions about one video: ``chat``."""

import sys

import click

from livecc_assets.cli.saying import say
from livecc_assets.graph.settings import Settings


@click.command()
@click.argument("video")
@click.option("--model", required=True, help="Experiment name, folder, s3://…, hub:owner/name or embedded:name.")
@click.option("--question", "questions", metavar="TEXT", multiple=True, help="Ask this, and end. May be given again.")
@click.option("--start", type=float, help="First second to look at.")
@click.option("--end", type=float, help="Last second to look at.")
@click.option("--device", help="cpu, cuda or cuda:N. Default: the profile's.")
@click.option(
    "--max-tokens", type=click.IntRange(min=1), default=512, show_default=True, help="Most tokens of an answer."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object an answer.")
@click.pass_obj
def chat(
    settings: Settings,
    video: str,
    model: str,
    questions: tuple[str, ...],
    start: float | None,
    end: float | None,
    device: str | None,
    max_tokens: int,
    as_json: bool,
) -> None:
    """Answer questions about VIDEO, one after the other.

    The whole video is looked at once, and every answer knows what was said before. Questions are asked at a prompt, or read
    line by line from standard input; empty lines are passed over. Ctrl-C stops an answer, Ctrl-D ends.
    """
    from livecc_assets.cli import chat as talk
    from livecc_assets.cli.comment_options import with_options
    from livecc_assets.cli.commenting import model_reference
    from livecc_assets.runtime.progress import Progress

    config = with_options(settings.profile.commentary.as_config(), device=device)
    config |= {"video": settings.profile.video.as_config()}
    talk.check_questions(questions)
    reference = model_reference(settings, model)
    progress = Progress("chat")
    conversation = talk.open_conversation(video, reference, config, settings.home, start, end, progress)
    progress.close()
    if questions:
        talk.answer(conversation, questions, max_tokens, as_json, last_word=True)
    elif sys.stdin and sys.stdin.isatty():
        say("Ctrl-C stops an answer, Ctrl-D ends.", err=True)
        talk.answer(conversation, talk.typed(), max_tokens, as_json, forgiving=True)
    else:
        talk.answer(conversation, talk.read(), max_tokens, as_json)
