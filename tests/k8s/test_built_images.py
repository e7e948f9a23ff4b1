"""The built images do their work as a cluster runs them: no root, no capability, a read-only root, no network.

Needs DOCKER_HOST and `k8s/build.sh orchestrator curation training asr`.
"""

import json
import os
import subprocess

import pytest

from tests.cluster.services import give_up

pytestmark = pytest.mark.cluster

IMAGES = ("orchestrator", "curation", "training", "asr")
LOCKED = [
    "--rm",
    "--read-only",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    "--network=none",
    "--shm-size=256m",
]
WRITABLE = ["--tmpfs=/tmp", "--tmpfs=/scratch:exec,uid=10001,gid=10001"]

TOOLS = """
import importlib.util, json, os, shutil
modules = ("torch", "transformers", "deepspeed", "whisperx", "mlflow", "dagster_k8s", "psycopg2")
has = [name for name in modules if importlib.util.find_spec(name)]
print(json.dumps({"user": os.getuid(), "compiler": shutil.which("g++"), "has": has}))
"""
DEFINITIONS = """
from livecc_assets.definitions import defs
print(len(defs.resolve_asset_graph().get_all_asset_keys()))
"""
WEIGHTS = """
from pathlib import Path
from livecc_assets.models.embedded import available, verified
absent = [(weights.name, why) for weights, why in available() if why]
assert not absent, absent
print([verified(weights.name, Path("/scratch")).name for weights, _ in available()])
"""
LOSS = """
from pathlib import Path
from livecc_assets.models.text_lm import TextLM
model = TextLM.load("embedded:smollm2", Path("/scratch"))
question = [{"role": "user", "content": "What happens in the match?"}]
print(model.loss(question, "A goal for the red team.")[0] < model.loss(question, "Red a for team the goal.")[0])
"""
COMPILED = """
import glob, os
from deepspeed.ops.op_builder.cpu import ShareMemCommBuilder
ShareMemCommBuilder().load(verbose=False)
print(glob.glob(os.environ["TORCH_EXTENSIONS_DIR"] + "/**/*.so", recursive=True))
"""
WHISPERX = """
import importlib.resources
from pathlib import Path
from whisperx.asr import load_model
from livecc_assets.media.audio import read_audio
from livecc_assets.models.embedded import verified
speech = importlib.resources.files("livecc_assets") / "sample/assets/speech.opus"
audio = read_audio(str(speech), rate=16000)[: 20 * 16000]
model = load_model(str(verified("whisper-tiny.en", Path("/scratch"))), "cpu", compute_type="int8", language="en", threads=1)
print(" ".join(part["text"].strip() for part in model.transcribe(audio, batch_size=1)["segments"]))
"""
ALIGNED = """
import json
import torch
from transformers import Wav2Vec2Config, Wav2Vec2CTCTokenizer, Wav2Vec2FeatureExtractor, Wav2Vec2ForCTC, Wav2Vec2Processor
from whisperx.alignment import align, load_align_model
letters = ["<pad>", "<s>", "</s>", "<unk>", "|", *"abcdefghijklmnopqrstuvwxyz"]
json.dump({letter: number for number, letter in enumerate(letters)}, open("/scratch/vocab.json", "w"))
tokenizer = Wav2Vec2CTCTokenizer("/scratch/vocab.json", do_lower_case=True)
Wav2Vec2Processor(feature_extractor=Wav2Vec2FeatureExtractor(), tokenizer=tokenizer).save_pretrained("/scratch/model")
config = Wav2Vec2Config(vocab_size=len(letters), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32)
Wav2Vec2ForCTC(config).save_pretrained("/scratch/model")
model, about = load_align_model("en", "cpu", model_name="/scratch/model")
text = [{"start": 0.0, "end": 4.0, "text": "A goal for red. And the match goes on."}]
words = align(text, model, about, torch.randn(1, 4 * 16000), "cpu")["word_segments"]
print([word["word"] for word in words if "start" in word])
"""


def docker(*arguments: str, seconds: int = 600) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=seconds)


def run(image: str, program: str, *options: str) -> str:
    """What a Python program prints in a container that is locked down as the cluster's are."""
    if not os.environ.get("DOCKER_HOST"):
        give_up("DOCKER_HOST is not set: no Docker engine to test against")
    if docker("image", "inspect", f"livecc/{image}:dev").returncode:
        give_up(f"livecc/{image}:dev is not built: k8s/build.sh {image}")
    done = docker("run", *LOCKED, *WRITABLE, *options, f"livecc/{image}:dev", "python", "-c", program)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_runs_without_root_and_holds_what_it_is_for(image: str) -> None:
    found = json.loads(run(image, TOOLS))
    wanted = {
        "orchestrator": {"mlflow", "dagster_k8s", "psycopg2"},
        "curation": {"torch", "transformers"},
        "training": {"torch", "transformers", "deepspeed"},
        "asr": {"torch", "transformers", "whisperx"},
    }
    assert set(found["has"]) == wanted[image]
    assert found["user"] == 10001
    assert bool(found["compiler"]) == (image == "training")


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_says_which_code_it_holds(image: str) -> None:
    run(image, "")
    labels = json.loads(docker("inspect", "--format={{json .Config.Labels}}", f"livecc/{image}:dev").stdout)
    assert len(labels["org.opencontainers.image.revision"]) == 40
    assert labels["org.opencontainers.image.version"]


def test_nothing_but_the_writable_folders_can_be_written() -> None:
    assert run("curation", "open('/scratch/x', 'w'); open('/tmp/x', 'w'); print('both')") == "both\n"
    with pytest.raises(AssertionError, match="Read-only file system"):
        run("curation", "open('/opt/livecc/x', 'w')")


def test_the_orchestrator_loads_the_graph() -> None:
    assert int(run("orchestrator", DEFINITIONS)) > 20


def test_the_worker_carries_the_embedded_weights_unchanged() -> None:
    assert "model" in run("curation", WEIGHTS)


def test_the_curation_worker_converts_its_text_model_and_tells_sense_from_nonsense() -> None:
    assert run("curation", LOSS).strip().splitlines()[-1] == "True"


def test_training_compiles_what_deepspeed_wants_on_a_read_only_root() -> None:
    assert "deepspeed_shm_comm.so" in run("training", COMPILED, "--env=DS_ACCELERATOR=cpu")


def test_whisperx_transcribes_without_a_network() -> None:
    assert len(run("asr", WHISPERX).split()) > 10


def test_whisperx_aligns_words_with_a_model_from_a_folder() -> None:
    words = ["A", "goal", "for", "red.", "And", "the", "match", "goes", "on."]
    assert run("asr", ALIGNED).strip().splitlines()[-1] == str(words)
