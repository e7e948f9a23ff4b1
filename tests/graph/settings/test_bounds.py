"""Every bound and choice of the settings: the last value that is taken, and the first one that is not."""

from typing import Any

import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.graph.settings.benchmark import (
    Commentary,
    EvaluationVideos,
    LikelihoodJudge,
    LiveSports,
    OpenAIJudge,
)
from livecc_assets.graph.settings.experiment import Experiment, PreTraining, Training
from livecc_assets.graph.settings.fields import Section
from livecc_assets.graph.settings.launcher import KubernetesNeeds, Needs, Patience
from livecc_assets.graph.settings.profile import InstructionSource, Profile, SampleWorld
from livecc_assets.graph.settings.scoring import (
    FaceAndVoice,
    FaceShare,
    OpenAIQueries,
    PYes,
    SpeechRecognition,
    TemplateQueries,
    TextLoss,
)
from livecc_assets.graph.settings.selection import LiveCC, LiveCCCriteria, LiveWhisperXCriteria
from livecc_assets.graph.settings.video import ClipLimits, Source, Video

#: What a section needs before any of its other keys can be tried.
GIVEN: dict[type[Section], dict[str, Any]] = {
    TextLoss: {"model": "m"},
    SpeechRecognition: {"model": "m"},
    FaceShare: {"scorer": "face-share", "model": "m"},
    PYes: {"scorer": "p-yes", "model": "m"},
    FaceAndVoice: {"scorer": "face-and-voice", "model": "m"},
    TemplateQueries: {"writer": "template"},
    OpenAIQueries: {"writer": "openai", "model": "m"},
    LikelihoodJudge: {"kind": "likelihood", "model": "m"},
    OpenAIJudge: {"kind": "openai", "model": "m"},
    PreTraining: {"init_model": "m"},
    InstructionSource: {"generator": "sample-world", "count": 1},
    LiveCC: {"batches": ["*"]},
    Profile: {"name": "mine"},
}

