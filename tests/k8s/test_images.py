"""What the images are made of: pinned, layered, without root."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.places import REPOSITORY

IMAGES = REPOSITORY / "k8s" / "images"
DOCKERFILES = sorted(IMAGES.glob("*.Dockerfile"))
each_file = pytest.mark.parametrize("file", DOCKERFILES, ids=lambda file: file.stem)


def instructions(file: Path) -> list[str]:
    """Dockerfile instructions, continued lines joined."""
    text = re.sub(r"^\s*#.*\n", "", file.read_text("utf-8"), flags=re.M)
    return [line.strip() for line in re.sub(r"\\\n\s*", "", text).splitlines() if line.strip()]


def stages(file: Path) -> list[list[str]]:
    """Instructions by build stage."""
    found: list[list[str]] = []
    for line in instructions(file):
        if line.startswith("FROM "):
            found.append([])
        if found:
            found[-1].append(line)
    return found


def pinned(name: str) -> dict[str, str]:
    lines = (line.partition("#")[0].strip() for line in (REPOSITORY / name).read_text("utf-8").splitlines())
    return {canonicalize_name(line.split("==")[0]): line.split("==")[1] for line in lines if line}


def lines(name: str) -> list[Requirement]:
    text = (IMAGES / name).read_text("utf-8")
    return [Requirement(line) for line in text.splitlines() if line and not line.startswith("#")]


@each_file
def test_images_start_from_the_one_base(file: Path) -> None:
    assert instructions(file)[0] == "ARG BASE"
    names = {stage[0].split(" AS ")[-1] for stage in stages(file)}
    assert {stage[0].split()[1] for stage in stages(file)} <= {"${BASE}", *names}


def test_the_base_is_named_by_digest() -> None:
    lines = (IMAGES / "base.txt").read_text("utf-8").splitlines()
    [base] = [line for line in lines if not line.startswith("#")]
    assert re.fullmatch(r"python:3\.11-slim-bookworm@sha256:[0-9a-f]{64}", base)
    assert lines[-1] == base


@each_file
def test_finished_images_run_as_a_number_and_say_which_code_they_hold(file: Path) -> None:
    finished = [stage for stage in stages(file) if any(line.startswith("LABEL") for line in stage)]
    assert finished
    for stage in finished:
        [user] = [line for line in stage if line.startswith("USER")]
        assert re.fullmatch(r"USER [1-9]\d*:[1-9]\d*", user)
        [label] = [line for line in stage if line.startswith("LABEL")]
        assert 'image.revision="${REVISION}"' in label
        assert 'image.version="${VERSION}"' in label
        # What differs between two builds of the same sources comes after every layer that costs something.
        last_run = max(number for number, line in enumerate(stage) if line.startswith(("RUN", "COPY")))
        assert stage.index("ARG REVISION=unknown") > last_run


@each_file
def test_packages_are_installed_before_the_source(file: Path) -> None:
    for stage in stages(file):
        wheels = [number for number, line in enumerate(stage) if "COPY --from=source" in line]
        others = [number for number, line in enumerate(stage) if "locked.py" in line and line.startswith("RUN")]
        assert not wheels or not others or max(others) < min(wheels)


def test_what_the_orchestrator_needs_fits_the_pins() -> None:
    constraints = pinned("constraints.txt")
    for each in lines("orchestrator.txt"):
        version = constraints.get(canonicalize_name(each.name))
        exact = [part.version for part in each.specifier if part.operator == "=="]
        assert exact or version, f"{each.name} has no version here and none in constraints.txt"
        assert version is None or version in each.specifier
    dagster = constraints["dagster"]
    [companion] = {str(each.specifier) for each in lines("orchestrator.txt") if each.name.startswith("dagster-")}
    assert companion == f"==0.{int(dagster.split('.')[1]) + 16}.{dagster.split('.')[2]}"  # released together


def test_what_whisperx_needs_is_pinned_and_contradicts_no_pin() -> None:
    constraints = pinned("constraints.txt")
    own = {canonicalize_name(each.name): str(each.specifier) for each in lines("asr.txt")}
    assert all(re.fullmatch(r"==[\w.]+", version) for version in own.values())
    assert {"whisperx", "pyannote-audio", "torchaudio", "nltk"} <= set(own)
    assert set(own) & set(constraints) == set()
    assert {canonicalize_name(each.name) for each in lines("asr-pinned.txt")} <= set(constraints)


def test_the_build_script_knows_every_image() -> None:
    script = (REPOSITORY / "k8s" / "build.sh").read_text("utf-8")
    targets = {
        stage[0].split(" AS ")[-1] if " AS " in stage[0] else file.stem
        for file in DOCKERFILES
        for stage in stages(file)
        if any(line.startswith("LABEL") for line in stage)
    }
    cases = set(re.findall(r"[a-z0-9]+", " ".join(re.findall(r"^        ([a-z0-9 |]+)\) build", script, re.M))))
    assert cases == targets


def test_the_build_script_refuses_an_unknown_image(tmp_path: Path) -> None:
    docker = tmp_path / "docker"
    docker.write_text('#!/bin/sh\n[ "$1" != version ] || echo 20.10\n')
    docker.chmod(0o755)
    done = subprocess.run(
        [str(REPOSITORY / "k8s" / "build.sh"), "trainer"],
        env={"PATH": "/usr/bin:/bin", "DOCKER": str(docker)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "trainer: no such image" in done.stderr


def test_the_builder_is_sent_nothing_but_what_images_are_made_of() -> None:
    patterns = (REPOSITORY / ".dockerignore").read_text("utf-8").splitlines()
    assert "*" in patterns
    copied = {
        word.removesuffix("/").split("/")[0]
        for file in [*DOCKERFILES, REPOSITORY / "tests" / "cluster" / "Dockerfile"]
        for line in instructions(file)
        if line.startswith("COPY ") and "--from" not in line
        for word in line.split()[1:-1]
    }
    kept = {pattern.removeprefix("!").split("/")[0] for pattern in patterns if pattern.startswith("!")}
    assert copied == kept


def fake_docker(folder: Path) -> Path:
    """A docker client that says what it is asked, and gives each image an ID of its own."""
    docker = folder / "docker"
    docker.write_text(
        """#!/bin/sh
