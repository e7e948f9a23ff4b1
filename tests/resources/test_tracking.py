"""MLflow: one run per (experiment, stage), one model per checkpoint, scores tied to it."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from resources.tracking import Recorded, Score, Tracker, flatten
from tests.resources.tracked import CHECKPOINT, CURVE, EVENTS, PARAMS, SCORES, models, runs, train


def test_a_training_is_recorded_whole(tracker: Tracker) -> None:
    recorded = train(tracker)
    assert recorded.warning is None
    [run] = runs(tracker)
    assert run.info.run_name == "sample-streaming instruct"
    assert run.info.status == "FINISHED"
    assert run.data.params == flatten(PARAMS)
    history = tracker._connect().get_metric_history(run.info.run_id, "loss")
    assert [(point.step, point.value, point.timestamp) for point in sorted(history, key=lambda point: point.step)] == [
        (row["step"], row["loss"], row["time"] * 1000) for row in CURVE
    ]
    [dataset] = run.inputs.dataset_inputs
    assert dataset.dataset.name == "live_whisperx[sample]"
    assert json.loads(dataset.dataset.source)["data_version"] == "a" * 64
    assert run.data.tags["livecc.data_version"] == CHECKPOINT.data_version


def test_the_checkpoint_is_one_model_that_names_its_artifact(tracker: Tracker) -> None:
    recorded = train(tracker)
    [model] = models(tracker)
    assert model.model_id == recorded.model_id
    assert model.source_run_id == recorded.run_id
    assert model.status == "READY"
    assert model.params == flatten(PARAMS)
    assert model.tags["livecc.uri"] == CHECKPOINT.uri
    assert model.tags["livecc.data_version"] == CHECKPOINT.data_version


def test_links_go_both_ways(tracker: Tracker) -> None:
    recorded = train(tracker)
    [run] = runs(tracker)
    assert recorded.run_url == f"http://127.0.0.1:5000/#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}"
    assert recorded.model_url is not None
    assert recorded.model_url.endswith(f"/models/{recorded.model_id}")
    assert run.data.tags["livecc.dagster_run"] == "http://127.0.0.1:3000/runs/one"
    assert "(http://127.0.0.1:3000/runs/one)" in run.data.tags["mlflow.note.content"]
    assert models(tracker)[0].tags["livecc.dagster_run"] == "http://127.0.0.1:3000/runs/one"


def test_recording_again_adds_nothing(tracker: Tracker) -> None:
    first = train(tracker)
    tracker.record_scores(CHECKPOINT, "livesports_cc", SCORES, EVENTS)
    again = train(Tracker(tracker.uri, tracker.artifacts, ui=tracker.ui))  # as a later process would
    tracker.record_scores(CHECKPOINT, "livesports_cc", SCORES, EVENTS)
    assert again == first
    assert len(runs(tracker)) == len(models(tracker)) == 1
    client = tracker._connect()
    assert len(client.get_metric_history(first.run_id, "loss")) == len(CURVE)
    assert len(client.get_metric_history(first.run_id, "livesports_cc/win_rate")) == 1


def test_another_stage_experiment_or_key_is_another_run(tracker: Tracker) -> None:
    others = [
        replace(CHECKPOINT, stage="base"),
        replace(CHECKPOINT, experiment="sample-blind"),
        replace(CHECKPOINT, input_key="f" * 16),
    ]
    ids = {tracker.record_training(each, {}).run_id for each in [CHECKPOINT, *others]}
    assert len(ids) == 4
    assert len({model.model_id for model in models(tracker)}) == 4


def test_scores_are_metrics_of_the_model_on_the_dataset(tracker: Tracker) -> None:
    train(tracker)
    recorded = tracker.record_scores(CHECKPOINT, "livesports_cc", SCORES, EVENTS)
    assert recorded.warning is None
    [model] = models(tracker)
    assert {metric.key: (metric.value, metric.dataset_name) for metric in model.metrics} == {
        "livesports_cc/win_rate": (61.0, EVENTS.name),
        "livesports_cc/win_rate/low": (55.0, EVENTS.name),
        "livesports_cc/win_rate/high": (67.0, EVENTS.name),
        "livesports_cc/win_rate/n": (40.0, EVENTS.name),
        "livesports_cc/win_rate/football": (50.0, EVENTS.name),
    }
    [run] = runs(tracker)
    assert run.data.metrics["livesports_cc/win_rate"] == 61.0  # and beside the curve on the run's own page


def test_a_new_judgement_replaces_the_score_and_keeps_the_old_in_its_history(tracker: Tracker) -> None:
    tracker.record_scores(CHECKPOINT, "livesports_cc", SCORES)
    recorded = tracker.record_scores(CHECKPOINT, "livesports_cc", [Score("win_rate", 70.0)])
    [run] = runs(tracker)
    assert run.data.metrics["livesports_cc/win_rate"] == 70.0
    assert len(tracker._connect().get_metric_history(recorded.run_id, "livesports_cc/win_rate")) == 2


def test_experiments_stand_side_by_side(tracker: Tracker) -> None:
    values = {"sample-streaming": 60.0, "sample-blind": 20.0, "sample-no-context": 55.0}
    for name, value in values.items():
        checkpoint = replace(CHECKPOINT, experiment=name)
        train(tracker, checkpoint)
        tracker.record_scores(checkpoint, "livesports_cc", [Score("event_f1", value)], EVENTS)
    shown = {model.name: {metric.key: metric.value for metric in model.metrics} for model in models(tracker)}
    assert shown == {f"{name}-instruct": {"livesports_cc/event_f1": value} for name, value in values.items()}
    assert {run.info.run_name: run.data.metrics["livesports_cc/event_f1"] for run in runs(tracker)} == {
        f"{name} instruct": value for name, value in values.items()
    }


def test_scores_recorded_before_their_training_end_in_the_same_run(tracker: Tracker) -> None:
    """The server was away during the training and came back for the evaluation."""
    scored = tracker.record_scores(CHECKPOINT, "livesports_cc", SCORES)
    trained = train(tracker)
    assert (trained.run_id, trained.model_id) == (scored.run_id, scored.model_id)
    assert models(tracker)[0].params == flatten(PARAMS)


def test_processes_that_record_at_once_make_one_run(tracker: Tracker) -> None:
    def record(_: int) -> Recorded:
        return Tracker(tracker.uri, tracker.artifacts).record_training(CHECKPOINT, PARAMS)

    with ThreadPoolExecutor(4) as pool:
        recorded = list(pool.map(record, range(4)))
    assert [each.warning for each in recorded] == [None] * 4
    assert len({each.run_id for each in recorded}) == len(runs(tracker)) == 1
