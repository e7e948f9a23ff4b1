"""No call goes beyond the budget of a run or of a day."""

from pathlib import Path

import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.models import chat_budget
from livecc_assets.models.chat_budget import Budget, BudgetError, Spent
from livecc_assets.store.blobs import LocalBlobs

PRICE = {"input": 2.5, "output": 10.0}


def spend(budget: Budget, times: int = 1, tokens: int = 1000) -> None:
    for _ in range(times):
        budget.settle(budget.reserve("word " * 10), tokens, 100)


def test_without_limits_everything_is_counted_and_nothing_refused() -> None:
    budget = Budget({}, PRICE)
    spend(budget, 100)
    assert budget.spent == Spent(100, 100_000, 10_000, pytest.approx(0.25 + 0.1))  # type: ignore[arg-type]


@pytest.mark.parametrize(("limits", "most"), [({"calls": 7}, 7), ({"tokens": 5000}, 5), ({"cost": 0.01045}, 4)])
def test_the_call_that_is_one_too_many_is_not_made(limits: dict[str, float], most: int) -> None:
    budget = Budget(limits, {"input": 2.5, "output": 1.0})
    with pytest.raises(BudgetError, match=rf"the budget of .* in this run \(budget\.{next(iter(limits))}\) is spent"):
        spend(budget, 50)
    assert budget.spent.calls == most


def test_what_is_under_way_counts() -> None:
    budget = Budget({"calls": 2})
    first, _ = budget.reserve("a"), budget.reserve("b")
    with pytest.raises(BudgetError):
        budget.reserve("c")
    budget.settle(first, 0, 0)
    with pytest.raises(BudgetError):
        budget.reserve("c")


def test_a_day_counts_all_runs_and_the_next_day_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blobs = LocalBlobs(tmp_path)
    spend(Budget({"calls_per_day": 10}, None, blobs), 6)
    other = Budget({"calls_per_day": 10}, None, blobs)
    with pytest.raises(BudgetError, match=r"10 calls today .*tomorrow"):
        spend(other, 50)
    assert other.spent.calls == 4
    monkeypatch.setattr(chat_budget, "_today", lambda: "2099-01-01")
    spend(Budget({"calls_per_day": 10}, None, blobs), 10)


def test_money_needs_a_price() -> None:
    with pytest.raises(UserError, match=r"name price\.input and price\.output"):
        Budget({"cost_per_day": 5})
