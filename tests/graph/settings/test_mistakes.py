"""A mistake in a settings file is one line: file, line, key, what was meant, what is allowed."""

from pathlib import Path

import pytest
import yaml

from livecc_assets.core.errors import UserError
from livecc_assets.graph.settings import SHIPPED, load_settings
from livecc_assets.graph.settings.checking import FOLDERS, read_model
from livecc_assets.graph.settings.choices import Kind
from livecc_assets.graph.settings.mistakes import InvalidSettingsError

SELECTION = """\
profile: sample
live_cc:
  batches: [sample-a]
  {}
"""


def refused(path: Path, kind: Kind) -> list[str]:
    with pytest.raises(InvalidSettingsError) as error:
        read_model(path, kind)
    assert "\n" not in str(error.value)
    return error.value.lines


def tells(path: Path, kind: Kind, where: str, says: str) -> None:
    (told,) = refused(path, kind)
    assert told.startswith(f"{path}, {where}: ") and says in told


@pytest.mark.parametrize(
    ("line", "key", "says"),
    [
        ("los: [1.5, 6.5]", "los", "did you mean `loss`?"),
        ("talking_head_bellow: 0.3", "talking_head_bellow", "did you mean `talking_head_below`?"),
        ("rank: distinct_word", "rank", "'distinct_word' is not one of the choices; did you mean `distinct_words`?"),
        ("loss: [6.5, 1.5]", "loss", "the lower limit 6.5 is above the upper one 1.5"),
        ("loss: [6.5]", "loss", "must hold two values"),
        ("loss: 6.5", "loss", "must be a list"),
        ("size: true", "size", "must be a number"),
        ("size: -1", "size", "must be greater than or equal to 0"),
        ("size: many", "size", "'many' must be a whole number"),
        ("talking_head_below: 3", "talking_head_below", "must be less than or equal to 1"),
    ],
)
def test_a_wrong_line_of_a_selection_is_told(line: str, key: str, says: str, write) -> None:
    tells(write("selections/mine.yaml", SELECTION.format(line)), "selection", f"line 4: live_cc.{key}", says)


@pytest.mark.parametrize(
    ("section", "key", "says"),
    [
        ("source: {min_heigth: 480}", "source.min_heigth", "did you mean `min_height`?"),
        ("caption_clips: {max_empty_secs: 3}", "caption_clips.max_empty_secs", "did you mean `max_empty_sec`?"),
        ("categories: Sports", "categories", "'Sports' must be a list"),
        ("livesports: {categories: Sports}", "livesports.categories", "'Sports' must be a list"),
        ("caption_clips: {min_wps: 5}", "caption_clips", "min_wps (5) is above max_wps (4)"),
        ("video: {min_pixels: 1568, frame_pixels: 784}", "video", "min_pixels (1568) is above frame_pixels (784)"),
        ("judge: {kind: opena}", "judge.kind", "did you mean `openai`? Allowed: likelihood, openai, event-f1"),
        ("judge: {kid: openai, model: m}", "judge.kid", "did you mean `kind`?"),
        ("judge: {model: m}", "judge.kind", "is missing. Allowed: likelihood, openai, event-f1"),
        ("judge: {kind: openai}", "judge.model", "is missing: Model name"),
        ("judge: {kind: event-f1, seed: 3}", "judge.seed", "unknown key"),
        ("opponent: {kind: gpt}", "opponent.kind", "Allowed: title-caption, file"),
        ("talking_head: {scorer: other}", "talking_head.scorer", "Allowed: face-share, p-yes"),
        ("active_speaker: {scorer: other}", "active_speaker.scorer", "Allowed: face-and-voice, light-asd"),
        ("queries: {writer: other}", "queries.writer", "Allowed: template, openai"),
        ("asr: {model: m, engine: other}", "asr.engine", "Allowed: faster-whisper"),
        ("livesports: {proposer: gpt}", "livesports.proposer", "Allowed: sentence-clips, chat, published"),
        ("commentary: {repetition_penality: 1.1}", "commentary.repetition_penality", "`repetition_penalty`?"),
        ("benchmarks: {mvbench: {subtitles: true}}", "benchmarks.mvbench.subtitles", "Allowed: path, videos"),
        ("instructions: {mine: {generator: sample-world}}", "instructions.mine", "count is missing"),
        ("text_loss:", "text_loss", "nothing must be a mapping"),
        ("text_loss: {model: embeded:smollm2}", "text_loss.model", "did you mean `embedded:smollm2`?"),
        ("text_loss: {model: hub:smollm2}", "text_loss.model", "write hub:OWNER/NAME"),
        ("text_loss: {model: hub:a/b/c}", "text_loss.model", "write hub:OWNER/NAME"),
        ("text_loss: {model: 'embedded:'}", "text_loss.model", "name the embedded model"),
        ("livesports: {proposer: published}", "livesports", "`proposer: published` reads events_file"),
        ("livesports: {batches: [a...b]}", "livesports.batches.0", "'a...b' names no batch: the name holds '..'"),
        (
            "queries: {writer: openai, model: m, base_url: 'ftp://x'}",
            "queries.base_url",
            "begins with http:// or https://",
        ),
        ("text_loss: {model: m, device: gpu}", "text_loss.device", "must be written cpu, cuda, or cuda:0"),
    ],
)
def test_a_wrong_line_of_a_profile_is_told(section: str, key: str, says: str, write) -> None:
    tells(write("p.yaml", f"name: mine\n\n{section}\n"), "profile", f"line 3: {key}", says)


