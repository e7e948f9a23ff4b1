"""Which eviction policy settings name, old and new."""

from typing import Any

import pytest

from livecc_assets.commentary.config import CommentaryConfig
from livecc_assets.core.errors import UserError
from livecc_assets.graph.settings.benchmark import Commentary, ExperimentCommentary


@pytest.mark.parametrize(
    ("given", "policy", "seconds"),
    [
        ({}, "window", 240),
        ({"eviction_sec": 120}, "paper", 120),
        ({"eviction_sec": None}, "none", None),
        ({"eviction_sec": 0}, "none", 0),
        ({"eviction": "window", "eviction_sec": 120}, "window", 120),
        ({"eviction": "paper"}, "paper", 240),
        ({"eviction": "none", "eviction_sec": 0}, "none", 0),
    ],
)
def test_a_period_without_a_policy_means_what_it_meant(given: dict[str, Any], policy: str, seconds: Any) -> None:
    for config in (
        CommentaryConfig.of(given),
        CommentaryConfig.from_profile({"commentary": given}),
        CommentaryConfig.from_profile({}, **given),
        CommentaryConfig().but(**given),
        CommentaryConfig.from_profile({"commentary": Commentary().as_config()} | given),
        CommentaryConfig.from_profile(Commentary().as_config() | ExperimentCommentary.of(given).as_config()),
    ):
        assert (config.policy, config.eviction_sec) == (policy, seconds)


def test_a_policy_overrides_a_period_beside_it() -> None:
    profile = {"commentary": {"eviction_sec": 120}}
    assert CommentaryConfig.from_profile(profile, eviction="window").policy == "window"
    assert CommentaryConfig.from_profile(profile | {"eviction": "none"}).policy == "none"


@pytest.mark.parametrize("seconds", [None, 0])
def test_the_papers_policy_needs_a_period(seconds: Any) -> None:
    with pytest.raises(UserError, match=r"needs eviction_sec above 0.*eviction: none"):
        CommentaryConfig.from_profile({"commentary": {"eviction_sec": seconds}}, eviction="paper")


def test_the_published_code_has_no_policy() -> None:
    for policy in ("window", "paper", "none"):
        assert CommentaryConfig(rule="released", eviction=policy).policy == "none"
