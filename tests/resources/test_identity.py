"""What a worker is called, where its messages lie, and what its end means."""

from dataclasses import replace

import pytest

from resources.launchers.base import Job, Needs
from resources.launchers.identity import FOLDER_CHARACTERS, key_of, message_prefix, worker_name
from resources.launchers.status import ended_with, is_reachable, out_of_time, removed

JOB = Job("live_cc[a]", "m.worker", "livecc_base", "a", "k", "/store")


@pytest.mark.parametrize("change", [{"root": "/other"}, {"asset": "livecc-base"}, {"partition": "b"}, {"key": "k2"}])
def test_a_worker_for_other_work_has_another_name(change: dict[str, str]) -> None:
    assert worker_name(replace(JOB, **change)) != worker_name(JOB)


@pytest.mark.parametrize("change", [{"name": "shown"}, {"module": "n"}, {"needs": Needs(gpus=8)}])
def test_what_is_not_the_work_changes_no_name(change: dict) -> None:
    assert worker_name(replace(JOB, **change)) == worker_name(JOB)


@pytest.mark.parametrize("asset", ["a" * 200, "Ünï/cödé", "a_b", "x" * 35 + "_y"])
def test_a_name_is_a_label_of_dns(asset: str) -> None:
    name = worker_name(replace(JOB, asset=asset))
    assert len(name) <= 63 and name.isascii() and name == name.lower()
    assert name.replace("-", "").isalnum() and "--" not in name


def test_a_key_does_not_depend_on_the_order_of_what_it_covers() -> None:
    assert key_of("m", {"a": 1, "b": 2}) == key_of("m", {"b": 2, "a": 1})
    assert len({key_of("m", {"a": 1}), key_of("m", {"a": 2}), key_of("n", {"a": 1})}) == 3


def test_messages_lie_in_one_folder_a_part_whatever_the_parts_hold() -> None:
    job = replace(JOB, asset="a/b", partition="", key=".hidden")
    assert message_prefix(job, "t1") == "_messages/a%2Fb/-/%2Ehidden/t1"
    one, other = (message_prefix(replace(JOB, partition="p" * 200 + end), "t").split("/")[2] for end in "ab")
    assert one != other and len(one) == len(other) == FOLDER_CHARACTERS


def test_only_a_users_mistake_is_final_and_a_kill_is_named() -> None:
    assert ended_with(78).final and not ended_with(75).final and not ended_with(1).final
    assert ended_with(137).news.startswith("The worker ended with exit code 137 (killed): out of memory, most often; ")
    assert out_of_time(Needs(time_limit=60)).final and "60 s" in out_of_time(Needs(time_limit=60)).news
    gone = removed("The Job was deleted")
    assert gone.gone and gone.said_all and not gone.final and gone.news.endswith("by somebody else; run this again")


@pytest.mark.parametrize(
    ("root", "mounted", "reached"),
    [
        ("s3://b/p", [], True),
        ("/data/store", ["/data"], True),
        ("/data", ["/data"], True),
        ("/database", ["/data"], False),
        ("/data", [], False),
    ],
)
def test_a_store_is_reached_on_s3_or_in_a_mounted_folder(root: str, mounted: list[str], reached: bool) -> None:
    assert is_reachable(root, mounted) is reached