case "$1 $2" in
"version --format") echo 20.10 ;;
"image inspect") for last; do :; done; echo "sha256:$(echo "$last" | sha256sum | cut -c1-64)" ;;
*) echo "$@" >>"$(dirname "$0")/asked" ;;
esac
"""
    )
    docker.chmod(0o755)
    return docker


def test_the_build_script_names_the_base_by_digest_and_notes_what_it_built(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    shutil.copytree(REPOSITORY / "k8s", checkout / "k8s")
    (checkout / ".env").write_text("LIVECC_PASSWORD=kept\nLIVECC_IMAGE_S3=old\n")
    environment = {"PATH": "/usr/bin:/bin", "DOCKER": str(fake_docker(tmp_path)), "SBOM": "no"}
    command = [str(checkout / "k8s" / "build.sh"), "s3", "postgres"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    asked = (tmp_path / "asked").read_text().splitlines()
    assert len([line for line in asked if line.startswith("build ")]) == 2
    assert all(
        re.search(r"--build-arg BASE=python:\S+@sha256:[0-9a-f]{64} ", line) for line in asked if "build" in line
    )
    env = dict(line.split("=") for line in (checkout / ".env").read_text().splitlines())
    assert env["LIVECC_PASSWORD"] == "kept"
    noted = {file.stem: file.read_text().strip() for file in (checkout / "build" / "images").glob("*.id")}
    assert set(noted) == {"s3", "postgres"}
    assert {name: env[f"LIVECC_IMAGE_{name.upper()}"] for name in noted} == noted
    assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", image) for image in noted.values())


def test_the_build_script_says_so_when_a_base_has_no_digest(tmp_path: Path) -> None:
    shutil.copytree(REPOSITORY / "k8s", tmp_path / "k8s")
    environment = {"PATH": "/usr/bin:/bin", "DOCKER": str(fake_docker(tmp_path)), "BASE": "python:3.11", "SBOM": "no"}
    done = subprocess.run([str(tmp_path / "k8s" / "build.sh"), "s3"], env=environment, capture_output=True, text=True)
    assert done.stderr.startswith("the base python:3.11 is named by its tag alone")
