"""Errors of sensors and schedules tell no secret, and every sensor and schedule is guarded."""

import ast

import pytest

from jobs.guard import without_secrets
from livecc_assets.core.errors import PassingError
from tests.house.places import REPOSITORY

SECRET = "planted-value-77"


@pytest.fixture(autouse=True)
def planted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", SECRET)


def _fails(error: Exception, cause: Exception | None = None) -> Exception:
    """What the guard makes of an error."""

    @without_secrets
    def tick(number: int) -> int:
        raise error from cause

    with pytest.raises(type(error) if isinstance(error, PassingError) else Exception) as caught:
        tick(1)
    return caught.value


def test_what_a_person_can_mend_stays_one_line_of_its_kind() -> None:
    found = _fails(PassingError(f"nothing answers at http://me:{SECRET}@s3; check the network"), OSError(SECRET))
    assert type(found) is PassingError
    assert str(found) == "nothing answers at http://[secret]@s3; check the network"
    assert (found.__cause__, found.__context__) == (None, None)


def test_of_other_errors_the_traceback_is_kept_without_the_secret() -> None:
    found = _fails(ValueError("broken"), OSError(f"said {SECRET}"))
    assert "ValueError: broken" in str(found)
    assert "said [secret]" in str(found)
    assert SECRET not in str(found)
    assert (found.__cause__, found.__context__) == (None, None)


def test_an_error_without_a_secret_is_left_as_it_is() -> None:
    error, cause = ValueError("broken"), OSError("no such file")
    found = _fails(error, cause)
    assert found is error
    assert found.__cause__ is cause


def test_a_generator_is_refused_because_it_runs_after_the_guard() -> None:
    def tick():
        yield 1

    with pytest.raises(TypeError, match="tick is a generator; return a list"):
        without_secrets(tick)


def test_every_sensor_and_schedule_is_guarded() -> None:
    found: dict[str, bool] = {}
    for path in sorted((REPOSITORY / "jobs").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and any("sensor(" in one or "schedule(" in one for one in _over(node)):
                found[f"{path.name}: {node.name}"] = _over(node)[-1] == "without_secrets"
    assert len(found) == 8
    assert [name for name, guarded in found.items() if not guarded] == [], "put @without_secrets directly over these"


def _over(node: ast.FunctionDef) -> list[str]:
    return [ast.unparse(one) for one in node.decorator_list]
