"""The rules of a stranger's tokenizer are bounded before a library runs them, and so is what settings name."""

import base64
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.models.folder_check import checked
from livecc_assets.models.qwen2_vl import load_processor
from livecc_assets.models.text_lm import TextLM
from livecc_assets.models.tokenizer_check import check_tokenizer
from tests.models.hostile import merged, refusal, written

REGEX = {"Regex": r"\s+"}


def replace(content: Any, pattern: Any = None) -> dict[str, Any]:
    return {"type": "Replace", "pattern": pattern or REGEX, "content": content}


def sequence(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Sequence", "normalizers": list(parts)}


def precompiled(trie: bytes, texts: bytes, size: int | None = None) -> dict[str, Any]:
    table = (len(trie) if size is None else size).to_bytes(4, "little") + trie + texts
    return {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(table).decode()}


def deep(depth: int) -> dict[str, Any]:
    part: dict[str, Any] = {"type": "NFC"}
    for _ in range(depth):
        part = sequence(part)
    return part


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"normalizer": replace("x" * 1000, {"String": ""})}, "normalizer replaces by"),
        ({"normalizer": replace("x" * 65)}, "normalizer replaces by"),
        ({"normalizer": sequence(*[replace("xx")] * 8)}, "times longer"),
        ({"normalizer": sequence(*[replace("x", {"String": ""})] * 11)}, "times longer"),
        (
            {"normalizer": sequence(precompiled(b"1234", b"x" * 40 + b"\0"), precompiled(b"1234", b"x" * 40))},
            "times longer",
        ),
        ({"normalizer": precompiled(b"1234", b"a\0" + b"x" * 10**6)}, "1,000,000 bytes for one character"),
        ({"normalizer": precompiled(b"1234", b"a\0", size=2**31)}, "trie does not fit"),
        ({"normalizer": precompiled(b"1234", bytes(4 * 1024 * 1024))}, "a table of more than"),
        ({"normalizer": {"type": "Precompiled", "precompiled_charsmap": "§"}}, "no base64"),
        ({"normalizer": replace("x", {"Regex": "a" * 5000})}, "5,000 characters"),
        ({"normalizer": deep(40)}, "nested more than 32 deep"),
        ({"normalizer": sequence(*[{"type": "NFC"}] * 5000)}, "lists 5,000 items"),
        ({"normalizer": {"type": "Prepend", "prepend": "x" * 10**6}}, "1,000,000 characters"),
        ({"pre_tokenizer": {"type": "FixedLength", "length": 10**15}}, "length is 1000000000000000"),
        (
            {"post_processor": {"type": "TemplateProcessing", "special_tokens": {"a": {"ids": [10**8]}}}},
            "ids is 100000000",
        ),
        ({"decoder": {"type": "Strip", "content": " ", "start": 0, "stop": 2**60}}, "stop is"),
        ({"decoder": replace("x" * 1000)}, "decoder replaces by"),
        ({"padding": {"strategy": {"Fixed": 10**9}}}, "Fixed is 1000000000"),
        ({"padding": {"strategy": "BatchLongest", "pad_to_multiple_of": 10**9}}, "pad_to_multiple_of is"),
        ({"truncation": {"max_length": 10**12, "stride": 0}}, "max_length is"),
        ({"added_tokens": [{"id": n, "content": f"t{n}"} for n in range(70_000)]}, "more than 65,536 added tokens"),
        ({"added_tokens": [{"id": 2**32 - 1, "content": "t"}]}, "the id 4294967295"),
        ({"added_tokens": [{"id": 5, "content": "x" * 300}]}, "more than 256 characters"),
        ({"added_tokens": [{"id": 5, "content": None}]}, "more than 256 characters"),
        ({"added_tokens": [{"id": n, "content": f"{n:0250}"} for n in range(5_000)]}, "1,250,000 characters"),
        ({"added_tokens": 7}, "no list"),
        ({"model": {"type": "WordLevel", "vocab": {"a": 2**31}}}, "the id 2147483648"),
        ({"model": {"type": "WordLevel", "vocab": {"a": -1}}}, "the id -1"),
        ({"model": {"type": "WordLevel", "vocab": {"x" * 5000: 1}}}, "4,096 characters"),
        ({"model": {"type": "WordLevel", "vocab": 7}}, "a vocabulary that is no object"),
        ({"model": {"type": "Unigram", "vocab": [["x" * 5000, 0.0]]}}, "4,096 characters"),
        (
            {"model": {"type": "WordPiece", "vocab": {}, "max_input_chars_per_word": 2**60}},
            "max_input_chars_per_word is",
        ),
        ({"model": {"type": "BPE", "vocab": {}, "end_of_word_suffix": "x" * 10**6}}, "1,000,000 characters"),
    ],
)
def test_a_rule_that_no_tokenizer_has_is_refused(folder: Path, change: dict[str, Any], told: str):
    merged("tokenizer.json", **change)(folder)
    line = refusal(folder)
    assert "tokenizer.json" in line
    assert told in line


