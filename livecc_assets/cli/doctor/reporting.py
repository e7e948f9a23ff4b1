"""All checks at once, and what ``livecc doctor`` prints of them."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from livecc_assets.cli.doctor import images, machine, models, services
from livecc_assets.cli.doctor.finding import Finding

if TYPE_CHECKING:
    from rich.table import Table


def diagnose(home: Path, root: str, env: Mapping[str, str] = os.environ) -> list[Finding]:
    """Look at the machine: ``home`` is LIVECC_HOME, ``root`` LIVECC_ROOT (folder or s3://). An absence never raises."""
    checks: list[Callable[[], list[Finding]]] = [
        lambda: [machine.python()],
        machine.tools,
        lambda: [machine.media()],
        lambda: [machine.gpu()],
        lambda: [services.hub(env)],
        lambda: [services.s3(root, env)],
        lambda: [services.kubernetes(env)],
        lambda: [services.docker(env)],
        lambda: models.weights(home),
        images.images,
        lambda: [machine.disk(home), machine.memory()],
        lambda: [machine.state(root)],
    ]
    with ThreadPoolExecutor(len(checks)) as pool:
        return [finding for found in pool.map(lambda check: check(), checks) for finding in found]


def exit_code(findings: Sequence[Finding]) -> int:
    """0 when nothing that the sample profile needs is absent, else 1."""
    return int(any(finding.required and not finding.ok for finding in findings))


def as_json(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """The findings for ``livecc doctor --json``."""
    return [asdict(finding) for finding in findings]


def report(home: Path, root: str, machine_readable: bool = False) -> int:
    """Print the findings, for people or as JSON; returns the exit code of ``livecc doctor``."""
    from rich.console import Console

    findings = diagnose(home, root)
    if machine_readable:
        print(json.dumps(as_json(findings), indent=1))
    else:
        Console(highlight=False).print(table(findings))
        needed = [finding.name for finding in findings if finding.required and not finding.ok]
        print(f"\nThe sample needs: {', '.join(needed)}" if needed else "\nEverything that the sample needs is here")
    return exit_code(findings)


def table(findings: Sequence[Finding]) -> "Table":
    """The findings for people; rich renders it."""
    from rich.table import Table
    from rich.text import Text

    # The remedies are shown whole, below the detail, so that they can be copied from a narrow terminal.
    shown = Table(show_edge=False, pad_edge=False, header_style="bold")
    for heading in ("", "what", "found"):
        shown.add_column(heading, overflow="fold")
    for finding in findings:
        mark, style = ("yes", "green") if finding.ok else ("NO", "bold red") if finding.required else ("no", "yellow")
        detail = Text(finding.detail)
        if not finding.ok and finding.remedy:
            detail.append(f"\n→ {finding.remedy}", style="cyan")
        shown.add_row(Text(mark, style=style), finding.name, detail)
    return shown
