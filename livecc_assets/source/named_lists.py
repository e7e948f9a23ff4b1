"""The files that list evaluation videos: where they are, and when one of them changed."""

from livecc_assets.graph.settings import Settings
from livecc_assets.sample.published import published
from livecc_assets.sample.world import evaluation_list
from livecc_assets.store.manifest import digest
from livecc_assets.store.store import Store
from livecc_assets.store.uris import local_path


def named_lists(settings: Settings, store: Store) -> dict[str, str]:
    """Addresses of the lists by name: the profile's, and once it was made the sample world's own."""
    asked = settings.profile.evaluation_videos
    files = dict(asked.files)
    if asked.sample_world and (listed := published(evaluation_list(settings.home), store.blobs)):
        files["sample-world"] = listed
    return files


def contents_digest(settings: Settings, store: Store) -> str:
    """Changes with the content of any list."""
    found = {name: local_path(path) for name, path in named_lists(settings, store).items()}
    return digest({name: path.read_text("utf-8") for name, path in found.items() if path.is_file()})
