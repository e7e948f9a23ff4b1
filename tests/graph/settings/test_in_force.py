"""Which files are in force, and that a bad one marks only what reads it."""

from pathlib import Path

import pytest
import yaml

from livecc_assets.core.errors import UserError
from livecc_assets.graph.settings import SHIPPED, load_settings
from livecc_assets.graph.status import partition_statuses
from livecc_assets.graph.step import partitions_of
from livecc_assets.orchestration.steps import BY_ASSET, STEPS

EXPERIMENT = """\
profile: {profile}
live_cc: {live_cc}
live_whisperx: {live_whisperx}
instructions: [{source}]
stage1: {{init_model: "embedded:tiny-qwen2-vl"}}
"""


def experiment(**change: str) -> str:
    given = {"profile": "sample", "live_cc": "sample", "live_whisperx": "sample", "source": "sample-qa"}
    return EXPERIMENT.format(**given | change)


def test_a_selection_of_one_set_has_no_other(home: Path, write) -> None:
    write("selections/captions.yaml", "live_cc: {batches: ['*']}\n")
    settings = load_settings(home)
    assert settings.invalid == []
    assert settings.selections["captions"].sets == ["live_cc"]
    store = settings.store()
    assert "captions" in partitions_of(BY_ASSET["live_cc"], settings, store)
    assert "captions" not in partitions_of(BY_ASSET["live_whisperx"], settings, store)
    assert not [
        one
        for one in partition_statuses(STEPS, settings, store)
        if (one.asset, one.partition) == ("live_whisperx", "captions")
    ]


def test_a_selection_without_batches_is_invalid_and_the_others_are_there(home: Path, write) -> None:
    path = write("selections/mine.yaml", "live_cc: {loss: [1, 2]}\n")
    settings = load_settings(home)
    (file,) = settings.invalid
    assert (file.kind, file.name, file.path) == ("selection", "mine", path)
    assert file.message.startswith(f"{path}, line 1: live_cc.batches: is missing")
    assert list(settings.selections) == ["sample"]


@pytest.mark.parametrize(
    ("change", "line", "says"),
    [
        (
            {"profile": "sampel"},
            1,
            "profile: no profile is called 'sampel'; did you mean `sample`? Known: paper, sample",
        ),
        (
            {"live_cc": "sampel"},
            2,
            "live_cc: no selection is called 'sampel'; did you mean `sample`? Known: captions, sample",
        ),
        ({"live_whisperx": "captions"}, 3, "the selection 'captions' has no valid section live_whisperx"),
        ({"live_cc": "broken"}, 2, "the selection 'broken' has no valid section live_cc"),
        ({"source": "sample-aq"}, 4, "no instruction source 'sample-aq'; did you mean `sample-qa`? Known: sample-qa"),
    ],
)
def test_an_experiment_that_names_what_is_not_there_is_told(
    change: dict[str, str], line: int, says: str, home: Path, write
) -> None:
    write("selections/captions.yaml", "live_cc: {batches: ['*']}\n")
    write("selections/broken.yaml", "live_cc: [unclosed\n")
    path = write("experiments/mine.yaml", experiment(**change))
    settings = load_settings(home)
    (found,) = [file for file in settings.invalid if file.kind == "experiment"]
    assert found.message.startswith(f"{path}, line {line}: ")
    assert says in found.message
    assert "mine" not in settings.experiments


def test_a_file_of_another_known_profile_is_neither_in_force_nor_invalid(home: Path, write) -> None:
    write("profiles/own.yaml", "name: mine\n")
    for name in ("paper", "mine"):
        write(f"selections/of-{name}.yaml", f"profile: {name}\nlive_cc: {{batches: [a]}}\n")
    settings = load_settings(home)
    assert settings.invalid == []
    assert list(settings.selections) == ["sample"]


def test_a_profile_of_the_state_folder_is_found_by_name_and_may_be_the_one_in_force(home: Path, write) -> None:
    path = write("profiles/mine.yaml", "name: mine\n")
    write("selections/of-mine.yaml", "profile: mine\nlive_cc: {batches: [a]}\n")
    settings = load_settings(home, profile="mine")
    assert settings.profile_path == path
    assert list(settings.selections) == ["of-mine"]
    with pytest.raises(UserError, match="one of: mine, paper, sample"):
        load_settings(home, profile="min")


