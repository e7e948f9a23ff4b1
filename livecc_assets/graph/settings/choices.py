"""The choices that settings offer by name. Stages import them from here; this module needs nothing but typing."""

from typing import Literal

#: What a settings file can be.
Kind = Literal["profile", "selection", "experiment", "launcher", "results"]

#: ``title_or_previous``: the previous speech, or the title where there is none (the paper's default, "Title || Prev.").
ContextMode = Literal["title_or_previous", "none", "title", "previous", "title_and_previous"]
#: ``streaming``: a turn a second. ``caption``: all words after all frames, one turn. ``both``: each clip both ways.
Paradigm = Literal["streaming", "caption", "both"]
#: ``frame_end``: a word belongs to the block whose last frame ends after it, half a second before the block's nominal end.
#: ``block_end``: it belongs to the block whose nominal end follows it. Published checkpoints were trained with the first.
WordAssignment = Literal["frame_end", "block_end"]
#: ``sequence``: the mean over sequences of each one's token mean (published: a short clip weighs as much as a long one).
#: ``token``: the mean over all learnt tokens of the global batch.
LossWeighting = Literal["sequence", "token"]

#: ``streaming``: in real time, frames of a constant size. ``evaluation``: the same with frames sized for the clip's length.
#: ``captioning``: the whole clip at once, one text after it, as offline models do it on the benchmark.
Mode = Literal["streaming", "evaluation", "captioning"]
Positions = Literal["train-consistent", "released"]
#: ``window``: sinks, recent text, recent vision. ``paper``: all vision goes every so often, all text stays.
#: ``none``: nothing ever leaves, as in the published code.
Eviction = Literal["window", "paper", "none"]

#: Number formats of models that PyTorch runs.
DType = Literal["float32", "bfloat16", "float16"]

#: A benchmark's questions that are made from the sample world, where a file of them would stand.
SAMPLE_QUESTIONS = "embedded:sample"

#: Assets that a worker makes, and the stages whose workers make them: the names that a launcher file's ``needs`` may have.
STAGES = ("source", "live_cc", "live_whisperx", "training", "commentary", "evaluation")
WORKER_ASSETS = (
    "yt_cc_source",
    "caption_clip_losses",
    "talking_head_scores",
    "spoken_words",
    "sentence_clip_losses",
    "active_speaker_ratios",
    "commentary_queries",
    "language_scores",
    "livecc_base",
    "livecc_instruct",
    "livesports_commentary",
    "livesports_judgements",
    "livesports_qa_score",
    "videomme_score",
    "mvbench_score",
    "ovobench_score",
)
#: The training sets that a selection may describe; each is an asset of the same name.
SETS = ("live_cc", "live_whisperx")
