"""Worker of the Live-CC stage: the steps that need a model."""

from collections.abc import Callable
from typing import Any

from livecc_assets.runtime.worker import Task, run


def losses_main(asset: str) -> Callable[[Task], None]:
    """The main of a text-loss asset that reads the clips asset named ``asset``. Config: model, dtype, max_tokens, rule."""

    def main(task: Task) -> None:
        from livecc_assets.curation.text_loss import clip_losses
        from livecc_assets.models.text_lm import TextLM

        (clips,) = task.inputs[asset]
        config = task.config
        task.progress(0, clips.count, f"loading {config['model']}")
        lm = TextLM.load(
            config["model"],
            task.home,
            config.get("dtype", "float32"),
            config.get("device"),
            config.get("max_tokens", 512),
        )
        task.writer.extend(
            clip_losses(
                clips.rows(),
                lm,
                config.get("rule", "corrected"),
                lambda done: task.progress(done, clips.count, "clips scored"),
            )
        )
        task.writer.metadata |= {"model": config["model"], "rule": config.get("rule", "corrected")}

    return main


def talking_head_scores(task: Task) -> None:
    """Score every video once. Config: scorer (face-share | p-yes), model, frames, rule."""
    from livecc_assets.live_cc import talking_head

    config: dict[str, Any] = task.config
    source = (task.inputs.get("caption_clips") or task.inputs["yt_cc_source"])[0]
    task.progress(0, source.count, f"loading {config['model']}")
    scorer = _scorer(task)
    task.writer.extend(
        talking_head.talking_head_scores(
            source.rows(["video_id", "batch", "path"]),
            task.videos.address,
            scorer,
            config.get("frames", 8),
            lambda done: task.progress(done, source.count, "videos scored"),
        )
    )
    task.writer.metadata |= {"scorer": config["scorer"], "model": config["model"]}
    if config["scorer"] == "face-share":
        task.writer.metadata["substitute"] = (
            "share of frames with a face, in place of the paper's P(Yes) of Qwen2-VL-2B"
        )


def _scorer(task: Task) -> Any:
    from livecc_assets.core.errors import UserError

    config = task.config
    if config["scorer"] == "face-share":
        from livecc_assets.live_cc.talking_head import FaceShare
        from livecc_assets.models.faces import FaceFinder

        return FaceShare(FaceFinder.load(config["model"], task.home))
    if config["scorer"] == "p-yes":
        from livecc_assets.live_cc.p_yes import PYes

        rule = config.get("rule", "corrected")
        return PYes.load(config["model"], task.home, rule, config.get("device"), config.get("dtype"))
    raise UserError(f"talking_head.scorer is {config['scorer']!r} in the profile; it can be face-share or p-yes")


MAINS: dict[str, Callable[[Task], None]] = {
    "caption_clip_losses": losses_main("caption_clips"),
    "talking_head_scores": talking_head_scores,
}

if __name__ == "__main__":
    run(MAINS)
