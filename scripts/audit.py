"""Says which packages of requirements.lock have a known vulnerability: `make audit`.

OSV is asked, which gathers the advisories of PyPI and GitHub. Exit code 1 if a package has one, 2 if not all could be asked.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from scripts.locked import BUILDS, LOCK, entries

PROGRAM = str(Path(sys.executable).with_name("pip-audit"))


def audit(lock: str, program: str = PROGRAM) -> int:
    """Ask about every package of a lock's text, and print what is known of it."""
    locked = [entry for entry in entries(lock) if BUILDS not in entry.parts]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("".join(f"{entry.text}\n" for entry in locked))
        file.flush()
        options = [
            "--require-hashes",
            "--disable-pip",
            "--strict",
            "--progress-spinner",
            "off",
            "-s",
            "osv",
            "-f",
            "json",
        ]
        done = subprocess.run([program, *options, "-r", file.name], check=False, capture_output=True, text=True)
    try:
        found = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        why = (done.stderr.strip().splitlines() or ["pip-audit said nothing"])[-1]
        away = re.search(r"Connect|Timeout|resolve|Proxy", why)
        why = "OSV, which knows the advisories, does not answer" if away else why[:300]
        print(f"nothing was audited: {why}; run make audit on a machine that reaches the internet", file=sys.stderr)
        return 2
    answered = {one["name"].lower() for one in found if "vulns" in one}
    if missing := sorted(entry.name for entry in locked if entry.name not in answered):
        print(
            f"nothing is known of {', '.join(missing[:5])}: {len(missing)} packages were not audited; run make audit again",
            file=sys.stderr,
        )
        return 2
    lines = [
        f"{one['name']} {one['version']}: {each['id']}, fixed in {', '.join(each['fix_versions']) or 'no version yet'}"
        for one in found
        for each in one["vulns"]
    ]
    print("\n".join(lines) or f"no known vulnerability in {len(found)} packages")
    return 1 if lines else 0


if __name__ == "__main__":
    raise SystemExit(audit(LOCK.read_text("utf-8")))
