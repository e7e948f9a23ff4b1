"""Which services and images the tests of this folder find, and what becomes of a test that lacks one."""

import os
import shlex
import subprocess

import pytest


def need(*names: str) -> None:
    """Skip unless the environment names the service."""
    if absent := [name for name in names if not os.environ.get(name)]:
        give_up(f"{', '.join(absent)} not set: no such service to test against (see CONTRIBUTING)")


def give_up(why: str) -> None:
    """Skip; fail where REQUIRE_SERVICES says that everything is there."""
    (pytest.fail if os.environ.get("REQUIRE_SERVICES") else pytest.skip)(why)


def need_images(client, *names: str) -> None:
    """Skip unless the images are built; bring them to the cluster's nodes."""
    from docker.errors import ImageNotFound

    for name in names:
        tag = f"livecc/{name}:dev"
        try:
            client.images.get(tag)
        except ImageNotFound:
            give_up(
                f"{tag} is not on the Docker host (a kubelet deletes images when its disk fills up): k8s/build.sh {name}"
            )
        load(tag)


def load(tag: str) -> None:
    """Bring an image to the cluster's nodes."""
    if os.environ.get("KUBECONFIG") and (command := os.environ.get("LOAD_IMAGE")):
        subprocess.run([*shlex.split(command), tag], check=True, capture_output=True)
