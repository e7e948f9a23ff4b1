"""A training and its scores as the tests record them, and what MLflow then holds."""

from resources.tracking import Checkpoint, Dataset, Recorded, Score, Tracker

CHECKPOINT = Checkpoint("sample-streaming", "instruct", "0123456789abcdef", "d" * 16, "/artefacts/livecc_instruct/x")
PARAMS = {"learning_rate": 5e-4, "video": {"fps": 2.0, "pixels": [1, 2]}, "init_model": "embedded:tiny-qwen2-vl"}
DATA = [Dataset("live_whisperx[sample]", "a" * 64, "/artefacts/live_whisperx/sample/k")]
EVENTS = Dataset("livesports_events[all]", "b" * 16, "/artefacts/livesports_events/all/k", "evaluation")
CURVE = [
    {"step": step, "time": 1_800_000_000 + step, "loss": 3.0 - step / 100, "phase": "train"} for step in range(120)
]
SCORES = [
    Score("win_rate", 61.0, low=55.0, high=67.0, n=40),
    Score("win_rate", 50.0, subset="football"),
    Score("position_gap", None),
    Score("event_f1", float("nan")),
]


def runs(tracker: Tracker) -> list:
    client = tracker._connect()
    return client.search_runs([client.get_experiment_by_name(tracker.workspace).experiment_id])


def models(tracker: Tracker) -> list:
    client = tracker._connect()
    return client.search_logged_models([client.get_experiment_by_name(tracker.workspace).experiment_id])


def train(tracker: Tracker, checkpoint: Checkpoint = CHECKPOINT) -> Recorded:
    return tracker.record_training(checkpoint, PARAMS, DATA, CURVE, "http://127.0.0.1:3000/runs/one")
