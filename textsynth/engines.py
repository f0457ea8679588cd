"""Map a step over shards: local processes."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from textsynth.errors import RunError

Shard = TypeVar("Shard")
Result = TypeVar("Result")


def map_shards(
    function: Callable[[Shard], Result], shards: Iterable[Shard], *, workers: int = 1
) -> Iterator[tuple[Shard, Result]]:
    """Call `function` on each shard and yield (shard, result) as they finish, in any order.

    `function` must be importable by name and depend on its shard alone: whatever the number of
    workers, the results are the same. No more than two shards a worker are under way at once.

    Raises:
        RunError: a worker process was killed. What `function` raises is raised here.
    """
    shards = iter(shards)
    if workers <= 1:
        for shard in shards:
            yield shard, function(shard)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_ignore_interrupt) as pool:
        waiting: dict[Future[Any], Shard] = {}
        try:
            for shard in shards:
                waiting[pool.submit(function, shard)] = shard
                while len(waiting) >= 2 * workers:
                    yield from _finished(waiting)
            while waiting:
                yield from _finished(waiting)
        except BrokenProcessPool as error:
            raise RunError(
                "a worker process was killed, perhaps for want of memory",
                fix="use fewer workers and run the same command again to go on",
            ) from error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _finished(waiting: dict[Future[Any], Shard]) -> Iterator[tuple[Shard, Any]]:
    done, _ = wait(waiting, return_when=FIRST_COMPLETED)
    for future in done:
        shard = waiting.pop(future)
        yield shard, future.result()


def _ignore_interrupt() -> None:
    # Ctrl+C is the parent's to answer: it stops handing out shards and keeps what is written.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
