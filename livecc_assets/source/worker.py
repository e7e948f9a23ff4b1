"""Worker of the source stage: reading a batch opens every video and may run a language model on every caption."""

from livecc_assets.runtime.worker import run
from livecc_assets.source.tasks import yt_cc_source

MAINS = {"yt_cc_source": yt_cc_source}

if __name__ == "__main__":
    run(MAINS)