@pytest.mark.parametrize(
    ("line", "key", "says"),
    [
        ("needs: {trainning: {gpus: 1}}", "needs.trainning", "did you mean `training`?"),
        ("needs: {training: {gpu: 1}}", "needs.training.gpu", "did you mean `gpus`?"),
        (
            "needs: {training: {memory: lots}}",
            "needs.training.memory",
            "'lots' must be written as a size, such as 512Mi",
        ),
        ("needs: {training: {disk: 1Gi}}", "needs.training.disk", "unknown key"),
        ("mounts: [/data]", "mounts.0", "must be written host:/container"),
        ('needs: {default: {image: ""}}', "needs.default.image", "at least 1 character"),
        ("environment: {A B: x}", "environment", "'A B' is no name of a variable"),
        ("environment: {A: }", "environment", "A has no text as its value"),
        ("pass: [A B]", "pass", "'A B' is no name of a variable"),
        ("networks: host", "networks", "did you mean `network`?"),
    ],
)
def test_a_wrong_line_of_a_launcher_is_told(line: str, key: str, says: str, write) -> None:
    tells(write("l.yaml", f"kind: docker\n{line}\n"), "launcher", f"line 2: {key}", says)


def test_an_experiment_without_a_model_to_start_from_is_told_and_so_is_one_in_stage_2(write) -> None:
    path = write("experiments/e.yaml", "stage1: {epochs: 2}\nstage2: {init_model: x, dtype: int8}\n")
    first, second, third = refused(path, "experiment")
    assert first == f"{path}, line 1: stage1.init_model: is missing: The model to start from, as a model reference."
    assert "line 2: stage2.dtype: 'int8' is not one of the choices" in second
    assert "line 2: stage2.init_model: unknown key" in third


def test_several_mistakes_are_a_line_each_in_the_order_of_the_file_and_one_with_a_count_elsewhere(write) -> None:
    path = write("selections/mine.yaml", SELECTION.format("los: 1\n  size: x\nlive_whisperx: {batches: 3}"))
    with pytest.raises(InvalidSettingsError) as error:
        read_model(path, "selection")
    assert [line.split(":")[0] for line in error.value.lines] == [f"{path}, line {n}" for n in (4, 5, 6)]
    assert str(error.value) == f"{error.value.lines[0]} (and 2 more; see `livecc config check`)"


