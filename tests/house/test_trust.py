"""What crosses a trust border is never a program: no pickles, no remote code, no shell, and media through one door each."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.places import REPOSITORY

FOLDERS = ("livecc_assets", "jobs", "resources", "scripts", "benchmarks", "k8s")
PICKLES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "jsonpickle"}
#: Calls that run what they read, by their last name, with the module before it where the name alone says too little.
LOADERS = {"torch.load", "yaml.load", "yaml.unsafe_load", "yaml.full_load", "numpy.load", "np.load", "pd.read_pickle"}
RUNNERS = {"eval", "exec", "os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput"}
#: Keywords that open a door when they are not False.
DOORS = {"trust_remote_code", "allow_pickle", "shell"}
#: (file, offence): why it may stand.
ALLOWED = {
    # DeepSpeed keeps its optimizer's state as pickles. The folder is the worker's own work folder, which this process or an
    # earlier one of the same training wrote; nothing of it becomes part of an artifact. docs/threat-model.md, "Borders".
    ("livecc_assets/training/trainer.py", "load_checkpoint"),
    # Whoever runs the benchmark types the command.
    ("benchmarks/s3_transfer.py", "shell"),
}
#: Who may open media and pictures: the doors with their limits, and the world and scripts that make their own files.
OPENERS = {
    "av.open": (
        "livecc_assets/media/opening.py",
        "livecc_assets/media/live_opening.py",
        "livecc_assets/media/film_writer.py",  # writes only
        "livecc_assets/sample/",
        "scripts/",
        "benchmarks/",
    ),
    "Image.open": ("livecc_assets/media/images.py", "livecc_assets/sample/", "scripts/", "benchmarks/"),
    "cv2.VideoCapture": (),
    "cv2.imread": (),
}


def files() -> list[Path]:
    return [path for folder in FOLDERS for path in sorted((REPOSITORY / folder).rglob("*.py"))]


def dotted(node: ast.expr) -> str:
    """``torch.load`` of a call's function; the empty string for what has no such name."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else node.attr
    return ""


def offences(source: str) -> Iterator[str]:
    """What in a module's source loads or runs what it should not."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.partition(".")[0] in PICKLES)
        elif isinstance(node, ast.ImportFrom) and node.module:
            if node.module.partition(".")[0] in PICKLES:
                yield node.module
            elif node.module == "multiprocessing.connection" or node.module == "multiprocessing.managers":
                yield node.module  # they unpickle what a socket says
        elif isinstance(node, ast.Call):
            yield from _call(node)


def _call(node: ast.Call) -> Iterator[str]:
    name = dotted(node.func)
    said = {word.arg: word.value for word in node.keywords if word.arg}
    if name in LOADERS and not (name == "torch.load" and _is(said.get("weights_only"), True)):
        yield name
    if name in RUNNERS and (isinstance(node.func, ast.Name) or "." in name):  # not the eval() of what another call made
        yield name
    if name.rpartition(".")[2] == "load_checkpoint":
        yield "load_checkpoint"
    harmless = "gguf_file" in said or re.search("Tokenizer|Config|Processor", name)
    if name.endswith(".from_pretrained") and not harmless and not _is(said.get("use_safetensors"), True):
        yield "use_safetensors"  # without it a folder's pickle would do
    yield from (door for door in DOORS & said.keys() if not _is(said[door], False))


def _is(node: ast.expr | None, value: bool) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


def test_nothing_unpickles_or_runs_what_it_reads() -> None:
    found = {(str(path.relative_to(REPOSITORY)), one) for path in files() for one in offences(path.read_text("utf-8"))}
    assert len(files()) > 120
    assert found - ALLOWED == set()
    assert ALLOWED - found == set(), "an exception that nobody needs any more"


@pytest.mark.parametrize(
    "source",
    [
        "import pickle", "from joblib import load", "import torch\ntorch.load('x')", "torch.load('x', weights_only=False)",
        "np.load(f, allow_pickle=True)", "AutoModel.from_pretrained(x, trust_remote_code=flag)", "yaml.load(text)",
        "subprocess.run('ls', shell=True)", "os.system('ls')", "engine.load_checkpoint(x)", "eval(text)",
        "from multiprocessing.connection import Client", "AutoModel.from_pretrained(x, use_safetensors=False)",
        "AutoModel.from_pretrained(x)",
    ],
)  # fmt: skip
def test_the_reader_sees_what_is_forbidden(source: str) -> None:
    assert list(offences(source))


@pytest.mark.parametrize(
    "source", ["torch.load(x, weights_only=True)", "yaml.safe_load(x)", "f(trust_remote_code=False)", "json.load(x)"]
)
def test_the_reader_lets_the_rest_be(source: str) -> None:
    assert list(offences(source)) == []


@pytest.mark.parametrize("call", sorted(OPENERS))
def test_media_and_pictures_are_opened_at_one_door_each(call: str) -> None:
    elsewhere = [
        f"{path.relative_to(REPOSITORY)}, line {node.lineno}"
        for path in files()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and dotted(node.func) == call
        if not str(path.relative_to(REPOSITORY)).startswith(OPENERS[call])
    ]
    assert elsewhere == []
