"""Runs one worker through a launcher inside a Dagster run: ``python orchestrator.py JOB.json``, DAGSTER_HOME set.

A process of its own, so that a test can kill it, interrupt it or cancel its run.
"""

import json
import os
import sys
from pathlib import Path

import dagster as dg

from livecc_assets.store.store import Store
from resources.launchers import Needs, make_launcher


def main(about: dict) -> int:
    @dg.asset
    def toy(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        print(f"run {context.run.run_id}", flush=True)
        task, store = about["task"] | {"run_id": context.run.run_id}, Store(about["task"]["root"], Path(os.devnull))
        place = f"toy/{task['partition']}/{task['input_key']}"
        launcher = make_launcher(about["options"])
        if os.environ.get("DIE_BEFORE_BEGIN"):
            vars(launcher)["begin"] = lambda job, found: os._exit(9)
        return launcher.run(
            context=context,
            module="toy_worker",
            extras=task,
            needs=Needs(**about["needs"]),
            key=task["input_key"],
            partition=task["partition"],
            root=store.root,
            made=lambda: store.etag(place) is not None,
        ).get_materialize_result()

    with dg.DagsterInstance.get() as instance:
        result = dg.materialize([toy], instance=instance, raise_on_error=False)
        for event in result.all_events:
            if event.is_step_failure:
                data = event.step_failure_data
                said = data.error.message if data.error else ""
                print(data.user_failure_data.description if data.user_failure_data else said, flush=True)
        for entry in instance.all_logs(result.run_id):
            print("event:", entry.user_message.replace("\n", " ")[:300])
    return 0 if result.success else 1


if __name__ == "__main__":
    raise SystemExit(main(json.loads(Path(sys.argv[1]).read_text())))
