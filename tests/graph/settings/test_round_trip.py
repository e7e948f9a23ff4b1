"""What a section gives to a worker is JSON, and makes the same section again there."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from livecc_assets.core.errors import UserError
from livecc_assets.graph.settings import SHIPPED, load_settings
from livecc_assets.graph.settings.benchmark import Benchmarks, Commentary
from livecc_assets.graph.settings.checking import read_launcher, read_model
from livecc_assets.graph.settings.experiment import Experiment, Training
from livecc_assets.graph.settings.models import MODELS, Launcher, Profile, Selection
from livecc_assets.graph.settings.profile import SampleWorld
from livecc_assets.graph.settings.selection import LiveCC, LiveCCCriteria, LiveWhisperXCriteria
from livecc_assets.graph.settings.video import ClipLimits, Source, Video
from livecc_assets.media.budget import PixelBudget
from resources.launchers import needs_of

SHIPPED_FILES = sorted(SHIPPED.glob("profiles/*.yaml")) + sorted(SHIPPED.glob("selections/*.yaml"))
SHIPPED_FILES += sorted(SHIPPED.glob("experiments/*.yaml"))


@pytest.mark.parametrize("path", SHIPPED_FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_shipped_file_survives_json_and_the_way_back(path: Path) -> None:
    kind = path.parent.name[:-1]
    model = read_model(path, kind)  # type: ignore[arg-type]
    sent = json.loads(json.dumps(model.as_config()))
    again = MODELS[kind].model_validate(sent)  # type: ignore[index]
    assert again.as_config() == sent
    for name, value in yaml.safe_load(path.read_text("utf-8")).items():
        assert name in sent
        if isinstance(value, str | int | float):
            assert sent[name] == value


@pytest.mark.parametrize("kind", ["docker", "kubernetes"])
def test_a_shipped_launcher_survives_json_and_says_of_needs_only_what_its_file_says(kind: str) -> None:
    path = SHIPPED / "launchers" / f"{kind}.yaml"
    sent = json.loads(json.dumps(read_launcher(path)))
    assert Launcher.model_validate(sent).as_config() == sent
    written = yaml.safe_load(path.read_text("utf-8"))["needs"]
    assert {name: set(needs) for name, needs in sent["needs"].items()} == {
        name: set(needs or {}) for name, needs in written.items()
    }


#: The paper's values and those that the published code has; a run without the key must go on as it did.
DEFAULTS: list[tuple[type, dict[str, Any]]] = [
    (
        ClipLimits,
        {"min_clip_sec": 30, "max_clip_sec": 240, "max_empty_sec": 3, "min_wps": 1, "max_wps": 4, "rule": "corrected"},
    ),
    (
        Source,
        {
            "min_height": 480,
            "min_duration": 30,
            "max_duration": 600,
            "language": "en",
            "caption_language_model": "",
            "min_language_score": 0.9,
            "min_distinct_words": 30,
            "variable_frame_rate": "accept",
        },
    ),
    (
        Video,
        {
            "fps": 2.0,
            "max_frames": 480,
            "min_pixels": 78400,
            "frame_pixels": 602112,
            "total_pixels": 19267584,
            "stream_max_pixels": 301056,
        },
    ),
    (
        Commentary,
        {
            "rule": "corrected",
            "positions": "train-consistent",
            "max_new_tokens": 16,
            "repetition_penalty": 1.05,
            "penalty_window": 64,
            "eos_base": None,
            "eos_step": 0.0,
            "max_words_per_second": 5.0,
            "max_repeated_share": 0.25,
            "repeat_ngram": 4,
            "repeat_window_sec": 240.0,
            "eviction": "window",
            "window_text_tokens": 512,
            "window_vision_sec": 16.0,
            "eviction_sec": 240.0,
            "max_text_tokens": 8192,
            "sample": False,
            "temperature": 1.0,
            "top_k": 50,
            "top_p": 1.0,
            "seed": 0,
            "skip_silent": False,
            "dtype": None,
            "device": "cpu",
        },
    ),
    (
        Training,
        {
            "context": "title_or_previous",
            "paradigm": "streaming",
            "blank_frames": False,
            "word_assignment": "frame_end",
            "max_previous_words": None,
            "rule": "corrected",
            "learning_rate": 2e-5,
            "epochs": 1.0,
            "max_steps": None,
            "global_batch": 512,
            "loss_weighting": "sequence",
            "warmup_ratio": 0.03,
            "weight_decay": 0.0,
            "betas": [0.9, 0.999],
            "epsilon": 1e-8,
            "clip_norm": 1.0,
            "seed": 42,
            "dtype": "float32",
            "device": "cpu",
            "zero_stage": 2,
            "threads": None,
            "freeze": ["visual"],
            "gradient_checkpointing": False,
            "log_every": 10,
            "save_every": 1000,
            "num_workers": 1,
            "cache_mb": 512,
            "error_limit": 0.05,
        },
    ),
    (SampleWorld, {"train": None, "test": None}),
    (
        LiveCCCriteria,
        {
            "loss": [None, None],
            "categories": None,
            "size": None,
            "rank": "distinct_words",
            "talking_head_below": None,
        },
    ),
    (
        LiveWhisperXCriteria,
        {
            "loss": [None, None],
            "categories": None,
            "size": None,
            "rank": "distinct_words",
            "active_speaker_ratio": [None, None],
            "min_language_score": None,
            "language": "en",
            "queries": True,
        },
    ),
]


@pytest.mark.parametrize(("section", "says"), DEFAULTS, ids=lambda one: getattr(one, "__name__", ""))
def test_what_is_left_out_is_as_it_always_was(section: Any, says: dict[str, Any]) -> None:
    assert json.loads(json.dumps(section.of({}).as_config())) == says


#: By section and kind: the least that a file has to say, and a key that only another kind has.
KINDS = {
    "talking_head": ("scorer", {"face-share": {"model": "m"}, "p-yes": {"model": "m"}}),
    "active_speaker": ("scorer", {"face-and-voice": {"model": "m"}, "light-asd": {"model": "m", "face_model": "f"}}),
    "queries": ("writer", {"template": {}, "openai": {"model": "m"}}),
    "judge": ("kind", {"likelihood": {"model": "m"}, "openai": {"model": "m"}, "event-f1": {}}),
    "opponent": ("kind", {"title-caption": {}, "file": {"path": "captions.jsonl"}}),
}
ALIEN = {
    ("talking_head", "face-share"): "rule",
    ("active_speaker", "face-and-voice"): "face_model",
    ("active_speaker", "light-asd"): "working_side",
    ("queries", "template"): "base_url",
    ("queries", "openai"): "scorer",
    ("judge", "likelihood"): "timeout",
    ("judge", "openai"): "max_tokens",
    ("judge", "event-f1"): "model",
    ("opponent", "title-caption"): "path",
    ("opponent", "file"): "model",
}
CASES = [(section, kind) for section, (_, kinds) in KINDS.items() for kind in kinds]


def profile(**sections: Any) -> Profile:
    return Profile.of({"name": "mine"} | sections)  # type: ignore[return-value]


@pytest.mark.parametrize(("section", "kind"), CASES)
def test_the_kind_decides_which_keys_a_section_has(section: str, kind: str) -> None:
    key, kinds = KINDS[section]
    made = getattr(profile(**{section: {key: kind} | kinds[kind]}), section)
    assert made.as_config().items() >= ({key: kind} | kinds[kind]).items()
    for missing in kinds[kind].keys() - {"path"}:
        with pytest.raises(UserError, match=f"{section}.{missing}: is missing"):
            profile(**{section: {key: kind} | {k: v for k, v in kinds[kind].items() if k != missing}})
    if alien := ALIEN.get((section, kind)):
        with pytest.raises(UserError, match=rf"{section}\.{alien}: unknown key"):
            profile(**{section: {key: kind, alien: "x"} | kinds[kind]})


@pytest.mark.parametrize("section", KINDS)
def test_a_section_without_its_kind_or_with_an_unknown_one_is_told(section: str) -> None:
    key, kinds = KINDS[section]
    with pytest.raises(UserError, match=f"{section}.*{key}"):
        profile(**{section: {"model": "m"}})
    with pytest.raises(UserError) as told:
        profile(**{section: {key: "nonsense"}})
    assert all(kind in str(told.value) for kind in kinds)


def test_an_absent_section_is_told_when_it_is_read_and_enters_no_config() -> None:
    made = profile()
    with pytest.raises(
        UserError, match=r"the profile: the section `judge` is missing; copy it from profiles/sample.yaml"
    ):
        _ = made.judge
    assert not made.as_config().keys() & {"judge", "opponent", "asr", "text_loss", "queries"}
    assert {"video", "source", "benchmarks"} <= made.as_config().keys()


@pytest.mark.parametrize("name", ["source", "video", "commentary", "benchmarks", "livesports", "caption_clips"])
def test_a_section_that_is_left_empty_is_as_one_that_is_left_out(name: str) -> None:
    assert getattr(profile(**{name: None}), name) == getattr(profile(), name)


def test_a_benchmark_is_a_path_or_a_mapping() -> None:
    made = Benchmarks.of({"videomme": "q.parquet", "mvbench": {"path": "m", "videos": "v"}, "ovobench": None})
    assert made.as_config() == {
        "rule": "corrected",
        "videomme": {"path": "q.parquet", "videos": "", "answers": "letters", "subtitles": False},
        "mvbench": {"path": "m", "videos": "v", "answers": "letters"},
        "ovobench": {"path": "", "videos": "", "answers": "letters", "templates": ""},
    }
    with pytest.raises(UserError, match=r"mvbench\.subtitles: unknown key"):
        Benchmarks.of({"mvbench": {"subtitles": True}})


def test_what_the_commentary_leaves_to_others_overrides_nothing() -> None:
    config = Commentary.of({"fps": 1, "mode": None, "batch_size": 2}).as_config()
    assert config.items() >= {"fps": 1, "batch_size": 2}.items()
    assert not config.keys() & {"mode", "threads", "max_frames", "min_pixels", "total_pixels"}
    assert "eos_base" in config and "dtype" in config


@pytest.mark.parametrize(
    ("stage1", "stage2", "blind"),
    [(True, None, True), (True, {}, True), (True, {"epochs": 2}, False), (False, {"blank_frames": True}, True)],
)
def test_the_last_stage_that_says_something_says_whether_a_model_is_blind(
    stage1: bool, stage2: dict | None, blind: bool
) -> None:
    file = {"stage1": {"init_model": "m", "blank_frames": stage1}} | ({} if stage2 is None else {"stage2": stage2})
    assert Experiment.of(file).blank_frames is blind


def test_a_selection_names_its_sets_and_a_set_its_batches() -> None:
    assert Selection.of({}).sets == []
    both = {"live_whisperx": {"batches": ["a"]}, "live_cc": {"batches": [2024]}}
    made = Selection.of(both)
    assert made.sets == ["live_cc", "live_whisperx"]
    assert made.live_cc is not None and made.live_cc.batches == ["2024"]
    with pytest.raises(UserError, match=r"live_cc\.batches: is missing"):
        Selection.of({"live_cc": {}})


def test_the_join_reads_a_sets_criteria_without_its_batches_and_no_empty_list_filters() -> None:
    config = LiveCC.of({"batches": ["*"], "categories": [], "loss": None}).as_config()
    criteria = LiveCCCriteria.of(config)
    assert "batches" not in criteria.as_config()
    assert (criteria.categories, criteria.loss) == (None, (None, None))
    with pytest.raises(UserError, match="los"):
        LiveCCCriteria.of(config | {"los": 1})


def test_settings_do_not_change_once_they_are_read() -> None:
    video = Video.of({})
    with pytest.raises(ValidationError):
        video.fps = 1.0
    assert video.fps == 2.0


def test_the_pixel_budget_of_a_training_clip_is_the_videos() -> None:
    budget = PixelBudget.of(Video.of({"min_pixels": 784, "frame_pixels": 1568, "total_pixels": 15680}))
    assert (budget.min_pixels, budget.frame_pixels, budget.total_pixels) == (784, 1568, 15680)


def launcher(tmp_path: Path, text: str) -> dict[str, Any]:
    path = tmp_path / "launcher.yaml"
    path.write_text(text)
    return read_launcher(path)


def test_what_an_asset_needs_lies_over_its_stage_and_that_over_the_default(tmp_path: Path) -> None:
    options = launcher(
        tmp_path,
        "kind: docker\nneeds:\n  default: {image: a, memory: 2Gi}\n  training: {gpus: 4, memory: 64Gi}\n"
        "  livecc_base: {gpus: 8}\n  source:\n",
    )
    base = needs_of(options, "livecc_base", "livecc_assets.training.worker")
    assert (base.image, base.memory, base.gpus, base.processes) == ("a", "64Gi", 8, 8)
    instruct = needs_of(options, "livecc_instruct", "livecc_assets.training.worker")
    assert (instruct.gpus, instruct.processes) == (4, 4)
    other = needs_of(options, "yt_cc_source", "livecc_assets.source.worker")
    assert (other.image, other.memory, other.gpus, other.processes) == ("a", "2Gi", 0, 1)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("kind: local\nneeds: {}\n", "line 2: needs: unknown key"),
        ("kind: docker\nneeds: {trainign: {}}\n", "trainign.*did you mean `training`"),
        ("kind: docker\nneeds: {default: {disk: 1Gi}}\n", "needs.default.disk: unknown key"),
        ("kind: docker\nmounts: [data]\n", "mounts"),
        ("kind: docker\nmounts: ['/a:/b:rx']\n", "mounts"),
        ("kind: docker\nhome: scratch\n", "home"),
        ("kind: docker\nuser: -1\n", "user"),
        ("kind: kubernetes\nvolume_mounts: [{name: a}]\n", "mountPath is missing"),
        ("kind: kubernetes\nneeds: {default: {volume_mounts: [{mountPath: /a}]}}\n", "name is missing"),
        ("kind: kubernetes\nnamespace: ''\n", "namespace"),
        ("kind: kubernetes\nimage_pull_policy: Sometimes\n", "image_pull_policy"),
        ("kind: kubernetes\nnetwork: host\n", "network: unknown key"),
    ],
)
def test_a_mistake_in_a_launcher_file_is_one_line_with_its_key(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(UserError, match=says) as told:
        launcher(tmp_path, text)
    assert "\n" not in str(told.value) and "launcher.yaml, line" in str(told.value)


def test_variables_that_are_passed_keep_their_short_name_in_the_file(tmp_path: Path) -> None:
    options = launcher(tmp_path, "kind: docker\npass: [HF_TOKEN]\nenvironment:\nmounts: ['/a:/b:ro', '/c:/d']\n")
    assert options["pass"] == ["HF_TOKEN"] and "passed" not in options
    assert options["environment"] == {} and options["mounts"] == ["/a:/b:ro", "/c:/d"]


def test_a_profile_of_the_state_folder_goes_before_the_shipped_one_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LIVECC_PROFILE", raising=False)
    assert load_settings(tmp_path).profile_path == SHIPPED / "profiles" / "sample.yaml"
    own = tmp_path / "profiles" / "sample.yaml"
    own.parent.mkdir()
    own.write_text("name: sample\nerror_limit: 0.5\n")
    settings = load_settings(tmp_path)
    assert (settings.profile_path, settings.profile.error_limit) == (own, 0.5)
    (tmp_path / "profiles" / "other.yaml").write_text("name: other\n")
    monkeypatch.setenv("LIVECC_PROFILE", "other")
    assert load_settings(tmp_path).profile_name == "other"
    with pytest.raises(UserError, match=r"LIVECC_PROFILE=ohter: no such profile; .* one of: other, paper, sample"):
        load_settings(tmp_path, profile="ohter")