def test_a_key_that_is_there_twice_is_a_mistake(write) -> None:
    path = write("selections/mine.yaml", SELECTION.format("size: 3\n  size: 4"))
    with pytest.raises(UserError) as error:
        read_model(path, "selection")
    assert str(error.value) == f"{path}, line 5: live_cc.size: is there already on line 4; remove one of them"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"live_cc:\n  batches: [a\n", "line 2: not valid YAML"),
        (b"name: caf\xe9\n", "line 1: not UTF-8 text"),
        (b"- a\n", "line 1: expected `name: value` lines"),
        (b"", "line 1: expected `name: value` lines"),
    ],
)
def test_a_file_that_is_no_yaml_mapping_is_one_line(text: bytes, says: str, tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(text)
    with pytest.raises(UserError) as error:
        read_model(path, "selection")
    assert says in str(error.value) and "\n" not in str(error.value)


def test_a_mistake_tells_no_secret(write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-hunter2hunter2")
    path = write("p.yaml", "name: mine\njudge: {kind: openai, model: m, timeout: sk-hunter2hunter2}\n")
    (told,) = refused(path, "profile")
    assert "judge.timeout" in told and "hunter2" not in told


def _keys(values: object, above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Paths of all keys of a file that a model names; names of instruction sources, labels and volumes are free."""
    free = (("instructions",), ("needs",), ("node_selector",), ("environment",), ("evaluation_videos", "files"))
    found = []
    for key, value in values.items() if isinstance(values, dict) else ():
        if above not in free:
            found.append((*above, key))
        found += _keys(value, (*above, key))
    return found


SHIPPED_KEYS = [
    pytest.param(kind, path, keys, id=f"{path.stem}-{'.'.join(keys)}")
    for kind, folder in FOLDERS.items()
    for path in sorted((SHIPPED / folder).glob("*.yaml"))
    for keys in _keys(yaml.safe_load(path.read_text("utf-8")))
]


def test_there_are_many_shipped_keys() -> None:
    assert len(SHIPPED_KEYS) > 150


@pytest.mark.parametrize(("kind", "path", "keys"), SHIPPED_KEYS)
def test_every_key_of_the_shipped_files_misspelt_by_a_letter_is_told_with_its_line(
    kind: Kind, path: Path, keys: tuple[str, ...], tmp_path: Path
) -> None:
    values = yaml.safe_load(path.read_text("utf-8"))
    section = values
    for key in keys[:-1]:
        section = section[key]
    right = keys[-1]
    wrong = f"{right[0]}{right[1:-1]}{right[-1] * 2}" if len(right) < 4 else right[:2] + right[3:]
    changed = {wrong if key == right else key: value for key, value in section.items()}
    section.clear()
    section.update(changed)
    copy = tmp_path / path.name
    copy.write_text(yaml.safe_dump(values, sort_keys=False), "utf-8")
    line = next(  # safe_dump writes a key a line
        number
        for number, text in enumerate(copy.read_text("utf-8").splitlines(), 1)
        if text.strip().startswith(f"{wrong}:")
    )
    told = [one for one in refused(copy, kind) if f"did you mean `{right}`?" in one]
    assert len(told) == 1, refused(copy, kind)
    assert f": {'.'.join((*keys[:-1], wrong))}: unknown key" in told[0]
    assert line == int(told[0].split(", line ")[1].split(":")[0]) or copy.read_text("utf-8").count(f"{wrong}:") > 1


@pytest.mark.parametrize("profile", ["sample", "paper"])
def test_every_file_that_ships_is_valid(profile: str, home: Path) -> None:
    settings = load_settings(home, profile=profile)
    assert settings.profile.name == profile
    assert settings.selections and settings.experiments
    assert settings.invalid == []


@pytest.mark.parametrize("path", sorted((SHIPPED.parents[1] / "k8s").rglob("launcher.yaml")), ids=str)
def test_the_launcher_files_of_the_overlays_are_valid(path: Path) -> None:
    read_model(path, "launcher")


@pytest.mark.parametrize(
    ("line", "key", "says"),
    [
        ("batches: []", "live_cc.batches", "[] has 0 values; at least 1 must"),
        ("batches: [a/b]", "live_cc.batches.0", "'a/b' names no batch"),
        ("batches: [a]\n  loss: [1, 2, 3]", "live_cc.loss", "has 3 values; at most 2 may stand here"),
    ],
)
def test_a_wrong_list_of_a_selection_is_told(line: str, key: str, says: str, write) -> None:
    path = write("s.yaml", f"live_cc:\n  {line}\n")
    (told,) = refused(path, "selection")
    assert f": {key}: " in told and says in told


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("3: 3", "'3' is read as a number"), ("on: 3", "'on' is read as true or false"), ("~: 3", "'~' is read as nothing"),
        ("2026-01-01: 3", "is read as a date"), ("? [a]\n  : 3", "the key is read as a list or a mapping"),
    ],
)  # fmt: skip
def test_a_key_that_is_no_text_is_told_with_its_own_line(line: str, says: str, write) -> None:
    path = write("s.yaml", f"live_cc:\n  batches: [a]\n  {line}\n")
    with pytest.raises(UserError) as caught:
        read_model(path, "selection")
    told = str(caught.value)
    assert told.startswith(f"{path}, line 3: ") and says in told and "write it in quotes" in told


@pytest.mark.parametrize(
    ("line", "key", "says"),
    [
        ("namespace: Live_CC", "namespace", "as a Kubernetes name"),
        ("secret: A B", "secret", "as a Kubernetes name"),
        ("volumes: [{nam: x}]", "volumes.0", "name is missing"),
        ("volume_mounts: [{name: x, mountPath: data}]", "volume_mounts.0", "is not absolute"),
    ],
)
def test_a_wrong_line_of_a_cluster_is_told(line: str, key: str, says: str, write) -> None:
    tells(write("k.yaml", f"kind: kubernetes\n{line}\n"), "launcher", f"line 2: {key}", says)
