"""``livecc judge``: any two files of commentary, in an empty home, asked once and written as published."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from livecc_assets.cli.main import main
from livecc_assets.evaluation.judgement_files import read_judged
from livecc_assets.evaluation.win_rate import count
from tests.mock_endpoint import MockEndpoint, longer_wins


@pytest.fixture
def endpoint() -> Iterator[MockEndpoint]:
    one = MockEndpoint()
    yield one
    one.close()


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Six events, and two commentaries of which the first is the longer one on the first four."""
    for name in ("LIVECC_HOME", "LIVECC_ROOT", "LIVECC_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    about = {"begin": 1, "end": 20, "video": "a.mp4", "class": "Golf", "event_title": "t"}
    said = [json.dumps([[1, 2, f"Red scores number {n}."]]) for n in range(6)]
    write("events.jsonl", [{"video_id": f"v{n}", "event_id": n, "event_asr": said[n]} | about for n in range(6)])
    write("Mine.jsonl", [row(n, "red scores now" if n < 4 else "red") for n in range(6)])
    write("GPT-4o.jsonl", [row(n, "a green field") for n in range(6)])
    return tmp_path


#: Three canaries of each kind; an identical pair is one question in both orders.
CANARIES = 3 * (1 + 2 + 2)


def row(number: int, text: str | None) -> dict:
    return {"video_id": f"v{number}", "event_id": number, "begin": 1, "end": 20, "pred": text}


def write(name: str, rows: list[dict]) -> None:
    Path(name).write_text("".join(json.dumps(one) + "\n" for one in rows))


def read(name: str) -> list[dict]:
    return [json.loads(line) for line in Path(name).read_text().splitlines()]


def run(*words: str, predictions: str = "Mine.jsonl") -> Result:
    files = ["--predictions", predictions, "--opponent", "GPT-4o.jsonl", "--events", "events.jsonl", "-o", "out.jsonl"]
    return CliRunner().invoke(main, ["--home", "home", "judge", *files, *words])


def asked(endpoint: MockEndpoint, *words: str, **more: str) -> Result:
    return run("--judge", "openai", "--base-url", endpoint.url, "--model", "m", *words, **more)


def test_verdicts_are_written_as_published_with_ours_beside(endpoint: MockEndpoint) -> None:
    result = asked(endpoint)
    assert result.exit_code == 0, result.output
    rows = read("out.jsonl")
    assert list(rows[0])[:3] == ["video_event_id", "ab_winner", "ba_winner"]
    assert [one["ab_winner"] for one in rows] == ["Mine"] * 4 + ["GPT-4o"] * 2
    assert set(rows[0].pop("canaries")) == {"identical", "human_words", "injected_order"}
    assert rows[0] | {"votes": None} == {
        "video_event_id": "v0_0", "ab_winner": "Mine", "ba_winner": "Mine", "judge": "openai:m", "model": "Mine",
        "opponent": "GPT-4o", "score_model": None, "score_opponent": None, "votes": None,
    }  # fmt: skip
    assert count(read_judged(Path("out.jsonl"), "Mine", "GPT-4o").rows).win_rate() == pytest.approx(100 * 8 / 12)
    assert "win_rate all" in result.stdout and "66.7" in result.stdout
    assert not Path("out.errors.jsonl").exists()


@pytest.mark.parametrize(("rule", "rate"), [("released", 0.0), ("corrected", 50.0)])
def test_a_tie_counts_by_the_rule_and_the_rate_says_which(endpoint: MockEndpoint, rule: str, rate: float) -> None:
    endpoint.reply = lambda _: "tie" if rule == "released" else json.dumps({"winner": "tie"})
    (win, *_) = json.loads(asked(endpoint, "--rule", rule, "--json").stdout)["scores"]
    assert (win["metric"], win["value"]) == ("win_rate", rate)
    assert win["note"].endswith("released rules") == (rule == "released")


def test_a_judge_that_fails_a_canary_is_told_once_and_marked_in_every_row(endpoint: MockEndpoint) -> None:
    told = asked(endpoint).stdout  # the longer text wins, and an injected order is long
    assert told.count("CANARIES FAILED") == 1 and "injected_order 0 of 3" in told
    document = json.loads(asked(endpoint, "--json").stdout)
    assert document["canaries"]["injected_order"] == [0, 3]
    assert all("CANARIES FAILED" in one["note"] for one in document["scores"])


def test_a_second_run_asks_nothing(endpoint: MockEndpoint) -> None:
    asked(endpoint)
    before = Path("out.jsonl").read_bytes()
    assert asked(endpoint, "--workers", "2").exit_code == 0
    assert endpoint.calls == 12 + CANARIES
    assert Path("out.jsonl").read_bytes() == before


def test_a_dry_run_says_the_price_and_asks_nothing(endpoint: MockEndpoint) -> None:
    result = asked(endpoint, "--dry-run", "--price", "2.5", "10")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("openai:m: 6 events, about 30 calls, ")
    assert "by the prices of the settings" in result.stdout
    assert endpoint.calls == 0 and not Path("out.jsonl").exists()
    asked(endpoint)
    assert "about 0 calls" in asked(endpoint, "--dry-run").stdout


def test_events_without_a_verdict_are_listed_beside_and_enter_no_rate(endpoint: MockEndpoint) -> None:
    endpoint.reply = lambda prompt: "I cannot compare these." if "red scores now" not in prompt else longer_wins(prompt)
    write("Mine.jsonl", [row(n, None if n == 0 else "red scores now" if n < 4 else "red") for n in range(6)])
    result = asked(endpoint, "--json")
    document = json.loads(result.stdout)
    assert (document["verdicts"], document["errors"], document["scores"][0]["value"]) == (3, 3, 100)
    errors = {one["video_event_id"]: one["reason"] for one in read("out.errors.jsonl")}
    assert errors == {"v0_0": "no_commentary", "v4_4": "no_verdict", "v5_5": "no_verdict"}
    assert "out.errors.jsonl" in result.stderr


def test_a_judge_that_refuses_everything_gives_no_rate_in_words(endpoint: MockEndpoint) -> None:
    endpoint.reply = lambda prompt: "I'm sorry, but I can't help with that."
    result = asked(endpoint)
    assert result.exit_code == 0
    assert "no rate: the judge gave no verdict on any of 6 events" in result.stdout
    assert "50.0" not in result.stdout
    assert read("out.jsonl") == []


def test_several_models_are_a_jury_whose_agreement_is_told(endpoint: MockEndpoint) -> None:
    result = asked(endpoint, "--model", "n", "--model", "o", "--json")
    assert endpoint.calls == 3 * (12 + CANARIES)
    document = json.loads(result.stdout)
    assert document["judge"] == "jury:m+n+o"
    assert {one["metric"]: one["value"] for one in document["scores"]}["judge_kappa"] == 1
    assert read("out.jsonl")[0]["votes"]["openai:n"] == ["Mine", "Mine"]


def test_a_budget_of_the_run_is_kept(endpoint: MockEndpoint) -> None:
    result = asked(endpoint, "--max-calls", "5", "--workers", "1")
    assert (result.exit_code, endpoint.calls) == (1, 5)
    assert "the budget of 5 calls in this run" in result.stderr and not Path("out.jsonl").exists()
    assert asked(endpoint).exit_code == 0
    assert endpoint.calls == 12 + CANARIES


def test_a_judge_without_an_endpoint_scores_by_the_truth_of_the_events() -> None:
    truth = json.dumps([{"time": 3.0, "end": 5.0, "actor": "red", "verb": "scores", "place": "left"}])
    write("events.jsonl", [one | {"truth": truth} for one in read("events.jsonl")])
    result = run("--judge", "event-f1")
    assert result.exit_code == 0, result.output
    assert [one["ab_winner"] for one in read("out.jsonl")] == ["Mine"] * 4 + ["tie"] * 2


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--judge", "openai"], "the judge's model is not named; add --model"),
        (["--judge", "openai", "--model", "m"], "m needs an API key: set OPENAI_API_KEY"),
        (["--judge", "event-f1", "--base-url", "http://x/v1"], "asks no endpoint"),
        (["--judge", "openai", "--model", "m", "--base-url", "http://x", "--max-cost", "5"], "name price.input"),
        (["--name", "GPT-4o"], "would not tell who won; choose --name"),
    ],
)
def test_a_mistake_is_told_in_one_line(words: list[str], told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    result = run(*words)
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert told in line


def test_files_that_do_not_fit_are_told_in_one_line(endpoint: MockEndpoint) -> None:
    write("GPT-4o.jsonl", [row(n, "x") for n in range(5)])
    assert "no commentary for 1 of 6 events (v5_5)" in asked(endpoint).stderr
    write("GPT-4o.jsonl", [row(n % 5, "x") for n in range(6)])
    assert "record 6: v0_0 stands here twice" in asked(endpoint).stderr
    write("events.jsonl", [one | {"event_asr": "[]"} for one in read("events.jsonl")])
    assert "not one event can be used" in asked(endpoint).stderr
    assert endpoint.calls == 0


def test_a_scored_file_of_verdicts_tells_that_its_judge_failed_a_canary(endpoint: MockEndpoint) -> None:
    endpoint.reply = lambda prompt: json.dumps({"reason": "first", "winner": "A"})  # an identical pair is no tie to it
    assert asked(endpoint).exit_code == 0
    (told,) = {json.dumps(row["canaries"]) for row in read("out.jsonl")}
    assert any(right < total for right, total in json.loads(told).values())
    scored = CliRunner().invoke(main, ["score", "judgements", "out.jsonl", "--model", "Mine", "--opponent", "GPT-4o"])
    assert scored.exit_code == 0 and "CANARIES FAILED" in scored.output
    found = CliRunner().invoke(
        main, ["score", "judgements", "out.jsonl", "--model", "Mine", "--opponent", "GPT-4o", "--json"]
    )
    assert json.loads(found.stdout)["canaries_failed"].startswith("CANARIES FAILED: passed identical 0 of")
