"""What goes into MLflow: addresses, names of parameters, the rows of a curve, the server's command line."""

from pathlib import Path

import pytest

from livecc_assets.core.errors import UserError
from resources.tracking import Tracker, flatten, read_curve, server_command


def test_the_tracking_uri_of_the_environment_wins(tmp_path: Path) -> None:
    assert Tracker.at(tmp_path, env={}).uri == f"sqlite:///{tmp_path.resolve()}/mlflow.db"
    served = Tracker.at(tmp_path, env={"MLFLOW_TRACKING_URI": "http://tracking:5000"})
    assert (served.uri, served.ui, served.artifacts) == ("http://tracking:5000", "http://tracking:5000", None)


def test_hyper_parameters_are_flattened_to_names_mlflow_takes() -> None:
    flat = flatten(
        {"a": {"b": {"c": 1}, "empty": {}}, "list": [1, "x"], "none": None, "text": "as is", "odd:key": True}
    )
    assert flat == {
        "a.b.c": "1",
        "a.empty": "{}",
        "list": '[1, "x"]',
        "none": "null",
        "text": "as is",
        "odd_key": "true",
    }


def test_a_half_written_last_line_of_a_curve_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "training_log.jsonl"
    path.write_text('{"step": 1, "loss": 2.0}\n\n{"loss": 1.0}\n{"step": 2, "lo')
    assert list(read_curve(path)) == [{"step": 1, "loss": 2.0}]
    path.write_text('{"step": 1\n{"step": 2}\n')
    with pytest.raises(UserError, match="line 1"):
        list(read_curve(path))


def test_the_server_command_serves_this_home_without_pickles_and_jobs(tmp_path: Path) -> None:
    command = server_command(tmp_path, 5123)
    assert f"sqlite:///{tmp_path.resolve()}/mlflow.db" in command.argv
    assert command.argv[command.argv.index("--port") + 1] == "5123"
    assert command.env["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] == "false"
    assert command.env["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] == "false"
