"""``livecc config``: all files or one are checked, and what may stand in them is printed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from livecc_assets.cli.main import main
from livecc_assets.graph.settings import SHIPPED, load_settings
from livecc_assets.graph.settings.checking import FOLDERS


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("LIVECC_HOME", "LIVECC_ROOT", "LIVECC_PROFILE", "LIVECC_LAUNCHER", "DAGSTER_HOME"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    (tmp_path / "home" / "selections").mkdir(parents=True)
    return tmp_path / "home"


def livecc(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--home", str(home), *arguments])


def test_what_ships_is_valid(home: Path) -> None:
    result = livecc(home, "config", "check")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "11 of 11 files are valid" in result.stderr


def test_every_mistake_of_every_file_is_a_line(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine, launcher = home / "selections" / "mine.yaml", home / "launcher.yaml"
    mine.write_text("live_cc:\n  batches: [a]\n  los: 1\n  size: x\n")
    launcher.write_text("kind: dokcer\n")
    monkeypatch.setenv("LIVECC_LAUNCHER", str(launcher))
    result = livecc(home, "config", "check")
    assert result.exit_code == 1
    first, second, third = result.stdout.splitlines()
    assert first.startswith(f"{mine}, line 3: live_cc.los: unknown key; did you mean `loss`?")
    assert second.startswith(f"{mine}, line 4: live_cc.size: 'x' must be a whole number")
    assert third.startswith(f"{launcher}, line 1: kind: 'dokcer' is not one of the choices; did you mean `docker`?")


def test_one_file_is_checked_and_told_what_it_was_taken_for(home: Path, tmp_path: Path) -> None:
    texts = {
        "selection": "live_cc: {batches: [a]}",
        "experiment": "live_cc: sample\nstage1: {init_model: m}",
        "profile": "name: mine",
        "launcher": "kind: local",
        "results": "source: s\ntables: [{rows: [{model: m, figures: {mvbench: 50}}]}]",
    }
    for kind, text in texts.items():
        path = tmp_path / f"{kind}-file.yaml"
        path.write_text(text)
        result = livecc(home, "config", "check", str(path))
        assert result.exit_code == 0, result.output
        article = {"experiment": "an ", "results": ""}.get(kind, "a ")
        assert f"taken for {article}{kind}" in result.stderr
    other = livecc(home, "config", "check", str(tmp_path / "profile-file.yaml"), "--kind", "selection")
    assert other.exit_code == 1
    assert "line 1: name: unknown key" in other.stdout
    assert "no such file" in livecc(home, "config", "check", str(tmp_path / "gone.yaml")).stderr


def test_a_broken_profile_in_force_stops_neither_the_check_nor_the_help(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("name: mine\nsource: {min_heigth: 3}\n")
    given = ["--home", str(home), "--profile", str(path)]
    checked = CliRunner().invoke(main, [*given, "config", "check"])
    assert checked.exit_code == 1
    assert checked.stdout.startswith(f"{path}, line 2: source.min_heigth: unknown key; did you mean `min_height`?")
    assert CliRunner().invoke(main, [*given, "doctor", "--help"]).exit_code == 0
    status = CliRunner().invoke(main, [*given, "status"])
    assert status.exit_code == 1
    (line,) = status.stderr.strip().splitlines()
    assert f"{path}, line 2: source.min_heigth" in line


@pytest.mark.parametrize("kind", FOLDERS)
def test_the_schema_admits_every_file_that_ships_and_no_unknown_key(home: Path, kind: str) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(livecc(home, "config", "schema", kind).stdout)
    for path in (SHIPPED / FOLDERS[kind]).glob("*.yaml"):  # type: ignore[index]
        values = yaml.safe_load(path.read_text("utf-8"))
        jsonschema.validate(values, schema)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(values | {"nonsense": 1}, schema)


def test_the_check_needs_no_dagster_and_the_help_no_pydantic() -> None:
    program = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from livecc_assets.cli.main import main\n"
        "result = CliRunner().invoke(main, sys.argv[1:])\n"
        "assert result.exit_code == 0, result.output\n"
        "print(*(name for name in ('dagster', 'pydantic', 'torch') if name in sys.modules))\n"
    )

    def loaded(*arguments: str) -> str:
        done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    assert loaded("--help") == ""
    assert loaded("config", "check") == "pydantic"


def test_selecting_what_is_invalid_tells_the_line(home: Path) -> None:
    (home / "selections" / "broken.yaml").write_text("profile: sample\nlive_cc: {batches: [a], los: [1, 2]}\n")
    program = "import sys; from livecc_assets.cli.main import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", program, "--home", str(home), "select", "broken"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert "broken.yaml, line 2: live_cc.los: unknown key; did you mean `loss`?" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("LIVECC_RETRIES", "x", "LIVECC_RETRIES=x: write how often"),
        ("LIVECC_MEDIA_CACHE_BYTES", "lots", "LIVECC_MEDIA_CACHE_BYTES"),
        ("LIVECC_EXECUTOR", "threads", "LIVECC_EXECUTOR=threads: no such executor"),
        ("LIVECC_INBOX_SETTLED", "soon", "LIVECC_INBOX_SETTLED=soon: write for how many seconds"),
        ("LIVECC_LAUNCHER", "dokcer", "LIVECC_LAUNCHER=dokcer: no such launcher; did you mean docker?"),
    ],
)
def test_a_variable_that_cannot_be_used_is_told(home: Path, name: str, value: str, says: str, monkeypatch) -> None:
    monkeypatch.setenv(name, value)
    result = livecc(home, "config", "check")
    (line,) = result.stdout.splitlines()
    assert result.exit_code == 1 and says in line


@pytest.mark.parametrize("name", ["mine.yml", "MINE.YAML"])
def test_a_settings_file_of_another_ending_is_told_and_invalid(home: Path, name: str) -> None:
    (home / "selections" / name).write_text("live_cc: {batches: [a]}\n")
    (line,) = livecc(home, "config", "check").stdout.splitlines()
    assert line.endswith(f"{name}: only files that end in .yaml are read; rename it")
    found = load_settings(home).invalid
    assert [(one.kind, one.path.name) for one in found] == [("selection", name)]


def test_an_embedded_model_that_nobody_ships_is_told(home: Path) -> None:
    file = home / "profiles" / "mine.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text("name: mine\ntext_loss: {model: 'embedded:smollm3'}\n")
    (line,) = livecc(home, "config", "check").stdout.splitlines()
    assert line.startswith(
        f"{file}, line 2: text_loss.model: embedded:smollm3 is not known; the embedded weights are minilm"
    )
