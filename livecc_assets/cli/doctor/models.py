"""The embedded models."""

from pathlib import Path

from livecc_assets.cli.doctor.finding import Finding
from livecc_assets.models import embedded


def weights(home: Path) -> list[Finding]:
    """Every embedded model: installed and of the right sha256."""
    findings = []
    for name, weights in embedded.REGISTRY.items():
        # The sentence embedding serves an optional report; everything else stands in the sample profile.
        label, needed = f"weights {name}", name != "minilm"
        try:
            folder = embedded.verified(name, home)
        except (embedded.UserError, OSError) as error:
            findings.append(Finding(label, False, str(error), weights.remedy, needed))
            continue
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        if not weights.files and size == 0:
            findings.append(Finding(label, False, f"{folder} is empty", weights.remedy, needed))
            continue
        checked = "sha256 verified" if weights.files else "part of this package"
        findings.append(
            Finding(label, True, f"{weights.use}; {size / 1e6:.0f} MB, {weights.licence}, {checked}", required=needed)
        )
    return findings
