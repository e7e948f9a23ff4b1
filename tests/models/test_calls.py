"""What a loaded model's rules do at a text: a fault is one line with the model, and no template runs or grows endlessly."""

import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.models import chat_template, embedded
from livecc_assets.models.chat_template import rendered
from livecc_assets.models.qwen2_vl import load_processor
from livecc_assets.models.text_lm import TextLM
from resources.launchers.base import explain
from tests.models.hostile import Spoil, merged

BACKTRACKS = {"type": "Split", "pattern": {"Regex": r"(a+)+$"}, "behavior": "Isolated", "invert": False}
HOSTILE = "a" * 60 + "!"
MESSAGES = [{"role": "user", "content": "What is said?"}]


def told(call: Callable[[], object], *parts: str) -> None:
    with pytest.raises(UserError) as caught:
        call()
    assert "\n" not in str(caught.value)
    for part in parts:
        assert part in str(caught.value)


def test_a_panic_at_a_text_is_one_line_that_names_the_folder(folder: Path):
    merged("tokenizer.json", pre_tokenizer=BACKTRACKS)(folder)
    processor = load_processor(folder)
    told(lambda: processor.encode(HOSTILE), str(folder), "cannot be used (PanicException: ")


def test_ids_that_are_no_ids_are_one_line(folder: Path):
    told(lambda: load_processor(folder).decode([-1]), str(folder), "cannot be used")


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (
            merged("tokenizer.json", normalizer={"type": "Replace", "pattern": {"Regex": "[a-z]"}, "content": ""}),
            "cannot be",
        ),
        (merged("tokenizer.json", added_tokens=[{"id": 9, "content": "<|im_start|>"}]), "cannot be loaded"),
        (merged("config.json", text_config={"vocab_size": 100}), "the model has embeddings for 100 ids"),
    ],
)
def test_a_tokenizer_that_does_not_fit_its_model_is_one_line(folder: Path, spoil: Spoil, line: str):
    spoil(folder)
    told(lambda: load_processor(folder), str(folder), line)


def test_a_word_of_which_the_tokenizer_makes_nothing_is_one_line(folder: Path):
    told(lambda: load_processor(folder).first(""), str(folder), "as no token")


class Tokenizer:
    """What a model's tokenizer does with its template, as the library does it."""

    def __init__(self, template: Any) -> None:
        self.chat_template = template

    def apply_chat_template(self, messages: Any, **_: Any) -> str:
        from transformers.utils.chat_template_utils import render_jinja_template

        found = render_jinja_template([messages], chat_template=self.chat_template, add_generation_prompt=True)
        return found[0][0]


@pytest.mark.parametrize(
    ("template", "line"),
    [
        ("{% for i in range(10**9) %}x{% endfor %}", "multiplies"),
        ("{{ 'x' * 2000000000 }}", "multiplies"),
        ("{{ 9 ** 9 ** 9 }}", "multiplies"),
        ("{% generation %}{{ 2 ** 3 }}{% endgeneration %}", "multiplies"),
        ("{% for i in range(1000000000) %}x{% endfor %}", "Range too big"),
        ("{{ cycler.__class__.__mro__ }}", "cannot be used"),
        ("{{ messages.__class__.__subclasses__() }}", "cannot be used"),
        ("{% for %}", "cannot be used"),
        ("{% include '/etc/passwd' %}", "cannot be used"),
        ("{% import 'os' as os %}", "cannot be used"),
        ("{{ raise_exception('no') }}", "cannot be used"),
        ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "cannot be used"),
        ("{{ '%2000000000d' | format(1) }}", "takes more than"),
        ("{{ 'x' | center(2000000000) }}", "takes more than"),
        (
            "{% set n = namespace(x='x') %}{% for i in range(99) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
            "takes more than",
        ),
        ("{% for i in range(90000) %}" + "x" * 100 + "{% endfor %}", "an endless one"),
        ("x" * (2**20 + 1), "more than 1,048,576 characters"),
        (None, "more than"),
    ],
)
def test_a_template_that_is_no_template_is_one_line_in_bounded_memory(template: Any, line: str):
    told(lambda: rendered(Tokenizer(template), MESSAGES, "hub:a/b"), "hub:a/b", line)


