"""Map a step over shards: local processes."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from textsynth.errors import RunError

Shard = TypeVar("Shard")
Result = TypeVar("Result")
# Each worker is a process, so that more threads in it would fight for the same cores.
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def map_shards(
    function: Callable[[Shard], Result], shards: Iterable[Shard], *, workers: int = 1
) -> Iterator[tuple[Shard, Result]]:
    """Call `function` on each shard and yield (shard, result) as they finish, in any order.

    `function` must be importable by name and depend on its shard alone: whatever the number of
    workers, the results are the same. No more than two shards a worker are under way at once.

    Raises:
        RunError: a worker process was killed. What `function` raises is raised here.
    """
    if workers <= 1:
        for shard in shards:
            yield shard, function(shard)
        return
    with _pool(workers, _start_worker) as pool:
        waiting: dict[Future[Any], Shard] = {}
        for shard in shards:
            waiting[pool.submit(function, shard)] = shard
            while len(waiting) >= 2 * workers:
                yield from _finished(waiting)
        while waiting:
            yield from _finished(waiting)


def map_in_order(
    prepare: Callable[[], Callable[[Shard], Result]], shards: Iterable[Shard], *, workers: int = 1
) -> Iterator[Result]:
    """Call what `prepare` gives on each shard and yield the results in the order of the shards.

    `prepare` is pickled and called once in each worker, where it may load what is dear; with one
    worker that is this process. Results wait for those before them, no more than two a worker.

    Raises:
        RunError: a worker process was killed. What the functions raise is raised here.
    """
    if workers <= 1:
        function = None
        for shard in shards:
            function = function or prepare()
            yield function(shard)
        return
    with _pool(workers, _begin, prepare) as pool:
        waiting: list[Future[Result]] = []
        for shard in shards:
            if len(waiting) >= 2 * workers:
                yield waiting.pop(0).result()
            waiting.append(pool.submit(_call, shard))
        while waiting:
            yield waiting.pop(0).result()


@contextlib.contextmanager
def _pool(
    workers: int, initializer: Callable[..., None], *arguments: Any
) -> Iterator[ProcessPoolExecutor]:
    context = multiprocessing.get_context("spawn")
    with (
        _one_thread_each(),
        ProcessPoolExecutor(
            workers, mp_context=context, initializer=initializer, initargs=arguments
        ) as pool,
    ):
        try:
            yield pool
        except BrokenProcessPool as error:
            raise RunError(
                "a worker process was killed, perhaps for want of memory",
                fix="use fewer workers and run the same command again to go on",
            ) from error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


@contextlib.contextmanager
def _one_thread_each() -> Iterator[None]:
    """The libraries read these when they are loaded, which is before a worker's first call."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _finished(waiting: dict[Future[Any], Shard]) -> Iterator[tuple[Shard, Any]]:
    done, _ = wait(waiting, return_when=FIRST_COMPLETED)
    for future in done:
        shard = waiting.pop(future)
        yield shard, future.result()


def end_with_parent() -> None:
    """Let a worker process end when its parent is killed; it would wait for ever for more to do."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def wait_and_end() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait_and_end, daemon=True).start()


def _start_worker() -> None:
    # Ctrl+C is the parent's to answer: it stops handing out shards and keeps what is written.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()


class _Worker:
    """What a worker process keeps between shards."""

    prepare: Callable[[], Callable[[Any], Any]]
    function: Callable[[Any], Any] | None = None


def _begin(prepare: Callable[[], Callable[[Any], Any]]) -> None:
    _start_worker()
    _Worker.prepare = staticmethod(prepare)


def _call(shard: Any) -> Any:
    # Not in `_begin`: an error there would say no more than that a worker is gone.
    if _Worker.function is None:
        _Worker.function = staticmethod(_Worker.prepare())
    return _Worker.function(shard)