#: (section, key, values that are just inside, values that are just outside).
BOUNDS: list[tuple[type[Section], str, list[Any], list[Any]]] = [
    (Source, "min_height", [1], [0, -480, 1.5]),
    (Source, "min_duration", [0, 0.5], [-0.1]),
    (Source, "max_duration", [30, 30.5], [0, -1]),
    (Source, "language", ["en"], ["e", ""]),
    (Source, "min_language_score", [0, 1], [-0.01, 1.01]),
    (Source, "min_distinct_words", [0], [-1]),
    (Source, "variable_frame_rate", ["reject", "accept"], ["warn", None]),
    (ClipLimits, "min_clip_sec", [0, 240], [-1, 240.5]),
    (ClipLimits, "max_clip_sec", [30], [29.9, 0]),
    (ClipLimits, "max_empty_sec", [0], [-1]),
    (ClipLimits, "min_wps", [0, 4], [-1, 4.01]),
    (ClipLimits, "max_wps", [1], [0.99, 0]),
    (ClipLimits, "rule", ["released", "corrected"], ["published", ""]),
    (Video, "fps", [0.1, 30], [0, -2]),
    (Video, "max_frames", [1], [0]),
    (Video, "min_pixels", [784, 768 * 784], [783, 768 * 784 + 1]),
    (Video, "frame_pixels", [100 * 784], [100 * 784 - 1]),
    (Video, "total_pixels", [784], [783]),
    (Video, "stream_max_pixels", [784], [783]),
    (TextLoss, "max_tokens", [1], [0]),
    (TextLoss, "dtype", ["float32", "bfloat16", "float16"], ["float64", None]),
    (TextLoss, "device", [None, "cpu", "cuda", "cuda:0", "cuda:11"], ["gpu", "cuda:", "cuda:a", "CPU"]),
    (TextLoss, "model", ["embedded:smollm2"], ["", None, 7]),
    (FaceShare, "frames", [1], [0]),
    (PYes, "frames", [1], [0]),
    (PYes, "dtype", [None, "bfloat16"], ["int8"]),
    (SpeechRecognition, "batch_size", [1], [0]),
    (SpeechRecognition, "beam_size", [1], [0]),
    (SpeechRecognition, "temperature", [None, 0, 1.5], [-0.1]),
    (SpeechRecognition, "language", [None, "en"], ["e"]),
    (SpeechRecognition, "compute_type", ["int8", "int8_float16", "auto"], ["int4", None]),
    (SpeechRecognition, "device", ["cpu", "cuda", "auto"], ["cuda:0", None]),
    (SpeechRecognition, "engine", ["faster-whisper"], ["whisperx"]),
    (FaceAndVoice, "working_side", [16], [15]),
    (FaceAndVoice, "voice_model", ["embedded:silero"], ["embedded:other"]),
    (TemplateQueries, "workers", [1], [0]),
    (OpenAIQueries, "workers", [1], [0]),
    (OpenAIQueries, "attempts", [1], [0]),
    (OpenAIQueries, "api_key_env", ["K"], [""]),
    (LikelihoodJudge, "max_tokens", [1], [0]),
    (OpenAIJudge, "attempts", [1], [0]),
    (OpenAIJudge, "temperature", [None, 0, 0.5], [-0.1]),
    (OpenAIJudge, "seed", [None, 7], ["x"]),
    (OpenAIJudge, "rule", ["released", "corrected"], ["published", None]),
    (OpenAIJudge, "price", [None, {"input": 0, "output": 0.5}], [{"input": 1}, {"input": -1, "output": 1}]),
    (
        OpenAIJudge,
        "budget",
        [None, {}, {"calls": 1, "tokens_per_day": 1}],
        [{"calls": 0}, {"cost": 5}, {"cost_per_day": 1}],
    ),
    (
        OpenAIJudge,
        "jury",
        [[], [{"model": "n", "base_url": "http://x/v1"}]],
        [[{"model": ""}], [{"model": "n", "base_url": "x"}], ["n"]],
    ),
    (OpenAIJudge, "timeout", [0.1], [0]),
    (LiveSports, "proposer", ["sentence-clips"], ["paper", "published"]),
    (LiveSports, "max_events_per_video", [None, 1], [0]),
    (LiveSports, "min_event_sec", [0], [-1]),
    (LiveSports, "lead_sec", [0], [-0.1]),
    (LiveSports, "categories", [None, ["Sports"]], [[], "Sports"]),
    (LiveSports, "questions_per_event", [1], [0]),
    (LiveSports, "max_questions", [0], [-1]),
    (EvaluationVideos, "files", [{"videomme": "ids.txt"}, {}], [["ids.txt"], {"videomme": 1}]),
    (Commentary, "max_new_tokens", [1], [0]),
    (Commentary, "repetition_penalty", [0.1, 1], [0]),
    (Commentary, "penalty_window", [1], [0]),
    (Commentary, "eviction", ["window", "paper", "none"], ["sinks", None]),
    (Commentary, "window_text_tokens", [0, 512], [-1]),
    (Commentary, "window_vision_sec", [0, 0.5], [-1, None]),
    (Commentary, "eviction_sec", [None, 0, 240], [-1]),
    (Commentary, "max_text_tokens", [1], [0]),
    (Commentary, "temperature", [0.1], [0]),
    (Commentary, "top_k", [0], [-1]),
    (Commentary, "top_p", [0, 1], [-0.1, 1.1]),
    (Commentary, "mode", [None, "streaming", "evaluation", "captioning"], ["stream"]),
    (Commentary, "max_caption_tokens", [None, 1, 512], [0, "many"]),
    (Commentary, "positions", ["train-consistent", "released"], ["published"]),
    (Commentary, "batch_size", [None, 1], [0]),
    (Commentary, "threads", [None, 1], [0]),
    (Commentary, "device", ["cpu", "cuda:1"], [None, "mps"]),
    (Commentary, "fps", [None, 0.5], [0]),
    (Commentary, "max_frames", [None, 1], [0]),
    (Commentary, "frame_pixels", [None, 784], [783]),
    (Training, "learning_rate", [1e-9, "2e-5"], [0, "fast"]),
    (Training, "epochs", [0.1], [0]),
    (Training, "max_steps", [None, 1], [0]),
    (Training, "global_batch", [1], [0]),
    (Training, "warmup_ratio", [0, 1], [-0.1, 1.1]),
    (Training, "weight_decay", [0], [-0.1]),
    (Training, "betas", [[0, 0.999]], [[0.9], [0.9, 1], [-0.1, 0.9], [0.9, 0.9, 0.9]]),
    (Training, "epsilon", [1e-12], [0]),
    (Training, "clip_norm", [0], [-1]),
    (Training, "seed", [0], [-1]),
    (Training, "dtype", ["float32", "bfloat16"], ["float16"]),
    (Training, "zero_stage", [0, 1, 2, 3], [4, -1]),
    (Training, "max_previous_words", [None, 0], [-1]),
    (Training, "log_every", [1], [0]),
    (Training, "save_every", [0], [-1]),
    (Training, "num_workers", [1], [0]),
    (Training, "cache_mb", [0], [-1]),
    (Training, "error_limit", [0, 1], [1.5]),
    (Training, "context", ["title_or_previous", "none", "title", "previous", "title_and_previous"], ["asr"]),
    (Training, "paradigm", ["streaming", "caption", "both"], ["mixed"]),
    (Training, "word_assignment", ["frame_end", "block_end"], ["frame_start"]),
    (Training, "loss_weighting", ["sequence", "token"], ["batch"]),
    (Training, "freeze", [[], ["visual"]], ["visual"]),
    (PreTraining, "init_model", ["hub:Qwen/Qwen2-VL-7B"], ["", None]),
    (InstructionSource, "count", [1], [0, None]),
    (InstructionSource, "seed", [0], [-1]),
    (InstructionSource, "generator", ["sample-world"], ["other-world", "sample-world2"]),
    (SampleWorld, "train", [None, 1], [0]),
    (SampleWorld, "test", [None, 1], [0]),
    (LiveCCCriteria, "talking_head_below", [None, 0.01, 1], [0, 1.01]),
    (LiveCCCriteria, "loss", [None, [None, 3], [1.5, None], [2, 2]], [[2, 1], [1], 3]),
    (LiveCCCriteria, "size", [None, 0], [-1]),
    (LiveCCCriteria, "rank", [None, "distinct_words"], ["distinct_word"]),
    (LiveWhisperXCriteria, "active_speaker_ratio", [None, [0, 0.05]], [[0.5, 0.1]]),
    (LiveWhisperXCriteria, "min_language_score", [None, 0, 1], [1.1]),
    (LiveWhisperXCriteria, "language", ["en"], ["e"]),
    (LiveWhisperXCriteria, "queries", [False], ["maybe", None]),
    (LiveCC, "batches", [["*"], ["a", "b"]], [[], "*", None]),
    (Needs, "cpus", [0.5], [0]),
    (Needs, "cpu_limit", [0], [-1]),
    (Needs, "memory", ["512Mi", "16Gi", "1.5G", 1024], ["16 Gi", "16GB", "-1Gi", ""]),
    (Needs, "shm", ["1Gi"], ["lots"]),
    (Needs, "gpus", [0, 8], [-1, 0.5]),
    (Needs, "nodes", [1], [0]),
    (Needs, "processes", [1], [0]),
    (Needs, "time_limit", [0], [-1]),
    (KubernetesNeeds, "disk", ["", "100Gi"], ["much"]),
    (Patience, "image", [0], [-1]),
    (Patience, "schedule", [0], [-1]),
    (Profile, "error_limit", [0, 1], [-0.1, 1.1]),
    (Profile, "name", ["mine", "mine-2.1"], ["", "my profile", "-mine", "a/b"]),
    (Profile, "categories", [None, ["Sports"]], [[], "Sports"]),
]
NAMED = [pytest.param(*one, id=f"{one[0].__name__}.{one[1]}") for one in BOUNDS]


