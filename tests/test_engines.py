"""Engines: the same results from one worker and from two."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from textsynth.engines import map_shards
from textsynth.errors import RunError


def square(shard: int) -> int:
    return shard * shard


def fail_at_two(shard: int) -> int:
    if shard == 2:
        raise ValueError("shard two is bad")
    return shard


def die(shard: int) -> int:
    os._exit(1)


def test_one_worker_and_two_give_the_same() -> None:
    one = dict(map_shards(square, range(7)))
    two = dict(map_shards(square, range(7), workers=2))
    assert one == two == {n: n * n for n in range(7)}


@pytest.mark.parametrize("workers", [1, 2])
def test_no_shards_no_results(workers: int) -> None:
    assert list(map_shards(square, [], workers=workers)) == []


@pytest.mark.parametrize("workers", [1, 2])
def test_an_exception_propagates_after_what_came_before(workers: int) -> None:
    results = []
    with pytest.raises(ValueError, match="shard two is bad"):
        for shard, _ in map_shards(fail_at_two, [0, 1, 2, 3], workers=workers):
            results.append(shard)
    assert 2 not in results


@pytest.mark.parametrize("workers", [1, 2])
def test_shards_are_handed_out_as_they_are_needed(workers: int) -> None:
    taken = []

    def shards() -> Iterator[int]:
        for n in range(100):
            taken.append(n)
            yield n

    results = map_shards(square, shards(), workers=workers)
    next(results)
    assert len(taken) <= 2 * workers + 1
    results.close()
    assert len(taken) <= 2 * workers + 1


ENGINE = """
import operator, os
from textsynth.engines import map_shards
for _ in map_shards(operator.neg, range(99), workers=2):
    os.kill(os.getpid(), 9)
"""
# The first part that a forked process judges kills the parent.
FORKED = """
import os
from textsynth.corpus import Utterance, empty, to_table
from textsynth.filters import Context, near
parent = os.getpid()
os.cpu_count, near.PARALLEL, near._judged = lambda: 2, 1, lambda *_: os.kill(parent, 9)
rows = to_table([Utterance(str(n), "hello", str(n)) for n in range(4)])
near.near(rows, Context(empty(), empty(), None, None, 1))
"""


@pytest.mark.parametrize("script", [ENGINE, FORKED])
def test_workers_end_when_their_parent_is_killed(script: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, start_new_session=True
    ) as parent:
        try:
            parent.communicate(timeout=60)  # until nobody is left who could write
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(parent.pid, signal.SIGKILL)
    assert parent.returncode == -signal.SIGKILL


def test_a_worker_that_is_killed_is_one_message() -> None:
    with pytest.raises(RunError, match="a worker process was killed") as caught:
        list(map_shards(die, [1], workers=2))
    assert "fewer workers" in (caught.value.fix or "")
