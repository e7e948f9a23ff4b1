"""The images that the launcher's file names for workers."""

from livecc_assets.cli.doctor.finding import Finding
from livecc_assets.core.errors import UserError


def images() -> list[Finding]:
    """Whether each is named by digest or lies on the nodes; nothing where the launcher in force has no images."""
    from resources.launchers import options_in_force

    try:
        options = options_in_force()
    except UserError:
        return []  # `livecc config check` tells of the file's mistakes
    named = {needs["image"] for needs in (options.get("needs") or {}).values() if needs.get("image")}
    if not named:
        return []
    by_tag = sorted(image for image in named if "@sha256:" not in image and not image.startswith("sha256:"))
    if by_tag and options.get("image_pull_policy") != "Never":
        return [
            Finding(
                "worker images",
                False,
                f"{options['file']} names {', '.join(by_tag)} by tag alone: whoever can move the tag decides what workers run",
                "k8s/push.sh REGISTRY FOLDER writes digests; for images that were never pushed: image_pull_policy: Never",
            )
        ]
    found = "by tag, on the nodes already: never pulled" if by_tag else "named by digest"
    return [Finding("worker images", True, found)]