@pytest.mark.parametrize(("section", "key", "inside", "outside"), NAMED)
def test_the_last_value_inside_of_a_bound_is_taken_and_the_first_one_outside_is_told(
    section: type[Section], key: str, inside: list[Any], outside: list[Any]
) -> None:
    given = GIVEN.get(section, {})
    for value in inside:
        section.of(given | {key: value})
    for value in outside:
        with pytest.raises(UserError) as told:
            section.of(given | {key: value}, "here")
        said = str(told.value)
        assert said.startswith("here"), said
        assert "\n" not in said and key in said, said


NUMBERS = [
    (section, key)
    for section, key, inside, _ in BOUNDS
    if isinstance(inside[-1], int | float) and not isinstance(inside[-1], bool)
    if key not in ("memory", "shm", "disk")
]


@pytest.mark.parametrize(("section", "key"), NUMBERS)
def test_yes_is_no_number(section: type[Section], key: str) -> None:
    with pytest.raises(UserError, match=f"{key}: .*must be"):
        section.of(GIVEN.get(section, {}) | {key: True})


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan")])
@pytest.mark.parametrize(
    ("section", "key"), [(Source, "max_duration"), (Training, "clip_norm"), (Commentary, "eos_step")]
)
def test_only_finite_numbers_are_taken(section: type[Section], key: str, number: float) -> None:
    with pytest.raises(UserError, match=key):
        section.of({key: number})


def test_an_experiment_with_instructions_and_no_second_stage_is_told() -> None:
    given = {"live_cc": "sample", "instructions": ["sample-qa"], "stage1": {"init_model": "m"}}
    with pytest.raises(UserError, match="instructions are mixed into stage 2 only; name a live_whisperx selection"):
        Experiment.of(given)
    assert Experiment.of(given | {"live_whisperx": "sample"}).instructions == ["sample-qa"]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"generator": "sample-world", "count": 3, "jsonl": "a.jsonl"}, "generator and jsonl exclude each other"),
        ({"generator": "sample-world"}, "count is missing"),
        ({"jsonl": "a.jsonl", "count": 3}, "count is read only with generator"),
    ],
)
def test_an_instruction_source_is_a_file_or_a_generator(given: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError, match=says):
        InstructionSource.of(given)


def test_a_changed_copy_is_checked_like_the_original() -> None:
    limits = ClipLimits.of({"min_clip_sec": 12, "max_clip_sec": 60})
    assert limits.but(max_clip_sec=12).max_clip_sec == 12
    with pytest.raises(UserError, match="min_clip_sec"):
        limits.but(max_clip_sec=11)
    assert limits.max_clip_sec == 60