def test_what_is_invalid_is_shown_as_such_beside_the_rest(home: Path, write) -> None:
    selection = write("selections/broken.yaml", "profile: sample\nlive_cc: [unclosed\n")
    write("experiments/lost.yaml", experiment(profile="sampel"))
    settings = load_settings(home)
    found = [one for one in partition_statuses(STEPS, settings, settings.store()) if one.state == "invalid"]
    assert {one.asset for one in found if one.partition == "broken"} == {"live_cc", "live_whisperx"}
    assert {one.asset for one in found if one.partition == "lost"} >= {
        "livecc_base",
        "livecc_instruct",
        "mvbench_score",
    }
    assert all(one.why.startswith(f"{selection}, line ") for one in found if one.partition == "broken")
    assert len(partition_statuses(STEPS, settings, settings.store())) > len(found)


def test_a_file_of_the_state_folder_stands_for_the_shipped_one_even_when_it_is_invalid(home: Path, write) -> None:
    write("selections/sample.yaml", "live_cc: {los: 1}\n")
    settings = load_settings(home)
    assert "sample" not in settings.selections
    assert [file.name for file in settings.invalid if file.kind == "selection"] == ["sample"]
    # What names the selection cannot be used either, and says why.
    assert {file.name for file in settings.invalid if file.kind == "experiment"} == {
        "sample-blind", "sample-no-context", "sample-streaming",
    }  # fmt: skip


def test_a_name_that_dagster_cannot_have_as_a_partition_is_invalid(home: Path, write) -> None:
    write("selections/a...b.yaml", "live_cc: {batches: [a]}\n")
    (file,) = load_settings(home).invalid
    assert "rename the file" in file.message


def test_a_section_that_the_profile_lacks_is_told_by_what_reads_it(home: Path, write) -> None:
    path = write("p.yaml", "name: mine\n")
    profile = load_settings(home, profile=str(path)).profile
    assert profile.caption_clips.max_clip_sec == 240
    assert profile.categories is None
    with pytest.raises(UserError, match=rf"{path}: the section `text_loss` is missing"):
        _ = profile.text_loss
    assert "text_loss" not in profile.as_config()


def test_a_broken_profile_is_one_line_where_it_is_read(home: Path, write) -> None:
    path = write("p.yaml", "name: mine\nerror_limit: 2\n")
    settings = load_settings(home, profile=str(path))
    assert settings.profile_name == "mine"
    with pytest.raises(UserError, match=rf"{path}, line 2: error_limit: 2 must be less than or equal to 1"):
        _ = settings.profile


def test_numbers_that_yaml_reads_as_text_are_numbers_and_whole_ones_stay_whole(home: Path, write) -> None:
    write("experiments/mine.yaml", experiment() + "stage2: {learning_rate: 2e-5, epochs: 3}\n")
    stage = load_settings(home).experiments["mine"].stage2
    assert stage.learning_rate == 2e-5
    assert repr(stage.as_config()["epochs"]) == "3"


def test_the_config_of_a_section_holds_its_defaults(home: Path) -> None:
    profile = load_settings(home).profile
    shipped = yaml.safe_load((SHIPPED / "profiles" / "sample.yaml").read_text("utf-8"))
    for name in ("source", "text_loss", "asr", "video", "caption_clips"):
        config = getattr(profile, name).as_config()
        assert config | shipped[name] == config
        assert set(config) == set(type(getattr(profile, name)).model_fields)


def test_an_experiments_commentary_changes_only_what_it_names(home: Path, write) -> None:
    write("experiments/mine.yaml", experiment() + "commentary: {max_new_tokens: 4, fps: 1}\n")
    settings = load_settings(home)
    config = BY_ASSET["livesports_commentary"].config(settings, settings.store(), "mine")
    plain = BY_ASSET["livesports_commentary"].config(settings, settings.store(), "sample-streaming")
    assert {key: value for key, value in config.items() if plain.get(key) != value} == {"max_new_tokens": 4, "fps": 1}
    assert plain["instruct"] is True