def test_a_template_that_never_ends_is_ended(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(chat_template, "SECONDS", 0.3)
    loops = "{% for a in range(90000) %}{% for b in range(90000) %}{% endfor %}{% endfor %}"
    before, start = sys.gettrace(), time.thread_time()
    told(lambda: rendered(Tokenizer(loops), MESSAGES, "hub:a/b"), "runs longer than 0.3 s")
    assert time.thread_time() - start < 5
    assert sys.gettrace() is before


@pytest.mark.parametrize(
    "template",
    [
        "{{ 1 | round(30000000, 'ceil') }}",
        "{% set n = namespace(a=(1,)) %}{% for i in range(40) %}{% set n.a = (n.a, n.a) %}{% endfor %}{{ {n.a: 1} | length }}",
    ],
)
def test_a_template_with_one_step_that_takes_for_ever_ends_its_process_and_not_the_machine(template: str):
    code = (
        "import sys\n"
        "from livecc_assets.models import chat_template\n"
        "from tests.models.test_calls import MESSAGES, Tokenizer\n"
        "chat_template._LAST_SECONDS = 1.0\n"
        "chat_template.rendered(Tokenizer(sys.argv[1]), MESSAGES, 'hub:a/b')\n"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code, template], timeout=60, capture_output=True)
    assert done.returncode == -signal.SIGXCPU
    assert "the chat template of its model runs too long" in explain(done.returncode, ["some output"])


def test_the_limits_are_lifted_after_a_template(folder: Path):
    before = [resource.getrlimit(kind) for kind in (resource.RLIMIT_CPU, resource.RLIMIT_AS)]
    rendered(Tokenizer("{{ messages[0].content }}"), MESSAGES, "hub:a/b")
    assert [resource.getrlimit(kind) for kind in (resource.RLIMIT_CPU, resource.RLIMIT_AS)] == before


def test_a_template_of_a_real_model_renders_as_its_library_renders_it(folder: Path, tmp_path: Path):
    from transformers import AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    expected = tokenizer.apply_chat_template(MESSAGES, tokenize=False, add_generation_prompt=True)
    assert rendered(tokenizer, MESSAGES, "model") == expected
    marks = "{% for m in messages %}{% generation %}{{ m.content }}{% endgeneration %}{% break %}{% endfor %}"
    assert rendered(Tokenizer(marks), MESSAGES, "model") == "What is said?"


def test_a_text_model_whose_rules_fail_at_a_text_is_one_line(tmp_path: Path):
    folder = tmp_path / "text"
    _text_model(folder)
    model = TextLM.load(str(folder), tmp_path, device="cpu")
    assert model.loss(MESSAGES, "a goal")[1] > 0
    told(lambda: model.loss(MESSAGES, HOSTILE), str(folder), "cannot be used (PanicException")


def test_a_text_model_with_tokens_beyond_its_embeddings_is_one_line(tmp_path: Path):
    folder = tmp_path / "text"
    _text_model(folder, vocab_size=40)
    model = TextLM.load(str(folder), tmp_path, device="cpu")
    told(lambda: model.loss(MESSAGES, "a goal"), str(folder), "beyond its 40 embeddings")


def _text_model(folder: Path, vocab_size: int = 2000) -> None:
    """A tiny causal model with the sample tokenizer, which backtracks at some texts."""
    from transformers import LlamaConfig, LlamaForCausalLM

    shutil.copytree(embedded.locate("tiny-qwen2-vl"), folder)
    for name in ("model.safetensors", "config.json", "preprocessor_config.json"):
        (folder / name).unlink()
    merged("tokenizer.json", pre_tokenizer=BACKTRACKS)(folder)
    merged("tokenizer_config.json", tokenizer_class="PreTrainedTokenizerFast")(
        folder
    )  # the model's own would bring its rules
    config = LlamaConfig(
        vocab_size=vocab_size, hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2
    )
    LlamaForCausalLM(config).save_pretrained(folder)
