"""The files that list evaluation videos, and where they are."""

from livecc_assets.graph.settings import Settings
from livecc_assets.sample.published import published
from livecc_assets.sample.world import evaluation_list
from livecc_assets.store.store import Store


def named_lists(settings: Settings, store: Store) -> dict[str, str]:
    """Addresses of the lists by name: the profile's, and once it was made the sample world's own."""
    asked = settings.profile.evaluation_videos
    files = dict(asked.files)
    if asked.sample_world and (listed := published(evaluation_list(settings.home), store.blobs)):
        files["sample-world"] = listed
    return files
