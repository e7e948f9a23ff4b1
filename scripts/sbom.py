"""Writes what an image or this environment holds as CycloneDX: python -m scripts.sbom NAME [IMAGE]

build/sbom/NAME.cdx.json lists the Python packages and, on Debian, its packages. Without IMAGE: of the Python that runs this.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from cyclonedx.model import bom as boms
from cyclonedx.model import component as parts
from cyclonedx.model.component import ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

FOLDER = Path(__file__).resolve().parent.parent / "build" / "sbom"
#: Their decorators hide these classes from type checkers.
Bom: Any = boms.Bom
Component: Any = parts.Component
#: Runs in the image, whose Python has nothing of this project's tools.
LISTING = """
import json, platform, shutil, subprocess
from importlib import metadata
debian = []
if shutil.which("dpkg-query"):
    form = "${db:Status-Status}\\t${Package}\\t${Version}\\t${Architecture}\\n"
    lines = subprocess.run(["dpkg-query", "-W", "-f", form], capture_output=True, text=True, check=True).stdout.splitlines()
    debian = [line.split("\\t")[1:] for line in lines if line.startswith("installed\\t")]
try:
    system = platform.freedesktop_os_release()
except OSError:
    system = {}
python = sorted({(one.metadata["Name"], one.version) for one in metadata.distributions()})
print(json.dumps({"python": python, "interpreter": platform.python_version(), "debian": debian, "system": system}))
"""


def listing(image: str | None) -> dict[str, Any]:
    """What is installed in an image, or beside this Python."""
    command = [sys.executable]
    if image:
        locked = ["--rm", "--network=none", "--read-only", "--cap-drop=ALL", "--entrypoint=python"]
        command = [os.environ.get("DOCKER", "docker"), "run", *locked, image]
    return json.loads(subprocess.run([*command, "-c", LISTING], check=True, text=True, stdout=subprocess.PIPE).stdout)


def components(found: dict[str, Any]) -> list[Any]:
    """The packages with their package URLs, which scanners look up."""
    system, release = found["system"].get("ID", "linux"), found["system"].get("VERSION_ID", "")
    made = [Component(name=system, version=release, type=ComponentType.OPERATING_SYSTEM, bom_ref="system")]
    made.append(
        Component(name="python", version=found["interpreter"], type=ComponentType.APPLICATION, bom_ref="python")
    )
    urls = [PackageURL("pypi", None, name.lower().replace("_", "-"), version) for name, version in found["python"]]
    urls += [
        PackageURL("deb", system, name, version, {"arch": architecture, "distro": f"{system}-{release}"})
        for name, version, architecture in found["debian"]
    ]
    return made + [Component(name=url.name, version=url.version, purl=url, bom_ref=str(url)) for url in urls]


def bom(name: str, found: dict[str, Any], image: str | None) -> str:
    """The bill of materials as CycloneDX JSON."""
    made = Bom(components=components(found))
    kind = ComponentType.CONTAINER if image else ComponentType.APPLICATION
    made.metadata.component = Component(name=f"livecc/{name}", version=image, type=kind, bom_ref="subject")
    made.register_dependency(made.metadata.component, made.components)
    return make_outputter(made, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=1)


def main(name: str, image: str | None = None) -> None:
    """Write the file."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{name}.cdx.json").write_text(bom(name, listing(image), image) + "\n", "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:3])