@pytest.mark.parametrize(
    "change",
    [
        {"normalizer": sequence(*[replace('"', {"String": "``"})] * 30)},
        {"normalizer": sequence(precompiled(b"1234", b"x" * 33 + b"\0y\0"), replace(" ", {"Regex": " {2,}"}))},
        {"normalizer": sequence({"type": "Prepend", "prepend": "▁"}, replace("▁", {"String": " "}))},
        {"truncation": {"max_length": 131072, "stride": 0}},
        {"truncation": {"max_length": 2097152, "stride": 0}},
        {"added_tokens": [{"id": 5, "content": ""}]},
    ],
)
def test_rules_of_real_tokenizers_pass(folder: Path, change: dict[str, Any]):
    merged("tokenizer.json", **change)(folder)
    check_tokenizer(folder / "tokenizer.json")


def test_a_tokenizer_of_millions_of_empty_lists_is_refused_unparsed(folder: Path):
    (folder / "tokenizer.json").write_bytes(b'{"a": [' + b"[]," * 20_000_000 + b"1]}")
    tracemalloc.start()
    start = time.process_time()
    assert "tokenizer.json holds some" in refusal(folder)
    assert time.process_time() - start < 10
    assert tracemalloc.get_traced_memory()[1] < 200_000_000
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("file", "change", "told"),
    [
        ("tokenizer_config.json", {"tokenizer_file": "/etc/passwd"}, "tokenizer_file names '/etc/passwd'"),
        ("tokenizer_config.json", {"vocab_file": "../vocab.json"}, "vocab_file names"),
        ("tokenizer_config.json", {"fast_tokenizer_files": ["../x/tokenizer.4.0.json"]}, "fast_tokenizer_files names"),
        ("tokenizer_config.json", {"chat_template": "x" * 2**20 + "y"}, "chat_template has 1,048,577 characters"),
        ("tokenizer_config.json", {"init_inputs": ["/etc/passwd"]}, "init_inputs hands"),
        ("tokenizer_config.json", {"bos_token": "x" * 5000}, "bos_token has 5,000 characters"),
        ("tokenizer_config.json", {"added_tokens_decoder": {"9999999999": {"content": "a"}}}, "the id 9999999999"),
        ("tokenizer_config.json", {"added_tokens_decoder": {"one": {"content": "a"}}}, "no tokenizer has"),
        ("tokenizer_config.json", {"added_tokens_decoder": ["a"]}, "no object of objects"),
        ("special_tokens_map.json", {"vocab_file": "/etc/passwd"}, "vocab_file names"),
        ("special_tokens_map.json", {"special_tokens_map_file": "/etc/passwd"}, "special_tokens_map_file names"),
        ("added_tokens.json", {"<extra>": 2**40}, "the id 1099511627776"),
        ("config.json", {"_attn_implementation": "someone/attention"}, "names code on a model hub"),
        ("config.json", {"text_config": {"attn_implementation": "someone/attention"}}, "names code on a model hub"),
        ("processor_config.json", {"image_processor": {"vocab_file": "/etc/passwd"}}, "vocab_file names"),
        ("adapter_config.json", {"base_model_name_or_path": "/home/someone"}, "adapter of another model"),
    ],
)
def test_a_setting_that_leads_out_of_the_folder_is_refused(folder: Path, file: str, change: dict[str, Any], told: str):
    merged(file, **change)(folder)
    line = refusal(folder)
    assert file in line
    assert told in line


def test_what_trainings_leave_behind_in_the_settings_is_no_fault(folder: Path):
    left = {
        "special_tokens_map_file": "/root/.cache/special_tokens_map.json",
        "name_or_path": "/data/run",
        "vocab_file": None,
    }
    merged("tokenizer_config.json", **left)(folder)
    checked(folder)
    assert load_processor(folder).factor == 28


def test_code_that_a_folder_brings_along_is_not_run(folder: Path, tmp_path: Path):
    code = f"from pathlib import Path\nPath({str(tmp_path / 'ran')!r}).touch()\n"
    written("evil.py", code.encode())(folder)
    for file, kind in (("config.json", "AutoModelForCausalLM"), ("tokenizer_config.json", "AutoTokenizer")):
        merged(file, auto_map={"AutoConfig": "evil.Config", kind: ["evil.Evil", None]})(folder)
    with pytest.raises(UserError):
        TextLM.load(str(folder), tmp_path, device="cpu")
    assert not (tmp_path / "ran").exists()


def test_a_template_is_bounded_as_a_file_too(folder: Path):
    (folder / "chat_template.jinja").write_text("x" * (2**20 + 1))
    assert "chat_template.jinja has 1,048,577 bytes" in refusal(folder)
