"""The reference page of all settings is that of the models, and every key says what it means."""

import importlib.util
from typing import get_args

import pytest
from pydantic import BaseModel

from livecc_assets.graph.settings.choices import STAGES, WORKER_ASSETS, Kind
from livecc_assets.graph.settings.mistakes import section_members
from livecc_assets.graph.settings.models import MODELS
from livecc_assets.orchestration.steps import STEPS
from tests.house.places import REPOSITORY


def test_the_page_is_current() -> None:
    script = REPOSITORY / "scripts" / "write_settings_reference.py"
    spec = importlib.util.spec_from_file_location("reference", script)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (REPOSITORY / "docs" / "settings.md").read_text("utf-8") == module.page(), f"run python {script}"


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_key_is_described(kind: Kind) -> None:
    waiting: list[type[BaseModel]] = section_members(MODELS[kind])
    assert waiting
    while waiting:
        section = waiting.pop()
        assert section.model_config.get("extra") == "forbid" or kind == "launcher"
        for name, field in section.model_fields.items():
            assert field.description and field.description.endswith("."), f"{section.__name__}.{name}"
            waiting += section_members(field.annotation)


def test_what_a_launcher_may_name_are_the_stages_and_assets_that_have_a_worker() -> None:
    assert set(WORKER_ASSETS) == {step.asset for step in STEPS if step.worker}
    assert set(STAGES) == {step.worker.split(".")[1] for step in STEPS if step.worker}
