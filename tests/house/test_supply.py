"""The bill of materials names what is installed, and the audit never takes silence for a clean answer."""

import json
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from scripts import sbom
from scripts.audit import audit
from tests.house.places import REPOSITORY

LOCK = "torch==2.13.0 \\\n    --hash=sha256:1\n    # parts: dev\ntorch==2.13.0+cpu \\\n    --hash=sha256:2\n    # parts: builds\n"
FOUND = {
    "python": [["Ruff_API", "0.1"]],
    "interpreter": "3.11.9",
    "debian": [["zlib1g", "1:1.2.13.dfsg-1", "amd64"]],
    "system": {"ID": "debian", "VERSION_ID": "12"},
}


def test_the_environment_is_listed_whole() -> None:
    found = json.loads(sbom.bom("development", sbom.listing(None), None))
    urls = {one.get("purl", "") for one in found["components"]}
    assert f"pkg:pypi/torch@{metadata.version('torch')}".replace("+", "%2B") in urls
    assert f"pkg:pypi/dagster@{metadata.version('dagster')}" in urls
    names = {re.sub(r"[-_.]+", "-", one.metadata["Name"]).lower() for one in metadata.distributions()}
    assert len([url for url in urls if url.startswith("pkg:pypi/")]) >= len(names) > 200


def test_an_images_bill_is_valid_and_scanners_find_its_debian_packages() -> None:
    text = sbom.bom("curation", FOUND, "sha256:77")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    found = json.loads(text)
    assert found["metadata"]["component"] == {
        "bom-ref": "subject", "name": "livecc/curation", "type": "container", "version": "sha256:77",
    }  # fmt: skip
    urls = [one["purl"] for one in found["components"] if "purl" in one]
    assert set(urls) == {"pkg:deb/debian/zlib1g@1:1.2.13.dfsg-1?arch=amd64&distro=debian-12", "pkg:pypi/ruff-api@0.1"}
    assert {"type": "operating-system", "name": "debian", "version": "12", "bom-ref": "system"} in found["components"]


def test_what_is_listed_of_an_image_is_asked_for_inside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    docker = tmp_path / "docker"
    docker.write_text(
        f'#!/bin/sh\necho "$@" >"{tmp_path}/asked"\nfor last; do :; done\nexec "{sys.executable}" -c "$last"\n'
    )
    docker.chmod(0o755)
    monkeypatch.setenv("DOCKER", str(docker))
    assert sbom.listing("sha256:77")["interpreter"].startswith("3.")
    asked = (tmp_path / "asked").read_text()
    assert asked.startswith("run --rm --network=none --read-only")
    assert "sha256:77 -c" in asked


def program(folder: Path, stdout: str, stderr: str = "", code: int = 0) -> str:
    """A pip-audit that says this."""
    made = folder / "pip-audit"
    made.write_text(f"#!/bin/sh\ncat <<'END'\n{stdout}\nEND\ncat >&2 <<'END'\n{stderr}\nEND\nexit {code}\n")
    made.chmod(0o755)
    return str(made)


def answer(*vulns: dict, **more: object) -> str:
    return json.dumps({"dependencies": [{"name": "torch", "version": "2.13.0", "vulns": list(vulns)} | more]})


def test_a_vulnerable_package_fails_the_audit_with_the_version_that_mends_it(tmp_path: Path, capsys) -> None:
    assert audit(LOCK, program(tmp_path, answer({"id": "CVE-2026-1", "fix_versions": ["2.14.0"]}), code=1)) == 1
    assert capsys.readouterr().out == "torch 2.13.0: CVE-2026-1, fixed in 2.14.0\n"


def test_a_clean_lock_passes_the_audit(tmp_path: Path, capsys) -> None:
    assert audit(LOCK, program(tmp_path, answer())) == 0
    assert capsys.readouterr().out == "no known vulnerability in 1 packages\n"


@pytest.mark.parametrize(
    ("stdout", "stderr", "said"),
    [
        (
            "",
            "Traceback\nConnectionError: Failed to resolve 'api.osv.dev'",
            "OSV, which knows the advisories, does not answer",
        ),
        ("", "ERROR: requirement a==1 does not contain a hash", "a==1 does not contain a hash"),
        (json.dumps({"dependencies": []}), "", "1 packages were not audited"),
        (
            json.dumps({"dependencies": [{"name": "torch", "skip_reason": "not found"}]}),
            "",
            "1 packages were not audited",
        ),
    ],
    ids=["no network", "refused", "no answer", "skipped"],
)
def test_silence_is_not_taken_for_a_clean_answer(tmp_path: Path, capsys, stdout: str, stderr: str, said: str) -> None:
    assert audit(LOCK, program(tmp_path, stdout, stderr)) == 2
    shown = capsys.readouterr().err
    assert said in shown
    assert shown.count("\n") == 1
    assert "run make audit" in shown


def test_make_offers_both() -> None:
    for target, module in (("audit", "scripts.audit"), ("sbom", "scripts.sbom")):
        done = subprocess.run(["make", "-n", target], cwd=REPOSITORY, capture_output=True, text=True)
        assert f"python -m {module}" in done.stdout
