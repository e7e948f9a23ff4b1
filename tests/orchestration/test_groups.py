"""Owners and freshness of the groups of assets, as Dagster is told them."""

from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.graph.settings import Settings, load_settings
from livecc_assets.graph.settings.groups import Groups
from livecc_assets.orchestration.declare import declare
from livecc_assets.orchestration.steps import BY_ASSET, STEPS


def spec(asset: str, settings: Settings | None = None) -> dg.AssetSpec:
    return next(iter(declare(BY_ASSET[asset], BY_ASSET, settings).specs))


@pytest.fixture
def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A profile of one's own."""
    shipped = load_settings().profile_path
    file = tmp_path / "own.yaml"
    file.write_text(shipped.read_text("utf-8"), "utf-8")
    monkeypatch.setenv("LIVECC_PROFILE", str(file))
    return file


def test_every_group_of_the_graph_has_owners_and_no_other_has_a_setting() -> None:
    assert {step.group for step in STEPS} == set(Groups.model_fields)
    assert all(spec(step.asset).owners for step in STEPS)
    assert Groups().named("toys") is None


def test_what_the_clock_curates_is_overdue_after_five_weeks_and_what_people_make_never() -> None:
    policy = spec("yt_cc_source").freshness_policy
    assert policy == dg.FreshnessPolicy.time_window(timedelta(days=35), timedelta(days=70) / 3)
    curated = {step.asset for step in STEPS if spec(step.asset).freshness_policy}
    assert curated == {step.asset for step in STEPS if step.group in ("source", "live_cc", "live_whisperx")}


def test_a_profile_names_other_owners_and_days_and_makes_nothing_stale(profile: Path) -> None:
    before = spec("yt_cc_source"), spec("leaderboard")
    with profile.open("a", encoding="utf-8") as file:
        file.write("\ngroups: {source: {owners: [a@b.example, 'team:video']}, scores: {fresh_days: 3}, live_cc: }\n")
    source, leaderboard = spec("yt_cc_source"), spec("leaderboard")
    assert source.owners == ["a@b.example", "team:video"] and source.freshness_policy
    assert leaderboard.freshness_policy == dg.FreshnessPolicy.time_window(timedelta(days=3), timedelta(days=2))
    assert [one.code_version for one in before] == [source.code_version, leaderboard.code_version]
    assert source.code_version and spec("live_cc").owners == ["team:data"]


@pytest.mark.parametrize(
    "owner", ["a@b.co", "_a.b+c@team.example", "team:a", "x@y.z", ".a@b.co", "a@b", "team:", "a b@c.de"]
)
def test_an_owner_that_is_taken_is_one_that_dagster_takes(owner: str, profile: Path) -> None:
    with profile.open("a", encoding="utf-8") as file:
        file.write(f"\ngroups: {{source: {{owners: ['{owner}']}}}}\n")
    try:
        assert spec("yt_cc_source").owners == [owner]
    except UserError:
        with pytest.raises(dg.DagsterInvalidDefinitionError):
            dg.AssetSpec("toy", owners=[owner])


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("source: {owners: [nobody]}", "team:NAME"),
        ("source: {owners: ['team:']}", "team:NAME"),
        ("source: {owners: ['x@y.z']}", "team:NAME"),
        ("source: {owners: ['o(neil@firma.example']}", "team:NAME"),
        ("source: {fresh_days: 0}", "1"),
        ("scorse: {}", "did you mean `scores`"),
    ],
)
def test_a_mistake_in_them_is_one_line(profile: Path, said: str, told: str) -> None:
    with profile.open("a", encoding="utf-8") as file:
        file.write(f"\ngroups: {{{said}}}\n")
    with pytest.raises(UserError) as error:
        _ = load_settings().profile.groups
    assert told in str(error.value) and "own.yaml" in str(error.value) and "\n" not in str(error.value)
