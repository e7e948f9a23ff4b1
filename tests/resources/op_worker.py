"""A worker of an op, which makes no asset; a helper of test_pipes_client.py."""

from livecc_assets.runtime.worker import open_pipes

with open_pipes() as pipes:
    pipes.report_custom_message({"told": pipes.extras["to"]})
